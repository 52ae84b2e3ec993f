//! One batch's decisions, in the order of its commands: each sees what the ones before it did.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::domain::calendar::{Date, Instant};
use crate::domain::ids::{AccountId, CardId, IdBlock, RowId};
use crate::domain::keys::Keys;
use crate::domain::leaf::{LeafContext, leaf_hash};
use crate::domain::money::Rupiah;
use crate::domain::policy::PolicyBook;
use crate::domain::redemption::{
    Attempt, CardFacts, CardStanding, Outcome, Redeem, authorize, check_card, decide_standing,
};
use crate::domain::refusal::Refusal;
use crate::domain::transfer::{Sides, Transfer, TransferKind};
use crate::store::StoreError;
use crate::store::batch::{CardChange, Facts, LockedWallet};

use super::{Command, Inquiry, Reply};

/// What a command's answer is known by before it is rendered.
pub(super) enum Verdict {
    /// Answered already.
    Known(Reply),
    /// Recorded before this batch; its row is to be read.
    Recorded(RowId, AccountId),
    /// Decided in this batch: the place in [`Decider::attempts`].
    Decided { place: usize, replay: bool },
}

/// The state of a batch while it is decided.
pub(super) struct Decider<'a> {
    keys: &'a Keys,
    book: &'a PolicyBook,
    now: Instant,
    ids: IdBlock,
    wallets: HashMap<AccountId, (LockedWallet, bool)>,
    tries: HashMap<CardId, (AccountId, CardStanding)>,
    keys_seen: HashMap<(AccountId, AccountId, [u8; 16]), usize>,
    pub(super) attempts: Vec<Arc<Attempt>>,
    pub(super) transfers: Vec<Transfer>,
    pub(super) leaves: Vec<u8>,
}

impl<'a> Decider<'a> {
    /// A batch that makes its rows' ids of `ids`, whose first is the batch's own.
    pub(super) fn new(
        keys: &'a Keys,
        book: &'a PolicyBook,
        now: Instant,
        ids: IdBlock,
        wallets: Vec<LockedWallet>,
    ) -> Self {
        let wallets = wallets.into_iter().map(|wallet| (wallet.id, (wallet, false))).collect();
        Self {
            keys,
            book,
            now,
            ids,
            wallets,
            tries: HashMap::new(),
            keys_seen: HashMap::new(),
            attempts: Vec::new(),
            transfers: Vec::new(),
            leaves: Vec::new(),
        }
    }

    /// The wallets that changed, with their balances after the batch.
    pub(super) fn changed_wallets(&self) -> Vec<(AccountId, Rupiah)> {
        let changed = self.wallets.values().filter(|(_, changed)| *changed);
        let mut wallets: Vec<_> = changed.map(|(wallet, _)| (wallet.id, wallet.balance)).collect();
        wallets.sort_unstable();
        wallets
    }

    /// The cards whose counter or state changed.
    pub(super) fn changed_cards(&self) -> Vec<CardChange> {
        let mut cards: Vec<_> =
            self.tries.iter().map(|(card, (wallet, change))| (*wallet, *card, *change)).collect();
        cards.sort_unstable_by_key(|(wallet, card, _)| (*wallet, *card));
        cards
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
        if !facts.shop.client_active {
            return Ok(Verdict::Known(Reply::ClientRevoked));
        }
        let card = self.card_of(command, &facts);
        match command {
            Command::Inquire(inquiry) => {
                Ok(Verdict::Known(self.inquire(inquiry, &facts, card.as_ref())))
            }
            Command::Redeem(redeem) => self.redeem(redeem, &facts, card.as_ref()),
        }
    }

    /// The card as it stands after the commands before: with the locked wallet's part, and with
    /// what their PINs did.
    fn card_of(&self, command: &Command, facts: &Facts) -> Option<CardFacts> {
        let mut card = facts.card.clone()?;
        let (wallet, _) = self.wallets.get(&command.anchor())?;
        card.issuer = wallet.issuer;
        card.wallet_open = wallet.open;
        if let Some((_, change)) = self.tries.get(&card.id) {
            card.tries = change.tries;
            card.state = change.state;
        }
        Some(card)
    }

    fn note_pin(
        &mut self,
        wallet: AccountId,
        card: Option<&CardFacts>,
        change: Option<CardStanding>,
    ) {
        if let (Some(card), Some(change)) = (card, change) {
            self.tries.insert(card.id, (wallet, change));
        }
    }

    fn inquire(&mut self, inquiry: &Inquiry, facts: &Facts, card: Option<&CardFacts>) -> Reply {
        let today = Date::from(self.now.date_in(facts.shop.zone));
        let verdict = decide_standing(&facts.shop).and(card.ok_or(Refusal::CardUnknown));
        let (standing, change) = match verdict {
            Ok(card) => check_card(card, inquiry.pin, today, self.keys),
            Err(refusal) => (Err(refusal), None),
        };
        let wallet = inquiry.card.map(|card| card.wallet);
        let balance = wallet.and_then(|wallet| self.wallets.get(&wallet));
        let balance = balance.map_or(Rupiah::ZERO, |(wallet, _)| wallet.balance);
        if let Some(wallet) = wallet {
            self.note_pin(wallet, card, change);
        }
        match standing {
            Ok(()) => Reply::Balance { balance, as_of: self.now },
            Err(refusal) => Reply::NotTold(refusal),
        }
    }

    fn redeem(
        &mut self,
        redeem: &Redeem,
        facts: &Facts,
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
        let attempt = self.attempt(redeem, facts, card);
        self.move_money(&attempt)?;
        self.attempts.push(Arc::new(attempt));
        Ok(Verdict::Decided { place, replay: false })
    }

    fn attempt(&mut self, redeem: &Redeem, facts: &Facts, card: Option<&CardFacts>) -> Attempt {
        let anchor = redeem.anchor();
        let balance = self.wallets.get(&anchor).map_or(Rupiah::ZERO, |(wallet, _)| wallet.balance);
        let decision =
            authorize(redeem, (&facts.shop, card, balance), self.book, self.keys, self.now);
        self.note_pin(anchor, card, decision.pin);
        // The block's first id is the batch's own.
        let place = i64::try_from(self.attempts.len()).unwrap_or(i64::MAX).saturating_add(1);
        Attempt {
            id: RowId(self.ids.id(place)),
            wallet: anchor,
            card: card.map(|card| card.id),
            merchant: redeem.pos.merchant,
            terminal: redeem.pos.terminal,
            issuer: card.map(|card| card.issuer),
            acquirer: facts.shop.acquirer,
            key_hash: redeem.key_hash,
            request: redeem.request,
            outcome: decision.outcome,
            basket: Arc::clone(&redeem.basket),
            policy_version: decision.policy_version,
            created_at: self.now,
            business_date: facts.shop.business_date(self.now),
        }
    }

    /// Books an approved attempt: the transfer, its leaf, the wallet's new balance.
    fn move_money(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        let Outcome::Approved(debit) = attempt.outcome else { return Ok(()) };
        let impossible = || StoreError::corrupt("an approved purchase can't be booked");
        let (wallet, changed) = self.wallets.get_mut(&attempt.wallet).ok_or_else(impossible)?;
        let sides = Sides { debit: wallet.id, credit: attempt.merchant, anchor: wallet.id };
        let dates = (attempt.created_at, attempt.business_date);
        let kind = TransferKind::Redemption;
        let (amount, after) = (debit.amount(), debit.after());
        let transfer = Transfer::new(attempt.id, kind, sides, amount, Some(after), dates)
            .map_err(|error| StoreError::corrupt(format!("an approved purchase: {error}")))?;
        let context = LeafContext {
            wallet: Some((wallet.id, wallet.pseudonym)),
            lines: attempt.basket.record(),
            policy_version: attempt.policy_version,
        };
        self.leaves.extend_from_slice(&leaf_hash(&transfer, &context));
        self.transfers.push(transfer);
        wallet.balance = after;
        *changed = true;
        Ok(())
    }
}
