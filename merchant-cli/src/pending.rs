//! Sales that were sent and not answered yet: their keys survive a crash, so that a second try never
//! debits twice.
//!
//! What is kept is the key, the goods and the card's last four digits, never card number or PIN, nor
//! a hash of them: there are so few that a hash could be guessed. Who steals the folder learns what
//! stands on a receipt, and a key that is worth nothing without the card.

use std::fs;
use std::path::PathBuf;

use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::basket::Item;
use crate::cli::Settings;
use crate::config::{Identity, state_folder, unreadable, write_private};
use crate::failure::Failure;
use ledger::domain::hex::Hex;

/// Distinguishes sales without saying whose they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sale {
    pub(crate) server: String,
    pub(crate) client_id: String,
    pub(crate) items: Vec<Item>,
    pub(crate) card_last_four: String,
}

/// A sale with the key under which it is sent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) key: String,
    pub(crate) sale: Sale,
}

/// The folder with one file for each unanswered sale.
#[derive(Debug)]
pub(crate) struct PendingFolder(PathBuf);

impl Sale {
    /// The sale of `items` on the card by this client.
    pub(crate) fn new(identity: &Identity, items: Vec<Item>, card_number: &str) -> Self {
        let digits: Vec<char> = card_number.chars().collect();
        Self {
            server: identity.server.clone(),
            client_id: identity.client_id.clone(),
            items,
            card_last_four: digits.iter().skip(digits.len().saturating_sub(4)).collect(),
        }
    }
}

impl PendingFolder {
    /// The folder of this user.
    pub(crate) fn open(settings: &Settings) -> Result<Self, Failure> {
        Ok(Self(state_folder(settings)?.join("pending")))
    }

    /// The unanswered sale of the same goods on the same card, with its age in minutes.
    pub(crate) fn find(&self, sale: &Sale) -> Result<Option<(Pending, u64)>, Failure> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&self.0, &error)),
        };
        let mut found: Option<(Pending, u64)> = None;
        for entry in entries {
            let path = entry.map_err(|error| unreadable(&self.0, &error))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            // A file that is not ours says nothing about this sale.
            let Ok(pending) = serde_json::from_str::<Pending>(&text) else { continue };
            let modified = fs::metadata(&path).and_then(|about| about.modified());
            let age = modified.ok().and_then(|time| time.elapsed().ok()).unwrap_or_default();
            let minutes = age.as_secs() / 60;
            let newer = found.as_ref().is_none_or(|(_other, other)| minutes < *other);
            if pending.sale == *sale && newer {
                found = Some((pending, minutes));
            }
        }
        Ok(found)
    }

    /// Keeps a new key for the sale, on the disk before it returns.
    pub(crate) fn begin(&self, sale: Sale) -> Result<Pending, Failure> {
        let pending = Pending { key: random_key()?, sale };
        let text = serde_json::to_string(&pending)
            .map_err(|error| Failure::failed(format!("keeping the sale's key: {error}")))?;
        write_private(&self.0, &self.path(&pending), &text)?;
        Ok(pending)
    }

    /// Forgets a sale that has its final answer.
    pub(crate) fn end(&self, pending: &Pending) -> Result<(), Failure> {
        let path = self.path(pending);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(unreadable(&path, &error))
            }
            _ => Ok(()),
        }
    }

    fn path(&self, pending: &Pending) -> PathBuf {
        self.0.join(format!("{}.json", pending.key))
    }
}

/// 128 random bits as 32 hexadecimal digits.
fn random_key() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_none| Failure::failed("the system gives no random numbers"))?;
    Ok(Hex(&bytes).to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::terminal::Secret;

    fn sale(quantity: &str, card_number: &str) -> Sale {
        let identity = Identity {
            server: "http://127.0.0.1:8080".to_owned(),
            client_id: "shop".to_owned(),
            secret: Secret::new("very-secret".to_owned()),
        };
        let item = Item {
            commodity: "eggs".to_owned(),
            grade: None,
            quantity: quantity.to_owned(),
            unit: "piece".to_owned(),
            unit_price: 2_000,
        };
        Sale::new(&identity, vec![item], card_number)
    }

    #[test]
    fn an_unanswered_sale_is_found_again_until_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PendingFolder(dir.path().join("pending"));
        let card = "6013010000000018";
        assert!(folder.find(&sale("10", card)).unwrap().is_none());
        let begun = folder.begin(sale("10", card)).unwrap();
        let (found, _minutes) = folder.find(&sale("10", card)).unwrap().unwrap();
        assert_eq!(found.key, begun.key);
        assert!(folder.find(&sale("11", card)).unwrap().is_none());
        assert!(folder.find(&sale("10", "6013010000000026")).unwrap().is_none());
        folder.end(&begun).unwrap();
        folder.end(&begun).unwrap();
        assert!(folder.find(&sale("10", card)).unwrap().is_none());
    }

    #[test]
    fn what_is_kept_names_neither_card_nor_secret_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PendingFolder(dir.path().join("pending"));
        let begun = folder.begin(sale("10", "6013010000000018")).unwrap();
        let path = folder.path(&begun);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("0018") && !text.contains("601301") && !text.contains("secret"));
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(path.clone()), mode(folder.0.clone())), (0o600, 0o700));
        assert_ne!(begun.key, folder.begin(begun.sale.clone()).unwrap().key);
    }
}
