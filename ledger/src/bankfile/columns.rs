//! The header row: which column of a file holds what.

use csv::StringRecord;

use crate::bankfile::profile::{Profile, Role};

/// Where each role's columns are, by the header of one file.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    found: Vec<(Role, usize, String)>,
    /// How many cells the header has, empty ones at its end not counted.
    pub(super) width: usize,
}

impl Columns {
    /// The columns, if the row is a header: it names a booking date, a description, and either debit
    /// and credit or an amount.
    pub(super) fn find(row: &StringRecord, profile: &Profile) -> Option<Self> {
        let named = row.iter().enumerate().filter_map(|(place, cell)| {
            profile.role(cell).map(|role| (role, place, cell.trim().to_owned()))
        });
        let found: Vec<_> = named.collect();
        let numbered = (1..).zip(row.iter()).filter(|(_number, cell)| !cell.trim().is_empty());
        let width = numbered.last().map_or(0, |(number, _cell)| number);
        let columns = Self { found, width };
        let has = |role| columns.of(role).next().is_some();
        let money = has(Role::Amount) || (has(Role::Debit) && has(Role::Credit));
        (has(Role::BookingDate) && has(Role::Description) && money).then_some(columns)
    }

    /// The header's own name of the role's first column.
    pub(super) fn name(&self, role: Role) -> Option<String> {
        self.of(role).next().map(|(_role, _place, name)| name.clone())
    }

    /// The filled cells of a role, without the spaces round them.
    pub(super) fn cells<'a>(
        &'a self,
        row: &'a StringRecord,
        role: Role,
    ) -> impl Iterator<Item = &'a str> {
        self.of(role)
            .filter_map(|(_role, place, _name)| row.get(*place))
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
    }

    /// The first filled cell of a role; empty when there is none.
    pub(super) fn cell<'a>(&'a self, row: &'a StringRecord, role: Role) -> &'a str {
        self.cells(row, role).next().unwrap_or_default()
    }

    /// How many columns have a role.
    pub(super) fn known(&self) -> usize {
        self.found.len()
    }

    /// Whether the file has a column of the role.
    pub(super) fn has(&self, role: Role) -> bool {
        self.of(role).next().is_some()
    }

    fn of(&self, role: Role) -> impl Iterator<Item = &(Role, usize, String)> {
        self.found.iter().filter(move |(known, ..)| *known == role)
    }
}
