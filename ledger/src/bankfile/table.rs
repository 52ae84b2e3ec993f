//! From rows to statements: one for each account and currency, which grow row by row.

use std::collections::HashMap;

use rust_decimal::Decimal;

use crate::bankfile::cells::Cells;
use crate::bankfile::chain::BothWays;
use crate::bankfile::choice::{Chosen, Context};
use crate::bankfile::error::{BankFileError, Reason};
use crate::bankfile::guard::Guard;
use crate::bankfile::head::{Preamble, currency_of};
use crate::bankfile::numbers::negated;
use crate::bankfile::profile::{Role, RowLabel};
use crate::bankfile::row::{RowContent, RowReader, Stated, label_of};
use crate::bankfile::rows::Rows;
use crate::bankfile::statement::{Statement, StatementLine};
use crate::domain::matching::Direction;

/// Takes a line of a statement that is still growing.
pub(super) trait Sink {
    fn take(&mut self, statement: &mut Statement, line: StatementLine);

    /// Whether the statement may have one more row.
    fn admit(&mut self, _statement: &Statement) -> Result<(), Reason> {
        Ok(())
    }

    /// Whether the statement may begin.
    fn begin(&mut self, _statement: &Statement) -> Result<(), Reason> {
        Ok(())
    }
}

/// Keeps the lines in their statement.
pub(super) struct Keep;

impl Sink for Keep {
    fn take(&mut self, statement: &mut Statement, line: StatementLine) {
        statement.lines.push(line);
    }
}

/// Gives on what is within a file's bounds.
pub(super) struct Guarded<'s, S> {
    pub(super) guard: Guard,
    pub(super) sink: &'s mut S,
}

impl<S: Sink> Sink for Guarded<'_, S> {
    fn take(&mut self, statement: &mut Statement, line: StatementLine) {
        self.sink.take(statement, line);
    }

    fn admit(&mut self, statement: &Statement) -> Result<(), Reason> {
        self.guard.admit(statement)
    }

    fn begin(&mut self, statement: &Statement) -> Result<(), Reason> {
        self.guard.begin(statement)
    }
}

/// Hands the lines out.
pub(super) struct HandOut<F>(pub(super) F);

impl<F: FnMut(&Statement, StatementLine)> Sink for HandOut<F> {
    fn take(&mut self, statement: &mut Statement, line: StatementLine) {
        (self.0)(statement, line);
    }
}

/// Reads the rows from the first one on; `chosen` says where the header is and what it means.
pub(super) fn read(
    rows: &mut impl Rows,
    chosen: &Chosen<'_>,
    context: &Context,
    sink: &mut impl Sink,
) -> Result<Vec<Statement>, BankFileError> {
    let mut preamble = Preamble::default();
    for _above in 0..chosen.header {
        rows.advance()?;
        preamble.take(rows.row(), chosen.layout);
    }
    for _header in chosen.header..chosen.body {
        rows.advance()?;
    }
    chosen.columns.check(rows.row().line)?;
    let mut reader = RowReader::new(chosen.layout, chosen.columns.clone());
    reader.around = preamble.period.map(|(_first, last)| last).or(context.around);
    reader.since_1904 = context.since_1904;
    let mut table = Table::new(chosen, context, preamble);
    while rows.advance()? {
        let row = rows.row();
        let found = reader.read(row)?;
        if !matches!(found, RowContent::Nothing) {
            table.take(&reader.cells(row), found, sink)?;
        }
    }
    Ok(table.finish())
}

struct Table<'c> {
    chosen: &'c Chosen<'c>,
    context: &'c Context,
    preamble: Preamble,
    /// The statement of the row before, which most rows share.
    current: Growing,
    others: HashMap<Key, Growing>,
    /// How many statements have a row.
    begun: usize,
}

/// The account, where the file names one, and the currency.
type Key = (Option<String>, String);

/// A statement that grows.
struct Growing {
    /// Its place in the order of first rows; `None` as long as it has no row.
    place: Option<usize>,
    /// The account's and the currency's cells of its last row.
    cells: (String, String),
    statement: Statement,
    chain: BothWays,
    sums: Sums,
    /// The sums at the last total, from where an export of several pages counts anew.
    at_total: Sums,
}

/// What the rows so far add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    debits: Decimal,
    credits: Decimal,
}

impl<'c> Table<'c> {
    fn new(chosen: &'c Chosen<'c>, context: &'c Context, preamble: Preamble) -> Self {
        let key = key(&preamble, chosen, None, "");
        let current = Growing::new(key, &preamble, chosen, context);
        Self { chosen, context, preamble, current, others: HashMap::new(), begun: 0 }
    }

    fn take(
        &mut self,
        cells: &Cells<'_>,
        content: RowContent,
        sink: &mut impl Sink,
    ) -> Result<(), BankFileError> {
        if let RowContent::Labelled(label, stated) = content {
            return self.take_labelled(cells, label, stated);
        }
        self.go_to(cells);
        let Growing { statement, chain, sums, .. } = &mut self.current;
        sink.admit(statement).map_err(|reason| cells.error(reason))?;
        match content {
            RowContent::Line { mut line, column, before } => {
                let too_large = || cells.error(Reason::TooLarge);
                *sums = sums.with(&line, column).ok_or_else(too_large)?;
                let after = before.and_then(|before| before.checked_add(line.signed()));
                line.balance = line.balance.or(after);
                chain.take(&line, before);
                sink.take(statement, line);
            }
            RowContent::Pending(line) => statement.details.uncounted.push(line),
            RowContent::Labelled(..) | RowContent::Nothing => {}
        }
        Ok(())
    }

    /// A balance or a total is of the rows above it, unless it names another account. Its words may
    /// stand in the account's column themselves.
    fn take_labelled(
        &mut self,
        cells: &Cells<'_>,
        label: RowLabel,
        stated: Stated,
    ) -> Result<(), BankFileError> {
        let account = cells.text(Role::Account);
        if !account.is_empty() && label_of(account, cells.layout).is_none() {
            self.go_to(cells);
        }
        let balances = [
            (RowLabel::Opening, &mut self.current.statement.opening, &mut self.preamble.opening),
            (RowLabel::Closing, &mut self.current.statement.closing, &mut self.preamble.closing),
        ];
        for (of_label, of_statement, of_all) in balances {
            if label == of_label {
                *of_statement = stated.balance.or(*of_statement);
                if self.begun == 0 {
                    *of_all = *of_statement;
                }
            }
        }
        if label == RowLabel::Total { self.current.total(cells, stated) } else { Ok(()) }
    }

    /// Makes the row's statement the current one.
    fn go_to(&mut self, cells: &Cells<'_>) {
        let (account, currency) = (cells.text(Role::Account), cells.text(Role::Currency));
        let (known, known_currency) = &self.current.cells;
        if self.current.place.is_some() && known == account && known_currency == currency {
            return;
        }
        let key = key(&self.preamble, self.chosen, cells.account(), currency);
        if self.current.key() != key {
            let found = self.others.remove(&key);
            let next = found
                .unwrap_or_else(|| Growing::new(key, &self.preamble, self.chosen, self.context));
            let before = std::mem::replace(&mut self.current, next);
            if before.place.is_some() {
                self.others.insert(before.key(), before);
            }
        }
        if self.current.place.is_none() {
            self.current.place = Some(self.begun);
            self.begun = self.begun.saturating_add(1);
        }
        self.current.cells = (account.to_owned(), currency.to_owned());
    }

    fn finish(self) -> Vec<Statement> {
        let mut all: Vec<Growing> = self.others.into_values().collect();
        all.push(self.current);
        all.sort_by_key(|growing| growing.place);
        all.into_iter().map(Growing::finish).collect()
    }
}

/// The key of a row's statement.
fn key(preamble: &Preamble, chosen: &Chosen<'_>, account: Option<String>, currency: &str) -> Key {
    let currency = match currency {
        "" => preamble.currency.clone().unwrap_or_else(|| chosen.layout.currency.clone()),
        named => currency_of(named),
    };
    (account.or_else(|| preamble.account.clone()), currency)
}

impl Growing {
    fn new(
        (account, currency): Key,
        preamble: &Preamble,
        chosen: &Chosen<'_>,
        context: &Context,
    ) -> Self {
        let mut statement = Statement::empty(&chosen.name(), &currency);
        statement.bank.clone_from(&context.bank);
        statement.account = account;
        statement.opening = preamble.opening;
        statement.closing = preamble.closing;
        statement.details.from = preamble.period.map(|(first, _last)| first);
        statement.details.to = preamble.period.map(|(_first, last)| last);
        Self {
            place: None,
            cells: (String::new(), String::new()),
            statement,
            chain: BothWays::new(),
            sums: Sums::default(),
            at_total: Sums::default(),
        }
    }

    fn key(&self) -> Key {
        (self.statement.account.clone(), self.statement.currency.clone())
    }

    /// A total is of all rows so far, or of those since the last total.
    fn total(&mut self, cells: &Cells<'_>, stated: Stated) -> Result<(), BankFileError> {
        let (all, since) = (self.sums, self.sums.since(self.at_total));
        self.at_total = all;
        for (stated, all, since) in [
            (stated.debits, all.debits, since.map(|since| since.debits)),
            (stated.credits, all.credits, since.map(|since| since.credits)),
        ] {
            if let Some(stated) = stated.filter(|stated| *stated != all && Some(*stated) != since) {
                let (stated, sum) = (stated.to_string(), all.to_string());
                return Err(cells.error(Reason::TotalDiffers { stated, sum }));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Statement {
        self.chain.settle(&mut self.statement);
        self.statement
    }
}

impl Sums {
    /// The sums with one more row. What stands below zero in a column is taken off its sum, though
    /// it moves money the other way.
    fn with(self, line: &StatementLine, column: Direction) -> Option<Self> {
        let value = if line.direction == column { line.amount } else { negated(line.amount) };
        Some(match column {
            Direction::Debit => Self { debits: self.debits.checked_add(value)?, ..self },
            Direction::Credit => Self { credits: self.credits.checked_add(value)?, ..self },
        })
    }

    fn since(self, before: Self) -> Option<Self> {
        let debits = self.debits.checked_sub(before.debits)?;
        Some(Self { debits, credits: self.credits.checked_sub(before.credits)? })
    }
}
