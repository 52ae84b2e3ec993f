//! A night in which somebody tries one number after the other at a shop's second terminal: it is
//! suspended, as `serve` does it.

use anyhow::{Context as _, bail, ensure};
use ledger::domain::calendar::Instant;
use ledger::domain::card::CardNumber;
use ledger::domain::redemption::PointOfSale;
use ledger::domain::refusal::Refusal;
use ledger::domain::wrong_pins::WrongPinLimit;
use ledger::service::{Reply, Scope};

use super::clients::second_client;
use super::session::Session;
use super::town::Town;

/// What is typed with every number.
const PIN: &str = "271828";

/// Tries numbers that no card has until the terminal stands still.
pub(super) fn try_numbers(session: &Session, town: &Town, now: Instant) -> anyhow::Result<()> {
    session.set_clock(now);
    let (shop, _) = town.second_terminal().context("a shop has a second terminal")?;
    let client = session.client(&second_client(&shop.code))?;
    let Scope::Merchant(bound) = client.scope else { bail!("{} sells nothing", shop.code) };
    let pos = PointOfSale { client: client.id, merchant: bound.merchant, terminal: bound.terminal };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let told = |serial: u16| {
        let number = CardNumber::with_check_digit(&format!("6013018{serial:08}"))?;
        let reply = runtime.block_on(session.ledger.inquire(pos, &number, PIN.parse()?))?;
        let Reply::NotTold(inquiry) = &reply else { bail!("decided otherwise: {reply:?}") };
        Ok(inquiry.refusal)
    };
    for serial in 0..=WrongPinLimit::USUAL.most {
        let refusal = told(serial)?;
        ensure!(refusal == Refusal::CardUnknown, "decided otherwise: {refusal:?}");
    }
    let refusal = told(WrongPinLimit::USUAL.most)?;
    ensure!(refusal == Refusal::TerminalSuspended, "decided otherwise: {refusal:?}");
    Ok(())
}
