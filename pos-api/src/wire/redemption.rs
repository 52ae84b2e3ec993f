//! Redemptions and balance inquiries on the wire.

use ledger::domain::bank::BankCode;
use ledger::domain::basket::{Basket, Line, LineClaim, NotLine};
use ledger::domain::card::{CardNumber, Pin};
use ledger::domain::keys::Keys;
use ledger::domain::money::Rupiah;
use ledger::domain::policy::Objection;
use ledger::domain::public_id::{self, IdKind};
use ledger::domain::receipt::approval_code;
use ledger::domain::redemption::{Attempt, Debit, Outcome};
use ledger::domain::refusal::Refusal;
use ledger::service::ShownAttempt;
use serde::{Deserialize, Serialize};

use super::{invalid, json};
use crate::extract::Object;
use crate::problem::{FieldError, Problem, RefusalBody};

/// The body of `POST /v1/redemptions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeemBody {
    card_number: String,
    pin: String,
    items: Vec<Object<ItemBody>>,
}

/// One line as claimed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemBody {
    commodity: String,
    #[serde(default)]
    grade: Option<String>,
    quantity: String,
    unit: String,
    unit_price: i64,
}

/// The body of `POST /v1/balance-inquiries`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InquiryBody {
    card_number: String,
    pin: String,
}

pub(crate) fn card_number(text: &str) -> Result<CardNumber, Problem> {
    text.parse().map_err(|error| invalid("/card_number", error))
}

pub(crate) fn pin(text: &str) -> Result<Pin, Problem> {
    text.parse().map_err(|error| invalid("/pin", error))
}

impl RedeemBody {
    /// The card, the PIN and the basket, or the first field that can't be read.
    pub(crate) fn parse(self) -> Result<(CardNumber, Pin, Basket), Problem> {
        let lines = self.items.iter().enumerate().map(|(at, Object(item))| {
            item.parse().map_err(|(field, error)| invalid(format!("/items/{at}/{field}"), error))
        });
        let number = card_number(&self.card_number)?;
        let pin = pin(&self.pin)?;
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        let basket = Basket::new(lines).map_err(|error| invalid("/items", error))?;
        Ok((number, pin, basket))
    }
}

impl ItemBody {
    fn parse(&self) -> Result<Line, (&'static str, NotLine)> {
        Line::read(LineClaim {
            commodity: &self.commodity,
            grade: self.grade.as_deref(),
            quantity: &self.quantity,
            unit: &self.unit,
            unit_price: self.unit_price,
        })
    }
}

impl InquiryBody {
    /// The card and the PIN.
    pub(crate) fn parse(self) -> Result<(CardNumber, Pin), Problem> {
        Ok((card_number(&self.card_number)?, pin(&self.pin)?))
    }
}

/// A line in an answer.
#[derive(Serialize)]
struct ItemAnswer<'a> {
    commodity: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    grade: Option<&'a str>,
    quantity: String,
    unit: &'a str,
    unit_price: i64,
    amount: Option<i64>,
}

fn items(basket: &Basket) -> Vec<ItemAnswer<'_>> {
    let lines = basket.lines().iter();
    lines
        .map(|line| ItemAnswer {
            commodity: line.commodity(),
            grade: line.grade(),
            quantity: line.quantity().to_string(),
            unit: line.unit(),
            unit_price: line.unit_price(),
            amount: line.amount().map(Rupiah::get),
        })
        .collect()
}

/// An approved redemption.
#[derive(Serialize)]
struct Approved<'a> {
    id: String,
    status: &'a str,
    amount: i64,
    balance_before: i64,
    balance_after: i64,
    items: Vec<ItemAnswer<'a>>,
    rrn: Option<String>,
    approval_code: String,
    card: Option<String>,
    bank: Option<&'a str>,
    acquirer: &'a str,
    merchant_id: &'a str,
    terminal_id: &'a str,
    created_at: String,
    business_date: String,
    transfer_id: String,
}

/// A refused attempt as banks and auditors see it.
#[derive(Serialize)]
struct Refused<'a> {
    id: String,
    status: &'a str,
    code: &'a str,
    response_code: &'a str,
    amount: Option<i64>,
    items: Vec<ItemAnswer<'a>>,
    card: Option<String>,
    bank: Option<&'a str>,
    acquirer: &'a str,
    merchant_id: &'a str,
    terminal_id: &'a str,
    created_at: String,
    business_date: String,
    errors: Vec<FieldError>,
}

/// How an attempt is shown: the answer to the request that made it never changes, what is read
/// later shows that it was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum As {
    /// The answer to the request, the first time and every time.
    Answer,
    /// What a merchant reads.
    MerchantReading,
    /// What a bank or an auditor reads.
    FullReading,
}

/// An attempt as JSON, and whether it was approved.
pub(crate) fn render(keys: &Keys, shown: &ShownAttempt, how: As) -> (String, bool) {
    let attempt = &*shown.attempt;
    match &attempt.outcome {
        Outcome::Approved(debit) => {
            let taken_back = how != As::Answer && shown.reversal.is_some();
            let status = if taken_back { "reversed" } else { "approved" };
            (json(&approved(keys, shown, *debit, status)), true)
        }
        Outcome::Refused(objection) if how == As::FullReading => {
            (json(&refused(keys, shown, objection)), false)
        }
        Outcome::Refused(objection) => {
            let id = Some(attempt_id(keys, attempt));
            (json(&RefusalBody::new(objection.refusal, id, places(objection))), false)
        }
    }
}

fn attempt_id(keys: &Keys, attempt: &Attempt) -> String {
    public_id::encode(keys, IdKind::Redemption, attempt.id, attempt.wallet)
}

fn approved<'a>(
    keys: &Keys,
    shown: &'a ShownAttempt,
    debit: Debit,
    status: &'a str,
) -> Approved<'a> {
    let attempt = &*shown.attempt;
    Approved {
        id: attempt_id(keys, attempt),
        status,
        amount: debit.amount().get(),
        balance_before: debit.before().get(),
        balance_after: debit.after().get(),
        items: items(&attempt.basket),
        rrn: attempt.reference.map(|reference| reference.to_string()),
        approval_code: approval_code(keys, attempt.id),
        card: shown.card.map(|card| card.to_string()),
        bank: shown.issuer.as_ref().map(BankCode::as_str),
        acquirer: shown.acquirer.as_str(),
        merchant_id: &shown.merchant,
        terminal_id: &shown.terminal,
        created_at: attempt.created_at.rfc3339(),
        business_date: attempt.business_date.to_string(),
        transfer_id: public_id::encode(keys, IdKind::Transfer, attempt.id, attempt.wallet),
    }
}

fn refused<'a>(keys: &Keys, shown: &'a ShownAttempt, objection: &Objection) -> Refused<'a> {
    let attempt = &*shown.attempt;
    Refused {
        id: attempt_id(keys, attempt),
        status: "refused",
        code: objection.refusal.code(),
        response_code: objection.refusal.response_code(),
        amount: attempt.basket.total().map(Rupiah::get),
        items: items(&attempt.basket),
        card: shown.card.map(|card| card.to_string()),
        bank: shown.issuer.as_ref().map(BankCode::as_str),
        acquirer: shown.acquirer.as_str(),
        merchant_id: &shown.merchant,
        terminal_id: &shown.terminal,
        created_at: attempt.created_at.rfc3339(),
        business_date: attempt.business_date.to_string(),
        errors: places(objection),
    }
}

/// Where in the request a refusal's reason lies, as far as that may be shown.
fn places(objection: &Objection) -> Vec<FieldError> {
    let at = |field: &str| match objection.line {
        Some(line) => format!("/items/{line}/{field}"),
        None => "/items".to_owned(),
    };
    let (pointer, detail) = match objection.refusal {
        Refusal::PinWrong | Refusal::CardUnknown => ("/pin".to_owned(), "is wrong".to_owned()),
        Refusal::CommodityNotAllowed => (at("commodity"), "is not paid for".to_owned()),
        Refusal::UnitNotAllowed => (at("unit"), "does not go with the commodity".to_owned()),
        Refusal::QuantityInvalid => (
            at("quantity"),
            "has to be more than nothing, kg with at most three decimals, pieces and trays whole"
                .to_owned(),
        ),
        Refusal::PriceAboveCeiling => {
            let ceiling = objection.ceiling.unwrap_or_default().get();
            (at("unit_price"), format!("is above the ceiling of {ceiling}"))
        }
        Refusal::AmountInvalid => (at("unit_price"), "makes no amount of money".to_owned()),
        Refusal::BalanceInsufficient => {
            ("/items".to_owned(), "add up to more than the balance".to_owned())
        }
        Refusal::MerchantInactive
        | Refusal::TerminalInactive
        | Refusal::TerminalSuspended
        | Refusal::CardBlocked
        | Refusal::CardPinBlocked
        | Refusal::CardNotActive
        | Refusal::CardExpired => return Vec::new(),
    };
    vec![FieldError { pointer, detail }]
}

/// A wallet's balance.
#[derive(Serialize)]
pub(crate) struct BalanceAnswer {
    pub(crate) balance: i64,
    pub(crate) card: String,
    pub(crate) as_of: String,
}
