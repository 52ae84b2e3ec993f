//! `reconcile`: a bank's file against the ledger's settlement of a business day.

use ledger::bankfile::{accept_for_day, settlement_rows};
use ledger::domain::matching::{BankRow, MatchRow, Matching, SettlementLine, match_settlements};
use ledger::domain::money::Rupiah;
use serde_json::{Value, json};

use super::connect;
use crate::cli::{ReconcileArgs, Settings};
use crate::client::{Client, parsed};
use crate::failure::{Exit, Failure};
use crate::output::{Column, Format, Rows, json_list, number, print, text};
use crate::statements::{ReadFile, read_all};
use crate::terminal::note;
use crate::wire::Settlement;

const COLUMNS: &[Column] = &[
    text("status", "status"),
    text("reference", "reference"),
    text("merchant_id", "merchant"),
    number("ledger_amount", "ledger"),
    number("bank_amount", "bank"),
    number("difference", "difference"),
    text("bank_rows", "bank rows"),
];

const TOTALS: &[Column] = &[
    text("status", "status"),
    number("rows", "rows"),
    number("ledger_amount", "ledger"),
    number("bank_amount", "bank"),
];

pub(super) fn run(settings: &Settings, args: &ReconcileArgs) -> Result<Exit, Failure> {
    if !args.dry_run {
        return Err(Failure::failed("recording a reconciliation is not available in this version")
            .hint("add `--dry-run` to see the result without recording it"));
    }
    let files = read_all(&args.file, Some(&args.bank))?;
    let bank = bank_rows(&files, args)?;
    let client = connect(settings)?;
    let ledger = settlement_lines(&client, args)?;
    let matching = match_settlements(ledger, bank);
    print(&rendered(&matching, &files, args, settings.output)?)?;
    Ok(if matching.is_clean() { Exit::Done } else { Exit::Differences })
}

/// The rows of all files, each of which has to hold by itself and to be of the day.
fn bank_rows(files: &[ReadFile], args: &ReconcileArgs) -> Result<Vec<BankRow>, Failure> {
    let mut rows = Vec::new();
    for (place, file) in files.iter().enumerate() {
        for statement in &file.statements {
            accept_for_day(statement, args.date).map_err(|reason| {
                Failure::failed(format!("{}: {reason}", file.name))
                    .hint("nothing of the file was used; ask the bank for the right one")
            })?;
            rows.extend(settlement_rows(place, statement));
        }
    }
    Ok(rows)
}

/// What the ledger expects the bank to pay for the day.
fn settlement_lines(client: &Client, args: &ReconcileArgs) -> Result<Vec<SettlementLine>, Failure> {
    let query = [("bank", args.bank.to_string()), ("business_date", args.date.to_string())];
    let mut lines = Vec::new();
    for text in client.list("/v1/settlements", &query, usize::MAX)? {
        let settlement: Settlement = parsed(text.get())?;
        if settlement.state != "closed" {
            return Err(Failure::failed(format!(
                "the business day `{}` of `{}` is `{}`, not `closed`",
                args.date, args.bank, settlement.state
            ))
            .hint("close the day first; `closing` takes a moment"));
        }
        // Nothing is paid for a day whose sales were all taken back.
        let Some(amount) = Rupiah::new(settlement.net).ok().filter(|net| !net.is_zero()) else {
            if settlement.net < 0 {
                let (merchant, net) = (&settlement.merchant_id, settlement.net);
                note(&format!("merchant `{merchant}` owes `{net}` for the day: left out"));
            }
            continue;
        };
        let reference = settlement.reference.ok_or_else(|| {
            Failure::failed(format!("settlement `{}` has no reference", settlement.id))
        })?;
        lines.push(SettlementLine { reference, merchant: settlement.merchant_id, amount });
    }
    if lines.is_empty() {
        note(&format!("the ledger expects no payment of `{}` for `{}`", args.bank, args.date));
    }
    Ok(lines)
}

fn rendered(
    matching: &Matching,
    files: &[ReadFile],
    args: &ReconcileArgs,
    format: Format,
) -> Result<String, Failure> {
    let rows = Rows {
        columns: COLUMNS,
        cells: matching.rows.iter().map(|row| cells(row, files)).collect(),
    };
    Ok(match format {
        Format::Json => format!("{:#}\n", json_report(matching, files, args)),
        Format::Jsonl => {
            let texts: Vec<String> =
                matching.rows.iter().map(|row| json_row(row, files).to_string()).collect();
            json_list(&texts, format)
        }
        Format::Csv => rows.csv()?,
        Format::Table => {
            let totals = matching.totals().into_iter().map(|total| {
                vec![
                    total.status.as_str().to_owned(),
                    total.rows.to_string(),
                    total.ledger.map(|sum| sum.get().to_string()).unwrap_or_default(),
                    total.bank.map(|sum| sum.normalize().to_string()).unwrap_or_default(),
                ]
            });
            let totals = Rows { columns: TOTALS, cells: totals.collect() };
            let left_out = matching.left_out.len();
            format!("{}\n{}\ndebits left out: {left_out}\n", rows.table(), totals.table())
        }
    })
}

fn cells(row: &MatchRow, files: &[ReadFile]) -> Vec<String> {
    let places: Vec<String> = row.bank.iter().map(|bank| place(bank, files)).collect();
    vec![
        row.status.as_str().to_owned(),
        row.reference.clone().unwrap_or_default(),
        row.ledger.as_ref().map(|line| line.merchant.clone()).unwrap_or_default(),
        row.ledger.as_ref().map(|line| line.amount.get().to_string()).unwrap_or_default(),
        row.bank_amount()
            .filter(|_sum| !row.bank.is_empty())
            .map(|sum| sum.normalize().to_string())
            .unwrap_or_default(),
        row.difference().map(|sum| sum.normalize().to_string()).unwrap_or_default(),
        places.join(" "),
    ]
}

/// Where a bank's row stands: `statement.csv:12`.
fn place(row: &BankRow, files: &[ReadFile]) -> String {
    let name = files.get(row.id.file).map_or("?", |file| file.name.as_str());
    format!("{name}:{}", row.id.line)
}

fn json_report(matching: &Matching, files: &[ReadFile], args: &ReconcileArgs) -> Value {
    let totals = matching.totals().into_iter().map(|total| {
        json!({
            "status": total.status.as_str(),
            "rows": total.rows,
            "ledger_amount": total.ledger.map(Rupiah::get),
            "bank_amount": total.bank.map(|sum| sum.normalize().to_string()),
        })
    });
    json!({
        "bank": args.bank.as_str(),
        "business_date": args.date.to_string(),
        "files": files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
        "rows": matching.rows.iter().map(|row| json_row(row, files)).collect::<Vec<_>>(),
        "totals": totals.collect::<Vec<_>>(),
        "left_out": matching.left_out.iter().map(|row| json_bank(row, files)).collect::<Vec<_>>(),
    })
}

fn json_row(row: &MatchRow, files: &[ReadFile]) -> Value {
    json!({
        "status": row.status.as_str(),
        "reference": row.reference,
        "merchant_id": row.ledger.as_ref().map(|line| line.merchant.as_str()),
        "ledger_amount": row.ledger.as_ref().map(|line| line.amount.get()),
        "bank_amount": row.bank_amount().map(|sum| sum.normalize().to_string()),
        "difference": row.difference().map(|sum| sum.normalize().to_string()),
        "bank_rows": row.bank.iter().map(|bank| json_bank(bank, files)).collect::<Vec<_>>(),
    })
}

fn json_bank(row: &BankRow, files: &[ReadFile]) -> Value {
    json!({
        "file": files.get(row.id.file).map(|file| file.name.as_str()),
        "line": row.id.line,
        "amount": row.amount.normalize().to_string(),
        "direction": row.direction.as_str(),
        "references": row.references,
    })
}
