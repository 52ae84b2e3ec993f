//! The trial balance: what moved on every account, and that both sides are equal.

use crate::domain::account::AccountKind;
use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::reads::TurnoverLine;

use super::super::clients::NoAccess;
use super::super::ledger::Ledger;
use super::{AccountName, bank_code};

/// What moved on every account that anything moved on.
#[derive(Clone, Debug)]
pub struct TrialBalance {
    /// When.
    pub as_of: Instant,
    /// How many transfers had their place in the log; later ones are counted too.
    pub log_size: i64,
    /// The accounts by kind and name.
    pub lines: Vec<TrialLine>,
    /// The sum of all debits: rupiah. Over all banks it is the sum of all credits.
    pub debit: i64,
    /// The sum of all credits.
    pub credit: i64,
}

/// What moved on one account, or on a bank's wallets together.
#[derive(Clone, Debug)]
pub struct TrialLine {
    /// The account's name.
    pub account: AccountName,
    /// What it stands for.
    pub kind: AccountKind,
    /// Everything that was debited: rupiah.
    pub debit: i64,
    /// Everything that was credited.
    pub credit: i64,
    /// The difference on the side that the account grows on.
    pub balance: i64,
}

impl Ledger {
    /// What moved on every account, or on those of one bank, its cards and merchants.
    ///
    /// # Errors
    /// [`NoAccess`] when it can't be read, or not by this client.
    pub fn trial_balance(
        &self,
        client: i64,
        bank: Option<BankId>,
    ) -> Result<TrialBalance, NoAccess> {
        let now = self.shared.clock.now();
        self.read_as(client, |snapshot| trial_balance(snapshot, bank, now))
    }
}

pub(super) fn trial_balance(
    snapshot: &mut Connection,
    bank: Option<BankId>,
    now: Instant,
) -> Result<TrialBalance, StoreError> {
    let lines = snapshot.trial_balance(bank)?.into_iter().map(line);
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    let sum = |side: fn(&TrialLine) -> i64| {
        lines
            .iter()
            .try_fold(0_i64, |sum, line| sum.checked_add(side(line)))
            .ok_or_else(|| StoreError::corrupt("the turnover is more than can be counted"))
    };
    let (debit, credit) = (sum(|line| line.debit)?, sum(|line| line.credit)?);
    Ok(TrialBalance { as_of: now, log_size: snapshot.log_size()?, debit, credit, lines })
}

fn line(row: TurnoverLine) -> Result<TrialLine, StoreError> {
    let bank = bank_code(row.bank_code)?;
    let account = match (row.kind, row.merchant) {
        (AccountKind::Wallet, _) => AccountName::Wallets(bank),
        (AccountKind::Payable, merchant) => {
            let code = merchant.as_deref().unwrap_or_default().parse();
            AccountName::Payable(code.map_err(|error| {
                StoreError::corrupt(format!("a payable's merchant {merchant:?}: {error}"))
            })?)
        }
        (kind, _) => AccountName::Bank(kind, bank),
    };
    let (debit, credit) = (row.turnover.debit, row.turnover.credit);
    let balance = row.kind.balance(debit, credit);
    Ok(TrialLine { account, kind: row.kind, debit, credit, balance })
}
