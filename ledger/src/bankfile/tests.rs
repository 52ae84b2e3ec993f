//! Reading what banks write, through the public doors: each layout, each way in which real files
//! break importers, and the properties that hold for any bytes.

mod bad_input;
mod detection;
mod layouts;
mod own_profiles;
mod properties;
mod workbook;
mod workbooks;

use super::*;

fn profile(bank: &str) -> Profile {
    Profile::of_bank(&bank.parse().unwrap()).unwrap()
}

/// Reads as the bank's file.
fn of_bank(bank: &str) -> ReadAs {
    ReadAs { bank: Some(bank.parse().unwrap()), ..ReadAs::default() }
}

/// Reads by a profile of one's own.
fn by(profile: &str) -> ReadAs {
    ReadAs { profile: Some(Profile::parse(profile).unwrap()), ..ReadAs::default() }
}

/// The one statement of a file whose bank is to be found out.
fn one(bytes: impl AsRef<[u8]>) -> Statement {
    one_as(bytes, &ReadAs::default())
}

fn one_as(bytes: impl AsRef<[u8]>, how: &ReadAs) -> Statement {
    let mut statements = open(bytes.as_ref(), how).unwrap().statements;
    assert_eq!(statements.len(), 1);
    statements.pop().unwrap()
}

fn refusal(bytes: impl AsRef<[u8]>, how: &ReadAs) -> String {
    open(bytes.as_ref(), how).unwrap_err().to_string()
}

/// `number date direction amount`, one line a movement.
fn movements(statement: &Statement) -> String {
    let lines = statement.lines.iter().map(|line| {
        let direction = line.direction.as_str();
        format!("{} {} {direction} {}", line.number, line.booking_date, line.amount.normalize())
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn references(line: &StatementLine) -> Vec<&str> {
    line.references().collect()
}
