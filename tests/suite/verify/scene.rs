//! A database that has every kind of row, made through the public doors.

use std::time::Duration;

use ewarong_tests::client::Bank;
use ewarong_tests::process::{run_pos_api, stdout_of};
use ewarong_tests::seed::folder::unknown_number;
use ewarong_tests::seed::{clear_of_midnight, finished_run};
use ewarong_tests::{Backend, World};
use serde_json::{Value, json};

use crate::reconciliations::desk::{Desk, bank_file};
use crate::till::{buy, buy_with_wrong_pin, fresh_key, goods, text};

/// A world whose server has ended.
pub(super) fn scene(backend: Backend) -> World {
    clear_of_midnight();
    let mut world =
        World::start_with(backend, &["--four-eyes-above", "50000", "--rollup-span", "20"]);
    shops(&world);
    let desk = Desk::of(&world);
    let sold = desk.worked_day();
    days(&desk, [sold.reference("EW-JAMBI"), sold.reference("EW-JAKARTA")]);
    the_shops_own_day(&world, sold.reference("EW-JAMBI"));
    // What a bank had is told by times: a funding a few seconds before the run belongs to it for certain.
    world.programme().fund("more", "bni", 50_000_000, "SP2D 7").expect(201);
    std::thread::sleep(Duration::from_secs(6));
    let run = finished_run(&world.programme(), "2018-10");
    assert!(run.to_string().contains("refused_funds"), "{run}");
    cards(&world);
    let url = world.server.database_url();
    stdout_of(&run_pos_api(world.dir(), ["client", "revoke", "till-JPR-1", "--database-url", url]));
    let ended = world.server.terminate();
    assert!(ended.success(), "{ended}");
    world
}

/// Refused purchases, each for another reason.
fn shops(world: &World) {
    let till = world.till("KPG-1");
    let card = world.fresh_card("bni");
    for refused in ["gula 1 kg 13000", "rice premium 5 kg 99000", "eggs 100 piece 2000"] {
        buy(&till, &card, &goods(refused)).expect(402);
    }
    buy_with_wrong_pin(&till, &card, &goods("eggs 1 piece 2000")).expect(402);
    buy(&till, &world.card_in("blocked_bank"), &goods("eggs 1 piece 2000")).expect(402);
    let items = goods("eggs 1 piece 2000");
    till.redeem(&fresh_key(), &unknown_number(7), "271828", &items).expect(402);
    let other = world.fresh_card("bni");
    (0..3).for_each(|_| drop(buy_with_wrong_pin(&till, &other, &items).expect(402)));
}

/// Recordings, decisions by one and by two, a signature, a reopening, and another recording.
fn days(desk: &Desk<'_>, [first, second]: [&str; 2]) {
    let (one, two) = (desk.bank(), desk.second());
    let rows = format!(
        "{first} +175000\nBIAYA ADM {first} -1500\n{second} +110000\n{second} +110000\nSETOR TUNAI +20000"
    );
    let whole = bank_file(0, &rows, None);
    let recorded = desk.record(&[("statement.csv", &whole)]).expect(201);
    let stranger = desk.open_one("bank_only");
    let note = format!("/v1/exceptions/{}/notes", text(&stranger, "id"));
    one.api.post(&note, &json!({"note": "ditanyakan", "owner": "meja 3"})).expect(201);
    let twice = desk.open_one("duplicate_in_bank");
    Desk::decide(&one, &twice, "duplicate_confirmed").expect(202);
    Desk::decide(&two, &twice, "duplicate_confirmed").expect(200);
    Desk::decide(&one, &stranger, "suspense").expect(200);
    let path = format!("/v1/reconciliations/{}", text(&recorded, "id"));
    two.api.post(&format!("{path}/sign-off"), &json!({})).expect(200);
    let reason = json!({"reason": "berkas susulan"});
    two.api.post(&format!("{path}/reopenings"), &reason).expect(200);
    let late = bank_file(413_500, "SETOR LAIN +300", None);
    desk.record(&[("late.csv", &late)]).expect(201);
}

fn the_shops_own_day(world: &World, reference: &str) {
    let file = bank_file(0, &format!("{reference} +175000"), None);
    Desk::record_as(&world.till("JBI-1").api, &[("mine.csv", &file)]).expect(201);
}

/// A card's life: issued, handed out, blocked, replaced.
fn cards(world: &World) {
    let bank = world.bank("bri");
    let issued = json!({
        "card_number": unknown_number(500), "nik": "3174010101900500", "name": "R4",
        "region_code": "3174010001", "expires": "2099-12-31",
    });
    let card = bank.api.post("/v1/cards", &issued).expect(201);
    let path = format!("/v1/cards/{}", text(&card, "id"));
    let state = |state: &str| state_of(&bank, &path, state);
    state("distributed");
    bank.api.post(&format!("{path}/pin"), &json!({"pin": "271828"})).expect(200);
    state("blocked_bank");
    let next = json!({"card_number": unknown_number(501), "expires": "2099-12-31"});
    bank.api.post(&format!("{path}/replacement"), &next).expect(201);
}

fn state_of(bank: &Bank, path: &str, state: &str) -> Value {
    let body = json!({"state": state, "reason": "permintaan keluarga"});
    bank.api.post(&format!("{path}/state"), &body).expect(200)
}
