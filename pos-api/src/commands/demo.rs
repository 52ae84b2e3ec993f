//! `demo`: a city's month, made and served.

use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

use ledger::service::{
    FOUR_EYES_ABOVE, Ledger, Options, ProgrammeLimits, ROLLUP_SPAN, RecordingLimits, SystemClock,
};

use crate::cli::DemoArgs;
use crate::config::{MAX_BANK_FILES, wrong_pin_limit};
use crate::demo::{Demo, Place};
use crate::limits::{LimitArgs, Limits, Switch};
use crate::startup::Plan;

use super::say;
use super::serve::{cores, serve};

/// Makes the demo, tells what happened, and serves it.
pub(super) fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    if !args.no_serve {
        // What is taken already should show before a minute was spent.
        free_address(&args.addr)?;
    }
    let place = Place::find(args.data.as_deref(), args.database_url.as_deref())?;
    say(&format!("making the demo in {}", place.folder().display()));
    let cores = cores();
    let demo = Demo::make(place, usize::try_from(args.cards)?, cores)?;
    let addr = if args.no_serve { args.addr.clone() } else { free_address(&args.addr)? };
    let base_url = format!("http://{addr}");
    demo.write_file(&base_url)?;
    for line in demo.account(&base_url)? {
        say(&line);
    }
    if args.no_serve {
        return Ok(ExitCode::SUCCESS);
    }
    let place = demo.place();
    let ledger = Ledger::open(&Options {
        url: place.url.clone(),
        keys: place.keys.clone(),
        clock: Arc::new(SystemClock::default()),
        cores,
        rollup_span: ROLLUP_SPAN,
        four_eyes_above: FOUR_EYES_ABOVE,
        recordings: RecordingLimits::none(),
        limits: ProgrammeLimits::default(),
        wrong_pins: wrong_pin_limit(args.wrong_pins, 0),
    })?;
    drop(demo);
    // Whoever tries the demo may do what it likes, unless it is to show the limits.
    let limits = Limits::read(&args.limits, &LimitArgs::default(), Switch::Off);
    let plan = Plan {
        addr: &addr,
        metrics_addr: None,
        workers: cores,
        max_bank_files: MAX_BANK_FILES,
        limits,
    };
    serve(Arc::new(ledger), &plan)
}

/// The address with a port in it that can be had now: for port 0 one that is free.
fn free_address(addr: &str) -> anyhow::Result<String> {
    let listener = TcpListener::bind(addr).map_err(|error| {
        anyhow::anyhow!("can't listen on `{addr}`: {error}\nhint: choose another with `--addr`")
    })?;
    Ok(listener.local_addr()?.to_string())
}
