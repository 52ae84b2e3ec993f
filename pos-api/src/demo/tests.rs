//! The city and the day's plan, before anything is carried out.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ledger::domain::card::{CardNumber, CardState};
use ledger::domain::refusal::Refusal;

use super::baskets;
use super::plan::{Act, Step, plan};
use super::random::Random;
use super::town::{BANKS, Town};

fn city() -> Town {
    Town::new(1000).unwrap()
}

#[test]
fn the_city_and_its_day_are_the_same_every_time() {
    let [one, other] = [city(), city()].map(|town| format!("{town:?}{:?}", plan(&town)));
    assert_eq!(one, other);
}

#[test]
fn nobody_has_anothers_number_and_every_bank_has_families_and_shops() {
    for families in [50, 1000] {
        let town = Town::new(families).unwrap();
        let former = town.former.iter().map(|(_, card)| card);
        let cards = town.families.iter().map(|family| &family.card).chain(former);
        let numbers: HashSet<&str> = cards.map(|card| card.number.as_str()).collect();
        assert_eq!(numbers.len(), families + town.former.len());
        assert!(numbers.iter().all(|number| number.parse::<CardNumber>().is_ok()));
        let niks: HashSet<&str> = town.families.iter().map(|family| family.nik.as_str()).collect();
        assert_eq!(niks.len(), families);
        for bank in BANKS {
            assert!(town.families.iter().any(|family| family.bank.code == bank.code));
            assert!(town.shops.iter().any(|shop| shop.bank.code == bank.code));
        }
        assert!(town.shops.iter().all(|shop| !shop.terminals.is_empty()));
    }
}

#[test]
fn at_most_a_third_buys_and_the_cards_that_are_given_away_stay_untouched() {
    let town = city();
    let touched: BTreeSet<usize> = plan(&town).iter().map(|step| step.family).collect();
    assert!(town.buyers.len() * 3 <= town.families.len());
    let touched: HashSet<&str> =
        touched.iter().map(|place| town.families[*place].card.number.as_str()).collect();
    let mut untouched = 0;
    for family in town.untouched() {
        assert_eq!(family.card.state, CardState::Active);
        assert!(family.card.pin.is_some() && family.card.expires > "2090");
        assert!(!touched.contains(family.card.number.as_str()));
        untouched += 1;
    }
    assert!(untouched * 3 > town.families.len() * 2);
}

#[test]
fn every_refusal_of_a_shop_in_service_is_seen_in_a_small_city() {
    let seen: BTreeSet<Refusal> = plan(&Town::new(100).unwrap())
        .into_iter()
        .filter_map(|step| match step.act {
            Act::Fail(failing) => Some(failing.refusal()),
            Act::Buy | Act::Again | Act::TakeBack => None,
        })
        .collect();
    let missing: Vec<_> = Refusal::ALL.into_iter().filter(|one| !seen.contains(one)).collect();
    assert_eq!(
        missing,
        [Refusal::MerchantInactive, Refusal::TerminalInactive, Refusal::TerminalSuspended]
    );
}

#[test]
fn a_terminal_serves_one_family_at_a_mark_and_a_family_is_in_one_place() {
    let steps: Vec<Step> = plan(&city());
    let mut terminals = HashSet::new();
    let mut families: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for step in &steps {
        assert!(terminals.insert((step.shop, step.mark)), "{step:?}");
        families.entry(step.family).or_default().push(step.mark);
    }
    for marks in families.values() {
        assert!(marks.windows(2).all(|pair| pair[0] < pair[1]), "{marks:?}");
    }
}

#[test]
fn an_honest_basket_fits_the_purse() {
    let town = city();
    let mut random = Random::stream("test");
    for shop in &town.shops {
        for most in [100, 2_000, 20_000, 110_000] {
            let basket = baskets::honest(&mut random, &shop.prices, most).unwrap();
            let cost = basket.map(|basket| basket.total().unwrap().get());
            assert!(cost.is_none_or(|cost| cost <= most), "{cost:?} of {most}");
            assert_eq!(cost.is_none(), most < shop.prices.egg);
        }
    }
}
