//! Bank files from the command line: read from disk or stdin by the ledger's parsers.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use ledger::bankfile::integrity::{self, Expected, History};
use ledger::bankfile::{self, BankFile, Bounds, Profile, ReadAs};
use ledger::domain::bank::BankCode;

use crate::cli::{FileArgs, Settings};
use crate::config::unreadable;
use crate::failure::Failure;
use crate::progress::{self, Watched};

/// A file that was read completely.
#[derive(Debug)]
pub(crate) struct ReadFile {
    /// The name as given.
    pub(crate) name: String,
    pub(crate) content: BankFile,
    /// Its bytes, where they are to be sent.
    pub(crate) bytes: Vec<u8>,
}

/// What becomes of a file's bytes once it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bytes {
    /// They are kept, to be sent.
    Keep,
    /// They go by, however many they are.
    Pass,
}

/// Reads all files, or names everything that is wrong with any of them.
///
/// Without a profile file or a bank, each file decides by its content how it is read.
pub(crate) fn read_all(
    settings: &Settings,
    (args, bank): (&FileArgs, Option<&BankCode>),
    keep: Bytes,
) -> Result<Vec<ReadFile>, Failure> {
    let is_watched = progress::is_wanted(settings);
    let how = ReadAs {
        format: args.format.named(),
        bank: bank.cloned(),
        profile: args.profile.as_deref().map(given_profile).transpose()?,
        around: args.near.map(ledger::domain::calendar::Date::naive),
        bounds: Bounds::default(),
    };
    let mut read: Vec<ReadFile> = Vec::new();
    let mut wrong: Vec<String> = Vec::new();
    for path in &args.files {
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        let mut input = watched(path, is_watched)?;
        let content = match keep {
            Bytes::Pass => bankfile::open(input, &how),
            Bytes::Keep => {
                input.read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
                bankfile::open(bytes.as_slice(), &how)
            }
        };
        match content {
            Ok(content) if read.iter().any(|file| file.content.hash == content.hash) => {
                return Err(Failure::failed(format!("`{name}` is the same file as another one")));
            }
            Ok(content) => read.push(ReadFile { name, content, bytes }),
            Err(reason) => wrong.push(format!("{name}: {reason}")),
        }
    }
    if wrong.is_empty() {
        return Ok(read);
    }
    Err(Failure::failed(wrong.join("\n")).hint(
        "nothing was used; ask the bank for a whole file, or describe its layout with `--profile`",
    ))
}

/// Checks that all files may be used, one after another.
pub(crate) fn accept_all(files: &[ReadFile], expected: &Expected) -> Result<(), Failure> {
    let mut history = History::default();
    for (place, file) in files.iter().enumerate() {
        let accepted = integrity::check(&file.content, &history, expected).map_err(|trouble| {
            let status = trouble.status().as_str();
            Failure::failed(format!("{}: {status}: {trouble}", file.name))
                .hint("nothing of the file was used; ask the bank for the right one")
        })?;
        if place.saturating_add(1) < files.len() {
            history.remember(&file.content, &accepted);
        }
    }
    Ok(())
}

/// The profile in a file.
pub(crate) fn given_profile(path: &Path) -> Result<Profile, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    Profile::parse(&text)
        .map_err(|error| Failure::failed(format!("profile `{}`: {error}", path.display())))
}

/// A file that says how far it is read, if that is wanted.
fn watched(path: &Path, is_watched: bool) -> Result<Box<dyn Read + Send>, Failure> {
    let input = input(path)?;
    if !is_watched {
        return Ok(input);
    }
    let length = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    Ok(Box::new(Watched::new(input, path, length.map(|found| found.len()))))
}

/// A file, or stdin for `-`.
pub(crate) fn input(path: &Path) -> Result<Box<dyn Read + Send>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    Ok(Box::new(file))
}
