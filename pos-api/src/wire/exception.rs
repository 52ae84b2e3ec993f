//! Differences between the ledger and the banks on the wire.

use ledger::domain::calendar::Date;
use ledger::domain::ids::{AccountId, RowId};
use ledger::domain::keys::Keys;
use ledger::domain::public_id::{self, IdKind};
use ledger::domain::resolution::Resolution;
use ledger::service::{ExceptionEvent, ExceptionQuery, ExceptionState, ShownException};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::reconciliation::{kept, reconciliation_id};
use super::{invalid, text};
use crate::problem::Problem;

/// Notes, owners and reasons have at most this many characters.
pub(crate) const MAX_TEXT: usize = 2_000;
/// Differences of one bulk decision.
const MAX_BULK: usize = 1_000;

/// The query of `GET /v1/exceptions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExceptionParams {
    bank: Option<String>,
    business_date: Option<String>,
    state: Option<String>,
    pub(crate) limit: Option<String>,
    pub(crate) cursor: Option<String>,
}

impl ExceptionParams {
    pub(crate) fn query(&self) -> Result<ExceptionQuery, Problem> {
        let day: Option<Date> = self
            .business_date
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| invalid("/business_date", error))?;
        let all = match self.state.as_deref() {
            None | Some("open") => false,
            Some("all") => true,
            Some(_) => return Err(invalid("/state", "is neither `open` nor `all`")),
        };
        Ok(ExceptionQuery { bank: self.bank.clone(), day, all })
    }
}

/// The body of `POST /v1/exceptions/{id}/resolutions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolutionBody {
    resolution: String,
    reason: String,
}

/// The body of `POST /v1/exceptions/resolutions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkBody {
    ids: Vec<String>,
    resolution: String,
    reason: String,
}

/// The body of `POST /v1/exceptions/{id}/notes`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteBody {
    note: String,
    #[serde(default)]
    owner: Option<String>,
}

impl ResolutionBody {
    pub(crate) fn parse(self) -> Result<(Resolution, String), Problem> {
        let resolution = Resolution::named(&self.resolution);
        let names = Resolution::ALL.map(Resolution::as_str).join(", ");
        let resolution =
            resolution.ok_or_else(|| invalid("/resolution", format!("is none of {names}")))?;
        Ok((resolution, text("/reason", &self.reason, MAX_TEXT)?))
    }
}

impl BulkBody {
    pub(crate) fn parse(self) -> Result<(Vec<String>, Resolution, String), Problem> {
        let Self { ids, resolution, reason } = self;
        if ids.is_empty() || ids.len() > MAX_BULK {
            return Err(invalid("/ids", "has to hold 1 to 1000 ids"));
        }
        let (resolution, reason) = ResolutionBody { resolution, reason }.parse()?;
        Ok((ids, resolution, reason))
    }
}

impl NoteBody {
    pub(crate) fn parse(self) -> Result<(String, Option<String>), Problem> {
        let owner = self.owner.map(|owner| text("/owner", &owner, MAX_TEXT)).transpose()?;
        Ok((text("/note", &self.note, MAX_TEXT)?, owner))
    }
}

/// A difference.
#[derive(Serialize)]
pub(crate) struct ExceptionAnswer {
    id: String,
    reconciliation_id: String,
    bank: String,
    business_date: String,
    key: String,
    status: &'static str,
    ledger_amount: Option<i64>,
    bank_amount: Option<String>,
    state: &'static str,
    severity: &'static str,
    found_at: String,
    age_hours: u32,
    owner: Option<String>,
    resolution: Option<&'static str>,
    /// Whose agreement a proposal waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_agree: Option<MayAgree>,
    evidence: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<EventAnswer>>,
}

/// Any client of this role at this bank (a merchant's: of its own) but for the one that proposed.
#[derive(Serialize)]
struct MayAgree {
    role: &'static str,
    bank: String,
    except: String,
}

#[derive(Serialize)]
struct EventAnswer {
    event: String,
    client_id: String,
    at: String,
    note: String,
    transfer_id: Option<String>,
}

impl ExceptionAnswer {
    pub(crate) fn of(
        keys: &Keys,
        shown: ShownException,
        history: Option<Vec<ExceptionEvent>>,
    ) -> Result<Self, Problem> {
        let event = |event: ExceptionEvent| EventAnswer {
            event: event.event,
            client_id: event.client,
            at: event.at.rfc3339(),
            note: event.note,
            transfer_id: event
                .transfer
                .map(|(id, anchor)| public_id::encode(keys, IdKind::Transfer, id, anchor)),
        };
        let role = if shown.is_banks { "bank" } else { "merchant" };
        let waits = shown.state == ExceptionState::Proposed;
        let proposed_by = shown.decided_by.filter(|_| waits);
        let may_agree = proposed_by.clone();
        Ok(Self {
            proposed_by,
            may_agree: may_agree.map(|except| MayAgree { role, bank: shown.bank.clone(), except }),
            id: exception_id(keys, shown.id),
            reconciliation_id: reconciliation_id(keys, shown.reconciliation),
            bank: shown.bank,
            business_date: shown.day.to_string(),
            key: shown.key,
            status: shown.status.as_str(),
            ledger_amount: shown.ledger,
            bank_amount: shown.moved,
            state: shown.state.as_str(),
            severity: shown.severity.as_str(),
            found_at: shown.found_at.rfc3339(),
            age_hours: shown.age_hours,
            owner: shown.owner,
            resolution: shown.resolution.map(Resolution::as_str),
            evidence: kept(shown.detail)?,
            history: history.map(|events| events.into_iter().map(event).collect()),
        })
    }
}

/// The id of a difference as it is shown.
pub(crate) fn exception_id(keys: &Keys, id: i64) -> String {
    public_id::encode(keys, IdKind::Exception, RowId(id), AccountId(id))
}
