//! Opening a bank's file: which format it has, which layout, and then its statements.

use std::io::{self, BufReader, Cursor, Read};

use crate::bankfile::error::{BankFileError, Reason};
use crate::bankfile::format::{self, Format};
use crate::bankfile::guard::Guard;
use crate::bankfile::hash::HashingReader;
use crate::bankfile::read_as::ReadAs;
use crate::bankfile::statement::{Statement, StatementLine};
use crate::bankfile::table::{Guarded, HandOut, Keep, Sink};
use crate::bankfile::{camt, listing, mt940, xlsx};

/// The format and the layout show within this many bytes.
const HEAD: u64 = 1024 * 1024;
/// Files of formats that are not read piece by piece may have this many bytes.
const LARGEST: u64 = 512 * 1024 * 1024;

/// A file that was read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankFile {
    /// SHA-256 of its bytes: the same file again has the same.
    pub hash: [u8; 32],
    /// The format that it has.
    pub format: Format,
    /// Its statements, in its order.
    pub statements: Vec<Statement>,
}

/// Reads a bank's file of any format: bytes, or an open file, which is then never held whole unless
/// it is a workbook or MT940.
///
/// What `how` leaves open is decided by the file's content: the format by how it begins, the layout
/// of a list of rows by its header. Where two could be meant, the file is refused.
///
/// A file may hold the statements of several accounts; they come in the order of their first rows.
/// A list with a header and no rows is one statement without lines.
///
/// # Errors
/// [`BankFileError`] names the first place that can't be read. Nothing of such a file is returned.
pub fn open(input: impl Read + Send, how: &ReadAs) -> Result<BankFile, BankFileError> {
    read(input, how, &mut Keep)
}

/// Reads as [`open`] does and hands each line out while the file goes by; the statements come at the
/// end, without their lines. A CSV of any length needs no more memory than its longest line.
///
/// # Errors
/// As [`open`]. The lines before the place that can't be read were handed out by then, so whoever
/// took them has to forget them.
pub fn stream(
    input: impl Read + Send,
    how: &ReadAs,
    take: impl FnMut(&Statement, StatementLine),
) -> Result<BankFile, BankFileError> {
    read(input, how, &mut HandOut(take))
}

fn read(
    input: impl Read + Send,
    how: &ReadAs,
    sink: &mut impl Sink,
) -> Result<BankFile, BankFileError> {
    let mut input = HashingReader::new(input);
    let mut sink = Guarded { guard: Guard::new(how.bounds.clone()), sink };
    let sink = &mut sink;
    let mut head = Vec::new();
    input.by_ref().take(HEAD).read_to_end(&mut head).map_err(|error| unreadable(&error))?;
    let format = match how.format {
        Some(format) => format,
        None => find_format(&head, how)?,
    };
    let statements = match format {
        Format::Csv => listing::read(&head, input.by_ref(), how, sink)?,
        Format::Camt => {
            let all = BufReader::new(Cursor::new(head).chain(input.by_ref()));
            camt::read_into(all, &how.settings(), sink)?
        }
        Format::Xlsx => xlsx::read(&whole(head, &mut input)?, how, sink)?,
        Format::Mt940 => {
            let bytes = whole(head, &mut input)?;
            let guard = &mut sink.guard;
            handed_out(mt940::read_within(&bytes, &how.settings(), guard)?, sink)
        }
    };
    for statement in &statements {
        // A list without rows names its account too.
        sink.guard.compare(statement).map_err(|reason| BankFileError::at(1, reason))?;
    }
    let hash = input.finish().map_err(|error| unreadable(&error))?;
    Ok(BankFile { hash, format, statements })
}

fn unreadable(error: &io::Error) -> BankFileError {
    BankFileError::at(1, Reason::Unreadable(error.to_string()))
}

/// All bytes of a file that begins with `head`.
fn whole(mut head: Vec<u8>, rest: &mut impl Read) -> Result<Vec<u8>, BankFileError> {
    rest.take(LARGEST).read_to_end(&mut head).map_err(|error| unreadable(&error))?;
    match u64::try_from(head.len()) {
        Ok(length) if length <= LARGEST => Ok(head),
        _ => Err(BankFileError::at(1, Reason::OtherKind("larger than 512 MiB"))),
    }
}

/// Gives the sink the lines of statements that are all there.
fn handed_out(mut statements: Vec<Statement>, sink: &mut impl Sink) -> Vec<Statement> {
    for statement in &mut statements {
        for line in std::mem::take(&mut statement.lines) {
            sink.take(statement, line);
        }
    }
    statements
}

/// What looks like a message may be a list of rows all the same, in which a text runs over a line.
fn find_format(head: &[u8], how: &ReadAs) -> Result<Format, BankFileError> {
    let whole = |reason| BankFileError::at(1, reason);
    let format = format::detect(head).map_err(whole)?;
    if format == Format::Mt940 {
        let profiles = how.profiles().unwrap_or_default();
        if listing::recognise(head, profiles).is_ok() {
            let (one, other) = (Format::Csv.as_str(), Format::Mt940.as_str());
            return Err(whole(Reason::SeveralFormats(one, other)));
        }
    }
    Ok(format)
}
