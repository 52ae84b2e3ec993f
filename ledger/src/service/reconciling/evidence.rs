//! The bank's files: those that are sent, and those that were kept.

use std::collections::HashSet;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use crate::bankfile::integrity::{self, Expected, History};
use crate::bankfile::{self, BankFile, Format, Profile, ReadAs, Statement, StatementLine};
use crate::domain::bank::BankCode;
use crate::domain::calendar::Date;
use crate::store::StoreError;
use crate::store::reconciliations::FileRow;

use super::NotReconciled;

/// How far back kept files are looked at for what a new one has to go on from, in days.
pub(super) const LOOKED_BACK: u64 = 10;

/// A file as it is sent.
#[derive(Clone, Debug)]
pub struct SentFile {
    /// Its name, for people.
    pub name: String,
    /// Its format, where it is not to be found out.
    pub format: Option<Format>,
    /// The text of a profile for a layout that is not built in.
    pub profile: Option<String>,
    /// Its bytes.
    pub content: Arc<Vec<u8>>,
}

/// Where kept files' bytes come from: a part of a file, `None` behind the last one.
pub(super) type Parts<'a> = dyn Fn(i64, i32) -> Result<Option<Vec<u8>>, StoreError> + Sync + 'a;

/// A kept file's bytes, of which one part at a time is in memory.
struct KeptBytes<'a> {
    parts: &'a Parts<'a>,
    file: i64,
    next: i32,
    part: Cursor<Vec<u8>>,
}

impl Read for KeptBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.part.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(part) = (self.parts)(self.file, self.next).map_err(io::Error::other)? else {
                return Ok(0);
            };
            self.next = self.next.saturating_add(1);
            self.part = Cursor::new(part);
        }
    }
}

/// A file with what it says.
#[derive(Debug)]
pub(super) struct ReadFile {
    pub(super) name: String,
    pub(super) file: BankFile,
}

/// The files of one business day.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Kept ones first, in the order in which they came.
    pub(super) files: Vec<ReadFile>,
    /// How many of them were kept.
    pub(super) kept: usize,
    /// The sent files that are new, by their places.
    pub(super) new: Vec<usize>,
}

impl Evidence {
    /// All statements, in order.
    pub(super) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.files.iter().flat_map(|read| &read.file.statements)
    }

    /// All lines with their files' names, by the places that a matching gives back.
    pub(super) fn lines(&self) -> Vec<(&str, &StatementLine)> {
        let mut lines = Vec::new();
        for ReadFile { name, file } in &self.files {
            let of_file = file.statements.iter().flat_map(|statement| &statement.lines);
            lines.extend(of_file.map(|line| (name.as_str(), line)));
        }
        lines
    }
}

/// Reads kept and sent files. A sent file that the day rests on already adds nothing; one that may
/// not be used ends it all.
pub(super) fn gather(
    (bank, day): (&BankCode, Date),
    (kept, parts): (Vec<FileRow>, &Parts<'_>),
    sent: &[SentFile],
) -> Result<Evidence, NotReconciled> {
    let mut evidence = Evidence::default();
    let (mut history, mut of_day) = (History::default(), HashSet::new());
    for (id, of, hash, name, format, profile) in kept {
        let corrupt = |what: String| StoreError::corrupt(format!("bank file {id}: {what}"));
        let near = Date::from_number(of).map_err(|error| corrupt(error.to_string()))?;
        let how =
            how_to_read(bank, near, Format::named(&format), profile.as_deref()).map_err(corrupt)?;
        let bytes = KeptBytes { parts, file: id, next: 0, part: Cursor::default() };
        let file = bankfile::open(bytes, &how).map_err(|error| corrupt(error.to_string()))?;
        if file.hash.as_slice() != hash {
            return Err(corrupt("its bytes are not those that were received".to_owned()).into());
        }
        remember(&mut history, &file, bank);
        if near == day {
            of_day.insert(file.hash);
            evidence.kept = evidence.kept.saturating_add(1);
            evidence.files.push(ReadFile { name, file });
        }
    }
    let expected = Expected::for_day(bank.clone(), day);
    for (place, sent) in sent.iter().enumerate() {
        let refused = |status: &'static str, reason: String| NotReconciled::Refused {
            file: sent.name.clone(),
            status,
            reason,
        };
        let how = how_to_read(bank, day, sent.format, sent.profile.as_deref())
            .map_err(|reason| refused("bad_file", reason))?;
        let file = bankfile::open(sent.content.as_slice(), &how)
            .map_err(|error| refused("bad_file", error.to_string()))?;
        if of_day.contains(&file.hash) {
            continue;
        }
        let accepted = integrity::check(&file, &history, &expected)
            .map_err(|trouble| refused(trouble.status().as_str(), trouble.to_string()))?;
        history.remember(&file, &accepted);
        of_day.insert(file.hash);
        evidence.new.push(place);
        evidence.files.push(ReadFile { name: sent.name.clone(), file });
    }
    Ok(evidence)
}

/// What was accepted when it came is known; a file that would not be accepted any more, because
/// others came after it, is at least known by its bytes.
fn remember(history: &mut History, file: &BankFile, bank: &BankCode) {
    let any_day = Expected {
        bank: Some(bank.clone()),
        account: None,
        currency: "IDR".to_owned(),
        today: None,
        days: None,
    };
    match integrity::check(file, history, &any_day) {
        Ok(accepted) => history.remember(file, &accepted),
        Err(_trouble) => {
            history.files.insert(file.hash);
        }
    }
}

fn how_to_read(
    bank: &BankCode,
    day: Date,
    format: Option<Format>,
    profile: Option<&str>,
) -> Result<ReadAs, String> {
    let profile = profile.map(Profile::parse).transpose().map_err(|error| error.to_string())?;
    Ok(ReadAs { format, bank: Some(bank.clone()), profile, around: Some(day.naive()) })
}
