-- Banks' files as they were received, and what they say about settlements. `merchant_id` 0: the bank's own view of all
-- its merchants; otherwise the account of the merchant that reconciles its own.

-- A file's bytes in parts, written before the file's row: parts without a file are left from a recording that failed.
CREATE TABLE bank_file_parts (
    file_id BIGINT NOT NULL,
    part INTEGER NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT bank_file_parts_pk PRIMARY KEY (file_id, part)
);

-- The evidence: a file is kept byte for byte, and everything else here can be derived from it anew.
CREATE TABLE bank_files (
    id BIGINT NOT NULL,
    bank_id SMALLINT NOT NULL,
    merchant_id BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    profile TEXT,
    client_id BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    CONSTRAINT bank_files_pk PRIMARY KEY (id),
    CONSTRAINT bank_files_hash UNIQUE (bank_id, merchant_id, sha256)
);

-- A business day against the bank's files. Each recording, signature and reopening raises the revision. States: 1 what follows from
-- the latest recording (payments, fees, differences) is being written, piece by piece; 2 all of it is.
CREATE TABLE reconciliations (
    id BIGINT NOT NULL,
    bank_id SMALLINT NOT NULL,
    merchant_id BIGINT NOT NULL,
    business_date INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    state SMALLINT NOT NULL,
    covered_to INTEGER NOT NULL,
    result_run BIGINT NOT NULL,
    result_hash BYTEA NOT NULL,
    summary TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    recorded_by BIGINT NOT NULL,
    signed_at BIGINT,
    signed_by BIGINT,
    CONSTRAINT reconciliations_pk PRIMARY KEY (id),
    CONSTRAINT reconciliations_day UNIQUE (bank_id, merchant_id, business_date),
    CONSTRAINT reconciliations_state CHECK (state BETWEEN 1 AND 2)
);

CREATE TABLE reconciliation_files (
    reconciliation_id BIGINT NOT NULL,
    file_id BIGINT NOT NULL,
    CONSTRAINT reconciliation_files_pk PRIMARY KEY (reconciliation_id, file_id),
    CONSTRAINT reconciliation_files_file FOREIGN KEY (file_id) REFERENCES bank_files (id)
);

-- The actions on a reconciliation, and their results. Kinds: 1 recorded, 2 signed off, 3 reopened. A recording keeps a hash
-- of the files that it brought, and one of all that it left behind: what the row says, its outcomes and used-up rows.
CREATE TABLE reconciliation_events (
    reconciliation_id BIGINT NOT NULL,
    revision INTEGER NOT NULL,
    kind SMALLINT NOT NULL,
    client_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    result_hash BYTEA NOT NULL,
    files_hash BYTEA,
    kept_hash BYTEA,
    reason TEXT NOT NULL,
    CONSTRAINT reconciliation_events_pk PRIMARY KEY (reconciliation_id, revision),
    CONSTRAINT reconciliation_events_kind CHECK (kind BETWEEN 1 AND 3)
);

-- The outcomes of the latest recording, which is the reconciliation's `result_run`; written before it, the previous ones are
-- deleted after it. Amounts of a bank may have sen and are kept as text.
CREATE TABLE reconciliation_results (
    run_id BIGINT NOT NULL,
    business_date INTEGER NOT NULL,
    result_key TEXT NOT NULL,
    status TEXT NOT NULL,
    ledger_amount BIGINT,
    bank_amount TEXT,
    detail TEXT NOT NULL,
    CONSTRAINT reconciliation_results_pk PRIMARY KEY (run_id, business_date, result_key)
);

-- A bank's row pays once: rows of what is closed, with the business day whose reconciliation used them. Like the outcomes they are
-- written before the recording, count as long as its `result_run` is theirs, and are deleted after the next one.
CREATE TABLE matched_rows (
    bank_id SMALLINT NOT NULL,
    merchant_id BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    run_id BIGINT NOT NULL,
    business_date INTEGER NOT NULL,
    CONSTRAINT matched_rows_pk PRIMARY KEY (bank_id, merchant_id, fingerprint, run_id)
);
CREATE INDEX matched_rows_of_run ON matched_rows (run_id);

-- A settlement is paid once: by the bank's files, or by a person's decision on a difference.
CREATE TABLE settlement_payments (
    settlement_id BIGINT NOT NULL,
    reconciliation_id BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    client_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT settlement_payments_pk PRIMARY KEY (settlement_id)
);

-- The transfers of a paid settlement, one for each issuer; a net below zero went the other way.
CREATE TABLE settlement_postings (
    settlement_id BIGINT NOT NULL,
    issuer SMALLINT NOT NULL,
    net BIGINT NOT NULL,
    transfer_id BIGINT NOT NULL,
    anchor_id BIGINT NOT NULL,
    CONSTRAINT settlement_postings_pk PRIMARY KEY (settlement_id, issuer),
    CONSTRAINT settlement_postings_payment FOREIGN KEY (settlement_id) REFERENCES settlement_payments (settlement_id)
);

-- A bank's row by which it took a fee is posted once and for good, whatever later recordings find.
CREATE TABLE fee_postings (
    bank_id SMALLINT NOT NULL,
    fingerprint TEXT NOT NULL,
    reconciliation_id BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    transfer_id BIGINT NOT NULL,
    anchor_id BIGINT NOT NULL,
    CONSTRAINT fee_postings_pk PRIMARY KEY (bank_id, fingerprint),
    CONSTRAINT fee_postings_amount CHECK (amount > 0)
);

-- Differences for a person. States: 1 open, 2 proposed (waits for a second person), 3 resolved, 4 cleared by a later file.
-- `lines` are the ledger's lines that it is about, one per line: key, settlement and amount. `events` is raised by each change.
CREATE TABLE exceptions (
    id BIGINT NOT NULL,
    reconciliation_id BIGINT NOT NULL,
    bank_id SMALLINT NOT NULL,
    merchant_id BIGINT NOT NULL,
    business_date INTEGER NOT NULL,
    result_key TEXT NOT NULL,
    status TEXT NOT NULL,
    ledger_amount BIGINT,
    bank_amount TEXT,
    detail TEXT NOT NULL,
    lines TEXT NOT NULL,
    state SMALLINT NOT NULL,
    found_at BIGINT NOT NULL,
    owner TEXT,
    resolution TEXT,
    decided_by BIGINT,
    events INTEGER NOT NULL,
    CONSTRAINT exceptions_pk PRIMARY KEY (id),
    CONSTRAINT exceptions_key UNIQUE (bank_id, merchant_id, business_date, result_key),
    CONSTRAINT exceptions_state CHECK (state BETWEEN 1 AND 4)
);
CREATE INDEX exceptions_open ON exceptions (reconciliation_id) WHERE state <= 2;

-- The events of a difference, the transfer that each posted to or from suspense, and the total rupiah that a decision moved.
CREATE TABLE exception_events (
    exception_id BIGINT NOT NULL,
    number INTEGER NOT NULL,
    event TEXT NOT NULL,
    client_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    note TEXT NOT NULL,
    transfer_id BIGINT,
    anchor_id BIGINT,
    amount BIGINT NOT NULL,
    CONSTRAINT exception_events_pk PRIMARY KEY (exception_id, number),
    CONSTRAINT exception_events_amount CHECK (amount >= 0)
);
CREATE INDEX exception_events_moved ON exception_events (client_id, created_at) WHERE amount > 0;

-- The bank's rows that a difference is about, each with the recording that saw it there last. What is decided, and what several
-- days' files explain together, uses them up. Amounts are signed, above zero what the bank paid.
CREATE TABLE exception_rows (
    exception_id BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    reconciliation_id BIGINT NOT NULL,
    amount TEXT NOT NULL,
    is_fee SMALLINT NOT NULL,
    CONSTRAINT exception_rows_pk PRIMARY KEY (exception_id, fingerprint),
    CONSTRAINT exception_rows_exception FOREIGN KEY (exception_id) REFERENCES exceptions (id),
    CONSTRAINT exception_rows_is_fee CHECK (is_fee BETWEEN 0 AND 1)
);
CREATE INDEX exception_rows_recording ON exception_rows (reconciliation_id);

-- What a recording added, limited per client and day: the files' bytes and rows, and the number of differences about rows.
CREATE TABLE recording_counts (
    client_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    reconciliation_id BIGINT NOT NULL,
    revision INTEGER NOT NULL,
    file_bytes BIGINT NOT NULL,
    file_rows BIGINT NOT NULL,
    row_exceptions BIGINT NOT NULL,
    CONSTRAINT recording_counts_pk PRIMARY KEY (client_id, created_at, reconciliation_id, revision)
);

-- The account of a merchant at its bank, with which its statements are compared: of the import (no client), or that of its first
-- recording, with the client that made it.
CREATE TABLE merchant_accounts (
    merchant_id BIGINT NOT NULL,
    account_number TEXT NOT NULL,
    client_id BIGINT,
    set_at BIGINT NOT NULL,
    CONSTRAINT merchant_accounts_pk PRIMARY KEY (merchant_id)
);

-- The contents of a kept file, so that it is not read again: its statements, and their rows in parts, as that parser version read
-- them. All but `is_repeat` can be derived again from the file's bytes. Amounts may have sen and are kept as text.
CREATE TABLE bank_file_statements (
    file_id BIGINT NOT NULL,
    parser SMALLINT NOT NULL,
    statement INTEGER NOT NULL,
    layout TEXT NOT NULL,
    account TEXT,
    kind SMALLINT NOT NULL,
    opening TEXT,
    closing TEXT,
    number BIGINT,
    page BIGINT,
    period_to INTEGER,
    last_day INTEGER,
    line_count INTEGER NOT NULL,
    is_repeat SMALLINT NOT NULL,
    CONSTRAINT bank_file_statements_pk PRIMARY KEY (file_id, parser, statement),
    CONSTRAINT bank_file_statements_kind CHECK (kind BETWEEN 1 AND 3),
    CONSTRAINT bank_file_statements_repeat CHECK (is_repeat BETWEEN 0 AND 1)
);

-- Rows of a statement, a few thousand in a part, with the last day that one of them was booked on: `prints` has their fingerprints,
-- 36 bytes each, `content` the rows as CSV.
CREATE TABLE bank_file_rows (
    file_id BIGINT NOT NULL,
    parser SMALLINT NOT NULL,
    statement INTEGER NOT NULL,
    part INTEGER NOT NULL,
    last_day INTEGER NOT NULL,
    prints BYTEA NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT bank_file_rows_pk PRIMARY KEY (file_id, parser, statement, part)
);

-- What is written once is never changed.
CREATE TRIGGER bank_files_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_files EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_file_parts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_file_parts EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reconciliation_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation_events EXECUTE FUNCTION refuse_change();
CREATE TRIGGER settlement_payments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement_payments EXECUTE FUNCTION refuse_change();
CREATE TRIGGER settlement_postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement_postings EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fee_postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fee_postings EXECUTE FUNCTION refuse_change();
CREATE TRIGGER exception_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exception_events EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_file_statements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_file_statements EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_file_rows_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_file_rows EXECUTE FUNCTION refuse_change();
CREATE TRIGGER recording_counts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recording_counts EXECUTE FUNCTION refuse_change();
