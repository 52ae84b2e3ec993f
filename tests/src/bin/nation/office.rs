//! What is small beside the families and goes the product's own way: banks, shops and their terminals, API
//! clients, the money of a month.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use ledger::domain::calendar::{CutOff, Date, Instant, Period, Zone};
use ledger::domain::credit::ShareStatus;
use ledger::domain::merchant::MerchantKind;
use ledger::domain::money::Rupiah;
use ledger::domain::policy::PriceZone;
use ledger::domain::reference::Reference;
use ledger::service::import::{BankEntry, ImportSet, MerchantEntry, Row, TerminalEntry};
use ledger::service::{
    Clock as _, DatabaseUrl, FOUR_EYES_ABOVE, FundRequest, Ledger, NewScope, Options,
    ProgrammeLimits, ROLLUP_SPAN, RecordingLimits, RunRequest, SystemClock, add_clients,
};

use crate::people::{BANKS, Nation, Purpose};

/// What a family gets for a month, by the rules of 2017 to 2019.
pub(crate) const MONTHLY: i64 = 110_000;
const PROGRAMME: &str = "programme";
const AUDITOR: &str = "auditor";
/// The banks' cut-off in minutes of the WIB day.
const CUT_OFF: i16 = 22 * 60;

/// A shop with its one terminal.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) code: String,
    pub(crate) terminal: String,
    pub(crate) bank: &'static str,
}

/// An API client's name and secret.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) client_id: String,
    pub(crate) secret: String,
}

/// Everyone who may call the API.
#[derive(Debug)]
pub(crate) struct Logins {
    /// In the order of shops.
    pub(crate) merchants: Vec<Login>,
    /// In the order of banks.
    pub(crate) banks: Vec<Login>,
    pub(crate) auditor: Login,
    pub(crate) programme: Login,
}

/// The ledger of the nation's database, where it is opened.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) url: DatabaseUrl,
    pub(crate) keys: PathBuf,
    pub(crate) cores: usize,
}

impl Office {
    /// Opens the ledger.
    pub(crate) fn open(&self) -> anyhow::Result<Ledger> {
        let (url, keys) = (self.url.clone(), self.keys.clone());
        let clock = Arc::new(SystemClock::default());
        Ok(Ledger::open(&Options {
            url,
            keys,
            clock,
            cores: self.cores,
            rollup_span: ROLLUP_SPAN,
            four_eyes_above: FOUR_EYES_ABOVE,
            recordings: RecordingLimits::none(),
            // One office works here.
            limits: ProgrammeLimits {
                four_eyes_above: Rupiah::new(i64::MAX)?,
                ..ProgrammeLimits::default()
            },
            wrong_pins: None,
        })?)
    }

    /// Adds the clients of all shops and banks, an auditor and the programme's office.
    pub(crate) fn clients(&self, shops: &[Shop]) -> anyhow::Result<Logins> {
        let banks = BANKS.map(|bank| format!("bank-{}", bank.code));
        let names = shops.iter().map(|shop| shop.code.to_ascii_lowercase());
        let merchants: Vec<(String, NewScope<'_>)> =
            names.zip(shops.iter().map(|shop| NewScope::Merchant(&shop.terminal))).collect();
        let all = merchants
            .iter()
            .map(|(name, scope)| (name.as_str(), *scope))
            .chain(
                banks.iter().zip(BANKS).map(|(id, bank)| (id.as_str(), NewScope::Bank(bank.code))),
            )
            .chain([(AUDITOR, NewScope::Auditor), (PROGRAMME, NewScope::Programme)])
            .collect::<Vec<_>>();
        let secrets = add_clients(&self.url, &all, SystemClock::default().now())?;
        let mut logins = all
            .iter()
            .zip(secrets)
            .map(|((client_id, _), secret)| Login { client_id: (*client_id).to_owned(), secret });
        let merchants = logins.by_ref().take(shops.len()).collect();
        let banks = logins.by_ref().take(BANKS.len()).collect();
        let missing = "every client has a secret";
        let (auditor, programme) =
            (logins.next().context(missing)?, logins.next().context(missing)?);
        Ok(Logins { merchants, banks, auditor, programme })
    }
}

/// Registers the banks and so many shops.
pub(crate) fn register(ledger: &Ledger, nation: &Nation, shops: u64) -> anyhow::Result<Vec<Shop>> {
    let today = Date::from(ledger.clock().now().date_in(Zone::Wib));
    let mut set = ImportSet::default();
    for bank in BANKS {
        let entry = BankEntry {
            code: bank.code.parse()?,
            name: bank.name.to_owned(),
            clearing_code: bank.clearing_code.to_owned(),
            account_number: bank.account_number.to_owned(),
            cut_off: CutOff::from_minute(CUT_OFF)?,
            open_business_date: today,
            settlement_lag: 1,
        };
        set.banks.push(Row { line: 0, entry });
    }
    let mut registered = Vec::new();
    for place in 0..shops {
        let number = place.saturating_add(1);
        let (_, bank) = nation.bank(Purpose::Shop, place);
        let (code, terminal) = (format!("EW-{number:07}"), format!("T{number:07}"));
        let shop = MerchantEntry {
            code: code.parse()?,
            name: format!("Warung {number:07}"),
            kind: MerchantKind::Warung,
            address: format!("Jalan Contoh No. {number}"),
            region: nation.region(place).parse()?,
            bank: bank.code.parse()?,
            zone: Zone::Wib,
            account_number: None,
            price_zone: PriceZone(2),
        };
        set.merchants.push(Row { line: 0, entry: shop });
        let entry = TerminalEntry { code: terminal.parse()?, merchant: code.parse()? };
        set.terminals.push(Row { line: 0, entry });
        registered.push(Shop { code, terminal, bank: bank.code });
    }
    ledger.import(set)?;
    Ok(registered)
}

/// Gives each bank what its families need for so many months.
pub(crate) fn fund(ledger: &Ledger, nation: &Nation, months: u64) -> anyhow::Result<()> {
    let client = ledger.client(PROGRAMME)?.context("the programme is a client")?.id;
    let mut families = BANKS.map(|_| 0_u64);
    for place in 0..nation.families {
        let (id, _) = nation.bank(Purpose::Bank, place);
        let own = usize::try_from(id)?.checked_sub(1).and_then(|nth| families.get_mut(nth));
        let own = own.context("a family's bank is one of them")?;
        *own = own.saturating_add(1);
    }
    for (bank, families) in BANKS.iter().zip(families) {
        let need = families.checked_mul(months).context("the months can be counted")?;
        let amount = Rupiah::new(MONTHLY)?.checked_mul(need).context("the need can be counted")?;
        if amount.is_zero() {
            continue;
        }
        let reference = format!("SP2D-{}", bank.code.to_ascii_uppercase());
        let reference = Reference::new(&reference)?;
        ledger.fund(FundRequest { client, bank: bank.code.parse()?, amount, reference })?;
    }
    Ok(())
}

/// Credits the month to every family.
pub(crate) fn credit(ledger: &Ledger, period: Period) -> anyhow::Result<()> {
    let client = ledger.client(PROGRAMME)?.context("the programme is a client")?.id;
    let request = RunRequest { client, period, outside: false };
    let started = ledger.start_credit_run(request)?;
    let run = ledger.carry_on_credit_run(started.id, |_| {})?;
    match run.shares.iter().find(|share| share.status != ShareStatus::Completed) {
        Some(share) => bail!("the credit of `{}` is `{}`", share.bank, share.status.as_str()),
        None => Ok(()),
    }
}

/// The month that a clock of today is in.
pub(crate) fn this_month(now: Instant) -> Period {
    Date::from(now.date_in(Zone::Wib)).period()
}
