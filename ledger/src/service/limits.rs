//! What one client of the programme may do alone, and what no client may do.

use crate::domain::money::Rupiah;

/// The programme's limits: settings of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgrammeLimits {
    /// A funding, a return or a credit run of more rupiah needs a second client that wants the same.
    pub four_eyes_above: Rupiah,
    /// The most rupiah of one funding.
    pub highest_funding: Rupiah,
}

/// The most rupiah that a bank receives in all, however many fundings it takes: with it no sum of an
/// account leaves 63 bits.
pub(super) const MOST_RECEIVED: i128 = 1_000_000_000_000_000_000;

impl Default for ProgrammeLimits {
    /// A thousand million rupiah; ten million million.
    fn default() -> Self {
        let rupiah = |amount| Rupiah::new(amount).unwrap_or_default();
        Self { four_eyes_above: rupiah(1_000_000_000), highest_funding: rupiah(10_000_000_000_000) }
    }
}
