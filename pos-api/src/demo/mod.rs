//! The demo: Kota Jambi's September 2018, made anew and the same every time.
//!
//! Nothing here has a way of its own into the ledger. The city is imported from files as any city
//! is, money and purchases go through the use cases that the API calls, under a clock that is set by
//! hand; what comes out is verified and then served like any other database.

mod account;
mod baskets;
mod clients;
mod day;
mod file;
mod files;
mod guesses;
mod month;
mod place;
mod plan;
mod random;
mod session;
mod statements;
#[cfg(test)]
mod tests;
mod town;

use std::time::{Duration, Instant as Stopwatch};

use anyhow::{Context as _, bail};
use ledger::domain::bank::BankId;
use ledger::domain::calendar::{Date, Period};
use ledger::service::import::Imported;
use ledger::service::{CreditRun, Report, TrialBalance, VerifyOptions};

use clients::Logins;
use day::Tally;
use month::Funded;
pub(crate) use place::Place;
use session::{Session, wib};
use statements::BankFile;
use town::Town;

/// The month that is credited.
const PERIOD: &str = "2018-09";
/// When the city is registered, the banks are funded and the families credited.
const REGISTERED: (&str, &str) = ("2018-09-01", "08:00");
const FUNDED: (&str, &str) = ("2018-09-03", "06:00");
const CREDITED: (&str, &str) = ("2018-09-03", "08:00");
/// The day of purchases; it is closed, and the one before it, early on the next morning.
const CREDIT_DAY: &str = "2018-09-03";
const DAY: &str = "2018-09-04";
const DAY_AFTER: &str = "2018-09-05";
const OPENING: &str = "07:00";
/// When somebody tries numbers at a terminal, before the day is closed.
const NIGHT: &str = "04:00";
const CLOSING: &str = "05:00";

/// A demo that was made.
#[derive(Debug)]
pub(crate) struct Demo {
    place: Place,
    town: Town,
    logins: Logins,
    story: Story,
}

/// What happened in it.
#[derive(Debug)]
struct Story {
    imported: Imported,
    funded: Funded,
    credit: CreditRun,
    day: Date,
    tally: Tally,
    files: Vec<BankFile>,
    balance: TrialBalance,
    report: Report,
    took: Duration,
}

impl Demo {
    /// Makes the demo in an empty place, with so many families.
    ///
    /// # Errors
    /// When the place is not empty or can't be written, or anything goes otherwise than planned.
    pub(crate) fn make(place: Place, families: usize, cores: usize) -> anyhow::Result<Self> {
        let started = Stopwatch::now();
        ledger::service::migrate(&place.url)?;
        let registered = wib(REGISTERED.0, REGISTERED.1)?;
        let session = Session::open(place.url.clone(), place.keys.clone(), cores, registered)?;
        if session.ledger.bank_code(BankId(1)).is_ok() {
            bail!("`{}` is not empty\nhint: the demo needs a database of its own", place.url);
        }
        let town = Town::new(families)?;
        files::write(&place.imports(), &town, REGISTERED.0)?;
        let imported = month::register(&session, &place.imports())?;
        let logins = clients::add(&place.url, &town, registered)?;
        logins.write_secrets(&place.secrets())?;
        tell("registered", started);

        let period: Period = PERIOD.parse()?;
        session.set_clock(wib(FUNDED.0, FUNDED.1)?);
        let funded = month::fund(&session, &town, period)?;
        session.set_clock(wib(CREDITED.0, CREDITED.1)?);
        let credit = month::credit(&session, period)?;
        tell("credited", started);
        session.set_clock(wib(DAY, CLOSING)?);
        month::close_day(&session, CREDIT_DAY.parse()?)?;

        let tally = day::sell(&session, &town, wib(DAY, OPENING)?)?;
        tell("sold", started);
        guesses::try_numbers(&session, &town, wib(DAY_AFTER, NIGHT)?)?;
        session.set_clock(wib(DAY_AFTER, CLOSING)?);
        let day: Date = DAY.parse()?;
        month::close_day(&session, day)?;
        let files = statements::write_all(&place.statements(), &session.ledger, day)?;
        let auditor = session.client(clients::AUDITOR)?.id;
        let balance = session.ledger.trial_balance(auditor, None, None)?;
        session.ledger.close();
        tell("closed", started);

        let report =
            ledger::service::verify(&place.url, &VerifyOptions::default(), &mut |_, _| {})?;
        let broken = report.checks.iter().find_map(|check| {
            check.broken.as_ref().map(|record| format!("{}: {record}", check.name))
        });
        if let Some(broken) = broken {
            bail!("what the demo made does not hold: {broken}");
        }
        tell("verified", started);
        let took = started.elapsed();
        let story = Story { imported, funded, credit, day, tally, files, balance, report, took };
        Ok(Self { place, town, logins, story })
    }

    /// Where it is.
    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }

    /// Writes `demo.json` for a service at `base_url`.
    pub(crate) fn write_file(&self, base_url: &str) -> anyhow::Result<()> {
        file::write(base_url, self).context("demo.json")
    }

    /// What happened, where to go and what to try, line by line.
    pub(crate) fn account(&self, base_url: &str) -> anyhow::Result<Vec<String>> {
        account::lines(base_url, self)
    }
}

/// How far it is, on standard error.
fn tell(stage: &str, started: Stopwatch) {
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(millis, "{stage}");
}
