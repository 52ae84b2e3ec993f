//! What the harness needs to know of processes: is one alive, how large is it, send it a signal,
//! run the workspace's programs to their end.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A signal that a test sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT; `PostgreSQL`'s "fast" shutdown.
    Interrupt,
    /// SIGTERM: an orderly end.
    Terminate,
    /// SIGQUIT; `PostgreSQL`'s "immediate" shutdown, a crash with its children cleaned up.
    Quit,
    /// SIGKILL: a crash.
    Kill,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
            Self::Quit => "QUIT",
            Self::Kill => "KILL",
        }
    }
}

/// Sends a signal to a process that the harness started. One that has ended is not an error.
///
/// The shell's built-in `kill` does it: there is no `unsafe` in this workspace.
pub fn send_signal(pid: u32, signal: Signal) {
    Command::new("/bin/sh")
        .args(["-c", "kill -s \"$1\" \"$2\" 2>/dev/null", "sh", signal.name(), &pid.to_string()])
        .status()
        .expect("the shell runs");
}

/// Whether the process still runs; a zombie, dead but not yet waited for, does not.
pub fn is_alive(pid: u32) -> bool {
    // The state follows the command's name, which is in brackets and may hold anything.
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| stat.rsplit_once(") ").map(|(_, rest)| !rest.starts_with(['Z', 'X'])))
        .unwrap_or(false)
}

/// Resident memory of a process in kB.
///
/// # Panics
/// When the process has ended.
pub fn resident_kb(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("no resident size in the status of process {pid}:\n{status}"))
}

/// Waits until the condition holds and says whether it did within `limit`.
pub fn wait_until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    while !condition() {
        if started.elapsed() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}

/// Removes a folder, and kills a process that this one started, when this one ends, however it does:
/// for what lives in a `static`, which is never dropped.
pub fn clean_up_at_exit(folder: &Path, pid: Option<u32>) {
    let script = "read -r _; [ -z \"$2\" ] || kill -s KILL \"$2\" 2>/dev/null; rm -rf \"$1\"";
    let mut keeper = Command::new("/bin/sh");
    keeper.args(["-c", script, "keeper"]).arg(folder);
    keeper.arg(pid.map(|pid| pid.to_string()).unwrap_or_default());
    // A process group of its own: the terminal's Ctrl-C must not end it before its work.
    keeper.stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
    // Its standard input stays open until this process is gone.
    std::mem::forget(keeper.spawn().expect("the shell runs"));
}

/// The path of one of the workspace's programs, which lies where this one was built.
///
/// # Panics
/// When it has not been built: `tests/run` builds the workspace first.
pub fn program(name: &str) -> PathBuf {
    let current = std::env::current_exe().expect("this program has a path");
    // A program lies in target/<profile>, a test in target/<profile>/deps.
    let found = current.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    found.into_iter().find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("`{name}` is not beside `{}`\nhint: run `tests/run`", current.display())
    })
}

/// A command for one of the workspace's programs with an empty environment, so that no setting of
/// the developer's shell reaches it.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(program(name));
    command.env_clear();
    command
}

/// Runs `pos-api` with these arguments to its end, in the folder `dir`.
pub fn run_pos_api<S: AsRef<OsStr>>(dir: &Path, args: impl IntoIterator<Item = S>) -> Output {
    let mut command = command("pos-api");
    command.args(args).current_dir(dir);
    run(command, b"")
}

/// Runs `merchant-cli` with these arguments and this standard input to its end. `home` is its home
/// folder, where it keeps its login, and its working folder.
pub fn run_merchant_cli<S: AsRef<OsStr>>(
    home: &Path,
    args: impl IntoIterator<Item = S>,
    stdin: &[u8],
) -> Output {
    let mut command = command("merchant-cli");
    command.args(args).env("HOME", home).current_dir(home);
    run(command, stdin)
}

/// Runs a command with this standard input to its end.
pub fn run(mut command: Command, stdin: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut pipe = child.stdin.take().expect("standard input was piped");
    let input = stdin.to_vec();
    // On a thread of its own: a program that answers before it has read everything must not hang.
    // A broken pipe is the program's choice.
    let writer = thread::spawn(move || pipe.write_all(&input).is_ok());
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    output
}

/// What a finished program wrote to standard output, when it succeeded.
///
/// # Panics
/// When it failed; the message holds what it wrote to standard error.
pub fn stdout_of(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the program failed: {}\n{stderr}", output.status);
    String::from_utf8(output.stdout.clone()).expect("the output is UTF-8")
}
