//! Kept files, by what is kept of what they say: a file's bytes are read again only where the parser is
//! another than the one that read them.

use std::io::{self, Cursor, Read};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::bankfile::extract::{self, NotKept, PARSER};
use crate::bankfile::integrity::{Fingerprint, History, StatementEnd};
use crate::bankfile::{self, BankFile, Bounds, Format, Statement, StatementKind, StatementNumber};
use crate::domain::bank::BankCode;
use crate::domain::calendar::Date;
use crate::store::StoreError;
use crate::store::kept::{NewFileStatement, StatementRow};
use crate::store::reconciliations::FileRow;

use super::super::shared::Shared;
use super::evidence::how_to_read;

/// Statements with their rows' fingerprints.
pub(super) type Printed = Vec<(Statement, Vec<Fingerprint>)>;

/// A kept file.
#[derive(Debug)]
pub(super) struct KeptFile {
    pub(super) id: i64,
    /// The business day for which it was recorded.
    pub(super) day: Date,
    pub(super) hash: [u8; 32],
    pub(super) name: String,
    format: String,
    profile: Option<String>,
    statements: Vec<Kept>,
    /// Whether it was read by the parser that reads files now.
    pub(super) is_current: bool,
}

/// What is kept of a statement.
#[derive(Debug)]
struct Kept {
    place: i32,
    statement: Statement,
    last_day: Option<NaiveDate>,
    lines: usize,
    is_repeat: bool,
}

impl KeptFile {
    /// Puts files and their statements together.
    pub(super) fn all(
        files: Vec<FileRow>,
        statements: Vec<(i16, StatementRow)>,
    ) -> Result<Vec<Self>, StoreError> {
        let mut all = Vec::with_capacity(files.len());
        for (id, day, hash, name, format, profile) in files {
            let corrupt = |what: &str| StoreError::corrupt(format!("bank file {id}: {what}"));
            let of_file = || statements.iter().filter(|(_parser, row)| row.0.0 == id);
            let parser = of_file().map(|(parser, _row)| *parser).max();
            let rows = of_file().filter(|(of, _row)| Some(*of) == parser);
            let read: Option<Vec<Kept>> = rows.map(|(_parser, row)| kept(row)).collect();
            all.push(Self {
                id,
                day: Date::from_number(day).map_err(|error| corrupt(&error.to_string()))?,
                hash: hash.try_into().map_err(|_other| corrupt("its hash is of another length"))?,
                name,
                format,
                profile,
                statements: read.ok_or_else(|| corrupt("what is kept of it can't be read"))?,
                is_current: parser == Some(PARSER),
            });
        }
        Ok(all)
    }

    /// How many rows it has.
    pub(super) fn lines(&self) -> u64 {
        let lines = self.statements.iter().map(|kept| kept.lines).fold(0, usize::saturating_add);
        u64::try_from(lines).unwrap_or(u64::MAX)
    }

    /// Whether all of a statement's rows were already known when it came.
    pub(super) fn is_repeat(&self, place: usize) -> bool {
        self.statements.get(place).is_some_and(|kept| kept.is_repeat)
    }

    /// All that it says.
    pub(super) fn read(&self, shared: &Shared, bank: &BankCode) -> Result<Printed, StoreError> {
        if self.is_current {
            return self.statements.iter().map(|kept| self.rows(shared, kept)).collect();
        }
        let corrupt = |what: String| StoreError::corrupt(format!("bank file {}: {what}", self.id));
        let parts = |part| shared.read_long(|connection| connection.file_part(self.id, part));
        let how = (self.format.as_str(), self.profile.as_deref());
        let file = read_again(parts, (bank, self.day), how).map_err(corrupt)?;
        if file.hash != self.hash {
            return Err(corrupt("its bytes are not those that were received".to_owned()));
        }
        let printed = |one: Statement| {
            let prints = extract::fingerprints(bank, &one);
            (one, prints)
        };
        Ok(file.statements.into_iter().map(printed).collect())
    }

    fn rows(
        &self,
        shared: &Shared,
        kept: &Kept,
    ) -> Result<(Statement, Vec<Fingerprint>), StoreError> {
        let mut statement = kept.statement.clone();
        let mut prints = Vec::with_capacity(kept.lines);
        for part in 0.. {
            let place = (kept.place, part);
            let found =
                shared.read_long(|connection| connection.kept_rows((self.id, PARSER), place))?;
            let Some((of_rows, content)) = found else { break };
            prints.extend(extract::read_prints(&of_rows).map_err(|error| self.corrupt(error))?);
            let lines = extract::read_rows(&content).map_err(|error| self.corrupt(error))?;
            statement.lines.extend(lines);
        }
        if (statement.lines.len(), prints.len()) != (kept.lines, kept.lines) {
            return Err(self.corrupt(NotKept));
        }
        Ok((statement, prints))
    }

    fn corrupt(&self, error: NotKept) -> StoreError {
        StoreError::corrupt(format!("bank file {}: {error}", self.id))
    }

    /// Has a history remember the file, with those of its rows that a file from `first` on could have
    /// again.
    pub(super) fn remember(
        &self,
        shared: &Shared,
        (history, bank): (&mut History, &BankCode),
        first: Date,
    ) -> Result<(), StoreError> {
        if !self.is_current {
            for (place, (statement, prints)) in self.read(shared, bank)?.iter().enumerate() {
                if !self.is_repeat(place) {
                    let end = StatementEnd::of(statement);
                    history.recall(statement.account.as_deref(), end, prints);
                }
            }
            return Ok(());
        }
        let known =
            shared.read_long(|connection| connection.kept_prints((self.id, PARSER), first))?;
        for kept in self.statements.iter().filter(|kept| !kept.is_repeat) {
            let mut prints = Vec::new();
            for (_place, part) in known.iter().filter(|(place, _part)| *place == kept.place) {
                prints.extend(extract::read_prints(part).map_err(|error| self.corrupt(error))?);
            }
            let end = StatementEnd { last_day: kept.last_day, ..StatementEnd::of(&kept.statement) };
            history.recall(kept.statement.account.as_deref(), end, &prints);
        }
        Ok(())
    }
}

/// A statement as it is kept, without its rows; `None` when the row is not one.
fn kept(row: &StatementRow) -> Option<Kept> {
    let ((_file, place, layout, account, kind, opening, closing), rest) = row;
    let (number, page, period_to, last_day, lines, is_repeat) = *rest;
    let sum = |text: &Option<String>| text.as_deref().map(str::parse::<Decimal>).transpose().ok();
    let day = |number: Option<i32>| match number {
        Some(number) => Date::from_number(number).ok().map(|day| Some(day.naive())),
        None => Some(None),
    };
    let mut statement = Statement::empty(layout, "IDR");
    statement.account.clone_from(account);
    statement.details.kind = KINDS.iter().find(|(of, _kind)| of == kind)?.1;
    statement.opening = sum(opening)?;
    statement.closing = sum(closing)?;
    let counted = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
    statement.number =
        counted(number).map(|statement| StatementNumber { statement, page: counted(page) });
    statement.details.to = day(period_to)?;
    Some(Kept {
        place: *place,
        statement,
        last_day: day(last_day)?,
        lines: usize::try_from(lines).ok()?,
        is_repeat: is_repeat == 1,
    })
}

/// The kinds of statements in the store.
const KINDS: [(i16, StatementKind); 3] =
    [(1, StatementKind::Statement), (2, StatementKind::Interim), (3, StatementKind::Notification)];

/// A statement as it is to be kept, at its place in the file.
pub(in crate::service) fn to_keep(
    file_id: i64,
    (place, is_repeat): (usize, bool),
    statement: &Statement,
) -> Result<NewFileStatement, StoreError> {
    let too_many = || StoreError::corrupt("a file of too many statements or rows");
    let count = |number: usize| i32::try_from(number).map_err(|_large| too_many());
    let kind = KINDS.iter().find(|(_of, kind)| *kind == statement.details.kind);
    let day = |date: Option<NaiveDate>| date.map(|date| Date::from(date).as_number());
    // A number that no bank counts up to is ignored.
    let counted = |number: u64| i64::try_from(number).ok();
    let number = statement.number;
    Ok(NewFileStatement {
        file_id,
        parser: PARSER,
        statement: count(place)?,
        layout: statement.layout.clone(),
        account: statement.account.clone(),
        kind: kind.map_or(1, |(of, _kind)| *of),
        opening: statement.opening.map(|sum| sum.normalize().to_string()),
        closing: statement.closing.map(|sum| sum.normalize().to_string()),
        number: number.and_then(|number| counted(number.statement)),
        page: number.and_then(|number| number.page).and_then(counted),
        period_to: day(statement.details.to),
        last_day: day(StatementEnd::of(statement).last_day),
        line_count: count(statement.lines.len())?,
        is_repeat: i16::from(is_repeat),
    })
}

/// Reads a kept file again; a part of its bytes at a time is in memory.
pub(in crate::service) fn read_again(
    part: impl FnMut(i32) -> Result<Option<Vec<u8>>, StoreError> + Send,
    of: (&BankCode, Date),
    (format, profile): (&str, Option<&str>),
) -> Result<BankFile, String> {
    let how = how_to_read(of, (Format::named(format), profile), Bounds::default())?;
    let bytes = KeptBytes { part, next: 0, current: Cursor::default() };
    bankfile::open(bytes, &how).map_err(|error| error.to_string())
}

/// A kept file's bytes, part by part.
struct KeptBytes<F> {
    part: F,
    next: i32,
    current: Cursor<Vec<u8>>,
}

impl<F: FnMut(i32) -> Result<Option<Vec<u8>>, StoreError>> Read for KeptBytes<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.current.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let part = (self.part)(self.next).map_err(io::Error::other)?;
            let Some(part) = part else { return Ok(0) };
            self.next = self.next.saturating_add(1);
            self.current = Cursor::new(part);
        }
    }
}
