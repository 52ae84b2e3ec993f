//! A server as a child process: the real one, or one that stands in for it.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use ewarong_tests::process::{Signal, command, send_signal};
use ewarong_tests::server::listening_address;

use crate::databases::Database;

/// A running server; dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Served {
    child: Child,
    base_url: String,
}

impl Served {
    /// Starts `pos-api` on a database, in an environment of these variables.
    pub(crate) fn pos_api(
        database: &Database,
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut server = command("pos-api");
        server.args(["serve", "--addr", "127.0.0.1:0", "--log", "warn", "--database-url"]);
        server.arg(&database.url).arg("--keys").arg(&database.keys);
        server.envs(environment.iter().copied());
        Self::start(server, &database.folder)
    }

    /// Starts a server that prints where it listens; what it logs goes to a file of the folder.
    pub(crate) fn start(mut server: Command, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join("server.log");
        server.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut child = server.spawn().with_context(|| format!("{server:?} does not start"))?;
        let address = child.stdout.take().and_then(listening_address);
        let Some(address) = address else {
            child.kill()?;
            let logged = fs::read_to_string(log).unwrap_or_default();
            anyhow::bail!("{server:?} does not listen: {}\n{logged}", child.wait()?);
        };
        Ok(Self { child, base_url: format!("http://{address}") })
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The most memory that it had resident so far, in kB.
    pub(crate) fn peak_kb(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        number.and_then(|number| number.parse().ok()).context("no peak of resident memory")
    }

    /// Lets it end in order, so that its database may be copied.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        send_signal(self.pid(), Signal::Terminate);
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ends with {status}");
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
