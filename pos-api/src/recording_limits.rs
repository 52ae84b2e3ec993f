//! The bounds of recordings as a setting writes them: `shop.rows=5000,bank.day_recordings=200`.

use ledger::service::{RecordingBounds, RecordingLimits};

/// The names of bounds, for messages.
const NAMES: &str =
    "rows, exceptions, day_rows, day_exceptions, day_bytes and day_recordings, of `bank` or `shop`";

/// Reads bounds; what is not named keeps its default.
///
/// # Errors
/// What can't be read.
pub fn parse(text: &str) -> Result<RecordingLimits, String> {
    let mut limits = RecordingLimits::default();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let unreadable =
            || format!("`{part}` is no bound like `shop.rows=5000`; there are {NAMES}");
        let (name, number) = part.split_once('=').ok_or_else(unreadable)?;
        let (whose, name) = name.trim().split_once('.').ok_or_else(unreadable)?;
        let bounds = match whose {
            "bank" => &mut limits.bank,
            "shop" => &mut limits.shop,
            _ => return Err(unreadable()),
        };
        let bound = bound(bounds, name).ok_or_else(unreadable)?;
        *bound = number.trim().parse().map_err(|_no_number| unreadable())?;
    }
    Ok(limits)
}

fn bound<'b>(bounds: &'b mut RecordingBounds, name: &str) -> Option<&'b mut u64> {
    Some(match name {
        "rows" => &mut bounds.rows,
        "exceptions" => &mut bounds.exceptions,
        "day_rows" => &mut bounds.day_rows,
        "day_exceptions" => &mut bounds.day_exceptions,
        "day_bytes" => &mut bounds.day_bytes,
        "day_recordings" => &mut bounds.day_recordings,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_bounded_and_the_rest_stays() {
        let read = parse("shop.rows=7, bank.day_bytes=9").unwrap();
        assert_eq!((read.shop.rows, read.bank.day_bytes), (7, 9));
        assert_eq!(read.bank.rows, RecordingLimits::default().bank.rows);
        assert_eq!(parse("").unwrap(), RecordingLimits::default());
        for text in ["rows=7", "shop.rows", "shop.rows=x", "shop.lines=7", "auditor.rows=7"] {
            assert!(parse(text).unwrap_err().contains(text), "{text}");
        }
    }
}
