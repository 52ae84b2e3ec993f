//! Accounts: what they are called, what moved on them and what is left.

use crate::domain::account::AccountKind;
use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::Instant;
use crate::domain::ids::WalletId;
use crate::domain::merchant::MerchantCode;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::{AccountRow, Extent, Turnover};

use super::super::history::Reader;
use super::super::ledger::Ledger;
use super::moment::{
    AsOf, Moment, NotShown, attempts_below, ids_of_wallet_below, place_at, within,
};
use super::transfers::entries_of;
use super::{Page, PageRequest, ShownTransfer, TransferQuery, bank_code};

/// What an account is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountName {
    /// One of a bank's own: holding, unallocated, suspense, fees.
    Bank(AccountKind, BankCode),
    /// A family's wallet.
    Wallet(WalletId),
    /// A wallet that the reader may not distinguish from others.
    HiddenWallet,
    /// All wallets of a bank, together.
    Wallets(BankCode),
    /// What a merchant is owed.
    Payable(MerchantCode),
}

/// What moved on an account and what is left.
#[derive(Clone, Debug)]
pub struct AccountBalance {
    /// What the account stands for.
    pub kind: AccountKind,
    /// The bank it belongs to.
    pub bank: BankCode,
    /// Everything that was debited: rupiah.
    pub debit: i64,
    /// Everything that was credited: rupiah.
    pub credit: i64,
    /// The difference on the side that the account grows on; below zero when overdrawn.
    pub balance: i64,
    /// When.
    pub as_of: Instant,
    /// How long the log was; in the present state later transfers are counted, too.
    pub log_size: i64,
}

impl AccountName {
    /// The name as a reader may see it: wallets are named to their bank and to auditors only.
    pub(super) fn seen_by(reader: Reader, row: &AccountRow) -> Result<Self, StoreError> {
        let code = |text: &str| {
            text.parse().map_err(|error| StoreError::corrupt(format!("merchant {text}: {error}")))
        };
        Ok(match (row.kind, &row.merchant) {
            (AccountKind::Wallet, _) if sees_wallets_of(reader, row.bank) => Self::Wallet(row.id),
            (AccountKind::Wallet, _) => Self::HiddenWallet,
            (AccountKind::Payable, Some(merchant)) => Self::Payable(code(merchant)?),
            (AccountKind::Payable, None) => {
                return Err(StoreError::corrupt(format!("payable {} has no merchant", row.id.0)));
            }
            (kind, _) => Self::Bank(kind, bank_code(row.bank_code.clone())?),
        })
    }
}

/// Whether a family of this bank is the reader's business.
pub(super) fn sees_wallets_of(reader: Reader, bank: BankId) -> bool {
    match reader {
        Reader::Merchant(_) => false,
        Reader::Bank(own) => own == bank,
        Reader::All => true,
    }
}

impl Ledger {
    /// What moved on the account of this name and what is left, now or as of a state before, if there is
    /// one and it is the reader's business.
    ///
    /// # Errors
    /// [`NotShown`] when it can't be read, not by this client, or there was no such state yet.
    pub fn account(
        &self,
        client: i64,
        reader: Reader,
        name: &AccountName,
        as_of: Option<AsOf>,
    ) -> Result<Option<AccountBalance>, NotShown> {
        self.read_as_of(client, as_of, |snapshot, at| balance_of(snapshot, reader, name, at))
    }

    /// The transfers on the account of this name, newest first, up to now or to a state before, if there
    /// is one and it is the reader's business.
    ///
    /// # Errors
    /// [`NotShown`] when they can't be read, not by this client, or there was no such state yet.
    pub fn account_entries(
        &self,
        client: i64,
        reader: Reader,
        name: &AccountName,
        as_of: Option<AsOf>,
        (query, mut page): (&TransferQuery, PageRequest),
    ) -> Result<Option<Page<ShownTransfer>>, NotShown> {
        self.read_as_of(client, as_of, |snapshot, at| {
            let Some(row) = find(snapshot, reader, name)? else { return Ok(None) };
            if !at.extent.unsealed {
                let first = place_at(snapshot, &row, at.extent.size)?;
                page.place = Some(within(first, page.place));
            }
            entries_of(snapshot, &self.names, reader, &row, query, page).map(Some)
        })
    }
}

/// The account of this name, if there is one and it is the reader's business.
pub(super) fn find(
    snapshot: &mut Connection,
    reader: Reader,
    name: &AccountName,
) -> Result<Option<AccountRow>, StoreError> {
    let row = match name {
        AccountName::Bank(kind, bank) => snapshot.bank_account(bank.as_str(), *kind)?,
        AccountName::Wallet(wallet) => snapshot.wallet_account(*wallet)?,
        AccountName::Payable(merchant) => snapshot.payable_account(merchant.as_str())?,
        AccountName::HiddenWallet | AccountName::Wallets(_) => None,
    };
    Ok(row.filter(|row| match reader {
        Reader::Merchant(merchant) => row.id == merchant,
        Reader::Bank(bank) => row.bank == bank,
        Reader::All => true,
    }))
}

pub(super) fn balance_of(
    snapshot: &mut Connection,
    reader: Reader,
    name: &AccountName,
    at: Moment,
) -> Result<Option<AccountBalance>, StoreError> {
    let Some(row) = find(snapshot, reader, name)? else { return Ok(None) };
    let turnover = turnover(snapshot, &row, at.extent)?;
    // What a wallet holds now is what purchases are decided on.
    let balance = if row.kind == AccountKind::Wallet && at.extent.unsealed {
        snapshot.wallet_balance(row.id)?
    } else {
        Some(row.kind.balance(turnover.debit, turnover.credit))
    };
    Ok(Some(AccountBalance {
        kind: row.kind,
        bank: bank_code(row.bank_code)?,
        debit: turnover.debit,
        credit: turnover.credit,
        balance: balance.unwrap_or(0),
        as_of: at.as_of,
        log_size: at.extent.size,
    }))
}

/// What moved on an account: a wallet's own transfers; of any other what is kept up to a roll-up, and
/// what moved since.
fn turnover(
    snapshot: &mut Connection,
    row: &AccountRow,
    extent: Extent,
) -> Result<Turnover, StoreError> {
    if row.kind == AccountKind::Wallet {
        let below = if extent.unsealed {
            i64::MAX
        } else {
            ids_of_wallet_below(snapshot, row.id, extent.size)?
        };
        return snapshot.wallet_turnover(row.id, below);
    }
    let (kept_at, mut turnover) = snapshot.account_sum(row.id, extent.size)?;
    turnover.add(if row.kind == AccountKind::Payable {
        // Since its last sum is kept, however long ago, all is in the shop's own log.
        let first = attempts_below(snapshot, row.id, kept_at)?;
        let above =
            if extent.unsealed { i64::MAX } else { attempts_below(snapshot, row.id, extent.size)? };
        snapshot.payable_turnover(row.id, (kept_at, extent), (first, above))?
    } else {
        let from = snapshot.rollup_at(extent.size)?.log_size;
        snapshot.bank_turnover(row.id, from, extent)?
    })?;
    Ok(turnover)
}
