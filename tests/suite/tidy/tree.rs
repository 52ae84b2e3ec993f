//! The repository's files as text.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the repository.
#[derive(Debug)]
pub(super) struct Source {
    /// From the repository's root.
    pub(super) path: String,
    /// Its content.
    pub(super) text: String,
}

impl Source {
    /// The lines with their numbers, those that are comments left out.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// The repository's root.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The Rust files below a folder of the repository; of all of it when the folder is empty.
pub(super) fn sources(folder: &str) -> Vec<Source> {
    let mut files = text_files();
    files.retain(|file| is_rust(&file.path) && Path::new(&file.path).starts_with(folder));
    files
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// Every text file that is in the repository or about to be, by path.
pub(super) fn text_files() -> Vec<Source> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    let mut paths = match listed {
        Ok(output) if output.status.success() => {
            let names = String::from_utf8(output.stdout).unwrap();
            names.split_terminator('\0').map(|name| root().join(name)).collect()
        }
        // An unpacked archive has no git.
        _ => walk(root()),
    };
    paths.sort();
    paths.dedup();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        let path = path.strip_prefix(root()).unwrap().to_str()?.to_owned();
        Some(Source { path, text })
    };
    paths.into_iter().filter_map(read).collect()
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let skipped = path.ends_with("target") || path.ends_with(".git");
        if path.is_dir() && !skipped {
            found.extend(walk(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

/// Whether the line holds the word, not as a part of a longer one; `room::` is one before any name.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, rest) = line.split_at(at);
        let after = rest.strip_prefix(word).unwrap_or_default();
        let whole = word.ends_with("::") || !after.starts_with(part);
        !before.ends_with(part) && whole
    })
}

/// Whether the line names this item, by its word or path or inside a group: `std::{fs, io}`.
pub(super) fn names_item(line: &str, item: &str) -> bool {
    let grouped = item.rsplit_once("::").is_some_and(|(module, name)| {
        let group = line.split_once(&format!("{module}::{{"));
        group.is_some_and(|(_, names)| has_word(names, name))
    });
    grouped || has_word(line, item)
}

/// Whether the line names a file below this absolute folder: `/folder/name`, not the middle of a
/// longer path or address.
pub(super) fn names_path_in(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let (before, rest) = line.split_at(at);
        let after = rest.strip_prefix(folder).unwrap_or_default();
        let longer = before.ends_with(|c: char| c.is_alphanumeric() || "._-}~".contains(c));
        !longer && after.starts_with(|c: char| c.is_alphanumeric() || c == '.')
    })
}

#[test]
fn a_word_is_not_a_part_of_a_longer_one() {
    assert!(has_word("use serde::Serialize;", "serde"));
    assert!(has_word("x: f64,", "f64"));
    assert!(!has_word("use serde_json::Value;", "serde"));
    assert!(!has_word("the operand", "rand"));
}

#[test]
fn an_item_is_found_inside_a_group() {
    assert!(names_item("use std::{fs, io};", "std::fs"));
    assert!(names_item("std::fs::read(path)", "std::fs"));
    assert!(!names_item("use std::{io, vec};", "std::fs"));
}

#[test]
fn a_path_is_not_a_part_of_a_longer_one() {
    assert!(names_path_in("cd /srv/data", "/srv/"));
    assert!(names_path_in("`/srv/x`", "/srv/"));
    assert!(!names_path_in("target/srv/x", "/srv/"));
    assert!(!names_path_in("/srv/", "/srv/"));
}
