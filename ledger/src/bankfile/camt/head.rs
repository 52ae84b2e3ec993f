//! `Stmt`, `Rpt` or `Ntfctn`: what is said about the statement as a whole.

use rust_decimal::Decimal;

use super::Fault;
use super::balances::{Balance, Balances};
use super::names::Name;
use super::summary::Summary;
use super::values::{count, day_of_time, flag, is_currency};
use crate::bankfile::chain::BothWays;
use crate::bankfile::details::{CopyMark, StatementKind};
use crate::bankfile::error::{BankFileError, Reason, quoted};
use crate::bankfile::message::{MessageSettings, tidy};
use crate::bankfile::statement::{Statement, StatementLine, StatementNumber};

/// What is known of a statement.
#[derive(Debug)]
pub(super) struct Head {
    /// The line on which it begins, and its path.
    line: u64,
    trail: String,
    statement: Statement,
    /// `Acct/Ccy`, or that of the first entry when nothing before it says one.
    currency: Option<String>,
    number: Option<u64>,
    page: Option<u64>,
    last_page: Option<bool>,
    pub(super) balances: Balances,
    pub(super) summary: Summary,
    chain: BothWays,
    /// What the rows that are marked as reversals have moved.
    reversals: Option<Decimal>,
    /// How many rows were handed over.
    pub(super) rows: u64,
}

impl Head {
    pub(super) fn begin(line: u64, trail: &str, kind: StatementKind) -> Self {
        let layout = match kind {
            StatementKind::Statement => "camt.053",
            StatementKind::Interim => "camt.052",
            StatementKind::Notification => "camt.054",
        };
        let mut statement = Statement::empty(layout, "");
        statement.details.kind = kind;
        Self {
            line,
            trail: trail.to_owned(),
            statement,
            currency: None,
            number: None,
            page: None,
            last_page: None,
            balances: Balances::default(),
            summary: Summary::default(),
            chain: BothWays::new(),
            reversals: Some(Decimal::ZERO),
            rows: 0,
        }
    }

    /// Takes the contents of the statement, except its entries and balances.
    pub(super) fn leaf(&mut self, path: &[Name], text: &str) -> Result<(), Fault> {
        let details = &mut self.statement.details;
        match path {
            [Name::Id] => details.id = Some(tidy(text)),
            [Name::ElctrncSeqNb] => self.number = Some(count(text)?),
            [Name::LglSeqNb] => self.number = self.number.or(text.parse().ok()),
            [Name::Pages, Name::PgNb] => self.page = text.parse().ok(),
            [Name::Pages, Name::LastPgInd] => self.last_page = Some(flag(text)?),
            [Name::FrToDt, Name::FrDtTm] => details.from = Some(day_of_time(text)?),
            [Name::FrToDt, Name::ToDtTm] => details.to = Some(day_of_time(text)?),
            [Name::CpyDplctInd] => details.copy = Some(copy_mark(text)?),
            [Name::Acct, Name::Ccy] if is_currency(text) => self.currency = Some(text.to_owned()),
            [Name::Acct, Name::Ccy] => {
                let wanted = "a currency of three letters";
                return Err(Fault::Word { text: quoted(text), wanted });
            }
            [Name::Acct, Name::Id, Name::Iban | Name::Bban | Name::Upic]
            | [Name::Acct, Name::Id, Name::Othr | Name::PrtryAcct, Name::Id] => {
                self.statement.account = Some(tidy(text)).filter(|account| !account.is_empty());
            }
            _ => {}
        }
        Ok(())
    }

    /// The statement's currency: the account's, the balances', or the first entry's.
    pub(super) fn meet_currency(&mut self, found: &str) -> Result<(), Fault> {
        if self.currency.is_none() {
            let known = self.balances.currency().unwrap_or(found);
            self.currency = Some(known.to_owned());
        }
        match &self.currency {
            Some(wanted) if wanted != found => {
                Err(Fault::Currency { found: found.to_owned(), wanted: wanted.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Counts a row.
    pub(super) fn take(&mut self, line: &StatementLine, reversal: bool) {
        self.chain.take(line, None);
        if reversal {
            self.reversals = self.reversals.and_then(|sum| sum.checked_add(line.signed()));
        }
        self.rows = self.rows.saturating_add(1);
    }

    /// The statement as far as it is known, without its rows.
    ///
    /// # Errors
    /// A statement without an account, or with balances in different currencies.
    pub(super) fn statement(&self, settings: &MessageSettings) -> Result<Statement, BankFileError> {
        let mut statement = self.statement.clone();
        if statement.account.is_none() {
            let fault = Fault::Missing("the statement names no account (`Acct/Id`)");
            return Err(BankFileError::at(self.line, fault.into()).in_column(&*self.trail));
        }
        let currency = self.currency.as_deref().or(self.balances.currency());
        currency.unwrap_or(settings.currency()).clone_into(&mut statement.currency);
        let ends = self.balances.ends(statement.details.kind == StatementKind::Statement);
        let in_currency = |balance: Option<Balance>| match balance {
            Some(balance) if balance.currency != statement.currency => {
                let (found, wanted) = (balance.currency, statement.currency.clone());
                let reason = Reason::from(Fault::Currency { found, wanted });
                Err(self.error_in("Bal", balance.line, reason))
            }
            balance => Ok(balance.map(|balance| balance.amount)),
        };
        (statement.opening, statement.closing) =
            (in_currency(ends.opening)?, in_currency(ends.closing)?);
        statement.number =
            self.number.map(|statement| StatementNumber { statement, page: self.page });
        statement.details.available = self.balances.available(&statement.currency);
        statement.details.partial = ends.partial || self.is_page();
        Ok(statement)
    }

    /// The totals have to be those of the entries; on one of several pages they may be of all.
    fn check_totals(&self) -> Result<(), BankFileError> {
        let checked = if self.is_page() { Ok(()) } else { self.summary.check() };
        checked.map_err(|reason| self.error_in("TxsSummry", self.summary.line, reason))
    }

    fn error_in(&self, element: &str, line: u64, reason: Reason) -> BankFileError {
        BankFileError::at(line, reason).in_column(format!("{}/{element}", self.trail))
    }

    /// Whether the message is one of several pages.
    fn is_page(&self) -> bool {
        self.last_page == Some(false) || self.page.is_some_and(|page| page > 1)
    }

    /// The statement when all its rows have been counted, and whether its balances would hold with
    /// the rows that are marked as reversals the other way round.
    pub(super) fn closed(
        &self,
        settings: &MessageSettings,
    ) -> Result<(Statement, bool), BankFileError> {
        self.check_totals()?;
        let mut statement = self.statement(settings)?;
        self.chain.settle(&mut statement);
        let off = statement.first_break().and_then(|found| found.difference());
        let twice = self.reversals.and_then(|moved| moved.checked_add(moved));
        // What is off is then twice what they moved.
        let sum = off.zip(twice).and_then(|(off, twice)| off.checked_add(twice));
        let turn = off.is_some() && sum.is_some_and(|sum| sum.is_zero());
        Ok((statement, turn))
    }
}

fn copy_mark(text: &str) -> Result<CopyMark, Fault> {
    match text {
        "COPY" => Ok(CopyMark::Copy),
        "DUPL" => Ok(CopyMark::Duplicate),
        "CODU" => Ok(CopyMark::CopyDuplicate),
        _ => Err(Fault::Word { text: quoted(text), wanted: "`COPY`, `DUPL` or `CODU`" }),
    }
}
