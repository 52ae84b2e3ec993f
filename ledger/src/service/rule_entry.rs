//! How a rule gets in: a policy or a price ceiling that two clients of the programme want, from a day
//! that has begun nowhere yet.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::calendar::{Date, Instant};
use crate::domain::money::Rupiah;
use crate::domain::new_rule::{NewCeiling, NewPolicy, Place, first_free_day, place_of};
use crate::domain::policy::{Policy, PriceCeiling, Validity};
use crate::domain::proposal::Act;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::rule_entry::{OriginRow, ceiling_key};

use super::error::Trouble;
use super::ledger::Ledger;
use super::proposals::{Agreement, Decided, Wanted, agree};
use super::shared::Contended;

/// Why a rule is not entered.
#[derive(Debug, thiserror::Error)]
pub enum NotEntered {
    /// Its first day has begun somewhere in the country.
    #[error("a rule begins on {0} at the earliest: what is decided on a day stays right")]
    Begun(Date),
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// Nothing was done, or it is not known.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for NotEntered {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Contended for NotEntered {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

/// Why a rule was entered, and who wanted it; rules that the service began with have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleOrigin {
    /// The reason that the first client gave.
    pub reason: String,
    /// The client that proposed it.
    pub proposed_by: String,
    /// The client that agreed.
    pub agreed_by: Option<String>,
}

impl From<OriginRow> for RuleOrigin {
    fn from(row: OriginRow) -> Self {
        let OriginRow { reason, proposed_by, agreed_by } = row;
        Self { reason, proposed_by, agreed_by }
    }
}

/// A rule with where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered<R> {
    /// The rule.
    pub rule: R,
    /// Where it comes from.
    pub origin: Option<RuleOrigin>,
}

/// Who wants a rule, and why.
#[derive(Clone, Debug)]
pub struct RuleRequest<R> {
    /// The client's row.
    pub client: i64,
    /// What is to hold.
    pub rule: R,
    /// Why: the decree, for example.
    pub reason: String,
}

/// A rule as one kind enters it: how it is proposed, known again and written.
trait NewRule: Clone + Send + 'static {
    /// What it is once it is there.
    type Rule: Send + 'static;

    fn first_day(&self) -> Date;
    fn act(&self) -> Act;
    /// The same rule, where it is there already and has not been replaced.
    fn known(&self, tx: &mut Connection) -> Result<Option<Entered<Self::Rule>>, StoreError>;
    /// Writes it and ends what it replaces; answers what the proposal became.
    fn write(&self, tx: &mut Connection, entry: Entry) -> Result<i64, StoreError>;
}

/// When a rule became known, and the proposal that it was.
#[derive(Clone, Copy)]
struct Entry {
    known: Instant,
    proposal: i64,
}

impl Ledger {
    /// Enters a policy when another client wants the same; proposes it before. The same again is known.
    ///
    /// # Errors
    /// [`NotEntered`]; then nothing was done, unless it says that it is not known.
    pub fn enter_policy(
        &self,
        request: RuleRequest<NewPolicy>,
    ) -> Result<Decided<Entered<Policy>>, NotEntered> {
        self.enter_rule(request)
    }

    /// Enters a price ceiling in the same way.
    ///
    /// # Errors
    /// As [`Ledger::enter_policy`].
    pub fn enter_ceiling(
        &self,
        request: RuleRequest<NewCeiling>,
    ) -> Result<Decided<Entered<PriceCeiling>>, NotEntered> {
        self.enter_rule(request)
    }

    /// All policies there are and were.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn policies(&self) -> Result<Vec<Entered<Policy>>, StoreError> {
        self.shared.read(|connection| connection.snapshot(entered_policies))
    }

    /// All price ceilings there are and were.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn price_ceilings(&self) -> Result<Vec<Entered<PriceCeiling>>, StoreError> {
        self.shared.read(|connection| connection.snapshot(entered_ceilings))
    }

    fn enter_rule<R: NewRule>(
        &self,
        request: RuleRequest<R>,
    ) -> Result<Decided<Entered<R::Rule>>, NotEntered> {
        let (clock, ids) = (Arc::clone(&self.shared.clock), Arc::clone(&self.shared.ids));
        self.shared.write(move |tx| {
            let RuleRequest { client, rule, reason } = &request;
            if !tx.client_stands(*client)? {
                return Err(NotEntered::ClientRevoked);
            }
            // First, so that two rules are never placed among the same ones at once.
            tx.hold_rules()?;
            if let Some(known) = rule.known(tx)? {
                return Ok(Decided::Done(known));
            }
            let now = clock.now();
            let free = first_free_day(now);
            if rule.first_day() < free {
                return Err(NotEntered::Begun(free));
            }
            let (act, stake) = (rule.act(), Rupiah::ZERO);
            let wanted =
                Wanted { act: &act, client: *client, stake, detail: reason, key_hash: None };
            let agreed = match agree(tx, &ids, &wanted, now)? {
                Agreement::Waits(proposal) => return Ok(Decided::Proposed(proposal)),
                Agreement::Reached(agreed) => agreed,
            };
            let outcome = rule.write(tx, Entry { known: now, proposal: agreed.row.id })?;
            agreed.carried_out(tx, outcome, now)?;
            let entered = rule.known(tx)?;
            entered
                .map(Decided::Agreed)
                .ok_or_else(|| StoreError::corrupt("a rule went away").into())
        })
    }
}

impl NewRule for NewPolicy {
    type Rule = Policy;

    fn first_day(&self) -> Date {
        self.from
    }

    fn act(&self) -> Act {
        Act::Policy(self.clone())
    }

    fn known(&self, tx: &mut Connection) -> Result<Option<Entered<Policy>>, StoreError> {
        let same = |Entered { rule, .. }: &Entered<Policy>| {
            rule.validity.from == self.from
                && !is_replaced(&rule.validity)
                && rule.monthly_amount == self.monthly_amount
                && rule.goods == self.goods
        };
        Ok(entered_policies(tx)?.into_iter().find(same))
    }

    fn write(&self, tx: &mut Connection, entry: Entry) -> Result<i64, StoreError> {
        let book = tx.policy_book()?;
        let version = book.next_version();
        let all: Vec<Validity> = book.policies.iter().map(|policy| policy.validity).collect();
        let Place { to, closed } = place_of(self.from, &all);
        for policy in closed.into_iter().filter_map(|place| book.policies.get(place)) {
            tx.close_policy(policy, self.from.minus_days(1))?;
        }
        tx.add_policy(self, (version, to, entry.known), entry.proposal)?;
        Ok(version.into())
    }
}

impl NewRule for NewCeiling {
    type Rule = PriceCeiling;

    fn first_day(&self) -> Date {
        self.from
    }

    fn act(&self) -> Act {
        Act::Ceiling(self.clone())
    }

    fn known(&self, tx: &mut Connection) -> Result<Option<Entered<PriceCeiling>>, StoreError> {
        let same = |Entered { rule, .. }: &Entered<PriceCeiling>| {
            rule.validity.from == self.from
                && !is_replaced(&rule.validity)
                && is_of(self, rule)
                && rule.price == self.price
        };
        Ok(entered_ceilings(tx)?.into_iter().find(same))
    }

    fn write(&self, tx: &mut Connection, entry: Entry) -> Result<i64, StoreError> {
        let book = tx.policy_book()?;
        let same: Vec<&PriceCeiling> =
            book.ceilings.iter().filter(|ceiling| is_of(self, ceiling)).collect();
        let all: Vec<Validity> = same.iter().map(|ceiling| ceiling.validity).collect();
        let Place { to, closed } = place_of(self.from, &all);
        for ceiling in closed.into_iter().filter_map(|place| same.get(place)) {
            tx.close_ceiling(ceiling, self.from.minus_days(1))?;
        }
        tx.add_ceiling(self, (to, entry.known), entry.proposal)?;
        Ok(entry.proposal)
    }
}

/// Whether a rule was replaced before its first day.
fn is_replaced(validity: &Validity) -> bool {
    validity.to.is_some_and(|to| to < validity.from)
}

/// Whether a ceiling is for the same good in the same region.
fn is_of(new: &NewCeiling, ceiling: &PriceCeiling) -> bool {
    ceiling.zone == new.zone
        && ceiling.commodity == new.commodity
        && ceiling.grade == new.grade
        && ceiling.unit == new.unit
}

fn entered_policies(connection: &mut Connection) -> Result<Vec<Entered<Policy>>, StoreError> {
    let mut origins: HashMap<i32, OriginRow> = connection.policy_origins()?.into_iter().collect();
    let policies = connection.policy_book()?.policies.into_iter();
    let entered = policies.map(|rule| {
        let origin = origins.remove(&rule.version).map(RuleOrigin::from);
        Entered { rule, origin }
    });
    Ok(entered.collect())
}

fn entered_ceilings(connection: &mut Connection) -> Result<Vec<Entered<PriceCeiling>>, StoreError> {
    let mut origins: HashMap<_, OriginRow> = connection.ceiling_origins()?.into_iter().collect();
    let ceilings = connection.policy_book()?.ceilings.into_iter();
    let entered = ceilings.map(|rule| {
        let origin = origins.remove(&ceiling_key(&rule)).map(RuleOrigin::from);
        Entered { rule, origin }
    });
    Ok(entered.collect())
}
