//! What is kept of bank files beside their bytes, what recordings were counted for, and whose accounts
//! statements are compared with.

use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::kept::{FileStatement, StatementSql};
use crate::store::statement::statement;

statement! {
    /// The next file, with its bank and the first day that rests on it.
    both NextFile { after: i64 } -> (BigInt, Text, Integer, Text, Nullable<Text>);
    "SELECT f.id, b.code, r.business_date, f.format, f.profile FROM bank_files f
     JOIN banks b ON b.id = f.bank_id
     JOIN reconciliation_files u ON u.file_id = f.id
     JOIN reconciliations r ON r.id = u.reconciliation_id
     WHERE f.id > " [after: BigInt] " ORDER BY f.id, r.business_date LIMIT 1"
}

statement! {
    both StatementsOfFile { file: i64 } -> (SmallInt, StatementSql);
    "SELECT parser, file_id, statement, layout, account, kind, opening, closing, number, page,
            period_to, last_day, line_count, is_repeat
     FROM bank_file_statements WHERE file_id = " [file: BigInt] " ORDER BY parser, statement"
}

statement! {
    both RowsOfFile { file: i64 } -> (SmallInt, Integer, Integer, Integer, Binary, Binary);
    "SELECT parser, statement, part, last_day, prints, content FROM bank_file_rows
     WHERE file_id = " [file: BigInt] " ORDER BY parser, statement, part"
}

statement! {
    /// Merchants' accounts beside those that their own files name; where one was given another account, its
    /// files may be of either, and its change says which it has.
    both AccountsAndFiles {} -> (BigInt, Nullable<Text>, Text);
    "SELECT f.merchant_id, a.account_number, s.account FROM bank_files f
     JOIN bank_file_statements s ON s.file_id = f.id
     LEFT JOIN merchant_accounts a ON a.merchant_id = f.merchant_id
     WHERE f.merchant_id <> 0 AND s.account IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM merchant_updates u
            WHERE u.merchant_id = f.merchant_id AND u.column_name = 'account_number')
     ORDER BY f.merchant_id, f.id"
}

/// A kept file: id, bank's code, business day, format, profile.
pub(crate) type KeptFileRow = (i64, String, i32, String, Option<String>);

/// Rows of a kept statement: parser, statement, part, last day, fingerprints, rows.
pub(crate) type KeptRows = (i16, i32, i32, i32, Vec<u8>, Vec<u8>);

streams! {
    /// Merchants' registered accounts, where there is one, each beside one that a file of theirs names.
    each_account_in_files: AccountsAndFiles -> (i64, Option<String>, String);
}

impl Connection {
    /// The kept file behind this one.
    pub(crate) fn next_file(&mut self, after: i64) -> Result<Option<KeptFileRow>, StoreError> {
        self.first(NextFile { after })
    }

    /// What is kept of a file's statements, each with the version of the parser that read it.
    pub(crate) fn statements_of_file(
        &mut self,
        file: i64,
    ) -> Result<Vec<FileStatement>, StoreError> {
        self.load(StatementsOfFile { file })
    }

    /// What is kept of a file's rows.
    pub(crate) fn each_kept_rows(
        &mut self,
        file: i64,
        each: &mut dyn FnMut(KeptRows) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.stream(RowsOfFile { file }, each)
    }
}

rules! {
    /// The rules of what recordings brought and, for each, the first row that breaks it.
    broken_counts;
    CountOfRecording: "recording_counts of reconciliation {}: its client recorded nothing then",
        "SELECT c.reconciliation_id FROM recording_counts c
         LEFT JOIN reconciliation_events v ON v.reconciliation_id = c.reconciliation_id
            AND v.revision = c.revision AND v.kind = 1 AND v.client_id = c.client_id
            AND v.created_at = c.created_at
         WHERE v.reconciliation_id IS NULL ORDER BY c.reconciliation_id LIMIT 1";
    RecordingUncounted: "reconciliations {}: a recording brought files and is not counted",
        "SELECT u.reconciliation_id FROM reconciliation_files u
         JOIN bank_files f ON f.id = u.file_id
         LEFT JOIN recording_counts c ON c.reconciliation_id = u.reconciliation_id
            AND c.created_at = f.received_at AND c.client_id = f.client_id
         WHERE c.reconciliation_id IS NULL ORDER BY u.reconciliation_id LIMIT 1";
    CountBytes: "recording_counts of reconciliation {}: it counts other bytes than its files have",
        "SELECT c.reconciliation_id FROM recording_counts c
         WHERE c.file_bytes <> COALESCE((SELECT CAST(SUM(length(p.content)) AS BIGINT)
                FROM reconciliation_files u
                JOIN bank_files f ON f.id = u.file_id AND f.received_at = c.created_at
                JOIN bank_file_parts p ON p.file_id = f.id
                WHERE u.reconciliation_id = c.reconciliation_id), 0)
         ORDER BY c.reconciliation_id LIMIT 1";
    // As the parser of that time read them.
    CountRows: "recording_counts of reconciliation {}: it counts other rows than its files have",
        "SELECT c.reconciliation_id FROM recording_counts c
         WHERE c.file_rows <> COALESCE((SELECT CAST(SUM(s.line_count) AS BIGINT)
                FROM reconciliation_files u
                JOIN bank_files f ON f.id = u.file_id AND f.received_at = c.created_at
                JOIN bank_file_statements s ON s.file_id = f.id
                WHERE u.reconciliation_id = c.reconciliation_id
                    AND s.parser = (SELECT MIN(o.parser) FROM bank_file_statements o
                        WHERE o.file_id = f.id)), 0)
         ORDER BY c.reconciliation_id LIMIT 1";
    // Outcomes of recordings before the last one are gone.
    CountExceptions: "recording_counts of reconciliation {}: it counts other differences than it left",
        "SELECT r.id FROM reconciliations r
         JOIN recording_counts c ON c.reconciliation_id = r.id AND c.created_at = r.recorded_at
         WHERE c.row_exceptions <> (SELECT COUNT(*) FROM reconciliation_results x
                WHERE x.run_id = r.result_run AND x.bank_amount IS NOT NULL
                    AND x.status NOT IN ('matched', 'matched_with_fee', 'pending_bank', 'out_of_scope'))
         ORDER BY r.id LIMIT 1";
    AccountMerchantThere: "merchant_accounts {}: there is no such merchant",
        "SELECT a.merchant_id FROM merchant_accounts a LEFT JOIN merchants m ON m.id = a.merchant_id
         WHERE m.id IS NULL ORDER BY a.merchant_id LIMIT 1";
    AccountFirst: "merchant_accounts {}: its client recorded nothing of the merchant's then",
        "SELECT a.merchant_id FROM merchant_accounts a
         WHERE a.client_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM reconciliations r
                JOIN reconciliation_events v ON v.reconciliation_id = r.id
                WHERE r.merchant_id = a.merchant_id AND v.kind = 1
                    AND v.client_id = a.client_id AND v.created_at = a.set_at)
         ORDER BY a.merchant_id LIMIT 1";
}
