//! E-warongs: the shops that sell for wallets' money, and their terminals.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The kinds of e-warong that the programme knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MerchantKind {
    /// A stall of a traditional market.
    TraditionalMarket,
    /// A warung.
    Warung,
    /// A toko kelontong: a grocer's.
    TokoKelontong,
    /// An e-Warung KUBE, run by a group of families.
    EWarungKube,
    /// A village's own warung.
    WarungDesa,
    /// A Rumah Pangan Kita.
    Rpk,
    /// A branchless bank's agent under Laku Pandai.
    LakuPandaiAgent,
    /// An agent of digital financial services (LKD).
    LkdAgent,
    /// Any other retailer.
    OtherRetail,
}

impl MerchantKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::TraditionalMarket,
        Self::Warung,
        Self::TokoKelontong,
        Self::EWarungKube,
        Self::WarungDesa,
        Self::Rpk,
        Self::LakuPandaiAgent,
        Self::LkdAgent,
        Self::OtherRetail,
    ];

    /// The kind's name in files, answers and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TraditionalMarket => "traditional_market",
            Self::Warung => "warung",
            Self::TokoKelontong => "toko_kelontong",
            Self::EWarungKube => "e_warung_kube",
            Self::WarungDesa => "warung_desa",
            Self::Rpk => "rpk",
            Self::LakuPandaiAgent => "laku_pandai_agent",
            Self::LkdAgent => "lkd_agent",
            Self::OtherRetail => "other_retail",
        }
    }

    /// The kind named `text`, if there is one.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Whether a merchant or a terminal may be used. The numbers are the store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShopState {
    /// It may.
    Active,
    /// It may not, for good or for the time being.
    Inactive,
    /// It was stopped: by its bank, or a terminal by too many wrong PINs.
    Suspended,
}

impl ShopState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Suspended];

    /// The state's number in the store.
    pub const fn number(self) -> i16 {
        match self {
            Self::Active => 1,
            Self::Inactive => 2,
            Self::Suspended => 3,
        }
    }

    /// The state with that number in the store.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// The state's name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Suspended => "suspended",
        }
    }

    /// The state named `text`, if there is one.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A text that can't be a merchant's or a terminal's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code is made of A-Z, 0-9 and `-`, and has at most {0} of them")]
pub struct NotCode(usize);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident, $longest:literal);+ $(;)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The code itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotCode;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let letter =
                    |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'-');
                let fits = (1..=$longest).contains(&text.len()) && text.bytes().all(letter);
                if fits { Ok(Self(text.into())) } else { Err(NotCode($longest)) }
            }
        }
    )+};
}

codes! {
    /// A merchant's code, as receipts and ISO 8583's field 42 carry it: at most 15 characters.
    MerchantCode, 15;
    /// A terminal's code, as receipts and ISO 8583's field 41 carry it: at most 8 characters.
    TerminalCode, 8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_keep_their_names() {
        for kind in MerchantKind::ALL {
            assert_eq!(MerchantKind::named(kind.as_str()), Some(kind));
        }
        assert_eq!(MerchantKind::named("supermarket"), None);
        for state in ShopState::ALL {
            assert_eq!(ShopState::named(state.as_str()), Some(state));
            assert_eq!(ShopState::from_number(state.number()), Some(state));
        }
    }

    #[test]
    fn codes_fit_their_fields() {
        assert_eq!("EW-1571-0001".parse::<MerchantCode>().unwrap().as_str(), "EW-1571-0001");
        assert!("ABCDEFGHIJKLMNOP".parse::<MerchantCode>().is_err());
        for text in ["", "T0000001X", "t1", "T 1"] {
            assert!(text.parse::<TerminalCode>().is_err(), "{text}");
        }
    }
}
