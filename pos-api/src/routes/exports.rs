//! Exports: a stream of transfers that ends with a line that says so, or not at all.
//!
//! Pages are read and written on threads of their own; one is read ahead while the one before is
//! written and sent. A client that takes nothing holds no thread, no connection of the database, and
//! two pages of memory.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{self, Accept, Header as _};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, rt, web};
use ledger::domain::bank::BankCode;
use ledger::service::{Export, Ledger, NoAccess, ShownTransfer, TransferQuery};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

use super::require_bank;
use crate::app::App;
use crate::auth::Reading;
use crate::limits::budget::UsedUp;
use crate::limits::clients::Cost;
use crate::problem::{Code, Problem};
use crate::wire::transfer::Form;

/// Exports that run at once; they are long, and lists want their share of the database.
pub(crate) const AT_ONCE: usize = 4;
/// How long a client may take nothing before it is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// The form that the client would rather have than a page of JSON.
pub(super) fn asked_for(request: &HttpRequest) -> Option<Form> {
    let accept = Accept::parse(request).ok()?;
    for media in accept.ranked() {
        let media = media.essence_str();
        if let Some(form) = Form::ALL.into_iter().find(|form| form.media_type() == media) {
            return Some(form);
        }
        if matches!(media, "application/json" | "application/*" | "*/*") {
            return None;
        }
    }
    None
}

/// Streams everything that the query selects.
pub(super) async fn stream(
    app: &App,
    caller: Reading,
    query: TransferQuery,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let Reading { client, reader } = caller;
    let own = app.clients.of(client).read(Cost::Export);
    let own = own.map_err(|UsedUp { wait }| Problem::wait(wait))?;
    let permit = Arc::clone(&app.exports).try_acquire_owned();
    let permit = permit.map_err(|_all_taken| Problem::new(Code::Unavailable))?;
    let ledger = Arc::clone(&app.ledger);
    let begin = {
        let ledger = Arc::clone(&ledger);
        web::block(move || {
            require_bank(&ledger, query.bank.as_ref().map(BankCode::as_str))?;
            Ok::<_, Problem>(ledger.export(client, reader, &query)?)
        })
    };
    let export = begin.await??;
    let size = export.log_size();
    let (parts, receiver) = mpsc::channel(1);
    rt::spawn(send(Sender { ledger, form, parts, rows: 0, _permits: (permit, own) }, export));
    let file = format!("attachment; filename=\"transfers-{size}.{}\"", form.extension());
    Ok(HttpResponse::Ok()
        .content_type(form.media_type())
        .insert_header((header::CONTENT_DISPOSITION, file))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("log-size", size))
        .body(ExportBody { parts: receiver, whole: false }))
}

/// A piece of the body.
enum Part {
    /// Others follow.
    More(Bytes),
    /// The last one.
    Last(Bytes),
}

/// Reads, writes and sends.
struct Sender {
    ledger: Arc<Ledger>,
    form: Form,
    parts: mpsc::Sender<Part>,
    rows: u64,
    _permits: (OwnedSemaphorePermit, crate::limits::clients::Reading),
}

/// Why an export ends before its end.
#[derive(Debug, thiserror::Error)]
enum Ended {
    /// The client is gone.
    #[error("the client is gone")]
    Gone,
    /// The client takes nothing.
    #[error("the client took nothing for a minute")]
    Slow,
    /// The database failed, or the client's access was withdrawn.
    #[error(transparent)]
    Failed(#[from] NoAccess),
    /// A thread went away.
    #[error(transparent)]
    Thread(#[from] actix_web::error::BlockingError),
}

async fn send(mut sender: Sender, export: Export) {
    let size = export.log_size();
    if let Err(reason) = sender.send_all(export).await {
        let rows = sender.rows;
        tracing::warn!(size, rows, %reason, "an export ended before its end");
    }
}

impl Sender {
    async fn send_all(&mut self, export: Export) -> Result<(), Ended> {
        let (form, size) = (self.form, export.log_size());
        let mut reading = read(&self.ledger, export);
        loop {
            let (export, page) = reading.await?;
            let Some(page) = page? else { break };
            reading = read(&self.ledger, export);
            let first = self.rows == 0;
            self.rows = self.rows.saturating_add(u64::try_from(page.len()).unwrap_or_default());
            let ledger = Arc::clone(&self.ledger);
            let text = web::block(move || written(&ledger, form, first, &page)).await?;
            if !text.is_empty() {
                self.part(Part::More(text.into())).await?;
            }
        }
        let mut text = String::new();
        if self.rows == 0 {
            form.head(&mut text);
        }
        form.end(&mut text, self.rows, size);
        self.part(Part::Last(text.into())).await
    }

    async fn part(&self, part: Part) -> Result<(), Ended> {
        let sent = timeout(PATIENCE, self.parts.send(part)).await;
        sent.map_err(|_elapsed| Ended::Slow)?.map_err(|_closed| Ended::Gone)
    }
}

type Read = (Export, Result<Option<Vec<ShownTransfer>>, NoAccess>);

/// Begins to read the next page.
fn read(
    ledger: &Arc<Ledger>,
    mut export: Export,
) -> impl Future<Output = Result<Read, actix_web::error::BlockingError>> + use<> {
    let ledger = Arc::clone(ledger);
    web::block(move || {
        let page = ledger.export_more(&mut export);
        (export, page)
    })
}

/// Bytes that a transfer takes, about.
const ROW: usize = 420;

fn written(ledger: &Ledger, form: Form, first: bool, rows: &[ShownTransfer]) -> String {
    let mut text = String::with_capacity(rows.len().saturating_mul(ROW));
    if first && !rows.is_empty() {
        form.head(&mut text);
    }
    form.rows(&mut text, ledger.keys(), rows);
    text
}

/// The body: what the sender sends. Where it ends without its last part, the connection breaks, so
/// that no client takes it for complete.
struct ExportBody {
    parts: mpsc::Receiver<Part>,
    whole: bool,
}

/// The export can't go on.
#[derive(Debug, thiserror::Error)]
#[error("the export ended before its end")]
struct Broken;

impl MessageBody for ExportBody {
    type Error = Broken;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Broken>>> {
        let body = self.get_mut();
        Poll::Ready(match ready!(body.parts.poll_recv(context)) {
            Some(Part::More(bytes)) => Some(Ok(bytes)),
            Some(Part::Last(bytes)) => {
                body.whole = true;
                Some(Ok(bytes))
            }
            None if body.whole => None,
            None => Some(Err(Broken)),
        })
    }
}
