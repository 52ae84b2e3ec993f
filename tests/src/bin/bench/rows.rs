//! What the benchmark says: one row a figure, beside what it has to be and what it is compared with.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

/// A figure with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "unit", content = "value", rename_all = "snake_case")]
pub(crate) enum Figure {
    /// So many a second.
    PerSecond(u64),
    /// Microseconds.
    Micros(u64),
    /// Bytes.
    Bytes(u64),
    /// Kilobytes of 1,024 bytes.
    Kilobytes(u64),
    /// Hundredths: how many times as much as something else.
    Hundredths(u64),
}

impl Figure {
    /// The bare number, to be compared with one of the same unit.
    pub(crate) const fn number(self) -> u64 {
        match self {
            Self::PerSecond(number)
            | Self::Micros(number)
            | Self::Bytes(number)
            | Self::Kilobytes(number)
            | Self::Hundredths(number) => number,
        }
    }

    /// How many times as much as `other`.
    pub(crate) fn times(self, other: Self) -> Self {
        let hundred = self.number().saturating_mul(100);
        Self::Hundredths(hundred.checked_div(other.number()).unwrap_or(0))
    }
}

impl Display for Figure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::PerSecond(number) => write!(f, "{}/s", grouped(number)),
            Self::Micros(micros) => {
                let (millis, rest) = (micros.wrapping_div(1_000), micros.wrapping_rem(1_000));
                match micros {
                    ..1_000 => write!(f, "{micros} us"),
                    1_000..20_000 => write!(f, "{millis}.{} ms", rest.wrapping_div(100)),
                    _ => write!(f, "{} ms", grouped(millis)),
                }
            }
            Self::Bytes(bytes) => write!(f, "{} B", grouped(bytes)),
            Self::Kilobytes(kilobytes) => {
                write!(f, "{} MB", grouped(kilobytes.wrapping_div(1_024)))
            }
            Self::Hundredths(hundredths) => {
                let (whole, rest) = (hundredths.wrapping_div(100), hundredths.wrapping_rem(100));
                write!(f, "{whole}.{rest:02}x")
            }
        }
    }
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a figure has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Floor {
    /// At least this.
    AtLeast(Figure),
    /// At most this.
    AtMost(Figure),
}

impl Floor {
    /// Whether the figure, which has the same unit, is good enough.
    pub(crate) fn holds(self, figure: Figure) -> bool {
        match self {
            Self::AtLeast(floor) => figure.number() >= floor.number(),
            Self::AtMost(floor) => figure.number() <= floor.number(),
        }
    }
}

impl Display for Floor {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(figure) => write!(f, "at least {figure}"),
            Self::AtMost(figure) => write!(f, "at most {figure}"),
        }
    }
}

/// How long the answers of a row took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Latency {
    /// Half.
    pub(crate) p50: u64,
    /// 99 in 100.
    pub(crate) p99: u64,
    /// 999 in 1,000.
    pub(crate) p99_9: u64,
}

/// One row.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// On which database, or nothing.
    pub(crate) on: &'static str,
    /// The median.
    pub(crate) figure: Figure,
    /// Every repetition, when there was more than one.
    pub(crate) repetitions: Vec<Figure>,
    /// What it has to be.
    pub(crate) floor: Option<Floor>,
    /// What it is compared with in the same run, and how often it is that.
    pub(crate) ratio: Option<(String, Figure)>,
    /// How long the answers took.
    pub(crate) latency: Option<Latency>,
    /// What others took of the processors meanwhile, in thousandths.
    pub(crate) others_permille: u64,
}

impl Row {
    /// A bare figure.
    pub(crate) fn new(what: impl Into<String>, on: &'static str, figure: Figure) -> Self {
        Self {
            what: what.into(),
            on,
            figure,
            repetitions: Vec::new(),
            floor: None,
            ratio: None,
            latency: None,
            others_permille: 0,
        }
    }

    /// With what it has to be.
    pub(crate) fn floor(mut self, floor: Floor) -> Self {
        self.floor = Some(floor);
        self
    }

    /// With what it is compared with, if that was measured.
    pub(crate) fn ratio(mut self, to: &str, other: Option<Figure>) -> Self {
        self.ratio = other.map(|other| (to.to_owned(), self.figure.times(other)));
        self
    }
}

/// The rows as a table in Markdown. A star marks what was measured beside too much other work.
pub(crate) fn table(rows: &[Row], most_others: u64) -> String {
    let head = [
        "| what | database | figure | floor | ratio in this run | p50 | p99 | p99.9 | others |",
        "|---|---|---|---|---|---|---|---|---|",
    ];
    let head = head.into_iter().map(str::to_owned);
    let lines = head.chain(rows.iter().map(|row| line(row, most_others)));
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

fn line(row: &Row, most_others: u64) -> String {
    let Row { what, on, figure, others_permille, .. } = row;
    let floor = row.floor.map_or_else(String::new, |floor| {
        format!("{floor}: {}", if floor.holds(*figure) { "holds" } else { "MISSED" })
    });
    let ratio = row.ratio.as_ref();
    let ratio = ratio.map_or_else(String::new, |(to, times)| format!("{times} {to}"));
    let times = row.latency.map_or([0; 3], |times| [times.p50, times.p99, times.p99_9]);
    let [p50, p99, p99_9] = times.map(|micros| match micros {
        0 => String::new(),
        _ => Figure::Micros(micros).to_string(),
    });
    let star = if *others_permille > most_others { " *" } else { "" };
    let others = format!("{} %{star}", others_permille.wrapping_div(10));
    let figure = figure.to_string();
    let cells = [what, *on, &figure, &floor, &ratio, &p50, &p99, &p99_9, &others];
    format!("{}|", cells.map(|cell| format!("| {cell} ")).concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_for_people() {
        for (figure, text) in [
            (Figure::PerSecond(1_234_567), "1,234,567/s"),
            (Figure::PerSecond(999), "999/s"),
            (Figure::Micros(812), "812 us"),
            (Figure::Micros(4_270), "4.2 ms"),
            (Figure::Micros(120_900), "120 ms"),
            (Figure::Bytes(570), "570 B"),
            (Figure::Kilobytes(108_544), "106 MB"),
            (Figure::Hundredths(253), "2.53x"),
            (Figure::Hundredths(5), "0.05x"),
        ] {
            assert_eq!(figure.to_string(), text);
        }
    }

    #[test]
    fn a_ratio_is_of_the_two_figures() {
        let ratio = Figure::PerSecond(16_000).times(Figure::PerSecond(6_500));
        assert_eq!(ratio, Figure::Hundredths(246));
        assert_eq!(Figure::PerSecond(1).times(Figure::PerSecond(0)), Figure::Hundredths(0));
    }

    #[test]
    fn a_floor_says_which_way_is_good() {
        let floor = Floor::AtLeast(Figure::PerSecond(100));
        assert!(floor.holds(Figure::PerSecond(100)) && !floor.holds(Figure::PerSecond(99)));
        let ceiling = Floor::AtMost(Figure::Bytes(650));
        assert!(ceiling.holds(Figure::Bytes(650)) && !ceiling.holds(Figure::Bytes(651)));
    }

    #[test]
    fn a_row_says_whether_it_holds_and_whether_it_was_disturbed() {
        let mut row = Row::new("64 connections", "SQLite", Figure::PerSecond(14_030))
            .floor(Floor::AtLeast(Figure::PerSecond(13_000)))
            .ratio("pgbench -N", Some(Figure::PerSecond(7_015)));
        row.latency = Some(Latency { p50: 3_100, p99: 18_200, p99_9: 120_000 });
        row.others_permille = 60;
        let text = table(&[row], 50);
        let wanted = "| 64 connections | SQLite | 14,030/s | at least 13,000/s: holds | \
                      2.00x pgbench -N | 3.1 ms | 18.2 ms | 120 ms | 6 % * |";
        assert_eq!(text.lines().nth(2), Some(wanted));
    }
}
