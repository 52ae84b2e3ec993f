//! A bank's merchants and their terminals: which may be used, and which stand still.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::domain::merchant::{MerchantCode, TerminalCode};
use ledger::service::{Ledger, NotSet, ShopStanding};

use crate::app::App;
use crate::auth::{Bank, Supervisor};
use crate::extract::Body;
use crate::problem::{Code, Problem};
use crate::wire::paging::Page;
use crate::wire::shop::{ShopStateAnswer, ShopStateBody, TerminalAnswer, TerminalParams};
use crate::writing::writing;

/// Sets whether a merchant may sell.
pub(super) async fn set_merchant(
    app: web::Data<App>,
    caller: Bank,
    code: web::Path<String>,
    body: Body<ShopStateBody>,
) -> Result<HttpResponse, Problem> {
    let (next, reason) = body.json().await?.parse()?;
    let code: MerchantCode = code.parse().map_err(|_no_code| Problem::new(Code::NotFound))?;
    let by = caller.teller();
    act(app, move |ledger| ledger.set_merchant_state(by, &code, next, reason)).await
}

/// Sets whether a terminal may be used; this is how a suspension is lifted.
pub(super) async fn set_terminal(
    app: web::Data<App>,
    caller: Bank,
    code: web::Path<String>,
    body: Body<ShopStateBody>,
) -> Result<HttpResponse, Problem> {
    let (next, reason) = body.json().await?.parse()?;
    let code: TerminalCode = code.parse().map_err(|_no_code| Problem::new(Code::NotFound))?;
    let by = caller.teller();
    act(app, move |ledger| ledger.set_terminal_state(by, &code, next, reason)).await
}

async fn act(
    app: web::Data<App>,
    work: impl FnOnce(&Ledger) -> Result<ShopStanding, NotSet> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let ledger = Arc::clone(&app.ledger);
    let standing = writing(move || work(&ledger)).await?;
    Ok(HttpResponse::Ok().json(ShopStateAnswer::from(standing)))
}

/// Terminals, in the order in which they were registered.
pub(super) async fn terminals(
    app: web::Data<App>,
    caller: Supervisor,
    params: web::Query<TerminalParams>,
) -> Result<HttpResponse, Problem> {
    let (query, page) = params.parse()?;
    let range = (page.after_id()?, page.limit().saturating_add(1));
    let ledger = Arc::clone(&app.ledger);
    let Supervisor { client, reader } = caller;
    let mut rows = web::block(move || ledger.terminals(client, reader, &query, range)).await??;
    let next = page.cut(&mut rows, |row| row.id);
    let data: Vec<_> = rows.into_iter().map(TerminalAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: next }))
}

impl From<NotSet> for Problem {
    fn from(error: NotSet) -> Self {
        match error {
            NotSet::NotFound => Self::new(Code::NotFound),
            NotSet::ClientRevoked => Self::new(Code::TokenInvalid),
            NotSet::Trouble(trouble) => trouble.into(),
        }
    }
}
