//! What is kept of a recording as hashes, beside the rows themselves.

use crate::domain::kept::{Field, KeptHash};
use crate::store::reconciliations::{NewBankFile, NewReconciliation};

use super::record::Judged;

/// A file's row.
pub(in crate::service) fn file(
    hash: &mut KeptHash,
    id: i64,
    sha256: &[u8],
    (name, format, profile): (&str, &str, Option<&str>),
) {
    let fields = [
        Field::Number(id),
        Field::Bytes(sha256),
        Field::Text(name),
        Field::Text(format),
        Field::text(profile),
    ];
    hash.add("file", &fields);
}

/// An outcome's row: day, ledger's amount; key, status, detail; the bank's amount.
pub(in crate::service) fn outcome(
    hash: &mut KeptHash,
    (day, ledger): (i64, Option<i64>),
    (key, status, detail): (&str, &str, &str),
    bank: Option<&str>,
) {
    let fields = [
        Field::Number(day),
        Field::Text(key),
        Field::Text(status),
        Field::number(ledger),
        Field::text(bank),
        Field::Text(detail),
    ];
    hash.add("outcome", &fields);
}

/// A used-up row.
pub(in crate::service) fn used(hash: &mut KeptHash, fingerprint: &str) {
    hash.add("used", &[Field::Text(fingerprint)]);
}

/// The reconciliation's own row: covered to, run of the outcomes; its summary.
pub(in crate::service) fn header(
    hash: &mut KeptHash,
    (covered_to, run): (i64, i64),
    summary: &str,
) {
    hash.add("header", &[Field::Number(covered_to), Field::Number(run), Field::Text(summary)]);
}

/// The hash of the files that a recording brings.
pub(super) fn of_files(files: &[NewBankFile]) -> Vec<u8> {
    let mut hash = KeptHash::default();
    for row in files {
        let texts = (row.name.as_str(), row.format.as_str(), row.profile.as_deref());
        file(&mut hash, row.id, &row.sha256, texts);
    }
    hash.bytes().to_vec()
}

/// The hash of what a recording leaves behind.
pub(super) fn of_recording(
    row: &NewReconciliation,
    outcomes: &[Judged],
    used_up: &[String],
) -> Vec<u8> {
    let mut hash = KeptHash::default();
    header(&mut hash, (row.covered_to.into(), row.result_run), &row.summary);
    for one in outcomes {
        let texts = (one.key.as_str(), one.status.as_str(), one.detail.as_str());
        let amounts = (i64::from(one.day.as_number()), one.ledger);
        outcome(&mut hash, amounts, texts, one.bank.as_deref());
    }
    for fingerprint in used_up {
        used(&mut hash, fingerprint);
    }
    hash.bytes().to_vec()
}
