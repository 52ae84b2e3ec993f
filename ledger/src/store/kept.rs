//! What kept bank files say: their statements and rows, so that a file is not read again; and the accounts
//! that statements are compared with.

use std::collections::HashSet;

use diesel::RunQueryDsl as _;
use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, SmallInt, Text};

use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::{AccountId, MerchantId};

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::reconciliations::View;
use super::statement::statement;

bulk_insert! {
    /// A statement of a kept file.
    NewFileStatement, FileStatementColumns, "bank_file_statements",
    file_id: i64 => BigInt, parser: i16 => SmallInt, statement: i32 => Integer,
    layout: String => Text, account: Option<String> => Nullable<Text>, kind: i16 => SmallInt,
    opening: Option<String> => Nullable<Text>, closing: Option<String> => Nullable<Text>,
    number: Option<i64> => Nullable<BigInt>, page: Option<i64> => Nullable<BigInt>,
    period_to: Option<i32> => Nullable<Integer>, last_day: Option<i32> => Nullable<Integer>,
    line_count: i32 => Integer, is_repeat: i16 => SmallInt,
}

impl NewFileStatement {
    /// The row that it becomes.
    pub(crate) fn row(self) -> StatementRow {
        (
            (
                self.file_id,
                self.statement,
                self.layout,
                self.account,
                self.kind,
                self.opening,
                self.closing,
            ),
            (
                self.number,
                self.page,
                self.period_to,
                self.last_day,
                self.line_count,
                self.is_repeat,
            ),
        )
    }
}

bulk_insert! {
    /// Some rows of a statement.
    NewFileRows, FileRowsColumns, "bank_file_rows",
    file_id: i64 => BigInt, parser: i16 => SmallInt, statement: i32 => Integer,
    part: i32 => Integer, last_day: i32 => Integer, prints: Vec<u8> => Binary,
    content: Vec<u8> => Binary,
}

bulk_insert! {
    /// A merchant's account at its bank.
    NewMerchantAccount, MerchantAccountColumns, "merchant_accounts",
    merchant_id: i64 => BigInt, account_number: String => Text,
    client_id: Option<i64> => Nullable<BigInt>, set_at: i64 => BigInt,
}

bulk_insert! {
    /// What a recording brought.
    NewRecordingCount, RecordingCountColumns, "recording_counts",
    client_id: i64 => BigInt, created_at: i64 => BigInt, reconciliation_id: i64 => BigInt,
    revision: i32 => Integer, file_bytes: i64 => BigInt, file_rows: i64 => BigInt,
    row_exceptions: i64 => BigInt,
}

/// The columns of [`StatementRow`].
pub(crate) type StatementSql = (
    (BigInt, Integer, Text, Nullable<Text>, SmallInt, Nullable<Text>, Nullable<Text>),
    (Nullable<BigInt>, Nullable<BigInt>, Nullable<Integer>, Nullable<Integer>, Integer, SmallInt),
);

statement! {
    both StatementsBetween { bank: i16, merchant: i64, from: i32, to: i32 } -> (SmallInt, StatementSql);
    "SELECT s.parser, s.file_id, s.statement, s.layout, s.account, s.kind, s.opening, s.closing,
            s.number, s.page, s.period_to, s.last_day, s.line_count, s.is_repeat
     FROM reconciliations r
     JOIN reconciliation_files u ON u.reconciliation_id = r.id
     JOIN bank_file_statements s ON s.file_id = u.file_id
     WHERE r.bank_id = " [bank: SmallInt] " AND r.merchant_id = " [merchant: BigInt]
    " AND r.business_date >= " [from: Integer] " AND r.business_date <= " [to: Integer]
    " ORDER BY s.file_id, s.parser, s.statement"
}

statement! {
    // Only parts with rows that a file which begins on that day could have again.
    both PrintsFrom { file: i64, parser: i16, day: i32 } -> (Integer, Binary);
    "SELECT statement, prints FROM bank_file_rows WHERE file_id = " [file: BigInt]
    " AND parser = " [parser: SmallInt] " AND last_day >= " [day: Integer]
    " ORDER BY statement, part"
}

statement! {
    both RowsPart { file: i64, parser: i16, statement: i32, part: i32 } -> (Binary, Binary);
    "SELECT prints, content FROM bank_file_rows WHERE file_id = " [file: BigInt]
    " AND parser = " [parser: SmallInt] " AND statement = " [statement: Integer]
    " AND part = " [part: Integer]
}

statement! {
    both BankAccount { bank: i16 } -> Text;
    "SELECT account_number FROM banks WHERE id = " [bank: SmallInt]
}

statement! {
    both MerchantAccount { merchant: i64 } -> Text;
    "SELECT account_number FROM merchant_accounts WHERE merchant_id = " [merchant: BigInt]
}

statement! {
    both RegisterAccount<'a> { merchant: i64, account: &'a str, now: i64 };
    "INSERT INTO merchant_accounts (merchant_id, account_number, client_id, set_at) VALUES ("
    [merchant: BigInt] ", " [account: Text] ", NULL, " [now: BigInt]
    ") ON CONFLICT (merchant_id) DO UPDATE SET account_number = excluded.account_number,
        client_id = excluded.client_id, set_at = excluded.set_at"
}

statement! {
    both Brought { client: i64, from: i64, until: i64 } -> (BigInt, BigInt, BigInt, BigInt);
    "SELECT COUNT(*), CAST(COALESCE(SUM(file_bytes), 0) AS BIGINT),
            CAST(COALESCE(SUM(file_rows), 0) AS BIGINT),
            CAST(COALESCE(SUM(row_exceptions), 0) AS BIGINT)
     FROM recording_counts WHERE client_id = " [client: BigInt] " AND created_at >= "
    [from: BigInt] " AND created_at < " [until: BigInt]
}

statement! {
    // One recording of a bank's views at a time decides which rows it uses.
    postgres LockBank { bank: i16 } -> SmallInt;
    "SELECT id FROM banks WHERE id = " [bank: SmallInt] " FOR NO KEY UPDATE"
}

statement! {
    both Neighbours { bank: i16, merchant: i64, from: i32, to: i32 } -> (BigInt, Integer, Integer, SmallInt);
    "SELECT id, business_date, revision, state FROM reconciliations WHERE bank_id = "
    [bank: SmallInt] " AND merchant_id = " [merchant: BigInt] " AND business_date >= "
    [from: Integer] " AND business_date <= " [to: Integer] " ORDER BY id"
}

statement! {
    both UnfinishedDays { bank: i16, merchant: i64 } -> Integer;
    "SELECT business_date FROM reconciliations WHERE bank_id = " [bank: SmallInt]
    " AND merchant_id = " [merchant: BigInt] " AND state = 1 ORDER BY business_date"
}

macro_rules! used {
    () => {
        "SELECT m.fingerprint FROM matched_rows m
         JOIN reconciliations r ON r.bank_id = m.bank_id AND r.merchant_id = m.merchant_id
            AND r.business_date = m.business_date AND r.result_run = m.run_id
         WHERE m.bank_id = "
    };
}

statement! {
    sqlite UsedRow<'a> { bank: i16, merchant: i64, day: i32, print: &'a str } -> Text;
    (used!()) [bank: SmallInt] " AND m.merchant_id = " [merchant: BigInt]
    " AND m.business_date <> " [day: Integer] " AND m.fingerprint = " [print: Text]
}

statement! {
    postgres UsedRows<'a> { bank: i16, merchant: i64, day: i32, prints: &'a [String] } -> Text;
    (used!()) [bank: SmallInt] " AND m.merchant_id = " [merchant: BigInt]
    " AND m.business_date <> " [day: Integer] " AND m.fingerprint = ANY (" [prints: Array<Text>] ")"
}

/// A part of a statement's rows: fingerprints, 36 bytes each, and the rows.
pub(crate) type PartRow = (Vec<u8>, Vec<u8>);

/// A kept statement: file, place, layout, account, kind, opening, closing; number, page, end of the period, last
/// day, lines, whether it was a repeat.
pub(crate) type StatementRow = (
    (i64, i32, String, Option<String>, i16, Option<String>, Option<String>),
    (Option<i64>, Option<i64>, Option<i32>, Option<i32>, i32, i16),
);

/// A reconciliation beside another: its id, day, revision and state.
pub(crate) type Neighbour = (i64, i32, i32, i16);

/// What a client's recordings brought: how many there were, bytes, rows, differences about rows.
pub(crate) type BroughtRow = (i64, i64, i64, i64);

/// A kept statement, with the version of the parser that read it.
pub(crate) type FileStatement = (i16, StatementRow);

impl Connection {
    /// The statements of the files of reconciliations of these days, in the order in which they came,
    /// each with the version of the parser that read it.
    pub(crate) fn kept_statements(
        &mut self,
        View { bank, merchant }: View,
        (from, to): (Date, Date),
    ) -> Result<Vec<FileStatement>, StoreError> {
        let (from, to) = (from.as_number(), to.as_number());
        self.load(StatementsBetween { bank: bank.0, merchant, from, to })
    }

    /// The fingerprints of a file's parts that reach a day (statement, 36 bytes a row), in order.
    pub(crate) fn kept_prints(
        &mut self,
        (file, parser): (i64, i16),
        from: Date,
    ) -> Result<Vec<(i32, Vec<u8>)>, StoreError> {
        self.load(PrintsFrom { file, parser, day: from.as_number() })
    }

    /// A part of a statement's rows: fingerprints and rows; `None` behind the last one.
    pub(crate) fn kept_rows(
        &mut self,
        (file, parser): (i64, i16),
        (statement, part): (i32, i32),
    ) -> Result<Option<PartRow>, StoreError> {
        self.first(RowsPart { file, parser, statement, part })
    }

    /// The account that a view's statements are of, where it is registered.
    pub(crate) fn registered_account(
        &mut self,
        View { bank, merchant }: View,
    ) -> Result<Option<String>, StoreError> {
        match merchant {
            0 => self.first(BankAccount { bank: bank.0 }),
            merchant => self.merchant_account(AccountId(merchant)),
        }
    }

    /// The account that a merchant's statements are of, where it is registered.
    pub(crate) fn merchant_account(
        &mut self,
        merchant: MerchantId,
    ) -> Result<Option<String>, StoreError> {
        self.first(MerchantAccount { merchant: merchant.0 })
    }

    /// Registers the account that a merchant's statements are of from now on.
    pub(crate) fn register_account(
        &mut self,
        merchant: MerchantId,
        account: &str,
        now: Instant,
    ) -> Result<(), StoreError> {
        let (merchant, now) = (merchant.0, now.as_millis());
        self.execute(RegisterAccount { merchant, account, now }).map(|_| ())
    }

    /// What a client's recordings brought within a time.
    pub(crate) fn brought(
        &mut self,
        client: i64,
        (from, until): (Instant, Instant),
    ) -> Result<BroughtRow, StoreError> {
        let (from, until) = (from.as_millis(), until.as_millis());
        self.first(Brought { client, from, until }).map(Option::unwrap_or_default)
    }

    /// Keeps other recordings of the bank's views waiting until this transaction ends. `SQLite` has one
    /// writer anyway.
    pub(crate) fn lock_recordings(&mut self, View { bank, .. }: View) -> Result<(), StoreError> {
        if let Self::Postgres(postgres) = self {
            let _locked: Vec<i16> = LockBank { bank: bank.0 }.load(postgres)?;
        }
        Ok(())
    }

    /// The reconciliations of a view between two days.
    pub(crate) fn neighbours(
        &mut self,
        View { bank, merchant }: View,
        (from, to): (Date, Date),
    ) -> Result<Vec<Neighbour>, StoreError> {
        let (from, to) = (from.as_number(), to.as_number());
        self.load(Neighbours { bank: bank.0, merchant, from, to })
    }

    /// The days of a view of whose latest recording something is still to be written.
    pub(crate) fn unfinished_days(
        &mut self,
        View { bank, merchant }: View,
    ) -> Result<Vec<i32>, StoreError> {
        self.load(UnfinishedDays { bank: bank.0, merchant })
    }

    /// Those of these rows that reconciliations of other days used up.
    pub(crate) fn rows_used_elsewhere(
        &mut self,
        View { bank, merchant }: View,
        day: Date,
        prints: &[String],
    ) -> Result<HashSet<String>, StoreError> {
        let (bank, day) = (bank.0, day.as_number());
        let mut used = HashSet::new();
        match self {
            Self::Sqlite(sqlite) => {
                for print in prints {
                    let found = UsedRow { bank, merchant, day, print }.load::<String>(sqlite)?;
                    used.extend(found);
                }
            }
            Self::Postgres(postgres) => {
                let found = UsedRows { bank, merchant, day, prints }.load::<String>(postgres)?;
                used.extend(found);
            }
        }
        Ok(used)
    }
}
