//! A card's life as its bank leads it.

use ewarong_tests::client::Bank;
use ewarong_tests::demo::Card;
use ewarong_tests::seed::folder::unknown_number;
use ewarong_tests::{Answer, Merchant, World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{assert_members, buy, buy_with_wrong_pin, goods, outcome, text};

const BOUGHT: &str = "eggs 1 piece 2000";
const PIN: &str = "271828";

/// Issues a card with this number to a family that nobody knows yet.
fn issue(bank: &Bank, serial: usize) -> (Answer, Card) {
    let card = Card {
        card_number: unknown_number(serial),
        pin: PIN.to_owned(),
        bank: bank.credentials.bank.clone().unwrap(),
        balance: 0,
    };
    let answer = issue_to(bank, &card.card_number, &format!("317401010190{serial:04}"));
    (answer, card)
}

fn issue_to(bank: &Bank, card_number: &str, nik: &str) -> Answer {
    let body = json!({
        "card_number": card_number, "nik": nik, "name": "R4", "region_code": "3174010001",
        "expires": "2099-12-31",
    });
    bank.api.post("/v1/cards", &body)
}

fn look_up(bank: &Bank, card: &Card) -> Answer {
    bank.api.post("/v1/card-lookups", &json!({"card_number": card.card_number}))
}

fn id_of(bank: &Bank, card: &Card) -> String {
    text(&look_up(bank, card).expect(200), "id").to_owned()
}

fn set_state(bank: &Bank, id: &str, state: &str) -> Answer {
    let body = json!({"state": state, "reason": "permintaan keluarga"});
    bank.api.post(&format!("/v1/cards/{id}/state"), &body)
}

fn set_pin(bank: &Bank, id: &str, pin: &str) -> Answer {
    bank.api.post(&format!("/v1/cards/{id}/pin"), &json!({"pin": pin}))
}

fn replace(bank: &Bank, id: &str, card_number: &str) -> Answer {
    let body = json!({"card_number": card_number, "expires": "2099-12-31"});
    bank.api.post(&format!("/v1/cards/{id}/replacement"), &body)
}

fn bought(till: &Merchant, card: &Card) -> String {
    outcome(&buy(till, card, &goods(BOUGHT)))
}

on_both_backends! {
    /// printed -> distributed -> active.
    fn a_card_is_issued_handed_out_and_given_a_pin(backend) {
        let world = World::shared(backend);
        let (bank, till) = (world.bank("bri"), world.till("JBI-1"));
        let (answer, card) = issue(&bank, 100);
        let body = answer.expect(201);
        let members = ["id", "wallet", "card", "state", "expires", "issued_at", "has_pin"];
        assert_members(&body, &members);
        assert_eq!(text(&body, "state"), "printed");
        assert_eq!(text(&body, "expires"), "2099-12-31");
        assert_eq!(body["has_pin"], false);
        assert!(text(&body, "card").starts_with("601308******"), "{body}");
        assert_eq!(look_up(&bank, &card).expect(200), body);
        let id = text(&body, "id");

        assert_eq!(bought(&till, &card), "pin_wrong", "it has none");
        assert_eq!(set_pin(&bank, id, PIN).problem(409), "card_state_conflict");
        assert_eq!(set_state(&bank, id, "distributed").expect(200)["state"], "distributed");
        assert_eq!(bought(&till, &card), "pin_wrong", "it has none");
        let body = set_pin(&bank, id, PIN).expect(200);
        assert_eq!((text(&body, "state"), &body["has_pin"]), ("active", &json!(true)));
        assert_eq!(till.inquire(&card.card_number, PIN).expect(200)["balance"], 0);
        assert_eq!(bought(&till, &card), "balance_insufficient");
        let wrong = Card { pin: "314159".to_owned(), ..card };
        assert_eq!(bought(&till, &wrong), "pin_wrong");
    }

    /// What a finder of the card would try first.
    fn an_easy_pin_is_refused(backend) {
        let world = World::shared(backend);
        let bank = world.bank("bri");
        let card = world.fresh_card("bri");
        let id = id_of(&bank, &card);
        let last_four = card.card_number.split_at(12).1;
        for pin in
            ["111111", "123456", "987654", "601301", "070885", "470885", "121212", "112233", "123123",
             "000001", "123321", "147258", "170845", &format!("27{last_four}")]
        {
            let problem = set_pin(&bank, &id, pin).expect(422);
            assert_eq!(problem["errors"][0]["pointer"], "/pin", "{pin}");
            assert!(!problem.to_string().contains(pin), "{problem}");
        }
        assert_eq!(bought(&world.till("JBI-1"), &card), "approved", "the old PIN holds");
    }

    /// A new PIN replaces the old one at once.
    fn a_new_pin_takes_the_old_ones_place(backend) {
        let world = World::shared(backend);
        let (bank, till) = (world.bank("bri"), world.till("JBI-1"));
        let card = world.fresh_card("bri");
        set_pin(&bank, &id_of(&bank, &card), "314159").expect(200);
        assert_eq!(bought(&till, &card), "pin_wrong");
        assert_eq!(bought(&till, &Card { pin: "314159".to_owned(), ..card }), "approved");
    }

    /// A block is felt at the next purchase, and so is its end.
    fn the_bank_blocks_and_unblocks_a_card(backend) {
        let world = World::shared(backend);
        let (bank, till) = (world.bank("bri"), world.till("AMB-1"));
        let card = world.fresh_card("bri");
        let id = id_of(&bank, &card);
        assert_eq!(bought(&till, &card), "approved");
        assert_eq!(set_state(&bank, &id, "blocked_bank").expect(200)["state"], "blocked_bank");
        assert_eq!(bought(&till, &card), "card_blocked");
        assert_eq!(set_state(&bank, &id, "active").expect(200)["state"], "active");
        assert_eq!(bought(&till, &card), "approved");
        assert_eq!(world.balance(&card), 106_000);
    }

    /// Either way the tries are forgotten.
    fn a_card_blocked_by_wrong_pins_is_freed_by_the_bank_only(backend) {
        let world = World::shared(backend);
        let (bank, till) = (world.bank("bri"), world.till("JBI-1"));
        let card = world.fresh_card("bri");
        let id = id_of(&bank, &card);
        let block = |card: &Card| {
            for _ in 0..3 {
                let answer = buy_with_wrong_pin(&till, card, &goods(BOUGHT));
                assert_eq!(answer.problem(402), "pin_wrong");
            }
            assert_eq!(look_up(&bank, card).expect(200)["state"], "blocked_pin");
            assert_eq!(bought(&till, card), "card_pin_blocked");
        };
        block(&card);
        set_state(&bank, &id, "active").expect(200);
        for _ in 0..2 {
            assert_eq!(outcome(&buy_with_wrong_pin(&till, &card, &goods(BOUGHT))), "pin_wrong");
        }
        assert_eq!(bought(&till, &card), "approved");
        block(&card);
        let renewed = Card { pin: "314159".to_owned(), ..card };
        assert_eq!(set_pin(&bank, &id, &renewed.pin).expect(200)["state"], "active");
        assert_eq!(bought(&till, &renewed), "approved");
    }

    /// The steps that a bank may ask for.
    fn a_state_leads_only_where_it_may(backend) {
        let world = World::shared(backend);
        let bank = world.bank("bri");
        for (from, to) in [
            ("printed", "active"),
            ("printed", "blocked_bank"),
            ("printed", "lost"),
            ("distributed", "printed"),
            ("blocked_ministry", "active"),
            ("blocked_ministry", "closed"),
            ("lost", "active"),
            ("damaged", "active"),
            ("expired", "active"),
            ("replaced", "active"),
            ("replaced", "closed"),
            ("returned", "distributed"),
            ("closed", "active"),
            ("overdue", "blocked_pin"),
            ("overdue", "replaced"),
            ("overdue", "blocked_ministry"),
            ("overdue", "distributed"),
        ] {
            let id = id_of(&bank, &world.card_in(from));
            let answer = set_state(&bank, &id, to);
            assert_eq!(answer.problem(409), "card_state_conflict", "{from} -> {to}");
        }
        let id = id_of(&bank, &world.card_in("overdue"));
        for body in [
            json!({"state": "stolen", "reason": "x"}),
            json!({"state": "Active", "reason": "x"}),
            json!({"state": "lost", "reason": ""}),
            json!({"state": "lost"}),
        ] {
            let answer = bank.api.post(&format!("/v1/cards/{id}/state"), &body);
            assert_eq!(answer.problem(422), "request_invalid", "{body}");
        }
        assert_eq!(look_up(&bank, &world.card_in("overdue")).expect(200)["state"], "active");
    }

    /// A bank whose answer got lost asks again.
    fn the_same_change_again_finds_what_was_done(backend) {
        let world = World::shared(backend);
        let bank = world.bank("btn");
        let (first, card) = issue(&bank, 160);
        let body = first.expect(201);
        assert_eq!(issue(&bank, 160).0.expect(201), body);
        let nik = |serial: usize| format!("317401010190{serial:04}");
        let other = issue_to(&bank, &card.card_number, &nik(161));
        assert_eq!(other.problem(409), "card_number_taken", "another family's");
        let elsewhere = issue_to(&world.bank("bri"), &card.card_number, &nik(160));
        assert_eq!(elsewhere.problem(409), "card_number_taken", "another bank's");
        let id = text(&body, "id");
        let done = set_state(&bank, id, "distributed").expect(200);
        assert_eq!(set_state(&bank, id, "distributed").expect(200), done);
        let new = replace(&bank, id, &unknown_number(162)).expect(201);
        assert_eq!(replace(&bank, id, &unknown_number(162)).expect(201), new);
        assert_eq!(replace(&bank, id, &unknown_number(163)).problem(409), "card_state_conflict");
        world.verify();
    }

    /// No money moves, and the old number is dead.
    fn a_replacement_keeps_the_balance_and_ends_the_old_card(backend) {
        let world = World::shared(backend);
        let (bank, till) = (world.bank("bni"), world.till("JBI-1"));
        let old = world.fresh_card("bni");
        assert_eq!(bought(&till, &old), "approved");
        let before = look_up(&bank, &old).expect(200);
        set_state(&bank, text(&before, "id"), "lost").expect(200);
        let new = Card { card_number: unknown_number(110), pin: PIN.to_owned(), ..old.clone() };
        let body = replace(&bank, text(&before, "id"), &new.card_number).expect(201);
        assert_eq!((text(&body, "state"), &body["has_pin"]), ("printed", &json!(false)));
        assert_eq!(body["wallet"], before["wallet"]);
        assert_ne!(body["id"], before["id"]);
        assert_eq!(look_up(&bank, &old).expect(200)["state"], "replaced");
        assert_eq!(bought(&till, &old), "card_not_active");
        assert_eq!(bought(&till, &new), "pin_wrong", "it has none");

        let id = text(&body, "id");
        set_state(&bank, id, "distributed").expect(200);
        set_pin(&bank, id, PIN).expect(200);
        assert_eq!(world.balance(&new), 108_000);
        assert_eq!(bought(&till, &new), "approved");
        assert_eq!(bought(&till, &old), "card_not_active");
        let again = replace(&bank, text(&before, "id"), &unknown_number(111));
        assert_eq!(again.problem(409), "card_state_conflict");
    }

    /// Its money waits on the wallet.
    fn a_family_whose_card_was_closed_gets_another_on_the_same_wallet(backend) {
        let world = World::shared(backend);
        let bank = world.bank("mandiri");
        let old = world.fresh_card("mandiri");
        let nik = world.nik(&old);
        let taken = issue_to(&bank, &unknown_number(120), &nik);
        assert_eq!(taken.problem(409), "household_has_card");
        let before = look_up(&bank, &old).expect(200);
        set_state(&bank, text(&before, "id"), "closed").expect(200);
        let elsewhere = issue_to(&world.bank("bri"), &unknown_number(121), &nik);
        assert_eq!(elsewhere.problem(409), "household_has_card");
        let body = issue_to(&bank, &unknown_number(122), &nik).expect(201);
        assert_eq!(body["wallet"], before["wallet"]);
        set_state(&bank, text(&body, "id"), "distributed").expect(200);
        set_pin(&bank, text(&body, "id"), PIN).expect(200);
        let new = Card { card_number: unknown_number(122), pin: PIN.to_owned(), ..old };
        assert_eq!(world.balance(&new), 110_000);
    }

    /// A number is one card's, whoever's.
    fn a_card_number_is_given_once(backend) {
        let world = World::shared(backend);
        let taken = world.fresh_card("btn");
        for (bank, serial) in [("btn", 130), ("bri", 131)] {
            let bank = world.bank(bank);
            let answer = issue_to(&bank, &taken.card_number, &format!("317401010190{serial:04}"));
            assert_eq!(answer.problem(409), "card_number_taken");
        }
        let bri = world.bank("bri");
        let mine = world.fresh_card("bri");
        let answer = replace(&bri, &id_of(&bri, &mine), &taken.card_number);
        assert_eq!(answer.problem(409), "card_number_taken");
        assert_eq!(look_up(&bri, &mine).expect(200)["state"], "active", "nothing changed");
    }

    /// A card that never worked, an invalid NIK.
    fn an_issue_that_cannot_be_is_refused(backend) {
        let world = World::shared(backend);
        let bank = world.bank("bri");
        let good = json!({
            "card_number": unknown_number(140), "nik": "3174010101900140", "name": "Z",
            "region_code": "3174010001", "expires": "2099-12-31",
        });
        for (field, value) in [
            ("card_number", json!("6013080000000000")),
            ("nik", json!("317401")),
            ("nik", json!(3_174_010_101_900_140_i64)),
            ("name", json!("")),
            ("name", json!("a\u{7}")),
            ("name", json!(" ")),
            ("name", json!("\u{200e}\u{200f}")),
            ("name", json!("Siti\u{202e}itis")),
            ("region_code", json!("31.74.01")),
            ("expires", json!("2020-01-31")),
            ("expires", json!("31-12-2099")),
            ("pin", json!("271828")),
        ] {
            let mut body: Value = good.clone();
            body[field] = value;
            let answer = bank.api.post("/v1/cards", &body);
            assert_eq!(answer.problem(422), "request_invalid", "{body}");
        }
        let unissued = Card { card_number: unknown_number(140), ..world.card_in("lost") };
        assert_eq!(look_up(&bank, &unissued).problem(404), "not_found");
    }

    /// What is another bank's is not there.
    fn a_bank_sees_and_changes_its_own_cards_only(backend) {
        let world = World::shared(backend);
        let (owner, other) = (world.bank("bri"), world.bank("bni"));
        let card = world.fresh_card("bri");
        let unknown = Card { card_number: unknown_number(150), ..card.clone() };
        let id = id_of(&owner, &card);
        let others = [
            look_up(&other, &card),
            set_state(&other, &id, "blocked_bank"),
            set_pin(&other, &id, PIN),
            replace(&other, &id, &unknown_number(151)),
        ];
        for answer in others {
            assert_eq!(answer.problem(404), "not_found");
        }
        assert_eq!(look_up(&owner, &unknown).problem(404), "not_found");
        for id in ["crd_x", "crd_aaaaaaaaaaaaaaaaaaaaaaaaaa", &id.replace("crd_", "wlt_")] {
            assert_eq!(set_state(&owner, id, "lost").problem(404), "not_found", "{id}");
        }
        assert_eq!(bought(&world.till("JBI-1"), &card), "approved");
    }
}
