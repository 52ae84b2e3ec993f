//! MT940 and MT942 as banks write them, and what no bank could have meant.

mod interim;
mod refusals;

use super::{MessageSettings, Statement, looks_like, read};
use crate::bankfile::details::NotCounted;
use crate::bankfile::profile::Profile;
use crate::bankfile::statement::StatementLine;

fn all(text: &str) -> Vec<Statement> {
    read(text.as_bytes(), &MessageSettings::default()).unwrap()
}

fn one(text: &str) -> Statement {
    let mut statements = all(text);
    assert_eq!(statements.len(), 1);
    statements.pop().unwrap()
}

fn refusal(text: &str) -> String {
    read(text.as_bytes(), &MessageSettings::default()).unwrap_err().to_string()
}

/// `line date direction amount`, one line a movement.
fn movements(statement: &Statement) -> String {
    let lines = statement.lines.iter().map(|line| {
        let direction = line.direction.as_str();
        format!("{} {} {direction} {}", line.number, line.booking_date, line.amount)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A statement with these lines between its balances.
fn around(lines: &str) -> String {
    format!(
        ":20:S1\r\n:25:0012345\r\n:28C:7/1\r\n:60F:C180902IDR1000,00\r\n\
         {lines}\r\n:62F:C180903IDR1000,00\r\n-\r\n"
    )
}

/// The X in the header are a SWIFT address's filling.
#[test]
fn mandiris_form_is_matched_on_its_text() {
    let statement = one("{1:F01BMRIIDJAXXXX0000000000}{2:I940XXXXXXXXXXXXN}{4:\r\n\
        :20:MCM1808\r\n:25:1230004567890\r\n:28C:00002/00001\r\n:60F:C180902IDR1000000,00\r\n\
        :61:1809030903C175000,00NTRF\r\n:86:MCM INHOUSETRF DARI REKENING PROGRAM\r\n\
        EW00818090300001 E-WARONG MAWAR\r\n\
        :61:1809030903D1500,\r\n:86:BIAYA ADM\r\n\
        :62F:C180903IDR1173500,00\r\n:64:C180903IDR1173500,00\r\n-}\r\n");
    assert_eq!(statement.layout, "mt940");
    assert_eq!(statement.account.as_deref(), Some("1230004567890"));
    assert_eq!(statement.currency, "IDR");
    assert_eq!(statement.number.map(|number| number.statement), Some(2));
    assert_eq!(statement.details.id.as_deref(), Some("MCM1808"));
    assert_eq!(statement.details.available.unwrap().to_string(), "1173500.00");
    assert_eq!(statement.details.to.unwrap().to_string(), "2018-09-03");
    assert_eq!(movements(&statement), "6 2018-09-03 credit 175000.00\n9 2018-09-03 debit 1500.00");
    assert_eq!(statement.lines[0].settlement_references(), ["EW00818090300001"]);
    assert_eq!(
        statement.lines[0].description(),
        "MCM INHOUSETRF DARI REKENING PROGRAM EW00818090300001 E-WARONG MAWAR"
    );
    assert_eq!(statement.balances_hold(), Some(true));
}

#[test]
fn our_reference_may_be_the_customers_and_the_banks_tells_rows_apart() {
    let statement = one(&around(
        ":61:1809030903C5,00NTRFEW00818090300001//B4E07XM0\r\nSETORAN\r\n:86:BPNT\r\n\
         :61:1809030903D5,00NMSCNONREF//NONREF",
    ));
    let [first, second] = statement.lines.as_slice() else { panic!("two rows") };
    assert_eq!(first.references().collect::<Vec<_>>(), ["EW00818090300001", "B4E07XM0"]);
    assert_eq!(first.sequence(), Some("B4E07XM0"));
    assert_eq!(first.description(), "SETORAN BPNT");
    assert_eq!(first.details.as_ref().unwrap().code.as_deref(), Some("NTRF"));
    assert_eq!(second.references().count(), 0);
    assert_eq!(second.sequence(), None);
}

#[test]
fn a_reversal_of_a_credit_lowers_the_balance_and_one_of_a_debit_raises_it() {
    let statement = one(&around(
        ":61:1809030903CR100,00NTRF\r\n:61:1809030903RC100,00NTRF\r\n\
         :61:1809030903DR30,00NTRF\r\n:61:1809030903RDR30,00NTRF",
    ));
    assert_eq!(
        movements(&statement),
        "5 2018-09-03 credit 100.00\n6 2018-09-03 debit 100.00\n\
         7 2018-09-03 debit 30.00\n8 2018-09-03 credit 30.00"
    );
    let reversal = |line: &StatementLine| line.details.as_ref().unwrap().reversal;
    assert_eq!(
        statement.lines.iter().map(reversal).collect::<Vec<_>>(),
        [false, true, false, true]
    );
    assert_eq!(statement.balances_hold(), Some(true));
}

#[test]
fn pages_become_one_statement_and_have_to_fit_together() {
    let pages = ":20:A\n:25:12\n:28C:7/1\n:60F:C180902IDR10,00\n\
        :61:180903C5,00NTRF\n:62M:C180903IDR15,00\n-\n\
        :20:B\n:25:12\n:28C:7/2\n:60M:C180903IDR15,00\n:62M:C180903IDR15,00\n-\n\
        :20:C\n:25:12\n:28C:7/3\n:60M:C180903IDR15,00\n\
        :61:180903D1,00NTRF\n:62F:C180903IDR14,00\n:64:C180903IDR9,00\n-\n";
    let statement = one(pages);
    assert_eq!(movements(&statement), "5 2018-09-03 credit 5.00\n18 2018-09-03 debit 1.00");
    assert_eq!(statement.opening.unwrap().to_string(), "10.00");
    assert_eq!(statement.closing.unwrap().to_string(), "14.00");
    assert_eq!(statement.details.id.as_deref(), Some("A"));
    assert_eq!(statement.details.available.unwrap().to_string(), "9.00");
    assert!(!statement.details.partial);
    assert_eq!(statement.balances_hold(), Some(true));

    for (from, to) in [
        // The rows of a page do not lead to its closing balance.
        ("C5,00NTRF\n:62M:C180903IDR15,00", "C6,00NTRF\n:62M:C180903IDR15,00"),
        // A page begins with another balance than the one before it ended with.
        (":60M:C180903IDR15,00\n:62M", ":60M:C180903IDR16,00\n:62M"),
        (":60M:C180903IDR15,00\n:61", ":60M:C180903IDR16,00\n:61"),
        // A page without rows ends with another balance than it began with.
        (":62M:C180903IDR15,00\n-\n:20:C", ":62M:C180903IDR16,00\n-\n:20:C"),
    ] {
        assert!(pages.contains(from), "{from}");
        assert_eq!(one(&pages.replace(from, to)).balances_hold(), Some(false), "{to}");
    }

    // Without a new `:20:` and account, a page still continues the one before it.
    let short = pages.replace("-\n:20:B\n:25:12\n:28C:7/2\n", "").replace("-\n:20:C\n:25:12\n", "");
    assert_eq!(one(&short).balances_hold(), Some(true));
}

#[test]
fn pages_that_do_not_belong_together_stay_apart_and_say_so() {
    let first = ":20:A\n:25:12\n:28C:7/1\n:60F:C180902IDR10,00\n:62M:C180903IDR10,00\n-\n";
    let last = ":20:B\n:25:12\n:28C:7/2\n:60M:C180903IDR10,00\n:62F:C180903IDR10,00\n-\n";
    for (text, partial) in [
        (format!("{first}{last}"), vec![false]),
        (first.to_owned(), vec![true]),
        (last.to_owned(), vec![true]),
        (format!("{first}{}", last.replace(":28C:7", ":28C:8")), vec![true, true]),
        (format!("{first}{}", last.replace(":25:12", ":25:13")), vec![true, true]),
        (format!("{first}{}", last.replace(":60M:", ":60F:")), vec![true, false]),
    ] {
        let found: Vec<bool> = all(&text).iter().map(|found| found.details.partial).collect();
        assert_eq!(found, partial, "{text}");
    }
}

#[test]
fn what_banks_leave_out_or_add_does_no_harm() {
    let whole = around(":61:1809030903C5,00NTRF\r\n:86:A\r\n:61:1809030903D5,00NTRF\r\n:86:B");
    let bare = whole.replace(":28C:7/1\r\n", "").replace("\r\n:62F:C180903IDR1000,00", "");
    let statement = one(&bare);
    assert_eq!(
        (statement.number, statement.closing, statement.balances_hold()),
        (None, None, None)
    );
    assert_eq!(statement.lines.len(), 2);

    for text in [
        format!("\r\n\r\n{whole}"),
        format!("BMRIIDJA\r\n940\r\nBMRIIDJA\r\n:940:\r\n{whole}"),
        format!("\u{1}\r\n{}", whole.replace("\r\n-\r\n", "\r\n-\u{3}\r\n")),
        format!(
            "{{1:F01X}}{{2:O940X}}{{3:}}{{4:\r\n{}-}}{{5:{{CHK:1}}}}",
            whole.replace("-\r\n", "")
        ),
        whole.replace("\r\n", "\n"),
        whole.replace("\r\n", "\r"),
        whole.replace("\r\n", "\r\n\r\n"),
        whole.trim_end().to_owned(),
        format!("{whole}\0\0\0"),
        format!("\u{feff}{whole}"),
        whole.replace(":28C:", ":21:NONREF\r\n:28C:"),
        whole.replace(":28C:7/1", ":28:7"),
        whole.replace(":25:0012345", ":25P:0012345\r\nBMRIIDJA"),
        whole.replace(":25:0012345", ":25:0012345IDR"),
        whole.replace(":25:0012345", ":25:0012345/IDR"),
        whole.replace("\r\n-\r\n", "\r\n:65:C180904IDR1000,00\r\n:86:SALDO\r\nRINGKASAN\r\n-\r\n"),
        whole.replace(":60F:C180902IDR", ":86:RINGKASAN\r\n:60F:C180902IDR"),
        whole.replace(":62F:C180903IDR", ":62F:C000000"),
    ] {
        let statement = one(&text);
        assert_eq!(statement.account.as_deref(), Some("0012345"), "{text}");
        assert_eq!(statement.balances_hold(), Some(true), "{text}");
        let texts: Vec<_> = statement.lines.iter().map(StatementLine::description).collect();
        assert_eq!(texts, ["A", "B"], "{text}");
    }
}

#[test]
fn many_statements_stand_in_one_file() {
    let end = ":62F:C180903IDR1000,00\r\n-\r\n";
    let two = format!("{}{}", around(":61:180903C1,00NTRF"), around(":61:180903D1,00NTRF"));
    let ended = all(&two);
    assert_eq!(ended.len(), 2);
    assert_eq!(movements(&ended[1]), "12 2018-09-03 debit 1.00");
    // Neither the closing balance nor the end of the message has to be there.
    let run_on = all(&two.replace(end, ""));
    assert_eq!(run_on.iter().map(|found| found.lines.len()).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn a_line_of_a_text_may_begin_with_a_colon() {
    let statement = one(&around(
        ":61:180903C5,00NTRF\r\n:86:TRF 2018-09-03 16\r\n:20:30 DAN\r\n09\r\n\
         :25:59 JUGA\r\n:12:11 :x: ::\r\n:28:1\r\n:13:00\r\n\
         : AKHIR\r\n:61:180903D5,00NTRF",
    ));
    assert_eq!(statement.lines.len(), 2);
    assert_eq!(
        statement.lines[0].description(),
        "TRF 2018-09-03 16 :20:30 DAN 09 :25:59 JUGA :12:11 :x: :: :28:1 :13:00 : AKHIR"
    );
    assert_eq!(statement.balances_hold(), Some(true));

    // Two such lines together are not a header unless a balance or movement follows them.
    let statement =
        one(&around(":61:180903C5,00NTRF\r\n:86:PUKUL 16\r\n:20:30\r\n:25:59\r\n:28:1\r\nX"));
    assert_eq!(statement.lines[0].description(), "PUKUL 16 :20:30 :25:59 :28:1 X");
}

#[test]
fn an_entry_date_over_new_year_lies_in_the_other_year() {
    let statement = one(&around(
        ":61:1812310102C5,00NTRF\r\n:61:1901021231D5,00NTRF\r\n\
         :61:181231C1,00NTRF\r\n:61:160230D1,00NTRF",
    ));
    assert_eq!(
        movements(&statement),
        "5 2019-01-02 credit 5.00\n6 2018-12-31 debit 5.00\n\
         7 2018-12-31 credit 1.00\n8 2016-02-29 debit 1.00"
    );
    let value = statement.lines[0].value_date.unwrap().to_string();
    assert_eq!(value, "2018-12-31");
    let by_value = Profile::parse(
        "name = x\nnumbers = 1.234,56\ndates = YYYY-MM-DD\n\
         booking_date = A\ndescription = B\namount = C\nbusiness_date = value\n",
    );
    let settings = MessageSettings::from(&by_value.unwrap());
    let statements = read(around(":61:1812310102C5,00NTRF").as_bytes(), &settings).unwrap();
    assert_eq!(statements[0].lines[0].business_date.to_string(), "2018-12-31");
}

#[test]
fn what_moves_no_money_stands_apart() {
    let statement = one(&around(":61:180903C0,00NTRFREF1\r\n:86:INFO"));
    assert!(statement.lines.is_empty());
    let apart = &statement.details.uncounted[0];
    assert_eq!((apart.number, &apart.cause), (5, &NotCounted::ZeroAmount));
    assert_eq!(
        (apart.references.as_slice(), apart.description.as_str()),
        (&["REF1".to_owned()][..], "INFO")
    );
    assert_eq!(statement.balances_hold(), Some(true));

    let empty = one(":20:A\n:25:12\n:60F:C180902IDR10,00\n:62F:C180903IDR10,00\n");
    assert!(empty.lines.is_empty());
    assert_eq!(empty.balances_hold(), Some(true));
    assert_eq!(
        one(":20:A\n:25:12\n:60F:C180902IDR10,00\n:62F:D180903IDR10,00\n").balances_hold(),
        Some(false)
    );
}

#[test]
fn other_encodings_are_read() {
    let text = around(":61:180903C5,00NTRF\r\n:86:CAFÉ\r\n:61:180903D5,00NTRF");
    let latin: Vec<u8> =
        text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    let utf16: Vec<u8> =
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [text.into_bytes(), latin, utf16] {
        let statements = read(&bytes, &MessageSettings::default()).unwrap();
        assert_eq!(statements[0].lines[0].description(), "CAFÉ");
    }
}

#[test]
fn the_currency_is_that_of_the_balances_or_the_account_or_the_settings() {
    let bare = ":20:A\n:25:12\n:61:180903C5,00NTRF\n";
    assert_eq!(one(bare).currency, "IDR");
    let named = one(&bare.replace(":25:12", ":25:12USD"));
    assert_eq!((named.currency.as_str(), named.account.as_deref()), ("USD", Some("12")));
    assert_eq!(one(&around("").replace("IDR", "USD")).currency, "USD");
}

#[test]
fn a_message_is_known_by_its_first_lines() {
    for text in
        ["\r\n\r\n:20:A\r\n", "\u{feff}:20:A", "{1:F01BMRIIDJA}", "BANK\n940\n:25:1", "x\r:61:1"]
    {
        assert!(looks_like(text.as_bytes()), "{text}");
    }
    for text in ["", "NOREK,TGL_TRAN", "<Document>", "PK\u{3}\u{4}", "a :20:"] {
        assert!(!looks_like(text.as_bytes()), "{text}");
    }
}
