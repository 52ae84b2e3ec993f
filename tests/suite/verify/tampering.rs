//! Changing a database behind the ledger's back, and putting it right again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::{
    PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query, sql_types,
};
use ewarong_tests::Backend;

/// A connection past every guard.
enum Hand {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A column as the schema has it.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct Column {
    #[diesel(sql_type = sql_types::Text)]
    pub(super) table: String,
    #[diesel(sql_type = sql_types::Text)]
    pub(super) name: String,
    #[diesel(sql_type = sql_types::Text)]
    kind: String,
    /// Its place in the primary key, 0 outside it.
    #[diesel(sql_type = sql_types::BigInt)]
    key: i64,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
    #[diesel(sql_type = sql_types::Text)]
    text: String,
}

const SQLITE_COLUMNS: &str = "
    SELECT m.name AS \"table\", c.name AS name, upper(c.type) AS kind, CAST(c.pk AS BIGINT) AS key
    FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid";

const POSTGRES_COLUMNS: &str = "
    SELECT CAST(c.table_name AS TEXT) AS \"table\", CAST(c.column_name AS TEXT) AS name,
           upper(CAST(c.data_type AS TEXT)) AS kind,
           CAST(COALESCE(array_position(CAST(i.indkey AS SMALLINT[]), CAST(c.ordinal_position AS SMALLINT)) + 1, 0) AS BIGINT)
               AS key
    FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    LEFT JOIN pg_index i ON i.indrelid = CAST(quote_ident(c.table_name) AS regclass) AND i.indisprimary
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
    ORDER BY c.table_name, c.ordinal_position";

/// A database that is changed and put right.
pub(super) struct Tampered {
    hand: Hand,
    columns: BTreeMap<String, Vec<Column>>,
    /// By table, the text that makes each of its triggers.
    triggers: BTreeMap<String, Vec<(String, String)>>,
}

/// Which row is changed: the first or the last of those that a condition allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    First,
    Last,
}

impl Tampered {
    /// Takes the database in hand; every table is kept as it is, to be put back.
    pub(super) fn of(backend: Backend, url: &str, folder: &std::path::Path) -> Self {
        let mut hand = match backend {
            Backend::Sqlite => {
                let file = url.strip_prefix("sqlite:").unwrap();
                let mut sqlite = SqliteConnection::establish(file).unwrap();
                let saved = folder.join("saved.db");
                let start = format!(
                    "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
                     PRAGMA synchronous = OFF; PRAGMA busy_timeout = 10000;
                     ATTACH '{}' AS saved;",
                    saved.display()
                );
                sqlite.batch_execute(&start).unwrap();
                Hand::Sqlite(sqlite)
            }
            Backend::Postgres => {
                let mut postgres = PgConnection::establish(url).unwrap();
                let start = "SET session_replication_role = replica; SET synchronous_commit = off;
                     CREATE SCHEMA saved;
                     DO $$ DECLARE c RECORD; BEGIN
                        FOR c IN SELECT conname, conrelid FROM pg_constraint
                            WHERE contype = 'c' AND connamespace = 'public'::regnamespace
                        LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I',
                            CAST(c.conrelid AS regclass), c.conname); END LOOP; END $$;";
                postgres.batch_execute(start).unwrap();
                Hand::Postgres(postgres)
            }
        };
        let all: Vec<Column> = hand.load(SQLITE_COLUMNS, POSTGRES_COLUMNS);
        let mut columns: BTreeMap<String, Vec<Column>> = BTreeMap::new();
        for column in all {
            columns.entry(column.table.clone()).or_default().push(column);
        }
        for table in columns.keys() {
            let keep = format!("CREATE TABLE saved.{table} AS SELECT * FROM main.{table}");
            hand.run(&hand.spelled(&keep)).unwrap();
        }
        let mut triggers: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        let listed: Vec<Line> = hand.load(
            "SELECT tbl_name AS name, name || '\n' || sql AS text FROM sqlite_master WHERE type = 'trigger'",
            "SELECT CAST(c.relname AS TEXT) AS name,
                CAST(t.tgname AS TEXT) || chr(10) || pg_get_triggerdef(t.oid) AS text
             FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
             WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace",
        );
        for Line { name, text } in listed {
            let (trigger, text) = text.split_once('\n').unwrap();
            triggers.entry(name).or_default().push((trigger.to_owned(), text.to_owned()));
        }
        Self { hand, columns, triggers }
    }

    /// Every column of every table, in order.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.values().flatten()
    }

    /// The tables.
    pub(super) fn tables(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// Every trigger with its table.
    pub(super) fn triggers(&self) -> Vec<(String, String)> {
        let all = self.triggers.iter();
        all.flat_map(|(table, of)| of.iter().map(|(name, _)| (table.clone(), name.clone())))
            .collect()
    }

    /// Takes a trigger away, and puts it back.
    pub(super) fn without_trigger<T>(
        &mut self,
        table: &str,
        name: &str,
        look: impl FnOnce() -> T,
    ) -> T {
        let drop = match self.hand {
            Hand::Sqlite(_) => format!("DROP TRIGGER {name}"),
            Hand::Postgres(_) => format!("DROP TRIGGER {name} ON {table}"),
        };
        self.hand.run(&drop).unwrap();
        let seen = look();
        let of = &self.triggers[table];
        let (_, text) = of.iter().find(|(of, _)| of == name).unwrap();
        self.hand.run(text).unwrap();
        seen
    }

    /// Sets a column of one row to an expression; `false` where there is no row.
    pub(super) fn set(
        &mut self,
        (table, column): (&str, &str),
        (row, condition): (Row, &str),
        expression: Option<&str>,
    ) -> Result<bool, String> {
        let columns = self.columns.get(table).into_iter().flatten();
        let Some(found) = columns.into_iter().find(|of| of.name == column) else {
            return Err("there is no such column".to_owned());
        };
        let expression = expression.map_or_else(|| Self::usual(found), str::to_owned);
        let row = self.row(table, row, condition);
        let text = format!("UPDATE {table} SET {column} = {expression} WHERE {row}");
        self.change(table, &text)
    }

    /// Deletes one row; `false` where there is none.
    pub(super) fn delete(
        &mut self,
        table: &str,
        (row, condition): (Row, &str),
    ) -> Result<bool, String> {
        let text = format!("DELETE FROM {table} WHERE {}", self.row(table, row, condition));
        self.change(table, &text)
    }

    /// Copies one row; the copy's key ends in another value.
    pub(super) fn copy(
        &mut self,
        table: &str,
        (row, condition): (Row, &str),
        expression: Option<&str>,
    ) -> Result<bool, String> {
        let columns = &self.columns[table];
        let last = columns.iter().map(|column| column.key).max().unwrap();
        let value = |column: &Column| {
            if column.key == last && last > 0 {
                expression.map_or_else(|| Self::usual(column), str::to_owned)
            } else {
                column.name.clone()
            }
        };
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let values: Vec<String> = columns.iter().map(value).collect();
        let text = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {table} WHERE {}",
            names.join(", "),
            values.join(", "),
            self.row(table, row, condition)
        );
        self.change(table, &text)
    }

    /// Puts a table right again.
    pub(super) fn restore(&mut self, table: &str) {
        let back = format!(
            "DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM saved.{table};"
        );
        let back = self.hand.spelled(&back);
        self.past_triggers(table, &back).unwrap();
    }

    fn change(&mut self, table: &str, text: &str) -> Result<bool, String> {
        let saved =
            format!("SELECT COUNT(*) AS key, '' AS \"table\", '' AS name, '' AS kind FROM {table}");
        let rows: Vec<Column> = self.hand.load(&saved, &saved);
        if rows[0].key == 0 {
            return Ok(false);
        }
        self.past_triggers(table, text).map(|()| true)
    }

    /// On `SQLite` a table's triggers are dropped and made again, in one transaction.
    fn past_triggers(&mut self, table: &str, text: &str) -> Result<(), String> {
        let mut all = "BEGIN;\n".to_owned();
        let triggers = self.triggers.get(table).filter(|_| matches!(self.hand, Hand::Sqlite(_)));
        for (name, _) in triggers.into_iter().flatten() {
            writeln!(all, "DROP TRIGGER {name};").unwrap();
        }
        all.push_str(text);
        all.push_str(";\n");
        for (_, text) in triggers.into_iter().flatten() {
            all.push_str(text);
            all.push_str(";\n");
        }
        all.push_str("COMMIT;");
        self.hand.run(&all).inspect_err(|_| drop(self.hand.run("ROLLBACK")))
    }

    /// A condition that one row fulfils.
    fn row(&self, table: &str, row: Row, condition: &str) -> String {
        let mut key: Vec<&Column> = self.columns[table].iter().filter(|of| of.key > 0).collect();
        key.sort_by_key(|column| column.key);
        let names: Vec<&str> = key.iter().map(|column| column.name.as_str()).collect();
        let (names, turn) = (names.join(", "), if row == Row::First { "ASC" } else { "DESC" });
        let order: Vec<String> =
            key.iter().map(|column| format!("{} {turn}", column.name)).collect();
        format!(
            "({names}) = (SELECT {names} FROM {table} WHERE {condition} ORDER BY {} LIMIT 1)",
            order.join(", ")
        )
    }

    /// Another value than a column has: the next number, a day later, a letter more, only zeroes.
    fn usual(column: &Column) -> String {
        let name = &column.name;
        let is_date = ["date", "expires", "valid_from", "valid_to", "covered_to"];
        if column.kind.contains("INT") && is_date.iter().any(|part| name.contains(part)) {
            let date = format!("CASE WHEN {name} % 100 > 20 THEN {name} - 1 ELSE {name} + 1 END");
            return format!("COALESCE({date}, 20990101)");
        }
        match column.kind.as_str() {
            kind if kind.contains("INT") && name.ends_with("_at") => {
                format!("COALESCE({name} + 86400000, 1)")
            }
            kind if kind.contains("INT") => format!("COALESCE({name} + 1, 1)"),
            "BLOB" => format!("COALESCE(zeroblob(length({name})), X'00')"),
            "BYTEA" => format!("COALESCE(decode(repeat('00', length({name})), 'hex'), '\\x00')"),
            kind if kind.contains("TIMESTAMP") => "'2000-01-01 00:00:00'".to_owned(),
            _ => format!("COALESCE({name} || 'x', 'x')"),
        }
    }
}

impl Hand {
    fn run(&mut self, text: &str) -> Result<(), String> {
        match self {
            Self::Sqlite(sqlite) => sqlite.batch_execute(text),
            Self::Postgres(postgres) => postgres.batch_execute(text),
        }
        .map_err(|error| format!("{error}: {text}"))
    }

    fn load<R>(&mut self, sqlite: &str, postgres: &str) -> Vec<R>
    where
        R: QueryableByName<diesel::sqlite::Sqlite> + QueryableByName<diesel::pg::Pg> + 'static,
    {
        match self {
            Self::Sqlite(connection) => sql_query(sqlite).load(connection).unwrap(),
            Self::Postgres(connection) => sql_query(postgres).load(connection).unwrap(),
        }
    }

    /// The ledger's own tables are in the schema `main` of one database and `public` of the other.
    fn spelled(&self, text: &str) -> String {
        match self {
            Self::Sqlite(_) => text.to_owned(),
            Self::Postgres(_) => text.replace("main.", "public."),
        }
    }
}
