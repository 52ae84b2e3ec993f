//! How real files break importers: each of these is read rightly or refused with line and column,
//! and never guessed at.

use rust_decimal::Decimal;

use super::*;

const HEADER: &str = "Tgl Trans,Uraian,Debet,Kredit,Saldo\r\n";
const ROW: &str = "03/09/2018,CAFÉ EW00918090300001,,5.00,5.00\r\n";

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn every_encoding_separator_and_line_end_reads_alike() {
    let text = format!("{HEADER}{ROW}");
    let tabbed = text.replace(',', "\t");
    let latin: Vec<u8> =
        text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    let files: [(&str, Vec<u8>); 12] = [
        ("plain", text.clone().into_bytes()),
        ("byte-order mark", format!("\u{feff}{text}").into_bytes()),
        ("Windows-1252", latin),
        ("UTF-16 little", utf16(&format!("\u{feff}{tabbed}"), u16::to_le_bytes)),
        ("UTF-16 big", utf16(&format!("\u{feff}{tabbed}"), u16::to_be_bytes)),
        ("UTF-16 and NUL", utf16(&format!("\u{feff}{tabbed}\0"), u16::to_le_bytes)),
        ("trailing NULs", format!("{text}\0\0\0").into_bytes()),
        ("line feeds", text.replace('\r', "").into_bytes()),
        ("returns", text.replace('\n', "").into_bytes()),
        ("mixed line ends", text.replacen("\r\n", "\n", 1).into_bytes()),
        ("semicolons", text.replace(',', ";").into_bytes()),
        ("no end of the last line", text.trim_end().as_bytes().to_vec()),
    ];
    for (what, bytes) in files {
        let statement = one_as(bytes, &of_bank("bni"));
        assert_eq!(movements(&statement), "2 2018-09-03 credit 5", "{what}");
        assert_eq!(statement.lines[0].description(), "CAFÉ EW00918090300001", "{what}");
    }
    let piped = "name = own\nseparators = pipe\nnumbers = 1,234.56\ndates = DD/MM/YYYY\n\
        booking_date = Tgl Trans\ndescription = Uraian\ndebit = Debet\ncredit = Kredit\n";
    let statement = one_as(text.replace(',', "|"), &by(piped));
    assert_eq!(movements(&statement), "2 2018-09-03 credit 5");
}

#[test]
fn bytes_that_are_no_text_are_refused_on_their_line() {
    let rows = ROW.repeat(3000);
    for (bytes, reason) in [
        (
            format!("{HEADER}{ROW}03/09/2018,A\0B,,5.00,5.00\n").into_bytes(),
            "line 3: the text has NUL bytes",
        ),
        (
            [HEADER.as_bytes(), rows.as_bytes(), b"03/09/2018,A\x81,,5.00,\n"].concat(),
            "line 3002: the bytes are not text in UTF-8 or Windows-1252",
        ),
        (utf16(HEADER, u16::to_le_bytes), "line 1: the text has NUL bytes"),
        (b"\xFF\xFEa".to_vec(), "line 1: the bytes are not text in UTF-16"),
    ] {
        let error = refusal(&bytes, &of_bank("bni"));
        assert!(error.starts_with(reason), "{error}");
    }
    let strict = "name = own\nnumbers = 1,234.56\ndates = DD/MM/YYYY\n\
        booking_date = Tgl Trans\ndescription = Uraian\ndebit = Debet\ncredit = Kredit\n";
    let bytes = [HEADER.as_bytes(), rows.as_bytes(), b"03/09/2018,A\xE9,,5.00,\n"].concat();
    assert_eq!(refusal(bytes, &by(strict)), "line 3002: the bytes are not text in UTF-8");
}

#[test]
fn what_can_not_be_read_is_refused_with_line_and_column() {
    for (row, reason) in [
        ("29/02/2018,A,,5.00,", "line 2, column `Tgl Trans`: `29/02/2018` is not a date"),
        ("31/12/2018 24.00.00,A,,5.00,", "line 2, column `Tgl Trans`: `31/12/2018 24.00.00`"),
        (
            "2018-09-03,A,,5.00,",
            "line 2, column `Tgl Trans`: `2018-09-03` is not a date written as",
        ),
        (
            "03/09/2018,A,,1.000,",
            "line 2, column `Kredit`: `1.000` is not an amount: it has more than two decimals; \
             this profile writes `1,234.56`",
        ),
        ("03/09/2018,A,,\"1.234,56\",", "line 2, column `Kredit`: `1.234,56` is not an amount"),
        ("03/09/2018,A,,\"1,00\",", "line 2, column `Kredit`: `1,00` is not an amount"),
        ("03/09/2018,A,,12345678901234567890,", "line 2, column `Kredit`: `12345678901234567890`"),
        ("03/09/2018,A,,1.234,", "line 2, column `Kredit`: `1.234` is not an amount"),
        ("03/09/2018,A,,=1+2,", "line 2, column `Kredit`: `=1+2` is not an amount"),
        ("03/09/2018,A,,1E3,", "line 2, column `Kredit`: `1E3` is not an amount"),
        ("03/09/2018,A,,5.00 XX,", "line 2, column `Kredit`: `XX` does not say"),
        ("03/09/2018,A,,5.00 DB,", "line 2, column `Kredit`: `5.00 DB` does not say"),
        ("03/09/2018,A,1.00,5.00,", "line 2: the row has both a debit and a credit"),
        ("03/09/2018,A,,,", "line 2: the row has neither a debit nor a credit"),
        ("03/09/2018,A,,5.00,x", "line 2, column `Saldo`: `x` is not an amount"),
        ("03/09/2018,A,", "line 2: the row has 3 cells where the header has 5"),
        ("03/09/2018,A,,5.00,5.00,more", "line 2: the row goes on after the header's last column"),
        ("\r\n\n03/09/2018,A,,x,", "line 4, column `Kredit`"),
        ("03/09/2018,\"cut off,,5.00,", "line 2: the row has 2 cells where the header has 5"),
        ("SALDO AWAL PINDAHAN,,,x,5.00", "line 2, column `Tgl Trans`"),
        ("03/09/2018,TOTAL,,1.000,", "line 2, column `Kredit`: `1.000` is not an amount"),
        ("TOTAL,,x,5.00,", "line 2, column `Debet`: `x` is not an amount"),
    ] {
        let error = refusal(format!("{HEADER}{row}"), &of_bank("bni"));
        let is_label = row.starts_with("SALDO AWAL") && error.contains("`x`");
        assert!(error.starts_with(reason) || is_label, "{row}: {error}");
    }
    for text in ["", "\0", "\u{feff}", "Tanggal,Jumlah\n", "hello", "\"", ",,,,\n"] {
        let error = refusal(text, &of_bank("bni"));
        assert!(error.starts_with("line 1: no header row of `bni`"), "{text:?}: {error}");
    }
}

#[test]
fn amounts_as_banks_write_them() {
    for (cell, cents) in [
        (".00", 0),
        ("5", 500),
        ("'5.00", 500),
        ("Rp 5.00", 500),
        ("\" 1,500.00 \"", 150_000),
        ("\"(1,500.00)\"", -150_000),
        ("\"1,500.00-\"", -150_000),
        ("\"287,490.00 CR\"", 28_749_000),
    ] {
        let statement = one_as(format!("{HEADER}03/09/2018,A,,{cell},\n"), &of_bank("bni"));
        let moved: Decimal = statement.lines.iter().map(StatementLine::signed).sum();
        assert_eq!(moved, Decimal::new(cents, 2), "{cell}");
    }
}

#[test]
fn dates_go_over_the_new_year_and_the_leap_day() {
    let rows = "29/02/20,A,,1.00,1.00\n31/12/20,B,,1.00,2.00\n01/01/21,C,,1.00,3.00\n";
    let statement = one_as(format!("{HEADER}{rows}"), &of_bank("bni"));
    assert_eq!(
        movements(&statement),
        "2 2020-02-29 credit 1\n3 2020-12-31 credit 1\n4 2021-01-01 credit 1"
    );
    assert_eq!(statement.balances_hold(), Some(true));
}

#[test]
fn quotes_newlines_and_formulas_in_texts_are_texts() {
    let rows = "03/09/2018,\"A \"\"B\"\",\r\nC;D\",,1.00,1.00\n\
        03/09/2018,'=2+2,,1.00,2.00\n03/09/2018,=CMD(),,1.00,3.00\n\n\n03/09/2018,E,,1.00,4.00\n";
    let statement = one_as(format!("{HEADER}{rows}"), &of_bank("bni"));
    let found: Vec<_> =
        statement.lines.iter().map(|line| (line.number, line.description())).collect();
    assert_eq!(found, [(2, "A \"B\", C;D"), (4, "=2+2"), (5, "=CMD()"), (8, "E")]);
    for text in ["=2+2", "+1", "-1", "@A", "\tx"] {
        assert!(write::guarded(text).starts_with('\''), "{text}");
    }
}

#[test]
fn the_header_may_stand_further_down_and_come_again() {
    let preamble = "BANK NEGARA INDONESIA,,,,\n\"Laporan, mutasi\"\nNomor Rekening,:,0012345678\n\
        Mata Uang,IDR\nPeriode,01/09/2018 s/d 30/09/2018\nSaldo Awal,10.00\n,,,,\n";
    let text = format!(
        "sep=,\n{preamble}{HEADER}03/09/2018,A,,5.00,15.00\n{HEADER}04/09/2018,B,1.00,,14.00\n\
         Saldo Akhir,,,,14.00\nDicetak pada 05/09/2018\nHalaman 1 dari 1\n"
    );
    let statement = one(text);
    assert_eq!(statement.account.as_deref(), Some("0012345678"));
    assert_eq!(movements(&statement), "10 2018-09-03 credit 5\n12 2018-09-04 debit 1");
    assert_eq!(statement.opening, Some(Decimal::new(1000, 2)));
    assert_eq!(statement.closing, Some(Decimal::new(1400, 2)));
    assert_eq!(statement.balances_hold(), Some(true));
    assert_eq!(statement.details.to.unwrap().to_string(), "2018-09-30");
    // Only what the profile says is left out: anything else could be a row that was cut off.
    let footer = format!("{HEADER}{ROW}Terima kasih\n");
    assert_eq!(
        refusal(footer, &of_bank("bni")),
        "line 3: the row has 1 cells where the header has 5"
    );
    let deep = format!("{}{HEADER}", "x\n".repeat(100));
    assert!(refusal(deep, &of_bank("bni")).starts_with("line 1: no header row"));
}

#[test]
fn a_header_in_two_rows_is_one() {
    let text = "Tgl Trans,Uraian,Mutasi,,Saldo\n,,Debet,Kredit,\n03/09/2018,A,,5.00,5.00\n";
    let statement = one_as(text, &of_bank("bni"));
    assert_eq!(movements(&statement), "3 2018-09-03 credit 5");
    assert_eq!(statement.balances_hold(), Some(true));
}

#[test]
fn accounts_that_a_spreadsheet_rounded_are_unknown() {
    let header = "NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT\n";
    for (cell, account) in [
        ("5.0501E+13", None),
        ("\"5,0501E+13\"", None),
        ("\"=\"\"005301000123304\"\"\"", Some("005301000123304")),
        ("'005301000123304", Some("005301000123304")),
        ("5301000123304", Some("5301000123304")),
    ] {
        let statement = one(format!("{header}{cell},2018-09-03,A,.00,5.00\n"));
        assert_eq!(statement.account.as_deref(), account, "{cell}");
    }
}

#[test]
fn rows_may_run_backwards_in_time_and_within_a_day() {
    let header = "Tgl Trans,Uraian,Debet,Kredit,Saldo\n";
    let rows = ["04/09/2018,C,1.00,,9.00", "03/09/2018,B,,3.00,10.00", "03/09/2018,A,,2.00,7.00"];
    let backwards = one_as(format!("{header}{}", rows.join("\n")), &of_bank("bni"));
    assert_eq!(backwards.order, RowOrder::Descending);
    assert_eq!((backwards.opening, backwards.closing), (Some(5.into()), Some(9.into())));
    assert_eq!(backwards.balances_hold(), Some(true));
    let in_time: Vec<_> = backwards.in_time().map(StatementLine::description).collect();
    assert_eq!(in_time, ["A", "B", "C"]);
    // Within one day only the balances show the order.
    let day = one_as(format!("{header}{}\n{}\n", rows[1], rows[2]), &of_bank("bni"));
    assert_eq!((day.order, day.balances_hold()), (RowOrder::Descending, Some(true)));
    // Dates that rise are not read backwards, however well the balances would hold.
    let risen = rows[0].replace("04/", "02/");
    let wrong = one_as(format!("{header}{risen}\n{}\n{}\n", rows[1], rows[2]), &of_bank("bni"));
    assert_eq!((wrong.order, wrong.balances_hold()), (RowOrder::Ascending, Some(false)));
}

#[test]
fn a_file_without_rows_is_a_statement_without_lines() {
    let statement = one("NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT\n");
    assert!(statement.lines.is_empty());
    assert_eq!(statement.balances_hold(), None);
    let stated = one(
        "Saldo Awal,5.00\nSaldo Akhir,6.00\nNOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT\n",
    );
    assert_eq!(stated.balances_hold(), Some(false));
}
