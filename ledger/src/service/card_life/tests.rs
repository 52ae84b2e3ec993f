//! Cards through their lives on a fresh `SQLite` file.

use std::sync::Arc;

use super::*;
use crate::domain::household::Identity;
use crate::service::Trouble;
use crate::service::clock::ManualClock;
use crate::service::import::{BankEntry, ImportSet, Row};
use crate::service::{
    DatabaseUrl, FOUR_EYES_ABOVE, NewScope, Options, ProgrammeLimits, ROLLUP_SPAN, RecordingLimits,
    add_clients, migrate,
};

const BRI: Teller = Teller { client: 1, bank: BankId(1) };
const BTN: Teller = Teller { client: 2, bank: BankId(2) };

struct Bench {
    ledger: Ledger,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite(&dir.path().join("ledger.db"));
        migrate(&url).unwrap();
        let clock = Arc::new(ManualClock::new("2018-09-01T00:00:00Z".parse().unwrap()));
        let keys = url.default_keys(dir.path());
        let ledger = Ledger::open(&Options {
            url,
            keys,
            clock,
            cores: 1,
            rollup_span: ROLLUP_SPAN,
            four_eyes_above: FOUR_EYES_ABOVE,
            recordings: RecordingLimits::default(),
            limits: ProgrammeLimits::default(),
            wrong_pins: None,
        })
        .unwrap();
        let mut set = ImportSet::default();
        for (line, (code, clearing)) in (2..).zip([("bri", "002"), ("btn", "200")]) {
            let entry = BankEntry {
                code: code.parse().unwrap(),
                name: code.to_uppercase(),
                clearing_code: clearing.to_owned(),
                account_number: "0123456789".to_owned(),
                cut_off: "22:00".parse().unwrap(),
                open_business_date: "2018-09-01".parse().unwrap(),
                settlement_lag: 1,
            };
            set.banks.push(Row { line, entry });
        }
        ledger.import(set).unwrap();
        let clients = [("at-bri", NewScope::Bank("bri")), ("at-btn", NewScope::Bank("btn"))];
        add_clients(&ledger.shared.url, &clients, ledger.shared.clock.now()).unwrap();
        Self { ledger, _dir: dir }
    }

    fn issue(&self, by: Teller, card: u32, nik: &str) -> Result<BankCard, CardLifeError> {
        self.ledger.issue_card(by, new_card(card, nik))
    }

    fn state(&self, card: BankCard, next: CardState) -> Result<BankCard, CardLifeError> {
        self.ledger.set_card_state(BRI, card.card, next, "asked for".to_owned())
    }

    fn pin(&self, card: BankCard, pin: &str) -> Result<BankCard, CardLifeError> {
        self.ledger.set_card_pin(BRI, card.card, pin.parse().unwrap())
    }

    fn replace(&self, card: BankCard, by: u32) -> Result<BankCard, CardLifeError> {
        self.ledger.replace_card(BRI, card.card, number(by), "2099-12-31".parse().unwrap())
    }

    /// A card in use with the PIN `271828`.
    fn active(&self, card: u32) -> BankCard {
        let card = self.issue(BRI, card, NIK).unwrap();
        self.state(card, CardState::Distributed).unwrap();
        self.pin(card, "271828").unwrap()
    }

    /// What a terminal's wrong PINs do.
    fn wrong_pins(&self, card: BankCard, tries: i16, state: CardState) {
        let CardRef { card: id, wallet } = card.card;
        let seen = CardStanding { tries: self.tries(card), state: card.state };
        let now = CardStanding { tries, state };
        let change = [CardChange { wallet, card: id, seen, now }];
        let set = move |tx: &mut Connection| Ok::<_, Trouble>(tx.set_card_standing(&change)?);
        self.ledger.shared.write(set).unwrap();
    }

    fn tries(&self, card: BankCard) -> i16 {
        let cards = self.ledger.shared.read(|tx| tx.cards_of_wallet(card.card.wallet)).unwrap();
        cards.iter().find(|stored| stored.card == card.card).unwrap().tries
    }
}

const NIK: &str = "1571014708850003";

fn number(serial: u32) -> CardNumber {
    CardNumber::with_check_digit(&format!("601301{serial:09}")).unwrap()
}

fn new_card(card: u32, nik: &str) -> NewBankCard {
    NewBankCard {
        number: number(card),
        expires: "2099-12-31".parse().unwrap(),
        identity: Identity { nik: nik.parse().unwrap(), name: "X".to_owned() },
        region: "1571010001".parse().unwrap(),
    }
}

fn from(result: Result<BankCard, CardLifeError>) -> CardState {
    match result {
        Err(CardLifeError::StateConflict { from }) => from,
        other => panic!("no state stood in the way: {other:?}"),
    }
}

#[test]
fn a_new_family_gets_a_wallet_and_a_printed_card() {
    let bench = Bench::new();
    let card = bench.issue(BRI, 1, NIK).unwrap();
    assert_eq!((card.state, card.has_pin), (CardState::Printed, false));
    assert_eq!(card.shown, number(1).masked());
    assert_eq!(bench.ledger.find_card(BRI, &number(1)).unwrap(), card);
    assert_eq!(bench.ledger.card(BRI.bank, card.card).unwrap(), card);
    let wallets = bench.ledger.shared.read(|tx| tx.lock_wallets(&[card.card.wallet.0])).unwrap();
    assert_eq!((wallets[0].balance.get(), wallets[0].issuer, wallets[0].open), (0, BRI.bank, true));
}

#[test]
fn another_banks_card_is_not_found() {
    let bench = Bench::new();
    let card = bench.issue(BTN, 1, NIK).unwrap();
    let not_found = |result: Result<BankCard, CardLifeError>| {
        assert!(matches!(result, Err(CardLifeError::NotFound)), "{result:?}");
    };
    not_found(bench.ledger.find_card(BRI, &number(1)));
    not_found(bench.ledger.find_card(BRI, &number(2)));
    not_found(bench.ledger.card(BRI.bank, card.card));
    not_found(bench.state(card, CardState::Distributed));
    not_found(bench.pin(card, "271828"));
    not_found(bench.replace(card, 2));
    let elsewhere = CardRef { card: card.card.card, wallet: AccountId(1) };
    not_found(bench.ledger.card(BTN.bank, elsewhere));
    assert_eq!(bench.ledger.card(BTN.bank, card.card).unwrap(), card);
}

#[test]
fn a_family_has_one_card_in_use_at_one_bank() {
    let bench = Bench::new();
    let card = bench.issue(BRI, 1, NIK).unwrap();
    let again = bench.issue(BRI, 2, NIK);
    assert!(matches!(again, Err(CardLifeError::HouseholdHasCard)), "{again:?}");
    let elsewhere = bench.issue(BTN, 2, NIK);
    assert!(matches!(elsewhere, Err(CardLifeError::HouseholdElsewhere)), "{elsewhere:?}");
    let taken = bench.issue(BTN, 1, "1571010101700004");
    assert!(matches!(taken, Err(CardLifeError::NumberTaken)), "{taken:?}");
    // What was refused left nothing behind.
    bench.issue(BTN, 3, "1571010101700004").unwrap();

    bench.state(card, CardState::Returned).unwrap();
    let second = bench.issue(BRI, 2, NIK).unwrap();
    assert_eq!(second.card.wallet, card.card.wallet);
}

#[test]
fn a_pin_makes_a_distributed_card_active() {
    let bench = Bench::new();
    let card = bench.issue(BRI, 1, NIK).unwrap();
    assert_eq!(from(bench.pin(card, "271828")), CardState::Printed);
    bench.state(card, CardState::Distributed).unwrap();
    for weak in ["123456", "601301", "070885"] {
        let refused = bench.pin(card, weak);
        assert!(matches!(refused, Err(CardLifeError::WeakPin)), "{weak}: {refused:?}");
    }
    let active = bench.pin(card, "271828").unwrap();
    assert_eq!((active.state, active.has_pin), (CardState::Active, true));
    assert_eq!(bench.ledger.card(BRI.bank, card.card).unwrap(), active);
}

#[test]
fn a_new_pin_forgets_wrong_ones_but_lifts_no_block_of_the_bank() {
    let bench = Bench::new();
    let card = bench.active(1);
    bench.wrong_pins(card, 3, CardState::BlockedPin);
    assert_eq!(bench.pin(card, "314159").unwrap().state, CardState::Active);
    assert_eq!(bench.tries(card), 0);
    bench.state(card, CardState::BlockedBank).unwrap();
    assert_eq!(from(bench.pin(card, "271828")), CardState::BlockedBank);
}

#[test]
fn unblocking_forgets_wrong_pins() {
    let bench = Bench::new();
    let card = bench.active(1);
    bench.wrong_pins(card, 3, CardState::BlockedPin);
    bench.state(card, CardState::BlockedBank).unwrap();
    assert_eq!(bench.tries(card), 3);
    assert_eq!(bench.state(card, CardState::Active).unwrap().state, CardState::Active);
    assert_eq!(bench.tries(card), 0);
    // The same again is done already.
    assert_eq!(bench.state(card, CardState::Active).unwrap().state, CardState::Active);
}

#[test]
fn a_card_that_never_had_a_pin_is_unblocked_to_distributed() {
    let bench = Bench::new();
    let card = bench.issue(BRI, 1, NIK).unwrap();
    bench.state(card, CardState::Distributed).unwrap();
    bench.state(card, CardState::BlockedBank).unwrap();
    assert_eq!(bench.state(card, CardState::Active).unwrap().state, CardState::Distributed);
}

#[test]
fn a_replacement_is_another_card_on_the_same_wallet() {
    let bench = Bench::new();
    let old = bench.active(1);
    let taken = bench.replace(old, 1);
    assert!(matches!(taken, Err(CardLifeError::NumberTaken)), "{taken:?}");
    bench.state(old, CardState::Lost).unwrap();
    let new = bench.replace(old, 2).unwrap();
    assert_eq!((new.state, new.has_pin), (CardState::Printed, false));
    assert_eq!(new.card.wallet, old.card.wallet);
    assert_eq!(bench.ledger.find_card(BRI, &number(1)).unwrap().state, CardState::Replaced);
    assert_eq!(bench.ledger.find_card(BRI, &number(2)).unwrap(), new);
    assert_eq!(from(bench.replace(old, 3)), CardState::Replaced);
    assert_eq!(from(bench.state(old, CardState::Closed)), CardState::Replaced);
}

#[test]
fn a_lost_card_is_replaced_once_only() {
    let bench = Bench::new();
    let old = bench.active(1);
    bench.state(old, CardState::Lost).unwrap();
    bench.issue(BRI, 2, NIK).unwrap();
    let second = bench.replace(old, 3);
    assert!(matches!(second, Err(CardLifeError::HouseholdHasCard)), "{second:?}");
}

#[test]
fn the_ministrys_block_is_not_the_banks_to_lift() {
    let bench = Bench::new();
    let card = bench.active(1);
    bench.wrong_pins(card, 0, CardState::BlockedMinistry);
    assert_eq!(from(bench.state(card, CardState::Active)), CardState::BlockedMinistry);
    assert_eq!(from(bench.pin(card, "314159")), CardState::BlockedMinistry);
    assert_eq!(from(bench.replace(card, 2)), CardState::BlockedMinistry);
    let another = bench.issue(BRI, 2, NIK);
    assert!(matches!(another, Err(CardLifeError::HouseholdHasCard)), "{another:?}");
}

#[test]
fn a_card_is_not_issued_past_its_last_day() {
    let bench = Bench::new();
    let mut new = new_card(1, NIK);
    new.expires = "2018-08-31".parse().unwrap();
    let refused = bench.ledger.issue_card(BRI, new.clone());
    assert!(matches!(refused, Err(CardLifeError::ExpiresInThePast)), "{refused:?}");
    new.expires = "2018-09-01".parse().unwrap();
    bench.ledger.issue_card(BRI, new).unwrap();
}
