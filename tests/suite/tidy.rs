//! The walls between the rooms, read from the tree as text: who may know whom, how long a file may
//! be, what the repository may not say. Every check names all its offenders.

mod tree;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use tree::{Source, root, sources, text_files};

/// The longest source file.
const MAX_LINES: usize = 400;

/// Fails with the list when there are offenders.
fn assert_none(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

/// Every line of these files, comments left out, that holds one of the words; `file:line: word`.
fn mentions(files: &[Source], words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in file.code() {
            for word in words.iter().filter(|&&word| tree::names_item(line, word)) {
                found.push(format!("{}:{number}: `{word}`", file.path));
            }
        }
    }
    found
}

#[test]
fn the_domain_is_pure() {
    let words = [
        "diesel",
        "serde",
        "serde_json",
        "tokio",
        "actix_web",
        "rand",
        "std::time",
        "std::fs",
        "std::env",
        "std::net",
        "std::thread",
        "SystemTime",
        "SystemRandom",
    ];
    assert_none(
        "`ledger::domain` has no I/O, clock or randomness",
        &mentions(&sources("ledger/src/domain"), &words),
    );
}

#[test]
fn the_bank_file_parsers_turn_bytes_into_statements_and_no_more() {
    let words = ["diesel", "tokio", "std::fs", "std::env", "std::net", "std::time"];
    let found = mentions(&sources("ledger/src/bankfile"), &words);
    assert_none("`ledger::bankfile` has no I/O", &found);
}

#[test]
fn only_the_store_knows_diesel() {
    let mut files = sources("migrations");
    for folder in ["ledger/src", "pos-api/src", "merchant-cli/src"] {
        files.extend(sources(folder));
    }
    files.retain(|file| !file.path.starts_with("ledger/src/store"));
    assert_none("diesel stays in `ledger::store`", &mentions(&files, &["diesel"]));
}

#[test]
fn the_edges_hold_no_sql() {
    let mut files = sources("pos-api/src");
    files.extend(sources("merchant-cli/src"));
    files.extend(sources("ledger/src/service"));
    let mut offenders = Vec::new();
    for file in &files {
        for (number, line) in file.code() {
            let words = ["SELECT ", "INSERT INTO", "DELETE FROM", "UPDATE ", "CREATE TABLE"];
            if words.iter().any(|word| line.contains(word)) {
                offenders.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    assert_none("SQL stays in `ledger::store`", &offenders);
}

#[test]
fn the_ledgers_rooms_look_one_way_only() {
    // domain <- bankfile, domain <- store <- service
    let forbidden = [
        ("ledger/src/domain", &["bankfile", "store", "service"][..]),
        ("ledger/src/bankfile", &["store", "service"][..]),
        ("ledger/src/store", &["bankfile", "service"][..]),
    ];
    let mut offenders = Vec::new();
    for (folder, rooms) in forbidden {
        for file in sources(folder) {
            for (number, line) in file.code() {
                let names = |room: &str| {
                    line.contains(&format!("crate::{room}"))
                        || tree::has_word(line, &format!("{room}::"))
                };
                let seen = rooms.iter().filter(|room| names(room));
                offenders.extend(seen.map(|room| format!("{}:{number}: `{room}`", file.path)));
            }
        }
    }
    assert_none("domain <- bankfile, domain <- store <- service", &offenders);
}

#[test]
fn money_is_never_a_float() {
    let mut files = sources("ledger/src");
    files.extend(sources("pos-api/src"));
    files.extend(sources("merchant-cli/src"));
    assert_none("no floating point near money", &mentions(&files, &["f32", "f64"]));
}

#[test]
fn no_source_file_is_longer_than_400_lines() {
    let all = sources("").into_iter();
    let long = all.filter(|file| file.text.lines().count() > MAX_LINES);
    let offenders = long.map(|file| format!("{}: {} lines", file.path, file.text.lines().count()));
    assert_none("at most 400 lines a file", &offenders.collect::<Vec<_>>());
}

#[test]
fn every_source_file_opens_with_what_it_is_for() {
    let silent = sources("").into_iter().filter(|file| !file.text.starts_with("//! "));
    let offenders = silent.map(|file| file.path).collect::<Vec<_>>();
    assert_none("a source file opens with `//!`", &offenders);
}

/// The migrations of one database: folder names, each with its two files.
fn migrations_of(database: &str, offenders: &mut Vec<String>) -> BTreeSet<String> {
    let folder = root().join("migrations").join(database);
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let number = name.split_once('_').map_or("", |(number, _)| number);
        if number.len() != 4 || number.parse::<u16>().is_err() {
            offenders.push(format!("{database}/{name}: not named `NNNN_name`"));
        }
        for file in ["up.sql", "down.sql"] {
            if !entry.path().join(file).is_file() {
                offenders.push(format!("{database}/{name}: no `{file}`"));
            }
        }
        names.insert(name);
    }
    names
}

#[test]
fn migrations_come_in_pairs() {
    let mut offenders = Vec::new();
    let sqlite = migrations_of("sqlite", &mut offenders);
    let postgres = migrations_of("postgres", &mut offenders);
    let alone = sqlite.symmetric_difference(&postgres);
    offenders.extend(alone.map(|name| format!("{name}: on one database only")));
    assert!(!sqlite.is_empty(), "there is no migration");
    assert_none("every migration exists for both databases, up and down", &offenders);
}

#[test]
fn the_merchants_program_links_no_database() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--package", "merchant-cli", "--edges", "normal"])
        .args(["--offline", "--locked", "--prefix", "none", "--format", "{p}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    let packages = text.lines().filter_map(|line| line.split(' ').next()).collect::<BTreeSet<_>>();
    assert!(packages.contains("merchant-cli"), "not a dependency tree:\n{text}");
    let databases = ["diesel", "libsqlite3-sys", "pq-sys", "migrations"];
    let found = databases.iter().filter(|name| packages.contains(*name));
    let offenders = found.map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_none("`merchant-cli` stays free of databases", &offenders);
}

#[test]
fn the_repository_names_no_machine() {
    // Put together here, so that this file doesn't find itself.
    let folders = ["work", "root", "home", "tmp"].map(|name| format!("/{name}/"));
    let mut offenders = Vec::new();
    for file in text_files() {
        for (number, line) in (1..).zip(file.text.lines()) {
            if folders.iter().any(|folder| tree::names_path_in(line, folder)) {
                offenders.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    assert_none("no paths of one machine", &offenders);
}
