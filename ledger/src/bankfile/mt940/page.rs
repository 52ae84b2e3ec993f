//! One message, that is one page of a statement, as its fields come in.

use chrono::NaiveDate;

use super::fields::{Field, Tag};
use super::movement::Movement;
use super::text::Text;
use super::totals::{Tally, Total};
use super::values::{Balance, balance, currency, short_date};
use crate::bankfile::details::{LineDetails, NotCounted, StatementKind, UncountedLine};
use crate::bankfile::error::{BankFileError, Reason, quoted};
use crate::bankfile::fault::MessageFault;
use crate::bankfile::message::{MessageSettings, References, tidy};
use crate::bankfile::statement::{Statement, StatementLine, StatementNumber, Texts};

/// Accounts are at most 35 characters; anything longer is text in the wrong place.
const LONGEST_ACCOUNT: usize = 35;

/// A page with what is needed to put it behind another one.
#[derive(Debug)]
pub(super) struct Page<'t, 's> {
    settings: &'s MessageSettings,
    /// The line on which it begins.
    pub(super) line: u64,
    pub(super) statement: Statement,
    pub(super) stage: Stage,
    /// The currency, as soon as a field states it.
    pub(super) currency: Option<String>,
    /// The opening balance's line, and whether it is that of a first page.
    pub(super) opening: Option<(u64, bool)>,
    /// The closing balance's line, and whether it is that of a last page.
    pub(super) closing: Option<(u64, bool)>,
    movement: Option<(u64, Movement<'t>, Text<'t>)>,
    pub(super) tally: Tally,
    pub(super) debits: Option<Total>,
    pub(super) credits: Option<Total>,
}

/// How far the page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Header,
    Opened,
    Moving,
    Closed,
}

impl<'t, 's> Page<'t, 's> {
    pub(super) fn begin(line: u64, settings: &'s MessageSettings) -> Self {
        Self {
            settings,
            line,
            statement: Statement::empty("mt940", settings.currency()),
            stage: Stage::Header,
            currency: None,
            opening: None,
            closing: None,
            movement: None,
            tally: Tally::default(),
            debits: None,
            credits: None,
        }
    }

    /// Whether the page has its closing balance, so that a header begins another one.
    pub(super) fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// Takes the next field.
    pub(super) fn take(&mut self, field: Field<'t>) -> Result<(), BankFileError> {
        let (line, name) = (field.line, field.tag.name());
        self.take_field(field).map_err(|reason| BankFileError::at(line, reason).in_column(name))
    }

    fn take_field(&mut self, field: Field<'t>) -> Result<(), Reason> {
        if let Some(stray) = field.more.first().filter(|_line| has_one_line(field.tag)) {
            return Err(MessageFault::Stray(quoted(stray)).into());
        }
        let text = field.first.trim();
        match field.tag {
            Tag::Reference => {
                self.statement.details.id = Some(tidy(text)).filter(|id| !id.is_empty());
            }
            Tag::Account => self.account(text)?,
            Tag::Number => self.statement.number = number(text),
            Tag::Floor => self.interim(currency(text).0)?,
            Tag::Created => {
                self.interim(None)?;
                self.statement.details.to = text.get(..6).and_then(|date| short_date(date).ok());
            }
            Tag::Opening { first } => self.opening(field.line, text, first)?,
            Tag::Movement => self.movement(field)?,
            Tag::Text => self.text(field)?,
            Tag::Closing { last } => self.closing(field.line, text, last)?,
            Tag::Available => {
                let available = balance(text)?;
                self.meet_currency(available.currency.as_deref())?;
                self.statement.details.available = Some(available.amount);
                self.end();
            }
            Tag::Debits | Tag::Credits => self.total(&field)?,
            Tag::Other if self.stage != Stage::Header => {
                return Err(MessageFault::OutOfPlace(
                    "no such field stands between or behind the movements of MT940 and MT942",
                )
                .into());
            }
            Tag::Related | Tag::Forward | Tag::Other | Tag::End => {}
        }
        Ok(())
    }

    /// An account, without the currency that some banks put behind it.
    fn account(&mut self, text: &str) -> Result<(), MessageFault> {
        if self.stage != Stage::Header || self.statement.account.is_some() {
            return Err(MessageFault::OutOfPlace(
                "the account stands once, before the balances and movements",
            ));
        }
        let account = tidy(text);
        if account.is_empty() || account.len() > LONGEST_ACCOUNT {
            return Err(MessageFault::Word { text: quoted(text), wanted: "an account number" });
        }
        self.statement.account = Some(account);
        Ok(())
    }

    fn opening(&mut self, line: u64, text: &str, first: bool) -> Result<(), MessageFault> {
        if self.stage != Stage::Header {
            return Err(MessageFault::OutOfPlace(
                "the opening balance stands once, before the movements",
            ));
        }
        let Balance { date, currency, amount } = balance(text)?;
        self.meet_currency(currency.as_deref())?;
        self.statement.opening = Some(amount);
        self.statement.details.from = date;
        self.opening = Some((line, first));
        self.stage = Stage::Opened;
        Ok(())
    }

    fn closing(&mut self, line: u64, text: &str, last: bool) -> Result<(), Reason> {
        if self.closing.is_some() {
            return Err(MessageFault::OutOfPlace("the closing balance stands once").into());
        }
        let Balance { date, currency, amount } = balance(text)?;
        self.meet_currency(currency.as_deref())?;
        self.statement.closing = Some(amount);
        self.statement.details.to = date;
        self.closing = Some((line, last));
        self.end();
        Ok(())
    }

    /// The fields of an MT942.
    fn interim(&mut self, currency: Option<&str>) -> Result<(), MessageFault> {
        "mt942".clone_into(&mut self.statement.layout);
        self.statement.details.kind = StatementKind::Interim;
        self.meet_currency(currency)
    }

    fn total(&mut self, field: &Field<'_>) -> Result<(), Reason> {
        let total = Total::read(field.line, field.first)?;
        self.interim(total.currency.as_deref())?;
        let stated = if field.tag == Tag::Debits { &mut self.debits } else { &mut self.credits };
        *stated = Some(total);
        self.end();
        Ok(())
    }

    fn movement(&mut self, field: Field<'t>) -> Result<(), Reason> {
        if self.stage == Stage::Closed {
            return Err(MessageFault::OutOfPlace(
                "a movement stands behind the closing balance; a new statement begins with `:20:`",
            )
            .into());
        }
        self.end_movement();
        self.stage = Stage::Moving;
        let movement = Movement::read(field.first)?;
        let mut text = Text::default();
        text.supplement(&[movement.behind])?;
        text.supplement(&field.more)?;
        self.tally.take(&movement).ok_or(Reason::TooLarge)?;
        self.movement = Some((field.line, movement, text));
        Ok(())
    }

    /// A text belongs to the movement before it; others are about the statement and say nothing
    /// that is used.
    fn text(&mut self, field: Field<'t>) -> Result<(), MessageFault> {
        if let Some((_line, _movement, text)) = &mut self.movement {
            text.extend(&[field.first])?;
            text.extend(&field.more)?;
        }
        Ok(())
    }

    /// No movement comes any more.
    fn end(&mut self) {
        self.stage = Stage::Closed;
        self.end_movement();
    }

    /// The movement is complete when the next field is not its text.
    pub(super) fn end_movement(&mut self) {
        let Some((line, movement, text)) = self.movement.take() else { return };
        let mut references = References::default();
        references.add(movement.customer);
        references.add(movement.bank);
        let description = text.read(&mut references);
        let booking_date = movement.entry_date.unwrap_or(movement.value_date);
        if movement.mark.is_expected() || movement.amount.is_zero() {
            self.uncounted(line, &movement, booking_date, references, description);
            return;
        }
        let sequence = Some(movement.bank).filter(|bank| !bank.is_empty() && *bank != "NONREF");
        self.statement.lines.push(StatementLine {
            number: line,
            booking_date,
            value_date: Some(movement.value_date),
            business_date: self.settings.business_date(booking_date, Some(movement.value_date)),
            amount: movement.amount,
            direction: movement.mark.direction(),
            balance: None,
            texts: Texts::new(&description, references.as_slice(), sequence),
            details: Some(Box::new(details(&movement))),
        });
    }

    fn uncounted(
        &mut self,
        number: u64,
        movement: &Movement<'_>,
        date: NaiveDate,
        references: References,
        description: String,
    ) {
        let expected = movement.mark.is_expected();

        self.statement.details.uncounted.push(UncountedLine {
            number,
            cause: if expected { NotCounted::Pending } else { NotCounted::ZeroAmount },
            date: Some(date),
            amount: movement.amount,
            direction: movement.mark.direction(),
            references: references.as_slice().to_vec(),
            description,
        });
    }

    fn meet_currency(&mut self, found: Option<&str>) -> Result<(), MessageFault> {
        match (found, &self.currency) {
            (Some(found), Some(wanted)) if found != wanted => {
                Err(MessageFault::Currency { found: found.to_owned(), wanted: wanted.clone() })
            }
            (Some(found), None) => {
                self.currency = Some(found.to_owned());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Whether a second line of the field belongs to nothing.
const fn has_one_line(tag: Tag) -> bool {
    !matches!(tag, Tag::Movement | Tag::Text | Tag::Other | Tag::Account)
}

/// `28C`: the statement's number and the page's. Banks that do not count write zero.
fn number(text: &str) -> Option<StatementNumber> {
    let (statement, page) = text.split_once('/').unwrap_or((text, ""));
    let counted = |text: &str| text.trim().parse::<u64>().ok().filter(|number| *number > 0);
    Some(StatementNumber { statement: counted(statement)?, page: counted(page) })
}

fn details(movement: &Movement<'_>) -> LineDetails {
    let reversal = movement.mark.is_reversal();
    let code = Some(movement.code).filter(|code| !code.is_empty()).map(Box::from);
    LineDetails { reversal, code, ..LineDetails::default() }
}
