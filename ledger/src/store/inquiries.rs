//! Refused balance inquiries, newest first.

use diesel::sql_types::{BigInt, Nullable, SmallInt, Text};

use crate::domain::bank::BankId;
use crate::domain::calendar::Instant;
use crate::domain::card::MaskedCard;
use crate::domain::ids::{AccountId, CardId, RowId, TerminalId};
use crate::domain::inquiry::RefusedInquiry;
use crate::domain::refusal::Refusal;

use super::connection::Connection;
use super::error::StoreError;
use super::reads::Sight;
use super::statement::statement;

/// Which inquiries are wanted, by codes.
#[derive(Clone, Debug)]
pub(crate) struct InquiryFilter {
    pub(crate) from: Option<Instant>,
    pub(crate) to: Option<Instant>,
    pub(crate) merchant: Option<String>,
    pub(crate) terminal: Option<String>,
    pub(crate) bank: Option<String>,
}

/// An inquiry with names.
#[derive(Clone, Debug)]
pub(crate) struct InquiryRow {
    pub(crate) inquiry: RefusedInquiry,
    pub(crate) card: Option<MaskedCard>,
    pub(crate) issuer: Option<String>,
    pub(crate) acquirer: String,
    pub(crate) merchant: String,
    pub(crate) terminal: String,
}

type InquirySql = (
    (BigInt, BigInt, Nullable<BigInt>, BigInt, BigInt, BigInt),
    (Nullable<SmallInt>, SmallInt, SmallInt),
    (Nullable<Text>, Nullable<Text>, Nullable<Text>, Text, Text, Text),
);
type Columns = (
    (i64, i64, Option<i64>, i64, i64, i64),
    (Option<i16>, i16, i16),
    (Option<String>, Option<String>, Option<String>, String, String, String),
);

macro_rules! inquiries_with_names {
    () => {
        "SELECT i.id, i.wallet_id, i.card_id, i.merchant_id, i.terminal_id, i.created_at,
                i.issuer, i.acquirer, i.refusal,
                c.first_six, c.last_four, s.code, a.code, m.code, t.code
         FROM inquiries i
         JOIN merchants m ON m.id = i.merchant_id
         JOIN terminals t ON t.id = i.terminal_id
         JOIN banks a ON a.id = i.acquirer
         LEFT JOIN banks s ON s.id = i.issuer
         LEFT JOIN cards c ON c.wallet_id = i.wallet_id AND c.id = i.card_id "
    };
}

statement! {
    /// Which inquiries are wanted: a condition on `inquiries i` with its banks and merchant.
    both InquiryConditions {
        own_merchant: Option<i64>, own_bank: Option<i16>, from: i64, to: i64,
        merchant: Option<String>, bank: Option<String>,
    };
    "(" [own_merchant: Nullable<BigInt>] " IS NULL OR i.merchant_id = "
    [own_merchant: Nullable<BigInt>] ") AND (" [own_bank: Nullable<SmallInt>]
    " IS NULL OR i.acquirer = " [own_bank: Nullable<SmallInt>] " OR i.issuer = "
    [own_bank: Nullable<SmallInt>] ") AND i.created_at >= " [from: BigInt]
    " AND i.created_at < " [to: BigInt]
    " AND (" [merchant: Nullable<Text>] " IS NULL OR m.code = " [merchant: Nullable<Text>]
    ") AND (" [bank: Nullable<Text>] " IS NULL OR a.code = " [bank: Nullable<Text>]
    " OR s.code = " [bank: Nullable<Text>] ")"
}

statement! {
    both InquiriesBelow { below: i64, wanted: InquiryConditions, limit: i64 } -> InquirySql;
    (inquiries_with_names!()) "WHERE i.id < " [below: BigInt] " AND " {wanted}
    " ORDER BY i.id DESC LIMIT " [limit: BigInt]
}

statement! {
    both InquiriesOfTerminal<'a> {
        terminal: &'a str, below: i64, wanted: InquiryConditions, limit: i64,
    } -> InquirySql;
    (inquiries_with_names!())
    "WHERE i.terminal_id = (SELECT x.id FROM terminals x WHERE x.code = " [terminal: Text]
    ") AND i.id < " [below: BigInt] " AND " {wanted} " ORDER BY i.id DESC LIMIT " [limit: BigInt]
}

impl Connection {
    /// The wanted refused inquiries within `sight` with ids below `below`.
    pub(crate) fn refused_inquiries(
        &mut self,
        sight: Sight,
        filter: InquiryFilter,
        (below, limit): (i64, i64),
    ) -> Result<Vec<InquiryRow>, StoreError> {
        let wanted = InquiryConditions {
            own_merchant: sight.merchant(),
            own_bank: sight.bank(),
            from: filter.from.map_or(i64::MIN, Instant::as_millis),
            to: filter.to.map_or(i64::MAX, Instant::as_millis),
            merchant: filter.merchant,
            bank: filter.bank,
        };
        let rows: Vec<Columns> = match &filter.terminal {
            Some(terminal) => self.load(InquiriesOfTerminal { terminal, below, wanted, limit })?,
            None => self.load(InquiriesBelow { below, wanted, limit })?,
        };
        rows.into_iter().map(inquiry).collect()
    }
}

fn inquiry((who, decided, names): Columns) -> Result<InquiryRow, StoreError> {
    let (id, wallet, card, merchant, terminal, created_at) = who;
    let (issuer, acquirer, refusal) = decided;
    let (first_six, last_four, issuer_code, acquirer_code, merchant_code, terminal_code) = names;
    let refusal = Refusal::from_number(refusal)
        .ok_or_else(|| StoreError::corrupt(format!("inquiries {id}: its refusal is unknown")))?;
    Ok(InquiryRow {
        inquiry: RefusedInquiry {
            id: RowId(id),
            wallet: AccountId(wallet),
            card: card.map(CardId),
            merchant: AccountId(merchant),
            terminal: TerminalId(terminal),
            issuer: issuer.map(BankId),
            acquirer: BankId(acquirer),
            refusal,
            created_at: Instant::from_millis(created_at),
        },
        card: first_six.zip(last_four).and_then(|(six, four)| MaskedCard::from_parts(&six, &four)),
        issuer: issuer_code,
        acquirer: acquirer_code,
        merchant: merchant_code,
        terminal: terminal_code,
    })
}
