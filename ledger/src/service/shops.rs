//! Whether shops and their terminals may be used, as their bank decides it; and which terminals stand
//! still.

use crate::domain::bank::BankCode;
use crate::domain::calendar::Instant;
use crate::domain::merchant::{MerchantCode, ShopState, TerminalCode};
use crate::store::StoreError;
use crate::store::shops::{NewShopChange, ShopSubject, StoredShop, TerminalFilter, TerminalRow};

use super::card_life::Teller;
use super::clients::NoAccess;
use super::error::Trouble;
use super::history::Reader;
use super::ledger::Ledger;
use super::shared::Contended;

/// A merchant or a terminal as its bank left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopStanding {
    /// The merchant's code.
    pub merchant: String,
    /// The terminal's code; `None` for the merchant itself.
    pub terminal: Option<String>,
    /// Its state.
    pub state: ShopState,
    /// When that was last changed; `None`: never since it was registered.
    pub changed_at: Option<Instant>,
}

/// Which terminals are wanted; without anything set all that the reader may see.
#[derive(Clone, Debug, Default)]
pub struct TerminalQuery {
    /// In this state.
    pub state: Option<ShopState>,
    /// Of this merchant.
    pub merchant: Option<MerchantCode>,
    /// Of this bank's merchants.
    pub bank: Option<BankCode>,
}

/// A terminal with why it is in its state.
#[derive(Clone, Debug)]
pub struct ShownTerminal {
    /// Its row, by which lists go on.
    pub id: i64,
    /// Its code.
    pub terminal: String,
    /// Its merchant's code.
    pub merchant: String,
    /// Its merchant's name.
    pub name: String,
    /// The bank that settles with the merchant.
    pub bank: String,
    /// Its state.
    pub state: ShopState,
    /// The last change of its state: when, why, and by which client; none changed it where wrong PINs
    /// did.
    pub changed: Option<(Instant, String, Option<String>)>,
}

/// Why a state was not set.
#[derive(Debug, thiserror::Error)]
pub enum NotSet {
    /// There is none of that code, or it is another bank's.
    #[error("there is no such merchant or terminal")]
    NotFound,
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// The database can't be read or written.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for NotSet {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Contended for NotSet {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

impl Ledger {
    /// Sets whether one of the bank's merchants may sell; the state that it has already changes
    /// nothing.
    ///
    /// # Errors
    /// [`NotSet`]; then nothing was done, unless it says that it is not known.
    pub fn set_merchant_state(
        &self,
        by: Teller,
        merchant: &MerchantCode,
        next: ShopState,
        reason: String,
    ) -> Result<ShopStanding, NotSet> {
        self.set_shop_state(by, ShopSubject::Merchant(merchant.as_str().to_owned()), next, reason)
    }

    /// Sets whether a terminal of one of the bank's merchants may be used. Made active again, its wrong
    /// PINs are counted anew from then on.
    ///
    /// # Errors
    /// [`NotSet`]; then nothing was done, unless it says that it is not known.
    pub fn set_terminal_state(
        &self,
        by: Teller,
        terminal: &TerminalCode,
        next: ShopState,
        reason: String,
    ) -> Result<ShopStanding, NotSet> {
        self.set_shop_state(by, ShopSubject::Terminal(terminal.as_str().to_owned()), next, reason)
    }

    fn set_shop_state(
        &self,
        by: Teller,
        subject: ShopSubject,
        next: ShopState,
        reason: String,
    ) -> Result<ShopStanding, NotSet> {
        let now = self.shared.clock.now();
        let id = self.shared.ids.block(1, 0, now)?.first();
        self.shared.write(move |tx| {
            if !tx.client_stands(by.client)? {
                return Err(NotSet::ClientRevoked);
            }
            let stored = tx.lock_shop(&subject)?.filter(|stored| stored.bank == by.bank);
            let stored = stored.ok_or(NotSet::NotFound)?;
            if stored.state == next {
                return Ok(standing(stored));
            }
            // Changes follow one another, and what comes before one does not count behind it.
            let changed_at = stored.latest.map_or(now, |latest| latest.plus_millis(1).max(now));
            tx.change_shop(
                &subject,
                &NewShopChange {
                    subject: stored.id,
                    id,
                    client: by.client,
                    changed_at,
                    from: stored.state,
                    to: next,
                    reason: &reason,
                },
            )?;
            Ok(standing(StoredShop { state: next, changed_at: Some(changed_at), ..stored }))
        })
    }

    /// The wanted terminals that are the reader's business, in the order in which they were registered,
    /// at most `limit` of those behind the row `after`.
    ///
    /// # Errors
    /// [`NoAccess`] when they can't be read, or not by this client.
    pub fn terminals(
        &self,
        client: i64,
        reader: Reader,
        query: &TerminalQuery,
        (after, limit): (i64, i64),
    ) -> Result<Vec<ShownTerminal>, NoAccess> {
        let filter = TerminalFilter {
            merchant: query.merchant.as_ref().map(|code| code.as_str().to_owned()),
            bank: query.bank.as_ref().map(|code| code.as_str().to_owned()),
            state: query.state,
        };
        self.read_as(client, |snapshot| {
            snapshot.read_by_keys()?;
            let rows = snapshot.terminals(reader.sight(), filter, (after, limit))?;
            Ok(rows.into_iter().map(shown).collect())
        })
    }
}

fn standing(stored: StoredShop) -> ShopStanding {
    let StoredShop { merchant, terminal, state, changed_at, .. } = stored;
    ShopStanding { merchant, terminal, state, changed_at }
}

fn shown(row: TerminalRow) -> ShownTerminal {
    let TerminalRow { id, terminal, merchant, name, bank, state, changed } = row;
    ShownTerminal { id, terminal, merchant, name, bank, state, changed }
}
