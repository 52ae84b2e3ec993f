//! Schemas of `openapi.json` that derived descriptions refer to.

use utoipa::openapi::Ref;

/// A calendar date.
pub(crate) fn date() -> Ref {
    Ref::from_schema_name("Date")
}

/// Whole rupiah.
pub(crate) fn rupiah() -> Ref {
    Ref::from_schema_name("Rupiah")
}

/// A time zone of Indonesia.
pub(crate) fn zone() -> Ref {
    Ref::from_schema_name("Zone")
}
