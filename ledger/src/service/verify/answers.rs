//! The answers that were recorded for repeats, against what they are about.

use crate::domain::calendar::{Date, Instant};
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::verify::{AnswerRecord, AnsweredReversal};

use super::{Check, Run, require};

/// Checks recorded answers.
pub(super) fn run(run: &mut Run<'_>) -> Result<(), StoreError> {
    run.check("recorded_answers", |connection, check| {
        each(connection, check, "is no reversal's", &tells)?;
        check.note_rules(connection.broken_answers()?);
        Ok(())
    })
}

/// Whether the answer says what the reversal does: how much, when, for which day; as it is rendered.
fn tells(row: &AnswerRecord, about: &AnsweredReversal) -> bool {
    let date = i32::try_from(about.business_date).ok().and_then(|day| Date::from_number(day).ok());
    let end = date.map(|date| format!("\"business_date\":\"{date}\"}}"));
    row.status == 201
        && row.answer.starts_with("{\"id\":\"")
        && row.answer.contains(&format!("\"amount\":{},", about.amount))
        && row.answer.contains(&Instant::from_millis(row.created_at).rfc3339())
        && end.is_some_and(|end| row.answer.ends_with(&end))
}

fn is_json(row: &AnswerRecord) -> bool {
    row.answer.starts_with('{')
}

/// Holds every answer against the shop's reversals of the same moment, of which one has to fit. Whoever records an
/// answer renders it: one that is not JSON is skipped, as long as there is a reversal.
pub(super) fn each(
    connection: &mut Connection,
    check: &mut Check,
    problem: &str,
    fits: &dyn Fn(&AnswerRecord, &AnsweredReversal) -> bool,
) -> Result<(), StoreError> {
    let judge = |scope: i64, holds: bool| {
        require(holds, || format!("idempotency_records of {scope}: its answer {problem}"))
    };
    let mut last: Option<(AnswerRecord, bool)> = None;
    connection.each_answer(&mut |row| {
        let holds = row.reversal.as_ref().is_some_and(|about| !is_json(&row) || fits(&row, about));
        match &mut last {
            Some((of, any)) if of.key_hash == row.key_hash && of.scope == row.scope => {
                *any |= holds;
            }
            _ => {
                if let Some((of, any)) = last.replace((row, holds)) {
                    check.seen(judge(of.scope, any));
                }
            }
        }
        Ok(())
    })?;
    if let Some((of, any)) = last {
        check.seen(judge(of.scope, any));
    }
    Ok(())
}
