//! Reading what banks write: each layout, each way in which real files break importers, and the
//! properties that hold for any bytes.

use chrono::{NaiveDate, NaiveTime};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::write::{RowToWrite, StatementToWrite, statement_csv};
use super::*;
use crate::domain::calendar::Date;
use crate::domain::matching::{Direction, SettlementLine, match_settlements};
use crate::domain::money::Rupiah;

const BANKS: [&str; 4] = ["bri", "bni", "mandiri", "btn"];

fn profile(bank: &str) -> Profile {
    Profile::of_bank(&bank.parse().unwrap()).unwrap()
}

fn one(bank: &str, text: &str) -> Statement {
    let mut statements = read(text.as_bytes(), &profile(bank)).unwrap();
    assert_eq!(statements.len(), 1);
    statements.pop().unwrap()
}

fn refusal(bank: &str, text: &str) -> String {
    read(text.as_bytes(), &profile(bank)).unwrap_err().to_string()
}

/// `number date direction amount`, one line a movement.
fn movements(statement: &Statement) -> String {
    let lines = statement.lines.iter().map(|line| {
        let direction = line.direction.as_str();
        format!("{} {} {direction} {}", line.number, line.booking_date, line.amount.normalize())
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn bri_long_layout_with_preamble_and_fee_row() {
    let text = "\u{feff}NOREK;005301000123304\r\n\r\n\
        NOREK;TGL_TRAN;TGL_EFEKTIF;JAM_TRAN;SEQ;DESK_TRAN;SALDO_AWAL_MUTASI;MUTASI_DEBET;MUTASI_KREDIT;SALDO_AKHIR_MUTASI;GLSIGN;TRUSER;KODE_TRAN;KODE_TRAN_TELLER;TRREMK;TLBDS1;TLBDS2\r\n\
        5.0501E+13;2018-09-03 00:00:00;2018-09-04 00:00:00;3153;7;KREDIT  BPNT;1000.00;.00;175000.00;176000.00;C;X;1;2;;;WS_OB;EW00218090300017\r\n";
    // The unquoted separators of the last field make the row longer than its header.
    let error = refusal("bri", text);
    assert_eq!(
        error,
        "line 4: the row goes on after the header's last column with `EW00218090300017`"
    );
    let statement =
        one("bri", &text.replace("WS_OB;EW00218090300017", "\"WS_OB;EW00218090300017;X\""));
    assert_eq!(statement.account.as_deref(), Some("005301000123304"));
    assert_eq!(movements(&statement), "4 2018-09-03 credit 175000");
    let line = &statement.lines[0];
    assert_eq!(line.business_date.to_string(), "2018-09-04");
    assert_eq!(line.description, "KREDIT BPNT");
    assert_eq!(line.references, ["EW00218090300017"]);
    assert_eq!(line.sequence.as_deref(), Some("7"));
    assert_eq!(statement.opening, Some(Decimal::from(1000)));
    assert_eq!(statement.balances_hold(), Some(true));
}

#[test]
fn bri_short_layout_and_rows_that_move_nothing() {
    let text = "NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT,SALDO_AKHIR_MUTASI\n\
        0123,03/09/2018 08:15,\"TRF\n\"\"A\"\" EW00218090300017\",.00,\"175,000.00\",\"1,175,000.00\"\n\
        0123,03/09/2018,INFO,.00,.00,\"1,175,000.00\"\n\
        0123,03/09/2018,FEE,\"1,500.00\",.00,\"1,173,500.00\"\n";
    let statement = one("bri", text);
    assert_eq!(movements(&statement), "2 2018-09-03 credit 175000\n5 2018-09-03 debit 1500");
    assert_eq!(statement.lines[0].description, "TRF \"A\" EW00218090300017");
    assert_eq!(statement.balances_hold(), Some(true));
    let broken = one("bri", &text.replace("1,173,500", "1,173,400"));
    assert_eq!(broken.balances_hold(), Some(false));
}

#[test]
fn bni_layouts() {
    let text = "Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit,\n\
        03/09/18 08.15.00,03/09/18 08.15.00,0259,123456,TRF EW00918090300001,0.00,\"300,000.00\",\n";
    let statement = one("bni", text);
    assert_eq!(movements(&statement), "2 2018-09-03 credit 300000");
    assert_eq!(statement.account, None);
    assert_eq!(statement.balances_hold(), None);
    assert_eq!(statement.lines[0].references, ["123456", "EW00918090300001"]);

    let text = "Posting Date,Effective Date,Branch,Journal,Description,Amount,DB/CR,Balance\n\
        03/09/2018,03/09/2018,1,2,A,\"1,500.00\",D,\"8,500.00\"\n\
        03/09/2018,03/09/2018,1,3,A,-500.00,D,\"9,000.00\"\n";
    let statement = one("bni", text);
    assert_eq!(movements(&statement), "2 2018-09-03 debit 1500\n3 2018-09-03 credit 500");
    assert_eq!(statement.balances_hold(), Some(true));
    assert_eq!(
        refusal("bni", &text.replace(",D,\"8", ",?,\"8")),
        "line 2, column `DB/CR`: `?` does not say whether money came in or went out"
    );

    let text = "Tgl Trans;Uraian;Debet;Kredit;Saldo\n03/09/2018;A;;5.00;5.00\n";
    assert_eq!(movements(&one("bni", text)), "2 2018-09-03 credit 5");
}

#[test]
fn mandiri_layouts_rows_backwards_and_two_columns_of_one_name() {
    let text = "Account No,Date,Val. Date,Transaction Code,Description,Description,Reference No.,Debit,Credit\n\
        1234567890123,03/09/18,04/09/18,1,TRF,EW00818090300001 B,R-1,.00,\"5.00\"\n";
    let statement = one("mandiri", text);
    assert_eq!(statement.lines[0].description, "TRF EW00818090300001 B");
    assert_eq!(statement.lines[0].references, ["R-1", "EW00818090300001"]);
    assert_eq!(statement.lines[0].business_date.to_string(), "2018-09-03");

    let text = "AccountNo;Ccy;PostDate;Remarks;AdditionalDesc;Credit Amount;Debit Amount;Close Balance\n\
        1;IDR;03/09/2018;B;;.00;2.00;13.00\n1;IDR;03/09/2018;A;;5.00;.00;15.00\n\
        2;USD;03/09/2018;C;;1.00;.00;1.00\n";
    let statements = read(text.as_bytes(), &profile("mandiri")).unwrap();
    assert_eq!(statements.len(), 2);
    assert_eq!(statements[0].order, RowOrder::Descending);
    assert_eq!(statements[0].opening, Some(Decimal::from(10)));
    assert_eq!(statements[0].closing, Some(Decimal::from(13)));
    assert_eq!(statements[0].balances_hold(), Some(true));
    assert_eq!(statements[1].currency, "USD");
}

#[test]
fn rows_of_balances_and_totals_are_no_movements() {
    let text = "No Rekening : 0012\nTanggal,Keterangan,Debet,Kredit,Saldo\n\
        ,Saldo Awal,,,10.00\n03/09/2018,A,.00,5.00,15.00\nTOTAL,,.00,5.00,\n,SALDO AKHIR,,,15.00\n";
    let statement = one("btn", text);
    assert_eq!(statement.account.as_deref(), Some("0012"));
    assert_eq!(movements(&statement), "4 2018-09-03 credit 5");
    assert_eq!(statement.opening, Some(Decimal::from(10)));
    assert_eq!(statement.balances_hold(), Some(true));
    assert_eq!(
        refusal("btn", &text.replace("TOTAL,,.00,5.00", "TOTAL,,.00,6.00")),
        "line 5: the file's total is `6.00`, but its rows add up to `5.00`"
    );
    let closing = text.replace("AKHIR,,,15.00", "AKHIR,,,16.00");
    assert_eq!(one("btn", &closing).balances_hold(), Some(false));
}

#[test]
fn a_file_without_rows_is_a_statement_without_lines() {
    let statement = one("bri", "NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT\n");
    assert!(statement.lines.is_empty());
    assert_eq!(statement.balances_hold(), None);
}

#[test]
fn what_breaks_importers_is_refused_with_line_and_column() {
    let header = "Tgl Trans,Uraian,Debet,Kredit,Saldo\r\n";
    for (row, reason) in [
        ("PEND,A,,5.00,", "line 2, column `Tgl Trans`: `PEND` is not a date written as"),
        ("29/02/2018,A,,5.00,", "line 2, column `Tgl Trans`: `29/02/2018` is not a date"),
        (
            "03/09/2018,A,,1.000,",
            "line 2, column `Kredit`: `1.000` is not an amount: it has more than two decimals; \
             this profile writes `1,234.56`",
        ),
        ("03/09/2018,A,,5.00 XX,", "line 2, column `Kredit`: `XX` does not say"),
        ("03/09/2018,A,,5.00 DB,", "line 2, column `Kredit`: `5.00 DB` does not say"),
        ("03/09/2018,A,1.00,5.00,", "line 2: the row has both a debit and a credit"),
        ("03/09/2018,A,,,", "line 2: the row has neither a debit nor a credit"),
        ("03/09/2018,A,", "line 2: the row has 3 cells where the header has 5"),
        ("03/09/2018,A,,99999999999999999999,", "line 2, column `Kredit`"),
        ("\r\n\n03/09/2018,A,,x,", "line 4, column `Kredit`"),
        ("03/09/2018,\"cut off,,5.00,", "line 2: the row has 2 cells where the header has 5"),
    ] {
        let error = refusal("bni", &format!("{header}{row}"));
        assert!(error.starts_with(reason), "{row}: {error}");
    }
    for text in ["", "\0", "Tanggal,Jumlah\n", "%PDF-1.4"] {
        assert!(refusal("bni", text).starts_with("line 1: no header row of the profile `bni`"));
    }
}

#[test]
fn a_profile_of_ones_own_is_read_from_its_text() {
    let text = "# own\nname = own\nnumbers = 1.234,56\ndates = D/M/YY\nbooking_date = Day\n\
        description = What\namount = Sum\nminus_is_debit = yes\nseparators = tab";
    let own = Profile::parse(text).unwrap();
    let file = "Day\tWhat\tSum\n3/9/18\tA\t-1.000\n3/9/18\tB\t1.000,50\n";
    let statement = read(file.as_bytes(), &own).unwrap().pop().unwrap();
    assert_eq!(movements(&statement), "2 2018-09-03 debit 1000\n3 2018-09-03 credit 1000.5");
    for (line, reason) in [
        ("colour = red", "line 10 of the profile: there is no key `colour`"),
        ("numbers = 1", "line 10 of the profile: `1` is not `1,234.56` or `1.234,56`"),
        ("dates = today", "line 10 of the profile: `today` is not a pattern"),
        ("credit = Sum", "line 10 of the profile: the column `Sum` has another meaning already"),
        ("nonsense", "line 10 of the profile: `nonsense` is not `key = value`"),
    ] {
        let error = Profile::parse(&format!("{text}\n{line}")).unwrap_err().to_string();
        assert!(error.starts_with(reason), "{error}");
    }
    assert_eq!(Profile::parse("name = x").unwrap_err().to_string(), "the profile has no `numbers`");
}

#[test]
fn a_statement_is_accepted_for_its_day_or_refused_whole() {
    let text = "NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT,SALDO_AKHIR_MUTASI\n\
        1,2018-09-03,A,.00,5.00,5.00\n1,2018-09-04,B,.00,5.00,10.00\n";
    let day: Date = "2018-09-03".parse().unwrap();
    assert_eq!(accept_for_day(&one("bri", text), day), Ok(()));
    let other = accept_for_day(&one("bri", text), day.next()).unwrap_err();
    let reason = "line 2: the row is of `2018-09-03`, outside `2018-09-04` to `2018-09-07`";
    assert_eq!(other.to_string(), reason);
    let broken = one("bri", &text.replace("10.00", "11.00"));
    assert_eq!(accept_for_day(&broken, day), Err(NotAccepted::BalanceBreak));
}

#[test]
fn a_banks_file_goes_all_the_way_to_its_match() {
    let row = |description: &str, direction, amount: i64| RowToWrite {
        date: NaiveDate::from_ymd_opt(2018, 9, 3).unwrap(),
        time: NaiveTime::MIN,
        description: description.to_owned(),
        direction,
        amount: Decimal::from(amount),
    };
    let expected = |reference: &str, amount| SettlementLine {
        reference: reference.to_owned(),
        merchant: "mch".to_owned(),
        amount: Rupiah::new(amount).unwrap(),
    };
    for bank in BANKS {
        let rows = vec![
            row("BPNT EW00218090300001", Direction::Credit, 175_000),
            row("BPNT EW00218090300001", Direction::Debit, 1_500),
            row("BPNT EW00218090300002", Direction::Credit, 110_000),
            row("BPNT EW00218090300002", Direction::Credit, 110_000),
            row("SETOR TUNAI", Direction::Credit, 20_000),
        ];
        let account = "0012".to_owned();
        let opening = Decimal::from(1_000_000);
        let profile = profile(bank);
        let text = statement_csv(&profile, &StatementToWrite { account, opening, rows });
        let statement = one(bank, &text);
        let ledger = vec![
            expected("EW00218090300001", 175_000),
            expected("EW00218090300002", 110_000),
            expected("EW00218090300003", 45_000),
        ];
        let matching = match_settlements(ledger, settlement_rows(0, &statement));
        let found: Vec<_> = matching.rows.iter().map(|row| row.status.as_str()).collect();
        assert_eq!(found, ["matched", "duplicate_in_bank", "ledger_only", "bank_only"], "{bank}");
        assert_eq!(matching.left_out.len(), 1);
    }
}

fn any_row() -> impl Strategy<Value = RowToWrite> {
    let text = "[ -~àé]{0,20}[=+@'\";, -]{0,2}[A-Z0-9;]{0,10}";
    let movement = (any::<bool>(), 1..=999_999_999_999_i64);
    (0..20_000_u64, 0..86_400_u32, text, movement).prop_map(
        |(day, second, text, (credit, cents))| RowToWrite {
            date: "2018-01-01".parse::<Date>().unwrap().plus_days(day % 5).naive(),
            time: NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap(),
            description: text.split_whitespace().collect::<Vec<_>>().join(" "),
            direction: if credit { Direction::Credit } else { Direction::Debit },
            amount: Decimal::new(cents, 2),
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_in_a_banks_layout_reads_back(
        bank in prop::sample::select(BANKS.to_vec()),
        mut rows in prop::collection::vec(any_row(), 1..12),
        opening in -1_000_000..1_000_000_000_i64,
    ) {
        rows.sort_by_key(|row| row.date);
        let profile = profile(bank);
        let account = "0012345678901".to_owned();
        let written = StatementToWrite { account, opening: Decimal::from(opening), rows };
        let text = statement_csv(&profile, &written);
        let statements = read(text.as_bytes(), &profile).unwrap();
        prop_assert_eq!(statements.len(), 1);
        let statement = &statements[0];
        prop_assert_eq!(statement.opening, Some(Decimal::from(opening)));
        prop_assert_eq!(statement.balances_hold(), Some(true));
        let read_back = statement.lines.iter()
            .map(|line| (line.booking_date, line.direction, line.amount, line.description.clone()));
        let given = written.rows.iter()
            .map(|row| (row.date, row.direction, row.amount, row.description.clone()));
        prop_assert!(read_back.eq(given), "{}", text);
    }

    #[test]
    fn no_bytes_make_it_panic(
        bank in prop::sample::select(BANKS.to_vec()),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let _outcome = read(&bytes, &profile(bank));
    }

    #[test]
    fn no_rows_below_a_header_make_it_panic(
        rows in "([0-9/.:,;'\"()A-Z \r\n-]|Total|Saldo Awal|03/09/2018|1,000.00){0,60}",
    ) {
        let text = format!("Tgl Trans,Uraian,Debet,Kredit,Saldo\n{rows}");
        let _outcome = read(text.as_bytes(), &profile("bni"));
        let _profile = Profile::parse(&rows);
    }
}
