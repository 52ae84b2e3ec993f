//! The folder that a small town is imported from: two banks, four tills, as many families as cards.
//! Every number in it is invented.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ewarong_tests::demo::Card;
use ewarong_tests::seed::folder::BANK_ACCOUNT;
use ledger::domain::calendar::Date;
use ledger::domain::card::{CardNumber, Pin};

/// What a family gets for a month, in rupiah.
pub(crate) const MONTHLY: i64 = 110_000;

/// The two banks; each has every second family and every second till.
pub(crate) const BANKS: [&str; 2] = ["bri", "bni"];

/// The tills.
pub(crate) const TILLS: [&str; 4] = ["T-1", "T-2", "T-3", "T-4"];

/// The card of the family with this number; the PIN is the first that is not too easy to guess.
pub(crate) fn card(serial: usize) -> Card {
    let number = CardNumber::with_check_digit(&format!("601301{serial:09}")).unwrap();
    let pins = (serial % 16_000 * 37 + 271_831..).map(|pin| format!("{pin:06}"));
    let strong = |pin: &String| pin.parse::<Pin>().unwrap().strong_for(number.masked()).is_ok();
    Card {
        card_number: String::from_utf8(number.digits().to_vec()).unwrap(),
        pin: pins.into_iter().find(strong).unwrap(),
        bank: BANKS[serial % BANKS.len()].to_owned(),
        balance: 0,
    }
}

/// Writes the CSV files of a town in which these cards' families live; `open` is the banks' open day.
pub(crate) fn write(dir: &Path, cards: &[Card], open: Date) {
    let mut files = [
        ("banks", "bank,name,clearing_code,account_number,cutoff,open_business_date\n".to_owned()),
        (
            "merchants",
            "merchant_id,name,kind,address,region_code,bank,zone,price_zone\n".to_owned(),
        ),
        ("terminals", "terminal_id,merchant_id\n".to_owned()),
        ("households", "household,nik,name,region_code\n".to_owned()),
        ("wallets", "household,bank\n".to_owned()),
        ("cards", "card_number,household,state,pin,expires\n".to_owned()),
    ];
    let [banks, merchants, terminals, households, wallets, plastic] =
        files.each_mut().map(|(_, text)| text);
    for (bank, clearing) in BANKS.iter().zip(["002", "009"]) {
        writeln!(banks, "{bank},Bank {bank},{clearing},{BANK_ACCOUNT},23:59,{open}").unwrap();
    }
    for (place, till) in TILLS.iter().enumerate() {
        let (shop, bank) = (format!("EW-{till}"), BANKS[place % BANKS.len()]);
        writeln!(merchants, "{shop},Warung {till},warung,Jalan 7,1571010001,{bank},WIB,1").unwrap();
        writeln!(terminals, "{till},{shop}").unwrap();
    }
    for (Card { card_number, pin, bank, .. }, serial) in cards.iter().zip(0..) {
        // Born on the days from the first on, 9,000 on each.
        let nik = format!("157101{:02}0885{:04}", 41 + serial / 9_000, serial % 9_000 + 1);
        writeln!(households, "H-{serial},{nik},Keluarga {serial},1571010001").unwrap();
        writeln!(wallets, "H-{serial},{bank}").unwrap();
        writeln!(plastic, "{card_number},H-{serial},active,{pin},2099-12-31").unwrap();
    }
    for (name, text) in files {
        fs::write(dir.join(format!("{name}.csv")), text).unwrap();
    }
}
