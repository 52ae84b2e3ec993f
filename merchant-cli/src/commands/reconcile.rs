//! `reconcile`: a bank's files against the ledger's settlement of a business day. What is printed was
//! matched here; what is recorded, the server matches anew on its own data.

mod expected;
mod record;
mod report;

use ledger::bankfile::integrity::Expected;
use ledger::bankfile::{StatementLine, covered_to, match_statements};
use ledger::domain::hex::Hex;
use ledger::domain::matching::Terms;

use self::report::Report;
use super::connect;
use crate::cli::{ReconcileArgs, Settings};
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::output::print;
use crate::statements::{Bytes, ReadFile, accept_all, read_all};
use crate::wire::Me;

pub(super) fn run(settings: &Settings, args: &ReconcileArgs) -> Result<Exit, Failure> {
    let keep = if args.dry_run { Bytes::Pass } else { Bytes::Keep };
    let files = read_all(settings, (&args.file, Some(&args.bank)), keep)?;
    let client = connect(settings)?;
    let account = registered_account(&client)?;
    let expected = Expected { account, ..Expected::for_day(args.bank.clone(), args.date) };
    accept_all(&files, &expected)?;
    let rows: Vec<(&ReadFile, &StatementLine)> = files
        .iter()
        .flat_map(|file| {
            let statements = file.content.statements.iter();
            statements.flat_map(move |one| one.lines.iter().map(move |line| (file, line)))
        })
        .collect();
    let lines: Vec<&StatementLine> = rows.iter().map(|(_file, line)| *line).collect();
    let (ledger, lag) = expected::ledger_side(&client, args, &lines)?;
    let statements = || files.iter().flat_map(|file| &file.content.statements);
    let covered = covered_to(args.date, statements());
    let usual = Terms::usual(args.bank.clone(), args.date, covered);
    let terms = Terms { settlement_lag: lag.unwrap_or(usual.settlement_lag), ..usual };
    let matching = match_statements(terms, ledger, statements());
    let recorded = if args.dry_run { None } else { Some(record::record(&client, args, &files)?) };
    let report = Report { matching: &matching, files: &files, rows: &rows };
    if let Some(path) = &args.report {
        report.page().write(path)?;
    }
    print(report.rendered(settings.output)?)?;
    let is_clean = match recorded {
        None => matching.is_clean(),
        Some(recorded) => recorded.told(&Hex(&matching.hash()).to_string()),
    };
    Ok(if is_clean { Exit::Done } else { Exit::Differences })
}

/// The account that the caller's statements have to be of, where the server knows it.
fn registered_account(client: &Client) -> Result<Option<String>, Failure> {
    let me: Me = client.get("/v1/me", &[])?.parsed()?;
    Ok(me.account_number)
}
