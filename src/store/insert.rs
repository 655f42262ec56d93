//! The statement that takes deliveries in, many rows at once.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, LazyLock},
};

use sqlx::{Arguments as _, AssertSqlSafe, Row, SqliteConnection, sqlite::SqliteArguments};

use super::body::{self, Stored};
use crate::model::{DeliveryGuid, NewDelivery, Source, Timestamp};

/// Rows of the largest statement. The driver looks up each parameter's name by going through all of them, so
/// that a statement's cost grows with the square of its rows; see also [`statement`].
const MOST_ROWS: usize = 32;

/// Parameters of one row.
const PER_ROW: usize = 6;

/// A delivery with its body packed.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    pub(super) guid: DeliveryGuid,
    source: Source,
    event: String,
    received_at: Timestamp,
    pub(super) body: Arc<Vec<u8>>,
    codec: i64,
}

/// What became of a delivery that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// It is new, and is in the inbox.
    Stored,
    /// It was parked, and is in the inbox again.
    Revived,
    /// It had been handed in before; nothing changed.
    Duplicate,
}

/// Packs a delivery's body; the work is the caller's.
pub(super) fn pack(delivery: NewDelivery) -> Packed {
    let NewDelivery { guid, source, event, received_at, body } = delivery;
    let Stored { codec, bytes } = body::pack(body);
    Packed { guid, source, event, received_at, body: Arc::new(bytes), codec }
}

/// Inserts deliveries, in statements of a power of two of rows, so that the prepared ones stay few. Says of each
/// what became of it, in the order given.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    deliveries: &[Packed],
) -> Result<Vec<Ingested>, sqlx::Error> {
    let mut touched = HashMap::with_capacity(deliveries.len());
    let mut rest = deliveries;
    while !rest.is_empty() {
        let (rows, later) = rest.split_at(largest_power_of_two(rest.len().min(MOST_ROWS)));
        rest = later;
        let sql = AssertSqlSafe(statement(rows.len()));
        for row in sqlx::query_with(sql, arguments(rows)?).fetch_all(&mut *connection).await? {
            let is_new = row.try_get::<Option<&str>, _>(1)?.is_none();
            let outcome = if is_new { Ingested::Stored } else { Ingested::Revived };
            touched.insert(row.try_get::<String, _>(0)?, outcome);
        }
    }
    // Taken out once: of two with one guid in a batch the second is the duplicate.
    Ok(deliveries.iter().map(|row| touched.remove(row.guid.as_str()).unwrap_or(Ingested::Duplicate)).collect())
}

/// Inserts deliveries that others bring forth, and says how many of them are new.
pub(super) async fn insert_new(
    connection: &mut SqliteConnection,
    deliveries: &[Packed],
) -> Result<usize, sqlx::Error> {
    let mut new = 0;
    for row in deliveries {
        let done = sqlx::query(
            "INSERT INTO deliveries (guid, source, event, received_at, due_at, codec, body, state)
             VALUES ($1, $2, $3, $4, $4, $5, $6, 'pending')
             ON CONFLICT (guid) DO NOTHING",
        )
        .bind(row.guid.as_str())
        .bind(row.source.as_str())
        .bind(row.event.as_str())
        .bind(row.received_at.0)
        .bind(row.codec)
        .bind(row.body.as_slice())
        .execute(&mut *connection)
        .await?;
        new += usize::from(done.rows_affected() > 0);
    }
    Ok(new)
}

fn arguments(rows: &[Packed]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(rows.len() * PER_ROW, 0);
    for row in rows {
        arguments.add(row.guid.as_str()).map_err(sqlx::Error::Encode)?;
        arguments.add(row.source.as_str()).map_err(sqlx::Error::Encode)?;
        arguments.add(row.event.as_str()).map_err(sqlx::Error::Encode)?;
        arguments.add(row.received_at.0).map_err(sqlx::Error::Encode)?;
        arguments.add(row.codec).map_err(sqlx::Error::Encode)?;
        arguments.add(Arc::clone(&row.body)).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// The text for a power of two of rows, built once.
fn statement(rows: usize) -> Arc<str> {
    static TEXTS: LazyLock<Vec<Arc<str>>> =
        LazyLock::new(|| (0..=MOST_ROWS.ilog2()).map(|power| text(1 << power).into()).collect());
    let power = usize::try_from(rows.ilog2()).unwrap_or(0);
    TEXTS.get(power).map_or_else(|| text(rows).into(), Arc::clone)
}

fn text(rows: usize) -> String {
    let mut sql = String::from(
        "INSERT INTO deliveries (guid, source, event, received_at, due_at, codec, body, state)
         VALUES ",
    );
    for row in 0..rows {
        let first = row * PER_ROW;
        let comma = if row == 0 { "" } else { ", " };
        let [guid, source, event, received_at, codec, body] = [1, 2, 3, 4, 5, 6].map(|place| first + place);
        // Writing into a string cannot fail.
        let _ = write!(
            sql,
            "{comma}(${guid}, ${source}, ${event}, ${received_at}, ${received_at}, ${codec}, ${body}, 'pending')"
        );
    }
    // Whoever sends a parked delivery again, for instance with GitHub's "Redeliver", wants it judged again.
    sql.push_str(
        " ON CONFLICT (guid) DO UPDATE
          SET state = 'pending', reason = 'delivered again after it was parked', tries = 0, due_at = excluded.due_at
          WHERE deliveries.state = 'parked'
          RETURNING guid, reason",
    );
    sql
}

fn largest_power_of_two(number: usize) -> usize {
    1 << number.max(1).ilog2()
}
