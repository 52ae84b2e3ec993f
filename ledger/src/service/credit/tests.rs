//! Chunks that need their locks first, on a fresh `SQLite` file.

use std::sync::Arc;

use super::*;
use crate::domain::bank::BankId;
use crate::domain::card::CardNumber;
use crate::domain::household::Identity;
use crate::service::clock::ManualClock;
use crate::service::import::{BankEntry, ImportSet, Row};
use crate::service::{
    FOUR_EYES_ABOVE, NewBankCard, NewScope, Options, ProgrammeLimits, ROLLUP_SPAN, RecordingLimits,
    Teller,
};
use crate::service::{add_clients, migrate};

const MONTHLY: i64 = 110_000;

struct Bench {
    ledger: Ledger,
    _dir: tempfile::TempDir,
}

impl Bench {
    /// A bank with three families, which holds this much.
    fn holding(unallocated: i64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite(&dir.path().join("ledger.db"));
        migrate(&url).unwrap();
        let clock = Arc::new(ManualClock::new("2018-09-01T00:00:00Z".parse().unwrap()));
        let keys = url.default_keys(dir.path());
        let options = Options {
            url,
            keys,
            clock,
            cores: 1,
            rollup_span: ROLLUP_SPAN,
            four_eyes_above: FOUR_EYES_ABOVE,
            recordings: RecordingLimits::default(),
            limits: ProgrammeLimits::default(),
            wrong_pins: None,
        };
        let ledger = Ledger::open(&options).unwrap();
        let entry = BankEntry {
            code: "bri".parse().unwrap(),
            name: "BRI".to_owned(),
            clearing_code: "002".to_owned(),
            account_number: "0123456789".to_owned(),
            cut_off: "22:00".parse().unwrap(),
            open_business_date: "2018-09-01".parse().unwrap(),
            settlement_lag: 1,
        };
        let mut set = ImportSet::default();
        set.banks.push(Row { line: 2, entry });
        ledger.import(set).unwrap();
        let clients = [("at-bri", NewScope::Bank("bri"))];
        add_clients(&ledger.shared.url, &clients, ledger.shared.clock.now()).unwrap();
        let bench = Self { ledger, _dir: dir };
        for serial in 1..=3 {
            let card = NewBankCard {
                number: CardNumber::with_check_digit(&format!("601301{serial:09}")).unwrap(),
                expires: "2099-12-31".parse().unwrap(),
                identity: Identity {
                    nik: format!("157101470885000{serial}").parse().unwrap(),
                    name: "X".to_owned(),
                },
                region: "1571010001".parse().unwrap(),
            };
            bench.ledger.issue_card(Teller { client: 1, bank: BankId(1) }, card).unwrap();
        }
        bench.fund(unallocated);
        bench
    }

    fn with(&self, change: impl Fn(&mut Connection) -> Result<(), StoreError> + Send + 'static) {
        self.ledger.shared.write(move |tx| Ok::<_, Trouble>(change(tx)?)).unwrap();
    }

    /// The bank gets this much.
    fn fund(&self, amount: i64) {
        self.with(move |tx| tx.change_funds(BankId(1), (amount, 0), 0));
    }

    /// The last family's wallet is opened (1) or frozen (2).
    fn set_state_of_last(&self, state: i16) {
        self.with(move |tx| {
            tx.set_state_of_last(state);
            Ok(())
        });
    }

    fn start(&self) -> CreditRun {
        let period = "2018-09".parse().unwrap();
        self.ledger.start_credit_run(RunRequest { client: 1, period, outside: false }).unwrap()
    }

    /// Carries the run on: families that were credited, and what the bank still holds and promised.
    fn end(&self, run: &CreditRun) -> (i64, i64, i64) {
        let run = self.ledger.carry_on_credit_run(run.id, |_| {}).unwrap();
        assert_eq!(run.status, RunStatus::Completed);
        let share = &run.shares[0];
        assert_eq!(share.amount, share.credited.saturating_mul(MONTHLY));
        let funds = self.ledger.shared.read(|tx| tx.lock_funds(BankId(1))).unwrap();
        (share.credited, funds.unallocated, funds.reserved)
    }
}

#[test]
fn a_wallet_that_was_opened_after_the_count_is_paid_from_what_is_free() {
    let bench = Bench::holding(3 * MONTHLY);
    bench.set_state_of_last(2);
    let run = bench.start();
    assert_eq!(run.shares[0].needed, 2 * MONTHLY);
    bench.set_state_of_last(1);
    assert_eq!(bench.end(&run), (3, 0, 0));
}

#[test]
fn without_free_money_it_is_left_for_another_run() {
    let bench = Bench::holding(3 * MONTHLY - 1);
    bench.set_state_of_last(2);
    let run = bench.start();
    bench.set_state_of_last(1);
    assert_eq!(bench.end(&run), (2, MONTHLY - 1, 0));
    bench.fund(1);
    let run = bench.start();
    assert_eq!(run.shares[0].needed, MONTHLY);
    assert_eq!(bench.end(&run), (1, 0, 0));
}

#[test]
fn a_wallet_that_is_not_needed_any_more_leaves_its_money_free() {
    let bench = Bench::holding(3 * MONTHLY);
    let run = bench.start();
    bench.set_state_of_last(2);
    assert_eq!(bench.end(&run), (2, MONTHLY, 0));
}

#[test]
fn credits_lie_above_what_is_ahead_of_the_clock() {
    let bench = Bench::holding(3 * MONTHLY);
    let run = bench.start();
    // Two seconds, as another node's clock may be.
    let ahead = run.id + (2_000 << 22);
    bench.with(move |tx| {
        tx.raise_last(ahead);
        Ok(())
    });
    assert_eq!(bench.end(&run), (3, 0, 0));
    let wallets = bench.ledger.shared.read(|tx| {
        let last = tx.last_wallet()?;
        tx.lock_wallets(&[last - 2, last - 1, last])
    });
    let wallets = wallets.unwrap();
    assert!(!wallets.is_empty() && wallets.iter().all(|wallet| wallet.last_id > ahead));
}
