//! Errors as every client gets them: RFC 9457 problem details, with our extensions.

mod code;
mod texts;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use ledger::domain::refusal::Refusal;
use ledger::service::{NoAccess, NotShown, StoreError, Trouble};
use serde::Serialize;

pub use code::Code;

/// The media type of problem details.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// The header that names a request, in every answer to one.
pub(crate) const REQUEST_ID: &str = "request-id";

/// Where in the request something is wrong, and what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901): `/items/0/quantity`.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

/// An error on its way to the client.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    errors: Vec<FieldError>,
    /// Seconds to wait, where the code alone does not say.
    wait: Option<u32>,
}

/// The body of a problem.
#[derive(Debug, Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    pesan: &'a str,
    request_id: String,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    /// What RFC 6749 calls the error of a token request.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// A refusal's body: exactly these members, when posted and when a merchant reads it.
#[derive(Debug, Serialize)]
pub struct RefusalBody {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    response_code: &'static str,
    pesan: &'static str,
    request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    errors: Vec<FieldError>,
}

impl Problem {
    /// A problem without a place in the request.
    pub const fn new(code: Code) -> Self {
        Self { code, errors: Vec::new(), wait: None }
    }

    /// A problem at one place in the request.
    pub fn at(code: Code, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let error = FieldError { pointer: pointer.into(), detail: detail.into() };
        Self { code, errors: vec![error], wait: None }
    }

    /// A limit was met: the client has to wait so many seconds.
    pub const fn wait(seconds: u32) -> Self {
        Self::bounded(Code::RateLimited, seconds)
    }

    /// The same with the code of the limit that was met.
    pub const fn bounded(code: Code, seconds: u32) -> Self {
        Self { code, errors: Vec::new(), wait: Some(seconds) }
    }

    /// What went wrong.
    pub const fn code(&self) -> Code {
        self.code
    }
}

impl RefusalBody {
    /// The body of a refusal. A recorded one has the attempt's or inquiry's id, which is its request id too, so
    /// that a replay is the same bytes; one that is not recorded has a fresh request id.
    pub fn new(refusal: Refusal, id: Option<String>, errors: Vec<FieldError>) -> Self {
        let answered = refusal.as_answered();
        Self {
            r#type: type_of(answered.code()),
            title: texts::refusal_title(answered),
            status: StatusCode::PAYMENT_REQUIRED.as_u16(),
            code: answered.code(),
            response_code: answered.response_code(),
            pesan: texts::refusal_pesan(answered),
            request_id: id.clone().unwrap_or_else(request_id),
            id,
            errors,
        }
    }
}

fn type_of(code: &str) -> String {
    format!("urn:ewarong:problem:{code}")
}

/// Names one request in answers and logs.
pub(crate) fn request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.code.status();
        let mut response = HttpResponse::build(status);
        response.content_type(MEDIA_TYPE);
        if let Some((name, value)) = self.code.header() {
            response.insert_header((name, HeaderValue::from_static(value)));
        }
        if let Some(seconds) = self.wait {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        let request_id = request_id();
        response.insert_header((REQUEST_ID, request_id.as_str()));
        response.json(Body {
            r#type: type_of(self.code.as_str()),
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code.as_str(),
            pesan: self.code.pesan(),
            request_id,
            errors: &self.errors,
            error: self.code.is_of_token_request().then(|| self.code.as_str()),
        })
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unavailable => Self::new(Code::Unavailable),
            Trouble::Unknown => Self::new(Code::OutcomeUnknown),
            Trouble::Store(error) => error.into(),
        }
    }
}

/// A failed read or an undone write: nothing was done.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the database failed");
        Self::new(match error {
            StoreError::Corrupt(_) => Code::Internal,
            StoreError::Commit(_) => Code::OutcomeUnknown,
            StoreError::Connect(_)
            | StoreError::Pool(_)
            | StoreError::Statement(_)
            | StoreError::File(_)
            | StoreError::Migrate(_)
            | StoreError::Url(_) => Code::Unavailable,
        })
    }
}

impl From<NoAccess> for Problem {
    fn from(error: NoAccess) -> Self {
        match error {
            NoAccess::Revoked => Self::new(Code::TokenInvalid),
            NoAccess::Store(error) => error.into(),
        }
    }
}

impl From<NotShown> for Problem {
    fn from(error: NotShown) -> Self {
        match error {
            NotShown::NoAccess(error) => error.into(),
            NotShown::NotSealed(_) | NotShown::Future => {
                Self::at(Code::RequestInvalid, "/as_of", error.to_string())
            }
        }
    }
}

/// A thread of the blocking pool went away, with whatever it had done.
impl From<actix_web::error::BlockingError> for Problem {
    fn from(_gone: actix_web::error::BlockingError) -> Self {
        Self::new(Code::OutcomeUnknown)
    }
}
