//! How a file is to be read.

use std::slice;

use chrono::NaiveDate;

use crate::bankfile::error::{BankFileError, Reason};
use crate::bankfile::format::Format;
use crate::bankfile::guard::Bounds;
use crate::bankfile::message::MessageSettings;
use crate::bankfile::profile::Profile;
use crate::domain::bank::BankCode;

/// How a file is to be read; the default is to find everything out from the file itself.
#[derive(Clone, Debug, Default)]
pub struct ReadAs {
    /// The format, where it is known.
    pub format: Option<Format>,
    /// The bank it comes from, whose built-in profile applies.
    pub bank: Option<BankCode>,
    /// A profile that applies instead of a built-in one.
    pub profile: Option<Profile>,
    /// A day near the file's rows, from which dates without a year get theirs.
    pub around: Option<NaiveDate>,
    /// What the file may be, which is looked at while it is read.
    pub bounds: Bounds,
}

impl ReadAs {
    /// The profiles of which a header may choose a layout.
    pub(super) fn profiles(&self) -> Result<&[Profile], BankFileError> {
        match (&self.profile, &self.bank) {
            (Some(profile), _) => Ok(slice::from_ref(profile)),
            (None, Some(bank)) => Profile::built_in_of(bank)
                .map(slice::from_ref)
                .ok_or_else(|| BankFileError::at(1, Reason::NoProfile(bank.as_str().to_owned()))),
            (None, None) => Ok(Profile::built_in()),
        }
    }

    /// What a message does not say itself, as the bank's profile has it for its other files.
    pub(super) fn settings(&self) -> MessageSettings {
        let built_in = || self.bank.as_ref().and_then(Profile::built_in_of);
        let profile = self.profile.as_ref().or_else(built_in);
        profile.map(MessageSettings::from).unwrap_or_default()
    }
}
