//! Matching: each status by example, and the properties that hold for any input.

use proptest::prelude::*;

use super::*;

fn expected(reference: &str, amount: i64) -> SettlementLine {
    SettlementLine {
        reference: reference.to_owned(),
        merchant: format!("mch-{reference}"),
        amount: Rupiah::new(amount).unwrap(),
    }
}

fn row(line: u64, references: &[&str], amount: i64, direction: Direction) -> BankRow {
    BankRow {
        id: RowId { file: 0, line },
        references: references.iter().map(|text| (*text).to_owned()).collect(),
        amount: Decimal::from(amount),
        direction,
    }
}

fn credit(line: u64, reference: &str, amount: i64) -> BankRow {
    row(line, &[reference], amount, Direction::Credit)
}

fn statuses(matching: &Matching) -> Vec<(Option<&str>, MatchStatus)> {
    matching.rows.iter().map(|row| (row.reference.as_deref(), row.status)).collect()
}

#[test]
fn each_status_is_given_for_its_reason() {
    let ledger = vec![expected("A", 175), expected("B", 110), expected("C", 45), expected("D", 9)];
    let bank = vec![
        credit(1, "A", 175),
        credit(2, "B", 111),
        credit(3, "D", 9),
        credit(4, "D", 9),
        credit(5, "X", 20),
        row(6, &[], 7, Direction::Credit),
        row(7, &[], 2, Direction::Debit),
    ];
    let matching = match_settlements(ledger, bank);
    assert_eq!(
        statuses(&matching),
        [
            (Some("A"), MatchStatus::Matched),
            (Some("B"), MatchStatus::AmountDiffers),
            (Some("C"), MatchStatus::LedgerOnly),
            (Some("D"), MatchStatus::DuplicateInBank),
            (Some("X"), MatchStatus::BankOnly),
            (None, MatchStatus::BankOnly),
        ]
    );
    assert_eq!(matching.left_out.len(), 1);
    assert!(!matching.is_clean());
    let duplicates = matching.totals().pop().unwrap();
    assert_eq!((duplicates.rows, duplicates.bank), (1, Some(Decimal::from(18))));
    assert_eq!(duplicates.ledger, Rupiah::new(9).ok());
}

#[test]
fn a_fee_beside_its_credit_is_left_out_and_a_credit_taken_back_is_not_a_match() {
    let fee = row(2, &["A"], 15, Direction::Debit);
    let matching = match_settlements(vec![expected("A", 175)], vec![credit(1, "A", 175), fee]);
    assert!(matching.is_clean());
    assert_eq!(matching.left_out.len(), 1);

    let back = row(2, &["A"], 175, Direction::Debit);
    let matching = match_settlements(vec![expected("A", 175)], vec![credit(1, "A", 175), back]);
    assert_eq!(statuses(&matching), [(Some("A"), MatchStatus::AmountDiffers)]);
    assert_eq!(matching.rows[0].bank_amount(), Some(Decimal::ZERO));
}

#[test]
fn two_references_in_one_row_match_neither() {
    let both = row(1, &["A", "B"], 5, Direction::Credit);
    let matching = match_settlements(vec![expected("A", 5), expected("B", 5)], vec![both]);
    assert_eq!(
        statuses(&matching),
        [
            (Some("A"), MatchStatus::LedgerOnly),
            (Some("B"), MatchStatus::LedgerOnly),
            (None, MatchStatus::BankOnly),
        ]
    );
}

#[test]
fn sen_on_the_banks_side_are_a_difference() {
    let mut paid = credit(1, "A", 5);
    paid.amount = Decimal::new(501, 2);
    let matching = match_settlements(vec![expected("A", 5)], vec![paid]);
    assert_eq!(matching.rows[0].status, MatchStatus::AmountDiffers);
    assert_eq!(matching.rows[0].difference(), Some(Decimal::new(1, 2)));
}

fn any_side() -> impl Strategy<Value = (Vec<SettlementLine>, Vec<BankRow>)> {
    let names = ["A", "B", "C", "D", "E", "F"];
    let ledger = prop::collection::vec((prop::sample::select(names.to_vec()), 1..4_i64), 0..8);
    let references = prop::sample::subsequence(names.to_vec(), 0..3);
    let bank = prop::collection::vec((references, 1..4_i64, any::<bool>()), 0..16);
    (ledger, bank).prop_map(|(ledger, bank)| {
        let ledger = ledger.into_iter().map(|(name, amount)| expected(name, amount)).collect();
        let numbered = (1_u64..).zip(bank);
        let bank = numbered.map(|(line, (references, amount, is_credit))| {
            let direction = if is_credit { Direction::Credit } else { Direction::Debit };
            row(line, &references, amount, direction)
        });
        (ledger, bank.collect())
    })
}

proptest! {
    #[test]
    fn the_order_of_the_input_changes_nothing(
        (ledger, bank, shuffled_ledger, shuffled_bank) in any_side().prop_flat_map(|(l, b)| {
            (Just(l.clone()), Just(b.clone()), Just(l).prop_shuffle(), Just(b).prop_shuffle())
        })
    ) {
        let straight = match_settlements(ledger, bank);
        prop_assert_eq!(straight, match_settlements(shuffled_ledger, shuffled_bank));
    }

    #[test]
    fn every_line_is_used_exactly_once((ledger, bank) in any_side()) {
        let matching = match_settlements(ledger.clone(), bank.clone());
        let mut used_ledger: Vec<_> =
            matching.rows.iter().filter_map(|row| row.ledger.clone()).collect();
        let mut used_bank: Vec<_> = matching.rows.iter().flat_map(|row| row.bank.clone()).collect();
        used_bank.extend(matching.left_out.clone());
        let (mut ledger, mut bank) = (ledger, bank);
        for lines in [&mut used_ledger, &mut ledger] { lines.sort(); }
        for rows in [&mut used_bank, &mut bank] { rows.sort(); }
        prop_assert_eq!(used_ledger, ledger);
        prop_assert_eq!(used_bank, bank);
    }

    #[test]
    fn matched_means_one_line_each_with_one_amount((ledger, bank) in any_side()) {
        for row in match_settlements(ledger, bank).rows {
            if row.status == MatchStatus::Matched {
                prop_assert_eq!(row.bank.len(), 1);
                prop_assert_eq!(row.difference(), Some(Decimal::ZERO));
            }
        }
    }
}
