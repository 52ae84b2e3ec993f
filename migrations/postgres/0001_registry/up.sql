-- Who takes part: banks, families, cards, shops, API clients, nodes, keys; and the rules with their dates.
-- Times are milliseconds since 1970 (UTC), dates the decimal number YYYYMMDD, periods YYYYMM, money whole rupiah.

CREATE TABLE banks (
    id SMALLINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    clearing_code TEXT NOT NULL,
    account_number TEXT NOT NULL,
    cutoff_minute SMALLINT NOT NULL,
    settlement_lag SMALLINT NOT NULL,
    open_business_date INTEGER NOT NULL,
    holding_account BIGINT NOT NULL,
    unallocated_account BIGINT NOT NULL,
    suspense_account BIGINT NOT NULL,
    fees_account BIGINT NOT NULL,
    CONSTRAINT banks_pk PRIMARY KEY (id),
    CONSTRAINT banks_code UNIQUE (code),
    CONSTRAINT banks_clearing_code UNIQUE (clearing_code),
    CONSTRAINT banks_cutoff CHECK (cutoff_minute BETWEEN 0 AND 1440),
    CONSTRAINT banks_lag CHECK (settlement_lag BETWEEN 0 AND 1)
);

-- What a bank holds for families: received and not yet credited. `reserved` is promised to a credit run.
CREATE TABLE bank_funds (
    bank_id SMALLINT NOT NULL,
    unallocated BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    CONSTRAINT bank_funds_pk PRIMARY KEY (bank_id),
    CONSTRAINT bank_funds_bank FOREIGN KEY (bank_id) REFERENCES banks (id),
    CONSTRAINT bank_funds_covered CHECK (reserved >= 0 AND unallocated >= reserved)
);

-- All accounts share one id space. Kinds: 1 holding, 2 unallocated, 3 wallet, 4 payable, 5 suspense, 6 fees.
CREATE TABLE accounts (
    id BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    bank_id SMALLINT NOT NULL,
    CONSTRAINT accounts_pk PRIMARY KEY (id),
    CONSTRAINT accounts_kind CHECK (kind BETWEEN 1 AND 6)
);

CREATE TABLE households (
    id BIGINT NOT NULL,
    nik_hash BYTEA NOT NULL,
    identity BYTEA NOT NULL,
    region_code TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    CONSTRAINT households_pk PRIMARY KEY (id),
    CONSTRAINT households_nik UNIQUE (nik_hash)
);

-- State: 1 open, 2 frozen, 3 closed. More than half of each page is left free, so that a month's new balances all stay
-- on it: beside the old rows and the pointers to them. What changes stands together, its constant bytes outside: less log.
CREATE TABLE wallets (
    id BIGINT NOT NULL,
    household_id BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    bank_id SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    pseudonym BYTEA NOT NULL,
    CONSTRAINT wallets_pk PRIMARY KEY (id),
    CONSTRAINT wallets_balance CHECK (balance >= 0),
    CONSTRAINT wallets_state CHECK (state BETWEEN 1 AND 3)
) WITH (fillfactor = 48);

-- A household's wallet, when its bank issues another card.
CREATE INDEX wallets_of_household ON wallets (household_id);

-- `issued_state` is the state in which the card was entered; later changes, except wrong PINs, are in `card_changes`.
CREATE TABLE cards (
    wallet_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    issued_state SMALLINT NOT NULL,
    expires INTEGER NOT NULL,
    state SMALLINT NOT NULL,
    pin_tries SMALLINT NOT NULL,
    pin_key_version SMALLINT,
    first_six TEXT NOT NULL,
    last_four TEXT NOT NULL,
    pin_tag BYTEA,
    pin_salt BYTEA,
    CONSTRAINT cards_pk PRIMARY KEY (wallet_id, id),
    CONSTRAINT cards_state CHECK (state BETWEEN 1 AND 12),
    CONSTRAINT cards_tries CHECK (pin_tries BETWEEN 0 AND 3)
) WITH (fillfactor = 90);

-- A bank's changes to a card, and why. (Wrong PINs change a card too: those of purchases are attempts.)
CREATE TABLE card_changes (
    wallet_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    client_id BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    from_state SMALLINT NOT NULL,
    to_state SMALLINT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT card_changes_pk PRIMARY KEY (wallet_id, id),
    CONSTRAINT card_changes_states CHECK (from_state BETWEEN 1 AND 12 AND to_state BETWEEN 1 AND 12)
);

-- A card is written before its number; the number's wallet never changes. The seal is a keyed hash over the number's, the card,
-- its wallet, its shown digits, its last day and when it was entered.
CREATE TABLE card_numbers (
    number_hash BYTEA NOT NULL,
    card_id BIGINT NOT NULL,
    wallet_id BIGINT NOT NULL,
    seal BYTEA NOT NULL,
    CONSTRAINT card_numbers_pk PRIMARY KEY (number_hash)
);

-- A merchant's id is its payable account. Status, of terminals too: 1 active, 2 inactive, 3 suspended.
CREATE TABLE merchants (
    id BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    region_code TEXT NOT NULL,
    bank_id SMALLINT NOT NULL,
    zone SMALLINT NOT NULL,
    price_zone SMALLINT NOT NULL,
    status SMALLINT NOT NULL,
    CONSTRAINT merchants_pk PRIMARY KEY (id),
    CONSTRAINT merchants_code UNIQUE (code),
    CONSTRAINT merchants_bank FOREIGN KEY (bank_id) REFERENCES banks (id),
    CONSTRAINT merchants_zone CHECK (zone BETWEEN 7 AND 9),
    CONSTRAINT merchants_status CHECK (status BETWEEN 1 AND 3)
);

-- Changed values of a merchant's data, one row per column; the latest applies.
CREATE TABLE merchant_updates (
    id BIGINT NOT NULL,
    merchant_id BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    column_name TEXT NOT NULL,
    old_value TEXT NOT NULL,
    new_value TEXT NOT NULL,
    CONSTRAINT merchant_updates_pk PRIMARY KEY (id),
    CONSTRAINT merchant_updates_merchant FOREIGN KEY (merchant_id) REFERENCES merchants (id)
);

CREATE TABLE terminals (
    id BIGINT NOT NULL,
    code TEXT NOT NULL,
    merchant_id BIGINT NOT NULL,
    status SMALLINT NOT NULL,
    CONSTRAINT terminals_pk PRIMARY KEY (id),
    CONSTRAINT terminals_code UNIQUE (code),
    CONSTRAINT terminals_merchant FOREIGN KEY (merchant_id) REFERENCES merchants (id),
    CONSTRAINT terminals_status CHECK (status BETWEEN 1 AND 3)
);

-- The few suspended terminals.
CREATE INDEX terminals_suspended ON terminals (id) WHERE status = 3;

-- A bank's changes to a merchant or a terminal, and why. If wrong PINs suspended a terminal, no client changed it; its
-- change has the id of the last of them.
CREATE TABLE merchant_changes (
    merchant_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    client_id BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    from_state SMALLINT NOT NULL,
    to_state SMALLINT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT merchant_changes_pk PRIMARY KEY (merchant_id, changed_at, id),
    CONSTRAINT merchant_changes_merchant FOREIGN KEY (merchant_id) REFERENCES merchants (id),
    CONSTRAINT merchant_changes_states CHECK (from_state BETWEEN 1 AND 3 AND to_state BETWEEN 1 AND 3)
);

CREATE TABLE terminal_changes (
    terminal_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    client_id BIGINT,
    changed_at BIGINT NOT NULL,
    from_state SMALLINT NOT NULL,
    to_state SMALLINT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT terminal_changes_pk PRIMARY KEY (terminal_id, changed_at, id),
    CONSTRAINT terminal_changes_terminal FOREIGN KEY (terminal_id) REFERENCES terminals (id),
    CONSTRAINT terminal_changes_states CHECK (from_state BETWEEN 1 AND 3 AND to_state BETWEEN 1 AND 3)
);

-- Roles: 1 merchant, 2 bank, 3 auditor, 4 programme.
CREATE TABLE clients (
    id BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    secret_hash BYTEA NOT NULL,
    role SMALLINT NOT NULL,
    bank_id SMALLINT,
    terminal_id BIGINT,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    CONSTRAINT clients_pk PRIMARY KEY (id),
    CONSTRAINT clients_client_id UNIQUE (client_id),
    CONSTRAINT clients_bank FOREIGN KEY (bank_id) REFERENCES banks (id),
    CONSTRAINT clients_terminal FOREIGN KEY (terminal_id) REFERENCES terminals (id),
    CONSTRAINT clients_role CHECK (
        (role = 1 AND terminal_id IS NOT NULL AND bank_id IS NULL)
        OR (role = 2 AND bank_id IS NOT NULL AND terminal_id IS NULL)
        OR (role IN (3, 4) AND bank_id IS NULL AND terminal_id IS NULL)
    )
);

-- A rule holds on its days, and for what is decided once it is known: history is judged by what was known then. Two
-- clients entered it (`proposals`), except for the initial rules; only its end ever changes.
CREATE TABLE policies (
    version INTEGER NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,
    known_from BIGINT NOT NULL,
    monthly_amount BIGINT NOT NULL,
    proposal_id BIGINT,
    CONSTRAINT policies_pk PRIMARY KEY (version),
    CONSTRAINT policies_amount CHECK (monthly_amount > 0)
);

CREATE TABLE policy_goods (
    version INTEGER NOT NULL,
    commodity TEXT NOT NULL,
    grade TEXT NOT NULL,
    unit TEXT NOT NULL,
    decimals SMALLINT NOT NULL,
    CONSTRAINT policy_goods_pk PRIMARY KEY (version, commodity, grade, unit),
    CONSTRAINT policy_goods_policy FOREIGN KEY (version) REFERENCES policies (version),
    CONSTRAINT policy_goods_decimals CHECK (decimals BETWEEN 0 AND 9)
);

CREATE TABLE price_ceilings (
    price_zone SMALLINT NOT NULL,
    commodity TEXT NOT NULL,
    grade TEXT NOT NULL,
    unit TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,
    known_from BIGINT NOT NULL,
    price BIGINT NOT NULL,
    proposal_id BIGINT,
    CONSTRAINT price_ceilings_pk PRIMARY KEY (price_zone, commodity, grade, unit, valid_from, known_from),
    CONSTRAINT price_ceilings_price CHECK (price > 0)
);

-- One row; its revision grows with every change to what decides a purchase besides the wallet and its card: clients, terminals,
-- merchants, banks' days, rules. Lanes cache these until it grows.
CREATE TABLE registry_head (
    id SMALLINT NOT NULL,
    revision INTEGER NOT NULL,
    CONSTRAINT registry_head_pk PRIMARY KEY (id),
    CONSTRAINT registry_head_one CHECK (id = 1)
);

-- One row: the serial of retrieval reference numbers, up to where nodes have taken it in blocks. It begins where all twelve
-- digits are used, since files lose leading zeros.
CREATE TABLE reference_head (
    id SMALLINT NOT NULL,
    next_serial BIGINT NOT NULL,
    CONSTRAINT reference_head_pk PRIMARY KEY (id),
    CONSTRAINT reference_head_one CHECK (id = 1)
);

-- A process that makes ids leases a number; it makes none above the high-water mark that it wrote. Leases go by the database's
-- time, where it has one.
CREATE TABLE nodes (
    node_no SMALLINT NOT NULL,
    holder BYTEA,
    lease_until BIGINT NOT NULL,
    high_water BIGINT NOT NULL,
    CONSTRAINT nodes_pk PRIMARY KEY (node_no),
    CONSTRAINT nodes_number CHECK (node_no BETWEEN 0 AND 1023)
);

CREATE TABLE key_records (
    version SMALLINT NOT NULL,
    key_id BYTEA NOT NULL,
    recorded_at BIGINT NOT NULL,
    CONSTRAINT key_records_pk PRIMARY KEY (version)
);

INSERT INTO registry_head (id, revision) VALUES (1, 1);
INSERT INTO reference_head (id, next_serial) VALUES (1, 100000000000);

-- The history of each of these rows, one record per change (NULL when it was deleted): `verify` compares the rows
-- with it, so that a change which bypassed the triggers is found.
CREATE TABLE registry_changes (
    table_name TEXT NOT NULL,
    row_key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    content TEXT,
    CONSTRAINT registry_changes_pk PRIMARY KEY (table_name, row_key, revision)
);

CREATE VIEW registry_rows AS
    SELECT 'banks' AS table_name, CAST(r.id AS TEXT) AS row_key, CAST(to_jsonb(r) AS TEXT) AS content FROM banks r
    UNION ALL SELECT 'merchants' AS table_name, CAST(r.id AS TEXT) AS row_key, CAST(to_jsonb(r) AS TEXT) AS content FROM merchants r
    UNION ALL SELECT 'terminals' AS table_name, CAST(r.id AS TEXT) AS row_key, CAST(to_jsonb(r) AS TEXT) AS content FROM terminals r
    UNION ALL SELECT 'clients' AS table_name, CAST(r.id AS TEXT) AS row_key, CAST(to_jsonb(r) AS TEXT) AS content FROM clients r
    UNION ALL SELECT 'policies' AS table_name, CAST(r.version AS TEXT) AS row_key, CAST(to_jsonb(r) AS TEXT) AS content FROM policies r
    UNION ALL SELECT 'policy_goods' AS table_name, r.version || ' ' || r.commodity || ' ' || r.grade || ' ' || r.unit AS row_key, CAST(to_jsonb(r) AS TEXT) AS content FROM policy_goods r
    UNION ALL SELECT 'price_ceilings' AS table_name, r.price_zone || ' ' || r.commodity || ' ' || r.grade || ' ' || r.unit || ' ' || r.valid_from || ' ' || r.known_from AS row_key, CAST(to_jsonb(r) AS TEXT) AS content FROM price_ceilings r;

-- Raises the revision and keeps what the changed rows say; the trigger's arguments are the columns of the key.
CREATE FUNCTION record_registry_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_at INTEGER;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM changed) THEN
        RETURN NULL;
    END IF;
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1 RETURNING revision INTO now_at;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
    SELECT TG_TABLE_NAME,
           (SELECT string_agg(to_jsonb(c) ->> k.name, ' ' ORDER BY k.place)
            FROM unnest(TG_ARGV) WITH ORDINALITY k (name, place)),
           now_at, CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE CAST(to_jsonb(c) AS TEXT) END
    FROM changed c;
    RETURN NULL;
END
$$;
CREATE TRIGGER banks_raise_insert AFTER INSERT ON banks REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER banks_raise_update AFTER UPDATE ON banks REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER banks_raise_delete AFTER DELETE ON banks REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER merchants_raise_insert AFTER INSERT ON merchants REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER merchants_raise_update AFTER UPDATE ON merchants REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER merchants_raise_delete AFTER DELETE ON merchants REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER terminals_raise_insert AFTER INSERT ON terminals REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER terminals_raise_update AFTER UPDATE ON terminals REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER terminals_raise_delete AFTER DELETE ON terminals REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER clients_raise_insert AFTER INSERT ON clients REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER clients_raise_update AFTER UPDATE ON clients REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER clients_raise_delete AFTER DELETE ON clients REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('id');
CREATE TRIGGER policies_raise_insert AFTER INSERT ON policies REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('version');
CREATE TRIGGER policies_raise_update AFTER UPDATE ON policies REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('version');
CREATE TRIGGER policies_raise_delete AFTER DELETE ON policies REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('version');
CREATE TRIGGER policy_goods_raise_insert AFTER INSERT ON policy_goods REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('version', 'commodity', 'grade', 'unit');
CREATE TRIGGER policy_goods_raise_update AFTER UPDATE ON policy_goods REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('version', 'commodity', 'grade', 'unit');
CREATE TRIGGER policy_goods_raise_delete AFTER DELETE ON policy_goods REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('version', 'commodity', 'grade', 'unit');
CREATE TRIGGER price_ceilings_raise_insert AFTER INSERT ON price_ceilings REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('price_zone', 'commodity', 'grade', 'unit', 'valid_from', 'known_from');
CREATE TRIGGER price_ceilings_raise_update AFTER UPDATE ON price_ceilings REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('price_zone', 'commodity', 'grade', 'unit', 'valid_from', 'known_from');
CREATE TRIGGER price_ceilings_raise_delete AFTER DELETE ON price_ceilings REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION record_registry_change('price_zone', 'commodity', 'grade', 'unit', 'valid_from', 'known_from');

-- The revision as it is when asked, not as the asking statement's snapshot has it.
CREATE FUNCTION registry_revision() RETURNS INTEGER LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (SELECT revision FROM registry_head WHERE id = 1);
END
$$;
