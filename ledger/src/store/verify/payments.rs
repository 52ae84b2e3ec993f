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
    PaymentAmount: "settlement_payments {}: its amount is not its settlement's, or its postings' not its net",
        "SELECT p.settlement_id FROM settlement_payments p
         LEFT JOIN settlements s ON s.id = p.settlement_id
         LEFT JOIN (
            SELECT settlement_id, CAST(SUM(net) AS BIGINT) AS net FROM settlement_postings
            GROUP BY settlement_id
         ) x ON x.settlement_id = p.settlement_id
         WHERE s.id IS NULL OR s.gross - s.reversed <> COALESCE(x.net, 0)
            OR p.amount <> CASE WHEN s.gross - s.reversed > s.carried
                THEN s.gross - s.reversed - s.carried ELSE 0 END
         ORDER BY p.settlement_id LIMIT 1";
    Carried: "settlements {}: what is carried into it is not what the one before left",
        "SELECT id FROM (
            SELECT id, carried, LAG(carried - (gross - reversed)) OVER (
                PARTITION BY merchant_id, bank_id ORDER BY business_date) AS rest
            FROM settlements
         ) x WHERE carried <> CASE WHEN rest > 0 THEN rest ELSE 0 END ORDER BY id LIMIT 1";
    SetOffTogether: "settlements {}: it is not paid together with those that it sets off",
        "SELECT id FROM (
            SELECT s.id, s.carried, p.reconciliation_id AS paid, LAG(p.reconciliation_id) OVER (
                PARTITION BY s.merchant_id, s.bank_id ORDER BY s.business_date) AS paid_before
            FROM settlements s LEFT JOIN settlement_payments p ON p.settlement_id = s.id
         ) x WHERE carried > 0 AND COALESCE(paid, 0) <> COALESCE(paid_before, 0)
         ORDER BY id LIMIT 1";
    SetOffToTheEnd: "settlement_payments {}: its merchant still owes, and nothing sets it off",
        "SELECT id FROM (
            SELECT s.id, p.reconciliation_id AS paid, s.carried - (s.gross - s.reversed) AS rest,
                LEAD(s.id) OVER (PARTITION BY s.merchant_id, s.bank_id ORDER BY s.business_date)
                    AS next
            FROM settlements s LEFT JOIN settlement_payments p ON p.settlement_id = s.id
         ) x WHERE paid IS NOT NULL AND rest > 0 AND next IS NULL ORDER BY id LIMIT 1";
    PaymentParts: "settlement_payments {}: an issuer's part is not posted as it is",
        "SELECT p.settlement_id FROM settlement_payments p
         JOIN settlement_issuers i ON i.settlement_id = p.settlement_id
         LEFT JOIN settlement_postings x
            ON x.settlement_id = i.settlement_id AND x.issuer = i.issuer
         WHERE i.net <> COALESCE(x.net, 0) ORDER BY p.settlement_id LIMIT 1";
    PostingTransfer: "settlement_postings of {}: a transfer is missing or says something else",
        "SELECT x.settlement_id FROM settlement_postings x
         JOIN settlements s ON s.id = x.settlement_id
         LEFT JOIN settlement_payments p ON p.settlement_id = x.settlement_id
         LEFT JOIN banks b ON b.id = x.issuer
         LEFT JOIN transfers t ON t.id = x.transfer_id AND t.anchor_id = x.anchor_id
         WHERE t.id IS NULL OR b.id IS NULL OR t.subject IS NULL
            OR t.subject <> x.settlement_id OR t.amount <> abs(x.net)
            OR t.created_at <> COALESCE(p.created_at, -1)
            OR t.kind <> CASE WHEN x.net > 0 THEN 5 ELSE 8 END
            OR CASE WHEN x.net > 0 THEN t.debit_account ELSE t.credit_account END <> s.merchant_id
            OR CASE WHEN x.net > 0 THEN t.credit_account ELSE t.debit_account END
                <> b.holding_account
         ORDER BY x.settlement_id LIMIT 1";
    FeeTransfer: "fee_postings by transfer {}: the transfer is missing or says something else",
        "SELECT f.transfer_id FROM fee_postings f
         LEFT JOIN banks b ON b.id = f.bank_id
         LEFT JOIN reconciliations r ON r.id = f.reconciliation_id AND r.bank_id = f.bank_id
         LEFT JOIN transfers t ON t.id = f.transfer_id AND t.anchor_id = f.anchor_id
         WHERE t.id IS NULL OR b.id IS NULL OR r.id IS NULL OR t.subject IS NULL
            OR t.subject <> f.reconciliation_id OR t.amount <> f.amount OR t.kind <> 8
            OR t.debit_account <> b.fees_account OR t.credit_account <> b.holding_account
         ORDER BY f.transfer_id LIMIT 1";
    FeeOnce: "fee_postings by transfer {}: two rows have it",
        "SELECT transfer_id FROM fee_postings GROUP BY transfer_id HAVING COUNT(*) > 1
         ORDER BY transfer_id LIMIT 1";
    PostingOfNothing: "settlement_postings of {}: there is no such settlement",
        "SELECT x.settlement_id FROM settlement_postings x
         LEFT JOIN settlements s ON s.id = x.settlement_id
         WHERE s.id IS NULL ORDER BY x.settlement_id LIMIT 1";
    // Payments follow their recording piece by piece, before anything else is done to the day.
    PaymentBy: "settlement_payments {}: no recording and no decision paid it then",
        "SELECT p.settlement_id FROM settlement_payments p
         JOIN settlements s ON s.id = p.settlement_id
         LEFT JOIN reconciliations r ON r.id = p.reconciliation_id AND r.bank_id = s.bank_id
            AND r.merchant_id = 0
         WHERE r.id IS NULL OR (NOT EXISTS (SELECT 1 FROM reconciliation_events v
                WHERE v.reconciliation_id = p.reconciliation_id AND v.kind = 1
                    AND v.client_id = p.client_id AND v.created_at <= p.created_at
                    AND NOT EXISTS (SELECT 1 FROM reconciliation_events x
                        WHERE x.reconciliation_id = v.reconciliation_id
                            AND x.revision > v.revision AND x.created_at < p.created_at))
            AND NOT EXISTS (SELECT 1 FROM exception_events v JOIN exceptions e
                    ON e.id = v.exception_id
                WHERE e.bank_id = s.bank_id AND v.event = 'resolved'
                    AND v.client_id = p.client_id AND v.created_at = p.created_at))
         ORDER BY p.settlement_id LIMIT 1";
    FeeBy: "fee_postings by transfer {}: no recording and no decision posted it then",
        "SELECT f.transfer_id FROM fee_postings f
         JOIN transfers t ON t.id = f.transfer_id AND t.anchor_id = f.anchor_id
         WHERE NOT EXISTS (SELECT 1 FROM reconciliation_events v
                WHERE v.reconciliation_id = f.reconciliation_id AND v.kind = 1
                    AND v.created_at <= t.created_at
                    AND NOT EXISTS (SELECT 1 FROM reconciliation_events x
                        WHERE x.reconciliation_id = v.reconciliation_id
                            AND x.revision > v.revision AND x.created_at < t.created_at))
            AND NOT EXISTS (SELECT 1 FROM exception_events v JOIN exceptions e
                    ON e.id = v.exception_id
                WHERE e.bank_id = f.bank_id AND v.event = 'resolved'
                    AND v.created_at = t.created_at)
         ORDER BY f.transfer_id LIMIT 1";
}

rules! {
    /// The rules of transfers' reasons and, for each, the first transfer that breaks it. Fundings, credits,
    /// redemptions, reversals, and what went back of fundings and credits are held against their tables one by
    /// one; every other kind stands here, also one that nothing makes.
    broken_reasons;
    TransferReason: "transfers {}: no settlement, no fee and no decision is behind it",
        "SELECT t.id FROM transfers t
         LEFT JOIN settlement_postings x ON x.transfer_id = t.id AND x.anchor_id = t.anchor_id
         LEFT JOIN exception_events e ON e.transfer_id = t.id AND e.anchor_id = t.anchor_id
         LEFT JOIN fee_postings f ON f.transfer_id = t.id AND f.anchor_id = t.anchor_id
         WHERE t.kind NOT IN (1, 2, 3, 4, 7, 9) AND NOT (t.kind IN (5, 8) AND (x.transfer_id IS NOT NULL
            OR e.transfer_id IS NOT NULL OR f.transfer_id IS NOT NULL))
         ORDER BY t.id LIMIT 1";
    ReasonTwice: "transfers {}: more than one settlement, fee or decision names it",
        "SELECT transfer_id FROM (
            SELECT transfer_id FROM settlement_postings
            UNION ALL SELECT transfer_id FROM fee_postings
            UNION ALL SELECT transfer_id FROM exception_events WHERE transfer_id IS NOT NULL
         ) x GROUP BY transfer_id HAVING COUNT(*) > 1 ORDER BY transfer_id LIMIT 1";
}
