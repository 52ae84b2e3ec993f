//! CSV files and workbooks from outside: the golden ones and damaged copies of them. Nothing makes a
//! reader panic, and nothing keeps it longer than a second.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use ledger::bankfile::{ReadAs, open};
use proptest::prelude::*;
use proptest::sample::Index;

#[expect(dead_code, reason = "the fuzzer reads in one way at a time")]
#[path = "../../tests/fuzz/lists.rs"]
mod lists;
#[expect(dead_code, reason = "sheets are put together here from their parts")]
#[path = "../src/bankfile/tests/workbook.rs"]
mod workbook;

use workbook::{Cell, Parts};

/// Files of this kind among the golden ones and in the corpus of a fuzz target.
fn seeds(extension: Option<&str>, corpus: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    let files = |name: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder.join(name)).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let mut paths = files("golden/bank");
    paths.retain(|path| {
        extension.is_some() && path.extension().and_then(OsStr::to_str) == extension
    });
    paths.extend(files(&format!("fuzz/corpus/{corpus}")));
    assert!(paths.len() >= 2, "the files of `{corpus}` are gone");
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

static CSV: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| seeds(Some("csv"), "csv"));

/// Runs a check, which has to end within a second. A machine that is busy elsewhere gets two more
/// chances.
fn within_a_second(check: impl Fn()) {
    let run = || {
        let start = Instant::now();
        check();
        start.elapsed()
    };
    let fastest = (0..3).map(|_try| run()).find(|took| *took < Duration::from_secs(1));
    assert!(fastest.is_some(), "it took longer than a second, three times");
}

#[test]
fn the_golden_files_and_the_corpus_are_read_or_refused() {
    CSV.iter().for_each(|bytes| lists::csv(bytes));
    for bytes in seeds(None, "profile") {
        lists::profile(&bytes);
    }
    for bytes in seeds(None, "xlsx") {
        lists::xlsx(&bytes);
    }
}

/// What people, programs and lines do to a list.
#[derive(Clone, Debug)]
enum Damage {
    Byte(Index, u8),
    Truncated(Index),
    /// A line is lost, comes twice, or changes places with another one.
    LineLost(Index),
    LineTwice(Index),
    LinesSwapped(Index, Index),
    /// A cell becomes another one.
    Cell(Index, Index, &'static str),
    /// A cell is lost, so that the others move up.
    CellLost(Index, Index),
}

/// Cells that break importers.
const CELLS: [&str; 24] = [
    "",
    "-",
    "0",
    ".00",
    "1.000",
    "1,000.00",
    "1.234,56",
    "(5.00)",
    "5.00-",
    "5.00 DB",
    "Rp 5",
    "'5",
    "1E9",
    "12345678901234567890",
    "PEND",
    "29/02/2018",
    "31/12/99",
    "43346",
    "=1+1",
    "#REF!",
    "TOTAL",
    "Saldo Awal",
    "\"",
    "EW00218090300017",
];

fn any_damage() -> impl Strategy<Value = Vec<Damage>> {
    let place = any::<Index>;
    let one = prop_oneof![
        3 => (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        2 => (place(), prop::sample::select(b"\0\r\n\",;\t'\xE9".to_vec()))
            .prop_map(|(at, byte)| Damage::Byte(at, byte)),
        1 => place().prop_map(Damage::Truncated),
        1 => place().prop_map(Damage::LineLost),
        1 => place().prop_map(Damage::LineTwice),
        1 => (place(), place()).prop_map(|(one, other)| Damage::LinesSwapped(one, other)),
        4 => (place(), place(), prop::sample::select(CELLS.to_vec()))
            .prop_map(|(line, cell, text)| Damage::Cell(line, cell, text)),
        1 => (place(), place()).prop_map(|(line, cell)| Damage::CellLost(line, cell)),
    ];
    prop::collection::vec(one, 1..8)
}

/// Changes one line of a file, as cells between the separator that it has most of.
fn in_line(bytes: &mut Vec<u8>, line: Index, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let line = line.get_mut(&mut lines);
    let cells = |separator: u8| line.split(move |byte| *byte == separator).count();
    let separator = *b",;\t".iter().max_by_key(|separator| cells(**separator)).unwrap();
    let mut cells: Vec<Vec<u8>> =
        line.split(|byte| *byte == separator).map(<[u8]>::to_vec).collect();
    change(&mut cells);
    *line = cells.join(&separator);
    *bytes = lines.join(&b'\n');
}

fn damaged(file: Index, damage: &[Damage]) -> Vec<u8> {
    let mut bytes = file.get(&CSV).clone();
    for damage in damage {
        if bytes.is_empty() {
            break;
        }
        let mut lines: Vec<Vec<u8>> =
            bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        match damage {
            Damage::Byte(at, byte) => *at.get_mut(&mut bytes) = *byte,
            Damage::Truncated(at) => bytes.truncate(at.index(bytes.len())),
            Damage::LineLost(at) => {
                lines.remove(at.index(lines.len()));
                bytes = lines.join(&b'\n');
            }
            Damage::LineTwice(at) => {
                let line = at.get(&lines).clone();
                lines.insert(at.index(lines.len()), line);
                bytes = lines.join(&b'\n');
            }
            Damage::LinesSwapped(one, other) => {
                let (one, other) = (one.index(lines.len()), other.index(lines.len()));
                lines.swap(one, other);
                bytes = lines.join(&b'\n');
            }
            Damage::Cell(line, cell, text) => in_line(&mut bytes, *line, |cells| {
                *cell.get_mut(cells) = text.as_bytes().to_vec();
            }),
            Damage::CellLost(line, cell) => in_line(&mut bytes, *line, |cells| {
                cells.remove(cell.index(cells.len()));
            }),
        }
    }
    bytes
}

fn any_cell() -> impl Strategy<Value = Cell<'static>> {
    let number = prop::sample::select(vec![
        "0",
        "5",
        "175000",
        "43346",
        "43346.5",
        "1E9",
        "1E400",
        "-5",
        "5.005",
        "0.30000000000000004",
        "12345678901234567890",
        "NaN",
        "",
    ]);
    prop_oneof![
        Just(Cell::Empty),
        prop::sample::select(CELLS.to_vec()).prop_map(Cell::Text),
        prop::sample::select(CELLS.to_vec()).prop_map(Cell::Inline),
        number.clone().prop_map(Cell::Number),
        number.clone().prop_map(Cell::Date),
        number.prop_map(|number| Cell::Formula("A1*2", number)),
        Just(Cell::Error("#REF!")),
    ]
}

const HEADER: [Cell<'_>; 6] = [
    Cell::Text("Tanggal Transaksi"),
    Cell::Text("Uraian Transaksi"),
    Cell::Text("Teller"),
    Cell::Text("Debet"),
    Cell::Text("Kredit"),
    Cell::Text("Saldo"),
];

proptest! {
    // What fails is printed; files beside integration tests are not kept.
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_list_is_read_or_refused(file: Index, damage in any_damage()) {
        let bytes = damaged(file, &damage);
        within_a_second(|| lists::csv(&bytes));
    }

    #[test]
    fn a_sheet_of_any_cells_is_read_or_refused(
        rows in prop::collection::vec(prop::collection::vec(any_cell(), 0..8), 0..8),
        part: Index,
        at: Index,
        byte: u8,
        cut in prop::option::of(any::<Index>()),
    ) {
        let header = &HEADER[..];
        let rows: Vec<&[Cell<'_>]> =
            std::iter::once(header).chain(rows.iter().map(Vec::as_slice)).collect();
        let mut parts = Parts::of(&rows);
        lists::xlsx(&parts.zipped());
        // A byte of one of its parts turns, and the archive is put together again.
        let (_name, content) = part.get_mut(&mut parts.0);
        let mut bytes = std::mem::take(content).into_bytes();
        *at.get_mut(&mut bytes) = byte;
        *content = String::from_utf8_lossy(&bytes).into_owned();
        let mut file = parts.zipped();
        within_a_second(|| lists::xlsx(&file));
        // A byte of the archive turns, or it is cut off.
        *at.get_mut(&mut file) = byte;
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        within_a_second(|| lists::xlsx(&file));
    }
}

#[test]
fn large_files_that_are_wrong_everywhere_end_within_a_second() {
    let header = "NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT\n";
    let row = "1,2018-09-03,A,.00,5.00\n";
    let accounts: Vec<String> =
        (0..8_000).map(|number| format!("{number},2018-09-03,A,.00,5.00\n")).collect();
    for text in [
        "a".repeat(1 << 18),
        ",".repeat(1 << 18),
        "\"".repeat(1 << 18),
        "\n".repeat(1 << 18),
        "EW".repeat(1 << 17),
        format!("{header}1,2018-09-03,\"{}", row.repeat(8_000)),
        format!("{header}1,2018-09-03,{},.00,5.00\n", "EW00218090300017 ".repeat(16_000)),
        format!("{header}1,2018-09-03,{},.00,5.00\n", "WS_OB;".repeat(40_000)),
        format!("{header}1,2018-09-03,A,.00,{}\n", "1".repeat(1 << 18)),
        format!("{header}{}", accounts.concat()),
        format!("{header}{}", header.repeat(8_000)),
        format!("{header}{}", "1,2018-09-03,A,.00,.00\n".repeat(8_000)),
    ] {
        within_a_second(|| {
            let _outcome = open(text.as_bytes(), &ReadAs::default());
        });
    }
}
