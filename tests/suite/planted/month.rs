//! A bank's month: the ledger's lines, the bank's rows, and what the matching of the two has to find.

use ledger::domain::calendar::Date;
use ledger::domain::matching::{LedgerSide, MatchStatus, RedemptionLine, SettlementLine};
use ledger::domain::money::Rupiah;
use ledger::domain::settlement::SettlementReference;

use super::Finding;
use super::events::PLANTED;
use crate::chance::Chance;

/// A movement as a bank books it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) day: u32,
    pub(super) text: String,
    pub(super) amount: i64,
    pub(super) is_credit: bool,
    /// Formats with a mark for it mark it; the others have only words.
    pub(super) is_reversal: bool,
    /// Formats with a field for it carry the reference there, out of the text.
    pub(super) in_field: bool,
}

#[derive(Clone, Debug)]
enum Line {
    Settlement { reference: SettlementReference, merchant: String, amount: i64 },
    Redemption { rrn: String, terminal: String, merchant: String, day: u32, amount: i64 },
}

/// A bank's month.
#[derive(Clone, Debug)]
pub(super) struct Month {
    pub(super) rows: Vec<Row>,
    lines: Vec<Line>,
    pub(super) truth: Vec<Finding>,
    clearing_code: String,
    settlements: u32,
    events: usize,
}

/// A day of the month.
pub(super) fn date(day: u32) -> Date {
    format!("2018-09-{day:02}").parse().unwrap()
}

/// The event that a row's text or a merchant's code is of.
pub(super) fn event_of(text: &str) -> usize {
    let (_, after) = text.split_once("KW").unwrap_or_else(|| panic!("no event in `{text}`"));
    after.get(..4).unwrap().parse().unwrap()
}

impl Month {
    /// Every kind of event several times on days of chance, in the bank's books of that number.
    pub(super) fn planted(chance: &mut Chance, bank: usize) -> Self {
        let mut month = Self {
            rows: Vec::new(),
            lines: Vec::new(),
            truth: Vec::new(),
            clearing_code: format!("{:03}", 2 + bank * 7),
            settlements: 0,
            events: 0,
        };
        for plant in PLANTED {
            for _time in 0..=chance.below(3) {
                month.event(chance, plant);
            }
        }
        // Most of a month is in order.
        for _time in 0..60 {
            month.event(chance, PLANTED[0]);
        }
        month.rows.sort_by_key(|row| row.day);
        month
    }

    fn event(&mut self, chance: &mut Chance, plant: fn(&mut Event<'_>)) {
        let number = self.events;
        self.events += 1;
        // No two events have an amount in common, so that only names can bring them together.
        let amount = 50_000 + 1_000 * i64::try_from(number).unwrap() + chance.amount(0, 400);
        let day = 1 + u32::try_from(chance.below(24)).unwrap();
        let mut event = Event { month: self, chance, number, amount, day };
        plant(&mut event);
    }

    /// The same month, whose rows are booked in another order of each day and whose lines come in
    /// another order.
    pub(super) fn shuffled(&self, chance: &mut Chance) -> Self {
        let mut month = self.clone();
        for place in (1..month.rows.len()).rev() {
            month.rows.swap(place, chance.below(place + 1));
        }
        month.rows.sort_by_key(|row| row.day);
        for place in (1..month.lines.len()).rev() {
            month.lines.swap(place, chance.below(place + 1));
        }
        month
    }

    /// What the ledger expects of the bank.
    pub(super) fn ledger_side(&self) -> LedgerSide {
        let mut side = LedgerSide::default();
        for line in &self.lines {
            match line {
                Line::Settlement { reference, merchant, amount } => {
                    let line = SettlementLine {
                        reference: *reference,
                        merchant,
                        account: None,
                        bank_reference: None,
                        business_date: reference.business_date().unwrap(),
                        amount: Rupiah::new(*amount).unwrap(),
                    };
                    side.add_settlement(&line).unwrap();
                }
                Line::Redemption { rrn, terminal, merchant, day, amount } => {
                    let line = RedemptionLine {
                        rrn,
                        terminal: Some(terminal),
                        merchant,
                        account: None,
                        settlement: None,
                        business_date: date(*day),
                        amount: Rupiah::new(*amount).unwrap(),
                        reversed: false,
                    };
                    side.add_redemption(&line).unwrap();
                }
            }
        }
        side
    }
}

/// One thing that happens in a month, while it is planted.
pub(super) struct Event<'m> {
    month: &'m mut Month,
    pub(super) chance: &'m mut Chance,
    number: usize,
    /// No other event has it.
    pub(super) amount: i64,
    /// Early enough that all of the event is in the month.
    pub(super) day: u32,
}

impl Event<'_> {
    /// A merchant of the event's own.
    pub(super) fn merchant(&self, number: u32) -> String {
        format!("EW-KW{:04}-{number}", self.number)
    }

    /// A reference that nothing has.
    pub(super) fn reference(&mut self, day: u32) -> SettlementReference {
        self.month.settlements += 1;
        let (code, number) = (&self.month.clearing_code, self.month.settlements);
        SettlementReference::new(code, date(day), number).unwrap()
    }

    /// A settlement of the event's first merchant.
    pub(super) fn settlement(&mut self, day: u32, amount: i64) -> SettlementReference {
        self.settlement_of(1, day, amount)
    }

    pub(super) fn settlement_of(
        &mut self,
        merchant: u32,
        day: u32,
        amount: i64,
    ) -> SettlementReference {
        let reference = self.reference(day);
        let merchant = self.merchant(merchant);
        self.month.lines.push(Line::Settlement { reference, merchant, amount });
        reference
    }

    /// The line that was added last once more.
    pub(super) fn same_line_again(&mut self) {
        let last = self.month.lines.last().unwrap().clone();
        self.month.lines.push(last);
    }

    /// A redemption that is in no settlement; its retrieval reference and its terminal.
    pub(super) fn redemption(&mut self, number: u32, amount: i64) -> String {
        let rrn = format!("{:08}{number:04}", 20_000_000 + self.number);
        let terminal = format!("TRM{:04}", self.number);
        let named = format!("{rrn} {terminal}");
        let (merchant, day) = (self.merchant(1), self.day);
        self.month.lines.push(Line::Redemption { rrn, terminal, merchant, day, amount });
        named
    }

    fn row(&mut self, day: u32, amount: i64, text: &str) -> &mut Row {
        let row = Row {
            day,
            text: format!("{text} KW{:04}", self.number),
            amount,
            is_credit: true,
            is_reversal: false,
            in_field: self.chance.one_in(2),
        };
        self.month.rows.push(row);
        self.month.rows.last_mut().unwrap()
    }

    pub(super) fn credit(&mut self, day: u32, amount: i64, text: &str) {
        self.row(day, amount, text);
    }

    pub(super) fn debit(&mut self, day: u32, amount: i64, text: &str) {
        self.row(day, amount, text).is_credit = false;
    }

    /// A credit is taken back.
    pub(super) fn taken_back(&mut self, day: u32, amount: i64, text: &str) {
        let row = self.row(day, amount, text);
        row.is_credit = false;
        row.is_reversal = true;
    }

    /// The last row once more, as another movement.
    pub(super) fn same_row_again(&mut self) {
        let last = self.month.rows.last().unwrap().clone();
        self.month.rows.push(last);
    }

    /// One outcome that has to be found: its status, what is due and what moved.
    pub(super) fn expect(&mut self, status: MatchStatus, due: i64, moved: i64) {
        self.month.truth.push((self.number, status, due, moved));
        self.month.truth.sort_unstable();
    }
}
