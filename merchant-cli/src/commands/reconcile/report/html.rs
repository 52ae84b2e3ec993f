//! A reconciliation on paper: what it comes to, what is for a person, every outcome, and the names
//! of the two people who answer for it.

use ledger::domain::matching::MatchStatus;

use super::{Report, workbook};
use crate::html::Page;
use crate::output::{Rows, Title, titled};

const FILES: &[Title] =
    &[titled("Berkas", "file"), titled("SHA-256", "SHA-256"), titled("Format", "format")];

const TOTALS: &[Title] = &[
    titled("Status", "status"),
    titled("Jumlah", "count"),
    titled("Menurut buku besar", "ledger amount"),
    titled("Menurut bank", "bank amount"),
];

const CONTROL: &[Title] = &[titled("Bagian", "part"), titled("Jumlah (Rp)", "amount")];

const RESULTS: &[Title] = &[
    titled("Status", "status"),
    titled("Tanggal", "business date"),
    titled("Referensi", "reference"),
    titled("Merchant", "merchant"),
    titled("Menurut buku besar", "ledger amount"),
    titled("Menurut bank", "bank amount"),
    titled("Selisih", "difference"),
    titled("Baris bank", "bank rows"),
    titled("Batas waktu (jam)", "due after hours"),
    titled("Keterangan bank", "description"),
];

impl Report<'_> {
    pub(crate) fn page(&self) -> Page {
        let terms = self.matching.terms();
        let of = format!("{} {}", terms.bank.as_str().to_uppercase(), terms.day);
        let mut page = Page::new(titled("Rekonsiliasi", "Reconciliation"), &of);
        page.line(&format!("Mutasi bank lengkap sampai (covered to): {}", terms.covered_to));
        page.section(titled("Berkas bank", "bank files"), FILES, &self.file_rows());
        page.section(
            titled("Ringkasan per status", "totals by status"),
            TOTALS,
            &with_words(self.totals()),
        );
        page.section(titled("Kontrol", "control"), CONTROL, &self.control_parts());
        page.line(&self.control());
        let exceptions = with_words(self.exceptions());
        page.section(titled("Pengecualian", "exceptions"), RESULTS, &exceptions);
        page.section(titled("Semua hasil", "all results"), RESULTS, &with_words(self.results()));
        page.line(&format!("Sidik hasil (result hash): {}", workbook::result_hash(self)));
        page.signatures(&[
            titled("Dibuat oleh", "prepared by"),
            titled("Diperiksa oleh", "checked by"),
        ]);
        page
    }
}

/// The rows with the statuses in Bahasa Indonesia, and the codes of the programs beneath.
fn with_words(mut rows: Rows<'static>) -> Rows<'static> {
    for status in rows.cells.iter_mut().filter_map(|row| row.first_mut()) {
        let known = MatchStatus::ALL.into_iter().find(|known| known.as_str() == status.as_str());
        if let Some(known) = known {
            *status = format!("{}\n{status}", in_indonesian(known));
        }
    }
    rows
}

const fn in_indonesian(status: MatchStatus) -> &'static str {
    match status {
        MatchStatus::Matched => "Cocok",
        MatchStatus::MatchedWithFee => "Cocok dengan biaya",
        MatchStatus::PendingBank => "Menunggu bank",
        MatchStatus::LedgerOnly => "Hanya di buku besar",
        MatchStatus::BankOnly => "Hanya di bank",
        MatchStatus::AmountDiffers => "Jumlah berbeda",
        MatchStatus::FeeDiffers => "Biaya berbeda",
        MatchStatus::DuplicateInBank => "Ganda di bank",
        MatchStatus::DuplicateInLedger => "Ganda di buku besar",
        MatchStatus::ReversalUnpaired => "Pembalikan tanpa pasangan",
        MatchStatus::WrongMerchant => "Merchant salah",
        MatchStatus::OutOfWindow => "Di luar jangka waktu",
        MatchStatus::Ambiguous => "Bermakna ganda",
        MatchStatus::KeyConflict => "Referensi bertentangan",
        MatchStatus::OutOfScope => "Di luar cakupan",
    }
}
