//! Entries of several transactions, and their charges.

use super::{closing, entry, movements, one, refusal};

/// A transaction of a batch.
fn part(reference: &str, inside: &str) -> String {
    format!("<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>{inside}</TxDtls>\n")
}

fn idr(amount: &str) -> String {
    format!("<Amt Ccy=\"IDR\">{amount}</Amt>")
}

#[test]
fn a_batch_is_its_transactions_if_they_add_up() {
    let batch = |parts: &str| {
        let head =
            "<NtryDtls><Btch><MsgId>M1</MsgId><PmtInfId>P1</PmtInfId><NbOfTxs>2</NbOfTxs></Btch>\n";
        closing(
            "350900",
            &entry(
                "349900",
                "CRDT",
                &format!("<AcctSvcrRef>B</AcctSvcrRef>{head}{parts}</NtryDtls>"),
            ),
        )
    };
    let two = format!(
        "{}{}",
        part("EW00818090300001", &idr("175000")),
        part("EW00818090300002", &format!("<AmtDtls><TxAmt>{}</TxAmt></AmtDtls>", idr("174900")))
    );
    let statement = one(&batch(&two));
    assert_eq!(
        movements(&statement),
        "7 2018-09-03 credit 175000.00\n8 2018-09-03 credit 174900.00"
    );
    assert_eq!(statement.balances_hold(), Some(true));
    let [first, second] = statement.lines.as_slice() else { panic!("two rows") };
    assert_eq!(first.settlement_references(), ["EW00818090300001"]);
    assert_eq!(second.references().collect::<Vec<_>>(), ["EW00818090300002", "B"]);
    let batch_of = second.details.as_ref().unwrap().batch.as_ref().unwrap();
    assert_eq!(
        (batch_of.message_id.as_deref(), batch_of.payment_id.as_deref()),
        (Some("M1"), Some("P1"))
    );
    assert_eq!((batch_of.transactions, batch_of.part), (Some(2), Some((2, 2))));
    assert_eq!(batch_of.entry_amount.to_string(), "349900.00");

    assert_eq!(
        refusal(&batch(&two.replace("174900", "174800"))),
        "line 6, element `/Document/BkToCstmrStmt/Stmt/Ntry`: the entry is `349900.00`, \
         but its 2 transactions add up to `349800.00`"
    );
    // What goes the other way is taken off, and what is zero moves nothing.
    let mixed = format!(
        "{two}{}{}{}",
        part("X", &format!("{}<CdtDbtInd>DBIT</CdtDbtInd>", idr("100"))),
        part("Y", &format!("{}<CdtDbtInd>CRDT</CdtDbtInd>", idr("100"))),
        part("Z", &idr("0"))
    );
    let statement = one(&batch(&mixed));
    assert_eq!(statement.lines[2].direction.as_str(), "debit");
    assert_eq!((statement.lines.len(), statement.details.uncounted.len()), (4, 1));
    assert_eq!(statement.balances_hold(), Some(true));
}

#[test]
fn charges_between_a_batch_and_its_entry_are_a_row_of_their_own() {
    let records = "<Chrgs><Rcrd><Amt Ccy=\"IDR\">1500</Amt><CdtDbtInd>DBIT</CdtDbtInd>\
                   <ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>";
    let old = "<Chrgs><TtlChrgsAndTaxAmt Ccy=\"IDR\">1500</TtlChrgsAndTaxAmt>\
               <Amt Ccy=\"IDR\">1500</Amt></Chrgs>";
    let parts =
        format!("<NtryDtls>{}{}</NtryDtls>", part("A", &idr("100000")), part("B", &idr("50000")));
    for charges in [records, old] {
        let text = closing("149500", &entry("148500", "CRDT", &format!("{charges}{parts}")));
        let statement = one(&text);
        let amounts: Vec<String> = statement
            .lines
            .iter()
            .map(|line| format!("{} {}", line.direction.as_str(), line.amount))
            .collect();
        assert_eq!(amounts, ["credit 100000.00", "credit 50000.00", "debit 1500.00"]);
        assert_eq!(statement.balances_hold(), Some(true));
        assert!(
            refusal(&text.replace(">1500<", ">1400<")).contains("its 2 transactions add up to")
        );
    }
    // A single entry keeps its amount, and says what was charged.
    let statement = one(&closing("149500", &entry("148500", "CRDT", records)));
    assert_eq!(movements(&statement), "6 2018-09-03 credit 148500.00");
    let charge = &statement.lines[0].details.as_ref().unwrap().charges[0];
    assert_eq!((charge.amount.to_string().as_str(), charge.included), ("1500.00", Some(true)));
}

#[test]
fn an_entry_whose_transactions_do_not_all_say_their_amount_is_one_row() {
    let usd = "<Amt Ccy=\"USD\">7</Amt>";
    for parts in [
        format!("{}{}", part("EW00818090300001", ""), part("EW00818090300002", "")),
        format!("{}{}", part("EW00818090300001", &idr("5")), part("EW00818090300002", "")),
        format!("{}{}", part("EW00818090300001", usd), part("EW00818090300002", usd)),
    ] {
        let row = entry("9", "CRDT", &format!("<NtryDtls>{parts}</NtryDtls>"));
        let statement = one(&closing("1009", &row));
        assert_eq!(movements(&statement), "6 2018-09-03 credit 9.00");
        let references = ["EW00818090300001", "EW00818090300002"];
        assert_eq!(statement.lines[0].settlement_references(), references);
    }
    // One transaction says nothing about the amount that the entry does not.
    let row = entry("9", "CRDT", &format!("<NtryDtls>{}</NtryDtls>", part("A", &idr("8"))));
    assert_eq!(movements(&one(&closing("1009", &row))), "6 2018-09-03 credit 9.00");
    // A foreign transfer is booked with what it was worth.
    let foreign = |amount: &str| {
        part("A", &format!("{usd}<AmtDtls><CntrValAmt>{}</CntrValAmt></AmtDtls>", idr(amount)))
    };
    let row = entry("9", "CRDT", &format!("<NtryDtls>{}{}</NtryDtls>", foreign("4"), foreign("5")));
    assert_eq!(one(&closing("1009", &row)).lines.len(), 2);
}

#[test]
fn a_reference_in_what_is_said_of_the_entry_is_every_transactions_that_has_none() {
    let parts = format!(
        "<NtryDtls>{}{}</NtryDtls><AddtlNtryInf>BATCH EW00818090300009</AddtlNtryInf>",
        part("EW00818090300001", &idr("4")),
        part("A", &idr("5"))
    );
    let statement = one(&closing("1009", &entry("9", "CRDT", &parts)));
    let found: Vec<_> = statement.lines.iter().map(|line| line.settlement_references()).collect();
    assert_eq!(found, [["EW00818090300001"], ["EW00818090300009"]]);
}
