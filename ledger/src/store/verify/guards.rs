//! Everything that the migrations set up to watch over rows: triggers, and on `PostgreSQL` the functions
//! that they run. The list is read from the migrations themselves.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Text};
use migrations::Script;

use crate::store::connection::Connection;
use crate::store::error::StoreError;
use crate::store::statement::statement;

statement! {
    sqlite SqliteGuards {} -> Text;
    "SELECT sql FROM sqlite_master WHERE type IN ('trigger', 'view')"
}

statement! {
    /// Triggers that are switched on: name, table, when and at what, function.
    postgres PostgresTriggers {} -> (Text, Text, BigInt, Text);
    "SELECT CAST(t.tgname AS TEXT), CAST(c.relname AS TEXT), CAST(t.tgtype AS BIGINT),
            CAST(p.proname AS TEXT)
     FROM pg_trigger t
     JOIN pg_proc p ON p.oid = t.tgfoid
     JOIN pg_class c ON c.oid = t.tgrelid
     WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND pg_table_is_visible(c.oid)"
}

statement! {
    postgres PostgresFunctions {} -> (Text, Text);
    "SELECT CAST(proname AS TEXT), prosrc FROM pg_proc
     WHERE pronamespace = CAST(current_schema() AS regnamespace)"
}

/// A guard that has to be there, and whether it is.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// What it is, as in `trigger transfers_no_update`.
    pub(crate) name: String,
    pub(crate) stands: bool,
}

impl Connection {
    /// Every guard that the migrations set up.
    pub(crate) fn guards(&mut self) -> Result<Vec<Guard>, StoreError> {
        let scripts = self.scripts();
        match self {
            Self::Sqlite(sqlite) => {
                let found: Vec<String> = SqliteGuards {}.load(sqlite)?;
                Ok(sqlite_guards(scripts, &found))
            }
            Self::Postgres(postgres) => {
                let triggers: Vec<PostgresTrigger> = PostgresTriggers {}.load(postgres)?;
                let functions: Vec<(String, String)> = PostgresFunctions {}.load(postgres)?;
                Ok(postgres_guards(scripts, &triggers, &functions))
            }
        }
    }
}

/// What stands between `start` and `end`, each time.
fn pieces<'a>(
    scripts: &'a [Script],
    start: &'a str,
    end: &'a str,
) -> impl Iterator<Item = &'a str> {
    scripts.iter().flat_map(move |script| {
        script.up.split(start).skip(1).filter_map(move |piece| Some(piece.split_once(end)?.0))
    })
}

fn first_word(text: &str) -> &str {
    let end = text.find(|letter: char| letter.is_whitespace() || letter == '(');
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// `SQLite` keeps the text that made a trigger or view.
fn sqlite_guards(scripts: &[Script], found: &[String]) -> Vec<Guard> {
    let guards = |kind: &str, start: &'static str, end: &'static str, close: &str| {
        let guard = |piece: &str| Guard {
            name: format!("{kind} {}", first_word(piece)),
            stands: found.contains(&format!("{start}{piece}{close}")),
        };
        pieces(scripts, start, end).map(guard).collect::<Vec<_>>()
    };
    let mut all = guards("trigger", "CREATE TRIGGER ", "END;", "END");
    all.extend(guards("view", "CREATE VIEW ", ";", ""));
    all
}

/// Name, table, when and at what, function.
type PostgresTrigger = (String, String, i64, String);

fn postgres_guards(
    scripts: &[Script],
    triggers: &[PostgresTrigger],
    functions: &[(String, String)],
) -> Vec<Guard> {
    let trigger = |piece: &str| Guard {
        name: format!("trigger {}", first_word(piece)),
        stands: postgres_trigger(piece).is_some_and(|trigger| triggers.contains(&trigger)),
    };
    let function = |piece: &str| {
        let name = first_word(piece);
        let body = piece.split_once("AS $$").map(|(_, body)| body);
        let is_it = |(of, text): &(String, String)| of == name && Some(text.as_str()) == body;
        Guard { name: format!("function {name}"), stands: functions.iter().any(is_it) }
    };
    let mut all: Vec<Guard> = pieces(scripts, "CREATE TRIGGER ", ";").map(trigger).collect();
    all.extend(pieces(scripts, "CREATE FUNCTION ", "$$;").map(function));
    all
}

/// A trigger as the catalogue has it: 1 for each row, 2 before, then 4 insert, 8 delete, 16 update, 32
/// truncate.
fn postgres_trigger(piece: &str) -> Option<PostgresTrigger> {
    let words: Vec<&str> = piece.split_whitespace().collect();
    let after = |word: &str| {
        let place = words.iter().position(|each| *each == word)?;
        words.get(place.checked_add(1)?).copied()
    };
    let (table, function) = (after("ON")?, first_word(after("FUNCTION")?));
    let head: Vec<&str> = words.iter().copied().take_while(|word| *word != "ON").collect();
    let bits = [("BEFORE", 2), ("INSERT", 4), ("DELETE", 8), ("UPDATE", 16), ("TRUNCATE", 32)];
    let named = bits.iter().filter(|(word, _)| head.contains(word)).map(|(_, bit)| *bit);
    let rows = i64::from(piece.contains("FOR EACH ROW"));
    let kind = named.fold(rows, |kind: i64, bit| kind.saturating_add(bit));
    Some((first_word(piece).to_owned(), table.to_owned(), kind, function.to_owned()))
}
