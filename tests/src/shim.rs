//! Small C libraries that the loader puts before the C library's own: disks that are slow, or fail, and clocks
//! that are wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{run, stdout_of};

/// A compiled library.
#[derive(Debug)]
pub struct Shim {
    library: PathBuf,
    _folder: TempDir,
}

impl Shim {
    /// Compiles `shim/NAME.c` with the machine's C compiler.
    ///
    /// # Panics
    /// When there is none; the message holds what it said.
    pub fn compile(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for a library");
        // PostgreSQL, which runs as another user, loads it too.
        let readable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), readable).expect("the folder is ours");
        let library = folder.path().join(name).with_extension("so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim").join(name);
        let mut cc = Command::new("cc");
        cc.args(["-std=c11", "-O2", "-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg(source.with_extension("c"))
            .arg("-ldl");
        stdout_of(&run(cc, b""));
        Self { library, _folder: folder }
    }

    /// The variable that has the loader take it, by the loader's own name for that; no path of a machine.
    pub fn preloaded(&self) -> (&'static str, String) {
        ("LD_PRELOAD", self.library.display().to_string())
    }
}

/// A clock that is wrong by as much as it is set to, for all programs that are started with it.
#[derive(Debug)]
pub struct WrongClock {
    shim: Shim,
    offset: PathBuf,
}

impl WrongClock {
    /// A clock that is right.
    ///
    /// # Panics
    /// As [`Shim::compile`].
    pub fn right() -> Self {
        let shim = Shim::compile("wrong_clock");
        let clock = Self { offset: shim.library.with_file_name("offset"), shim };
        clock.set_ahead(Duration::ZERO);
        clock
    }

    /// Sets it so far ahead of the right time.
    ///
    /// # Panics
    /// When its folder can't be written.
    pub fn set_ahead(&self, by: Duration) {
        self.set(&by.as_millis().to_string());
    }

    /// Sets it so far behind the right time.
    ///
    /// # Panics
    /// When its folder can't be written.
    pub fn set_behind(&self, by: Duration) {
        self.set(&format!("-{}", by.as_millis()));
    }

    /// The variables of programs that go by it.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [self.shim.preloaded(), ("CLOCK_OFFSET_FILE", self.offset.display().to_string())]
    }

    /// All at once: nobody reads half of it.
    fn set(&self, millis: &str) {
        let next = self.offset.with_extension("next");
        fs::write(&next, millis).expect("the folder is ours");
        let readable = fs::Permissions::from_mode(0o644);
        fs::set_permissions(&next, readable).expect("the file is ours");
        fs::rename(&next, &self.offset).expect("the folder is ours");
    }
}
