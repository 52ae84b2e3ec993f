//! Programme money that arrived at a distributor bank, and what of it goes back.

mod returns;

use std::sync::Arc;

use crate::domain::bank::{BankCode, BankId};
use crate::domain::calendar::Instant;
use crate::domain::ids::{AccountId, RowId};
use crate::domain::keys::reference_subject;
use crate::domain::money::Rupiah;
use crate::domain::proposal::Act;
use crate::domain::reference::Reference;
use crate::domain::transfer::TransferKind;
use crate::store::StoreError;
use crate::store::banks::BankRecord;
use crate::store::connection::Connection;
use crate::store::fundings::{Doers, FundingRow, ReturnRow};

use super::error::Trouble;
use super::ids::IdSource;
use super::ledger::Ledger;
use super::limits::{MOST_RECEIVED, ProgrammeLimits};
use super::posting::{Movement, Posting};
use super::proposals::{Agreement, Decided, Wanted, agree};
use super::shared::Contended;

pub use returns::{NotReturned, ReturnRequest, Returned};

/// Why a funding is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum NotFunded {
    /// No bank has this code.
    #[error("there is no such bank")]
    NoBank,
    /// The bank's reference was used for another amount.
    #[error("the bank's reference was used for another amount")]
    ReferenceReused,
    /// One funding has at most so much.
    #[error("one funding has at most {0}")]
    TooMuch(Rupiah),
    /// With it the bank would have received more in all than can be counted.
    #[error("the bank would have received more than can be counted")]
    Uncountable,
    /// The client's access was withdrawn.
    #[error("the client's access was withdrawn")]
    ClientRevoked,
    /// Nothing was done, or it is not known.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for NotFunded {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Contended for NotFunded {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.is_contended())
    }
}

/// Money that arrived. The bank's reference is what makes a repeat known.
#[derive(Clone, Debug)]
pub struct FundRequest {
    /// The client's row.
    pub client: i64,
    /// Where it arrived.
    pub bank: BankCode,
    /// How much.
    pub amount: Rupiah,
    /// The bank's reference for it.
    pub reference: Reference,
}

/// A recorded funding.
#[derive(Clone, Debug)]
pub struct Funded {
    /// The transfer.
    pub transfer: RowId,
    /// The account it is stored with.
    pub anchor: AccountId,
    /// The bank's reference, as it was written first.
    pub reference: String,
    /// When it was recorded.
    pub created_at: Instant,
    /// Whether it was recorded before.
    pub replay: bool,
}

/// A funding as it is listed, with what of it went back.
#[derive(Clone, Debug)]
pub struct ShownFunding {
    /// The transfer.
    pub transfer: RowId,
    /// The account it is stored with.
    pub anchor: AccountId,
    /// Where it arrived.
    pub bank: BankCode,
    /// How much.
    pub amount: Rupiah,
    /// The bank's reference.
    pub reference: String,
    /// When it was recorded.
    pub created_at: Instant,
    /// The client that recorded it, or proposed it.
    pub recorded_by: String,
    /// The client that agreed, where one had to.
    pub agreed_by: Option<String>,
    /// How much of it went back.
    pub returned: Rupiah,
    /// Each time that something went back.
    pub returns: Vec<ShownReturn>,
}

/// Money of a funding that went back.
#[derive(Clone, Debug)]
pub struct ShownReturn {
    /// The transfer.
    pub transfer: RowId,
    /// How much.
    pub amount: Rupiah,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: Instant,
    /// The client that recorded it, or proposed it.
    pub recorded_by: String,
    /// The client that agreed, where one had to.
    pub agreed_by: Option<String>,
}

impl Ledger {
    /// Records money that arrived at a bank: it may be credited to families from then on. Above the
    /// limit it is proposed, and recorded when another client records the same.
    ///
    /// # Errors
    /// [`NotFunded`]; then nothing was done, unless it says that it is not known.
    pub fn fund(&self, request: FundRequest) -> Result<Decided<Funded>, NotFunded> {
        let (clock, ids) = (Arc::clone(&self.shared.clock), Arc::clone(&self.shared.ids));
        let limits = self.limits;
        self.shared.write(move |tx| fund(tx, &ids, &request, (limits, clock.now())))
    }

    /// Fundings, newest first, of one bank or of all: those with transfers below one.
    ///
    /// # Errors
    /// [`StoreError`] when they can't be read.
    pub fn fundings(
        &self,
        bank: Option<&str>,
        below: i64,
        most: i64,
    ) -> Result<Vec<ShownFunding>, StoreError> {
        self.shared.read(|connection| {
            connection.snapshot(|snapshot| {
                let banks = snapshot.banks()?;
                let wanted = match bank.map(|code| banks.iter().find(|b| b.code.as_str() == code)) {
                    None => None,
                    Some(Some(bank)) => Some(bank.id),
                    Some(None) => return Ok(Vec::new()),
                };
                let rows = snapshot.fundings(wanted, below, most)?;
                rows.into_iter().map(|row| show(snapshot, &banks, row)).collect()
            })
        })
    }
}

fn show(
    snapshot: &mut Connection,
    banks: &[BankRecord],
    row: FundingRow,
) -> Result<ShownFunding, StoreError> {
    let returns =
        if row.returned.is_zero() { Vec::new() } else { snapshot.returns_of(row.transfer)? };
    Ok(ShownFunding {
        transfer: row.transfer,
        anchor: row.anchor,
        bank: bank_of(banks, row.bank)?.code.clone(),
        amount: row.amount,
        reference: row.reference,
        created_at: row.created_at,
        recorded_by: row.recorded_by,
        agreed_by: row.agreed_by,
        returned: row.returned,
        returns: returns.into_iter().map(ShownReturn::from).collect(),
    })
}

impl From<ReturnRow> for ShownReturn {
    fn from(row: ReturnRow) -> Self {
        let ReturnRow { transfer, amount, reason, recorded_by, agreed_by, created_at } = row;
        Self { transfer, amount, reason, created_at, recorded_by, agreed_by }
    }
}

fn bank_of(banks: &[BankRecord], id: BankId) -> Result<&BankRecord, StoreError> {
    let bank = banks.iter().find(|bank| bank.id == id);
    bank.ok_or_else(|| StoreError::corrupt("a funding's bank is not there"))
}

fn fund(
    tx: &mut Connection,
    ids: &IdSource,
    request: &FundRequest,
    (limits, now): (ProgrammeLimits, Instant),
) -> Result<Decided<Funded>, NotFunded> {
    let FundRequest { client, amount, ref reference, .. } = *request;
    if !tx.client_stands(client)? {
        return Err(NotFunded::ClientRevoked);
    }
    let bank = tx.banks()?.into_iter().find(|bank| bank.code == request.bank);
    let bank = bank.ok_or(NotFunded::NoBank)?;
    // A concurrent request waits here, and then finds what the first one recorded.
    let funds = tx.lock_funds(bank.id)?;
    let anchor = bank.holding;
    if let Some(known) = tx.funding(bank.id, reference)? {
        if known.amount != amount.get() {
            return Err(NotFunded::ReferenceReused);
        }
        let (transfer, created_at) = (known.transfer, known.created_at);
        let reference = known.reference;
        return Ok(Decided::Done(Funded { transfer, anchor, reference, created_at, replay: true }));
    }
    if amount > limits.highest_funding {
        return Err(NotFunded::TooMuch(limits.highest_funding));
    }
    if tx.received(bank.id)?.saturating_add(amount.get().into()) > MOST_RECEIVED {
        return Err(NotFunded::Uncountable);
    }
    let mut agreed = None;
    if amount > limits.four_eyes_above {
        let (bank, reference) = (request.bank.clone(), reference.clone());
        let act = Act::Funding { bank, amount, reference };
        let wanted = Wanted { act: &act, client, stake: amount, detail: "", key_hash: None };
        match agree(tx, ids, &wanted, now)? {
            Agreement::Waits(proposal) => return Ok(Decided::Proposed(proposal)),
            Agreement::Reached(reached) => agreed = Some(reached),
        }
    }
    let mut posting = Posting::new(ids.block(2, funds.last_id, now)?, now);
    let movement = Movement {
        kind: TransferKind::Funding,
        debit: bank.holding,
        credit: bank.unallocated,
        amount,
        business_date: bank.business_date(now),
        subject: Some(reference_subject(reference.as_str())),
    };
    let transfer = posting.between_accounts(movement, anchor)?;
    posting.write(tx)?;
    tx.change_funds(bank.id, (amount.get(), 0), transfer.0)?;
    let alone = Doers { first: client, second: None };
    let doers = agreed.as_ref().map_or(alone, |agreed| agreed.doers());
    tx.record_funding(bank.id, reference, (transfer, amount), doers)?;
    if let Some(agreed) = &agreed {
        agreed.carried_out(tx, transfer.0, now)?;
    }
    let reference = reference.to_string();
    let funded = Funded { transfer, anchor, reference, created_at: now, replay: false };
    Ok(Decided::by(agreed.as_deref(), funded))
}
