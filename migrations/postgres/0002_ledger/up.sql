-- Money's way. Rows of a wallet are keyed by it and lie with it; nothing here but the keys is indexed,
-- and the hot tables carry no foreign keys: what they name was read under lock in the same transaction.

-- One positive amount from one account to another. Kinds: 1 funding, 2 credit, 3 redemption, 4 reversal,
-- 5 settlement, 6 sweep, 7 return, 8 adjustment. The anchor is the wallet, or the bank's or merchant's account.
-- The subject is what a transfer is about beside its accounts: a reversal's redemption, a credit's period.
CREATE TABLE transfers (
    id BIGINT NOT NULL,
    anchor_id BIGINT NOT NULL,
    debit_account BIGINT NOT NULL,
    credit_account BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    balance_after BIGINT,
    subject BIGINT,
    created_at BIGINT NOT NULL,
    business_date INTEGER NOT NULL,
    kind SMALLINT NOT NULL,
    CONSTRAINT transfers_pk PRIMARY KEY (id, anchor_id),
    CONSTRAINT transfers_amount CHECK (amount > 0),
    CONSTRAINT transfers_balance CHECK (balance_after >= 0),
    CONSTRAINT transfers_sides CHECK (debit_account <> credit_account),
    CONSTRAINT transfers_kind CHECK (kind BETWEEN 1 AND 8)
);

-- Every decided request of a shop, refused ones too; the row is the idempotency record. `refusal` 0 is approved.
CREATE TABLE redemptions (
    id BIGINT NOT NULL,
    wallet_id BIGINT NOT NULL,
    card_id BIGINT,
    merchant_id BIGINT NOT NULL,
    terminal_id BIGINT NOT NULL,
    amount BIGINT,
    refusal_ceiling BIGINT,
    created_at BIGINT NOT NULL,
    business_date INTEGER NOT NULL,
    policy_version INTEGER NOT NULL,
    issuer SMALLINT,
    acquirer SMALLINT NOT NULL,
    refusal SMALLINT NOT NULL,
    refusal_line SMALLINT,
    key_hash BYTEA NOT NULL,
    request_mac BYTEA NOT NULL,
    lines TEXT NOT NULL,
    CONSTRAINT redemptions_pk PRIMARY KEY (id, wallet_id),
    CONSTRAINT redemptions_key UNIQUE (wallet_id, merchant_id, key_hash),
    CONSTRAINT redemptions_approved CHECK (refusal <> 0 OR (amount > 0 AND card_id IS NOT NULL AND issuer IS NOT NULL))
);

-- A redemption is taken back once, whole.
CREATE TABLE reversals (
    redemption_id BIGINT NOT NULL,
    wallet_id BIGINT NOT NULL,
    transfer_id BIGINT NOT NULL,
    merchant_id BIGINT NOT NULL,
    acquirer SMALLINT NOT NULL,
    business_date INTEGER NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT reversals_pk PRIMARY KEY (redemption_id, wallet_id)
);
CREATE INDEX reversals_of_day ON reversals (acquirer, business_date, merchant_id);

-- A wallet is credited once for each period of a programme. A run goes by the wallets' ids, so that the key grows at its end.
CREATE TABLE credits (
    wallet_id BIGINT NOT NULL,
    programme SMALLINT NOT NULL,
    period INTEGER NOT NULL,
    transfer_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    CONSTRAINT credits_pk PRIMARY KEY (programme, period, wallet_id)
);

-- Status: 1 running, 2 completed, 3 failed. A run goes through the wallets by id up to `until_wallet`; those up to
-- `last_wallet` are credited, or in one of its parts.
CREATE TABLE credit_runs (
    id BIGINT NOT NULL,
    programme SMALLINT NOT NULL,
    period INTEGER NOT NULL,
    amount BIGINT NOT NULL,
    policy_version INTEGER NOT NULL,
    status SMALLINT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    last_wallet BIGINT NOT NULL,
    until_wallet BIGINT NOT NULL,
    CONSTRAINT credit_runs_pk PRIMARY KEY (id),
    CONSTRAINT credit_runs_amount CHECK (amount > 0),
    CONSTRAINT credit_runs_status CHECK (status BETWEEN 1 AND 3)
);
CREATE UNIQUE INDEX credit_runs_running ON credit_runs (programme, period) WHERE status = 1;

-- Status: 1 running, 2 completed, 3 refused for lack of funds.
CREATE TABLE credit_run_banks (
    run_id BIGINT NOT NULL,
    bank_id SMALLINT NOT NULL,
    status SMALLINT NOT NULL,
    needed BIGINT NOT NULL,
    available BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    credited BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT credit_run_banks_pk PRIMARY KEY (run_id, bank_id),
    CONSTRAINT credit_run_banks_run FOREIGN KEY (run_id) REFERENCES credit_runs (id),
    CONSTRAINT credit_run_banks_reserved CHECK (reserved >= 0)
);

-- Wallets that a run has taken in hand: those up to `until_wallet`, of which those up to `last_wallet` are credited.
-- A part that is done goes.
CREATE TABLE credit_run_parts (
    run_id BIGINT NOT NULL,
    until_wallet BIGINT NOT NULL,
    last_wallet BIGINT NOT NULL,
    CONSTRAINT credit_run_parts_pk PRIMARY KEY (run_id, until_wallet),
    CONSTRAINT credit_run_parts_run FOREIGN KEY (run_id) REFERENCES credit_runs (id)
);

-- Money that arrived at a bank; the bank's reference is used once.
CREATE TABLE fundings (
    bank_id SMALLINT NOT NULL,
    reference TEXT NOT NULL,
    transfer_id BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT fundings_pk PRIMARY KEY (bank_id, reference),
    CONSTRAINT fundings_bank FOREIGN KEY (bank_id) REFERENCES banks (id)
);

-- The idempotency records of everything that is no redemption; the answer is kept as it was sent.
CREATE TABLE idempotency_records (
    scope BIGINT NOT NULL,
    key_hash BYTEA NOT NULL,
    request_mac BYTEA NOT NULL,
    answer_status SMALLINT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT idempotency_records_pk PRIMARY KEY (scope, key_hash)
);

-- Every balance that was asked for and not told; nothing moved. The wallet is the merchant's account where no card has the number.
CREATE TABLE inquiries (
    id BIGINT NOT NULL,
    wallet_id BIGINT NOT NULL,
    card_id BIGINT,
    merchant_id BIGINT NOT NULL,
    terminal_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    issuer SMALLINT,
    acquirer SMALLINT NOT NULL,
    refusal SMALLINT NOT NULL,
    CONSTRAINT inquiries_pk PRIMARY KEY (id, wallet_id),
    CONSTRAINT inquiries_refused CHECK (refusal > 0)
);
CREATE INDEX inquiries_of_terminal ON inquiries (terminal_id, id);

-- Every wrong PIN by the terminal it was typed at, with the attempt's or the inquiry's id and the keyed hash of the card's number,
-- whether a card has it or not.
CREATE TABLE wrong_pins (
    terminal_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    number_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT wrong_pins_pk PRIMARY KEY (terminal_id, created_at, id)
);

-- Those that no card's tries count, by number: no card has it, or it has no PIN. What a wrong PIN changes of a card and its
-- wallet has its like here, so that all cost the same.
CREATE TABLE uncounted_pins (
    number_hash BYTEA NOT NULL,
    id BIGINT NOT NULL,
    CONSTRAINT uncounted_pins_pk PRIMARY KEY (number_hash, id)
);
