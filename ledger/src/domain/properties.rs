//! What holds of the domain for whatever input: properties, tried with many invented values.
#![expect(clippy::arithmetic_side_effects, reason = "a property's own sums are small or wide")]

use std::sync::Arc;

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

use super::bank::BankId;
use super::basket::{Basket, Line, LineClaim, line_amount};
use super::calendar::{CutOff, Date, Instant, Zone, business_date};
use super::card::{CardNumber, CardState, PIN_TRIES, Pin};
use super::ids::{AccountId, CardId, IdBlock, NodeNo, RowId, TerminalId, Tick, node_of};
use super::keys::Keys;
use super::merchant::ShopState;
use super::money::Rupiah;
use super::policy::{Good, Policy, PolicyBook, PriceCeiling, PriceZone, Validity};
use super::public_id::{IdKind, decode, encode};
use super::redemption::{
    CardFacts, CardRef, Debit, Outcome, PointOfSale, Redeem, ShopFacts, authorize,
};
use super::refusal::Refusal;

fn rupiah(amount: i64) -> Rupiah {
    Rupiah::new(amount).unwrap()
}

fn amounts() -> impl Strategy<Value = i64> {
    prop_oneof![0..=i64::MAX, 0..200_000_i64, Just(i64::MAX)]
}

proptest! {
    #[test]
    fn rupiah_never_wrap(one in amounts(), other in amounts(), times in any::<u64>()) {
        let wide = |amount: i64| i128::from(amount);
        let fits = |exact: i128| i64::try_from(exact).ok().filter(|amount| *amount >= 0);
        let (a, b) = (rupiah(one), rupiah(other));
        prop_assert_eq!(a.checked_add(b).map(Rupiah::get), fits(wide(one) + wide(other)));
        prop_assert_eq!(a.checked_sub(b).map(Rupiah::get), fits(wide(one) - wide(other)));
        let product = wide(one).checked_mul(i128::from(times)).and_then(fits);
        // Any multiple of zero is zero, but `times` itself has to fit.
        let product = product.filter(|_| i64::try_from(times).is_ok());
        prop_assert_eq!(a.checked_mul(times).map(Rupiah::get), product);
        prop_assert_eq!(Rupiah::checked_sum([a, b, Rupiah::ZERO]), a.checked_add(b));
    }

    #[test]
    fn below_zero_is_no_rupiah(amount in any::<i64>()) {
        prop_assert_eq!(Rupiah::new(amount).is_ok(), amount >= 0);
    }
}

/// A line's fields as a shop may send them.
#[derive(Clone, Debug)]
struct Claim {
    commodity: String,
    grade: Option<String>,
    quantity: String,
    unit: String,
    unit_price: i64,
}

impl Claim {
    fn line(&self) -> Option<Line> {
        let Self { commodity, grade, quantity, unit, unit_price } = self;
        let grade = grade.as_deref();
        Line::read(LineClaim { commodity, grade, quantity, unit, unit_price: *unit_price }).ok()
    }
}

fn quantities() -> impl Strategy<Value = String> {
    prop_oneof!["-?[0-9]{1,6}(\\.[0-9]{1,9})?", "[1-9](\\.[0-9]{1,3})?", "[1-9][0-9]?"]
}

/// Lines of rice and eggs mostly, of anything sometimes.
fn claims() -> impl Strategy<Value = Claim> {
    let goods = prop_oneof![
        4 => (Just("rice".to_owned()), "(premium|medium|broken)".prop_map(Some), "kg"),
        4 => (Just("eggs".to_owned()), Just(None), "(piece|tray|kg)"),
        1 => ("[a-zé ]{1,32}", proptest::option::of("[a-z]{1,32}"), "[a-z/ ]{1,32}"),
    ];
    let prices = prop_oneof![6 => 1..15_000_i64, 1 => any::<i64>()];
    (goods, quantities(), prices).prop_map(|((commodity, grade, unit), quantity, unit_price)| {
        Claim { commodity, grade, quantity, unit, unit_price }
    })
}

/// Lines that are mostly allowed.
fn honest_claims() -> impl Strategy<Value = Claim> {
    let goods = prop_oneof![
        (Just("rice"), "(premium|medium)".prop_map(Some), "[1-9](\\.[0-9]{1,3})?", Just("kg")),
        (Just("eggs"), Just(None), "[1-9][0-9]?", Just("piece")),
    ];
    (goods, 1..10_000_i64).prop_map(|((commodity, grade, quantity, unit), unit_price)| Claim {
        commodity: commodity.to_owned(),
        grade,
        quantity,
        unit: unit.to_owned(),
        unit_price,
    })
}

fn baskets() -> impl Strategy<Value = Basket> {
    let claims = prop_oneof![vec(honest_claims(), 1..6), vec(claims(), 1..6)];
    claims.prop_filter_map("some field can't be read", |claims| {
        let lines = claims.iter().map(Claim::line).collect::<Option<Vec<_>>>()?;
        Basket::new(lines).ok()
    })
}

/// Rice by the kilogram up to a ceiling, eggs by piece, tray and kilogram without one.
fn book(medium: i64, premium: i64) -> PolicyBook {
    let known_from = Instant::from_millis(0);
    let validity = Validity { from: Date::from_number(20_170_101).unwrap(), to: None, known_from };
    let good = |commodity: &str, grade: Option<&str>, unit: &str, decimals| Good {
        commodity: commodity.to_owned(),
        grade: grade.map(str::to_owned),
        unit: unit.to_owned(),
        decimals,
    };
    let ceiling = |grade: &str, price| PriceCeiling {
        zone: PriceZone(1),
        validity,
        commodity: "rice".to_owned(),
        grade: Some(grade.to_owned()),
        unit: "kg".to_owned(),
        price: rupiah(price),
    };
    let goods = vec![
        good("rice", Some("medium"), "kg", 3),
        good("rice", Some("premium"), "kg", 3),
        good("eggs", None, "piece", 0),
        good("eggs", None, "tray", 0),
        good("eggs", None, "kg", 3),
    ];
    let policy = Policy { version: 1, validity, monthly_amount: rupiah(110_000), goods };
    let ceilings = vec![ceiling("medium", medium), ceiling("premium", premium)];
    PolicyBook { revision: 1, policies: vec![policy], ceilings }
}

proptest! {
    #[test]
    fn a_basket_survives_its_record(basket in baskets()) {
        let read = Basket::from_record(basket.record()).unwrap();
        prop_assert_eq!(&read, &basket);
        prop_assert_eq!(read.record(), basket.record());
    }

    /// Zeros that mean nothing change nothing, and nothing else goes unseen.
    #[test]
    fn equal_baskets_have_equal_records(one in claims(), other in claims(), zeros in 1..4_usize) {
        let spelled = |claim: &Claim| {
            let pad = "0".repeat(zeros);
            let point = if claim.quantity.contains('.') { "" } else { "." };
            Claim { quantity: format!("{}{point}{pad}", claim.quantity), ..claim.clone() }.line()
        };
        let record = |line: Option<Line>| line.map(|line| Basket::new(vec![line]).unwrap().record().to_owned());
        let (first, second) = (record(one.line()), record(other.line()));
        if let Some(longer) = record(spelled(&one)) {
            prop_assert_eq!(Some(&longer), first.as_ref());
        }
        if let (Some(a), Some(b)) = (one.line(), other.line()) {
            prop_assert_eq!(a == b, first == second);
        }
    }

    #[test]
    fn a_priced_basket_is_the_sum_of_its_lines_and_keeps_below_the_ceilings(
        basket in baskets(),
        medium in 1..14_000_i64,
        premium in 1..14_000_i64,
    ) {
        let book = book(medium, premium);
        let rules = book.rules(Date::from_number(20_180_903).unwrap(), PriceZone(1), Instant::from_millis(1)).unwrap();
        let Ok(amount) = rules.price(&basket) else { return Ok(()) };
        prop_assert!(amount.get() > 0);
        let lines = basket.lines().iter().map(|line| line.amount().unwrap());
        prop_assert_eq!(Rupiah::checked_sum(lines), Some(amount));
        let ceilings = BTreeMap::from([("medium", medium), ("premium", premium)]);
        for line in basket.lines() {
            prop_assert!(["rice", "eggs"].contains(&line.commodity()), "{:?}", line);
            prop_assert!(line.quantity() > Decimal::ZERO && line.unit_price() > 0);
            if let Some(&ceiling) = line.grade().and_then(|grade| ceilings.get(grade)) {
                prop_assert!(line.unit_price() <= ceiling);
                prop_assert!(line.amount() <= line_amount(line.quantity(), ceiling));
            } else {
                prop_assert_eq!(line.commodity(), "eggs");
            }
        }
    }
}

const NOW: &str = "2018-09-03T03:00:00Z";

fn shop() -> ShopFacts {
    ShopFacts {
        client_active: true,
        merchant: ShopState::Active,
        terminal: ShopState::Active,
        zone: Zone::Wib,
        price_zone: PriceZone(1),
        acquirer: BankId(1),
        cut_off: CutOff::DEFAULT,
        open_business_date: Date::from_number(20_180_901).unwrap(),
    }
}

fn card(keys: &Keys, state: CardState, tries: i16) -> CardFacts {
    CardFacts {
        id: CardId(5),
        state,
        issuer: BankId(1),
        expires: Date::from_number(20_991_231).unwrap(),
        pin: Some(keys.seal_pin(CardId(5), [9; 16], pin("271828"))),
        tries,
        wallet_open: true,
    }
}

fn pin(text: &str) -> Pin {
    text.parse().unwrap()
}

fn command(keys: &Keys, basket: Basket, typed: Pin) -> Redeem {
    let number = CardNumber::with_check_digit("601301000000007").unwrap();
    Redeem {
        pos: PointOfSale { client: 1, merchant: AccountId(3), terminal: TerminalId(4) },
        card: Some(CardRef { card: CardId(5), wallet: AccountId(6) }),
        number: keys.card_index(&number),
        pin: typed,
        key_hash: [0; 16],
        request: Redeem::request_mac(keys, &number, typed, basket.record()),
        basket: Arc::new(basket),
    }
}

fn states() -> impl Strategy<Value = CardState> {
    prop_oneof![3 => Just(CardState::Active), 1 => select(CardState::ALL.to_vec())]
}

proptest! {
    #[test]
    fn a_purchase_debits_its_total_and_never_more_than_there_is(
        basket in baskets(),
        balance in amounts(),
        state in states(),
        tries in 0..PIN_TRIES,
        right in prop::bool::weighted(0.8),
    ) {
        let keys = Keys::derive(&[7; 32]);
        let typed = pin(if right { "271828" } else { "271829" });
        let (card, command) = (card(&keys, state, tries), command(&keys, basket, typed));
        let facts = (&shop(), Some(&card), rupiah(balance));
        let decision = authorize(&command, facts, &book(9_450, 12_800), &keys, NOW.parse().unwrap());
        match decision.outcome {
            Outcome::Approved(debit) => {
                prop_assert!(right && state == CardState::Active);
                prop_assert_eq!(Some(debit.amount()), command.basket.total());
                prop_assert!(debit.amount().get() > 0 && debit.after().get() >= 0);
                prop_assert_eq!(debit.before(), rupiah(balance));
                prop_assert_eq!(debit.after().checked_add(debit.amount()), Some(debit.before()));
                prop_assert_eq!(Debit::leaving(debit.after(), debit.amount()), Some(debit));
            }
            Outcome::Refused(objection) => {
                let refusal = objection.refusal;
                let blocked = state == CardState::BlockedPin;
                prop_assert_eq!(refusal == Refusal::CardPinBlocked, blocked);
                // Without the PIN nothing else is learnt about the card.
                prop_assert_eq!(refusal == Refusal::PinWrong, !right && !blocked);
                if refusal == Refusal::BalanceInsufficient {
                    prop_assert!(command.basket.total() > Some(rupiah(balance)));
                }
            }
        }
        // A PIN counts in every state but the one that wrong ones made.
        match decision.pin {
            None => prop_assert!(state == CardState::BlockedPin || (right && tries == 0)),
            Some(change) if right => prop_assert_eq!((change.tries, change.state), (0, state)),
            Some(change) => {
                prop_assert_eq!(change.tries, tries + 1);
                let blocks = change.tries == PIN_TRIES && state == CardState::Active;
                let next = if blocks { CardState::BlockedPin } else { state };
                prop_assert_eq!(change.state, next);
            }
        }
    }
}

fn nodes() -> impl Strategy<Value = NodeNo> {
    (0..NodeNo::COUNT).prop_map(|number| NodeNo::new(number).unwrap())
}

/// From 2017 to 2080.
fn instants() -> impl Strategy<Value = Instant> {
    (1_483_228_800_000..3_471_292_800_000_i64).prop_map(Instant::from_millis)
}

proptest! {
    #[test]
    fn the_ids_of_a_block_ascend(now in instants(), skip in 0..5_000_i64, node in nodes()) {
        let block = IdBlock::new(Tick::of(now).plus(skip), 600, node);
        let ids = (0..600).map(|place| block.id(place)).collect::<Vec<_>>();
        prop_assert!(ids.windows(2).all(|pair| pair[0] < pair[1]) && ids[0] > 0);
        prop_assert!(ids.iter().all(|id| node_of(*id) == i64::from(node.get())));
        prop_assert_eq!((block.first(), block.last()), (ids[0], ids[599]));
        let next = IdBlock::new(Tick::of(now).plus(skip + 600), 1, node);
        prop_assert!(next.first() > block.last());
    }

    #[test]
    fn a_tick_above_an_id_is_above_it_for_any_node_and_the_first_that_is(
        now in instants(),
        skip in 0..5_000_i64,
        (theirs, ours) in (nodes(), nodes()),
    ) {
        let id = Tick::of(now).plus(skip).id(theirs);
        let tick = Tick::above(id, ours);
        prop_assert!(tick.id(ours) > id);
        prop_assert!(tick.plus(-1).id(ours) <= id);
    }

    #[test]
    fn an_id_as_it_is_shown_survives(id in 1..=i64::MAX, wallet in 1..=i64::MAX, seed: [u8; 32]) {
        let keys = Keys::derive(&seed);
        let shown = encode(&keys, IdKind::Redemption, RowId(id), AccountId(wallet));
        let read = decode(&keys, IdKind::Redemption, &shown);
        prop_assert_eq!(read, Some((RowId(id), AccountId(wallet))));
    }

    /// One letter off: no id, or one that names no row of that wallet.
    #[test]
    fn a_changed_id_is_not_the_wallets(
        (id, wallet) in (1..=i64::MAX, 1..=i64::MAX),
        (place, letter) in (4..30_usize, "[a-z2-7]"),
    ) {
        let keys = Keys::derive(&[3; 32]);
        let shown = encode(&keys, IdKind::Transfer, RowId(id), AccountId(wallet));
        let mut changed = shown.clone();
        changed.replace_range(place..=place, &letter);
        prop_assume!(changed != shown);
        if let Some((other, anchor)) = decode(&keys, IdKind::Transfer, &changed) {
            prop_assert!(other != RowId(id) || anchor != AccountId(wallet));
            // The wallet's part is masked by the row's: to keep the wallet is to guess the mask.
            prop_assert!(anchor != AccountId(wallet));
        }
    }

    #[test]
    fn a_banks_day_never_goes_back_and_never_below_its_open_day(
        (one, other) in (instants(), instants()),
        minute in 0..=1_440_i16,
        (open, later) in (0..20_000_u64, 0..400_u64),
    ) {
        let cut_off = CutOff::from_minute(minute).unwrap();
        let open = Date::from_number(20_170_101).unwrap().plus_days(open);
        let (before, after) = (one.min(other), one.max(other));
        let day = business_date(before, cut_off, open);
        prop_assert!(day >= open);
        prop_assert!(business_date(after, cut_off, open.plus_days(later)) >= day);
        let local = Date::from(before.date_in(Zone::Wib));
        prop_assert!(day == open || day == local || day == local.next());
    }
}
