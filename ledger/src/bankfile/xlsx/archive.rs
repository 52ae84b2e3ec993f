//! The parts of a workbook's archive, with bounds on what they may grow to: a few kilobytes can be
//! packed so that they fill any memory.

use std::collections::HashMap;
use std::io::{self, BufReader, Cursor, Read};

use zip::ZipArchive;
use zip::read::ZipFile;

use crate::bankfile::error::{Reason, shortened};

/// What is unpacked is at most this many times what was packed; real sheets reach about thirty.
const MOST_TIMES: u64 = 100;
/// A small workbook may grow to this many bytes whatever it was packed to.
const SMALL: u64 = 16 * 1024 * 1024;
/// No workbook may grow to more bytes.
const LARGEST: u64 = 512 * 1024 * 1024;

/// An archive of which only so much is unpacked in all.
pub(super) struct Archive<'b> {
    zip: ZipArchive<Cursor<&'b [u8]>>,
    /// Places by name, written in small letters and with slashes: writers differ.
    names: HashMap<String, usize>,
    left: u64,
}

/// A part as it is unpacked.
pub(super) type Part<'a, 'b> = BufReader<Bounded<'a, ZipFile<'a, Cursor<&'b [u8]>>>>;

impl<'b> Archive<'b> {
    pub(super) fn open(bytes: &'b [u8]) -> Result<Self, Reason> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
        let names = (0..zip.len()).filter_map(|place| {
            let name = zip.name_for_index(place)?.ok()?;
            Some((plain(&name), place))
        });
        let names = names.collect();
        let packed = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let left = packed.saturating_mul(MOST_TIMES).clamp(SMALL, LARGEST);
        Ok(Self { zip, names, left })
    }

    /// A part by its name; `None` when there is none.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<Part<'_, 'b>>, Reason> {
        let Some(place) = self.names.get(&plain(name)) else { return Ok(None) };
        let file = self.zip.by_index(*place).map_err(|error| broken(&error))?;
        Ok(Some(BufReader::new(Bounded { file, left: &mut self.left })))
    }
}

fn plain(name: &str) -> String {
    name.trim_start_matches(['/', '\\']).replace('\\', "/").to_lowercase()
}

fn broken(error: &zip::result::ZipError) -> Reason {
    let why = shortened(&error.to_string(), 200);
    Reason::Workbook(format!("its archive is broken or protected by a password ({why})"))
}

/// What may still be read.
pub(super) struct Bounded<'a, R> {
    file: R,
    left: &'a mut u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        match self.left.checked_sub(length) {
            Some(left) => *self.left = left,
            None => return Err(io::Error::other(TOO_LARGE)),
        }
        Ok(read)
    }
}

/// What an archive that grows too far is refused with.
pub(super) const TOO_LARGE: &str = "it grows to more than a hundred times its size, or 512 MiB";
