//! Every column of every table is changed, one row of each table is deleted and one copied, and `verify`
//! is held to what `tests/golden/verify/columns.txt` says of each: which check finds it, or why none can.
//!
//! The columns come from the schema: a new one fails the test until it has its line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ewarong_tests::{Backend, World, on_both_backends};
use ledger::service::{DatabaseUrl, VerifyOptions, verify};

use super::scene::scene;
use super::tampering::{Row, Tampered};

const FILE: &str = "tests/golden/verify/columns.txt";
const LINES: &str = include_str!("../../golden/verify/columns.txt");

/// One line of the table: what is changed, and what `verify` makes of it.
#[derive(Debug, Clone)]
struct Line<'a> {
    text: &'a str,
    table: &'a str,
    /// A column, `(deleted)` or `(copied)`.
    what: &'a str,
    finds: Finds<'a>,
    condition: &'a str,
    expression: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
enum Finds<'a> {
    /// This check does.
    Check(&'a str),
    /// The database itself refuses the change.
    Refused,
    /// It does, or this check finds it.
    RefusedOr(&'a str),
    /// Nothing can, and why.
    Nothing,
    /// The table has no row.
    Empty,
    /// The table has no row on one of the databases, and this check finds it on the other, or none can.
    EmptyOr(Option<&'a str>),
}

fn line(text: &str) -> Line<'_> {
    let mut parts = text.split(" | ").map(str::trim);
    let (table, what) = parts.next().unwrap().split_once('.').unwrap();
    let finds = match parts.next().unwrap() {
        "refused" => Finds::Refused,
        "empty" => Finds::Empty,
        reason if reason.starts_with("- ") => Finds::Nothing,
        either if either.starts_with("refused or ") => {
            Finds::RefusedOr(either.trim_start_matches("refused or "))
        }
        either if either.starts_with("empty or ") => {
            let check = either.trim_start_matches("empty or ");
            Finds::EmptyOr((!check.starts_with("- ")).then_some(check))
        }
        check => Finds::Check(check),
    };
    let mut line = Line { text, table, what, finds, condition: "1 = 1", expression: None };
    for part in parts {
        match part.split_once(' ').unwrap() {
            ("where", condition) => line.condition = condition,
            ("set", expression) => line.expression = Some(expression),
            _ => panic!("not understood: {text}"),
        }
    }
    line
}

fn lines() -> Vec<Line<'static>> {
    let lines = LINES.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(line).collect()
}

/// The names of the checks that something breaks, with what they say.
fn found(world: &World) -> Vec<(&'static str, String)> {
    let url: DatabaseUrl = world.server.database_url().parse().unwrap();
    let keys = VerifyOptions { keys: Some(world.keys()), ..VerifyOptions::default() };
    let report = match verify(&url, &keys, &mut |_, _| {}) {
        Ok(report) => report,
        // Another schema than this build's is not looked at.
        Err(error) => return vec![("schema", error.to_string())],
    };
    let broken = |check: ledger::service::Check| Some((check.name, check.broken?));
    report.checks.into_iter().filter_map(broken).collect()
}

/// What is not as the line says.
fn offence(world: &World, tampered: &mut Tampered, line: &Line<'_>, row: Row) -> Option<String> {
    let place = (row, line.condition);
    let changed = match line.what {
        "(deleted)" => tampered.delete(line.table, place),
        "(copied)" => tampered.copy(line.table, place, line.expression),
        column => tampered.set((line.table, column), place, line.expression),
    };
    let offence = match (changed, line.finds) {
        (Err(_), Finds::Refused | Finds::RefusedOr(_))
        | (Ok(false), Finds::Empty | Finds::EmptyOr(_)) => None,
        (Err(error), _) => Some(format!("the change is refused: {error}")),
        (Ok(false), _) => Some("there is no such row: the scene has to make one".to_owned()),
        (Ok(true), Finds::Refused | Finds::Empty) => Some("the change was possible".to_owned()),
        (Ok(true), Finds::Nothing | Finds::EmptyOr(None)) => {
            let found = found(world);
            (!found.is_empty()).then(|| format!("it is found: {found:?}"))
        }
        (Ok(true), Finds::Check(check) | Finds::RefusedOr(check) | Finds::EmptyOr(Some(check))) => {
            let found = found(world);
            let is_there = found.iter().any(|(name, _)| *name == check);
            (!is_there).then(|| format!("found is {found:?}"))
        }
    };
    tampered.restore(line.table);
    offence.map(|offence| format!("{}\n    {row:?}: {offence}", line.text))
}

/// What the table of lines lacks: for each a line that could be added.
fn missing(world: &World, tampered: &mut Tampered) -> String {
    let known: BTreeSet<(&str, &str)> =
        lines().iter().map(|line| (line.table, line.what)).collect();
    let columns = tampered.columns().map(|column| (column.table.clone(), column.name.clone()));
    let mut all: Vec<(String, String)> = columns.collect();
    for table in tampered.tables().map(str::to_owned).collect::<Vec<_>>() {
        all.extend(["(deleted)", "(copied)"].map(|what| (table.clone(), what.to_owned())));
    }
    let mut text = String::new();
    for (table, what) in &all {
        if known.contains(&(table.as_str(), what.as_str())) {
            continue;
        }
        let place = (Row::First, "1 = 1");
        let changed = match what.as_str() {
            "(deleted)" => tampered.delete(table, place),
            "(copied)" => tampered.copy(table, place, None),
            column => tampered.set((table, column), place, None),
        };
        let finds = match changed {
            Err(_) => "refused".to_owned(),
            Ok(false) => "empty".to_owned(),
            Ok(true) => match found(world).first() {
                Some((check, _)) => (*check).to_owned(),
                None => "- WHY IT CANNOT BE TOLD, or a check that tells it".to_owned(),
            },
        };
        tampered.restore(table);
        writeln!(text, "{table}.{what} | {finds}").unwrap();
    }
    for (table, what) in known {
        let is_there = all.iter().any(|(of, name)| (of.as_str(), name.as_str()) == (table, what));
        if !is_there {
            writeln!(text, "# there is no {table}.{what} any more").unwrap();
        }
    }
    text
}

on_both_backends! {
    fn every_column_that_is_changed_is_found_or_has_its_reason(backend) {
        let world = scene(backend);
        assert_eq!(found(&world), [], "the scene itself is not whole");
        let mut tampered = Tampered::of(backend, world.server.database_url(), world.dir());
        let missing = missing(&world, &mut tampered);
        // The first row on one of the databases, the last on the other.
        let row = match backend {
            Backend::Sqlite => Row::Last,
            Backend::Postgres => Row::First,
        };
        let offences: Vec<String> =
            lines().iter().filter_map(|line| offence(&world, &mut tampered, line, row)).collect();
        assert_eq!(found(&world), [], "what was put right is not whole");
        assert!(
            missing.is_empty() && offences.is_empty(),
            "{FILE}\nlines to be added, if they are as it should be:\n{missing}\nlines that are not so:\n{}",
            offences.join("\n")
        );
    }

    /// Each by itself, whatever it guards.
    fn every_trigger_that_is_dropped_is_found(backend) {
        let world = World::start(backend);
        let mut tampered = Tampered::of(backend, world.server.database_url(), world.dir());
        let triggers = tampered.triggers();
        assert!(triggers.len() > 40, "{triggers:?}");
        for (table, name) in triggers {
            let found = tampered.without_trigger(&table, &name, || found(&world));
            let named = format!("trigger {name}: missing");
            let is_named = found.iter().any(|(check, says)| *check == "append_only_guards" && says.contains(&named));
            assert!(is_named, "{name}: {found:?}");
        }
        assert_eq!(found(&world), []);
    }
}
