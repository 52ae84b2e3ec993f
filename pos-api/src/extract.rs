//! Reading requests: bodies with bounds on size and time, idempotency keys.
//!
//! Nothing here fails before the handler asks for it, so that who is asking is settled first.

use std::fmt;
use std::future::{Ready, poll_fn, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Payload, UrlEncoded};
use actix_web::error::UrlencodedError;
use actix_web::http::header;
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_core::Stream as _;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Code, Problem};

/// The largest body of a request, in bytes.
pub(crate) const MAX_BODY: usize = 16 * 1024;
/// How long a body may take in all.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long nothing may come of a body that may take longer.
const STALL: Duration = Duration::from_secs(20);
const MAX_KEY: usize = 128;

/// A body that is not read yet.
pub(crate) struct Body<T> {
    request: HttpRequest,
    payload: Payload,
    wanted: PhantomData<T>,
}

impl<T> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        ready(Ok(Self { request, payload, wanted: PhantomData }))
    }
}

impl<T: DeserializeOwned + 'static> Body<T> {
    /// Reads JSON.
    pub(crate) async fn json(self) -> Result<T, Problem> {
        self.json_up_to(MAX_BODY, BODY_TIMEOUT).await
    }

    /// Reads JSON of up to so many bytes, which may take its time to arrive.
    pub(crate) async fn json_up_to(self, most: usize, limit: Duration) -> Result<T, Problem> {
        let bytes = timely(limit, self.bytes(most, |_bytes| Ok(()))).await?;
        parse(&bytes)
    }

    /// The same, and what has arrived takes its place in a room, a permit for each KiB.
    pub(crate) async fn json_into(
        self,
        room: &Arc<Semaphore>,
        most: usize,
        limit: Duration,
    ) -> Result<(T, OwnedSemaphorePermit), Problem> {
        let mut taken = take(room, 1)?;
        let (mut paid, mut arrived) = (1024_usize, 0_usize);
        let bytes = self.bytes(most, |more| {
            arrived = arrived.saturating_add(more);
            let kib = u32::try_from(arrived.saturating_sub(paid).div_ceil(1024));
            let kib = kib.map_err(|_too_large| Problem::new(Code::PayloadTooLarge))?;
            if kib > 0 {
                taken.merge(take(room, kib)?);
                paid = paid.saturating_add(usize::try_from(kib).unwrap_or(0).saturating_mul(1024));
            }
            Ok(())
        });
        let bytes = timely(limit, bytes).await?;
        Ok((parse(&bytes)?, taken))
    }

    /// The body, of up to so many bytes. `arrived` is told of each piece and may refuse it.
    async fn bytes(
        mut self,
        most: usize,
        mut arrived: impl FnMut(usize) -> Result<(), Problem>,
    ) -> Result<BytesMut, Problem> {
        let plain = self.request.headers().get(header::CONTENT_ENCODING).is_none();
        if self.request.content_type() != "application/json" || !plain {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        let told = self.request.headers().get(header::CONTENT_LENGTH);
        let told = told.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if told.is_some_and(|length| length > most) {
            return Err(Problem::new(Code::PayloadTooLarge));
        }
        let mut bytes = BytesMut::new();
        loop {
            let next = poll_fn(|context| Pin::new(&mut self.payload).poll_next(context));
            // Who sends nothing is not waited for as long as who is slow.
            let Some(piece) = timely(STALL, async { Ok(next.await) }).await? else { break };
            let piece = piece.map_err(|_broken_off| Problem::new(Code::JsonUnreadable))?;
            if bytes.len().saturating_add(piece.len()) > most {
                return Err(Problem::new(Code::PayloadTooLarge));
            }
            arrived(piece.len())?;
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// Reads a form.
    pub(crate) async fn form(mut self) -> Result<T, Problem> {
        let reading = UrlEncoded::<T>::new(&self.request, &mut self.payload).limit(MAX_BODY);
        tokio::time::timeout(BODY_TIMEOUT, reading)
            .await
            .map_err(|_elapsed| Problem::new(Code::RequestTimeout))?
            .map_err(|error| Problem::new(unreadable_form(&error)))
    }
}

/// Waits so long and no longer.
async fn timely<T>(
    limit: Duration,
    reading: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let read = tokio::time::timeout(limit, reading).await;
    read.unwrap_or_else(|_elapsed| Err(Problem::new(Code::RequestTimeout)))
}

fn take(room: &Arc<Semaphore>, kib: u32) -> Result<OwnedSemaphorePermit, Problem> {
    let taken = Arc::clone(room).try_acquire_many_owned(kib);
    taken.map_err(|_full| Problem::new(Code::Unavailable))
}

fn unreadable_form(error: &UrlencodedError) -> Code {
    if matches!(error, UrlencodedError::ContentType) {
        Code::UnsupportedMediaType
    } else if matches!(error, UrlencodedError::Overflow { .. }) {
        Code::PayloadTooLarge
    } else {
        Code::InvalidRequest
    }
}

/// A JSON object. Serde reads a struct from an array too, by the order of its fields; here only the
/// names count.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

/// Reads an object's members into a struct.
struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// Reads JSON. A field that does not fit is named; the second reading for that costs only the
/// requests that fail.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map(|Object(body)| body).map_err(|error| {
        if !error.is_data() {
            return Problem::new(Code::JsonUnreadable);
        }
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let error = serde_path_to_error::deserialize::<_, Object<T>>(&mut reader).err();
        let (pointer, detail) = error.map_or((String::new(), String::new()), |error| {
            (pointer_of(error.path()), without_position(&error.inner().to_string()))
        });
        Problem::at(Code::RequestInvalid, pointer, detail)
    })
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// The parser's message without "at line 1 column 2": the pointer says where. The values it quotes
/// may be a card number or a PIN, so a message that quotes one is cut before it.
fn without_position(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or_default();
    match message.split_once("invalid type: ").or(message.split_once("invalid value: ")) {
        Some((_, rest)) => {
            let expected = rest.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
            format!("has another type than {expected}")
        }
        None => message.to_owned(),
    }
}

/// The `Idempotency-Key` header as it came.
pub(crate) struct IdempotencyKey(HttpRequest);

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.clone())))
    }
}

impl IdempotencyKey {
    /// The key.
    pub(crate) fn required(&self) -> Result<&str, Problem> {
        self.optional()?.ok_or(Problem::new(Code::KeyMissing))
    }

    /// The key, where one was sent.
    pub(crate) fn optional(&self) -> Result<Option<&str>, Problem> {
        let mut values = self.0.headers().get_all("idempotency-key");
        let Some(value) = values.next() else { return Ok(None) };
        let visible = |key: &&str| {
            (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let key = value.to_str().ok().filter(visible).filter(|_| values.next().is_none());
        key.map(Some).ok_or(Problem::new(Code::KeyInvalid))
    }
}
