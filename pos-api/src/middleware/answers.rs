//! What every answer carries, whatever it is; and HEAD, which is GET without the body.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Bytes;

use super::unread::{Kept, keep};
use crate::problem::{REQUEST_ID, request_id};

/// Answers a request.
pub(crate) fn answer<S>(
    mut request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<Answer>, Error>> + use<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error>,
    S::Future: 'static,
{
    // The server leaves the body of an answer to HEAD away by itself, and keeps its headers.
    let head_only = *request.method() == Method::HEAD;
    if head_only {
        request.head_mut().method = Method::GET;
    }
    let is_static = matches!(request.path(), "/openapi.json" | "/.well-known/jwks.json");
    let unread = keep(&mut request);
    let answering = service.call(request);
    async move {
        let mut response = answering.await?;
        complete(response.headers_mut(), is_static);
        Ok(response.map_body(|_, body| Answer { body, head_only, _unread: unread }))
    }
}

fn complete(headers: &mut HeaderMap, is_static: bool) {
    let name = HeaderName::from_static(REQUEST_ID);
    if !headers.contains_key(&name)
        && let Ok(id) = HeaderValue::try_from(request_id())
    {
        headers.insert(name, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !is_static && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// The body of an answer, and what has to live until it was sent.
pub(crate) struct Answer {
    body: BoxBody,
    head_only: bool,
    _unread: Option<Kept>,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.head_only {
            // Nobody makes what nobody gets: an export would be read to its end.
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_next(context)
    }
}
