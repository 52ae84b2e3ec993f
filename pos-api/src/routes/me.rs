//! Who is asking, and what it may sell.

use std::sync::Arc;

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::auth::{Anyone, Merchant};
use crate::problem::Problem;
use crate::wire::listing::NoParams;
use crate::wire::me::{CatalogueAnswer, MeAnswer};

/// Who the client is.
pub(super) async fn me(
    app: web::Data<App>,
    caller: Anyone,
    _none: web::Query<NoParams>,
) -> Result<HttpResponse, Problem> {
    let (ledger, client) = (Arc::clone(&app.ledger), caller.0.client);
    web::block(move || ledger.require_standing(client)).await??;
    Ok(HttpResponse::Ok().json(MeAnswer::of(&caller.0)))
}

/// What the shop may sell today, and for how much at the most.
pub(super) async fn catalogue(
    app: web::Data<App>,
    caller: Merchant,
    _none: web::Query<NoParams>,
) -> Result<HttpResponse, Problem> {
    let (ledger, shop) = (Arc::clone(&app.ledger), Arc::clone(&caller.shop));
    let catalogue = web::block(move || ledger.catalogue(caller.client, &shop)).await??;
    Ok(HttpResponse::Ok().json(CatalogueAnswer::of(&caller.shop, &catalogue)))
}
