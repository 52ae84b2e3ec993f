//! Whose access was withdrawn reads nothing.

use super::*;

#[test]
fn a_client_whose_access_was_withdrawn_reads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::sqlite(&folder.path().join("ledger.db"));
    migrate(&url).unwrap();
    let now = "2018-09-03T03:00:00Z".parse().unwrap();
    add_clients(&url, &[("audit", NewScope::Auditor)], now).unwrap();
    let (keys, clock) = (url.default_keys(folder.path()), Arc::new(ManualClock::new(now)));
    let ledger = Ledger::open(&Options {
        url: url.clone(),
        keys,
        clock,
        cores: 1,
        rollup_span: ROLLUP_SPAN,
        four_eyes_above: FOUR_EYES_ABOVE,
        recordings: crate::service::RecordingLimits::default(),
        limits: crate::service::ProgrammeLimits::default(),
        wrong_pins: None,
    })
    .unwrap();
    let client = ledger.client("audit").unwrap().unwrap().id;
    let no_access = |not_shown: NotShown| match not_shown {
        NotShown::NoAccess(no_access) => no_access,
        other @ (NotShown::NotSealed(_) | NotShown::Future) => panic!("{other}"),
    };
    let read = || {
        let (attempts, transfers) = (AttemptQuery::default(), TransferQuery::default());
        let holding = AccountName::Bank(AccountKind::Holding, "bri".parse().unwrap());
        let request = page(1, None);
        [
            ledger.attempts(client, Reader::All, &attempts, request).map(|page| page.next),
            ledger.attempt(client, Reader::All, RowId(1), AccountId(1)).map(|_| None),
            ledger.transfers(client, Reader::All, &transfers, request).map(|page| page.next),
            ledger.account(client, Reader::All, &holding, None).map(|_| None).map_err(no_access),
            ledger.trial_balance(client, None, None).map(|_| None).map_err(no_access),
        ]
    };
    assert!(read().iter().all(|found| matches!(found, Ok(None))));
    revoke_client(&url, "audit", now).unwrap();
    assert!(read().iter().all(|found| matches!(found, Err(NoAccess::Revoked))));
    ledger.close();
}
