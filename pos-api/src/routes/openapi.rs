//! The description of this API for programs: `pos-api/openapi.json`, as it is.

use actix_web::HttpResponse;

/// OpenAPI 3.1; a test holds it against the routes and against real answers.
const DOCUMENT: &str = include_str!("../../openapi.json");

/// The description.
pub(super) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT)
}
