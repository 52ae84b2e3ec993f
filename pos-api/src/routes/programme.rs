//! The programme's writes: money that arrived at a bank, and the monthly run.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{CreditError, FundRequest, NotFunded};

use crate::app::App;
use crate::auth::Programme;
use crate::extract::Body;
use crate::problem::{Code, Problem};
use crate::wire::programme::{CreditRunAnswer, CreditRunBody, FundingAnswer, FundingBody};
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
        reference: body.reference.clone(),
    };
    let funded = writing(move || ledger.fund(request)).await?;
    let mut response = HttpResponse::Created();
    if funded.replay {
        response.insert_header(("idempotent-replayed", "true"));
    }
    Ok(response.json(FundingAnswer::of(app.ledger.keys(), &body, &funded)))
}

/// Starts a month's run, or joins the one under way; it goes on after the answer.
pub(super) async fn start_run(
    app: web::Data<App>,
    caller: Programme,
    body: Body<CreditRunBody>,
) -> Result<HttpResponse, Problem> {
    let period = body.json().await?.parse()?;
    let ledger = Arc::clone(&app.ledger);
    let run = writing(move || {
        ledger.require_standing(caller.client)?;
        let run = ledger.start_credit_run(period)?;
        ledger.run_credit_in_background(run.id);
        Ok::<_, Problem>(run)
    })
    .await?;
    Ok(HttpResponse::Accepted().json(CreditRunAnswer::of(app.ledger.keys(), &run)))
}

/// How a run stands.
pub(super) async fn read_run(
    app: web::Data<App>,
    caller: Programme,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let (id, _) =
        public_id::decode(app.ledger.keys(), IdKind::CreditRun, &id).ok_or_else(not_found)?;
    let ledger = Arc::clone(&app.ledger);
    let run = web::block(move || {
        ledger.require_standing(caller.client)?;
        Ok::<_, Problem>(ledger.credit_run(id.0)?)
    })
    .await??
    .ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(CreditRunAnswer::of(app.ledger.keys(), &run)))
}

impl From<NotFunded> for Problem {
    fn from(error: NotFunded) -> Self {
        match error {
            NotFunded::NoBank => Self::at(Code::RequestInvalid, "/bank", "there is no such bank"),
            NotFunded::ReferenceReused => Self::new(Code::ReferenceReused),
            NotFunded::ClientRevoked => Self::new(Code::TokenInvalid),
            NotFunded::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<CreditError> for Problem {
    fn from(error: CreditError) -> Self {
        match error {
            CreditError::NoPolicy(_) => {
                Self::at(Code::RequestInvalid, "/period", "no policy holds in that month")
            }
            CreditError::TooMuch(_) | CreditError::Keys(_) => Self::new(Code::Internal),
            CreditError::Trouble(trouble) => trouble.into(),
        }
    }
}
