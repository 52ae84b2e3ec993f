//! Reconciliations: recording, reading, signing off.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::domain::bank::BankCode;
use ledger::domain::calendar::Date;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{
    NotReconciled, NotSigned, Reader, ReconcileRequest, Reconciliation, RecordedOutcome, Scope,
};
use serde::{Deserialize, Serialize};

use super::require_bank;
use crate::app::App;
use crate::auth::{Anyone, Bank, Reading, Session};
use crate::extract::Body;
use crate::problem::{Code, Problem};
use crate::security::{Step, note_step};
use crate::wire::exception::MAX_TEXT;
use crate::wire::paging::{Page, PageParams, PageQuery, bad_cursor, seal_cursor};
use crate::wire::reconciliation::{AsJson, ReconcileBody, ReconciliationAnswer, outcome};
use crate::wire::{invalid, text};
use crate::writing::writing;

/// Reconciles a day with the files in the body, and records the result: 201, or 200 when the same
/// files were recorded before.
pub(super) async fn record(
    app: web::Data<App>,
    who: Anyone,
    body: Body<ReconcileBody>,
) -> Result<HttpResponse, Problem> {
    let Anyone(session) = who;
    // Who may not do this sends no file for nothing.
    if matches!(session.scope, Scope::Auditor | Scope::Programme) {
        return Err(Problem::new(Code::RoleNotAllowed));
    }
    let (body, received) = app.files.receive(&session, body).await?;
    let (bank, day, files) = body.parse()?;
    let request = request(&session, &bank, day)?;
    let turn = received.turn().await?;
    let ledger = Arc::clone(&app.ledger);
    let (recorded, is_new) = writing(move || {
        let _held_until_done = turn;
        ledger.reconcile(&ReconcileRequest { files, ..request }, &AsJson)
    })
    .await?;
    let answer = ReconciliationAnswer::of(app.ledger.keys(), recorded)?;
    let mut response = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(answer))
}

/// The request without its files; a bank reconciles all its merchants, a merchant its own.
fn request(session: &Session, bank: &str, day: Date) -> Result<ReconcileRequest, Problem> {
    let other = || invalid("/bank", "is not the caller's");
    let code: BankCode = bank.parse().map_err(|_unreadable| other())?;
    let (bank, merchant) = match &session.scope {
        Scope::Bank(bank, own) if *own == code => (*bank, None),
        Scope::Merchant(shop) if shop.bank_code == code => (shop.bank, Some(shop.merchant)),
        Scope::Bank(..) | Scope::Merchant(_) => return Err(other()),
        Scope::Auditor | Scope::Programme => return Err(Problem::new(Code::RoleNotAllowed)),
    };
    let (client, files) = (session.client, Vec::new());
    Ok(ReconcileRequest { client, bank: (bank, code), merchant, day, files })
}

/// The query of `GET /v1/reconciliations`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    bank: Option<String>,
    business_date: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// Reconciliations, in the order in which they were first recorded.
pub(super) async fn list(
    app: web::Data<App>,
    caller: Reading,
    params: web::Query<Params>,
) -> Result<HttpResponse, Problem> {
    let Params { bank, business_date, limit, cursor } = params.into_inner();
    let page = PageQuery::read(limit.as_deref(), cursor.as_deref())?;
    let (after, most) = (page.after_id()?, page.limit());
    let day: Option<Date> = business_date
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error| invalid("/business_date", error))?;
    let ledger = Arc::clone(&app.ledger);
    let mut rows = web::block(move || {
        ledger.require_standing(caller.client)?;
        require_bank(&ledger, bank.as_deref())?;
        let place = (after, most.saturating_add(1));
        Ok::<_, Problem>(ledger.reconciliations(caller.reader, (bank.as_deref(), day), place)?)
    })
    .await??;
    let next = page.cut(&mut rows, |row| row.id);
    let keys = app.ledger.keys();
    let data = rows.into_iter().map(|row| ReconciliationAnswer::of(keys, row));
    let data: Vec<_> = data.collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: next }))
}

/// One reconciliation.
pub(super) async fn read_one(
    app: web::Data<App>,
    caller: Reading,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = decoded(&app, &id)?;
    let ledger = Arc::clone(&app.ledger);
    let found = web::block(move || {
        ledger.require_standing(caller.client)?;
        Ok::<_, Problem>(ledger.reconciliation(caller.reader, id)?)
    })
    .await??;
    let found = found.ok_or(Problem::new(Code::NotFound))?;
    Ok(HttpResponse::Ok().json(ReconciliationAnswer::of(app.ledger.keys(), found)?))
}

/// A page of outcomes: their business day and key are the cursor.
#[derive(Serialize)]
struct ResultPage {
    data: Vec<Box<serde_json::value::RawValue>>,
    next_cursor: Option<String>,
}

/// The outcomes of a reconciliation, by business day and key.
pub(super) async fn results(
    app: web::Data<App>,
    caller: Reading,
    id: web::Path<String>,
    params: web::Query<PageParams>,
) -> Result<HttpResponse, Problem> {
    let id = decoded(&app, &id)?;
    let page = PageQuery::read(params.limit.as_deref(), params.cursor.as_deref())?;
    let limit = page.limit();
    let after = match page.cursor() {
        None => (0, String::new()),
        Some(cursor) => place_of(cursor).ok_or_else(bad_cursor)?,
    };
    let ledger = Arc::clone(&app.ledger);
    let rows = web::block(move || {
        ledger.require_standing(caller.client)?;
        if ledger.reconciliation(caller.reader, id)?.is_none() {
            return Err(Problem::new(Code::NotFound));
        }
        Ok(ledger.reconciliation_results(id, after, limit.saturating_add(1))?)
    })
    .await??;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > most;
    let shown: Vec<RecordedOutcome> = rows.into_iter().take(most).collect();
    let next_cursor = shown
        .last()
        .filter(|_last| has_more)
        .map(|last| seal_cursor(&format!("{}~{}", last.day.as_number(), last.key)));
    let data = shown.into_iter().map(outcome).collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(ResultPage { data, next_cursor }))
}

fn place_of(cursor: &str) -> Option<(i32, String)> {
    let (day, key) = cursor.split_once('~')?;
    Some((day.parse().ok()?, key.to_owned()))
}

/// Signs a day off.
pub(super) async fn sign_off(
    app: web::Data<App>,
    caller: Bank,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = decoded(&app, &id)?;
    let ledger = Arc::clone(&app.ledger);
    let Bank { client, bank, .. } = caller;
    let reader = Reader::Bank(bank);
    let signed = writing(move || {
        ledger.sign_off(client, bank, id)?;
        Ok::<_, Problem>(ledger.reconciliation(reader, id)?)
    });
    Ok(note_step(Step::Agreed, shown(&app, signed.await?)?))
}

/// The body of `POST /v1/reconciliations/{id}/reopenings`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReopenBody {
    reason: String,
}

/// Opens a signed day again.
pub(super) async fn reopen(
    app: web::Data<App>,
    caller: Bank,
    id: web::Path<String>,
    body: Body<ReopenBody>,
) -> Result<HttpResponse, Problem> {
    let id = decoded(&app, &id)?;
    let reason = text("/reason", &body.json().await?.reason, MAX_TEXT)?;
    let ledger = Arc::clone(&app.ledger);
    let Bank { client, bank, .. } = caller;
    let reader = Reader::Bank(bank);
    let reopened = writing(move || {
        ledger.reopen(client, bank, id, reason)?;
        Ok::<_, Problem>(ledger.reconciliation(reader, id)?)
    });
    Ok(note_step(Step::Agreed, shown(&app, reopened.await?)?))
}

fn shown(app: &web::Data<App>, found: Option<Reconciliation>) -> Result<HttpResponse, Problem> {
    let found = found.ok_or(Problem::new(Code::NotFound))?;
    Ok(HttpResponse::Ok().json(ReconciliationAnswer::of(app.ledger.keys(), found)?))
}

fn decoded(app: &web::Data<App>, id: &str) -> Result<i64, Problem> {
    let id = public_id::decode(app.ledger.keys(), IdKind::Reconciliation, id);
    id.map(|(id, _)| id.0).ok_or(Problem::new(Code::NotFound))
}

impl From<NotReconciled> for Problem {
    fn from(error: NotReconciled) -> Self {
        match error {
            NotReconciled::DayNotClosed(_) => Self::new(Code::DayNotClosed),
            NotReconciled::Refused { file, status, reason } => {
                let code = match status {
                    "wrong_account" => Code::WrongAccount,
                    "foreign_rows" => Code::ForeignRows,
                    _ => Code::FileRefused,
                };
                Self::at(code, "/files", format!("{file}: {status}: {reason}"))
            }
            NotReconciled::TooManyRows { most } => {
                Self::at(Code::TooManyRows, "/files", format!("may have {most} rows"))
            }
            NotReconciled::TooManyExceptions { found, most } => {
                let detail = format!("make {found} differences, may make {most}");
                Self::at(Code::TooManyExceptions, "/files", detail)
            }
            NotReconciled::DayFull { seconds, .. } => {
                let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
                Self::bounded(Code::RecordingsExhausted, seconds)
            }
            NotReconciled::NoFile => Self::new(Code::FileMissing),
            NotReconciled::SignedOff => Self::new(Code::SignedOff),
            NotReconciled::ClientRevoked => Self::new(Code::TokenInvalid),
            NotReconciled::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<NotSigned> for Problem {
    fn from(error: NotSigned) -> Self {
        match error {
            NotSigned::NotFound => Self::new(Code::NotFound),
            NotSigned::SamePerson => Self::new(Code::SecondPersonRequired),
            NotSigned::StillOpen(_) => Self::new(Code::ExceptionsOpen),
            NotSigned::SuspenseDiffers { .. } => {
                Self::at(Code::SuspenseDiffers, "", error.to_string())
            }
            NotSigned::OtherState => Self::new(Code::SignedOff),
            NotSigned::ClientRevoked => Self::new(Code::TokenInvalid),
            NotSigned::Trouble(trouble) => trouble.into(),
        }
    }
}
