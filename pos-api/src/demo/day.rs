//! The day of purchases, carried out: every request goes the way that the API's go, one after the
//! other, and has to end as planned.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use ledger::domain::basket::Basket;
use ledger::domain::calendar::Instant;
use ledger::domain::card::CardNumber;
use ledger::domain::keys::key_hash;
use ledger::domain::redemption::{Attempt, Outcome, PointOfSale};
use ledger::domain::refusal::Refusal;
use ledger::service::{Ledger, OnceKey, RedeemRequest, Reply, ReverseRequest, Scope};

use super::baskets;
use super::clients::merchant_client;
use super::month::MONTHLY;
use super::plan::{Act, Failing, MARK_MILLIS, Step, plan};
use super::random::Random;
use super::session::Session;
use super::town::{Card, Family, Shop, Town};
use crate::wire::reversal::ReversalAnswer;

/// Within a mark requests are spread over so many milliseconds: less than a ledger may stay open.
const SPREAD_MILLIS: i64 = 8_000;
/// What is typed where a card has no PIN.
const ANY_PIN: &str = "271828";

/// What the day came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) approved: u64,
    /// Rupiah.
    pub(super) amount: i64,
    /// Approved at a shop of another bank than the card's.
    pub(super) off_us: u64,
    /// Families that bought.
    pub(super) families: u64,
    pub(super) refused: BTreeMap<Refusal, u64>,
    pub(super) replays: u64,
    pub(super) reversals: u64,
    /// Rupiah.
    pub(super) reversed: i64,
}

/// A request as it was sent, to be sent again.
#[derive(Clone, Debug)]
struct Sent {
    pos: PointOfSale,
    number: String,
    pin: String,
    key: String,
    basket: Basket,
}

/// What is known of a family during the day.
#[derive(Debug)]
struct Purse {
    left: i64,
    sent: Option<Sent>,
    bought: Option<(PointOfSale, Arc<Attempt>)>,
}

/// Sells from `opening` on, until the time of the last step.
pub(super) fn sell(session: &Session, town: &Town, opening: Instant) -> anyhow::Result<Tally> {
    let mut day = Day {
        town,
        terminals: terminals(session, town)?,
        random: Random::stream("baskets"),
        runtime: tokio::runtime::Builder::new_current_thread().enable_time().build()?,
        requests: 0,
        purses: HashMap::new(),
        tally: Tally::default(),
    };
    for steps in plan(town).chunk_by(|one, next| one.mark == next.mark) {
        let count = i64::try_from(steps.len())?;
        for (nth, step) in (0_i64..).zip(steps) {
            let mark = i64::try_from(step.mark)?.saturating_mul(MARK_MILLIS);
            let within = SPREAD_MILLIS.saturating_mul(nth).checked_div(count).unwrap_or(0);
            session.set_clock(opening.plus_millis(mark.saturating_add(within)));
            day.carry_out(&session.ledger, *step).with_context(|| format!("{step:?}"))?;
        }
    }
    day.tally.families =
        u64::try_from(day.purses.values().filter(|purse| purse.bought.is_some()).count())?;
    Ok(day.tally)
}

/// The point of sale of each shop's first terminal.
fn terminals(session: &Session, town: &Town) -> anyhow::Result<Vec<PointOfSale>> {
    let point = |shop: &Shop| {
        let client = session.client(&merchant_client(&shop.code))?;
        let Scope::Merchant(bound) = client.scope else { bail!("{} sells nothing", shop.code) };
        let (merchant, terminal) = (bound.merchant, bound.terminal);
        Ok(PointOfSale { client: client.id, merchant, terminal })
    };
    town.shops.iter().map(point).collect()
}

struct Day<'a> {
    town: &'a Town,
    terminals: Vec<PointOfSale>,
    random: Random,
    runtime: tokio::runtime::Runtime,
    requests: u64,
    purses: HashMap<usize, Purse>,
    tally: Tally,
}

impl Day<'_> {
    fn carry_out(&mut self, ledger: &Ledger, step: Step) -> anyhow::Result<()> {
        match step.act {
            Act::Buy => self.buy(ledger, step),
            Act::Again => self.again(ledger, step),
            Act::TakeBack => self.take_back(ledger, step),
            Act::Fail(failing) => self.fail(ledger, step, failing),
        }
    }

    fn shop(&self, step: Step) -> anyhow::Result<(&Shop, PointOfSale)> {
        let shop = self.town.shops.get(step.shop).zip(self.terminals.get(step.shop));
        shop.map(|(shop, pos)| (shop, *pos)).context("the shop is there")
    }

    fn family(&self, step: Step) -> anyhow::Result<&Family> {
        self.town.families.get(step.family).context("the family is there")
    }

    fn purse(&mut self, step: Step) -> &mut Purse {
        let left = MONTHLY;
        self.purses.entry(step.family).or_insert(Purse { left, sent: None, bought: None })
    }

    fn buy(&mut self, ledger: &Ledger, step: Step) -> anyhow::Result<()> {
        let left = self.purse(step).left;
        let prices = self.shop(step)?.0.prices;
        let Some(basket) = baskets::honest(&mut self.random, &prices, left)? else {
            return Ok(());
        };
        let off_us = self.shop(step)?.0.bank.code != self.family(step)?.bank.code;
        let card = self.family(step)?.card.clone();
        let sent = self.request(step, &card, basket)?;
        let attempt = self.send(ledger, &sent, false)?;
        let Outcome::Approved(debit) = attempt.outcome else {
            bail!("refused: {:?}", attempt.outcome)
        };
        let amount = debit.amount().get();
        let tally = &mut self.tally;
        tally.approved = tally.approved.saturating_add(1);
        tally.amount = tally.amount.saturating_add(amount);
        tally.off_us = tally.off_us.saturating_add(u64::from(off_us));
        let pos = sent.pos;
        let purse = self.purse(step);
        purse.left = debit.after().get();
        purse.sent = Some(sent);
        purse.bought = Some((pos, attempt));
        Ok(())
    }

    fn fail(&mut self, ledger: &Ledger, step: Step, failing: Failing) -> anyhow::Result<()> {
        let prices = self.shop(step)?.0.prices;
        let mut card = self.family(step)?.card.clone();
        let mut basket = baskets::small(&prices)?;
        match failing {
            Failing::WrongPin => card.pin = card.pin.as_deref().map(other_pin),
            Failing::PinBlocked | Failing::OwnCard(_) => {}
            Failing::Unknown => card.number = unknown_number()?,
            Failing::FormerCard(place, _) => {
                let (_, former) = self.town.former.get(place).context("the card is there")?;
                card = former.clone();
            }
            Failing::TooDear => basket = baskets::too_dear(&prices)?,
            Failing::Basket(flaw, _) => basket = baskets::flawed(flaw, &prices)?,
        }
        let sent = self.request(step, &card, basket)?;
        let attempt = self.send(ledger, &sent, false)?;
        let refusal = match &attempt.outcome {
            Outcome::Refused(objection) => Some(objection.refusal),
            Outcome::Approved(_) => None,
        };
        ensure!(refusal == Some(failing.refusal()), "decided otherwise: {:?}", attempt.outcome);
        let count = self.tally.refused.entry(failing.refusal()).or_default();
        *count = count.saturating_add(1);
        self.purse(step).sent = Some(sent);
        Ok(())
    }

    fn again(&mut self, ledger: &Ledger, step: Step) -> anyhow::Result<()> {
        let sent = self.purse(step).sent.clone().context("something was sent before")?;
        self.send(ledger, &sent, true)?;
        self.tally.replays = self.tally.replays.saturating_add(1);
        Ok(())
    }

    fn take_back(&mut self, ledger: &Ledger, step: Step) -> anyhow::Result<()> {
        let bought = self.purse(step).bought.clone();
        let Some((pos, attempt)) = bought else { return Ok(()) };
        self.requests = self.requests.saturating_add(1);
        let reason = "salah timbang".to_owned();
        let keys = ledger.keys().clone();
        let redemption = attempt.id.0.to_be_bytes();
        let request = ReverseRequest {
            pos,
            redemption: attempt.id,
            wallet: attempt.wallet,
            key: OnceKey {
                scope: pos.merchant,
                key_hash: key_hash(&format!("demo-{}", self.requests)),
                request: keys.request_mac(&[b"RV1", &redemption, reason.as_bytes()]),
            },
            reason,
        };
        ledger.reverse(request, move |reversed| ReversalAnswer::of(&keys, reversed).json())?;
        let amount = attempt.basket.total().context("an approved basket has a total")?.get();
        self.tally.reversals = self.tally.reversals.saturating_add(1);
        self.tally.reversed = self.tally.reversed.saturating_add(amount);
        let purse = self.purse(step);
        purse.left = purse.left.saturating_add(amount);
        Ok(())
    }

    fn request(&mut self, step: Step, card: &Card, basket: Basket) -> anyhow::Result<Sent> {
        self.requests = self.requests.saturating_add(1);
        Ok(Sent {
            pos: self.shop(step)?.1,
            number: card.number.clone(),
            pin: card.pin.clone().unwrap_or_else(|| ANY_PIN.to_owned()),
            key: format!("demo-{}", self.requests),
            basket,
        })
    }

    fn send(&self, ledger: &Ledger, sent: &Sent, again: bool) -> anyhow::Result<Arc<Attempt>> {
        let request = RedeemRequest {
            pos: sent.pos,
            number: sent.number.parse()?,
            pin: sent.pin.parse()?,
            key: &sent.key,
            basket: sent.basket.clone(),
        };
        let reply = self.runtime.block_on(ledger.redeem(request))?;
        let Reply::Decided { attempt, replay } = reply else { bail!("not decided: {reply:?}") };
        ensure!(replay == again, "a replay or not: {replay}");
        Ok(attempt)
    }
}

/// A well-formed number that no card has.
fn unknown_number() -> anyhow::Result<String> {
    let number = CardNumber::with_check_digit("601301999999999")?;
    Ok(String::from_utf8(number.digits().to_vec())?)
}

/// The PIN with another first digit.
fn other_pin(pin: &str) -> String {
    let mut digits = pin.chars();
    let first = match digits.next() {
        Some('9') => '0',
        _ => '9',
    };
    std::iter::once(first).chain(digits).collect()
}
