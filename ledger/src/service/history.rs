//! Requests and decisions, as shown to those who may see them.

use std::sync::Arc;

use crate::domain::bank::{BankCode, BankId};
use crate::domain::card::MaskedCard;
use crate::domain::ids::{AccountId, MerchantId, RowId};
use crate::domain::redemption::Attempt;
use crate::store::StoreError;
use crate::store::history::ShownRow;

use super::clients::{NoAccess, Scope};
use super::ledger::Ledger;

/// Whose records may be read. Every reading function takes it first, so that none reads without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// What happened at this merchant.
    Merchant(MerchantId),
    /// What concerns this bank's cards or merchants.
    Bank(BankId),
    /// Everything.
    All,
}

impl Reader {
    /// What a client may read; `None` for the programme, which sees only totals.
    pub fn of(scope: &Scope) -> Option<Self> {
        match scope {
            Scope::Merchant(shop) => Some(Self::Merchant(shop.merchant)),
            Scope::Bank(bank, _) => Some(Self::Bank(*bank)),
            Scope::Auditor => Some(Self::All),
            Scope::Programme => None,
        }
    }

    /// Whether an attempt is this reader's business.
    pub fn may_see(self, attempt: &Attempt) -> bool {
        match self {
            Self::Merchant(merchant) => attempt.merchant == merchant,
            Self::Bank(bank) => attempt.acquirer == bank || attempt.issuer == Some(bank),
            Self::All => true,
        }
    }
}

/// An attempt with the names of everyone who took part.
#[derive(Clone, Debug)]
pub struct ShownAttempt {
    /// What was recorded.
    pub attempt: Arc<Attempt>,
    /// The card's digits that may be shown.
    pub card: Option<MaskedCard>,
    /// The card's bank.
    pub issuer: Option<BankCode>,
    /// The merchant's bank.
    pub acquirer: BankCode,
    /// The merchant's code.
    pub merchant: String,
    /// The terminal's code.
    pub terminal: String,
    /// The transfer that took it back.
    pub reversal: Option<RowId>,
}

impl Ledger {
    /// The attempt with this id, if there is one and it is the reader's business.
    ///
    /// # Errors
    /// [`NoAccess`] when it can't be read, or not by this client.
    pub fn attempt(
        &self,
        client: i64,
        reader: Reader,
        id: RowId,
        wallet: AccountId,
    ) -> Result<Option<ShownAttempt>, NoAccess> {
        self.read_as(client, |snapshot| {
            let row = snapshot.shown_attempt(id, wallet)?;
            row.filter(|row| reader.may_see(&row.attempt)).map(shown).transpose()
        })
    }
}

pub(super) fn shown(row: ShownRow) -> Result<ShownAttempt, StoreError> {
    let code = |code: String| {
        code.parse::<BankCode>().map_err(|error| StoreError::corrupt(error.to_string()))
    };
    Ok(ShownAttempt {
        attempt: Arc::new(row.attempt),
        card: row.card,
        issuer: row.issuer.map(code).transpose()?,
        acquirer: code(row.acquirer)?,
        merchant: row.merchant,
        terminal: row.terminal,
        reversal: row.reversal,
    })
}
