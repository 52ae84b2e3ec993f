//! The header row: which column of a file holds what.

use std::collections::BTreeSet;

use crate::bankfile::error::{BankFileError, Reason, quoted};
use crate::bankfile::profile::{Layout, Role};

/// Where each role's columns are, by the header of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// The header's cells as they stand, without empty ones at the end.
    headers: Vec<String>,
    /// The places of each role's columns, by the role's index.
    places: [Vec<usize>; Role::ALL.len()],
    /// The plain names of the columns that the layout knows, ignored ones too.
    pub(super) known: BTreeSet<String>,
}

impl Columns {
    /// The columns, if the cells are a header of the layout: they name a booking date, a
    /// description, either debit and credit or an amount, and what the layout needs.
    /// Each cell comes with its plain name.
    pub(super) fn find<'c>(
        cells: impl Iterator<Item = (&'c str, &'c str)>,
        layout: &Layout,
    ) -> Option<Self> {
        let mut columns = Self::default();
        let mut names = BTreeSet::new();
        for (place, (cell, plain)) in cells.enumerate() {
            if let Some(role) = layout.columns.get(plain) {
                if let Some(places) = role.and_then(|role| columns.places.get_mut(role.index())) {
                    places.push(place);
                }
                columns.known.insert(plain.to_owned());
            }
            names.insert(plain);
            columns.headers.push(cell.trim().to_owned());
        }
        let filled = columns.headers.iter().rposition(|header| !header.is_empty());
        columns.headers.truncate(filled.map_or(0, |last| last.saturating_add(1)));
        let money =
            columns.has(Role::Amount) || (columns.has(Role::Debit) && columns.has(Role::Credit));
        let fits = columns.has(Role::BookingDate) && columns.has(Role::Description) && money;
        (fits && layout.needs.iter().all(|needed| names.contains(needed.as_str())))
            .then_some(columns)
    }

    /// Refuses a header in which two columns claim to be what only one can be.
    pub(super) fn check(&self, line: u64) -> Result<(), BankFileError> {
        for (role, name) in Role::ALL {
            if let [first, second, ..] = self.places(role)
                && !role.may_repeat()
            {
                let (one, other) = (self.header(*first), self.header(*second));
                let (one, other) = (quoted(one), quoted(other));
                return Err(BankFileError::at(line, Reason::TwoColumns { role: name, one, other }));
            }
        }
        Ok(())
    }

    /// How many cells the header has, empty ones at its end not counted.
    pub(super) fn width(&self) -> usize {
        self.headers.len()
    }

    /// The header's cells as they stand.
    pub(super) fn headers(&self) -> &[String] {
        &self.headers
    }

    fn header(&self, place: usize) -> &str {
        self.headers.get(place).map_or("", String::as_str)
    }

    /// The header's own name of the role's first column.
    pub(super) fn name(&self, role: Role) -> &str {
        self.place(role).map_or("", |place| self.header(place))
    }

    /// Whether the file has a column of the role.
    pub(super) fn has(&self, role: Role) -> bool {
        !self.places(role).is_empty()
    }

    /// The places of a role's columns, in order.
    pub(super) fn places(&self, role: Role) -> &[usize] {
        self.places.get(role.index()).map_or(&[], Vec::as_slice)
    }

    /// The place of the role's first column.
    pub(super) fn place(&self, role: Role) -> Option<usize> {
        self.places(role).first().copied()
    }

    /// What the column at a place is read as.
    pub(super) fn role_at(&self, place: usize) -> Option<Role> {
        let all = Role::ALL.into_iter().map(|(role, _name)| role);
        all.into_iter().find(|role| self.places(*role).contains(&place))
    }

    /// Whether a row repeats the header, as each page of some exports does.
    pub(super) fn is_header<'c>(&self, mut cells: impl Iterator<Item = &'c str>) -> bool {
        self.headers.iter().all(|header| cells.next().map(str::trim) == Some(header.as_str()))
    }
}
