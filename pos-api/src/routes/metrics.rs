//! Figures for monitoring, in Prometheus' text format.

use std::sync::Arc;

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::problem::Problem;

/// All figures.
pub(super) async fn metrics(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let ledger = Arc::clone(&app.ledger);
    let figures = web::block(move || ledger.figures()).await??;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(app.metrics.text(&figures)))
}
