//! A lane's thread: gathers what is waiting, runs it as a batch, and deals with what goes wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use tokio::sync::mpsc;

use crate::store::batch::Hold;
use crate::store::{Backend, StoreError};

use super::super::error::Trouble;
use super::batch::{self, BatchFailure, Replies};
use super::figures::Counters;
use super::recall::Recall;
use super::registry::Registry;
use super::seat::Seat;
use super::{Answer, Command, Job, JobEnd, LaneContext, Reply, Work};

/// The most commands of one batch.
const BATCH_CAP: usize = 512;
/// How long a commit whose outcome is unknown is tried again before it is reported so.
const COMMIT_RETRY: Duration = Duration::from_secs(2);
/// How often `PostgreSQL`'s plans are made anew: those made while tables were empty must not stay.
const REPLAN: Duration = Duration::from_secs(1);

/// One lane.
pub(super) struct Worker {
    context: LaneContext,
    seat: Option<Seat>,
    registry: Registry,
    recall: Recall,
    planned: Stopwatch,
    counters: Arc<Counters>,
}

type Waiting = (Box<Command>, Answer);

impl Worker {
    /// Connects a lane.
    pub(super) fn open(context: LaneContext, counters: Arc<Counters>) -> Result<Self, StoreError> {
        let mut seat = Seat::open(&context.url, context.stand_in.as_ref())?;
        let registry = Registry::read(seat.store())?;
        let (seat, planned) = (Some(seat), Stopwatch::now());
        let recall = Recall::new();
        Ok(Self { context, seat, registry, recall, planned, counters })
    }

    /// Works until the last sender is gone.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Work>) {
        let mut alarm = Alarm { broken: Arc::clone(&self.context.broken), armed: true };
        let mut waiting: Vec<Waiting> = Vec::with_capacity(BATCH_CAP);
        while let Some(first) = queue.blocking_recv() {
            let mut next = Some(first);
            let mut alone = None;
            while let Some(work) = next.take() {
                match work {
                    Work::Decide(command, answer) => waiting.push((command, answer)),
                    Work::Alone(job) => alone = Some(job),
                }
                if alone.is_none() && waiting.len() < BATCH_CAP {
                    next = queue.try_recv().ok();
                }
            }
            if !waiting.is_empty() {
                self.decide(std::mem::take(&mut waiting));
                waiting.reserve(BATCH_CAP);
            }
            if let Some(job) = alone {
                self.do_alone(job);
            }
        }
        alarm.armed = false;
    }

    /// Does a piece of work between two batches. A commit that failed is as grave here as in a batch.
    fn do_alone(&mut self, job: Job) {
        // The job's sender is dropped with it, which wakes the waiting caller.
        if self.context.broken.load(Ordering::Acquire) {
            return;
        }
        let end = self.seat().map(|seat| seat.connection().map(job));
        if let Err(error) = &end {
            tracing::error!(%error, "a lane has no connection");
        }
        if matches!(end, Ok(Some(JobEnd::CommitFailed))) {
            self.seat = None;
            self.context.broken.store(true, Ordering::Release);
        }
    }

    fn seat(&mut self) -> Result<&mut Seat, StoreError> {
        if self.seat.is_none() {
            self.seat = Some(Seat::open(&self.context.url, self.context.stand_in.as_ref())?);
        }
        self.seat.as_mut().ok_or_else(|| StoreError::Pool("no connection".to_owned()))
    }

    /// Runs a batch: at the first try (`hold` is `None`) in the way that is quick when nothing is in its
    /// way, afterwards with all of its keys looked up.
    fn try_batch(
        &mut self,
        commands: &[&Command],
        hold: Option<Hold>,
    ) -> Result<Replies, BatchFailure> {
        self.seat()?;
        let Self { context, seat: Some(seat), registry, recall, planned, .. } = self else {
            return Err(BatchFailure::NotDone(Trouble::Unavailable));
        };
        let mut replanned = Ok(());
        if planned.elapsed() > REPLAN {
            *planned = Stopwatch::now();
            replanned = seat.replan();
        }
        let store = seat.store();
        if hold.is_some() {
            recall.be_wary();
        }
        let queries = recall.queries(commands);
        let hold = hold.unwrap_or_else(|| store.first_hold());
        let replies = replanned
            .map_err(BatchFailure::from)
            .and_then(|()| batch::run(store, context, registry, (commands, &queries, hold)));
        if matches!(&replies, Err(BatchFailure::NotDone(trouble)) if is_broken(trouble)) {
            self.seat = None;
        }
        replies
    }

    /// Decides what was gathered and answers everyone.
    fn decide(&mut self, waiting: Vec<Waiting>) {
        if self.context.broken.load(Ordering::Acquire) {
            return answer_all(waiting, || Trouble::Unavailable);
        }
        if self.context.clock.check().is_err() {
            return answer_all(waiting, || Trouble::Unavailable);
        }
        let commands: Vec<&Command> = waiting.iter().map(|(command, _)| &**command).collect();
        let mut result = self.try_batch(&commands, None);
        if matches!(&result, Err(failure) if failure.may_pass()) {
            // Another node was faster, a key is recorded that was not recalled, or one command is poison: once
            // more as a batch, with every key looked up.
            tracing::debug!(failure = ?result.as_ref().err(), "a batch is run again");
            self.counters.count_again();
            result = self.try_batch(&commands, Some(Hold::Lock));
        }
        match result {
            Ok(replies) => {
                self.counters.count(replies.len());
                self.counters.health.decided();
                for ((_, to), reply) in waiting.into_iter().zip(replies) {
                    answer(to, reply);
                }
            }
            Err(BatchFailure::Unknown(error)) => self.resolve_commit(waiting, &error),
            Err(BatchFailure::NotDone(trouble)) => self.deal_with(waiting, &trouble),
            Err(BatchFailure::NeedsLock) => self.deal_with(waiting, &Trouble::Unavailable),
        }
    }

    /// After an error before COMMIT nothing was done. Where one command may be to blame, each is
    /// decided by itself, so that it fails alone.
    fn deal_with(&mut self, waiting: Vec<Waiting>, trouble: &Trouble) {
        tracing::warn!(error = %trouble, commands = waiting.len(), "a batch was not written");
        if is_broken(trouble) || waiting.len() == 1 {
            self.count_failed(&waiting);
            return answer_all(waiting, || Trouble::Unavailable);
        }
        for one in waiting {
            self.decide(vec![one]);
        }
    }

    /// After an error on COMMIT the batch is there or not. Its keys make the same batch safe to run
    /// again, which finds out; an inquiry has no key.
    fn resolve_commit(&mut self, waiting: Vec<Waiting>, error: &StoreError) {
        tracing::error!(%error, "the outcome of a commit is unknown");
        self.seat = None;
        if self.context.url.backend() == Backend::Sqlite {
            // The file system failed: nothing that is still in memory may be trusted.
            self.context.broken.store(true, Ordering::Release);
            return answer_all(waiting, || Trouble::Unknown);
        }
        self.count_failed(&waiting);
        let (keyed, rest): (Vec<Waiting>, Vec<Waiting>) =
            waiting.into_iter().partition(|(command, _)| matches!(**command, Command::Redeem(_)));
        answer_all(rest, || Trouble::Unknown);
        let commands: Vec<&Command> = keyed.iter().map(|(command, _)| &**command).collect();
        let mut replies = self.run_again(&commands).unwrap_or_default().into_iter();
        for (_, to) in keyed {
            answer(to, replies.next().unwrap_or(Err(Trouble::Unknown)));
        }
    }

    fn count_failed(&self, waiting: &[Waiting]) {
        for (command, _) in waiting {
            self.counters.health.failed(command.anchor());
        }
    }

    /// Runs a batch again until it succeeds, for as long as its clients can be kept waiting.
    fn run_again(&mut self, commands: &[&Command]) -> Option<Replies> {
        let started = Stopwatch::now();
        while started.elapsed() < COMMIT_RETRY {
            match self.try_batch(commands, Some(Hold::Lock)) {
                Ok(replies) => return Some(replies),
                Err(failure) => {
                    tracing::warn!(?failure, "the batch could not be run again yet");
                    self.seat = None;
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
        None
    }
}

impl BatchFailure {
    /// Whether the same batch may pass when it is run again.
    fn may_pass(&self) -> bool {
        match self {
            Self::NotDone(trouble) => !is_broken(trouble),
            Self::NeedsLock => true,
            Self::Unknown(_) => false,
        }
    }
}

/// Reports a lane that ends by a panic: no lane would serve its wallets.
struct Alarm {
    broken: Arc<AtomicBool>,
    armed: bool,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if self.armed {
            self.broken.store(true, Ordering::Release);
        }
    }
}

fn is_broken(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Store(error) => error.is_broken(),
        Trouble::Unavailable | Trouble::Unknown => true,
    }
}

fn answer_all(waiting: Vec<Waiting>, trouble: fn() -> Trouble) {
    for (_, to) in waiting {
        answer(to, Err(trouble()));
    }
}

fn answer(to: Answer, reply: Result<Reply, Trouble>) {
    if to.send(reply).is_err() {
        tracing::debug!("a client went away before its answer");
    }
}
