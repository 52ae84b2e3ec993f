//! `credit`: the monthly run, beside the service.

use std::process::ExitCode;
use std::sync::Arc;

use ledger::domain::calendar::Period;
use ledger::domain::credit::ShareStatus;
use ledger::domain::money::Rupiah;
use ledger::service::{SystemClock, credit_period};

use crate::cli::CreditArgs;
use crate::config;

use super::{say, say_error};

/// Credits a period to its end. 1 when a bank's families got nothing for lack of funds.
pub(super) fn run(args: &CreditArgs) -> anyhow::Result<ExitCode> {
    let period: Period = args.period.parse()?;
    let (url, limits) = config::credit(&args.database, &args.programme)?;
    let wanted = (period, limits.four_eyes_above);
    anyhow::ensure!(
        !ledger::service::needs_migration(&url)?,
        "the schema of `{url}` is old\nhint: pos-api migrate"
    );
    let mut told = 0_i64;
    let run = credit_period(&url, Arc::new(SystemClock::default()), wanted, |run| {
        let credited: i64 = run.shares.iter().map(|share| share.credited).sum();
        // A line for each ten thousand families is enough to see it move.
        if credited.saturating_sub(told) >= 10_000 {
            told = credited;
            say_error(&format!("{credited} families credited"));
        }
    })?;
    let mut refused = false;
    for share in &run.shares {
        let (bank, credited) = (&share.bank, share.credited);
        let amount = Rupiah::new(share.amount)?;
        if share.status == ShareStatus::RefusedFunds {
            refused = true;
            let (needed, available) = (Rupiah::new(share.needed)?, Rupiah::new(share.available)?);
            say(&format!("{bank}\trefused_funds\tneeds {needed}, holds {available}"));
        } else {
            say(&format!("{bank}\t{}\t{credited} families\t{amount}", share.status.as_str()));
        }
    }
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
