//! Transfers on the wire: in pages, and in exports.

use ledger::domain::ids::RowId;
use ledger::domain::keys::Keys;
use ledger::domain::public_id::{IdKind, Letters};
use ledger::service::{Page, ShownTransfer};

use super::account::push_name;
use super::listing::cursor_of;
use super::members::{CsvRecord, JsonObject, Members};

/// The members of a transfer in their order; the last three are not there for everyone, or for every
/// kind.
const MEMBERS: [&str; 10] = [
    "id",
    "kind",
    "debit",
    "credit",
    "amount",
    "created_at",
    "business_date",
    "balance_after",
    "card_id",
    "redemption_id",
];

/// A transfer's members. Whoever may not know the family sees no balance and no card.
fn write(keys: &Keys, shown: &ShownTransfer, to: &mut impl Members) {
    let transfer = &shown.transfer;
    let letters = |id| Letters::of(keys, id, transfer.anchor());
    let own = letters(transfer.id());
    let [id, kind, debit, credit, amount, created_at, business_date, balance, card, redemption] =
        MEMBERS;
    to.text(id, |out| own.push(IdKind::Transfer, out));
    to.text(kind, |out| out.push_str(transfer.kind().as_str()));
    to.text(debit, |out| push_name(out, keys, &shown.debit));
    to.text(credit, |out| push_name(out, keys, &shown.credit));
    to.number(amount, transfer.amount().get());
    to.text(created_at, |out| transfer.created_at().push_rfc3339(out));
    to.text(business_date, |out| transfer.business_date().push(out));
    match shown.balance_after {
        Some(after) => to.number(balance, after.get()),
        None => to.absent(balance),
    }
    match shown.card {
        Some(number) => to.text(card, |out| letters(RowId(number.0)).push(IdKind::Card, out)),
        None => to.absent(card),
    }
    match shown.redemption {
        Some(purchase) => {
            let letters = if purchase == transfer.id() { own } else { letters(purchase) };
            to.text(redemption, |out| letters.push(IdKind::Redemption, out));
        }
        None => to.absent(redemption),
    }
}

fn push_json(out: &mut String, keys: &Keys, shown: &ShownTransfer) {
    let mut object = JsonObject::begin(out);
    write(keys, shown, &mut object);
    object.end();
}

/// A page as JSON.
pub(crate) fn page(keys: &Keys, page: &Page<ShownTransfer>) -> String {
    let mut out = String::from("{\"data\":[");
    for (place, shown) in page.rows.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        push_json(&mut out, keys, shown);
    }
    out.push_str("],\"next_cursor\":");
    match page.next {
        // Cursors are letters, digits, `-` and `_`.
        Some(place) => out.extend(["\"", &cursor_of(place), "\""]),
        None => out.push_str("null"),
    }
    out.push('}');
    out
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A JSON object a line.
    Lines,
    /// Comma-separated values with a head.
    Csv,
}

impl Form {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Lines, Self::Csv];

    /// Its media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Lines => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }

    /// What files of it are called.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Lines => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// What stands before the first transfer.
    pub(crate) fn head(self, out: &mut String) {
        if self == Self::Csv {
            let mut record = CsvRecord::begin(out);
            for name in MEMBERS {
                record.text(name, |out| out.push_str(name));
            }
            record.end();
        }
    }

    /// Transfers, a line each.
    pub(crate) fn rows(self, out: &mut String, keys: &Keys, rows: &[ShownTransfer]) {
        for shown in rows {
            match self {
                Self::Lines => {
                    push_json(out, keys, shown);
                    out.push('\n');
                }
                Self::Csv => {
                    let mut record = CsvRecord::begin(out);
                    write(keys, shown, &mut record);
                    record.end();
                }
            }
        }
    }

    /// The last line, which marks a complete export: how many transfers it holds, of which size of
    /// the log. Where a transfer has its id, it has the word `end`.
    pub(crate) fn end(self, out: &mut String, rows: u64, log_size: i64) {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        match self {
            Self::Lines => {
                let mut object = JsonObject::begin(out);
                object.text("id", |out| out.push_str("end"));
                object.number("transfers", rows);
                object.number("log_size", log_size);
                object.end();
                out.push('\n');
            }
            Self::Csv => {
                let mut record = CsvRecord::begin(out);
                record.text("id", |out| out.push_str("end"));
                record.number("transfers", rows);
                record.number("log_size", log_size);
                for name in MEMBERS.iter().skip(3) {
                    record.absent(name);
                }
                record.end();
            }
        }
    }
}
