//! The import files of the demo's city: the same columns that `import` reads.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::clients::write_private;
use super::town::{BANKS, Card, Town};

/// Writes the six files into `folder`, which is made.
pub(super) fn write(folder: &Path, town: &Town, open_business_date: &str) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("can't make `{}`", folder.display()))?;
    let mut banks = "bank,name,clearing_code,account_number,cutoff,open_business_date\n".to_owned();
    for bank in BANKS {
        let (code, name, clearing) = (bank.code, bank.name, bank.clearing_code);
        let account = bank.account_number;
        writeln!(banks, "{code},{name},{clearing},{account},22:00,{open_business_date}")?;
    }
    let mut merchants =
        "merchant_id,name,kind,address,region_code,bank,zone,price_zone\n".to_owned();
    let mut terminals = "terminal_id,merchant_id\n".to_owned();
    for shop in &town.shops {
        let (code, name, kind) = (&shop.code, &shop.name, shop.kind.as_str());
        let (address, region, bank) = (&shop.address, &shop.region, shop.bank.code);
        writeln!(merchants, "{code},{name},{kind},{address},{region},{bank},WIB,2")?;
        for terminal in &shop.terminals {
            writeln!(terminals, "{terminal},{code}")?;
        }
    }
    let mut households = "household,nik,name,region_code\n".to_owned();
    let mut wallets = "household,bank\n".to_owned();
    let mut cards = "card_number,household,state,pin,expires\n".to_owned();
    for family in &town.families {
        let (household, nik, name) = (&family.reference, &family.nik, &family.name);
        writeln!(households, "{household},{nik},{name},{}", family.region)?;
        writeln!(wallets, "{household},{}", family.bank.code)?;
        write_card(&mut cards, household, &family.card)?;
    }
    for (owner, card) in &town.former {
        let family = town.families.get(*owner).context("a former card has its family")?;
        write_card(&mut cards, &family.reference, card)?;
    }
    for (name, text) in [
        ("banks.csv", banks),
        ("merchants.csv", merchants),
        ("terminals.csv", terminals),
        ("households.csv", households),
        ("wallets.csv", wallets),
        ("cards.csv", cards),
    ] {
        // They hold PINs and citizens' numbers, if invented ones.
        write_private(&folder.join(name), &text)?;
    }
    Ok(())
}

fn write_card(text: &mut String, household: &str, card: &Card) -> std::fmt::Result {
    let (number, state, pin) = (&card.number, card.state.as_str(), card.pin.as_deref());
    writeln!(text, "{number},{household},{state},{},{}", pin.unwrap_or_default(), card.expires)
}
