//! Beginning a run: what each bank's families need, against what the bank holds; and whether two people
//! want it, where two are needed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::calendar::{Instant, Period};
use crate::domain::credit::{
    CreditWindow, PROGRAMME, RunStatus, Share, ShareStatus, need, plan_share, rest_of,
};
use crate::domain::money::Rupiah;
use crate::domain::policy::{Policy, PolicyBook};
use crate::domain::proposal::Act;
use crate::store::StoreError;
use crate::store::connection::Connection;
use crate::store::credits::{NewRun, NewShare};
use crate::store::fundings::Doers;

use super::super::error::Trouble;
use super::super::ids::IdSource;
use super::super::proposals::{Agreed, Agreement, Wanted, agree};
use super::super::shared::Shared;
use super::{CreditError, CreditRun, load};

/// How often the count is repeated when another run comes between.
const COUNTS: u32 = 5;
/// Wallets that are read at once, where something was taken back.
const PAGE: i64 = 4096;

/// Which run is to be started, and by whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    /// The client that asks; `None` when it is started outside the service.
    pub(super) client: Option<i64>,
    pub(super) period: Period,
    /// Even if the period lies outside the window.
    pub(super) outside: bool,
    /// What one client may start alone.
    pub(super) alone_up_to: Rupiah,
}

/// The counts taken before the run begins; counting reads every wallet and blocks nothing.
#[derive(Clone, Debug)]
struct Count {
    /// The latest run of the period then; a run that came between makes the count worthless.
    latest: Option<(i64, i16)>,
    /// What a family gets.
    amount: Rupiah,
    until: i64,
    /// Each bank's wallets that have nothing yet.
    wallets: Vec<(i16, i64)>,
    /// What each bank's families get again of what was taken back.
    rests: BTreeMap<i16, Rupiah>,
}

/// Starts a run, or joins the one under way, or proposes one.
pub(super) fn start(shared: &Arc<Shared>, wish: Wish) -> Result<CreditRun, CreditError> {
    for _ in 0..COUNTS {
        if let Some(run) = try_start(shared, wish)? {
            return Ok(run);
        }
    }
    Err(CreditError::Trouble(Trouble::Unavailable))
}

fn try_start(shared: &Arc<Shared>, wish: Wish) -> Result<Option<CreditRun>, CreditError> {
    let now = shared.clock.now();
    let count = shared.read_own(|connection| {
        connection.snapshot::<_, CreditError>(|tx| {
            tx.prepare_for_count()?;
            let book = tx.policy_book()?;
            let amount = policy_of(&book, wish.period, now)?.monthly_amount;
            let period = wish.period.as_number();
            let latest = tx.latest_run(PROGRAMME, period)?;
            let until = tx.last_wallet()?;
            let wallets = tx.wallets_to_credit(PROGRAMME, period, until)?;
            let rests = rests(tx, period, amount, until)?;
            Ok(Count { latest, amount, until, wallets, rests })
        })
    })?;
    let (clock, ids) = (Arc::clone(&shared.clock), Arc::clone(&shared.ids));
    match shared.write(move |tx| begin(tx, &ids, wish, (&count, clock.now())))? {
        Some(id) => Ok(shared.read_own(|connection| load(connection, id))?),
        None => Ok(None),
    }
}

fn policy_of(book: &PolicyBook, period: Period, now: Instant) -> Result<&Policy, CreditError> {
    book.policy_on(period.first_day(), now).ok_or(CreditError::NoPolicy(period))
}

/// What each bank's families get again of what was taken back.
fn rests(
    tx: &mut Connection,
    period: i32,
    amount: Rupiah,
    until: i64,
) -> Result<BTreeMap<i16, Rupiah>, CreditError> {
    let mut rests: BTreeMap<i16, Rupiah> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = tx.taken_back((PROGRAMME, period), (after, until), PAGE)?;
        let Some(last) = page.last() else { return Ok(rests) };
        let span = (after, last.wallet);
        after = last.wallet;
        let banks: BTreeMap<i64, i16> = tx.banks_of_taken_back(span)?.into_iter().collect();
        for wallet in page {
            let Some(bank) = banks.get(&wallet.wallet) else { continue };
            let rest = rest_of(amount, wallet.credited, wallet.taken);
            let sum = rests.entry(*bank).or_default();
            *sum = sum.checked_add(rest).ok_or(CreditError::TooMuch(*bank))?;
        }
    }
}

/// The run's id, or its proposal's, which is the same; `None` when the count is out of date.
fn begin(
    tx: &mut Connection,
    ids: &IdSource,
    wish: Wish,
    (count, now): (&Count, Instant),
) -> Result<Option<i64>, CreditError> {
    let (policy, outside) = match ground(tx, wish, (count, now))? {
        Ground::Joins(id) => return Ok(Some(id)),
        Ground::Stale => return Ok(None),
        Ground::Begins { policy, outside } => (policy, outside),
    };
    let shares = plan(tx, count)?;
    // A concurrent request may have started it while this one waited for the banks' funds.
    if let Some(run) = tx.running_run(PROGRAMME, wish.period.as_number())? {
        return Ok(Some(run.id));
    }
    let agreed = match two_want_it(tx, ids, (wish, outside), (&shares, now))? {
        Wants::Enough => None,
        Wants::Waits(id) => return Ok(Some(id)),
        Wants::Two(agreed) => Some(agreed),
    };
    let id = match &agreed {
        Some(agreed) => agreed.row.id,
        None => ids.block(1, 0, now)?.first(),
    };
    let doers = match &agreed {
        Some(agreed) => Some(agreed.doers()),
        None => wish.client.map(|first| Doers { first, second: None }),
    };
    for share in shares.iter().filter(|share| share.status == ShareStatus::Running) {
        tx.change_funds(share.bank, (0, share.needed.get()), 0)?;
    }
    let run = NewRun {
        id,
        programme: PROGRAMME,
        period: wish.period.as_number(),
        amount: count.amount.get(),
        policy_version: policy,
        status: RunStatus::Running.number(),
        started_at: now.as_millis(),
        last_wallet: 0,
        until_wallet: count.until,
        topped_wallet: 0,
        begun_by: doers.map(|doers| doers.first),
        agreed_by: doers.and_then(|doers| doers.second),
    };
    NewRun::insert_all(tx, vec![run])?;
    NewShare::insert_all(tx, shares.iter().map(|share| row(id, share)).collect())?;
    if let Some(agreed) = agreed {
        agreed.carried_out(tx, id, now)?;
    }
    Ok(Some(id))
}

/// What a run would begin on.
enum Ground {
    /// One is under way.
    Joins(i64),
    /// Something came between the count and now.
    Stale,
    /// It may begin, by this version of the policy, inside the window or not.
    Begins { policy: i32, outside: bool },
}

fn ground(
    tx: &mut Connection,
    wish: Wish,
    (count, now): (&Count, Instant),
) -> Result<Ground, CreditError> {
    if let Some(client) = wish.client
        && !tx.client_stands(client)?
    {
        return Err(CreditError::ClientRevoked);
    }
    let period = wish.period.as_number();
    if let Some(run) = tx.running_run(PROGRAMME, period)? {
        return Ok(Ground::Joins(run.id));
    }
    if tx.running_reversal(PROGRAMME, period)?.is_some() {
        return Err(CreditError::UnderWay);
    }
    let book = tx.policy_book()?;
    let policy = policy_of(&book, wish.period, now)?;
    let outside = !CreditWindow::at(&book, now).holds(wish.period);
    if outside && !wish.outside {
        return Err(CreditError::OutsideWindow(wish.period));
    }
    if policy.monthly_amount != count.amount || tx.latest_run(PROGRAMME, period)? != count.latest {
        return Ok(Ground::Stale);
    }
    Ok(Ground::Begins { policy: policy.version, outside })
}

/// Each bank's part; what the banks hold is locked.
fn plan(tx: &mut Connection, count: &Count) -> Result<Vec<Share>, CreditError> {
    let mut shares = Vec::new();
    for bank in tx.banks()? {
        let funds = tx.lock_funds(bank.id)?;
        let available = Rupiah::new(funds.unallocated.saturating_sub(funds.reserved))
            .map_err(|_below| StoreError::corrupt("a bank promised more than it holds"))?;
        let families = count.wallets.iter().find(|(number, _)| *number == bank.id.0);
        let families = families.map_or(0, |(_, families)| u64::try_from(*families).unwrap_or(0));
        let rest = count.rests.get(&bank.id.0).copied().unwrap_or_default();
        let needed = need(families, count.amount, rest).ok_or(CreditError::TooMuch(bank.id.0))?;
        shares.push(plan_share(bank.id, needed, available));
    }
    Ok(shares)
}

/// Whether enough clients want a run.
enum Wants {
    /// One is enough.
    Enough,
    /// This one is proposed, and waits.
    Waits(i64),
    /// Two do.
    Two(Box<Agreed>),
}

/// What is at stake is what all families need, whether their banks can pay it or not.
fn two_want_it(
    tx: &mut Connection,
    ids: &IdSource,
    (wish, outside): (Wish, bool),
    (shares, now): (&[Share], Instant),
) -> Result<Wants, CreditError> {
    let stake = Rupiah::checked_sum(shares.iter().map(|share| share.needed));
    let stake = stake.ok_or(CreditError::TooMuch(0))?;
    if stake <= wish.alone_up_to && !outside {
        return Ok(Wants::Enough);
    }
    let client = wish.client.ok_or(CreditError::NeedsTwo(stake))?;
    let act = Act::CreditRun { period: wish.period, outside };
    let parts = shares
        .iter()
        .map(|share| format!("{} {} {}", share.bank.0, share.needed.get(), share.available.get()));
    let detail = parts.collect::<Vec<_>>().join("\n");
    let wanted = Wanted { act: &act, client, stake, detail: &detail, key_hash: None };
    Ok(match agree(tx, ids, &wanted, now)? {
        Agreement::Waits(proposal) => Wants::Waits(proposal.id),
        Agreement::Reached(agreed) => Wants::Two(agreed),
    })
}

/// The parts of a run that is only proposed, as they were counted: bank, needed, available.
pub(super) fn parts_of(detail: &str) -> Option<Vec<(i16, i64, i64)>> {
    let part = |line: &str| {
        let mut words = line.split(' ');
        let bank = words.next()?.parse().ok()?;
        Some((bank, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    };
    detail.lines().map(part).collect()
}

fn row(run_id: i64, share: &Share) -> NewShare {
    let promised = share.status == ShareStatus::Running;
    NewShare {
        run_id,
        bank_id: share.bank.0,
        status: share.status.number(),
        needed: share.needed.get(),
        available: share.available.get(),
        reserved: if promised { share.needed.get() } else { 0 },
        credited: 0,
        amount: 0,
    }
}
