//! Counters of what the service answered: kept by hand, because counting must cost a purchase next
//! to nothing.
//!
//! They are open to anyone, so they reveal nothing that an answer does not: an unknown card number
//! counts as a wrong PIN.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::StatusCode;
use ledger::domain::redemption::Outcome;
use ledger::domain::refusal::Refusal;
use ledger::service::Figures;

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// One for each refusal's number, and 0 for approved.
const OUTCOMES: usize = Refusal::ALL.len().saturating_add(1);

/// All counters.
#[derive(Debug, Default)]
pub struct Metrics {
    routes: Mutex<Vec<Arc<RouteCounter>>>,
    outcomes: [AtomicU64; OUTCOMES],
    replays: AtomicU64,
}

/// What one route answered, by class of status.
#[derive(Debug)]
pub(crate) struct RouteCounter {
    route: String,
    classes: [AtomicU64; CLASSES.len()],
}

impl RouteCounter {
    /// Counts an answer.
    pub(crate) fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.classes.get(class) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Metrics {
    /// The counter of a route, by its template.
    pub(crate) fn route(&self, template: &str) -> Arc<RouteCounter> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = routes.iter().find(|counter| counter.route == template) {
            return Arc::clone(known);
        }
        let counter =
            Arc::new(RouteCounter { route: template.to_owned(), classes: Default::default() });
        routes.push(Arc::clone(&counter));
        counter
    }

    /// Counts a decided purchase, or the repeated answer to one.
    pub(crate) fn decided(&self, outcome: &Outcome, replay: bool) {
        let number = match outcome {
            Outcome::Approved(_) => 0,
            Outcome::Refused(objection) => objection.refusal.as_answered().number(),
        };
        let counter = usize::try_from(number).ok().and_then(|number| self.outcomes.get(number));
        if let Some(counter) = counter.filter(|_| !replay) {
            counter.fetch_add(1, Ordering::Relaxed);
        } else {
            self.replays.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All counters in Prometheus' text format.
    pub(crate) fn text(&self, figures: &Figures) -> String {
        let mut text = Text(String::new());
        text.family("ewarong_http_requests_total", "counter", "Answers by route and status.");
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        routes.sort_by(|one, other| one.route.cmp(&other.route));
        for counter in &routes {
            for (class, count) in CLASSES.iter().zip(&counter.classes) {
                let labels = format!("{{route=\"{}\",status=\"{class}\"}}", counter.route);
                text.sample("ewarong_http_requests_total", &labels, read(count));
            }
        }
        text.family("ewarong_redemptions_total", "counter", "Purchases by outcome.");
        let refusals = Refusal::ALL.into_iter().filter(|refusal| refusal.as_answered() == *refusal);
        let refusals = refusals.map(|refusal| (refusal.number(), refusal.code()));
        for (number, code) in std::iter::once((0, "approved")).chain(refusals) {
            let count = usize::try_from(number).ok().and_then(|number| self.outcomes.get(number));
            let labels = format!("{{outcome=\"{code}\"}}");
            text.sample("ewarong_redemptions_total", &labels, count.map_or(0, read));
        }
        let lanes = figures.lanes;
        let log_size = u64::try_from(figures.log_size).unwrap_or(0);
        let days = (figures.closing_days, figures.stuck_days);
        let suspended = u64::try_from(figures.suspended_terminals).unwrap_or(0);
        for (name, kind, help, value) in [
            ("redemption_replays_total", "counter", "Answers given again.", read(&self.replays)),
            ("lane_batches_total", "counter", "Batches of the write path.", lanes.batches),
            ("lane_batches_again_total", "counter", "Batches that were run again.", lanes.again),
            ("lane_commands_total", "counter", "Requests in those batches.", lanes.commands),
            ("lane_last_batch_size", "gauge", "Requests in the latest batch.", lanes.last_batch),
            ("lane_waiting", "gauge", "Requests that wait for a batch.", lanes.waiting),
            ("log_size", "gauge", "Transfers with their place in the log.", log_size),
            ("days_closing", "gauge", "Banks' days that are marked and not closed yet.", days.0),
            ("days_stuck", "gauge", "Those of them that something keeps open.", days.1),
            ("terminals_suspended", "gauge", "Terminals that are suspended.", suspended),
        ] {
            let name = format!("ewarong_{name}");
            text.family(&name, kind, help);
            text.sample(&name, "", value);
        }
        text.0
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").unwrap_or_default();
    }

    fn sample(&mut self, name: &str, labels: &str, value: u64) {
        writeln!(self.0, "{name}{labels} {value}").unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use ledger::domain::policy::Objection;

    use super::*;

    #[test]
    fn an_unknown_card_counts_as_a_wrong_pin() {
        let metrics = Metrics::default();
        let refused = |refusal| Outcome::Refused(Objection { refusal, line: None, ceiling: None });
        metrics.decided(&refused(Refusal::CardUnknown), false);
        metrics.decided(&refused(Refusal::PinWrong), false);
        metrics.decided(&refused(Refusal::PinWrong), true);
        metrics.route("/v1/me").count(StatusCode::OK);
        metrics.route("/v1/me").count(StatusCode::UNAUTHORIZED);
        let figures =
            Figures { log_size: 7, stuck_days: 2, suspended_terminals: 2, ..Figures::default() };
        let text = metrics.text(&figures);
        for line in [
            "ewarong_redemptions_total{outcome=\"pin_wrong\"} 2",
            "ewarong_redemptions_total{outcome=\"approved\"} 0",
            "ewarong_redemption_replays_total 1",
            "ewarong_http_requests_total{route=\"/v1/me\",status=\"2xx\"} 1",
            "ewarong_http_requests_total{route=\"/v1/me\",status=\"4xx\"} 1",
            "ewarong_log_size 7",
            "ewarong_days_stuck 2",
            "ewarong_terminals_suspended 2",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("card_unknown"));
    }
}
