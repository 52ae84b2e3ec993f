//! The day of purchases, planned ahead: who comes when to which shop, and what goes wrong there.

use std::collections::HashSet;

use ledger::domain::refusal::Refusal;

use super::baskets::Flaw;
use super::random::Random;
use super::town::Town;

/// Visits begin at marks four minutes apart; a terminal serves one family at a mark.
pub(super) const MARK_MILLIS: i64 = 240_000;
/// Marks from opening at 07:00 to the banks' cut-off at 22:00, and to the last visit.
const CUT_OFF: u64 = 225;
const LAST: u64 = 237;

/// Something that is done at a terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// When, counted in marks from the opening.
    pub(super) mark: u64,
    /// Where: the shop's place.
    pub(super) shop: usize,
    /// Whose card: the family's place.
    pub(super) family: usize,
    /// What.
    pub(super) act: Act,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A purchase, as much as there is money for.
    Buy,
    /// The family's last request again, as after an outage: it changes nothing.
    Again,
    /// The family's last purchase is taken back.
    TakeBack,
    /// A try that is refused.
    Fail(Failing),
}

/// Why a try is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    /// The PIN is wrong.
    WrongPin,
    /// The card was blocked by wrong PINs before.
    PinBlocked,
    /// The number belongs to no card.
    Unknown,
    /// The family's card can't be used; why its state says.
    OwnCard(Refusal),
    /// A former card, by its place.
    FormerCard(usize, Refusal),
    /// The basket costs more than the wallet holds.
    TooDear,
    /// The basket is not allowed.
    Basket(Flaw, Refusal),
}

impl Failing {
    /// How the try has to be refused.
    pub(super) const fn refusal(self) -> Refusal {
        match self {
            Self::WrongPin => Refusal::PinWrong,
            Self::PinBlocked => Refusal::CardPinBlocked,
            Self::Unknown => Refusal::CardUnknown,
            Self::TooDear => Refusal::BalanceInsufficient,
            Self::OwnCard(refusal) | Self::FormerCard(_, refusal) | Self::Basket(_, refusal) => {
                refusal
            }
        }
    }
}

const BUY: &[Act] = &[Act::Buy];
const WRONG_PIN: &[Act] = &[Act::Fail(Failing::WrongPin), Act::Buy];
const AGAIN: &[Act] = &[Act::Buy, Act::Again];
const TAKE_BACK: &[Act] = &[Act::Buy, Act::TakeBack, Act::Buy];
const BLOCKED: &[Act] = &[
    Act::Fail(Failing::WrongPin),
    Act::Fail(Failing::WrongPin),
    Act::Fail(Failing::WrongPin),
    Act::Fail(Failing::PinBlocked),
];

const fn flawed(flaw: Flaw, refusal: Refusal) -> Act {
    Act::Fail(Failing::Basket(flaw, refusal))
}

const fn former(place: usize, refusal: Refusal) -> Act {
    Act::Fail(Failing::FormerCard(place, refusal))
}

/// What can go wrong in a visit. Each happens once at least, to the buyers after the first few.
const MISHAPS: [&[Act]; 17] = [
    WRONG_PIN,
    AGAIN,
    TAKE_BACK,
    &[flawed(Flaw::Sugar, Refusal::CommodityNotAllowed), Act::Again, Act::Buy],
    &[flawed(Flaw::Grade, Refusal::CommodityNotAllowed), Act::Buy],
    &[flawed(Flaw::Sack, Refusal::UnitNotAllowed), Act::Buy],
    &[flawed(Flaw::TooFine, Refusal::QuantityInvalid), Act::Buy],
    &[flawed(Flaw::HalfAnEgg, Refusal::QuantityInvalid), Act::Buy],
    &[flawed(Flaw::AbovePremiumCeiling, Refusal::PriceAboveCeiling), Act::Buy],
    &[flawed(Flaw::AboveMediumCeiling, Refusal::PriceAboveCeiling), Act::Buy],
    &[flawed(Flaw::Free, Refusal::AmountInvalid), Act::Buy],
    &[Act::Fail(Failing::TooDear), Act::Buy],
    &[Act::Fail(Failing::Unknown), Act::Buy],
    BLOCKED,
    // Former cards belong to the first buyers and are tried by whoever found them.
    &[former(0, Refusal::CardBlocked), former(1, Refusal::CardExpired), Act::Buy],
    &[former(2, Refusal::CardNotActive), Act::Buy],
    &[former(3, Refusal::CardNotActive), Act::Buy],
];
/// From this place on mishaps are of those few cards, or end a family's day.
const COMMON: usize = 13;

/// The complete day in order of time.
pub(super) fn plan(town: &Town) -> Vec<Step> {
    let mut planner =
        Planner { town, random: Random::stream("day"), busy: HashSet::new(), steps: Vec::new() };
    for (nth, &family) in town.buyers.iter().enumerate() {
        planner.buyer(nth, family);
    }
    for family in town.without_usable_card() {
        planner.unusable(family);
    }
    let mut steps = planner.steps;
    steps.sort_by_key(|step| (step.mark, step.shop));
    steps
}

struct Planner<'a> {
    town: &'a Town,
    random: Random,
    /// Terminals with a family at them, by shop and mark.
    busy: HashSet<(usize, u64)>,
    steps: Vec<Step>,
}

impl Planner<'_> {
    /// A family's day: one visit, seldom two or three.
    fn buyer(&mut self, nth: usize, family: usize) {
        let acts = self.acts(nth);
        let visits = match self.random.below(20) {
            // A card that was blocked buys nothing more.
            _ if acts == BLOCKED => 1_usize,
            0 => 3,
            1..5 => 2,
            _ => 1,
        };
        let mut marks: Vec<u64> = (0..visits).map(|_| self.mark()).collect();
        marks.sort_unstable();
        let mut shop = self.shop(nth, family);
        let mut free_from = 0;
        for (visit, mark) in marks.into_iter().enumerate() {
            let acts = if visit == 0 { acts } else { BUY };
            free_from = self.visit((shop, family), mark.max(free_from), acts);
            if self.random.happens(300) {
                shop = self.any_shop();
            }
        }
    }

    /// What happens at the first visit.
    fn acts(&mut self, nth: usize) -> &'static [Act] {
        // The first few shops of the day see a plain purchase, so that each bank has a settlement.
        let fixed = nth.checked_sub(FIRST_FEW).and_then(|place| MISHAPS.get(place));
        let drawn = self.random.below(1000);
        match (fixed, drawn) {
            (Some(acts), _) => acts,
            (None, 0..20) if nth >= FIRST_FEW => WRONG_PIN,
            (None, 20..32) if nth >= FIRST_FEW => AGAIN,
            (None, 32..40) if nth >= FIRST_FEW => TAKE_BACK,
            (None, 40..42) if nth >= FIRST_FEW => BLOCKED,
            (None, 42..70) if nth >= FIRST_FEW => {
                MISHAPS.get(self.random.place(COMMON)).copied().unwrap_or(BUY)
            }
            (None, _) => BUY,
        }
    }

    /// A family whose card can't be used comes all the same, once.
    fn unusable(&mut self, family: usize) {
        use ledger::domain::card::CardState;
        let state = self.town.families.get(family).map(|family| family.card.state);
        let refusal = match state {
            Some(CardState::BlockedBank | CardState::BlockedMinistry) => Refusal::CardBlocked,
            Some(CardState::Active) => Refusal::CardExpired,
            // It has no PIN yet, so that none is right.
            _ => Refusal::PinWrong,
        };
        let (shop, mark) = (self.any_shop(), self.mark());
        self.visit((shop, family), mark, &[Act::Fail(Failing::OwnCard(refusal))]);
    }

    /// Puts the acts at the shop's next free marks, and says when the family is free again.
    fn visit(&mut self, (shop, family): (usize, usize), from: u64, acts: &[Act]) -> u64 {
        let mut mark = from;
        for &act in acts {
            while !self.busy.insert((shop, mark)) {
                mark = mark.saturating_add(1);
            }
            self.steps.push(Step { mark, shop, family, act });
        }
        mark.saturating_add(1)
    }

    /// Most come in the morning or in the late afternoon, few after the banks' cut-off.
    fn mark(&mut self) -> u64 {
        match self.random.below(100) {
            0..45 => self.random.below(75),
            45..75 => self.random.below(45).saturating_add(120),
            75..98 => self.random.below(CUT_OFF),
            _ => self.random.below(LAST.saturating_sub(CUT_OFF)).saturating_add(CUT_OFF),
        }
    }

    /// The first families go one to each shop; of the others most go to one of their own bank.
    fn shop(&mut self, nth: usize, family: usize) -> usize {
        if nth < self.town.shops.len() {
            return nth;
        }
        let bank = self.town.families.get(family).map(|family| family.bank.code);
        let mut shop = self.any_shop();
        for _ in 0..3 {
            let own = self.town.shops.get(shop).map(|shop| shop.bank.code) == bank;
            if own {
                break;
            }
            shop = self.any_shop();
        }
        shop
    }

    /// Some shops are busier than others.
    fn any_shop(&mut self) -> usize {
        let count = self.town.shops.len();
        let (one, other) = (self.random.place(count), self.random.place(count));
        if self.random.happens(500) { one.min(other) } else { one }
    }
}

/// Buyers whose first visit goes well: one for each bank's first shop.
const FIRST_FEW: usize = 4;
