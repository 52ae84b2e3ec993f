//! Writing a statement file in a bank's layout, as the demo's banks do.

use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;

use crate::bankfile::numbers;
use crate::bankfile::profile::{Layout, Profile, Role};
use crate::domain::matching::Direction;

/// A statement to be written, oldest row first.
#[derive(Clone, Debug)]
pub struct StatementToWrite {
    /// The account's number, for layouts that have a column for it.
    pub account: String,
    /// The balance before the first row, rupiah.
    pub opening: Decimal,
    /// The movements.
    pub rows: Vec<RowToWrite>,
}

/// A movement to be written.
#[derive(Clone, Debug)]
pub struct RowToWrite {
    /// The date of booking and value.
    pub date: NaiveDate,
    /// The time of booking.
    pub time: NaiveTime,
    /// What the bank says about it.
    pub description: String,
    /// Money in or out.
    pub direction: Direction,
    /// The amount in rupiah, above zero, at most two decimals.
    pub amount: Decimal,
}

/// The file's text in the profile's first layout that says how it is written: its first separator,
/// its first date form, its number style, and running balances where it has a column for them.
///
/// Texts that a spreadsheet would take for a formula get an apostrophe in front, which reading takes
/// off again. Balances that can't be held are left empty; so is the text of a profile that says
/// nothing of writing.
pub fn statement_csv(profile: &Profile, statement: &StatementToWrite) -> String {
    let mut layouts = profile.layouts.iter();
    let Some(layout) = layouts.find(|layout| !layout.write.is_empty()) else {
        return String::new();
    };
    let separator = layout.separators.first().copied().map_or(',', char::from);
    let roles: Vec<Option<Role>> = layout.write.iter().map(|name| layout.role(name)).collect();
    let mut text = String::new();
    push_row(&mut text, separator, layout.write.iter().map(String::as_str));
    let mut balance = Some(statement.opening);
    for (number, row) in (1_u64..).zip(&statement.rows) {
        let before = balance;
        balance = before.and_then(|before| match row.direction {
            Direction::Credit => before.checked_add(row.amount),
            Direction::Debit => before.checked_sub(row.amount),
        });
        let cells = Cells { layout, account: &statement.account, row, number, before, balance };
        let mut described = false;
        let written: Vec<String> = roles
            .iter()
            .map(|role| match role {
                Some(Role::Description) if described => String::new(),
                Some(role) => {
                    described |= *role == Role::Description;
                    cells.cell(*role)
                }
                None => String::new(),
            })
            .collect();
        push_row(&mut text, separator, written.iter().map(String::as_str));
    }
    text
}

/// What the cells of one row are made from.
struct Cells<'a> {
    layout: &'a Layout,
    account: &'a str,
    row: &'a RowToWrite,
    number: u64,
    before: Option<Decimal>,
    balance: Option<Decimal>,
}

impl Cells<'_> {
    fn cell(&self, role: Role) -> String {
        match role {
            Role::Account => guarded(self.account),
            Role::Currency => self.layout.currency.clone(),
            Role::BookingDate | Role::ValueDate => self.date(),
            // Banks write the time as a number, without leading zeros: 00:31:53 is `3153`.
            Role::Time => {
                let digits = self.row.time.format("%H%M%S").to_string();
                let digits = digits.trim_start_matches('0');
                if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
            }
            Role::Description => guarded(&self.row.description),
            Role::Reference | Role::Sequence => self.number.to_string(),
            Role::ReferenceText => String::new(),
            Role::Debit => self.side(Direction::Debit),
            Role::Credit => self.side(Direction::Credit),
            Role::Amount => numbers::write(self.row.amount, self.layout.numbers),
            Role::Sign => match self.row.direction {
                Direction::Debit => "DB".to_owned(),
                Direction::Credit => "CR".to_owned(),
            },
            Role::BalanceBefore => self.figure(self.before),
            Role::Balance => self.figure(self.balance),
        }
    }

    fn date(&self) -> String {
        let pattern = self.layout.dates.first();
        pattern.map(|pattern| pattern.write(self.row.date, self.row.time)).unwrap_or_default()
    }

    fn side(&self, side: Direction) -> String {
        let amount = if self.row.direction == side { self.row.amount } else { Decimal::ZERO };
        numbers::write(amount, self.layout.numbers)
    }

    fn figure(&self, value: Option<Decimal>) -> String {
        value.map(|value| numbers::write(value, self.layout.numbers)).unwrap_or_default()
    }
}

fn push_row<'a>(text: &mut String, separator: char, cells: impl Iterator<Item = &'a str>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            text.push(separator);
        }
        if cell.contains([separator, '"', '\r', '\n']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

/// What makes a spreadsheet take a cell for a formula.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// A text for a cell that no spreadsheet runs.
pub fn guarded(text: &str) -> String {
    if text.trim_start_matches('\'').starts_with(FORMULA) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The text of a cell that [`guarded`] wrote.
pub(super) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if text.trim_start_matches('\'').starts_with(FORMULA) => text,
        _ => cell,
    }
}
