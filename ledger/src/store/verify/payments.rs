//! What banks paid: settlements, and what went by suspense.

use diesel::sql_types::BigInt;

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

statement! {
    both CountPayments {} -> BigInt;
    "SELECT COUNT(*) FROM settlement_payments"
}

impl Connection {
    /// How many settlements are paid.
    pub(crate) fn count_payments(&mut self) -> Result<i64, StoreError> {
        self.first(CountPayments {}).map(Option::unwrap_or_default)
    }
}

rules! {
    /// The rules of payments and, for each, the first row that breaks it.
    broken_payments;
    PaymentAmount: "settlement_payments {}: its amount is not its settlement's and its postings'",
        "SELECT p.settlement_id FROM settlement_payments p
         LEFT JOIN settlements s ON s.id = p.settlement_id
         LEFT JOIN (
            SELECT settlement_id, CAST(SUM(net) AS BIGINT) AS net FROM settlement_postings
            GROUP BY settlement_id
         ) x ON x.settlement_id = p.settlement_id
         WHERE s.id IS NULL OR p.amount <> s.gross - s.reversed OR p.amount <> COALESCE(x.net, 0)
         ORDER BY p.settlement_id LIMIT 1";
    PaymentParts: "settlement_payments {}: an issuer's part is not posted as it is",
        "SELECT p.settlement_id FROM settlement_payments p
         JOIN settlement_issuers i ON i.settlement_id = p.settlement_id
         LEFT JOIN settlement_postings x
            ON x.settlement_id = i.settlement_id AND x.issuer = i.issuer
         WHERE i.net <> COALESCE(x.net, 0) ORDER BY p.settlement_id LIMIT 1";
    PostingTransfer: "settlement_postings of {}: a transfer is missing or says something else",
        "SELECT x.settlement_id FROM settlement_postings x
         JOIN settlements s ON s.id = x.settlement_id
         LEFT JOIN banks b ON b.id = x.issuer
         LEFT JOIN transfers t ON t.id = x.transfer_id AND t.anchor_id = x.anchor_id
         WHERE t.id IS NULL OR b.id IS NULL OR t.subject IS NULL
            OR t.subject <> x.settlement_id OR t.amount <> abs(x.net)
            OR t.kind <> CASE WHEN x.net > 0 THEN 5 ELSE 8 END
            OR CASE WHEN x.net > 0 THEN t.debit_account ELSE t.credit_account END <> s.merchant_id
            OR CASE WHEN x.net > 0 THEN t.credit_account ELSE t.debit_account END
                <> b.holding_account
         ORDER BY x.settlement_id LIMIT 1";
    TransferReason: "transfers {}: no settlement and no decision is behind it",
        "SELECT t.id FROM transfers t
         LEFT JOIN settlement_postings x ON x.transfer_id = t.id AND x.anchor_id = t.anchor_id
         LEFT JOIN exception_events e ON e.transfer_id = t.id AND e.anchor_id = t.anchor_id
         WHERE t.kind IN (5, 8) AND x.transfer_id IS NULL AND e.transfer_id IS NULL
         ORDER BY t.id LIMIT 1";
}
