//! Reversals: a redemption is taken back, in full and once.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::domain::keys::key_hash;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{NotReversed, OnceKey, ReverseRequest};

use super::answered;
use crate::app::App;
use crate::auth::Merchant;
use crate::extract::{Body, IdempotencyKey};
use crate::problem::{Code, MEDIA_TYPE, Problem, RefusalBody};
use crate::wire::reversal::{ReversalAnswer, ReversalBody};
use crate::writing::writing;

/// Takes a redemption back.
pub(super) async fn reverse(
    app: web::Data<App>,
    caller: Merchant,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<ReversalBody>,
) -> Result<HttpResponse, Problem> {
    let key_hash = key_hash(key.required()?);
    let reason = body.json().await?.parse()?;
    let keys = app.ledger.keys();
    let (redemption, wallet) =
        public_id::decode(keys, IdKind::Redemption, &id).ok_or(Problem::new(Code::NotFound))?;
    let merchant = caller.shop.merchant;
    let request = keys.request_mac(&[b"RV1", &redemption.0.to_be_bytes(), reason.as_bytes()]);
    let request = ReverseRequest {
        pos: caller.pos(),
        redemption,
        wallet,
        reason,
        key: OnceKey { scope: merchant, key_hash, request },
    };
    let ledger = Arc::clone(&app.ledger);
    let answer = writing(move || {
        let keys = ledger.keys().clone();
        let render = move |reversed: &_| ReversalAnswer::of(&keys, reversed).json();
        match ledger.reverse(request, render) {
            Err(NotReversed::ShopInactive(refusal)) => Ok(Err(refusal)),
            other => other.map(Ok),
        }
    });
    match answer.await? {
        Err(refusal) => Ok(HttpResponse::PaymentRequired()
            .content_type(MEDIA_TYPE)
            .json(RefusalBody::new(refusal, None, Vec::new()))),
        Ok(reversed) => Ok(answered(reversed)),
    }
}

impl From<NotReversed> for Problem {
    fn from(error: NotReversed) -> Self {
        match error {
            NotReversed::NotFound => Self::new(Code::NotFound),
            NotReversed::NotApproved => Self::new(Code::NotApproved),
            NotReversed::AlreadyReversed => Self::new(Code::AlreadyReversed),
            NotReversed::DayClosed => Self::new(Code::DayClosed),
            NotReversed::ClientRevoked => Self::new(Code::TokenInvalid),
            NotReversed::ShopInactive(_) => Self::new(Code::RoleNotAllowed),
            NotReversed::KeyReused => Self::new(Code::KeyReused),
            NotReversed::Trouble(trouble) => trouble.into(),
        }
    }
}
