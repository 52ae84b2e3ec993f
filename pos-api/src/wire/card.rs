//! Cards on the wire, as their bank sees them.

use ledger::domain::calendar::Date;
use ledger::domain::card::{CardNumber, CardState, Pin};
use ledger::domain::household::Identity;
use ledger::domain::ids::RowId;
use ledger::domain::keys::Keys;
use ledger::domain::public_id::{self, IdKind};
use ledger::service::{BankCard, NewBankCard};
use serde::{Deserialize, Serialize};

use super::redemption::{card_number, pin};
use super::{invalid, text};
use crate::problem::Problem;

const MAX_NAME: usize = 200;
const MAX_REASON: usize = 200;

/// The body of `POST /v1/cards`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssueBody {
    card_number: String,
    nik: String,
    name: String,
    region_code: String,
    expires: String,
}

impl IssueBody {
    pub(crate) fn parse(self) -> Result<NewBankCard, Problem> {
        Ok(NewBankCard {
            number: card_number(&self.card_number)?,
            expires: date(&self.expires)?,
            identity: Identity {
                nik: self.nik.parse().map_err(|error| invalid("/nik", error))?,
                name: text("/name", &self.name, MAX_NAME)?,
            },
            region: self.region_code.parse().map_err(|error| invalid("/region_code", error))?,
        })
    }
}

fn date(text: &str) -> Result<Date, Problem> {
    text.parse().map_err(|error| invalid("/expires", error))
}

/// The body of `POST /v1/card-lookups`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookUpBody {
    pub(crate) card_number: String,
}

/// The body of `POST /v1/cards/{id}/state`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateBody {
    state: String,
    reason: String,
}

impl StateBody {
    /// The state that is asked for, and why.
    pub(crate) fn parse(self) -> Result<(CardState, String), Problem> {
        let state = CardState::named(&self.state);
        let state = state.ok_or_else(|| invalid("/state", "is no card state"))?;
        Ok((state, text("/reason", &self.reason, MAX_REASON)?))
    }
}

/// The body of `POST /v1/cards/{id}/pin`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PinBody {
    pin: String,
}

impl PinBody {
    pub(crate) fn parse(self) -> Result<Pin, Problem> {
        pin(&self.pin)
    }
}

/// The body of `POST /v1/cards/{id}/replacement`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaceBody {
    card_number: String,
    expires: String,
}

impl ReplaceBody {
    pub(crate) fn parse(self) -> Result<(CardNumber, Date), Problem> {
        Ok((card_number(&self.card_number)?, date(&self.expires)?))
    }
}

/// A card.
#[derive(Serialize)]
pub(crate) struct CardAnswer {
    id: String,
    wallet: String,
    card: String,
    state: &'static str,
    expires: String,
    issued_at: String,
    has_pin: bool,
}

impl CardAnswer {
    pub(crate) fn of(keys: &Keys, card: &BankCard) -> Self {
        let (id, wallet) = (RowId(card.card.card.0), card.card.wallet);
        Self {
            id: public_id::encode(keys, IdKind::Card, id, wallet),
            wallet: public_id::encode(keys, IdKind::Wallet, RowId(wallet.0), wallet),
            card: card.shown.to_string(),
            state: card.state.as_str(),
            expires: card.expires.to_string(),
            issued_at: card.issued_at.rfc3339(),
            has_pin: card.has_pin,
        }
    }
}
