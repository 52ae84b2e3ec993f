//! A bank's cards: issue, look-up, state, PIN, replacement.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use ledger::domain::ids::CardId;
use ledger::domain::public_id::{self, IdKind};
use ledger::domain::redemption::CardRef;
use ledger::service::{BankCard, CardLifeError, Ledger};

use crate::app::App;
use crate::auth::Bank;
use crate::extract::Body;
use crate::problem::{Code, Problem};
use crate::wire::card::{CardAnswer, IssueBody, LookUpBody, PinBody, ReplaceBody, StateBody};
use crate::wire::redemption::card_number;
use crate::writing::writing;

/// Registers a card, and its family where the NIK is new.
pub(super) async fn issue(
    app: web::Data<App>,
    caller: Bank,
    body: Body<IssueBody>,
) -> Result<HttpResponse, Problem> {
    let new = body.json().await?.parse()?;
    let by = caller.teller();
    act(app, StatusCode::CREATED, move |ledger| ledger.issue_card(by, new)).await
}

/// Finds a card by its number. It is a POST, so that the number stands in no URL.
pub(super) async fn look_up(
    app: web::Data<App>,
    caller: Bank,
    body: Body<LookUpBody>,
) -> Result<HttpResponse, Problem> {
    let number = card_number(&body.json().await?.card_number)?;
    let by = caller.teller();
    act(app, StatusCode::OK, move |ledger| ledger.find_card(by, &number)).await
}

/// Moves a card to another state.
pub(super) async fn set_state(
    app: web::Data<App>,
    caller: Bank,
    id: web::Path<String>,
    body: Body<StateBody>,
) -> Result<HttpResponse, Problem> {
    let (next, reason) = body.json().await?.parse()?;
    let (card, by) = (card_ref(&app, &id)?, caller.teller());
    let change = move |ledger: &Ledger| ledger.set_card_state(by, card, next, reason);
    act(app, StatusCode::OK, change).await
}

/// Sets a card's PIN.
pub(super) async fn set_pin(
    app: web::Data<App>,
    caller: Bank,
    id: web::Path<String>,
    body: Body<PinBody>,
) -> Result<HttpResponse, Problem> {
    let pin = body.json().await?.parse()?;
    let (card, by) = (card_ref(&app, &id)?, caller.teller());
    act(app, StatusCode::OK, move |ledger| ledger.set_card_pin(by, card, pin)).await
}

/// Puts a new card in a card's place; no money moves.
pub(super) async fn replace(
    app: web::Data<App>,
    caller: Bank,
    id: web::Path<String>,
    body: Body<ReplaceBody>,
) -> Result<HttpResponse, Problem> {
    let (number, expires) = body.json().await?.parse()?;
    let (card, by) = (card_ref(&app, &id)?, caller.teller());
    let replace = move |ledger: &Ledger| ledger.replace_card(by, card, number, expires);
    act(app, StatusCode::CREATED, replace).await
}

fn card_ref(app: &App, id: &str) -> Result<CardRef, Problem> {
    let (card, wallet) = public_id::decode(app.ledger.keys(), IdKind::Card, id)
        .ok_or(Problem::new(Code::NotFound))?;
    Ok(CardRef { card: CardId(card.0), wallet })
}

/// Does one thing with a card for a bank, and shows the card.
async fn act(
    app: web::Data<App>,
    status: StatusCode,
    work: impl FnOnce(&Ledger) -> Result<BankCard, CardLifeError> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let ledger = Arc::clone(&app.ledger);
    let card = writing(move || work(&ledger)).await?;
    Ok(HttpResponse::build(status).json(CardAnswer::of(app.ledger.keys(), &card)))
}

impl From<CardLifeError> for Problem {
    fn from(error: CardLifeError) -> Self {
        match error {
            CardLifeError::NotFound => Self::new(Code::NotFound),
            CardLifeError::ClientRevoked => Self::new(Code::TokenInvalid),
            CardLifeError::StateConflict { .. } | CardLifeError::WalletNotOpen => {
                Self::new(Code::CardStateConflict)
            }
            CardLifeError::NumberTaken => Self::new(Code::CardNumberTaken),
            CardLifeError::HouseholdHasCard | CardLifeError::HouseholdElsewhere => {
                Self::new(Code::HouseholdHasCard)
            }
            CardLifeError::ExpiresInThePast => {
                Self::at(Code::RequestInvalid, "/expires", "has passed already")
            }
            CardLifeError::WeakPin => {
                Self::at(Code::RequestInvalid, "/pin", "is too easy to guess")
            }
            CardLifeError::NotSealed(_) | CardLifeError::Keys(_) => Self::new(Code::Internal),
            CardLifeError::Trouble(trouble) => trouble.into(),
        }
    }
}
