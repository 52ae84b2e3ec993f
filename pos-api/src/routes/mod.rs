//! The routes: thin handlers that extract, call one use case and translate its result.

mod balance;
mod health;
mod oauth;
mod redemptions;

use actix_web::{HttpResponse, Resource, web};

use crate::problem::{Code, Problem};

/// All routes of the service.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(crate::extract::MAX_BODY))
        .app_data(
            web::FormConfig::default()
                .error_handler(|_, _| Problem::new(Code::UnsupportedGrant).into()),
        )
        .app_data(web::QueryConfig::default().error_handler(|error, _| {
            Problem::at(Code::RequestInvalid, "", error.to_string()).into()
        }))
        .app_data(
            web::PathConfig::default().error_handler(|_, _| Problem::new(Code::NotFound).into()),
        )
        .service(resource("/healthz").route(web::get().to(health::healthz)))
        .service(resource("/readyz").route(web::get().to(health::readyz)))
        .service(resource("/oauth/token").route(web::post().to(oauth::token)))
        .service(resource("/.well-known/jwks.json").route(web::get().to(oauth::jwks)))
        .service(web::scope("/v1").configure(version_1))
        .default_service(web::to(nothing_here));
}

/// Version 1 of the API.
fn version_1(config: &mut web::ServiceConfig) {
    config
        .service(resource("/redemptions").route(web::post().to(redemptions::redeem)))
        .service(resource("/redemptions/{id}").route(web::get().to(redemptions::read_one)))
        .service(resource("/balance-inquiries").route(web::post().to(balance::inquire)));
}

/// A path of the service; methods that it does not have are answered as such.
fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(no_such_method))
}

/// Every path that is no resource.
async fn nothing_here() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound))
}

/// Every method that a resource does not have.
async fn no_such_method() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::MethodNotAllowed))
}
