//! The list of transfers: every filter against a walk over all of them, pages while purchases go on,
//! and bounded work where little is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ewarong_tests::client::ApiClient;
use ewarong_tests::demo::Card;
use ewarong_tests::seed::folder::{BANKS, TILLS};
use ewarong_tests::{World, on_both_backends};
use ledger::domain::calendar::Instant;
use serde_json::{Value, json};

use crate::chance::{Chance, seed};
use crate::till::{buy, buy_with_wrong_pin, fresh_key, goods, number, text};

/// Everything that a query selects, in pages of this size; none may be longer.
pub(crate) fn paged(api: &ApiClient, query: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/v1/transfers?limit={limit}&{query}{cursor}")).expect(200);
        let rows = page["data"].as_array().unwrap();
        assert!(rows.len() <= limit, "{} rows a page of {limit}", rows.len());
        all.extend(rows.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

pub(crate) fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| text(row, "id").to_owned()).collect()
}

/// A family that buys: its card, and what its bank calls card and wallet.
#[derive(Debug, Clone)]
struct Family {
    card: Card,
    card_id: String,
    wallet: String,
}

fn family(world: &World, bank: &str) -> Family {
    let card = world.fresh_card(bank);
    let asked = json!({"card_number": card.card_number});
    let found = world.bank(bank).api.post("/v1/card-lookups", &asked).expect(200);
    let wallet = format!("wallet:{}", text(&found, "wallet"));
    Family { card, card_id: text(&found, "id").to_owned(), wallet }
}

/// A seeded day of purchases, refusals and reversals at every till, with cards of every bank.
fn trade(world: &World, chance: &mut Chance, purchases: usize) -> Vec<Family> {
    let banks = BANKS.iter().flat_map(|bank| [bank.code, bank.code]);
    let families: Vec<Family> = banks.map(|bank| family(world, bank)).collect();
    for turn in 0..purchases {
        let till = world.till(chance.pick(&TILLS).terminal);
        let card = &chance.pick(&families).card;
        let price = chance.amount(1, 9) * 500;
        if chance.one_in(8) {
            buy_with_wrong_pin(&till, card, &goods("eggs 1 piece 500"));
            buy(&till, card, &goods("eggs 1 piece 500"));
        }
        let bought = buy(&till, card, &goods(&format!("eggs 1 piece {price}")));
        if bought.status == 201 && chance.one_in(5) {
            let id = text(&bought.json(), "id").to_owned();
            till.reverse(&fresh_key(), &id, "salah").expect(201);
        }
        if turn % 20 == 7 {
            let reference = format!("TRADE-{turn}");
            let amount = chance.amount(1, 9) * 500;
            world.programme().fund("-", chance.pick(&BANKS).code, amount, &reference).expect(201);
        }
    }
    families
}

/// Everything, and what a row does not say: whose wallets and shops are whose.
struct Model {
    rows: Vec<Value>,
    bank_of: BTreeMap<String, String>,
}

impl Model {
    fn of(world: &World, families: &[Family]) -> Self {
        let rows = paged(&world.auditor().api, "", 1000);
        let mut bank_of: BTreeMap<String, String> = BTreeMap::new();
        for till in TILLS {
            bank_of.insert(format!("payable:{}", till.merchant), till.bank.to_owned());
        }
        for row in rows.iter().filter(|row| row["kind"] == "credit") {
            let (_, bank) = text(row, "debit").split_once(':').unwrap();
            bank_of.insert(text(row, "credit").to_owned(), bank.to_owned());
        }
        for family in families {
            assert_eq!(bank_of[&family.wallet], family.card.bank);
        }
        Self { rows, bank_of }
    }

    fn touches_bank(&self, row: &Value, bank: &str) -> bool {
        ["debit", "credit"].iter().any(|side| {
            let account = text(row, side);
            let own = self.bank_of.get(account).map(String::as_str);
            own.or(account.split_once(':').map(|(_, bank)| bank)) == Some(bank)
        })
    }

    /// Whether a row is what `name=value` asks for.
    fn fits(&self, row: &Value, families: &[Family], name: &str, value: &str) -> bool {
        let touches = |account: &str| [&row["debit"], &row["credit"]].contains(&&json!(account));
        let at = || text(row, "created_at").parse::<Instant>().unwrap();
        match name {
            "kind" => text(row, "kind") == value,
            "min_amount" => number(row, "amount") >= value.parse().unwrap(),
            "max_amount" => number(row, "amount") <= value.parse().unwrap(),
            "from" => at() >= value.parse().unwrap(),
            "to" => at() < value.parse().unwrap(),
            "merchant_id" => touches(&format!("payable:{value}")),
            "bank" => self.touches_bank(row, value),
            "card_id" => {
                families.iter().find(|family| family.card_id == value).is_some_and(|family| {
                    touches(&family.wallet) && row.get("card_id").is_none_or(|card| card == value)
                })
            }
            other => panic!("no filter `{other}`"),
        }
    }
}

/// Who reads, and which rows are its business.
struct Reading<'a> {
    api: &'a ApiClient,
    bank: Option<&'a str>,
    shop: Option<&'a str>,
}

impl Reading<'_> {
    fn sees(&self, model: &Model, row: &Value) -> bool {
        let shop = self.shop.map(|shop| json!(format!("payable:{shop}")));
        let of_shop = |shop: &Value| [&row["debit"], &row["credit"]].contains(&shop);
        self.bank.is_none_or(|bank| model.touches_bank(row, bank))
            && shop.as_ref().is_none_or(of_shop)
    }
}

/// Parameters with values that find something, everything and nothing.
fn filters(model: &Model, families: &[Family], chance: &mut Chance) -> Vec<(&'static str, String)> {
    let mut filters = Vec::new();
    for kind in ["funding", "credit", "redemption", "reversal", "settlement"] {
        filters.push(("kind", kind.to_owned()));
    }
    for bank in ["bri", "btn"] {
        filters.push(("bank", bank.to_owned()));
    }
    for merchant in ["EW-JAMBI", "EW-JAKARTA", "EW-NOWHERE"] {
        filters.push(("merchant_id", merchant.to_owned()));
    }
    for family in [chance.pick(families), chance.pick(families)] {
        filters.push(("card_id", family.card_id.clone()));
    }
    for name in ["min_amount", "max_amount"] {
        filters.push((name, number(chance.pick(&model.rows), "amount").to_string()));
        filters.push((name, "2000".to_owned()));
    }
    for name in ["from", "to"] {
        // One between the purchases, and one before and after everything.
        let bought =
            model.rows.iter().filter(|row| row["kind"] == "redemption").collect::<Vec<_>>();
        let bought = bought[chance.below(bought.len())];
        filters.push((name, text(bought, "created_at").to_owned()));
        filters.push((name, "2099-01-01T00:00:00Z".to_owned()));
    }
    filters
}

on_both_backends! {
    /// Alone and in pairs, for each role, against a walk over everything there is.
    fn every_filter_finds_what_it_says(backend) {
        let world = World::start(backend);
        let mut chance = Chance::of(seed());
        let families = trade(&world, &mut chance, 60);
        let model = Model::of(&world, &families);
        let filters = filters(&model, &families, &mut chance);
        let (auditor, bank, till) = (world.auditor(), world.bank("bni"), world.till("JBI-1"));
        let readers = [
            Reading { api: &auditor.api, bank: None, shop: None },
            Reading { api: &bank.api, bank: Some("bni"), shop: None },
            Reading { api: &till.api, bank: None, shop: Some("EW-JAMBI") },
        ];
        let mut asked: Vec<Vec<&(&str, String)>> = filters.iter().map(|one| vec![one]).collect();
        for (place, one) in filters.iter().enumerate() {
            let others = filters[place + 1..].iter().filter(|other| other.0 != one.0);
            asked.extend(others.map(|other| vec![one, other]));
        }
        for _ in 0..40 {
            let mut three: Vec<_> = (0..3).map(|_| chance.pick(&filters)).collect();
            three.dedup_by_key(|one| one.0);
            if three.iter().map(|one| one.0).collect::<BTreeSet<_>>().len() == three.len() {
                asked.push(three);
            }
        }
        let mut found_some = 0;
        for reader in readers {
            for query in &asked {
                let limit = *chance.pick(&[1000, 100, 37]);
                let parameters = query.iter().map(|(name, value)| format!("{name}={value}"));
                let parameters = parameters.collect::<Vec<_>>().join("&");
                let wanted = model.rows.iter().filter(|row| {
                    reader.sees(&model, row)
                        && query.iter().all(|(name, value)| model.fits(row, &families, name, value))
                });
                let wanted = wanted.map(|row| text(row, "id").to_owned()).collect::<Vec<_>>();
                let found = ids(&paged(reader.api, &parameters, limit));
                let differs = found.iter().zip(&wanted).position(|(found, wanted)| found != wanted);
                let what = (found.len(), wanted.len(), differs);
                let as_wanted = (wanted.len(), wanted.len(), None);
                assert_eq!(what, as_wanted, "{parameters} for {:?} {:?}", reader.bank, reader.shop);
                found_some += usize::from(!wanted.is_empty());
            }
        }
        assert!(found_some > asked.len(), "{found_some} of {} find anything", asked.len() * 3);
    }

    /// No transfer twice, and none of those that were there before: whatever is sold and sealed
    /// meanwhile.
    fn a_walk_gives_each_transfer_once_while_purchases_go_on(backend) {
        let world = World::start(backend);
        let mut chance = Chance::of(seed());
        let families = trade(&world, &mut chance, 40);
        let (auditor, bank, till) = (world.auditor(), world.bank("bni"), world.till("JBI-1"));
        let card = format!("card_id={}", families[0].card_id);
        let readers = [
            (&auditor.api, "kind=redemption"),
            (&auditor.api, "merchant_id=EW-JAMBI"),
            (&auditor.api, card.as_str()),
            (&bank.api, "min_amount=1000&max_amount=4500"),
            (&till.api, ""),
        ];
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for (place, terminal) in ["JBI-1", "JKT-1"].into_iter().enumerate() {
                let (stop, world, card) = (&stop, &world, families[place].card.clone());
                scope.spawn(move || {
                    let till = world.till(terminal);
                    while !stop.load(Ordering::Relaxed) {
                        let bought = buy(&till, &card, &goods("eggs 1 piece 1000"));
                        if bought.status == 201 {
                            // Taken back, so that the family never runs out.
                            let id = text(&bought.json(), "id").to_owned();
                            till.reverse(&fresh_key(), &id, "salah").expect(201);
                        }
                    }
                });
            }
            for turn in 0..3 {
                for (api, query) in &readers {
                    let before = ids(&paged(api, query, 1000));
                    let walked = ids(&paged(api, query, 7 + turn * 16));
                    let once: BTreeSet<&String> = walked.iter().collect();
                    assert_eq!(once.len(), walked.len(), "`{query}` gives one twice");
                    let lost = before.iter().filter(|id| !once.contains(id)).collect::<Vec<_>>();
                    assert!(lost.is_empty(), "`{query}` loses {lost:?}");
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
        world.verify();
    }

    /// A page never takes long: where little is wanted it may be empty, and the list goes on.
    fn a_rare_transfer_is_looked_for_in_bounded_steps(backend) {
        let world = World::start(backend);
        let api = world.auditor().api;
        let fundings = ids(&paged(&api, "kind=funding", 1000));
        world.sql(&old_credits(80_000));
        // Newer than the old ones: at once, and then nothing for a while.
        let first = api.get("/v1/transfers?kind=funding&limit=1000").expect(200);
        assert_eq!(ids(first["data"].as_array().unwrap()), fundings);
        let (mut pages, mut cursor) = (0, first["next_cursor"].as_str().map(str::to_owned));
        while let Some(next) = cursor {
            let page = api.get(&format!("/v1/transfers?kind=funding&cursor={next}")).expect(200);
            assert_eq!(page["data"], json!([]));
            (pages, cursor) = (pages + 1, page["next_cursor"].as_str().map(str::to_owned));
        }
        assert!((6..=10).contains(&pages), "80,000 rows in {pages} steps");
        // A time is gone to directly: the oldest are there on the first page.
        let path = "/v1/transfers?to=2017-06-01T00:00:02Z&limit=1000";
        let oldest = api.get(path).expect(200);
        let rows = oldest["data"].as_array().unwrap();
        assert_eq!((rows.len(), text(&rows[0], "created_at")), (8, "2017-06-01T00:00:01.750Z"));
        assert_eq!(oldest["next_cursor"], Value::Null);
    }
}

/// Statements that write so many credits of one family before everything else: four a second from
/// 1 June 2017 on. They are in no batch, so `verify` would not like them.
pub(crate) fn old_credits(count: usize) -> String {
    format!(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})
         INSERT INTO transfers (id, anchor_id, debit_account, credit_account, amount, balance_after,
             subject, created_at, business_date, kind)
         SELECT ((CAST(1496275200000 AS BIGINT) + i * 250 - 1483228800000) << 22) + 1, w.id,
             b.unallocated_account, w.id, 1 + i % 100000, 1 + i % 100000, 201706,
             CAST(1496275200000 AS BIGINT) + i * 250, 20170601, 2
         FROM n CROSS JOIN (SELECT MIN(id) AS id FROM wallets) m
         JOIN wallets w ON w.id = m.id JOIN banks b ON b.id = w.bank_id"
    )
}
