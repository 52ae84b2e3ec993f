//! How many connections an address holds. One too many is shut before anything is read from it.

use std::any::Any;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::SockRef;

use super::Limit;
use super::logins::network;
use crate::security::{SecurityLog, What};

/// The connections that are open, by address. It holds as many addresses as there are connections.
#[derive(Debug)]
pub(crate) struct Connections {
    limit: Limit,
    open: Mutex<HashMap<IpAddr, u32>>,
}

impl Connections {
    /// None yet.
    pub(crate) fn new(limit: Limit) -> Arc<Self> {
        Arc::new(Self { limit, open: Mutex::default() })
    }

    /// Takes a new connection in, or shuts it. It counts for as long as its data live.
    pub(crate) fn take_in(
        self: &Arc<Self>,
        connection: &dyn Any,
        data: &mut Extensions,
        log: &SecurityLog,
    ) {
        if self.limit.most().is_none() {
            return;
        }
        let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
        let Ok(peer) = stream.peer_addr() else { return };
        if let Some(held) = self.enter(network(peer.ip())) {
            data.insert(held);
            return;
        }
        log.note(What::LimitMet, Some(peer.ip()), None, "connections");
        if let Err(error) = SockRef::from(stream).shutdown(Shutdown::Both) {
            tracing::debug!(%error, "the connection is gone already");
        }
    }

    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Held> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if self.limit.most().is_some_and(|most| *count >= most.get()) {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Held { connections: Arc::clone(self), address })
    }
}

/// A connection that counts.
#[derive(Debug)]
struct Held {
    connections: Arc<Connections>,
    address: IpAddr,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_so_many_and_is_forgotten_with_the_last() {
        let connections = Connections::new(Limit(2));
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let first = connections.enter(here).unwrap();
        let second = connections.enter(here).unwrap();
        assert!(connections.enter(here).is_none());
        assert!(connections.enter(there).is_some());
        drop(first);
        assert!(connections.enter(here).is_some());
        drop(second);
        assert!(connections.open.lock().unwrap().is_empty());
    }
}
