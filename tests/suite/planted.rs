//! A month of four banks' statement files with differences planted in it: what the matching finds is
//! what was planted, each status of it and nothing else, however the files are written, shuffled,
//! cut and sent again.

mod events;
mod files;
mod month;

use std::collections::BTreeMap;

use ewarong_tests::seed::today;
use ledger::bankfile::integrity::{Expected, FileStatus, History, check};
use ledger::bankfile::{
    BankFile, Profile, ReadAs, Statement, StatementLine, covered_to, match_statements, open,
};
use ledger::domain::bank::BankCode;
use ledger::domain::matching::{MatchStatus, Matching, Outcome, Terms};

use crate::chance::{Chance, seed};
use files::{Kind, written};
use month::{Month, date, event_of};

const BANKS: [&str; 4] = ["bri", "bni", "mandiri", "btn"];

/// The last day of the month.
const LAST: u32 = 30;

/// An outcome as it is planted and as it is found: the event, the status, what is due, what moved.
type Finding = (usize, MatchStatus, i64, i64);

fn bank_code(bank: &str) -> BankCode {
    bank.parse().unwrap()
}

/// Every way in which a bank's month is written: each layout of its profile, MT940, camt.
fn kinds(bank: &str) -> Vec<Kind> {
    let profile = Profile::of_bank(&bank_code(bank)).unwrap();
    let layouts = profile.layouts();
    let layouts = layouts.map(|layout| Kind::Csv(profile.clone().only(layout).unwrap()));
    layouts.chain([Kind::Mt940, Kind::Camt]).collect()
}

/// Reads a file as the bank's.
fn read(bank: &str, kind: &Kind, bytes: &str) -> BankFile {
    let profile = match kind {
        Kind::Csv(profile) => Some(profile.clone()),
        Kind::Mt940 | Kind::Camt => None,
    };
    let how = ReadAs { bank: Some(bank_code(bank)), profile, ..ReadAs::default() };
    open(bytes.as_bytes(), &how).unwrap_or_else(|error| panic!("{kind:?}: {error}\n{bytes}"))
}

/// The files of each day that has rows.
fn daily(bank: &str, month: &Month, kind: &Kind) -> Vec<(u32, BankFile)> {
    let days = (1..=LAST).filter(|day| month.rows.iter().any(|row| row.day == *day));
    days.map(|day| (day, read(bank, kind, &written(month, kind, day..=day)))).collect()
}

fn statements<'f>(
    files: impl IntoIterator<Item = &'f BankFile> + Clone,
) -> impl Iterator<Item = &'f Statement> + Clone {
    files.into_iter().collect::<Vec<_>>().into_iter().flat_map(|file| &file.statements)
}

fn matched<'s>(
    bank: &str,
    month: &Month,
    statements: impl Iterator<Item = &'s Statement> + Clone,
) -> Matching {
    let day = date(LAST);
    let terms = Terms::usual(bank_code(bank), day, covered_to(day, statements.clone()));
    match_statements(terms, month.ledger_side(), statements)
}

/// What was found, each outcome with the one event that all of its lines and rows are of.
fn findings<'s>(
    matching: &Matching,
    statements: impl Iterator<Item = &'s Statement>,
) -> Vec<Finding> {
    let lines: Vec<&StatementLine> = statements.flat_map(|one| &one.lines).collect();
    let finding = |outcome: Outcome<'_>| {
        let of_rows = outcome.rows().map(|row| {
            let place = usize::try_from(row.place()).unwrap();
            event_of(lines[place].description())
        });
        let of_lines = outcome.lines().map(|line| event_of(line.merchant()));
        let mut events: Vec<usize> = of_rows.chain(of_lines).collect();
        events.sort_unstable();
        events.dedup();
        assert_eq!(events.len(), 1, "{} of several events", outcome.key());
        let moved = outcome.bank_amount().unwrap().normalize().to_string().parse().unwrap();
        (events[0], outcome.status(), outcome.ledger_amount().unwrap().get(), moved)
    };
    let mut found: Vec<Finding> = matching.outcomes().map(finding).collect();
    found.sort_unstable();
    found
}

/// Asserts that precision and recall are 1 for each status: nothing is found that was not planted,
/// and everything that was planted is found.
#[track_caller]
fn assert_truth(month: &Month, found: &[Finding], of: &str) {
    let tally = |findings: &[Finding]| {
        let mut counts: BTreeMap<Finding, i64> = BTreeMap::new();
        for finding in findings {
            *counts.entry(*finding).or_default() += 1;
        }
        counts
    };
    let (planted, seen) = (tally(&month.truth), tally(found));
    for status in MatchStatus::ALL {
        let count = |all: &BTreeMap<Finding, i64>| -> i64 {
            all.iter().filter(|((_, one, ..), _)| *one == status).map(|(_, count)| count).sum()
        };
        let hits: i64 = planted
            .iter()
            .filter(|((_, one, ..), _)| *one == status)
            .map(|(finding, count)| *count.min(seen.get(finding).unwrap_or(&0)))
            .sum();
        let (recall, precision) = ((hits, count(&planted)), (hits, count(&seen)));
        assert!(recall.1 > 0, "no {} was planted", status.as_str());
        let missed: Vec<_> = planted.keys().filter(|one| !seen.contains_key(one)).collect();
        let wrong: Vec<_> = seen.keys().filter(|one| !planted.contains_key(one)).collect();
        assert!(
            recall.0 == recall.1 && precision.0 == precision.1,
            "{of}: {}: recall {recall:?}, precision {precision:?}\nmissed {missed:?}\n\
             wrong {wrong:?}",
            status.as_str()
        );
    }
}

/// For each bank, a month of it and each way of writing it.
fn each(mut run: impl FnMut(&str, &mut Chance, &Month, &Kind)) {
    let mut chance = Chance::of(seed());
    for (number, bank) in BANKS.into_iter().enumerate() {
        let month = Month::planted(&mut chance, number);
        for kind in kinds(bank) {
            run(bank, &mut chance, &month, &kind);
        }
    }
}

#[test]
fn what_was_planted_is_found_and_nothing_else() {
    each(|bank, _chance, month, kind| {
        let files = daily(bank, month, kind);
        let all = statements(files.iter().map(|(_day, file)| file));
        let matching = matched(bank, month, all.clone());
        assert!(matching.control().unwrap().holds());
        assert_truth(month, &findings(&matching, all), &format!("{bank} {kind:?}"));
    });
}

#[test]
fn neither_the_order_of_rows_nor_of_files_nor_of_lines_changes_what_is_found() {
    each(|bank, chance, month, kind| {
        // A bank may book a day's movements in any order, with the balances that follow from it.
        let shuffled = month.shuffled(chance);
        let mut files = daily(bank, &shuffled, kind);
        files.reverse();
        let all = statements(files.iter().map(|(_day, file)| file));
        let found = findings(&matched(bank, &shuffled, all.clone()), all);
        assert_truth(month, &found, &format!("{bank} {kind:?}, shuffled"));
        // One file of the whole month; where it is a list, the newest row may come first.
        let mut whole = written(month, kind, 1..=LAST);
        if matches!(kind, Kind::Csv(_)) && chance.one_in(2) {
            let mut lines: Vec<&str> = whole.lines().collect();
            lines[1..].reverse();
            whole = lines.join("\r\n");
        }
        let file = read(bank, kind, &whole);
        let all = statements([&file]);
        let found = findings(&matched(bank, month, all.clone()), all);
        assert_truth(month, &found, &format!("{bank} {kind:?}, at once"));
    });
}

#[test]
fn files_that_are_sent_again_change_nothing() {
    each(|bank, chance, month, kind| {
        let files = daily(bank, month, kind);
        let expected = Expected { bank: Some(bank_code(bank)), ..Expected::on(today().naive()) };
        let mut history = History::default();
        let mut used: Vec<BankFile> = Vec::new();
        let mut known = 0;
        let mut covered = 0;
        for (day, file) in files {
            let accepted = check(&file, &history, &expected);
            if day <= covered {
                // An overlapping export had all of the day already.
                let trouble = accepted.unwrap_err();
                assert_eq!(trouble.status(), FileStatus::DuplicateStatement, "{bank} {kind:?}");
                continue;
            }
            history.remember(&file, &accepted.unwrap());
            let again = check(&file, &history, &expected).unwrap_err();
            assert_eq!(again.status(), FileStatus::DuplicateStatement, "{bank} {kind:?}");
            used.push(file);
            if chance.one_in(4) {
                let days = day.saturating_sub(2).max(1)..=(day + 2).min(LAST);
                let overlap = read(bank, kind, &written(month, kind, days.clone()));
                if !month.rows.iter().any(|row| row.day > day && days.contains(&row.day)) {
                    continue;
                }
                let accepted = check(&overlap, &history, &expected)
                    .unwrap_or_else(|trouble| panic!("{bank} {kind:?} {days:?}: {trouble}"));
                let seen =
                    month.rows.iter().filter(|row| days.contains(&row.day) && row.day <= day);
                let repeated: usize = accepted.statements.iter().map(|one| one.known.len()).sum();
                assert_eq!(repeated, seen.count(), "{bank} {kind:?} {days:?}");
                known += repeated;
                history.remember(&overlap, &accepted);
                covered = *days.end();
                used.push(overlap);
            }
        }
        // The same again, which nobody refused.
        let again = used[chance.below(used.len())].clone();
        let repeated = again.statements.iter().map(|one| one.lines.len()).sum::<usize>();
        used.push(again);
        let all = statements(&used);
        let matching = matched(bank, month, all.clone());
        assert_eq!(matching.repeated_rows(), known + repeated, "{bank} {kind:?}");
        assert_truth(month, &findings(&matching, all), &format!("{bank} {kind:?}, sent again"));
    });
}
