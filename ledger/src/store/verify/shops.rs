//! Shops and terminals against what was changed of them; refused inquiries and wrong PINs; and the
//! references that receipts carry.

use diesel::sql_types::{BigInt, Text};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

/// What changes are put in order by: their time, or, where time was set back once (only a database with one
/// writer has that), their ids alone.
macro_rules! time_of_change {
    () => {
        "CASE WHEN (SELECT COUNT(*) FROM clock_eras) = 0 THEN changed_at ELSE 0 END"
    };
}

/// Merchants or terminals whose status is not the state that their last change led to.
macro_rules! status_of_another_change {
    ($of:literal) => {
        concat!(
            "SELECT m.id FROM ",
            $of,
            "s m
             JOIN (SELECT ",
            $of,
            "_id AS subject, to_state, ROW_NUMBER() OVER (
                    PARTITION BY ",
            $of,
            "_id ORDER BY ",
            time_of_change!(),
            " DESC, id DESC) AS place
                FROM ",
            $of,
            "_changes) c ON c.subject = m.id AND c.place = 1
             WHERE c.to_state <> m.status ORDER BY m.id LIMIT 1"
        )
    };
}

/// Merchants or terminals that are suspended without a change.
macro_rules! suspended_without_change {
    ($of:literal) => {
        concat!(
            "SELECT m.id FROM ",
            $of,
            "s m LEFT JOIN ",
            $of,
            "_changes c ON c.",
            $of,
            "_id = m.id
             WHERE m.status = 3 AND c.id IS NULL ORDER BY m.id LIMIT 1"
        )
    };
}

/// Changes that do not begin with the state in which the one before ended, or lead nowhere, or are dated before it.
macro_rules! changes_out_of_order {
    ($of:literal) => {
        concat!(
            "SELECT subject FROM (
                SELECT ",
            $of,
            "_id AS subject, from_state, to_state, changed_at,
                    LAG(to_state) OVER w AS before, LAG(changed_at) OVER w AS earlier
                FROM ",
            $of,
            "_changes
                WINDOW w AS (PARTITION BY ",
            $of,
            "_id ORDER BY ",
            time_of_change!(),
            ", id)
             ) x WHERE before <> from_state OR from_state = to_state
                OR (changed_at < earlier AND NOT EXISTS (SELECT 1 FROM clock_eras e
                    WHERE e.began_at <= x.changed_at AND e.recorded_to >= x.earlier))
             ORDER BY subject LIMIT 1"
        )
    };
}

/// First changes that do not begin with the status that was registered.
macro_rules! first_change_of_another_state {
    ($of:literal) => {
        concat!(
            "SELECT x.subject FROM (
                SELECT ",
            $of,
            "_id AS subject, from_state, ROW_NUMBER() OVER (
                    PARTITION BY ",
            $of,
            "_id ORDER BY ",
            time_of_change!(),
            ", id) AS place
                FROM ",
            $of,
            "_changes) x
             JOIN registry_changes c ON c.table_name = '",
            $of,
            "s' AND c.row_key = CAST(x.subject AS TEXT)
             WHERE x.place = 1 AND c.revision = (SELECT MIN(r.revision) FROM registry_changes r
                    WHERE r.table_name = c.table_name AND r.row_key = c.row_key)
                AND c.content NOT LIKE '%\"status\":' || CAST(x.from_state AS TEXT) || '%'
                AND c.content NOT LIKE '%\"status\": ' || CAST(x.from_state AS TEXT) || '%'
             ORDER BY x.subject LIMIT 1"
        )
    };
}

rules! {
    /// The rules of merchants' and terminals' changes and, for each, the first row that breaks it.
    broken_shops;
    MerchantStatus: "merchants {}: its status is not what its last change made it",
        (status_of_another_change!("merchant"));
    TerminalStatus: "terminals {}: its status is not what its last change made it",
        (status_of_another_change!("terminal"));
    TerminalUnchanged: "terminals {}: it is suspended, and nothing changed it",
        (suspended_without_change!("terminal"));
    MerchantUnchanged: "merchants {}: it is suspended, and nothing changed it",
        (suspended_without_change!("merchant"));
    MerchantChangeOrder: "merchant_changes of {}: one does not begin where the one before ended",
        (changes_out_of_order!("merchant"));
    MerchantChangeFirst: "merchant_changes of {}: the first does not begin with what was registered",
        (first_change_of_another_state!("merchant"));
    TerminalChangeOrder: "terminal_changes of {}: one does not begin where the one before ended",
        (changes_out_of_order!("terminal"));
    TerminalChangeFirst: "terminal_changes of {}: the first does not begin with what was registered",
        (first_change_of_another_state!("terminal"));
    MerchantChangeClient: "merchant_changes of {}: its client does not act for the merchant's bank",
        "SELECT v.merchant_id FROM merchant_changes v
         LEFT JOIN merchants m ON m.id = v.merchant_id
         LEFT JOIN clients c ON c.id = v.client_id AND c.bank_id = m.bank_id
         WHERE c.id IS NULL ORDER BY v.merchant_id LIMIT 1";
    // Without a client it was a wrong PIN, whose id the change has.
    TerminalChangeClient: "terminal_changes of {}: neither a client of its bank nor a wrong PIN made it",
        "SELECT v.terminal_id FROM terminal_changes v
         LEFT JOIN terminals t ON t.id = v.terminal_id
         LEFT JOIN merchants m ON m.id = t.merchant_id
         LEFT JOIN clients c ON c.id = v.client_id AND c.bank_id = m.bank_id
         LEFT JOIN wrong_pins p ON p.terminal_id = v.terminal_id AND p.created_at = v.changed_at
            AND p.id = v.id
         WHERE CASE WHEN v.client_id IS NULL THEN p.id IS NULL OR v.to_state <> 3
            ELSE c.id IS NULL END
         ORDER BY v.terminal_id LIMIT 1";
    MerchantUpdateOrder: "merchant_updates {}: it does not begin with what stood there",
        "SELECT id FROM (
            SELECT id, old_value, new_value, changed_at, LAG(new_value) OVER w AS before,
                LAG(changed_at) OVER w AS earlier
            FROM merchant_updates WINDOW w AS (PARTITION BY merchant_id, column_name ORDER BY
                CASE WHEN (SELECT COUNT(*) FROM clock_eras) = 0 THEN changed_at ELSE 0 END, id)
         ) x WHERE before <> old_value OR old_value = new_value
            OR (changed_at < earlier AND NOT EXISTS (SELECT 1 FROM clock_eras e
                WHERE e.began_at <= x.changed_at AND e.recorded_to >= x.earlier))
         ORDER BY id LIMIT 1";
    // Zones stand there as numbers, and letters that JSON writes otherwise are passed over.
    MerchantUpdateFirst: "merchant_updates {}: the first does not begin with what was registered",
        "SELECT x.id FROM (
            SELECT id, merchant_id, column_name, old_value, ROW_NUMBER() OVER (
                PARTITION BY merchant_id, column_name ORDER BY
                CASE WHEN (SELECT COUNT(*) FROM clock_eras) = 0 THEN changed_at ELSE 0 END, id) AS place
            FROM merchant_updates) x
         JOIN registry_changes c ON c.table_name = 'merchants'
            AND c.row_key = CAST(x.merchant_id AS TEXT)
         WHERE x.place = 1 AND x.column_name NOT IN ('zone', 'account_number') AND x.old_value NOT LIKE '%\"%'
            AND c.revision = (SELECT MIN(r.revision) FROM registry_changes r
                WHERE r.table_name = c.table_name AND r.row_key = c.row_key)
            AND c.content NOT LIKE '%' || x.old_value || '%'
         ORDER BY x.id LIMIT 1";
    MerchantUpdated: "merchant_updates {}: the merchant has not what it was given last",
        "SELECT id FROM (
            SELECT u.id, u.new_value, m.id AS merchant, CASE u.column_name
                    WHEN 'name' THEN m.name WHEN 'kind' THEN m.kind WHEN 'address' THEN m.address
                    WHEN 'region_code' THEN m.region_code
                    WHEN 'account_number' THEN a.account_number
                    WHEN 'zone' THEN '+0' || CAST(m.zone AS TEXT) || ':00'
                    WHEN 'price_zone' THEN CAST(m.price_zone AS TEXT) END AS stands,
                LEAD(u.id) OVER (PARTITION BY u.merchant_id, u.column_name
                    ORDER BY CASE WHEN (SELECT COUNT(*) FROM clock_eras) = 0 THEN u.changed_at ELSE 0 END,
                        u.id) AS next
            FROM merchant_updates u LEFT JOIN merchants m ON m.id = u.merchant_id
            LEFT JOIN merchant_accounts a ON a.merchant_id = u.merchant_id
         ) x WHERE merchant IS NULL OR stands IS NULL OR (next IS NULL AND stands <> new_value)
         ORDER BY id LIMIT 1";
}

rules! {
    /// The rules of refused inquiries and, for each, the first row that breaks it.
    broken_inquiries;
    InquiryBatch: "inquiries {}: it lies in no batch of its time",
        "SELECT i.id FROM inquiries i
         LEFT JOIN batches b ON b.id = (SELECT x.id FROM batches x WHERE x.id < i.id
            AND ((x.id >> 12) & 1023) = ((i.id >> 12) & 1023) ORDER BY x.id DESC LIMIT 1)
         WHERE b.id IS NULL OR b.last_id < i.id OR b.created_at <> i.created_at
         ORDER BY i.id LIMIT 1";
    BatchInquiries: "batches {}: it counts other inquiries than it has",
        "SELECT b.id FROM batches b LEFT JOIN (
            SELECT batch, COUNT(*) AS inquiries FROM (
                SELECT (SELECT x.id FROM batches x WHERE x.id < i.id
                    AND ((x.id >> 12) & 1023) = ((i.id >> 12) & 1023)
                    ORDER BY x.id DESC LIMIT 1) AS batch
                FROM inquiries i
            ) y GROUP BY batch
         ) k ON k.batch = b.id
         WHERE b.inquiries <> COALESCE(k.inquiries, 0) ORDER BY b.id LIMIT 1";
    InquiryShop: "inquiries {}: its terminal, merchant and acquirer do not belong together",
        "SELECT i.id FROM inquiries i
         LEFT JOIN terminals t ON t.id = i.terminal_id AND t.merchant_id = i.merchant_id
         LEFT JOIN merchants m ON m.id = i.merchant_id AND m.bank_id = i.acquirer
         WHERE t.id IS NULL OR m.id IS NULL ORDER BY i.id LIMIT 1";
    InquiryCard: "inquiries {}: its wallet, card and issuer do not belong together",
        "SELECT i.id FROM inquiries i
         LEFT JOIN cards c ON c.wallet_id = i.wallet_id AND c.id = i.card_id
         LEFT JOIN wallets w ON w.id = i.wallet_id AND w.bank_id = i.issuer
         WHERE CASE WHEN i.card_id IS NULL THEN i.wallet_id <> i.merchant_id OR i.issuer IS NOT NULL
            ELSE c.id IS NULL OR w.id IS NULL END
         ORDER BY i.id LIMIT 1";
    InquiryRefusal: "inquiries {}: no inquiry is refused for that",
        "SELECT id FROM inquiries WHERE refusal NOT IN (1, 2, 3, 4, 5, 6, 7, 8, 15)
         ORDER BY id LIMIT 1";
}

/// Attempts and inquiries that were refused for a wrong PIN or an unknown card.
macro_rules! refused_for_pins {
    () => {
        "(SELECT id, wallet_id, card_id, terminal_id, created_at FROM redemptions
            WHERE refusal IN (3, 8)
          UNION ALL SELECT id, wallet_id, card_id, terminal_id, created_at FROM inquiries
            WHERE refusal IN (3, 8))"
    };
}

statement! {
    /// The first wrong PIN that no refused attempt or inquiry of its terminal and moment has.
    both PinOfNothing {} -> BigInt;
    "SELECT p.id FROM wrong_pins p LEFT JOIN " (refused_for_pins!()) " r
        ON r.id = p.id AND r.terminal_id = p.terminal_id AND r.created_at = p.created_at
     WHERE r.id IS NULL ORDER BY p.id LIMIT 1"
}

statement! {
    /// The first refusal for a wrong PIN that is not kept as one.
    both RefusalWithoutPin {} -> BigInt;
    "SELECT r.id FROM " (refused_for_pins!()) " r LEFT JOIN wrong_pins p
        ON p.terminal_id = r.terminal_id AND p.created_at = r.created_at AND p.id = r.id
     WHERE p.id IS NULL ORDER BY r.id LIMIT 1"
}

statement! {
    /// The first wrong PIN whose number is not its card's, or is a card's where it has none.
    both PinOfAnotherNumber {} -> BigInt;
    "SELECT p.id FROM wrong_pins p JOIN " (refused_for_pins!()) " r ON r.id = p.id
     LEFT JOIN card_numbers n ON n.wallet_id = r.wallet_id AND n.card_id = r.card_id
     WHERE r.card_id IS NOT NULL AND n.number_hash <> p.number_hash ORDER BY p.id LIMIT 1"
}

statement! {
    both CountWrongPins {} -> BigInt;
    "SELECT COUNT(*) FROM wrong_pins"
}

statement! {
    both CountInquiries {} -> BigInt;
    "SELECT COUNT(*) FROM inquiries"
}

rules! {
    /// The rules of wrong PINs that no card counts and, for each, the first row that breaks it.
    broken_uncounted;
    UncountedPin: "uncounted_pins {}: it is no wrong PIN of that number",
        "SELECT u.id FROM uncounted_pins u
         LEFT JOIN wrong_pins p ON p.id = u.id AND p.number_hash = u.number_hash
         WHERE p.id IS NULL ORDER BY u.id LIMIT 1";
    PinOfNoCard: "wrong_pins {}: no card counts it, and it is not among those",
        "SELECT p.id FROM wrong_pins p
         JOIN (SELECT id FROM redemptions WHERE refusal = 3
            UNION ALL SELECT id FROM inquiries WHERE refusal = 3) r ON r.id = p.id
         LEFT JOIN uncounted_pins u ON u.id = p.id AND u.number_hash = p.number_hash
         WHERE u.id IS NULL ORDER BY p.id LIMIT 1";
}

rules! {
    /// The rules of retrieval references and, for each, the first transfer that breaks it.
    broken_retrieval_references;
    // The serial begins anew after twelve digits.
    ReferenceMissing: "transfers {}: a purchase without a reference, or with one that nobody took yet",
        "SELECT t.id FROM transfers t CROSS JOIN reference_head h
         WHERE t.kind = 3 AND (t.subject IS NULL OR t.subject < 0
            OR (h.next_serial <= 1000000000000
                AND t.subject NOT BETWEEN 100000000000 AND h.next_serial - 1))
         ORDER BY t.id LIMIT 1";
    ReferenceTwice: "transfers {}: another purchase of its business date has its reference",
        "SELECT MAX(id) FROM transfers WHERE kind = 3
         GROUP BY subject, business_date HAVING COUNT(*) > 1 ORDER BY 1 LIMIT 1";
    ReferenceHeadOnce: "reference_head {}: there is one head, and this is another, or it is missing",
        "SELECT CAST(COALESCE(h.id, 1) AS BIGINT) FROM log_head l LEFT JOIN reference_head r ON r.id = 1
         LEFT JOIN reference_head h ON h.id <> 1
         WHERE r.id IS NULL OR h.id IS NOT NULL LIMIT 1";
}

statement! {
    /// What was changed of merchants' zones: merchant, when, column, what stood there before.
    both ZonesBefore {} -> (BigInt, BigInt, Text, Text);
    "SELECT merchant_id, changed_at, column_name, old_value FROM merchant_updates
     WHERE column_name IN ('zone', 'price_zone') ORDER BY merchant_id, changed_at, id"
}

impl Connection {
    /// How many refused inquiries and wrong PINs there are.
    pub(crate) fn count_refused(&mut self) -> Result<(i64, i64), StoreError> {
        let inquiries = self.first(CountInquiries {})?.unwrap_or_default();
        Ok((inquiries, self.first(CountWrongPins {})?.unwrap_or_default()))
    }

    /// The first wrong PIN that nothing refused, the first such refusal that is not kept, and the first
    /// wrong PIN with another card's number.
    pub(crate) fn wrong_pins_astray(&mut self) -> Result<[Option<i64>; 3], StoreError> {
        Ok([
            self.first(PinOfNothing {})?,
            self.first(RefusalWithoutPin {})?,
            self.first(PinOfAnotherNumber {})?,
        ])
    }

    /// What was changed of merchants' zones and price zones, in order: merchant, when, which of them, what
    /// stood there before.
    pub(crate) fn zones_before(&mut self) -> Result<Vec<(i64, i64, String, String)>, StoreError> {
        self.load(ZonesBefore {})
    }
}
