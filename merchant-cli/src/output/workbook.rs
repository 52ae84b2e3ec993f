//! Rows as an Excel workbook: numbers are numbers, days are days, everything else is text, which no
//! spreadsheet takes for a formula.

use ledger::domain::calendar::{Instant, Zone};
use rust_decimal::Decimal;
use rust_xlsxwriter::{
    ColNum, DocProperties, ExcelDateTime, Format, FormatAlign, RowNum, Workbook, Worksheet,
    XlsxError,
};

use super::{Column, Holds, Rows};
use crate::failure::Failure;

/// A spreadsheet keeps 15 digits of a number. What has more stays text, with all its digits.
const EXACT: u128 = 1_000_000_000_000_000;

/// A sheet: one table, which can then be filtered, or several below one another.
#[derive(Debug)]
pub(crate) struct Sheet<'a> {
    pub(crate) name: &'static str,
    pub(crate) tables: Vec<Rows<'a>>,
}

/// The workbook's bytes; the same sheets give the same bytes.
pub(crate) fn workbook(sheets: &[Sheet<'_>]) -> Result<Vec<u8>, Failure> {
    built(sheets).map_err(|error| {
        Failure::failed(format!("writing the workbook: {error}"))
            .hint("`--output csv` has no limits of rows and lengths")
    })
}

fn built(sheets: &[Sheet<'_>]) -> Result<Vec<u8>, XlsxError> {
    let styles = Styles::new();
    let mut workbook = Workbook::new();
    // The time of writing would make each run's file another one.
    let written = ExcelDateTime::from_ymd(2000, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&written));
    for sheet in sheets {
        let worksheet = workbook.add_worksheet();
        worksheet.set_name(sheet.name)?;
        let mut top: RowNum = 0;
        for table in &sheet.tables {
            let below = write_table(worksheet, top, table, &styles)?;
            if let ([_only], Some(last)) = (sheet.tables.as_slice(), below.checked_sub(1)) {
                let columns = ColNum::try_from(table.columns.len()).unwrap_or(ColNum::MAX);
                worksheet.set_freeze_panes(1, 0)?;
                worksheet.autofilter(0, 0, last, columns.saturating_sub(1))?;
            }
            top = below.saturating_add(1);
        }
    }
    workbook.save_to_buffer()
}

/// How cells look.
struct Styles {
    header: Format,
    whole: Format,
    fraction: Format,
    date: Format,
    time: Format,
}

impl Styles {
    fn new() -> Self {
        Self {
            header: Format::new().set_bold(),
            whole: Format::new().set_num_format("#,##0"),
            fraction: Format::new().set_num_format("#,##0.00##"),
            date: Format::new().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss").set_align(FormatAlign::Left),
        }
    }
}

/// Writes a table from row `top` on; the row below it.
fn write_table(
    sheet: &mut Worksheet,
    top: RowNum,
    table: &Rows<'_>,
    styles: &Styles,
) -> Result<RowNum, XlsxError> {
    for (place, column) in (0..).zip(table.columns) {
        sheet.write_string_with_format(top, place, heading(column), &styles.header)?;
        sheet.set_column_width(place, width(column))?;
    }
    let mut row = top.saturating_add(1);
    for cells in &table.cells {
        for ((place, column), cell) in (0..).zip(table.columns).zip(cells) {
            write_cell(sheet, (row, place), column, cell, styles)?;
        }
        row = row.saturating_add(1);
    }
    Ok(row)
}

/// A spreadsheet's times have no zone, so the heading names it.
fn heading(column: &Column) -> String {
    match column.holds {
        Holds::Time => format!("{} (WIB)", column.name),
        Holds::Text | Holds::Number | Holds::Date => column.name.to_owned(),
    }
}

/// In characters.
const fn width(column: &Column) -> u32 {
    match column.holds {
        Holds::Text => 24,
        Holds::Number => 16,
        Holds::Date => 12,
        Holds::Time => 20,
    }
}

fn write_cell(
    sheet: &mut Worksheet,
    (row, place): (RowNum, ColNum),
    column: &Column,
    cell: &str,
    styles: &Styles,
) -> Result<(), XlsxError> {
    if cell.is_empty() {
        return Ok(());
    }
    match typed(column.holds, cell) {
        Typed::Text => sheet.write_string(row, place, cell)?,
        Typed::Number(number) if number.is_integer() => {
            sheet.write_with_format(row, place, number, &styles.whole)?
        }
        Typed::Number(number) => sheet.write_with_format(row, place, number, &styles.fraction)?,
        Typed::Date(day) => sheet.write_datetime_with_format(row, place, &day, &styles.date)?,
        Typed::Time(time) => sheet.write_datetime_with_format(row, place, &time, &styles.time)?,
    };
    Ok(())
}

/// A cell as a spreadsheet holds it.
enum Typed {
    Text,
    Number(Decimal),
    Date(ExcelDateTime),
    Time(ExcelDateTime),
}

/// What a cell is. One that is not what its column holds stays the text that it is.
fn typed(holds: Holds, cell: &str) -> Typed {
    let known = match holds {
        Holds::Text => None,
        Holds::Number => {
            let number = cell.parse::<Decimal>().ok().map(|number| number.normalize());
            let exact = number.filter(|number| number.mantissa().unsigned_abs() < EXACT);
            exact.map(Typed::Number)
        }
        Holds::Date => ExcelDateTime::parse_from_str(cell).ok().map(Typed::Date),
        Holds::Time => {
            let local = cell.parse::<Instant>().ok().map(|time| time.local(Zone::Wib));
            let text = local.map(|time| time.format("%Y-%m-%dT%H:%M:%S").to_string());
            text.and_then(|text| ExcelDateTime::parse_from_str(&text).ok()).map(Typed::Time)
        }
    };
    known.unwrap_or(Typed::Text)
}
