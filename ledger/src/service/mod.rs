//! The use cases: each joins a decision of the domain to its record in the store, in one
//! transaction. The only place that opens one.

mod background;
mod banks;
mod card_life;
mod checkpoints;
mod clients;
mod clock;
mod closing;
mod commits;
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
mod in_flight;
mod inquiries;
mod keeper;
pub mod keyfile;
mod lane;
mod ledger;
mod limits;
mod once;
mod own;
mod paying;
mod posting;
mod proposals;
mod reads;
mod reconciling;
mod recorded;
mod reversal;
mod rollups;
mod rule_entry;
mod sealer;
mod settlements;
mod shared;
mod shops;
mod verify;

pub use card_life::{BankCard, CardLifeError, NewBankCard, Teller};
pub use clients::{
    Client, ClientError, NewScope, NoAccess, Scope, Shop, add_clients, list_clients, revoke_client,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use commits::Commits;
pub use credit::{
    CreditError, CreditRun, CreditShare, NotTakenBack, RunRequest, RunReversal, TakeBackRequest,
    TakenBackShare, credit_period,
};
pub use daily::{DailyCheck, DailyState};
pub use day::{MarkedDay, NotClosed};
pub use error::Trouble;
pub use exceptions::{
    Clerk, ExceptionEvent, ExceptionQuery, ExceptionState, FOUR_EYES_ABOVE, NotResolved,
    ShownException,
};
pub use funding::{
    FundRequest, Funded, NotFunded, NotReturned, ReturnRequest, Returned, ShownFunding, ShownReturn,
};
pub use history::{Reader, ShownAttempt};
pub use inquiries::{InquiryQuery, ShownInquiry};
pub use lane::{LaneFigures, Reply, StandIn};
pub use ledger::{
    Ledger, NotReady, Options, RedeemRequest, migrate, needs_migration, nodes_at_work,
};
pub use limits::ProgrammeLimits;
pub use once::{Answered, KeyReused, OnceKey};
pub use proposals::{Decided, Proposal};
pub use reads::{
    AccountBalance, AccountName, AsOf, AttemptQuery, AttemptStatus, Catalogue, CatalogueItem,
    Export, Figures, NotShown, Page, PageRequest, Place, ShownTransfer, TransferQuery,
    TrialBalance, TrialLine,
};
pub use reconciling::{
    NotReconciled, NotSigned, ReconcileRequest, Reconciliation, RecordedFile, RecordedOutcome,
    RecordingBounds, RecordingLimits, Rendering, SentFile, ShownOutcome,
};
pub use recorded::{ClockError, accept_clock};
pub use reversal::{NotReversed, ReverseRequest, Reversed};
pub use rule_entry::{Entered, NotEntered, RuleOrigin, RuleRequest};
pub use sealer::ROLLUP_SPAN;
pub use settlements::{Settlement, SettlementItem, SettlementQuery};
pub use shops::{NotSet, ShopStanding, ShownTerminal, TerminalQuery};
pub use verify::{Check, Report, VerifyOptions, verify};

pub use crate::store::batch;
pub use crate::store::{Backend, DatabaseUrl, StoreError};
