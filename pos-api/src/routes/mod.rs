//! The routes: thin handlers that extract, call one use case and translate its result.

mod balance;
mod cards;
mod daily;
mod exceptions;
pub(crate) mod exports;
mod health;
mod me;
mod metrics;
mod oauth;
mod openapi;
mod programme;
mod reads;
mod reconciliations;
mod redemptions;
mod reversals;
mod rules;
mod settlements;
mod shops;

pub use openapi::document as openapi_document;

use actix_web::http::StatusCode;
use actix_web::middleware::Compress;
use actix_web::{HttpResponse, web};
use ledger::service::{Answered, Ledger};

use crate::middleware::resource;
use crate::problem::{Code, Problem};
use crate::wire::invalid;

/// The figures for monitoring.
pub(crate) fn monitoring(config: &mut web::ServiceConfig) {
    config
        .service(resource("/metrics", "GET").route(web::get().to(metrics::metrics)))
        .default_service(web::to(nothing_here));
}

/// All routes of the service, but the figures for monitoring.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::QueryConfig::default().error_handler(|error, _| bad_query(&error).into()))
        .app_data(
            web::PathConfig::default().error_handler(|_, _| Problem::new(Code::NotFound).into()),
        )
        .service(resource("/healthz", "GET").route(web::get().to(health::healthz)))
        .service(resource("/readyz", "GET").route(web::get().to(health::readyz)))
        .service(resource("/openapi.json", "GET").route(web::get().to(openapi::openapi)))
        .service(resource("/oauth/token", "POST").route(web::post().to(oauth::token)))
        .service(resource("/.well-known/jwks.json", "GET").route(web::get().to(oauth::jwks)))
        .service(web::scope("/v1").configure(version_1))
        .default_service(web::to(nothing_here));
}

/// Version 1 of the API.
fn version_1(config: &mut web::ServiceConfig) {
    config
        .service(
            resource("/redemptions", "GET, POST")
                .route(web::post().to(redemptions::redeem))
                .route(web::get().to(redemptions::list)),
        )
        .service(resource("/redemptions/{id}", "GET").route(web::get().to(redemptions::read_one)))
        .service(
            resource("/redemptions/{id}/reversals", "POST")
                .route(web::post().to(reversals::reverse)),
        )
        .service(resource("/me", "GET").route(web::get().to(me::me)))
        .service(resource("/catalogue", "GET").route(web::get().to(me::catalogue)))
        .service(
            resource("/transfers", "GET")
                .route(web::get().to(reads::transfers))
                .wrap(Compress::default()),
        )
        .service(resource("/accounts/{id}", "GET").route(web::get().to(reads::account)))
        .service(resource("/accounts/{id}/entries", "GET").route(web::get().to(reads::entries)))
        .service(resource("/trial-balance", "GET").route(web::get().to(reads::trial_balance)))
        .service(
            resource("/balance-inquiries", "GET, POST")
                .route(web::post().to(balance::inquire))
                .route(web::get().to(balance::list)),
        )
        .service(resource("/card-lookups", "POST").route(web::post().to(cards::look_up)))
        .service(resource("/cards", "POST").route(web::post().to(cards::issue)))
        .service(resource("/cards/{id}/state", "POST").route(web::post().to(cards::set_state)))
        .service(resource("/cards/{id}/pin", "POST").route(web::post().to(cards::set_pin)))
        .service(resource("/cards/{id}/replacement", "POST").route(web::post().to(cards::replace)))
        .service(
            resource("/settlements", "GET, POST")
                .route(web::post().to(settlements::close))
                .route(web::get().to(settlements::list)),
        )
        .service(
            resource("/settlements/{id}/items", "GET").route(web::get().to(settlements::items)),
        );
    shops(config);
    programme(config);
    reconciliation(config);
}

/// Merchants and their terminals.
fn shops(config: &mut web::ServiceConfig) {
    config
        .service(
            resource("/merchants/{id}/state", "POST").route(web::post().to(shops::set_merchant)),
        )
        .service(
            resource("/terminals/{id}/state", "POST").route(web::post().to(shops::set_terminal)),
        )
        .service(resource("/terminals", "GET").route(web::get().to(shops::terminals)));
}

/// What the programme does, alone or two of its clients together.
fn programme(config: &mut web::ServiceConfig) {
    config
        .service(
            resource("/fundings", "GET, POST")
                .route(web::post().to(programme::fund))
                .route(web::get().to(programme::list_fundings)),
        )
        .service(
            resource("/fundings/{id}/returns", "POST")
                .route(web::post().to(programme::return_funding)),
        )
        .service(
            resource("/credit-runs", "GET, POST")
                .route(web::post().to(programme::start_run))
                .route(web::get().to(programme::list_runs)),
        )
        .service(resource("/credit-runs/{id}", "GET").route(web::get().to(programme::read_run)))
        .service(
            resource("/credit-runs/{id}/reversals", "GET, POST")
                .route(web::post().to(programme::reverse_run))
                .route(web::get().to(programme::list_run_reversals)),
        )
        .service(resource("/proposals", "GET").route(web::get().to(programme::list_proposals)))
        .service(
            resource("/policies", "GET, POST")
                .route(web::get().to(rules::policies))
                .route(web::post().to(rules::enter_policy)),
        )
        .service(
            resource("/price-ceilings", "GET, POST")
                .route(web::get().to(rules::ceilings))
                .route(web::post().to(rules::enter_ceiling)),
        );
}

/// Reconciling days with the banks' files, and what differs.
fn reconciliation(config: &mut web::ServiceConfig) {
    config
        .service(
            resource("/reconciliations", "GET, POST")
                .route(web::post().to(reconciliations::record))
                .route(web::get().to(reconciliations::list)),
        )
        .service(
            resource("/reconciliations/{id}", "GET")
                .route(web::get().to(reconciliations::read_one)),
        )
        .service(
            resource("/reconciliations/{id}/results", "GET")
                .route(web::get().to(reconciliations::results)),
        )
        .service(
            resource("/reconciliations/{id}/sign-off", "POST")
                .route(web::post().to(reconciliations::sign_off)),
        )
        .service(
            resource("/reconciliations/{id}/reopenings", "POST")
                .route(web::post().to(reconciliations::reopen)),
        )
        .service(resource("/exceptions", "GET").route(web::get().to(exceptions::list)))
        .service(
            resource("/exceptions/resolutions", "POST")
                .route(web::post().to(exceptions::resolve_all)),
        )
        .service(resource("/exceptions/{id}", "GET").route(web::get().to(exceptions::read_one)))
        .service(
            resource("/exceptions/{id}/resolutions", "POST")
                .route(web::post().to(exceptions::resolve)),
        )
        .service(resource("/exceptions/{id}/notes", "POST").route(web::post().to(exceptions::note)))
        .service(resource("/net-positions", "GET").route(web::get().to(exceptions::net_positions)))
        .service(resource("/daily-reconciliations", "GET").route(web::get().to(daily::report)));
}

/// An answer as it was recorded, whether now or before.
fn answered(answer: Answered) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if answer.replay {
        response.insert_header(("idempotent-replayed", "true"));
    }
    response.content_type("application/json").body(answer.body)
}

/// Every path that is not a resource.
async fn nothing_here() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound))
}

/// A query with a parameter that is not known, not there or there twice; it is named.
fn bad_query(error: &actix_web::error::QueryPayloadError) -> Problem {
    let text = error.to_string();
    let of_one = ["unknown field `", "missing field `", "duplicate field `"];
    let name = of_one.iter().find_map(|start| text.split_once(start)?.1.split('`').next());
    let pointer = name.map(|name| format!("/{name}")).unwrap_or_default();
    Problem::at(Code::RequestInvalid, pointer, text)
}

/// Fails when a query asks for an unknown bank.
fn require_bank(ledger: &Ledger, code: Option<&str>) -> Result<(), Problem> {
    let Some(code) = code else { return Ok(()) };
    ledger.bank_id(code)?.map(drop).ok_or_else(no_such_bank)
}

fn no_such_bank() -> Problem {
    invalid("/bank", "there is no such bank")
}
