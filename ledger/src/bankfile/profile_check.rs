//! Trying a profile on a sample: what each column was read as, what was left out, whether it holds.

use crate::bankfile::cells::{Cells, whole_account};
use crate::bankfile::choice::{Chosen, Context};
use crate::bankfile::error::{BankFileError, Reason, quoted};
use crate::bankfile::format::{self, Format};
use crate::bankfile::head::currency_of;
use crate::bankfile::open::open;
use crate::bankfile::profile::{Layout, Role};
use crate::bankfile::read_as::ReadAs;
use crate::bankfile::rows::KeptRow;
use crate::bankfile::statement::Statement;
use crate::bankfile::{dates, listing, xlsx};

/// How many values of each column are shown.
const SHOWN: usize = 3;

/// How a sample was read by a profile.
#[derive(Clone, Debug)]
pub struct ProfileCheck {
    /// The sample's format.
    pub format: Format,
    /// Each list of rows in it: one, or one for each sheet of a workbook.
    pub lists: Vec<ListCheck>,
    /// What reading the whole sample came to.
    pub outcome: Result<Vec<Statement>, BankFileError>,
}

/// How one list of rows was read.
#[derive(Clone, Debug)]
pub struct ListCheck {
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The layout that its header chose.
    pub layout: String,
    /// The encoding and the separator of delimited text.
    pub form: Option<String>,
    /// The line of the header, from 1.
    pub header_line: u64,
    /// What the layout takes numbers and dates for.
    pub numbers: String,
    /// The forms of dates that are read.
    pub dates: String,
    /// The columns, in the order of the file.
    pub columns: Vec<ColumnCheck>,
}

/// How one column was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnCheck {
    /// The header as it stands.
    pub header: String,
    /// The profile's key for it; `None` for a column that is left out.
    pub read_as: Option<&'static str>,
    /// Whether the profile names it at all, if only to leave it out.
    pub is_known: bool,
    /// Its first values, as they stand and as they were read.
    pub values: Vec<ValueCheck>,
}

/// One value, as it stands and as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueCheck {
    /// The cell as it stands, shortened.
    pub cell: String,
    /// What it was read as, or why it can't be.
    pub read: Result<String, String>,
}

/// Tries `how`'s profile on a sample of a bank's lists of rows.
///
/// # Errors
/// [`BankFileError`] when the sample is not a list of rows or fits none of the profile's layouts.
/// What can't be read below the header is in [`ProfileCheck::outcome`].
pub fn check_profile(sample: &[u8], how: &ReadAs) -> Result<ProfileCheck, BankFileError> {
    let whole = |reason| BankFileError::at(1, reason);
    let format = match how.format {
        Some(format) => format,
        None => format::detect(sample).map_err(whole)?,
    };
    let profiles = how.profiles()?;
    let found = match format {
        Format::Csv => {
            let chosen = listing::recognise(sample, profiles)?;
            let rows = listing::head(sample, &chosen)?;
            vec![(None, chosen, rows)]
        }
        Format::Xlsx => xlsx::heads(sample, profiles)?,
        Format::Mt940 | Format::Camt => {
            let what = "a message, which has no columns: profiles describe lists of rows";
            return Err(whole(Reason::OtherKind(what)));
        }
    };
    let lists = found.into_iter().map(|(sheet, chosen, rows)| list(sheet, &chosen, &rows, how));
    let lists = lists.collect();
    let named = ReadAs { format: Some(format), ..how.clone() };
    let outcome = open(sample, &named).map(|file| file.statements);
    Ok(ProfileCheck { format, lists, outcome })
}

fn list(sheet: Option<String>, chosen: &Chosen<'_>, rows: &[KeptRow], how: &ReadAs) -> ListCheck {
    let context = Context::new(chosen, how);
    let form = sheet.is_none().then(|| {
        let separator = match chosen.form.separator {
            b'\t' => "tab".to_owned(),
            byte => format!("`{}`", char::from(byte)),
        };
        format!("{}, separated by {separator}", chosen.form.encoding.name())
    });
    let header = rows.get(chosen.body.saturating_sub(1)).map_or(1, |row| row.row().line);
    let columns = chosen.columns.headers().iter().enumerate();
    let columns = columns.map(|(place, name)| column(place, name, chosen, rows, &context));
    ListCheck {
        sheet,
        layout: chosen.name(),
        form,
        header_line: header,
        numbers: chosen.layout.numbers.as_str().to_owned(),
        dates: chosen.layout.date_forms(),
        columns: columns.collect(),
    }
}

fn column(
    place: usize,
    header: &str,
    chosen: &Chosen<'_>,
    rows: &[KeptRow],
    context: &Context,
) -> ColumnCheck {
    let role = chosen.columns.role_at(place);
    let body = rows.iter().skip(chosen.body).map(KeptRow::row);
    let filled = body.filter(|row| !row.cell(place).is_empty());
    let values = filled.take(SHOWN).map(|row| {
        let cells = Cells {
            row,
            columns: &chosen.columns,
            layout: chosen.layout,
            around: context.around,
            since_1904: context.since_1904,
        };
        let cell = row.cell(place);
        ValueCheck { cell: quoted(cell), read: value(&cells, role, cell) }
    });
    ColumnCheck {
        header: header.to_owned(),
        read_as: role.map(Role::as_str),
        is_known: chosen.layout.knows(header),
        values: values.collect(),
    }
}

/// What a value is read as.
fn value(cells: &Cells<'_>, role: Option<Role>, cell: &str) -> Result<String, String> {
    let layout = cells.layout;
    let Some(role) = role else { return Ok(String::new()) };
    match role {
        Role::BookingDate | Role::ValueDate => match cells.date(role) {
            Ok(date) if cells.is_text(role) => Ok(format!("{date}{}", form_of(cell, layout))),
            Ok(date) => Ok(date.to_string()),
            Err(_) if layout.is_pending(cell) => Ok("not booked yet, left out".to_owned()),
            Err(error) => Err(error.reason.to_string()),
        },
        Role::Debit | Role::Credit | Role::Amount | Role::Balance | Role::BalanceBefore => {
            match cells.figure(role) {
                Ok(Some(figure)) => {
                    let mark = figure.mark.map(|mark| format!(" {mark}")).unwrap_or_default();
                    Ok(format!("{}{mark}", figure.value))
                }
                Ok(None) => Ok("nothing".to_owned()),
                Err(error) => Err(error.reason.to_string()),
            }
        }
        Role::Sign => match layout.direction(cell) {
            Some(direction) => Ok(direction.as_str().to_owned()),
            None => Err(Reason::NoDirection(quoted(cell)).to_string()),
        },
        Role::Time => match dates::time(cell) {
            Some(time) => Ok(time.to_string()),
            None => Err(Reason::NotATime(quoted(cell)).to_string()),
        },
        Role::Account => Ok(whole_account(cell).unwrap_or_else(|| "unknown: rounded".to_owned())),
        Role::Currency => Ok(currency_of(cell)),
        Role::Description | Role::Reference | Role::ReferenceText | Role::Sequence => {
            Ok(quoted(cell))
        }
    }
}

/// The date form that a cell has, for a message.
fn form_of(cell: &str, layout: &Layout) -> String {
    let form = layout.dates.iter().find(|form| form.has_year() && form.read(cell, None).is_some());
    form.map(|form| format!(" ({})", form.as_str())).unwrap_or_default()
}
