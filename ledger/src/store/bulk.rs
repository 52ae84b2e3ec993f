//! Many rows into one table: arrays and `unnest` on `PostgreSQL`, a prepared statement in a loop on
//! `SQLite`, behind one function.

/// Declares a row type and `insert_all` for it.
macro_rules! bulk_insert {
    (
        $(#[$doc:meta])*
        $row:ident, $columns:ident, $table:literal, $first:ident : $first_ty:ty => $first_sql:ty
        $(, $field:ident : $ty:ty => $sql:ty)* $(,)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(crate) struct $row {
            pub(crate) $first: $first_ty,
            $(pub(crate) $field: $ty,)*
        }

        impl diesel::query_builder::QueryId for $row {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl<C> diesel::RunQueryDsl<C> for &$row {}

        impl diesel::query_builder::QueryFragment<diesel::sqlite::Sqlite> for $row {
            fn walk_ast<'walk>(
                &'walk self,
                mut out: diesel::query_builder::AstPass<'_, 'walk, diesel::sqlite::Sqlite>,
            ) -> diesel::QueryResult<()> {
                out.push_sql(concat!("INSERT INTO ", $table, " (", stringify!($first)
                    $(, ", ", stringify!($field))*, ") VALUES ("));
                out.push_bind_param::<$first_sql, _>(&self.$first)?;
                $(out.push_sql(", "); out.push_bind_param::<$sql, _>(&self.$field)?;)*
                out.push_sql(")");
                Ok(())
            }
        }

        #[derive(Debug, Default)]
        struct $columns {
            $first: Vec<$first_ty>,
            $($field: Vec<$ty>,)*
        }

        impl diesel::query_builder::QueryId for $columns {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl<C> diesel::RunQueryDsl<C> for $columns {}

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $columns {
            fn walk_ast<'walk>(
                &'walk self,
                mut out: diesel::query_builder::AstPass<'_, 'walk, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                use diesel::sql_types::Array;
                out.push_sql(concat!("INSERT INTO ", $table, " (", stringify!($first)
                    $(, ", ", stringify!($field))*, ") SELECT * FROM unnest("));
                out.push_bind_param::<Array<$first_sql>, _>(&self.$first)?;
                $(out.push_sql(", "); out.push_bind_param::<Array<$sql>, _>(&self.$field)?;)*
                out.push_sql(")");
                Ok(())
            }
        }

        impl $row {
            /// Inserts all rows, in their order.
            pub(crate) fn insert_all(
                connection: &mut $crate::store::connection::Connection,
                rows: Vec<Self>,
            ) -> Result<(), $crate::store::StoreError> {
                use diesel::RunQueryDsl as _;
                use $crate::store::connection::Connection;
                match connection {
                    Connection::Sqlite(sqlite) => {
                        for row in &rows {
                            row.execute(sqlite)?;
                        }
                    }
                    // A statement for each few thousand rows keeps its arrays small.
                    Connection::Postgres(postgres) => {
                        let mut rows = rows.into_iter().peekable();
                        while rows.peek().is_some() {
                            let mut columns = $columns::default();
                            for row in rows.by_ref().take(4096) {
                                columns.$first.push(row.$first);
                                $(columns.$field.push(row.$field);)*
                            }
                            columns.execute(postgres)?;
                        }
                    }
                }
                Ok(())
            }
        }
    };
}

pub(super) use bulk_insert;
