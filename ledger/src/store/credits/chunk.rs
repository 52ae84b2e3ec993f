//! One chunk of a run: its wallets, and who pays.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::calendar::{CutOff, Date, Instant, business_date};
use crate::domain::ids::AccountId;
use crate::domain::leaf::Pseudonym;
use crate::domain::money::Rupiah;
use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

statement! {
    both LastOfNext { after: i64, until: i64, most: i64 } -> Nullable<BigInt>;
    "SELECT MAX(id) FROM (SELECT id FROM wallets WHERE id > " [after: BigInt] " AND id <= "
    [until: BigInt] " ORDER BY id LIMIT " [most: BigInt] ") k"
}

statement! {
    both CreditsBetween { programme: i16, period: i32, after: i64, to: i64 } -> BigInt;
    "SELECT wallet_id FROM credits WHERE programme = " [programme: SmallInt] " AND period = "
    [period: Integer] " AND wallet_id > " [after: BigInt] " AND wallet_id <= " [to: BigInt]
    " ORDER BY wallet_id LIMIT 1"
}

type PayerSql = ((SmallInt, SmallInt, Integer, BigInt), (BigInt, BigInt, BigInt, BigInt), BigInt);
type PayerRow = ((i16, i16, i32, i64), (i64, i64, i64, i64), i64);

macro_rules! payers {
    () => {
        "SELECT s.bank_id, b.cutoff_minute, b.open_business_date, b.unallocated_account,
                s.reserved, f.unallocated, f.reserved, f.last_id, (SELECT COUNT(*) FROM banks)
         FROM credit_run_banks s
         JOIN banks b ON b.id = s.bank_id
         JOIN bank_funds f ON f.bank_id = s.bank_id
         WHERE s.status = 1 AND s.run_id = "
    };
}

statement! {
    both Payers { run: i64 } -> PayerSql;
    (payers!()) [run: BigInt] " ORDER BY s.bank_id"
}

statement! {
    postgres LockPayers { run: i64 } -> PayerSql;
    (payers!()) [run: BigInt] " ORDER BY s.bank_id FOR UPDATE OF s, f"
}

statement! {
    /// Open wallets of paying banks that have no credit of the period yet. They come by their ids, and
    /// are locked so. What is known of all is not asked of each. `NOT EXISTS` may be planned as a list of
    /// all the month's credits, which every chunk would make anew.
    postgres Unpaid<'a> {
        after: i64, to: i64, all_pay: bool, banks: &'a [i16], without_any: bool, without: &'a [i64],
        fresh: bool, programme: i16, period: i32,
    };
    "w.id > " [after: BigInt] " AND w.id <= " [to: BigInt] " AND w.state = 1 AND ("
    [all_pay: Bool] " OR w.bank_id = ANY (" [banks: Array<SmallInt>] ")) AND ("
    [without_any: Bool] " OR w.id <> ALL (" [without: Array<BigInt>] ")) AND ("
    [fresh: Bool] " OR (SELECT c.run_id FROM credits c WHERE c.programme = "
    [programme: SmallInt] " AND c.period = " [period: Integer]
    " AND c.wallet_id = w.id AND c.round = 1) IS NULL)"
}

statement! {
    /// The same; lists are JSON.
    sqlite UnpaidHere<'a> {
        after: i64, to: i64, all_pay: bool, banks: &'a str, without_any: bool, without: &'a str,
        fresh: bool, programme: i16, period: i32,
    };
    "w.id > " [after: BigInt] " AND w.id <= " [to: BigInt] " AND w.state = 1 AND ("
    [all_pay: Bool] " OR w.bank_id IN (SELECT value FROM json_each(" [banks: Text] "))) AND ("
    [without_any: Bool] " OR w.id NOT IN (SELECT value FROM json_each(" [without: Text] "))) AND ("
    [fresh: Bool] " OR NOT EXISTS (SELECT 1 FROM credits c WHERE c.programme = "
    [programme: SmallInt] " AND c.period = " [period: Integer] " AND c.wallet_id = w.id))"
}

statement! {
    postgres LockUnpaid<'a> { unpaid: Unpaid<'a> } -> (BigInt, BigInt, SmallInt);
    "SELECT w.id, w.last_id, w.bank_id FROM wallets w WHERE " {unpaid}
    " ORDER BY w.id FOR NO KEY UPDATE OF w"
}

statement! {
    sqlite ReadUnpaid<'a> { unpaid: UnpaidHere<'a> } -> (BigInt, BigInt, SmallInt);
    "SELECT w.id, w.last_id, w.bank_id FROM wallets w WHERE " {unpaid} " ORDER BY w.id"
}

type PaidSql = (BigInt, BigInt, BigInt, SmallInt, Binary);
type PaidRow = (i64, i64, i64, i16, Vec<u8>);

statement! {
    // What happened to a wallet after `first` keeps its last id, by which it is known.
    postgres Pay<'a> { amount: i64, first: i64, newest: i64, unpaid: Unpaid<'a> } -> PaidSql;
    "UPDATE wallets w SET balance = balance + " [amount: BigInt] ", last_id = CASE WHEN last_id < "
    [first: BigInt] " THEN " [newest: BigInt] " ELSE last_id END WHERE " {unpaid}
    " RETURNING id, balance, last_id, bank_id, pseudonym"
}

statement! {
    sqlite PayHere<'a> { amount: i64, first: i64, newest: i64, unpaid: UnpaidHere<'a> } -> PaidSql;
    "UPDATE wallets AS w SET balance = balance + " [amount: BigInt]
    ", last_id = CASE WHEN last_id < " [first: BigInt] " THEN " [newest: BigInt]
    " ELSE last_id END WHERE " {unpaid} " RETURNING id, balance, last_id, bank_id, pseudonym"
}

statement! {
    both KeepPromise { families: i64, sum: i64, run: i64, bank: i16 };
    "UPDATE credit_run_banks SET credited = credited + " [families: BigInt]
    ", amount = amount + " [sum: BigInt] ", reserved = reserved - " [sum: BigInt]
    " WHERE run_id = " [run: BigInt] " AND bank_id = " [bank: SmallInt] " AND reserved >= "
    [sum: BigInt]
}

statement! {
    // Where nothing has to be asked beside the wallet: then its row is found once, not twice.
    sqlite PayAllHere { amount: i64, first: i64, newest: i64, after: i64, to: i64 } -> PaidSql;
    "UPDATE wallets SET balance = balance + " [amount: BigInt]
    ", last_id = CASE WHEN last_id < " [first: BigInt] " THEN " [newest: BigInt]
    " ELSE last_id END WHERE id > " [after: BigInt] " AND id <= " [to: BigInt]
    " AND state = 1 RETURNING id, balance, last_id, bank_id, pseudonym"
}

/// A bank that pays in a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payer {
    pub(crate) bank: BankId,
    pub(crate) unallocated_account: AccountId,
    /// What it promised to its families and has not paid yet: rupiah.
    pub(crate) promised: i64,
    /// What it holds beside all its promises.
    pub(crate) free: i64,
    /// The last transfer that changed what it holds.
    pub(crate) last_id: i64,
    cut_off: CutOff,
    open_business_date: Date,
}

/// The wallets of a chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk<'a> {
    pub(crate) programme: i16,
    pub(crate) period: i32,
    /// Wallets above this one.
    pub(crate) after: i64,
    /// Up to this one.
    pub(crate) to: i64,
    /// Of these banks.
    pub(crate) banks: &'a [i16],
    /// Which are all there are.
    pub(crate) all_pay: bool,
    /// But for these.
    pub(crate) without: &'a [i64],
    /// None of them has a credit of the period.
    pub(crate) fresh: bool,
}

/// A wallet that a chunk is to pay: its id, its last id, its bank.
pub(crate) type UnpaidWallet = (i64, i64, BankId);

/// A wallet that was paid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PaidWallet {
    pub(crate) id: AccountId,
    /// With what it got.
    pub(crate) balance: Rupiah,
    pub(crate) last_id: i64,
    pub(crate) bank: BankId,
    pub(crate) pseudonym: Pseudonym,
}

impl Payer {
    /// The bank's day of something that happens at `now`.
    pub(crate) fn business_date(&self, now: Instant) -> Date {
        business_date(now, self.cut_off, self.open_business_date)
    }
}

/// A chunk's wallets are changed in the order of their ids, which is that of an index scan.
const IN_ORDER: &str = "SET enable_bitmapscan = off";

/// The pages that a checkpoint makes a session write whole are compressed, where the role may ask for that
/// and the server knows how: they are a fifth of the log that a wallet takes.
macro_rules! compressed {
    ($local:literal) => {
        concat!(
            "DO $$ BEGIN PERFORM set_config('wal_compression', 'zstd', ",
            $local,
            "); EXCEPTION WHEN insufficient_privilege OR invalid_parameter_value THEN NULL; END $$"
        )
    };
}

impl Connection {
    /// Sets a lane's connection up for chunks.
    pub(crate) fn prepare_for_chunks(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => {
                self.run(IN_ORDER)?;
                self.run(compressed!("false"))
            }
        }
    }

    /// Sets a transaction up that reads all wallets: it may be the first to tidy up their pages, and they
    /// then stand in the log as a chunk's do.
    pub(crate) fn prepare_for_count(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => self.run(compressed!("true")),
        }
    }

    /// The last of the next `most` wallets, where there are any.
    pub(crate) fn last_of_next(
        &mut self,
        after: i64,
        until: i64,
        most: i64,
    ) -> Result<Option<i64>, StoreError> {
        Ok(self.first::<_, Option<i64>>(LastOfNext { after, until, most })?.flatten())
    }

    /// The banks that pay in a run, and whether they are all there are; with `locked`, no one else
    /// changes what they hold.
    pub(crate) fn payers(
        &mut self,
        run: i64,
        locked: bool,
    ) -> Result<(Vec<Payer>, bool), StoreError> {
        let rows: Vec<PayerRow> = match self {
            Self::Postgres(postgres) if locked => LockPayers { run }.load(postgres)?,
            Self::Postgres(_) | Self::Sqlite(_) => self.load(Payers { run })?,
        };
        let all = rows.first().is_some_and(|(.., banks)| usize::try_from(*banks) == Ok(rows.len()));
        Ok((rows.into_iter().map(payer).collect::<Result<_, _>>()?, all))
    }

    /// Whether a wallet above `after`, up to `to`, has a credit of a period.
    pub(crate) fn has_credits(
        &mut self,
        (programme, period): (i16, i32),
        (after, to): (i64, i64),
    ) -> Result<bool, StoreError> {
        let found = self.first::<_, i64>(CreditsBetween { programme, period, after, to })?;
        Ok(found.is_some())
    }

    /// The wallets that a chunk is to pay, locked by ascending ids.
    pub(crate) fn lock_unpaid(
        &mut self,
        chunk: &Chunk<'_>,
    ) -> Result<Vec<UnpaidWallet>, StoreError> {
        let rows: Vec<(i64, i64, i16)> = match self {
            Self::Sqlite(sqlite) => {
                let (banks, without) = (json(chunk.banks), json(chunk.without));
                ReadUnpaid { unpaid: unpaid_here(chunk, &banks, &without) }.load(sqlite)?
            }
            Self::Postgres(postgres) => LockUnpaid { unpaid: unpaid(chunk) }.load(postgres)?,
        };
        Ok(rows.into_iter().map(|(id, last, bank)| (id, last, BankId(bank))).collect())
    }

    /// Pays `amount` to the wallets of a chunk, and gives them by ascending ids. `newest` becomes their
    /// last id, unless something happened to one after `first`.
    pub(crate) fn pay_wallets(
        &mut self,
        chunk: &Chunk<'_>,
        amount: Rupiah,
        (first, newest): (i64, i64),
    ) -> Result<Vec<PaidWallet>, StoreError> {
        let amount = amount.get();
        let mut rows: Vec<PaidRow> = match self {
            Self::Sqlite(sqlite) if chunk.all_pay && chunk.fresh && chunk.without.is_empty() => {
                let Chunk { after, to, .. } = *chunk;
                PayAllHere { amount, first, newest, after, to }.load(sqlite)?
            }
            Self::Sqlite(sqlite) => {
                let (banks, without) = (json(chunk.banks), json(chunk.without));
                let unpaid = unpaid_here(chunk, &banks, &without);
                PayHere { amount, first, newest, unpaid }.load(sqlite)?
            }
            Self::Postgres(postgres) => {
                Pay { amount, first, newest, unpaid: unpaid(chunk) }.load(postgres)?
            }
        };
        rows.sort_unstable_by_key(|(id, ..)| *id);
        rows.into_iter().map(paid).collect()
    }

    /// Notes what a bank's families got of what was promised to them; `false` when that was less.
    pub(crate) fn keep_promise(
        &mut self,
        run: i64,
        bank: BankId,
        (families, sum): (i64, i64),
    ) -> Result<bool, StoreError> {
        let kept = self.execute(KeepPromise { families, sum, run, bank: bank.0 })?;
        Ok(kept == 1)
    }
}

fn payer(row: PayerRow) -> Result<Payer, StoreError> {
    let ((bank, cut_off, open, account), (promised, unallocated, reserved, last_id), _) = row;
    let corrupt =
        |error: &dyn std::fmt::Display| StoreError::corrupt(format!("bank {bank}: {error}"));
    Ok(Payer {
        bank: BankId(bank),
        unallocated_account: AccountId(account),
        promised,
        free: unallocated.saturating_sub(reserved),
        last_id,
        cut_off: CutOff::from_minute(cut_off).map_err(|error| corrupt(&error))?,
        open_business_date: Date::from_number(open).map_err(|error| corrupt(&error))?,
    })
}

const fn unpaid<'a>(chunk: &Chunk<'a>) -> Unpaid<'a> {
    let Chunk { programme, period, after, to, banks, all_pay, without, fresh } = *chunk;
    let without_any = without.is_empty();
    Unpaid { after, to, all_pay, banks, without_any, without, fresh, programme, period }
}

const fn unpaid_here<'a>(chunk: &Chunk<'_>, banks: &'a str, without: &'a str) -> UnpaidHere<'a> {
    let Chunk { programme, period, after, to, all_pay, fresh, .. } = *chunk;
    let without_any = chunk.without.is_empty();
    UnpaidHere { after, to, all_pay, banks, without_any, without, fresh, programme, period }
}

/// A list of numbers as JSON.
pub(super) fn json<'a, N: ToString + 'a>(numbers: impl IntoIterator<Item = &'a N>) -> String {
    let numbers: Vec<String> = numbers.into_iter().map(N::to_string).collect();
    format!("[{}]", numbers.join(","))
}

fn paid((id, balance, last_id, bank, pseudonym): PaidRow) -> Result<PaidWallet, StoreError> {
    let corrupt = |what: &str| StoreError::corrupt(format!("wallet {id}: {what}"));
    Ok(PaidWallet {
        id: AccountId(id),
        balance: Rupiah::new(balance).map_err(|_below| corrupt("its balance is below zero"))?,
        last_id,
        bank: BankId(bank),
        pseudonym: pseudonym
            .try_into()
            .map_err(|_length| corrupt("its pseudonym is not 16 bytes"))?,
    })
}
