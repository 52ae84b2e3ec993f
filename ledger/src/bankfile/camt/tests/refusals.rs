//! What no bank could have meant, and what can do harm.

use std::io::{BufReader, Read};

use super::{MessageSettings, all, closing, entry, read, refusal};
use crate::bankfile::error::Reason;
use crate::bankfile::fault::MessageFault as Fault;

/// What is changed in a good statement, and how its refusal begins; `…` is the statement's element.
const REFUSED: &str = r#"
"IDR">5< -> "IDR">5,00<
    line 6, element `…/Ntry/Amt`: `5,00` is not an amount: it has something other
"IDR">5< -> "IDR">-5<
    line 6, element `…/Ntry/Amt`: `-5` is not an amount
"IDR">5< -> "IDR">1.234567<
    line 6, element `…/Ntry/Amt`: `1.234567` is not an amount: it has more than five decimals
Ccy="IDR">5< -> >5<
    line 6, element `…/Ntry/Amt`: the amount has no currency (`Ccy`)
Ccy="IDR">5< -> Ccy="Rp">5<
    line 6, element `…/Ntry/Amt`: `Rp` stands where a currency of three letters is expected
Ccy="IDR">5< -> Ccy="USD">5<
    line 6, element `…/Ntry`: the currency is `USD`, but the statement's is `IDR`
<Amt Ccy="IDR">5</Amt> ->
    line 6, element `…/Ntry`: the entry has no amount (`Amt`)
"IDR">5</Amt><CdtDbtInd>CRDT</CdtDbtInd> -> "IDR">5</Amt>
    line 6, element `…/Ntry`: the entry has no `CdtDbtInd`
"IDR">5</Amt><CdtDbtInd>CRDT -> "IDR">5</Amt><CdtDbtInd>CREDIT
    line 6, element `…/Ntry/CdtDbtInd`: `CREDIT` stands where `CRDT` or `DBIT` is expected
<Sts><Cd>BOOK</Cd></Sts> ->
    line 6, element `…/Ntry`: the entry has no status (`Sts`)
<BookgDt><Dt>2018-09-03 -> <BookgDt><Dt>2018-02-29
    line 6, element `…/Ntry/BookgDt/Dt`: `2018-02-29` is not a date written as `YYYY-MM-DD`
<BookgDt><Dt>2018-09-03</Dt></BookgDt><ValDt><Dt>2018-09-03</Dt></ValDt> ->
    line 6, element `…/Ntry`: the entry has no booking date
<Othr><Id>0012345</Id></Othr> ->
    line 3, element `…`: the statement names no account (`Acct/Id`)
"IDR">1005 -> "USD">1005
    line 5, element `…/Bal`: the currency is `USD`, but the statement's is `IDR`
<Amt Ccy="IDR">1005</Amt> ->
    line 5, element `…/Bal`: the balance lacks its amount
</Ntry> -> </Entry>
    line 6, element `…/Ntry`: this is not XML as it has to be: `Ntry` ends with `Entry`
<Ntry> -> <Ntry>&bank;
    line 6, element `…/Ntry`: `&bank;` is an entity
<Ntry> -> <Ntry>&#xD800;
    line 6, element `…/Ntry`: `&#xD800;` is an entity
</Document> -> </Document>x
    line 8: this is not XML as it has to be: `x` stands outside all elements
UTF-8 -> UTF-16
    line 1: the file is written in `UTF-16`
UTF-8 -> EBCDIC
    line 1: the file is written in `EBCDIC`; UTF-8
"#;

#[test]
fn what_no_bank_could_have_meant_is_refused_with_line_and_element() {
    let good = closing("1005", &entry("5", "CRDT", "<ValDt><Dt>2018-09-03</Dt></ValDt>"));
    let mut rules = REFUSED.lines().skip(1);
    while let (Some(change), Some(reason)) = (rules.next(), rules.next()) {
        let (from, to) = change.split_once("->").unwrap();
        let (from, to) = (from.trim(), to.trim());
        assert!(good.contains(from), "{change}");
        let found = refusal(&good.replacen(from, to, 1));
        let reason = reason.trim().replace('…', "/Document/BkToCstmrStmt/Stmt");
        assert!(found.starts_with(&reason), "{change}:\n{found}\n{reason}");
    }
    for (text, reason) in [
        ("", "line 1: there is no statement in the file: no `BkToCstmrStmt`"),
        ("<Document></Document>", "line 1: there is no statement in the file"),
        ("<Document><BkToCstmrStmt/></Document>", "line 1: there is no statement in the file"),
        ("<Stmt><Id>1</Id></Stmt>", "line 1: there is no statement in the file"),
        (
            "Tgl Trans,Uraian",
            "line 1: this is not XML as it has to be: `Tgl Trans,Uraian` stands outside",
        ),
        (":20:A\n:25:12\n", "line 3: this is not XML as it has to be"),
    ] {
        let found = refusal(text);
        assert!(found.starts_with(reason), "{text}: {found}");
    }
}

#[test]
fn what_can_do_harm_is_refused_at_once() {
    let text = closing("1005", &entry("5", "CRDT", ""));
    let doctype =
        "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\"><!ENTITY c \"&b;&b;\">]>\n<Document";
    let found = refusal(&text.replace("<Document", doctype).replace("0012345", "&c;"));
    assert!(found.starts_with("line 2: the file has a `DOCTYPE`"), "{found}");

    let deep = text.replace("<Ntry>", &format!("<Ntry>{}", "<a>".repeat(1000)));
    assert!(refusal(&deep).contains("the elements are nested deeper than 64"));

    let long = "x".repeat(70 * 1024);
    for to in [
        format!("<AddtlNtryInf>{long}</AddtlNtryInf>"),
        format!("<AddtlNtryInf>{}</AddtlNtryInf>", "x&amp;".repeat(40 * 1024)),
        format!("<AddtlNtryInf>{}</AddtlNtryInf>", "<![CDATA[xxxx]]>".repeat(20 * 1024)),
        format!("<a b=\"{long}\"/>"),
        format!("<!--{long}-->"),
        format!("<{long}/>"),
        format!(
            "<NtryDtls><TxDtls><RmtInf>{}</RmtInf></TxDtls></NtryDtls>",
            "<Ustrd>x</Ustrd>".repeat(40 * 1024)
        ),
    ] {
        let found = refusal(&text.replace("<BookgDt>", &format!("{to}<BookgDt>")));
        assert!(found.ends_with("a text is longer than 64 KiB"), "{found}");
    }
    // An endless text is refused before it is read.
    let head = text.split_once("<Ntry>").unwrap().0.to_owned();
    let endless = BufReader::new(std::io::repeat(b'x'));
    let error = read(head.as_bytes().chain(endless), &MessageSettings::default()).unwrap_err();
    assert_eq!(error.reason, Reason::Message(Fault::TextTooLong));
}

#[test]
fn a_file_that_was_cut_off_is_refused_wherever_that_was() {
    let text = closing("1005", &entry("5", "CRDT", "<AddtlNtryInf>A &amp; B</AddtlNtryInf>"));
    let whole = text.trim_end();
    for length in 60..whole.len() {
        let cut = whole.get(..length).unwrap();
        let error = read(cut.as_bytes(), &MessageSettings::default()).unwrap_err();
        let reason = Reason::Message(Fault::CutOff);
        // Cut between two tags of the head, it is still empty.
        let nothing = matches!(&error.reason, Reason::Message(Fault::NoStatement(_)));
        assert!(error.reason == reason || (nothing && length < 70), "{length}: {error}");
    }
    assert_eq!(all(whole).len(), 1);
}

#[test]
fn other_encodings_are_read_when_they_are_declared() {
    let text = closing("1005", &entry("5", "CRDT", "<AddtlNtryInf>CAFÉ</AddtlNtryInf>"));
    let declared = text.replace("UTF-8", "ISO-8859-1");
    let latin: Vec<u8> =
        declared.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    for bytes in [text.as_bytes(), &latin] {
        let statements = read(bytes, &MessageSettings::default()).unwrap();
        assert_eq!(statements[0].lines[0].description(), "CAFÉ");
    }
    let undeclared =
        latin.as_slice().strip_prefix(b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>");
    let error = read(undeclared.unwrap(), &MessageSettings::default()).unwrap_err();
    assert_eq!(error.reason, Reason::NotText { encoding: "UTF-8" });
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let error = read(utf16.as_slice(), &MessageSettings::default()).unwrap_err();
    assert!(error.to_string().starts_with("line 1: the file is written in `UTF-16`"), "{error}");
}
