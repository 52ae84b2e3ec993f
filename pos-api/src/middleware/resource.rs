//! A path of the service: what it answers is counted under its template, against the limits of the
//! client, and in the security log.

use std::future::ready;
use std::sync::{Arc, OnceLock};

use actix_web::dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, Resource, ResponseError as _, rt, web,
};

use ledger::service::Scope;

use crate::app::App;
use crate::auth::Admitted;
use crate::metrics::RouteCounter;
use crate::problem::{Code, Problem};
use crate::security::{Step, What};

/// A path of the service and the methods it has; others are answered as such.
pub(crate) fn resource(
    path: &str,
    allow: &'static str,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = actix_web::Error,
        InitError = (),
    > + 'static,
> {
    let counter: Arc<OnceLock<Arc<RouteCounter>>> = Arc::default();
    let others = web::to(move || ready(no_such_method(allow)));
    web::resource(path).default_service(others).wrap_fn(move |request, service| {
        // A read goes on in the database when its client is gone, and counts as one for as long.
        let reads = (*request.method() == Method::GET).then(|| request.request().clone());
        let (answering, counter) = (service.call(request), Arc::clone(&counter));
        async move {
            let response = match reads {
                None => answering.await?,
                Some(request) => match rt::spawn(answering).await {
                    Ok(response) => response?,
                    Err(panicked) => {
                        tracing::error!(%panicked, "a handler failed");
                        let answer = Problem::new(Code::Internal).error_response();
                        ServiceResponse::new(request, answer)
                    }
                },
            };
            if let Some(app) = response.request().app_data::<web::Data<App>>() {
                count(app, &counter, &response);
            }
            Ok(response)
        }
    })
}

/// Counts an answer, and notes what it says.
fn count(app: &App, counter: &OnceLock<Arc<RouteCounter>>, response: &ServiceResponse) {
    let (request, status) = (response.request(), response.status());
    let template = || request.match_pattern().unwrap_or_default();
    counter.get_or_init(|| app.metrics.route(&template())).count(status);
    if status.is_success() {
        note_taken(app, response);
    } else if status == StatusCode::PAYMENT_REQUIRED {
        note_refused(app, response);
    } else if status.is_client_error() {
        failed(app, request, response);
    }
}

/// What a handler marked its refusal with, by terminal.
fn note_refused(app: &App, response: &ServiceResponse) {
    let Some(what) = response.response().extensions().get::<What>().copied() else { return };
    let extensions = response.request().extensions();
    let Some(Admitted { session, .. }) = extensions.get() else { return };
    let terminal = match &session.scope {
        Scope::Merchant(shop) => shop.terminal_code.as_str(),
        Scope::Bank(..) | Scope::Auditor | Scope::Programme => "",
    };
    app.security.note_request(what, response.request(), Some(&session.client_id), terminal);
}

/// A step before four eyes, which a handler marked: by whom, and which.
fn note_taken(app: &App, response: &ServiceResponse) {
    let Some(step) = response.response().extensions().get::<Step>().copied() else { return };
    let request = response.request();
    let extensions = request.extensions();
    let client = extensions.get::<Admitted>().map(|admitted| admitted.session.client_id.as_str());
    app.security.note_request(What::FourEyes, request, client, step.as_str());
}

/// A request that failed by the client's own fault.
fn failed(app: &App, request: &HttpRequest, response: &ServiceResponse) {
    let extensions = request.extensions();
    let session = extensions.get::<Admitted>().map(|admitted| &admitted.session);
    let client = session.map(|session| session.client_id.as_str());
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    let code = problem.map(Problem::code);
    let what = match code {
        Some(Code::RateLimited) => Some(What::LimitMet),
        Some(Code::TokenInvalid) => Some(What::TokenRefused),
        Some(Code::RoleNotAllowed) => Some(What::RoleRefused),
        Some(Code::SecondPersonRequired) => Some(What::FourEyes),
        _ => None,
    };
    if let (Some(what), Some(code)) = (what, code) {
        app.security.note_request(what, request, client, code.as_str());
    }
    // An answer that says to wait is not a failure: asking again does not lengthen the wait.
    if code != Some(Code::RateLimited)
        && let Some(session) = session
        && session.limits.failures.count().is_err()
    {
        app.security.note_request(What::LimitMet, request, client, "failures");
    }
}

/// Every method that a resource does not have. What has GET has HEAD.
fn no_such_method(allow: &'static str) -> HttpResponse {
    let mut response = Problem::new(Code::MethodNotAllowed).error_response();
    let allow = allow.replace("GET", "GET, HEAD");
    if let Ok(allow) = HeaderValue::try_from(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
