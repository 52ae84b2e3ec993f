//! Tokens that were checked once: a signature costs more than the rest of a request.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use ledger::domain::keys::sha256;
use ledger::service::Scope;
use quick_cache::sync::Cache;

use super::tokens::Good;
use crate::app::App;
use crate::limits::clients::Client;
use crate::problem::{Code, Problem};

/// Tokens that are remembered; each is good for ten minutes.
const REMEMBERED: usize = 65_536;

/// A client whose token was checked.
#[derive(Debug)]
pub struct Session {
    /// The client's row.
    pub client: i64,
    /// The client's name.
    pub client_id: String,
    /// What it acts for.
    pub scope: Scope,
    /// What it may do on this node.
    pub(crate) limits: Arc<Client>,
    good: Good,
}

/// The sessions of the tokens that were seen lately, by the tokens' hashes.
#[derive(Debug)]
pub struct Sessions(Cache<[u8; 32], Arc<Session>>);

impl Default for Sessions {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Sessions {
    /// The session of a request's bearer token.
    pub(super) async fn of(
        &self,
        app: &web::Data<App>,
        request: &HttpRequest,
    ) -> Result<Arc<Session>, Problem> {
        let header = request.headers().get(header::AUTHORIZATION);
        let header = header.ok_or(Problem::new(Code::TokenMissing))?;
        let invalid = || Problem::new(Code::TokenInvalid);
        let token = header.to_str().ok().and_then(bearer).ok_or_else(invalid)?;
        let hash = sha256(&[token.as_bytes()]);
        let now = app.ledger.clock().now();
        if let Some(session) = self.0.get(&hash) {
            if session.good.holds_at(now) {
                return Ok(session);
            }
            self.0.remove(&hash);
            return Err(invalid());
        }
        let bearer = app.tokens.check(token, now).ok_or_else(invalid)?;
        let ledger = Arc::clone(&app.ledger);
        let client_id = bearer.client_id;
        let client = web::block(move || ledger.client(&client_id)).await??.ok_or_else(invalid)?;
        let session = Arc::new(Session {
            client: client.id,
            client_id: client.client_id,
            scope: client.scope,
            limits: app.clients.of(client.id),
            good: bearer.good,
        });
        self.0.insert(hash, Arc::clone(&session));
        Ok(session)
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
