//! Small C libraries that the loader puts before the C library's own: disks that are slow, or fail.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

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
