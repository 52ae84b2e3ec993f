//! A machine's clock that somebody sets, and the nodes that start with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ewarong_tests::Backend;
use ledger::domain::calendar::Instant;
use ledger::service::keyfile::KeysError;
use ledger::service::{
    Clock, ClockError, Ledger, NotReady, Options, SystemClock, Trouble, accept_clock,
};

use super::Bench;

const HOUR: i64 = 3_600_000;

/// It goes as the machine's does, so far away from it.
#[derive(Debug)]
pub(super) struct SetClock {
    ahead: AtomicI64,
    /// Whether the ledger may hold it against others.
    is_real: bool,
}

impl SetClock {
    /// A clock that shows `now` at this moment.
    pub(super) fn at(now: Instant, is_real: bool) -> Self {
        let ahead = now.as_millis() - SystemClock::default().now().as_millis();
        Self { ahead: AtomicI64::new(ahead), is_real }
    }

    /// Sets it by so many milliseconds.
    pub(super) fn set_by(&self, millis: i64) {
        self.ahead.fetch_add(millis, Ordering::AcqRel);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        SystemClock::default().now().plus_millis(self.ahead.load(Ordering::Acquire))
    }

    fn is_real(&self) -> bool {
        self.is_real
    }
}

impl Bench {
    /// Starts a node again when the clock shows `wall`.
    pub(super) fn restart(&mut self, hours: i64, wall: Instant) -> &'static str {
        if self.backend == Backend::Postgres && hours < 0 && wall == self.wall {
            return self.with_another_clock(hours, "not started with that clock");
        }
        self.nodes[self.asked].take().unwrap().close();
        self.clock.set_by(wall.as_millis() - self.wall.as_millis());
        self.wall = wall;
        let (opened, told) = match Ledger::open(&self.options) {
            Err(KeysError::Clock(ClockError::Behind { .. })) => {
                assert!(accept_clock(&self.options.url, &*self.clock, "uji").unwrap());
                (Ledger::open(&self.options), "started once the clock was accepted")
            }
            opened => (opened, "started"),
        };
        self.nodes[self.asked] = Some(opened.unwrap());
        told
    }

    /// A node whose clock is not the database's does not start.
    fn with_another_clock<T>(&self, hours: i64, told: T) -> T {
        let clock = SetClock::at(SystemClock::default().now(), true);
        clock.set_by(hours * HOUR);
        let options = Options { clock: Arc::new(clock), ..self.options.clone() };
        let refused = Ledger::open(&options).map(Ledger::close);
        assert!(matches!(refused, Err(KeysError::Clock(ClockError::Skewed { .. }))), "{refused:?}");
        told
    }

    /// Nothing is decided while the clock is not what it was at the start.
    pub(super) fn set_clock(&self, hours: i64) -> String {
        let told = "nothing is decided meanwhile".to_owned();
        if self.backend == Backend::Postgres {
            return self.with_another_clock(hours, told);
        }
        self.clock.set_by(hours * HOUR);
        let number = self.cards[0].card_number.parse().unwrap();
        let asked = self.ledger().inquire(self.tills[0], &number, self.pin(0, true));
        let answer = self.runtime.block_on(asked);
        assert!(matches!(answer, Err(Trouble::Unavailable)), "{answer:?}");
        assert_eq!(self.ledger().ready(), Err(NotReady::ClockStepped));
        self.clock.set_by(-hours * HOUR);
        self.ledger().ready().unwrap();
        told
    }
}
