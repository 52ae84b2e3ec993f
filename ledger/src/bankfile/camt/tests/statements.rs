//! Statements as a whole: balances, pages, totals, parts.

use std::fmt::Write;
use std::io::BufReader;

use super::{MessageSettings, all, balance, closing, entry, message, one, refusal};
use crate::bankfile::camt::{Part, Reader, looks_like};

#[test]
fn several_statements_and_statements_without_entries() {
    let text = closing("1005", &entry("5", "CRDT", ""));
    let (head, rest) = text.split_once("<Stmt>").unwrap();
    let (statement, tail) = rest.split_once("</Stmt>").unwrap();
    let second = statement.replace("0012345", "0067890").replace("<Id>S1", "<Id>S2");
    let two = all(&format!("{head}<Stmt>{statement}</Stmt><Stmt>{second}</Stmt>{tail}"));
    let accounts: Vec<_> = two.iter().map(|found| found.account.as_deref().unwrap()).collect();
    assert_eq!(accounts, ["0012345", "0067890"]);
    assert!(two.iter().all(|found| found.balances_hold() == Some(true)));
    assert_ne!(two[0].lines[0].number, two[1].lines[0].number);
    // Several messages in one file.
    assert_eq!(all(&text.repeat(2).replace("\n<?xml", "<?xml")).len(), 2);

    let empty = one(&closing("1000", ""));
    assert!(empty.lines.is_empty());
    assert_eq!(empty.balances_hold(), Some(true));
    let bare = one(&message(""));
    assert_eq!((bare.currency.as_str(), bare.balances_hold()), ("IDR", None));
}

#[test]
fn of_many_balances_the_first_opens_and_the_last_closes() {
    let on = |day: &str, code: &str, amount: &str| {
        balance(code, amount, "CRDT").replace("2018-09-03", day)
    };
    let text = message(&format!(
        "{}{}{}{}{}{}",
        on("2018-09-03", "OPBD", "5"),
        on("2018-09-02", "OPBD", "1"),
        on("2018-09-04", "CLBD", "9"),
        on("2018-09-03", "CLBD", "5"),
        on("2018-09-04", "CLAV", "8").replace("CRDT", "DBIT"),
        on("2018-09-04", "FWAV", "7")
    ));
    let statement = one(&text);
    assert_eq!(statement.opening.unwrap().to_string(), "1.00");
    assert_eq!(statement.closing.unwrap().to_string(), "9.00");
    assert_eq!(statement.details.available.unwrap().to_string(), "-8.00");
    assert_eq!(statement.balances_hold(), Some(false));
}

#[test]
fn a_page_in_the_middle_has_the_balances_between_pages() {
    let interim = balance("ITBD", "1000", "CRDT");
    let later = balance("ITBD", "1005", "CRDT");
    let row = entry("5", "CRDT", "");
    let page = |inside: String| {
        let pages = "<StmtPgntn><PgNb>2</PgNb><LastPgInd>false</LastPgInd></StmtPgntn>";
        one(&message(&format!("{inside}{row}"))
            .replace("<ElctrncSeqNb>", &format!("{pages}<ElctrncSeqNb>")))
    };
    for statement in [
        page(format!("{interim}{later}")),
        page(format!("{interim}{}", balance("CLBD", "1005", "CRDT"))),
        page(format!("{}{later}", balance("OPBD", "1000", "CRDT"))),
    ] {
        assert_eq!(statement.balances_hold(), Some(true));
        assert!(statement.details.partial);
        assert_eq!(statement.number.unwrap().page, Some(2));
    }
    let alone = one(&message(&format!("{interim}{row}")));
    assert_eq!((alone.opening, alone.closing), (None, None));
    // A report in the middle of the day has no balance that its rows lead to.
    let report = message(&format!("{}{later}{row}", balance("OPBD", "900", "CRDT")));
    let report = report.replace("BkToCstmrStmt", "BkToCstmrAcctRpt").replace("Stmt>", "Rpt>");
    assert_eq!(one(&report).balances_hold(), None);
}

#[test]
fn totals_have_to_be_those_of_the_entries() {
    let pending = entry("9", "CRDT", "").replace("BOOK", "PDNG");
    let rows = format!("{}{}{pending}", entry("5", "CRDT", ""), entry("2", "DBIT", ""));
    let totals =
        |totals: &str| closing("1003", &format!("<TxsSummry>{totals}</TxsSummry>\n{rows}"));
    for stated in [
        "<TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries>",
        "<TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries>",
        "<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>5</Sum></TtlCdtNtries>",
        "<TtlCdtNtries><NbOfNtries>2</NbOfNtries><Sum>14.00</Sum></TtlCdtNtries>",
        "<TtlDbtNtries><Sum>2</Sum></TtlDbtNtries>",
    ] {
        assert_eq!(one(&totals(stated)).lines.len(), 2, "{stated}");
    }
    for (stated, reason) in [
        (
            "<TtlNtries><NbOfNtries>4</NbOfNtries></TtlNtries>",
            "the file counts 4 entries, but 3 are listed",
        ),
        (
            "<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>6</Sum></TtlCdtNtries>",
            "the file's total is `6.00`, but its rows add up to `5.00`",
        ),
        (
            "<TtlDbtNtries><NbOfNtries>2</NbOfNtries><Sum>2</Sum></TtlDbtNtries>",
            "the file counts 2 debits, but 1 are listed",
        ),
    ] {
        let wanted = format!("line 6, element `/Document/BkToCstmrStmt/Stmt/TxsSummry`: {reason}");
        assert_eq!(refusal(&totals(stated)), wanted);
    }
}

#[test]
fn parts_come_one_at_a_time_and_the_first_error_is_the_last() {
    let mut rows = String::new();
    for number in 1..=100 {
        write!(rows, "{}", entry("1", "CRDT", &format!("<NtryRef>{number}</NtryRef>"))).unwrap();
    }
    let text = closing("1100", &rows);
    let settings = MessageSettings::default();
    // A reader that gives a byte at a time changes nothing.
    let slow = BufReader::with_capacity(1, text.as_bytes());
    let parts: Vec<Part> = Reader::new(slow, &settings).unwrap().collect::<Result<_, _>>().unwrap();
    let [Part::Opened(opened), lines @ .., Part::Closed(closed)] = parts.as_slice() else {
        panic!("{parts:?}")
    };
    assert_eq!((opened.account.as_deref(), opened.lines.len()), (Some("0012345"), 0));
    assert_eq!(
        (lines.len(), closed.rows, closed.statement.balances_hold()),
        (100, 100, Some(true))
    );
    assert_eq!(closed.statement.closing.unwrap().to_string(), "1100.00");

    let broken = text.replace("<NtryRef>50</NtryRef>", "<CdtDbtInd>X</CdtDbtInd>");
    let mut reader = Reader::new(broken.as_bytes(), &settings).unwrap();
    assert_eq!(reader.by_ref().take_while(Result::is_ok).count(), 50);
    assert!(reader.next().is_none());
}

#[test]
fn a_message_is_known_by_its_first_elements() {
    let text = message("");
    for text in
        [text.as_str(), "\u{feff}\n<n:Document xmlns:n=\"camt.054.001.04\">", "<BkToCstmrAcctRpt>"]
    {
        assert!(looks_like(text.as_bytes()), "{text}");
    }
    for text in ["", "<html></html>", "<Document xmlns=\"pain.001.001.03\">", ":20:A", "camt.053"] {
        assert!(!looks_like(text.as_bytes()), "{text}");
    }
}
