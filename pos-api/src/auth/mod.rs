//! Who is asking: tokens, sessions, and an extractor for each role, so that a handler without a
//! scope can't be written.

mod crypto;
mod sessions;
mod tokens;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use ledger::domain::bank::{BankCode, BankId};
use ledger::domain::redemption::PointOfSale;
use ledger::service::{Reader, Scope, Shop, Teller};

use crate::app::App;
use crate::limits::budget::UsedUp;
use crate::limits::clients::{Cost, Reading as Held};
use crate::problem::{Code, Problem};

pub use sessions::{Session, Sessions};
pub use tokens::{LIFETIME, TokenKeyError, Tokens};

/// A merchant's client.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// The client's row.
    pub client: i64,
    /// The terminal it acts for.
    pub shop: Arc<Shop>,
}

impl Merchant {
    /// The point of sale it asks from.
    pub fn pos(&self) -> PointOfSale {
        PointOfSale {
            client: self.client,
            merchant: self.shop.merchant,
            terminal: self.shop.terminal,
        }
    }
}

/// A bank's client.
#[derive(Clone, Debug)]
pub struct Bank {
    /// The client's row.
    pub client: i64,
    /// The bank it acts for.
    pub bank: BankId,
    /// The bank's code.
    pub code: BankCode,
}

impl Bank {
    /// The client as the one who changes a card.
    pub fn teller(&self) -> Teller {
        Teller { client: self.client, bank: self.bank }
    }
}

/// The programme's client.
#[derive(Clone, Copy, Debug)]
pub struct Programme {
    /// The client's row.
    pub client: i64,
}

/// A client that may read what the programme did: the programme and an auditor.
#[derive(Clone, Copy, Debug)]
pub struct Overseer {
    /// The client's row.
    pub client: i64,
}

/// A client that may read records: a merchant its own, a bank its own, an auditor all.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The client's row.
    pub client: i64,
    /// What it may read.
    pub reader: Reader,
}

/// A client that sees to shops and cards: a bank to its own, an auditor to all.
#[derive(Clone, Copy, Debug)]
pub struct Supervisor {
    /// The client's row.
    pub client: i64,
    /// What it may read.
    pub reader: Reader,
}

/// A client that may read totals: a bank its own, an auditor and the programme all.
#[derive(Clone, Copy, Debug)]
pub struct Totals {
    /// The client's row.
    pub client: i64,
    /// The one bank whose totals it may read.
    pub bank: Option<BankId>,
}

/// Any client.
#[derive(Clone, Debug)]
pub struct Anyone(pub Arc<Session>);

trait OfSession: Sized {
    fn of(session: &Arc<Session>) -> Option<Self>;
}

impl OfSession for Merchant {
    fn of(session: &Arc<Session>) -> Option<Self> {
        match &session.scope {
            Scope::Merchant(shop) => Some(Self { client: session.client, shop: Arc::clone(shop) }),
            Scope::Bank(..) | Scope::Auditor | Scope::Programme => None,
        }
    }
}

impl OfSession for Bank {
    fn of(session: &Arc<Session>) -> Option<Self> {
        match &session.scope {
            Scope::Bank(bank, code) => {
                Some(Self { client: session.client, bank: *bank, code: code.clone() })
            }
            Scope::Merchant(_) | Scope::Auditor | Scope::Programme => None,
        }
    }
}

impl OfSession for Programme {
    fn of(session: &Arc<Session>) -> Option<Self> {
        matches!(session.scope, Scope::Programme).then_some(Self { client: session.client })
    }
}

impl OfSession for Overseer {
    fn of(session: &Arc<Session>) -> Option<Self> {
        match &session.scope {
            Scope::Programme | Scope::Auditor => Some(Self { client: session.client }),
            Scope::Merchant(_) | Scope::Bank(..) => None,
        }
    }
}

impl OfSession for Reading {
    fn of(session: &Arc<Session>) -> Option<Self> {
        Reader::of(&session.scope).map(|reader| Self { client: session.client, reader })
    }
}

impl OfSession for Supervisor {
    fn of(session: &Arc<Session>) -> Option<Self> {
        let reader = match &session.scope {
            Scope::Bank(bank, _) => Reader::Bank(*bank),
            Scope::Auditor => Reader::All,
            Scope::Merchant(_) | Scope::Programme => return None,
        };
        Some(Self { client: session.client, reader })
    }
}

impl OfSession for Totals {
    fn of(session: &Arc<Session>) -> Option<Self> {
        let client = session.client;
        match &session.scope {
            Scope::Merchant(_) => None,
            Scope::Bank(bank, _) => Some(Self { client, bank: Some(*bank) }),
            Scope::Auditor | Scope::Programme => Some(Self { client, bank: None }),
        }
    }
}

impl OfSession for Anyone {
    fn of(session: &Arc<Session>) -> Option<Self> {
        Some(Self(Arc::clone(session)))
    }
}

macro_rules! from_request {
    ($($role:ty),+) => {$(
        impl FromRequest for $role {
            type Error = Problem;
            type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let request = request.clone();
                Box::pin(async move { role_of(&request).await })
            }
        }
    )+};
}

from_request!(Merchant, Bank, Programme, Overseer, Supervisor, Reading, Totals, Anyone);

async fn role_of<R: OfSession>(request: &HttpRequest) -> Result<R, Problem> {
    let session = admitted(request).await?;
    R::of(&session).ok_or(Problem::new(Code::RoleNotAllowed))
}

/// A client that was let in, for as long as its request lives.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) session: Arc<Session>,
    /// What it reads meanwhile.
    _reading: Option<Held>,
}

/// Who asks, if its token is valid and it has not met its limits: that is found out once a request.
async fn admitted(request: &HttpRequest) -> Result<Arc<Session>, Problem> {
    if let Some(admitted) = request.extensions().get::<Admitted>() {
        return Ok(Arc::clone(&admitted.session));
    }
    let app: &web::Data<App> = request.app_data().ok_or(Problem::new(Code::Internal))?;
    let session = app.sessions.of(app, request).await?;
    let reading = if *request.method() == Method::GET {
        session.limits.read(cost_of(request)).map(Some)
    } else {
        Ok(None)
    };
    let (reading, used_up) = match session.limits.failures.left().and(reading) {
        Ok(reading) => (reading, None),
        Err(used_up) => (None, Some(used_up)),
    };
    let admitted = Admitted { session: Arc::clone(&session), _reading: reading };
    request.extensions_mut().insert(admitted);
    used_up.map_or(Ok(session), |UsedUp { wait }| Err(Problem::wait(wait)))
}

/// What adds up much, whoever asks. What is not named is a list, or a record when its path ends with
/// an id.
const REPORTS: [&str; 3] = ["/v1/trial-balance", "/v1/daily-reconciliations", "/v1/net-positions"];
const RECORDS: [&str; 2] = ["/v1/me", "/v1/catalogue"];

fn cost_of(request: &HttpRequest) -> Cost {
    let template = request.match_pattern().unwrap_or_default();
    let asks_for = |name: &str| {
        let parts = request.query_string().split('&');
        parts.filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name)
    };
    let is_report = REPORTS.contains(&template.as_str()) || asks_for("as_of").is_some();
    if is_report {
        Cost::Report
    } else if RECORDS.contains(&template.as_str()) || template.ends_with("{id}") {
        Cost::Record
    } else {
        let rows = asks_for("limit").and_then(|(_, rows)| rows.parse().ok());
        Cost::List(rows.unwrap_or(100))
    }
}
