-- The flow of money. A wallet's rows are keyed by it and stored together; only the keys are indexed here,
-- and the hot tables carry no foreign keys: what they name was read under lock in the same transaction.

-- One positive amount from one account to another. Kinds: 1 funding, 2 credit, 3 redemption, 4 reversal,
-- 5 settlement, 6 sweep, 7 return, 8 adjustment, 9 credit reversal. The anchor is the wallet, or the bank's or merchant's account.
-- The subject is what else a transfer refers to: a reversal's redemption, a credit's period, a return's
-- funding, a credit reversal's credit.
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
    CONSTRAINT transfers_kind CHECK (kind BETWEEN 1 AND 9)
);

-- Every decided request of a shop, including refused ones; the row is the idempotency record. `refusal` 0 is approved.
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

-- A redemption is reversed once, in full.
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

-- A wallet is credited once for each period of a programme: in round 1, and in a later one with what was taken back of
-- it. A run goes by the wallets' ids, so that the key grows at its end.
CREATE TABLE credits (
    wallet_id BIGINT NOT NULL,
    programme SMALLINT NOT NULL,
    round SMALLINT NOT NULL,
    period INTEGER NOT NULL,
    transfer_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    CONSTRAINT credits_pk PRIMARY KEY (programme, period, wallet_id, round),
    CONSTRAINT credits_round CHECK (round > 0)
);

-- Status: 1 running, 2 completed, 3 failed. A run goes through the wallets by id up to `until_wallet`; those up to
-- `last_wallet` are credited, or in one of its parts. Then it goes through those whose credits were taken back: up to
-- `topped_wallet` they have been given the rest. The clients that began it and agreed; NULL where it was begun outside the service.
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
    topped_wallet BIGINT NOT NULL,
    begun_by BIGINT,
    agreed_by BIGINT,
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

-- Wallets that a run is working on: those up to `until_wallet`, of which those up to `last_wallet` are credited.
-- A finished part is deleted.
CREATE TABLE credit_run_parts (
    run_id BIGINT NOT NULL,
    until_wallet BIGINT NOT NULL,
    last_wallet BIGINT NOT NULL,
    CONSTRAINT credit_run_parts_pk PRIMARY KEY (run_id, until_wallet),
    CONSTRAINT credit_run_parts_run FOREIGN KEY (run_id) REFERENCES credit_runs (id)
);

-- Money that arrived at a bank; the bank's reference is used once, however its letters are written: `folded` says which are
-- the same. The client that recorded it first, and the one that had to agree.
CREATE TABLE fundings (
    bank_id SMALLINT NOT NULL,
    folded TEXT NOT NULL,
    reference TEXT NOT NULL,
    transfer_id BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    recorded_by BIGINT NOT NULL,
    agreed_by BIGINT,
    CONSTRAINT fundings_pk PRIMARY KEY (bank_id, folded),
    CONSTRAINT fundings_transfer UNIQUE (transfer_id),
    CONSTRAINT fundings_amount CHECK (amount > 0),
    CONSTRAINT fundings_two CHECK (agreed_by <> recorded_by),
    CONSTRAINT fundings_bank FOREIGN KEY (bank_id) REFERENCES banks (id)
);

-- Money of a funding (its transfer) that was returned to its sender.
CREATE TABLE funding_returns (
    transfer_id BIGINT NOT NULL,
    funding_id BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    recorded_by BIGINT NOT NULL,
    agreed_by BIGINT,
    reason TEXT NOT NULL,
    CONSTRAINT funding_returns_pk PRIMARY KEY (transfer_id),
    CONSTRAINT funding_returns_funding FOREIGN KEY (funding_id) REFERENCES fundings (transfer_id),
    CONSTRAINT funding_returns_amount CHECK (amount > 0),
    CONSTRAINT funding_returns_two CHECK (agreed_by <> recorded_by)
);
CREATE INDEX funding_returns_of_funding ON funding_returns (funding_id);

-- Two people's decision that a run's credits are taken back as far as they are unspent. Status: 1 running, 2 completed.
-- It goes through the run's credits by their wallets; those up to `last_wallet` are done.
CREATE TABLE credit_run_reversals (
    id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    programme SMALLINT NOT NULL,
    period INTEGER NOT NULL,
    status SMALLINT NOT NULL,
    last_wallet BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    begun_by BIGINT NOT NULL,
    agreed_by BIGINT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT credit_run_reversals_pk PRIMARY KEY (id),
    CONSTRAINT credit_run_reversals_run FOREIGN KEY (run_id) REFERENCES credit_runs (id),
    CONSTRAINT credit_run_reversals_status CHECK (status BETWEEN 1 AND 2),
    CONSTRAINT credit_run_reversals_two CHECK (agreed_by <> begun_by)
);
CREATE UNIQUE INDEX credit_run_reversals_of_run ON credit_run_reversals (run_id);
CREATE UNIQUE INDEX credit_run_reversals_running ON credit_run_reversals (programme, period) WHERE status = 1;

-- A bank's part of it: families from whom something was taken back, how much, and how much they had already spent.
CREATE TABLE credit_run_reversal_banks (
    reversal_id BIGINT NOT NULL,
    bank_id SMALLINT NOT NULL,
    families BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    spent BIGINT NOT NULL,
    CONSTRAINT credit_run_reversal_banks_pk PRIMARY KEY (reversal_id, bank_id),
    CONSTRAINT credit_run_reversal_banks_reversal FOREIGN KEY (reversal_id) REFERENCES credit_run_reversals (id)
);

-- What was taken back of a credit, in its round.
CREATE TABLE credit_reversals (
    wallet_id BIGINT NOT NULL,
    programme SMALLINT NOT NULL,
    round SMALLINT NOT NULL,
    period INTEGER NOT NULL,
    reversal_id BIGINT NOT NULL,
    transfer_id BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT credit_reversals_pk PRIMARY KEY (programme, period, wallet_id, round, reversal_id),
    CONSTRAINT credit_reversals_amount CHECK (amount > 0)
);

-- What one client of the programme wants and another has to agree to. Kinds: 1 funding, 2 credit run, 3 return of a funding,
-- 4 reversal of a credit run. `subject` says what, and the same act has the same `subject_hash`; `stake` is how much money it
-- is about; `detail` is what an answer adds to it. State: 1 proposed, 2 carried out, 3 void: something about it had changed
-- before anybody agreed. `outcome` is the transfer, run or reversal that it became; `key_hash` the proposer's idempotency key.
CREATE TABLE proposals (
    id BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    subject TEXT NOT NULL,
    subject_hash BYTEA NOT NULL,
    stake BIGINT NOT NULL,
    detail TEXT NOT NULL,
    key_hash BYTEA,
    proposed_by BIGINT NOT NULL,
    proposed_at BIGINT NOT NULL,
    agreed_by BIGINT,
    agreed_at BIGINT,
    outcome BIGINT,
    CONSTRAINT proposals_pk PRIMARY KEY (id),
    CONSTRAINT proposals_kind CHECK (kind BETWEEN 1 AND 6),
    CONSTRAINT proposals_state CHECK (
        (state = 2 AND agreed_by IS NOT NULL AND agreed_at IS NOT NULL AND outcome IS NOT NULL)
        OR (state IN (1, 3) AND agreed_by IS NULL AND agreed_at IS NULL AND outcome IS NULL)
    ),
    CONSTRAINT proposals_two CHECK (agreed_by <> proposed_by)
);
CREATE UNIQUE INDEX proposals_waiting ON proposals (kind, subject_hash) WHERE state = 1;

-- The idempotency records of everything that is not a redemption; the answer is kept as it was sent.
CREATE TABLE idempotency_records (
    scope BIGINT NOT NULL,
    key_hash BYTEA NOT NULL,
    request_mac BYTEA NOT NULL,
    answer_status SMALLINT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT idempotency_records_pk PRIMARY KEY (scope, key_hash)
);

-- Every refused balance inquiry; nothing moved. The wallet is the merchant's account where no card has the number.
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

-- Wrong PINs that no card counts, by number: no card has it, or it has no PIN. A wrong PIN's changes to a card and its
-- wallet have a counterpart here, so that all cost the same.
CREATE TABLE uncounted_pins (
    number_hash BYTEA NOT NULL,
    id BIGINT NOT NULL,
    CONSTRAINT uncounted_pins_pk PRIMARY KEY (number_hash, id)
);
