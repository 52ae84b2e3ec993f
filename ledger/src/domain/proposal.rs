//! Acts of the programme that one client proposes and another, who wants the same, agrees to.

use super::bank::BankCode;
use super::calendar::{Instant, Period};
use super::ids::{AccountId, RowId};
use super::money::Rupiah;
use super::new_rule::{NewCeiling, NewPolicy};
use super::reference::Reference;

/// How long a proposal waits: thirty days, in milliseconds. After that it has to be proposed again.
const WAITS_MILLIS: i64 = 30 * 24 * 60 * 60 * 1000;

/// What one client wants to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Money that arrived is to be recorded.
    Funding {
        /// Where it arrived.
        bank: BankCode,
        /// How much.
        amount: Rupiah,
        /// The bank's reference.
        reference: Reference,
    },
    /// A period is to be credited.
    CreditRun {
        /// The period.
        period: Period,
        /// Although it lies outside the window.
        outside: bool,
    },
    /// Money of a funding is to be sent back.
    FundingReturn {
        /// The funding's transfer and the account it is stored with.
        funding: (RowId, AccountId),
        /// How much.
        amount: Rupiah,
    },
    /// A run's credits are to be taken back.
    RunReversal {
        /// The run.
        run: RowId,
    },
    /// A policy is to hold.
    Policy(NewPolicy),
    /// A price ceiling is to hold.
    Ceiling(NewCeiling),
}

impl Act {
    /// The kind's number in the store.
    pub const fn number(&self) -> i16 {
        match self {
            Self::Funding { .. } => 1,
            Self::CreditRun { .. } => 2,
            Self::FundingReturn { .. } => 3,
            Self::RunReversal { .. } => 4,
            Self::Policy(_) => 5,
            Self::Ceiling(_) => 6,
        }
    }

    /// The kind's name in answers.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Funding { .. } => "funding",
            Self::CreditRun { .. } => "credit_run",
            Self::FundingReturn { .. } => "funding_return",
            Self::RunReversal { .. } => "credit_run_reversal",
            Self::Policy(_) => "policy",
            Self::Ceiling(_) => "price_ceiling",
        }
    }

    /// As it is stored: [`Act::read`] reads it.
    pub fn text(&self) -> String {
        match self {
            Self::Funding { bank, amount, reference } => {
                format!("{bank} {} {reference}", amount.get())
            }
            Self::CreditRun { period, outside } => {
                format!("{period}{}", if *outside { " outside" } else { "" })
            }
            Self::FundingReturn { funding: (id, anchor), amount } => {
                format!("{} {} {}", id.0, anchor.0, amount.get())
            }
            Self::RunReversal { run } => run.0.to_string(),
            Self::Policy(policy) => policy.text(),
            Self::Ceiling(ceiling) => ceiling.text(),
        }
    }

    /// The same text for the same act, however a reference's letters are written.
    pub fn sameness(&self) -> String {
        match self {
            Self::Funding { bank, amount, reference } => {
                format!("{bank} {} {}", amount.get(), reference.folded())
            }
            Self::CreditRun { .. }
            | Self::FundingReturn { .. }
            | Self::RunReversal { .. }
            | Self::Policy(_)
            | Self::Ceiling(_) => self.text(),
        }
    }

    /// The act of that kind and text in the store.
    pub fn read(number: i16, text: &str) -> Option<Self> {
        let rupiah = |text: &str| Rupiah::new(text.parse().ok()?).ok();
        let mut words = text.splitn(3, ' ');
        let first = words.next()?;
        let mut next = || words.next();
        match number {
            1 => Some(Self::Funding {
                bank: first.parse().ok()?,
                amount: rupiah(next()?)?,
                reference: Reference::new(next()?).ok()?,
            }),
            2 => Some(Self::CreditRun { period: first.parse().ok()?, outside: next().is_some() }),
            3 => Some(Self::FundingReturn {
                funding: (RowId(first.parse().ok()?), AccountId(next()?.parse().ok()?)),
                amount: rupiah(next()?)?,
            }),
            4 => Some(Self::RunReversal { run: RowId(first.parse().ok()?) }),
            5 => NewPolicy::read(text).map(Self::Policy),
            6 => NewCeiling::read(text).map(Self::Ceiling),
            _ => None,
        }
    }
}

/// Where a proposal stands. The numbers are the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalState {
    /// It waits for another client.
    Proposed,
    /// Two wanted it, and it was done.
    CarriedOut,
    /// Something about it changed, or it waited too long, before anybody agreed.
    Void,
}

impl ProposalState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Proposed, Self::CarriedOut, Self::Void];

    /// The state's number in the store.
    pub const fn number(self) -> i16 {
        match self {
            Self::Proposed => 1,
            Self::CarriedOut => 2,
            Self::Void => 3,
        }
    }

    /// The state with that number in the store.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// The state's name in answers and filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::CarriedOut => "carried_out",
            Self::Void => "void",
        }
    }
}

/// What a waiting proposal is to a client that wants the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// Its own: it goes on waiting.
    Own,
    /// Another's: the act is carried out.
    Agreed,
    /// It does not count any more: the act is proposed anew.
    Void,
}

/// A proposal that waits, as far as it matters for meeting it.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// Who proposed it.
    pub by: i64,
    /// Whether that client still has access.
    pub proposer_stands: bool,
    /// When it was proposed.
    pub since: Instant,
    /// How much money it was about.
    pub stake: Rupiah,
}

impl Waiting {
    /// What it is to `client`, who wants the same with so much at stake by now. Nobody agrees to more than
    /// was proposed.
    pub fn met_by(&self, client: i64, stake: Rupiah, now: Instant) -> Meeting {
        let until = self.since.plus_millis(WAITS_MILLIS);
        if !self.proposer_stands || now > until || stake > self.stake {
            Meeting::Void
        } else if self.by == client {
            Meeting::Own
        } else {
            Meeting::Agreed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_survives_its_text() {
        let reference = |text| Reference::new(text).unwrap();
        let amount = Rupiah::new(1_500_000_000).unwrap();
        let acts = [
            Act::Funding {
                bank: "bri".parse().unwrap(),
                amount,
                reference: reference("SP2D 2018 09"),
            },
            Act::CreditRun { period: "2018-09".parse().unwrap(), outside: false },
            Act::CreditRun { period: "2018-09".parse().unwrap(), outside: true },
            Act::FundingReturn { funding: (RowId(7), AccountId(8)), amount },
            Act::RunReversal { run: RowId(9) },
        ];
        for act in acts {
            assert_eq!(Act::read(act.number(), &act.text()), Some(act));
        }
        let funding = |text| Act::Funding {
            bank: "bri".parse().unwrap(),
            amount,
            reference: reference(text),
        };
        assert_eq!(funding("UJI/1").sameness(), funding("uji/1").sameness());
        assert_ne!(funding("UJI/1").sameness(), funding("UJI/2").sameness());
    }

    #[test]
    fn only_another_client_agrees_and_never_to_more() {
        let rupiah = |amount| Rupiah::new(amount).unwrap();
        let since = Instant::from_millis(0);
        let waiting = Waiting { by: 1, proposer_stands: true, since, stake: rupiah(10) };
        let soon = since.plus_millis(1);
        assert_eq!(waiting.met_by(1, rupiah(10), soon), Meeting::Own);
        assert_eq!(waiting.met_by(2, rupiah(10), soon), Meeting::Agreed);
        assert_eq!(waiting.met_by(2, rupiah(9), soon), Meeting::Agreed);
        assert_eq!(waiting.met_by(2, rupiah(11), soon), Meeting::Void);
        assert_eq!(
            waiting.met_by(2, rupiah(10), since.plus_millis(WAITS_MILLIS + 1)),
            Meeting::Void
        );
        let withdrawn = Waiting { proposer_stands: false, ..waiting };
        assert_eq!(withdrawn.met_by(2, rupiah(10), soon), Meeting::Void);
    }
}
