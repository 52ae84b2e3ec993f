//! A disk that takes its time: a small library that is preloaded makes every `fsync` take longer.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use ewarong_tests::process::command;
use ewarong_tests::shim::Shim;

use crate::databases::run;

/// How much longer a slow disk takes.
pub(crate) const SLOWER: Duration = Duration::from_millis(1);
/// How many times a file is made durable to see how long it takes.
const PROBES: usize = 101;

/// The library, compiled.
#[derive(Debug)]
pub(crate) struct SlowDisk {
    shim: Shim,
}

impl SlowDisk {
    /// Compiles the library with the machine's C compiler.
    pub(crate) fn compile() -> Self {
        Self { shim: Shim::compile("slow_fsync") }
    }

    /// The variables of a process whose disk is slow: the loader puts the library before the C library's.
    pub(crate) fn environment(&self) -> [(&'static str, String); 2] {
        let micros = SLOWER.as_micros().to_string();
        [self.shim.preloaded(), ("SLOW_FSYNC_US", micros)]
    }

    /// How long it takes to make a few bytes durable, as it is and on the slow disk.
    ///
    /// # Errors
    /// When the library makes no difference.
    pub(crate) fn probe(&self, folder: &Path) -> anyhow::Result<[Duration; 2]> {
        let probe = |slow: bool| {
            let mut probe = command("bench");
            probe.arg("probe-disk").arg(folder.join("probe"));
            if slow {
                probe.envs(self.environment());
            }
            let micros = run(probe)?.trim().parse()?;
            anyhow::Ok(Duration::from_micros(micros))
        };
        let (fast, slow) = (probe(false)?, probe(true)?);
        ensure!(slow >= SLOWER, "the slow disk takes {slow:?} for an `fsync`");
        Ok([fast, slow])
    }
}

/// The median time of making a few bytes durable.
pub(crate) fn probe(path: &Path) -> anyhow::Result<Duration> {
    let mut file = File::create(path)?;
    let mut times = Vec::with_capacity(PROBES);
    for _ in 0..PROBES {
        file.write_all(&[b'x'; 512])?;
        let started = Instant::now();
        file.sync_data()?;
        times.push(started.elapsed());
    }
    fs::remove_file(path)?;
    times.sort_unstable();
    times.get(PROBES.wrapping_div(2)).copied().context("no probes")
}
