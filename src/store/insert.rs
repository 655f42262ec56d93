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
/// that the cost grows with the square of the rows.
const MOST_ROWS: usize = 64;

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

/// How many of the deliveries that wait one statement takes: a power of two, so that prepared statements stay few.
pub(super) fn takes(waiting: usize) -> usize {
    1 << waiting.clamp(1, MOST_ROWS).ilog2()
}

/// Inserts as many deliveries as [`takes`] said, with one statement. Says of each what became of it, in the
/// order given.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    deliveries: &[Packed],
) -> Result<Vec<Ingested>, sqlx::Error> {
    let sql = AssertSqlSafe(statement(deliveries.len()));
    let mut touched = HashMap::with_capacity(deliveries.len());
    for row in sqlx::query_with(sql, arguments(deliveries)?).fetch_all(&mut *connection).await? {
        let is_new = row.try_get::<Option<&str>, _>(1)?.is_none();
        let outcome = if is_new { Ingested::Stored } else { Ingested::Revived };
        touched.insert(row.try_get::<String, _>(0)?, outcome);
    }
    // Taken out once: of two with one guid the second is the duplicate.
    Ok(deliveries
        .iter()
        .map(|row| touched.remove(row.guid.as_str()).unwrap_or(Ingested::Duplicate))
        .collect())
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

/// The text for so many rows; those for a power of two are built once.
fn statement(rows: usize) -> Arc<str> {
    static TEXTS: LazyLock<Vec<(usize, Arc<str>)>> = LazyLock::new(|| {
        let sizes = (0..=MOST_ROWS.ilog2()).map(|power| 1 << power);
        sizes.map(|rows| (rows, text(rows).into())).collect()
    });
    let built = TEXTS.iter().find(|(size, _)| *size == rows);
    built.map_or_else(|| text(rows).into(), |(_, text)| Arc::clone(text))
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
