//! What an entry is and does.

use super::{Statement, closing, entry, message, movements, one};
use crate::bankfile::details::{CopyMark, NotCounted, StatementKind};

#[test]
fn a_statement_has_its_head_its_rows_and_its_balances() {
    let row = entry(
        "175000.00",
        "CRDT",
        "<ValDt><DtTm>2018-09-03T18:00:00Z</DtTm></ValDt><NtryRef>1</NtryRef>\
         <AcctSvcrRef>B4E</AcctSvcrRef>\
         <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>\
         <SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>\
         <NtryDtls><TxDtls><Refs><EndToEndId>EW00818090300001</EndToEndId><TxId>T1</TxId>\
         <InstrId>NOTPROVIDED</InstrId></Refs><RltdPties><Dbtr><Nm>BANK PEMERINTAH</Nm></Dbtr>\
         <Cdtr><Nm>E-WARONG MAWAR</Nm></Cdtr></RltdPties><RmtInf>\
         <Ustrd>BPNT &amp; LAIN\n EW00818090300001\
         </Ustrd></RmtInf></TxDtls></NtryDtls><AddtlNtryInf>KREDIT</AddtlNtryInf>",
    );
    let text = closing("176000", &row).replace(
        "<Acct>",
        "<FrToDt><FrDtTm>2018-09-03T00:00:00+07:00</FrDtTm>\
         <ToDtTm>2018-09-03T23:59:59+07:00</ToDtTm></FrToDt>\
         <CpyDplctInd>DUPL</CpyDplctInd><Acct>",
    );
    let statement = one(&text);
    assert_eq!(statement.layout, "camt.053");
    assert_eq!(statement.details.kind, StatementKind::Statement);
    assert_eq!(statement.account.as_deref(), Some("0012345"));
    assert_eq!(statement.currency, "IDR");
    assert_eq!(statement.number.map(|number| number.statement), Some(7));
    assert_eq!(statement.details.id.as_deref(), Some("S1"));
    assert_eq!(statement.details.from.unwrap().to_string(), "2018-09-03");
    assert_eq!(statement.details.to.unwrap().to_string(), "2018-09-03");
    assert_eq!(statement.details.copy, Some(CopyMark::Duplicate));
    assert_eq!(statement.balances_hold(), Some(true));
    check_row(&statement);
}

/// The one row of the statement above.
fn check_row(statement: &Statement) {
    assert_eq!(movements(statement), "6 2018-09-03 credit 175000.00");
    let line = &statement.lines[0];
    assert_eq!(line.value_date.unwrap().to_string(), "2018-09-04");
    let references = line.references().collect::<Vec<_>>();
    assert_eq!(references, ["EW00818090300001", "T1", "1", "B4E"]);
    assert_eq!(line.sequence(), Some("B4E"));
    assert_eq!(line.description(), "BPNT & LAIN EW00818090300001 BANK PEMERINTAH KREDIT");
    assert_eq!(line.details.as_ref().unwrap().code.as_deref(), Some("PMNT/RCDT/DMCT"));
}

#[test]
fn versions_prefixes_and_kinds_of_message_are_read_alike() {
    let text = closing("1005", &entry("5", "CRDT", ""));
    let prefixed = text.replace("</", "\u{1}").replace('<', "<n:").replace("<n:?", "<?");
    let prefixed = prefixed.replace('\u{1}', "</n:").replace("xmlns=", "xmlns:n=");
    for text in [
        text.clone(),
        prefixed,
        text.replace("001.08", "001.99"),
        text.replace(" xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"", ""),
        text.replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>"),
        text.replace("<Othr><Id>0012345</Id></Othr>", "<IBAN>0012345</IBAN>"),
        text.replace("<Cd>OPBD</Cd>", "<Cd>PRCD</Cd>"),
        text.replace("OPBD", "ITBD"),
        text.replace(
            "<CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry>",
            "<CdOrPrtry><Prtry>CLBD</Prtry></CdOrPrtry>",
        ),
        text.replace(
            "<Dt>2018-09-03</Dt></BookgDt>",
            "<DtTm>2018-09-03T10:00:00+07:00</DtTm></BookgDt>",
        ),
        text.replace("BookgDt>", "ValDt>"),
        text.replace("<Document", "<Envelope><Document")
            .replace("</Document>", "</Document></Envelope>"),
        format!("\u{feff}{text}\0\0"),
        text.replace("<Ntry>", "<!-- a comment --><?pi?><Ntry><![CDATA[ ]]>"),
        text.replace("<Id>0012345</Id>", "<Id> <![CDATA[0012345]]>\n</Id>"),
        text.replace("0012345", "&#48;&#x30;12345"),
        text.replace('\n', "\r\n"),
    ] {
        let statement = one(&text);
        assert_eq!(statement.account.as_deref(), Some("0012345"), "{text}");
        assert_eq!(statement.balances_hold(), Some(true), "{text}");
        assert!(movements(&statement).ends_with(" 2018-09-03 credit 5.00"), "{text}");
    }
    for (container, element, layout, kind) in [
        ("BkToCstmrAcctRpt", "Rpt", "camt.052", StatementKind::Interim),
        ("BkToCstmrDbtCdtNtfctn", "Ntfctn", "camt.054", StatementKind::Notification),
    ] {
        let other =
            text.replace("BkToCstmrStmt", container).replace("Stmt>", &format!("{element}>"));
        let statement = one(&other);
        assert_eq!((statement.layout.as_str(), statement.details.kind), (layout, kind));
        assert_eq!(statement.lines.len(), 1);
    }
}

#[test]
fn rows_on_one_line_have_numbers_of_their_own() {
    let rows = entry("5", "CRDT", "").repeat(3).replace('\n', "");
    let statement = one(&closing("1015", &rows));
    let numbers: Vec<u64> = statement.lines.iter().map(|line| line.number).collect();
    assert_eq!(numbers, [6, 7, 8]);
}

#[test]
fn only_what_is_booked_counts() {
    let status = |status: &str| {
        entry("9", "CRDT", "<AcctSvcrRef>R</AcctSvcrRef>").replace("<Cd>BOOK</Cd>", status)
    };
    let rows = format!(
        "{}{}{}{}{}{}",
        status("<Cd>PDNG</Cd>").replace("<BookgDt><Dt>2018-09-03</Dt></BookgDt>", ""),
        status("INFO"),
        status("<Cd>FUTR</Cd>"),
        status("<Prtry>WAIT</Prtry>"),
        entry("0.00", "DBIT", ""),
        entry("5", "CRDT", "")
    );
    let statement = one(&closing("1005", &rows));
    assert_eq!(movements(&statement), "11 2018-09-03 credit 5.00");
    assert_eq!(statement.balances_hold(), Some(true));
    let causes: Vec<_> =
        statement.details.uncounted.iter().map(|line| line.cause.clone()).collect();
    assert_eq!(
        causes,
        [
            NotCounted::Pending,
            NotCounted::Information,
            NotCounted::Future,
            NotCounted::OtherStatus("WAIT".to_owned()),
            NotCounted::ZeroAmount
        ]
    );
    assert_eq!(statement.details.uncounted[0].date, None);
    assert_eq!(statement.details.uncounted[1].references, ["R"]);
}

#[test]
fn a_reversal_has_the_direction_that_moves_the_balance() {
    let reversal = |direction: &str| {
        let rows = format!(
            "{}{}",
            entry("100", "CRDT", ""),
            entry("100", direction, "<RvslInd>true</RvslInd>")
        );
        rows
    };
    let directions = |statement: &Statement| {
        statement.lines.iter().map(|line| line.direction.as_str()).collect::<Vec<_>>()
    };
    // By ISO 20022 the reversal of a credit is a debit.
    let statement = one(&closing("1000", &reversal("DBIT")));
    assert_eq!(directions(&statement), ["credit", "debit"]);
    assert!(statement.lines[1].details.as_ref().unwrap().reversal);
    assert_eq!(statement.balances_hold(), Some(true));
    // A bank that repeats the direction of what it reverses is understood by its balances.
    let statement = one(&closing("1000", &reversal("CRDT")));
    assert_eq!(directions(&statement), ["credit", "debit"]);
    assert_eq!(statement.balances_hold(), Some(true));
    // When the balances hold neither way, or are not stated, it is as ISO 20022 has it.
    let statement = one(&closing("1001", &reversal("CRDT")));
    assert_eq!(directions(&statement), ["credit", "credit"]);
    assert_eq!(statement.balances_hold(), Some(false));
    assert_eq!(directions(&one(&message(&reversal("CRDT")))), ["credit", "credit"]);
}
