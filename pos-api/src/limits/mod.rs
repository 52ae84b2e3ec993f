//! What clients may do to the service, and to each other by it: settings of the process, never data.
//!
//! Each is a flag, a variable and a line of the settings file's table `[limits]`, all of one name; 0
//! takes a limit away. `serve` has them on, `demo` off unless asked.

pub(crate) mod budget;
pub(crate) mod clients;
pub(crate) mod connections;
pub(crate) mod logins;

use std::num::NonZeroU32;

use clap::{Args, ValueEnum};
use serde::Deserialize;

/// Whether clients are limited at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// Each limit holds as it is set.
    On,
    /// None holds.
    Off,
}

/// The most of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// No limit.
    pub const NONE: Self = Self(0);

    /// At most so many; none at 0.
    pub const fn of(most: u32) -> Self {
        Self(most)
    }

    /// The most, `None` where there is no limit.
    pub const fn most(self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.0)
    }
}

/// Declares the limits in one table: what each is, its usual value, its variable.
macro_rules! limits {
    ($(#[doc = $doc:literal] $name:ident = $usual:literal, $variable:literal;)+) => {
        /// The limits as flags, variables and the settings file give them.
        #[derive(Args, Clone, Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct LimitArgs {
            /// Whether the limits hold [default: on in `serve`, off in `demo`]
            #[arg(long = "limits", env = "EWARONG_LIMITS", value_name = "on|off")]
            pub switch: Option<Switch>,
            $(
                #[doc = $doc]
                #[arg(
                    long,
                    env = $variable,
                    value_name = "NUMBER",
                    help_heading = "Limits (0: none)",
                    help = concat!($doc, " [default: ", $usual, "]")
                )]
                pub $name: Option<u32>,
            )+
        }

        /// The limits that hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Limits {
            $(#[doc = $doc] pub $name: Limit,)+
        }

        impl Limits {
            /// No limits.
            pub const OFF: Self = Self { $($name: Limit::NONE,)+ };

            /// What flags and variables say, then the settings file, then what is usual. Where
            /// nobody says whether limits hold, `usually` does.
            pub fn read(args: &LimitArgs, file: &LimitArgs, usually: Switch) -> Self {
                match args.switch.or(file.switch).unwrap_or(usually) {
                    Switch::Off => Self::OFF,
                    Switch::On => Self {
                        $($name: Limit(args.$name.or(file.$name).unwrap_or($usual)),)+
                    },
                }
            }
        }
    };
}

limits! {
    /// Wrong secrets a minute for one client id
    login_failures_per_client = 10, "EWARONG_LOGIN_FAILURES_PER_CLIENT";
    /// Wrong secrets a minute from one address
    login_failures_per_address = 60, "EWARONG_LOGIN_FAILURES_PER_ADDRESS";
    /// Requests of one client a minute that fail by its own fault; refused purchases are none
    failures_per_client = 120, "EWARONG_FAILURES_PER_CLIENT";
    /// What one client may read a minute: a list costs 1 to 11, a report 60, an export 120
    reads_per_client = 3000, "EWARONG_READS_PER_CLIENT";
    /// Reads of one client that are answered at the same time
    reads_at_once_per_client = 8, "EWARONG_READS_AT_ONCE_PER_CLIENT";
    /// Reports and exports of one client that are made at the same time
    reports_at_once_per_client = 2, "EWARONG_REPORTS_AT_ONCE_PER_CLIENT";
    /// Uploads of bank files of one client at the same time
    uploads_at_once_per_client = 2, "EWARONG_UPLOADS_AT_ONCE_PER_CLIENT";
    /// Connections that one address holds; all clients behind a proxy have its address
    connections_per_address = 12000, "EWARONG_CONNECTIONS_PER_ADDRESS";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, args: &LimitArgs) -> Limits {
        Limits::read(args, &toml::from_str(text).unwrap(), Switch::On)
    }

    #[test]
    fn a_flag_comes_before_the_file_and_the_file_before_what_is_usual() {
        let usual = read("", &LimitArgs::default());
        assert_eq!(usual.failures_per_client, Limit(120));
        let file = "failures_per_client = 7\nreads_per_client = 0";
        let set = read(file, &LimitArgs::default());
        assert_eq!((set.failures_per_client, set.reads_per_client), (Limit(7), Limit::NONE));
        assert_eq!(set.reads_per_client.most(), None);
        let flag = LimitArgs { failures_per_client: Some(9), ..LimitArgs::default() };
        assert_eq!(read(file, &flag).failures_per_client.most(), NonZeroU32::new(9));
    }

    #[test]
    fn off_is_no_limit_at_all() {
        assert_eq!(
            read("switch = \"off\"\nfailures_per_client = 7", &LimitArgs::default()),
            Limits::OFF
        );
        let on = LimitArgs { switch: Some(Switch::On), ..LimitArgs::default() };
        assert_ne!(read("switch = \"off\"", &on), Limits::OFF);
        assert!(toml::from_str::<LimitArgs>("no_such_limit = 1").is_err());
    }
}
