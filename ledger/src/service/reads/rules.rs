//! The catalogue: what a shop may sell today, and for how much at the most.

use crate::domain::calendar::{Date, Instant};
use crate::domain::money::Rupiah;
use crate::domain::policy::{Good, PolicyBook, Rules};
use crate::store::connection::Connection;

use super::super::clients::{NoAccess, Shop};
use super::super::ledger::Ledger;

/// What a shop may sell on a day.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The shop's local date.
    pub date: Date,
    /// The goods; none where no policy holds on that day.
    pub items: Vec<CatalogueItem>,
}

/// Something that may be sold.
#[derive(Clone, Debug)]
pub struct CatalogueItem {
    /// What.
    pub good: Good,
    /// The highest price of one unit, where there is one.
    pub ceiling: Option<Rupiah>,
}

impl Ledger {
    /// What a shop may sell today.
    ///
    /// # Errors
    /// [`NoAccess`] when it can't be read, or not by this client.
    pub fn catalogue(&self, client: i64, shop: &Shop) -> Result<Catalogue, NoAccess> {
        let now = self.shared.clock.now();
        let date = Date::from(now.date_in(shop.zone));
        let book = self.read_as(client, Connection::policy_book)?;
        Ok(Catalogue { date, items: items(&book, (date, now), shop) })
    }
}

fn items(book: &PolicyBook, (date, now): (Date, Instant), shop: &Shop) -> Vec<CatalogueItem> {
    let rules = book.rules(date, shop.price_zone, now);
    let goods = rules.iter().flat_map(Rules::catalogue);
    goods.map(|(good, ceiling)| CatalogueItem { good: good.clone(), ceiling }).collect()
}
