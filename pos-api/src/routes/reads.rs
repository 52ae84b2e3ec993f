//! The ledger's history: transfers, accounts, the trial balance.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use ledger::domain::bank::BankCode;
use ledger::service::{Page, ShownTransfer};
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::auth::{Reading, Totals};
use crate::problem::{Code, Problem};
use crate::wire::account::{AccountAnswer, AsOfParams, TrialBalanceAnswer, named};
use crate::wire::listing::TransferParams;
use crate::wire::transfer;

use super::exports::{asked_for, stream};
use super::{bad_query, require_bank};

/// Transfers, newest first: a page, or all of them in a stream.
pub(super) async fn transfers(
    app: web::Data<App>,
    caller: Reading,
    request: HttpRequest,
    params: web::Query<TransferParams>,
) -> Result<HttpResponse, Problem> {
    if let Some(form) = asked_for(&request) {
        return stream(&app, caller, params.parse_whole(app.ledger.keys())?, form).await;
    }
    let (query, page) = params.parse(app.ledger.keys())?;
    let ledger = Arc::clone(&app.ledger);
    let Reading { client, reader } = caller;
    let page = web::block(move || {
        require_bank(&ledger, query.bank.as_ref().map(BankCode::as_str))?;
        Ok::<_, Problem>(ledger.transfers(client, reader, &query, page)?)
    })
    .await??;
    Ok(listed(&app, &page))
}

/// An account: what moved and what is left.
pub(super) async fn account(
    app: web::Data<App>,
    caller: Reading,
    id: web::Path<String>,
    params: web::Query<AsOfParams>,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let (keys, as_of) = (app.ledger.keys(), params.parse()?);
    let account = named(keys, &id).ok_or_else(not_found)?;
    let (ledger, asked) = (Arc::clone(&app.ledger), account.clone());
    let Reading { client, reader } = caller;
    let found = web::block(move || ledger.account(client, reader, &asked, as_of)).await??;
    let balance = found.ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(AccountAnswer::of(keys, &account, &balance)))
}

/// The transfers on an account, newest first. `as_of` stands beside the list's own parameters.
pub(super) async fn entries(
    app: web::Data<App>,
    caller: Reading,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let (as_of, rest): (Vec<&str>, Vec<&str>) =
        request.query_string().split('&').partition(|part| part.starts_with("as_of="));
    let as_of = read::<AsOfParams>(&as_of)?.parse()?;
    let keys = app.ledger.keys();
    let (query, page) = read::<TransferParams>(&rest)?.parse(keys)?;
    let account = named(keys, &id).ok_or_else(not_found)?;
    let ledger = Arc::clone(&app.ledger);
    let Reading { client, reader } = caller;
    let found = web::block(move || {
        require_bank(&ledger, query.bank.as_ref().map(BankCode::as_str))?;
        let asked = (&query, page);
        Ok::<_, Problem>(ledger.account_entries(client, reader, &account, as_of, asked)?)
    });
    Ok(listed(&app, &found.await??.ok_or_else(not_found)?))
}

/// Reads the parts of a query.
fn read<T: DeserializeOwned>(parts: &[&str]) -> Result<T, Problem> {
    let read = web::Query::from_query(&parts.join("&")).map(web::Query::into_inner);
    read.map_err(|error| bad_query(&error))
}

fn listed(app: &App, page: &Page<ShownTransfer>) -> HttpResponse {
    let body = transfer::page(app.ledger.keys(), page);
    HttpResponse::Ok().content_type("application/json").body(body)
}

/// What moved on every account.
pub(super) async fn trial_balance(
    app: web::Data<App>,
    caller: Totals,
    params: web::Query<AsOfParams>,
) -> Result<HttpResponse, Problem> {
    let (ledger, as_of) = (Arc::clone(&app.ledger), params.parse()?);
    let Totals { client, bank } = caller;
    let trial = web::block(move || ledger.trial_balance(client, bank, as_of)).await??;
    Ok(HttpResponse::Ok().json(TrialBalanceAnswer::of(app.ledger.keys(), &trial)))
}
