//! The ledger under a clock that is set by hand.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use ledger::domain::calendar::{Instant, Zone};
use ledger::domain::wrong_pins::WrongPinLimit;
use ledger::service::{
    Client, Clock, DatabaseUrl, FOUR_EYES_ABOVE, Ledger, ManualClock, Options, ProgrammeLimits,
    ROLLUP_SPAN, RecordingLimits,
};

/// An open ledger and its clock.
#[derive(Debug)]
pub(super) struct Session {
    /// The ledger.
    pub(super) ledger: Ledger,
    clock: Arc<ManualClock>,
}

impl Session {
    /// Opens the ledger at `now`.
    pub(super) fn open(
        url: DatabaseUrl,
        keys: PathBuf,
        cores: usize,
        now: Instant,
    ) -> anyhow::Result<Self> {
        let clock = Arc::new(ManualClock::new(now));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let options = Options {
            url,
            keys,
            clock: shared,
            cores,
            rollup_span: ROLLUP_SPAN,
            four_eyes_above: FOUR_EYES_ABOVE,
            recordings: RecordingLimits::none(),
            limits: ProgrammeLimits::default(),
            wrong_pins: Some(WrongPinLimit::USUAL),
        };
        Ok(Self { ledger: Ledger::open(&options)?, clock })
    }

    /// Sets the clock to `now`; time does not go back.
    pub(super) fn set_clock(&self, now: Instant) {
        self.clock.advance_to(now);
    }

    /// The row of an API client.
    pub(super) fn client(&self, client_id: &str) -> anyhow::Result<Client> {
        let client = self.ledger.client(client_id)?;
        client.with_context(|| format!("there is no client `{client_id}`"))
    }
}

/// The instant of a local time in WIB: `wib("2018-09-03", "08:00")`.
pub(super) fn wib(date: &str, time: &str) -> anyhow::Result<Instant> {
    Ok(Instant::at(date.parse()?, time.parse()?, Zone::Wib))
}
