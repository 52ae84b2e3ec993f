//! Accounts of merchants and banks.

use super::*;

/// A merchant's account may be given, and is then read strictly.
#[test]
fn a_merchants_account_is_registered_where_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let told = |account: &str| {
        let row = MERCHANTS.replace("price_zone\n", "price_zone,account_number\n");
        let other = MERCHANTS.lines().nth(1).unwrap().replace("EW-0001", "EW-0002");
        let merchants = row.replace(",2\n", &format!(",2,{account}\n")) + &other + ",\n";
        read(&[("banks.csv", BANKS.to_owned()), ("merchants.csv", merchants)])
    };
    let refused = ledger.import(told("12-34567")).unwrap_err().to_string();
    assert!(refused.contains("account_number") && refused.contains("5 to 20 digits"), "{refused}");
    ledger.import(told("0012345678")).unwrap();
    let mut ids = ledger.shared.read(|tx| tx.merchants_by_code(&["EW-0001", "EW-0002"])).unwrap();
    let mut account = |code: &str| ledger.registered_account(BankId(1), ids.remove(code)).unwrap();
    assert_eq!(account("EW-0001").as_deref(), Some("0012345678"));
    assert_eq!(account("EW-0002"), None);
    assert_eq!(ledger.registered_account(BankId(1), None).unwrap().unwrap(), "020601000123303");
    ledger.close();
}
