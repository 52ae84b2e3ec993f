//! The month before the shops open: the city is registered, the banks are funded, the families
//! credited.

use std::path::Path;
use std::time::{Duration, Instant as Stopwatch};

use anyhow::{Context as _, bail};
use ledger::domain::calendar::{Date, Period};
use ledger::domain::credit::ShareStatus;
use ledger::domain::money::Rupiah;
use ledger::domain::settlement::DayStatus;
use ledger::service::import::{Imported, read_folder};
use ledger::service::{CreditRun, FundRequest, Scope};

use super::clients::{PROGRAMME, bank_client};
use super::random::Random;
use super::session::Session;
use super::town::{BANKS, Town};

/// What a family gets for the month by the rules of 2017 to 2019.
pub(super) const MONTHLY: i64 = 110_000;
/// How long a day may take from `closing` to `closed`: its purchases are sealed meanwhile.
const CLOSED_WITHIN: Duration = Duration::from_mins(1);

/// Registers the city from its import files. Chance is the demo's own, so that the same pseudonyms
/// come out every time.
pub(super) fn register(session: &Session, folder: &Path) -> anyhow::Result<Imported> {
    let set = read_folder(folder)?;
    let mut random = Random::stream("registry");
    let imported = session.ledger.import_with(set, &mut |bytes| {
        random.fill(bytes);
        Ok(())
    })?;
    Ok(imported)
}

/// Funds each bank with exactly what its families need.
pub(super) fn fund(session: &Session, town: &Town, period: Period) -> anyhow::Result<()> {
    let client = session.client(PROGRAMME)?.id;
    for bank in BANKS {
        let own = town.families.iter().filter(|family| family.bank.code == bank.code).count();
        let own = u64::try_from(own)?;
        let amount = Rupiah::new(MONTHLY)?.checked_mul(own).context("the need can be counted")?;
        let reference = format!("SP2D-{period}-{}", bank.code.to_ascii_uppercase());
        session.ledger.fund(FundRequest { client, bank: bank.code.parse()?, amount, reference })?;
    }
    Ok(())
}

/// Credits the month to every family.
pub(super) fn credit(session: &Session, period: Period) -> anyhow::Result<CreditRun> {
    let started = session.ledger.start_credit_run(period)?;
    let run = session.ledger.carry_on_credit_run(started.id, |_| {})?;
    match run.shares.iter().find(|share| share.status != ShareStatus::Completed) {
        Some(share) => bail!("the credit of `{}` is `{}`", share.bank, share.status.as_str()),
        None => Ok(run),
    }
}

/// Closes a day for all banks and waits until it is closed.
pub(super) fn close_day(session: &Session, day: Date) -> anyhow::Result<()> {
    let mut banks = Vec::new();
    for bank in BANKS {
        let client = session.client(&bank_client(bank.code))?;
        let Scope::Bank(id, _) = client.scope else { bail!("`{}` has no bank", client.client_id) };
        session.ledger.close_day(client.id, id, day, None)?;
        banks.push(id);
    }
    let waiting = Stopwatch::now();
    for bank in banks {
        while session.ledger.day_status(bank, day)? != DayStatus::Closed {
            if waiting.elapsed() > CLOSED_WITHIN {
                bail!("{day} of bank {} is not closed after a minute", bank.0);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    Ok(())
}
