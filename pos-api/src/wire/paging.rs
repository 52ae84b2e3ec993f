//! Pages of lists: `{"data": [...], "next_cursor": null}`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::invalid;
use crate::problem::Problem;

const MOST: i64 = 1000;
const USUAL: i64 = 100;
/// Stands at the head of every cursor, so that one of another form is known as such.
const VERSION: &str = "1:";

/// A page.
#[derive(Serialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    pub(crate) next_cursor: Option<String>,
}

/// The query of a list that has no filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageParams {
    pub(crate) limit: Option<String>,
    pub(crate) cursor: Option<String>,
}

/// Which page is asked for.
pub(crate) struct PageQuery {
    limit: i64,
    /// What the cursor says; `None` for the first page.
    cursor: Option<String>,
}

impl PageQuery {
    /// Reads `limit` (1 to 1,000; 100 when it is not given) and `cursor`.
    pub(crate) fn read(limit: Option<&str>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = match limit {
            None => USUAL,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MOST).contains(limit))
                .ok_or_else(|| invalid("/limit", "has to be 1 to 1000"))?,
        };
        let cursor = cursor.map(open_cursor).transpose()?;
        Ok(Self { limit, cursor })
    }

    /// The most items of the page.
    pub(crate) const fn limit(&self) -> i64 {
        self.limit
    }

    /// What the cursor says.
    pub(crate) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The id of the last item before this page, for lists in the order of ids; 0 for the first page.
    pub(crate) fn after_id(&self) -> Result<i64, Problem> {
        self.cursor.as_deref().map_or(Ok(0), |text| text.parse().map_err(|_no_id| bad_cursor()))
    }

    /// Cuts a list that was read one item too long, and gives the next page's cursor if it was.
    pub(crate) fn cut<T>(&self, rows: &mut Vec<T>, id: impl Fn(&T) -> i64) -> Option<String> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return None;
        }
        rows.truncate(limit);
        rows.last().map(|last| seal_cursor(&id(last).to_string()))
    }
}

/// A cursor that says `text`. It is opaque: what it says may change with any version.
pub(crate) fn seal_cursor(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{VERSION}{text}"))
}

fn open_cursor(cursor: &str) -> Result<String, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_not_base64| bad_cursor())?;
    let text = String::from_utf8(bytes).map_err(|_not_text| bad_cursor())?;
    text.strip_prefix(VERSION).map(str::to_owned).ok_or_else(bad_cursor)
}

/// The problem of a cursor that this service did not make.
pub(crate) fn bad_cursor() -> Problem {
    invalid("/cursor", "is not one of this list's cursors")
}
