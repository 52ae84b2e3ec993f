//! The rows above the header: account, currency, period and balances that stand there.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::bankfile::cells::whole_account;
use crate::bankfile::numbers;
use crate::bankfile::profile::{Layout, Role, RowLabel, plain_name};
use crate::bankfile::row::label_of;
use crate::bankfile::rows::{CellKind, Row};

/// What the rows above the header say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Preamble {
    pub(super) account: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) period: Option<(NaiveDate, NaiveDate)>,
    pub(super) opening: Option<Decimal>,
    pub(super) closing: Option<Decimal>,
}

impl Preamble {
    /// Takes a row: `NOREK;0123`, `No Rekening : 0123`, `Saldo Awal;1,000.00`, `Periode : ...`.
    pub(super) fn take(&mut self, row: Row<'_>, layout: &Layout) {
        let cells = row.cells.iter().zip(0_usize..);
        let mut parts = cells
            .flat_map(|(cell, place)| cell.splitn(2, ':').map(move |part| (part.trim(), place)))
            .filter(|(part, _place)| !part.is_empty());
        let (Some((label, _)), Some((value, place))) = (parts.next(), parts.next()) else { return };
        match layout.role(label) {
            Some(Role::Account) if row.kind(place) != CellKind::LostNumber => {
                self.account = whole_account(value).or(self.account.take());
            }
            Some(Role::Currency) => self.currency = Some(currency_of(value)),
            _ => {}
        }
        let mut words = std::iter::once(value).chain(parts.map(|(part, _place)| part));
        if layout.period.contains(&plain_name(label)) {
            self.period = period(&mut words, layout).or(self.period);
            return;
        }
        let balance = numbers::parse(value, layout.numbers).ok().flatten();
        let balance = balance.map(|figure| figure.value);
        match label_of(label, layout) {
            Some(RowLabel::Opening) => self.opening = balance.or(self.opening),
            Some(RowLabel::Closing) => self.closing = balance.or(self.closing),
            Some(RowLabel::Total | RowLabel::Ignored) | None => {}
        }
    }
}

/// A currency as the ledger names it.
pub(super) fn currency_of(cell: &str) -> String {
    match cell.trim().to_uppercase().as_str() {
        "RP" | "RP." | "RUPIAH" => "IDR".to_owned(),
        named => named.to_owned(),
    }
}

/// The first and the last day among the words.
fn period<'w>(
    words: &mut impl Iterator<Item = &'w str>,
    layout: &Layout,
) -> Option<(NaiveDate, NaiveDate)> {
    let dates = words
        .flat_map(str::split_whitespace)
        .filter_map(|word| layout.dates.iter().find_map(|pattern| pattern.read(word, None)));
    dates.fold(None, |period: Option<(NaiveDate, NaiveDate)>, date| match period {
        Some((first, last)) => Some((first.min(date), last.max(date))),
        None => Some((date, date)),
    })
}
