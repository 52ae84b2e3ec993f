//! What went back: of fundings, and of credits; and what two clients agreed to.

use diesel::sql_types::{BigInt, Binary, Text};

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

statement! {
    both Proposals {} -> (BigInt, BigInt, Text, Binary);
    "SELECT id, CAST(kind AS BIGINT), subject, subject_hash FROM proposals ORDER BY id"
}

/// A proposal: id, kind, what it is about, the hash of that.
pub(crate) type ProposalRow = (i64, i64, String, Vec<u8>);

streams! {
    /// Every proposal: its id, its kind, what it is about, and the hash of that.
    each_proposal: Proposals -> ProposalRow;
}

rules! {
    /// The rules of what went back of fundings and, for each, the first row that breaks it.
    broken_returns;
    ReturnedTooMuch: "fundings {}: more went back than arrived",
        "SELECT f.transfer_id FROM fundings f
         JOIN (SELECT funding_id, SUM(amount) AS amount FROM funding_returns GROUP BY funding_id) r
            ON r.funding_id = f.transfer_id
         WHERE r.amount > f.amount ORDER BY f.transfer_id LIMIT 1";
}

rules! {
    /// The rules of what was taken back of credits and, for each, the first row that breaks it.
    broken_reversals;
    TakenTooMuch: "credit_reversals of wallet {}: more was taken back than its credit",
        "SELECT k.wallet_id FROM (
            SELECT programme, period, wallet_id, round, SUM(amount) AS amount FROM credit_reversals
            GROUP BY programme, period, wallet_id, round
         ) k
         JOIN credits c ON c.programme = k.programme AND c.period = k.period
            AND c.wallet_id = k.wallet_id AND c.round = k.round
         JOIN transfers t ON t.id = c.transfer_id AND t.anchor_id = c.wallet_id
         WHERE k.amount > t.amount ORDER BY k.wallet_id LIMIT 1";
    GivenTooMuch: "credits of wallet {}: with what was given again they are above the period's amount",
        "SELECT k.wallet_id FROM (
            SELECT c.programme, c.period, c.wallet_id, SUM(t.amount) AS credited, MAX(r.amount) AS amount
            FROM credits c
            JOIN (SELECT DISTINCT programme, period, wallet_id FROM credits WHERE round > 1) m
                ON m.programme = c.programme AND m.period = c.period AND m.wallet_id = c.wallet_id
            JOIN transfers t ON t.id = c.transfer_id AND t.anchor_id = c.wallet_id
            JOIN credit_runs r ON r.id = c.run_id
            GROUP BY c.programme, c.period, c.wallet_id
         ) k
         WHERE k.credited - COALESCE((SELECT SUM(v.amount) FROM credit_reversals v
            WHERE v.programme = k.programme AND v.period = k.period AND v.wallet_id = k.wallet_id), 0)
            > k.amount
         ORDER BY k.wallet_id LIMIT 1";
    ReversalOfRun: "credit_run_reversals {}: it is another period's than its run, or does not end as it began",
        "SELECT v.id FROM credit_run_reversals v
         LEFT JOIN credit_runs r ON r.id = v.run_id AND r.programme = v.programme
            AND r.period = v.period
         LEFT JOIN proposals p ON p.id = v.id AND p.agreed_at = v.started_at
         LEFT JOIN (SELECT reversal_id, MAX(wallet_id) AS highest FROM credit_reversals
                GROUP BY reversal_id) k ON k.reversal_id = v.id
         WHERE r.id IS NULL OR p.id IS NULL OR (v.status = 2) <> (v.finished_at IS NOT NULL)
            OR v.finished_at < v.started_at OR v.last_wallet < k.highest
         ORDER BY v.id LIMIT 1";
    ReversalBanks: "credit_run_reversals {}: a bank is left out",
        "SELECT v.id FROM credit_run_reversals v
         JOIN credit_run_banks r ON r.run_id = v.run_id
         LEFT JOIN credit_run_reversal_banks b ON b.reversal_id = v.id AND b.bank_id = r.bank_id
         WHERE b.reversal_id IS NULL ORDER BY v.id LIMIT 1";
    ReversalBankThere: "credit_run_reversal_banks {}: there is no such reversal, or no such bank",
        "SELECT b.reversal_id FROM credit_run_reversal_banks b
         LEFT JOIN credit_run_reversals v ON v.id = b.reversal_id
         LEFT JOIN banks k ON k.id = b.bank_id
         WHERE v.id IS NULL OR k.id IS NULL ORDER BY b.reversal_id LIMIT 1";
    ReversalSpent: "credit_run_reversal_banks {}: what was spent is not what its run's credits have left",
        "SELECT b.reversal_id FROM credit_run_reversal_banks b
         JOIN credit_run_reversals v ON v.id = b.reversal_id AND v.status = 2
         LEFT JOIN credit_run_banks r ON r.run_id = v.run_id AND r.bank_id = b.bank_id
         WHERE b.spent <> COALESCE(r.amount, 0) - b.amount ORDER BY b.reversal_id LIMIT 1";
    ReversalCounts: "credit_run_reversals {}: its counts are not those of what was taken back",
        "SELECT b.reversal_id FROM credit_run_reversal_banks b
         LEFT JOIN (
            SELECT v.reversal_id, w.bank_id, COUNT(*) AS families, SUM(v.amount) AS amount
            FROM credit_reversals v JOIN wallets w ON w.id = v.wallet_id
            GROUP BY v.reversal_id, w.bank_id
         ) n ON n.reversal_id = b.reversal_id AND n.bank_id = b.bank_id
         WHERE b.families <> COALESCE(n.families, 0) OR b.amount <> COALESCE(n.amount, 0)
         ORDER BY b.reversal_id LIMIT 1";
}

rules! {
    /// The rules of four eyes and, for each, the first row that breaks it.
    broken_agreements;
    FundingAgreed: "fundings {}: nobody proposed what another client agreed to",
        "SELECT f.transfer_id FROM fundings f
         LEFT JOIN proposals p ON p.outcome = f.transfer_id AND p.kind = 1
         WHERE CASE WHEN p.id IS NULL THEN f.agreed_by IS NOT NULL
            ELSE f.agreed_by IS NULL OR p.agreed_by <> f.agreed_by OR p.proposed_by <> f.recorded_by
                OR p.stake <> f.amount END
         ORDER BY f.transfer_id LIMIT 1";
    ReturnAgreed: "funding_returns {}: nobody proposed what another client agreed to",
        "SELECT f.transfer_id FROM funding_returns f
         LEFT JOIN proposals p ON p.outcome = f.transfer_id AND p.kind = 3
         WHERE CASE WHEN p.id IS NULL THEN f.agreed_by IS NOT NULL
            ELSE f.agreed_by IS NULL OR p.agreed_by <> f.agreed_by OR p.proposed_by <> f.recorded_by
                OR p.stake <> f.amount OR p.detail <> f.reason END
         ORDER BY f.transfer_id LIMIT 1";
    ProposalClients: "proposals {}: one of its clients is none of the programme's, or agreed before it was proposed",
        "SELECT p.id FROM proposals p
         LEFT JOIN clients c ON c.id = p.proposed_by AND c.role = 4
         LEFT JOIN clients d ON d.id = p.agreed_by AND d.role = 4
         WHERE c.id IS NULL OR (p.agreed_by IS NOT NULL AND d.id IS NULL)
            OR p.state NOT IN (1, 2, 3) OR (p.state = 2) <> (p.agreed_by IS NOT NULL)
            OR (p.state = 2) <> (p.agreed_at IS NOT NULL) OR (p.state = 2) <> (p.outcome IS NOT NULL)
            OR (p.agreed_at < p.proposed_at AND NOT EXISTS (SELECT 1 FROM clock_eras e
                WHERE e.began_at <= p.agreed_at AND e.recorded_to >= p.proposed_at))
         ORDER BY p.id LIMIT 1";
    ProposalOnce: "proposals {}: another one became the same",
        "SELECT MAX(id) FROM proposals WHERE outcome IS NOT NULL
         GROUP BY kind, outcome HAVING COUNT(*) > 1 ORDER BY 1 LIMIT 1";
    FundingBy: "fundings {}: its client is none of the programme's",
        "SELECT f.transfer_id FROM fundings f
         LEFT JOIN clients c ON c.id = f.recorded_by AND c.role = 4
         WHERE c.id IS NULL ORDER BY f.transfer_id LIMIT 1";
    RunBy: "credit_runs {}: its client is none of the programme's",
        "SELECT r.id FROM credit_runs r LEFT JOIN clients c ON c.id = r.begun_by AND c.role = 4
         WHERE r.begun_by IS NOT NULL AND c.id IS NULL ORDER BY r.id LIMIT 1";
    RunAgreed: "credit_runs {}: nobody proposed what another client agreed to",
        "SELECT r.id FROM credit_runs r
         LEFT JOIN proposals p ON p.id = r.id AND p.outcome = r.id AND p.kind = 2
         WHERE CASE WHEN p.id IS NULL THEN r.agreed_by IS NOT NULL
            ELSE r.agreed_by IS NULL OR p.agreed_by <> r.agreed_by OR p.proposed_by <> r.begun_by END
         ORDER BY r.id LIMIT 1";
    ReversalAgreed: "credit_run_reversals {}: no two clients agreed to it",
        "SELECT r.id FROM credit_run_reversals r
         LEFT JOIN proposals p ON p.id = r.id AND p.outcome = r.id AND p.kind = 4
         WHERE p.id IS NULL OR p.agreed_by <> r.agreed_by OR p.proposed_by <> r.begun_by
            OR p.detail <> r.reason
         ORDER BY r.id LIMIT 1";
    ProposalOutcome: "proposals {}: what it became is not there",
        "SELECT p.id FROM proposals p
         LEFT JOIN fundings f ON p.kind = 1 AND f.transfer_id = p.outcome
         LEFT JOIN credit_runs r ON p.kind = 2 AND r.id = p.outcome
         LEFT JOIN funding_returns b ON p.kind = 3 AND b.transfer_id = p.outcome
         LEFT JOIN credit_run_reversals v ON p.kind = 4 AND v.id = p.outcome
         LEFT JOIN policies n ON p.kind = 5 AND n.proposal_id = p.id AND n.version = p.outcome
         LEFT JOIN price_ceilings c ON p.kind = 6 AND c.proposal_id = p.id AND p.outcome = p.id
         WHERE p.state = 2 AND f.transfer_id IS NULL AND r.id IS NULL AND b.transfer_id IS NULL
            AND v.id IS NULL AND n.version IS NULL AND c.proposal_id IS NULL
         ORDER BY p.id LIMIT 1";
    PolicyAgreed: "policies {}: no two clients agreed to it",
        "SELECT CAST(n.version AS BIGINT) FROM policies n
         LEFT JOIN proposals p ON p.id = n.proposal_id AND p.kind = 5 AND p.state = 2
            AND p.agreed_at = n.known_from AND p.stake = 0
         WHERE n.proposal_id IS NOT NULL AND p.id IS NULL ORDER BY n.version LIMIT 1";
    CeilingAgreed: "price_ceilings of proposal {}: no two clients agreed to it",
        "SELECT c.proposal_id FROM price_ceilings c
         LEFT JOIN proposals p ON p.id = c.proposal_id AND p.kind = 6 AND p.state = 2
            AND p.agreed_at = c.known_from AND p.stake = 0
         WHERE c.proposal_id IS NOT NULL AND p.id IS NULL ORDER BY c.proposal_id LIMIT 1";
}
