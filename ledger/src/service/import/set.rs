//! The data to register, as typed rows: read from files, or made by the demo.

use std::collections::HashSet;

use crate::domain::bank::BankCode;
use crate::domain::calendar::{CutOff, Date, Zone};
use crate::domain::card::{CardNumber, CardState, Pin};
use crate::domain::household::{Identity, RegionCode};
use crate::domain::merchant::{MerchantCode, MerchantKind, TerminalCode};
use crate::domain::policy::PriceZone;

use super::error::BadRow;

/// A row and where it stands.
#[derive(Clone, Debug)]
pub struct Row<T> {
    /// The line in its file, from 1; the header's is 1.
    pub line: u64,
    /// What it says.
    pub entry: T,
}

/// A bank that issues cards and settles with merchants.
#[derive(Clone, Debug)]
pub struct BankEntry {
    /// Its short name: `bri`.
    pub code: BankCode,
    /// Its name as receipts print it.
    pub name: String,
    /// Its number in the clearing: three digits.
    pub clearing_code: String,
    /// The number of the programme's account there.
    pub account_number: String,
    /// From when on a purchase counts for the next day.
    pub cut_off: CutOff,
    /// The first day it has not closed.
    pub open_business_date: Date,
    /// Days from a business day to the one on which it is paid: 0 (T+0) or 1 (T+1).
    pub settlement_lag: u8,
}

/// An e-warong.
#[derive(Clone, Debug)]
pub struct MerchantEntry {
    /// Its code.
    pub code: MerchantCode,
    /// Its name.
    pub name: String,
    /// What kind of shop it is.
    pub kind: MerchantKind,
    /// Its address.
    pub address: String,
    /// Where it is.
    pub region: RegionCode,
    /// The bank that settles with it.
    pub bank: BankCode,
    /// Its time zone.
    pub zone: Zone,
    /// Its region of price ceilings.
    pub price_zone: PriceZone,
    /// Its account at the bank, where it is known.
    pub account_number: Option<String>,
}

/// A terminal (EDC) of a merchant.
#[derive(Clone, Debug)]
pub struct TerminalEntry {
    /// Its code.
    pub code: TerminalCode,
    /// The merchant it is bound to.
    pub merchant: MerchantCode,
}

/// A name for a household that holds within one set: letters, digits, `-`, `_` and `.`, at most 32,
/// and not sixteen digits, which could be a NIK.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HouseholdRef(String);

/// A text that can't name a household within a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a household's reference has at most 32 letters, digits, `-`, `_` and `.`")]
pub struct NotHouseholdRef;

impl std::str::FromStr for HouseholdRef {
    type Err = NotHouseholdRef;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let number = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(plain) && !number;
        if fits { Ok(Self(text.to_owned())) } else { Err(NotHouseholdRef) }
    }
}

/// A family.
#[derive(Clone, Debug)]
pub struct HouseholdEntry {
    /// By which its wallet and card name it within this set.
    pub household: HouseholdRef,
    /// Who it is.
    pub identity: Identity,
    /// Where it lives.
    pub region: RegionCode,
}

/// A family's wallet.
#[derive(Clone, Debug)]
pub struct WalletEntry {
    /// Whose.
    pub household: HouseholdRef,
    /// The bank that distributes to it.
    pub bank: BankCode,
}

/// A card on a family's wallet.
#[derive(Clone, Debug)]
pub struct CardEntry {
    /// Its number.
    pub number: CardNumber,
    /// Whose wallet it opens.
    pub household: HouseholdRef,
    /// Where it is in its life.
    pub state: CardState,
    /// Its PIN, where it has one.
    pub pin: Option<Pin>,
    /// Its last day.
    pub expires: Date,
}

/// Everything that is to be registered, all of it or nothing.
#[derive(Debug, Default)]
pub struct ImportSet {
    /// Banks.
    pub banks: Vec<Row<BankEntry>>,
    /// Merchants, of these banks or registered ones.
    pub merchants: Vec<Row<MerchantEntry>>,
    /// Terminals, of these merchants or registered ones.
    pub terminals: Vec<Row<TerminalEntry>>,
    /// Households.
    pub households: Vec<Row<HouseholdEntry>>,
    /// Wallets, of these households, at these banks or registered ones.
    pub wallets: Vec<Row<WalletEntry>>,
    /// Cards, on these wallets.
    pub cards: Vec<Row<CardEntry>>,
    /// What reading the files found wrong: a set that has any is never imported.
    pub(super) bad: Vec<BadRow>,
    pub(super) unread: Unread,
}

/// What the rows that could not be read are called, so that rows that name them are not blamed.
#[derive(Debug, Default)]
pub(super) struct Unread {
    pub(super) banks: Names<BankCode>,
    pub(super) merchants: Names<MerchantCode>,
    pub(super) households: Names<HouseholdRef>,
    pub(super) wallets: Names<HouseholdRef>,
}

/// Some names, or any name when a whole file was not understood.
#[derive(Debug)]
pub(super) struct Names<T> {
    pub(super) known: HashSet<T>,
    pub(super) any: bool,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { known: HashSet::new(), any: false }
    }
}

impl<T: Eq + std::hash::Hash> Names<T> {
    /// Whether a row with this name is there, if only unread.
    pub(super) fn may_be(&self, name: &T) -> bool {
        self.any || self.known.contains(name)
    }
}
