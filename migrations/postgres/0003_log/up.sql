-- The order of history, made by the sealer, and the banks' days.

-- The rows that one commit wrote: the ids from `id` to `last_id` that have the same node's bits. `log_start` is the place
-- of its first transfer in the log, given by the sealer; a batch without one is the unsealed tail.
-- It counts its rows: refused inquiries are among its ids, too.
CREATE TABLE batches (
    id BIGINT NOT NULL,
    anchor_id BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    log_start BIGINT,
    created_at BIGINT NOT NULL,
    transfers INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    inquiries INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT batches_pk PRIMARY KEY (id, anchor_id),
    CONSTRAINT batches_range CHECK (last_id > id AND transfers >= 0 AND attempts >= 0 AND inquiries >= 0)
);
CREATE INDEX batches_unsealed ON batches (id) WHERE log_start IS NULL;
-- From a place in the log to its batch.
CREATE INDEX batches_sealed ON batches (log_start) WHERE log_start IS NOT NULL;
-- An id usually gives its recorded time within a minute. Where it does not (a clock was wrong, a family's ids were ahead),
-- rows are found by time with this.
CREATE INDEX batches_astray ON batches (created_at) WHERE abs((id >> 22) + 1483228800000 - created_at) > 60000;

-- The leaf hashes of a batch's transfers in order of their ids, 32 bytes each.
CREATE TABLE batch_leaves (
    batch_id BIGINT NOT NULL,
    anchor_id BIGINT NOT NULL,
    leaves BYTEA NOT NULL,
    CONSTRAINT batch_leaves_pk PRIMARY KEY (batch_id, anchor_id)
);

-- One row: how many transfers have their place in the log. The sealer locks it first.
CREATE TABLE log_head (
    id SMALLINT NOT NULL,
    size BIGINT NOT NULL,
    sealed_at BIGINT NOT NULL,
    recorded_to BIGINT NOT NULL,
    CONSTRAINT log_head_pk PRIMARY KEY (id),
    CONSTRAINT log_head_one CHECK (id = 1)
);

-- Every size that the log had, and when it was sealed: neither ever goes back.
CREATE TABLE log_sizes (
    log_size BIGINT NOT NULL,
    sealed_at BIGINT NOT NULL,
    CONSTRAINT log_sizes_pk PRIMARY KEY (log_size)
);
CREATE INDEX log_sizes_by_time ON log_sizes (sealed_at, log_size);

-- When batches sealed together were recorded: those that begin at or after `log_start` and before the next row's.
-- `earliest` is the first of their times, `latest_before` the latest before them, `latest` the latest including them.
CREATE TABLE log_times (
    log_start BIGINT NOT NULL,
    earliest BIGINT NOT NULL,
    latest_before BIGINT NOT NULL,
    latest BIGINT NOT NULL,
    CONSTRAINT log_times_pk PRIMARY KEY (log_start)
);
CREATE INDEX log_times_latest ON log_times (latest, log_start);
-- Where recorded time went back by more than a minute.
CREATE INDEX log_times_back ON log_times (earliest, log_start) WHERE earliest < latest_before - 60000;

-- Every attempt at a shop in sealed order; a refused one has no place in the log.
CREATE TABLE attempt_log (
    merchant_id BIGINT NOT NULL,
    attempt_no BIGINT NOT NULL,
    log_position BIGINT,
    redemption_id BIGINT NOT NULL,
    wallet_id BIGINT NOT NULL,
    CONSTRAINT attempt_log_pk PRIMARY KEY (merchant_id, attempt_no)
);

-- The transfers of an account that are neither redemptions nor credits.
CREATE TABLE account_log (
    account_id BIGINT NOT NULL,
    log_position BIGINT NOT NULL,
    transfer_id BIGINT NOT NULL,
    anchor_id BIGINT NOT NULL,
    CONSTRAINT account_log_pk PRIMARY KEY (account_id, log_position)
);

-- A roll-up: a size of the log, at the end of a batch, up to which everything is summed up. Beside it the number of
-- sums that had changed since the roll-up before.
CREATE TABLE rollups (
    log_size BIGINT NOT NULL,
    sums INTEGER NOT NULL,
    CONSTRAINT rollups_pk PRIMARY KEY (log_size)
);

-- The totals debited and credited to an account up to a roll-up, if they changed since the previous one.
CREATE TABLE account_rollups (
    account_id BIGINT NOT NULL,
    log_size BIGINT NOT NULL,
    debit BIGINT NOT NULL,
    credit BIGINT NOT NULL,
    CONSTRAINT account_rollups_pk PRIMARY KEY (account_id, log_size)
);

-- The same for all wallets of a bank together: a single wallet has its balance.
CREATE TABLE wallet_rollups (
    bank_id SMALLINT NOT NULL,
    log_size BIGINT NOT NULL,
    debit BIGINT NOT NULL,
    credit BIGINT NOT NULL,
    CONSTRAINT wallet_rollups_pk PRIMARY KEY (bank_id, log_size)
);

-- A day that a bank closed. Status: 1 closing, until nothing can still be dated to it and all of it is sealed; 2 closed.
CREATE TABLE business_days (
    bank_id SMALLINT NOT NULL,
    business_date INTEGER NOT NULL,
    status SMALLINT NOT NULL,
    marked_at BIGINT NOT NULL,
    marked_by BIGINT NOT NULL,
    closed_at BIGINT,
    log_size BIGINT,
    CONSTRAINT business_days_pk PRIMARY KEY (bank_id, business_date),
    CONSTRAINT business_days_bank FOREIGN KEY (bank_id) REFERENCES banks (id),
    CONSTRAINT business_days_status CHECK (status BETWEEN 1 AND 2)
);
CREATE INDEX business_days_closing ON business_days (business_date, bank_id) WHERE status = 1;

-- Why a day was closed before its cut-off.
CREATE TABLE early_closes (
    bank_id SMALLINT NOT NULL,
    business_date INTEGER NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT early_closes_pk PRIMARY KEY (bank_id, business_date),
    CONSTRAINT early_closes_day FOREIGN KEY (bank_id, business_date) REFERENCES business_days (bank_id, business_date)
);

-- Why a marked day can't be closed yet, and how often that was tried. Deleted when the day is closed.
CREATE TABLE closing_troubles (
    bank_id SMALLINT NOT NULL,
    business_date INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    tried_at BIGINT NOT NULL,
    problem TEXT NOT NULL,
    CONSTRAINT closing_troubles_pk PRIMARY KEY (bank_id, business_date),
    CONSTRAINT closing_troubles_day FOREIGN KEY (bank_id, business_date) REFERENCES business_days (bank_id, business_date)
);

-- Where the purchases of an acquirer's day are in the log: the places where the first and the last batch with one begin.
CREATE TABLE day_spans (
    bank_id SMALLINT NOT NULL,
    business_date INTEGER NOT NULL,
    first_place BIGINT NOT NULL,
    last_place BIGINT NOT NULL,
    CONSTRAINT day_spans_pk PRIMARY KEY (bank_id, business_date),
    CONSTRAINT day_spans_order CHECK (first_place >= 0 AND last_place >= first_place)
);

-- What a bank owes a merchant for a closed day. `carried` is what the merchant owes of its settlements before, which this
-- one is set off against: the bank pays the rest, and what is left is carried into the next.
CREATE TABLE settlements (
    id BIGINT NOT NULL,
    bank_id SMALLINT NOT NULL,
    merchant_id BIGINT NOT NULL,
    business_date INTEGER NOT NULL,
    reference TEXT NOT NULL,
    redemptions INTEGER NOT NULL,
    reversals INTEGER NOT NULL,
    gross BIGINT NOT NULL,
    reversed BIGINT NOT NULL,
    carried BIGINT NOT NULL,
    CONSTRAINT settlements_pk PRIMARY KEY (id),
    CONSTRAINT settlements_of_day UNIQUE (bank_id, business_date, merchant_id),
    CONSTRAINT settlements_reference UNIQUE (reference),
    CONSTRAINT settlements_carried CHECK (carried >= 0),
    CONSTRAINT settlements_day FOREIGN KEY (bank_id, business_date) REFERENCES business_days (bank_id, business_date)
);
CREATE INDEX settlements_of_merchant ON settlements (merchant_id, bank_id, business_date);
CREATE INDEX settlements_left ON settlements (bank_id) WHERE carried > gross - reversed;

-- A settlement's parts by the bank that issued the cards; net may be negative after reversals.
CREATE TABLE settlement_issuers (
    settlement_id BIGINT NOT NULL,
    issuer SMALLINT NOT NULL,
    net BIGINT NOT NULL,
    CONSTRAINT settlement_issuers_pk PRIMARY KEY (settlement_id, issuer),
    CONSTRAINT settlement_issuers_settlement FOREIGN KEY (settlement_id) REFERENCES settlements (id)
);

-- The empty log: nothing was ever before it.
-- Time continues from the last recorded time. Where a clock far behind it was accepted, an era begins: what comes
-- after that size of the log may be dated before existing entries.
CREATE TABLE clock_eras (
    era_no INTEGER NOT NULL,
    began_at BIGINT NOT NULL,
    recorded_to BIGINT NOT NULL,
    log_size BIGINT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT clock_eras_pk PRIMARY KEY (era_no)
);

INSERT INTO log_head (id, size, sealed_at, recorded_to) VALUES (1, 0, 0, 0);
INSERT INTO log_sizes (log_size, sealed_at) VALUES (0, 0);
INSERT INTO rollups (log_size, sums) VALUES (0, 0);
