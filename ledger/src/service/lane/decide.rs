//! One batch's decisions, in the order of its commands: each sees what the ones before it did.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::{AccountId, CardId, IdBlock, RowId, has_ids_above};
use crate::domain::inquiry::RefusedInquiry;
use crate::domain::keys::{CardIndex, Keys};
use crate::domain::leaf::{LeafContext, leaf_hash};
use crate::domain::money::Rupiah;
use crate::domain::receipt::RetrievalReference;
use crate::domain::redemption::{
    Attempt, CardFacts, CardStanding, Outcome, PointOfSale, Redeem, ShopFacts, authorize,
    check_card, decide_standing,
};
use crate::domain::refusal::Refusal;
use crate::domain::transfer::{Sides, Transfer, TransferKind};
use crate::domain::wrong_pins::WrongPin;
use crate::store::StoreError;
use crate::store::batch::{CardChange, Facts, WalletChange, WalletState};

use super::super::error::Trouble;
use super::registry::Registry;
use super::{Command, Inquiry, Reply};

/// What a command's answer is known by before it is rendered.
pub(super) enum Verdict {
    /// Answered already.
    Known(Reply),
    /// Recorded before this batch; its row is to be read.
    Recorded(RowId, AccountId),
    /// Decided in this batch: the place in [`Decider::attempts`].
    Decided { place: usize, replay: bool },
    /// It can't be decided, and all others can.
    Impossible(Trouble),
}

/// A wallet while a batch is decided.
struct Wallet {
    read: WalletState,
    /// After the commands so far.
    balance: Rupiah,
    changed: bool,
}

/// The state of a batch while it is decided.
pub(super) struct Decider<'a> {
    keys: &'a Keys,
    registry: &'a Registry,
    now: Instant,
    ids: IdBlock,
    /// The serial of the first retrieval reference; there is one for each command.
    references: i64,
    wallets: HashMap<AccountId, Wallet>,
    tries: HashMap<CardId, CardChange>,
    keys_seen: HashMap<(AccountId, AccountId, [u8; 16]), usize>,
    /// The account of the batch's first row, and how many rows have an id.
    anchor: Option<AccountId>,
    rows: i64,
    pub(super) attempts: Vec<Arc<Attempt>>,
    pub(super) inquiries: Vec<RefusedInquiry>,
    pub(super) wrong_pins: Vec<WrongPin>,
    pub(super) transfers: Vec<Transfer>,
    pub(super) leaves: Vec<u8>,
}

impl<'a> Decider<'a> {
    /// A batch that makes its rows' ids of `ids`, whose first is the batch's own, and numbers its purchases
    /// from `references` on.
    pub(super) fn new(
        keys: &'a Keys,
        registry: &'a Registry,
        now: Instant,
        (ids, references): (IdBlock, i64),
    ) -> Self {
        Self {
            keys,
            registry,
            now,
            ids,
            references,
            wallets: HashMap::new(),
            tries: HashMap::new(),
            keys_seen: HashMap::new(),
            anchor: None,
            rows: 0,
            attempts: Vec::new(),
            inquiries: Vec::new(),
            wrong_pins: Vec::new(),
            transfers: Vec::new(),
            leaves: Vec::new(),
        }
    }

    /// The wallets that changed, with their balances after the batch.
    pub(super) fn changed_wallets(&self) -> Vec<WalletChange> {
        let changed = self.wallets.values().filter(|wallet| wallet.changed);
        let mut wallets: Vec<_> =
            changed.map(|wallet| WalletChange::of(&wallet.read, wallet.balance)).collect();
        wallets.sort_unstable_by_key(|change| change.wallet);
        wallets
    }

    /// The cards whose counter or state changed.
    pub(super) fn changed_cards(&self) -> Vec<CardChange> {
        let mut cards: Vec<_> = self.tries.values().copied().collect();
        cards.sort_unstable_by_key(|change| (change.wallet, change.card));
        cards
    }

    /// The account of the first row, in whose shard the batch lies, and the last row's id; `None`
    /// without rows.
    pub(super) fn span(&self) -> Option<(AccountId, i64)> {
        self.anchor.map(|anchor| (anchor, self.ids.id(self.rows)))
    }

    /// The id of the next row. The block's first one is the batch's own.
    fn next_id(&mut self, anchor: AccountId) -> RowId {
        self.anchor.get_or_insert(anchor);
        self.rows = self.rows.saturating_add(1);
        RowId(self.ids.id(self.rows))
    }

    fn balance_of(&self, wallet: AccountId) -> Rupiah {
        self.wallets.get(&wallet).map_or(Rupiah::ZERO, |wallet| wallet.balance)
    }

    /// Notes a wrong PIN, which changed a card's standing or none's.
    fn note_wrong_pin(
        &mut self,
        (refusal, change): (Refusal, Option<CardStanding>),
        id: RowId,
        (pos, number): (PointOfSale, CardIndex),
    ) {
        if refusal.is_wrong_pin() {
            let (terminal, counted) = (pos.terminal, change.is_some());
            self.wrong_pins.push(WrongPin { terminal, id, number, counted });
        }
    }

    /// Decides one command.
    ///
    /// # Errors
    /// When an approved purchase can't be booked; then nothing of the batch may be written.
    pub(super) fn decide(
        &mut self,
        command: &Command,
        facts: Facts,
    ) -> Result<Verdict, StoreError> {
        if let Some(wallet) = facts.wallet.filter(|wallet| !has_ids_above(wallet.last_id)) {
            let (id, last_id) = (wallet.id.0, wallet.last_id);
            let why = format!("wallet {id}: no ids are made above its last one, {last_id}");
            return Ok(Verdict::Impossible(StoreError::corrupt(why).into()));
        }
        let shop = self.registry.shop(&command.pos());
        let shop = shop.ok_or_else(|| StoreError::corrupt("a shop was not looked up"))?;
        if !shop.client_active {
            return Ok(Verdict::Known(Reply::ClientRevoked));
        }
        if let Some(read) = facts.wallet {
            let unchanged = Wallet { read, balance: read.balance, changed: false };
            self.wallets.entry(read.id).or_insert(unchanged);
        }
        let card = self.card_of(command, &facts);
        match command {
            Command::Inquire(inquiry) => {
                Ok(Verdict::Known(self.inquire(inquiry, shop, card.as_ref())))
            }
            Command::Redeem(redeem) => self.redeem(redeem, (shop, &facts), card.as_ref()),
        }
    }

    /// The card as it stands after the commands before: with the locked wallet's part, and with
    /// what their PINs did.
    fn card_of(&self, command: &Command, facts: &Facts) -> Option<CardFacts> {
        let mut card = facts.card.clone()?;
        let wallet = self.wallets.get(&command.anchor())?.read;
        card.issuer = wallet.issuer;
        card.wallet_open = wallet.open;
        if let Some(change) = self.tries.get(&card.id) {
            card.tries = change.now.tries;
            card.state = change.now.state;
        }
        Some(card)
    }

    fn note_pin(
        &mut self,
        wallet: AccountId,
        card: Option<&CardFacts>,
        change: Option<CardStanding>,
    ) {
        if let (Some(card), Some(now)) = (card, change) {
            let seen = CardStanding { tries: card.tries, state: card.state };
            let change = CardChange { wallet, card: card.id, seen, now };
            self.tries.entry(card.id).and_modify(|known| known.now = now).or_insert(change);
            // The wallet's row is where all who change the wallet or its cards meet.
            if let Some(wallet) = self.wallets.get_mut(&wallet) {
                wallet.changed = true;
            }
        }
    }

    fn inquire(&mut self, inquiry: &Inquiry, shop: &ShopFacts, card: Option<&CardFacts>) -> Reply {
        let today = Date::from(self.now.date_in(shop.zone));
        let (standing, change) = match decide_standing(shop) {
            Ok(()) => check_card(card, inquiry.pin, today, self.keys),
            Err(refusal) => (Err(refusal), None),
        };
        let (anchor, pos) = (inquiry.anchor(), inquiry.pos);
        let balance = self.balance_of(anchor);
        self.note_pin(anchor, card, change);
        let Err(refusal) = standing else {
            return Reply::Balance { balance, as_of: self.now };
        };
        let id = self.next_id(anchor);
        self.note_wrong_pin((refusal, change), id, (pos, inquiry.number));
        let refused = RefusedInquiry {
            id,
            wallet: anchor,
            card: card.map(|card| card.id),
            merchant: pos.merchant,
            terminal: pos.terminal,
            issuer: card.map(|card| card.issuer),
            acquirer: shop.acquirer,
            refusal,
            created_at: self.now,
        };
        self.inquiries.push(refused);
        Reply::NotTold(refused)
    }

    fn redeem(
        &mut self,
        redeem: &Redeem,
        (shop, facts): (&ShopFacts, &Facts),
        card: Option<&CardFacts>,
    ) -> Result<Verdict, StoreError> {
        if let Some((id, request)) = facts.recorded {
            return Ok(if request == redeem.request {
                Verdict::Recorded(RowId(id), redeem.anchor())
            } else {
                Verdict::Known(Reply::KeyReused)
            });
        }
        let place = self.attempts.len();
        match self.keys_seen.entry((redeem.anchor(), redeem.pos.merchant, redeem.key_hash)) {
            Entry::Occupied(seen) => {
                let place = *seen.get();
                let same = self.attempts.get(place).is_some_and(|a| a.request == redeem.request);
                return Ok(if same {
                    Verdict::Decided { place, replay: true }
                } else {
                    Verdict::Known(Reply::KeyReused)
                });
            }
            Entry::Vacant(free) => free.insert(place),
        };
        let attempt = self.attempt(redeem, shop, card);
        self.move_money(&attempt)?;
        self.attempts.push(Arc::new(attempt));
        Ok(Verdict::Decided { place, replay: false })
    }

    fn attempt(&mut self, redeem: &Redeem, shop: &ShopFacts, card: Option<&CardFacts>) -> Attempt {
        let anchor = redeem.anchor();
        let balance = self.balance_of(anchor);
        let decision =
            authorize(redeem, (shop, card, balance), self.registry.book(), self.keys, self.now);
        self.note_pin(anchor, card, decision.pin);
        let id = self.next_id(anchor);
        if let Outcome::Refused(objection) = &decision.outcome {
            let wrong = (objection.refusal, decision.pin);
            self.note_wrong_pin(wrong, id, (redeem.pos, redeem.number));
        }
        let place = i64::try_from(self.attempts.len()).unwrap_or(i64::MAX);
        let approved = matches!(decision.outcome, Outcome::Approved(_));
        let reference = RetrievalReference::of_serial(self.references.saturating_add(place));
        Attempt {
            id,
            wallet: anchor,
            card: card.map(|card| card.id),
            merchant: redeem.pos.merchant,
            terminal: redeem.pos.terminal,
            issuer: card.map(|card| card.issuer),
            acquirer: shop.acquirer,
            key_hash: redeem.key_hash,
            request: redeem.request,
            outcome: decision.outcome,
            reference: approved.then_some(reference),
            basket: Arc::clone(&redeem.basket),
            policy_version: decision.policy_version,
            created_at: self.now,
            business_date: shop.business_date(self.now),
        }
    }

    /// Books an approved attempt: the transfer, its leaf, the wallet's new balance.
    fn move_money(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        let Outcome::Approved(debit) = attempt.outcome else { return Ok(()) };
        let impossible = || StoreError::corrupt("an approved purchase can't be booked");
        let wallet = self.wallets.get_mut(&attempt.wallet).ok_or_else(impossible)?;
        let (id, pseudonym) = (wallet.read.id, wallet.read.pseudonym);
        let sides = Sides { debit: id, credit: attempt.merchant, anchor: id };
        let dates = (attempt.created_at, attempt.business_date);
        let kind = TransferKind::Redemption;
        let (amount, after) = (debit.amount(), debit.after());
        let transfer = Transfer::new(attempt.id, kind, sides, amount, Some(after), dates)
            .map_err(|error| StoreError::corrupt(format!("an approved purchase: {error}")))?
            .about(attempt.reference.map(RetrievalReference::get));
        let context = LeafContext {
            wallet: Some((id, pseudonym)),
            lines: attempt.basket.record(),
            policy_version: attempt.policy_version,
        };
        self.leaves.extend_from_slice(&leaf_hash(&transfer, &context));
        self.transfers.push(transfer);
        wallet.balance = after;
        wallet.changed = true;
        Ok(())
    }
}
