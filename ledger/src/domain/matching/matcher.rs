//! Reads the bank's rows with the ledger's side at hand, and matches the two.

use std::sync::OnceLock;

use super::bank_side::{BankRow, BankSide, LooseText, RowData, RowRole};
use super::desk::Desk;
use super::index::{NONE, next_place};
use super::ledger_side::{LedgerSide, Map, day_number, significant};
use super::link::Named;
use super::outcome::Matching;
use super::terms::Terms;
use super::words::{Phrases, without_reversal};
use crate::domain::short::ShortText;

/// Reads the bank's rows with the ledger's side at hand, and matches the two.
///
/// Several threads may read rows, each into a [`BankSide`] of its own.
#[derive(Clone, Debug)]
pub struct Matcher {
    pub(super) terms: Terms,
    pub(super) phrases: Phrases,
    pub(super) ledger: LedgerSide,
    /// Merchants' and terminals' codes, once a row makes it necessary to know them.
    pub(super) names: OnceLock<Map<ShortText, Named>>,
}

impl Matcher {
    /// A matcher for what is expected under some terms.
    pub fn new(terms: Terms, mut ledger: LedgerSide) -> Self {
        ledger.link();
        Self { phrases: Phrases::new(&terms), terms, ledger, names: OnceLock::new() }
    }

    /// Reads a row into the bank's side. A row whose fingerprint is there already is counted and
    /// otherwise ignored by the matching, so that overlapping files change nothing.
    pub fn read(&self, bank: &mut BankSide, row: &BankRow<'_>) {
        let day = day_number(row.date);
        let mut found = self.found(row);
        let target = self.target(&mut found, day);
        if target.is_none() {
            bank.loose.push(LooseText {
                row: next_place(&bank.rows),
                account: row.account.map(significant).unwrap_or_default().into(),
                description: without_reversal(&self.phrases, row.description).into(),
                references: row.references.into(),
            });
        }
        if !row.charge.is_zero() {
            bank.charges.push((next_place(&bank.rows), row.charge));
        }
        let data = RowData {
            fingerprint: row.fingerprint,
            amount: row.amount,
            day,
            place: row.place,
            account: self.account(bank, row.account),
            named: self.named(&found, target),
            next: NONE,
            role: RowRole::of(row, found.marks, target.is_none()),
        };
        bank.push(data, target);
    }

    /// Matches the two sides.
    pub fn matched(self, bank: BankSide) -> Matching {
        Desk::new(self, bank).matched()
    }

    /// What codes name.
    pub(super) fn names(&self) -> &Map<ShortText, Named> {
        self.names.get_or_init(|| self.ledger.names())
    }

    fn account(&self, bank: &mut BankSide, account: Option<&str>) -> u32 {
        let Some(written) = account else { return NONE };
        if let Some((last, place)) = &bank.account
            && **last == *written
        {
            return *place;
        }
        let place = self.ledger.accounts.known(account);
        bank.account = Some((written.into(), place));
        place
    }
}
