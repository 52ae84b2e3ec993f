//! Roles: what an API client may do.

/// A client's role. The numbers are the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sells at one terminal of one e-warong.
    Merchant,
    /// A distributor bank: its own cards, merchants and settlements.
    Bank,
    /// Reads everything, writes nothing.
    Auditor,
    /// Fundings, credit runs, policies, totals.
    Programme,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Merchant, Self::Bank, Self::Auditor, Self::Programme];

    /// The role's number in the store.
    pub const fn number(self) -> i16 {
        match self {
            Self::Merchant => 1,
            Self::Bank => 2,
            Self::Auditor => 3,
            Self::Programme => 4,
        }
    }

    /// The role with that number in the store.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    /// The role's name in tokens, answers and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Bank => "bank",
            Self::Auditor => "auditor",
            Self::Programme => "programme",
        }
    }

    /// The role named `text`, if there is one.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}
