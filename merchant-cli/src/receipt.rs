//! The receipt (*struk*) that the family takes home.

use ledger::domain::calendar::{Instant, Zone};

use crate::output;
use crate::terminal::harmless;
use crate::wire::{Me, Redemption, RedemptionItem, rupiah};

/// The paper's width in characters.
const WIDTH: usize = 40;

/// The receipt's text.
pub(crate) fn receipt(sale: &Redemption, me: &Me) -> String {
    let mut lines = Vec::new();
    let bank = sale.acquirer.as_deref().or(me.bank.as_deref()).unwrap_or_default();
    lines.push(centered(&format!("BANK {}", bank.to_uppercase())));
    lines.push(centered(me.merchant_name.as_deref().unwrap_or("E-WARONG")));
    lines.extend(me.address.as_deref().map(centered));
    lines.push(rule());
    lines.push(pair("MERCHANT", or_dash(sale.merchant_id.as_deref())));
    lines.push(pair("TERMINAL", or_dash(sale.terminal_id.as_deref())));
    lines.push(pair("WAKTU", &local_time(&sale.created_at, me.zone.as_deref())));
    lines.push(pair("KARTU", or_dash(sale.card.as_deref())));
    let issuer = sale.bank.as_deref().unwrap_or_default().to_uppercase();
    lines.push(pair("BANK KARTU", &issuer));
    lines.push(rule());
    for item in &sale.items {
        lines.push(goods(item));
        let price =
            format!("  {} {} x {}", item.quantity, unit(&item.unit), rupiah(item.unit_price));
        lines.push(pair(&price, &item.amount.map(rupiah).unwrap_or_default()));
    }
    lines.push(rule());
    let money = |amount: Option<i64>| amount.map_or_else(|| "-".to_owned(), rupiah);
    lines.push(pair("TOTAL", &money(sale.amount)));
    lines.push(pair("SALDO AWAL", &money(sale.balance_before)));
    lines.push(pair("SALDO AKHIR", &money(sale.balance_after)));
    lines.push(rule());
    lines.push(pair("RRN", or_dash(sale.rrn.as_deref())));
    lines.push(pair("KODE PERSETUJUAN", or_dash(sale.approval_code.as_deref())));
    lines.push(format!("ID {}", sale.id));
    lines.push(rule());
    lines.push(centered(match sale.status.as_str() {
        "approved" => "DISETUJUI",
        "reversed" => "DIBATALKAN",
        _ => "DITOLAK",
    }));
    lines.push(centered("BUKAN TARIK TUNAI"));
    lines.push(centered("Pengaduan: bank penyalur atau"));
    lines.push(centered("pendamping BPNT"));
    let printed: Vec<String> =
        lines.iter().map(|line| harmless(line).trim_end().to_owned()).collect();
    output::lines(&printed)
}

/// The shop's wall clock with its zone: `03/09/2018 08:15:00 WIB`.
pub(crate) fn local_time(utc: &str, zone: Option<&str>) -> String {
    let zone = zone.and_then(|zone| zone.parse::<Zone>().ok()).unwrap_or(Zone::Wib);
    match utc.parse::<Instant>() {
        Ok(time) => {
            format!("{} {}", time.local(zone).format("%d/%m/%Y %H:%M:%S"), zone.as_str())
        }
        Err(_unreadable) => utc.to_owned(),
    }
}

fn goods(item: &RedemptionItem) -> String {
    let name = match item.commodity.as_str() {
        "rice" => "BERAS",
        "eggs" => "TELUR",
        other => other,
    };
    match &item.grade {
        Some(grade) => format!("{name} {}", grade.to_uppercase()),
        None => name.to_owned(),
    }
}

fn unit(unit: &str) -> &str {
    match unit {
        "piece" => "butir",
        "tray" => "papan",
        other => other,
    }
}

fn or_dash(text: Option<&str>) -> &str {
    text.unwrap_or("-")
}

fn rule() -> String {
    "-".repeat(WIDTH)
}

fn centered(text: &str) -> String {
    format!("{text:^WIDTH$}")
}

/// A name at the left edge and its value at the right one; on two lines if they are too long.
fn pair(name: &str, value: &str) -> String {
    let used = name.chars().count().saturating_add(value.chars().count());
    let gap = WIDTH.saturating_sub(used).max(1);
    format!("{name}{}{value}", " ".repeat(gap))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_was_bought_by_whom_and_that_it_is_no_cash() {
        let sale: Redemption = serde_json::from_str(
            r#"{"id":"rdm_x","status":"approved","amount":82500,"balance_before":110000,
                "balance_after":27500,"items":[{"commodity":"rice","grade":"premium",
                "quantity":"5","unit":"kg","unit_price":12500,"amount":62500},
                {"commodity":"eggs","quantity":"10","unit":"piece","unit_price":2000,
                "amount":20000}],"rrn":"295201230001","approval_code":"K7Q2ZD",
                "card":"601301******0018","bank":"bri","acquirer":"bni","merchant_id":"mch_1",
                "terminal_id":"trm_1","created_at":"2018-09-03T01:15:00.000Z"}"#,
        )
        .unwrap();
        let me = Me {
            merchant_name: Some("E-Warong Melati".to_owned()),
            zone: Some("WIB".to_owned()),
            ..Me::default()
        };
        let text = receipt(&sale, &me);
        for part in [
            "BANK BNI",
            "E-Warong Melati",
            "03/09/2018 08:15:00 WIB",
            "601301******0018",
            "BERAS PREMIUM",
            "  5 kg x Rp12.500",
            "10 butir x Rp2.000",
            "Rp82.500",
            "SALDO AKHIR                     Rp27.500",
            "295201230001",
            "K7Q2ZD",
            "BUKAN TARIK TUNAI",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }
}
