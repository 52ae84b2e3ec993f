//! What the accounts beside transfers are called.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::domain::account::AccountKind;
use crate::domain::bank::BankId;
use crate::domain::ids::AccountId;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::TransferRow;

use super::super::history::Reader;
use super::accounts::sees_wallets_of;
use super::{AccountName, ShownTransfer};

/// The names of banks' accounts and of merchants' payables, remembered: they never change, and a page
/// has up to a thousand of them. Wallets, of which there are millions, are not among them: which side
/// of a transfer is one follows from its kind, and whose from its other side or its purchase.
#[derive(Debug, Default)]
pub(in super::super) struct AccountNames(RwLock<Known>);

type Known = HashMap<AccountId, Account>;

#[derive(Clone, Debug)]
struct Account {
    kind: AccountKind,
    bank: BankId,
    name: AccountName,
}

/// One side of a transfer: its name, and whether it is a family that is not the reader's business.
struct Side {
    name: AccountName,
    hidden: bool,
}

impl AccountNames {
    /// Transfers with their accounts' names, in the same order. A family's balance and cards are for
    /// its bank and for auditors.
    pub(super) fn show(
        &self,
        snapshot: &mut Connection,
        reader: Reader,
        rows: Vec<TransferRow>,
    ) -> Result<Vec<ShownTransfer>, StoreError> {
        let (new, wallets) = self.missing(snapshot, reader, &rows)?;
        if !new.is_empty() {
            self.0.write().unwrap_or_else(PoisonError::into_inner).extend(new);
        }
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let page = Page { reader, known: &known, wallets };
        rows.into_iter().map(|row| page.shown(row)).collect()
    }

    /// The accounts that are not remembered yet: those to remember, and wallets that no transfer's kind
    /// identifies.
    fn missing(
        &self,
        snapshot: &mut Connection,
        reader: Reader,
        rows: &[TransferRow],
    ) -> Result<(Known, Known), StoreError> {
        let mut missing: Vec<AccountId> = {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let sides = rows.iter().flat_map(sides);
            let missing = sides
                .filter(|(id, kind)| *kind != Some(AccountKind::Wallet) && !known.contains_key(id));
            missing.map(|(id, _)| id).collect()
        };
        missing.sort_unstable();
        missing.dedup();
        let (mut new, mut wallets) = (Known::new(), Known::new());
        if missing.is_empty() {
            return Ok((new, wallets));
        }
        for row in snapshot.accounts_by_id(&missing)? {
            let name = AccountName::seen_by(reader, &row)?;
            let kept = if row.kind == AccountKind::Wallet { &mut wallets } else { &mut new };
            kept.insert(row.id, Account { kind: row.kind, bank: row.bank, name });
        }
        Ok((new, wallets))
    }
}

/// What is known for one page, for one reader.
struct Page<'k> {
    reader: Reader,
    known: &'k Known,
    wallets: Known,
}

impl Page<'_> {
    fn shown(&self, row: TransferRow) -> Result<ShownTransfer, StoreError> {
        let [debit, credit] = sides(&row);
        let debit_side = self.side(&row, debit, credit.0)?;
        let credit_side = self.side(&row, credit, debit.0)?;
        let hidden = debit_side.hidden || credit_side.hidden;
        Ok(ShownTransfer {
            debit: debit_side.name,
            credit: credit_side.name,
            balance_after: row.transfer.balance_after().filter(|_| !hidden),
            redemption: row.purchase(),
            card: row.card.filter(|_| !hidden),
            transfer: row.transfer,
        })
    }

    fn side(
        &self,
        row: &TransferRow,
        (account, kind): (AccountId, Option<AccountKind>),
        other: AccountId,
    ) -> Result<Side, StoreError> {
        let corrupt = || {
            let id = row.transfer.id().0;
            StoreError::corrupt(format!("transfer {id}: account {} is unknown", account.0))
        };
        if kind == Some(AccountKind::Wallet) {
            let bank = row.issuer.or_else(|| self.known.get(&other).map(|known| known.bank));
            let hidden = !sees_wallets_of(self.reader, bank.ok_or_else(corrupt)?);
            let name =
                if hidden { AccountName::HiddenWallet } else { AccountName::Wallet(account) };
            return Ok(Side { name, hidden });
        }
        let known = self.known.get(&account).or_else(|| self.wallets.get(&account));
        let known = known.ok_or_else(corrupt)?;
        let hidden = known.kind == AccountKind::Wallet && !sees_wallets_of(self.reader, known.bank);
        Ok(Side { name: known.name.clone(), hidden })
    }
}

/// The two accounts, debited and credited, with what the transfer's kind says of them.
fn sides(row: &TransferRow) -> [(AccountId, Option<AccountKind>); 2] {
    let kinds = row.transfer.kind().sides();
    [
        (row.transfer.debit(), kinds.map(|(debit, _)| debit)),
        (row.transfer.credit(), kinds.map(|(_, credit)| credit)),
    ]
}
