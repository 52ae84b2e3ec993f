//! What befalls the last wallet while a run counts and pays.

use crate::store::connection::Connection;

impl Connection {
    /// Opens it (1) or freezes it (2).
    pub(crate) fn set_state_of_last(&mut self, state: i16) {
        self.change_last(&format!("state = {state}"));
    }

    /// Something happened to it.
    pub(crate) fn raise_last(&mut self, last_id: i64) {
        self.change_last(&format!("last_id = {last_id}"));
    }

    fn change_last(&mut self, change: &str) {
        let last = "id = (SELECT MAX(id) FROM wallets)";
        self.run(&format!("UPDATE wallets SET {change} WHERE {last}")).unwrap();
    }
}
