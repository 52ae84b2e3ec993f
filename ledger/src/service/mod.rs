//! The use cases: each joins a decision of the domain to its record in the store, in one
//! transaction. The only place that opens one.

mod background;
mod banks;
mod card_life;
mod checkpoints;
mod clients;
mod clock;
mod closing;
mod credit;
mod daily;
mod day;
mod directory;
mod error;
mod exceptions;
mod fees;
mod funding;
mod history;
mod ids;
pub mod import;
mod keeper;
pub mod keyfile;
mod lane;
mod ledger;
mod once;
mod paying;
mod posting;
mod reads;
mod reconciling;
mod reversal;
mod rollups;
mod sealer;
mod settlements;
mod shared;
mod verify;

pub use card_life::{BankCard, CardLifeError, NewBankCard, Teller};
pub use clients::{
    Client, ClientError, NewScope, NoAccess, Scope, Shop, add_clients, list_clients, revoke_client,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use credit::{CreditError, CreditRun, CreditShare, credit_period};
pub use daily::{DailyCheck, DailyState};
pub use day::NotClosed;
pub use error::Trouble;
pub use exceptions::{
    Clerk, ExceptionEvent, ExceptionQuery, ExceptionState, FOUR_EYES_ABOVE, NotResolved,
    ShownException,
};
pub use funding::{FundRequest, Funded, NotFunded};
pub use history::{Reader, ShownAttempt};
pub use lane::{LaneFigures, Reply, StandIn};
pub use ledger::{Ledger, Options, RedeemRequest, migrate, needs_migration};
pub use once::{Answered, KeyReused, OnceKey};
pub use reads::{
    AccountBalance, AccountName, AsOf, AttemptQuery, AttemptStatus, Catalogue, CatalogueItem,
    Export, Figures, NotShown, Page, PageRequest, Place, ShownTransfer, TransferQuery,
    TrialBalance, TrialLine,
};
pub use reconciling::{
    NotReconciled, NotSigned, ReconcileRequest, Reconciliation, RecordedFile, RecordedOutcome,
    RecordingBounds, RecordingLimits, Rendering, SentFile, ShownOutcome,
};
pub use reversal::{NotReversed, ReverseRequest, Reversed};
pub use sealer::ROLLUP_SPAN;
pub use settlements::{Settlement, SettlementItem, SettlementQuery};
pub use verify::{Check, Report, verify};

pub use crate::store::batch;
pub use crate::store::{Backend, DatabaseUrl, StoreError};
