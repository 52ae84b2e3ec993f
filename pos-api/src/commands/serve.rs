//! `serve`: the API.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ledger::service::{Ledger, Options, SystemClock};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::ServeArgs;
use crate::config::Settings;
use crate::startup::Application;

use super::say;

/// SIGXFSZ on Linux: a file reached its size limit. Unhandled it would kill the process; handled,
/// the write fails and is reported.
const FILE_TOO_LARGE: i32 = 25;

/// Serves until it is told to stop, or the storage fails.
pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::read(args)?;
    prepare(&settings, args.no_migrate)?;
    let cores = cores();
    let ledger = Arc::new(Ledger::open(&Options {
        url: settings.url,
        keys: settings.keys,
        clock: Arc::new(SystemClock::default()),
        cores,
        rollup_span: settings.rollup_span,
        four_eyes_above: settings.four_eyes_above,
        recordings: settings.recordings,
    })?);
    for run in ledger.unfinished_credit_runs()? {
        tracing::info!(run, "an interrupted credit run is carried on");
        ledger.run_credit_in_background(run);
    }
    serve(ledger, &settings.addr, cores, settings.max_bank_files)
}

/// Brings the schema up to date, or refuses an old one.
fn prepare(settings: &Settings, no_migrate: bool) -> anyhow::Result<()> {
    if no_migrate {
        anyhow::ensure!(
            !ledger::service::needs_migration(&settings.url)?,
            "the schema of `{}` is old\nhint: pos-api migrate",
            settings.url
        );
        return Ok(());
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
pub(super) fn serve(
    ledger: Arc<Ledger>,
    addr: &str,
    cores: usize,
    max_bank_files: usize,
) -> anyhow::Result<ExitCode> {
    let application = Application::build(Arc::clone(&ledger), addr, cores, max_bank_files)?;
    let address = application.address();
    let sound = actix_web::rt::System::new().block_on(async {
        let mut file_limit = signal(SignalKind::from_raw(FILE_TOO_LARGE))?;
        let server = application.start()?;
        let handle = server.handle();
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
        server.await?;
        watch.abort();
        std::io::Result::Ok(ledger.is_sound())
    })?;
    if let Ok(ledger) = Arc::try_unwrap(ledger).map_err(|_still_used| ()) {
        ledger.close();
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
