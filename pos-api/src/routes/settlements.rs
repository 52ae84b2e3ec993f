//! Settlements: closing a bank's day, and what it owes each merchant for it.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use ledger::domain::calendar::Date;
use ledger::domain::public_id::{self, IdKind};
use ledger::domain::settlement::Stage;
use ledger::service::{NotClosed, Reader, Settlement, SettlementQuery};

use super::require_bank;
use crate::app::App;
use crate::auth::{Anyone, Bank, Reading};
use crate::extract::Body;
use crate::problem::{Code, Problem};
use crate::wire::paging::{Page, PageQuery};
use crate::wire::settlement::{
    CloseBody, ClosingAnswer, DayAnswer, ItemAnswer, SettlementAnswer, SettlementParams,
    SettlementsAnswer,
};
use crate::writing::writing;

/// Marks the bank's open day as closing.
pub(super) async fn close(
    app: web::Data<App>,
    caller: Bank,
    body: Body<CloseBody>,
) -> Result<HttpResponse, Problem> {
    let (day, early) = body.json().await?.parse(&caller.code)?;
    let ledger = Arc::clone(&app.ledger);
    let state = writing(move || ledger.close_day(caller.client, caller.bank, day, early)).await?;
    let answer = ClosingAnswer {
        bank: caller.code.to_string(),
        business_date: day.to_string(),
        state: state.as_str(),
    };
    Ok(HttpResponse::Accepted().json(answer))
}

/// Settlements of closed days, and the days that are being closed; for a merchant that asks for a day that is open, what it sold so far.
pub(super) async fn list(
    app: web::Data<App>,
    caller: Reading,
    who: Anyone,
    params: web::Query<SettlementParams>,
) -> Result<HttpResponse, Problem> {
    let params = params.into_inner();
    let page = PageQuery::read(params.limit.as_deref(), params.cursor.as_deref())?;
    let after = page.after_id()?;
    let business_date: Option<Date> = params.business_date()?;
    let query = SettlementQuery { bank: params.bank, merchant: params.merchant_id, business_date };
    let ledger = Arc::clone(&app.ledger);
    let most = page.limit();
    let (mut rows, open, days) = web::block(move || {
        ledger.require_standing(caller.client)?;
        require_bank(&ledger, query.bank.as_deref())?;
        let rows = ledger.settlements(caller.reader, &query, after, most.saturating_add(1))?;
        let open =
            if rows.is_empty() && after == 0 { open_day(&ledger, &who, &query)? } else { None };
        let days = ledger.marked_days(caller.reader, &query)?;
        Ok::<_, Problem>((rows, open, days))
    })
    .await??;
    let next = page.cut(&mut rows, |row| row.id);
    rows.extend(open);
    let keys = app.ledger.keys();
    let data = rows.iter().map(|row| SettlementAnswer::of(keys, row)).collect();
    let days = days.iter().map(DayAnswer::from).collect();
    Ok(HttpResponse::Ok().json(SettlementsAnswer { data, next_cursor: next, days }))
}

/// What a merchant sold so far on a day that is not closed.
fn open_day(
    ledger: &ledger::service::Ledger,
    who: &Anyone,
    query: &SettlementQuery,
) -> Result<Option<Settlement>, Problem> {
    let (ledger::service::Scope::Merchant(shop), Some(day)) = (&who.0.scope, query.business_date)
    else {
        return Ok(None);
    };
    let asked = query.bank.as_deref().is_none_or(|bank| bank == shop.bank_code.as_str())
        && query.merchant.as_deref().is_none_or(|merchant| merchant == shop.merchant_code);
    let state = ledger.day_status(shop.bank, day)?;
    if !asked || state == ledger::domain::settlement::DayStatus::Closed {
        return Ok(None);
    }
    let merchant = (shop.merchant, shop.merchant_code.as_str(), shop.name.as_str());
    let open = ledger.open_settlement(merchant, (shop.bank, &shop.bank_code), day)?;
    Ok(Some(Settlement { state, stage: Stage::Day(state), ..open }))
}

/// The purchases and reversals that a settlement is made of.
pub(super) async fn items(
    app: web::Data<App>,
    caller: Reading,
    id: web::Path<String>,
    params: web::Query<crate::wire::paging::PageParams>,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let (id, _) =
        public_id::decode(app.ledger.keys(), IdKind::Settlement, &id).ok_or_else(not_found)?;
    let page = PageQuery::read(params.limit.as_deref(), params.cursor.as_deref())?;
    let after = page.after_id()?;
    let ledger = Arc::clone(&app.ledger);
    let (most, reader): (i64, Reader) = (page.limit(), caller.reader);
    let items = web::block(move || {
        ledger.require_standing(caller.client)?;
        let Some(settlement) = ledger.settlement(reader, id.0)? else { return Ok(None) };
        let most = most.saturating_add(1);
        Ok::<_, Problem>(Some(ledger.settlement_items(&settlement, after, most)?))
    })
    .await??;
    let mut items = items.ok_or_else(not_found)?;
    let next = page.cut(&mut items, |item| item.row.0);
    let keys = app.ledger.keys();
    let data = items.iter().map(|item| ItemAnswer::of(keys, item)).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor: next }))
}

impl From<NotClosed> for Problem {
    fn from(error: NotClosed) -> Self {
        match error {
            NotClosed::NotOpen => Self::new(Code::DayNotOpen),
            NotClosed::NotOver => Self::new(Code::DayNotOver),
            NotClosed::ClientRevoked => Self::new(Code::TokenInvalid),
            NotClosed::Trouble(trouble) => trouble.into(),
        }
    }
}
