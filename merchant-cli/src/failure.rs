//! How a run ends: the exit codes, and the message with its hint.

use std::io::{self, Write};

use crate::terminal::Color;

/// The exit codes, which jobs rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, and nothing differs.
    Done,
    /// It did not work, or was refused.
    Failed,
    /// The command line is wrong.
    Usage,
    /// It ran, and found differences.
    Differences,
    /// The server does not let this client do that.
    NotAuthorised,
    /// The server or the network: try again.
    Unavailable,
}

impl Exit {
    /// The process's exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Differences => 3,
            Self::NotAuthorised => 4,
            Self::Unavailable => 5,
        }
    }
}

/// Why a command stopped.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure that ends the run with `exit`.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None }
    }

    /// It did not work.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// What there is to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts more before the hint.
    pub(crate) fn note(mut self, note: &str) -> Self {
        self.message.push('\n');
        self.message.push_str(note);
        self
    }

    /// How the run ends by this.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// Writes the message to stderr, unless the reader of stdout just went away.
    pub(crate) fn show(&self, color: Color) -> Exit {
        if self.exit == Exit::Done {
            return Exit::Done;
        }
        let mut stderr = io::stderr().lock();
        let label = color.red_on_stderr("error:");
        let hint = self.hint.as_ref().map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
        let text = format!("{label} {}\n{hint}", self.message);
        // With stderr gone there is nobody left to tell; the exit code still says it.
        match stderr.write_all(text.as_bytes()) {
            Ok(()) | Err(_) => self.exit,
        }
    }
}

/// Output that can't be written: a closed pipe is the reader's choice and counts as done.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::new(Exit::Done, "")
        } else {
            Self::failed(format!("writing the output: {error}"))
        }
    }
}
