//! Queries put together from conditions and lists of ids.

use sqlx::{
    Arguments as _, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type,
    sqlite::{SqliteArguments, SqliteRow},
};

/// Ids of one statement.
const PIECE: usize = 128;

/// Conditions that must all hold, with what they are bound to. Their texts are ours; what comes from outside is
/// bound.
#[derive(Default, Clone)]
pub(super) struct Conditions {
    texts: Vec<String>,
    arguments: SqliteArguments,
}

impl Conditions {
    /// A condition without anything bound.
    pub(super) fn plain(mut self, text: &str) -> Self {
        self.texts.push(text.to_owned());
        self
    }

    /// A condition on one value: `{left} $n {right}`.
    pub(super) fn bound<'v, T>(mut self, left: &str, value: T, right: &str) -> Result<Self, sqlx::Error>
    where
        T: Encode<'v, Sqlite> + Type<Sqlite>,
    {
        let place = self.bind(value)?;
        self.texts.push(format!("{left} {place}{right}"));
        Ok(self)
    }

    /// `WHERE …`, or nothing.
    pub(super) fn clause(&self) -> String {
        if self.texts.is_empty() { String::new() } else { format!("WHERE {}", self.texts.join(" AND ")) }
    }

    /// The conditions of one table as a condition of another: `{left} (SELECT … WHERE …)`.
    pub(super) fn within(mut self, left: &str, select: &str) -> Self {
        let inner = self.clause();
        self.texts = vec![format!("{left} ({select} {inner})")];
        self
    }

    /// Runs `{select} WHERE … {order}`.
    pub(super) async fn fetch(
        self,
        connection: &mut SqliteConnection,
        select: &str,
        order: &str,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let sql = AssertSqlSafe(format!("{select} {} {order}", self.clause()));
        sqlx::query_with(sql, self.arguments).fetch_all(connection).await
    }

    /// Runs `{select} WHERE … AND column IN (ids) {order}`, a piece of the ids after the other.
    pub(super) async fn fetch_of(
        self,
        connection: &mut SqliteConnection,
        select: &str,
        (column, ids): (&str, &[i64]),
        order: &str,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let mut rows = Vec::with_capacity(ids.len());
        for piece in ids.chunks(PIECE) {
            let one = self.clone().one_of(column, piece)?;
            rows.extend(one.fetch(&mut *connection, select, order).await?);
        }
        Ok(rows)
    }

    /// The list is filled up to a power of two by repeating its last id, so that prepared statements stay few.
    fn one_of(mut self, column: &str, ids: &[i64]) -> Result<Self, sqlx::Error> {
        let filled = ids.iter().chain(ids.last().into_iter().cycle()).take(ids.len().next_power_of_two());
        let places = filled.map(|id| self.bind(*id)).collect::<Result<Vec<_>, _>>()?;
        self.texts.push(format!("{column} IN ({})", places.join(", ")));
        Ok(self)
    }

    fn bind<'v, T>(&mut self, value: T) -> Result<String, sqlx::Error>
    where
        T: Encode<'v, Sqlite> + Type<Sqlite>,
    {
        self.arguments.add(value).map_err(sqlx::Error::Encode)?;
        Ok(format!("${}", self.arguments.len()))
    }
}
