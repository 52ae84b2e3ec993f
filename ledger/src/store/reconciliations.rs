//! Reconciliations: the files they rest on, their outcomes, and what was done to them.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::calendar::Date;

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

bulk_insert! {
    /// A bank's file as it was received.
    NewBankFile, BankFileColumns, "bank_files",
    id: i64 => BigInt, bank_id: i16 => SmallInt, merchant_id: i64 => BigInt,
    sha256: Vec<u8> => Binary, name: String => Text, format: String => Text,
    profile: Option<String> => Nullable<Text>,
    client_id: i64 => BigInt, received_at: i64 => BigInt,
}

bulk_insert! {
    /// A part of a file's bytes.
    NewFilePart, FilePartColumns, "bank_file_parts",
    file_id: i64 => BigInt, part: i32 => Integer, content: Vec<u8> => Binary,
}

bulk_insert! {
    /// A file that a reconciliation rests on.
    NewFileUse, FileUseColumns, "reconciliation_files",
    reconciliation_id: i64 => BigInt, file_id: i64 => BigInt,
}

bulk_insert! {
    /// What was done to a reconciliation.
    NewReconciliationEvent, ReconciliationEventColumns, "reconciliation_events",
    reconciliation_id: i64 => BigInt, revision: i32 => Integer, kind: i16 => SmallInt,
    client_id: i64 => BigInt, created_at: i64 => BigInt, result_hash: Vec<u8> => Binary,
    files_hash: Option<Vec<u8>> => Nullable<Binary>, kept_hash: Option<Vec<u8>> => Nullable<Binary>,
    reason: String => Text,
}

bulk_insert! {
    /// One outcome of a reconciliation.
    NewResult, ResultColumns, "reconciliation_results",
    run_id: i64 => BigInt, business_date: i32 => Integer, result_key: String => Text,
    status: String => Text, ledger_amount: Option<i64> => Nullable<BigInt>,
    bank_amount: Option<String> => Nullable<Text>, detail: String => Text,
}

bulk_insert! {
    /// A bank's row that is used up.
    NewMatchedRow, MatchedRowColumns, "matched_rows",
    bank_id: i16 => SmallInt, merchant_id: i64 => BigInt, fingerprint: String => Text,
    run_id: i64 => BigInt, business_date: i32 => Integer,
}

bulk_insert! {
    /// A reconciliation that is recorded for the first time.
    NewReconciliation, ReconciliationColumns, "reconciliations",
    id: i64 => BigInt, bank_id: i16 => SmallInt, merchant_id: i64 => BigInt,
    business_date: i32 => Integer, revision: i32 => Integer, state: i16 => SmallInt,
    covered_to: i32 => Integer,
    result_run: i64 => BigInt, result_hash: Vec<u8> => Binary, summary: String => Text,
    recorded_at: i64 => BigInt, recorded_by: i64 => BigInt,
}

type RowSql = (
    (BigInt, SmallInt, Text, BigInt, Integer, Integer, Integer),
    (Binary, Text, BigInt, BigInt, Nullable<BigInt>, BigInt, SmallInt),
);
type Row =
    ((i64, i16, String, i64, i32, i32, i32), (Vec<u8>, String, i64, i64, Option<i64>, i64, i16));

macro_rules! columns {
    () => {
        "SELECT r.id, r.bank_id, b.code, r.merchant_id, r.business_date, r.revision, r.covered_to,
                r.result_hash, r.summary, r.recorded_at, r.recorded_by, r.signed_at, r.result_run,
                r.state
         FROM reconciliations r JOIN banks b ON b.id = r.bank_id "
    };
}

statement! {
    both OfDay { bank: i16, merchant: i64, day: i32 } -> RowSql;
    (columns!()) "WHERE r.bank_id = " [bank: SmallInt] " AND r.merchant_id = " [merchant: BigInt]
    " AND r.business_date = " [day: Integer]
}

statement! {
    both ById { id: i64 } -> RowSql;
    (columns!()) "WHERE r.id = " [id: BigInt]
}

statement! {
    postgres LockById { id: i64 } -> RowSql;
    (columns!()) "WHERE r.id = " [id: BigInt] " FOR UPDATE OF r"
}

statement! {
    both ReconciliationsAfter {
        bank: Option<i16>, merchant: Option<i64>, day: Option<i32>, after: i64, most: i64,
    } -> RowSql;
    (columns!()) "WHERE r.id > " [after: BigInt]
    " AND (" [bank: Nullable<SmallInt>] " IS NULL OR r.bank_id = " [bank: Nullable<SmallInt>]
    ") AND (" [merchant: Nullable<BigInt>] " IS NULL OR r.merchant_id = "
    [merchant: Nullable<BigInt>]
    ") AND (" [day: Nullable<Integer>] " IS NULL OR r.business_date = " [day: Nullable<Integer>]
    ") ORDER BY r.id LIMIT " [most: BigInt]
}

statement! {
    both Renew {
        revision: i32, covered_to: i32, result_run: i64, result_hash: Vec<u8>, summary: String, now: i64,
        client: i64, id: i64,
    };
    "UPDATE reconciliations SET state = 1, revision = " [revision: Integer] ", covered_to = "
    [covered_to: Integer] ", result_run = " [result_run: BigInt] ", result_hash = " [result_hash: Binary] ", summary = " [summary: Text]
    ", recorded_at = " [now: BigInt] ", recorded_by = " [client: BigInt] " WHERE id = "
    [id: BigInt]
}

statement! {
    both CarriedOut { id: i64, revision: i32 };
    "UPDATE reconciliations SET state = 2 WHERE id = " [id: BigInt] " AND revision = "
    [revision: Integer]
}

statement! {
    both Sign { revision: i32, at: Option<i64>, by: Option<i64>, id: i64 };
    "UPDATE reconciliations SET revision = " [revision: Integer] ", signed_at = "
    [at: Nullable<BigInt>] ", signed_by = " [by: Nullable<BigInt>] " WHERE id = " [id: BigInt]
}

statement! {
    // The files of a day and of the days before it on which the same rows may stand.
    both FilesBetween { bank: i16, merchant: i64, from: i32, to: i32 } -> FileSql;
    "SELECT f.id, r.business_date, f.sha256, f.name, f.format, f.profile
     FROM reconciliations r
     JOIN reconciliation_files u ON u.reconciliation_id = r.id
     JOIN bank_files f ON f.id = u.file_id
     WHERE r.bank_id = " [bank: SmallInt] " AND r.merchant_id = " [merchant: BigInt]
    " AND r.business_date >= " [from: Integer] " AND r.business_date <= " [to: Integer]
    " ORDER BY f.id"
}

statement! {
    // The account is that of its statements, as far as they name it.
    both FileNames { reconciliation: i64 } -> (Text, Binary, Nullable<Text>);
    "SELECT f.name, f.sha256,
            (SELECT MAX(s.account) FROM bank_file_statements s WHERE s.file_id = f.id)
     FROM bank_files f
     JOIN reconciliation_files u ON u.file_id = f.id
     WHERE u.reconciliation_id = " [reconciliation: BigInt] " ORDER BY f.id"
}

statement! {
    both DropResults { run: i64, most: i64 };
    "DELETE FROM reconciliation_results WHERE run_id = " [run: BigInt]
    " AND (business_date, result_key) IN (
        SELECT business_date, result_key FROM reconciliation_results WHERE run_id = " [run: BigInt]
    " ORDER BY business_date, result_key LIMIT " [most: BigInt] ")"
}

statement! {
    both FilePart { file: i64, part: i32 } -> Binary;
    "SELECT content FROM bank_file_parts WHERE file_id = " [file: BigInt] " AND part = " [part: Integer]
}

statement! {
    both DropUsedRows { run: i64, most: i64 };
    "DELETE FROM matched_rows WHERE run_id = " [run: BigInt]
    " AND (bank_id, merchant_id, fingerprint) IN (
        SELECT bank_id, merchant_id, fingerprint FROM matched_rows WHERE run_id = " [run: BigInt]
    " LIMIT " [most: BigInt] ")"
}

statement! {
    // Rows of what is decided (3), or explained by several days' files together (4).
    both DecidedElsewhere { bank: i16, merchant: i64, day: i32, from: i32, to: i32 } -> Text;
    "SELECT x.fingerprint FROM reconciliations r
     JOIN exception_rows x ON x.reconciliation_id = r.id
     JOIN exceptions e ON e.id = x.exception_id
     WHERE r.bank_id = " [bank: SmallInt] " AND r.merchant_id = " [merchant: BigInt]
    " AND e.state >= 3 AND r.business_date <> " [day: Integer] " AND r.business_date >= "
    [from: Integer] " AND r.business_date <= " [to: Integer]
}

type ResultSql = (Integer, Text, Text, Nullable<BigInt>, Nullable<Text>, Text);

statement! {
    both ResultsAfter { run: i64, day: i32, key: String, most: i64 } -> ResultSql;
    "SELECT business_date, result_key, status, ledger_amount, bank_amount, detail
     FROM reconciliation_results
     WHERE run_id = " [run: BigInt] " AND (business_date > " [day: Integer]
    " OR (business_date = " [day: Integer] " AND result_key > " [key: Text] "))
     ORDER BY business_date, result_key LIMIT " [most: BigInt]
}

/// The states of a reconciliation's row.
pub(crate) const IN_WORK: i16 = 1;
const CARRIED_OUT: i16 = 2;
type FileSql = (BigInt, Integer, Binary, Text, Text, Nullable<Text>);
/// A kept file: id, the reconciliation's business date, hash, name, format as asked for, profile.
pub(crate) type FileRow = (i64, i32, Vec<u8>, String, String, Option<String>);
/// A file's name, hash, and the account that it names.
pub(crate) type FileName = (String, Vec<u8>, Option<String>);
/// A kept outcome: business date, key, status, ledger's and bank's amounts, detail as JSON.
pub(crate) type ResultRow = (i32, String, String, Option<i64>, Option<String>, String);

/// Whose reconciliation of a bank it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) bank: BankId,
    /// The merchant's account, or 0 for the bank's own.
    pub(crate) merchant: i64,
}

/// A reconciliation's row.
#[derive(Clone, Debug)]
pub(crate) struct ReconciliationRow {
    pub(crate) id: i64,
    pub(crate) view: View,
    pub(crate) bank_code: String,
    pub(crate) day: Date,
    pub(crate) revision: i32,
    pub(crate) covered_to: Date,
    /// What its outcomes are kept under.
    pub(crate) result_run: i64,
    pub(crate) result_hash: Vec<u8>,
    pub(crate) summary: String,
    pub(crate) recorded_at: i64,
    pub(crate) recorded_by: i64,
    pub(crate) signed_at: Option<i64>,
    /// Whether all that follows from its latest recording is written.
    pub(crate) is_carried_out: bool,
}

fn reconciliation(row: Row) -> Result<ReconciliationRow, StoreError> {
    let ((id, bank, bank_code, merchant, day, revision, covered_to), rest) = row;
    let (result_hash, summary, recorded_at, recorded_by, signed_at, result_run, state) = rest;
    let date = |number| {
        Date::from_number(number)
            .map_err(|error| StoreError::corrupt(format!("reconciliation {id}: {error}")))
    };
    Ok(ReconciliationRow {
        id,
        view: View { bank: BankId(bank), merchant },
        bank_code,
        day: date(day)?,
        revision,
        covered_to: date(covered_to)?,
        result_run,
        result_hash,
        summary,
        recorded_at,
        recorded_by,
        signed_at,
        is_carried_out: state == CARRIED_OUT,
    })
}

impl Connection {
    /// The reconciliation of a day.
    pub(crate) fn reconciliation_of(
        &mut self,
        View { bank, merchant }: View,
        day: Date,
    ) -> Result<Option<ReconciliationRow>, StoreError> {
        let row: Option<Row> =
            self.first(OfDay { bank: bank.0, merchant, day: day.as_number() })?;
        row.map(reconciliation).transpose()
    }

    /// A reconciliation.
    pub(crate) fn reconciliation(
        &mut self,
        id: i64,
    ) -> Result<Option<ReconciliationRow>, StoreError> {
        self.first::<_, Row>(ById { id })?.map(reconciliation).transpose()
    }

    /// A reconciliation, locked against other writers.
    pub(crate) fn lock_reconciliation(
        &mut self,
        id: i64,
    ) -> Result<Option<ReconciliationRow>, StoreError> {
        let rows: Vec<Row> = match self {
            Self::Sqlite(sqlite) => ById { id }.load(sqlite)?,
            Self::Postgres(postgres) => LockById { id }.load(postgres)?,
        };
        rows.into_iter().next().map(reconciliation).transpose()
    }

    /// A page of reconciliations, in the order of their ids.
    pub(crate) fn reconciliations(
        &mut self,
        (bank, merchant): (Option<BankId>, Option<i64>),
        day: Option<Date>,
        (after, most): (i64, i64),
    ) -> Result<Vec<ReconciliationRow>, StoreError> {
        let (bank, day) = (bank.map(|bank| bank.0), day.map(Date::as_number));
        let rows: Vec<Row> =
            self.load(ReconciliationsAfter { bank, merchant, day, after, most })?;
        rows.into_iter().map(reconciliation).collect()
    }

    /// Puts a new result in a reconciliation's row.
    pub(crate) fn renew_reconciliation(
        &mut self,
        row: &NewReconciliation,
    ) -> Result<(), StoreError> {
        self.execute(Renew {
            revision: row.revision,
            covered_to: row.covered_to,
            result_run: row.result_run,
            result_hash: row.result_hash.clone(),
            summary: row.summary.clone(),
            now: row.recorded_at,
            client: row.recorded_by,
            id: row.id,
        })
        .map(|_| ())
    }

    /// All that follows from a reconciliation's recording is written.
    pub(crate) fn recording_carried_out(
        &mut self,
        id: i64,
        revision: i32,
    ) -> Result<(), StoreError> {
        self.execute(CarriedOut { id, revision }).map(|_| ())
    }

    /// Signs a reconciliation off, or takes the signature away.
    pub(crate) fn sign_reconciliation(
        &mut self,
        (id, revision): (i64, i32),
        signature: Option<(i64, i64)>,
    ) -> Result<(), StoreError> {
        let (at, by) = (signature.map(|(at, _)| at), signature.map(|(_, by)| by));
        self.execute(Sign { revision, at, by, id }).map(|_| ())
    }

    /// The files that reconciliations of these days rest on, in the order in which they came.
    pub(crate) fn bank_files_between(
        &mut self,
        View { bank, merchant }: View,
        (from, to): (Date, Date),
    ) -> Result<Vec<FileRow>, StoreError> {
        let (from, to) = (from.as_number(), to.as_number());
        self.load(FilesBetween { bank: bank.0, merchant, from, to })
    }

    /// A part of a file's bytes; `None` behind the last one.
    pub(crate) fn file_part(
        &mut self,
        file: i64,
        part: i32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.first(FilePart { file, part })
    }

    /// The names and hashes of a reconciliation's files, and the account that each names.
    pub(crate) fn file_names(&mut self, reconciliation: i64) -> Result<Vec<FileName>, StoreError> {
        self.load(FileNames { reconciliation })
    }

    /// The rows that decisions about other days used up.
    pub(crate) fn rows_decided_elsewhere(
        &mut self,
        View { bank, merchant }: View,
        day: Date,
        (from, to): (Date, Date),
    ) -> Result<Vec<String>, StoreError> {
        let (day, from, to) = (day.as_number(), from.as_number(), to.as_number());
        let bank = bank.0;
        self.load(DecidedElsewhere { bank, merchant, day, from, to })
    }

    /// Takes away up to so many outcomes, and rows that are used up, of a recording that nothing refers to;
    /// whether there were any.
    pub(crate) fn drop_results(&mut self, run: i64, most: i64) -> Result<bool, StoreError> {
        let used = self.execute(DropUsedRows { run, most })?;
        Ok(self.execute(DropResults { run, most })? > 0 || used > 0)
    }

    /// A page of a recording's outcomes, after a business date and key.
    pub(crate) fn results_after(
        &mut self,
        run: i64,
        (day, key): (i32, String),
        most: i64,
    ) -> Result<Vec<ResultRow>, StoreError> {
        self.load(ResultsAfter { run, day, key, most })
    }
}
