//! Finding out what a file is: the format by how it begins, the layout by its header row. Where two
//! fit, neither is taken.

use super::*;

/// The header rows that the banks write, and what each has to be taken for.
const HEADERS: [(&str, &str); 11] = [
    (
        "NOREK,TGL_TRAN,TGL_EFEKTIF,JAM_TRAN,SEQ,DESK_TRAN,SALDO_AWAL_MUTASI,MUTASI_DEBET,MUTASI_KREDIT,SALDO_AKHIR_MUTASI,GLSIGN,TRUSER,KODE_TRAN,KODE_TRAN_TELLER,TRREMK,TLBDS1,TLBDS2",
        "bri/long",
    ),
    (
        "NOREK;TGL_TRAN;TGL_EFEKTIF;JAM_TRAN;SEQ;DESK_TRAN;SALDO_AWAL_MUTASI;MUTASI_DEBET;MUTASI_KREDIT;SALDO_AKHIR_MUTASI;GLSIGN;TRUSER;KODE_TRAN;KODE_TRAN_TELLER;TRREMK;TLBDS1;TLBDS2;REMARK_CUSTOM",
        "bri/long",
    ),
    ("NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT,SALDO_AKHIR_MUTASI", "bri/short"),
    ("Tanggal Transaksi,Uraian Transaksi,Teller,Debet,Kredit,Saldo", "bri/counter"),
    ("Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit", "bni/journal"),
    ("Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit,Balance", "bni/journal"),
    (
        "Posting Date,Effective Date,Branch,Journal,Description,Amount,DB/CR,Balance",
        "bni/sign-column",
    ),
    ("Tgl Trans,Uraian,Debet,Kredit,Saldo", "bni/counter"),
    (
        "Account No,Date,Val. Date,Transaction Code,Description,Description,Reference No.,Debit,Credit",
        "mandiri/two-descriptions",
    ),
    (
        "AccountNo; Ccy; PostDate; Remarks; AdditionalDesc; Credit Amount; Debit Amount; Close Balance",
        "mandiri/credit-first",
    ),
    ("Tgl.,Tgl. Val.,Rincian Transaksi,No. Referensi,Debit,Kredit,Saldo", "mandiri/counter"),
];

#[test]
fn every_layout_is_known_by_its_header_row() {
    for (header, layout) in HEADERS {
        assert_eq!(one(header).layout, layout);
        let bank = layout.split('/').next().unwrap();
        assert_eq!(one_as(header, &of_bank(bank)).layout, layout);
    }
}

#[test]
fn columns_may_be_in_another_order_and_others_between_them() {
    for (header, layout) in HEADERS {
        let separator = if header.contains(';') { ';' } else { ',' };
        let mut names: Vec<&str> = header.split(separator).collect();
        names.reverse();
        names.insert(1, "Kolom Baru");
        let moved = names.join(&separator.to_string());
        assert_eq!(one(format!("Laporan\n\n{moved}\n")).layout, layout, "{moved}");
        let shouted = header.to_uppercase().replace('_', " ");
        assert_eq!(one(shouted).layout, layout);
    }
}

#[test]
fn a_header_of_two_banks_is_refused_and_the_banks_name_decides() {
    let text = "Tanggal Transaksi,Uraian Transaksi,Debet,Kredit,Saldo\n03/09/2018,A,,5.00,5.00\n";
    assert_eq!(
        refusal(text, &ReadAs::default()),
        "line 1: the header row is one of `bri/counter` and `bni/counter`: name the bank, or \
         describe the layout in a profile"
    );
    assert_eq!(one_as(text, &of_bank("bri")).layout, "bri/counter");
    assert_eq!(one_as(text, &of_bank("bni")).layout, "bni/counter");
}

#[test]
fn a_file_of_another_bank_is_not_read_as_this_ones() {
    let text = "Tgl Trans,Uraian,Debet,Kredit,Saldo\n03/09/2018,A,,5.00,5.00\n";
    assert_eq!(
        refusal(text, &of_bank("bri")),
        "line 1: no header row of `bri` in the first 100 rows: it has to name a date, a \
         description, and debit and credit or an amount with its sign; it is one of `bni/counter`"
    );
    assert_eq!(
        refusal(text, &of_bank("bca")),
        "line 1: there is no built-in profile for the bank `bca`: describe its layout in a profile"
    );
}

#[test]
fn two_columns_that_claim_to_be_the_same_are_refused() {
    let text = "Tgl Trans,Uraian,Debet,Debit,Kredit\n03/09/2018,A,,,5.00\n";
    assert_eq!(
        refusal(text, &ReadAs::default()),
        "line 1: `Debet` and `Debit` are both a column of `debit`: describe the layout in a profile"
    );
}

#[test]
fn the_format_shows_in_the_first_bytes() {
    let format = |bytes: &[u8]| open(bytes, &ReadAs::default()).map(|file| file.format);
    let mt940 =
        b":20:1\r\n:25:0012345678\r\n:28C:1\r\n:60F:C180902IDR5,\r\n:62F:C180903IDR5,\r\n-\r\n";
    assert_eq!(format(mt940), Ok(Format::Mt940));
    assert_eq!(format(b"Tgl Trans,Uraian,Debet,Kredit,Saldo\n"), Ok(Format::Csv));
    let camt = ReadAs { format: None, ..ReadAs::default() };
    let error = refusal("<?xml version=\"1.0\"?><Document/>", &camt);
    assert!(error.contains("no statement"), "{error}");
    for (bytes, what) in [
        (&b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"[..], "an old Excel workbook"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"<!DOCTYPE html><html><table>", "a web page"),
        (b"\n <HTML>", "a web page"),
        (b"<table><tr><td>Tgl Trans", "a web page"),
        (b"\x1F\x8B\x08", "a compressed file"),
    ] {
        let error = refusal(bytes, &ReadAs::default());
        assert!(error.starts_with(&format!("line 1: the file is {what}")), "{error}");
    }
}

#[test]
fn a_list_in_which_a_text_looks_like_a_message_is_not_guessed_at() {
    let text = "Tgl Trans,Uraian,Debet,Kredit,Saldo\n03/09/2018,\"A\n:20:B\",,5.00,5.00\n";
    assert_eq!(
        refusal(text, &ReadAs::default()),
        "line 1: the file could be `csv` or `mt940`: name the format"
    );
    let named = ReadAs { format: Some(Format::Csv), ..ReadAs::default() };
    assert_eq!(one_as(text, &named).lines[0].description(), "A :20:B");
}

#[test]
fn the_hash_is_of_the_bytes() {
    let header = "Tgl Trans,Uraian,Debet,Kredit,Saldo\n";
    let hash = |text: &str| open(text.as_bytes(), &ReadAs::default()).unwrap().hash;
    assert_eq!(hash(header), crate::domain::keys::sha256(&[header.as_bytes()]));
    assert_ne!(hash(header), hash(&header.replace('\n', "\r\n")));
}

#[test]
fn lines_are_handed_out_while_the_file_goes_by() {
    let header = "Tgl Trans,Uraian,Debet,Kredit,Saldo\n";
    let rows: Vec<String> =
        (1..=500).map(|row| format!("03/09/2018,R{row},,1.00,{row}.00\n")).collect();
    let text = format!("{header}{}", rows.concat());
    let mut lines = Vec::new();
    let file = stream(text.as_bytes(), &ReadAs::default(), |statement, line| {
        assert_eq!(statement.layout, "bni/counter");
        lines.push(line);
    });
    let file = file.unwrap();
    let whole = open(text.as_bytes(), &ReadAs::default()).unwrap();
    assert_eq!(file.hash, whole.hash);
    assert_eq!(lines, whole.statements[0].lines);
    assert!(file.statements[0].lines.is_empty());
    assert_eq!(file.statements[0].balances_hold(), Some(true));
    assert_eq!(file.statements[0].closing, whole.statements[0].closing);
}
