//! The server with its store in memory: what everything but the database takes. Cards and shops are
//! read from a real database at the start, and nothing is written to it.

mod read;

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use ledger::domain::calendar::{Date, Instant};
use ledger::domain::ids::{CardId, MerchantId, NodeNo, RowId, Tick, WalletId};
use ledger::domain::money::Rupiah;
use ledger::domain::policy::{Good, Policy, PolicyBook, PriceCeiling, Validity};
use ledger::domain::redemption::{Attempt, CardFacts, PointOfSale, ShopFacts};
use ledger::service::batch::{
    BatchRows, BatchStore, CardChange, Facts, FactsQuery, Ground, Hold, WalletState,
};
use ledger::service::{
    FOUR_EYES_ABOVE, Ledger, Options, ProgrammeLimits, ROLLUP_SPAN, RecordingLimits, StandIn,
    StoreError, SystemClock,
};
use pos_api::config::MAX_BANK_FILES;
use pos_api::limits::Limits;
use pos_api::startup::{Application, Plan};

/// The revision of a registry that never changes.
const REVISION: i32 = 1;

/// Serves until it is told to stop.
pub(crate) fn serve(database_url: &str, keys: &Path) -> anyhow::Result<()> {
    let town = Arc::new(read::town(database_url)?);
    let stand_in = StandIn::new(move || Box::new(Memory::of(&town)));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let clock = Arc::new(SystemClock::default());
    let options = Options {
        url: database_url.parse()?,
        keys: keys.to_owned(),
        clock,
        cores,
        rollup_span: ROLLUP_SPAN,
        four_eyes_above: FOUR_EYES_ABOVE,
        recordings: RecordingLimits::none(),
        limits: ProgrammeLimits::default(),
        wrong_pins: None,
    };
    let ledger = Arc::new(Ledger::open_with(&options, Some(stand_in))?);
    let plan = Plan {
        addr: "127.0.0.1:0",
        metrics_addr: None,
        workers: cores,
        max_bank_files: MAX_BANK_FILES,
        limits: Limits::OFF,
    };
    let application = Application::build(ledger, &plan)?;
    writeln!(std::io::stdout(), "listening on http://{}", application.address())?;
    actix_web::rt::System::new().block_on(async { application.start()?.0.await })?;
    Ok(())
}

/// What is there when a lane starts.
#[derive(Debug, Default)]
struct Town {
    wallets: HashMap<WalletId, WalletState>,
    cards: HashMap<CardId, CardFacts>,
    shops: HashMap<MerchantId, ShopFacts>,
}

type Key = (WalletId, MerchantId, [u8; 16]);

/// A lane's store.
#[derive(Debug)]
struct Memory {
    wallets: HashMap<WalletId, WalletState>,
    cards: HashMap<CardId, CardFacts>,
    shops: HashMap<MerchantId, ShopFacts>,
    recorded: HashMap<Key, (i64, [u8; 16])>,
    attempts: HashMap<RowId, Arc<Attempt>>,
    references: i64,
}

impl Memory {
    fn of(town: &Town) -> Self {
        Self {
            wallets: town.wallets.clone(),
            cards: town.cards.clone(),
            shops: town.shops.clone(),
            recorded: HashMap::new(),
            attempts: HashMap::new(),
            references: 0,
        }
    }

    fn facts(&self, query: &FactsQuery) -> Facts {
        let key = query.key_hash.map(|hash| (query.anchor, query.merchant, hash));
        Facts {
            wallet: self.wallets.get(&query.anchor).copied(),
            card: query.card.and_then(|card| self.cards.get(&card)).cloned(),
            recorded: key.and_then(|key| self.recorded.get(&key)).copied(),
        }
    }
}

impl BatchStore for Memory {
    fn first_hold(&self) -> Hold {
        // A wallet has one lane, and a lane one store.
        Hold::Lock
    }

    fn hold(&mut self, _hold: Hold, _queries: &[FactsQuery]) -> Result<(), StoreError> {
        Ok(())
    }

    fn ground(&mut self, queries: &[FactsQuery]) -> Result<Ground, StoreError> {
        let facts = queries.iter().map(|query| self.facts(query)).collect();
        Ok(Ground { facts, revision: REVISION, now: None })
    }

    fn shops(&mut self, shops: &[PointOfSale]) -> Result<(Vec<ShopFacts>, i32), StoreError> {
        let facts = shops.iter().map(|pos| self.shops.get(&pos.merchant).copied());
        let facts: Option<_> = facts.collect();
        let missing = || StoreError::Pool("a merchant is not there".to_owned());
        Ok((facts.ok_or_else(missing)?, REVISION))
    }

    fn policy_book(&mut self) -> Result<PolicyBook, StoreError> {
        policy_book().map_err(|error| StoreError::Pool(format!("no rules: {error}")))
    }

    fn write_batch(&mut self, rows: &BatchRows) -> Result<(), StoreError> {
        let key = |attempt: &Attempt| (attempt.wallet, attempt.merchant, attempt.key_hash);
        if rows.attempts.iter().any(|attempt| self.recorded.contains_key(&key(attempt))) {
            return Err(StoreError::Corrupt("a key is recorded already".to_owned()));
        }
        for attempt in &rows.attempts {
            let key = key(attempt);
            self.recorded.insert(key, (attempt.id.0, attempt.request));
            self.attempts.insert(attempt.id, Arc::clone(attempt));
        }
        for change in &rows.wallets {
            if let Some(wallet) = self.wallets.get_mut(&change.wallet) {
                (wallet.balance, wallet.last_id) = (change.balance, rows.last_id);
            }
        }
        self.set_card_standing(&rows.cards)
    }

    fn set_card_standing(&mut self, changes: &[CardChange]) -> Result<(), StoreError> {
        for change in changes {
            if let Some(card) = self.cards.get_mut(&change.card) {
                (card.tries, card.state) = (change.now.tries, change.now.state);
            }
        }
        Ok(())
    }

    fn attempt(&mut self, id: RowId, _wallet: WalletId) -> Result<Option<Attempt>, StoreError> {
        Ok(self.attempts.get(&id).map(|attempt| Attempt::clone(attempt)))
    }

    fn raise_mark(
        &mut self,
        _node: NodeNo,
        _holder: &[u8],
        _high_water: Tick,
    ) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn take_references(&mut self, count: i64) -> Result<i64, StoreError> {
        let first = self.references;
        self.references = first.saturating_add(count);
        Ok(first)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn rollback(&mut self) {}
}

/// What the load generator buys may be bought, below one ceiling that has to be looked for.
fn policy_book() -> anyhow::Result<PolicyBook> {
    let known_from = Instant::from_millis(0);
    let validity = Validity { from: Date::from_number(20_000_101)?, to: None, known_from };
    let (commodity, unit, grade) = ("rice".to_owned(), "kg".to_owned(), Some("medium".to_owned()));
    let ceiling = |zone| {
        Ok(PriceCeiling {
            zone: ledger::domain::policy::PriceZone(zone),
            validity,
            commodity: commodity.clone(),
            grade: grade.clone(),
            unit: unit.clone(),
            price: Rupiah::new(9_950)?,
        })
    };
    let ceilings = (1..=3).map(ceiling).collect::<anyhow::Result<_>>()?;
    let goods = vec![Good {
        commodity: commodity.clone(),
        grade: grade.clone(),
        unit: unit.clone(),
        decimals: 3,
    }];
    let policy = Policy { version: 1, validity, monthly_amount: Rupiah::new(110_000)?, goods };
    Ok(PolicyBook { revision: REVISION, policies: vec![policy], ceilings })
}
