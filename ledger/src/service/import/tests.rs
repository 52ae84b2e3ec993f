//! Sets of a few rows, read from folders and imported into a fresh `SQLite` file.

mod accounts;

use std::path::Path;
use std::sync::Arc;

use super::cells::LEGIBLE;
use super::*;
use crate::domain::bank::BankId;
use crate::domain::card::{CardNumber, CardState};
use crate::domain::household::{Identity, Nik};
use crate::domain::ids::HouseholdId;
use crate::service::clock::ManualClock;
use crate::service::{
    FOUR_EYES_ABOVE, Options, ProgrammeLimits, ROLLUP_SPAN, RecordingLimits, migrate,
};
use crate::store::DatabaseUrl;
use crate::store::connection::Connection;

const BANKS: &str = "bank,name,clearing_code,account_number,cutoff,open_business_date\n\
    bri,Bank Rakyat Indonesia,002,020601000123303,22:00,2018-09-01\n\
    btn,Bank Tabungan Negara,200,0001401300000123,21:30,2018-09-01\n";
const MERCHANTS: &str = "merchant_id,name,kind,address,region_code,bank,zone,price_zone\n\
    EW-0001,\"Warung \"\"Ibu\"\", Pasar\",warung,Jalan 1,1571010001,bri,WIB,2\n";
const TERMINALS: &str = "terminal_id,merchant_id\nT0000001,EW-0001\nT0000002,EW-0001\n";
const HOUSEHOLDS: &str = "household,nik,name,region_code\n\
    H1,1571014708850003,Ö,1571010001\n\
    H2,1571010101700004,2 Pac,1571010002\n";
const WALLETS: &str = "household,bank\nH1,bri\nH2,btn\n";

fn card_number(serial: u32) -> CardNumber {
    CardNumber::with_check_digit(&format!("601301{serial:09}")).unwrap()
}

/// An invented number of 16 digits.
fn number(serial: u32) -> String {
    String::from_utf8(card_number(serial).digits().to_vec()).unwrap()
}

fn cards() -> String {
    format!(
        "card_number,household,state,pin,expires\n\
         {},H1,active,271828,2099-12-31\n\
         {},H2,printed,,2099-12-31\n",
        number(1),
        number(2)
    )
}

/// The whole city, in good order.
fn city() -> Vec<(&'static str, String)> {
    let files = [
        ("banks.csv", BANKS),
        ("merchants.csv", MERCHANTS),
        ("terminals.csv", TERMINALS),
        ("households.csv", HOUSEHOLDS),
        ("wallets.csv", WALLETS),
    ];
    let mut files: Vec<_> = files.map(|(name, text)| (name, text.to_owned())).into();
    files.push(("cards.csv", cards()));
    files
}

fn folder(files: &[(&str, String)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn read(files: &[(&str, String)]) -> ImportSet {
    read_folder(folder(files).path()).unwrap()
}

/// What is wrong with the rows by themselves.
fn flaws(files: &[(&str, String)]) -> Vec<String> {
    read(files).bad.iter().map(ToString::to_string).collect()
}

fn open(dir: &Path) -> Ledger {
    let url = DatabaseUrl::sqlite(&dir.join("ledger.db"));
    migrate(&url).unwrap();
    let clock = ManualClock::new("2018-09-01T00:00:00Z".parse().unwrap());
    let keys = url.default_keys(dir);
    Ledger::open(&Options {
        url,
        keys,
        clock: Arc::new(clock),
        cores: 1,
        rollup_span: ROLLUP_SPAN,
        four_eyes_above: FOUR_EYES_ABOVE,
        recordings: RecordingLimits::default(),
        limits: ProgrammeLimits::default(),
        wrong_pins: None,
    })
    .unwrap()
}

/// What is named when `files` are imported into an empty ledger.
fn named(files: &[(&str, String)]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let named = bad_rows(ledger.import(read(files)));
    let nothing = ledger.shared.read(Connection::registered_banks).unwrap();
    assert!(nothing.is_empty(), "a bank was written");
    ledger.close();
    named
}

fn bad_rows(result: Result<Imported, ImportErrors>) -> Vec<String> {
    match result {
        Err(ImportErrors::Rows(rows)) => rows.iter().map(ToString::to_string).collect(),
        other => panic!("no rows are named: {other:?}"),
    }
}

#[test]
fn a_city_is_imported_once() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let imported = ledger.import(read(&city())).unwrap();
    let counts =
        Imported { banks: 2, merchants: 1, terminals: 2, households: 2, wallets: 2, cards: 2 };
    assert_eq!(imported, counts);

    let again = bad_rows(ledger.import(read(&city())));
    assert_eq!(again.len(), 2 + 2 + 1 + 2 + 2 + 2, "{again:#?}");
    assert_eq!(again[0], "banks.csv:2: bank: registered already");
    let masked = card_number(2).masked();
    let last = format!("cards.csv:3: card_number: `{masked}` is registered already");
    assert_eq!(again.last(), Some(&last));
    ledger.close();
}

#[test]
fn an_imported_card_opens_its_wallet_with_its_pin() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    ledger.import(read(&city())).unwrap();
    let number: CardNumber = number(1).parse().unwrap();
    let (found, wallets) = ledger
        .shared
        .read(|connection| {
            let index = ledger.keys().card_index(&number);
            let card = connection.cards_by_number(&[index])?[&index];
            Ok::<_, crate::store::StoreError>((card, connection.lock_wallets(&[card.wallet.0])?))
        })
        .unwrap();
    let wallet = &wallets[0];
    assert_eq!((wallet.balance.get(), wallet.last_id, wallet.open), (0, found.wallet.0, true));
    assert_eq!(wallet.issuer, BankId(1));
    let card = ledger.card(BankId(1), found).unwrap();
    assert_eq!((card.state, card.has_pin), (CardState::Active, true));
    ledger.close();
}

#[test]
fn the_same_chance_and_clock_give_the_same_rows() {
    let pseudonyms = [0, 1].map(|_| {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let mut next = 0_u8;
        let mut random = |bytes: &mut [u8]| {
            bytes.fill_with(|| {
                next = next.wrapping_add(1);
                next
            });
            Ok(())
        };
        ledger.import_with(read(&city()), &mut random).unwrap();
        let index = ledger.keys().card_index(&number(1).parse().unwrap());
        let wallet = ledger
            .shared
            .read(|connection| {
                let card = connection.cards_by_number(&[index])?[&index];
                connection.lock_wallets(&[card.wallet.0])
            })
            .unwrap();
        ledger.close();
        (wallet[0].id, wallet[0].pseudonym)
    });
    assert_eq!(pseudonyms[0], pseudonyms[1]);
}

#[test]
fn later_sets_may_name_what_is_registered() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    ledger.import(read(&city())).unwrap();
    let more = [
        ("merchants.csv", MERCHANTS.replace("EW-0001", "EW-0002")),
        ("terminals.csv", "merchant_id,terminal_id\nEW-0001,T3\nEW-0002,T4\n".to_owned()),
        (
            "households.csv",
            "household,nik,name,region_code\nH1,1571010101800005,X,1571010001\n".to_owned(),
        ),
        ("wallets.csv", "household,bank\nH1,btn\n".to_owned()),
    ];
    let imported = ledger.import(read(&more)).unwrap();
    let counts =
        Imported { merchants: 1, terminals: 2, households: 1, wallets: 1, ..Imported::default() };
    assert_eq!(imported, counts);
    let bank = "bank,name,clearing_code,account_number,cutoff,open_business_date,settlement_lag\n\
         bni,Bank Negara Indonesia,009,0123456789,22:00,2018-09-01,0\n";
    let wrong = bank.replace(",0\n", ",2\n");
    let refused = ledger.import(read(&[("banks.csv", wrong)])).unwrap_err().to_string();
    assert!(refused.contains("settlement_lag"), "{refused}");
    ledger.import(read(&[("banks.csv", bank.to_owned())])).unwrap();
    let banks = ledger.shared.read(Connection::registered_banks).unwrap();
    let ids: Vec<_> = banks.iter().map(|bank| (bank.id.0, bank.code.as_str())).collect();
    assert_eq!(ids, [(1, "bri"), (2, "btn"), (3, "bni")]);
    let banks = ledger.shared.read(Connection::banks).unwrap();
    let lags: Vec<_> = banks.iter().map(|bank| bank.settlement_lag).collect();
    assert_eq!(lags, [1, 1, 0], "T+1 unless something else is agreed");
    ledger.close();
}

#[test]
fn every_bad_row_is_named_at_once_and_nothing_is_written() {
    let mut files = city();
    files[1].1 += "EW-0002,B,warung,Jalan 2,1571010001,bca,WIB,2\nEW-0001,C,kiosk,D,15,bri,GMT,4\n";
    files[2].1 += "T0000001,EW-0001\nT0000003,EW-9999\n";
    files[3].1 += "H3,157101,X,1571010001\nH4,1571014708850003,,1571010001\nH5,1,2\n";
    files[4].1 += "H3,bri\nH5,bri\nH9,bri\nH1,bni\n";
    let (first, other) = (number(1), number(3));
    // The same first fifteen digits with another check digit.
    let last = if other.ends_with('5') { '6' } else { '5' };
    let broken = format!("601301000000003{last}");
    let more = format!(
        "{first},H3,active,271828,2099-12-31\n\
         {broken},H5,active,271828,2099-12-31\n\
         {other},H8,active,,2099-02-30\n\
         {other},H2,printed,271828,2099-12-31\n"
    );
    files[5].1.push_str(&more);
    let masked = card_number(1).masked();
    let expected = [
        "merchants.csv:3: bank: `bca` is neither in banks.csv nor registered".to_owned(),
        "merchants.csv:4: kind: not a kind of e-warong: traditional_market, warung, \
         toko_kelontong, e_warung_kube, warung_desa, rpk, laku_pandai_agent, lkd_agent or \
         other_retail"
            .to_owned(),
        "merchants.csv:4: region_code: not a region's code: 10 digits".to_owned(),
        "merchants.csv:4: zone: not a time zone: WIB, WITA or WIT".to_owned(),
        "merchants.csv:4: price_zone: not a region of price ceilings: 1, 2 or 3".to_owned(),
        "terminals.csv:4: terminal_id: the same as in line 2".to_owned(),
        "terminals.csv:5: merchant_id: `EW-9999` is neither in merchants.csv nor registered"
            .to_owned(),
        "households.csv:4: nik: not a NIK: 16 digits".to_owned(),
        "households.csv:5: name: nothing is given".to_owned(),
        "households.csv:6: the row has 3 cells where the header has 4".to_owned(),
        "wallets.csv:6: household: households.csv has no such household".to_owned(),
        "wallets.csv:7: household: the same as in line 2".to_owned(),
        "wallets.csv:7: bank: `bni` is neither in banks.csv nor registered".to_owned(),
        format!("cards.csv:4: card_number: `{masked}` is the same as in line 2"),
        "cards.csv:5: card_number: the card number's check digit does not fit".to_owned(),
        "cards.csv:6: expires: not a date like `2018-09-01`".to_owned(),
        "cards.csv:7: household: the household has another card in use, in line 3".to_owned(),
        "cards.csv:7: pin: a `printed` card has no PIN yet".to_owned(),
    ];
    let mut named = named(&files);
    // Rows of one line come in the order they were found.
    named.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(named, expected);
}

#[test]
fn pins_that_are_easily_guessed_are_refused() {
    let weak = [
        "123456",
        "111111",
        "601301",
        "070885",
        "121212",
        "112233",
        "123123",
        "000001",
        "170845",
        &format!("99{}", card_number(1).masked().last_four()),
    ];
    for pin in weak {
        let mut files = city();
        files[5].1 = cards().replace("271828", pin);
        assert_eq!(named(&files), ["cards.csv:2: pin: the PIN is too easy to guess"], "{pin}");
    }
    let mut files = city();
    files[5].1 = cards().replace("271828", "");
    assert_eq!(named(&files), ["cards.csv:2: pin: an active card needs a PIN"]);
}

#[test]
fn a_header_names_the_columns_there_are() {
    let mut files = city();
    files[2].1 = "terminal_id;merchant_id\nT1;EW-0001\n".to_owned();
    files[4].1 = "household,bank,bank\nH1,bri,bri\n".to_owned();
    files[5].1 = String::new();
    let expected = [
        "terminals.csv:1: column 1 of the header is unknown; the file's columns are \
         `terminal_id,merchant_id`",
        "terminals.csv:1: terminal_id: the header lacks this column",
        "terminals.csv:1: merchant_id: the header lacks this column",
        "wallets.csv:1: bank: the header names this column twice",
        "cards.csv:1: the header row is missing; it has to name \
         `card_number,household,state,pin,expires`",
    ];
    assert_eq!(named(&files), expected);
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    for ending in ["\n", "\r\n"] {
        let text = "\u{feff}household,nik,name,region_code\n\
                    H1,1571014708850003,\"two\nlines\",1571010001\n\n\
                    H2,1571010101700004,,1571010001\n";
        let bad = flaws(&[("households.csv", text.replace('\n', ending))]);
        let illegible = format!("households.csv:2: name: not {LEGIBLE}");
        let missing = "households.csv:5: name: nothing is given".to_owned();
        assert_eq!(bad, [illegible, missing], "{ending:?}");
    }
}

#[test]
fn names_that_nobody_can_read_are_refused() {
    for name in ["\u{200e}\u{200f}", "\u{200b}", "Keluarga \u{202e}Satu", "a\u{7}b"] {
        let mut files = city();
        files[1].1.extend(["EW-0002,", name, ",warung,Jalan 2,1571010001,bri,WIB,2\n"]);
        files[3].1.extend(["H3,1571014708850009,", name, ",1571010001\n"]);
        let expected =
            ["merchants.csv:3", "households.csv:4"].map(|at| format!("{at}: name: not {LEGIBLE}"));
        assert_eq!(flaws(&files), expected, "{name:?}");
    }
    let mut files = city();
    files[3].1 += "H3,1571014708850009, ,1571010001\n";
    assert_eq!(flaws(&files), ["households.csv:4: name: nothing is given"]);
    for name in ["Z", "R 4", "-", "سيتي", "ꦗꦮ"] {
        let mut files = city();
        files[3].1.extend(["H3,1571014708850009,", name, ",1571010001\n"]);
        assert_eq!(flaws(&files), [""; 0], "{name}");
    }
}

#[test]
fn no_message_repeats_a_secret() {
    let (card, nik, pin, name) = (number(1), "1571014708850003", "271828", "Rahasia");
    // Every cell in every wrong place.
    let cells = [card.as_str(), nik, pin, name, "H1", "2099-12-31", "active", "x"];
    let mut cards = "card_number,household,state,pin,expires\n".to_owned();
    let mut households = "household,nik,name,region_code\n".to_owned();
    for shift in 0..cells.len() {
        let cell = |at: usize| cells[(shift + at) % cells.len()];
        cards += &([cell(0), cell(1), cell(2), cell(3), cell(4)].join(",") + "\n");
        households += &([cell(0), cell(1), cell(2), cell(3)].join(",") + "\n");
    }
    for household in ["H7", "H8"] {
        households += &([household, nik, name, "1571010001"].join(",") + "\n");
        cards += &([&card, household, "active", pin, "2099-12-31"].join(",") + "\n");
    }
    let text = named(&[("cards.csv", cards), ("households.csv", households)]).join("\n");
    for secret in [card.as_str(), nik, pin, name] {
        assert!(!text.contains(secret), "`{secret}` is in:\n{text}");
    }
}

#[test]
fn an_empty_folder_and_an_unreadable_file_are_named() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(read_folder(dir.path()), Err(ImportErrors::NoFiles(_))));
    std::fs::create_dir(dir.path().join("cards.csv")).unwrap();
    let error = read_folder(dir.path()).unwrap_err();
    assert!(error.to_string().contains("cards.csv`: "), "{error}");
}

#[test]
fn an_identity_is_stored_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    ledger.import(read(&city())).unwrap();
    let number: CardNumber = number(1).parse().unwrap();
    let index = ledger.keys().card_index(&number);
    let card = ledger.shared.read(|tx| tx.cards_by_number(&[index])).unwrap()[&index];
    let (household, sealed) = ledger
        .shared
        .read(|connection| connection.household_of_wallet(card.wallet))
        .unwrap()
        .unwrap();
    let nik: Nik = "1571014708850003".parse().unwrap();
    let identity = Identity { nik, name: "Ö".to_owned() };
    assert_eq!(ledger.keys().open_identity(household, &sealed), Ok(identity));
    assert!(ledger.keys().open_identity(HouseholdId(household.0 + 1), &sealed).is_err());
    ledger.close();
}
