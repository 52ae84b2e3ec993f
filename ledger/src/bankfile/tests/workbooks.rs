//! Excel workbooks: typed cells, what people do to sheets, and archives that do harm.

use rust_decimal::Decimal;

use super::workbook::Cell::{Date, Empty, Error, Formula, Inline, Number, Text};
use super::workbook::{Cell, Parts, workbook};
use super::*;

const BRI: [Cell<'_>; 6] = [
    Text("Tanggal Transaksi"),
    Text("Uraian Transaksi"),
    Text("Teller"),
    Text("Debet"),
    Text("Kredit"),
    Text("Saldo"),
];
const MANDIRI: [Cell<'_>; 7] = [
    Text("Tgl."),
    Text("Tgl. Val."),
    Text("Rincian Transaksi"),
    Text("No. Referensi"),
    Text("Debit"),
    Text("Kredit"),
    Text("Saldo"),
];

impl Parts {
    /// Changes a part.
    fn replace(mut self, part: &str, from: &str, to: &str) -> Self {
        let found = self.0.iter_mut().find(|(name, _content)| *name == part).unwrap();
        assert!(found.1.contains(from), "{}", found.1);
        found.1 = found.1.replace(from, to);
        self
    }
}

#[test]
fn bri_counter_with_typed_and_with_written_cells() {
    let file = workbook(&[
        &[Text("LAPORAN TRANSAKSI")],
        &[Text("No. Rekening"), Text("005301000123304")],
        &[],
        &BRI,
        &[
            Date("43346"),
            Text("BPNT EW00218090300001"),
            Text("8888"),
            Number("0"),
            Number("175000"),
            Number("1175000"),
        ],
        &[
            Text("03/09/2018"),
            Inline("BIAYA & <ADM>"),
            Empty,
            Text("1,500.00"),
            Empty,
            Text("1,173,500.00"),
        ],
        &[
            Number("43347"),
            Text("A\nB"),
            Empty,
            Empty,
            Formula("E5*1", "1234.5600000000001"),
            Number("1174734.56"),
        ],
        &[Text("Total"), Empty, Empty, Number("1500"), Number("176234.56")],
    ]);
    let statement = one(file);
    assert_eq!(statement.layout, "bri/counter");
    assert_eq!(statement.account.as_deref(), Some("005301000123304"));
    assert_eq!(
        movements(&statement),
        "5 2018-09-03 credit 175000\n6 2018-09-03 debit 1500\n7 2018-09-04 credit 1234.56"
    );
    let described: Vec<_> = statement.lines.iter().map(StatementLine::description).collect();
    assert_eq!(described, ["BPNT EW00218090300001", "BIAYA & <ADM>", "A B"]);
    assert_eq!(references(&statement.lines[0]), ["EW00218090300001"]);
    assert_eq!(statement.opening, Some(Decimal::from(1_000_000)));
    assert_eq!(statement.balances_hold(), Some(true));
}

#[test]
fn mandiri_counter_and_a_header_of_merged_cells() {
    let file = workbook(&[
        &[Text("Mutasi"), Empty, Empty],
        &MANDIRI,
        &[
            Date("43346.5"),
            Date("43347"),
            Text("BPNT"),
            Number("123456789012345"),
            Empty,
            Number("5.5"),
            Number("15.5"),
        ],
    ]);
    let statement = one(file);
    assert_eq!(statement.layout, "mandiri/counter");
    assert_eq!(movements(&statement), "3 2018-09-03 credit 5.5");
    assert_eq!(statement.lines[0].value_date.unwrap().to_string(), "2018-09-04");
    assert_eq!(references(&statement.lines[0]), ["123456789012345"]);

    let merged = workbook(&[
        &[Text("Tgl Trans"), Text("Uraian"), Text("Mutasi"), Empty, Text("Saldo")],
        &[Empty, Empty, Text("Debet"), Text("Kredit")],
        &[Date("43346"), Text("A"), Empty, Number("5"), Number("5")],
    ]);
    let statement = one(merged);
    assert_eq!(
        (statement.layout.as_str(), movements(&statement)),
        ("bni/counter", "3 2018-09-03 credit 5".to_owned())
    );
}

#[test]
fn what_can_not_be_read_is_refused_with_sheet_row_and_column() {
    let with = |row: &[Cell<'_>]| workbook(&[&BRI, row]);
    for (row, reason) in [
        (
            &[Empty, Text("A"), Empty, Empty, Number("5")][..],
            "row 2, column `Tanggal Transaksi`: `` is not a date",
        ),
        (
            &[Text("43346"), Text("A"), Empty, Empty, Number("5")],
            "row 2, column `Tanggal Transaksi`: `43346` is not a date",
        ),
        (
            &[Number("5"), Text("A"), Empty, Empty, Number("5")],
            "row 2, column `Tanggal Transaksi`: `5` is not a date",
        ),
        (
            &[Date("43346"), Text("A"), Empty, Empty, Number("5.125")],
            "row 2, column `Kredit`: `5.125` is not an amount: it has more than two decimals",
        ),
        (
            &[Date("43346"), Text("A"), Empty, Empty, Number("12345678901234567890")],
            "row 2, column `Kredit`: `12345678901234567890` has more digits than a spreadsheet keeps",
        ),
        (
            &[Date("43346"), Text("A"), Empty, Empty, Number("1E400")],
            "row 2, column `Kredit`: `1E400` has more digits",
        ),
        (
            &[Date("43346"), Text("A"), Empty, Empty, Error("#REF!")],
            "row 2, column `Kredit`: `#REF!` is not an amount",
        ),
        (
            &[Date("43346"), Text("A"), Empty, Empty, Formula("A1", "")],
            "row 2: the row has neither a debit nor a credit",
        ),
        (
            &[Date("43346"), Text("A"), Empty, Empty, Text("1.234,56")],
            "row 2, column `Kredit`: `1.234,56` is not an amount",
        ),
        (
            &[Date("43346"), Text("A"), Empty, Empty, Number("5"), Empty, Text("x")],
            "row 2: the row goes on after the header's last column with `x`",
        ),
    ] {
        let error = refusal(with(row), &ReadAs::default());
        assert!(error.starts_with(&format!("sheet `Mutasi`, {reason}")), "{error}");
    }
    let none = workbook(&[&[Text("hello")]]);
    assert!(refusal(none, &ReadAs::default()).starts_with("line 1: no header row of `bri`, `bni`"));
}

#[test]
fn a_rounded_account_is_unknown_and_a_number_keeps_its_digits() {
    let header: &[Cell<'_>] = &[
        Text("NOREK"),
        Text("TGL_TRAN"),
        Text("DESK_TRAN"),
        Text("MUTASI_DEBET"),
        Text("MUTASI_KREDIT"),
    ];
    for (cell, account) in [
        (Number("5301000123304"), Some("5301000123304")),
        (Number("5.301000123304E12"), Some("5301000123304")),
        (Number("50501234567890123"), None),
        (Text("5.0501E+13"), None),
        (Text("005301000123304"), Some("005301000123304")),
    ] {
        let file = workbook(&[header, &[cell, Text("2018-09-03"), Text("A"), Empty, Number("5")]]);
        assert_eq!(one(file).account.as_deref(), account, "{cell:?}");
    }
}

#[test]
fn a_workbook_may_count_its_days_from_1904_and_hide_sheets() {
    let parts =
        || Parts::of(&[&BRI, &[Date("41884"), Text("A"), Empty, Empty, Number("5"), Number("5")]]);
    let since_1904 =
        parts().replace("xl/workbook.xml", "<workbookPr/>", "<workbookPr date1904=\"1\"/>");
    assert_eq!(movements(&one(since_1904.zipped())), "2 2018-09-03 credit 5");
    let hidden =
        parts().replace("xl/workbook.xml", "name=\"Mutasi\"", "name=\"Mutasi\" state=\"hidden\"");
    assert!(refusal(hidden.zipped(), &ReadAs::default()).starts_with("line 1: no header row"));
}

#[test]
fn archives_that_are_broken_or_do_harm_are_refused() {
    let row: &[Cell<'_>] = &[Date("43346"), Text("A"), Empty, Empty, Number("5"), Number("5")];
    let parts = || Parts::of(&[&BRI, row]);
    let sheet = "xl/worksheets/sheet1.xml";
    let texts = "xl/sharedStrings.xml";
    let spaces = " ".repeat(20 * 1024 * 1024);
    let rows = "<row/>".repeat(3 * 1024 * 1024);
    for (what, file, reason) in [
        (
            "a bomb",
            parts().replace(sheet, "<sheetData>", &format!("<sheetData>{spaces}")),
            "hundred times",
        ),
        (
            "empty rows",
            parts().replace(sheet, "<sheetData>", &format!("<sheetData>{rows}")),
            "hundred times",
        ),
        (
            "a bomb of texts",
            parts().replace(texts, "</sst>", &format!("{spaces}</sst>")),
            "hundred times",
        ),
        (
            "a wide sheet",
            parts().replace(sheet, "r=\"F2\"", "r=\"XFD2\""),
            "wider than 512 columns",
        ),
        (
            "a far column",
            parts().replace(sheet, "r=\"F2\"", "r=\"ZZZZZZZZ2\""),
            "no place that exists",
        ),
        ("cells out of order", parts().replace(sheet, "r=\"F2\"", "r=\"A2\""), "out of order"),
        (
            "rows out of order",
            parts().replace(sheet, "<row r=\"2\">", "<row r=\"1\">"),
            "out of order",
        ),
        (
            "no such text",
            parts().replace(sheet, "<v>6</v>", "<v>99</v>"),
            "a text that is not there",
        ),
        (
            "a document type",
            parts().replace(texts, "<sst", "<!DOCTYPE x [<!ENTITY a \"b\">]><sst"),
            "DOCTYPE",
        ),
        ("an entity", parts().replace(texts, "<t>A", "<t>&a;"), "entity"),
        ("no end", parts().replace(sheet, "</sheetData></worksheet>", ""), "cut off"),
        ("wrong end", parts().replace(sheet, "</sheetData>", "</sheet>"), "can't be read"),
        (
            "no sheet",
            parts().replace("xl/_rels/workbook.xml.rels", "worksheets/sheet1", "other"),
            "`xl/other.xml` is missing",
        ),
        (
            "no workbook",
            parts().replace("_rels/.rels", "officeDocument\"", "other\""),
            "no sheets in it",
        ),
    ] {
        let error = refusal(file.zipped(), &ReadAs::default());
        assert!(error.contains(reason), "{what}: {error}");
    }
    let whole = parts().zipped();
    for length in [4, 30, whole.len() / 2, whole.len() - 1] {
        let error = refusal(&whole[..length], &ReadAs::default());
        assert!(error.contains("the workbook can't be read"), "{length}: {error}");
    }
}

#[test]
fn far_rows_and_far_cells_take_no_memory() {
    let row: &[Cell<'_>] = &[Date("43346"), Text("A"), Empty, Empty, Number("5"), Number("5")];
    let far = Parts::of(&[&BRI, row])
        .replace("xl/worksheets/sheet1.xml", "<row r=\"2\">", "<row r=\"4294967295\">")
        .replace(
            "xl/worksheets/sheet1.xml",
            "</row></sheetData>",
            "<c r=\"XFD2\" s=\"1\"/></row></sheetData>",
        );
    assert_eq!(movements(&one(far.zipped())), "4294967295 2018-09-03 credit 5");
}

#[test]
fn a_check_shows_the_sheet_and_the_typed_values() {
    let file =
        workbook(&[&BRI, &[Date("43346"), Text("A"), Empty, Empty, Number("5"), Number("5")]]);
    let check = check_profile(&file, &of_bank("bri")).unwrap();
    let list = &check.lists[0];
    assert_eq!((list.sheet.as_deref(), list.layout.as_str()), (Some("Mutasi"), "bri/counter"));
    assert_eq!(list.columns[0].values[0].read.as_deref(), Ok("2018-09-03"));
    assert_eq!(list.columns[2].read_as, None);
    assert!(list.columns[2].is_known);
    assert_eq!(check.outcome.unwrap().len(), 1);
}
