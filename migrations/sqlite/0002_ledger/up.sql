-- Money's way. Rows of a wallet are keyed by it and lie with it; nothing here but the keys is indexed.
-- Ids ascend with time, so that the tables grow at their end.

-- One positive amount from one account to another. Kinds: 1 funding, 2 credit, 3 redemption, 4 reversal,
-- 5 settlement, 6 sweep, 7 return, 8 adjustment. The anchor is the wallet, or the bank's or merchant's account.
-- The subject is what a transfer is about beside its accounts: a reversal's redemption, a credit's period.
CREATE TABLE transfers (
    id INTEGER NOT NULL PRIMARY KEY,
    anchor_id INTEGER NOT NULL,
    debit_account INTEGER NOT NULL,
    credit_account INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    balance_after INTEGER,
    subject INTEGER,
    created_at INTEGER NOT NULL,
    business_date INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    CONSTRAINT transfers_debit FOREIGN KEY (debit_account) REFERENCES accounts (id),
    CONSTRAINT transfers_credit FOREIGN KEY (credit_account) REFERENCES accounts (id),
    CONSTRAINT transfers_amount CHECK (amount > 0),
    CONSTRAINT transfers_balance CHECK (balance_after >= 0),
    CONSTRAINT transfers_sides CHECK (debit_account <> credit_account),
    CONSTRAINT transfers_kind CHECK (kind BETWEEN 1 AND 8)
) STRICT;

-- Every decided request of a shop, refused ones too; the row is the idempotency record. `refusal` 0 is approved.
CREATE TABLE redemptions (
    id INTEGER NOT NULL PRIMARY KEY,
    wallet_id INTEGER NOT NULL,
    card_id INTEGER,
    merchant_id INTEGER NOT NULL,
    terminal_id INTEGER NOT NULL,
    amount INTEGER,
    refusal_ceiling INTEGER,
    created_at INTEGER NOT NULL,
    business_date INTEGER NOT NULL,
    policy_version INTEGER NOT NULL,
    issuer INTEGER,
    acquirer INTEGER NOT NULL,
    refusal INTEGER NOT NULL,
    refusal_line INTEGER,
    key_hash BLOB NOT NULL,
    request_mac BLOB NOT NULL,
    lines TEXT NOT NULL,
    CONSTRAINT redemptions_account FOREIGN KEY (wallet_id) REFERENCES accounts (id),
    CONSTRAINT redemptions_terminal FOREIGN KEY (terminal_id) REFERENCES terminals (id),
    CONSTRAINT redemptions_key UNIQUE (wallet_id, merchant_id, key_hash),
    CONSTRAINT redemptions_approved CHECK (refusal <> 0 OR (amount > 0 AND card_id IS NOT NULL AND issuer IS NOT NULL))
) STRICT;

-- A redemption is taken back once, whole.
CREATE TABLE reversals (
    redemption_id INTEGER NOT NULL,
    wallet_id INTEGER NOT NULL,
    transfer_id INTEGER NOT NULL,
    merchant_id INTEGER NOT NULL,
    acquirer INTEGER NOT NULL,
    business_date INTEGER NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT reversals_pk PRIMARY KEY (redemption_id, wallet_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reversals_of_day ON reversals (acquirer, business_date, merchant_id);

-- A wallet is credited once for each period of a programme. A run goes by the wallets' ids, so that the key grows at its end.
CREATE TABLE credits (
    wallet_id INTEGER NOT NULL,
    programme INTEGER NOT NULL,
    period INTEGER NOT NULL,
    transfer_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    CONSTRAINT credits_pk PRIMARY KEY (programme, period, wallet_id)
) STRICT, WITHOUT ROWID;

-- Status: 1 running, 2 completed, 3 failed. A run goes through the wallets by id up to `until_wallet`; those up to
-- `last_wallet` are credited, or in one of its parts.
CREATE TABLE credit_runs (
    id INTEGER NOT NULL PRIMARY KEY,
    programme INTEGER NOT NULL,
    period INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    policy_version INTEGER NOT NULL,
    status INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    last_wallet INTEGER NOT NULL,
    until_wallet INTEGER NOT NULL,
    CONSTRAINT credit_runs_amount CHECK (amount > 0),
    CONSTRAINT credit_runs_status CHECK (status BETWEEN 1 AND 3)
) STRICT;
CREATE UNIQUE INDEX credit_runs_running ON credit_runs (programme, period) WHERE status = 1;

-- Status: 1 running, 2 completed, 3 refused for lack of funds.
CREATE TABLE credit_run_banks (
    run_id INTEGER NOT NULL,
    bank_id INTEGER NOT NULL,
    status INTEGER NOT NULL,
    needed INTEGER NOT NULL,
    available INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    credited INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    CONSTRAINT credit_run_banks_pk PRIMARY KEY (run_id, bank_id),
    CONSTRAINT credit_run_banks_run FOREIGN KEY (run_id) REFERENCES credit_runs (id),
    CONSTRAINT credit_run_banks_reserved CHECK (reserved >= 0)
) STRICT, WITHOUT ROWID;

-- Wallets that a run has taken in hand: those up to `until_wallet`, of which those up to `last_wallet` are credited.
-- A part that is done goes.
CREATE TABLE credit_run_parts (
    run_id INTEGER NOT NULL,
    until_wallet INTEGER NOT NULL,
    last_wallet INTEGER NOT NULL,
    CONSTRAINT credit_run_parts_pk PRIMARY KEY (run_id, until_wallet),
    CONSTRAINT credit_run_parts_run FOREIGN KEY (run_id) REFERENCES credit_runs (id)
) STRICT, WITHOUT ROWID;

-- Money that arrived at a bank; the bank's reference is used once.
CREATE TABLE fundings (
    bank_id INTEGER NOT NULL,
    reference TEXT NOT NULL,
    transfer_id INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    CONSTRAINT fundings_pk PRIMARY KEY (bank_id, reference),
    CONSTRAINT fundings_bank FOREIGN KEY (bank_id) REFERENCES banks (id)
) STRICT, WITHOUT ROWID;

-- The idempotency records of everything that is no redemption; the answer is kept as it was sent.
CREATE TABLE idempotency_records (
    scope INTEGER NOT NULL,
    key_hash BLOB NOT NULL,
    request_mac BLOB NOT NULL,
    answer_status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT idempotency_records_pk PRIMARY KEY (scope, key_hash)
) STRICT, WITHOUT ROWID;

-- Every balance that was asked for and not told; nothing moved. The wallet is the merchant's account where no card has the number.
CREATE TABLE inquiries (
    id INTEGER NOT NULL PRIMARY KEY,
    wallet_id INTEGER NOT NULL,
    card_id INTEGER,
    merchant_id INTEGER NOT NULL,
    terminal_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    issuer INTEGER,
    acquirer INTEGER NOT NULL,
    refusal INTEGER NOT NULL,
    CONSTRAINT inquiries_refused CHECK (refusal > 0)
) STRICT;
CREATE INDEX inquiries_of_terminal ON inquiries (terminal_id, id);

-- Every wrong PIN by the terminal it was typed at, with the attempt's or the inquiry's id and the keyed hash of the card's number,
-- whether a card has it or not.
CREATE TABLE wrong_pins (
    terminal_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    number_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT wrong_pins_pk PRIMARY KEY (terminal_id, created_at, id)
) STRICT, WITHOUT ROWID;

-- Those that no card's tries count, by number: no card has it, or it has no PIN. What a wrong PIN changes of a card and its
-- wallet has its like here, so that all cost the same.
CREATE TABLE uncounted_pins (
    number_hash BLOB NOT NULL,
    id INTEGER NOT NULL,
    CONSTRAINT uncounted_pins_pk PRIMARY KEY (number_hash, id)
) STRICT, WITHOUT ROWID;
