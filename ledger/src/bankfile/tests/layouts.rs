//! The layouts of BRI, BNI, Mandiri and the default one, each with its traps.

use rust_decimal::Decimal;

use super::*;

#[test]
fn bri_long_with_preamble_rounded_account_and_reference_in_the_last_column() {
    let text = "\u{feff}NOREK;005301000123304\r\n\r\n\
        NOREK;TGL_TRAN;TGL_EFEKTIF;JAM_TRAN;SEQ;DESK_TRAN;SALDO_AWAL_MUTASI;MUTASI_DEBET;MUTASI_KREDIT;SALDO_AKHIR_MUTASI;GLSIGN;TRUSER;KODE_TRAN;KODE_TRAN_TELLER;TRREMK;TLBDS1;TLBDS2;REMARK_CUSTOM\r\n\
        5.0501E+13;2018-09-03 00:00:00;2018-09-04 00:00:00;3153;7;KREDIT  BPNT;1000.00;.00;175000.00;176000.00;C;X;1;2;;;\"WS_OB;EW00218090300017;X\";\r\n";
    let statement = one(text);
    assert_eq!(statement.layout, "bri/long");
    assert_eq!(statement.bank, Some("bri".parse().unwrap()));
    assert_eq!(statement.account.as_deref(), Some("005301000123304"));
    assert_eq!(movements(&statement), "4 2018-09-03 credit 175000");
    let line = &statement.lines[0];
    assert_eq!(line.business_date.to_string(), "2018-09-04");
    assert_eq!(line.description(), "KREDIT BPNT");
    assert_eq!(references(line), ["EW00218090300017"]);
    assert_eq!(line.sequence(), Some("7"));
    assert_eq!(statement.opening, Some(Decimal::from(1000)));
    assert_eq!(statement.balances_hold(), Some(true));

    let bare = text.replace("\"WS_OB;EW00218090300017;X\";", "WS_OB;EW00218090300017;X");
    assert_eq!(
        refusal(bare, &ReadAs::default()),
        "line 4: the row goes on after the header's last column with `X`"
    );
    let no_time = text.replace(";3153;", ";243153;");
    assert!(
        refusal(no_time, &ReadAs::default()).starts_with("line 4, column `JAM_TRAN`: `243153`")
    );
    let untrue = text.replace(";1000.00;", ";1001.00;");
    assert_eq!(one(untrue).balances_hold(), Some(false));
}

#[test]
fn bri_short_and_rows_that_move_nothing() {
    let text = "NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT,SALDO_AKHIR_MUTASI\n\
        0123,03/09/2018 08:15,\"TRF\n\"\"A\"\" EW00218090300017\",.00,\"175,000.00\",\"1,175,000.00\"\n\
        0123,03/09/2018,INFO,.00,.00,\"1,175,000.00\"\n\
        0123,03/09/2018,FEE,\"1,500.00\",.00,\"1,173,500.00\"\n";
    let statement = one(text);
    assert_eq!(statement.layout, "bri/short");
    assert_eq!(movements(&statement), "2 2018-09-03 credit 175000\n5 2018-09-03 debit 1500");
    assert_eq!(statement.lines[0].description(), "TRF \"A\" EW00218090300017");
    assert_eq!(statement.balances_hold(), Some(true));
    let broken = one(text.replace("1,173,500", "1,173,400"));
    assert_eq!(broken.balances_hold(), Some(false));
}

#[test]
fn bni_in_its_three_forms() {
    let text = "Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit,\n\
        03/09/18 08.15.00,03/09/18 08.15.00,0259,123456,TRF EW00918090300001,0.00,\"300,000.00\",\n";
    let statement = one(text);
    assert_eq!(statement.layout, "bni/journal");
    assert_eq!(movements(&statement), "2 2018-09-03 credit 300000");
    assert_eq!(statement.account, None);
    assert_eq!(statement.balances_hold(), None);
    assert_eq!(references(&statement.lines[0]), ["123456", "EW00918090300001"]);
    // Only the journal number distinguishes equal rows.
    assert_eq!(statement.lines[0].sequence(), Some("123456"));

    let text = "Posting Date,Effective Date,Branch,Journal,Description,Amount,DB/CR,Balance\n\
        03/09/2018,03/09/2018,1,2,A,\"1,500.00\",D,\"8,500.00\"\n\
        03/09/2018,03/09/2018,1,3,A,-500.00,D,\"9,000.00\"\n";
    let statement = one(text);
    assert_eq!(statement.layout, "bni/sign-column");
    assert_eq!(movements(&statement), "2 2018-09-03 debit 1500\n3 2018-09-03 credit 500");
    assert_eq!(statement.balances_hold(), Some(true));
    assert_eq!(
        refusal(text.replace(",D,\"8", ",?,\"8"), &ReadAs::default()),
        "line 2, column `DB/CR`: `?` does not say whether money came in or went out"
    );

    let text = "Tgl Trans;Uraian;Debet;Kredit;Saldo\n03/09/2018;A;;5.00;5.00\n";
    let statement = one(text);
    assert_eq!(statement.layout, "bni/counter");
    assert_eq!(movements(&statement), "2 2018-09-03 credit 5");
}

#[test]
fn mandiri_two_columns_of_one_name_and_credit_before_debit() {
    let text = "Account No,Date,Val. Date,Transaction Code,Description,Description,Reference No.,Debit,Credit\n\
        1234567890123,03/09/18,04/09/18,1,TRF,EW00818090300001 B,'00123,.00,\"5.00\"\n";
    let statement = one(text);
    assert_eq!(statement.layout, "mandiri/two-descriptions");
    assert_eq!(statement.lines[0].description(), "TRF EW00818090300001 B");
    assert_eq!(references(&statement.lines[0]), ["00123", "EW00818090300001"]);
    assert_eq!(statement.lines[0].business_date.to_string(), "2018-09-03");
    assert_eq!(statement.lines[0].value_date.unwrap().to_string(), "2018-09-04");

    let text = "AccountNo; Ccy; PostDate; Remarks; AdditionalDesc; Credit Amount; Debit Amount; Close Balance\n\
        1;IDR;03/09/2018;B;;.00;2.00;13.00\n1;IDR;03/09/2018;A;;5.00;.00;15.00\n\
        2;USD;03/09/2018;C;;1.00;.00;1.00\n";
    let statements = open(text.as_bytes(), &ReadAs::default()).unwrap().statements;
    assert_eq!(statements.len(), 2);
    assert_eq!(statements[0].layout, "mandiri/credit-first");
    assert_eq!(statements[0].order, RowOrder::Descending);
    assert_eq!(statements[0].opening, Some(Decimal::from(10)));
    assert_eq!(statements[0].closing, Some(Decimal::from(13)));
    assert_eq!(statements[0].balances_hold(), Some(true));
    assert_eq!(movements(&statements[1]), "4 2018-09-03 credit 1");
    assert_eq!(
        (statements[1].account.as_deref(), statements[1].currency.as_str()),
        (Some("2"), "USD")
    );
}

#[test]
fn rows_of_several_accounts_may_stand_among_each_other() {
    let text = "AccountNo;Ccy;PostDate;Remarks;AdditionalDesc;Credit Amount;Debit Amount;Close Balance\n\
        1;IDR;03/09/2018;A;;5.00;.00;5.00\n2;IDR;03/09/2018;B;;7.00;.00;17.00\n\
        1;IDR;03/09/2018;C;;1.00;.00;6.00\n2;IDR;03/09/2018;D;;.00;10.00;7.00\n";
    let statements = open(text.as_bytes(), &ReadAs::default()).unwrap().statements;
    let found: Vec<_> = statements
        .iter()
        .map(|one| (one.account.as_deref().unwrap(), movements(one), one.balances_hold()))
        .collect();
    assert_eq!(
        found,
        [
            ("1", "2 2018-09-03 credit 5\n4 2018-09-03 credit 1".to_owned(), Some(true)),
            ("2", "3 2018-09-03 credit 7\n5 2018-09-03 debit 10".to_owned(), Some(true)),
        ]
    );
}

#[test]
fn balances_and_totals_belong_to_the_rows_above_them_and_statements_keep_their_order() {
    let header =
        "AccountNo;Ccy;PostDate;Remarks;AdditionalDesc;Credit Amount;Debit Amount;Close Balance\n";
    let text = format!(
        "{header}Saldo Awal;;;;;;;10.00\n3;IDR;03/09/2018;A;;5.00;.00;15.00\nTotal;;;;;5.00;.00;\n\
         ;;;Saldo Akhir;;;;15.00\n1;IDR;03/09/2018;B;;1.00;.00;11.00\n2;IDR;03/09/2018;C;;1.00;.00;11.00\n\
         1;IDR;03/09/2018;D;;1.00;.00;12.00\n2;;;Saldo Akhir;;;;12.00\n"
    );
    let statements = open(text.as_bytes(), &ReadAs::default()).unwrap().statements;
    let found: Vec<_> = statements
        .iter()
        .map(|one| (one.account.as_deref().unwrap(), one.lines.len(), one.balances_hold()))
        .collect();
    assert_eq!(found, [("3", 1, Some(true)), ("1", 2, Some(true)), ("2", 1, Some(false))]);
    assert_eq!(statements[0].opening, Some(Decimal::from(10)));
}

#[test]
fn the_default_reads_what_is_no_other_banks_and_names_no_bank() {
    let text = "No Rekening : 0012\nTanggal,Keterangan,Debet,Kredit,Saldo\n\
        ,Saldo Awal,,,10.00\n03/09/2018,A,.00,5.00,15.00\nTOTAL,,.00,5.00,\n,SALDO AKHIR,,,15.00\n";
    let statement = one(text);
    assert_eq!((statement.layout.as_str(), &statement.bank), ("btn", &None));
    assert_eq!(statement.account.as_deref(), Some("0012"));
    assert_eq!(movements(&statement), "4 2018-09-03 credit 5");
    assert_eq!(statement.opening, Some(Decimal::from(10)));
    assert_eq!(statement.balances_hold(), Some(true));
    let asked_for = one_as(text, &of_bank("btn"));
    assert_eq!(asked_for.bank, Some("btn".parse().unwrap()));
}

#[test]
fn totals_have_to_be_those_of_the_rows() {
    let text = "Tanggal,Keterangan,Debet,Kredit,Saldo\n\
        03/09/2018,A,,5.00,15.00\nTOTAL,,.00,5.00,\n\
        03/09/2018,B,2.00,,13.00\nTOTAL,,2.00,.00,\nJUMLAH,,2.00,5.00,\n,Saldo Akhir,,,13.00\n";
    // A total of a page, and one of everything.
    assert_eq!(one(text).balances_hold(), Some(true));
    assert_eq!(
        refusal(text.replace("TOTAL,,2.00,.00", "TOTAL,,2.50,.00"), &ReadAs::default()),
        "line 5: the file's total is `2.50`, but its rows add up to `2.00`"
    );
    assert_eq!(
        refusal(text.replace("JUMLAH,,2.00,5.00", "JUMLAH,,2.00,5.01"), &ReadAs::default()),
        "line 6: the file's total is `5.01`, but its rows add up to `5.00`"
    );
    let closing = text.replace("Akhir,,,13.00", "Akhir,,,16.00");
    assert_eq!(one(closing).balances_hold(), Some(false));
}

#[test]
fn rows_that_are_not_booked_yet_do_not_count() {
    let text = "Tgl Trans,Uraian,Debet,Kredit,Saldo\n\
        03/09/2018,A,,5.00,5.00\nPEND,B EW00918090300001,,7.00,\n";
    let statement = one(text);
    assert_eq!(movements(&statement), "2 2018-09-03 credit 5");
    let waiting = &statement.details.uncounted[0];
    assert_eq!((waiting.number, &waiting.cause), (3, &NotCounted::Pending));
    assert_eq!(waiting.references, ["EW00918090300001"]);
    assert_eq!(statement.balances_hold(), Some(true));
    // A bank whose profile knows no such word has no such rows.
    let unknown = text.replace("Tgl Trans,Uraian", "Tanggal,Keterangan");
    let reason = "line 3, column `Tanggal`: `PEND` is not a date written as";
    assert!(refusal(unknown, &ReadAs::default()).starts_with(reason));
}
