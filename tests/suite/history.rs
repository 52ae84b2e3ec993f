//! What shops, banks, auditors and the programme read: attempts, transfers, accounts, totals.

use ewarong_tests::client::ApiClient;
use ewarong_tests::demo::Card;
use ewarong_tests::seed::folder::{BANKS, MONTHLY, unknown_number};
use ewarong_tests::{World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{buy, buy_with_wrong_pin, fresh_key, goods, listed, number, text};

/// Some purchases of one shop, the newest first: approved, refused, taken back, unknown card.
fn sell(world: &World, card: &Card) -> Vec<Value> {
    let till = world.till("JBI-1");
    let unknown = Card { card_number: unknown_number(9), ..card.clone() };
    let mut made = vec![
        buy(&till, card, &goods("eggs 10 piece 1000")).expect(201),
        buy(&till, card, &goods("sugar 1 kg 14000")).expect(402),
        buy(&till, card, &goods("eggs 7 piece 1000")).expect(201),
        buy(&till, &unknown, &goods("eggs 1 piece 1000")).expect(402),
        buy_with_wrong_pin(&till, card, &goods("eggs 2 piece 1000")).expect(402),
        buy(&till, card, &goods("eggs 3 piece 1000")).expect(201),
    ];
    till.reverse(&fresh_key(), text(&made[2], "id"), "salah").expect(201);
    made[2]["status"] = json!("reversed");
    made.reverse();
    made
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| text(row, "id")).collect()
}

fn balance_of(api: &ApiClient, account: &str) -> i64 {
    number(&api.get(&format!("/v1/accounts/{account}")).expect(200), "balance")
}

on_both_backends! {
    /// Every attempt, the newest first, as the shop was answered and as it stands now.
    fn a_shop_reads_every_attempt_it_made(backend) {
        let world = World::start(backend);
        let card = world.fresh_card("bni");
        let made = sell(&world, &card);
        buy(&world.till("JKT-1"), &card, &goods("eggs 1 piece 1000")).expect(201);
        let till = world.till("JBI-1").api;
        let whole = till.get("/v1/redemptions").expect(200);
        assert_eq!(whole["next_cursor"], Value::Null);
        assert_eq!(whole["data"], json!(made));
        assert_eq!(listed(&till, "/v1/redemptions"), made, "page by page");
        let by_status = |status: &str| {
            let rows = listed(&till, &format!("/v1/redemptions?status={status}"));
            ids(&rows).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let expected = ids(&made);
        assert_eq!(by_status("approved"), [expected[0], expected[5]]);
        assert_eq!(by_status("reversed"), [expected[3]]);
        assert_eq!(by_status("refused"), [expected[1], expected[2], expected[4]]);
        let later = "/v1/redemptions?from=2099-01-01T00:00:00Z";
        assert!(listed(&till, later).is_empty());
        assert_eq!(listed(&till, "/v1/redemptions?to=2099-01-01T00:00:00Z").len(), made.len());
        world.verify();
    }

    /// An acknowledged purchase is in the list at once, sealed or not.
    fn a_purchase_is_listed_as_soon_as_it_is_answered(backend) {
        let world = World::shared(backend);
        let (card, till) = (world.fresh_card("bri"), world.till("MKS-1"));
        for _ in 0..30 {
            let made = buy(&till, &card, &goods("eggs 1 piece 1000")).expect(201);
            let page = till.api.get("/v1/redemptions?limit=1000").expect(200);
            let rows = page["data"].as_array().unwrap();
            assert!(rows.contains(&made), "{made} is not in {page}");
        }
    }

    /// After an answer that got lost.
    fn a_shop_finds_its_attempts_by_their_key(backend) {
        let world = World::shared(backend);
        let (one, two, key) = (world.fresh_card("bri"), world.fresh_card("bni"), fresh_key());
        let till = world.till("KPG-1");
        let path = format!("/v1/redemptions?idempotency_key={key}");
        assert!(listed(&till.api, &path).is_empty());
        let bought = goods("eggs 1 piece 1000");
        let first = till.redeem(&key, &one.card_number, &one.pin, &bought).expect(201);
        assert_eq!(listed(&till.api, &path), std::slice::from_ref(&first));
        till.redeem(&key, &one.card_number, &one.pin, &bought).expect(201);
        assert_eq!(listed(&till.api, &path).len(), 1, "a replay is no attempt");
        let second =
            till.redeem(&key, &two.card_number, &two.pin, &goods("salt 1 kg 1")).expect(402);
        assert_eq!(listed(&till.api, &path), [second, first]);
        assert!(listed(&world.till("JBI-1").api, &path).is_empty(), "another shop's key");
    }

    /// As issuer or acquirer; the auditor all of it, with the true reasons.
    fn banks_and_auditors_read_what_concerns_them(backend) {
        let world = World::start(backend);
        let card = world.fresh_card("bni");
        let made = sell(&world, &card);
        let seen = |api: &ApiClient| {
            let rows = listed(api, "/v1/redemptions");
            let row =
                |row: &Value| (text(row, "id").to_owned(), row["code"].as_str().map(str::to_owned));
            rows.iter().map(row).collect::<Vec<_>>()
        };
        let all = seen(&world.auditor().api);
        assert_eq!(all.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ids(&made));
        let codes = all.iter().map(|(_, code)| code.as_deref()).collect::<Vec<_>>();
        let expected = [
            None,
            Some("pin_wrong"),
            Some("card_unknown"),
            None,
            Some("commodity_not_allowed"),
            None,
        ];
        assert_eq!(codes, expected);
        assert_eq!(seen(&world.bank("bri").api), all, "the shop's bank");
        let of_issuer = seen(&world.bank("bni").api);
        let known = all.iter().filter(|(_, code)| code.as_deref() != Some("card_unknown"));
        assert_eq!(of_issuer, known.cloned().collect::<Vec<_>>(), "the card's bank");
        assert!(seen(&world.bank("btn").api).is_empty());
        let look_up = json!({"card_number": card.card_number});
        let found = world.bank("bni").api.post("/v1/card-lookups", &look_up).expect(200);
        let by_card = format!("/v1/redemptions?card_id={}", text(&found, "id"));
        assert_eq!(listed(&world.bank("bni").api, &by_card).len(), 5);
    }

    /// A shop its own, a bank its own, an auditor all; filters and pages.
    fn transfers_are_read_in_their_readers_scope(backend) {
        let world = World::start(backend);
        let card = world.fresh_card("bni");
        sell(&world, &card);
        buy(&world.till("KPG-1"), &card, &goods("eggs 4 piece 1000")).expect(201);
        let till = world.till("JBI-1").api;
        let own = listed(&till, "/v1/transfers");
        let told = |row: &Value| (text(row, "kind").to_owned(), number(row, "amount"));
        let expected = [
            ("reversal", 7_000),
            ("redemption", 3_000),
            ("redemption", 7_000),
            ("redemption", 10_000),
        ];
        assert_eq!(
            own.iter().map(told).collect::<Vec<_>>(),
            expected.map(|(k, a)| (k.to_owned(), a))
        );
        for row in &own {
            let sides = [text(row, "debit"), text(row, "credit")];
            assert!(sides.contains(&"payable:EW-JAMBI") && sides.contains(&"wallet"), "{row}");
            assert!(row.get("card_id").is_none() && row.get("balance_after").is_none(), "{row}");
        }
        let count =
            |api: &ApiClient, filter: &str| listed(api, &format!("/v1/transfers?{filter}")).len();
        assert_eq!(count(&till, "kind=redemption"), 3);
        assert_eq!(count(&till, "min_amount=7000"), 3);
        assert_eq!(count(&till, "max_amount=7000&kind=redemption"), 2);
        assert_eq!(count(&till, "merchant_id=EW-KUPANG"), 0);
        assert_eq!(count(&world.bank("bri").api, "kind=redemption"), 3, "as acquirer");
        assert_eq!(count(&world.bank("bni").api, "kind=redemption"), 4, "as issuer");
        assert_eq!(count(&world.bank("btn").api, "kind=redemption"), 0);
        let auditor = world.auditor().api;
        assert_eq!(count(&auditor, "merchant_id=EW-KUPANG"), 1);
        assert_eq!(count(&auditor, "kind=funding"), BANKS.len());
        assert_eq!(count(&auditor, "kind=funding&bank=btn"), 1);
        let issuer = listed(&world.bank("bni").api, "/v1/transfers?kind=redemption");
        assert!(
            issuer.iter().all(|row| row["card_id"].is_string() && row["balance_after"].is_i64())
        );
        let credits = auditor.get("/v1/transfers?kind=credit&bank=mandiri&limit=1000").expect(200);
        let credits = credits["data"].as_array().unwrap();
        assert_eq!(i64::try_from(credits.len()).unwrap(), world.families_of("mandiri"));
        for wrong in [
            "kind=gift",
            "min_amount=-1",
            "min_amount=1.5",
            "card_id=x",
            "from=today",
            "limit=0",
            "x=1",
        ] {
            assert_eq!(
                till.get(&format!("/v1/transfers?{wrong}")).problem(422),
                "request_invalid",
                "{wrong}"
            );
        }
    }

    /// The entries chain up to the balance.
    fn an_accounts_balance_is_the_sum_of_its_entries(backend) {
        let world = World::start(backend);
        let card = world.fresh_card("bni");
        sell(&world, &card);
        let (jambi, issuer, auditor) =
            (world.till("JBI-1").api, world.bank("bni").api, world.auditor().api);
        assert_eq!(balance_of(&jambi, "payable:EW-JAMBI"), 13_000);
        assert_eq!(balance_of(&auditor, "payable:EW-JAMBI"), 13_000);
        let need = world.families_of("bni") * MONTHLY;
        assert_eq!(balance_of(&issuer, "holding:bni"), need);
        assert_eq!(balance_of(&issuer, "unallocated:bni"), 0);

        let look_up = json!({"card_number": card.card_number});
        let found = issuer.post("/v1/card-lookups", &look_up).expect(200);
        let wallet = format!("wallet:{}", text(&found, "wallet"));
        assert_eq!(balance_of(&issuer, &wallet), MONTHLY - 13_000);
        let entries = listed(&issuer, &format!("/v1/accounts/{wallet}/entries"));
        let mut balance = 0;
        for entry in entries.iter().rev() {
            let sign = if text(entry, "credit") == wallet { 1 } else { -1 };
            balance += sign * number(entry, "amount");
            assert_eq!(number(entry, "balance_after"), balance, "{entry}");
        }
        assert_eq!((entries.len(), balance), (5, MONTHLY - 13_000));

        let entries = listed(&jambi, "/v1/accounts/payable:EW-JAMBI/entries");
        assert_eq!(entries.len(), 4);
        for (api, account) in [
            (&jambi, wallet.as_str()),
            (&jambi, "payable:EW-JAKARTA"),
            (&jambi, "holding:bri"),
            (&world.bank("bri").api, wallet.as_str()),
            (&world.bank("bri").api, "holding:bni"),
            (&world.bank("bni").api, "payable:EW-JAMBI"),
            (&auditor, "payable:EW-NOWHERE"),
            (&auditor, "holding:bca"),
            (&auditor, "x"),
        ] {
            for path in
                [format!("/v1/accounts/{account}"), format!("/v1/accounts/{account}/entries")]
            {
                assert_eq!(api.get(&path).problem(404), "not_found", "{path}");
            }
        }
    }

    /// Debits are credits, and what was funded is somewhere.
    fn the_trial_balance_balances(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        let total = |trial: &Value, kind: &str| {
            let lines = trial["accounts"].as_array().unwrap().iter();
            lines
                .filter(|line| line["kind"] == kind)
                .map(|line| number(line, "balance"))
                .sum::<i64>()
        };
        let funded = BANKS.iter().map(|bank| world.families_of(bank.code) * MONTHLY).sum::<i64>();
        let before = programme.trial_balance().expect(200);
        assert_eq!(number(&before, "debit"), number(&before, "credit"));
        assert_eq!((total(&before, "holding"), total(&before, "wallet")), (funded, funded));
        sell(&world, &world.fresh_card("bni"));
        programme.fund("-", "btn", 500, "MORE").expect(201);
        let after = programme.trial_balance().expect(200);
        assert_eq!(number(&after, "debit"), number(&after, "credit"));
        assert_eq!(number(&after, "debit") - number(&before, "debit"), 27_500);
        let kinds = ["holding", "unallocated", "wallet", "payable"].map(|kind| total(&after, kind));
        assert_eq!(kinds, [funded + 500, 500, funded - 13_000, 13_000]);
        assert_eq!(
            world.auditor().api.get("/v1/trial-balance").expect(200)["accounts"],
            after["accounts"]
        );
        let own = world.bank("bni").api.get("/v1/trial-balance").expect(200);
        for line in own["accounts"].as_array().unwrap() {
            assert!(
                !["bri", "mandiri", "btn"].iter().any(|bank| text(line, "account").ends_with(bank))
            );
        }
    }

    /// What may be sold where, for how much at the most.
    fn a_shop_is_told_its_goods_and_todays_ceilings(backend) {
        let world = World::shared(backend);
        for (terminal, zone, price_zone, medium, premium) in [
            ("JKT-1", "WIB", 1, 9_450, 12_800),
            ("KPG-1", "WITA", 2, 9_950, 13_300),
            ("AMB-1", "WIT", 3, 10_250, 13_600),
        ] {
            let body = world.till(terminal).api.get("/v1/catalogue").expect(200);
            assert_eq!((text(&body, "zone"), number(&body, "price_zone")), (zone, price_zone));
            let items = body["items"].as_array().unwrap();
            let ceiling = |grade: &str| {
                let rice = items.iter().find(|item| item["grade"] == grade).unwrap();
                assert_eq!((text(rice, "commodity"), text(rice, "unit")), ("rice", "kg"));
                number(rice, "ceiling")
            };
            assert_eq!((ceiling("medium"), ceiling("premium")), (medium, premium));
            let eggs = items.iter().filter(|item| item["commodity"] == "eggs").collect::<Vec<_>>();
            let units = eggs.iter().map(|item| text(item, "unit")).collect::<Vec<_>>();
            assert_eq!(units.len(), 3, "{body}");
            assert!(["piece", "tray", "kg"].iter().all(|unit| units.contains(unit)), "{body}");
            assert!(eggs.iter().all(|item| item.get("ceiling").is_none()), "{body}");
        }
    }
}
