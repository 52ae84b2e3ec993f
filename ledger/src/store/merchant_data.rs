//! Merchants' data as registered, and what was changed of it.

use diesel::sql_types::{BigInt, SmallInt, Text};

use crate::domain::ids::{AccountId, MerchantId};

use super::bulk::bulk_insert;
use super::connection::Connection;
use super::error::StoreError;
use super::statement::statement;

/// A merchant's columns that a folder names: id, name, kind, address, region, bank's code, zone, price zone.
type MerchantSql = (BigInt, Text, Text, Text, Text, Text, SmallInt, SmallInt);
type MerchantRow = (i64, String, String, String, String, String, i16, i16);

bulk_insert! {
    /// One column of a merchant that was given another value.
    NewMerchantUpdate, MerchantUpdateColumns, "merchant_updates",
    id: i64 => BigInt, merchant_id: i64 => BigInt, changed_at: i64 => BigInt,
    column_name: String => Text, old_value: String => Text, new_value: String => Text,
}

statement! {
    both MerchantData<'a> { code: &'a str } -> MerchantSql;
    "SELECT m.id, m.name, m.kind, m.address, m.region_code, b.code, m.zone, m.price_zone
     FROM merchants m JOIN banks b ON b.id = m.bank_id WHERE m.code = " [code: Text]
}

statement! {
    both UpdateMerchant<'a> {
        name: &'a str, kind: &'a str, address: &'a str, region: &'a str, zone: i16, price_zone: i16,
        id: i64,
    };
    "UPDATE merchants SET name = " [name: Text] ", kind = " [kind: Text] ", address = " [address: Text]
    ", region_code = " [region: Text] ", zone = " [zone: SmallInt] ", price_zone = "
    [price_zone: SmallInt] " WHERE id = " [id: BigInt]
}

/// What is registered of a merchant beside its code and status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MerchantRecord {
    pub(crate) id: MerchantId,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) address: String,
    pub(crate) region: String,
    pub(crate) bank: String,
    pub(crate) zone: i16,
    pub(crate) price_zone: i16,
}

impl Connection {
    /// What is registered of the merchant with this code.
    pub(crate) fn merchant_record(
        &mut self,
        code: &str,
    ) -> Result<Option<MerchantRecord>, StoreError> {
        let row: Option<MerchantRow> = self.first(MerchantData { code })?;
        Ok(row.map(|(id, name, kind, address, region, bank, zone, price_zone)| MerchantRecord {
            id: AccountId(id),
            name,
            kind,
            address,
            region,
            bank,
            zone,
            price_zone,
        }))
    }

    /// Gives a merchant these data; its bank stays.
    pub(crate) fn update_merchant(&mut self, record: &MerchantRecord) -> Result<(), StoreError> {
        let statement = UpdateMerchant {
            name: &record.name,
            kind: &record.kind,
            address: &record.address,
            region: &record.region,
            zone: record.zone,
            price_zone: record.price_zone,
            id: record.id.0,
        };
        self.execute(statement).map(|_| ())
    }
}
