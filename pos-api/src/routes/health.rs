//! Whether the service is alive and ready.

use std::sync::Arc;

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::problem::{Code, Problem};

/// The process answers.
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// The database answers and the storage is sound.
pub(super) async fn readyz(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let ledger = Arc::clone(&app.ledger);
    if web::block(move || ledger.is_ready()).await? {
        Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"))
    } else {
        Err(Problem::new(Code::Unavailable))
    }
}
