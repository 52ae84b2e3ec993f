//! What every part of the benchmark shares: how it was asked for, the cluster, what was found.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ewarong_tests::{Backend, Cluster};
use serde::Serialize;
use serde_json::Value;

use crate::databases::{Database, advised_settings, say};
use crate::loads::{Load, LoadRun, undisturbed};
use crate::plot::{Chart, svg};
use crate::rows::{Row, table};
use crate::served::Served;

/// Above this part of the processors' time, in thousandths, others disturb a measurement.
pub(crate) const MOST_OTHERS: u64 = 50;

/// How much is measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Effort {
    /// Of one measurement of the server.
    pub(crate) seconds: u64,
    /// Repetitions of what has a floor.
    pub(crate) repeat: u32,
    /// Purchases in a database before it is measured.
    pub(crate) rows: u64,
    /// Cards of the databases that growth is seen on.
    pub(crate) most_cards: u32,
}

/// A benchmark under way.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) effort: Effort,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) rows: Vec<Row>,
    pub(crate) charts: Vec<Chart>,
    /// Every report of the load generator, by what was measured.
    runs: Vec<(String, Value)>,
}

/// A measurement of the server.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) run: LoadRun,
    /// The most memory that the server had resident, in kB.
    pub(crate) peak_kb: u64,
}

impl Bench {
    /// Nothing measured yet.
    pub(crate) fn new(effort: Effort) -> Self {
        let cluster = Arc::new(Cluster::start_with(&advised_settings(), &[]));
        Self { effort, cluster, rows: Vec::new(), charts: Vec::new(), runs: Vec::new() }
    }

    /// A database of so many cards with the effort's number of purchases in it, its server stopped.
    pub(crate) fn grown(&self, backend: Backend, cards: u32) -> anyhow::Result<Database> {
        let database = Database::with_cards((backend, &self.cluster), cards)?;
        let served = Served::pos_api(&database, &[])?;
        let grow = Load { warm_up: self.effort.rows, ..Load::closed(256, 1) };
        grow.run(&database.demo, served.base_url(), &[])?;
        served.stop()?;
        Ok(database)
    }

    /// Measures `pos-api` on a copy of the database, in an environment of these variables, and again
    /// while others disturb it.
    pub(crate) fn measure(
        &mut self,
        what: &str,
        (database, environment): (&Database, &[(&str, &str)]),
        load: Load,
    ) -> anyhow::Result<Measured> {
        let (_, measured) = undisturbed(MOST_OTHERS, || {
            let measured = serve(&database.copy()?, environment, load)?;
            Ok((measured.run.others_permille(), measured))
        })?;
        self.keep(what, &measured.run);
        Ok(measured)
    }

    /// Measures `pos-api` once on the database itself.
    pub(crate) fn measure_here(
        &mut self,
        what: &str,
        database: &Database,
        load: Load,
    ) -> anyhow::Result<Measured> {
        let measured = serve(database, &[], load)?;
        self.keep(what, &measured.run);
        Ok(measured)
    }

    /// Keeps a whole report, and says the figure.
    pub(crate) fn keep(&mut self, what: &str, run: &LoadRun) {
        say(format_args!("{what}: {}", run.rate()));
        self.runs.push((what.to_owned(), run.whole.clone()));
    }

    /// Writes what was found to this folder, and gives the table.
    pub(crate) fn finish(self, folder: &Path) -> anyhow::Result<String> {
        #[derive(Serialize)]
        struct Results<'a> {
            effort: Effort,
            processors: usize,
            postgresql: String,
            rows: &'a [Row],
            runs: Vec<Named<'a>>,
        }
        #[derive(Serialize)]
        struct Named<'a> {
            what: &'a str,
            report: &'a Value,
        }
        fs::create_dir_all(folder)?;
        let results = Results {
            effort: self.effort,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            postgresql: self.cluster.sql("postgres", "SHOW server_version"),
            rows: &self.rows,
            runs: self.runs.iter().map(|(what, report)| Named { what, report }).collect(),
        };
        fs::write(folder.join("results.json"), serde_json::to_string_pretty(&results)?)?;
        if !self.charts.is_empty() {
            fs::write(folder.join("plot.svg"), svg(&self.charts))?;
        }
        Ok(table(&self.rows, MOST_OTHERS))
    }
}

fn serve(
    database: &Database,
    environment: &[(&str, &str)],
    load: Load,
) -> anyhow::Result<Measured> {
    let served = Served::pos_api(database, environment)?;
    let servers = [Some(served.pid()), database.postmaster()];
    let servers = servers.into_iter().flatten().collect::<Vec<_>>();
    let run = load.run(&database.demo, served.base_url(), &servers)?;
    Ok(Measured { run, peak_kb: served.peak_kb()? })
}
