//! Throw-away `PostgreSQL` clusters from the programs that Debian installs.
//!
//! A cluster lives in a temporary folder, listens on a socket there and on a free loopback port,
//! trusts whoever connects, and keeps `fsync` on: the fault tests are about durability.
//! A small shell script owns the postmaster. Its standard input is a pipe from this process, so
//! that it stops the postmaster and removes the folder however this process ends.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use crate::process::{Signal, is_alive, run, send_signal, stdout_of, wait_until};

/// Starts the postmaster at the word `start` and answers `ready` or `failed`; at the end of its
/// input stops it and removes the folder. A start is tried again for a while: after a crash the
/// last backends may still hold the shared memory. (A shell that waits for another program may take note of
/// the dead postmaster meanwhile, which is then gone.) The last arguments are more variables of the
/// postmaster's environment.
const KEEPER: &str = r#"
bin=$1 dir=$2 port=$3 pid=
shift 3
dead() { read -r _ _ state _ 2>/dev/null <"/proc/$pid/stat" || return 0; [ "$state" = Z ]; }
start() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -z "$pid" ] || wait "$pid"
        env "$@" "$bin/postgres" -D "$dir/data" >>"$dir/log" 2>&1 </dev/null &
        pid=$!
        until dead; do
            "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" && echo ready && return
            sleep 0.05
        done
        sleep 0.5
    done
    echo failed
}
while read -r _; do start "$@"; done
[ -z "$pid" ] || { kill -s INT "$pid" 2>/dev/null; wait "$pid"; }
rm -rf "$dir"
"#;

const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 300
shared_buffers = 128MB
timezone = 'UTC'
";

/// A running `PostgreSQL` of its own; dropped, it is stopped and its files are gone.
#[derive(Debug)]
pub struct Cluster {
    dir: PathBuf,
    bin: PathBuf,
    port: u16,
    keeper: Child,
    pipes: Mutex<Pipes>,
    databases: AtomicU32,
}

#[derive(Debug)]
struct Pipes {
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Cluster {
    /// The cluster that all tests of this process share; a test takes a database of its own there.
    /// A test that stops or kills `PostgreSQL` starts a cluster of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Creates a cluster and waits until it answers.
    ///
    /// # Panics
    /// When `PostgreSQL` is not installed or does not start.
    pub fn start() -> Self {
        Self::start_with("", &[])
    }

    /// The same with more settings, as lines of `postgresql.conf`, and with more variables,
    /// `NAME=value`, in the postmaster's environment.
    ///
    /// # Panics
    /// As [`Cluster::start`].
    pub fn start_with(settings: &str, environment: &[&str]) -> Self {
        let bin = programs();
        let user = system_user();
        let dir = tempfile::Builder::new()
            .prefix("ewarong-postgres-")
            .tempdir()
            .expect("the temporary folder can be written")
            .keep();
        if let Some(user) = &user {
            chown(&dir, Some(user.uid), Some(user.gid)).expect("root may give the folder away");
        }
        let mut initdb = as_user(user.as_ref(), &bin.join("initdb"));
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        initdb.args(["--username=postgres", "--pgdata"]).arg(dir.join("data")).current_dir(&dir);
        stdout_of(&run(initdb, b""));

        let port = free_port();
        let config = dir.join("data/postgresql.conf");
        let written = fs::read_to_string(&config).expect("initdb wrote the settings");
        let own = format!("port = {port}\nunix_socket_directories = '{}'\n", dir.display());
        fs::write(&config, written + SETTINGS + settings + &own)
            .expect("the settings can be written");

        let (keeper, pipes) = spawn_keeper(user.as_ref(), (&bin, &dir, port), environment);
        let cluster =
            Self { dir, bin, port, keeper, pipes: Mutex::new(pipes), databases: AtomicU32::new(0) };
        cluster.start_postmaster();
        cluster
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Panics
    /// When `PostgreSQL` does not answer.
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// Creates a copy of a database that nobody is connected to, and returns its URL.
    ///
    /// # Panics
    /// When `PostgreSQL` does not answer, or somebody is connected.
    pub fn copy_database(&self, url: &str) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {}", Self::name_of(url)));
        self.url(&name)
    }

    /// The name of the database that a URL ends in.
    ///
    /// # Panics
    /// When it ends in none.
    pub fn name_of(url: &str) -> &str {
        url.rsplit_once('/').expect("the URL names a database").1
    }

    /// The URL of a database of this cluster.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs SQL in a database and returns the rows as unaligned text, fields parted by `|`.
    ///
    /// # Panics
    /// When a statement fails; the message is `PostgreSQL`'s.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        psql.args(["--set=ON_ERROR_STOP=1", "--dbname", &self.url(database), "--file=-"]);
        stdout_of(&run(psql, statements.as_bytes())).trim_end().to_owned()
    }

    /// The path of one of `PostgreSQL`'s programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// The folder that holds its data and its log.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The loopback port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The postmaster's process id.
    ///
    /// # Panics
    /// When it was stopped in an orderly way.
    pub fn postmaster_pid(&self) -> u32 {
        self.written_pid().expect("the postmaster's pid file is there")
    }

    /// Kills the postmaster with SIGKILL and waits until it is gone.
    pub fn kill9(&self) {
        self.stop(Signal::Kill);
    }

    /// Crashes the whole cluster, as `pg_ctl stop -m immediate` does, and waits until it is gone.
    pub fn stop_immediate(&self) {
        self.stop(Signal::Quit);
    }

    /// Starts it again after one of the crashes, on the same port; a running one is crashed first.
    ///
    /// # Panics
    /// When `PostgreSQL` does not come back.
    pub fn restart(&self) {
        if self.written_pid().is_some_and(is_alive) {
            self.stop_immediate();
        }
        self.start_postmaster();
    }

    /// What `PostgreSQL` has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    fn start_postmaster(&self) {
        let mut pipes = self.pipes.lock().expect("no other start panicked");
        let orders = pipes.orders.as_mut().expect("the keeper runs until the drop");
        orders.write_all(b"start\n").expect("the keeper runs");
        let mut answer = String::new();
        pipes.answers.read_line(&mut answer).expect("the keeper answers");
        assert_eq!(answer.trim(), "ready", "PostgreSQL does not start:\n{}", self.log());
    }

    fn stop(&self, signal: Signal) {
        let pid = self.postmaster_pid();
        send_signal(pid, signal);
        let gone = wait_until(Duration::from_secs(20), || !is_alive(pid));
        assert!(gone, "the postmaster {pid} outlives {signal:?}:\n{}", self.log());
    }

    fn written_pid(&self) -> Option<u32> {
        let text = fs::read_to_string(self.dir.join("data/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Ok(pipes) = self.pipes.get_mut() {
            drop(pipes.orders.take());
        }
        // The keeper stops the postmaster and removes the folder; a failure here changes no test.
        drop(self.keeper.wait());
    }
}

fn spawn_keeper(
    user: Option<&User>,
    (bin, dir, port): (&Path, &Path, u16),
    environment: &[&str],
) -> (Child, Pipes) {
    let mut keeper = as_user(user, Path::new("/bin/sh"));
    keeper.args(["-c", KEEPER, "keeper"]).arg(bin).arg(dir).arg(port.to_string());
    keeper.args(environment);
    // A process group of its own: the terminal's Ctrl-C must not end the keeper before its work.
    keeper.current_dir(dir).process_group(0);
    keeper.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut keeper = keeper.spawn().expect("the shell runs");
    let orders = keeper.stdin.take();
    let answers = BufReader::new(keeper.stdout.take().expect("standard output was piped"));
    (keeper, Pipes { orders, answers })
}

/// The folder of the newest installed `PostgreSQL`'s programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .expect("PostgreSQL is missing; hint: `tests/run` installs it");
    PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"))
}

/// A user of the operating system.
#[derive(Debug)]
struct User {
    name: String,
    uid: u32,
    gid: u32,
}

/// The user to become when this process is root, which `PostgreSQL` refuses to run as.
fn system_user() -> Option<User> {
    if fs::metadata("/proc/self").expect("the process has an entry").uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the users can be read");
    ["postgres", "nobody"].into_iter().find_map(|wanted| {
        let line = users.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut ids = line.split(':').skip(2).map(str::parse::<u32>);
        Some(User { name: wanted.to_owned(), uid: ids.next()?.ok()?, gid: ids.next()?.ok()? })
    })
}

fn as_user(user: Option<&User>, program: &Path) -> Command {
    user.map_or_else(
        || Command::new(program),
        |user| {
            let mut command = Command::new("runuser");
            command.args(["-u", &user.name, "--"]).arg(program);
            command
        },
    )
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}
