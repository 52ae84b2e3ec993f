//! Each status, by reference and by retrieval reference.

use super::*;

#[test]
fn equal_in_key_and_amount_is_matched_and_the_next_days_cut_off_decides_what_is_late() {
    let case = "settlement 03:1 EW-1 175000
        settlement 03:2 EW-2 110000
        settlement 04:1 EW-1 5000
        credit 03 175000 WS_OB;{03:1};X";
    assert_outcomes(
        &Case::of(case).covered_to(3),
        "matched 03:1 175000 175000
         pending_bank 03:2 110000 0
         pending_bank 04:1 5000 0",
    );
    assert_outcomes(
        &Case::of(case).covered_to(4),
        "matched 03:1 175000 175000
         ledger_only 03:2 110000 0
         pending_bank 04:1 5000 0",
    );
}

#[test]
fn the_same_key_with_another_amount_differs_to_the_sen() {
    check(
        "settlement 03:1 EW-1 175000
         settlement 03:2 EW-2 110000
         credit 04 174000 {03:1}
         credit 04 110000.01 {03:2}
         -> amount_differs 03:1 175000 174000
            amount_differs 03:2 110000 110000.01",
    );
}

#[test]
fn a_settlement_paid_in_parts_is_matched_by_their_sum_only() {
    check(
        "settlement 03:1 EW-1 175000
         settlement 03:2 EW-2 110000
         settlement 03:3 EW-3 90000
         credit 03 100000 {03:1}
         credit 04 75000 {03:1}
         credit 04 60000 {03:2}
         credit 04 40000 {03:2}
         credit 04 45000 {03:3}
         credit 04 45000 {03:3} BAGIAN 2
         -> matched 03:1 175000 175000
            amount_differs 03:2 110000 100000
            matched 03:3 90000 90000",
    );
}

#[test]
fn several_credits_of_one_key_are_held_and_none_is_chosen() {
    check(
        "settlement 03:1 EW-1 110000
         settlement 03:2 EW-2 90000
         credit 04 110000 {03:1}
         credit 04 110000 {03:1}
         credit 04 80000 {03:2}
         credit 04 80000 {03:2}
         credit 04 7000 {09:9}
         credit 04 8000 {09:9}
         -> duplicate_in_bank 03:1 110000 220000
            duplicate_in_bank 03:2 90000 160000
            duplicate_in_bank 09:9 0 15000",
    );
}

#[test]
fn several_lines_of_one_key_are_held_with_what_was_paid() {
    check(
        "settlement 03:1 EW-1 110000
         settlement 03:1 EW-1 110000
         redemption 080000000001 T01 EW-1 03 5000
         redemption 080000000001 T01 EW-1 03 5000
         redemption 080000000001 T02 EW-1 03 6000
         credit 04 110000 {03:1}
         credit 04 6000 080000000001 T02
         -> duplicate_in_ledger 03:1 220000 110000
            duplicate_in_ledger 080000000001/T01 10000 0
            matched 080000000001/T02 6000 6000",
    );
}

#[test]
fn a_fee_in_its_own_row_or_as_stated_is_no_difference() {
    check(
        "settlement 03:1 EW-1 175000
         settlement 03:2 EW-2 110000
         settlement 03:3 EW-3 50000
         credit 04 175000 {03:1}
         debit 04 1500 BIAYA ADM {03:1}
         credit 04 108500 {03:2}
         debit 04 1500 BIAYA ADM {03:2}
         debit 04 1500 ADMIN FEE {03:3}
         -> matched_with_fee 03:1 175000 173500
            fee_differs 03:2 110000 107000
            ledger_only 03:3 50000 -1500",
    );
    let mut case = Case::of(
        "settlement 03:1 EW-1 175000
         settlement 03:2 EW-2 110000
         settlement 03:3 EW-3 50000
         settlement 03:4 EW-4 40000
         settlement 03:5 EW-5 30000
         credit 04 173500 {03:1}
         credit 04 110000 {03:2}
         debit 04 2000 BIAYA {03:2}
         credit 04 50000 {03:3}
         debit 04 1500 {03:3}
         credit 04 38000 {03:4}
         credit 04 30000 {03:5}
         debit 04 1500 BIAYA {03:5}
         debit 04 1500 BIAYA {03:5}",
    );
    case.terms = Some(Terms { fees: vec![Decimal::from(1500)], ..terms(4) });
    assert_outcomes(
        &case,
        "matched_with_fee 03:1 175000 173500
         fee_differs 03:2 110000 108000
         matched_with_fee 03:3 50000 48500
         amount_differs 03:4 40000 38000
         fee_differs 03:5 30000 27000",
    );
}

#[test]
fn what_the_bank_says_it_kept_back_is_a_fee() {
    let text = "settlement 03:1 EW-1 175000
         settlement 03:2 EW-2 110000
         settlement 03:3 EW-3 50000
         credit 04 172500 {03:1} ~2500
         credit 04 100000 {03:2} ~2500
         credit 04 50000 {03:3} ~2500";
    assert_outcomes(
        &Case::of(text),
        "matched_with_fee 03:1 175000 172500
         amount_differs 03:2 110000 100000
         matched 03:3 50000 50000",
    );
    let mut case = Case::of(text);
    case.terms = Some(Terms { fees: vec![Decimal::from(1500)], ..terms(4) });
    assert_eq!(case.outcomes()[0], "fee_differs 03:1 175000 172500");
}

#[test]
fn what_the_bank_takes_back_is_not_paid() {
    check(
        "settlement 03:1 EW-1 110000
         settlement 03:2 EW-2 90000
         settlement 03:3 EW-3 80000
         settlement 03:4 EW-4 70000
         credit 03 110000 {03:1}
         rc 04 110000 {03:1}
         credit 04 110000 {03:1} ULANG
         credit 03 90000 {03:2}
         debit 03 90000 {03:2}
         credit 03 80000 {03:3}
         rc 04 7000 {03:3}
         rc 04 70000 {03:4}
         -> matched 03:1 110000 110000
            amount_differs 03:2 90000 0
            reversal_unpaired 03:3 80000 73000
            reversal_unpaired 03:4 70000 -70000",
    );
}

#[test]
fn a_reversal_more_than_three_days_later_is_not_its_originals() {
    check(
        "settlement 03:1 EW-1 110000
         credit 03 110000 {03:1}
         rc 07 110000 {03:1}
         -> reversal_unpaired 03:1 110000 0",
    );
}

#[test]
fn a_fee_that_is_given_back_is_as_if_it_had_not_been() {
    check(
        "settlement 03:1 EW-1 110000
         credit 03 110000 {03:1}
         debit 03 1500 BIAYA {03:1}
         rd 04 1500 KOREKSI BIAYA {03:1}
         rd 04 20 {03:2}
         -> matched 03:1 110000 110000
            reversal_unpaired 03:2 0 20",
    );
}

#[test]
fn the_key_of_one_merchant_with_the_name_or_account_of_another_is_held() {
    check(
        "settlement 03:1 EW-1 110000 @001
         settlement 03:2 EW-2 90000 @002
         settlement 03:3 EW-3 80000 @003
         settlement 03:4 EW-4 70000 @00-4
         credit 04 110000 {03:1} EW-2
         credit 04 90000 {03:2} @1
         credit 04 80000 {03:3} EW-3 @0777
         credit 04 70000 ew-4 {03:4} EW-1 @4
         -> wrong_merchant 03:1 110000 110000
            wrong_merchant 03:2 90000 90000
            matched 03:3 80000 80000
            matched 03:4 70000 70000",
    );
}

#[test]
fn paid_outside_three_days_is_out_of_window() {
    check(
        "settlement 03:1 EW-1 110000
         settlement 03:2 EW-2 90000
         settlement 03:3 EW-3 80000
         credit 06 110000 {03:1}
         credit 07 90000 {03:2}
         credit 02 80000 {03:3}
         -> matched 03:1 110000 110000
            out_of_window 03:2 90000 90000
            out_of_window 03:3 80000 80000",
    );
}

#[test]
fn references_that_disagree_are_a_conflict_and_pay_nothing() {
    check(
        "settlement 03:1 EW-1 5000
         settlement 03:2 EW-2 6000 #BANK7777
         redemption 080000000001 T01 EW-2 03 6000 of 03:2
         credit 04 5000 {03:1} {03:2}
         credit 04 5001 {03:1} 080000000001
         credit 04 5002 {03:9} 080000000001
         credit 04 5003 {03:1} BANK7777
         credit 04 5004 EW-1 EW-2
         credit 04 6000 {03:2} BANK7777 080000000001 EW-1 EW-2
         -> ledger_only 03:1 5000 0
            matched 03:2 6000 6000
            key_conflict row 0 5000
            key_conflict row 0 5001
            key_conflict row 0 5002
            key_conflict row 0 5003
            key_conflict row 0 5004",
    );
}

#[test]
fn the_banks_own_number_is_a_key_where_it_is_known() {
    check(
        "settlement 03:1 EW-1 5000 #BANK7777
         settlement 03:2 EW-2 6000 #BANK8888
         settlement 03:3 EW-3 6000 #BANK8888
         credit 04 5000 #bank7777 KREDIT
         credit 04 6000 BANK8888
         -> matched 03:1 5000 5000
            ledger_only 03:2 6000 0
            ledger_only 03:3 6000 0
            bank_only row 0 6000",
    );
}

#[test]
fn redemptions_paid_singly_stand_in_their_settlements_place() {
    check(
        "settlement 03:1 EW-1 175000
         redemption 080000000001 T01 EW-1 03 110000 of 03:1
         redemption 080000000002 T01 EW-1 03 65000 of 03:1
         redemption 080000000003 T01 EW-1 03 9000 of 03:1 reversed
         credit 04 110000 RRN 080000000001 T01
         -> matched 080000000001/T01 110000 110000
            ledger_only 080000000002/T01 65000 0",
    );
}

#[test]
fn rows_of_redemptions_beside_their_settlements_row_are_parts_of_it() {
    let lines = "settlement 03:1 EW-1 175000
         redemption 080000000001 T01 EW-1 03 110000 of 03:1
         redemption 080000000002 T01 EW-1 03 65000 of 03:1\n";
    assert_outcomes(
        &Case::of(&format!("{lines} credit 04 110000 {{03:1}}\n credit 04 65000 080000000002")),
        "matched 03:1 175000 175000",
    );
    assert_outcomes(
        &Case::of(&format!("{lines} credit 04 175000 {{03:1}}\n credit 04 65000 080000000002")),
        "duplicate_in_bank 03:1 175000 240000",
    );
    // Redemptions that do not add up to their settlement can't stand in its place.
    let more = format!("{lines} redemption 080000000003 T01 EW-1 03 1 of 03:1\n");
    assert_outcomes(
        &Case::of(&format!("{more} credit 04 65000 080000000002")),
        "amount_differs 03:1 175000 65000",
    );
}

#[test]
fn a_reversed_redemption_is_owed_nothing() {
    let line = "redemption 080000000005 T02 EW-2 03 110000 reversed\n";
    assert_outcomes(&Case::of(line), "");
    assert_outcomes(
        &Case::of(&format!("{line} credit 03 110000 080000000005\n rc 03 110000 080000000005")),
        "matched 080000000005/T02 0 0",
    );
    assert_outcomes(
        &Case::of(&format!("{line} credit 03 110000 080000000005")),
        "amount_differs 080000000005/T02 0 110000",
    );
    assert_outcomes(
        &Case::of(&format!("{line} rc 03 110000 080000000005")),
        "reversal_unpaired 080000000005/T02 0 -110000",
    );
}

#[test]
fn a_number_of_several_terminals_or_dates_needs_more_to_be_told() {
    let lines = "redemption 080000000001 T-1 EW-1 03 5000
        redemption 080000000001 T-2 EW-2 03 5000
        redemption 080000000002 T-1 EW-1 03 7000
        redemption 080000000002 T-1 EW-1 09 7000\n";
    assert_outcomes(
        &Case::of(&format!(
            "{lines} credit 03 5000 080000000001
             credit 10 7000 080000000002
             credit 03 5000 080000000001 T-2"
        )),
        "ledger_only 080000000001/T-1 5000 0
         matched 080000000001/T-2 5000 5000
         ledger_only 080000000002/T-1 7000 0
         ambiguous row 0 5000
         matched 080000000002/T-1 7000 7000",
    );
}

#[test]
fn a_redemption_whose_terminal_is_not_known_is_told_by_its_number() {
    check(
        "redemption 080000000001 ? EW-1 03 5000
         redemption 080000000002 T-2 EW-1 03 6000
         credit 03 5000 080000000001 T-2
         -> matched 080000000001 5000 5000
            ledger_only 080000000002/T-2 6000 0",
    );
}

#[test]
fn what_names_nothing_is_the_banks_own_or_other_money() {
    check(
        "settlement 03:1 EW-1 20000
         credit 03 20000 SETOR TUNAI
         credit 03 12 BUNGA
         credit 03 13 JASA GIRO SEPTEMBER
         debit 03 12500 BIAYA ADMINISTRASI
         debit 03 900 TARIK TUNAI
         rc 03 77 APA
         credit 04 3 {04:9}
         debit 04 4 {04:8}
         -> ledger_only 03:1 20000 0
            bank_only row 0 20000
            out_of_scope row 0 12
            out_of_scope row 0 -12500
            reversal_unpaired row 0 -77
            out_of_scope row 0 -900
            out_of_scope row 0 13
            out_of_scope 04:8 0 -4
            bank_only 04:9 0 3",
    );
}

#[test]
fn rows_without_names_are_taken_back_by_those_that_say_the_same() {
    check(
        "credit 03 110000 TRF ABC
         credit 03 110000 TRF DEF
         debit 04 110000 RC TRF ABC
         credit 03 500 SATU
         debit 03 500 REVERSAL DUA
         credit 03 600 TIGA
         credit 03 600 EMPAT
         debit 03 600 RC LIMA
         credit 03 700 ENAM #JURNAL1
         debit 03 700 TUJUH #JURNAL1
         credit 03 800 ENAM #JURNAL2
         debit 03 800 ENAM #JURNAL3
         -> ambiguous row 0 600
            matched row 0 0
            matched row 0 0
            matched row 0 0
            bank_only row 0 110000
            bank_only row 0 800
            out_of_scope row 0 -800",
    );
}
