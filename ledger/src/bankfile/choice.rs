//! Which layout a file has: its header row decides; if two would fit, neither is chosen.

use std::collections::HashSet;

use chrono::NaiveDate;

use crate::bankfile::columns::Columns;
use crate::bankfile::encoding::Encoding;
use crate::bankfile::error::Reason;
use crate::bankfile::profile::{Layout, Profile, plain_name};
use crate::bankfile::read_as::ReadAs;
use crate::bankfile::record::Record;
use crate::bankfile::rows::{KeptRow, WIDEST};
use crate::domain::bank::BankCode;

/// The header is one of the first rows, or the file is not what the profile describes.
pub(super) const HEADER_WITHIN: usize = 100;

/// How a delimited file writes its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextForm {
    pub(super) encoding: Encoding,
    /// The length of the byte-order mark.
    pub(super) mark: usize,
    pub(super) separator: u8,
}

impl Default for TextForm {
    fn default() -> Self {
        Self { encoding: Encoding::Utf8, mark: 0, separator: b',' }
    }
}

/// A layout that fits a file, and what its columns are.
#[derive(Clone, Debug)]
pub(super) struct Chosen<'p> {
    pub(super) profile: &'p Profile,
    pub(super) layout: &'p Layout,
    pub(super) columns: Columns,
    /// The form of the text; of a workbook's sheet it says nothing.
    pub(super) form: TextForm,
    /// How many rows stand above the header.
    pub(super) header: usize,
    /// How many rows come before the first one after the header.
    pub(super) body: usize,
}

impl<'p> Chosen<'p> {
    /// The layout, if one of the rows is its header; or two rows, where cells of the upper one are
    /// merged over those of the lower one.
    pub(super) fn find(profile: &'p Profile, layout: &'p Layout, head: &Head) -> Option<Self> {
        let single = head.rows.iter().zip(0_usize..).find_map(|(row, header)| {
            let cells = || row.cells.fields().iter().zip(row.names.iter().map(String::as_str));
            let columns = row.may_be_header().then(|| Columns::find(cells(), layout))??;
            Some((columns, header, 1))
        });
        let pairs = head.rows.iter().zip(head.rows.iter().skip(1)).zip(0_usize..);
        let (columns, header, height) = single.or_else(|| {
            pairs.into_iter().find_map(|((upper, lower), header)| {
                let may_be_header = upper.known.saturating_add(lower.known) >= FEWEST;
                let find = || Columns::find(merged(upper, lower), layout);
                Some((may_be_header.then(find)??, header, 2))
            })
        })?;
        let (form, body) = (TextForm::default(), header.saturating_add(height));
        Some(Self { profile, layout, columns, form, header, body })
    }

    /// The layout's name with the profile's: `bri/long`.
    pub(super) fn name(&self) -> String {
        self.profile.full_name(self.layout)
    }

    /// Whether it explains all that the other one does, and more.
    fn says_more_than(&self, other: &Self) -> bool {
        let (known, others) = (&self.columns.known, &other.columns.known);
        known.len() > others.len() && others.is_subset(known)
    }
}

/// A date, a description and an amount: a header names no fewer.
const FEWEST: usize = 3;

/// The first rows of a file, among which the header is looked for.
pub(super) struct Head {
    rows: Vec<HeadRow>,
}

struct HeadRow {
    cells: Record,
    /// The cells as names of columns.
    names: Vec<String>,
    /// How many of them are names to any of the layouts in question.
    known: usize,
}

impl HeadRow {
    const fn may_be_header(&self) -> bool {
        self.known >= FEWEST
    }
}

impl Head {
    /// Looks at rows for the layouts of these profiles: names are made once, and rows that none of
    /// them knows are not looked at again.
    pub(super) fn new(rows: &[KeptRow], profiles: &[Profile]) -> Self {
        let layouts = profiles.iter().flat_map(|profile| &profile.layouts);
        let known: HashSet<&str> =
            layouts.flat_map(|layout| layout.columns.keys()).map(String::as_str).collect();
        let rows = rows.iter().map(|row| {
            let cells = row.row().cells;
            let names: Vec<String> = cells.iter().take(WIDEST).map(plain_name).collect();
            let known = names.iter().filter(|name| known.contains(name.as_str())).count();
            HeadRow { cells: Record::of(cells), names, known }
        });
        Self { rows: rows.collect() }
    }
}

/// The cells of two header rows as one, with their names: the lower one's where it has any.
fn merged<'c>(upper: &'c HeadRow, lower: &'c HeadRow) -> impl Iterator<Item = (&'c str, &'c str)> {
    let cell =
        |row: &'c HeadRow, place: usize| row.cells.fields().get(place).zip(row.names.get(place));
    (0..upper.names.len().max(lower.names.len())).map(move |place| {
        let below = cell(lower, place).filter(|(text, _name)| !text.trim().is_empty());
        let found = below.or(cell(upper, place));
        found.map(|(text, name)| (text, name.as_str())).unwrap_or_default()
    })
}

/// How a file's rows are to be read beyond its layout.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    /// The bank that was asked for, or that the layout implies.
    pub(super) bank: Option<BankCode>,
    /// The day that gives dates without a year theirs.
    pub(super) around: Option<NaiveDate>,
    /// Whether a workbook counts its serial dates from 1904.
    pub(super) since_1904: bool,
}

impl Context {
    /// A layout that was only taken because no bank's own fitted does not imply a bank.
    pub(super) fn new(chosen: &Chosen<'_>, how: &ReadAs) -> Self {
        let told = chosen
            .profile
            .bank
            .as_ref()
            .filter(|_bank| !chosen.profile.is_fallback || how.profile.is_some());
        let bank = how.bank.as_ref().or(told).cloned();
        Self { bank, around: how.around, since_1904: false }
    }
}

/// The one layout of those that fit; fallbacks count only when nothing else fits.
pub(super) fn best(mut fits: Vec<Chosen<'_>>) -> Result<Option<Chosen<'_>>, Reason> {
    if fits.iter().any(|chosen| !chosen.profile.is_fallback) {
        fits.retain(|chosen| !chosen.profile.is_fallback);
    }
    let leaders: Vec<&Chosen<'_>> = fits
        .iter()
        .filter(|chosen| !fits.iter().any(|other| other.says_more_than(chosen)))
        .collect();
    match leaders.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some((*only).clone())),
        several => {
            let names: Vec<String> =
                several.iter().map(|chosen| format!("`{}`", chosen.name())).collect();
            Err(Reason::SeveralLayouts(names.join(" and ")))
        }
    }
}

/// That no row is a header of these profiles' layouts, though perhaps one of another layout.
pub(super) fn no_header(profiles: &[Profile], fits: Option<String>) -> Reason {
    let names: Vec<String> =
        profiles.iter().map(|profile| format!("`{}`", profile.name())).collect();
    Reason::NoHeader { profiles: names.join(", "), searched: HEADER_WITHIN, fits }
}
