//! The month before the shops open: the city is registered, the banks are funded, the families
//! credited.

use std::path::Path;
use std::time::{Duration, Instant as Stopwatch};

use anyhow::{Context as _, bail, ensure};
use ledger::domain::calendar::{Date, Period};
use ledger::domain::credit::ShareStatus;
use ledger::domain::money::Rupiah;
use ledger::domain::reference::Reference;
use ledger::domain::settlement::DayStatus;
use ledger::service::import::{Imported, read_folder};
use ledger::service::{CreditRun, Decided, FundRequest, ReturnRequest, RunRequest, Scope};

use super::clients::{PROGRAMME, SECOND_PROGRAMME, bank_client};
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

/// What a bank was funded with by mistake, and got rid of again: rupiah.
const MISTAKEN: i64 = 25_000_000;

/// What arrived at the banks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Funded {
    /// How many fundings there were.
    pub(super) fundings: u32,
    /// All that was recorded.
    pub(super) amount: Rupiah,
    /// What of it went back.
    pub(super) returned: Rupiah,
}

/// Funds each bank with exactly what its families need, and the first one by mistake with something more,
/// which goes back.
pub(super) fn fund(session: &Session, town: &Town, period: Period) -> anyhow::Result<Funded> {
    let mut funded = Funded { fundings: 0, amount: Rupiah::ZERO, returned: Rupiah::ZERO };
    let mut count = |amount| {
        funded.fundings = funded.fundings.saturating_add(1);
        funded.amount = funded.amount.checked_add(amount).context("the money can be counted")?;
        anyhow::Ok(())
    };
    for bank in BANKS {
        let own = town.families.iter().filter(|family| family.bank.code == bank.code).count();
        let own = u64::try_from(own)?;
        let amount = Rupiah::new(MONTHLY)?.checked_mul(own).context("the need can be counted")?;
        let reference = format!("SP2D-{period}-{}", bank.code.to_ascii_uppercase());
        fund_by_two(session, bank.code, amount, &reference)?;
        count(amount)?;
    }
    let [bank, ..] = &BANKS;
    let amount = Rupiah::new(MISTAKEN)?;
    let reference = format!("SP2D-{period}-{}-A", bank.code.to_ascii_uppercase());
    let funding = fund_by_two(session, bank.code, amount, &reference)?;
    count(amount)?;
    let request = ReturnRequest {
        client: session.client(PROGRAMME)?.id,
        funding: funding.transfer,
        amount,
        reason: "recorded twice under another reference".to_owned(),
        key: "return-1".to_owned(),
    };
    let returned = session.ledger.return_funding(request, |_| String::new())?;
    ensure!(matches!(returned, Decided::Done(_)), "so little goes back without a second client");
    funded.returned = amount;
    Ok(funded)
}

/// Records a funding; a second client agrees where one is needed.
fn fund_by_two(
    session: &Session,
    bank: &str,
    amount: Rupiah,
    reference: &str,
) -> anyhow::Result<ledger::service::Funded> {
    for client in [PROGRAMME, SECOND_PROGRAMME] {
        let request = FundRequest {
            client: session.client(client)?.id,
            bank: bank.parse()?,
            amount,
            reference: Reference::new(reference)?,
        };
        if let Decided::Done(funded) | Decided::Agreed(funded) = session.ledger.fund(request)? {
            return Ok(funded);
        }
    }
    bail!("two clients want `{reference}`, and it is not recorded")
}

/// Credits the month to every family; both clients of the programme want it.
pub(super) fn credit(session: &Session, period: Period) -> anyhow::Result<CreditRun> {
    let mut started = None;
    for client in [PROGRAMME, SECOND_PROGRAMME] {
        let client = session.client(client)?.id;
        let run = session.ledger.start_credit_run(RunRequest { client, period, outside: false })?;
        if run.proposal.is_none() {
            started = Some(run);
            break;
        }
    }
    let started = started.context("two clients want the month, and it is not begun")?;
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
