//! Rows that name a merchant, or whose account and amount identify it.

use super::*;

/// The day's example of the banks' rules: a fee in its own row, a settlement paid twice, a
/// redemption paid and taken back, a cash deposit, and a sale after the cut-off.
pub(super) fn worked_example() -> Case {
    Case::of(
        "settlement 03:1 EW1 175000
         redemption 080000000001 T01 EW1 03 110000 of 03:1
         redemption 090000000002 T01 EW1 03 65000 of 03:1
         redemption 221500000003 T01 EW1 04 45000
         settlement 03:2 EW2 110000
         redemption 080000000004 T02 EW2 03 110000 of 03:2
         redemption 100000000005 T02 EW2 03 110000 of 03:2 reversed
         credit 03 175000 EW1
         debit 03 1500 BIAYA ADM EW1
         credit 03 110000 EW2
         credit 03 110000 EW2
         credit 03 110000 100000000005 T02
         debit 03 110000 RC 100000000005 T02
         credit 03 20000 SETOR TUNAI",
    )
    .covered_to(3)
}

#[test]
fn the_worked_example_gives_its_result() {
    let case = worked_example();
    assert_outcomes(
        &case,
        "matched_with_fee 03:1 175000 173500
         duplicate_in_bank 03:2 110000 220000
         matched 100000000005/T02 0 0
         bank_only row 0 20000
         pending_bank 221500000003/T01 45000 0",
    );
    let control = case.matched().control().unwrap();
    let parts = [175_000, -1_500, 220_000, 0, 20_000, 0].map(Decimal::from);
    assert_eq!(control.movement, Decimal::from(413_500));
    assert_eq!(control.parts().map(|(_name, part)| part), parts);
    let held: Vec<usize> = case.matched().outcomes().map(|outcome| outcome.rows().len()).collect();
    assert_eq!(held, [2, 2, 2, 1, 0]);
}

#[test]
fn a_merchants_code_is_a_word_that_no_sentence_has() {
    check(
        "settlement 03:1 EW-JAMBI 175000
         settlement 03:2 KREDIT 90000
         settlement 03:3 123456789012345 80000
         settlement 03:4 77 70000
         credit 04 175000 TRANSFER ew-jambi
         credit 04 90000 KREDIT
         credit 04 80000 123456789012345
         credit 04 70000 77
         -> matched 03:1 175000 175000
            ledger_only 03:2 90000 0
            matched 03:3 80000 80000
            ledger_only 03:4 70000 0
            bank_only row 0 90000
            bank_only row 0 70000",
    );
}

#[test]
fn a_credit_by_name_pays_the_settlement_of_its_amount() {
    check(
        "settlement 03:1 EW-1 175000
         settlement 04:1 EW-1 60000
         settlement 03:2 EW-2 90000
         credit 04 175000 EW-1
         credit 05 60000 EW-1
         credit 06 90000 TRANSFER EW-2
         -> matched 03:1 175000 175000
            matched 03:2 90000 90000
            matched 04:1 60000 60000",
    );
}

#[test]
fn equal_settlements_of_several_days_are_told_by_the_day_of_payment_or_not_at_all() {
    let lines = "settlement 03:1 EW-1 110000
         settlement 04:1 EW-1 110000
         settlement 05:1 EW-1 110000\n";
    assert_outcomes(
        &Case::of(&format!("{lines} credit 05 110000 EW-1")).covered_to(5),
        "ledger_only 03:1 110000 0
         matched 04:1 110000 110000
         pending_bank 05:1 110000 0",
    );
    assert_outcomes(
        &Case::of(&format!("{lines} credit 07 110000 EW-1")).covered_to(7),
        "ledger_only 03:1 110000 0
         ambiguous 04:1 220000 110000",
    );
}

#[test]
fn sums_of_whole_groups_match_and_no_subset_is_searched_for() {
    check(
        "settlement 03:1 EW-1 175000
         settlement 04:1 EW-1 60000
         settlement 03:2 EW-2 100000
         settlement 03:3 EW-3 50000
         settlement 04:3 EW-3 30000
         settlement 05:3 EW-3 20000
         redemption 080000000001 T01 EW-4 03 7000
         redemption 080000000002 T01 EW-4 03 8000
         credit 05 235000 EW-1
         credit 04 70000 EW-2
         credit 04 30000 EW-2 SISA
         credit 06 50000 EW-3 GABUNGAN
         credit 04 15000 EW-4
         -> matched 03:1 235000 235000
            matched 03:2 100000 100000
            matched 03:3 50000 50000
            matched 080000000001/T01 15000 15000
            pending_bank 04:3 30000 0
            pending_bank 05:3 20000 0",
    );
}

#[test]
fn a_sum_of_some_settlements_is_not_looked_for() {
    assert_outcomes(
        &Case::of(
            "settlement 03:3 EW-3 50000
             settlement 04:3 EW-3 30000
             settlement 05:3 EW-3 20000
             credit 06 80000 EW-3",
        )
        .covered_to(6),
        "ledger_only 03:3 50000 0
         ledger_only 04:3 30000 0
         amount_differs 05:3 20000 80000",
    );
}

#[test]
fn another_amount_is_a_difference_with_the_settlement_of_its_day_or_the_only_one() {
    check(
        "settlement 03:1 EW-1 175000
         settlement 04:1 EW-1 60000
         settlement 03:2 EW-2 90000
         settlement 03:3 EW-3 80000
         settlement 04:3 EW-3 70000
         credit 04 170000 EW-1
         credit 06 89000 EW-2
         credit 06 1000 EW-3
         -> amount_differs 03:1 175000 170000
            amount_differs 03:2 90000 89000
            ambiguous 03:3 150000 1000
            pending_bank 04:1 60000 0",
    );
}

#[test]
fn what_comes_late_by_name_is_out_of_window_and_a_stranger_is_the_banks() {
    check(
        "settlement 03:1 EW-1 175000
         settlement 03:2 EW-2 1000
         credit 09 175000 EW-1
         credit 09 4000 EW-2
         -> out_of_window 03:1 175000 175000
            ledger_only 03:2 1000 0
            bank_only row 0 4000",
    );
}

#[test]
fn a_fee_by_name_follows_the_credit_of_its_day() {
    check(
        "settlement 03:1 EW-1 175000
         settlement 03:2 EW-2 90000
         settlement 04:2 EW-2 80000
         settlement 03:3 EW-3 70000
         credit 04 175000 {03:1}
         debit 05 1500 BIAYA EW-1
         credit 05 90000 {03:2}
         credit 05 80000 {04:2}
         debit 05 1500 BIAYA EW-2
         debit 04 1500 BIAYA EW-3
         -> matched_with_fee 03:1 175000 173500
            matched 03:2 90000 90000
            ledger_only 03:3 70000 0
            matched 04:2 80000 80000
            fee_differs row 0 -1500
            ambiguous row 0 -1500",
    );
}

#[test]
fn what_is_taken_back_by_name_is_what_was_paid_by_name_or_by_reference() {
    check(
        "settlement 03:1 EW-1 110000
         settlement 03:2 EW-2 90000
         settlement 03:3 EW-3 80000
         credit 03 110000 EW-1
         credit 03 110000 EW-1
         rc 04 110000 EW-1
         credit 04 90000 {03:2}
         rc 05 90000 EW-2
         rc 05 5 EW-3
         debit 05 900 TARIK TUNAI EW-3
         -> matched 03:1 110000 110000
            amount_differs 03:2 90000 0
            ledger_only 03:3 80000 0
            matched row 0 0
            reversal_unpaired row 0 -5
            out_of_scope row 0 -900",
    );
}

#[test]
fn the_account_with_date_and_amount_is_the_last_key() {
    check(
        "settlement 03:1 EW-1 110000 @111
         settlement 03:2 EW-2 90000 @222
         settlement 03:3 EW-3 80000 @333
         settlement 04:3 EW-3 80000 @333
         credit 04 110000 KREDIT @000111
         credit 04 5000 SETOR @111
         credit 04 90000 KREDIT @222
         credit 04 90000 KREDIT @222
         credit 04 80000 KREDIT @333
         credit 04 80000 KREDIT @999
         -> matched 03:1 110000 110000
            ambiguous 03:2 90000 180000
            matched 03:3 80000 80000
            pending_bank 04:3 80000 0
            bank_only row 0 5000
            bank_only row 0 80000",
    );
}
