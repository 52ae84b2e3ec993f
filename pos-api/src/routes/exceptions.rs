//! Differences between the ledger and the banks: reading them, and deciding them.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::domain::calendar::Date;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{Clerk, ExceptionState, NotResolved, Scope};
use serde::{Deserialize, Serialize};

use super::require_bank;
use crate::app::App;
use crate::auth::{Anyone, Reading, Totals};
use crate::extract::Body;
use crate::problem::{Code, Problem};
use crate::security::{Step, note_step};
use crate::wire::exception::{
    BulkBody, ExceptionAnswer, ExceptionParams, NoteBody, ResolutionBody,
};
use crate::wire::invalid;
use crate::wire::paging::{Page, PageQuery};
use crate::writing::{certain, writing};

/// The largest body of a decision about many differences, in bytes.
const MANY: usize = 64 * 1024;

/// Differences, in the order in which they were found: open ones, or all.
pub(super) async fn list(
    app: web::Data<App>,
    caller: Reading,
    params: web::Query<ExceptionParams>,
) -> Result<HttpResponse, Problem> {
    let page = PageQuery::read(params.limit.as_deref(), params.cursor.as_deref())?;
    let (after, most) = (page.after_id()?, page.limit());
    let query = params.query()?;
    let ledger = Arc::clone(&app.ledger);
    let mut rows = web::block(move || {
        ledger.require_standing(caller.client)?;
        require_bank(&ledger, query.bank.as_deref())?;
        let place = (after, most.saturating_add(1));
        Ok::<_, Problem>(ledger.exceptions(caller.reader, &query, place)?)
    })
    .await??;
    let next = page.cut(&mut rows, |row| row.id);
    let keys = app.ledger.keys();
    let data = rows.into_iter().map(|row| ExceptionAnswer::of(keys, row, None));
    let data: Vec<_> = data.collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: next }))
}

/// One difference with its history.
pub(super) async fn read_one(
    app: web::Data<App>,
    caller: Reading,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = decoded(&app, &id)?;
    let ledger = Arc::clone(&app.ledger);
    let found = web::block(move || {
        ledger.require_standing(caller.client)?;
        Ok::<_, Problem>(ledger.exception(caller.reader, id)?)
    })
    .await??;
    let (shown, events) = found.ok_or(Problem::new(Code::NotFound))?;
    Ok(HttpResponse::Ok().json(ExceptionAnswer::of(app.ledger.keys(), shown, Some(events))?))
}

/// Banks and merchants work on their own; an auditor only reads.
fn clerk(caller: Reading, who: &Anyone) -> Result<Clerk, Problem> {
    match who.0.scope {
        Scope::Bank(..) | Scope::Merchant(_) => {
            Ok(Clerk { client: caller.client, reader: caller.reader })
        }
        Scope::Auditor | Scope::Programme => Err(Problem::new(Code::RoleNotAllowed)),
    }
}

/// Decides a difference: 200, or 202 when a second person has to agree.
pub(super) async fn resolve(
    app: web::Data<App>,
    caller: Reading,
    who: Anyone,
    id: web::Path<String>,
    body: Body<ResolutionBody>,
) -> Result<HttpResponse, Problem> {
    let clerk = clerk(caller, &who)?;
    let id = decoded(&app, &id)?;
    let decision = body.json().await?.parse()?;
    let ledger = Arc::clone(&app.ledger);
    let shown = writing(move || ledger.resolve_exception(clerk, id, decision)).await?;
    let waits = shown.state == ExceptionState::Proposed;
    let mut response = if waits { HttpResponse::Accepted() } else { HttpResponse::Ok() };
    let response = response.json(ExceptionAnswer::of(app.ledger.keys(), shown, None)?);
    Ok(if waits { note_step(Step::Proposed, response) } else { response })
}

/// What became of one of several.
#[derive(Serialize)]
struct BulkAnswer {
    id: String,
    state: Option<&'static str>,
    code: Option<&'static str>,
}

/// Decides several differences alike, each by itself; the answer says what became of each.
pub(super) async fn resolve_all(
    app: web::Data<App>,
    caller: Reading,
    who: Anyone,
    body: Body<BulkBody>,
) -> Result<HttpResponse, Problem> {
    let clerk = clerk(caller, &who)?;
    let (ids, resolution, reason) =
        body.json_up_to(MANY, std::time::Duration::from_secs(30)).await?.parse()?;
    let ledger = Arc::clone(&app.ledger);
    let data = writing(move || {
        let one = |id: String| {
            let found = public_id::decode(ledger.keys(), IdKind::Exception, &id);
            let done = match found {
                Some((row, _)) => {
                    certain(|| ledger.resolve_exception(clerk, row.0, (resolution, reason.clone())))
                }
                None => Err(Problem::new(Code::NotFound)),
            };
            match done {
                Ok(shown) => BulkAnswer { id, state: Some(shown.state.as_str()), code: None },
                Err(problem) => BulkAnswer { id, state: None, code: Some(problem.code().as_str()) },
            }
        };
        Ok::<_, Problem>(ids.into_iter().map(one).collect::<Vec<_>>())
    })
    .await?;
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: None }))
}

/// Writes a note on a difference, and who works on it.
pub(super) async fn note(
    app: web::Data<App>,
    caller: Reading,
    who: Anyone,
    id: web::Path<String>,
    body: Body<NoteBody>,
) -> Result<HttpResponse, Problem> {
    let clerk = clerk(caller, &who)?;
    let id = decoded(&app, &id)?;
    let text = body.json().await?.parse()?;
    let ledger = Arc::clone(&app.ledger);
    let found = writing(move || {
        ledger.note_exception(clerk, id, text)?;
        Ok::<_, Problem>(ledger.exception(clerk.reader, id)?)
    })
    .await?;
    let (shown, events) = found.ok_or(Problem::new(Code::NotFound))?;
    Ok(HttpResponse::Created().json(ExceptionAnswer::of(app.ledger.keys(), shown, Some(events))?))
}

/// The query of `GET /v1/net-positions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PositionParams {
    business_date: String,
}

#[derive(Serialize)]
struct PositionsAnswer {
    business_date: String,
    positions: Vec<PositionAnswer>,
    pairs: Vec<PairAnswer>,
}

/// What a bank gets from (above zero) or owes to (below) all others.
#[derive(Serialize)]
struct PositionAnswer {
    bank: String,
    net: i64,
}

/// What an issuer owes an acquirer.
#[derive(Serialize)]
struct PairAnswer {
    issuer: String,
    acquirer: String,
    amount: i64,
}

/// Each bank's position against each other for the purchases of a day; all positions add up to zero.
pub(super) async fn net_positions(
    app: web::Data<App>,
    caller: Totals,
    params: web::Query<PositionParams>,
) -> Result<HttpResponse, Problem> {
    let day: Date =
        params.business_date.parse().map_err(|error| invalid("/business_date", error))?;
    let ledger = Arc::clone(&app.ledger);
    let (pairs, own) = web::block(move || {
        ledger.require_standing(caller.client)?;
        let own = match caller.bank {
            Some(bank) => Some(ledger.bank_code(bank)?),
            None => None,
        };
        Ok::<_, Problem>((ledger.net_positions(day)?, own))
    })
    .await??;
    let mut positions = std::collections::BTreeMap::<String, i64>::new();
    for (issuer, acquirer, amount) in &pairs {
        let owes = positions.entry(issuer.clone()).or_default();
        *owes = owes.saturating_sub(*amount);
        let gets = positions.entry(acquirer.clone()).or_default();
        *gets = gets.saturating_add(*amount);
    }
    // A bank sees what it has to do with.
    let is_shown = |code: &str| own.as_ref().is_none_or(|own| own.as_str() == code);
    let positions = positions.into_iter().filter(|(bank, _)| is_shown(bank));
    let pairs =
        pairs.into_iter().filter(|(issuer, acquirer, _)| is_shown(issuer) || is_shown(acquirer));
    Ok(HttpResponse::Ok().json(PositionsAnswer {
        business_date: day.to_string(),
        positions: positions.map(|(bank, net)| PositionAnswer { bank, net }).collect(),
        pairs: pairs
            .map(|(issuer, acquirer, amount)| PairAnswer { issuer, acquirer, amount })
            .collect(),
    }))
}

fn decoded(app: &web::Data<App>, id: &str) -> Result<i64, Problem> {
    let id = public_id::decode(app.ledger.keys(), IdKind::Exception, id);
    id.map(|(id, _)| id.0).ok_or(Problem::new(Code::NotFound))
}

impl From<NotResolved> for Problem {
    fn from(error: NotResolved) -> Self {
        match error {
            NotResolved::NotFound => Self::new(Code::NotFound),
            NotResolved::Closed => Self::new(Code::ExceptionClosed),
            NotResolved::SecondPerson => Self::new(Code::SecondPersonRequired),
            NotResolved::NotApplicable(reason) => {
                Self::at(Code::ResolutionNotApplicable, "/resolution", reason.to_string())
            }
            NotResolved::ClientRevoked => Self::new(Code::TokenInvalid),
            NotResolved::Trouble(trouble) => trouble.into(),
        }
    }
}
