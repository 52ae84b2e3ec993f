//! What one client may send: whose account it is of, how much of it, and what is left of it.

use std::fmt::Write as _;
use std::thread;

use ewarong_tests::client::ApiClient;
use ewarong_tests::seed::folder::{BANK_ACCOUNT, SHOP_ACCOUNT};
use ewarong_tests::seed::{clear_of_midnight, today};
use ewarong_tests::{Backend, World, on_both_backends};
use serde_json::{Value, json};

use super::desk::{Desk, account_file, bank_file};
use crate::as_of::rows::lines;
use crate::shop::Shop;
use crate::till::{listed, number, text};

/// An MT940 statement of so many rows of one rupiah.
fn mt940(account: &str, rows: usize) -> String {
    let day = today().naive().format("%y%m%d").to_string();
    let mut file = format!(":20:A\n:25:{account}\n:60F:C{day}IDR0,\n");
    for _row in 0..rows {
        writeln!(file, ":61:{day}C1,NTRF").unwrap();
    }
    write!(file, ":62F:C{day}IDR{rows},\n-\n").unwrap();
    file
}

/// How many rows of files and their outcomes there are.
fn kept(world: &World) -> String {
    let tables = [
        "bank_files",
        "bank_file_parts",
        "bank_file_rows",
        "bank_file_statements",
        "reconciliation_results",
        "matched_rows",
        "exceptions",
        "recording_counts",
    ];
    let counts = tables.map(|table| format!("(SELECT COUNT(*) FROM {table})"));
    let sum = counts.join(" || ' ' || ");
    lines(world, &format!("SELECT {sum} AS line")).remove(0)
}

/// Takes a table's guards away, as nobody but an owner of the database can.
fn unguard(world: &World, table: &str) {
    match world.backend {
        Backend::Sqlite => {
            for what in ["update", "delete"] {
                world.sql(&format!("DROP TRIGGER {table}_no_{what}"));
            }
        }
        Backend::Postgres => world.sql(&format!("DROP TRIGGER {table}_append_only ON {table}")),
    }
}

fn account_of(api: &ApiClient) -> Value {
    api.get("/v1/me").expect(200)["account_number"].clone()
}

/// The most memory that the server has held so far.
fn peak_kb(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

on_both_backends! {
    /// 600,000 rows of another account: nothing of them is kept or held, and others sell meanwhile.
    fn a_shops_file_of_another_account_costs_nobody_anything(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        desk.worked_day();
        let before = kept(&world);
        let foreign = mt940("99900011122", 600_000);
        assert!(foreign.len() > 10_000_000);
        // The account is imported, and the rows are too many for a shop whose account nobody knows yet.
        for (till, status, code) in [("JKT-1", 422, "wrong_account"), ("JBI-1", 413, "too_many_rows")] {
            let peak = peak_kb(&world);
            let shop = world.till(till).api;
            let refused = thread::scope(|scope| {
                let sent = scope.spawn(|| Desk::record_as(&shop, &[("all.sta", &foreign)]));
                let mut sold = 0;
                while !sent.is_finished() || sold == 0 {
                    desk.buy("JBI-1", "bri", 1_000);
                    sold += 1;
                }
                sent.join().unwrap()
            });
            assert_eq!(refused.problem(status), code, "{}", refused.text());
            // The request itself, in base64 and decoded, is 32 MB; its rows would be some hundreds.
            let grown = peak_kb(&world) - peak;
            assert!(grown < 120_000, "{grown} kB for a file that is refused");
        }
        assert_eq!(kept(&world), before);
        assert_eq!(account_of(&world.till("JBI-1").api), Value::Null, "what is refused fixes nothing");
        world.verify();
    }

    /// The first recording fixes a shop's account, an import before that; a bank's is registered.
    fn a_statement_is_of_the_registered_account_or_refused(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let paid = format!("{} +175000", sold.reference("EW-JAMBI"));
        let file = |account: &str, rows: &str| account_file(account, today(), (0, rows, None));
        assert_eq!(account_of(&desk.bank().api), BANK_ACCOUNT);
        let foreign = desk.record(&[("foreign.csv", &file("99900011122", &paid))]);
        assert_eq!(foreign.problem(422), "wrong_account");
        let why = foreign.json()["errors"][0]["detail"].to_string();
        assert!(why.contains("foreign.csv") && why.contains("99900011122") && why.contains(BANK_ACCOUNT), "{why}");
        // One file of the right account does not let another one in.
        let both = [("own.csv", &*bank_file(0, &paid, None)), ("foreign.csv", &file("99900011122", "X +1"))];
        assert_eq!(desk.record(&both).problem(422), "wrong_account");
        assert_eq!(desk.payable("EW-JAMBI"), 220_000, "nothing was used");

        let jambi = world.till("JBI-1").api;
        assert_eq!(account_of(&jambi), Value::Null);
        // BNI's and rounded accounts are none: they are not compared, and fix nothing.
        let none = Desk::record_as(&jambi, &[("rounded.csv", &file("5.0501E+13", "BUNGA +1"))]).expect(201);
        assert_eq!(none["files"][0]["account"], Value::Null);
        assert_eq!(account_of(&jambi), Value::Null);
        // Nor does what can't be an account: a shop would never get rid of it again.
        Desk::record_as(&jambi, &[("slip.sta", &mt940("1", 1))]).expect(201);
        assert_eq!(account_of(&jambi), Value::Null);
        let two = format!("{}{}", mt940("00123-456", 1), mt940("00123-457", 1));
        assert_eq!(Desk::record_as(&jambi, &[("two.sta", &two)]).problem(422), "wrong_account");
        let first = Desk::record_as(&jambi, &[("first.csv", &file("00123-456", &paid))]).expect(201);
        let mut files = first["files"].as_array().unwrap().iter();
        let named = files.find(|file| file["name"] == "first.csv").unwrap();
        assert_eq!(named["account"], "00123-456");
        assert_eq!(account_of(&jambi), "00123-456");
        let other = Desk::record_as(&jambi, &[("other.csv", &file("123457", "X +1"))]);
        assert_eq!(other.problem(422), "wrong_account");
        Desk::record_as(&jambi, &[("same.csv", &account_file("123456", today(), (175_000, "BUNGA +1", None)))]).expect(201);

        // A shop whose account was imported; a dry run of the command line says the same.
        let till = Shop::log_in(&world, &world.till("JKT-1").credentials.client_id);
        let path = till.write("foreign.csv", &file("123456", "X +1"));
        let day = today().to_string();
        let line = ["reconcile", &path, "--bank", "bri", "--date", &day];
        for arguments in [&line[..], &[&line[..], &["--dry-run"]].concat()] {
            let said = till.run(arguments, "");
            let errors = String::from_utf8_lossy(&said.stderr).into_owned();
            assert_eq!(said.status.code(), Some(1), "{errors}");
            assert!(errors.contains("wrong_account") && errors.contains(SHOP_ACCOUNT), "{errors}");
        }
        assert_eq!(account_of(&world.till("JKT-2").api), SHOP_ACCOUNT);
        world.verify();
    }

    /// Rows, differences and recordings: of a request, of the files of a day, of a client's day.
    fn a_shop_records_as_much_as_it_may(backend) {
        clear_of_midnight();
        let limits = "shop.rows=3,shop.day_rows=5,shop.day_recordings=3,shop.exceptions=1";
        let world = World::start_with(backend, &["--recording-limits", limits]);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let shop = world.till("JBI-1").api;
        let paid = format!("{} +175000", sold.reference("EW-JAMBI"));
        let own = |opening, rows: &str| bank_file(opening, rows, None);
        let record = |rows: &str, opening| Desk::record_as(&shop, &[("mine.csv", &own(opening, rows))]);
        let before = kept(&world);
        let interest = |count: usize| "BUNGA +1\n".repeat(count);
        assert_eq!(record(&interest(4), 0).problem(413), "too_many_rows");
        let two = [("one.csv", &*own(0, &interest(2))), ("two.csv", &*own(2, &interest(2)))];
        assert_eq!(Desk::record_as(&shop, &two).problem(413), "too_many_rows", "of all files of a request");
        assert_eq!(record("SETOR +1\nSETOR +2", 0).problem(413), "too_many_exceptions");
        assert_eq!(kept(&world), before, "nothing of it was kept");
        assert_eq!(account_of(&shop), Value::Null);

        record(&format!("{paid}\nSETOR +1\nBUNGA +1"), 0).expect(201);
        // The day rests on three rows now, and on five at the most.
        assert_eq!(record(&interest(3), 175_002).problem(413), "too_many_rows");
        record(&interest(2), 175_002).expect(201);
        Desk::record_as(&shop, &[("mine.csv", &own(175_002, &interest(2)))]).expect(200);
        Desk::record_as(&shop, &[]).expect(201);
        let full = Desk::record_as(&shop, &[]);
        assert_eq!(full.problem(429), "recordings_exhausted");
        let wait: u64 = full.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=86_400).contains(&wait), "{wait}");
        // What is recorded already is answered all the same, and other shops and the bank record.
        Desk::record_as(&shop, &[("mine.csv", &own(175_002, &interest(2)))]).expect(200);
        desk.record(&[("bank.csv", &own(0, &format!("{paid}\n{}", interest(5))))]).expect(201);
        assert_eq!(desk.payable("EW-JAMBI"), 45_000);
        world.verify();
    }

    /// A file of which most rows name settlements of others is somebody else's.
    fn a_file_about_others_is_refused_as_a_whole(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let shop = world.till("JBI-1").api;
        let (own, others) = (sold.reference("EW-JAMBI"), sold.reference("EW-JAKARTA"));
        let file = |of_others: usize, of_own: usize| {
            let rows = format!("{others} +1\n").repeat(of_others) + &format!("{own} +1\n").repeat(of_own);
            bank_file(0, &rows, None)
        };
        let before = kept(&world);
        let refused = Desk::record_as(&shop, &[("all.csv", &file(11, 9))]);
        assert_eq!(refused.problem(422), "foreign_rows");
        assert!(refused.text().contains("11 of 20 rows"), "{}", refused.text());
        assert_eq!(kept(&world), before);
        // The bank's own view has both.
        desk.record(&[("all.csv", &file(11, 9))]).expect(201);
        Desk::record_as(&shop, &[("half.csv", &file(10, 10))]).expect(201);
        world.verify();
    }

    /// Kept files are read once: what they say is kept, and made anew when it is not there.
    fn kept_files_are_not_read_again(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let first = format!("{} +175000\nBUNGA,\"x\" +1", sold.reference("EW-JAMBI"));
        desk.record(&[("one.csv", &bank_file(0, &first, None))]).expect(201);
        let rest = format!("{} +110000", sold.reference("EW-JAKARTA"));
        let recorded = desk.record(&[("two.csv", &bank_file(175_001, &rest, None))]).expect(201);
        let results = desk.results(text(&recorded, "id"));
        let same = |revision: i64| {
            let again = desk.record(&[]).expect(201);
            assert_eq!(number(&again, "revision"), revision);
            assert_eq!((&again["result_hash"], &again["summary"]), (&recorded["result_hash"], &recorded["summary"]));
            assert_eq!(desk.results(text(&again, "id")), results);
        };
        same(3);
        let said = "SELECT CAST(COUNT(*) AS TEXT) || ' ' || CAST(SUM(line_count) AS TEXT) AS line
            FROM bank_file_statements WHERE account = '005301000123304'";
        assert_eq!(lines(&world, said), ["2 3"]);
        // What another version of the parser has kept is made anew from the bytes.
        for table in ["bank_file_statements", "bank_file_rows"] {
            unguard(&world, table);
            world.sql(&format!("UPDATE {table} SET parser = 0"));
        }
        same(4);
        let current = "SELECT CAST(COUNT(*) AS TEXT) AS line FROM bank_file_rows WHERE parser = 1";
        assert_eq!(lines(&world, current), ["2"]);
        // Whoever read the bytes again now would see that they are others.
        unguard(&world, "bank_file_parts");
        let nothing = if backend == Backend::Sqlite { "x''" } else { "''" };
        world.sql(&format!("UPDATE bank_file_parts SET content = {nothing}"));
        same(5);
        // A later file goes on from what is kept, and knows its rows again.
        let all = bank_file(0, &format!("{first}\n{rest}"), None);
        assert_eq!(desk.record(&[("all.csv", &all)]).problem(422), "file_refused");
        let gap = bank_file(1, "BUNGA +1", None);
        assert!(desk.record(&[("gap.csv", &gap)]).text().contains("statement_gap"));
        let goes_on = desk.record(&[("more.csv", &bank_file(285_001, "BUNGA +2", None))]).expect(201);
        assert_eq!(number(&goes_on, "revision"), 6);
    }

    /// What a recording left undone is said, keeps the day from being signed, and is done by the next one.
    fn a_recording_that_was_cut_off_is_finished(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let rows = format!("{} +175000\n{} +110000", sold.reference("EW-JAMBI"), sold.reference("EW-JAKARTA"));
        let file = bank_file(0, &rows, None);
        let recorded = desk.record(&[("all.csv", &file)]).expect(201);
        let id = text(&recorded, "id");
        let path = format!("/v1/reconciliations/{id}");
        let sign = || desk.second().api.post(&format!("{path}/sign-off"), &json!({}));
        // As a crash between the recording and what follows leaves it.
        world.sql("UPDATE reconciliations SET state = 1");
        assert_eq!(desk.bank().api.get(&path).expect(200)["status"], "recording");
        assert_eq!(sign().problem(409), "signed_off");
        let again = desk.record(&[("all.csv", &file)]).expect(201);
        assert_eq!((text(&again, "status"), number(&again, "revision")), ("recorded", 2));
        assert_eq!((desk.payable("EW-JAMBI"), desk.payable("EW-JAKARTA")), (45_000, 0));
        assert_eq!(again["result_hash"], recorded["result_hash"]);
        desk.record(&[("all.csv", &file)]).expect(200);
        assert_eq!(listed(&desk.bank().api, "/v1/reconciliations").len(), 1);
        world.verify();
    }
}
