//! New data of merchants that are registered: what a folder would change, and changing it.

use std::fmt;
use std::sync::Arc;

use crate::bankfile::same_account;
use crate::domain::calendar::Instant;
use crate::domain::ids::MerchantId;
use crate::domain::merchant::MerchantCode;
use crate::service::ledger::Ledger;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::merchant_data::{MerchantRecord, NewMerchantUpdate};

use super::check;
use super::error::{BadRow, Flaw, ImportErrors, ImportFile};
use super::set::{ImportSet, MerchantEntry, Row};

/// A column of a merchant that a folder gives another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantChange {
    /// Which merchant.
    pub merchant: MerchantCode,
    /// The column of `merchants.csv`.
    pub column: &'static str,
    /// What is registered.
    pub from: String,
    /// What the folder says.
    pub to: String,
}

impl fmt::Display for MerchantChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: `{}` -> `{}`", self.merchant, self.column, self.from, self.to)
    }
}

/// One merchant's row against what is registered.
struct Update {
    now: MerchantRecord,
    /// Its account at the bank, where that is another one.
    account: Option<String>,
    changes: Vec<MerchantChange>,
}

impl Ledger {
    /// What the folder's `merchants.csv` would change of registered merchants. Nothing is written.
    ///
    /// # Errors
    /// [`ImportErrors::Rows`] names every row that is bad, or whose merchant isn't registered or has
    /// another bank or zone; [`ImportErrors::OnlyMerchants`] when the folder holds anything else.
    pub fn preview_update(&self, set: &ImportSet) -> Result<Vec<MerchantChange>, ImportErrors> {
        let now = self.shared.clock.now();
        let updates = self.shared.read(|connection| updates(connection, set, now))?;
        Ok(updates.into_iter().flat_map(|update| update.changes).collect())
    }

    /// Changes it, all or nothing, and keeps what every column was before.
    ///
    /// # Errors
    /// As [`Ledger::preview_update`].
    pub fn update(&self, set: ImportSet) -> Result<Vec<MerchantChange>, ImportErrors> {
        let (clock, ids) = (Arc::clone(&self.shared.clock), Arc::clone(&self.shared.ids));
        self.shared.write(move |tx| {
            let now = clock.now();
            let updates = updates(tx, &set, now)?;
            let count = updates.iter().map(|update| update.changes.len()).sum();
            let block = ids.block(count, 0, now)?;
            let mut records: Vec<NewMerchantUpdate> = Vec::with_capacity(count);
            let mut done = Vec::with_capacity(count);
            for update in updates.into_iter().filter(|update| !update.changes.is_empty()) {
                tx.update_merchant(&update.now)?;
                if let Some(account) = update.account {
                    tx.register_account(update.now.id, &account, now)?;
                }
                for change in update.changes {
                    let place = i64::try_from(done.len()).unwrap_or(i64::MAX);
                    records.push(record(
                        &change,
                        update.now.id,
                        (block.id(place), now.as_millis()),
                    ));
                    done.push(change);
                }
            }
            NewMerchantUpdate::insert_all(tx, records)?;
            Ok(done)
        })
    }
}

fn record(
    change: &MerchantChange,
    merchant: MerchantId,
    (id, changed_at): (i64, i64),
) -> NewMerchantUpdate {
    NewMerchantUpdate {
        id,
        merchant_id: merchant.0,
        changed_at,
        column_name: change.column.to_owned(),
        old_value: change.from.clone(),
        new_value: change.to.clone(),
    }
}

/// Every row against what is registered; all that is wrong with any of them comes back at once.
fn updates(
    connection: &mut Connection,
    set: &ImportSet,
    now: Instant,
) -> Result<Vec<Update>, ImportErrors> {
    let others = [
        set.banks.is_empty(),
        set.terminals.is_empty(),
        set.households.is_empty(),
        set.wallets.is_empty(),
        set.cards.is_empty(),
    ];
    if others.contains(&false) {
        return Err(ImportErrors::OnlyMerchants);
    }
    let mut bad = set.bad.clone();
    bad.extend(check::within(set, now));
    let mut updates = Vec::with_capacity(set.merchants.len());
    for row in &set.merchants {
        match update_of(connection, row)? {
            Ok(update) => updates.push(update),
            Err((column, flaw)) => {
                let file = ImportFile::Merchants;
                bad.push(BadRow { file, line: row.line, column: Some(column), flaw });
            }
        }
    }
    if bad.is_empty() {
        return Ok(updates);
    }
    bad.sort_by_key(|row| (row.file, row.line));
    Err(ImportErrors::Rows(bad))
}

type Objection = (&'static str, Flaw);

fn update_of(
    connection: &mut Connection,
    Row { entry, .. }: &Row<MerchantEntry>,
) -> Result<Result<Update, Objection>, StoreError> {
    let Some(before) = connection.merchant_record(entry.code.as_str())? else {
        return Ok(Err(("merchant_id", Flaw::NotRegistered)));
    };
    if before.bank != entry.bank.as_str() {
        return Ok(Err(("bank", Flaw::BankStays)));
    }
    if before.zone != entry.zone.hours() {
        return Ok(Err(("zone", Flaw::ZoneStays)));
    }
    if before.price_zone != entry.price_zone.0 {
        return Ok(Err(("price_zone", Flaw::ZoneStays)));
    }
    let now = MerchantRecord {
        name: entry.name.clone(),
        kind: entry.kind.as_str().to_owned(),
        address: entry.address.clone(),
        region: entry.region.as_str().to_owned(),
        ..before.clone()
    };
    let mut changes = differences(&entry.code, &before, &now);
    let account = new_account(connection, before.id, entry)?;
    changes.extend(account.as_ref().map(|(from, to)| MerchantChange {
        merchant: entry.code.clone(),
        column: "account_number",
        from: from.clone(),
        to: to.clone(),
    }));
    Ok(Ok(Update { now, account: account.map(|(_from, to)| to), changes }))
}

/// The account that is registered, and the one that takes its place. A row without an account leaves it;
/// statements that were recorded keep the account that they state.
fn new_account(
    connection: &mut Connection,
    merchant: MerchantId,
    entry: &MerchantEntry,
) -> Result<Option<(String, String)>, StoreError> {
    let Some(given) = &entry.account_number else { return Ok(None) };
    let registered = connection.merchant_account(merchant)?.unwrap_or_default();
    Ok((!same_account(&registered, given)).then(|| (registered, given.clone())))
}

fn differences(
    code: &MerchantCode,
    before: &MerchantRecord,
    now: &MerchantRecord,
) -> Vec<MerchantChange> {
    [
        ("name", before.name.clone(), now.name.clone()),
        ("kind", before.kind.clone(), now.kind.clone()),
        ("address", before.address.clone(), now.address.clone()),
        ("region_code", before.region.clone(), now.region.clone()),
    ]
    .into_iter()
    .filter(|(_, from, to)| from != to)
    .map(|(column, from, to)| MerchantChange { merchant: code.clone(), column, from, to })
    .collect()
}
