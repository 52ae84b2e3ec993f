//! Settings: from flags, then `EWARONG_*` variables, then a TOML file, then defaults.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ledger::domain::money::Rupiah;
use ledger::domain::resolution::FourEyes;
use ledger::domain::wrong_pins::WrongPinLimit;
use ledger::service::{
    DatabaseUrl, FOUR_EYES_ABOVE, ProgrammeLimits, ROLLUP_SPAN, RecordingLimits,
};
use serde::Deserialize;

use crate::cli::{DatabaseArgs, ProgrammeArgs, ServeArgs, WrongPinArgs};
use crate::limits::{LimitArgs, Limits, Switch};
use crate::recording_limits;

/// What a TOML file may set; the same names as the flags, with underscores.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    addr: Option<String>,
    database_url: Option<String>,
    keys: Option<PathBuf>,
    rollup_span: Option<u32>,
    four_eyes_above: Option<u32>,
    programme_four_eyes_above: Option<i64>,
    highest_funding: Option<i64>,
    four_eyes_day_above: Option<u32>,
    max_bank_files: Option<u16>,
    recording_limits: Option<String>,
    wrong_pins: Option<u16>,
    wrong_pins_minutes: Option<u16>,
    metrics_addr: Option<String>,
    #[serde(default)]
    limits: LimitArgs,
}

/// What the bank files of one recording may have in all, in bytes, where nothing else is configured.
pub const MAX_BANK_FILES: usize = 64 * MIB;
const MIB: usize = 1024 * 1024;

/// Where the service keeps its data when nothing else is said.
const DEFAULT_DATABASE: &str = "sqlite:./ewarong.db";
const DEFAULT_ADDRESS: &str = "127.0.0.1:8080";

/// The settings of `serve`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen.
    pub addr: String,
    /// Where the database is.
    pub url: DatabaseUrl,
    /// The keys file.
    pub keys: PathBuf,
    /// Transfers between two roll-ups, at the least.
    pub rollup_span: u32,
    /// What decisions may move without a second person.
    pub four_eyes_above: FourEyes,
    /// What one client of the programme may do alone, and what nobody may.
    pub programme: ProgrammeLimits,
    /// What the bank files of one recording may have in all, in bytes.
    pub max_bank_files: usize,
    /// What clients may send to be reconciled.
    pub recordings: RecordingLimits,
    /// When wrong PINs suspend a terminal.
    pub wrong_pins: Option<WrongPinLimit>,
    /// Where the figures for monitoring are, if not with the API.
    pub metrics_addr: Option<String>,
    /// What clients may do.
    pub limits: Limits,
}

impl Settings {
    /// Puts together what flags, variables and the file say.
    ///
    /// # Errors
    /// When the file can't be read or a value is not valid.
    pub fn read(args: &ServeArgs) -> anyhow::Result<Self> {
        let file = read_file(args.database.config.as_deref())?;
        let url = url_of(&args.database, &file)?;
        let keys = args.keys.clone().or_else(|| file.keys.clone());
        let wrong_pins = WrongPinArgs {
            wrong_pins: args.wrong_pins.wrong_pins.or(file.wrong_pins),
            wrong_pins_minutes: args.wrong_pins.wrong_pins_minutes.or(file.wrong_pins_minutes),
        };
        Ok(Self {
            addr: args
                .addr
                .clone()
                .or_else(|| file.addr.clone())
                .unwrap_or_else(|| DEFAULT_ADDRESS.to_owned()),
            keys: keys.unwrap_or_else(|| url.default_keys(Path::new("."))),
            rollup_span: args.rollup_span.or(file.rollup_span).unwrap_or(ROLLUP_SPAN),
            four_eyes_above: FourEyes {
                decision: match args.four_eyes_above.or(file.four_eyes_above) {
                    Some(limit) => Rupiah::new(limit.into())?,
                    None => FOUR_EYES_ABOVE.decision,
                },
                day: match args.four_eyes_day_above.or(file.four_eyes_day_above) {
                    Some(limit) => Rupiah::new(limit.into())?,
                    None => FOUR_EYES_ABOVE.day,
                },
            },
            programme: programme_limits(&args.programme, &file)?,
            max_bank_files: match args.max_bank_files.or(file.max_bank_files) {
                Some(limit) => usize::from(limit).saturating_mul(MIB),
                None => MAX_BANK_FILES,
            },
            recordings: match (args.recording_limits, file.recording_limits) {
                (Some(limits), _) => limits,
                (None, Some(text)) => recording_limits::parse(&text)
                    .map_err(|what| anyhow::anyhow!("recording_limits: {what}"))?,
                (None, None) => RecordingLimits::default(),
            },
            wrong_pins: wrong_pin_limit(wrong_pins, WrongPinLimit::USUAL.most),
            metrics_addr: args.metrics_addr.clone().or_else(|| file.metrics_addr.clone()),
            limits: Limits::read(&args.limits, &file.limits, Switch::On),
            url,
        })
    }
}

/// When wrong PINs suspend a terminal, with so many `usual` card numbers where nothing else is said; 0 is
/// never.
pub fn wrong_pin_limit(args: WrongPinArgs, usual: u16) -> Option<WrongPinLimit> {
    let most = args.wrong_pins.unwrap_or(usual);
    let minutes = args.wrong_pins_minutes.unwrap_or(WrongPinLimit::USUAL.minutes);
    (most > 0).then_some(WrongPinLimit { most, minutes })
}

/// The database of a command that needs nothing else.
///
/// # Errors
/// When the file can't be read or the URL names no database.
pub fn database(args: &DatabaseArgs) -> anyhow::Result<DatabaseUrl> {
    url_of(args, &read_file(args.config.as_deref())?)
}

/// The database and the programme's limits, for a command that credits.
///
/// # Errors
/// When the file can't be read, the URL names no database or a limit is invalid.
pub fn credit(
    database: &DatabaseArgs,
    limits: &ProgrammeArgs,
) -> anyhow::Result<(DatabaseUrl, ProgrammeLimits)> {
    let file = read_file(database.config.as_deref())?;
    Ok((url_of(database, &file)?, programme_limits(limits, &file)?))
}

fn programme_limits(args: &ProgrammeArgs, file: &File) -> anyhow::Result<ProgrammeLimits> {
    let mut limits = ProgrammeLimits::default();
    if let Some(rupiah) = args.programme_four_eyes_above.or(file.programme_four_eyes_above) {
        limits.four_eyes_above = Rupiah::new(rupiah)?;
    }
    if let Some(rupiah) = args.highest_funding.or(file.highest_funding) {
        limits.highest_funding = Rupiah::new(rupiah)?;
    }
    Ok(limits)
}

fn url_of(args: &DatabaseArgs, file: &File) -> anyhow::Result<DatabaseUrl> {
    let text = args.database_url.as_deref().or(file.database_url.as_deref());
    Ok(text.unwrap_or(DEFAULT_DATABASE).parse()?)
}

fn read_file(path: Option<&Path>) -> anyhow::Result<File> {
    let Some(path) = path else { return Ok(File::default()) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("can't read the settings file `{}`", path.display()))?;
    toml::from_str(&text).with_context(|| format!("settings file `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_pins_suspend_a_terminal_unless_they_are_told_not_to() {
        let args = |wrong_pins| WrongPinArgs { wrong_pins, wrong_pins_minutes: None };
        let usual = WrongPinLimit::USUAL;
        assert_eq!(wrong_pin_limit(args(None), usual.most), Some(usual));
        assert_eq!(wrong_pin_limit(args(None), 0), None);
        assert_eq!(wrong_pin_limit(args(Some(0)), usual.most), None);
        let strict = WrongPinLimit { most: 3, minutes: 10 };
        assert_eq!(wrong_pin_limit(args(Some(3)), 0), Some(strict));
    }
}
