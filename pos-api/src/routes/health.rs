//! Whether the service is alive and ready.

use std::sync::Arc;

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::problem::{Code, Problem};

/// The process answers.
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// Requests can be answered; otherwise why not.
pub(super) async fn readyz(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let ledger = Arc::clone(&app.ledger);
    match web::block(move || ledger.ready()).await? {
        Ok(()) => Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n")),
        Err(why) => {
            tracing::warn!(%why, "not ready");
            Err(Problem::at(Code::Unavailable, "", why.to_string()))
        }
    }
}
