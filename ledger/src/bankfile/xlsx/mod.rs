//! Excel workbooks (XLSX): every visible sheet that has a header row is read as a list of rows.
//!
//! - A number is taken as the workbook stores it, to the fifteen digits that a spreadsheet keeps,
//!   and never as a binary fraction; a text is read as the profile says.
//! - A date is a cell with a date's format; a plain number is one only where the profile says
//!   `serial_dates = yes`.
//! - A merged cell counts for its first row and column; of a formula the stored result counts, and
//!   one without a result is an empty cell.
//! - What is unpacked is bounded, whatever the archive claims.

mod archive;
mod sheet;
mod workbook;
mod xml;

use crate::bankfile::choice::{self, Chosen, Context, HEADER_WITHIN};
use crate::bankfile::error::BankFileError;
use crate::bankfile::profile::Profile;
use crate::bankfile::read_as::ReadAs;
use crate::bankfile::rows::{self, KeptRow};
use crate::bankfile::statement::Statement;
use crate::bankfile::table::{self, Sink};
use crate::bankfile::xlsx::archive::{Archive, Part};
use crate::bankfile::xlsx::sheet::SheetRows;
use crate::bankfile::xlsx::workbook::{Workbook, missing};

/// Reads every visible sheet that has a header row, in their order.
pub(super) fn read(
    bytes: &[u8],
    how: &ReadAs,
    sink: &mut impl Sink,
) -> Result<Vec<Statement>, BankFileError> {
    let profiles = how.profiles()?;
    let (mut archive, workbook) = opened(bytes)?;
    let mut statements = Vec::new();
    for (sheet, part) in &workbook.sheets {
        let in_sheet = |error: BankFileError| error.in_sheet(sheet);
        let head = head(&mut archive, &workbook, part).map_err(in_sheet)?;
        let Some(chosen) = choose(&head, profiles).map_err(in_sheet)? else { continue };
        let context = Context { since_1904: workbook.since_1904, ..Context::new(&chosen, how) };
        let mut rows = sheet_rows(&mut archive, &workbook, part).map_err(in_sheet)?;
        let read = table::read(&mut rows, &chosen, &context, sink).map_err(in_sheet)?;
        statements.extend(read);
    }
    some(statements, profiles)
}

/// A sheet's name, its layout and its first rows.
pub(super) type Head<'p> = (Option<String>, Chosen<'p>, Vec<KeptRow>);

/// The sheets that have a header row.
pub(super) fn heads<'p>(
    bytes: &[u8],
    profiles: &'p [Profile],
) -> Result<Vec<Head<'p>>, BankFileError> {
    let (mut archive, workbook) = opened(bytes)?;
    let mut heads = Vec::new();
    for (sheet, part) in &workbook.sheets {
        let in_sheet = |error: BankFileError| error.in_sheet(sheet);
        let head = head(&mut archive, &workbook, part).map_err(in_sheet)?;
        let chosen = choose(&head, profiles).map_err(in_sheet)?;
        heads.extend(chosen.map(|chosen| (Some(sheet.clone()), chosen, head)));
    }
    some(heads, profiles)
}

/// Something, or that no sheet has a header row.
fn some<T>(found: Vec<T>, profiles: &[Profile]) -> Result<Vec<T>, BankFileError> {
    if found.is_empty() {
        return Err(BankFileError::at(1, choice::no_header(profiles, None)));
    }
    Ok(found)
}

fn opened(bytes: &[u8]) -> Result<(Archive<'_>, Workbook), BankFileError> {
    let whole = |reason| BankFileError::at(1, reason);
    let mut archive = Archive::open(bytes).map_err(whole)?;
    let workbook = Workbook::read(&mut archive).map_err(whole)?;
    Ok((archive, workbook))
}

fn head(
    archive: &mut Archive<'_>,
    workbook: &Workbook,
    part: &str,
) -> Result<Vec<KeptRow>, BankFileError> {
    rows::first(&mut sheet_rows(archive, workbook, part)?, HEADER_WITHIN)
}

/// The layout of a sheet; `None` when none fits.
fn choose<'p>(
    rows: &[KeptRow],
    profiles: &'p [Profile],
) -> Result<Option<Chosen<'p>>, BankFileError> {
    let all = profiles
        .iter()
        .flat_map(|profile| profile.layouts.iter().map(move |layout| (profile, layout)));
    let head = choice::Head::new(rows, profiles);
    let fits = all.filter_map(|(profile, layout)| Chosen::find(profile, layout, &head));
    choice::best(fits.collect()).map_err(|reason| BankFileError::at(1, reason))
}

fn sheet_rows<'w, 'b>(
    archive: &'w mut Archive<'b>,
    workbook: &'w Workbook,
    part: &str,
) -> Result<SheetRows<'w, Part<'w, 'b>>, BankFileError> {
    let opened = archive.part(part).and_then(|found| found.ok_or_else(|| missing(part)));
    Ok(SheetRows::new(opened.map_err(|reason| BankFileError::at(1, reason))?, workbook))
}
