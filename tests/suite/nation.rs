//! The tool that fills a database with a nation, tried with a small one: what it writes past the product is
//! what the product would have written.

use std::fs;

use ewarong_tests::client::eggs;
use ewarong_tests::process::{command, run, run_pos_api, stdout_of};
use ewarong_tests::{Demo, Server, on_both_backends};
use serde_json::Value;

use crate::folder::MONTHLY;
use crate::till::buy;

const CARDS: usize = 10_000;
/// Of which the file lists so many.
const LISTED: usize = 500;

on_both_backends! {
    /// Whole, credited, and the first and the last of its cards buy.
    fn a_small_nation_is_whole_and_buys(backend) {
        let dir = tempfile::tempdir().unwrap();
        let url = backend.fresh_url(&dir);
        let (keys, out) = (dir.path().join("ewarong.keys"), dir.path().join("demo.json"));
        let (cards, listed) = (CARDS.to_string(), LISTED.to_string());
        let mut fill = command("nation");
        fill.args(["--database-url", &url, "--cards", &cards, "--demo-cards", &listed]);
        fill.args(["--merchants", "5", "--credited", "--period", "2018-09"]);
        fill.arg("--keys").arg(&keys).arg("--out").arg(&out);
        stdout_of(&run(fill, b""));

        let mut demo = Demo::read(&out).unwrap();
        assert_eq!((demo.cards.len(), demo.clients.merchant.len()), (LISTED, 5));
        assert_eq!((demo.period.as_str(), demo.keys.as_path()), ("2018-09", keys.as_path()));
        let server = Server::start(&demo.database_url, &demo.keys);
        demo.base_url = server.base_url();
        for (nth, card) in [0, LISTED - 1].into_iter().enumerate() {
            let card = &demo.cards[card];
            let sold = buy(&demo.merchant(nth), card, &[eggs("9", 1_000)]).expect(201);
            assert_eq!(sold["balance_before"], card.balance);
            assert_eq!(card.balance, MONTHLY);
        }
        let totals = demo.programme().trial_balance().expect(200);
        let wallets = totals["accounts"].as_array().unwrap().iter();
        let wallets = wallets.filter(|line| line["account"].as_str().unwrap().starts_with("wallets:"));
        let held: i64 = wallets.map(|line| line["balance"].as_i64().unwrap()).sum();
        assert_eq!(held, MONTHLY * i64::try_from(CARDS).unwrap() - 18_000);
        drop(server);
        stdout_of(&run_pos_api(dir.path(), ["verify", "--database-url", &url]));
    }

    /// The same credit in plain SQL, to compare with.
    fn plain_sql_credits_a_copy_and_leaves_nothing(backend) {
        let dir = tempfile::tempdir().unwrap();
        let url = backend.fresh_url(&dir);
        let mut fill = command("nation");
        fill.args(["--database-url", &url, "--cards", "1000", "--merchants", "1"]);
        fill.arg("--keys").arg(dir.path().join("keys")).arg("--out").arg(dir.path().join("demo"));
        stdout_of(&run(fill, b""));
        let mut plain = command("nation");
        plain.args(["credit-reference", "--database-url", &url, "--chunk", "300"]);
        plain.args(["--sessions", "2"]);
        let report: Value = serde_json::from_str(&stdout_of(&run(plain, b""))).unwrap();
        assert_eq!(report["credits"], 1000, "{report}");
        assert!(report["credits_per_second"].as_i64().unwrap() > 0, "{report}");
        let mut left = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name());
        assert!(!left.any(|file| file.to_string_lossy().contains("reference")));
        stdout_of(&run_pos_api(dir.path(), ["verify", "--database-url", &url]));
    }
}
