//! A lane's cache of the registry: shops, and the rules. Both are good for one revision, which
//! every change to clients, terminals, merchants, banks' days or rules raises.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::policy::PolicyBook;
use crate::domain::redemption::{PointOfSale, ShopFacts};
use crate::store::StoreError;
use crate::store::batch::BatchStore;

/// How often it is read anew when it changes while it is read.
const ATTEMPTS: usize = 3;

/// The registry at one revision, as far as it was asked for.
#[derive(Debug)]
pub(super) struct Registry {
    revision: i32,
    book: Arc<PolicyBook>,
    shops: HashMap<PointOfSale, ShopFacts>,
}

impl Registry {
    /// With the rules, and without shops yet.
    pub(super) fn read(store: &mut dyn BatchStore) -> Result<Self, StoreError> {
        let book = Arc::new(store.policy_book()?);
        Ok(Self { revision: book.revision, book, shops: HashMap::new() })
    }

    /// The revision that everything here is of.
    pub(super) const fn revision(&self) -> i32 {
        self.revision
    }

    /// The rules.
    pub(super) fn book(&self) -> &PolicyBook {
        &self.book
    }

    /// A shop that was asked for.
    pub(super) fn shop(&self, pos: &PointOfSale) -> Option<&ShopFacts> {
        self.shops.get(pos)
    }

    /// Makes sure that `shops` are known, and that all that is known is of `revision` or a later one.
    pub(super) fn bring_to(
        &mut self,
        store: &mut dyn BatchStore,
        revision: i32,
        shops: &[PointOfSale],
    ) -> Result<(), StoreError> {
        let mut revision = revision;
        for _ in 0..ATTEMPTS {
            if revision != self.revision {
                *self = Self::read(store)?;
            }
            let mut missing: Vec<_> =
                shops.iter().filter(|pos| !self.shops.contains_key(pos)).copied().collect();
            missing.sort_unstable();
            missing.dedup();
            if !missing.is_empty() {
                let (found, at) = store.shops(&missing)?;
                revision = at;
                self.shops.extend(missing.into_iter().zip(found));
            }
            if revision == self.revision {
                return Ok(());
            }
        }
        Err(StoreError::Pool("the registry changes faster than it is read".to_owned()))
    }
}
