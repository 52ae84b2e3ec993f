//! Rows whose content is keyed, and the answers that were recorded.

use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

statement! {
    both NumbersAndCards {} -> (BigInt, BigInt, BigInt, BigInt, Text, Binary, Binary);
    "SELECT c.wallet_id, c.id, c.issued_at, CAST(c.expires AS BIGINT), c.first_six || c.last_four,
            n.number_hash, n.seal
     FROM card_numbers n JOIN cards c ON c.wallet_id = n.wallet_id AND c.id = n.card_id"
}

statement! {
    both Identities {} -> (BigInt, Binary, Binary);
    "SELECT id, nik_hash, identity FROM households ORDER BY id"
}

statement! {
    /// Recorded answers, each with the reversals of the shop in that moment.
    both AnswersAndReversals {} -> (
        (BigInt, BigInt, BigInt, Text, Binary),
        (Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>)
    );
    "SELECT i.scope, CAST(i.answer_status AS BIGINT), i.created_at, i.answer, i.key_hash,
            x.wallet_id, x.redemption_id, x.transfer_id, x.amount, x.business_date
     FROM idempotency_records i
     JOIN accounts a ON a.id = i.scope AND a.kind = 4
     LEFT JOIN (
        SELECT v.merchant_id, t.created_at, v.wallet_id, v.redemption_id, v.transfer_id, t.amount,
               CAST(v.business_date AS BIGINT) AS business_date
        FROM reversals v JOIN transfers t ON t.id = v.transfer_id AND t.anchor_id = v.wallet_id
     ) x ON x.merchant_id = i.scope AND x.created_at = i.created_at
     ORDER BY 1, 5"
}

rules! {
    /// The rules of recorded answers and, for each, the first row that breaks it.
    broken_answers;
    ReversalAnswer: "reversals of redemption {}: no answer was recorded with it",
        "SELECT v.redemption_id FROM reversals v
         JOIN transfers t ON t.id = v.transfer_id AND t.anchor_id = v.wallet_id
         LEFT JOIN idempotency_records i ON i.scope = v.merchant_id AND i.created_at = t.created_at
         WHERE i.scope IS NULL ORDER BY v.redemption_id LIMIT 1";
    ReturnAnswer: "funding_returns {}: no answer was recorded with it",
        "SELECT f.transfer_id FROM funding_returns f
         JOIN transfers t ON t.id = f.transfer_id AND t.kind = 7
         LEFT JOIN idempotency_records i ON i.scope = t.credit_account AND i.created_at = t.created_at
            AND i.answer_status = 201 AND (i.answer NOT LIKE '{%'
                OR i.answer LIKE '{%\"amount\":' || CAST(t.amount AS TEXT) || ',%}')
         WHERE i.scope IS NULL ORDER BY f.transfer_id LIMIT 1";
    AnswerOfReturn: "idempotency_records of {}: it answers neither a shop nor a return",
        "SELECT i.scope FROM idempotency_records i
         LEFT JOIN accounts a ON a.id = i.scope AND a.kind = 4
         WHERE a.id IS NULL AND NOT EXISTS (SELECT 1 FROM funding_returns f
                JOIN transfers t ON t.id = f.transfer_id
                WHERE t.credit_account = i.scope AND t.created_at = i.created_at
                    AND i.answer_status = 201 AND (i.answer NOT LIKE '{%'
                        OR i.answer LIKE '{%\"amount\":' || CAST(t.amount AS TEXT) || ',%}'))
         ORDER BY i.scope LIMIT 1";
    AnswerForm: "idempotency_records of {}: its hashes are not of 16 bytes",
        "SELECT scope FROM idempotency_records
         WHERE length(key_hash) <> 16 OR length(request_mac) <> 16 ORDER BY scope LIMIT 1";
}

/// A card's number with what it was entered with.
#[derive(Debug)]
pub(crate) struct NumberRecord {
    /// Wallet, card, when it was entered, its last day.
    pub(crate) card: (i64, i64, i64, i64),
    /// The digits that are shown.
    pub(crate) shown: String,
    pub(crate) number_hash: Vec<u8>,
    pub(crate) seal: Vec<u8>,
}

/// The reversal that an answer was recorded with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnsweredReversal {
    pub(crate) wallet: i64,
    pub(crate) redemption: i64,
    pub(crate) transfer: i64,
    pub(crate) amount: i64,
    pub(crate) business_date: i64,
}

/// A shop's recorded answer.
#[derive(Debug)]
pub(crate) struct AnswerRecord {
    pub(crate) scope: i64,
    pub(crate) status: i64,
    pub(crate) created_at: i64,
    pub(crate) answer: String,
    pub(crate) key_hash: Vec<u8>,
    /// The shop's reversal of the same moment.
    pub(crate) reversal: Option<AnsweredReversal>,
}

/// A household: id, the NIK's keyed hash, the sealed identity.
pub(crate) type HouseholdRow = (i64, Vec<u8>, Vec<u8>);

streams! {
    /// Every household: id, the NIK's keyed hash, the sealed identity.
    each_household: Identities -> HouseholdRow;
}

impl Connection {
    /// Every card number with its card.
    pub(crate) fn each_card_number(
        &mut self,
        each: &mut dyn FnMut(NumberRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        type Row = (i64, i64, i64, i64, String, Vec<u8>, Vec<u8>);
        let mut row = |(wallet, id, issued_at, expires, shown, number_hash, seal): Row| {
            each(NumberRecord { card: (wallet, id, issued_at, expires), shown, number_hash, seal })
        };
        self.stream(NumbersAndCards {}, &mut row)
    }

    /// Every answer that a shop was given and that is recorded.
    pub(crate) fn each_answer(
        &mut self,
        each: &mut dyn FnMut(AnswerRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        type Wide = Option<i64>;
        type Row = ((i64, i64, i64, String, Vec<u8>), (Wide, Wide, Wide, Wide, Wide));
        let mut row = |((scope, status, created_at, answer, key_hash), about): Row| {
            let reversal = match about {
                (Some(wallet), Some(redemption), Some(transfer), Some(amount), Some(day)) => {
                    let business_date = day;
                    Some(AnsweredReversal { wallet, redemption, transfer, amount, business_date })
                }
                _ => None,
            };
            each(AnswerRecord { scope, status, created_at, answer, key_hash, reversal })
        };
        self.stream(AnswersAndReversals {}, &mut row)
    }
}
