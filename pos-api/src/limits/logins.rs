//! Wrong secrets, by client id and by address. Both are what anybody may make up, so that a bounded
//! number of them is remembered.

use std::convert::Infallible;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use quick_cache::sync::Cache;

use super::Limits;
use super::budget::{Budget, UsedUp};

/// Client ids and addresses that are remembered, each.
const REMEMBERED: usize = 16_384;
/// A longer client id is counted by its beginning.
const MOST_OF_AN_ID: usize = 64;

/// What was tried lately.
#[derive(Debug)]
pub(crate) struct Logins {
    limits: Limits,
    ids: Cache<Box<str>, Arc<Budget>>,
    addresses: Cache<IpAddr, Arc<Budget>>,
}

impl Logins {
    /// Nothing yet.
    pub(crate) fn new(limits: Limits) -> Self {
        let (ids, addresses) = (Cache::new(REMEMBERED), Cache::new(REMEMBERED));
        Self { limits, ids, addresses }
    }

    /// Counts a wrong secret, and says whether there were too many.
    pub(crate) fn failed(&self, client_id: &str, address: Option<IpAddr>) -> Result<(), UsedUp> {
        let id: Box<str> = client_id.chars().take(MOST_OF_AN_ID).collect();
        let by_id =
            found(&self.ids, &id, || Budget::a_minute(self.limits.login_failures_per_client));
        let by_id = by_id.count();
        let Some(address) = address.map(network) else { return by_id };
        let per_address = self.limits.login_failures_per_address;
        found(&self.addresses, &address, || Budget::a_minute(per_address)).count().and(by_id)
    }
}

fn found<K: Hash + Eq + Clone>(
    known: &Cache<K, Arc<Budget>>,
    key: &K,
    new: impl FnOnce() -> Budget,
) -> Arc<Budget> {
    match known.get_or_insert_with(key, || Ok::<_, Infallible>(Arc::new(new()))) {
        Ok(budget) => budget,
        Err(never) => match never {},
    }
}

/// Who has one IPv6 address has the 2^64 beside it.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Limit;
    use super::*;

    fn logins(per_client: u32, per_address: u32) -> Logins {
        Logins::new(Limits {
            login_failures_per_client: Limit(per_client),
            login_failures_per_address: Limit(per_address),
            ..Limits::OFF
        })
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_client_id_is_limited_wherever_it_is_tried_from() {
        let logins = logins(2, 0);
        assert!(logins.failed("shop", Some(address(1))).is_ok());
        assert!(logins.failed("shop", Some(address(2))).is_ok());
        assert!(logins.failed("shop", Some(address(3))).is_err());
        assert!(logins.failed("other", Some(address(1))).is_ok());
    }

    #[test]
    fn an_address_is_limited_whatever_it_tries() {
        let logins = logins(0, 2);
        assert!(logins.failed("one", Some(address(1))).is_ok());
        assert!(logins.failed("two", Some(address(1))).is_ok());
        assert!(logins.failed("three", Some(address(1))).is_err());
        assert!(logins.failed("three", Some(address(2))).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let [one, other, far] = ["2001:db8::1", "2001:db8::2:3", "2001:db8:0:1::1"]
            .map(|text| network(text.parse().unwrap()));
        assert_eq!(one, other);
        assert_ne!(one, far);
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), IpAddr::from([192, 0, 2, 1]));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let logins = logins(1, 1);
        for number in 0_u32..40_000 {
            let made_up = IpAddr::from(number.to_be_bytes());
            logins.failed(&number.to_string(), Some(made_up)).unwrap_or_default();
        }
        assert!(logins.ids.len() <= REMEMBERED && logins.addresses.len() <= REMEMBERED);
    }
}
