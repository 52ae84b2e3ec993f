//! Balance inquiries: what is left on a card, for whoever has its PIN.

use actix_web::{HttpResponse, web};
use ledger::service::Reply;

use crate::app::App;
use crate::auth::Merchant;
use crate::extract::Body;
use crate::problem::{Code, MEDIA_TYPE, Problem, RefusalBody};
use crate::security::note_refusal;
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
        Reply::NotTold(refusal) => {
            let mut response = HttpResponse::PaymentRequired()
                .content_type(MEDIA_TYPE)
                .json(RefusalBody::new(refusal, None, Vec::new()));
            note_refusal(refusal, &mut response);
            Ok(response)
        }
        Reply::ClientRevoked => Err(Problem::new(Code::TokenInvalid)),
        Reply::Decided { .. } | Reply::KeyReused => Err(Problem::new(Code::Internal)),
    }
}
