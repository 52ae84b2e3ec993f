-- The flow of money. A wallet's rows are keyed by it and stored together; only the keys are indexed here.
-- Ids ascend with time, so that the tables grow at their end.

-- One positive amount from one account to another. Kinds: 1 funding, 2 credit, 3 redemption, 4 reversal,
-- 5 settlement, 6 sweep, 7 return, 8 adjustment, 9 credit reversal. The anchor is the wallet, or the bank's or merchant's account.
-- The subject is what else a transfer refers to: a reversal's redemption, a credit's period, a return's
-- funding, a credit reversal's credit.
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
    CONSTRAINT transfers_kind CHECK (kind BETWEEN 1 AND 9)
) STRICT;

-- Every decided request of a shop, including refused ones; the row is the idempotency record. `refusal` 0 is approved.
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

-- A redemption is reversed once, in full.
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

-- A wallet is credited once for each period of a programme: in round 1, and in a later one with what was taken back of
-- it. A run goes by the wallets' ids, so that the key grows at its end.
CREATE TABLE credits (
    wallet_id INTEGER NOT NULL,
    programme INTEGER NOT NULL,
    round INTEGER NOT NULL,
    period INTEGER NOT NULL,
    transfer_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    CONSTRAINT credits_pk PRIMARY KEY (programme, period, wallet_id, round),
    CONSTRAINT credits_round CHECK (round > 0)
) STRICT, WITHOUT ROWID;

-- Status: 1 running, 2 completed, 3 failed. A run goes through the wallets by id up to `until_wallet`; those up to
-- `last_wallet` are credited, or in one of its parts. Then it goes through those whose credits were taken back: up to
-- `topped_wallet` they have been given the rest. The clients that began it and agreed; NULL where it was begun outside the service.
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
    topped_wallet INTEGER NOT NULL,
    begun_by INTEGER,
    agreed_by INTEGER,
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

-- Wallets that a run is working on: those up to `until_wallet`, of which those up to `last_wallet` are credited.
-- A finished part is deleted.
CREATE TABLE credit_run_parts (
    run_id INTEGER NOT NULL,
    until_wallet INTEGER NOT NULL,
    last_wallet INTEGER NOT NULL,
    CONSTRAINT credit_run_parts_pk PRIMARY KEY (run_id, until_wallet),
    CONSTRAINT credit_run_parts_run FOREIGN KEY (run_id) REFERENCES credit_runs (id)
) STRICT, WITHOUT ROWID;

-- Money that arrived at a bank; the bank's reference is used once, however its letters are written: `folded` says which are
-- the same. The client that recorded it first, and the one that had to agree.
CREATE TABLE fundings (
    bank_id INTEGER NOT NULL,
    folded TEXT NOT NULL,
    reference TEXT NOT NULL,
    transfer_id INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    recorded_by INTEGER NOT NULL,
    agreed_by INTEGER,
    CONSTRAINT fundings_pk PRIMARY KEY (bank_id, folded),
    CONSTRAINT fundings_transfer UNIQUE (transfer_id),
    CONSTRAINT fundings_amount CHECK (amount > 0),
    CONSTRAINT fundings_two CHECK (agreed_by <> recorded_by),
    CONSTRAINT fundings_bank FOREIGN KEY (bank_id) REFERENCES banks (id)
) STRICT, WITHOUT ROWID;

-- Money of a funding (its transfer) that was returned to its sender.
CREATE TABLE funding_returns (
    transfer_id INTEGER NOT NULL PRIMARY KEY,
    funding_id INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    recorded_by INTEGER NOT NULL,
    agreed_by INTEGER,
    reason TEXT NOT NULL,
    CONSTRAINT funding_returns_funding FOREIGN KEY (funding_id) REFERENCES fundings (transfer_id),
    CONSTRAINT funding_returns_amount CHECK (amount > 0),
    CONSTRAINT funding_returns_two CHECK (agreed_by <> recorded_by)
) STRICT;
CREATE INDEX funding_returns_of_funding ON funding_returns (funding_id);

-- Two people's decision that a run's credits are taken back as far as they are unspent. Status: 1 running, 2 completed.
-- It goes through the run's credits by their wallets; those up to `last_wallet` are done.
CREATE TABLE credit_run_reversals (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    programme INTEGER NOT NULL,
    period INTEGER NOT NULL,
    status INTEGER NOT NULL,
    last_wallet INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    begun_by INTEGER NOT NULL,
    agreed_by INTEGER NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT credit_run_reversals_run FOREIGN KEY (run_id) REFERENCES credit_runs (id),
    CONSTRAINT credit_run_reversals_status CHECK (status BETWEEN 1 AND 2),
    CONSTRAINT credit_run_reversals_two CHECK (agreed_by <> begun_by)
) STRICT;
CREATE UNIQUE INDEX credit_run_reversals_of_run ON credit_run_reversals (run_id);
CREATE UNIQUE INDEX credit_run_reversals_running ON credit_run_reversals (programme, period) WHERE status = 1;

-- A bank's part of it: families from whom something was taken back, how much, and how much they had already spent.
CREATE TABLE credit_run_reversal_banks (
    reversal_id INTEGER NOT NULL,
    bank_id INTEGER NOT NULL,
    families INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    spent INTEGER NOT NULL,
    CONSTRAINT credit_run_reversal_banks_pk PRIMARY KEY (reversal_id, bank_id),
    CONSTRAINT credit_run_reversal_banks_reversal FOREIGN KEY (reversal_id) REFERENCES credit_run_reversals (id)
) STRICT, WITHOUT ROWID;

-- What was taken back of a credit, in its round.
CREATE TABLE credit_reversals (
    wallet_id INTEGER NOT NULL,
    programme INTEGER NOT NULL,
    round INTEGER NOT NULL,
    period INTEGER NOT NULL,
    reversal_id INTEGER NOT NULL,
    transfer_id INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    CONSTRAINT credit_reversals_pk PRIMARY KEY (programme, period, wallet_id, round, reversal_id),
    CONSTRAINT credit_reversals_amount CHECK (amount > 0)
) STRICT, WITHOUT ROWID;

-- What one client of the programme wants and another has to agree to. Kinds: 1 funding, 2 credit run, 3 return of a funding,
-- 4 reversal of a credit run. `subject` says what, and the same act has the same `subject_hash`; `stake` is how much money it
-- is about; `detail` is what an answer adds to it. State: 1 proposed, 2 carried out, 3 void: something about it had changed
-- before anybody agreed. `outcome` is the transfer, run or reversal that it became; `key_hash` the proposer's idempotency key.
CREATE TABLE proposals (
    id INTEGER NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    state INTEGER NOT NULL,
    subject TEXT NOT NULL,
    subject_hash BLOB NOT NULL,
    stake INTEGER NOT NULL,
    detail TEXT NOT NULL,
    key_hash BLOB,
    proposed_by INTEGER NOT NULL,
    proposed_at INTEGER NOT NULL,
    agreed_by INTEGER,
    agreed_at INTEGER,
    outcome INTEGER,
    CONSTRAINT proposals_kind CHECK (kind BETWEEN 1 AND 6),
    CONSTRAINT proposals_state CHECK (
        (state = 2 AND agreed_by IS NOT NULL AND agreed_at IS NOT NULL AND outcome IS NOT NULL)
        OR (state IN (1, 3) AND agreed_by IS NULL AND agreed_at IS NULL AND outcome IS NULL)
    ),
    CONSTRAINT proposals_two CHECK (agreed_by <> proposed_by)
) STRICT;
CREATE UNIQUE INDEX proposals_waiting ON proposals (kind, subject_hash) WHERE state = 1;

-- The idempotency records of everything that is not a redemption; the answer is kept as it was sent.
CREATE TABLE idempotency_records (
    scope INTEGER NOT NULL,
    key_hash BLOB NOT NULL,
    request_mac BLOB NOT NULL,
    answer_status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT idempotency_records_pk PRIMARY KEY (scope, key_hash)
) STRICT, WITHOUT ROWID;

-- Every refused balance inquiry; nothing moved. The wallet is the merchant's account where no card has the number.
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

-- Wrong PINs that no card counts, by number: no card has it, or it has no PIN. A wrong PIN's changes to a card and its
-- wallet have a counterpart here, so that all cost the same.
CREATE TABLE uncounted_pins (
    number_hash BLOB NOT NULL,
    id INTEGER NOT NULL,
    CONSTRAINT uncounted_pins_pk PRIMARY KEY (number_hash, id)
) STRICT, WITHOUT ROWID;
