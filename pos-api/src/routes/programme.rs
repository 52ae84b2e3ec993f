//! The programme's acts: money that arrived at a bank or goes back, the monthly run and its reversal. What
//! needs two clients is answered with its proposal until the second asks for the same.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::domain::credit::RunStatus;
use ledger::domain::ids::RowId;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{
    CreditError, Decided, FundRequest, NotFunded, NotReturned, NotTakenBack, ReturnRequest,
    RunRequest, TakeBackRequest,
};

use super::answered;
use crate::app::App;
use crate::auth::{Overseer, Programme};
use crate::extract::{Body, IdempotencyKey};
use crate::problem::{Code, Problem};
use crate::security::{Step, note_step};
use crate::wire::paging::{Page, PageQuery};
use crate::wire::programme::{
    CreditRunAnswer, CreditRunBody, FundingAnswer, FundingBody, FundingLine, FundingParams,
    ReturnAnswer, ReturnBody, RunParams, RunReversalAnswer, RunReversalBody,
};
use crate::wire::proposal::{ProposalAnswer, ProposalParams};
use crate::writing::writing;

/// Records money that arrived at a distributor bank. Its reference makes a repeat known.
pub(super) async fn fund(
    app: web::Data<App>,
    caller: Programme,
    body: Body<FundingBody>,
) -> Result<HttpResponse, Problem> {
    let body = body.json().await?.parse()?;
    let ledger = Arc::clone(&app.ledger);
    let request = FundRequest {
        client: caller.client,
        bank: body.bank.clone(),
        amount: body.amount,
        reference: body.reference,
    };
    let decided = writing(move || ledger.fund(request)).await?;
    Ok(decided_as(&app, &decided, |funded| {
        let mut response = HttpResponse::Created();
        if funded.replay {
            response.insert_header(("idempotent-replayed", "true"));
        }
        response.json(FundingAnswer::of(app.ledger.keys(), (&body.bank, body.amount), funded))
    }))
}

/// The answer to what one client wanted, or two: the security log notes who was the first and who the second.
pub(super) fn decided_as<T>(
    app: &App,
    decided: &Decided<T>,
    done: impl FnOnce(&T) -> HttpResponse,
) -> HttpResponse {
    match decided {
        Decided::Done(one) => done(one),
        Decided::Agreed(two) => note_step(Step::Agreed, done(two)),
        Decided::Proposed(proposal) => {
            let answer = ProposalAnswer::of(app.ledger.keys(), proposal);
            note_step(Step::Proposed, HttpResponse::Accepted().json(answer))
        }
    }
}

/// Fundings, newest first, with what went back of each.
pub(super) async fn list_fundings(
    app: web::Data<App>,
    caller: Overseer,
    params: web::Query<FundingParams>,
) -> Result<HttpResponse, Problem> {
    let params = params.into_inner();
    let page = PageQuery::read(params.limit.as_deref(), params.cursor.as_deref())?;
    let (below, most) = (below(&page)?, page.limit().saturating_add(1));
    let ledger = Arc::clone(&app.ledger);
    let mut rows = web::block(move || {
        ledger.require_standing(caller.client)?;
        Ok::<_, Problem>(ledger.fundings(params.bank.as_deref(), below, most)?)
    })
    .await??;
    let next_cursor = page.cut(&mut rows, |row| row.transfer.0);
    let data = rows.iter().map(|row| FundingLine::of(app.ledger.keys(), row)).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor }))
}

/// Below which id a list goes on that has the newest first.
fn below(page: &PageQuery) -> Result<i64, Problem> {
    Ok(match page.after_id()? {
        0 => i64::MAX,
        id => id,
    })
}

/// Sends money of a funding back.
pub(super) async fn return_funding(
    app: web::Data<App>,
    caller: Programme,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<ReturnBody>,
) -> Result<HttpResponse, Problem> {
    let key = key.required()?.to_owned();
    let (amount, reason) = body.json().await?.parse()?;
    // A funding is its transfer, and may be named by either.
    let funding = id_of(&app, IdKind::Funding, &id);
    let funding = funding.or_else(|_other_kind| id_of(&app, IdKind::Transfer, &id))?;
    let request = ReturnRequest { client: caller.client, funding, amount, reason, key };
    let ledger = Arc::clone(&app.ledger);
    let done = writing(move || {
        let keys = ledger.keys().clone();
        ledger.return_funding(request, move |returned| ReturnAnswer::of(&keys, returned).json())
    });
    let decided = done.await?;
    Ok(decided_as(&app, &decided, |answer| answered(answer.clone())))
}

/// What an id of that kind names.
fn id_of(app: &App, kind: IdKind, id: &str) -> Result<RowId, Problem> {
    let found = public_id::decode(app.ledger.keys(), kind, id);
    found.map(|(id, _)| id).ok_or(Problem::new(Code::NotFound))
}

/// Starts a month's run, or joins the one under way; it goes on after the answer.
pub(super) async fn start_run(
    app: web::Data<App>,
    caller: Programme,
    body: Body<CreditRunBody>,
) -> Result<HttpResponse, Problem> {
    let (period, outside) = body.json().await?.parse()?;
    let request = RunRequest { client: caller.client, period, outside };
    let ledger = Arc::clone(&app.ledger);
    let run = writing(move || {
        let run = ledger.start_credit_run(request)?;
        if run.proposal.is_none() {
            ledger.run_credit_in_background(run.id);
        }
        Ok::<_, Problem>(run)
    })
    .await?;
    let answer = HttpResponse::Accepted().json(CreditRunAnswer::of(app.ledger.keys(), &run));
    let waits = run.status == RunStatus::Proposed;
    Ok(if waits { note_step(Step::Proposed, answer) } else { answer })
}

/// Runs, newest first, those begun beside the service too.
pub(super) async fn list_runs(
    app: web::Data<App>,
    caller: Overseer,
    params: web::Query<RunParams>,
) -> Result<HttpResponse, Problem> {
    let page = PageQuery::read(params.limit.as_deref(), params.cursor.as_deref())?;
    let (below, most) = (below(&page)?, page.limit().saturating_add(1));
    let ledger = Arc::clone(&app.ledger);
    let mut rows = web::block(move || {
        ledger.require_standing(caller.client)?;
        Ok::<_, Problem>(ledger.credit_runs(below, most)?)
    })
    .await??;
    let next_cursor = page.cut(&mut rows, |row| row.id);
    let data = rows.iter().map(|row| CreditRunAnswer::of(app.ledger.keys(), row)).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor }))
}

/// How a run stands.
pub(super) async fn read_run(
    app: web::Data<App>,
    caller: Overseer,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id_of(&app, IdKind::CreditRun, &id)?;
    let ledger = Arc::clone(&app.ledger);
    let run = web::block(move || {
        ledger.require_standing(caller.client)?;
        Ok::<_, Problem>(ledger.credit_run(id.0)?)
    })
    .await??
    .ok_or(Problem::new(Code::NotFound))?;
    Ok(HttpResponse::Ok().json(CreditRunAnswer::of(app.ledger.keys(), &run)))
}

/// Takes a run's credits back as far as they are unspent, once two clients want it; it goes on after the
/// answer.
pub(super) async fn reverse_run(
    app: web::Data<App>,
    caller: Programme,
    id: web::Path<String>,
    body: Body<RunReversalBody>,
) -> Result<HttpResponse, Problem> {
    let reason = body.json().await?.parse()?;
    let run = id_of(&app, IdKind::CreditRun, &id)?.0;
    let request = TakeBackRequest { client: caller.client, run, reason };
    let ledger = Arc::clone(&app.ledger);
    let begun = writing(move || {
        let begun = ledger.take_run_back(request)?;
        if let Decided::Done(reversal) | Decided::Agreed(reversal) = &begun {
            ledger.run_reversal_in_background(reversal.id);
        }
        Ok::<_, Problem>(begun)
    });
    let decided = begun.await?;
    Ok(decided_as(&app, &decided, |reversal| {
        HttpResponse::Accepted().json(RunReversalAnswer::of(app.ledger.keys(), reversal))
    }))
}

/// The reversals of a run and how they stand.
pub(super) async fn list_run_reversals(
    app: web::Data<App>,
    caller: Overseer,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id_of(&app, IdKind::CreditRun, &id)?;
    let ledger = Arc::clone(&app.ledger);
    let rows = web::block(move || {
        ledger.require_standing(caller.client)?;
        Ok::<_, Problem>(ledger.reversals_of_run(id.0)?)
    })
    .await??
    .ok_or(Problem::new(Code::NotFound))?;
    let data = rows.iter().map(|row| RunReversalAnswer::of(app.ledger.keys(), row)).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: None }))
}

/// What was proposed, newest first.
pub(super) async fn list_proposals(
    app: web::Data<App>,
    caller: Overseer,
    params: web::Query<ProposalParams>,
) -> Result<HttpResponse, Problem> {
    let params = params.into_inner();
    let page = PageQuery::read(params.limit.as_deref(), params.cursor.as_deref())?;
    let (state, below, most) = (params.state()?, below(&page)?, page.limit().saturating_add(1));
    let ledger = Arc::clone(&app.ledger);
    let mut rows = web::block(move || {
        ledger.require_standing(caller.client)?;
        Ok::<_, Problem>(ledger.proposals(state, below, most)?)
    })
    .await??;
    let next_cursor = page.cut(&mut rows, |row| row.id);
    let data = rows.iter().map(|row| ProposalAnswer::of(app.ledger.keys(), row)).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor }))
}

impl From<NotFunded> for Problem {
    fn from(error: NotFunded) -> Self {
        match error {
            NotFunded::NoBank => Self::at(Code::RequestInvalid, "/bank", "there is no such bank"),
            NotFunded::ReferenceReused => Self::new(Code::ReferenceReused),
            NotFunded::TooMuch(_) | NotFunded::Uncountable => {
                Self::at(Code::RequestInvalid, "/amount", error.to_string())
            }
            NotFunded::ClientRevoked => Self::new(Code::TokenInvalid),
            NotFunded::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<NotReturned> for Problem {
    fn from(error: NotReturned) -> Self {
        match error {
            NotReturned::NotFound => Self::new(Code::NotFound),
            NotReturned::Left(_) | NotReturned::Free(_) => {
                Self::at(Code::NotReturnable, "/amount", error.to_string())
            }
            NotReturned::ClientRevoked => Self::new(Code::TokenInvalid),
            NotReturned::KeyReused => Self::new(Code::KeyReused),
            NotReturned::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<NotTakenBack> for Problem {
    fn from(error: NotTakenBack) -> Self {
        match error {
            NotTakenBack::NotFound => Self::new(Code::NotFound),
            NotTakenBack::UnderWay => Self::new(Code::RunUnderWay),
            NotTakenBack::ClientRevoked => Self::new(Code::TokenInvalid),
            NotTakenBack::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<CreditError> for Problem {
    fn from(error: CreditError) -> Self {
        match error {
            CreditError::NoPolicy(_) => {
                Self::at(Code::RequestInvalid, "/period", "no policy holds in that month")
            }
            CreditError::OutsideWindow(_) => {
                Self::at(Code::RequestInvalid, "/period", error.to_string())
            }
            CreditError::UnderWay => Self::new(Code::RunUnderWay),
            CreditError::ClientRevoked => Self::new(Code::TokenInvalid),
            CreditError::NeedsTwo(_) | CreditError::TooMuch(_) | CreditError::Keys(_) => {
                Self::new(Code::Internal)
            }
            CreditError::Trouble(trouble) => trouble.into(),
        }
    }
}
