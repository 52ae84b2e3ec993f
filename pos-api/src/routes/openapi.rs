//! The description of this API for programs: `pos-api/openapi.json`.

use actix_web::HttpResponse;

/// Embedded as it is; a test holds it against the routes and against real answers.
const DOCUMENT: &str = include_str!("../../openapi.json");

/// The description.
pub(super) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT)
}
