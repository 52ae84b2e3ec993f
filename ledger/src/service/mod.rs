//! The use cases: each joins a decision of the domain to its record in the store, in one
//! transaction. The only place that opens one.

mod banks;
mod clients;
mod clock;
mod directory;
mod error;
mod history;
mod ids;
mod keeper;
pub mod keyfile;
mod lane;
mod ledger;

pub use clients::{
    Client, ClientError, NewScope, Scope, Shop, add_clients, list_clients, revoke_client,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::Trouble;
pub use history::{Reader, ShownAttempt};
pub use lane::Reply;
pub use ledger::{Ledger, Options, RedeemRequest, migrate, needs_migration};

pub use crate::store::{Backend, DatabaseUrl, StoreError};
