//! One type for each SQL statement, so that its prepared form is kept for the connection's life.
//!
//! The driver caches a prepared statement by the type that made it. A text that is built anew for
//! each call is prepared anew for each call, which costs more than running it.

/// Declares a statement: a struct of its binds, its text with `[field: SqlType]` where a bind
/// stands, `(expression)` where a shared piece of text does and `{field}` where another statement
/// does (a filter with its binds), and after `->` the SQL types of the rows it returns. `both` runs on either database,
/// `sqlite` and `postgres` on one of them.
macro_rules! statement {
    (@backends both $($rest:tt)+) => {
        $crate::store::statement::statement!(@fragment diesel::sqlite::Sqlite, $($rest)+);
        $crate::store::statement::statement!(@fragment diesel::pg::Pg, $($rest)+);
    };
    (@backends sqlite $($rest:tt)+) => {
        $crate::store::statement::statement!(@fragment diesel::sqlite::Sqlite, $($rest)+);
    };
    (@backends postgres $($rest:tt)+) => {
        $crate::store::statement::statement!(@fragment diesel::pg::Pg, $($rest)+);
    };
    (@fragment $backend:ty, $name:ident [$($lt:lifetime)?] $($part:tt)+) => {
        impl $(<$lt>)? diesel::query_builder::QueryFragment<$backend> for $name $(<$lt>)? {
            fn walk_ast<'walk>(
                &'walk self,
                mut out: diesel::query_builder::AstPass<'_, 'walk, $backend>,
            ) -> diesel::QueryResult<()> {
                $($crate::store::statement::statement!(@part self, out, $part);)+
                Ok(())
            }
        }
    };
    (@part $self:ident, $out:ident, [$field:ident : $sql:ty]) => {
        $out.push_bind_param::<$sql, _>(&$self.$field)?
    };
    (@part $self:ident, $out:ident, {$field:ident}) => {
        diesel::query_builder::QueryFragment::walk_ast(&$self.$field, $out.reborrow())?
    };
    (@part $self:ident, $out:ident, ($text:expr)) => {
        $out.push_sql($text)
    };
    (@part $self:ident, $out:ident, $text:literal) => {
        $out.push_sql($text)
    };
    (@row $name:ident [$($lt:lifetime)?] [$row:ty]) => {
        impl $(<$lt>)? diesel::query_builder::Query for $name $(<$lt>)? {
            type SqlType = $row;
        }
    };
    (@row $name:ident [$($lt:lifetime)?] []) => {};
    (@id $name:ident ['a]) => {
        type QueryId = $name<'static>;
    };
    (@id $name:ident []) => {
        type QueryId = $name;
    };
    (
        $(#[$doc:meta])*
        $backends:ident $name:ident $(<$lt:lifetime>)? { $($field:ident : $ty:ty),* $(,)? }
        $(-> $row:ty)? ;
        $($part:tt)+
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name $(<$lt>)? { $(pub(super) $field: $ty),* }
        impl $(<$lt>)? diesel::query_builder::QueryId for $name $(<$lt>)? {
            $crate::store::statement::statement!(@id $name [$($lt)?]);
            const HAS_STATIC_QUERY_ID: bool = true;
        }
        impl<$($lt,)? C> diesel::RunQueryDsl<C> for $name $(<$lt>)? {}
        $crate::store::statement::statement!(@row $name [$($lt)?] [$($row)?]);
        $crate::store::statement::statement!(@backends $backends $name [$($lt)?] $($part)+);
    };
}

pub(super) use statement;
