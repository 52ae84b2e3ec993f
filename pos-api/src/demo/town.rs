//! The demo's city: four banks, the e-warongs and the families of Kota Jambi. Every number, name and
//! address in it is made up.

use std::collections::HashSet;

use anyhow::Context as _;
use ledger::domain::card::{CardNumber, CardState, Pin};
use ledger::domain::household::Nik;
use ledger::domain::merchant::MerchantKind;

use super::random::Random;

/// Kota Jambi: province 15, city 71.
const REGION: &str = "1571";
const FAMILIES_PER_SHOP: usize = 250;
/// The last day of a card that lasts, and of the one that ran out.
const EXPIRES: &str = "2099-12-31";
const EXPIRED: &str = "2018-08-31";
/// Cards that can't be used yet or any more. Their families are credited like all others, which is
/// one of the auditors' findings.
const UNUSABLE: [(CardState, &str); 8] = [
    (CardState::Printed, EXPIRES),
    (CardState::Printed, EXPIRES),
    (CardState::Printed, EXPIRES),
    (CardState::Distributed, EXPIRES),
    (CardState::BlockedBank, EXPIRES),
    (CardState::BlockedBank, EXPIRES),
    (CardState::BlockedMinistry, EXPIRES),
    (CardState::Active, EXPIRED),
];
/// Former cards of families that have another one by now.
const FORMER: [CardState; 4] =
    [CardState::Lost, CardState::Expired, CardState::Replaced, CardState::Damaged];

/// A distributor bank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bank {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) clearing_code: &'static str,
    pub(super) account_number: &'static str,
    /// The first six digits of its cards.
    prefix: &'static str,
    /// How many of a thousand families and shops are its own.
    share: u64,
}

/// The banks, unequal as they are.
pub(super) const BANKS: [Bank; 4] = [
    Bank {
        code: "bri",
        name: "Bank Rakyat Indonesia",
        clearing_code: "002",
        account_number: "157100000000201",
        prefix: "601301",
        share: 460,
    },
    Bank {
        code: "bni",
        name: "Bank Negara Indonesia",
        clearing_code: "009",
        account_number: "1571000901",
        prefix: "601309",
        share: 180,
    },
    Bank {
        code: "mandiri",
        name: "Bank Mandiri",
        clearing_code: "008",
        account_number: "1571000000801",
        prefix: "601308",
        share: 270,
    },
    Bank {
        code: "btn",
        name: "Bank Tabungan Negara",
        clearing_code: "200",
        account_number: "1571200000001",
        prefix: "601320",
        share: 90,
    },
];

/// An e-warong with the prices it asks, rupiah a unit.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) kind: MerchantKind,
    pub(super) address: String,
    pub(super) region: String,
    pub(super) bank: &'static Bank,
    /// Its terminals; there is at least one.
    pub(super) terminals: Vec<String>,
    pub(super) prices: Prices,
}

/// What an e-warong asks for a unit; rice never above the zone's ceiling.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prices {
    pub(super) premium: i64,
    pub(super) medium: i64,
    pub(super) egg: i64,
    pub(super) tray: i64,
    pub(super) eggs_kg: i64,
}

/// A family with its card.
#[derive(Clone, Debug)]
pub(super) struct Family {
    pub(super) reference: String,
    pub(super) nik: String,
    pub(super) name: String,
    pub(super) region: String,
    pub(super) bank: &'static Bank,
    pub(super) card: Card,
}

/// A card as its holder knows it.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) number: String,
    pub(super) pin: Option<String>,
    pub(super) state: CardState,
    pub(super) expires: &'static str,
}

/// The whole city.
#[derive(Debug)]
pub(super) struct Town {
    pub(super) shops: Vec<Shop>,
    pub(super) families: Vec<Family>,
    /// The families that buy on the demo's day, in no order.
    pub(super) buyers: Vec<usize>,
    /// Cards that were in use before, with their family's place.
    pub(super) former: Vec<(usize, Card)>,
}

impl Town {
    /// The city with so many families; always the same one.
    pub(super) fn new(families: usize) -> anyhow::Result<Self> {
        let shops = shops(families.div_ceil(FAMILIES_PER_SHOP).max(BANKS.len()));
        let mut random = Random::stream("families");
        let mut niks = HashSet::with_capacity(families);
        let unusable_from = families.saturating_sub(UNUSABLE.len());
        let made = (0..families).map(|place| {
            let unusable = place.checked_sub(unusable_from).and_then(|nth| UNUSABLE.get(nth));
            family(&mut random, &mut niks, place, unusable.copied())
        });
        let families: Vec<Family> = made.collect::<anyhow::Result<_>>()?;
        let buyers = buyers(unusable_from);
        let mut former = Vec::new();
        for ((&owner, state), number) in buyers.iter().zip(FORMER).zip(900_000_000_usize..) {
            let family = families.get(owner).context("a buyer is a family")?;
            let card = card(&mut random, family.bank, number, &family.nik, (state, EXPIRES))?;
            former.push((owner, card));
        }
        Ok(Self { shops, families, buyers, former })
    }

    /// The first shop that has a second terminal, and that.
    pub(super) fn second_terminal(&self) -> Option<(&Shop, &str)> {
        self.shops.iter().find_map(|shop| shop.terminals.get(1).map(|code| (shop, code.as_str())))
    }

    /// The families whose cards are usable and stay untouched on the demo's day.
    pub(super) fn untouched(&self) -> impl Iterator<Item = &Family> {
        let buyers: HashSet<usize> = self.buyers.iter().copied().collect();
        let usable = self.families.len().saturating_sub(UNUSABLE.len());
        let families = self.families.iter().take(usable).enumerate();
        families.filter(move |(place, _)| !buyers.contains(place)).map(|(_, family)| family)
    }

    /// The places of the families whose card can't be used.
    pub(super) fn without_usable_card(&self) -> std::ops::Range<usize> {
        self.families.len().saturating_sub(UNUSABLE.len())..self.families.len()
    }
}

/// Every fifth family; in a small city more, so that everything happens once, but never more than
/// every third.
fn buyers(usable: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..usable).collect();
    Random::stream("buyers").shuffle(&mut all);
    all.truncate((usable / 5).max(24).min(usable / 3));
    all
}

/// Every bank has one of the first, so that none is without.
fn bank(random: &mut Random, place: usize) -> &'static Bank {
    if let Some(bank) = BANKS.get(place) {
        return bank;
    }
    let mut left = random.below(BANKS.iter().map(|bank| bank.share).sum());
    let drawn = BANKS.iter().find(|bank| match left.checked_sub(bank.share) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    });
    let [first, ..] = &BANKS;
    drawn.unwrap_or(first)
}

/// A village of the city: eleven kecamatan with five kelurahan each.
fn region(random: &mut Random) -> String {
    let kecamatan = random.below(11).saturating_add(1);
    let kelurahan = random.below(5).saturating_add(1001);
    format!("{REGION}{kecamatan:02}{kelurahan}")
}

fn shops(count: usize) -> Vec<Shop> {
    let mut random = Random::stream("shops");
    let mut terminals = 1..;
    let shop = |place: usize| {
        let number = place.saturating_add(1);
        let kinds = MerchantKind::ALL;
        let kind = kinds.get(random.place(kinds.len())).copied().unwrap_or(MerchantKind::Warung);
        let region = region(&mut random);
        let street = random.below(60).saturating_add(1);
        let house = random.below(200).saturating_add(1);
        // In a city with few shops it is the last one that has two.
        let has_two = place % 12 == 7 || (count <= 7 && number == count);
        let both = if has_two { 2 } else { 1 };
        Shop {
            code: format!("EW-{REGION}-{number:05}"),
            name: format!("{} {number:05}", label(kind)),
            kind,
            address: format!("Jalan Contoh {street} No. {house} Kota Jambi"),
            bank: bank(&mut random, place),
            region,
            terminals: terminals.by_ref().take(both).map(|n: u32| format!("T{n:07}")).collect(),
            prices: Prices {
                premium: random.stepped(11_800, 13_300, 100),
                medium: random.stepped(9_000, 9_950, 50),
                egg: random.stepped(1_500, 1_900, 50),
                tray: random.stepped(44_000, 52_000, 500),
                eggs_kg: random.stepped(21_000, 24_500, 500),
            },
        }
    };
    (0..count).map(shop).collect()
}

const fn label(kind: MerchantKind) -> &'static str {
    match kind {
        MerchantKind::TraditionalMarket => "Kios Pasar",
        MerchantKind::Warung => "Warung",
        MerchantKind::TokoKelontong => "Toko Kelontong",
        MerchantKind::EWarungKube => "e-Warung KUBE",
        MerchantKind::WarungDesa => "Warung Desa",
        MerchantKind::Rpk => "Rumah Pangan Kita",
        MerchantKind::LakuPandaiAgent => "Agen Laku Pandai",
        MerchantKind::LkdAgent => "Agen LKD",
        MerchantKind::OtherRetail => "Toko",
    }
}

fn family(
    random: &mut Random,
    niks: &mut HashSet<String>,
    place: usize,
    unusable: Option<(CardState, &'static str)>,
) -> anyhow::Result<Family> {
    let number = place.saturating_add(1);
    let bank = bank(random, place);
    let region = region(random);
    let nik = loop {
        let nik = nik(random, &region);
        if niks.insert(nik.clone()) {
            break nik;
        }
    };
    let standing = unusable.unwrap_or((CardState::Active, EXPIRES));
    Ok(Family {
        reference: format!("KPM-{number:06}"),
        name: format!("KPM {number:06}"),
        card: card(random, bank, number, &nik, standing)?,
        nik,
        region,
        bank,
    })
}

/// Six digits of the region, the birth date with 40 added to a woman's day, a serial.
fn nik(random: &mut Random, region: &str) -> String {
    let woman = if random.happens(850) { 40 } else { 0 };
    let day = random.below(28).saturating_add(1).saturating_add(woman);
    let month = random.below(12).saturating_add(1);
    let year = random.below(50).saturating_add(48);
    let serial = random.below(9999).saturating_add(1);
    let place: String = region.chars().take(6).collect();
    format!("{place}{day:02}{month:02}{year:02}{serial:04}")
}

fn card(
    random: &mut Random,
    bank: &Bank,
    number: usize,
    nik: &str,
    (state, expires): (CardState, &'static str),
) -> anyhow::Result<Card> {
    let number = CardNumber::with_check_digit(&format!("{}{number:09}", bank.prefix))?;
    let no_pin = matches!(state, CardState::Printed | CardState::Distributed);
    let pin = if no_pin { None } else { Some(pin(random, number, nik)?) };
    let number = String::from_utf8(number.digits().to_vec())?;
    Ok(Card { number, pin, state, expires })
}

/// A PIN that a bank would let a family choose.
fn pin(random: &mut Random, number: CardNumber, nik: &str) -> anyhow::Result<String> {
    let nik: Nik = nik.parse()?;
    let given_away = |pin: Pin| nik.gives_away(pin) || pin.is_of(number.masked());
    let mut drawn = random.below(1_000_000);
    while format!("{drawn:06}").parse().is_ok_and(given_away) {
        drawn = random.below(1_000_000);
    }
    // What is often chosen gives way to one far from it: what comes later of the stream stays.
    let strong = |text: &String| {
        let pin = text.parse::<Pin>();
        pin.is_ok_and(|pin| pin.strong_for(number.masked()).is_ok() && !given_away(pin))
    };
    let far = |pin: &u64| Some(pin.wrapping_mul(7_921).wrapping_add(104_729) % 1_000_000);
    let mut pins = std::iter::successors(Some(drawn), far).map(|pin| format!("{pin:06}"));
    pins.find(strong).context("most PINs are strong")
}
