//! From a card's number to its wallet: a bounded memory in front of the table.
//!
//! The wallet of a number never changes once it is issued, so a remembered one stays right; numbers
//! without a card are never remembered. A number that is not remembered is looked up together with
//! the others that are asked for at the same time.

use std::sync::Arc;

use quick_cache::sync::Cache;
use tokio::sync::{mpsc, oneshot};

use crate::domain::keys::CardIndex;
use crate::domain::redemption::CardRef;
use crate::store::connection::{Connection, Purpose};
use crate::store::{DatabaseUrl, StoreError};

use super::error::Trouble;

/// Cards that are remembered: about 60 bytes each.
const REMEMBERED: usize = 1_000_000;
const QUEUE: usize = 4096;
const BATCH_CAP: usize = 512;

type Question = (CardIndex, oneshot::Sender<Option<Option<CardRef>>>);

/// What a number was found to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The card, if there is one.
    pub(crate) card: Option<CardRef>,
    /// Whether it was remembered, so that the database was not asked.
    pub(crate) remembered: bool,
}

/// Finds cards by their numbers.
#[derive(Debug)]
pub(crate) struct CardDirectory {
    remembered: Arc<Cache<CardIndex, CardRef>>,
    questions: mpsc::Sender<Question>,
}

impl CardDirectory {
    /// Starts the thread that looks up what is not remembered.
    pub(crate) fn start(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let (questions, queue) = mpsc::channel(QUEUE);
        let url = url.clone();
        let connection = Connection::open(&url, Purpose::Lane)?;
        std::thread::Builder::new()
            .name("cards".to_owned())
            .spawn(move || answer_all(&url, Some(connection), queue))
            .map_err(|error| StoreError::Pool(format!("no thread for card look-ups: {error}")))?;
        Ok(Self { remembered: Arc::new(Cache::new(REMEMBERED)), questions })
    }

    /// The card with this number, if there is one.
    pub(crate) async fn find(&self, number: CardIndex) -> Result<Found, Trouble> {
        if let Some(card) = self.remembered.get(&number) {
            return Ok(Found { card: Some(card), remembered: true });
        }
        let card = self.ask(number).await?;
        if let Some(card) = card {
            self.remembered.insert(number, card);
        }
        Ok(Found { card, remembered: false })
    }

    /// The same from the database, whatever is remembered.
    pub(crate) async fn ask(&self, number: CardIndex) -> Result<Option<CardRef>, Trouble> {
        let (answer, found) = oneshot::channel();
        self.questions.try_send((number, answer)).map_err(|_full| Trouble::Unavailable)?;
        found.await.ok().flatten().ok_or(Trouble::Unavailable)
    }
}

fn answer_all(
    url: &DatabaseUrl,
    mut connection: Option<Connection>,
    mut queue: mpsc::Receiver<Question>,
) {
    let mut questions = Vec::with_capacity(BATCH_CAP);
    while let Some(first) = queue.blocking_recv() {
        questions.push(first);
        while questions.len() < BATCH_CAP {
            let Ok(more) = queue.try_recv() else { break };
            questions.push(more);
        }
        let numbers: Vec<CardIndex> = questions.iter().map(|(number, _)| *number).collect();
        let found = connection
            .take()
            .map_or_else(|| Connection::open(url, Purpose::Lane), Ok)
            .and_then(|mut open| {
                let found = open.cards_by_number(&numbers)?;
                connection = Some(open);
                Ok(found)
            })
            .inspect_err(|error| tracing::warn!(%error, "cards could not be looked up"))
            .ok();
        for (number, answer) in questions.drain(..) {
            let card = found.as_ref().map(|found| found.get(&number).copied());
            if answer.send(card).is_err() {
                tracing::debug!("a client went away before its card was found");
            }
        }
    }
}
