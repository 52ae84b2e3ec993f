//! Settings: from flags, then `EWARONG_*` variables, then a TOML file, then defaults.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ledger::domain::money::Rupiah;
use ledger::service::{DatabaseUrl, FOUR_EYES_ABOVE, ROLLUP_SPAN, RecordingLimits};
use serde::Deserialize;

use crate::cli::{DatabaseArgs, ServeArgs};
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
    max_bank_files: Option<u16>,
    recording_limits: Option<String>,
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
    /// What may be at stake in a decision without a second person.
    pub four_eyes_above: Rupiah,
    /// What the bank files of one recording may have in all, in bytes.
    pub max_bank_files: usize,
    /// What clients may send to be reconciled.
    pub recordings: RecordingLimits,
}

impl Settings {
    /// Puts together what flags, variables and the file say.
    ///
    /// # Errors
    /// When the file can't be read or a value is not valid.
    pub fn read(args: &ServeArgs) -> anyhow::Result<Self> {
        let file = read_file(args.database.config.as_deref())?;
        let url = url_of(&args.database, &file)?;
        let keys = args.keys.clone().or(file.keys);
        Ok(Self {
            addr: args.addr.clone().or(file.addr).unwrap_or_else(|| DEFAULT_ADDRESS.to_owned()),
            keys: keys.unwrap_or_else(|| url.default_keys(Path::new("."))),
            rollup_span: args.rollup_span.or(file.rollup_span).unwrap_or(ROLLUP_SPAN),
            four_eyes_above: match args.four_eyes_above.or(file.four_eyes_above) {
                Some(limit) => Rupiah::new(limit.into())?,
                None => FOUR_EYES_ABOVE,
            },
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
            url,
        })
    }
}

/// The database of a command that needs nothing else.
///
/// # Errors
/// When the file can't be read or the URL names no database.
pub fn database(args: &DatabaseArgs) -> anyhow::Result<DatabaseUrl> {
    url_of(args, &read_file(args.config.as_deref())?)
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
