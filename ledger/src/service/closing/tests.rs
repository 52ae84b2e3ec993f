//! A day with more merchants than five digits count.

use super::*;
use crate::domain::ids::AccountId;
use crate::store::DatabaseUrl;
use crate::store::connection::Purpose;

/// Merchants with numbers from 1 on, each of which sold something.
const MERCHANTS: u32 = 100_002;

#[test]
fn a_day_with_more_settlements_than_five_digits_count_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::sqlite(&folder.path().join("ledger.db"));
    let mut connection = Connection::open(&url, Purpose::General).unwrap();
    connection.migrate().unwrap();
    let (code, day) = ("bri".parse().unwrap(), Date::from_number(20_180_903).unwrap());
    connection.register_marked_day(MERCHANTS);
    let bank = BankRecord {
        id: BankId(1),
        code,
        clearing_code: "002".to_owned(),
        cut_off: "22:00".parse().unwrap(),
        settlement_lag: 1,
        open_business_date: day.next(),
        holding: AccountId(1),
        unallocated: AccountId(2),
    };
    let now: Instant = "2018-09-03T16:00:00Z".parse().unwrap();
    let ids = IdSource::lease(&mut connection, &url, [7; 16], now).unwrap();
    let sold = (1..=MERCHANTS).map(|merchant| (i64::from(merchant), 1, 1, 1_000));
    let merchants = by_merchant(&sold.collect::<Vec<_>>(), &[], &[]);
    let record = |tx: &mut Connection| record_day(tx, &ids, (&bank, day), &merchants, now);
    connection.transaction(record).unwrap();
    assert!(connection.closing_days().unwrap().is_empty());
    for (reference, merchant) in [
        ("EW00218090300001", 1),
        ("EW00218090399999", 99_999),
        ("EW002180903A0000", 100_000),
        ("EW002180903A0002", 100_002),
    ] {
        let found = connection.settlement_by_reference(BankId(1), reference).unwrap();
        assert_eq!(found.unwrap().merchant, AccountId(merchant), "{reference}");
    }
    let none = connection.settlement_by_reference(BankId(1), "EW002180903A0003").unwrap();
    assert!(none.is_none());
}
