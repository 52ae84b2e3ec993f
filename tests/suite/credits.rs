//! The month: money arrives at the banks, every family gets its amount, once.

use std::thread;

use ewarong_tests::client::Programme;
use ewarong_tests::process::run_pos_api;
use ewarong_tests::seed::folder::{BANKS, MONTHLY};
use ewarong_tests::seed::{PERIOD, finished_run};
use ewarong_tests::{World, on_both_backends};
use serde_json::{Value, json};

use crate::till::{assert_members, number, text};

/// A bank's part of a run.
fn share<'a>(run: &'a Value, bank: &str) -> &'a Value {
    let banks = run["banks"].as_array().unwrap();
    banks.iter().find(|share| share["bank"] == bank).unwrap_or_else(|| panic!("no {bank}: {run}"))
}

/// Gives a bank what its families need for one month, and a difference.
fn fund(world: &World, programme: &Programme, bank: &str, difference: i64, reference: &str) {
    let amount = world.families_of(bank) * MONTHLY + difference;
    programme.fund("-", bank, amount, reference).expect(201);
}

/// `pos-api credit`: its exit code and what it printed.
fn credit_command(world: &World, period: &str) -> (i32, String) {
    let url = world.server.database_url();
    let args = ["credit", "--period", period, "--database-url", url];
    let done = run_pos_api(world.dir(), args);
    (done.status.code().unwrap(), String::from_utf8(done.stdout).unwrap())
}

on_both_backends! {
    /// Cards that were never handed out too: auditors want to see those.
    fn a_run_credits_every_family_of_every_funded_bank(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        for bank in BANKS {
            fund(&world, &programme, bank.code, 5, "OCT");
        }
        let run = finished_run(&programme, "2018-10");
        assert_members(&run, &["id", "period", "status", "banks"]);
        assert_eq!((text(&run, "period"), text(&run, "status")), ("2018-10", "completed"));
        assert_eq!(run["banks"].as_array().map(Vec::len), Some(BANKS.len()));
        for bank in BANKS {
            let (share, families) = (share(&run, bank.code), world.families_of(bank.code));
            assert_members(share, &["bank", "status", "credited", "amount", "needed", "available"]);
            assert_eq!(text(share, "status"), "completed");
            assert_eq!(number(share, "credited"), families);
            assert_eq!(number(share, "amount"), families * MONTHLY);
            assert_eq!(number(share, "needed"), families * MONTHLY);
            assert_eq!(number(share, "available"), families * MONTHLY + 5);
            assert_eq!(world.balance(&world.fresh_card(bank.code)), 2 * MONTHLY);
        }
        world.verify();
    }

    /// What is credited needs nothing.
    fn the_same_month_again_changes_nothing(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        let card = world.fresh_card("bri");
        fund(&world, &programme, "bri", 0, "SPARE");
        for _ in 0..2 {
            let run = finished_run(&programme, PERIOD);
            assert_eq!(text(&run, "status"), "completed");
            for bank in BANKS {
                let share = share(&run, bank.code);
                assert_eq!(text(share, "status"), "completed");
                assert_eq!((number(share, "credited"), number(share, "needed")), (0, 0), "{run}");
            }
        }
        assert_eq!(world.balance(&card), MONTHLY);
        assert_eq!(credit_command(&world, PERIOD).0, 0);
        assert_eq!(world.balance(&card), MONTHLY);
        world.verify();
    }

    /// A bank with less than its families need pays none of them; the others are paid.
    fn a_bank_without_funds_is_refused_as_a_whole_until_it_is_funded(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        fund(&world, &programme, "bri", 0, "OCT");
        fund(&world, &programme, "bni", -1, "OCT");
        fund(&world, &programme, "btn", MONTHLY, "OCT");
        let cards = BANKS.map(|bank| world.fresh_card(bank.code));
        let balances = || cards.each_ref().map(|card| world.balance(card) / MONTHLY);

        let run = finished_run(&programme, "2018-10");
        assert_eq!(text(&run, "status"), "completed");
        for (bank, available) in [("bni", world.families_of("bni") * MONTHLY - 1), ("mandiri", 0)] {
            let share = share(&run, bank);
            assert_eq!(text(share, "status"), "refused_funds", "{bank}");
            assert_eq!((number(share, "credited"), number(share, "amount")), (0, 0));
            assert_eq!(number(share, "needed"), world.families_of(bank) * MONTHLY);
            assert_eq!(number(share, "available"), available);
        }
        for bank in ["bri", "btn"] {
            assert_eq!(text(share(&run, bank), "status"), "completed", "{bank}");
        }
        assert_eq!(balances(), [2, 1, 1, 2], "bri, bni, mandiri, btn");

        programme.fund("-", "bni", 1, "OCT-REST").expect(201);
        fund(&world, &programme, "mandiri", 0, "OCT");
        let run = finished_run(&programme, "2018-10");
        for (bank, credited) in [
            ("bri", 0),
            ("bni", world.families_of("bni")),
            ("mandiri", world.families_of("mandiri")),
            ("btn", 0),
        ] {
            let share = share(&run, bank);
            assert_eq!((text(share, "status"), number(share, "credited")), ("completed", credited));
        }
        assert_eq!(balances(), [2, 2, 2, 2]);
        world.verify();
    }

    /// Two to four months in one visit to the till.
    fn arrears_are_paid_month_by_month(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        let card = world.fresh_card("btn");
        let need = world.families_of("btn") * MONTHLY;
        programme.fund("-", "btn", 2 * need, "ARREARS").expect(201);
        for (period, months) in [("2018-11", 2), ("2018-10", 3)] {
            let run = finished_run(&programme, period);
            assert_eq!(text(share(&run, "btn"), "status"), "completed");
            assert_eq!(text(share(&run, "bri"), "status"), "refused_funds");
            assert_eq!(world.balance(&card), months * MONTHLY);
        }
        let run = finished_run(&programme, "2018-12");
        assert_eq!(text(share(&run, "btn"), "status"), "refused_funds");
        assert_eq!(world.balance(&card), 3 * MONTHLY);
        world.verify();
    }

    /// Whoever starts it: one run at a time, one credit for each family.
    fn runs_started_at_once_credit_each_family_once(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        let card = world.fresh_card("mandiri");
        fund(&world, &programme, "mandiri", 10 * MONTHLY, "OCT");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| finished_run(&world.programme(), "2018-10"));
            }
            scope.spawn(|| credit_command(&world, "2018-10"));
        });
        assert_eq!(world.balance(&card), 2 * MONTHLY);
        let spare = world.families_of("mandiri") * MONTHLY;
        let run = finished_run(&programme, "2018-11");
        let share = share(&run, "mandiri");
        assert_eq!(text(share, "status"), "refused_funds");
        assert_eq!((number(share, "available"), number(share, "needed")), (10 * MONTHLY, spare));
        world.verify();
    }

    /// The job says by its exit code that a bank was refused.
    fn the_credit_command_fails_while_a_bank_is_refused(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        for bank in ["bri", "bni", "mandiri"] {
            fund(&world, &programme, bank, 0, "OCT");
        }
        let (code, printed) = credit_command(&world, "2018-10");
        assert_eq!(code, 1, "{printed}");
        let refused = printed.lines().find(|line| line.contains("refused_funds")).unwrap();
        assert!(refused.starts_with("btn") && refused.contains("Rp4.400.000"), "{printed}");
        fund(&world, &programme, "btn", 0, "OCT");
        let (code, printed) = credit_command(&world, "2018-10");
        assert!(code == 0 && !printed.contains("refused_funds"), "{printed}");
        assert_eq!(world.balance(&world.fresh_card("btn")), 2 * MONTHLY);
        for period in ["2018-13", "october", ""] {
            assert_ne!(credit_command(&world, period).0, 0, "{period}");
        }
        world.verify();
    }

    /// What the bank's own reference names is one receipt of money.
    fn a_funding_is_known_by_the_banks_reference(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        let first = programme.fund("a", "bri", 1_000, "TRF-77");
        let body = first.expect(201);
        assert_members(&body, &["id", "transfer_id", "bank", "amount", "reference", "created_at"]);
        assert_eq!((text(&body, "bank"), text(&body, "reference")), ("bri", "TRF-77"));
        assert_eq!(number(&body, "amount"), 1_000);
        let again = programme.fund("b", "bri", 1_000, "TRF-77");
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(first.header("idempotent-replayed"), None);
        assert_eq!(programme.fund("c", "bri", 1_001, "TRF-77").problem(409), "reference_reused");
        let other = programme.fund("d", "bni", 1_000, "TRF-77").expect(201);
        assert_ne!(other["transfer_id"], body["transfer_id"]);
        let run = finished_run(&programme, "2018-10");
        assert_eq!(number(share(&run, "bri"), "available"), 1_000);
        assert_eq!(number(share(&run, "bni"), "available"), 1_000);
        assert_eq!(number(share(&run, "btn"), "available"), 0);
        world.verify();
    }

    /// The same receipt of money told ten times at once.
    fn fundings_at_once_under_one_reference_are_one(backend) {
        let world = World::start(backend);
        let programme = world.programme();
        let answers = thread::scope(|scope| {
            let funding = |_| scope.spawn(|| programme.fund("-", "bri", 7_000, "ONCE"));
            let threads = (0..10).map(funding).collect::<Vec<_>>();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        for answer in &answers {
            assert_eq!((answer.status, answer.text()), (201, answers[0].text()));
        }
        let run = finished_run(&programme, "2018-10");
        assert_eq!(number(share(&run, "bri"), "available"), 7_000);
        world.verify();
    }

    /// By its id only.
    fn a_run_that_is_not_there_is_not_found(backend) {
        let world = World::shared(backend);
        for id in ["x", "run_x", "run_aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            let answer = world.programme().api.get(&format!("/v1/credit-runs/{id}"));
            assert_eq!(answer.problem(404), "not_found", "{id}");
        }
        let body = json!({"period": PERIOD});
        let started = world.programme().api.post("/v1/credit-runs", &body).expect(202);
        let path = format!("/v1/credit-runs/{}", text(&started, "id"));
        assert_eq!(world.programme().api.get(&path).expect(200)["id"], started["id"]);
    }
}
