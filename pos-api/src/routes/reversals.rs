//! Reversals: a redemption is taken back, whole and once.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::domain::keys::key_hash;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{NotReversed, OnceKey, ReverseRequest};

use super::answered;
use crate::auth::Merchant;
use crate::extract::{IdempotencyKey, JsonBody};
use crate::problem::{Code, Problem};
use crate::startup::App;
use crate::wire::reversal::{ReversalAnswer, ReversalBody};

/// Takes a redemption back.
pub(super) async fn reverse(
    app: web::Data<App>,
    caller: Merchant,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: JsonBody<ReversalBody>,
) -> Result<HttpResponse, Problem> {
    let key_hash = key_hash(key.required()?);
    let reason = body.read().await?.parse()?;
    let keys = app.ledger.keys();
    let (redemption, wallet) =
        public_id::decode(keys, IdKind::Redemption, &id).ok_or(Problem::new(Code::NotFound))?;
    let merchant = caller.shop.merchant;
    let request = keys.request_mac(&[b"RV1", &redemption.0.to_be_bytes(), reason.as_bytes()]);
    let request = ReverseRequest {
        client: caller.client,
        merchant,
        redemption,
        wallet,
        reason,
        key: OnceKey { scope: merchant, key_hash, request },
    };
    let ledger = Arc::clone(&app.ledger);
    let answer = web::block(move || {
        let keys = ledger.keys().clone();
        ledger.reverse(request, move |reversed| ReversalAnswer::of(&keys, reversed).json())
    });
    Ok(answered(answer.await??))
}

impl From<NotReversed> for Problem {
    fn from(error: NotReversed) -> Self {
        match error {
            NotReversed::NotFound => Self::new(Code::NotFound),
            NotReversed::NotApproved => Self::new(Code::NotApproved),
            NotReversed::AlreadyReversed => Self::new(Code::AlreadyReversed),
            NotReversed::DayClosed => Self::new(Code::DayClosed),
            NotReversed::ClientRevoked => Self::new(Code::TokenInvalid),
            NotReversed::KeyReused => Self::new(Code::KeyReused),
            NotReversed::Trouble(trouble) => trouble.into(),
        }
    }
}
