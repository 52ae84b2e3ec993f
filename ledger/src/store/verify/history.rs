//! Batches, transfers and attempts by id, each with what it names.

use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use crate::domain::account::AccountKind;
use crate::domain::bank::BankId;
use crate::domain::calendar::{Date, Instant, Zone};
use crate::domain::ids::{AccountId, RowId};
use crate::domain::leaf::Pseudonym;
use crate::domain::money::Rupiah;
use crate::domain::policy::PriceZone;
use crate::domain::redemption::Attempt;
use crate::domain::transfer::{Sides, Transfer, TransferKind};
use crate::store::attempts::attempt;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

use super::{PAGE, Paged, narrow};

/// A batch carries its leaves, so fewer of them fill a page.
const BATCHES: i64 = 200;

type Wide = Option<i64>;

type BatchSql =
    (BigInt, BigInt, BigInt, Nullable<BigInt>, BigInt, BigInt, BigInt, Nullable<Binary>);
type BatchRow = (i64, i64, i64, Wide, i64, i64, i64, Option<Vec<u8>>);

statement! {
    both BatchesAfter { id: i64, anchor: i64, limit: i64 } -> BatchSql;
    "SELECT b.id, b.anchor_id, b.last_id, b.log_start, b.created_at,
            CAST(b.transfers AS BIGINT), CAST(b.attempts AS BIGINT), l.leaves
     FROM batches b
     LEFT JOIN batch_leaves l ON l.batch_id = b.id AND l.anchor_id = b.anchor_id
     WHERE (b.id, b.anchor_id) > (" [id: BigInt] ", " [anchor: BigInt] ")
     ORDER BY b.id, b.anchor_id LIMIT " [limit: BigInt]
}

type TransferSql = (
    (BigInt, BigInt, BigInt, BigInt, BigInt, Nullable<BigInt>, BigInt, BigInt, BigInt),
    (Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<Binary>),
);
type TransferRow =
    ((i64, i64, i64, i64, i64, Wide, i64, i64, i64), (Wide, Wide, Wide, Wide, Option<Vec<u8>>));

statement! {
    both TransfersAfter { id: i64, anchor: i64, limit: i64 } -> TransferSql;
    "SELECT t.id, t.anchor_id, t.debit_account, t.credit_account, t.amount, t.balance_after,
            t.created_at, CAST(t.business_date AS BIGINT), CAST(t.kind AS BIGINT),
            t.subject, CAST(d.kind AS BIGINT), CAST(c.kind AS BIGINT), CAST(w.bank_id AS BIGINT),
            w.pseudonym
     FROM transfers t
     LEFT JOIN accounts d ON d.id = t.debit_account
     LEFT JOIN accounts c ON c.id = t.credit_account
     LEFT JOIN wallets w ON w.id = t.anchor_id
     WHERE (t.id, t.anchor_id) > (" [id: BigInt] ", " [anchor: BigInt] ")
     ORDER BY t.id, t.anchor_id LIMIT " [limit: BigInt]
}

type AttemptSql = (
    (BigInt, BigInt, Nullable<BigInt>, BigInt, BigInt, Nullable<BigInt>, BigInt),
    (BigInt, Nullable<BigInt>, Nullable<BigInt>, BigInt, BigInt, BigInt, Nullable<BigInt>),
    (Binary, Binary, Text),
    (Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>),
    (Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>),
);
type AttemptRow = (
    (i64, i64, Wide, i64, i64, Wide, i64),
    (i64, Wide, Wide, i64, i64, i64, Wide),
    (Vec<u8>, Vec<u8>, String),
    (Wide, Wide, Wide),
    (Wide, Wide, Wide, Wide),
);

statement! {
    both AttemptsAfter { id: i64, wallet: i64, limit: i64 } -> AttemptSql;
    "SELECT r.id, r.wallet_id, r.card_id, r.merchant_id, r.terminal_id,
            CAST(r.issuer AS BIGINT), CAST(r.acquirer AS BIGINT),
            CAST(r.refusal AS BIGINT), CAST(r.refusal_line AS BIGINT), r.refusal_ceiling,
            CAST(r.policy_version AS BIGINT), r.created_at, CAST(r.business_date AS BIGINT),
            r.amount, r.key_hash, r.request_mac, r.lines,
            CAST(a.kind AS BIGINT), CAST(w.bank_id AS BIGINT), c.id,
            CAST(m.zone AS BIGINT), CAST(m.price_zone AS BIGINT), t.merchant_id,
            CAST(b.id AS BIGINT)
     FROM redemptions r
     LEFT JOIN accounts a ON a.id = r.wallet_id
     LEFT JOIN wallets w ON w.id = r.wallet_id
     LEFT JOIN cards c ON c.wallet_id = r.wallet_id AND c.id = r.card_id
     LEFT JOIN merchants m ON m.id = r.merchant_id
     LEFT JOIN terminals t ON t.id = r.terminal_id
     LEFT JOIN banks b ON b.id = r.acquirer AND b.id = m.bank_id
     WHERE (r.id, r.wallet_id) > (" [id: BigInt] ", " [wallet: BigInt] ")
     ORDER BY r.id, r.wallet_id LIMIT " [limit: BigInt]
}

statement! {
    /// The lowest id of a batch that was sealed at or after a size of the log, or is not sealed.
    both FirstBatchSince { size: i64 } -> Nullable<BigInt>;
    "SELECT MIN(id) FROM batches WHERE log_start IS NULL OR log_start >= " [size: BigInt]
}

statement! {
    /// The lowest id of a batch that ends at or after an id.
    both FirstBatchEnding { id: i64 } -> Nullable<BigInt>;
    "SELECT MIN(id) FROM batches WHERE last_id >= " [id: BigInt]
}

statement! {
    both LeavesWithoutBatch {} -> BigInt;
    "SELECT l.batch_id FROM batch_leaves l
     LEFT JOIN batches b ON b.id = l.batch_id AND b.anchor_id = l.anchor_id
     WHERE b.id IS NULL ORDER BY l.batch_id LIMIT 1"
}

/// A batch with its leaves.
#[derive(Debug)]
pub(crate) struct BatchRecord {
    pub(crate) id: i64,
    pub(crate) anchor: i64,
    pub(crate) last_id: i64,
    pub(crate) log_start: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) transfers: i64,
    pub(crate) attempts: i64,
    pub(crate) leaves: Option<Vec<u8>>,
}

/// A transfer with the kinds of its accounts; an account that is not there has none.
#[derive(Debug)]
pub(crate) struct TransferRecord {
    pub(crate) id: i64,
    pub(crate) anchor: i64,
    /// The transfer, or why the row is not one.
    pub(crate) transfer: Result<Transfer, String>,
    pub(crate) debit_kind: Option<AccountKind>,
    pub(crate) credit_kind: Option<AccountKind>,
    /// The bank of the wallet that is the anchor.
    pub(crate) wallet_bank: Option<BankId>,
    /// Its pseudonym.
    pub(crate) pseudonym: Option<Pseudonym>,
}

/// An attempt with what it names.
#[derive(Debug)]
pub(crate) struct AttemptRecord {
    pub(crate) id: i64,
    pub(crate) wallet: i64,
    /// The attempt, or why the row is not one. An approved one's balance is left at zero: it is its
    /// transfer's, which is read on its own.
    pub(crate) attempt: Result<Attempt, String>,
    /// The amount that the row states.
    pub(crate) amount: Option<i64>,
    /// The lines as stored.
    pub(crate) lines: String,
    pub(crate) account_kind: Option<AccountKind>,
    pub(crate) wallet_bank: Option<BankId>,
    pub(crate) card_exists: bool,
    /// The merchant's time zone and price zone.
    pub(crate) shop: Option<(Zone, PriceZone)>,
    pub(crate) terminal_merchant: Option<AccountId>,
    pub(crate) acquirer_is_merchants: bool,
}

impl Paged for BatchRecord {
    fn key(&self) -> (i64, i64) {
        (self.id, self.anchor)
    }

    fn page(
        connection: &mut Connection,
        (id, anchor): (i64, i64),
    ) -> Result<Vec<Self>, StoreError> {
        let rows: Vec<BatchRow> = connection.load(BatchesAfter { id, anchor, limit: BATCHES })?;
        let batches = rows.into_iter().map(
            |(id, anchor, last_id, log_start, created_at, transfers, attempts, leaves)| Self {
                id,
                anchor,
                last_id,
                log_start,
                created_at,
                transfers,
                attempts,
                leaves,
            },
        );
        Ok(batches.collect())
    }
}

impl Paged for TransferRecord {
    fn key(&self) -> (i64, i64) {
        (self.id, self.anchor)
    }

    fn page(
        connection: &mut Connection,
        (id, anchor): (i64, i64),
    ) -> Result<Vec<Self>, StoreError> {
        let rows: Vec<TransferRow> = connection.load(TransfersAfter { id, anchor, limit: PAGE })?;
        Ok(rows.into_iter().map(transfer_record).collect())
    }
}

impl Paged for AttemptRecord {
    fn key(&self) -> (i64, i64) {
        (self.id, self.wallet)
    }

    fn page(
        connection: &mut Connection,
        (id, wallet): (i64, i64),
    ) -> Result<Vec<Self>, StoreError> {
        let rows: Vec<AttemptRow> = connection.load(AttemptsAfter { id, wallet, limit: PAGE })?;
        Ok(rows.into_iter().map(attempt_record).collect())
    }
}

impl Connection {
    /// The id from which on batches have to be looked at for what came after a size of the log: none that
    /// began before it ends after it.
    pub(crate) fn first_id_since(&mut self, size: i64) -> Result<i64, StoreError> {
        let first: Option<Option<i64>> = self.first(FirstBatchSince { size })?;
        let Some(mut id) = first.flatten() else { return Ok(i64::MAX) };
        loop {
            let before: Option<Option<i64>> = self.first(FirstBatchEnding { id })?;
            match before.flatten().filter(|before| *before < id) {
                Some(before) => id = before,
                None => return Ok(id),
            }
        }
    }

    /// The first batch number under which leaves are kept without a batch.
    pub(crate) fn leaves_without_batch(&mut self) -> Result<Option<i64>, StoreError> {
        self.first(LeavesWithoutBatch {})
    }
}

fn transfer_record(row: TransferRow) -> TransferRecord {
    let (stated, (subject, debit_kind, credit_kind, bank, pseudonym)) = row;
    TransferRecord {
        id: stated.0,
        anchor: stated.1,
        transfer: transfer(stated)
            .map(|transfer| transfer.about(subject))
            .map_err(|error| unwrapped(&error)),
        debit_kind: account_kind(debit_kind),
        credit_kind: account_kind(credit_kind),
        wallet_bank: bank.and_then(|bank| i16::try_from(bank).ok()).map(BankId),
        pseudonym: pseudonym.and_then(|bytes| bytes.try_into().ok()),
    }
}

fn transfer(
    (id, anchor, debit, credit, amount, after, created_at, date, kind): (
        i64,
        i64,
        i64,
        i64,
        i64,
        Wide,
        i64,
        i64,
        i64,
    ),
) -> Result<Transfer, StoreError> {
    let corrupt = |what: String| {
        StoreError::corrupt(format!("transfers {id} (stored with {anchor}): {what}"))
    };
    let number: i16 = narrow(kind, || format!("transfers {id}: kind"))?;
    let kind = TransferKind::from_number(number)
        .ok_or_else(|| corrupt(format!("there is no kind {number}")))?;
    let amount = Rupiah::new(amount).map_err(|error| corrupt(error.to_string()))?;
    let after = after.map(Rupiah::new).transpose().map_err(|error| corrupt(error.to_string()))?;
    let date: i32 = narrow(date, || format!("transfers {id}: business_date"))?;
    let date = Date::from_number(date).map_err(|error| corrupt(error.to_string()))?;
    let sides =
        Sides { debit: AccountId(debit), credit: AccountId(credit), anchor: AccountId(anchor) };
    let dates = (Instant::from_millis(created_at), date);
    Transfer::new(RowId(id), kind, sides, amount, after, dates)
        .map_err(|error| corrupt(error.to_string()))
}

fn attempt_record(row: AttemptRow) -> AttemptRecord {
    let (who, decided, asked, (kind, wallet_bank, card), (zone, price_zone, of_merchant, bank)) =
        row;
    let small = |number: Wide| number.and_then(|number| i16::try_from(number).ok());
    let zone = small(zone).and_then(|hours| Zone::from_hours(hours).ok());
    let (id, wallet, amount, lines) = (who.0, who.1, decided.6, asked.2.clone());
    AttemptRecord {
        id,
        wallet,
        attempt: narrow_attempt(who, decided, asked).map_err(|error| unwrapped(&error)),
        amount,
        lines,
        account_kind: account_kind(kind),
        wallet_bank: small(wallet_bank).map(BankId),
        card_exists: card.is_some(),
        shop: zone.zip(small(price_zone).map(PriceZone)),
        terminal_merchant: of_merchant.map(AccountId),
        acquirer_is_merchants: bank.is_some(),
    }
}

fn narrow_attempt(
    (id, wallet, card, merchant, terminal, issuer, acquirer): (i64, i64, Wide, i64, i64, Wide, i64),
    (refusal, line, ceiling, policy, created_at, date, _): (i64, Wide, Wide, i64, i64, i64, Wide),
    asked: (Vec<u8>, Vec<u8>, String),
) -> Result<Attempt, StoreError> {
    let record = || format!("redemptions {id} (wallet {wallet})");
    let small = |value: i64| narrow::<i16>(value, record);
    let issuer = issuer.map(small).transpose()?;
    let line = line.map(small).transpose()?;
    attempt((
        (id, wallet, card, merchant, terminal, issuer, small(acquirer)?),
        (
            small(refusal)?,
            line,
            ceiling,
            (Some(0), None),
            narrow(policy, record)?,
            created_at,
            narrow(date, record)?,
        ),
        asked,
    ))
}

fn account_kind(number: Wide) -> Option<AccountKind> {
    AccountKind::from_number(i16::try_from(number?).ok()?)
}

/// What a broken value's error says, without the words round it.
fn unwrapped(error: &StoreError) -> String {
    super::fault_in_data(error).unwrap_or_else(|| error.to_string())
}
