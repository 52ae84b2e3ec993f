//! What holds for any input.

use proptest::prelude::*;

use super::*;

const MERCHANTS: [&str; 3] = ["EW-1", "EW-2", "EW-3"];
const AMOUNTS: [i64; 4] = [5, 7, 12, 19];

/// A few settlements, of which some share an amount, a merchant or a date.
fn settlements() -> impl Strategy<Value = Vec<String>> {
    let one =
        (3..7_u32, 1..4_u32, prop::sample::select(&MERCHANTS), prop::sample::select(&AMOUNTS));
    let lines = prop::collection::vec((one, 0..3_u32), 0..7);
    lines.prop_map(|lines| {
        let lines = lines.into_iter().map(|((day, number, merchant, amount), account)| {
            let account = if account == 0 { String::new() } else { format!(" @{account}00") };
            format!("settlement {day:02}:{number} {merchant} {amount}{account}")
        });
        lines.collect()
    })
}

/// A few redemptions, open, reversed or of a settlement.
fn redemptions() -> impl Strategy<Value = Vec<String>> {
    let one = (1..6_u32, 1..3_u32, prop::sample::select(&MERCHANTS), 3..7_u32);
    let rest = (prop::sample::select(&AMOUNTS), prop::option::of(1..4_u32), 0..4_u32);
    prop::collection::vec((one, rest), 0..6).prop_map(|lines| {
        let lines = lines.into_iter().map(|((rrn, terminal, merchant, day), rest)| {
            let (amount, settlement, reversed) = rest;
            let of = settlement.map(|number| format!(" of {day:02}:{number}")).unwrap_or_default();
            let reversed = if reversed == 0 { " reversed" } else { "" };
            format!("redemption {rrn:012} T0{terminal} {merchant} {day:02} {amount}{of}{reversed}")
        });
        lines.collect()
    })
}

/// A few rows, with none, one or two names in each.
fn rows() -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof![
        (3..7_u32, 1..5_u32).prop_map(|(day, number)| format!("{{{day:02}:{number}}}")),
        prop::sample::select(&MERCHANTS).prop_map(str::to_owned),
        (1..7_u32, 1..3_u32).prop_map(|(rrn, terminal)| format!("{rrn:012} T0{terminal}")),
        (1..7_u32).prop_map(|rrn| format!("{rrn:012}")),
        Just("SETOR".to_owned()),
        Just(String::new()),
    ];
    let kind = prop::sample::select(vec![
        "credit",
        "credit",
        "credit",
        "debit",
        "debit BIAYA",
        "rc",
        "rd",
    ]);
    let amount = prop::sample::select(vec![5, 7, 12, 14, 19, 24]);
    let one = (kind, 2..9_u32, amount, prop::collection::vec(name, 0..3), 0..4_u32);
    prop::collection::vec(one, 0..10).prop_map(|rows| {
        let rows = rows.into_iter().map(|(kind, day, amount, names, account)| {
            let (kind, words) = kind.split_once(' ').unwrap_or((kind, ""));
            let account = if account == 0 { String::new() } else { format!("@{account}00") };
            format!("{kind} {day:02} {amount} {account} {words} {}", names.join(" "))
        });
        rows.collect()
    })
}

fn lines() -> impl Strategy<Value = Vec<String>> {
    (settlements(), redemptions(), rows()).prop_map(|parts| {
        let (mut lines, redemptions, rows) = parts;
        lines.extend(redemptions);
        lines.extend(rows);
        lines
    })
}

fn built(lines: &[String], fees: bool) -> Case {
    let mut case = Case::of(&lines.join("\n"));
    let fees = if fees { vec![Decimal::from(5), Decimal::from(7)] } else { Vec::new() };
    case.terms = Some(Terms { fees, ..terms(5) });
    case
}

fn canonical(matching: &Matching) -> String {
    let mut text = String::new();
    matching.write_canonical(&mut text).unwrap();
    text
}

/// The outcomes' lines of a canonical text, without the sums.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines() {
        match line.split('\t').next().unwrap() {
            "outcome" => blocks.push(line.to_owned()),
            "line" | "row" => {
                let block = blocks.last_mut().unwrap();
                block.push('\n');
                block.push_str(line);
            }
            _ => {}
        }
    }
    blocks
}

proptest! {
    #[test]
    fn the_order_of_the_input_changes_no_byte(
        (lines, shuffled) in lines().prop_flat_map(|l| (Just(l.clone()), Just(l).prop_shuffle())),
        fees: bool,
    ) {
        let straight = canonical(&built(&lines, fees).matched());
        prop_assert_eq!(straight, canonical(&built(&shuffled, fees).matched()));
    }

    #[test]
    fn every_row_is_in_one_outcome_and_every_rupiah_is_expected_once(
        lines in lines(),
        fees: bool,
    ) {
        let case = built(&lines, fees);
        let matching = case.matched();
        let mut places: Vec<u32> = matching
            .outcomes()
            .flat_map(|outcome| outcome.rows().map(Row::place).collect::<Vec<_>>())
            .collect();
        places.sort_unstable();
        prop_assert!(places.iter().copied().eq(0..u32::try_from(case.rows.len()).unwrap()));

        let settled: i64 = case.ledger.settlements.iter().map(|line| line.amount).sum();
        let known: Vec<_> = case.ledger.settlements.iter().map(|line| line.reference).collect();
        let alone = case.ledger.redemptions.iter().filter(|line| {
            !line.reversed && !line.settlement.is_some_and(|of| known.contains(&of))
        });
        let due = settled + alone.map(|line| line.amount).sum::<i64>();
        let expected = matching.outcomes().map(|outcome| outcome.ledger_amount().unwrap().get());
        prop_assert_eq!(expected.sum::<i64>(), due);

        let control = matching.control().unwrap();
        prop_assert!(control.holds(), "{:?}", control);
        let moved = case.rows.iter().map(|row| match row.direction {
            Direction::Credit => row.amount,
            Direction::Debit => -row.amount,
        });
        prop_assert_eq!(control.movement, moved.sum::<Decimal>());
    }

    #[test]
    fn keys_are_unique_and_in_order(lines in lines()) {
        let matching = built(&lines, false).matched();
        let keys: Vec<_> = matching
            .outcomes()
            .map(|outcome| (outcome.business_date(), outcome.key()))
            .collect();
        prop_assert!(keys.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let different: std::collections::BTreeSet<_> = keys.iter().collect();
        prop_assert_eq!(different.len(), keys.len());
    }

    #[test]
    fn what_is_closed_is_equal_to_the_rupiah(lines in lines(), fees: bool) {
        let matching = built(&lines, fees).matched();
        for outcome in matching.outcomes() {
            let difference = outcome.difference().unwrap();
            let status = outcome.status();
            #[expect(clippy::wildcard_enum_match_arm, reason = "only these two are closed")]
            match status {
                MatchStatus::Matched => prop_assert!(difference.is_zero()),
                MatchStatus::MatchedWithFee => {
                    let debits: Decimal = outcome
                        .rows()
                        .filter(|row| row.role() == RowRole::Fee || row.role() == RowRole::Debit)
                        .map(Row::amount)
                        .sum();
                    let stated = fees && [5, 7].map(|fee| Decimal::from(-fee)).contains(&difference);
                    prop_assert!(stated || difference == -debits, "{:?}", difference);
                }
                _ => prop_assert!(!status.is_closed()),
            }
        }
    }

    #[test]
    fn what_is_unrelated_changes_no_other_outcome(lines in lines()) {
        let before = blocks(&canonical(&built(&lines, false).matched()));
        for unrelated in [
            "credit 04 1000 LAIN",
            "debit 04 1000 LAIN",
            "rc 04 1001 LAIN",
            "debit 04 1002 BIAYA",
            "credit 04 5 {20:9}",
            "credit 04 5 {03:1} {20:9}",
            "settlement 04:9 EW-9 5",
            "redemption 090000000009 T09 EW-9 04 5",
        ] {
            let mut more = lines.clone();
            more.push(unrelated.to_owned());
            let mut after = blocks(&canonical(&built(&more, false).matched()));
            let count = after.len();
            after.retain(|block| before.contains(block));
            prop_assert_eq!(after.len() + 1, count, "{}", unrelated);
            prop_assert_eq!(&after, &before, "{}", unrelated);
        }
    }

    #[test]
    fn rows_that_come_again_change_nothing(lines in lines(), from in 0..5_usize) {
        let case = built(&lines, false);
        let once = case.matched();
        let matcher = Matcher::new(terms(5), case.ledger.clone());
        let (mut bank, mut other) = (BankSide::default(), BankSide::default());
        for bank in [&mut bank, &mut other] {
            for (place, row) in case.rows.iter().enumerate() {
                let earlier = case.rows[..place].iter().filter(|other| *other == row).count();
                read(&matcher, bank, row, place, earlier);
            }
        }
        bank.append(other);
        for (place, row) in case.rows.iter().enumerate().skip(from) {
            let earlier = case.rows[..place].iter().filter(|other| *other == row).count();
            read(&matcher, &mut bank, row, place, earlier);
        }
        let again = matcher.matched(bank);
        prop_assert_eq!(canonical(&again), canonical(&once));
        let repeated = case.rows.len() + case.rows.len().saturating_sub(from);
        prop_assert_eq!(again.repeated_rows(), repeated);
    }
}
