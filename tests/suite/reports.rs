//! What a bank's clerk and an auditor take away from `merchant-cli`: workbooks, pages to print.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use ewarong_tests::process::{program, run, run_merchant_cli};
use ewarong_tests::seed::{PATIENCE, clear_of_midnight, today};
use ewarong_tests::{World, on_both_backends};
use serde_json::Value;

use crate::till::{buy, goods, listed, number, text};

/// A workbook's sheets: their names, and their cells as `type:value`, row by row.
struct Workbook {
    names: Vec<String>,
    sheets: Vec<Vec<Vec<String>>>,
}

fn part(archive: &mut zip::ZipArchive<Cursor<&[u8]>>, name: &str) -> String {
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// What stands between each `<open` and the next `close`.
fn between<'t>(text: &'t str, open: &'t str, close: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(open).skip(1).map(move |rest| rest.split(close).next().unwrap())
}

impl Workbook {
    fn read(bytes: &[u8]) -> Self {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let shared = part(&mut archive, "xl/sharedStrings.xml");
        let shared: Vec<&str> = between(&shared, "<si>", "</si>")
            .map(|one| between(one, "<t", "</t>").next().unwrap().split_once('>').unwrap().1)
            .collect();
        let names = part(&mut archive, "xl/workbook.xml");
        let names = between(&names, "<sheet name=\"", "\"").map(str::to_owned).collect::<Vec<_>>();
        let sheet = |place: usize, archive: &mut zip::ZipArchive<Cursor<&[u8]>>| {
            let xml = part(archive, &format!("xl/worksheets/sheet{place}.xml"));
            assert!(!xml.contains("<f>"), "a formula: {xml}");
            let rows = between(&xml, "<row ", "</row>");
            rows.map(|row| between(row, "<c ", "</c>").map(|cell| typed(cell, &shared)).collect())
                .collect()
        };
        let sheets = (1..=names.len()).map(|place| sheet(place, &mut archive)).collect();
        Self { names, sheets }
    }
}

/// `text:` with the text, or the style's number with the value.
fn typed(cell: &str, shared: &[&str]) -> String {
    let value = between(cell, "<v>", "</v>").next().unwrap();
    if cell.contains("t=\"s\"") {
        return format!("text:{}", shared[value.parse::<usize>().unwrap()]);
    }
    let style = between(cell, "s=\"", "\"").next().unwrap();
    let kind = match style {
        "2" => "date",
        "3" => "whole",
        other => other,
    };
    format!("{kind}:{value}")
}

#[test]
fn a_workbook_has_numbers_days_and_texts_and_no_formula() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/bank");
    let arguments = ["statement", "--output", "xlsx", "bri-short-semicolon.csv"];
    let output = run_merchant_cli(&golden, arguments, b"");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let workbook = Workbook::read(&output.stdout);
    assert_eq!(workbook.names, ["rows"]);
    let rows = &workbook.sheets[0];
    let (first, last) = (rows[1].join(" "), rows[2].join(" "));
    assert_eq!(
        first,
        "text:bri-short-semicolon.csv text:005301000123304 date:43346 text:credit whole:175000 \
         text:EW00218090300001 text:BPNT;EW00218090300001;MELATI"
    );
    assert!(last.ends_with("text:=2+2 KREDIT"), "{last}");
    let again = run_merchant_cli(&golden, arguments, b"");
    assert_eq!(again.stdout, output.stdout, "the same rows give the same bytes");
}

#[test]
fn a_workbook_is_refused_on_a_terminal() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/bank");
    // `script` gives the program a terminal.
    let mut script = std::process::Command::new("script");
    let shell = format!(
        "{} statement --output xlsx bri-long.csv --color never",
        program("merchant-cli").display()
    );
    script.args(["--quiet", "--return", "--command", &shell, "/dev/null"]).current_dir(golden);
    let output = run(script, b"");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("a workbook is not for a terminal"), "{said}");
    assert!(said.contains("--output xlsx > result.xlsx"), "{said}");
}

/// A bank's desk: a home folder that is logged in.
struct Desk {
    home: tempfile::TempDir,
    day: String,
}

impl Desk {
    /// A day with one sale at two shops is closed; the bank's file pays one of them, and 20,000 to
    /// nobody, with a description that is a formula and markup.
    fn open(world: &World) -> Self {
        let (card, day) = (world.fresh_card("bri"), today().to_string());
        buy(&world.till("JBI-1"), &card, &goods("eggs 10 piece 1000")).expect(201);
        buy(&world.till("JKT-1"), &card, &goods("eggs 5 piece 1000")).expect(201);
        let bank = world.bank("bri");
        let close = || bank.close_early(&day).expect(202);
        let api = &bank.api;
        let closed =
            || ewarong_tests::process::wait_until(PATIENCE, || close()["state"] == "closed");
        assert!(closed(), "the day stays open");
        let settlements = listed(api, &format!("/v1/settlements?business_date={day}"));
        let paid = settlements.iter().find(|one| one["merchant_id"] == "EW-JAMBI").unwrap();
        assert_eq!(number(paid, "net"), 10_000);
        let home = tempfile::tempdir().unwrap();
        let row = |text: &str, amount: i64, balance: i64| {
            format!("005301000123304;{day};{text};.00;{amount}.00;{balance}.00\n")
        };
        let file = format!(
            "NOREK;TGL_TRAN;DESK_TRAN;MUTASI_DEBET;MUTASI_KREDIT;SALDO_AKHIR_MUTASI\n{}{}",
            row(&format!("BPNT {}", text(paid, "reference")), 10_000, 1_010_000),
            row("=1+1 <b>SETOR</b>", 20_000, 1_030_000),
        );
        fs::write(home.path().join("bri.csv"), file).unwrap();
        let desk = Self { home, day };
        desk.log_in(world, "bank-bri");
        desk
    }

    fn log_in(&self, world: &World, client: &str) {
        let credentials = world.credentials(client);
        fs::write(self.home.path().join("secret"), &credentials.client_secret).unwrap();
        let server = world.server.base_url();
        let arguments = ["login", "--server", &server, "--client-id", &credentials.client_id];
        let all = [&arguments[..], &["--secret-file", "secret"]].concat();
        let output = run_merchant_cli(self.home.path(), all, b"");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }

    fn arguments(&self) -> [&str; 7] {
        ["reconcile", "bri.csv", "--bank", "bri", "--date", &self.day, "--dry-run"]
    }

    /// What `reconcile` writes, which finds differences.
    fn reconcile(&self, more: &[&str]) -> Vec<u8> {
        let all = [&self.arguments()[..], more].concat();
        let output = run_merchant_cli(self.home.path(), all, b"");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        output.stdout
    }

    fn page(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join(name)).unwrap()
    }
}

on_both_backends! {
    /// A summary with the files' hashes and the control line, the results, the exceptions.
    fn a_reconciliations_workbook_says_what_its_json_says(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::open(&world);
        let json: Value =
            serde_json::from_slice(&desk.reconcile(&["--output", "json"])).unwrap();
        let workbook = Workbook::read(&desk.reconcile(&["--output", "xlsx"]));
        assert_eq!(workbook.names, ["summary", "results", "exceptions"]);
        let lines = |sheet: usize| -> Vec<String> {
            workbook.sheets[sheet].iter().map(|row| row.join(" ")).collect()
        };
        let summary = lines(0).join("\n");
        let sent = fs::read(desk.home.path().join("bri.csv")).unwrap();
        let hash = ring::digest::digest(&ring::digest::SHA256, &sent);
        let hex = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
        let hex = hex.concat();
        for said in [
            &hex,
            text(&json, "result_hash"),
            "text:matched whole:1 whole:10000 whole:10000",
            "text:movement whole:30000",
            "text:30000 = paid 10000 + fees 0",
        ] {
            assert!(summary.contains(said), "{said} in\n{summary}");
        }
        assert_eq!(lines(1).len(), 1 + json["rows"].as_array().unwrap().len());
        let exceptions = lines(2);
        assert!(exceptions.iter().any(|row| row.starts_with("text:bank_only")), "{exceptions:?}");
        assert!(exceptions.iter().any(|row| row.ends_with("text:=1+1 &lt;b&gt;SETOR&lt;/b&gt;")));
        assert!(exceptions.iter().all(|row| !row.starts_with("text:matched")), "{exceptions:?}");
        world.verify();
    }

    /// The same figures as the table, in Bahasa Indonesia, and nothing of the bank's as markup.
    fn a_reconciliation_is_printed_for_signature(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::open(&world);
        let table = String::from_utf8(desk.reconcile(&["--report", "report.html"])).unwrap();
        let html = desk.page("report.html");
        let control = table.lines().last().unwrap().strip_prefix("control: ").unwrap();
        for said in [
            "<html lang=\"id\">",
            "Rekonsiliasi BRI",
            "Pengecualian<small>exceptions</small>",
            "Cocok<small>matched</small>",
            "Hanya di bank<small>bank_only</small>",
            "<td class=\"n\">20.000</td>",
            "=1+1 &lt;b&gt;SETOR&lt;/b&gt;",
            "Diperiksa oleh<small>checked by</small>",
            control,
        ] {
            assert!(html.contains(said), "{said} in\n{html}");
        }
        assert!(!html.contains("<b>"), "{html}");
        assert_eq!(html.matches("<tr>").count(), html.matches("</tr>").count());
        let nowhere = ["--report", "no/such/folder.html"];
        let arguments = [&desk.arguments()[..], &nowhere].concat();
        let output = run_merchant_cli(desk.home.path(), arguments, b"");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "no report, and yet a result");
    }

    /// The day of a bank's shops, and of one shop with what it sold; an open day too.
    fn a_day_is_printed_for_the_shop(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::open(&world);
        let settle = |more: &[&str]| {
            let arguments = ["settlement", "--date", &desk.day, "--report", "day.html"];
            let output =
                run_merchant_cli(desk.home.path(), [&arguments[..], more].concat(), b"");
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            desk.page("day.html")
        };
        let all = settle(&[]);
        assert!(all.contains("Laporan harian") && all.contains("EW-JAKARTA"), "{all}");
        assert!(!all.contains("Rincian"), "{all}");
        let one = settle(&["--merchant", "EW-JAMBI"]);
        assert!(one.contains("Belanja<small>redemption</small>"), "{one}");
        assert!(one.contains("<td class=\"n\">10.000</td>") && !one.contains("EW-JAKARTA"), "{one}");

        let open = World::start(backend);
        let card = open.fresh_card("bni");
        buy(&open.till("JBI-1"), &card, &goods("eggs 3 piece 1000")).expect(201);
        desk.log_in(&open, "till-JBI-1");
        let open_day = settle(&[]);
        assert!(open_day.contains("Hari ini belum ditutup"), "{open_day}");
        assert!(open_day.contains("<td class=\"n\">3.000</td>"), "{open_day}");
    }
}
