//! `serve`: the API.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ledger::service::{Clock as _, Ledger, Options, SystemClock};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::ServeArgs;
use crate::config::Settings;
use crate::startup::{Application, Plan};

use super::say;

/// SIGXFSZ on Linux: a file reached its size limit. Unhandled it would kill the process; handled,
/// the write fails and is reported.
const FILE_TOO_LARGE: i32 = 25;

/// Serves until it is told to stop, or the storage fails.
pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::read(args)?;
    prepare(&settings, (args.no_migrate, args.migrate_beside_others))?;
    if let Some(reason) = &args.accept_clock {
        ledger::service::accept_clock(&settings.url, &SystemClock::default(), reason)?;
    }
    let cores = cores();
    let ledger = Arc::new(Ledger::open(&Options {
        url: settings.url.clone(),
        keys: settings.keys.clone(),
        clock: Arc::new(SystemClock::default()),
        cores,
        rollup_span: settings.rollup_span,
        four_eyes_above: settings.four_eyes_above,
        recordings: settings.recordings,
        limits: settings.programme,
        wrong_pins: settings.wrong_pins,
    })?);
    ledger.resume_credits()?;
    let plan = Plan {
        addr: &settings.addr,
        metrics_addr: settings.metrics_addr.as_deref(),
        workers: cores,
        max_bank_files: settings.max_bank_files,
        limits: settings.limits,
    };
    serve(ledger, &plan)
}

/// Brings the schema up to date, or refuses an old one. A node that is at work on an old one is another
/// version's, and what it writes may not fit the new one.
fn prepare(settings: &Settings, (no_migrate, beside): (bool, bool)) -> anyhow::Result<()> {
    if !ledger::service::needs_migration(&settings.url)? {
        return Ok(());
    }
    anyhow::ensure!(!no_migrate, "the schema of `{}` is old\nhint: pos-api migrate", settings.url);
    let now = SystemClock::default().now();
    let nodes = ledger::service::nodes_at_work(&settings.url, now)?;
    if let Some((node, until)) = nodes.first().filter(|_| !beside) {
        anyhow::bail!(
            "node {node} of another version is at work on `{}` (its lease holds until {})\n\
             hint: stop it, or wait until its lease has run out; --migrate-beside-others does not ask",
            settings.url,
            until.rfc3339()
        );
    }
    for migration in ledger::service::migrate(&settings.url)? {
        tracing::info!(%migration, "migrated");
    }
    Ok(())
}

/// The processors that may be used.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Serves a ledger that is open.
pub(super) fn serve(ledger: Arc<Ledger>, plan: &Plan<'_>) -> anyhow::Result<ExitCode> {
    let application = Application::build(Arc::clone(&ledger), plan)?;
    let (address, metrics_address) = (application.address(), application.metrics_address());
    let sound = actix_web::rt::System::new().block_on(async {
        let mut file_limit = signal(SignalKind::from_raw(FILE_TOO_LARGE))?;
        let (server, monitoring) = application.start()?;
        let handle = server.handle();
        let monitoring = monitoring.map(|server| (server.handle(), actix_web::rt::spawn(server)));
        let mut server = pin!(server);
        // From its first poll on it takes the signals: who reads the line below may send one at once.
        let begun = poll_fn(|context| Poll::Ready(server.as_mut().poll(context))).await;
        if let Some(address) = metrics_address {
            say(&format!("figures on http://{address}/metrics"));
        }
        say(&format!("listening on http://{address}"));
        let watched = Arc::clone(&ledger);
        let watch = actix_web::rt::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(200));
            while watched.is_sound() {
                tokio::select! {
                    _ = tick.tick() => {}
                    _ = file_limit.recv() => tracing::error!("a file reached its size limit"),
                }
            }
            tracing::error!("the storage failed; the process ends, so that it is opened afresh");
            handle.stop(true).await;
        });
        match begun {
            Poll::Ready(ended) => ended?,
            Poll::Pending => server.await?,
        }
        watch.abort();
        if let Some((handle, running)) = monitoring {
            handle.stop(false).await;
            running.await??;
        }
        std::io::Result::Ok(ledger.is_sound())
    })?;
    if let Ok(ledger) = Arc::try_unwrap(ledger).map_err(|_still_used| ()) {
        ledger.close();
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
