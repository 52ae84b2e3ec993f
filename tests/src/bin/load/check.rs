//! Whether the ledger moved the money that it acknowledged, no less and no more.

use ewarong_tests::Demo;
use serde::Serialize;
use serde_json::Value;

use crate::stats::{Sample, Stats};

/// The outcome of the check; amounts in rupiah.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Money {
    /// Whether everything fits.
    pub(crate) holds: bool,
    /// By how much the shops' claims grew; `None` when the server has no trial balance.
    pub(crate) payable_growth: Option<i64>,
    /// What was approved.
    pub(crate) acknowledged: u64,
    /// What was asked for and never answered, which may or may not be in the growth.
    pub(crate) unknown: u64,
    /// How many approved purchases were asked for again.
    pub(crate) samples: usize,
    /// Those that were not there, or not as they were approved.
    pub(crate) lost: Vec<String>,
}

/// What is owed to all shops, in rupiah; `None` when the server has no trial balance.
pub(crate) fn payable(demo: &Demo) -> Option<i64> {
    let answer = demo.programme().trial_balance();
    if answer.status == 404 {
        return None;
    }
    let body = answer.expect(200);
    let accounts = body.get("accounts").and_then(Value::as_array);
    let shops = accounts
        .expect("a trial balance lists accounts")
        .iter()
        .filter(|account| account.get("kind").and_then(Value::as_str) == Some("payable"));
    let side = |account: &Value, name| {
        account.get(name).and_then(Value::as_i64).expect("debit and credit are whole rupiah")
    };
    // A liability: what was credited and not yet paid.
    let owed = shops.map(|shop| side(shop, "credit").checked_sub(side(shop, "debit")));
    let sum = owed.into_iter().try_fold(0_i64, |sum, owed| sum.checked_add(owed?));
    Some(sum.expect("the sum of a trial balance fits"))
}

/// Compares the growth since `before` with what was acknowledged, and asks for the samples.
pub(crate) fn money(demo: &Demo, before: Option<i64>, stats: &Stats) -> Money {
    let growth = before.zip(payable(demo)).and_then(|(before, now)| now.checked_sub(before));
    let (acknowledged, unknown) = (stats.acknowledged.amount, stats.unknown.amount);
    let fits = growth.and_then(|growth| u64::try_from(growth).ok()).is_some_and(|growth| {
        (acknowledged..=acknowledged.saturating_add(unknown)).contains(&growth)
    });
    let lost = lost(demo, &stats.samples);
    Money {
        holds: fits && lost.is_empty() && stats.replays_differ == 0,
        payable_growth: growth,
        acknowledged,
        unknown,
        samples: stats.samples.len(),
        lost,
    }
}

/// The samples that are not in the ledger as they were approved.
fn lost(demo: &Demo, samples: &[Sample]) -> Vec<String> {
    let mut lost = Vec::new();
    let mut samples = samples.iter().collect::<Vec<_>>();
    samples.sort_by_key(|sample| sample.merchant);
    // One login for each merchant.
    for of_one in samples.chunk_by(|one, next| one.merchant == next.merchant) {
        let Some(first) = of_one.first() else { continue };
        let merchant = demo.merchant(first.merchant);
        for sample in of_one {
            let answer = merchant.redemption(&sample.id);
            let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
            let approved = body.get("status").and_then(Value::as_str) == Some("approved");
            let amount = body.get("amount").and_then(Value::as_u64);
            if answer.status != 200 || !approved || amount != Some(sample.amount) {
                lost.push(format!("{}: {}", sample.id, answer.status));
            }
        }
    }
    lost
}
