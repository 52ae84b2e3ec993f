//! camt messages as banks write them, and what no bank could have meant.

mod batches;
mod entries;
mod refusals;
mod statements;

use super::{MessageSettings, Statement, read};

fn all(text: &str) -> Vec<Statement> {
    read(text.as_bytes(), &MessageSettings::default()).unwrap()
}

fn one(text: &str) -> Statement {
    let mut statements = all(text);
    assert_eq!(statements.len(), 1);
    statements.pop().unwrap()
}

fn refusal(text: &str) -> String {
    read(text.as_bytes(), &MessageSettings::default()).unwrap_err().to_string()
}

/// `line date direction amount`, one line a movement.
fn movements(statement: &Statement) -> String {
    let lines = statement.lines.iter().map(|line| {
        let direction = line.direction.as_str();
        format!("{} {} {direction} {}", line.number, line.booking_date, line.amount)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A balance.
fn balance(code: &str, amount: &str, direction: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"IDR\">{amount}</Amt>\
         <CdtDbtInd>{direction}</CdtDbtInd><Dt><Dt>2018-09-03</Dt></Dt></Bal>\n"
    )
}

/// A booked entry with something in it, on one line.
fn entry(amount: &str, direction: &str, inside: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"IDR\">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>\
         <Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2018-09-03</Dt></BookgDt>{inside}</Ntry>\n"
    )
}

/// A message of one statement: the account, then what is given, from line 4.
fn message(inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\n\
         <Stmt><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb>\
         <Acct><Id><Othr><Id>0012345</Id></Othr></Id></Acct>\n\
         {inside}</Stmt></BkToCstmrStmt></Document>\n"
    )
}

/// A message whose balances are 1,000 and the closing one given.
fn closing(amount: &str, entries: &str) -> String {
    message(&format!(
        "{}{}{entries}",
        balance("OPBD", "1000", "CRDT"),
        balance("CLBD", amount, "CRDT")
    ))
}
