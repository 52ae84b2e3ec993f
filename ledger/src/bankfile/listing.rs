//! Delimited files: encoding, separator and layout are found from the first rows, then all rows go
//! by, of which none has to be kept.

use std::io::{Cursor, Read};

use crate::bankfile::beside;
use crate::bankfile::choice::{self, Chosen, Context, HEADER_WITHIN, Head, TextForm};
use crate::bankfile::delimited::{Block, Delimited};
use crate::bankfile::encoding::Encoding;
use crate::bankfile::error::BankFileError;
use crate::bankfile::profile::Profile;
use crate::bankfile::read_as::ReadAs;
use crate::bankfile::rows::{self, KeptRow};
use crate::bankfile::split::Splitter;
use crate::bankfile::statement::Statement;
use crate::bankfile::table::{self, Sink};

/// From so many bytes on, a list is taken apart by one thread and its rows are read by another.
const LONG: usize = 1024 * 1024;
/// The header's rows are mostly within so many bytes.
const HEAD_BLOCK: usize = 16 * 1024;

/// Reads a file that begins with `head` and goes on with `rest`.
pub(super) fn read(
    head: &[u8],
    rest: impl Read + Send,
    how: &ReadAs,
    sink: &mut impl Sink,
) -> Result<Vec<Statement>, BankFileError> {
    let profiles = how.profiles()?;
    let chosen = recognise(head, profiles)?;
    let text = head.get(chosen.form.mark..).unwrap_or_default();
    let mut splitter = Splitter::new(Cursor::new(text).chain(rest), chosen.form);
    let context = Context::new(&chosen, how);
    if head.len() < LONG {
        let mut rows = Delimited::new(|block: &mut Block| splitter.fill(block));
        return table::read(&mut rows, &chosen, &context, sink);
    }
    beside::read(
        |block| splitter.fill(block),
        |mut handed| {
            let mut rows = Delimited::new(|block: &mut Block| handed.next(block));
            table::read(&mut rows, &chosen, &context, sink)
        },
    )
}

/// The layout of a file that begins with these bytes, and the form of its text.
pub(super) fn recognise<'p>(
    bytes: &[u8],
    profiles: &'p [Profile],
) -> Result<Chosen<'p>, BankFileError> {
    let whole = |reason| BankFileError::at(1, reason);
    if let Some(chosen) = choice::best(fits(bytes, profiles)?).map_err(whole)? {
        return Ok(chosen);
    }
    let others = fits(bytes, Profile::built_in())?;
    let other = others.iter().find(|other| !other.profile.is_fallback);
    Err(whole(choice::no_header(profiles, other.map(Chosen::name))))
}

/// The first rows of a file, in which the layout was found.
pub(super) fn head(bytes: &[u8], chosen: &Chosen<'_>) -> Result<Vec<KeptRow>, BankFileError> {
    let text = bytes.get(chosen.form.mark..).unwrap_or_default();
    first_rows(text, chosen.form)
}

fn first_rows(text: &[u8], form: TextForm) -> Result<Vec<KeptRow>, BankFileError> {
    let mut splitter = Splitter::with_block(text, form, text.len().clamp(1, HEAD_BLOCK));
    let mut rows = Delimited::new(|block: &mut Block| splitter.fill(block));
    rows::first(&mut rows, HEADER_WITHIN)
}

/// All layouts that fit.
fn fits<'p>(bytes: &[u8], profiles: &'p [Profile]) -> Result<Vec<Chosen<'p>>, BankFileError> {
    let mut found: Vec<Chosen<'p>> = Vec::new();
    let mut heads: Vec<(TextForm, Result<Head, BankFileError>)> = Vec::new();
    for profile in profiles {
        let (encoding, mark) = Encoding::of_mark(bytes).unwrap_or((profile.encoding, 0));
        for layout in &profile.layouts {
            for separator in &layout.separators {
                let form = TextForm { encoding, mark, separator: *separator };
                if !heads.iter().any(|(known, _head)| *known == form) {
                    let text = bytes.get(mark..).unwrap_or_default();
                    let rows = first_rows(text, form);
                    heads.push((form, rows.map(|rows| Head::new(&rows, profiles))));
                }
                let head = heads.iter().find(|(known, _head)| *known == form);
                let Some((_form, Ok(head))) = head else { continue };
                if let Some(chosen) = Chosen::find(profile, layout, head) {
                    found.push(Chosen { form, ..chosen });
                    break;
                }
            }
        }
    }
    let unreadable = heads.into_iter().find_map(|(_form, head)| head.err());
    match unreadable.filter(|_error| found.is_empty()) {
        Some(error) => Err(error),
        None => Ok(found),
    }
}
