//! `import --update`: merchants' data as they change, shown before they do, kept as they were.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use ewarong_tests::process::{run_pos_api, wait_until};
use ewarong_tests::seed::folder::SHOP_ACCOUNT;
use ewarong_tests::{World, on_both_backends};

use crate::till::{buy, goods, outcome};

const HEADER: &str = "merchant_id,name,kind,address,region_code,bank,zone,price_zone\n";

/// A folder beside the world with this `merchants.csv`.
fn folder(world: &World, name: &str, merchants: &str) -> PathBuf {
    let folder = world.dir().join(name);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("merchants.csv"), format!("{HEADER}{merchants}")).unwrap();
    folder
}

fn import(world: &World, folder: &Path, flags: &[&str]) -> Output {
    let (folder, keys) = (folder.display().to_string(), world.keys().display().to_string());
    let url = world.server.database_url();
    let args = ["import", &folder, "--database-url", url, "--keys", &keys];
    run_pos_api(world.dir(), args.iter().chain(flags))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

on_both_backends! {
    /// The shop moves to another region of price ceilings while the service runs.
    fn a_merchants_data_are_shown_then_changed_and_seen_by_the_lanes(backend) {
        let world = World::start(backend);
        let (till, card) = (world.till("JBI-1"), world.fresh_card("bri"));
        let rice = goods("rice premium 1 kg 13500");
        assert_eq!(outcome(&buy(&till, &card, &rice)), "price_above_ceiling");
        let new = "EW-JAMBI,Warung Baru,warung,\"Jalan Pasar 7, RT 3\",1571010001,bri,WIB,3\n";
        let folder = folder(&world, "new", new);

        let shown = said(&import(&world, &folder, &["--update"]));
        assert!(shown.contains("EW-JAMBI: name: `EW-JAMBI` -> `Warung Baru`"), "{shown}");
        assert!(shown.contains("EW-JAMBI: price_zone: `2` -> `3`"), "{shown}");
        assert!(shown.contains("2 values would change"), "{shown}");
        assert_eq!(outcome(&buy(&till, &card, &rice)), "price_above_ceiling");

        let changed = said(&import(&world, &folder, &["--update", "--yes"]));
        assert!(changed.contains("changed 2 values"), "{changed}");
        let seen = wait_until(Duration::from_secs(10), || {
            outcome(&buy(&till, &card, &rice)) == "approved"
        });
        assert!(seen, "the lanes go on by the old region");
        let again = said(&import(&world, &folder, &["--update", "--yes"]));
        assert!(again.contains("nothing differs"), "{again}");
        world.verify();
    }

    /// One bad row, and nothing of the folder is changed.
    fn a_merchant_keeps_its_bank_and_only_registered_ones_are_updated(backend) {
        let world = World::start(backend);
        let rows = "EW-JAKARTA,Lain,warung,Jalan 1,1571010001,bri,WIB,1\n\
                    EW-JAMBI,EW-JAMBI,warung,Jalan 1,1571010001,bni,WIB,2\n\
                    EW-BARU,Baru,warung,Jalan 1,1571010001,bri,WIB,2\n";
        let mixed = folder(&world, "mixed", rows);
        let refused = import(&world, &mixed, &["--update", "--yes"]);
        let text = said(&refused);
        assert!(!refused.status.success(), "{text}");
        assert!(text.contains("merchants.csv:3: bank: a merchant stays with its bank"), "{text}");
        assert!(text.contains("merchants.csv:4: merchant_id: not registered"), "{text}");
        let first = folder(&world, "first", "EW-JAKARTA,Lain,warung,Jalan 1,1571010001,bri,WIB,1\n");
        let shown = said(&import(&world, &first, &["--update"]));
        assert!(shown.contains("EW-JAKARTA: name: `EW-JAKARTA` -> `Lain`"), "{shown}");

        fs::write(first.join("terminals.csv"), "terminal_id,merchant_id\nNEW-9,EW-JAMBI\n").unwrap();
        let refused = import(&world, &first, &["--update", "--yes"]);
        assert!(!refused.status.success() && said(&refused).contains("only merchants"), "{refused:?}");
    }

    /// A folder without accounts leaves them, and one with others is refused: files that were recorded are of them.
    fn a_merchant_keeps_its_account(backend) {
        let world = World::start(backend);
        let account = || world.till("JKT-1").api.get("/v1/me").expect(200)["account_number"].clone();
        let update = |name: &str, number: &str| {
            let folder = folder(&world, name, "");
            let row = format!("EW-JAKARTA,{name},warung,Jalan 1,1571010001,bri,WIB,1,{number}\n");
            let header = HEADER.replace("price_zone", "price_zone,account_number");
            fs::write(folder.join("merchants.csv"), header + &row).unwrap();
            import(&world, &folder, &["--update", "--yes"])
        };
        for (name, number) in [("Tanpa", ""), ("Sama", SHOP_ACCOUNT)] {
            let changed = update(name, number);
            assert!(changed.status.success(), "{}", said(&changed));
            assert_eq!(account(), SHOP_ACCOUNT);
        }
        let refused = update("Lain", "99900011122");
        let text = said(&refused);
        assert!(!refused.status.success(), "{text}");
        assert!(text.contains("merchants.csv:2: account_number: a merchant's account stays"), "{text}");
        assert_eq!(account(), SHOP_ACCOUNT);
        world.verify();
    }
}
