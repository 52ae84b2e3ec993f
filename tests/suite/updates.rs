//! `import --update`: merchants' data as they change, shown before they do, kept as they were.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use ewarong_tests::process::{run_pos_api, wait_until};
use ewarong_tests::seed::PATIENCE;
use ewarong_tests::seed::folder::SHOP_ACCOUNT;
use ewarong_tests::{Merchant, World, on_both_backends};

use crate::till::{buy, goods};

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
    fn a_merchants_data_are_shown_then_changed_while_the_service_runs(backend) {
        let world = World::start(backend);
        let (till, card) = (world.till("JBI-1"), world.fresh_card("bri"));
        let row = "EW-JAMBI,Warung Baru,rpk,Jalan Lain 2,1571020001,bri,WIB,2\n";
        let folder = folder(&world, "new", row);
        let lines = [
            "EW-JAMBI: name: `EW-JAMBI` -> `Warung Baru`",
            "EW-JAMBI: kind: `warung` -> `rpk`",
            "EW-JAMBI: address: `Jalan Pasar 7, RT 3` -> `Jalan Lain 2`",
            "EW-JAMBI: region_code: `1571010001` -> `1571020001`",
        ];
        let shown = said(&import(&world, &folder, &["--update"]));
        for line in lines {
            assert!(shown.contains(line), "{shown}");
        }
        assert!(shown.contains("4 values would change"), "{shown}");
        let name = |till: &Merchant| till.api.get("/v1/me").expect(200)["merchant_name"].clone();
        assert_eq!(name(&till), "EW-JAMBI");

        let changed = said(&import(&world, &folder, &["--update", "--yes"]));
        assert!(changed.contains(lines[0]) && changed.contains("changed 4 values"), "{changed}");
        let again = said(&import(&world, &folder, &["--update", "--yes"]));
        assert!(again.contains("nothing differs"), "{again}");
        // A token that is asked for now knows the shop by its new name, and it sells on.
        let known = wait_until(PATIENCE, || name(&world.till("JBI-1")) == "Warung Baru");
        assert!(known, "a new token goes by the old name");
        buy(&till, &card, &goods("eggs 1 piece 2000")).expect(201);
        world.verify();
    }

    /// One bad row, and nothing of the folder is changed.
    fn a_merchant_keeps_its_bank_and_only_registered_ones_are_updated(backend) {
        let world = World::start(backend);
        let rows = "EW-JAKARTA,Lain,warung,Jalan 1,1571010001,bri,WIB,1\n\
                    EW-JAMBI,EW-JAMBI,warung,Jalan 1,1571010001,bni,WIB,2\n\
                    EW-BARU,Baru,warung,Jalan 1,1571010001,bri,WIB,2\n\
                    EW-AMBON,EW-AMBON,warung,Jalan 1,1571010001,bni,WIB,3\n\
                    EW-KUPANG,EW-KUPANG,warung,Jalan 1,1571010001,bni,WITA,1\n";
        let mixed = folder(&world, "mixed", rows);
        let refused = import(&world, &mixed, &["--update", "--yes"]);
        let text = said(&refused);
        assert!(!refused.status.success(), "{text}");
        assert!(text.contains("merchants.csv:3: bank: a merchant stays with its bank"), "{text}");
        assert!(text.contains("merchants.csv:4: merchant_id: not registered"), "{text}");
        assert!(text.contains("merchants.csv:5: zone: a merchant stays in its zone"), "{text}");
        assert!(text.contains("merchants.csv:6: price_zone: a merchant stays"), "{text}");
        let first = folder(&world, "first", "EW-JAKARTA,Lain,warung,Jalan 1,1571010001,bri,WIB,1\n");
        let shown = said(&import(&world, &first, &["--update"]));
        assert!(shown.contains("EW-JAKARTA: name: `EW-JAKARTA` -> `Lain`"), "{shown}");

        fs::write(first.join("terminals.csv"), "terminal_id,merchant_id\nNEW-9,EW-JAMBI\n").unwrap();
        let refused = import(&world, &first, &["--update", "--yes"]);
        assert!(!refused.status.success() && said(&refused).contains("only merchants"), "{refused:?}");
    }

    /// A folder without accounts leaves them; another number is shown first and then goes for what comes later.
    fn a_merchants_account_stays_until_another_is_given(backend) {
        let world = World::start(backend);
        let account = || world.till("JKT-1").api.get("/v1/me").expect(200)["account_number"].clone();
        let update = |name: &str, number: &str, flags: &[&str]| {
            let folder = folder(&world, &format!("{name}-{}", flags.len()), "");
            let row = format!("EW-JAKARTA,{name},warung,Jalan 1,1571010001,bri,WIB,1,{number}\n");
            let header = HEADER.replace("price_zone", "price_zone,account_number");
            fs::write(folder.join("merchants.csv"), header + &row).unwrap();
            let changed = import(&world, &folder, flags);
            let text = said(&changed);
            assert!(changed.status.success(), "{text}");
            text
        };
        for (name, number) in [("Tanpa", ""), ("Sama", SHOP_ACCOUNT)] {
            let text = update(name, number, &["--update", "--yes"]);
            assert!(!text.contains("account_number"), "{text}");
            assert_eq!(account(), SHOP_ACCOUNT);
        }
        let change = format!("EW-JAKARTA: account_number: `{SHOP_ACCOUNT}` -> `99900011122`");
        let shown = update("Lain", "99900011122", &["--update"]);
        assert!(shown.contains(&change), "{shown}");
        assert_eq!(account(), SHOP_ACCOUNT);
        let changed = update("Lain", "99900011122", &["--update", "--yes"]);
        assert!(changed.contains(&change), "{changed}");
        assert_eq!(account(), "99900011122");
        world.verify();
    }
}
