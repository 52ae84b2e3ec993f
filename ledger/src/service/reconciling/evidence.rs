//! The bank's files: those that are sent, and those that were kept.

use std::collections::HashSet;
use std::sync::Arc;

use crate::bankfile::extract;
use crate::bankfile::integrity::{self, Expected, Fingerprint, History};
use crate::bankfile::{
    self, BankFile, Bounds, Format, Profile, ReadAs, Reason, Statement, StatementLine,
};
use crate::domain::bank::BankCode;
use crate::domain::calendar::Date;
use crate::domain::keys::sha256;
use crate::store::StoreError;

use super::super::shared::Shared;
use super::NotReconciled;
use super::kept::{KeptFile, Printed};
use super::limits::RecordingBounds;

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

/// What of a file's content is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Nothing: it is kept.
    Nothing,
    /// All of it; it is the new file at this place of the request.
    New(usize),
    /// What it says, as this parser reads it; it is this kept file.
    Again(i64),
}

/// A file with what it says.
#[derive(Debug)]
pub(super) struct ReadFile {
    pub(super) name: String,
    pub(super) hash: [u8; 32],
    pub(super) keep: Keep,
    pub(super) statements: Vec<Statement>,
    /// The fingerprints of the statements' rows.
    pub(super) prints: Vec<Vec<Fingerprint>>,
    /// Whether a statement brought nothing but rows that were known.
    pub(super) repeats: Vec<bool>,
}

impl ReadFile {
    fn kept(file: &KeptFile, printed: Printed) -> Self {
        let repeats = (0..printed.len()).map(|place| file.is_repeat(place)).collect();
        let (statements, prints) = printed.into_iter().unzip();
        Self {
            name: file.name.clone(),
            hash: file.hash,
            keep: if file.is_current { Keep::Nothing } else { Keep::Again(file.id) },
            statements,
            prints,
            repeats,
        }
    }
}

/// The files of one business day.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Kept ones first, in the order in which they came.
    pub(super) files: Vec<ReadFile>,
}

impl Evidence {
    /// All statements, in order.
    pub(super) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.files.iter().flat_map(|read| &read.statements)
    }

    /// All lines with their files' names, by the places that a matching gives back.
    pub(super) fn lines(&self) -> Vec<(&str, &StatementLine)> {
        let mut lines = Vec::new();
        for ReadFile { name, statements, .. } in &self.files {
            let of_file = statements.iter().flat_map(|statement| &statement.lines);
            lines.extend(of_file.map(|line| (name.as_str(), line)));
        }
        lines
    }

    /// The fingerprints of all rows.
    pub(super) fn prints(&self) -> impl Iterator<Item = Fingerprint> {
        self.files.iter().flat_map(|read| &read.prints).flatten().copied()
    }

    /// The files that are new.
    pub(super) fn added(&self) -> impl Iterator<Item = (&ReadFile, usize)> {
        self.files.iter().filter_map(|read| match read.keep {
            Keep::New(place) => Some((read, place)),
            Keep::Nothing | Keep::Again(_) => None,
        })
    }

    /// How many rows the new files have.
    pub(super) fn new_rows(&self) -> u64 {
        let lines = self.added().flat_map(|(read, _place)| &read.statements);
        let count = lines.map(|statement| statement.lines.len()).fold(0, usize::saturating_add);
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// The account that the files name, where they do.
    pub(super) fn account(&self) -> Option<(&str, &str)> {
        let mut named = self.files.iter().flat_map(|read| {
            let accounts = read.statements.iter().filter_map(|one| one.account.as_deref());
            accounts.map(|account| (account, read.name.as_str()))
        });
        // A slip of the pen is not an account, and does not stand in a right one's way.
        named.find(|(account, _file)| bankfile::is_account(account))
    }
}

/// The places of the sent files that the day does not rest on yet, each content once.
pub(super) fn new_files(day: Date, kept: &[KeptFile], sent: &[SentFile]) -> Vec<usize> {
    let of_day = kept.iter().filter(|file| file.day == day);
    let mut known: HashSet<[u8; 32]> = of_day.map(|file| file.hash).collect();
    let places = sent.iter().enumerate();
    let new = places.filter(|(_place, file)| known.insert(sha256(&[&file.content])));
    new.map(|(place, _file)| place).collect()
}

/// What files are read for.
pub(super) struct Wanted<'a> {
    pub(super) bank: &'a BankCode,
    pub(super) day: Date,
    /// The account that they have to be of, where it is registered.
    pub(super) account: Option<String>,
    pub(super) bounds: &'a RecordingBounds,
}

/// Reads new files, then what is kept of the day's others. One that may not be used ends it all.
pub(super) fn gather(
    shared: &Shared,
    wanted: Wanted<'_>,
    kept: &[KeptFile],
    (sent, new): (&[SentFile], &[usize]),
) -> Result<Evidence, NotReconciled> {
    let (bank, day) = (wanted.bank, wanted.day);
    let of_day = || kept.iter().filter(|file| file.day == day);
    let before = of_day().map(KeptFile::lines).fold(0, u64::saturating_add);
    let read = read_new(wanted, before, (sent, new))?;
    let mut evidence = Evidence::default();
    for file in of_day() {
        evidence.files.push(ReadFile::kept(file, file.read(shared, bank)?));
    }
    let lines = read.iter().flat_map(|(_place, file)| &file.statements);
    let first = lines.flat_map(|statement| &statement.lines).map(|line| line.booking_date).min();
    let mut history = History::default();
    if !read.is_empty() {
        for file in kept {
            history.files.insert(file.hash);
            let first = first.map_or(day, Date::from);
            file.remember(shared, (&mut history, bank), first)?;
        }
    }
    let expected = Expected::for_day(bank.clone(), day);
    for (place, file) in read {
        let name = sent.get(place).map_or_else(String::new, |sent| sent.name.clone());
        let accepted = integrity::check(&file, &history, &expected)
            .map_err(|trouble| refused(&name, trouble.status().as_str(), trouble.to_string()))?;
        history.remember(&file, &accepted);
        let BankFile { hash, statements, .. } = file;
        evidence.files.push(ReadFile {
            name,
            hash,
            keep: Keep::New(place),
            prints: statements.iter().map(|one| extract::fingerprints(bank, one)).collect(),
            repeats: accepted.statements.iter().map(|statement| statement.is_repeat).collect(),
            statements,
        });
    }
    Ok(evidence)
}

/// Reads the new files. Whose account they are of and how many rows they have is looked at while
/// they are read.
fn read_new(
    wanted: Wanted<'_>,
    before: u64,
    (sent, new): (&[SentFile], &[usize]),
) -> Result<Vec<(usize, BankFile)>, NotReconciled> {
    let Wanted { bank, day, mut account, bounds } = wanted;
    let mut left = bounds.rows.min(bounds.day_rows.saturating_sub(before));
    let mut read = Vec::new();
    for place in new {
        let Some(file) = sent.get(*place) else { continue };
        let within = Bounds { account: account.clone(), one_account: true, rows: Some(left) };
        let how = how_to_read((bank, day), (file.format, file.profile.as_deref()), within)
            .map_err(|reason| refused(&file.name, "bad_file", reason))?;
        let opened = bankfile::open(file.content.as_slice(), &how);
        let opened = opened.map_err(|error| {
            let reason = error.reason.to_string();
            if matches!(error.reason, Reason::TooManyRows { .. }) {
                NotReconciled::TooManyRows { most: bounds.rows }
            } else if matches!(error.reason, Reason::WrongAccount { .. }) {
                refused(&file.name, "wrong_account", reason)
            } else {
                refused(&file.name, "bad_file", error.to_string())
            }
        })?;
        let lines = opened.statements.iter().map(|statement| statement.lines.len());
        let lines = u64::try_from(lines.fold(0, usize::saturating_add)).unwrap_or(u64::MAX);
        left = left.saturating_sub(lines);
        let mut named = opened.statements.iter().filter_map(|one| one.account.clone());
        account = account.or_else(|| named.next());
        read.push((*place, opened));
    }
    Ok(read)
}

fn refused(file: &str, status: &'static str, reason: String) -> NotReconciled {
    NotReconciled::Refused { file: file.to_owned(), status, reason }
}

/// How a bank's file of a day is read.
pub(super) fn how_to_read(
    (bank, day): (&BankCode, Date),
    (format, profile): (Option<Format>, Option<&str>),
    bounds: Bounds,
) -> Result<ReadAs, String> {
    let profile = profile.map(Profile::parse).transpose().map_err(|error| error.to_string())?;
    Ok(ReadAs { format, bank: Some(bank.clone()), profile, around: Some(day.naive()), bounds })
}

/// Files with fewer rows than this are looked at row by row, whatever they name.
const FEW: usize = 20;

/// Refuses a new file if most of its rows name settlements that do not belong to the view: it
/// belongs to someone else.
pub(super) fn refuse_foreign(
    evidence: &Evidence,
    named: &HashSet<String>,
) -> Result<(), NotReconciled> {
    for (file, _place) in evidence.added() {
        let lines = || file.statements.iter().flat_map(|statement| &statement.lines);
        let is_foreign = |line: &&StatementLine| {
            let references = line.settlement_references();
            !references.is_empty() && !references.iter().any(|one| named.contains(*one))
        };
        let (all, foreign) = (lines().count(), lines().filter(is_foreign).count());
        if all >= FEW && foreign > all.saturating_sub(foreign) {
            let reason = format!("{foreign} of {all} rows name settlements of others");
            return Err(refused(&file.name, "foreign_rows", reason));
        }
    }
    Ok(())
}

/// What can't be known of a kept file is an error of the database.
impl From<extract::NotKept> for StoreError {
    fn from(error: extract::NotKept) -> Self {
        Self::corrupt(error.to_string())
    }
}
