//! What the programme may do alone, what two of its clients do together, and what can be taken back.

mod reversals;

use ewarong_tests::client::Programme;
use ewarong_tests::process::run_pos_api;
use ewarong_tests::seed::folder::MONTHLY;
use ewarong_tests::{Answer, World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{number, text};

/// One rupiah more than one client may do alone.
const LARGE: i64 = 1_000_000_001;

fn run(programme: &Programme, body: &Value) -> Answer {
    programme.api.post("/v1/credit-runs", body)
}

/// What is wrong with a field, and with which.
fn pointer(answer: &Answer) -> String {
    assert_eq!(answer.problem(422), "request_invalid");
    answer.json()["errors"][0]["pointer"].as_str().unwrap().to_owned()
}

/// Everything that was ever debited to a bank's holding account, and credited.
fn holding(world: &World, bank: &str) -> (i64, i64) {
    let totals = world.programme().trial_balance().expect(200);
    let name = format!("holding:{bank}");
    let lines = totals["accounts"].as_array().unwrap().iter();
    let mut lines = lines.filter(|line| line["account"] == name.as_str());
    lines.next().map_or((0, 0), |line| (number(line, "debit"), number(line, "credit")))
}

on_both_backends! {
    /// Whoever watches over the service sees who was the first and who the second, and nobody who acted alone.
    fn the_security_log_tells_the_first_client_from_the_second(backend) {
        let world = World::start(backend);
        let (programme, second) = (world.programme(), world.second_programme());
        programme.fund("-", "bri", 1_000, "LOG/1").expect(201);
        programme.fund("-", "bri", 2_000_000_000, "LOG/2").expect(202);
        second.fund("-", "bri", 2_000_000_000, "LOG/2").expect(201);
        programme.fund("-", "bri", 2_000_000_000, "LOG/2").expect(201);
        reversals::credited(&programme, "2018-09");
        let log = world.server.log();
        let steps = log.lines().filter(|line| line.contains("what=\"four_eyes\""));
        let part = |line: &str, name: &str| {
            let (_, rest) = line.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let steps: Vec<_> = steps.map(|line| (part(line, "client"), part(line, "detail"))).collect();
        let step = |client: &str, detail: &str| (client.to_owned(), detail.to_owned());
        assert_eq!(steps, [step("programme", "proposed"), step("programme-second", "agreed")]);
    }

    /// By the service and by the command.
    fn no_period_before_the_first_or_after_the_next_is_credited(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        for period in ["2099-01", "9999-12", "2016-12", "0001-01"] {
            assert_eq!(pointer(&run(&programme, &json!({"period": period}))), "/period", "{period}");
            let url = world.server.database_url();
            let args = ["credit", "--period", period, "--database-url", url];
            let done = run_pos_api(world.dir(), args);
            assert_ne!(done.status.code(), Some(0), "{period} was credited");
        }
        // Before the programme there is no amount, whoever allows it.
        let before = json!({"period": "2016-12", "allow": true});
        assert_eq!(pointer(&run(&programme, &before)), "/period");
        world.verify();
    }

    fn a_period_outside_the_window_is_credited_when_two_say_so(backend) {
        let world = World::start(backend);
        let (programme, second) = (world.programme(), world.second_programme());
        let need = world.families_of("bri") * MONTHLY;
        programme.fund("-", "bri", need, "FAR").expect(201);
        let wanted = json!({"period": "2099-01", "allow": true});
        let proposed = run(&programme, &wanted).expect(202);
        assert_eq!((text(&proposed, "status"), text(&proposed, "state")), ("proposed", "proposed"));
        assert_eq!(proposed["may_agree"], json!({"role": "programme", "except": "programme"}));
        let again = run(&programme, &wanted).expect(202);
        assert_eq!(again["id"], proposed["id"], "the same act of the same client");
        let path = format!("/v1/credit-runs/{}", text(&proposed, "id"));
        assert_eq!(programme.api.get(&path).expect(200)["status"], "proposed");
        let card = world.fresh_card("bri");
        assert_eq!(world.balance(&card), MONTHLY);
        // Without `allow` it is another act, and refused.
        assert_eq!(pointer(&run(&second, &json!({"period": "2099-01"}))), "/period");

        let begun = run(&second, &wanted).expect(202);
        assert_eq!(begun["id"], proposed["id"]);
        let done = reversals::completed(&programme, &path);
        assert_eq!(text(&done, "status"), "completed");
        assert_eq!(world.balance(&card), 2 * MONTHLY);
        world.verify();
    }

    fn no_sum_is_so_large_that_totals_could_not_be_read(backend) {
        let world = World::start(backend);
        let (programme, second) = (world.programme(), world.second_programme());
        for amount in [9_000_000_000_000_000_000, i64::MAX, 10_000_000_000_001] {
            assert_eq!(pointer(&programme.fund("-", "bri", amount, "HUGE")), "/amount");
        }
        for nth in 0..3 {
            let reference = format!("HIGHEST-{nth}");
            programme.fund("-", "bri", 10_000_000_000_000, &reference).expect(202);
            second.fund("-", "bri", 10_000_000_000_000, &reference).expect(201);
        }
        assert!(holding(&world, "bri").0 > 30_000_000_000_000);
        world.verify();
    }

    /// White space, case, marks that nobody sees.
    fn a_reference_that_looks_the_same_is_the_same_or_refused(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        programme.fund("-", "bri", 5_000, "UJI/1").expect(201);
        let before = holding(&world, "bri");
        for reference in [
            "UJI/1 ", " UJI/1", "UJI/1\t", "UJI/1\u{a0}", "UJI/\u{200b}1", "\u{202e}UJI/1", "UJI/1\n",
            "UJI/1\u{301}\u{323}",
        ] {
            let answer = programme.fund("-", "bri", 5_000, reference);
            assert_eq!(pointer(&answer), "/reference", "{reference:?}");
        }
        for reference in ["uji/1", "UJI/1", "Uji/1", "ＵＪＩ/1"] {
            let answer = programme.fund("-", "bri", 5_000, reference);
            assert_eq!(answer.expect(201)["reference"], "UJI/1", "{reference}");
            assert_eq!(answer.header("idempotent-replayed"), Some("true"));
            let other = programme.fund("-", "bri", 5_001, reference);
            assert_eq!(other.problem(409), "reference_reused");
        }
        assert_eq!(holding(&world, "bri"), before);
        world.verify();
    }

    fn a_large_funding_is_recorded_when_two_clients_want_it(backend) {
        let world = World::start(backend);
        let (programme, second) = (world.programme(), world.second_programme());
        let before = holding(&world, "bri");
        programme.fund("-", "bri", LARGE - 1, "ALONE").expect(201);
        let proposed = programme.fund("-", "bri", LARGE, "TWO").expect(202);
        assert_eq!((text(&proposed, "state"), text(&proposed, "act")), ("proposed", "funding"));
        assert_eq!(proposed["may_agree"], json!({"role": "programme", "except": "programme"}));
        let again = programme.fund("-", "bri", LARGE, "two").expect(202);
        assert_eq!(again, proposed, "the same act of the same client");
        // Another sum is another act.
        let other = second.fund("-", "bri", LARGE + 1, "TWO").expect(202);
        assert_ne!(other["id"], proposed["id"]);
        assert_eq!(holding(&world, "bri").0 - before.0, LARGE - 1);

        let funded = second.fund("-", "bri", LARGE, "two").expect(201);
        let replay = programme.fund("-", "bri", LARGE, "TWO");
        assert_eq!(replay.header("idempotent-replayed"), Some("true"));
        assert_eq!(replay.expect(201)["transfer_id"], funded["transfer_id"]);
        assert_eq!(holding(&world, "bri").0 - before.0, 2 * LARGE - 1);
        // What the other sum was proposed for is used up.
        assert_eq!(programme.fund("-", "bri", LARGE + 1, "TWO").problem(409), "reference_reused");

        let listed = world.auditor().api.get("/v1/proposals?state=carried_out").expect(200);
        let [one] = &listed["data"].as_array().unwrap()[..] else { panic!("{listed}") };
        assert_eq!((&one["id"], &one["agreed_by"]), (&proposed["id"], &json!("programme-second")));
        assert_eq!((text(one, "proposed_by"), number(one, "stake")), ("programme", LARGE));
        assert_eq!(world.bank("bri").api.get("/v1/proposals").status, 403);
        let all = programme.api.get("/v1/proposals?limit=1").expect(200);
        assert_eq!(all["data"].as_array().map(Vec::len), Some(1));
        let next = format!("/v1/proposals?limit=1&cursor={}", text(&all, "next_cursor"));
        assert_ne!(programme.api.get(&next).expect(200)["data"][0]["id"], all["data"][0]["id"]);
        world.verify();
    }

    /// A client that lost its access has no say, and nobody agrees with itself.
    fn a_proposal_of_a_client_without_access_counts_for_nothing(backend) {
        let world = World::start(backend);
        let (programme, second) = (world.programme(), world.second_programme());
        second.api.token();
        let proposed = programme.fund("-", "bri", LARGE, "LOST").expect(202);
        let url = world.server.database_url();
        let revoked = run_pos_api(world.dir(), ["client", "revoke", "programme", "--database-url", url]);
        assert!(revoked.status.success());
        let anew = second.fund("-", "bri", LARGE, "LOST").expect(202);
        assert_ne!(anew["id"], proposed["id"]);
        assert_eq!(anew["may_agree"]["except"], "programme-second");
        second.fund("-", "bri", LARGE, "LOST").expect(202);
        world.verify();
    }

    fn a_wrong_funding_goes_back_as_far_as_nobody_has_it(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        let wrong = programme.fund("-", "bni", 500_000, "WRONG").expect(201);
        let id = text(&wrong, "id");
        let before = holding(&world, "bni");
        let sent = programme.send_back("r-1", id, 200_000, "typed twice");
        assert_eq!(number(&sent.expect(201), "left"), 300_000);
        let replay = programme.send_back("r-1", id, 200_000, "typed twice");
        assert_eq!((replay.status, &replay.body), (201, &sent.body));
        assert_eq!(replay.header("idempotent-replayed"), Some("true"));
        let reused = programme.send_back("r-1", id, 200_001, "typed twice");
        assert_eq!(reused.problem(422), "idempotency_key_reused");
        let much = programme.send_back("r-2", id, 300_001, "typed twice");
        assert_eq!(much.problem(409), "not_returnable");
        let unknown = programme.send_back("r-2", "fnd_x", 1, "typed twice");
        assert_eq!(unknown.problem(404), "not_found");
        assert_eq!(programme.send_back("r-2", id, 0, "typed twice").status, 422);
        programme.send_back("r-2", text(&wrong, "transfer_id"), 300_000, "typed twice").expect(201);
        let after = holding(&world, "bni");
        assert_eq!((after.0, after.1 - before.1), (before.0, 500_000));

        let listed = world.auditor().api.get("/v1/fundings?bank=bni&limit=1").expect(200);
        let line = &listed["data"][0];
        assert_eq!((text(line, "id"), number(line, "returned")), (id, 500_000));
        let amounts = line["returns"].as_array().unwrap().iter().map(|back| number(back, "amount"));
        assert_eq!(amounts.collect::<Vec<_>>(), [200_000, 300_000]);

        // What families got does not go back, whatever the funding's sum.
        let need = world.families_of("bni") * MONTHLY;
        let right = programme.fund("-", "bni", need, "RIGHT").expect(201);
        reversals::credited(&programme, "2018-10");
        let gone = programme.send_back("r-3", text(&right, "id"), 1, "too late");
        assert_eq!(gone.problem(409), "not_returnable");
        world.verify();
    }

    fn a_large_return_needs_two_clients(backend) {
        let world = World::start(backend);
        let (programme, second) = (world.programme(), world.second_programme());
        programme.fund("-", "btn", 2 * LARGE, "BACK").expect(202);
        let funded = second.fund("-", "btn", 2 * LARGE, "BACK").expect(201);
        let id = text(&funded, "id");
        // Each client has keys of its own.
        let proposed = programme.send_back("same", id, LARGE, "not ours").expect(202);
        assert_eq!(text(&proposed, "act"), "funding_return");
        assert_eq!(programme.send_back("same", id, LARGE, "not ours").expect(202), proposed);
        let done = second.send_back("same", id, LARGE, "indeed");
        assert_eq!(text(&done.expect(201), "reason"), "not ours");
        let replay = programme.send_back("same", id, LARGE, "not ours");
        assert_eq!((replay.status, &replay.body), (201, &done.body));
        assert_eq!(holding(&world, "btn").1, LARGE);
        world.verify();
    }
}
