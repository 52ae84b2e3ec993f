//! The programme's rules: what holds, and what two clients want to hold from a day on.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::service::{NotEntered, RuleRequest};

use super::programme::decided_as;
use crate::app::App;
use crate::auth::{Anyone, Programme};
use crate::extract::Body;
use crate::problem::{Code, Problem};
use crate::wire::listing::NoParams;
use crate::wire::paging::Page;
use crate::wire::rules::{CeilingAnswer, CeilingBody, PolicyAnswer, PolicyBody};
use crate::writing::writing;

/// Proposes a policy, or agrees to the one that another client proposed.
pub(super) async fn enter_policy(
    app: web::Data<App>,
    caller: Programme,
    body: Body<PolicyBody>,
) -> Result<HttpResponse, Problem> {
    let (rule, reason) = body.json().await?.parse()?;
    let request = RuleRequest { client: caller.client, rule, reason };
    let ledger = Arc::clone(&app.ledger);
    let decided = writing(move || ledger.enter_policy(request)).await?;
    Ok(decided_as(&app, &decided, |rule| HttpResponse::Created().json(PolicyAnswer::of(rule))))
}

/// Proposes a price ceiling, or agrees to the one that another client proposed.
pub(super) async fn enter_ceiling(
    app: web::Data<App>,
    caller: Programme,
    body: Body<CeilingBody>,
) -> Result<HttpResponse, Problem> {
    let (rule, reason) = body.json().await?.parse()?;
    let request = RuleRequest { client: caller.client, rule, reason };
    let ledger = Arc::clone(&app.ledger);
    let decided = writing(move || ledger.enter_ceiling(request)).await?;
    Ok(decided_as(&app, &decided, |rule| HttpResponse::Created().json(CeilingAnswer::of(rule))))
}

/// All policies there are and were.
pub(super) async fn policies(
    app: web::Data<App>,
    caller: Anyone,
    _params: web::Query<NoParams>,
) -> Result<HttpResponse, Problem> {
    let ledger = Arc::clone(&app.ledger);
    let rules = web::block(move || {
        ledger.require_standing(caller.0.client)?;
        Ok::<_, Problem>(ledger.policies()?)
    });
    let data: Vec<_> = rules.await??.iter().map(PolicyAnswer::of).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: None }))
}

/// All price ceilings there are and were.
pub(super) async fn ceilings(
    app: web::Data<App>,
    caller: Anyone,
    _params: web::Query<NoParams>,
) -> Result<HttpResponse, Problem> {
    let ledger = Arc::clone(&app.ledger);
    let rules = web::block(move || {
        ledger.require_standing(caller.0.client)?;
        Ok::<_, Problem>(ledger.price_ceilings()?)
    });
    let data: Vec<_> = rules.await??.iter().map(CeilingAnswer::of).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: None }))
}

impl From<NotEntered> for Problem {
    fn from(error: NotEntered) -> Self {
        match error {
            NotEntered::Begun(_) => {
                Self::at(Code::RequestInvalid, "/valid_from", error.to_string())
            }
            NotEntered::ClientRevoked => Self::new(Code::TokenInvalid),
            NotEntered::Trouble(trouble) => trouble.into(),
        }
    }
}
