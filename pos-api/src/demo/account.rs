//! The demo's account of itself: what happened, then where to go and what to try.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use ledger::domain::account::AccountKind;
use ledger::domain::matching::MatchStatus;
use ledger::domain::money::Rupiah;
use ledger::domain::wrong_pins::WrongPinLimit;
use ledger::service::TrialBalance;

use super::clients::Logins;
use super::day::Tally;
use super::town::BANKS;
use super::{Demo, PERIOD, Story};

/// All lines.
pub(super) fn lines(base_url: &str, demo: &Demo) -> anyhow::Result<Vec<String>> {
    let mut lines = vec![
        format!("Kota Jambi, {PERIOD}: everything is invented, and the same every time"),
        String::new(),
    ];
    registered_and_credited(&mut lines, demo)?;
    bought(&mut lines, &demo.story)?;
    suspended(&mut lines, demo);
    trial_balance(&mut lines, &demo.story.balance);
    reconciled(&mut lines, demo)?;
    let Story { report, took, .. } = &demo.story;
    let verdict = if report.is_whole() { "whole" } else { "broken" };
    lines.push(format!("verified       {} checks: {verdict}", report.checks.len()));
    lines.push(format!("took           {}.{} s", took.as_secs(), took.subsec_millis() / 100));
    lines.push(String::new());
    where_to_go(&mut lines, base_url, demo);
    what_to_try(&mut lines, base_url, demo)?;
    Ok(lines)
}

fn registered_and_credited(lines: &mut Vec<String>, demo: &Demo) -> anyhow::Result<()> {
    let Story { imported, funded, credit, .. } = &demo.story;
    lines.push(format!(
        "registered     {} families, {} banks, {} e-warongs with {} terminals",
        imported.households, imported.banks, imported.merchants, imported.terminals
    ));
    lines.push(format!(
        "funded         {} in {} fundings, of which {} went back: it was recorded by mistake",
        funded.amount, funded.fundings, funded.returned
    ));
    let amount: i64 = credit.shares.iter().map(|share| share.amount).sum();
    let families: i64 = credit.shares.iter().map(|share| share.credited).sum();
    let amount = Rupiah::new(amount)?;
    lines.push(format!("credited       {amount} for {} to {families} families", credit.period));
    lines.push(format!("  {:<12} {:>17}  {:>9}  {:>9}", "", "", "families", "e-warongs"));
    for share in &credit.shares {
        let shops = demo.town.shops.iter().filter(|shop| shop.bank.code == share.bank.as_str());
        lines.push(format!(
            "  {:<12} {:>17}  {:>9}  {:>9}",
            share.bank,
            Rupiah::new(share.amount)?,
            share.credited,
            shops.count()
        ));
    }
    Ok(())
}

fn bought(lines: &mut Vec<String>, story: &Story) -> anyhow::Result<()> {
    let Tally { approved, amount, off_us, families, refused, replays, reversals, reversed } =
        &story.tally;
    lines.push(format!(
        "bought         {} in {approved} purchases of {families} families on {}",
        Rupiah::new(*amount)?,
        story.day
    ));
    lines.push(format!("  off us       {off_us} at an e-warong of another bank than the card's"));
    lines.push(format!("  reversed     {} in {reversals} purchases", Rupiah::new(*reversed)?));
    lines.push(format!("  replayed     {replays} requests, answered as before"));
    lines.push(format!("refused        {} tries", refused.values().sum::<u64>()));
    for (refusal, count) in refused {
        lines.push(format!("  {:<22} {count:>6}", refusal.code()));
    }
    Ok(())
}

fn suspended(lines: &mut Vec<String>, demo: &Demo) {
    if let Some((shop, terminal)) = demo.town.second_terminal() {
        let WrongPinLimit { most, minutes } = WrongPinLimit::USUAL;
        lines.push(format!(
            "suspended      terminal {terminal} of {}: wrong PINs for over {most} card numbers in {minutes} minutes",
            shop.code
        ));
        lines.push(format!(
            "  lifted by    bank-{}: POST /v1/terminals/{terminal}/state; its login is {}",
            shop.bank.code, demo.logins.second.client_id
        ));
    }
}

fn trial_balance(lines: &mut Vec<String>, balance: &TrialBalance) {
    let mut kinds: BTreeMap<AccountKind, [i64; 3]> = BTreeMap::new();
    for line in &balance.lines {
        let sums = kinds.entry(line.kind).or_default();
        for (sum, amount) in sums.iter_mut().zip([line.debit, line.credit, line.balance]) {
            *sum = sum.saturating_add(amount);
        }
    }
    let row = |name: &str, figures: [&str; 3]| {
        let [debit, credit, balance] = figures;
        format!("  {name:<12} {debit:>17}  {credit:>17}  {balance:>17}")
    };
    lines.push(format!("trial balance  after {} transfers", balance.log_size));
    lines.push(row("", ["debit", "credit", "balance"]));
    for (kind, figures) in kinds {
        let [debit, credit, left] = figures.map(signed);
        lines.push(row(kind.as_str(), [&debit, &credit, &left]));
    }
    let whole = |sum: i128| i64::try_from(sum).map_or_else(|_large| sum.to_string(), signed);
    let (debit, credit) = (whole(balance.debit), whole(balance.credit));
    let equal = if balance.debit == balance.credit { "equal" } else { "NOT EQUAL" };
    lines.push(row("sum", [&debit, &credit, equal]));
}

/// Rupiah that may be less than nothing.
fn signed(amount: i64) -> String {
    match Rupiah::new(amount) {
        Ok(rupiah) => rupiah.to_string(),
        Err(_below) => match Rupiah::new(amount.saturating_neg()) {
            Ok(rupiah) => format!("-{rupiah}"),
            Err(_too_low) => amount.to_string(),
        },
    }
}

fn reconciled(lines: &mut Vec<String>, demo: &Demo) -> anyhow::Result<()> {
    let story = &demo.story;
    let settlements: usize = story.files.iter().map(|file| file.settlements).sum();
    let amount = Rupiah::checked_sum(story.files.iter().map(|file| file.amount))
        .context("the settlements can be counted")?;
    lines.push(format!(
        "settled        {amount} in {settlements} settlements of the closed day {}",
        story.day
    ));
    lines
        .push("reconciled     with the banks' files, in which differences were planted".to_owned());
    for file in &story.files {
        let matching = &file.matching;
        let found = matching
            .totals()
            .iter()
            .filter(|total| total.outcomes > 0 || total.status == MatchStatus::Matched);
        let found: Vec<String> =
            found.map(|total| format!("{} {}", total.outcomes, total.status.as_str())).collect();
        lines.push(format!("  {:<12} {}", file.bank, found.join(", ")));
    }
    Ok(())
}

fn where_to_go(lines: &mut Vec<String>, base_url: &str, demo: &Demo) {
    let place = &demo.place;
    lines.push(format!("folder         {}", place.folder().display()));
    lines.push(format!("database       {}", place.url));
    lines.push(format!("service        {base_url}  (also /healthz, /metrics, /openapi.json)"));
    lines.push(format!(
        "logins         {}; each secret also in {}/CLIENT_ID",
        place.file().display(),
        place.secrets().display()
    ));
    let mut shops = demo.logins.merchants.iter().map(|login| login.client_id.as_str());
    let (first, last) = (shops.next().unwrap_or_default(), shops.next_back().unwrap_or_default());
    let banks: Vec<&str> = demo.logins.banks.iter().map(|login| login.client_id.as_str()).collect();
    lines.push(format!("  shops        {first} to {last}"));
    lines.push(format!("  banks        {}", banks.join(", ")));
    let Logins { auditor, programme, second_programme, .. } = &demo.logins;
    let others = [auditor, programme, second_programme].map(|login| login.client_id.as_str());
    lines.push(format!("  others       {}", others.join(", ")));
    lines.push(String::new());
}

fn what_to_try(lines: &mut Vec<String>, base_url: &str, demo: &Demo) -> anyhow::Result<()> {
    let missing = "the demo has shops, banks and cards";
    let shop = &demo.logins.merchants.first().context(missing)?.client_id;
    let [bank, ..] = &BANKS;
    let bank_login = &demo.logins.banks.first().context(missing)?.client_id;
    let statement = &demo.story.files.first().context(missing)?.path;
    let secret = |client_id: &str| quoted(&demo.place.secrets().join(client_id));
    let mut cards = demo.town.untouched().map(|family| {
        (family.card.number.as_str(), family.card.pin.as_deref().unwrap_or_default())
    });
    let (one, pin_of_one) = cards.next().context(missing)?;
    let (other, pin_of_other) = cards.next().context(missing)?;
    let cli = "cargo run -q --release -p merchant-cli --";
    let login = |client_id: &str| {
        let file = secret(client_id);
        format!("{cli} login --server {base_url} --client-id {client_id} --secret-file {file}")
    };
    let items = r#"[{"commodity":"rice","grade":"premium","quantity":"5","unit":"kg","unit_price":12500},{"commodity":"eggs","quantity":"10","unit":"piece","unit_price":2000}]"#;
    lines.extend([
        "A family buys 5 kg of rice and 10 eggs:".to_owned(),
        format!(
            "TOKEN=$(curl -s -u {shop}:$(cat {}) -d grant_type=client_credentials \
             {base_url}/oauth/token | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')",
            secret(shop)
        ),
        format!(
            "curl -s {base_url}/v1/redemptions -H \"Authorization: Bearer $TOKEN\" \
             -H 'Content-Type: application/json' -H 'Idempotency-Key: kunjungan-1' \
             -d '{{\"card_number\":\"{one}\",\"pin\":\"{pin_of_one}\",\"items\":{items}}}'"
        ),
        "Another buys the same from the shop's command line:".to_owned(),
        login(shop),
        format!(
            "printf '%s\\n' {other} {pin_of_other} | \
             {cli} redeem --rice premium:5@12500 --eggs 10@2000"
        ),
        "A bank reconciles its statement file:".to_owned(),
        login(bank_login),
        format!(
            "{cli} reconcile {} --bank {} --date {} --dry-run",
            quoted(Path::new(statement)),
            bank.code,
            demo.story.day
        ),
    ]);
    Ok(())
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    if text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
