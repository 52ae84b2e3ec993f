//! Lists the migrations' folders, so that each is embedded unchanged, and builds the crate again
//! when one changes.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let (from, to) = (folder("CARGO_MANIFEST_DIR")?, folder("OUT_DIR")?);
    let mut code = String::new();
    for database in ["sqlite", "postgres"] {
        println!("cargo:rerun-if-changed={database}");
        let folders = fs::read_dir(Path::new(&from).join(database))?;
        let mut names = folders
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        let constant = database.to_uppercase();
        write!(
            code,
            "/// The migrations for `{database}`, in order.\npub const {constant}: &[Script] = &["
        )
        .map_err(io::Error::other)?;
        for name in names {
            let up = Path::new(&from).join(database).join(&name).join("up.sql");
            let up = up.display().to_string();
            write!(code, "Script {{ name: {name:?}, up: include_str!({up:?}) }},")
                .map_err(io::Error::other)?;
        }
        code.push_str("];\n");
    }
    fs::write(Path::new(&to).join("scripts.rs"), code)
}

/// A folder that cargo names.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script where it is by variables"
)]
fn folder(variable: &str) -> io::Result<String> {
    env::var(variable).map_err(io::Error::other)
}
