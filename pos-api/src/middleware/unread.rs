//! Bodies that nobody reads.
//!
//! After an answer to a request whose body is not read yet, the server closes the connection: it says
//! so, takes in for a second what still comes, so that the client gets to read the answer, and shuts
//! it. It does so for a body of declared length. A chunked body that the handler dropped it would
//! take in without end, to use the connection again; so such a body is kept until its answer is sent.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage as _;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_core::Stream;

/// A chunked body that may not be read to its end.
pub(super) struct Kept(#[expect(dead_code, reason = "it is kept, not used")] Rc<RefCell<Payload>>);

/// Keeps a request's body, if it is chunked, beside what its handler does with it.
pub(super) fn keep(request: &mut ServiceRequest) -> Option<Kept> {
    if !request.headers().contains_key(header::TRANSFER_ENCODING) {
        return None;
    }
    let body = Rc::new(RefCell::new(request.take_payload()));
    request.set_payload(Payload::Stream { payload: Box::pin(Shared(Rc::clone(&body))) });
    Some(Kept(body))
}

/// The body for the handler.
struct Shared(Rc<RefCell<Payload>>);

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}
