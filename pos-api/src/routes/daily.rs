//! The five daily reconciliations of a bank.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::domain::calendar::Date;
use ledger::service::{DailyCheck, DailyState};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::no_such_bank;
use crate::app::App;
use crate::auth::Totals;
use crate::problem::{Code, Problem};
use crate::wire::invalid;

/// The query of `GET /v1/daily-reconciliations`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    bank: String,
    business_date: String,
    holding_closing: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    bank: String,
    business_date: String,
    holds: bool,
    checks: Vec<CheckAnswer>,
}

#[derive(Serialize)]
struct CheckAnswer {
    name: &'static str,
    state: &'static str,
    expected: String,
    found: String,
    compared: i64,
    remarks: Vec<String>,
}

impl From<DailyCheck> for CheckAnswer {
    fn from(check: DailyCheck) -> Self {
        Self {
            name: check.name,
            state: check.state.as_str(),
            expected: check.expected.normalize().to_string(),
            found: check.found.normalize().to_string(),
            compared: check.compared,
            remarks: check.remarks,
        }
    }
}

/// Runs the five for a bank's day.
pub(super) async fn report(
    app: web::Data<App>,
    caller: Totals,
    params: web::Query<Params>,
) -> Result<HttpResponse, Problem> {
    let Params { bank, business_date, holding_closing } = params.into_inner();
    let day: Date = business_date.parse().map_err(|error| invalid("/business_date", error))?;
    let closing: Option<Decimal> = holding_closing
        .as_deref()
        .map(Decimal::from_str_exact)
        .transpose()
        .map_err(|error| invalid("/holding_closing", error))?;
    let ledger = Arc::clone(&app.ledger);
    let code = bank.clone();
    let checks = web::block(move || {
        ledger.require_standing(caller.client)?;
        let id = ledger.bank_id(&code)?.ok_or_else(no_such_bank)?;
        if caller.bank.is_some_and(|own| own != id) {
            return Err(Problem::new(Code::NotFound));
        }
        Ok(ledger.daily_reconciliation(id, day, closing)?)
    })
    .await??;
    let holds = checks.iter().all(|check| check.state != DailyState::Differs);
    let checks = checks.into_iter().map(CheckAnswer::from).collect();
    let business_date = day.to_string();
    Ok(HttpResponse::Ok().json(Answer { bank, business_date, holds, checks }))
}
