//! Redemptions: a family buys rice and eggs.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::domain::bank::BankCode;
use ledger::domain::card::CardNumber;
use ledger::domain::public_id::{self, IdKind};
use ledger::domain::redemption::{Attempt, Outcome};
use ledger::service::{Reader, RedeemRequest, Reply, ShownAttempt};
use serde_json::value::RawValue;

use super::require_bank;
use crate::app::App;
use crate::auth::{Merchant, Reading};
use crate::extract::{Body, IdempotencyKey};
use crate::problem::{Code, MEDIA_TYPE, Problem};
use crate::security::note_refusal;
use crate::wire::listing::{AttemptParams, cursor_of};
use crate::wire::paging::Page;
use crate::wire::redemption::{As, RedeemBody, render};

/// Decides a purchase, or answers again what was decided.
pub(super) async fn redeem(
    app: web::Data<App>,
    caller: Merchant,
    key: IdempotencyKey,
    body: Body<RedeemBody>,
) -> Result<HttpResponse, Problem> {
    let key = key.required()?;
    let (number, pin, basket) = body.json().await?.parse()?;
    let request = RedeemRequest { pos: caller.pos(), number, pin, key, basket };
    match app.ledger.redeem(request).await? {
        Reply::Decided { attempt, replay } => {
            app.metrics.decided(&attempt.outcome, replay);
            // It is decided and recorded: a failure from here on may not say that nothing was done.
            let shown = answered(&app, &caller, number, attempt).await;
            let shown = shown.map_err(|_problem| Problem::new(Code::OutcomeUnknown))?;
            Ok(answer(&app, &shown, replay))
        }
        Reply::KeyReused => Err(Problem::new(Code::KeyReused)),
        Reply::ClientRevoked => Err(Problem::new(Code::TokenInvalid)),
        Reply::Balance { .. } | Reply::NotTold(_) => Err(Problem::new(Code::Internal)),
    }
}

/// The attempt with its names. They are the caller's own, but for a replay of what another terminal
/// of the merchant asked.
async fn answered(
    app: &web::Data<App>,
    caller: &Merchant,
    number: CardNumber,
    attempt: Arc<Attempt>,
) -> Result<ShownAttempt, Problem> {
    let shop = &caller.shop;
    if attempt.terminal == shop.terminal && attempt.acquirer == shop.bank {
        return Ok(ShownAttempt {
            card: attempt.card.map(|_| number.masked()),
            issuer: attempt.issuer.map(|bank| app.ledger.bank_code(bank)).transpose()?,
            acquirer: shop.bank_code.clone(),
            merchant: shop.merchant_code.clone(),
            terminal: shop.terminal_code.clone(),
            reversal: None,
            attempt,
        });
    }
    let ledger = Arc::clone(&app.ledger);
    let (client, reader) = (caller.client, Reader::Merchant(shop.merchant));
    web::block(move || ledger.attempt(client, reader, attempt.id, attempt.wallet))
        .await??
        .ok_or(Problem::new(Code::Internal))
}

fn answer(app: &App, shown: &ShownAttempt, replay: bool) -> HttpResponse {
    let (body, approved) = render(app.ledger.keys(), shown, As::Answer);
    let mut response = if approved {
        let mut response = HttpResponse::Created();
        response.content_type("application/json");
        response
    } else {
        let mut response = HttpResponse::PaymentRequired();
        response.content_type(MEDIA_TYPE);
        response
    };
    if replay {
        response.insert_header(("idempotent-replayed", "true"));
    }
    let mut response = response.body(body);
    if let Outcome::Refused(objection) = &shown.attempt.outcome
        && !replay
    {
        note_refusal(objection.refusal, &mut response);
    }
    response
}

/// Attempts, newest first.
pub(super) async fn list(
    app: web::Data<App>,
    caller: Reading,
    params: web::Query<AttemptParams>,
) -> Result<HttpResponse, Problem> {
    let keys = app.ledger.keys();
    let by_merchant = matches!(caller.reader, Reader::Merchant(_));
    let (query, page) = params.parse(keys, by_merchant)?;
    let ledger = Arc::clone(&app.ledger);
    let Reading { client, reader } = caller;
    let page = web::block(move || {
        require_bank(&ledger, query.bank.as_ref().map(BankCode::as_str))?;
        Ok::<_, Problem>(ledger.attempts(client, reader, &query, page)?)
    })
    .await??;
    let how = how_for(reader);
    let data = page.rows.iter().map(|shown| RawValue::from_string(render(keys, shown, how).0));
    let data = data.collect::<Result<Vec<_>, _>>();
    let data = data.map_err(|_unreadable| Problem::new(Code::Internal))?;
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: page.next.map(cursor_of) }))
}

/// Reads an attempt.
pub(super) async fn read_one(
    app: web::Data<App>,
    caller: Reading,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let keys = app.ledger.keys();
    let (id, wallet) = public_id::decode(keys, IdKind::Redemption, &id).ok_or_else(not_found)?;
    let ledger = Arc::clone(&app.ledger);
    let shown =
        web::block(move || ledger.attempt(caller.client, caller.reader, id, wallet)).await??;
    let how = how_for(caller.reader);
    let (body, _) = render(keys, &shown.ok_or_else(not_found)?, how);
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

/// How much of an attempt a reader is shown.
fn how_for(reader: Reader) -> As {
    match reader {
        Reader::Merchant(_) => As::MerchantReading,
        Reader::Bank(_) | Reader::All => As::FullReading,
    }
}
