//! Fees that the bank takes in rows of their own.

use ewarong_tests::World;
use ewarong_tests::on_both_backends;
use ewarong_tests::seed::{clear_of_midnight, today};
use serde_json::json;

use super::desk::{Desk, bank_file};
use crate::till::number;

/// Fees, suspense and holding of the bank, less what it held before.
fn moved(desk: &Desk<'_>, held: i64) -> [i64; 3] {
    let of = |kind: &str| desk.balance(&format!("{kind}:bri"));
    [of("fees"), of("suspense"), of("holding") - held]
}

on_both_backends! {
    /// A fee left the holding account beside the payment: it is posted with the match, and the account
    /// agrees with its statement. Whatever comes later, it is posted once.
    fn a_fee_is_posted_once_with_its_match(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let held = desk.balance("holding:bri");
        let [first, second] = [sold.reference("EW-JAMBI"), sold.reference("EW-JAKARTA")];
        let rows = format!("{first} +175000\nBIAYA ADM {first} -1500\nBIAYA ADM -700");
        let file = bank_file(0, &rows, None);
        desk.record(&[("one.csv", &file)]).expect(201);
        assert_eq!(moved(&desk, held), [-1_500, 0, -176_500], "the account's own fee is none of ours");
        assert_eq!(desk.payable("EW-JAMBI"), 45_000, "the shop pays no fee");
        let closing = held - 176_500;
        let path = format!("/v1/daily-reconciliations?bank=bri&business_date={}&holding_closing={closing}", today());
        let daily = desk.bank().api.get(&path).expect(200);
        assert_eq!((&daily["checks"][4]["name"], &daily["checks"][4]["state"]), (&json!("holding"), &json!("holds")));
        world.verify();

        desk.record(&[("one.csv", &file)]).expect(200);
        assert_eq!(moved(&desk, held), [-1_500, 0, -176_500]);
        // The day is matched again with all its files: an export with the same rows and more.
        let more = format!("{rows}\n{second} +110000\nBIAYA ADM {second} -2000");
        desk.record(&[("more.csv", &bank_file(0, &more, None))]).expect(201);
        assert_eq!(moved(&desk, held), [-3_500, 0, -288_500]);
        world.verify();

        // The match is contradicted: what was posted stays, and the decision counts the fee once.
        let again = bank_file(285_000 - 4_200, &format!("{first} +175000"), None);
        desk.record(&[("again.csv", &again)]).expect(201);
        assert_eq!(moved(&desk, held), [-3_500, 0, -288_500]);
        let twice = desk.open_one("duplicate_in_bank");
        Desk::decide(&desk.bank(), &twice, "duplicate_confirmed").expect(200);
        assert_eq!(moved(&desk, held), [-3_500, -175_000, -463_500]);
        world.verify();
    }

    /// A fee that is not as agreed is a difference: it is posted by the decision.
    fn a_fee_that_differs_is_posted_by_a_decision(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let held = desk.balance("holding:bri");
        let first = sold.reference("EW-JAMBI");
        let rows = format!("{first} +175000\nBIAYA ADM {first} -1500\nBIAYA ADM {first} -1500");
        let file = bank_file(0, &rows, None);
        desk.record(&[("one.csv", &file)]).expect(201);
        assert_eq!(moved(&desk, held), [0, 0, 0]);
        let clerk = desk.bank();
        Desk::decide(&clerk, &desk.open_one("fee_differs"), "accept_bank").expect(200);
        assert_eq!(moved(&desk, held), [-3_000, 0, -178_000]);
        assert_eq!(desk.payable("EW-JAMBI"), 45_000);
        world.verify();
        let more = bank_file(172_000, "BUNGA +100", None);
        let recorded = desk.record(&[("more.csv", &more)]).expect(201);
        assert_eq!(number(&recorded, "open_exceptions"), 0);
        assert_eq!(moved(&desk, held), [-3_000, 0, -178_000]);
        world.verify();
    }

    /// A shop's own statement posts nothing.
    fn a_fee_in_a_shops_own_file_is_not_posted(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let desk = Desk::of(&world);
        let sold = desk.worked_day();
        let held = desk.balance("holding:bri");
        let first = sold.reference("EW-JAMBI");
        let file = bank_file(0, &format!("{first} +175000\nBIAYA ADM {first} -1500"), None);
        Desk::record_as(&world.till("JBI-1").api, &[("mine.csv", &file)]).expect(201);
        assert_eq!(moved(&desk, held), [0, 0, 0]);
        desk.record(&[("bank.csv", &file)]).expect(201);
        assert_eq!(moved(&desk, held), [-1_500, 0, -176_500]);
        world.verify();
    }
}
