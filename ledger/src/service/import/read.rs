//! From CSV files to typed rows: only the form is checked. Every malformed row is named.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::path::Path;

use csv::ByteRecord;

use crate::domain::bank::BankCode;
use crate::domain::card::{CardNumber, CardState, Pin};
use crate::domain::household::Identity;
use crate::domain::merchant::{MerchantCode, MerchantKind};
use crate::domain::policy::PriceZone;

use super::cells::{Cells, Header, Lines};
use super::error::{BadRow, Flaw, ImportErrors, ImportFile};
use super::set::{
    BankEntry, CardEntry, HouseholdEntry, HouseholdRef, ImportSet, MerchantEntry, Row,
    TerminalEntry, WalletEntry,
};

const BANKS: &[&str] = &[
    "bank",
    "name",
    "clearing_code",
    "account_number",
    "cutoff",
    "open_business_date",
    "settlement_lag",
];
const MERCHANTS: &[&str] = &[
    "merchant_id",
    "name",
    "kind",
    "address",
    "region_code",
    "bank",
    "zone",
    "price_zone",
    "account_number",
];
const TERMINALS: &[&str] = &["terminal_id", "merchant_id"];
const HOUSEHOLDS: &[&str] = &["household", "nik", "name", "region_code"];
const WALLETS: &[&str] = &["household", "bank"];
const CARDS: &[&str] = &["card_number", "household", "state", "pin", "expires"];

const BANK: &str = "a bank's code: 2 to 16 letters a-z and digits, as in `bri`";
const MERCHANT: &str = "a merchant's code: at most 15 of A-Z, 0-9 and `-`";
const REFERENCE: &str =
    "a household's reference: at most 32 letters, digits, `-`, `_` and `.`, and no NIK";
const REGION: &str = "a region's code: 10 digits";
const KIND: &str = "a kind of e-warong: traditional_market, warung, toko_kelontong, \
     e_warung_kube, warung_desa, rpk, laku_pandai_agent, lkd_agent or other_retail";
const ACCOUNT: &str = "an account's number: 5 to 20 digits";
const DATE: &str = "a date like `2018-09-01`";

/// Reads the files that are there. Errors in them are kept with the set and reported when it is
/// imported, together with those that only the database can show.
///
/// # Errors
/// [`ImportErrors::NoFiles`] and [`ImportErrors::File`].
pub fn read_folder(dir: &Path) -> Result<ImportSet, ImportErrors> {
    let mut set = ImportSet::default();
    let mut any = false;
    for file in ImportFile::ALL {
        let path = dir.join(file.as_str());
        match std::fs::read(&path) {
            Ok(bytes) => {
                any = true;
                read_file(&mut set, file, &bytes);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(ImportErrors::File { path, source }),
        }
    }
    if any { Ok(set) } else { Err(ImportErrors::NoFiles(dir.to_owned())) }
}

/// Reads one file into the set.
pub(super) fn read_file(set: &mut ImportSet, file: ImportFile, bytes: &[u8]) {
    let ImportSet { banks, merchants, terminals, households, wallets, cards, bad, unread } = set;
    match file {
        ImportFile::Banks => {
            let unread = &mut unread.banks;
            let row = |cells: &mut Cells<'_>| bank(cells, &mut unread.known);
            unread.any = !read_rows(file, BANKS, bytes, banks, bad, row);
        }
        ImportFile::Merchants => {
            let unread = &mut unread.merchants;
            let row = |cells: &mut Cells<'_>| merchant(cells, &mut unread.known);
            unread.any = !read_rows(file, MERCHANTS, bytes, merchants, bad, row);
        }
        ImportFile::Terminals => {
            read_rows(file, TERMINALS, bytes, terminals, bad, terminal);
        }
        ImportFile::Households => {
            let unread = &mut unread.households;
            let row = |cells: &mut Cells<'_>| household(cells, &mut unread.known);
            unread.any = !read_rows(file, HOUSEHOLDS, bytes, households, bad, row);
        }
        ImportFile::Wallets => {
            let unread = &mut unread.wallets;
            let row = |cells: &mut Cells<'_>| wallet(cells, &mut unread.known);
            unread.any = !read_rows(file, WALLETS, bytes, wallets, bad, row);
        }
        ImportFile::Cards => {
            read_rows(file, CARDS, bytes, cards, bad, card);
        }
    }
}

/// Reads the rows; `false` when the header was not understood, so that not even their names are known.
fn read_rows<T>(
    file: ImportFile,
    columns: &'static [&'static str],
    bytes: &[u8],
    rows: &mut Vec<Row<T>>,
    bad: &mut Vec<BadRow>,
    mut read: impl FnMut(&mut Cells<'_>) -> Option<T>,
) -> bool {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let mut lines = Lines::new(bytes);
    let mut record = ByteRecord::new();
    let mut header = None;
    // Read from memory and with any number of cells, nothing is left that could fail.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let line = lines.of(&record);
        let Some(known) = &header else {
            match Header::read(file, line, columns, &record) {
                Ok(read) => header = Some(read),
                Err(flaws) => {
                    bad.extend(flaws);
                    return false;
                }
            }
            continue;
        };
        let mut cells = Cells::of(known, line, &record, bad);
        let entry = read(&mut cells);
        if !cells.has_flaw() {
            rows.extend(entry.map(|entry| Row { line, entry }));
        }
    }
    if header.is_none() {
        let flaw = Flaw::NoHeader(columns.join(","));
        bad.push(BadRow { file, line: 1, column: None, flaw });
    }
    header.is_some()
}

/// Keeps the name of a row that turned out to be bad: whoever refers to it is not to blame.
fn keep<K: Clone + Eq + Hash>(names: &mut HashSet<K>, cells: &Cells<'_>, name: Option<&K>) {
    if cells.has_flaw() {
        names.extend(name.cloned());
    }
}

fn bank(cells: &mut Cells<'_>, unread: &mut HashSet<BankCode>) -> Option<BankEntry> {
    let code = cells.parse("bank", BANK);
    let name = cells.legible("name");
    let clearing_code = cells.read("clearing_code", "a clearing code: 3 digits", digits(3..=3));
    let account_number = cells.read("account_number", ACCOUNT, digits(5..=20));
    let cut_off = cells.parse("cutoff", "a time of day like `22:00`");
    let open_business_date = cells.parse("open_business_date", DATE);
    let settlement_lag = match cells.optional("settlement_lag") {
        None | Some("1") => Some(1),
        Some("0") => Some(0),
        Some(_other) => {
            cells.flaw(
                Some("settlement_lag"),
                Flaw::Not("0 (paid on the day) or 1 (the day after)"),
            );
            None
        }
    };
    keep(unread, cells, code.as_ref());
    Some(BankEntry {
        code: code?,
        name: name?.to_owned(),
        clearing_code: clearing_code?,
        account_number: account_number?,
        cut_off: cut_off?,
        open_business_date: open_business_date?,
        settlement_lag: settlement_lag?,
    })
}

/// Reads so many digits.
fn digits(length: RangeInclusive<usize>) -> impl FnOnce(&str) -> Option<String> {
    move |text: &str| {
        let fits = length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| text.to_owned())
    }
}

fn merchant(cells: &mut Cells<'_>, unread: &mut HashSet<MerchantCode>) -> Option<MerchantEntry> {
    let code = cells.parse("merchant_id", MERCHANT);
    let name = cells.legible("name");
    let kind = cells.read("kind", KIND, MerchantKind::named);
    let address = cells.legible("address");
    let region = cells.parse("region_code", REGION);
    let bank = cells.parse("bank", BANK);
    let zone = cells.parse("zone", "a time zone: WIB, WITA or WIT");
    let price_zone = cells.read("price_zone", "a region of price ceilings: 1, 2 or 3", |text| {
        text.parse().ok().filter(|zone| (1..=3).contains(zone)).map(PriceZone)
    });
    let account_number = match cells.optional("account_number") {
        Some(_) => cells.read("account_number", ACCOUNT, digits(5..=20)).map(Some),
        None => Some(None),
    };
    keep(unread, cells, code.as_ref());
    Some(MerchantEntry {
        code: code?,
        name: name?.to_owned(),
        kind: kind?,
        address: address?.to_owned(),
        region: region?,
        bank: bank?,
        zone: zone?,
        price_zone: price_zone?,
        account_number: account_number?,
    })
}

fn terminal(cells: &mut Cells<'_>) -> Option<TerminalEntry> {
    let code = cells.parse("terminal_id", "a terminal's code: at most 8 of A-Z, 0-9 and `-`");
    let merchant = cells.parse("merchant_id", MERCHANT);
    Some(TerminalEntry { code: code?, merchant: merchant? })
}

fn household(cells: &mut Cells<'_>, unread: &mut HashSet<HouseholdRef>) -> Option<HouseholdEntry> {
    let household = cells.parse("household", REFERENCE);
    let nik = cells.parse("nik", "a NIK: 16 digits");
    let name = cells.legible("name");
    let region = cells.parse("region_code", REGION);
    keep(unread, cells, household.as_ref());
    let identity = Identity { nik: nik?, name: name?.to_owned() };
    Some(HouseholdEntry { household: household?, identity, region: region? })
}

fn wallet(cells: &mut Cells<'_>, unread: &mut HashSet<HouseholdRef>) -> Option<WalletEntry> {
    let household = cells.parse("household", REFERENCE);
    let bank = cells.parse("bank", BANK);
    keep(unread, cells, household.as_ref());
    Some(WalletEntry { household: household?, bank: bank? })
}

fn card(cells: &mut Cells<'_>) -> Option<CardEntry> {
    let number: Option<CardNumber> =
        cells.value("card_number", |text| text.parse().map_err(Flaw::CardNumber));
    let household = cells.parse("household", REFERENCE);
    let state =
        cells.read("state", "a card's state, as in `printed` or `active`", CardState::named);
    let pin: Option<Pin> = match cells.optional("pin") {
        Some(_) => cells.value("pin", |text| text.parse().map_err(Flaw::Pin)),
        None => None,
    };
    let expires = cells.parse("expires", DATE);
    let number = number?;
    Some(CardEntry { number, household: household?, state: state?, pin, expires: expires? })
}
