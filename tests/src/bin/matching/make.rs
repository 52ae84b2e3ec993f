//! The files: what the ledger expects of a bank, in which order the bank pays it, what it gets wrong.
#![expect(clippy::arithmetic_side_effects, reason = "small numbers of files that are made up")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;
use ledger::domain::calendar::Date;
use ledger::domain::settlement::SettlementReference;
use serde_json::{Value, json};

/// Settlements a day; a reference counts to 99,999.
const A_DAY: u32 = 50_000;

/// A settlement, from its number alone.
struct Settlement {
    reference: SettlementReference,
    merchant: String,
    day: Date,
    amount: u64,
}

/// Numbers that look like chance and are the same each time.
const fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn settlement(number: u32) -> anyhow::Result<Settlement> {
    let first: Date = "2018-09-01".parse()?;
    let day = first.plus_days(u64::from(number / A_DAY));
    let reference = SettlementReference::new("002", day, number % A_DAY + 1);
    Ok(Settlement {
        reference: reference.context("no such reference")?,
        merchant: format!("EW{:07}", number % A_DAY),
        day,
        amount: 50_000 + 500 * (mixed(number.into()) % 9_000),
    })
}

/// Writes all files.
pub(crate) fn files(folder: &Path, days: u32, camt_mb: u64) -> anyhow::Result<Value> {
    let lines = days * A_DAY;
    std::fs::create_dir_all(folder)?;
    ledger(&folder.join("ledger.csv"), lines)?;
    let rows = bank(&folder.join("bank.csv"), lines)?;
    let entries = camt(&folder.join("camt.xml"), camt_mb * 1_000_000)?;
    Ok(json!({ "lines": lines, "rows": rows, "camt_entries": entries }))
}

fn ledger(path: &Path, lines: u32) -> anyhow::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "reference,merchant,business_date,amount")?;
    for number in 0..lines {
        let Settlement { reference, merchant, day, amount } = settlement(number)?;
        writeln!(out, "{reference},{merchant},{day},{amount}")?;
    }
    Ok(out.flush()?)
}

/// Shares no factor with a day's settlements, so that steps of this length come by each of them.
const STEP: u32 = 7_919;

/// BRI's short list. Of a thousand settlements five are not paid, five are paid with another amount
/// and two twice; three credits are of nobody.
fn bank(path: &Path, lines: u32) -> anyhow::Result<u64> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "NOREK,TGL_TRAN,DESK_TRAN,MUTASI_DEBET,MUTASI_KREDIT,SALDO_AKHIR_MUTASI")?;
    let (mut balance, mut rows) = (1_000_000_000_u64, 0);
    let mut row = |day: Date, text: &str, amount: u64| {
        balance += amount;
        rows += 1;
        writeln!(out, "005301000123304,{day},{text},.00,{amount}.00,{balance}.00")
    };
    for place in 0..lines {
        // Settlements of a day are paid in another order than the ledger has them in.
        let within = place % A_DAY * STEP % A_DAY;
        let Settlement { reference, merchant, day, amount } =
            settlement(place - place % A_DAY + within)?;
        let day = day.plus_days(1);
        let text = format!("BPNT;{reference};{merchant}");
        match mixed(u64::from(place) << 20) % 1_000 {
            0..5 => {}
            5..10 => row(day, &text, amount - 500)?,
            10..12 => {
                row(day, &text, amount)?;
                row(day, &text, amount)?;
            }
            12..15 => {
                row(day, &text, amount)?;
                row(day, "SETOR TUNAI;;", amount)?;
            }
            _ => row(day, &text, amount)?,
        }
    }
    out.flush()?;
    Ok(rows)
}

/// A camt.053 with entries until it is so long.
fn camt(path: &Path, length: u64) -> anyhow::Result<u64> {
    let mut out = BufWriter::new(File::create(path)?);
    let balance = |code: &str, amount: u64| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"IDR\">{amount}.00</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2018-09-03</Dt></Dt></Bal>\n"
        )
    };
    let begin = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\n<BkToCstmrStmt>\n\
         <Stmt>\n<Id>LONG</Id>\n<Acct><Id><Othr><Id>1230004567890</Id></Othr></Id>\
         <Ccy>IDR</Ccy></Acct>\n";
    write!(out, "{begin}{}", balance("OPBD", 1_000_000))?;
    let (mut written, mut closing, mut entries) = (0, 1_000_000_u64, 0_u32);
    while written < length {
        let Settlement { reference, amount, .. } = settlement(entries)?;
        let entry = format!(
            "<Ntry>\n  <Amt Ccy=\"IDR\">{amount}.00</Amt>\n  <CdtDbtInd>CRDT</CdtDbtInd>\n  \
             <Sts><Cd>BOOK</Cd></Sts>\n  <BookgDt><Dt>2018-09-03</Dt></BookgDt>\n  \
             <ValDt><Dt>2018-09-03</Dt></ValDt>\n  <AcctSvcrRef>BMRI{entries:012}</AcctSvcrRef>\n  \
             <NtryDtls>\n    <TxDtls>\n      <Refs><EndToEndId>{reference}</EndToEndId></Refs>\n      \
             <RmtInf><Ustrd>PEMBAYARAN BPNT E-WARONG</Ustrd></RmtInf>\n    </TxDtls>\n  \
             </NtryDtls>\n</Ntry>\n"
        );
        out.write_all(entry.as_bytes())?;
        written += u64::try_from(entry.len())?;
        closing += amount;
        entries += 1;
    }
    // A closing balance may come behind the entries, whatever the schema says of it.
    write!(out, "{}</Stmt>\n</BkToCstmrStmt>\n</Document>\n", balance("CLBD", closing))?;
    out.flush()?;
    Ok(entries.into())
}
