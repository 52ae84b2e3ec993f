//! The real `pos-api serve` as a child process, with what fault tests do to one.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::process::{Signal, command, resident_kb, send_signal};

/// How long a server may take until it listens; migrations are part of it.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running `pos-api serve`; dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: String,
    database_url: String,
    keys: PathBuf,
    log: PathBuf,
    extra: Vec<String>,
}

impl Server {
    /// Starts a server on a free loopback port and waits until it listens. What it logs goes to a
    /// file beside its keys.
    ///
    /// # Panics
    /// When it ends or does not listen within a minute; the message holds what it logged.
    pub fn start(database_url: &str, keys: &Path) -> Self {
        Self::start_with(database_url, keys, &[])
    }

    /// The same with more arguments for `serve`.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn start_with(database_url: &str, keys: &Path, extra: &[&str]) -> Self {
        Self::start_in(database_url, keys, extra, &[])
    }

    /// The same with these variables in its environment, until it is started again.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn start_in(
        database_url: &str,
        keys: &Path,
        extra: &[&str],
        environment: &[(&str, String)],
    ) -> Self {
        let extra = extra.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>();
        let folder = keys.parent().expect("the keys file lies in a folder");
        let log = tempfile::Builder::new()
            .prefix("server-")
            .suffix(".log")
            .tempfile_in(folder)
            .and_then(|file| file.keep().map_err(|error| error.error))
            .expect("the folder can be written")
            .1;
        let mut program = serve(database_url, keys, "127.0.0.1:0", &extra);
        program.envs(environment.iter().map(|(name, value)| (name, value)));
        let (child, address) = spawn(program, &log);
        let (database_url, keys) = (database_url.to_owned(), keys.to_owned());
        Self { child, address, database_url, keys, log, extra }
    }

    /// `http://127.0.0.1:PORT`; a restart keeps it.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The database it serves.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its resident memory in kB.
    pub fn resident_kb(&self) -> u64 {
        resident_kb(self.pid())
    }

    /// Everything it has logged, across restarts.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub fn kill9(&mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("a killed server ends");
    }

    /// Asks it to end (SIGTERM) and returns how it did.
    pub fn terminate(&mut self) -> ExitStatus {
        send_signal(self.pid(), Signal::Terminate);
        self.child.wait().expect("the server ends")
    }

    /// Starts it again on the same address; one that still runs is killed first.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn restart(&mut self) {
        self.restart_in(&[]);
    }

    /// The same with these variables in its environment, this time.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn restart_in(&mut self, environment: &[(&str, String)]) {
        self.kill9();
        let mut program = serve(&self.database_url, &self.keys, &self.address, &self.extra);
        program.envs(environment.iter().map(|(name, value)| (name, value)));
        (self.child, self.address) = spawn(program, &self.log);
    }

    /// How it ended, if it has by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is a child")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn serve(database_url: &str, keys: &Path, address: &str, extra: &[String]) -> Command {
    let mut program = command("pos-api");
    program
        // Tests share tills and try many wrong PINs there; those about the limit set it.
        .env("EWARONG_WRONG_PINS", "0")
        .args(["serve", "--addr", address, "--database-url", database_url, "--keys"])
        .arg(keys)
        .args(extra);
    // Most tests fail on purpose, more than a client may.
    if !extra.iter().any(|argument| argument == "--limits") {
        program.args(["--limits", "off"]);
    }
    program
}

fn spawn(mut program: Command, log: &Path) -> (Child, String) {
    let stderr = File::options().append(true).open(log).expect("the log can be written");
    let mut child = program
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .expect("the server starts");
    let stdout = child.stdout.take().expect("standard output was piped");
    let Some(address) = listening_address(stdout) else {
        drop(child.kill());
        let status = child.wait().expect("a killed server ends");
        let logged = fs::read_to_string(log).unwrap_or_default();
        panic!("the server does not listen ({status}); it logged:\n{logged}");
    };
    (child, address)
}

/// The address that a server prints, `None` when it ends or stays silent. A thread keeps reading
/// afterwards, so that the server never waits for a full pipe.
pub fn listening_address(stdout: ChildStdout) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = line.trim().strip_prefix("listening on http://") {
                // Nobody waits any more once the first address was taken.
                drop(sender.send(address.to_owned()));
            }
        }
    });
    receiver.recv_timeout(START_LIMIT).ok()
}
