//! Who is asking, and what it may sell.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::service::Scope;

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
    let whose = match &caller.0.scope {
        Scope::Bank(bank, _) => Some((*bank, None)),
        Scope::Merchant(shop) => Some((shop.bank, Some(shop.merchant))),
        Scope::Auditor | Scope::Programme => None,
    };
    let account = web::block(move || {
        ledger.require_standing(client)?;
        let Some((bank, merchant)) = whose else { return Ok(None) };
        Ok::<_, Problem>(ledger.registered_account(bank, merchant)?)
    })
    .await??;
    Ok(HttpResponse::Ok().json(MeAnswer::of(&caller.0, account.as_deref())))
}

/// What the shop may sell today, and for how much at the most.
#[utoipa::path(
    get,
    path = "/v1/catalogue",
    tag = "shop",
    description = "Role: merchant.",
    responses((status = 200, description = "Today's goods at this shop", body = CatalogueAnswer<'_>)),
    extensions(("x-roles" = json!(["merchant"]))),
)]
pub(super) async fn catalogue(
    app: web::Data<App>,
    caller: Merchant,
    _none: web::Query<NoParams>,
) -> Result<HttpResponse, Problem> {
    let (ledger, shop) = (Arc::clone(&app.ledger), Arc::clone(&caller.shop));
    let catalogue = web::block(move || ledger.catalogue(caller.client, &shop)).await??;
    Ok(HttpResponse::Ok().json(CatalogueAnswer::of(&caller.shop, &catalogue)))
}
