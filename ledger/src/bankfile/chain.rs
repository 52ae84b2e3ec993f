//! The balance chain: every stated balance has to be the one before it plus what moved in between.
//!
//! The rows are taken in the order of the file, each once and none is kept, so that a file of any
//! length is checked while it is read. Each stated balance, less what has moved so far, says where
//! the chain began; the chain holds as long as they all say the same.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::bankfile::statement::{RowOrder, Statement, StatementLine};

/// A place where a stated balance and the rows contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainBreak {
    /// The line that states the balance; `None` for the closing balance of the whole statement.
    pub line: Option<u64>,
    /// The balance that the file states there.
    pub stated: Decimal,
    /// The balance that follows from the rows before it in time.
    pub computed: Decimal,
}

impl ChainBreak {
    /// What the file states above (or below) what its rows come to; `None` if it can't be held.
    pub fn difference(&self) -> Option<Decimal> {
        self.stated.checked_sub(self.computed)
    }
}

/// A chain as it grows, for one order of rows.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    order: RowOrder,
    /// What the rows so far have moved; `None` once it can't be held.
    moved: Option<Decimal>,
    /// Where the chain began by the first stated balance, and by the last one.
    begins: Option<(Decimal, Decimal)>,
    /// The first stated balance and the last one taken, with their lines.
    stated: Option<(Stated, Stated)>,
    compared: bool,
    breaks: u64,
    /// The earliest break in time.
    earliest: Option<ChainBreak>,
}

#[derive(Clone, Copy, Debug)]
struct Stated {
    line: u64,
    balance: Decimal,
}

impl Chain {
    pub(super) const fn new(order: RowOrder) -> Self {
        Self {
            order,
            moved: Some(Decimal::ZERO),
            begins: None,
            stated: None,
            compared: false,
            breaks: 0,
            earliest: None,
        }
    }

    /// Takes the next row of the file: what it adds to the balance, and the balances before and
    /// after it where it states them.
    pub(super) fn take(
        &mut self,
        line: u64,
        signed: Decimal,
        before: Option<Decimal>,
        after: Option<Decimal>,
    ) {
        let (first, second) = match self.order {
            RowOrder::Ascending => (before, after),
            RowOrder::Descending => (after, before),
        };
        self.compare(line, first);
        self.moved = self.moved.and_then(|moved| moved.checked_add(signed));
        self.compare(line, second);
    }

    /// Compares a stated balance with those that were stated so far.
    fn compare(&mut self, line: u64, balance: Option<Decimal>) {
        let (Some(balance), Some(moved)) = (balance, self.moved) else { return };
        // Backwards, a balance is what the newer rows, already taken, led away from.
        let begin = match self.order {
            RowOrder::Ascending => balance.checked_sub(moved),
            RowOrder::Descending => balance.checked_add(moved),
        };
        let Some(begin) = begin else {
            self.moved = None;
            return;
        };
        let here = Stated { line, balance };
        if let (Some((first, expected)), Some((_, last))) = (self.begins, self.stated) {
            self.compared = true;
            if expected != begin {
                self.broken(here, last, begin, expected);
            }
            self.begins = Some((first, begin));
        } else {
            self.begins = Some((begin, begin));
        }
        self.stated = Some((self.stated.map_or(here, |(first, _)| first), here));
    }

    /// Notes a break between two stated balances, at the newer one of them.
    fn broken(&mut self, here: Stated, last: Stated, begin: Decimal, expected: Decimal) {
        let (at, off) = match self.order {
            RowOrder::Ascending => (here, expected.checked_sub(begin)),
            RowOrder::Descending => (last, begin.checked_sub(expected)),
        };
        let computed = off.and_then(|off| at.balance.checked_add(off));
        let found = ChainBreak {
            line: Some(at.line),
            stated: at.balance,
            computed: computed.unwrap_or(at.balance),
        };
        self.note(found, self.order == RowOrder::Descending);
    }

    fn note(&mut self, found: ChainBreak, is_earliest: bool) {
        self.breaks = self.breaks.saturating_add(1);
        if is_earliest || self.earliest.is_none() {
            self.earliest = Some(found);
        }
    }

    /// Compares the statement's own opening and closing balance, when all rows are taken.
    pub(super) fn close(&mut self, opening: Option<Decimal>, closing: Option<Decimal>) {
        let Some(moved) = self.moved else { return };
        let ends = self.begins.map(|(first, last)| match self.order {
            RowOrder::Ascending => (Some(first), last.checked_add(moved)),
            RowOrder::Descending => (last.checked_sub(moved), Some(first)),
        });
        let (from_rows, to_rows) =
            ends.unwrap_or_else(|| (None, opening.and_then(|opening| opening.checked_add(moved))));
        if let (Some(opening), Some(from_rows)) = (opening, from_rows) {
            self.compared = true;
            if opening != from_rows {
                self.opening_differs(opening, from_rows);
            }
        }
        if let (Some(stated), Some(computed)) = (closing, to_rows) {
            self.compared = true;
            if stated != computed {
                self.note(ChainBreak { line: None, stated, computed }, false);
            }
        }
    }

    /// The opening balance does not lead to the oldest stated balance.
    fn opening_differs(&mut self, opening: Decimal, from_rows: Decimal) {
        let oldest = self.stated.map(|(first, last)| match self.order {
            RowOrder::Ascending => first,
            RowOrder::Descending => last,
        });
        let Some(oldest) = oldest else { return };
        let off = opening.checked_sub(from_rows);
        let computed = off.and_then(|off| oldest.balance.checked_add(off));
        let found = ChainBreak {
            line: Some(oldest.line),
            stated: oldest.balance,
            computed: computed.unwrap_or(opening),
        };
        self.note(found, true);
    }

    fn outcome(&self) -> Balances {
        let holds = match self.moved {
            None => Some(false),
            Some(_) => self.compared.then_some(self.breaks == 0),
        };
        Balances { holds, breaks: self.breaks, earliest: self.earliest }
    }

    fn closed(mut self, opening: Option<Decimal>, closing: Option<Decimal>) -> Balances {
        self.close(opening, closing);
        self.outcome()
    }
}

/// How a statement's stated balances and its rows agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Balances {
    /// Whether they do; `None` when there were not two balances to compare.
    pub(super) holds: Option<bool>,
    /// How many stated balances contradict the one before them.
    pub(super) breaks: u64,
    /// The earliest break in time.
    pub(super) earliest: Option<ChainBreak>,
}

/// The chain in both orders, until it is known in which one the file lists its rows.
#[derive(Clone, Debug)]
pub(super) struct BothWays {
    forwards: Chain,
    backwards: Chain,
    first: Option<End>,
    last: Option<End>,
    /// Whether a row is of a later day than the one above it, and whether one is of an earlier day.
    rises: bool,
    falls: bool,
}

/// The first or the last row of a file.
#[derive(Clone, Copy, Debug)]
struct End {
    date: NaiveDate,
    signed: Decimal,
    before: Option<Decimal>,
    after: Option<Decimal>,
}

impl End {
    /// The balance before it, as stated or as it follows from the one after it.
    fn before(self) -> Option<Decimal> {
        self.before.or_else(|| self.after?.checked_sub(self.signed))
    }
}

impl BothWays {
    pub(super) const fn new() -> Self {
        let (forwards, backwards) = (RowOrder::Ascending, RowOrder::Descending);
        Self {
            forwards: Chain::new(forwards),
            backwards: Chain::new(backwards),
            first: None,
            last: None,
            rises: false,
            falls: false,
        }
    }

    /// The chain of rows that are all there.
    pub(super) fn of(lines: &[StatementLine]) -> Self {
        let mut both = Self::new();
        for line in lines {
            both.take(line, None);
        }
        both
    }

    /// Takes the next row of the file, with the balance before it where it states that too.
    pub(super) fn take(&mut self, line: &StatementLine, before: Option<Decimal>) {
        let (signed, after) = (line.signed(), line.balance);
        let end = End { date: line.booking_date, signed, before, after };
        if let Some(last) = self.last {
            self.rises |= last.date < end.date;
            self.falls |= last.date > end.date;
        }
        self.forwards.take(line.number, signed, before, after);
        // With dates that rise and a balance that contradicts, this order is never the answer.
        if !(self.rises && self.backwards.breaks > 0) {
            self.backwards.take(line.number, signed, before, after);
        }
        self.first = self.first.or(Some(end));
        self.last = Some(end);
    }

    /// The order of the dates; where they are all the same or go both ways, the order in which the
    /// balances hold.
    pub(super) fn order(&self, opening: Option<Decimal>, closing: Option<Decimal>) -> RowOrder {
        match (self.rises, self.falls) {
            (true, false) => return RowOrder::Ascending,
            (false, true) => return RowOrder::Descending,
            (true, true) | (false, false) => {}
        }
        let holds = |order| self.balances(order, opening, closing).holds == Some(true);
        if !holds(RowOrder::Ascending) && holds(RowOrder::Descending) {
            RowOrder::Descending
        } else {
            RowOrder::Ascending
        }
    }

    /// How the balances agree when the rows are in that order.
    pub(super) fn balances(
        &self,
        order: RowOrder,
        opening: Option<Decimal>,
        closing: Option<Decimal>,
    ) -> Balances {
        match order {
            RowOrder::Ascending => self.forwards.clone().closed(opening, closing),
            RowOrder::Descending => self.backwards.clone().closed(opening, closing),
        }
    }

    /// Settles what only shows when all rows are there: their order, the opening, the closing, and
    /// whether the balances hold.
    pub(super) fn settle(&self, statement: &mut Statement) {
        statement.order = self.order(statement.opening, statement.closing);
        let (oldest, newest) = match statement.order {
            RowOrder::Ascending => (self.first, self.last),
            RowOrder::Descending => (self.last, self.first),
        };
        statement.opening = statement.opening.or(oldest.and_then(End::before));
        statement.closing = statement.closing.or(newest.and_then(|end| end.after));
        let balances = self.balances(statement.order, statement.opening, statement.closing);
        statement.balances = Some(balances);
    }
}
