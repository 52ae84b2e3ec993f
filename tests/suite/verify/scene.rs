//! A database that has every kind of row, made through the public doors.

use std::fs;
use std::time::Duration;

use ewarong_tests::client::{Bank, Programme};
use ewarong_tests::process::{run_pos_api, stdout_of, wait_until};
use ewarong_tests::seed::folder::unknown_number;
use ewarong_tests::seed::{PATIENCE, clear_of_midnight, finished_run, today};
use ewarong_tests::shim::WrongClock;
use ewarong_tests::{Backend, Server, World};
use ledger::domain::calendar::Date;
use serde_json::{Value, json};

use crate::reconciliations::desk::{Desk, bank_file};
use crate::till::{buy, buy_with_wrong_pin, fresh_key, goods, text, wrong_pin};

const SERVE: [&str; 6] = ["--four-eyes-above", "50000", "--rollup-span", "20", "--wrong-pins", "4"];

/// A world whose server has ended.
pub(super) fn scene(backend: Backend) -> World {
    clear_of_midnight();
    let mut world = World::start_with(backend, &SERVE);
    shops(&world);
    let desk = Desk::of(&world);
    let sold = desk.worked_day();
    days(&desk, [sold.reference("EW-JAMBI"), sold.reference("EW-JAKARTA")]);
    the_shops_own_day(&world, sold.reference("EW-JAMBI"));
    registered(&world);
    rules(&world);
    money(&world);
    cards(&world);
    let url = world.server.database_url();
    stdout_of(&run_pos_api(world.dir(), ["client", "revoke", "till-JPR-1", "--database-url", url]));
    let ended = world.server.terminate();
    assert!(ended.success(), "{ended}");
    if backend == Backend::Sqlite {
        era(&mut world);
    }
    stuck_day(&world);
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
    guesses(world);
}

/// A terminal that guesses by balances and purchases, until it stands still, and is lifted.
fn guesses(world: &World) {
    let (till, card) = (world.till("JKT-2"), world.fresh_card("bri"));
    till.inquire(&card.card_number, &wrong_pin(&card)).expect(402);
    for serial in 20..24 {
        till.inquire(&unknown_number(serial), "271828").expect(402);
    }
    assert_eq!(till.inquire(&card.card_number, &card.pin).problem(402), "terminal_suspended");
    let bank = world.bank("bri");
    for state in ["active", "inactive", "active"] {
        let body = json!({"state": state, "reason": "diperiksa di tempat"});
        bank.api.post("/v1/terminals/JKT-2/state", &body).expect(200);
    }
}

/// What is registered of shops changes: by their bank, and by an import.
fn registered(world: &World) {
    let bank = world.bank("bri");
    for state in ["suspended", "active"] {
        let body = json!({"state": state, "reason": "alamat diperiksa"});
        bank.api.post("/v1/merchants/EW-JAMBI/state", &body).expect(200);
    }
    let folder = world.dir().join("update");
    fs::create_dir(&folder).unwrap();
    for name in ["Warung Baru", "Warung Lama"] {
        let rows = format!(
            "merchant_id,name,kind,address,region_code,bank,zone,price_zone\n\
             EW-JAMBI,{name},rpk,Jalan Lain 2,1571020001,bri,WIB,2\n"
        );
        fs::write(folder.join("merchants.csv"), rows).unwrap();
        let (from, keys) = (folder.display().to_string(), world.keys().display().to_string());
        let url = world.server.database_url();
        let args = ["import", &from, "--database-url", url, "--keys", &keys, "--update", "--yes"];
        stdout_of(&run_pos_api(world.dir(), args));
    }
}

/// A policy and a ceiling that two clients entered, and one that nobody agreed to.
fn rules(world: &World) {
    let (first, second) = (world.programme(), world.second_programme());
    let from = |days: u64| today().plus_days(days).to_string();
    let policy = json!({
        "valid_from": from(30), "monthly_amount": 150_000, "reason": "Surat keputusan uji",
        "goods": [{"commodity": "eggs", "unit": "piece", "decimals": 0}],
    });
    let ceiling = json!({
        "price_zone": 2, "commodity": "rice", "grade": "premium", "unit": "kg",
        "valid_from": from(20), "price": 14_000, "reason": "HET uji",
    });
    for (path, body) in [("/v1/policies", &policy), ("/v1/price-ceilings", &ceiling)] {
        first.api.post(path, body).expect(202);
        second.api.post(path, body).expect(201);
    }
    let mut other = ceiling;
    other["price"] = json!(15_000);
    first.api.post("/v1/price-ceilings", &other).expect(202);
}

/// Fundings by one client and by two, a return, a run that is taken back and given again.
fn money(world: &World) {
    let (first, second) = (world.programme(), world.second_programme());
    // What a bank had is told by times: a funding a few seconds before the run belongs to it for certain.
    first.fund("more", "bni", 50_000_000, "SP2D 7").expect(201);
    first.fund("-", "bri", 2_000_000_000, "SP2D 8").expect(202);
    let large = second.fund("-", "bri", 2_000_000_000, "SP2D 8").expect(201);
    let back = 1_990_000_000;
    let id = text(&large, "id");
    first.send_back(&fresh_key(), id, back, "salah bank").expect(202);
    second.send_back(&fresh_key(), id, back, "salah bank").expect(201);
    std::thread::sleep(Duration::from_secs(6));
    let run = finished_run(&first, "2018-10");
    assert!(run.to_string().contains("refused_funds"), "{run}");
    let id = text(&run, "id");
    first.reverse_run(id, "bulan yang salah").expect(202);
    second.reverse_run(id, "bulan yang salah").expect(202);
    completed(&first, &format!("/v1/credit-runs/{id}/reversals"));
    std::thread::sleep(Duration::from_secs(6));
    finished_run(&first, "2018-10");
}

fn completed(programme: &Programme, path: &str) {
    let is_done = || programme.api.get(path).expect(200)["data"][0]["status"] == "completed";
    assert!(wait_until(PATIENCE, is_done), "{path} does not end");
}

/// A day that cannot be closed, and why: nothing makes one within a test's time.
fn stuck_day(world: &World) {
    let (open, day) = (today(), today().minus_days(1).as_number());
    assert!(Date::from_number(day).is_ok_and(|day| day < open));
    world.sql(&format!(
        "INSERT INTO business_days (bank_id, business_date, status, marked_at, marked_by)
            SELECT b.id, {day}, 1, 1535760000000, c.id FROM banks b JOIN clients c ON c.bank_id = b.id
            WHERE b.code = 'bni';
         INSERT INTO closing_troubles (bank_id, business_date, tries, tried_at, problem)
            SELECT id, {day}, 3, 1535760000000, 'uji' FROM banks WHERE code = 'bni';"
    ));
}

/// The machine's clock is two months behind, and somebody accepts it.
fn era(world: &mut World) {
    let clock = WrongClock::right();
    clock.set_behind(Duration::from_hours(60 * 24));
    let extra = [&SERVE[..], &["--accept-clock", "baterai diganti"]].concat();
    let url = world.server.database_url().to_owned();
    world.server = Server::start_in(&url, &world.keys(), &extra, &clock.environment());
    let card = world.fresh_card("bri");
    buy(&world.till("JBI-1"), &card, &goods("eggs 1 piece 2000")).expect(201);
    let ended = world.server.terminate();
    assert!(ended.success(), "{ended}");
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
