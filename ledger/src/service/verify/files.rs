//! Kept bank files: their bytes against their hashes, and what is kept of what they say against the bytes,
//! read anew.

use ring::digest::{Context, SHA256};

use crate::bankfile::extract::{self, PARSER};
use crate::bankfile::{Statement, is_account, same_account};
use crate::domain::bank::BankCode;
use crate::domain::calendar::Date;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::kept::StatementRow;
use crate::store::verify::{FilePartRow, KeptFileRow, KeptRows};

use super::super::reconciling::kept::{read_again, to_keep};
use super::{Check, Run, require};

/// Checks files.
pub(super) fn run(run: &mut Run<'_>) -> Result<(), StoreError> {
    run.check("bank_files", bytes)?;
    run.check("bank_file_rows", contents)?;
    run.check("recording_counts", |connection, check| {
        check.note_rules(connection.broken_counts()?);
        connection.each_account_in_files(&mut |(merchant, registered, named)| {
            let is_its = match &registered {
                Some(registered) => same_account(registered, &named),
                None => false,
            } || !is_account(&named);
            check.seen(require(is_its, || {
                format!("merchant_accounts {merchant}: its files are of another account")
            }));
            Ok(())
        })
    })
}

/// A file while its parts go by.
struct File {
    id: i64,
    sha256: Vec<u8>,
    hash: Context,
    next: i64,
}

impl File {
    fn judge(self) -> Result<(), String> {
        require(self.hash.finish().as_ref() == self.sha256, || {
            format!("bank_files {}: its bytes are not those that were received", self.id)
        })
    }
}

fn bytes(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let mut file: Option<File> = None;
    connection.each_file_part(&mut |(id, sha256, part, content): FilePartRow| {
        if file.as_ref().is_none_or(|file| file.id != id) {
            let next = File { id, sha256, hash: Context::new(&SHA256), next: 0 };
            if let Some(before) = file.replace(next) {
                check.seen(before.judge());
            }
        }
        if let (Some(file), Some(part), Some(content)) = (&mut file, part, content) {
            check.note(require(part == file.next, || {
                format!("bank_file_parts of {id}: part {part} stands where {} should", file.next)
            }));
            file.next = part.saturating_add(1);
            file.hash.update(&content);
        }
        Ok(())
    })?;
    if let Some(last) = file {
        check.seen(last.judge());
    }
    Ok(())
}

/// Reads every file again, one at a time.
fn contents(connection: &mut Connection, check: &mut Check) -> Result<(), StoreError> {
    let mut last = i64::MIN;
    while let Some(file) = connection.next_file(last)? {
        last = file.0;
        check.seen(content(connection, &file)?);
    }
    Ok(())
}

/// Holds what is kept of a file against what it says. What an earlier version of the parser read is passed
/// over: it cannot be made again.
fn content(
    connection: &mut Connection,
    (id, bank, day, format, profile): &KeptFileRow,
) -> Result<Result<(), String>, StoreError> {
    let about = |what: String| format!("bank_files {id}: {what}");
    let (Ok(bank), Ok(day)) = (bank.parse::<BankCode>(), Date::from_number(*day)) else {
        return Ok(Err(about("its bank or its day is none".to_owned())));
    };
    let parts = |part| connection.file_part(*id, part);
    let file = match read_again(parts, (&bank, day), (format.as_str(), profile.as_deref())) {
        Ok(file) => file,
        Err(problem) => return Ok(Err(about(format!("it can't be read again: {problem}")))),
    };
    let statements = connection.statements_of_file(*id)?;
    let newest = statements.iter().map(|(parser, _row)| *parser).max();
    let Some(newest) = newest.filter(|parser| *parser <= PARSER) else {
        return Ok(Err(about(
            "nothing that this program could have read is kept of it".to_owned(),
        )));
    };
    if newest < PARSER {
        return Ok(Ok(()));
    }
    let kept =
        statements.iter().filter(|(parser, _row)| *parser == PARSER).map(|(_parser, row)| row);
    let kept: Vec<&StatementRow> = kept.collect();
    let is_same = kept.len() == file.statements.len()
        && file.statements.iter().zip(kept).enumerate().try_fold(
            true,
            |same, (place, (one, row))| {
                Ok::<bool, StoreError>(same && is_kept(*id, place, one, row)?)
            },
        )?;
    if !is_same {
        return Ok(Err(about("what is kept of its statements is not what it says".to_owned())));
    }
    let same_rows = rows(connection, *id, (&bank, &file.statements))?;
    Ok(require(same_rows, || about("what is kept of its rows is not what it says".to_owned())))
}

/// Whether a statement is kept as it is. Its file does not show whether its rows were known then.
fn is_kept(
    file: i64,
    place: usize,
    statement: &Statement,
    row: &StatementRow,
) -> Result<bool, StoreError> {
    let is_repeat = row.1.5 == 1;
    Ok(to_keep(file, (place, is_repeat), statement)?.row() == *row)
}

/// Whether exactly a file's rows are kept, in their parts.
fn rows(
    connection: &mut Connection,
    file: i64,
    (bank, statements): (&BankCode, &[Statement]),
) -> Result<bool, StoreError> {
    let mut wanted = (0..).zip(statements).flat_map(|(place, statement)| {
        let prints = extract::fingerprints(bank, statement);
        let parts: Vec<_> = extract::parts(statement, &prints).collect();
        (0..).zip(parts).map(move |(part, rows)| (place, part, rows))
    });
    let mut is_same = true;
    connection.each_kept_rows(file, &mut |(
        parser,
        statement,
        part,
        last_day,
        prints,
        content,
    ): KeptRows| {
        if parser == PARSER {
            is_same &= wanted.next().is_some_and(|(of, at, rows)| {
                rows.is_ok_and(|rows| {
                    (of, at) == (statement, part)
                        && Date::from(rows.last_day).as_number() == last_day
                        && rows.prints == prints
                        && rows.content == content
                })
            });
        }
        Ok(())
    })?;
    Ok(is_same && wanted.next().is_none())
}
