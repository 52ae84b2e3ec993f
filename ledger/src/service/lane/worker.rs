//! A lane's thread: gathers what is waiting, runs it as a batch, and deals with what goes wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use tokio::sync::mpsc;

use crate::domain::policy::PolicyBook;
use crate::store::connection::{Connection, Purpose};
use crate::store::{Backend, FailureKind, StoreError};

use super::super::error::Trouble;
use super::batch::{self, BatchFailure};
use super::figures::Counters;
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
    connection: Option<Connection>,
    book: Arc<PolicyBook>,
    planned: Stopwatch,
    counters: Arc<Counters>,
}

type Waiting = (Box<Command>, Answer);

impl Worker {
    /// Connects a lane.
    pub(super) fn open(context: LaneContext, counters: Arc<Counters>) -> Result<Self, StoreError> {
        let mut connection = Connection::open(&context.url, Purpose::Lane)?;
        let book = Arc::new(connection.policy_book()?);
        let (connection, planned) = (Some(connection), Stopwatch::now());
        Ok(Self { context, connection, book, planned, counters })
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
        match self.connection().map(job) {
            Ok(JobEnd::Sound) => {}
            Ok(JobEnd::CommitFailed) => {
                self.connection = None;
                self.context.broken.store(true, Ordering::Release);
            }
            // The job's sender is dropped with it, which tells whoever waits.
            Err(error) => tracing::error!(%error, "a lane has no connection"),
        }
    }

    fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        if self.connection.is_none() {
            self.connection = Some(Connection::open(&self.context.url, Purpose::Lane)?);
        }
        self.connection.as_mut().ok_or_else(|| StoreError::Pool("no connection".to_owned()))
    }

    /// The connection, its plans made anew once they are old.
    fn planned_connection(&mut self) -> Result<&mut Connection, StoreError> {
        if self.context.url.backend() == Backend::Postgres && self.planned.elapsed() > REPLAN {
            self.planned = Stopwatch::now();
            self.connection()?.run("DISCARD PLANS")?;
        }
        self.connection()
    }

    fn try_batch(&mut self, commands: &[&Command]) -> Result<Vec<Reply>, BatchFailure> {
        let (context, mut book) = (self.context.clone(), Arc::clone(&self.book));
        let replies = self
            .planned_connection()
            .map_err(BatchFailure::from)
            .and_then(|connection| batch::run(connection, &context, &mut book, commands));
        self.book = book;
        if matches!(&replies, Err(BatchFailure::BeforeCommit(trouble)) if is_broken(trouble)) {
            self.connection = None;
        }
        replies
    }

    /// Decides what was gathered and answers everyone.
    fn decide(&mut self, waiting: Vec<Waiting>) {
        if self.context.broken.load(Ordering::Acquire) {
            return answer_all(waiting, || Trouble::Unavailable);
        }
        let commands: Vec<&Command> = waiting.iter().map(|(command, _)| &**command).collect();
        let mut result = self.try_batch(&commands);
        if matches!(&result, Err(BatchFailure::BeforeCommit(trouble)) if !is_broken(trouble)) {
            // Another node was faster, or one command is poison: once more as a batch.
            result = self.try_batch(&commands);
        }
        match result {
            Ok(replies) => {
                self.counters.count(replies.len());
                for ((_, to), reply) in waiting.into_iter().zip(replies) {
                    answer(to, Ok(reply));
                }
            }
            Err(BatchFailure::OnCommit(error)) => self.resolve_commit(waiting, &error),
            Err(BatchFailure::BeforeCommit(trouble)) => self.deal_with(waiting, &trouble),
        }
    }

    /// After an error before COMMIT nothing was done. Where one command may be to blame, each is
    /// decided by itself, so that it fails alone.
    fn deal_with(&mut self, waiting: Vec<Waiting>, trouble: &Trouble) {
        tracing::warn!(error = %trouble, commands = waiting.len(), "a batch was not written");
        if is_broken(trouble) || waiting.len() == 1 {
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
        self.connection = None;
        if self.context.url.backend() == Backend::Sqlite {
            // The file system failed: nothing that is still in memory may be trusted.
            self.context.broken.store(true, Ordering::Release);
            return answer_all(waiting, || Trouble::Unknown);
        }
        let (keyed, rest): (Vec<Waiting>, Vec<Waiting>) =
            waiting.into_iter().partition(|(command, _)| matches!(**command, Command::Redeem(_)));
        answer_all(rest, || Trouble::Unknown);
        let commands: Vec<&Command> = keyed.iter().map(|(command, _)| &**command).collect();
        let mut replies = self.run_again(&commands).unwrap_or_default().into_iter();
        for (_, to) in keyed {
            answer(to, replies.next().ok_or(Trouble::Unknown));
        }
    }

    /// Runs a batch again until it succeeds, for as long as its clients can be kept waiting.
    fn run_again(&mut self, commands: &[&Command]) -> Option<Vec<Reply>> {
        let started = Stopwatch::now();
        while started.elapsed() < COMMIT_RETRY {
            match self.try_batch(commands) {
                Ok(replies) => return Some(replies),
                Err(failure) => {
                    tracing::warn!(?failure, "the batch could not be run again yet");
                    self.connection = None;
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
        None
    }
}

/// Reports a lane that ends by a panic: its wallets would be served by nobody.
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
        Trouble::Store(error) => error.kind() == FailureKind::Broken,
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
