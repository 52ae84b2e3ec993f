-- Who takes part: banks, families, cards, shops, API clients, nodes, keys; and the rules with their dates.
-- Times are milliseconds since 1970 (UTC), dates the decimal number YYYYMMDD, periods YYYYMM, money whole rupiah.

CREATE TABLE banks (
    id INTEGER NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    clearing_code TEXT NOT NULL,
    account_number TEXT NOT NULL,
    cutoff_minute INTEGER NOT NULL,
    settlement_lag INTEGER NOT NULL,
    open_business_date INTEGER NOT NULL,
    holding_account INTEGER NOT NULL,
    unallocated_account INTEGER NOT NULL,
    suspense_account INTEGER NOT NULL,
    fees_account INTEGER NOT NULL,
    CONSTRAINT banks_code UNIQUE (code),
    CONSTRAINT banks_clearing_code UNIQUE (clearing_code),
    CONSTRAINT banks_cutoff CHECK (cutoff_minute BETWEEN 0 AND 1440),
    CONSTRAINT banks_lag CHECK (settlement_lag BETWEEN 0 AND 1)
) STRICT;

-- What a bank holds for families: received and not yet credited. `reserved` is promised to a credit run.
CREATE TABLE bank_funds (
    bank_id INTEGER NOT NULL PRIMARY KEY,
    unallocated INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    CONSTRAINT bank_funds_bank FOREIGN KEY (bank_id) REFERENCES banks (id),
    CONSTRAINT bank_funds_covered CHECK (reserved >= 0 AND unallocated >= reserved)
) STRICT;

-- All accounts share one id space. Kinds: 1 holding, 2 unallocated, 3 wallet, 4 payable, 5 suspense, 6 fees.
CREATE TABLE accounts (
    id INTEGER NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    bank_id INTEGER NOT NULL,
    CONSTRAINT accounts_kind CHECK (kind BETWEEN 1 AND 6)
) STRICT;

CREATE TABLE households (
    id INTEGER NOT NULL PRIMARY KEY,
    nik_hash BLOB NOT NULL,
    identity BLOB NOT NULL,
    region_code TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    CONSTRAINT households_nik UNIQUE (nik_hash)
) STRICT;

-- State: 1 open, 2 frozen, 3 closed.
CREATE TABLE wallets (
    id INTEGER NOT NULL PRIMARY KEY,
    household_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    bank_id INTEGER NOT NULL,
    state INTEGER NOT NULL,
    pseudonym BLOB NOT NULL,
    CONSTRAINT wallets_account FOREIGN KEY (id) REFERENCES accounts (id),
    CONSTRAINT wallets_household FOREIGN KEY (household_id) REFERENCES households (id),
    CONSTRAINT wallets_balance CHECK (balance >= 0),
    CONSTRAINT wallets_state CHECK (state BETWEEN 1 AND 3)
) STRICT;

-- A household's wallet, when its bank issues another card.
CREATE INDEX wallets_of_household ON wallets (household_id);

-- `issued_state` is the state in which the card was entered; later changes, except wrong PINs, are in `card_changes`.
CREATE TABLE cards (
    wallet_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    issued_state INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    state INTEGER NOT NULL,
    pin_tries INTEGER NOT NULL,
    pin_key_version INTEGER,
    first_six TEXT NOT NULL,
    last_four TEXT NOT NULL,
    pin_tag BLOB,
    pin_salt BLOB,
    CONSTRAINT cards_wallet FOREIGN KEY (wallet_id) REFERENCES wallets (id),
    CONSTRAINT cards_pk PRIMARY KEY (wallet_id, id),
    CONSTRAINT cards_state CHECK (state BETWEEN 1 AND 12),
    CONSTRAINT cards_tries CHECK (pin_tries BETWEEN 0 AND 3)
) STRICT, WITHOUT ROWID;

-- A bank's changes to a card, and why. (Wrong PINs change a card too: those of purchases are attempts.)
CREATE TABLE card_changes (
    wallet_id INTEGER NOT NULL,
    id INTEGER NOT NULL PRIMARY KEY,
    card_id INTEGER NOT NULL,
    client_id INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    from_state INTEGER NOT NULL,
    to_state INTEGER NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT card_changes_states CHECK (from_state BETWEEN 1 AND 12 AND to_state BETWEEN 1 AND 12)
) STRICT;

-- A card is written before its number; the number's wallet never changes. The seal is a keyed hash over the number's, the card,
-- its wallet, its shown digits, its last day and when it was entered.
CREATE TABLE card_numbers (
    number_hash BLOB NOT NULL,
    card_id INTEGER NOT NULL,
    wallet_id INTEGER NOT NULL,
    seal BLOB NOT NULL,
    CONSTRAINT card_numbers_pk PRIMARY KEY (number_hash)
) STRICT, WITHOUT ROWID;

-- A merchant's id is its payable account. Status, of terminals too: 1 active, 2 inactive, 3 suspended.
CREATE TABLE merchants (
    id INTEGER NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    region_code TEXT NOT NULL,
    bank_id INTEGER NOT NULL,
    zone INTEGER NOT NULL,
    price_zone INTEGER NOT NULL,
    status INTEGER NOT NULL,
    CONSTRAINT merchants_code UNIQUE (code),
    CONSTRAINT merchants_bank FOREIGN KEY (bank_id) REFERENCES banks (id),
    CONSTRAINT merchants_zone CHECK (zone BETWEEN 7 AND 9),
    CONSTRAINT merchants_status CHECK (status BETWEEN 1 AND 3)
) STRICT;

-- Changed values of a merchant's data, one row per column; the latest applies.
CREATE TABLE merchant_updates (
    id INTEGER NOT NULL PRIMARY KEY,
    merchant_id INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    column_name TEXT NOT NULL,
    old_value TEXT NOT NULL,
    new_value TEXT NOT NULL,
    CONSTRAINT merchant_updates_merchant FOREIGN KEY (merchant_id) REFERENCES merchants (id)
) STRICT;

CREATE TABLE terminals (
    id INTEGER NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    merchant_id INTEGER NOT NULL,
    status INTEGER NOT NULL,
    CONSTRAINT terminals_code UNIQUE (code),
    CONSTRAINT terminals_merchant FOREIGN KEY (merchant_id) REFERENCES merchants (id),
    CONSTRAINT terminals_status CHECK (status BETWEEN 1 AND 3)
) STRICT;

-- The few suspended terminals.
CREATE INDEX terminals_suspended ON terminals (id) WHERE status = 3;

-- A bank's changes to a merchant or a terminal, and why. If wrong PINs suspended a terminal, no client changed it; its
-- change has the id of the last of them.
CREATE TABLE merchant_changes (
    merchant_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    client_id INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    from_state INTEGER NOT NULL,
    to_state INTEGER NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT merchant_changes_pk PRIMARY KEY (merchant_id, changed_at, id),
    CONSTRAINT merchant_changes_merchant FOREIGN KEY (merchant_id) REFERENCES merchants (id),
    CONSTRAINT merchant_changes_states CHECK (from_state BETWEEN 1 AND 3 AND to_state BETWEEN 1 AND 3)
) STRICT, WITHOUT ROWID;

CREATE TABLE terminal_changes (
    terminal_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    client_id INTEGER,
    changed_at INTEGER NOT NULL,
    from_state INTEGER NOT NULL,
    to_state INTEGER NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT terminal_changes_pk PRIMARY KEY (terminal_id, changed_at, id),
    CONSTRAINT terminal_changes_terminal FOREIGN KEY (terminal_id) REFERENCES terminals (id),
    CONSTRAINT terminal_changes_states CHECK (from_state BETWEEN 1 AND 3 AND to_state BETWEEN 1 AND 3)
) STRICT, WITHOUT ROWID;

-- Roles: 1 merchant, 2 bank, 3 auditor, 4 programme.
CREATE TABLE clients (
    id INTEGER NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    role INTEGER NOT NULL,
    bank_id INTEGER,
    terminal_id INTEGER,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    CONSTRAINT clients_client_id UNIQUE (client_id),
    CONSTRAINT clients_bank FOREIGN KEY (bank_id) REFERENCES banks (id),
    CONSTRAINT clients_terminal FOREIGN KEY (terminal_id) REFERENCES terminals (id),
    CONSTRAINT clients_role CHECK (
        (role = 1 AND terminal_id IS NOT NULL AND bank_id IS NULL)
        OR (role = 2 AND bank_id IS NOT NULL AND terminal_id IS NULL)
        OR (role IN (3, 4) AND bank_id IS NULL AND terminal_id IS NULL)
    )
) STRICT;

-- A rule holds on its days, and for what is decided once it is known: history is judged by what was known then. Two
-- clients entered it (`proposals`), except for the initial rules; only its end ever changes.
CREATE TABLE policies (
    version INTEGER NOT NULL PRIMARY KEY,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,
    known_from INTEGER NOT NULL,
    monthly_amount INTEGER NOT NULL,
    proposal_id INTEGER,
    CONSTRAINT policies_amount CHECK (monthly_amount > 0)
) STRICT;

CREATE TABLE policy_goods (
    version INTEGER NOT NULL,
    commodity TEXT NOT NULL,
    grade TEXT NOT NULL,
    unit TEXT NOT NULL,
    decimals INTEGER NOT NULL,
    CONSTRAINT policy_goods_pk PRIMARY KEY (version, commodity, grade, unit),
    CONSTRAINT policy_goods_policy FOREIGN KEY (version) REFERENCES policies (version),
    CONSTRAINT policy_goods_decimals CHECK (decimals BETWEEN 0 AND 9)
) STRICT, WITHOUT ROWID;

CREATE TABLE price_ceilings (
    price_zone INTEGER NOT NULL,
    commodity TEXT NOT NULL,
    grade TEXT NOT NULL,
    unit TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,
    known_from INTEGER NOT NULL,
    price INTEGER NOT NULL,
    proposal_id INTEGER,
    CONSTRAINT price_ceilings_pk PRIMARY KEY (price_zone, commodity, grade, unit, valid_from, known_from),
    CONSTRAINT price_ceilings_price CHECK (price > 0)
) STRICT, WITHOUT ROWID;

-- One row; its revision grows with every change to what decides a purchase besides the wallet and its card: clients, terminals,
-- merchants, banks' days, rules. Lanes cache these until it grows.
CREATE TABLE registry_head (
    id INTEGER NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    CONSTRAINT registry_head_one CHECK (id = 1)
) STRICT;

-- One row: the serial of retrieval reference numbers, up to where nodes have taken it in blocks. It begins where all twelve
-- digits are used, since files lose leading zeros.
CREATE TABLE reference_head (
    id INTEGER NOT NULL PRIMARY KEY,
    next_serial INTEGER NOT NULL,
    CONSTRAINT reference_head_one CHECK (id = 1)
) STRICT;

-- A process that makes ids leases a number; it makes none above the high-water mark that it wrote. Leases go by the database's
-- time, where it has one.
CREATE TABLE nodes (
    node_no INTEGER NOT NULL PRIMARY KEY,
    holder BLOB,
    lease_until INTEGER NOT NULL,
    high_water INTEGER NOT NULL,
    CONSTRAINT nodes_number CHECK (node_no BETWEEN 0 AND 1023)
) STRICT;

CREATE TABLE key_records (
    version INTEGER NOT NULL PRIMARY KEY,
    key_id BLOB NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;

INSERT INTO registry_head (id, revision) VALUES (1, 1);
INSERT INTO reference_head (id, next_serial) VALUES (1, 100000000000);

-- The history of each of these rows, one record per change (NULL when it was deleted): `verify` compares the rows
-- with it, so that a change which bypassed the triggers is found. A new column has to be added to its table's view.
CREATE TABLE registry_changes (
    table_name TEXT NOT NULL,
    row_key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    content TEXT,
    CONSTRAINT registry_changes_pk PRIMARY KEY (table_name, row_key, revision)
) STRICT, WITHOUT ROWID;

CREATE VIEW banks_record AS
    SELECT id, CAST(id AS TEXT) AS row_key,
    json_object('id', id, 'code', code, 'name', name, 'clearing_code', clearing_code, 'account_number', account_number,
        'cutoff_minute', cutoff_minute, 'settlement_lag', settlement_lag,
        'open_business_date', open_business_date, 'holding_account', holding_account,
        'unallocated_account', unallocated_account, 'suspense_account', suspense_account,
        'fees_account', fees_account) AS content
    FROM banks;
CREATE VIEW merchants_record AS
    SELECT id, CAST(id AS TEXT) AS row_key,
    json_object('id', id, 'code', code, 'name', name, 'kind', kind, 'address', address, 'region_code', region_code,
        'bank_id', bank_id, 'zone', zone, 'price_zone', price_zone, 'status', status) AS content
    FROM merchants;
CREATE VIEW terminals_record AS
    SELECT id, CAST(id AS TEXT) AS row_key,
    json_object('id', id, 'code', code, 'merchant_id', merchant_id, 'status', status) AS content
    FROM terminals;
CREATE VIEW clients_record AS
    SELECT id, CAST(id AS TEXT) AS row_key,
    json_object('id', id, 'client_id', client_id, 'secret_hash', hex(secret_hash), 'role', role, 'bank_id', bank_id,
        'terminal_id', terminal_id, 'created_at', created_at, 'revoked_at', revoked_at) AS content
    FROM clients;
CREATE VIEW policies_record AS
    SELECT version, CAST(version AS TEXT) AS row_key,
    json_object('version', version, 'valid_from', valid_from, 'valid_to', valid_to, 'known_from', known_from,
        'monthly_amount', monthly_amount, 'proposal_id', proposal_id) AS content
    FROM policies;
CREATE VIEW policy_goods_record AS
    SELECT version, commodity, grade, unit, version || ' ' || commodity || ' ' || grade || ' ' || unit AS row_key,
    json_object('version', version, 'commodity', commodity, 'grade', grade, 'unit', unit, 'decimals', decimals) AS content
    FROM policy_goods;
CREATE VIEW price_ceilings_record AS
    SELECT price_zone, commodity, grade, unit, valid_from, known_from,
    price_zone || ' ' || commodity || ' ' || grade || ' ' || unit || ' ' || valid_from || ' ' || known_from AS row_key,
    json_object('price_zone', price_zone, 'commodity', commodity, 'grade', grade, 'unit', unit, 'valid_from', valid_from,
        'valid_to', valid_to, 'known_from', known_from, 'price', price, 'proposal_id', proposal_id) AS content
    FROM price_ceilings;
CREATE VIEW registry_rows AS
    SELECT 'banks' AS table_name, row_key, content FROM banks_record
    UNION ALL SELECT 'merchants' AS table_name, row_key, content FROM merchants_record
    UNION ALL SELECT 'terminals' AS table_name, row_key, content FROM terminals_record
    UNION ALL SELECT 'clients' AS table_name, row_key, content FROM clients_record
    UNION ALL SELECT 'policies' AS table_name, row_key, content FROM policies_record
    UNION ALL SELECT 'policy_goods' AS table_name, row_key, content FROM policy_goods_record
    UNION ALL SELECT 'price_ceilings' AS table_name, row_key, content FROM price_ceilings_record;

CREATE TRIGGER banks_raise_insert AFTER INSERT ON banks BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'banks', r.row_key, h.revision, r.content FROM banks_record r CROSS JOIN registry_head h WHERE r.id = NEW.id;
END;
CREATE TRIGGER banks_raise_update AFTER UPDATE ON banks BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'banks', r.row_key, h.revision, r.content FROM banks_record r CROSS JOIN registry_head h WHERE r.id = NEW.id;
END;
CREATE TRIGGER banks_raise_delete AFTER DELETE ON banks BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'banks', CAST(OLD.id AS TEXT), revision, NULL FROM registry_head;
END;
CREATE TRIGGER merchants_raise_insert AFTER INSERT ON merchants BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'merchants', r.row_key, h.revision, r.content FROM merchants_record r CROSS JOIN registry_head h WHERE r.id = NEW.id;
END;
CREATE TRIGGER merchants_raise_update AFTER UPDATE ON merchants BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'merchants', r.row_key, h.revision, r.content FROM merchants_record r CROSS JOIN registry_head h WHERE r.id = NEW.id;
END;
CREATE TRIGGER merchants_raise_delete AFTER DELETE ON merchants BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'merchants', CAST(OLD.id AS TEXT), revision, NULL FROM registry_head;
END;
CREATE TRIGGER terminals_raise_insert AFTER INSERT ON terminals BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'terminals', r.row_key, h.revision, r.content FROM terminals_record r CROSS JOIN registry_head h WHERE r.id = NEW.id;
END;
CREATE TRIGGER terminals_raise_update AFTER UPDATE ON terminals BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'terminals', r.row_key, h.revision, r.content FROM terminals_record r CROSS JOIN registry_head h WHERE r.id = NEW.id;
END;
CREATE TRIGGER terminals_raise_delete AFTER DELETE ON terminals BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'terminals', CAST(OLD.id AS TEXT), revision, NULL FROM registry_head;
END;
CREATE TRIGGER clients_raise_insert AFTER INSERT ON clients BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'clients', r.row_key, h.revision, r.content FROM clients_record r CROSS JOIN registry_head h WHERE r.id = NEW.id;
END;
CREATE TRIGGER clients_raise_update AFTER UPDATE ON clients BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'clients', r.row_key, h.revision, r.content FROM clients_record r CROSS JOIN registry_head h WHERE r.id = NEW.id;
END;
CREATE TRIGGER clients_raise_delete AFTER DELETE ON clients BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'clients', CAST(OLD.id AS TEXT), revision, NULL FROM registry_head;
END;
CREATE TRIGGER policies_raise_insert AFTER INSERT ON policies BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'policies', r.row_key, h.revision, r.content FROM policies_record r CROSS JOIN registry_head h WHERE r.version = NEW.version;
END;
CREATE TRIGGER policies_raise_update AFTER UPDATE ON policies BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'policies', r.row_key, h.revision, r.content FROM policies_record r CROSS JOIN registry_head h WHERE r.version = NEW.version;
END;
CREATE TRIGGER policies_raise_delete AFTER DELETE ON policies BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'policies', CAST(OLD.version AS TEXT), revision, NULL FROM registry_head;
END;
CREATE TRIGGER policy_goods_raise_insert AFTER INSERT ON policy_goods BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'policy_goods', r.row_key, h.revision, r.content FROM policy_goods_record r CROSS JOIN registry_head h WHERE r.version = NEW.version AND r.commodity = NEW.commodity AND r.grade = NEW.grade AND r.unit = NEW.unit;
END;
CREATE TRIGGER policy_goods_raise_update AFTER UPDATE ON policy_goods BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'policy_goods', r.row_key, h.revision, r.content FROM policy_goods_record r CROSS JOIN registry_head h WHERE r.version = NEW.version AND r.commodity = NEW.commodity AND r.grade = NEW.grade AND r.unit = NEW.unit;
END;
CREATE TRIGGER policy_goods_raise_delete AFTER DELETE ON policy_goods BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'policy_goods', OLD.version || ' ' || OLD.commodity || ' ' || OLD.grade || ' ' || OLD.unit, revision, NULL FROM registry_head;
END;
CREATE TRIGGER price_ceilings_raise_insert AFTER INSERT ON price_ceilings BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'price_ceilings', r.row_key, h.revision, r.content FROM price_ceilings_record r CROSS JOIN registry_head h WHERE r.price_zone = NEW.price_zone AND r.commodity = NEW.commodity AND r.grade = NEW.grade AND r.unit = NEW.unit AND r.valid_from = NEW.valid_from AND r.known_from = NEW.known_from;
END;
CREATE TRIGGER price_ceilings_raise_update AFTER UPDATE ON price_ceilings BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'price_ceilings', r.row_key, h.revision, r.content FROM price_ceilings_record r CROSS JOIN registry_head h WHERE r.price_zone = NEW.price_zone AND r.commodity = NEW.commodity AND r.grade = NEW.grade AND r.unit = NEW.unit AND r.valid_from = NEW.valid_from AND r.known_from = NEW.known_from;
END;
CREATE TRIGGER price_ceilings_raise_delete AFTER DELETE ON price_ceilings BEGIN
    UPDATE registry_head SET revision = revision + 1 WHERE id = 1;
    INSERT INTO registry_changes (table_name, row_key, revision, content)
        SELECT 'price_ceilings', OLD.price_zone || ' ' || OLD.commodity || ' ' || OLD.grade || ' ' || OLD.unit || ' ' || OLD.valid_from || ' ' || OLD.known_from, revision, NULL FROM registry_head;
END;
