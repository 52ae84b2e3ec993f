//! Requests that change something: failure after a commit is never reported as "nothing was done".

use actix_web::web;
use ledger::service::Commits;

use crate::problem::{Code, Problem};

/// Does a piece of work on the blocking pool. Once it has committed anything, a failure that would say
/// that nothing was done says that it is not known; so does a thread that went away with the work.
pub(crate) async fn writing<T, E>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Problem>
where
    T: Send + 'static,
    E: Into<Problem> + 'static,
{
    let done = web::block(move || certain(work)).await;
    done.unwrap_or_else(|_gone| Err(Problem::new(Code::OutcomeUnknown)))
}

/// The same on the thread that it is called on.
pub(crate) fn certain<T, E: Into<Problem>>(
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, Problem> {
    let commits = Commits::watched();
    work().map_err(|error| {
        let problem: Problem = error.into();
        let says_nothing_was_done = problem.code() == Code::Unavailable;
        if says_nothing_was_done && commits.any() {
            return Problem::new(Code::OutcomeUnknown);
        }
        problem
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_begun_was_not_done() {
        let failed = |code: Code| certain(|| Err::<(), _>(Problem::new(code))).unwrap_err().code();
        assert_eq!(failed(Code::Unavailable), Code::Unavailable);
        assert_eq!(failed(Code::DayClosed), Code::DayClosed);
        let after = certain(|| {
            Commits::note();
            Err::<(), _>(Problem::new(Code::Unavailable))
        });
        assert_eq!(after.unwrap_err().code(), Code::OutcomeUnknown);
        let inner = certain(|| {
            assert_eq!(failed(Code::Unavailable), Code::Unavailable, "an earlier one is another's");
            Commits::note();
            assert_eq!(failed(Code::Unavailable), Code::Unavailable, "and so is a later one");
            Err::<(), _>(Problem::new(Code::Unavailable))
        });
        assert_eq!(inner.unwrap_err().code(), Code::OutcomeUnknown);
        assert_eq!(failed(Code::Unavailable), Code::Unavailable);
    }
}
