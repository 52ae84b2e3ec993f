//! The ledger's history: transfers, accounts, the trial balance.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::service;

use crate::app::App;
use crate::auth::{Reading, Totals};
use crate::problem::{Code, Problem};
use crate::wire::account::{AccountAnswer, TrialBalanceAnswer, named};
use crate::wire::listing::{NoParams, TransferParams, cursor_of};
use crate::wire::paging::Page;
use crate::wire::transfer::TransferAnswer;

/// Transfers, newest first.
pub(super) async fn transfers(
    app: web::Data<App>,
    caller: Reading,
    params: web::Query<TransferParams>,
) -> Result<HttpResponse, Problem> {
    let (query, page) = params.parse(app.ledger.keys())?;
    let ledger = Arc::clone(&app.ledger);
    let Reading { client, reader } = caller;
    let page = web::block(move || ledger.transfers(client, reader, &query, page)).await??;
    Ok(listed(&app, &page))
}

/// An account: what moved and what is left.
pub(super) async fn account(
    app: web::Data<App>,
    caller: Reading,
    id: web::Path<String>,
    _none: web::Query<NoParams>,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let keys = app.ledger.keys();
    let account = named(keys, &id).ok_or_else(not_found)?;
    let (ledger, asked) = (Arc::clone(&app.ledger), account.clone());
    let Reading { client, reader } = caller;
    let found = web::block(move || ledger.account(client, reader, &asked)).await??;
    let balance = found.ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(AccountAnswer::of(keys, &account, &balance)))
}

/// The transfers on an account, newest first.
pub(super) async fn entries(
    app: web::Data<App>,
    caller: Reading,
    id: web::Path<String>,
    params: web::Query<TransferParams>,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let keys = app.ledger.keys();
    let (query, page) = params.parse(keys)?;
    let account = named(keys, &id).ok_or_else(not_found)?;
    let ledger = Arc::clone(&app.ledger);
    let Reading { client, reader } = caller;
    let found = web::block(move || ledger.account_entries(client, reader, &account, &query, page))
        .await??;
    Ok(listed(&app, &found.ok_or_else(not_found)?))
}

fn listed(app: &App, page: &service::Page<service::ShownTransfer>) -> HttpResponse {
    let keys = app.ledger.keys();
    let data = page.rows.iter().map(|shown| TransferAnswer::of(keys, shown)).collect();
    HttpResponse::Ok().json(Page { data, next_cursor: page.next.map(cursor_of) })
}

/// What moved on every account.
pub(super) async fn trial_balance(
    app: web::Data<App>,
    caller: Totals,
    _none: web::Query<NoParams>,
) -> Result<HttpResponse, Problem> {
    let ledger = Arc::clone(&app.ledger);
    let trial = web::block(move || ledger.trial_balance(caller.client, caller.bank)).await??;
    Ok(HttpResponse::Ok().json(TrialBalanceAnswer::of(app.ledger.keys(), &trial)))
}
