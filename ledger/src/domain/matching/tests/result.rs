//! The result itself: order, text, totals, severity.

use super::merchants::worked_example;
use super::*;

#[test]
fn the_canonical_text_is_as_it_was() {
    let mut text = String::new();
    worked_example().matched().write_canonical(&mut text).unwrap();
    assert_eq!(text, include_str!("worked_example.txt"));
    assert_eq!(worked_example().matched().hash(), crate::domain::keys::sha256(&[text.as_bytes()]));
}

#[test]
fn totals_are_of_every_status_in_order() {
    let matching = worked_example().matched();
    let totals = matching.totals();
    assert_eq!(totals.len(), MatchStatus::ALL.len());
    for (total, status) in totals.iter().zip(MatchStatus::ALL) {
        assert_eq!(total.status, status);
    }
    let held = totals.iter().find(|total| total.status == MatchStatus::DuplicateInBank).unwrap();
    assert_eq!((held.outcomes, held.ledger), (1, Rupiah::new(110_000).ok()));
    assert_eq!(held.bank, Some(Decimal::from(220_000)));
}

#[test]
fn a_reference_behind_the_last_digits_is_one_like_any_other() {
    let case = Case::of(
        "settlement 03:99999 EW-1 5
         settlement 03:100000 EW-2 7
         settlement 03:200000 EW-3 9
         credit 04 9 BPNT/{03:200000};LUNAS
         credit 03 7 SETOR {03:100000}
         credit 03 5 {03:99999}",
    );
    let matching = case.matched();
    assert!(matching.is_clean());
    let told: Vec<_> = matching
        .outcomes()
        .map(|outcome| (outcome.reference().unwrap().to_string(), outcome.status()))
        .collect();
    let matched = ["EW00218090399999", "EW002180903A0000", "EW002180903A31N0"]
        .map(|reference| (reference.to_owned(), MatchStatus::Matched));
    assert_eq!(told, matched, "in the order of their places");
}

#[test]
fn only_open_differences_are_for_a_person() {
    let clean = Case::of("settlement 03:1 EW-1 5\n settlement 04:1 EW-1 5\n credit 04 5 {03:1}");
    assert!(clean.matched().is_clean());
    assert!(!worked_example().matched().is_clean());
    let carried: Vec<bool> = Case::of("settlement 02:1 EW-1 5\n settlement 03:1 EW-1 5")
        .matched()
        .outcomes()
        .map(Outcome::is_carried)
        .collect();
    assert_eq!(carried, [true, false]);
}

#[test]
fn severity_follows_status_and_hours() {
    for (status, hours, severity) in [
        (MatchStatus::Matched, 1000, Severity::None),
        (MatchStatus::PendingBank, 1000, Severity::None),
        (MatchStatus::OutOfScope, 1000, Severity::None),
        (MatchStatus::LedgerOnly, 23, Severity::Normal),
        (MatchStatus::LedgerOnly, 24, Severity::High),
        (MatchStatus::LedgerOnly, 72, Severity::Critical),
        (MatchStatus::BankOnly, 72, Severity::High),
        (MatchStatus::WrongMerchant, 0, Severity::High),
        (MatchStatus::OutOfWindow, 71, Severity::Normal),
        (MatchStatus::OutOfWindow, 72, Severity::High),
    ] {
        assert_eq!(status.severity(hours), severity, "{status:?} after {hours} hours");
    }
}

#[test]
fn an_overlapping_export_changes_nothing() {
    let case = worked_example();
    let mut once = String::new();
    case.matched().write_canonical(&mut once).unwrap();

    let matcher = Matcher::new(terms(3), case.ledger.clone());
    let mut bank = BankSide::default();
    let mut added = 0;
    for file in [0..4, 2..7, 0..7] {
        for place in file {
            let row = &case.rows[place];
            let earlier = case.rows[..place].iter().filter(|other| *other == row).count();
            read(&matcher, &mut bank, row, added, earlier);
            added += 1;
        }
    }
    let matching = matcher.matched(bank);
    assert_eq!(matching.repeated_rows(), 9);
    let mut again = String::new();
    matching.write_canonical(&mut again).unwrap();
    assert_eq!(again, once);
    let places: Vec<u32> =
        matching.outcomes().flat_map(|outcome| outcome.rows().map(Row::place)).collect();
    assert!(places.iter().all(|place| *place < 9), "{places:?}");
}

#[test]
fn codes_that_no_file_can_carry_are_refused() {
    let line = SettlementLine {
        reference: reference("03:1"),
        merchant: "EW-1571-000000001",
        account: None,
        bank_reference: None,
        business_date: date(3),
        amount: Rupiah::ZERO,
    };
    let mut ledger = LedgerSide::default();
    let refused = ledger.add_settlement(&line);
    assert_eq!(refused, Err(NotALine::Code("EW-1571-000000001".to_owned())));
    let line = RedemptionLine {
        rrn: "80000000001",
        terminal: Some("T01"),
        merchant: "EW-1",
        account: None,
        settlement: None,
        business_date: date(3),
        amount: Rupiah::ZERO,
        reversed: false,
    };
    assert!(matches!(ledger.add_redemption(&line), Err(NotALine::Rrn(_))));
}
