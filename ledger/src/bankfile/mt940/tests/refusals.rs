//! What no bank could have meant.

use super::{MessageSettings, around, read, refusal};
use crate::bankfile::error::Reason;
use crate::bankfile::fault::MessageFault;

/// What is changed in a good statement, with `|` for the end of a line, and how its refusal begins.
const REFUSED: &str = "\
C5,00 -> X5,00
    line 5, field `:61:`: `X5,00NTRF` stands where a mark
C5,00 -> C5.00
    line 5, field `:61:`: `5.00` is not an amount: it has something other
C5,00 -> C1.000,00
    line 5, field `:61:`: `1.000,00` is not an amount
C5,00 -> C12345678901234567890,00
    line 5, field `:61:`: `12345678901234567890,00` is not an amount: it is too long
C5,00 -> C
    line 5, field `:61:`: `` is not an amount: it has no digits
1809030903C5 -> 1809310903C5
    line 5, field `:61:`: `180931` is not a date written as `YYMMDD`
1809030903C5 -> 1809030931C5
    line 5, field `:61:`: `0931` is not a date written as `MMDD`
1809030903C5 -> 1902290301C5
    line 5, field `:61:`: `190229` is not a date
:62F:C180903IDR -> :62F:C180903USD
    line 7, field `:62:`: the currency is `USD`, but the statement's is `IDR`
:60F:C180902 -> :60F:180902
    line 4, field `:60:`: `180902IDR1000,00` stands where a balance
:60F:C180902 -> :60F:C180932
    line 4, field `:60:`: `180932` is not a date
:25:0012345| ->
    line 1, field `:25:`: the statement names no account
:25:0012345 -> :25:
    line 2, field `:25:`: `` stands where an account number is expected
:25:0012345 -> :25:0012345|:25:0012346
    line 3, field `:25:`: the account stands once
:60F:C180902IDR1000,00 -> :60F:C180902IDR1000,00|:60F:C180902IDR1000,00
    line 5, field `:60:`: the opening balance stands once
:62F:C180903IDR1000,00 -> :62F:C180903IDR1000,00|:62F:C180903IDR1000,00
    line 8, field `:62:`: the closing balance stands once
:62F:C180903IDR1000,00 -> :62F:C180903IDR1000,00|:61:180903C5,00NTRF
    line 8, field `:61:`: a movement stands behind the closing balance
:28C:7/1 -> :28C:7/1|HALAMAN 1
    line 3, field `:28C:`: `HALAMAN 1` belongs to no field
|:86:A -> |:86:A|-|:61:180903C5,00NTRF
    line 8, field `:61:`: it belongs to no statement
";

#[test]
fn what_no_bank_could_have_meant_is_refused_with_line_and_field() {
    let good = around(":61:1809030903C5,00NTRF\r\n:86:A");
    let mut rules = REFUSED.lines();
    while let (Some(change), Some(reason)) = (rules.next(), rules.next()) {
        let (from, to) = change.split_once("->").unwrap();
        let (from, to) = (from.trim().replace('|', "\r\n"), to.trim().replace('|', "\r\n"));
        assert!(good.contains(&from), "{change}");
        let found = refusal(&good.replacen(&from, &to, 1));
        assert!(found.starts_with(reason.trim()), "{change}: {found}");
    }
    for (text, reason) in [
        ("", "line 1: there is no statement in the file"),
        ("Tgl Trans,Uraian,Debet,Kredit,Saldo\n", "line 1: there is no statement in the file"),
        (":86:A\n-", "line 1: there is no statement in the file"),
        (":25:12\n", "line 1: the statement has neither a balance nor a movement: it was cut off"),
        (":20:A", "line 1, field `:25:`: the statement names no account"),
        ("\n:61:180903C5,00NTRF", "line 2, field `:61:`: it belongs to no statement"),
    ] {
        let found = refusal(text);
        assert!(found.starts_with(reason), "{text}: {found}");
    }
}

#[test]
fn a_text_without_end_is_refused() {
    let text = around(&format!(":61:180903C5,00NTRF\r\n:86:{}", "EW00818090300001 ".repeat(5000)));
    let error = read(text.as_bytes(), &MessageSettings::default()).unwrap_err();
    assert_eq!(error.reason, Reason::Message(MessageFault::TextTooLong));
    assert_eq!((error.line, error.column.as_deref()), (6, Some(":86:")));
}
