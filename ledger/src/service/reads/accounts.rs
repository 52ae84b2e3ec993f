//! Accounts: what they are called, what moved on them and what is left.

use crate::domain::account::AccountKind;
use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::Instant;
use crate::domain::ids::WalletId;
use crate::domain::merchant::MerchantCode;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::AccountRow;

use super::super::clients::NoAccess;
use super::super::history::Reader;
use super::super::ledger::Ledger;
use super::transfers::entries_of;
use super::{Page, PageRequest, ShownTransfer, TransferQuery, bank_code};

/// What an account is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountName {
    /// One of a bank's own: holding, unallocated, suspense, fees.
    Bank(AccountKind, BankCode),
    /// A family's wallet.
    Wallet(WalletId),
    /// A wallet that the reader may not tell from others.
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
    /// What moved on the account of this name and what is left, if there is one and it is the
    /// reader's business.
    ///
    /// # Errors
    /// [`NoAccess`] when it can't be read, or not by this client.
    pub fn account(
        &self,
        client: i64,
        reader: Reader,
        name: &AccountName,
    ) -> Result<Option<AccountBalance>, NoAccess> {
        let now = self.shared.clock.now();
        self.read_as(client, |snapshot| balance_of(snapshot, reader, name, now))
    }

    /// The transfers on the account of this name, newest first, if there is one and it is the
    /// reader's business.
    ///
    /// # Errors
    /// [`NoAccess`] when they can't be read, or not by this client.
    pub fn account_entries(
        &self,
        client: i64,
        reader: Reader,
        name: &AccountName,
        query: &TransferQuery,
        page: PageRequest,
    ) -> Result<Option<Page<ShownTransfer>>, NoAccess> {
        self.read_as(client, |snapshot| {
            let Some(row) = find(snapshot, reader, name)? else { return Ok(None) };
            entries_of(snapshot, reader, &row, query, page).map(Some)
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
    now: Instant,
) -> Result<Option<AccountBalance>, StoreError> {
    let Some(row) = find(snapshot, reader, name)? else { return Ok(None) };
    let turnover = snapshot.turnover(row.id, row.kind)?;
    // A wallet's balance is the one that purchases are decided on.
    let balance = match row.kind {
        AccountKind::Wallet => snapshot.wallet_balance(row.id)?,
        AccountKind::Holding
        | AccountKind::Unallocated
        | AccountKind::Payable
        | AccountKind::Suspense
        | AccountKind::Fees => None,
    };
    Ok(Some(AccountBalance {
        kind: row.kind,
        bank: bank_code(row.bank_code)?,
        debit: turnover.debit,
        credit: turnover.credit,
        balance: balance.unwrap_or_else(|| row.kind.balance(turnover.debit, turnover.credit)),
        as_of: now,
    }))
}
