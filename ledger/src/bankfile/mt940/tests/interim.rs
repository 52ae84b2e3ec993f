//! MT942: totals instead of balances.

use super::{all, movements, one, refusal};
use crate::bankfile::details::{NotCounted, StatementKind};

/// An MT942 with these totals.
fn interim(totals: &str) -> String {
    format!(
        ":20:A\n:25:12\n:28C:3/1\n:34F:IDR0,\n:13D:1809031215+0700\n\
        :61:180903C5,00NTRF\n:61:180903D3,00NTRF\n\
        :61:180903RC2,00NTRF\n:61:180903EC9,00NTRF\n:86:NANTI\n{totals}\n-\n"
    )
}

#[test]
fn an_interim_report_has_totals_and_no_balances() {
    let statement = one(&interim(":90D:1IDR3,00\n:90C:1IDR5,00"));
    assert_eq!(statement.layout, "mt942");
    assert_eq!(statement.details.kind, StatementKind::Interim);
    assert_eq!(statement.balances_hold(), None);
    assert_eq!(
        movements(&statement),
        "6 2018-09-03 credit 5.00\n7 2018-09-03 debit 3.00\n8 2018-09-03 debit 2.00"
    );
    let apart = &statement.details.uncounted[0];
    assert_eq!((&apart.cause, apart.description.as_str()), (&NotCounted::Pending, "NANTI"));

    // Whether a reversal and what is expected count in a total, the rules leave open.
    for totals in [":90D:2IDR5,00", ":90C:2IDR7,00", ":90C:2IDR14,00", ":90C:3IDR16,00", ""] {
        assert_eq!(one(&interim(totals)).lines.len(), 3, "{totals}");
    }
    for (totals, reason) in [
        (
            ":90D:2IDR6,00",
            "line 11, field `:90D:`: the file's total is `6.00`, but its rows add up to `5.00`",
        ),
        (":90D:3IDR5,00", "line 11, field `:90D:`: the file counts 3 debits, but 2 are listed"),
        (
            ":90C:0IDR0,00",
            "line 11, field `:90C:`: the file's total is `0.00`, but its rows add up to `5.00`",
        ),
        (":90C:XIDR0,00", "line 11, field `:90C:`: `XIDR0,00` stands where a number of rows"),
        (
            ":90C:1USD5,00",
            "line 11, field `:90C:`: the currency is `USD`, but the statement's is `IDR`",
        ),
    ] {
        let found = refusal(&interim(totals));
        assert!(found.starts_with(reason), "{found}");
    }
    let nothing =
        one(":20:A\n:25:12\n:34F:IDR0,\n:13D:1809031215+0700\n:90D:0IDR0,\n:90C:0IDR0,\n");
    assert!(nothing.lines.is_empty());
}

#[test]
fn the_last_pages_totals_may_be_those_of_all_pages() {
    let page = |number: u8, total: &str| {
        format!(
            ":20:A\n:25:12\n:28C:3/{number}\n:34F:IDR0,\n:61:180903C5,00NTRF\n:90C:{total}\n-\n"
        )
    };
    let two = format!("{}{}", page(1, "1IDR5,"), page(2, "2IDR10,"));
    assert_eq!(all(&two).len(), 2);
    assert!(refusal(&two.replace("2IDR10,", "3IDR15,")).starts_with("line 13, field `:90C:`"));
}
