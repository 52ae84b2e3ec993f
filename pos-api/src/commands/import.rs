//! `import`: registers banks, merchants, terminals and families from CSV files.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use ledger::service::import::{MerchantChange, read_folder};
use ledger::service::{
    FOUR_EYES_ABOVE, Ledger, Options, ProgrammeLimits, ROLLUP_SPAN, RecordingLimits, SystemClock,
};

use crate::cli::ImportArgs;
use crate::config;

use super::{say, serve::cores};

/// Reads the folder and registers all of it, or nothing.
pub(super) fn run(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let set = read_folder(&args.folder)?;
    let url = config::database(&args.database)?;
    ledger::service::migrate(&url)?;
    let keys = args.keys.clone().unwrap_or_else(|| url.default_keys(Path::new(".")));
    let clock = Arc::new(SystemClock::default());
    let (cores, rollup_span) = (cores(), ROLLUP_SPAN);
    let ledger = Ledger::open(&Options {
        url,
        keys,
        clock,
        cores,
        rollup_span,
        four_eyes_above: FOUR_EYES_ABOVE,
        recordings: RecordingLimits::default(),
        limits: ProgrammeLimits::default(),
        wrong_pins: None,
    })?;
    if args.update {
        let changes = if args.yes { ledger.update(set) } else { ledger.preview_update(&set) };
        ledger.close();
        tell_changes(&changes?, args.yes);
        return Ok(ExitCode::SUCCESS);
    }
    let imported = ledger.import(set);
    ledger.close();
    let counts = imported?;
    say(&format!(
        "imported {} banks, {} merchants, {} terminals, {} households, {} wallets, {} cards",
        counts.banks,
        counts.merchants,
        counts.terminals,
        counts.households,
        counts.wallets,
        counts.cards
    ));
    Ok(ExitCode::SUCCESS)
}

/// A line for each change, and whether it was made.
fn tell_changes(changes: &[MerchantChange], made: bool) {
    for change in changes {
        say(&change.to_string());
    }
    match (changes.len(), made) {
        (0, _) => say("nothing differs from what is registered"),
        (count, true) => say(&format!("changed {count} values")),
        (count, false) => {
            say(&format!("{count} values would change; `--yes` carries it out"));
        }
    }
}
