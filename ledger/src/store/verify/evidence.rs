//! What recordings of bank files keep, each beside the hash that was kept of it.

use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

statement! {
    /// Every kept file with its parts in order.
    both FilesAndParts {} -> (BigInt, Binary, Nullable<BigInt>, Nullable<Binary>);
    "SELECT f.id, f.sha256, CAST(p.part AS BIGINT), p.content
     FROM bank_files f LEFT JOIN bank_file_parts p ON p.file_id = f.id ORDER BY f.id, p.part"
}

statement! {
    /// Each recording, then the files that came with it: reconciliation, when, 0 or 1, revision or file's
    /// id; the hash; name, format, profile.
    both RecordingsAndFiles {} -> (
        (BigInt, BigInt, BigInt, BigInt), Nullable<Binary>, (Text, Text, Nullable<Text>)
    );
    "SELECT reconciliation_id, created_at, CAST(0 AS BIGINT), CAST(revision AS BIGINT), files_hash,
            '', '', CAST(NULL AS TEXT)
     FROM reconciliation_events WHERE kind = 1
     UNION ALL
     SELECT u.reconciliation_id, f.received_at, CAST(1 AS BIGINT), f.id, f.sha256,
            f.name, f.format, f.profile
     FROM reconciliation_files u JOIN bank_files f ON f.id = u.file_id
     ORDER BY 1, 2, 3, 4"
}

statement! {
    /// Each reconciliation with the hash of its last recording, then its outcomes and its used-up rows.
    both ReconciliationsAndRows {} -> (
        (BigInt, BigInt, BigInt, Nullable<BigInt>), (Text, Text, Text, Nullable<Text>), Nullable<Binary>
    );
    "SELECT r.id, CAST(0 AS BIGINT), CAST(r.covered_to AS BIGINT), r.result_run, r.summary, '', '',
            CAST(NULL AS TEXT), v.kept_hash
     FROM reconciliations r
     LEFT JOIN (SELECT reconciliation_id, MAX(revision) AS revision FROM reconciliation_events
                WHERE kind = 1 GROUP BY reconciliation_id) m ON m.reconciliation_id = r.id
     LEFT JOIN reconciliation_events v
        ON v.reconciliation_id = m.reconciliation_id AND v.revision = m.revision
     UNION ALL
     SELECT r.id, CAST(1 AS BIGINT), CAST(x.business_date AS BIGINT), x.ledger_amount, x.result_key,
            x.status, x.detail, x.bank_amount, NULL
     FROM reconciliations r JOIN reconciliation_results x ON x.run_id = r.result_run
     UNION ALL
     SELECT r.id, CAST(2 AS BIGINT), CAST(0 AS BIGINT), CAST(NULL AS BIGINT), x.fingerprint,
            '', '', CAST(NULL AS TEXT), NULL
     FROM reconciliations r JOIN matched_rows x ON x.run_id = r.result_run
     ORDER BY 1, 2"
}

statement! {
    /// Each difference, then its events in order: exception, number (0 for itself); state or -1, when, how
    /// many events, by whom; its lines, decision and amount, or event and note.
    both ExceptionsAndEvents {} -> (
        (BigInt, BigInt, BigInt, BigInt, BigInt, Nullable<BigInt>), (Text, Text, Nullable<BigInt>)
    );
    "SELECT id, CAST(0 AS BIGINT), CAST(state AS BIGINT), found_at, CAST(events AS BIGINT), decided_by,
            lines, COALESCE(resolution, ''), ledger_amount
     FROM exceptions
     UNION ALL
     SELECT exception_id, CAST(number AS BIGINT), CAST(-1 AS BIGINT), created_at, CAST(0 AS BIGINT),
            client_id, event, note, CAST(NULL AS BIGINT)
     FROM exception_events
     ORDER BY 1, 2"
}

statement! {
    /// Each open difference with what the bank paid for it, beside each of its rows.
    both ExceptionsAndRows {} -> (BigInt, Nullable<Text>, Nullable<Text>);
    "SELECT e.id, e.bank_amount, y.amount FROM exceptions e
     LEFT JOIN exception_rows y ON y.exception_id = e.id
     WHERE e.state IN (1, 2) ORDER BY e.id"
}

/// An open difference, what the bank paid for it, and the amount of one of its rows.
pub(crate) type RowOfException = (i64, Option<String>, Option<String>);

/// A kept file, or a part of one.
pub(crate) type FilePartRow = (i64, Vec<u8>, Option<i64>, Option<Vec<u8>>);

/// A recording, or a file that came with it.
pub(crate) type RecordingRow =
    ((i64, i64, i64, i64), Option<Vec<u8>>, (String, String, Option<String>));

/// A reconciliation, one of its outcomes, or a row that it used up.
pub(crate) type ReconciledRow =
    ((i64, i64, i64, Option<i64>), (String, String, String, Option<String>), Option<Vec<u8>>);

/// A difference, or something that happened to it.
pub(crate) type ExceptionStep =
    ((i64, i64, i64, i64, i64, Option<i64>), (String, String, Option<i64>));

streams! {
    /// Every kept file with each of its parts.
    each_file_part: FilesAndParts -> FilePartRow;
    /// Every recording, followed by the files that came with it.
    each_recording: RecordingsAndFiles -> RecordingRow;
    /// Every reconciliation, followed by its outcomes and the rows that it used up.
    each_reconciled_row: ReconciliationsAndRows -> ReconciledRow;
    /// Every open difference with each of its rows.
    each_row_of_exceptions: ExceptionsAndRows -> RowOfException;
    /// Every difference, followed by what happened to it.
    each_exception_step: ExceptionsAndEvents -> ExceptionStep;
}

rules! {
    /// The rules of reconciliations and, for each, the first row that breaks it.
    broken_reconciliations;
    EventsOfReconciliation: "reconciliations {}: its revision is not the number of its events",
        "SELECT r.id FROM reconciliations r
         LEFT JOIN (SELECT reconciliation_id, COUNT(*) AS events, MIN(revision) AS lowest,
                MAX(revision) AS highest
            FROM reconciliation_events GROUP BY reconciliation_id) v ON v.reconciliation_id = r.id
         WHERE v.events IS NULL OR v.events <> r.revision OR v.lowest <> 1 OR v.highest <> r.revision
         ORDER BY r.id LIMIT 1";
    EventWithoutReconciliation: "reconciliation_events of {}: there is no such reconciliation",
        "SELECT v.reconciliation_id FROM reconciliation_events v
         LEFT JOIN reconciliations r ON r.id = v.reconciliation_id
         WHERE r.id IS NULL ORDER BY v.reconciliation_id LIMIT 1";
    LastRecording: "reconciliations {}: it was recorded otherwise",
        "SELECT r.id FROM reconciliations r
         LEFT JOIN (SELECT reconciliation_id, MAX(revision) AS revision FROM reconciliation_events
            WHERE kind = 1 GROUP BY reconciliation_id) m ON m.reconciliation_id = r.id
         LEFT JOIN reconciliation_events v
            ON v.reconciliation_id = m.reconciliation_id AND v.revision = m.revision
         WHERE v.reconciliation_id IS NULL OR v.result_hash <> r.result_hash
            OR v.created_at <> r.recorded_at OR v.client_id <> r.recorded_by
         ORDER BY r.id LIMIT 1";
    Signature: "reconciliations {}: it is signed otherwise than its events say, or by who recorded it",
        "SELECT r.id FROM reconciliations r
         LEFT JOIN reconciliation_events v ON v.reconciliation_id = r.id AND v.revision = r.revision
         WHERE COALESCE(r.signed_at, -1) <> CASE WHEN v.kind = 2 THEN v.created_at ELSE -1 END
            OR COALESCE(r.signed_by, -1) <> CASE WHEN v.kind = 2 THEN v.client_id ELSE -1 END
            OR r.signed_by = r.recorded_by OR (r.signed_at IS NOT NULL AND r.state <> 2)
         ORDER BY r.id LIMIT 1";
    EventOrder: "reconciliation_events of {}: one cannot come after the one before",
        "SELECT reconciliation_id FROM (
            SELECT reconciliation_id, kind, created_at, result_hash, files_hash, kept_hash, reason,
                LAG(kind) OVER w AS previous, LAG(created_at) OVER w AS earlier,
                LAG(result_hash) OVER w AS previous_hash
            FROM reconciliation_events WINDOW w AS (PARTITION BY reconciliation_id ORDER BY revision)
         ) x
         WHERE NOT CASE kind WHEN 1 THEN previous IS NULL OR previous <> 2
                WHEN 2 THEN previous IS NOT NULL AND previous <> 2
                ELSE previous IS NOT NULL AND previous = 2 END
            OR (created_at < earlier AND NOT EXISTS (SELECT 1 FROM clock_eras e
                WHERE e.began_at <= x.created_at AND e.recorded_to >= x.earlier))
            OR (kind <> 1 AND previous_hash <> result_hash)
            OR (kind = 1) <> (files_hash IS NOT NULL) OR (kind = 1) <> (kept_hash IS NOT NULL)
            OR (kind = 3) <> (reason <> '')
         ORDER BY reconciliation_id LIMIT 1";
    EventClient: "reconciliation_events of {}: its client does not act for the bank or the merchant",
        "SELECT v.reconciliation_id FROM reconciliation_events v
         JOIN reconciliations r ON r.id = v.reconciliation_id
         LEFT JOIN clients c ON c.id = v.client_id
         LEFT JOIN terminals t ON t.id = c.terminal_id
         WHERE c.id IS NULL
            OR (r.merchant_id = 0 AND (c.bank_id IS NULL OR c.bank_id <> r.bank_id))
            OR (r.merchant_id <> 0 AND (t.merchant_id IS NULL OR t.merchant_id <> r.merchant_id))
         ORDER BY v.reconciliation_id LIMIT 1";
    // Whatever is recorded next for a view goes on first with what is unfinished.
    Unfinished: "reconciliations {}: it is not carried out, and another day was recorded after it",
        "SELECT r.id FROM reconciliations r
         JOIN reconciliations o ON o.bank_id = r.bank_id AND o.merchant_id = r.merchant_id
            AND o.id <> r.id AND o.recorded_at > r.recorded_at
         WHERE r.state = 1 ORDER BY r.id LIMIT 1";
    FileUse: "bank_files {}: no reconciliation of its bank and merchant rests on it",
        "SELECT f.id FROM bank_files f
         LEFT JOIN reconciliation_files u ON u.file_id = f.id
         LEFT JOIN reconciliations r ON r.id = u.reconciliation_id AND r.bank_id = f.bank_id
            AND r.merchant_id = f.merchant_id
         WHERE r.id IS NULL ORDER BY f.id LIMIT 1";
    FileOfUse: "reconciliation_files of {}: the file is not there",
        "SELECT u.reconciliation_id FROM reconciliation_files u
         LEFT JOIN bank_files f ON f.id = u.file_id
         WHERE f.id IS NULL ORDER BY u.reconciliation_id LIMIT 1";
    FileClient: "bank_files {}: it came at a time or by a client that no recording names",
        "SELECT f.id FROM bank_files f
         JOIN reconciliation_files u ON u.file_id = f.id
         LEFT JOIN reconciliation_events v ON v.reconciliation_id = u.reconciliation_id
            AND v.kind = 1 AND v.created_at = f.received_at AND v.client_id = f.client_id
         GROUP BY f.id HAVING COUNT(v.reconciliation_id) = 0 ORDER BY f.id LIMIT 1";
    // Rows of a run that no reconciliation names were left behind, and count for nothing.
    UsedByAnother: "reconciliations {}: it used up a row of another bank, merchant or day",
        "SELECT r.id FROM reconciliations r
         JOIN matched_rows x ON x.run_id = r.result_run
         WHERE x.bank_id <> r.bank_id OR x.merchant_id <> r.merchant_id
            OR x.business_date <> r.business_date
         ORDER BY r.id LIMIT 1";
    ReconciledDay: "reconciliations {}: its bank has not closed that day",
        "SELECT r.id FROM reconciliations r
         LEFT JOIN business_days d ON d.bank_id = r.bank_id AND d.business_date = r.business_date
            AND d.status = 2
         WHERE d.bank_id IS NULL ORDER BY r.id LIMIT 1";
}

rules! {
    /// The rules of differences and, for each, the first row that breaks it.
    broken_exceptions;
    ExceptionReconciliation: "exceptions {}: its reconciliation is not there, or another bank's or merchant's",
        "SELECT e.id FROM exceptions e
         LEFT JOIN reconciliations r ON r.id = e.reconciliation_id AND r.bank_id = e.bank_id
            AND r.merchant_id = e.merchant_id
         WHERE r.id IS NULL ORDER BY e.id LIMIT 1";
    // What several recordings' files say of one difference is judged together, and no outcome has it.
    OpenException: "exceptions {}: it is open, and the last recording says something else of it",
        "SELECT e.id FROM exceptions e
         JOIN reconciliations r ON r.id = e.reconciliation_id
         LEFT JOIN reconciliation_results x ON x.run_id = r.result_run
            AND x.business_date = e.business_date AND x.result_key = e.result_key
         WHERE e.state IN (1, 2)
            AND e.lines NOT LIKE '%\n%'
            AND NOT EXISTS (SELECT 1 FROM exception_rows y
                WHERE y.exception_id = e.id AND y.reconciliation_id <> e.reconciliation_id)
            AND (x.run_id IS NULL OR x.status <> e.status OR x.detail <> e.detail
                OR COALESCE(x.ledger_amount, -1) <> COALESCE(e.ledger_amount, -1)
                OR COALESCE(x.bank_amount, '-') <> COALESCE(e.bank_amount, '-'))
         ORDER BY e.id LIMIT 1";
    ExceptionToldOf: "exceptions {}: its events tell another status or other amounts",
        "SELECT e.id FROM exceptions e
         JOIN (SELECT exception_id, MAX(number) AS number FROM exception_events
            WHERE event IN ('found', 'changed') GROUP BY exception_id) m ON m.exception_id = e.id
         JOIN exception_events v ON v.exception_id = m.exception_id AND v.number = m.number
         WHERE CASE WHEN v.event = 'found' THEN v.note <> e.status
            WHEN e.state = 4 THEN substr(v.note, 1, length(e.status) + 1) <> e.status || ' '
            ELSE v.note <> e.status || ' ' || COALESCE(CAST(e.ledger_amount AS TEXT), '-')
                || ' / ' || COALESCE(e.bank_amount, '-') END
         ORDER BY e.id LIMIT 1";
    ExceptionRowOf: "exception_rows of {}: no recording of its bank and merchant saw it",
        "SELECT y.exception_id FROM exception_rows y
         LEFT JOIN exceptions e ON e.id = y.exception_id
         LEFT JOIN reconciliations r ON r.id = y.reconciliation_id AND r.bank_id = e.bank_id
            AND r.merchant_id = e.merchant_id
         WHERE r.id IS NULL ORDER BY y.exception_id LIMIT 1";
    EventAmount: "exception_events of {}: it moved less than its transfer, or is no decision",
        "SELECT v.exception_id FROM exception_events v
         LEFT JOIN transfers t ON t.id = v.transfer_id AND t.anchor_id = v.anchor_id
         WHERE CASE WHEN v.event = 'resolved' THEN v.amount < COALESCE(t.amount, 0)
            ELSE v.amount <> 0 END
         ORDER BY v.exception_id LIMIT 1";
    ExceptionClient: "exception_events of {}: its client does not act for the bank or the merchant",
        "SELECT v.exception_id FROM exception_events v
         JOIN exceptions e ON e.id = v.exception_id
         LEFT JOIN clients c ON c.id = v.client_id
         LEFT JOIN terminals t ON t.id = c.terminal_id
         WHERE c.id IS NULL
            OR (e.merchant_id = 0 AND (c.bank_id IS NULL OR c.bank_id <> e.bank_id))
            OR (e.merchant_id <> 0 AND (t.merchant_id IS NULL OR t.merchant_id <> e.merchant_id))
         ORDER BY v.exception_id LIMIT 1";
    ExceptionTransfer: "exception_events of {}: its transfer is missing or says something else",
        "SELECT v.exception_id FROM exception_events v
         JOIN exceptions e ON e.id = v.exception_id
         JOIN banks b ON b.id = e.bank_id
         LEFT JOIN transfers t ON t.id = v.transfer_id AND t.anchor_id = v.anchor_id
         WHERE (v.transfer_id IS NULL) <> (v.anchor_id IS NULL)
            OR (v.transfer_id IS NOT NULL AND (t.id IS NULL OR t.kind <> 8
                OR COALESCE(t.subject, 0) <> v.exception_id OR t.created_at <> v.created_at
                OR b.suspense_account NOT IN (t.debit_account, t.credit_account)))
         ORDER BY v.exception_id LIMIT 1";
}
