//! A bank's day is closed, and what it owes each shop is what that shop sold.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ewarong_tests::client::ApiClient;
use ewarong_tests::demo::Card;
use ewarong_tests::process::wait_until;
use ewarong_tests::seed::{PATIENCE, clear_of_midnight, today};
use ewarong_tests::{Answer, World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{assert_members, buy, fresh_key, goods, listed, number, text};

fn close(world: &World, bank: &str, day: &str) -> Answer {
    world.bank(bank).close_early(day)
}

/// Closes the bank's day and waits until the sealer has closed it.
fn close_and_wait(world: &World, bank: &str, day: &str) -> Vec<Value> {
    let body = close(world, bank, day).expect(202);
    assert_members(&body, &["bank", "business_date", "state"]);
    assert_eq!((text(&body, "bank"), text(&body, "business_date")), (bank, day));
    assert!(["closing", "closed"].contains(&text(&body, "state")), "{body}");
    let closed = wait_until(PATIENCE, || close(world, bank, day).expect(202)["state"] == "closed");
    assert!(closed, "the day stays open:\n{}", world.server.log());
    listed(&world.bank(bank).api, &format!("/v1/settlements?business_date={day}"))
}

fn items_of(api: &ApiClient, settlement: &Value) -> Vec<Value> {
    listed(api, &format!("/v1/settlements/{}/items", text(settlement, "id")))
}

fn of_merchant<'a>(settlements: &'a [Value], merchant: &str) -> &'a Value {
    let found = settlements.iter().filter(|one| one["merchant_id"] == merchant).collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "{merchant} in {settlements:?}");
    found[0]
}

/// A purchase of so many eggs at 1,000 rupiah; its id.
fn eggs(world: &World, terminal: &str, card: &Card, count: i64) -> String {
    let answer = buy(&world.till(terminal), card, &goods(&format!("eggs {count} piece 1000")));
    text(&answer.expect(201), "id").to_owned()
}

on_both_backends! {
    /// Redemptions minus reversals, for each shop and each issuer.
    fn a_closed_day_owes_each_shop_what_it_sold(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let (bri, bni, day) =
            (world.fresh_card("bri"), world.fresh_card("bni"), today().to_string());
        let sold = [
            eggs(&world, "JBI-1", &bri, 10),
            eggs(&world, "JBI-1", &bni, 20),
            eggs(&world, "JBI-1", &bri, 5),
        ];
        world.till("JBI-1").reverse(&fresh_key(), &sold[2], "salah").expect(201);
        buy(&world.till("JBI-1"), &bri, &goods("sugar 1 kg 1")).expect(402);
        eggs(&world, "JKT-1", &bri, 7);
        eggs(&world, "JKT-2", &bni, 8);
        let elsewhere = eggs(&world, "KPG-1", &bri, 9);

        let settlements = close_and_wait(&world, "bri", &day);
        assert_eq!(settlements.len(), 2, "{settlements:?}");
        let jambi = of_merchant(&settlements, "EW-JAMBI");
        assert_members(
            jambi,
            &[
                "id",
                "bank",
                "merchant_id",
                "merchant_name",
                "business_date",
                "state",
                "stage",
                "paid",
                "settlement_lag",
                "reference",
                "redemptions",
                "reversals",
                "gross",
                "reversed",
                "net",
                "carried",
                "set_off",
                "due",
                "issuers",
            ],
        );
        assert_eq!((text(jambi, "bank"), text(jambi, "business_date")), ("bri", day.as_str()));
        assert_eq!(text(jambi, "state"), "closed");
        assert_eq!((number(jambi, "redemptions"), number(jambi, "reversals")), (3, 1));
        let sums = ["gross", "reversed", "net"].map(|sum| number(jambi, sum));
        assert_eq!(sums, [35_000, 5_000, 30_000]);
        let issuers = json!([{"bank": "bri", "net": 10_000}, {"bank": "bni", "net": 20_000}]);
        assert_eq!(jambi["issuers"], issuers);
        let jakarta = of_merchant(&settlements, "EW-JAKARTA");
        assert_eq!((number(jakarta, "redemptions"), number(jakarta, "net")), (2, 15_000));
        assert_ne!(jambi["reference"], jakarta["reference"]);

        let items = items_of(&world.bank("bri").api, jambi);
        assert_eq!(items.iter().map(|item| number(item, "amount")).sum::<i64>(), 30_000);
        let of = |kind: &str| {
            let those = items.iter().filter(|item| item["kind"] == kind);
            those.map(|item| text(item, "redemption_id").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((of("redemption"), of("reversal")), (sold.to_vec(), vec![sold[2].clone()]));
        assert!(!items.iter().any(|item| item["redemption_id"] == json!(elsewhere)));
        world.verify();
    }

    /// The shop's till shows the day before its bank closes it.
    fn a_shop_sees_its_own_day_before_and_after_the_close(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let (card, day) = (world.fresh_card("bri"), today().to_string());
        let path = format!("/v1/settlements?business_date={day}");
        let (jambi, jakarta) = (world.till("JBI-1").api, world.till("JKT-1").api);
        eggs(&world, "JBI-1", &card, 10);
        eggs(&world, "JKT-1", &card, 3);
        let own = listed(&jambi, &path);
        assert_eq!(own.len(), 1);
        assert_eq!((text(&own[0], "state"), &own[0]["id"]), ("open", &Value::Null));
        assert_eq!((text(&own[0], "merchant_id"), number(&own[0], "net")), ("EW-JAMBI", 10_000));
        assert!(listed(&world.bank("bri").api, &path).is_empty(), "no settlement yet");

        let all = close_and_wait(&world, "bri", &day);
        assert_eq!(all.len(), 2);
        for (api, merchant) in [(&jambi, "EW-JAMBI"), (&jakarta, "EW-JAKARTA")] {
            assert_eq!(listed(api, &path), [of_merchant(&all, merchant).clone()]);
            assert_eq!(listed(api, "/v1/settlements"), [of_merchant(&all, merchant).clone()]);
        }
        let path_of = |merchant: &str| {
            format!("/v1/settlements/{}/items", text(of_merchant(&all, merchant), "id"))
        };
        assert_eq!(listed(&jambi, &path_of("EW-JAMBI")).len(), 1);
        assert_eq!(jambi.get(&path_of("EW-JAKARTA")).problem(404), "not_found");
        assert_eq!(world.bank("bni").api.get(&path_of("EW-JAMBI")).problem(404), "not_found");
        assert!(listed(&world.bank("bni").api, &path).is_empty());
        let asked = format!("{path}&merchant_id=EW-JAKARTA");
        assert!(listed(&jambi, &asked).is_empty(), "another shop's day is not there");
        assert_eq!(listed(&world.bank("bri").api, &asked).len(), 1);
        assert_eq!(listed(&world.auditor().api, &path), all);
        assert!(listed(&world.auditor().api, &format!("{path}&bank=bni")).is_empty());
        world.verify();
    }

    /// The mark never blocks a purchase.
    fn what_is_bought_after_the_close_belongs_to_the_next_day(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let (card, day, next) = (world.fresh_card("bri"), today(), today().next().to_string());
        eggs(&world, "JBI-1", &card, 1);
        close(&world, "bri", &day.to_string()).expect(202);
        let body = buy(&world.till("JBI-1"), &card, &goods("eggs 2 piece 1000")).expect(201);
        assert_eq!(text(&body, "business_date"), next);
        let all = close_and_wait(&world, "bri", &day.to_string());
        assert_eq!(number(of_merchant(&all, "EW-JAMBI"), "net"), 1_000);
        let open =
            listed(&world.till("JBI-1").api, &format!("/v1/settlements?business_date={next}"));
        assert_eq!((text(&open[0], "state"), number(&open[0], "net")), ("open", 2_000));
        // Another bank's day is its own.
        let other = buy(&world.till("JPR-1"), &card, &goods("eggs 1 piece 1000")).expect(201);
        assert_eq!(text(&other, "business_date"), next, "btn is past its cut-off all day");
        world.verify();
    }

    /// None before it began, none a second time.
    fn only_a_day_that_is_open_and_has_begun_can_be_closed(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let (day, next) = (today(), today().next());
        for wrong in [next.to_string(), day.minus_days(1).to_string(), "2018-09-01".to_owned()] {
            assert_eq!(close(&world, "bri", &wrong).problem(409), "day_not_open", "{wrong}");
        }
        let all = close_and_wait(&world, "bri", &day.to_string());
        assert!(all.is_empty(), "nothing was sold: {all:?}");
        assert_eq!(close(&world, "bri", &day.to_string()).expect(202)["state"], "closed");
        assert_eq!(close(&world, "bri", &next.to_string()).problem(409), "day_not_open");
        let named = json!({"business_date": day.to_string(), "bank": "bni", "early": true, "reason": "uji"});
        let bni = world.bank("bni").api;
        assert!(
            ["closing", "closed"]
                .contains(&text(&bni.post("/v1/settlements", &named).expect(202), "state"))
        );
        world.verify();
    }

    /// A bank that forgot a day closes it with the next.
    fn a_close_takes_the_days_before_that_are_still_open(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let (card, day, yesterday) = (world.fresh_card("bri"), today(), today().minus_days(1));
        let open = yesterday.minus_days(3).as_number();
        world.sql(&format!("UPDATE banks SET open_business_date = {open} WHERE code = 'bri'"));
        eggs(&world, "JBI-1", &card, 4);
        let all = close_and_wait(&world, "bri", &day.to_string());
        assert_eq!(number(of_merchant(&all, "EW-JAMBI"), "net"), 4_000);
        assert_eq!(close(&world, "bri", &yesterday.to_string()).expect(202)["state"], "closed");
        let next = buy(&world.till("JBI-1"), &card, &goods("eggs 1 piece 1000")).expect(201);
        assert_eq!(text(&next, "business_date"), day.next().to_string());
        world.verify();
    }

    /// Purchases and reversals while the day is closed: each is in exactly one day.
    fn no_purchase_falls_between_two_days(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let (day, next) = (today().to_string(), today().next().to_string());
        let (stop, world) = (AtomicBool::new(false), &world);
        let bought = thread::scope(|scope| {
            let shop = |_| {
                let (card, till, stop) = (world.fresh_card("bni"), world.till("JBI-1"), &stop);
                scope.spawn(move || {
                    let mut bought = Vec::new();
                    while !stop.load(Ordering::Relaxed) && bought.len() < 100 {
                        let body = buy(&till, &card, &goods("eggs 1 piece 1000")).expect(201);
                        bought.push((
                            text(&body, "id").to_owned(),
                            text(&body, "business_date").to_owned(),
                        ));
                    }
                    bought
                })
            };
            let shops = (0..8).map(shop).collect::<Vec<_>>();
            let settled = close_and_wait(world, "bri", &day);
            stop.store(true, Ordering::Relaxed);
            let bought =
                shops.into_iter().flat_map(|shop| shop.join().unwrap()).collect::<Vec<_>>();
            (settled, bought)
        });
        let (settled, bought) = bought;
        let mut expected = Vec::new();
        for (id, date) in bought {
            assert!(date == day || date == next, "{date}");
            if date == day {
                expected.push(id);
            }
        }
        let items = settled.iter().flat_map(|one| {
            let path = format!("/v1/settlements/{}/items?limit=1000", text(one, "id"));
            world.bank("bri").api.get(&path).expect(200)["data"].as_array().unwrap().clone()
        });
        let mut settled_ids =
            items.map(|item| text(&item, "redemption_id").to_owned()).collect::<Vec<_>>();
        settled_ids.sort_unstable();
        expected.sort_unstable();
        assert_eq!(settled_ids, expected);
        let counted = settled.iter().map(|one| number(one, "redemptions")).sum::<i64>();
        assert_eq!(usize::try_from(counted).unwrap(), expected.len());
        world.verify();
    }

    /// Invalid pages, dates and ids.
    fn a_list_that_cannot_be_asked_for_is_refused(backend) {
        let world = World::shared(backend);
        let api = world.bank("bri").api;
        for query in [
            "limit=0",
            "limit=1001",
            "limit=ten",
            "cursor=x",
            "cursor=MTp4",
            "business_date=2018-02-30",
            "business_date=",
            "day=2018-09-01",
        ] {
            let answer = api.get(&format!("/v1/settlements?{query}"));
            assert_eq!(answer.problem(422), "request_invalid", "{query}");
        }
        for id in ["x", "stl_x", "stl_aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(api.get(&format!("/v1/settlements/{id}/items")).problem(404), "not_found");
        }
    }
}
