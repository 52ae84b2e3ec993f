//! A consistent history passes, and each tampering is found by its check, which names the record.

use tempfile::TempDir;

use super::{Report, VerifyOptions, verify};
use crate::service::migrate;
use crate::store::DatabaseUrl;
use crate::store::verify::fixture::{fill, forge, tamper, tamperings};

fn fresh() -> (TempDir, DatabaseUrl) {
    let folder = TempDir::new().unwrap();
    let url = DatabaseUrl::sqlite(&folder.path().join("ledger.db"));
    migrate(&url).unwrap();
    (folder, url)
}

fn report(url: &DatabaseUrl) -> Report {
    verify(url, &VerifyOptions::default(), &mut |_, _| {}).unwrap()
}

fn problems(report: &Report) -> Vec<(&str, &str)> {
    let checks = report.checks.iter();
    checks.filter_map(|check| Some((check.name, check.broken.as_deref()?))).collect()
}

#[test]
fn an_empty_ledger_is_whole() {
    let (_folder, url) = fresh();
    let report = report(&url);
    assert!(report.is_whole(), "{:?}", problems(&report));
}

#[test]
fn a_consistent_history_is_whole_and_every_record_is_looked_at() {
    let (_folder, url) = fresh();
    fill(&url);
    let mut told = 0;
    let report = verify(&url, &VerifyOptions::default(), &mut |_, _| told += 1).unwrap();
    assert!(report.is_whole(), "{:?}", problems(&report));
    assert!(told >= report.checks.len());
    let rows = |name| report.checks.iter().find(|check| check.name == name).unwrap().rows;
    for (name, count) in [
        ("transfers", 8),
        ("redemptions", 6),
        ("batches", 7),
        ("leaves", 8),
        ("wallet_balances", 2),
        ("balance_chain", 6),
        ("log_order", 6),
        ("attempt_log", 5),
        ("account_log", 6),
        ("log_sizes", 6),
        ("rollups", 3),
        ("account_rollups", 5),
        ("wallet_rollups", 4),
        ("credits", 2),
        ("reversals", 1),
        ("fundings", 2),
        ("settlements", 2),
    ] {
        assert_eq!(rows(name), count, "{name}");
    }
}

#[test]
fn every_tampering_is_found_by_its_check_and_named() {
    let (folder, whole) = fresh();
    fill(&whole);
    let mut failures = Vec::new();
    for (place, (check, table, change, named)) in tamperings().into_iter().enumerate() {
        let file = folder.path().join(format!("{place}.db"));
        std::fs::copy(whole.file().unwrap(), &file).unwrap();
        let url = DatabaseUrl::sqlite(&file);
        tamper(&url, &table, &change);
        let report = report(&url);
        let found = problems(&report);
        if !found.iter().any(|(name, says)| *name == check && says.contains(&named)) {
            failures.push(format!("{check}: {change}\n  wanted: {named}\n  found: {found:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every kind of transfer is asked for its reason, whatever fits beside it.
#[test]
fn a_forged_sweep_and_return_with_all_that_belongs_to_them_are_found() {
    let (_folder, url) = fresh();
    fill(&url);
    forge(&url);
    let report = report(&url);
    let found: Vec<&str> = problems(&report).into_iter().map(|(name, _says)| name).collect();
    assert_eq!(found, ["funding_returns", "transfer_reasons"], "{:?}", problems(&report));
}

#[test]
fn a_damaged_file_is_a_finding_and_not_a_failure() {
    let (_folder, url) = fresh();
    fill(&url);
    let file = url.file().unwrap();
    let mut bytes = std::fs::read(file).unwrap();
    // The type byte at the head of a page: what the page is.
    for page in 4..bytes.len() / 4096 {
        bytes[page * 4096] = 0xFF;
    }
    std::fs::write(file, bytes).unwrap();
    let report = report(&url);
    assert_eq!(problems(&report).first().unwrap().0, "database_file");
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("none.db");
    assert!(
        verify(&DatabaseUrl::sqlite(&file), &VerifyOptions::default(), &mut |_, _| {}).is_err()
    );
    assert!(!file.exists());
}
