//! A small history, written as the use cases write it, batch by batch. For tests.
//!
//! Two banks, BRI (1) and BNI (2), each with one shop and one family: EW-1 and family 1001 at BRI,
//! EW-2 and family 1002 at BNI. Two nodes make ids in turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::sql_types::BigInt;

use crate::domain::bank::BankId;
use crate::domain::basket::{Basket, Line, LineClaim};
use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::{AccountId, CardId, IdBlock, NodeNo, RowId, TerminalId, Tick};
use crate::domain::keys::key_hash;
use crate::domain::money::Rupiah;
use crate::domain::policy::Objection;
use crate::domain::redemption::{Attempt, Debit, Outcome};
use crate::domain::refusal::Refusal;
use crate::domain::transfer::{Sides, Transfer, TransferKind};
use crate::store::DatabaseUrl;
use crate::store::batch::{BatchRows, BatchStore as _, RefusedRows, RowPlace, WalletChange};
use crate::store::connection::{Connection, Purpose};
use crate::store::sealing::LogHead;
use crate::store::statement::statement;

/// 10:00 in Jambi on 3 September 2018.
const MORNING: i64 = 1_535_943_600_000;
pub(crate) const SHOPS: [AccountId; 2] = [AccountId(5001), AccountId(5002)];
pub(crate) const FAMILIES: [AccountId; 2] = [AccountId(1001), AccountId(1002)];
pub(crate) const HOLDING: [AccountId; 2] = [AccountId(101), AccountId(201)];
pub(crate) const UNALLOCATED: [AccountId; 2] = [AccountId(102), AccountId(202)];

const REGISTRY: &str = "
INSERT INTO banks VALUES
    (1, 'bri', 'BRI', '002', '1', 1320, 1, 20180903, 101, 102, 103, 104),
    (2, 'bni', 'BNI', '009', '2', 1320, 1, 20180903, 201, 202, 203, 204);
INSERT INTO accounts VALUES (101, 1, 1), (102, 2, 1), (103, 5, 1), (104, 6, 1),
    (201, 1, 2), (202, 2, 2), (203, 5, 2), (204, 6, 2),
    (1001, 3, 1), (1002, 3, 2), (5001, 4, 1), (5002, 4, 2);
INSERT INTO households VALUES (1, X'01', X'00', '1571', 0), (2, X'02', X'00', '1571', 0);
INSERT INTO wallets VALUES (1001, 1, 1001, 1000000, 0, 1, 1, X'01'),
    (1002, 2, 1002, 1000000, 0, 2, 1, X'02');
INSERT INTO cards (wallet_id, id, issued_at, issued_state, expires, state, pin_tries, first_six, last_four)
    VALUES (1001, 11, 0, 3, 20991231, 3, 0, '601301', '0018'),
           (1002, 12, 0, 3, 20991231, 3, 0, '601302', '0026');
INSERT INTO merchants (id, code, name, kind, address, region_code, bank_id, zone, price_zone, status)
    VALUES (5001, 'EW-1', 'Warung', 'warung', 'Jambi', '1571', 1, 7, 2, 1),
           (5002, 'EW-2', 'Toko', 'warung', 'Jambi', '1571', 2, 7, 2, 1);
INSERT INTO terminals VALUES (9001, 'T1', 5001, 1), (9002, 'T2', 5002, 1);
";

statement! {
    both AllSealed {} -> (BigInt, BigInt, BigInt, BigInt, BigInt);
    "SELECT b.log_start, t.id, t.debit_account, t.credit_account, t.amount
     FROM batches b JOIN transfers t ON t.id > b.id AND t.id <= b.last_id
        AND ((t.id >> 12) & 1023) = ((b.id >> 12) & 1023)
     WHERE b.log_start IS NOT NULL ORDER BY b.log_start, t.id"
}

/// A purchase to be written: which shop and family (0 or 1; no family for an unknown card), the
/// price of the rice, whether it is refused, the idempotency key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sale {
    pub(crate) shop: usize,
    pub(crate) family: Option<usize>,
    pub(crate) amount: i64,
    pub(crate) refused: bool,
    pub(crate) key: &'static str,
}

/// The history and its database, which is gone with it.
pub(crate) struct History {
    pub(crate) connection: Connection,
    turn: i64,
    waited: i64,
    balances: [i64; 2],
    /// The last id of each family.
    last_ids: [i64; 2],
    /// The first tick that each node has not used.
    free_ticks: [Tick; 2],
    _folder: tempfile::TempDir,
}

impl History {
    /// A database with everyone registered, each family holding Rp1.000.000.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite(&folder.path().join("ledger.db"));
        let mut connection = Connection::open(&url, Purpose::General).unwrap();
        connection.migrate().unwrap();
        connection.run(REGISTRY).unwrap();
        let free_ticks = [Tick::of(Instant::from_millis(MORNING)); 2];
        let (balances, last_ids) = ([1_000_000; 2], [0; 2]);
        Self { connection, turn: 0, waited: 0, balances, last_ids, free_ticks, _folder: folder }
    }

    /// The time of the next batch.
    pub(crate) fn now(&self) -> Instant {
        Instant::from_millis(MORNING + self.waited + self.turn / 2)
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, millis: i64) {
        self.waited += millis;
    }

    /// The next batch's ids: of one node and the other in turn, the second's among the first's as far as
    /// no family is in both.
    fn ids(&mut self, rows: usize, families: impl IntoIterator<Item = usize>) -> IdBlock {
        let node = usize::try_from(self.turn % 2).unwrap();
        let node_no = NodeNo::new(i16::try_from(node).unwrap()).unwrap();
        let families: Vec<usize> = families.into_iter().collect();
        let highest = families.iter().map(|family| self.last_ids[*family]).max().unwrap_or(0);
        // The first node's begin with the last of a millisecond and go on in the next.
        let first = Tick::of(self.now()).plus(if node == 0 { 4095 } else { 0 });
        let first = first.max(Tick::above(highest, node_no)).max(self.free_ticks[node]);
        let count = i64::try_from(rows).unwrap() + 1;
        self.free_ticks[node] = first.plus(count);
        self.turn += 1;
        let ids = IdBlock::new(first, count, node_no);
        for family in families {
            self.last_ids[family] = ids.last();
        }
        ids
    }

    /// Writes a batch of purchases and gives their ids.
    pub(crate) fn sell(&mut self, sales: &[Sale]) -> Vec<RowId> {
        let now = self.now();
        let ids = self.ids(sales.len(), sales.iter().filter_map(|sale| sale.family));
        let (mut attempts, mut transfers) = (Vec::new(), Vec::new());
        for (place, sale) in (1..).zip(sales) {
            let id = RowId(ids.id(place));
            let wallet = sale.family.map_or(SHOPS[sale.shop], |family| FAMILIES[family]);
            let outcome = if let Some(family) = sale.family.filter(|_| !sale.refused) {
                self.balances[family] -= sale.amount;
                let after = Rupiah::new(self.balances[family]).unwrap();
                let sides = (wallet, SHOPS[sale.shop], wallet);
                let kind = TransferKind::Redemption;
                transfers.push(moved(id, kind, sides, sale.amount, Some(after), now));
                Outcome::Approved(Debit::leaving(after, Rupiah::new(sale.amount).unwrap()).unwrap())
            } else {
                let known = sale.family.map(|_| Refusal::BalanceInsufficient);
                let refusal = known.unwrap_or(Refusal::CardUnknown);
                Outcome::Refused(Objection { refusal, line: None, ceiling: None })
            };
            attempts.push(Arc::new(attempt(id, wallet, sale, outcome, now)));
        }
        let given = attempts.iter().map(|attempt| attempt.id).collect();
        self.write(ids, attempts, transfers, now);
        given
    }

    /// Writes a batch of one transfer that is not a purchase, and returns its id.
    pub(crate) fn post(
        &mut self,
        kind: TransferKind,
        (debit, credit): (AccountId, AccountId),
        amount: i64,
    ) -> RowId {
        self.post_about(None, kind, (debit, credit), amount)
    }

    fn post_about(
        &mut self,
        subject: Option<i64>,
        kind: TransferKind,
        (debit, credit): (AccountId, AccountId),
        amount: i64,
    ) -> RowId {
        let now = self.now();
        let family = FAMILIES.iter().position(|family| *family == credit);
        let ids = self.ids(1, family);
        let id = RowId(ids.id(1));
        let after = family.map(|family| {
            self.balances[family] += amount;
            Rupiah::new(self.balances[family]).unwrap()
        });
        let anchor = if family.is_some() { credit } else { debit };
        let transfer = moved(id, kind, (debit, credit, anchor), amount, after, now).about(subject);
        self.write(ids, Vec::new(), vec![transfer], now);
        id
    }

    /// A month's credit.
    pub(crate) fn credit(&mut self, family: usize, amount: i64) -> RowId {
        let sides = (UNALLOCATED[family], FAMILIES[family]);
        let id = self.post_about(Some(201_809), TransferKind::Credit, sides, amount);
        self.note_credit(family, 201_809, id);
        id
    }

    /// Another month's credits of both families in one batch.
    pub(crate) fn credit_both(&mut self, period: i32, amount: i64) {
        let now = self.now();
        let ids = self.ids(2, [0, 1]);
        let mut transfers = Vec::new();
        for (family, place) in [(0, 1), (1, 2)] {
            let id = RowId(ids.id(place));
            self.balances[family] += amount;
            let after = Rupiah::new(self.balances[family]).unwrap();
            let sides = (UNALLOCATED[family], FAMILIES[family], FAMILIES[family]);
            transfers.push(moved(id, TransferKind::Credit, sides, amount, Some(after), now));
            self.note_credit(family, period, id);
        }
        self.write(ids, Vec::new(), transfers, now);
    }

    fn note_credit(&mut self, family: usize, period: i32, id: RowId) {
        let (wallet, id) = (FAMILIES[family].0, id.0);
        let rows = format!(
            "INSERT OR IGNORE INTO credit_runs VALUES ({period}, 1, {period}, 1, 1, 2, 0, 0, 0, 0, 0, NULL, NULL);
             INSERT INTO credits VALUES ({wallet}, 1, 1, {period}, {id}, {period});"
        );
        self.connection.run(&rows).unwrap();
    }

    /// Takes a purchase back.
    pub(crate) fn take_back(
        &mut self,
        sale: RowId,
        shop: usize,
        family: usize,
        amount: i64,
    ) -> RowId {
        let sides = (SHOPS[shop], FAMILIES[family]);
        let id = self.post_about(Some(sale.0), TransferKind::Reversal, sides, amount);
        let (wallet, shop, bank) = (FAMILIES[family].0, SHOPS[shop].0, shop + 1);
        let row = format!("({}, {wallet}, {}, {shop}, {bank}, 20180903, 'salah')", sale.0, id.0);
        self.connection.run(&format!("INSERT INTO reversals VALUES {row}")).unwrap();
        id
    }

    /// Seals the first unsealed batches, at most so many.
    pub(crate) fn seal(&mut self, batches: i64) {
        let before = self.connection.log_head().unwrap();
        let mut size = before.size;
        for batch in self.connection.unsealed_batches(batches).unwrap() {
            self.connection.seal_batches(&[(batch, size)]).unwrap();
            size += batch.transfers;
        }
        let now = LogHead { size, sealed_at: self.now() };
        self.connection.set_log_head(before, now).unwrap();
    }

    /// Every sealed transfer by its place in the log: id, debited and credited account, amount.
    pub(crate) fn sealed(&mut self) -> Vec<(RowId, AccountId, AccountId, i64)> {
        let rows: Vec<(i64, i64, i64, i64, i64)> = self.connection.load(AllSealed {}).unwrap();
        let mut placed = BTreeMap::new();
        let (mut batch, mut rank) = (None, 0);
        for (log_start, id, debit, credit, amount) in rows {
            rank = if batch == Some(log_start) { rank + 1 } else { 0 };
            batch = Some(log_start);
            let transfer = (RowId(id), AccountId(debit), AccountId(credit), amount);
            assert!(placed.insert(log_start + rank, transfer).is_none());
        }
        placed.into_values().collect()
    }

    fn write(
        &mut self,
        ids: IdBlock,
        attempts: Vec<Arc<Attempt>>,
        transfers: Vec<Transfer>,
        now: Instant,
    ) {
        // `seen` and `place` are for `PostgreSQL`, and the fixture is on `SQLite`.
        let wallets = FAMILIES.iter().zip(self.balances).map(|(family, balance)| WalletChange {
            wallet: *family,
            balance: Rupiah::new(balance).unwrap(),
            seen: 0,
            place: RowPlace::default(),
        });
        let rows = BatchRows {
            id: ids.first(),
            last_id: ids.last(),
            anchor: FAMILIES[0],
            created_at: now.as_millis(),
            leaves: vec![0; transfers.len() * 32],
            wallets: wallets.collect(),
            attempts,
            transfers,
            cards: Vec::new(),
            refused: RefusedRows::default(),
            revision: None,
        };
        self.connection.transaction(|tx| tx.write_batch(&rows)).unwrap();
    }
}

fn moved(
    id: RowId,
    kind: TransferKind,
    (debit, credit, anchor): (AccountId, AccountId, AccountId),
    amount: i64,
    after: Option<Rupiah>,
    now: Instant,
) -> Transfer {
    let sides = Sides { debit, credit, anchor };
    let day = Date::from_number(20_180_903).unwrap();
    Transfer::new(id, kind, sides, Rupiah::new(amount).unwrap(), after, (now, day)).unwrap()
}

fn attempt(id: RowId, wallet: AccountId, sale: &Sale, outcome: Outcome, now: Instant) -> Attempt {
    let line = Line::read(LineClaim {
        commodity: "rice",
        grade: Some("premium"),
        quantity: "1",
        unit: "kg",
        unit_price: sale.amount,
    });
    let number = |index: usize| i64::try_from(index).unwrap();
    let bank = |index: usize| BankId(i16::try_from(index).unwrap() + 1);
    Attempt {
        id,
        wallet,
        card: sale.family.map(|family| CardId(11 + number(family))),
        merchant: SHOPS[sale.shop],
        terminal: TerminalId(9001 + number(sale.shop)),
        issuer: sale.family.map(bank),
        acquirer: bank(sale.shop),
        key_hash: key_hash(sale.key),
        request: [0; 16],
        outcome,
        reference: None,
        basket: Arc::new(Basket::new(vec![line.unwrap()]).unwrap()),
        policy_version: 1,
        created_at: now,
        business_date: Date::from_number(20_180_903).unwrap(),
    }
}
