//! Purchases a second by the number of cards: what a city's pace is worth in a nation.

use ewarong_tests::Backend;

use crate::bench::Bench;
use crate::databases::{Database, name_of};
use crate::loads::Load;
use crate::plot::{Chart, Line};
use crate::rows::{Figure, Floor, Row, grouped};

/// Cards of a town, a city, a province; the nation's are on `PostgreSQL` only.
const CARDS: [u32; 3] = [10_000, 100_000, 1_000_000];
/// All families of the programme.
pub(crate) const NATION: u32 = 15_600_000;
/// What others are compared with.
const CITY: u32 = 100_000;

/// Measures 64 connections on databases of every size up to the most, in which as much was bought.
pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mut points = Vec::new();
        let nation = (backend == Backend::Postgres).then_some(NATION);
        for cards in CARDS.into_iter().chain(nation) {
            if cards > bench.effort.most_cards {
                continue;
            }
            let database = Database::with_cards((backend, &bench.cluster), cards)?;
            let what =
                format!("{}, 64 connections, {} cards", name_of(backend), grouped(cards.into()));
            let load =
                Load { warm_up: bench.effort.rows, ..Load::closed(64, bench.effort.seconds) };
            let measured = bench.measure_here(&what, &database, load)?;
            let rate = measured.run.rate();
            let mut row = Row::new(
                format!("64 connections, {} cards", grouped(cards.into())),
                name_of(backend),
                rate,
            );
            row.latency = Some(measured.run.latency()?);
            row.others_permille = measured.run.others_permille();
            bench.rows.push(row);
            points.push((cards, u32::try_from(rate.number())?));
        }
        bench.rows.extend(growth(backend, &points));
        lines.push(Line { name: name_of(backend), points });
    }
    let (title, across, up) = ("Purchases a second, 64 connections", "cards", "a second");
    bench.charts.push(Chart { title, across, up, steep: false, lines });
    Ok(())
}

/// The largest database's pace as a part of the city's.
fn growth(backend: Backend, points: &[(u32, u32)]) -> Option<Row> {
    let (_, city) = points.iter().find(|(cards, _)| *cards == CITY)?;
    let (cards, largest) = points.last().filter(|(cards, _)| *cards > CITY)?;
    let [largest, city] = [largest, city].map(|&rate| Figure::PerSecond(rate.into()));
    let what = format!("{} cards, as 100,000", grouped(u64::from(*cards)));
    let row = Row::new(what, name_of(backend), largest.times(city));
    Some(row.floor(Floor::AtLeast(Figure::Hundredths(80))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_the_largest_beside_the_city() {
        let points = [(10_000, 21_000), (100_000, 20_000), (1_000_000, 17_000)];
        let row = growth(Backend::Postgres, &points).unwrap();
        assert_eq!(row.figure, Figure::Hundredths(85));
        assert!(row.what.starts_with("1,000,000 cards"), "{}", row.what);
        assert!(growth(Backend::Sqlite, &points[..2]).is_none());
    }
}
