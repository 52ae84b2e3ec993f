//! A chunk's rows by binary `COPY`: the tables' pages are filled many rows at a time, which takes a third
//! off the log of single inserts.

use diesel::pg::CopyFormat;
use diesel::result::Error;
use diesel::{ExecuteCopyFromDsl as _, PgConnection};

use crate::domain::money::Rupiah;
use crate::domain::transfer::Transfer;
use crate::store::error::StoreError;

use super::NewCredit;

// Only for the driver's `COPY`, whose targets are declared separately.
diesel::table! {
    transfers (id, anchor_id) {
        id -> BigInt,
        anchor_id -> BigInt,
        debit_account -> BigInt,
        credit_account -> BigInt,
        amount -> BigInt,
        balance_after -> Nullable<BigInt>,
        subject -> Nullable<BigInt>,
        created_at -> BigInt,
        business_date -> Integer,
        kind -> SmallInt,
    }
}

diesel::table! {
    credits (programme, period, wallet_id, round) {
        wallet_id -> BigInt,
        programme -> SmallInt,
        round -> SmallInt,
        period -> Integer,
        transfer_id -> BigInt,
        run_id -> BigInt,
    }
}

/// Signature, flags and the length of a header that is left out; and the end.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = [0xff; 2];
/// The length of a null.
const NULL: [u8; 4] = [0xff; 4];

/// Rows as the server reads them.
#[derive(Debug)]
struct Rows(Vec<u8>);

impl Rows {
    fn new() -> Self {
        Self(HEADER.to_vec())
    }

    fn begin(&mut self, columns: i16) {
        self.0.extend_from_slice(&columns.to_be_bytes());
    }

    fn bigint(&mut self, value: i64) {
        self.0.extend_from_slice(&[0, 0, 0, 8]);
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn nullable(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.bigint(value),
            None => self.0.extend_from_slice(&NULL),
        }
    }

    fn integer(&mut self, value: i32) {
        self.0.extend_from_slice(&[0, 0, 0, 4]);
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn smallint(&mut self, value: i16) {
        self.0.extend_from_slice(&[0, 0, 0, 2]);
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(&TRAILER);
        self.0
    }
}

pub(super) fn transfers(
    postgres: &mut PgConnection,
    transfers: &[Transfer],
) -> Result<(), StoreError> {
    let mut rows = Rows::new();
    for transfer in transfers {
        rows.begin(10);
        rows.bigint(transfer.id().0);
        rows.bigint(transfer.anchor().0);
        rows.bigint(transfer.debit().0);
        rows.bigint(transfer.credit().0);
        rows.bigint(transfer.amount().get());
        rows.nullable(transfer.balance_after().map(Rupiah::get));
        rows.nullable(transfer.subject());
        rows.bigint(transfer.created_at().as_millis());
        rows.integer(transfer.business_date().as_number());
        rows.smallint(transfer.kind().number());
    }
    let bytes = rows.end();
    diesel::copy_from(transfers::table)
        .from_raw_data(transfers::table, |out| out.write_all(&bytes).map_err(not_sent))
        .with_format(CopyFormat::Binary)
        .execute(postgres)?;
    Ok(())
}

pub(super) fn credits(
    postgres: &mut PgConnection,
    credits: &[NewCredit],
) -> Result<(), StoreError> {
    let mut rows = Rows::new();
    for credit in credits {
        rows.begin(6);
        rows.bigint(credit.wallet_id);
        rows.smallint(credit.programme);
        rows.smallint(credit.round);
        rows.integer(credit.period);
        rows.bigint(credit.transfer_id);
        rows.bigint(credit.run_id);
    }
    let bytes = rows.end();
    diesel::copy_from(credits::table)
        .from_raw_data(credits::table, |out| out.write_all(&bytes).map_err(not_sent))
        .with_format(CopyFormat::Binary)
        .execute(postgres)?;
    Ok(())
}

fn not_sent(error: std::io::Error) -> Error {
    Error::SerializationError(Box::new(error))
}
