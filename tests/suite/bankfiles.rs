//! Bank files through `merchant-cli statement`: each file in `golden/bank` beside what is expected
//! of it, the JSON of a file that is read or the message of one that is refused.
//!
//! `UPDATE_GOLDEN=1` writes the expectations anew; read the difference before you keep it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use ewarong_tests::process::run_merchant_cli;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/bank")
}

fn statement(arguments: &[&str], stdin: &[u8]) -> Output {
    let arguments = ["statement", "--output", "json"].iter().chain(arguments);
    run_merchant_cli(&golden(), arguments, stdin)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The banks' files by name, in order.
fn files() -> Vec<String> {
    let entries = fs::read_dir(golden()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "csv"))
        .collect();
    names.sort();
    names
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
    let files = files();
    assert!(files.len() >= 12, "the golden files are gone");
    let mut wrong = Vec::new();
    for name in files {
        let output = statement(&[&name], b"");
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
fn the_bank_and_the_header_choose_the_same_profile() {
    for name in files() {
        let bank = name.split('-').next().unwrap();
        if bank == "not" {
            continue;
        }
        let (by_header, by_bank) =
            (statement(&[&name], b""), statement(&["--bank", bank, &name], b""));
        assert_eq!(by_header.status.code(), by_bank.status.code(), "{name}");
        assert_eq!(text(&by_header.stdout), text(&by_bank.stdout), "{name}");
    }
}

#[test]
fn one_unreadable_file_stops_all_and_the_same_file_twice_is_refused() {
    let output = statement(&["bri-long.csv", "bri-cut-off.csv", "bni-pending-row.csv"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let message = text(&output.stderr);
    assert!(message.contains("bri-cut-off.csv: line 3"), "{message}");
    assert!(message.contains("bni-pending-row.csv: line 3, column `Tgl Trans`"), "{message}");

    let twice = statement(&["bri-long.csv", "bri-long.csv"], b"");
    assert_eq!(twice.status.code(), Some(1));
}

#[test]
fn a_profile_file_reads_what_no_built_in_profile_can() {
    let dir = tempfile::tempdir().unwrap();
    let profile = dir.path().join("own.profile");
    let text_of_profile = "name = own\nseparators = semicolon\nnumbers = 1.234,56\n\
        dates = D/M/YYYY\nbooking_date = PostDate\ndescription = Remarks | AdditionalDesc\n\
        credit = Credit Amount\ndebit = Debit Amount\nbalance = Close Balance\n";
    fs::write(&profile, text_of_profile).unwrap();
    let profile = profile.to_str().unwrap();
    let output = statement(&["--profile", profile, "mandiri-decimal-comma.csv"], b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("\"amount\": \"450000.00\""));

    fs::write(profile, "name = own\ncolour = red\n").unwrap();
    let output = statement(&["--profile", profile, "bri-long.csv"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("line 2 of the profile: there is no key `colour`"));
}

#[test]
fn standard_input_is_a_file_too() {
    let bytes = fs::read(golden().join("bri-long.csv")).unwrap();
    let output = statement(&["-"], &bytes);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("\"file\": \"-\""));
}

#[test]
fn csv_output_is_safe_for_a_spreadsheet() {
    let arguments = ["statement", "--output", "csv", "bri-short-semicolon.csv"];
    let output = run_merchant_cli(&golden(), arguments, b"");
    assert!(text(&output.stdout).contains(",'=2+2 KREDIT"), "{}", text(&output.stdout));
}
