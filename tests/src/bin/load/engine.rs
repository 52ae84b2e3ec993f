//! The loop of a run: one thread that hands out work, sends, and reads what has come.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::epoll::{self, Event};

use crate::schedule::Schedule;
use crate::terminal::{Progress, Terminal, Town};
use crate::workload::random;

/// How long a terminal waits before it sends an unanswered request again.
const PAUSE: Duration = Duration::from_millis(50);
/// How long after the end of the measurement answers are waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// The stream of the seed that arrivals are drawn from; terminals count from one.
const ARRIVALS: u64 = 0;

/// How a run goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How many answers to wait for before the measurement, as fast as they come.
    pub(crate) warm_up: u64,
    /// How long to measure.
    pub(crate) duration: Duration,
    /// Arrivals a second; `None` for a closed loop, in which an answer is the next one's start.
    pub(crate) rate: Option<u32>,
    /// Chooses the arrivals.
    pub(crate) seed: u64,
    /// Whether to print a line a second.
    pub(crate) every_second: bool,
}

/// A run under way.
#[derive(Debug)]
pub(crate) struct Engine {
    town: Town,
    terminals: Vec<Terminal>,
    plan: Plan,
    schedule: Option<Schedule>,
    /// Whether all terminals have logged in.
    open: bool,
    /// When the measurement started.
    began: Option<Instant>,
    /// Numbers of terminals that have nothing to do, and of those that rest until a time.
    idle: VecDeque<usize>,
    resting: VecDeque<(Instant, usize)>,
}

/// What a run did not get done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    /// Requests without an answer long after the end.
    pub(crate) unanswered: u64,
    /// Requests that were due and never sent, because all terminals were busy.
    pub(crate) unsent: u64,
}

impl Engine {
    /// A run of these terminals, whose numbers are their places.
    pub(crate) fn new(town: Town, terminals: Vec<Terminal>, plan: Plan) -> Self {
        let (idle, resting) = (VecDeque::new(), VecDeque::new());
        Self { town, terminals, plan, schedule: None, open: false, began: None, idle, resting }
    }

    /// Logs in, warms up and measures.
    ///
    /// # Errors
    /// When the server is not there at the start, or refuses a login.
    pub(crate) fn run(mut self) -> anyhow::Result<(Town, Left)> {
        for terminal in &mut self.terminals {
            terminal.log_in(&mut self.town)?;
        }
        let mut events = Vec::with_capacity(self.terminals.len());
        while self.idle.len() < self.terminals.len() {
            self.wait(&mut events, None)?;
            self.read(&mut events)?;
            self.wake(Instant::now());
        }
        self.open = true;
        if self.plan.warm_up == 0 {
            self.begin(Instant::now())?;
        }
        loop {
            let now = Instant::now();
            self.tell_seconds(now);
            if self.began.is_none() && self.town.stats.answers() >= self.plan.warm_up {
                self.begin(now)?;
            }
            self.wake(now);
            self.hand_out(now);
            if self.is_done(now) {
                break;
            }
            self.wait(&mut events, self.wait_until())?;
            self.read(&mut events)?;
        }
        let given_up = self.terminals.iter_mut().map(|terminal| terminal.give_up(&mut self.town));
        let unanswered = u64::try_from(given_up.filter(|&open| open).count())?;
        let unsent = self.schedule.as_mut().map_or(0, Schedule::abandon);
        Ok((self.town, Left { unanswered, unsent }))
    }

    fn begin(&mut self, now: Instant) -> anyhow::Result<()> {
        let Plan { duration, rate, seed, .. } = self.plan;
        self.town.stats.begin(now, duration);
        self.began = Some(now);
        let schedule = |rate| Schedule::new(rate, duration, random(seed, ARRIVALS));
        self.schedule = rate.map(schedule).transpose()?;
        Ok(())
    }

    /// Gives idle terminals something to do.
    fn hand_out(&mut self, now: Instant) {
        while let Some(&number) = self.idle.front() {
            let Some(intended) = self.next_start(now) else { return };
            self.idle.pop_front();
            let Some(terminal) = self.terminals.get_mut(number) else { return };
            let progress = terminal.begin(&mut self.town, intended, now);
            self.follow(number, progress, now);
        }
    }

    /// When the next request is due, if it is: at once in a closed loop.
    fn next_start(&mut self, now: Instant) -> Option<Instant> {
        match (&mut self.schedule, self.began) {
            (Some(schedule), Some(began)) => {
                let due = schedule.take(now.saturating_duration_since(began))?;
                began.checked_add(due)
            }
            _ => (self.open && !self.town.stats.is_over(now)).then_some(now),
        }
    }

    /// Lets those go on that have rested.
    fn wake(&mut self, now: Instant) {
        while let Some(&(until, number)) = self.resting.front()
            && until <= now
        {
            self.resting.pop_front();
            let Some(terminal) = self.terminals.get_mut(number) else { return };
            let progress = terminal.go_on(&mut self.town, now);
            self.follow(number, progress, now);
        }
    }

    fn follow(&mut self, number: usize, progress: Progress, now: Instant) {
        match progress {
            Progress::Answer => {}
            Progress::Rest => {
                self.resting.push_back((now.checked_add(PAUSE).unwrap_or(now), number));
            }
            Progress::Work => self.idle.push_back(number),
        }
    }

    /// Reads what has come, and sends the next request where there is one.
    fn read(&mut self, events: &mut Vec<Event>) -> anyhow::Result<()> {
        for event in events.drain(..) {
            let now = Instant::now();
            let number = usize::try_from(event.data.u64())?;
            let Some(terminal) = self.terminals.get_mut(number) else { continue };
            let progress = terminal.read(&mut self.town, now)?;
            self.follow(number, progress, now);
            self.hand_out(now);
        }
        Ok(())
    }

    /// Waits for bytes, until then at the latest.
    fn wait(&self, events: &mut Vec<Event>, until: Option<Instant>) -> anyhow::Result<()> {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let left = left.map(Timespec::try_from).transpose()?;
        match epoll::wait(&self.town.epoll, rustix::buffer::spare_capacity(events), left.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// When there is something to do even if no bytes come.
    fn wait_until(&self) -> Option<Instant> {
        let rested = self.resting.front().map(|&(until, _)| until);
        let due = self.schedule.as_ref().and_then(Schedule::next).filter(|_| !self.idle.is_empty());
        let due = due.zip(self.began).and_then(|(due, began)| began.checked_add(due));
        let times = [rested, due, Some(self.town.stats.second_ends())];
        times.into_iter().flatten().min()
    }

    /// Whether everything that was due is answered, or not worth waiting for any more.
    fn is_done(&self, now: Instant) -> bool {
        let Some(measured) = self.town.stats.measured(now) else { return false };
        let due = self.schedule.as_ref().is_some_and(|schedule| schedule.next().is_some());
        let answered = self.idle.len() == self.terminals.len() && !due;
        let end = self.plan.duration;
        measured >= end && (answered || measured >= end.saturating_add(PATIENCE))
    }

    fn tell_seconds(&mut self, now: Instant) {
        for line in self.town.stats.end_seconds(now) {
            if self.plan.every_second {
                // Nobody may be reading; the run goes on.
                drop(writeln!(io::stderr().lock(), "{line}"));
            }
        }
    }
}
