//! Balance inquiries: what is left on a card, for whoever has its PIN; and those that were refused.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::domain::public_id::{self, IdKind};
use ledger::service::Reply;

use crate::app::App;
use crate::auth::{Merchant, Supervisor};
use crate::extract::Body;
use crate::problem::{Code, MEDIA_TYPE, Problem, RefusalBody};
use crate::security::note_refusal;
use crate::wire::inquiry::{InquiryAnswer, InquiryParams};
use crate::wire::paging::Page;
use crate::wire::redemption::{BalanceAnswer, InquiryBody};

/// Tells the balance, or why not.
pub(super) async fn inquire(
    app: web::Data<App>,
    caller: Merchant,
    body: Body<InquiryBody>,
) -> Result<HttpResponse, Problem> {
    let (number, pin) = body.json().await?.parse()?;
    match app.ledger.inquire(caller.pos(), &number, pin).await? {
        Reply::Balance { balance, as_of } => Ok(HttpResponse::Ok().json(BalanceAnswer {
            balance: balance.get(),
            card: number.masked().to_string(),
            as_of: as_of.rfc3339(),
        })),
        Reply::NotTold(refused) => {
            let keys = app.ledger.keys();
            let id = public_id::encode(keys, IdKind::Inquiry, refused.id, refused.wallet);
            let mut response = HttpResponse::PaymentRequired()
                .content_type(MEDIA_TYPE)
                .json(RefusalBody::new(refused.refusal, Some(id), Vec::new()));
            note_refusal(refused.refusal, &mut response);
            Ok(response)
        }
        Reply::ClientRevoked => Err(Problem::new(Code::TokenInvalid)),
        Reply::Decided { .. } | Reply::KeyReused => Err(Problem::new(Code::Internal)),
    }
}

/// Refused inquiries, newest first.
pub(super) async fn list(
    app: web::Data<App>,
    caller: Supervisor,
    params: web::Query<InquiryParams>,
) -> Result<HttpResponse, Problem> {
    let (query, page) = params.parse()?;
    let below = match page.after_id()? {
        0 => i64::MAX,
        id => id,
    };
    let range = (below, page.limit().saturating_add(1));
    let ledger = Arc::clone(&app.ledger);
    let Supervisor { client, reader } = caller;
    let mut rows =
        web::block(move || ledger.refused_inquiries(client, reader, &query, range)).await??;
    let next = page.cut(&mut rows, |row| row.inquiry.id.0);
    let keys = app.ledger.keys();
    let data: Vec<_> = rows.iter().map(|row| InquiryAnswer::of(keys, row)).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: next }))
}
