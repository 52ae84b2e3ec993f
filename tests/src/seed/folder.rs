//! The folder that a world is imported from: who takes part in it. Every number here is invented.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ledger::domain::calendar::Date;
use ledger::domain::card::{CardNumber, Pin};

use crate::demo::Card;

/// What a family gets for a month, in rupiah.
pub const MONTHLY: i64 = 110_000;

/// A distributor bank of the world.
#[derive(Debug, Clone, Copy)]
pub struct SeedBank {
    /// Its code.
    pub code: &'static str,
    /// Its cut-off in WIB; `btn` is past it all day long, `bri` for the day's last minute only.
    pub cut_off: &'static str,
    clearing_code: &'static str,
    /// Families with an active card.
    families: usize,
}

/// The account of every bank.
pub const BANK_ACCOUNT: &str = "5301000123304";
/// The account of the one shop whose account is imported, `EW-JAKARTA`.
pub const SHOP_ACCOUNT: &str = "157199000123";

/// The banks, in the order of their ids.
pub const BANKS: [SeedBank; 4] = [
    SeedBank { code: "bri", cut_off: "23:59", clearing_code: "002", families: 240 },
    SeedBank { code: "bni", cut_off: "15:00", clearing_code: "009", families: 100 },
    SeedBank { code: "mandiri", cut_off: "20:30", clearing_code: "008", families: 60 },
    SeedBank { code: "btn", cut_off: "00:00", clearing_code: "200", families: 40 },
];

/// A till: a terminal with its merchant.
#[derive(Debug, Clone, Copy)]
pub struct SeedTill {
    /// The terminal's code.
    pub terminal: &'static str,
    /// The merchant's code.
    pub merchant: &'static str,
    /// The merchant's bank.
    pub bank: &'static str,
    /// The merchant's time zone.
    pub zone: &'static str,
    /// The merchant's region of price ceilings.
    pub price_zone: u8,
}

/// The tills; the first two are one merchant's.
pub const TILLS: [SeedTill; 7] = [
    till("JKT-1", "EW-JAKARTA", "bri", "WIB", 1),
    till("JKT-2", "EW-JAKARTA", "bri", "WIB", 1),
    till("JBI-1", "EW-JAMBI", "bri", "WIB", 2),
    till("KPG-1", "EW-KUPANG", "bni", "WITA", 2),
    till("MKS-1", "EW-MAKASSAR", "mandiri", "WITA", 1),
    till("AMB-1", "EW-AMBON", "bni", "WIT", 3),
    till("JPR-1", "EW-JAYAPURA", "btn", "WIT", 3),
];

const fn till(
    terminal: &'static str,
    merchant: &'static str,
    bank: &'static str,
    zone: &'static str,
    price_zone: u8,
) -> SeedTill {
    SeedTill { terminal, merchant, bank, zone, price_zone }
}

/// Cards of `bri` in every state but `active`, and one that is active past its date (`overdue`).
const SPECIAL: [&str; 12] = [
    "printed",
    "distributed",
    "blocked_pin",
    "blocked_bank",
    "blocked_ministry",
    "lost",
    "damaged",
    "expired",
    "replaced",
    "returned",
    "closed",
    "overdue",
];

/// A family with its card.
#[derive(Debug, Clone)]
pub(super) struct Family {
    pub(super) card: Card,
    /// The state it is imported in; `overdue` for an active card past its date.
    pub(super) state: &'static str,
    serial: usize,
}

impl Family {
    /// The family's NIK.
    pub(super) fn nik(&self) -> String {
        format!("157101470885{:04}", self.serial)
    }
}

/// All families: the active ones bank by bank, then the special ones.
pub(super) fn families() -> Vec<Family> {
    let active = BANKS.iter().zip(1_usize..).flat_map(|(bank, number)| {
        (0..bank.families).map(move |place| (bank.code, number, place, "active"))
    });
    let special = SPECIAL.iter().enumerate();
    let special = special.map(|(place, state)| ("bri", 9, place, *state));
    active.chain(special).zip(1_usize..).map(|(one, serial)| family(one, serial)).collect()
}

fn family(
    (bank, head, place, state): (&'static str, usize, usize, &'static str),
    serial: usize,
) -> Family {
    let number = CardNumber::with_check_digit(&format!("60130{head}{place:09}"));
    let number = number.expect("fifteen digits make a number");
    let digits = number.digits().to_vec();
    // From 271,868 on, and none that a bank would refuse.
    let pins = serial.wrapping_mul(37).wrapping_add(271_831)..;
    let strong =
        |pin: &String| pin.parse::<Pin>().is_ok_and(|pin| pin.strong_for(number.masked()).is_ok());
    let pin = pins.map(|pin| format!("{pin:06}")).find(strong).expect("most PINs are strong");
    let card = Card {
        card_number: String::from_utf8(digits).expect("digits are text"),
        pin,
        bank: bank.to_owned(),
        balance: MONTHLY,
    };
    Family { card, state, serial }
}

/// A card number that no world has registered.
pub fn unknown_number(serial: usize) -> String {
    let number = CardNumber::with_check_digit(&format!("601308{serial:09}"));
    let digits = number.expect("fifteen digits make a number").digits().to_vec();
    String::from_utf8(digits).expect("digits are text")
}

/// Writes the CSV files; `open` is every bank's open day.
pub(super) fn write(dir: &Path, families: &[Family], open: Date) {
    let mut banks = "bank,name,clearing_code,account_number,cutoff,open_business_date\n".to_owned();
    for SeedBank { code, cut_off, clearing_code, .. } in BANKS {
        row(
            &mut banks,
            format_args!("{code},Bank {code},{clearing_code},{BANK_ACCOUNT},{cut_off},{open}"),
        );
    }
    let mut merchants =
        "merchant_id,name,kind,address,region_code,bank,zone,price_zone,account_number\n"
            .to_owned();
    let mut terminals = "terminal_id,merchant_id\n".to_owned();
    for (place, SeedTill { terminal, merchant, bank, zone, price_zone }) in
        TILLS.into_iter().enumerate()
    {
        if !TILLS.iter().take(place).any(|earlier| earlier.merchant == merchant) {
            // One shop's account is known beforehand; the others' first recordings fix theirs.
            let account = if merchant == "EW-JAKARTA" { SHOP_ACCOUNT } else { "" };
            let place = "\"Jalan Pasar 7, RT 3\",1571010001";
            row(
                &mut merchants,
                format_args!(
                    "{merchant},{merchant},warung,{place},{bank},{zone},{price_zone},{account}"
                ),
            );
        }
        row(&mut terminals, format_args!("{terminal},{merchant}"));
    }
    let mut households = "household,nik,name,region_code\n".to_owned();
    let mut wallets = "household,bank\n".to_owned();
    let mut cards = "card_number,household,state,pin,expires\n".to_owned();
    for family in families {
        let Family { card, state, serial } = family;
        let nik = family.nik();
        row(&mut households, format_args!("H-{serial},{nik},Keluarga {serial},1571010001"));
        row(&mut wallets, format_args!("H-{serial},{}", card.bank));
        let (state, expires) =
            if *state == "overdue" { ("active", "2020-01-31") } else { (*state, "2099-12-31") };
        let without_pin = matches!(state, "printed" | "distributed" | "returned");
        let pin = if without_pin { "" } else { &card.pin };
        row(&mut cards, format_args!("{},H-{serial},{state},{pin},{expires}", card.card_number));
    }
    for (name, text) in [
        ("banks.csv", banks),
        ("merchants.csv", merchants),
        ("terminals.csv", terminals),
        ("households.csv", households),
        ("wallets.csv", wallets),
        ("cards.csv", cards),
    ] {
        fs::write(dir.join(name), text).expect("the folder can be written");
    }
}

fn row(file: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(file, "{text}").expect("a string takes all text");
}
