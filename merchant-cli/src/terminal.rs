//! The person at the terminal: questions, secrets, notes, colour.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;

use crate::failure::Failure;

/// When to use colour on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// When stderr is a terminal and `NO_COLOR` is not set.
    Auto,
    Always,
    Never,
}

impl Color {
    /// The text in red, if stderr takes colour.
    pub(crate) fn red_on_stderr(self, text: &str) -> String {
        let wanted = match self {
            Self::Auto => io::stderr().is_terminal(),
            Self::Always => true,
            Self::Never => false,
        };
        if wanted { format!("\u{1b}[31m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A PIN, card number, client secret or token. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, for the request it belongs in.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Who answers questions in this run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    /// Nothing may be asked (`--no-input`).
    pub(crate) no_input: bool,
    /// Questions of yes or no are answered with yes (`--yes`).
    pub(crate) yes: bool,
}

impl Person {
    /// Whether somebody sits at the terminal and may be asked.
    pub(crate) fn is_there(self) -> bool {
        !self.no_input && io::stdin().is_terminal()
    }

    /// Asks for a line that may be seen; without a terminal it is the next line of stdin.
    pub(crate) fn line(self, question: &str) -> Result<String, Failure> {
        if self.is_there() {
            prompt(question)?;
        }
        self.next_line(question)
    }

    /// Asks for a line that is not shown; without a terminal it is the next line of stdin.
    pub(crate) fn secret(self, question: &str) -> Result<Secret, Failure> {
        if self.is_there() {
            let typed = rpassword::prompt_password(question);
            return typed.map(Secret::new).map_err(|error| Failure::failed(error.to_string()));
        }
        self.next_line(question).map(Secret::new)
    }

    /// Asks a question whose answer is yes unless somebody says no.
    pub(crate) fn agrees(self, question: &str) -> Result<bool, Failure> {
        if self.yes || !self.is_there() {
            return Ok(true);
        }
        let answer = self.line(&format!("{question} [Y/t] "))?;
        Ok(!matches!(answer.trim().to_lowercase().as_str(), "t" | "tidak" | "n" | "no"))
    }

    fn next_line(self, wanted: &str) -> Result<String, Failure> {
        let wanted = wanted.trim_end().trim_end_matches(':');
        if self.no_input && io::stdin().is_terminal() {
            return Err(Failure::usage(format!(
                "`{wanted}` is needed, and `--no-input` was given"
            ))
            .hint("give it as a line on stdin"));
        }
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        match read {
            Ok(0) => Err(Failure::usage(format!("stdin ended where `{wanted}` was expected"))),
            Ok(_) => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => Err(Failure::failed(format!("reading stdin: {error}"))),
        }
    }
}

fn prompt(question: &str) -> Result<(), Failure> {
    let mut stderr = io::stderr().lock();
    stderr.write_all(question.as_bytes())?;
    stderr.flush()?;
    Ok(())
}

/// Writes a line to stderr: what is neither data nor an error.
pub(crate) fn note(text: &str) {
    let written = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
    // A note that nobody can read any more changes nothing.
    drop(written);
}

/// Text from outside with control characters replaced, so that it can't steer a terminal.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}
