//! What can be planted in a month, each with the outcomes that it has to have.

use ledger::domain::matching::MatchStatus as Status;

use super::LAST;
use super::month::Event;

/// The kinds of events; the first is what most of a month is.
pub(super) const PLANTED: [fn(&mut Event<'_>); 24] = [
    paid,
    paid_by_name,
    paid_in_parts,
    paid_late,
    paid_and_taken_back,
    paid_singly,
    with_a_fee,
    not_covered_yet,
    never_paid,
    redemption_never_paid,
    from_nobody,
    for_an_unknown_reference,
    too_little,
    fee_twice,
    paid_twice,
    unknown_paid_twice,
    settled_twice,
    reversal_of_nothing,
    with_anothers_name,
    days_too_late,
    reversal_of_either,
    equal_days_by_name,
    two_references,
    the_banks_own,
];

fn paid(event: &mut Event<'_>) {
    let reference = event.settlement(event.day, event.amount);
    event.credit(event.day + 1, event.amount, &format!("BPNT {reference}"));
    event.expect(Status::Matched, event.amount, event.amount);
}

fn paid_by_name(event: &mut Event<'_>) {
    event.settlement(event.day, event.amount);
    let merchant = event.merchant(1);
    event.credit(event.day + 1, event.amount, &format!("TRANSFER {merchant}"));
    event.expect(Status::Matched, event.amount, event.amount);
}

fn paid_in_parts(event: &mut Event<'_>) {
    let reference = event.settlement(event.day, event.amount);
    event.credit(event.day + 1, event.amount - 7_000, &format!("BPNT {reference}"));
    event.credit(event.day + 2, 7_000, &format!("SISA {reference}"));
    event.expect(Status::Matched, event.amount, event.amount);
}

fn paid_late(event: &mut Event<'_>) {
    let reference = event.settlement(event.day, event.amount);
    let days = 2 + u32::try_from(event.chance.below(2)).unwrap();
    event.credit(event.day + days, event.amount, &format!("BPNT {reference}"));
    event.expect(Status::Matched, event.amount, event.amount);
}

fn paid_and_taken_back(event: &mut Event<'_>) {
    event.credit(event.day, event.amount, "TRF KELIRU");
    event.taken_back(event.day + 1, event.amount, "TRF KELIRU");
    event.expect(Status::Matched, 0, 0);
}

fn paid_singly(event: &mut Event<'_>) {
    let named = event.redemption(1, event.amount);
    event.credit(event.day + 1, event.amount, &format!("RRN {named}"));
    event.expect(Status::Matched, event.amount, event.amount);
}

fn with_a_fee(event: &mut Event<'_>) {
    let reference = event.settlement(event.day, event.amount);
    event.credit(event.day + 1, event.amount, &format!("BPNT {reference}"));
    event.debit(event.day + 1, 1_500, &format!("BIAYA ADM {reference}"));
    event.expect(Status::MatchedWithFee, event.amount, event.amount - 1_500);
}

fn not_covered_yet(event: &mut Event<'_>) {
    event.settlement(LAST, event.amount);
    event.expect(Status::PendingBank, event.amount, 0);
    // The statements go on to the last day, which has a row therefore.
    event.credit(LAST, 12, "BUNGA");
    event.expect(Status::OutOfScope, 0, 12);
}

fn never_paid(event: &mut Event<'_>) {
    event.settlement(event.day, event.amount);
    event.expect(Status::LedgerOnly, event.amount, 0);
}

fn redemption_never_paid(event: &mut Event<'_>) {
    event.redemption(1, event.amount);
    event.expect(Status::LedgerOnly, event.amount, 0);
}

fn from_nobody(event: &mut Event<'_>) {
    event.credit(event.day, event.amount, "SETOR TUNAI");
    event.expect(Status::BankOnly, 0, event.amount);
}

fn for_an_unknown_reference(event: &mut Event<'_>) {
    let reference = event.reference(event.day);
    event.credit(event.day + 1, event.amount, &format!("BPNT {reference}"));
    event.expect(Status::BankOnly, 0, event.amount);
}

fn too_little(event: &mut Event<'_>) {
    let reference = event.settlement(event.day, event.amount);
    event.credit(event.day + 1, event.amount - 1_000, &format!("BPNT {reference}"));
    event.expect(Status::AmountDiffers, event.amount, event.amount - 1_000);
}

/// It is kept back from the payment and taken in a row of its own besides.
fn fee_twice(event: &mut Event<'_>) {
    let reference = event.settlement(event.day, event.amount);
    event.credit(event.day + 1, event.amount - 1_500, &format!("BPNT {reference}"));
    event.debit(event.day + 1, 1_500, &format!("BIAYA ADM {reference}"));
    event.expect(Status::FeeDiffers, event.amount, event.amount - 3_000);
}

fn paid_twice(event: &mut Event<'_>) {
    let reference = event.settlement(event.day, event.amount);
    event.credit(event.day + 1, event.amount, &format!("BPNT {reference}"));
    event.same_row_again();
    event.expect(Status::DuplicateInBank, event.amount, 2 * event.amount);
}

fn unknown_paid_twice(event: &mut Event<'_>) {
    let reference = event.reference(event.day);
    event.credit(event.day + 1, event.amount, &format!("BPNT {reference}"));
    event.credit(event.day + 2, event.amount, &format!("BPNT {reference}"));
    event.expect(Status::DuplicateInBank, 0, 2 * event.amount);
}

fn settled_twice(event: &mut Event<'_>) {
    let reference = event.settlement(event.day, event.amount);
    event.same_line_again();
    event.credit(event.day + 1, event.amount, &format!("BPNT {reference}"));
    event.expect(Status::DuplicateInLedger, 2 * event.amount, event.amount);
}

fn reversal_of_nothing(event: &mut Event<'_>) {
    event.taken_back(event.day, event.amount, "TRF LAMA");
    event.expect(Status::ReversalUnpaired, 0, -event.amount);
}

fn with_anothers_name(event: &mut Event<'_>) {
    let (mine, other) = (event.amount, event.amount + 500);
    let reference = event.settlement_of(1, event.day, mine);
    let others = event.settlement_of(2, event.day, other);
    let name = event.merchant(2);
    event.credit(event.day + 1, mine, &format!("{reference} {name}"));
    event.credit(event.day + 1, other, &format!("BPNT {others}"));
    event.expect(Status::WrongMerchant, mine, mine);
    event.expect(Status::Matched, other, other);
}

fn days_too_late(event: &mut Event<'_>) {
    let reference = event.settlement(event.day, event.amount);
    event.credit(event.day + 5, event.amount, &format!("BPNT {reference}"));
    event.expect(Status::OutOfWindow, event.amount, event.amount);
}

/// Two credits are alike but in words, and a third row takes one of them back.
fn reversal_of_either(event: &mut Event<'_>) {
    event.credit(event.day, event.amount, "TIGA");
    event.credit(event.day, event.amount, "EMPAT");
    event.taken_back(event.day + 1, event.amount, "LIMA");
    event.expect(Status::Ambiguous, 0, event.amount);
}

/// Three days of one amount, and a payment that could be of two of them.
fn equal_days_by_name(event: &mut Event<'_>) {
    for later in 0..3 {
        event.settlement(event.day + later, event.amount);
    }
    let merchant = event.merchant(1);
    event.credit(event.day + 4, event.amount, &merchant);
    event.expect(Status::LedgerOnly, event.amount, 0);
    event.expect(Status::Ambiguous, 2 * event.amount, event.amount);
}

fn two_references(event: &mut Event<'_>) {
    let first = event.settlement_of(1, event.day, event.amount);
    let second = event.settlement_of(2, event.day, event.amount + 500);
    event.credit(event.day + 1, event.amount, &format!("{first} {second}"));
    event.expect(Status::LedgerOnly, event.amount, 0);
    event.expect(Status::LedgerOnly, event.amount + 500, 0);
    event.expect(Status::KeyConflict, 0, event.amount);
}

fn the_banks_own(event: &mut Event<'_>) {
    event.credit(event.day, event.amount, "JASA GIRO");
    event.debit(event.day, event.amount + 500, "BIAYA ADMINISTRASI");
    event.debit(event.day, event.amount + 600, "TARIK TUNAI");
    event.expect(Status::OutOfScope, 0, event.amount);
    event.expect(Status::OutOfScope, 0, -event.amount - 500);
    event.expect(Status::OutOfScope, 0, -event.amount - 600);
}
