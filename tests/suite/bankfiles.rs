//! Bank files through `merchant-cli statement` and `profile`: each file in `golden/bank` beside what
//! is expected of it, the JSON of a file that is read or the message of one that is refused.
//!
//! A `.sheet` is a workbook written as text, a row a line and cells between `|`: `=n 5` is a number,
//! `=d 43346` a date, `=f 5` a formula's result, `=i x` a text in the cell itself, `=e x` an error.
//!
//! `UPDATE_GOLDEN=1` writes the expectations anew; read the difference before you keep it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use ewarong_tests::process::run_merchant_cli;
use ledger::bankfile::Profile;
use tempfile::TempDir;

#[path = "../../ledger/src/bankfile/tests/workbook.rs"]
mod workbook;

use workbook::Cell;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/bank")
}

/// The banks' files as the banks send them, in a folder of their own.
fn sent() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(golden()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        match path.extension().and_then(OsStr::to_str) {
            Some("sheet") => {
                let sheet = fs::read_to_string(&path).unwrap();
                let into = folder.path().join(name).with_extension("xlsx");
                fs::write(into, xlsx(&sheet)).unwrap();
            }
            Some("json" | "error") => {}
            _ => drop(fs::copy(&path, folder.path().join(name)).unwrap()),
        }
    }
    folder
}

/// The files' names, in order.
fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The workbook that a `.sheet` describes.
fn xlsx(sheet: &str) -> Vec<u8> {
    let rows: Vec<Vec<Cell<'_>>> =
        sheet.lines().map(|line| line.split('|').map(cell).collect()).collect();
    let rows: Vec<&[Cell<'_>]> = rows.iter().map(Vec::as_slice).collect();
    workbook::workbook(&rows)
}

fn cell(text: &str) -> Cell<'_> {
    match text.split_at_checked(3) {
        Some(("=n ", number)) => Cell::Number(number),
        Some(("=d ", number)) => Cell::Date(number),
        Some(("=f ", result)) => Cell::Formula("A1", result),
        Some(("=i ", text)) => Cell::Inline(text),
        Some(("=e ", error)) => Cell::Error(error),
        _ if text.is_empty() => Cell::Empty,
        _ => Cell::Text(text),
    }
}

fn statement(folder: &TempDir, arguments: &[&str]) -> Output {
    let arguments = ["statement", "--output", "json"].iter().chain(arguments);
    run_merchant_cli(folder.path(), arguments, b"")
}

fn profile(folder: &TempDir, arguments: &[&str]) -> Output {
    run_merchant_cli(folder.path(), ["profile"].iter().chain(arguments), b"")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What has to be in the file beside a bank's file, or is written there when that is asked for.
fn meets(path: &Path, found: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, found).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    Err(format!("{}\nexpected:\n{expected}\nfound:\n{found}", path.display()))
}

#[test]
fn each_golden_file_is_read_or_refused_as_expected() {
    let folder = sent();
    let names = names(&folder);
    assert!(names.len() >= 45, "the golden files are gone");
    let mut wrong = Vec::new();
    for name in names {
        let output = statement(&folder, &[&name]);
        let path = golden().join(&name);
        let met = match output.status.code() {
            Some(0) => meets(&path.with_extension("json"), &text(&output.stdout)),
            Some(1) => {
                assert!(output.stdout.is_empty(), "{name}: refused, and yet something was printed");
                meets(&path.with_extension("error"), &text(&output.stderr))
            }
            other => Err(format!("{name}: ended with {other:?}")),
        };
        wrong.extend(met.err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_bank_and_the_header_choose_the_same_layout() {
    let folder = sent();
    for name in names(&folder) {
        let bank = name.split('-').next().unwrap();
        if !["bri", "bni", "mandiri", "btn"].contains(&bank) {
            continue;
        }
        let by_header = statement(&folder, &[&name]);
        let by_bank = statement(&folder, &["--bank", bank, &name]);
        assert_eq!(by_header.status.code(), by_bank.status.code(), "{name}");
        assert_eq!(text(&by_header.stdout), text(&by_bank.stdout), "{name}");
    }
}

#[test]
fn a_format_that_is_named_is_the_one_that_is_read() {
    let folder = sent();
    for (name, format) in [
        ("bri-long.csv", "csv"),
        ("bri-counter.xlsx", "xlsx"),
        ("mt940-mandiri.sta", "mt940"),
        ("mt940-interim.sta", "mt942"),
        ("camt-statement.xml", "camt"),
    ] {
        let found = statement(&folder, &[name]);
        assert_eq!(found.status.code(), Some(0), "{name}: {}", text(&found.stderr));
        let named = statement(&folder, &["--format", format, name]);
        assert_eq!(text(&named.stdout), text(&found.stdout), "{name}");
        let other = if format == "xlsx" { "csv" } else { "xlsx" };
        let wrong = statement(&folder, &["--format", other, name]);
        assert_eq!(wrong.status.code(), Some(1), "{name}");
    }
}

#[test]
fn one_unreadable_file_stops_all_and_the_same_file_twice_is_refused() {
    let folder = sent();
    let output = statement(&folder, &["bri-long.csv", "bri-cut-off.csv", "two-banks.csv"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let message = text(&output.stderr);
    assert!(message.contains("bri-cut-off.csv: line 3"), "{message}");
    assert!(message.contains("two-banks.csv: line 1: the header row is one of"), "{message}");

    let twice = statement(&folder, &["bri-long.csv", "bri-long.csv"]);
    assert_eq!(twice.status.code(), Some(1));
    let missing = statement(&folder, &["bri-long.csv", "no-such-file.csv"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(missing.stdout.is_empty());
}

#[test]
fn a_profile_file_reads_what_no_built_in_profile_can() {
    let folder = sent();
    let own = folder.path().join("own.profile");
    let text_of_profile = "name = own\nseparators = semicolon\nnumbers = 1.234,56\n\
        dates = D/M/YYYY\nbooking_date = PostDate\ndescription = Remarks | AdditionalDesc\n\
        credit = Credit Amount\ndebit = Debit Amount\nbalance = Close Balance\n";
    fs::write(&own, text_of_profile).unwrap();
    let output = statement(&folder, &["--profile", "own.profile", "mandiri-decimal-comma.csv"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("\"amount\": \"450000.00\""));

    fs::write(&own, "name = own\ncolour = red\n").unwrap();
    let output = statement(&folder, &["--profile", "own.profile", "bri-long.csv"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("line 2 of the profile: there is no key `colour`"));
}

#[test]
fn standard_input_is_a_file_too_and_a_near_day_gives_dates_their_year() {
    let folder = tempfile::tempdir().unwrap();
    let own = "name = own\nnumbers = 1,234.56\ndates = DD/MM\nbooking_date = Tgl\n\
        description = Ket\ndebit = Debet\ncredit = Kredit\n";
    fs::write(folder.path().join("own.profile"), own).unwrap();
    let rows = b"Tgl,Ket,Debet,Kredit\n31/12,A,,5.00\n01/01,B,,5.00\n";
    let read = |arguments: &[&str]| {
        let always = ["statement", "--output", "json", "--profile", "own.profile", "-"];
        run_merchant_cli(folder.path(), always.iter().chain(arguments), rows)
    };
    let output = read(&[]);
    assert!(text(&output.stderr).contains("`31/12` has no year"), "{}", text(&output.stderr));
    let found = text(&read(&["--near", "2019-01-02"]).stdout);
    assert!(found.contains("2018-12-31") && found.contains("2019-01-01"), "{found}");
    assert!(found.contains("\"file\": \"-\""), "{found}");
}

#[test]
fn csv_output_is_safe_for_a_spreadsheet() {
    let arguments = ["statement", "--output", "csv", "bri-short-semicolon.csv"];
    let output = run_merchant_cli(&golden(), arguments, b"");
    assert!(text(&output.stdout).contains(",'=2+2 KREDIT"), "{}", text(&output.stdout));
}

#[test]
fn the_table_says_how_each_file_was_read() {
    let output = run_merchant_cli(&golden(), ["statement", "bni-pending-row.csv"], b"");
    let found = text(&output.stdout);
    let says = "bni-pending-row.csv: read as bni/counter, account not named, 1 lines, IDR, opening \
        1000000.00, closing 1300000.00, balances hold, 1 rows not booked and left out\n";
    assert!(found.ends_with(says), "{found}");
}

#[test]
fn a_built_in_profile_is_shown_and_reads_as_the_built_in_does() {
    let folder = sent();
    let all = names(&folder);
    for bank in ["bri", "bni", "mandiri", "btn"] {
        let shown = profile(&folder, &["show", bank]);
        assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
        let own = format!("{bank}.profile");
        fs::write(folder.path().join(&own), &shown.stdout).unwrap();
        for name in all.iter().filter(|name| name.starts_with(bank)) {
            let by_file = statement(&folder, &["--profile", &own, name]);
            let by_bank = statement(&folder, &["--bank", bank, name]);
            assert_eq!(text(&by_file.stdout), text(&by_bank.stdout), "{name}");
        }
    }
    assert_eq!(profile(&folder, &["show", "bca"]).status.code(), Some(1));
}

#[test]
fn a_check_ends_by_what_it_found() {
    let folder = sent();
    for (bank, sample, code) in [
        ("bri", "bri-long.csv", 0),
        ("bni", "bni-debit-credit.csv", 0),
        ("bri", "bri-balance-break.csv", 3),
        ("bri", "bri-cut-off.csv", 1),
        ("btn", "not-a-statement.csv", 1),
        ("btn", "mt940-mandiri.sta", 1),
    ] {
        let output = profile(&folder, &["check", bank, sample]);
        assert_eq!(output.status.code(), Some(code), "{sample}: {}", text(&output.stderr));
    }
    let output = profile(&folder, &["check", "bri", "bri-counter.xlsx", "--output", "json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let list = &found["lists"][0];
    assert_eq!(list["sheet"], "Mutasi");
    assert_eq!(list["columns"][2]["read_as"], serde_json::Value::Null);
    assert_eq!(list["columns"][2]["known"], true);
    assert_eq!(found["statements"][0]["balances_hold"], true);
}

/// The one fenced block of a language in a document.
fn block<'d>(document: &'d str, language: &str) -> &'d str {
    let begin = format!("```{language}\n");
    let mut parts = document.split(begin.as_str()).skip(1);
    let part = parts.next().unwrap();
    assert!(parts.next().is_none(), "there are two blocks of `{language}`");
    part.split("```").next().unwrap()
}

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/BANK_PROFILES.md");
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_documents_example_is_what_the_program_prints() {
    let document = document();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("nusantara.profile"), block(&document, "profile")).unwrap();
    fs::write(folder.path().join("sample.csv"), block(&document, "csv")).unwrap();
    let output = profile(&folder, &["check", "nusantara.profile", "sample.csv"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), block(&document, "text"));
}

#[test]
fn the_document_explains_every_key_of_the_built_in_profiles_and_no_other() {
    let document = document();
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let names = rows.filter_map(|row| row.split(" | ").next());
    let explained: Vec<&str> =
        names.flat_map(|names| names.split('`').skip(1).step_by(2)).collect();
    assert!(explained.len() > 30, "the document's tables are gone");
    for key in &explained {
        let error = Profile::parse(&format!("{key} = ?")).unwrap_err().to_string();
        assert!(!error.contains("there is no key"), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    for bank in ["bri", "bni", "mandiri", "btn"] {
        let shown = text(&profile(&folder, &["show", bank]).stdout);
        let lines = shown.lines().filter(|line| !line.starts_with('#'));
        for key in lines.filter_map(|line| line.split_once(" = ")).map(|(key, _value)| key) {
            assert!(explained.contains(&key), "`{key}` is not explained");
        }
    }
}
