//! `PostgreSQL`'s own benchmark program, with its own script and with one of ours: a debit as one
//! function call a request.

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use ewarong_tests::Cluster;
use ewarong_tests::machine::Usage;

use crate::databases::{new_folder, run};
use crate::rows::Figure;

/// The clients of every run.
const CLIENTS: &str = "32";

/// Locks the wallet, looks whether it holds enough, and books the debit.
const DEBIT: &str = "
CREATE TABLE wallets (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL CHECK (balance >= 0))
    WITH (fillfactor = 50);
CREATE TABLE transfers (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, wallet BIGINT NOT NULL,
    merchant BIGINT NOT NULL, amount BIGINT NOT NULL CHECK (amount > 0),
    balance_after BIGINT NOT NULL, created_at TIMESTAMPTZ NOT NULL DEFAULT now());
CREATE FUNCTION debit(payer BIGINT, payee BIGINT, rupiah BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE held BIGINT;
BEGIN
    SELECT balance INTO held FROM wallets WHERE id = payer FOR UPDATE;
    IF held IS NULL OR held < rupiah THEN
        RETURN NULL;
    END IF;
    UPDATE wallets SET balance = held - rupiah WHERE id = payer;
    INSERT INTO transfers (wallet, merchant, amount, balance_after)
        VALUES (payer, payee, rupiah, held - rupiah);
    RETURN held - rupiah;
END $$;
";
const DEBIT_SCRIPT: &str = "
\\set payer random(1, :cards)
\\set payee random(1, 64)
\\set rupiah random(500, 900)
SELECT debit(:payer, :payee, :rupiah);
";

/// A database with both benchmarks' tables; dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Pgbench {
    cluster: Arc<Cluster>,
    url: String,
    cards: u32,
}

impl Pgbench {
    /// Tables for as many accounts as there are cards.
    pub(crate) fn new(cluster: &Arc<Cluster>, cards: u32) -> anyhow::Result<Self> {
        let url = cluster.create_database();
        let pgbench = Self { cluster: Arc::clone(cluster), url, cards };
        // A scale of one is 100,000 accounts.
        let scale = cards.div_ceil(100_000).to_string();
        pgbench.run(&["--initialize", "--quiet", "--scale", &scale])?;
        let fill = format!(
            "INSERT INTO wallets SELECT n, 1000000000000 FROM generate_series(1, {cards}) n;"
        );
        let name = Cluster::name_of(&pgbench.url);
        cluster.sql(name, &format!("{DEBIT}{fill} VACUUM ANALYZE wallets, transfers;"));
        Ok(pgbench)
    }

    /// Transactions a second of `pgbench -N`: one account's update, a look at it, and a line of
    /// history.
    pub(crate) fn simple_update(&self, seconds: u64) -> anyhow::Result<(u64, Figure)> {
        self.measure(&["--skip-some-updates"], seconds)
    }

    /// Debits a second, one prepared function call each.
    pub(crate) fn debits(&self, seconds: u64) -> anyhow::Result<(u64, Figure)> {
        let folder = new_folder()?;
        let script = folder.path().join("debit.sql");
        std::fs::write(&script, DEBIT_SCRIPT)?;
        let (path, cards) = (script.display().to_string(), format!("cards={}", self.cards));
        self.measure(&["--file", &path, "--define", &cards], seconds)
    }

    /// The transactions a second, and what others took of the processors, in thousandths.
    fn measure(&self, script: &[&str], seconds: u64) -> anyhow::Result<(u64, Figure)> {
        self.cluster.sql("postgres", "CHECKPOINT");
        // Server and clients are descendants of this process.
        let ours = [std::process::id()];
        let (before, started) = (Usage::now(&ours), Instant::now());
        let time = seconds.to_string();
        let common = [
            "--client",
            CLIENTS,
            "--jobs",
            "2",
            "--protocol",
            "prepared",
            "--no-vacuum",
            "--time",
            &time,
        ];
        let text = self.run(&[&common[..], script].concat())?;
        let used = Usage { own_ms: 0, ..Usage::now(&ours).since(before) };
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|rest| {
            let whole = rest.split(['.', ' ']).next()?;
            whole.parse().ok()
        });
        let rate = rate.with_context(|| format!("no rate in what pgbench says:\n{text}"))?;
        Ok((used.others_permille(started.elapsed()), Figure::PerSecond(rate)))
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut pgbench = Command::new(self.cluster.program("pgbench"));
        pgbench.args(arguments).arg(&self.url);
        run(pgbench)
    }
}

impl Drop for Pgbench {
    fn drop(&mut self) {
        let name = Cluster::name_of(&self.url);
        self.cluster.sql("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    }
}
