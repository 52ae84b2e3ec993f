//! Who lives in the nation: families, their banks, cards and PINs, each made from its place alone, so that
//! any part can be made by any thread at any time. Every number and name is invented.

use anyhow::Context;
use ledger::domain::calendar::Instant;
use ledger::domain::card::{CardNumber, Pin};
use ledger::domain::household::{Identity, Nik};
use ledger::domain::ids::{CardId, HouseholdId, IdBlock, NodeNo, Tick, WalletId};

/// A distributor bank.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bank {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) clearing_code: &'static str,
    pub(crate) account_number: &'static str,
    /// The first six digits of its cards.
    prefix: &'static str,
    /// How many of a thousand families and shops are its own.
    share: u64,
}

const fn bank(
    [code, name, clearing_code, account_number, prefix]: [&'static str; 5],
    share: u64,
) -> Bank {
    Bank { code, name, clearing_code, account_number, prefix, share }
}

/// The banks in the order of their ids, unequal as they are.
pub(crate) const BANKS: [Bank; 4] = [
    bank(["bri", "Bank Rakyat Indonesia", "002", "990000000000201", "601301"], 460),
    bank(["bni", "Bank Negara Indonesia", "009", "9900000901", "601309"], 180),
    bank(["mandiri", "Bank Mandiri", "008", "9900000000801", "601308"], 270),
    bank(["btn", "Bank Tabungan Negara", "200", "9900200000001", "601320"], 90),
];

/// The provinces' numbers.
const PROVINCES: [u8; 34] = [
    11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 31, 32, 33, 34, 35, 36, 51, 52, 53, 61, 62, 63, 64, 65,
    71, 72, 73, 74, 75, 76, 81, 82, 91, 94,
];

/// When the families were registered: before anything that a clock of today dates.
const REGISTERED: &str = "2017-06-01T00:00:00Z";
/// The ids that registration makes: a household, a wallet and a card for each family.
const IDS_A_FAMILY: u64 = 3;

/// What chance is asked for; each purpose has a stream of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Bank = 1,
    Region,
    Sex,
    Pin,
    Nonce,
    Pseudonym,
    Salt,
    Shop,
}

/// So many families, chosen by a seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nation {
    pub(crate) families: u64,
    pub(crate) registered: Instant,
    seed: u64,
    ids: IdBlock,
}

impl Nation {
    /// A nation of `families`; the same seed makes the same one.
    pub(crate) fn new(families: u64, seed: u64) -> anyhow::Result<Self> {
        let registered: Instant = REGISTERED.parse()?;
        let count = families.checked_mul(IDS_A_FAMILY).map(i64::try_from);
        let count = count.context("too many cards")??;
        // The last node's: a number that a process leases only when all others are taken.
        let node = NodeNo::new(NodeNo::COUNT.saturating_sub(1)).context("a node's number")?;
        let ids = IdBlock::new(Tick::of(registered), count, node);
        Ok(Self { families, registered, seed, ids })
    }

    fn id(&self, kind: u64, place: u64) -> i64 {
        let place = self.families.saturating_mul(kind).saturating_add(place);
        self.ids.id(i64::try_from(place).unwrap_or(i64::MAX))
    }

    pub(crate) fn household(&self, place: u64) -> HouseholdId {
        HouseholdId(self.id(0, place))
    }

    pub(crate) fn wallet(&self, place: u64) -> WalletId {
        ledger::domain::ids::AccountId(self.id(1, place))
    }

    pub(crate) fn card(&self, place: u64) -> CardId {
        CardId(self.id(2, place))
    }

    /// A number that is the same for the same purpose, place and draw (splitmix64).
    fn draw(&self, purpose: Purpose, place: u64, draw: u64) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let key = [self.seed, purpose.number(), place, draw];
        key.into_iter().fold(0, |state: u64, part| mix(state.wrapping_add(STEP) ^ mix(part)))
    }

    /// A number below `bound`.
    pub(crate) fn below(&self, bound: u64, purpose: Purpose, place: u64) -> u64 {
        self.draw(purpose, place, 0).checked_rem(bound).unwrap_or(0)
    }

    /// Bytes for a purpose. Guessable, so that they are good for nothing but measurements.
    pub(crate) fn bytes<const N: usize>(&self, purpose: Purpose, place: u64) -> [u8; N] {
        let mut bytes = [0; N];
        for (part, draw) in bytes.chunks_mut(8).zip(0..) {
            let drawn = self.draw(purpose, place, draw).to_le_bytes();
            part.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
        }
        bytes
    }

    /// The bank with so many thousandths of the families, and its id.
    pub(crate) fn bank(&self, purpose: Purpose, place: u64) -> (i16, &'static Bank) {
        let mut left = self.below(1000, purpose, place);
        let drawn = (1..).zip(&BANKS).find(|(_, bank)| match left.checked_sub(bank.share) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        let [first, ..] = &BANKS;
        drawn.unwrap_or((1, first))
    }

    /// Where a family lives: ten digits.
    pub(crate) fn region(&self, place: u64) -> String {
        let drawn = self.draw(Purpose::Region, place, 0);
        let part = |shift: u32, bound: u64| (drawn >> shift).checked_rem(bound).unwrap_or(0);
        let province = usize::try_from(part(0, 34)).ok().and_then(|nth| PROVINCES.get(nth));
        let [kota, kecamatan, desa] = [part(8, 20), part(16, 15), part(24, 12)];
        format!(
            "{}{kota:02}{kecamatan:02}{:04}",
            province.unwrap_or(&31),
            desa.saturating_add(1001)
        )
    }

    /// The cardholder's NIK: no two places have the same serial on the same birthday.
    pub(crate) fn nik(&self, place: u64, region: &str) -> anyhow::Result<Nik> {
        let digit = |value: u64, bound: u64| {
            (value.checked_div(bound).unwrap_or(0), value.checked_rem(bound).unwrap_or(0))
        };
        let (rest, serial) = digit(place, 9999);
        let (rest, day) = digit(rest, 28);
        let (rest, month) = digit(rest, 12);
        let woman = if self.below(100, Purpose::Sex, place) < 85 { 41 } else { 1 };
        let home = region.get(..6).context("a region has ten digits")?;
        let (day, month) = (day.saturating_add(woman), month.saturating_add(1));
        let (year, serial) = (rest.saturating_add(40), serial.saturating_add(1));
        Ok(format!("{home}{day:02}{month:02}{year:02}{serial:04}").parse()?)
    }

    /// Who the cardholder is.
    pub(crate) fn identity(&self, place: u64, region: &str) -> anyhow::Result<Identity> {
        let name = format!("KPM {:08}", place.saturating_add(1));
        Ok(Identity { nik: self.nik(place, region)?, name })
    }

    /// The card's number.
    pub(crate) fn number(&self, place: u64) -> anyhow::Result<CardNumber> {
        let (_, bank) = self.bank(Purpose::Bank, place);
        Ok(CardNumber::with_check_digit(&format!("{}{place:09}", bank.prefix))?)
    }

    /// The card's PIN: the first drawn that is not too easy to guess.
    pub(crate) fn pin(&self, place: u64, number: &CardNumber) -> anyhow::Result<Pin> {
        let nik = self.nik(place, &self.region(place))?;
        let shown = number.masked();
        for draw in 0..100 {
            let digits = self.draw(Purpose::Pin, place, draw).checked_rem(1_000_000).unwrap_or(0);
            let pin: Pin = format!("{digits:06}").parse()?;
            if !nik.gives_away(pin) && pin.strong_for(shown).is_ok() {
                return Ok(pin);
            }
        }
        anyhow::bail!("no PIN of a hundred is hard to guess")
    }
}

impl Purpose {
    const fn number(self) -> u64 {
        match self {
            Self::Bank => 1,
            Self::Region => 2,
            Self::Sex => 3,
            Self::Pin => 4,
            Self::Nonce => 5,
            Self::Pseudonym => 6,
            Self::Salt => 7,
            Self::Shop => 8,
        }
    }
}

const fn mix(value: u64) -> u64 {
    let mut mixed = value;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
