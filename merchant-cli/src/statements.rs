//! Bank files from the command line: read from disk or stdin, then by the ledger's parsers.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use ledger::bankfile::{self, Profile, Statement};
use ledger::domain::bank::BankCode;

use crate::cli::{FileArgs, FileFormat};
use crate::config::unreadable;
use crate::failure::Failure;

/// No bank's file of a day is larger than this many bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// A file that was read whole.
#[derive(Debug)]
pub(crate) struct ReadFile {
    /// The name as given.
    pub(crate) name: String,
    pub(crate) statements: Vec<Statement>,
}

/// Reads all files, or names everything that is wrong with any of them.
///
/// Without a profile file or a bank, the header row of each file decides which built-in profile
/// reads it.
pub(crate) fn read_all(args: &FileArgs, bank: Option<&BankCode>) -> Result<Vec<ReadFile>, Failure> {
    // Delimited text is the only format there is, whether it is asked for or found.
    let (FileFormat::Auto | FileFormat::Csv) = args.format;
    let given = given_profile(args.profile.as_deref(), bank)?;
    let mut read = Vec::new();
    let mut contents: Vec<Vec<u8>> = Vec::new();
    let mut wrong: Vec<String> = Vec::new();
    for path in &args.files {
        let name = path.display().to_string();
        let bytes = bytes_of(path)?;
        if contents.contains(&bytes) {
            return Err(Failure::failed(format!("`{name}` is the same file as another one")));
        }
        match read_one(&bytes, given.as_ref()) {
            Ok(statements) => read.push(ReadFile { name, statements }),
            Err(reason) => wrong.push(format!("{name}: {reason}")),
        }
        contents.push(bytes);
    }
    if wrong.is_empty() {
        return Ok(read);
    }
    Err(Failure::failed(wrong.join("\n")).hint(
        "nothing was used; ask the bank for a whole file, or describe its layout with `--profile`",
    ))
}

fn read_one(bytes: &[u8], given: Option<&Profile>) -> Result<Vec<Statement>, String> {
    let detected = match given {
        Some(_) => None,
        None => Profile::detect(bytes),
    };
    let profile = given
        .or(detected.as_ref())
        .ok_or("line 1: no header row of a built-in layout (`bri`, `bni`, `mandiri`, `btn`)")?;
    bankfile::read(bytes, profile).map_err(|error| error.to_string())
}

fn given_profile(path: Option<&Path>, bank: Option<&BankCode>) -> Result<Option<Profile>, Failure> {
    if let Some(path) = path {
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let profile = Profile::parse(&text);
        return profile
            .map(Some)
            .map_err(|error| Failure::failed(format!("profile `{}`: {error}", path.display())));
    }
    let built_in = bank.map(Profile::of_bank).transpose();
    built_in.map_err(|error| {
        Failure::failed(error.to_string()).hint("describe the bank's layout with `--profile FILE`")
    })
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let limit = LARGEST.saturating_add(1);
    let read = if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    match read {
        Err(error) => Err(unreadable(path, &error)),
        Ok(length) if u64::try_from(length).is_ok_and(|length| length <= LARGEST) => Ok(bytes),
        Ok(_) => Err(Failure::failed(format!("`{}` is larger than 256 MiB", path.display()))),
    }
}
