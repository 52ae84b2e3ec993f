//! The ledger under a clock that is set by hand.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use ledger::domain::calendar::{Instant, Zone};
use ledger::service::{
    Client, Clock, DatabaseUrl, FOUR_EYES_ABOVE, Ledger, ManualClock, Options, ROLLUP_SPAN,
    RecordingLimits,
};

/// How far the clock may go while the ledger stays open. A ledger writes the highest id that it may
/// make ten seconds of its clock ahead and renews that by the machine's time, so a clock that is set
/// further than that leaves it without ids: it is opened anew instead.
const STEP_MILLIS: i64 = 9_000;

/// An open ledger and its clock.
#[derive(Debug)]
pub(super) struct Session {
    /// The ledger.
    pub(super) ledger: Ledger,
    options: Options,
    clock: Arc<ManualClock>,
    opened: Instant,
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
        };
        Ok(Self { ledger: Ledger::open(&options)?, options, clock, opened: now })
    }

    /// The same ledger at `now`; time does not go back.
    pub(super) fn at(self, now: Instant) -> anyhow::Result<Self> {
        self.clock.advance_to(now);
        if now.as_millis().saturating_sub(self.opened.as_millis()) <= STEP_MILLIS {
            return Ok(self);
        }
        let Self { ledger, options, clock, .. } = self;
        ledger.close();
        Ok(Self { ledger: Ledger::open(&options)?, options, clock, opened: now })
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
