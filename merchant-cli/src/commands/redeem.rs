//! `redeem`: a sale on a family's card, never twice.

use serde_json::json;

use super::{card_and_pin, connect};
use crate::basket::Item;
use crate::cli::{RedeemArgs, Settings};
use crate::client::{Answer, Client};
use crate::config;
use crate::failure::{Exit, Failure};
use crate::output::{Format, print};
use crate::pending::{Pending, PendingFolder, Sale};
use crate::receipt::receipt;
use crate::terminal::note;
use crate::wire::{Me, Redemption};

/// The sale's key before it is sent.
struct Keyed {
    pending: Pending,
    /// Whether an earlier run sent it already.
    resumed: bool,
}

pub(super) fn run(settings: &Settings, args: &RedeemArgs) -> Result<Exit, Failure> {
    let rice = args.rice.iter().map(|item| item.0.clone());
    let items: Vec<Item> = rice.chain(args.eggs.iter().map(|item| item.0.clone())).collect();
    // Everything that can fail without consequences comes before card and PIN are asked for.
    let identity = config::identity(settings)?;
    let client = connect(settings)?;
    let me: Me = client.get("/v1/me", &[])?.parsed()?;
    let folder = PendingFolder::open(settings)?;
    let (card_number, pin) = card_and_pin(settings.person())?;
    let sale = Sale::new(&identity, items, card_number.expose());
    let body = json!({
        "card_number": card_number.expose(),
        "pin": pin.expose(),
        "items": sale.items,
    })
    .to_string();
    let keyed = key_for(settings, args, &folder, sale)?;
    let answer = send(&client, &folder, &keyed, &body)?;
    if keyed.resumed {
        note("transaksi sebelumnya yang belum terjawab sudah dilanjutkan");
    }
    print(match settings.output {
        Format::Table => receipt(&answer.parsed::<Redemption>()?, &me).into_bytes(),
        Format::Json | Format::Jsonl => format!("{}\n", answer.body.trim_end()).into_bytes(),
        Format::Csv | Format::Xlsx => super::history::rows(std::slice::from_ref(&answer.body))?
            .file(settings.output, "sales")?,
    })?;
    Ok(Exit::Done)
}

/// The key of the same sale that is still unanswered, or a new one that is on the disk.
fn key_for(
    settings: &Settings,
    args: &RedeemArgs,
    folder: &PendingFolder,
    sale: Sale,
) -> Result<Keyed, Failure> {
    let Some((pending, minutes)) = folder.find(&sale)? else {
        if args.resume {
            return Err(Failure::failed("tidak ada transaksi yang sama yang belum terjawab")
                .hint("ulangi tanpa `--resume` untuk transaksi baru"));
        }
        return Ok(Keyed { pending: folder.begin(sale)?, resumed: false });
    };
    let question = format!(
        "transaksi yang sama pada kartu ...{} belum terjawab ({minutes} menit lalu); lanjutkan?",
        sale.card_last_four
    );
    // Without somebody to ask, going on is the answer that can't debit twice.
    if args.resume || (!args.new && settings.person().agrees(&question)?) {
        return Ok(Keyed { pending, resumed: true });
    }
    folder.end(&pending)?;
    Ok(Keyed { pending: folder.begin(sale)?, resumed: false })
}

/// Sends the sale until there is an answer, and forgets its key when that answer is final.
fn send(
    client: &Client,
    folder: &PendingFolder,
    keyed: &Keyed,
    body: &str,
) -> Result<Answer, Failure> {
    let kept = "transaksi ini mungkin sudah tercatat; jalankan perintah yang sama sekali lagi, \
                saldo tidak akan dipotong dua kali";
    let answer = client
        .post_once("/v1/redemptions", &keyed.pending.key, body)
        .map_err(|no_answer| Failure::from(no_answer).hint(kept))?;
    let uncertain = keyed.resumed || answer.uncertain_before;
    match answer.status {
        201 | 402 => folder.end(&keyed.pending)?,
        // A request that was never recorded is over, unless an earlier one with its key may be.
        400..=499 | 503 if !uncertain => folder.end(&keyed.pending)?,
        422 => {
            return Err(answer.problem().note(
                "transaksi pertama dengan barang ini belum terjawab, dan kartu atau PIN sekarang \
                 berbeda",
            )
            .hint("ulangi dengan kartu dan PIN yang sama, atau `--new` untuk transaksi baru"));
        }
        _ => return Err(answer.problem().hint(kept)),
    }
    answer.expect(&[201])
}
