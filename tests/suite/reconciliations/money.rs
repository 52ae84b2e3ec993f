//! Random files, re-exports and decisions, with an auditor beside them: after every round of decisions
//! the holding account has moved as the bank did, suspense is what the decisions left there, and
//! nothing was posted twice.

use std::collections::BTreeMap;

use ewarong_tests::seed::{clear_of_midnight, today};
use ewarong_tests::{Backend, Bank, World};
use ledger::domain::calendar::Date;
use serde_json::{Value, json};

use super::desk::{Desk, bank_file_of};
use crate::chance::{Chance, seed};
use crate::till::{listed, number, text};

/// A day's desk under way.
struct Run<'w> {
    desk: Desk<'w>,
    clerks: [Bank; 2],
    chance: Chance,
    /// Merchants' settlements: reference and what is due.
    due: BTreeMap<String, i64>,
    days: [Date; 2],
    /// All rows of the account, with their amounts.
    rows: Vec<(String, i64)>,
    /// How many of them each day's files have shown without a gap.
    shown: [usize; 2],
    held: i64,
    /// Rounds in which no file was taken, and in which one was.
    refused: usize,
    recorded: usize,
    files: usize,
}

impl<'w> Run<'w> {
    fn start(world: &'w World, chance: Chance) -> Self {
        let desk = Desk::of(world);
        let sold = desk.worked_day();
        let days = [today(), today().plus_days(2)];
        desk.have_closed(days[1]);
        let due = [("EW-JAMBI", 175_000), ("EW-JAKARTA", 110_000)]
            .map(|(merchant, due)| (sold.reference(merchant).to_owned(), due));
        Self {
            clerks: [desk.bank(), desk.second()],
            held: desk.balance("holding:bri"),
            due: due.into(),
            days,
            chance,
            rows: Vec::new(),
            shown: [0, 0],
            refused: 0,
            recorded: 0,
            files: 0,
            desk,
        }
    }

    /// What the bank may book next.
    fn new_row(&mut self) -> (String, i64) {
        let known: Vec<(String, i64)> = self.due.clone().into_iter().collect();
        let (reference, due) = self.chance.pick(&known).clone();
        let part = self.chance.amount(1, due);
        let number = self.rows.len();
        match self.chance.below(12) {
            0..=2 => (reference, due),
            3..=6 => (reference, part),
            7 => (format!("RC {reference}"), -part),
            8 => (format!("BIAYA ADM {reference}"), -1_500),
            9 => {
                // What is still missing of it, as far as the account shows.
                let of = self.rows.iter().filter(|(text, _)| *text == reference);
                let rest = due - of.map(|(_, amount)| amount).sum::<i64>();
                (reference, if rest > 0 { rest } else { due })
            }
            _ => (format!("SETOR TUNAI {number}"), self.chance.amount(1, 90_000)),
        }
    }

    /// Records a file of one of the days: new rows, and some that were shown before.
    fn record(&mut self) {
        for _ in 0..=self.chance.below(2) {
            let row = self.new_row();
            self.rows.push(row);
        }
        let which = self.chance.below(2);
        let latest = if which == 0 { self.shown[0] } else { self.shown[0].max(self.shown[1]) };
        let first = self.chance.below(latest + 1);
        let reworded = self.chance.one_in(10).then(|| self.chance.below(self.rows.len() - first));
        // A file that contradicts those before it is refused; then the bank sends all of it anew.
        if self.sends(which, first, reworded) || self.sends(which, 0, None) {
            self.recorded += 1;
            self.shown[which] = self.rows.len();
        } else {
            self.refused += 1;
        }
    }

    /// Sends the rows from a place on, of which the bank may word one otherwise than before; whether
    /// they were taken.
    fn sends(&mut self, which: usize, first: usize, reworded: Option<usize>) -> bool {
        self.files += 1;
        let opening: i64 = self.rows[..first].iter().map(|(_, amount)| amount).sum();
        let mut sent = self.rows[first..].to_vec();
        if let Some(place) = reworded {
            sent[place].0.push_str(" CETAK ULANG");
        }
        let lines: Vec<String> =
            sent.iter().map(|(text, amount)| format!("{text} {amount:+}")).collect();
        let file = bank_file_of(self.days[1], opening, &lines.join("\n"), None);
        let name = format!("{}.csv", self.files);
        let clerk = self.chance.pick(&self.clerks);
        let sent = Desk::record_day(&clerk.api, self.days[which], &[(&name, &file)]);
        if !matches!(sent.status, 200 | 201) {
            assert_eq!(sent.problem(422), "file_refused");
        }
        sent.status != 422
    }

    /// Decides what is open, all of it or some; whether nothing is left that could be decided.
    fn decide(&mut self) -> bool {
        let mut settled = true;
        for found in self.desk.open() {
            if self.chance.one_in(5) {
                settled = false;
                continue;
            }
            let wish = *self.chance.pick(&["accept_bank", "suspense", "claim", "accept_bank"]);
            let clerk = self.chance.pick(&self.clerks);
            let done = [wish, "suspense"].iter().any(|wish| {
                let answer = Desk::decide(clerk, &found, wish);
                assert!(matches!(answer.status, 200 | 409), "{}", answer.text());
                answer.status == 200
            });
            if !done {
                // The bank moved nothing yet.
                assert_eq!(found["bank_amount"], Value::Null, "{found}");
            }
        }
        settled
    }

    /// What the bank moved by all rows that the days' reconciliations show, a row once: above zero what it
    /// paid; and what it took in fees, also those that a later file shows as the account's own.
    fn moved(&self) -> (i64, i64) {
        let (mut rows, mut fees) = (BTreeMap::new(), BTreeMap::new());
        let bank = &self.clerks[0].api;
        for day in self.days {
            for one in listed(bank, &format!("/v1/reconciliations?business_date={day}")) {
                for result in self.desk.results(text(&one, "id")) {
                    for row in result["bank_rows"].as_array().unwrap() {
                        let print = text(row, "fingerprint").to_owned();
                        let amount: i64 = text(row, "amount").parse().unwrap();
                        if text(row, "description").starts_with("BIAYA") {
                            fees.insert(print.clone(), amount);
                        }
                        if result["status"] != "out_of_scope" && row["taken_for"] != "fee" {
                            let is_paid = row["direction"] == "credit";
                            rows.insert(print, if is_paid { amount } else { -amount });
                        }
                    }
                }
            }
        }
        (rows.values().sum(), fees.values().sum())
    }

    /// Holds the accounts against what the bank moved. Everything is decided.
    fn audit(&self) {
        let bank = &self.clerks[0].api;
        let all = listed(bank, "/v1/exceptions?state=all");
        let path = format!("/v1/settlements?business_date={}", self.days[0]);
        let paid: BTreeMap<String, i64> = listed(bank, &path)
            .iter()
            .filter(|one| matches!(text(one, "stage"), "confirmed" | "signed_off"))
            .map(|one| (text(one, "reference").to_owned(), number(one, "due")))
            .collect();
        let (posted, fees) = self.moved();
        let of = |kind: &str| self.desk.balance(&format!("{kind}:bri"));
        let told = || format!("{all:#?}\n{paid:?}\n{:?}", self.rows);
        let taken = -of("fees");
        assert!(taken <= fees, "{taken} of {fees}: a fee was posted twice\n{}", told());
        assert_eq!(self.held - of("holding"), posted + taken, "holding and the bank: {}", told());
        let explained: i64 = paid.values().sum();
        assert_eq!(-of("suspense"), posted - explained, "suspense and its items: {}", told());
    }

    /// Both days can be signed by whoever did not record them last, once all is decided.
    fn sign(&self) {
        for day in self.days {
            let path = format!("/v1/reconciliations?business_date={day}");
            for one in listed(&self.clerks[0].api, &path) {
                let path = format!("/v1/reconciliations/{}/sign-off", text(&one, "id"));
                let signs = |clerk: &Bank| clerk.api.post(&path, &json!({})).status == 200;
                assert!(self.clerks.iter().any(signs), "nobody can sign {one}");
            }
        }
    }
}

fn holding_moves_as_the_bank_does(backend: Backend, runs: usize, rounds: usize) {
    clear_of_midnight();
    let mut chance = Chance::of(seed());
    let (mut recorded, mut refused) = (0, 0);
    for _ in 0..runs {
        let limits = ["--four-eyes-above", "4000000000", "--four-eyes-day-above", "4000000000"];
        let world = World::start_with(backend, &limits);
        let mut run = Run::start(&world, Chance::of(chance.next()));
        for _ in 0..rounds {
            run.record();
            if run.decide() {
                run.audit();
            }
        }
        while !run.decide() {}
        run.audit();
        (recorded, refused) = (recorded + run.recorded, refused + run.refused);
        run.sign();
        run.audit();
        world.verify();
    }
    // After a reworded row was taken, few files of that run agree with all before them.
    assert!(recorded > refused / 2, "{refused} rounds without a file, {recorded} with one");
}

mod holding_moves_as_the_bank_does_whatever_comes {
    use super::*;

    #[test]
    fn sqlite() {
        holding_moves_as_the_bank_does(Backend::Sqlite, 8, 16);
    }

    #[test]
    fn postgres() {
        holding_moves_as_the_bank_does(Backend::Postgres, 3, 12);
    }
}
