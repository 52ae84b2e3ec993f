//! The first bank's statements, and its clerk who decides what differs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use ewarong_tests::seed::folder::BANK_ACCOUNT;
use ledger::domain::account::AccountKind;
use ledger::domain::calendar::Date;
use ledger::domain::matching::Matching;
use ledger::domain::resolution::Resolution;
use ledger::service::{
    Clerk, ExceptionQuery, ExceptionState, Ledger, NotReconciled, NotResolved, Reader,
    ReconcileRequest, Rendering, SentFile, SettlementQuery, ShownOutcome, Teller,
};

use crate::folder::BANKS;

/// Of a payment that is short so many rupiah are missing.
const MISSING: i64 = 1_000;

/// The bank's account and who works with it.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// What the bank paid by day, in order: reference and rupiah.
    rows: BTreeMap<Date, Vec<(String, i64)>>,
    /// How many of a day's rows some file has shown.
    shown: BTreeMap<Date, usize>,
    files: usize,
}

/// Nobody looks at these.
struct Unseen;

impl Rendering for Unseen {
    fn summary(&self, _matching: &Matching) -> String {
        "{}".to_owned()
    }

    fn outcome(&self, _shown: ShownOutcome<'_>) -> String {
        "{}".to_owned()
    }
}

impl Desk {
    /// Pays what is due on the day and not paid, sends the day's rows from one of them on, decides.
    pub(super) fn state(
        &mut self,
        ledger: &Ledger,
        by: Teller,
        (day, short, from, accepts): (Date, bool, usize, bool),
    ) {
        self.pay(ledger, (day, short));
        let rows = self.rows.entry(day).or_default();
        if rows.is_empty() {
            return;
        }
        let rows = rows.clone();
        let shown = self.shown.insert(day, rows.len()).unwrap_or(0);
        let from = from.min(shown).min(rows.len() - 1);
        self.files += 1;
        let file = SentFile {
            name: format!("{}.csv", self.files),
            format: None,
            profile: None,
            content: Arc::new(self.file(day, &rows[from..]).into_bytes()),
        };
        let bank = (by.bank, BANKS[0].parse().unwrap());
        let files = vec![file];
        let request = ReconcileRequest { client: by.client, bank, merchant: None, day, files };
        match ledger.reconcile(&request, &Unseen) {
            // Another file with nothing that was not shown before.
            Ok(_) | Err(NotReconciled::Refused { status: "duplicate_statement", .. }) => {}
            Err(other) => panic!("not reconciled: {other}"),
        }
        decide(ledger, by, accepts);
    }

    fn pay(&mut self, ledger: &Ledger, (day, short): (Date, bool)) {
        let bank = Some(BANKS[0].to_owned());
        let query =
            SettlementQuery { bank, business_date: Some(day), ..SettlementQuery::default() };
        let rows = self.rows.entry(day).or_default();
        for settlement in ledger.settlements(Reader::All, &query, 0, 100).unwrap() {
            let (reference, due) = (settlement.reference.clone().unwrap(), settlement.sums().due());
            let of = rows.iter().filter(|(name, _)| *name == reference);
            let paid: i64 = of.map(|(_, amount)| amount).sum();
            let missing = if short && paid == 0 && due > MISSING { MISSING } else { 0 };
            if due > paid {
                rows.push((reference, due - paid - missing));
            }
        }
    }

    /// BRI's short list, which says what the account held before.
    fn file(&self, day: Date, rows: &[(String, i64)]) -> String {
        let until: i64 =
            self.rows.range(..=day).flat_map(|(_, rows)| rows).map(|(_, amount)| amount).sum();
        let mut balance = until - rows.iter().map(|(_, amount)| amount).sum::<i64>();
        let mut file =
            "NOREK;TGL_TRAN;DESK_TRAN;MUTASI_DEBET;MUTASI_KREDIT;SALDO_AKHIR_MUTASI\n".to_owned();
        for (reference, amount) in rows {
            balance += amount;
            writeln!(file, "{BANK_ACCOUNT};{day};{reference};.00;{amount}.00;{balance}.00")
                .unwrap();
        }
        file
    }
}

/// Everything that is open and can be decided.
fn decide(ledger: &Ledger, by: Teller, accepts: bool) {
    let clerk = Clerk { client: by.client, reader: Reader::Bank(by.bank) };
    let resolution = if accepts { Resolution::AcceptBank } else { Resolution::Suspense };
    for open in ledger.exceptions(clerk.reader, &ExceptionQuery::default(), (0, 100)).unwrap() {
        let decision = (resolution, "uji".to_owned());
        let decided = ledger.resolve_exception(clerk, open.id, decision);
        match decided {
            Ok(shown) => assert_eq!(shown.state, ExceptionState::Resolved),
            Err(NotResolved::NotApplicable(_)) => assert_eq!(open.moved, None, "{open:?}"),
            Err(other) => panic!("{other}: {open:?}"),
        }
    }
}

/// What the banks hold and have in suspense.
pub(super) fn told(ledger: &Ledger, auditor: i64) -> String {
    let lines = ledger.trial_balance(auditor, None, None).unwrap().lines;
    let sum = |kind: AccountKind| -> i64 {
        lines.iter().filter(|line| line.kind == kind).map(|line| line.balance).sum()
    };
    format!("holding {}, suspense {}", sum(AccountKind::Holding), sum(AccountKind::Suspense))
}
