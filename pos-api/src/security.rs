//! The security log: lines of the target `security` about who tried what. They hold no card number,
//! PIN, secret or token, and nobody can flood them: of each kind so many a minute are written, and
//! the next line says how many were left out.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::{HttpRequest, HttpResponse};
use ledger::domain::refusal::Refusal;

use crate::limits::Limit;
use crate::limits::budget::Budget;

/// Lines of one kind a minute.
const LINES: Limit = Limit::of(120);

/// Declares what is noted, in one table.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum What {
            $($(#[$doc])* $name,)+
        }

        impl What {
            /// All kinds.
            const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its stable name.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

kinds! {
    /// A client id without its secret.
    LoginFailed = "login_failed";
    /// A token that is not valid, or whose client's access was withdrawn.
    TokenRefused = "token_refused";
    /// A client did what its role may not.
    RoleRefused = "role_refused";
    /// A limit was met.
    LimitMet = "limit_met";
    /// A wrong PIN at a terminal.
    PinWrong = "pin_wrong";
    /// A step that two people have to take, or one of them tried twice.
    FourEyes = "four_eyes";
}

/// How many lines may still be written, and how many were not.
#[derive(Debug)]
struct Lines {
    budget: Budget,
    left_out: AtomicU64,
}

impl Lines {
    fn new() -> Self {
        Self { budget: Budget::a_minute(LINES), left_out: AtomicU64::new(0) }
    }
}

/// The security log: the lines of each kind.
#[derive(Debug)]
pub(crate) struct SecurityLog(Vec<(What, Lines)>);

impl Default for SecurityLog {
    fn default() -> Self {
        Self(What::ALL.iter().map(|what| (*what, Lines::new())).collect())
    }
}

impl SecurityLog {
    fn of(&self, what: What) -> Option<&Lines> {
        self.0.iter().find(|(kind, _)| *kind == what).map(|(_, lines)| lines)
    }

    /// Notes what a request was about. The route is the template, never the path: that may hold
    /// anything.
    pub(crate) fn note_request(
        &self,
        what: What,
        request: &HttpRequest,
        client: Option<&str>,
        detail: &str,
    ) {
        let route = request.match_pattern().unwrap_or_default();
        let address = request.peer_addr().map(|peer| peer.ip());
        self.write(what, (address, client), (request.method().as_str(), &route), detail);
    }

    /// Notes what is about no request.
    pub(crate) fn note(
        &self,
        what: What,
        address: Option<IpAddr>,
        client: Option<&str>,
        detail: &str,
    ) {
        self.write(what, (address, client), ("", ""), detail);
    }

    fn write(
        &self,
        what: What,
        (address, client): (Option<IpAddr>, Option<&str>),
        (method, route): (&str, &str),
        detail: &str,
    ) {
        let Some(lines) = self.of(what) else { return };
        if lines.budget.count().is_err() {
            lines.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let left_out = lines.left_out.swap(0, Ordering::Relaxed);
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        let client = client.unwrap_or_default();
        let what = what.as_str();
        tracing::warn!(target: "security", what, client, address, method, route, detail, left_out);
    }
}

/// Marks the answer to a refusal that the security log has to know of.
pub(crate) fn note_refusal(refusal: Refusal, response: &mut HttpResponse) {
    if refusal.as_answered() == Refusal::PinWrong {
        response.extensions_mut().insert(What::PinWrong);
    }
}

/// A client's part in what two have to want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It was the first.
    Proposed,
    /// It was the second.
    Agreed,
}

impl Step {
    /// Its stable name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Agreed => "agreed",
        }
    }
}

/// Marks an answer as a step before four eyes.
pub(crate) fn note_step(step: Step, mut response: HttpResponse) -> HttpResponse {
    response.extensions_mut().insert(step);
    response
}

/// A client id that a request only claims, as it may stand in a log: anything else is not
/// repeated, for it may be a secret in the wrong place.
pub(crate) fn claimed(client_id: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    // A secret is 64 hexadecimal digits, which is a client id's form too.
    let secret = client_id.len() == 64 && client_id.bytes().all(|byte| byte.is_ascii_hexdigit());
    // A card number is 16 digits.
    let number = client_id.bytes().all(|byte| byte.is_ascii_digit());
    let fits = (3..=64).contains(&client_id.len()) && client_id.bytes().all(plain);
    if fits && !secret && !number { client_id } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_so_many_lines_are_written() {
        let log = SecurityLog::default();
        for _ in 0..1_000 {
            log.note(What::LoginFailed, None, None, "");
        }
        let left_out = log.of(What::LoginFailed).unwrap().left_out.load(Ordering::Relaxed);
        assert!((800..=880).contains(&left_out), "{left_out}");
        assert_eq!(log.of(What::PinWrong).unwrap().left_out.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_is_no_client_id_is_not_repeated() {
        assert_eq!(claimed("till-JBI-1"), "till-JBI-1");
        for text in ["", "6013011234567890", "a b", &"f".repeat(64), &"x".repeat(65)] {
            assert_eq!(claimed(text), "", "{text}");
        }
    }
}
