//! A shop's day from its command line, against a server.

use std::fs;
use std::path::Path;
use std::process::Output;

use ewarong_tests::demo::Credentials;
use ewarong_tests::process::{run_merchant_cli, stdout_of};
use ewarong_tests::seed::clear_of_midnight;
use ewarong_tests::{World, on_both_backends};
use serde_json::Value;

/// A client's machine: a home folder of its own, logged in to the server.
pub(crate) struct Shop {
    home: tempfile::TempDir,
}

impl Shop {
    pub(crate) fn log_in(world: &World, client: &str) -> Self {
        Self::log_in_as(world, world.credentials(client))
    }

    pub(crate) fn log_in_as(world: &World, credentials: &Credentials) -> Self {
        Self::log_in_at(&world.server.base_url(), credentials)
    }

    pub(crate) fn log_in_at(server: &str, credentials: &Credentials) -> Self {
        let home = tempfile::tempdir().unwrap();
        let secret = home.path().join("secret");
        fs::write(&secret, &credentials.client_secret).unwrap();
        let shop = Self { home };
        let args = ["login", "--server", server, "--client-id", &credentials.client_id];
        let output = shop.run(&[&args[..], &["--secret-file", path(&secret)]].concat(), "");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        shop
    }

    pub(crate) fn run(&self, args: &[&str], stdin: &str) -> Output {
        run_merchant_cli(self.home.path(), args, stdin.as_bytes())
    }

    pub(crate) fn json(&self, args: &[&str], stdin: &str) -> Value {
        let output = self.run(&[args, &["--output", "json"]].concat(), stdin);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        serde_json::from_str(&stdout_of(&output)).unwrap()
    }
}

impl Shop {
    /// A file on the machine; its path.
    pub(crate) fn write(&self, name: &str, content: &str) -> String {
        let file = self.home.path().join(name);
        fs::write(&file, content).unwrap();
        path(&file).to_owned()
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

on_both_backends! {
    /// Balance, sale, receipt, reversal, history, the day so far; and a refused sale.
    fn a_shops_day_goes_by_the_command_line(backend) {
        clear_of_midnight();
        let world = World::start(backend);
        let card = world.fresh_card("bri");
        let asked = format!("{}\n{}\n", card.card_number, card.pin);
        let shop = Shop::log_in(&world, "till-JBI-1");

        assert_eq!(shop.json(&["balance"], &asked)["balance"], 110_000);
        let sale = shop.json(&["redeem", "--rice", "medium:5@9000", "--eggs", "10@2000"], &asked);
        assert_eq!((&sale["amount"], &sale["status"]), (&65_000.into(), &"approved".into()));
        let id = sale["id"].as_str().unwrap();

        let receipt = stdout_of(&shop.run(&["receipt", id], ""));
        for part in ["Rp65.000", "BUKAN TARIK TUNAI", sale["rrn"].as_str().unwrap()] {
            assert!(receipt.contains(part), "{part}: {receipt}");
        }
        let day = sale["business_date"].as_str().unwrap();
        let settlement = shop.json(&["settlement", "--date", day], "");
        assert!(settlement.to_string().contains("65000"), "{settlement}");

        let taken_back = shop.json(&["reverse", id, "--reason", "salah timbang", "--yes"], "");
        assert_eq!(taken_back["status"], "reversed");
        assert_eq!(shop.json(&["balance"], &asked)["balance"], 110_000);

        let refused = shop.run(&["redeem", "--rice", "medium:5@99000"], &asked);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains("HET") && said.contains("price_above_ceiling"), "{said}");

        let history = stdout_of(&shop.run(&["history", "--output", "csv"], ""));
        let statuses = ["reversed", "refused"].map(|status| history.matches(status).count());
        assert_eq!(statuses, [1, 1], "{history}");
        world.verify();
    }
}
