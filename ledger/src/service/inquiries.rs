//! Refused balance inquiries: which terminal asked about which card, and why not.

use crate::domain::bank::BankCode;
use crate::domain::calendar::Instant;
use crate::domain::card::MaskedCard;
use crate::domain::inquiry::RefusedInquiry;
use crate::domain::merchant::{MerchantCode, TerminalCode};
use crate::store::inquiries::InquiryFilter;

use super::clients::NoAccess;
use super::history::Reader;
use super::ledger::Ledger;

/// Which inquiries are wanted; without anything set all that the reader may see.
#[derive(Clone, Debug, Default)]
pub struct InquiryQuery {
    /// Decided then or later.
    pub from: Option<Instant>,
    /// Decided before.
    pub to: Option<Instant>,
    /// At this merchant.
    pub merchant: Option<MerchantCode>,
    /// At this terminal.
    pub terminal: Option<TerminalCode>,
    /// With this bank as issuer or acquirer.
    pub bank: Option<BankCode>,
}

/// A refused inquiry with the names of everyone who took part.
#[derive(Clone, Debug)]
pub struct ShownInquiry {
    /// What was recorded.
    pub inquiry: RefusedInquiry,
    /// The card's digits that may be shown.
    pub card: Option<MaskedCard>,
    /// The card's bank.
    pub issuer: Option<String>,
    /// The merchant's bank.
    pub acquirer: String,
    /// The merchant's code.
    pub merchant: String,
    /// The terminal's code.
    pub terminal: String,
}

impl Ledger {
    /// The wanted refused inquiries that are the reader's business, newest first, at most `limit` of
    /// those with ids below `below`.
    ///
    /// # Errors
    /// [`NoAccess`] when they can't be read, or not by this client.
    pub fn refused_inquiries(
        &self,
        client: i64,
        reader: Reader,
        query: &InquiryQuery,
        (below, limit): (i64, i64),
    ) -> Result<Vec<ShownInquiry>, NoAccess> {
        let filter = InquiryFilter {
            from: query.from,
            to: query.to,
            merchant: query.merchant.as_ref().map(|code| code.as_str().to_owned()),
            terminal: query.terminal.as_ref().map(|code| code.as_str().to_owned()),
            bank: query.bank.as_ref().map(|code| code.as_str().to_owned()),
        };
        self.read_as(client, |snapshot| {
            snapshot.read_by_keys()?;
            let rows = snapshot.refused_inquiries(reader.sight(), filter, (below, limit))?;
            let shown = rows.into_iter().map(|row| ShownInquiry {
                inquiry: row.inquiry,
                card: row.card,
                issuer: row.issuer,
                acquirer: row.acquirer,
                merchant: row.merchant,
                terminal: row.terminal,
            });
            Ok(shown.collect())
        })
    }
}
