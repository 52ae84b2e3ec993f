//! What is agreed with a bank, and how it words its rows.

use rust_decimal::Decimal;

use crate::domain::bank::BankCode;
use crate::domain::calendar::Date;

/// A settlement is paid on its business date or, over a weekend, up to three days later. A reversal
/// follows its original within the same time.
pub const PAID_WITHIN_DAYS: u64 = 3;

/// What is agreed with a bank, what its statements cover, and how it words its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The bank.
    pub bank: BankCode,
    /// The business date (WIB) that is reconciled.
    pub day: Date,
    /// The last day (WIB) that the bank's statements cover completely.
    pub covered_to: Date,
    /// Days from a settlement's business date to the day on which the bank pays it: 0 (T+0) or 1
    /// (T+1). It decides which day's settlement a row means that names only the merchant.
    pub settlement_lag: u8,
    /// The fees in rupiah that the bank may keep back from a payment or take in a row of its own.
    /// Without any, a fee in a row of its own may be of any amount and none may be kept back.
    pub fees: Vec<Decimal>,
    /// Words of which any marks a debit as a fee; more than one word is a phrase.
    pub fee_words: Vec<String>,
    /// Words of which any marks a row as a reversal, beside the mark of formats that have one.
    pub reversal_words: Vec<String>,
    /// Words of which any marks a credit without a key as not ours: interest, tax.
    pub other_words: Vec<String>,
}

impl Terms {
    /// The terms where nothing else is agreed: T+1, no stated fees, and the words that the four
    /// banks use.
    pub fn usual(bank: BankCode, day: Date, covered_to: Date) -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            bank,
            day,
            covered_to,
            settlement_lag: 1,
            fees: Vec::new(),
            fee_words: words(&["BIAYA", "ADM", "ADMIN", "FEE"]),
            reversal_words: words(&[
                "RC",
                "REVERSAL",
                "REVERSED",
                "KOREKSI",
                "PEMBATALAN",
                "BATAL",
                "RETUR",
            ]),
            other_words: words(&["BUNGA", "JASA GIRO", "PAJAK", "INTEREST", "TAX"]),
        }
    }
}
