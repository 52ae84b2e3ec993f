//! Tokens for client credentials (RFC 6749), and the key they are signed with.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use ledger::service::{Client, StoreError};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::LIFETIME;
use crate::extract::Body;
use crate::limits::budget::UsedUp;
use crate::problem::{Code, Problem};
use crate::security::{What, claimed};

#[derive(Deserialize)]
pub(super) struct Grant {
    grant_type: String,
}

#[derive(Serialize)]
struct TokenAnswer {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
}

/// A token for a client that shows its secret.
pub(super) async fn token(
    app: web::Data<App>,
    request: HttpRequest,
    grant: Body<Grant>,
) -> Result<HttpResponse, Problem> {
    let grant = grant.form().await?;
    if grant.grant_type != "client_credentials" {
        return Err(Problem::new(Code::UnsupportedGrant));
    }
    let wrong = || Problem::new(Code::InvalidClient);
    let (client_id, secret) = basic_credentials(&request).ok_or_else(wrong)?;
    let ledger = Arc::clone(&app.ledger);
    let asked = client_id.clone();
    // The same work whether there is such a client or not, and whether it met a limit or not.
    let (client, right) = web::block(move || {
        let client = ledger.client(&asked)?;
        let right = Client::is_secret_of(client.as_ref(), &secret);
        Ok::<_, StoreError>((client, right))
    })
    .await??;
    let Some(client) = client.filter(|_| right) else {
        return Err(failed(&app, &request, &client_id));
    };
    let now = app.ledger.clock().now();
    let token = app
        .tokens
        .issue(&client.client_id, client.scope.role(), now)
        .map_err(|_unusable_key| Problem::new(Code::Internal))?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(TokenAnswer {
        access_token: token,
        token_type: "Bearer",
        expires_in: LIFETIME,
    }))
}

/// A wrong secret is counted and noted; after too many of them the client has to wait, but whoever has
/// the right one never does.
fn failed(app: &App, request: &HttpRequest, client_id: &str) -> Problem {
    let address = request.peer_addr().map(|peer| peer.ip());
    app.security.note_request(What::LoginFailed, request, Some(claimed(client_id)), "");
    match app.logins.failed(client_id, address) {
        Ok(()) => Problem::new(Code::InvalidClient),
        Err(UsedUp { wait }) => Problem::wait(wait),
    }
}

fn basic_credentials(request: &HttpRequest) -> Option<(String, String)> {
    let header = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(client, secret)| (client.to_owned(), secret.to_owned()))
}

#[derive(Serialize)]
struct KeySet<'a> {
    keys: [Key<'a>; 1],
}

#[derive(Serialize)]
struct Key<'a> {
    kty: &'a str,
    crv: &'a str,
    alg: &'a str,
    r#use: &'a str,
    kid: &'a str,
    x: String,
}

/// The key that tokens are signed with, as a JSON Web Key set.
pub(super) async fn jwks(app: web::Data<App>) -> HttpResponse {
    let (kid, x) = app.tokens.public_key();
    let key = Key { kty: "OKP", crv: "Ed25519", alg: "EdDSA", r#use: "sig", kid, x };
    HttpResponse::Ok().json(KeySet { keys: [key] })
}
