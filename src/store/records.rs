//! Reading the whole ledger, oldest first and a page at a time, by a connection that cannot write.

use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _, Row, SqliteConnection};

use super::{
    body, connect,
    error::{StoreError, doing, unusable},
    history::{self, HistoryEntry},
    inbox,
    later::{self, Later},
    open, rows,
};
use crate::model::{DecisionRow, RunId, Timestamp};

/// Deliveries looked for at once.
const PAGE: i64 = 256;

/// Decisions read at once, so that a page of schedules that planned much does not fill the memory.
const DECISIONS_AT_ONCE: i64 = 512;

/// Bytes of bodies, and characters of recorded facts and verdicts, that one page may hold; a delivery that has more
/// is a page of its own.
pub(super) const AT_ONCE_BYTES: usize = 8 * 1024 * 1024;

const DOING: &str = "read the ledger";

/// A ledger that is only read, beside a daemon or without one; a copy of one as well.
#[derive(Debug)]
pub struct Records {
    connection: SqliteConnection,
    /// The last delivery that was looked at, and those of its page that wait to be read.
    at: i64,
    waiting: Vec<i64>,
    /// The last that is read: what comes in meanwhile is not.
    end: i64,
    since: Timestamp,
}

/// A delivery with all that came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The delivery, its decisions and their actions.
    pub entry: HistoryEntry,
    /// The body as it was received, or in words why it cannot be read. Only of a delivery without decisions.
    pub body: Option<Result<Vec<u8>, String>>,
}

/// An action that was planned for a run before some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Its key.
    pub key: String,
    /// The rule that planned it.
    pub rule: String,
    /// Its kind's word.
    pub kind: String,
    /// Whether it counts towards the limits of its run.
    pub counts: bool,
    /// When it was planned.
    pub planned_at: Timestamp,
}

impl Records {
    /// Opens a ledger to read what it received then or later.
    ///
    /// # Errors
    /// [`StoreError::NotThere`] when there is none, [`StoreError::TooNew`] or [`StoreError::TooOld`] when its schema
    /// is not this version's, and others when the file cannot be read.
    pub async fn open(path: &Path, since: Timestamp) -> Result<Self, StoreError> {
        if !path.is_file() {
            return Err(StoreError::NotThere { path: path.to_owned() });
        }
        let mut connection = match connected(path, false).await {
            Ok(connection) => connection,
            // With a log beside it, what lies in the file alone is not the ledger.
            Err(error) if log_of(path).exists() => return Err(unusable(path, error)),
            Err(_) => connected(path, true).await.map_err(|error| unusable(path, error))?,
        };
        open::check_schema(path, &mut connection).await?;
        let end = "SELECT COALESCE(MAX(id), 0) FROM deliveries";
        let end = sqlx::query_scalar(end).fetch_one(&mut connection).await.map_err(doing(DOING))?;
        Ok(Self { connection, at: 0, waiting: Vec::new(), end, since })
    }

    /// How far it has come, and how far it will go; only their proportion says something.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        let of = |number: i64| u64::try_from(number).unwrap_or(0);
        (of(self.waiting.first().map_or(self.at, |next| next - 1)), of(self.end))
    }

    /// The next deliveries, oldest first; empty at the end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next(&mut self) -> Result<Vec<Record>, StoreError> {
        while self.waiting.is_empty() && self.at < self.end {
            self.look_for_more().await?;
        }
        let mut moment = self.connection.begin().await.map_err(doing(DOING))?;
        let ids = bounded(&mut moment, &mut self.waiting).await.map_err(doing(DOING))?;
        let mut entries = history::of_deliveries(&mut moment, &ids).await?;
        entries.reverse();
        let mut records = Vec::with_capacity(entries.len());
        for entry in entries {
            let is_bare = entry.decisions.is_empty() && entry.unreadable.is_empty();
            let body = if is_bare { Some(body_of(&mut moment, entry.delivery.id).await?) } else { None };
            records.push(Record { entry, body });
        }
        moment.rollback().await.map_err(doing(DOING))?;
        Ok(records)
    }

    async fn look_for_more(&mut self) -> Result<(), StoreError> {
        let found = sqlx::query(
            "SELECT id, received_at
             FROM deliveries
             WHERE id > $1
               AND id <= $2
             ORDER BY id
             LIMIT $3",
        )
        .bind(self.at)
        .bind(self.end)
        .bind(PAGE)
        .fetch_all(&mut self.connection)
        .await
        .map_err(doing(DOING))?;
        self.at = self.end;
        for row in &found {
            let id: i64 = rows::get(row, "id")?;
            if rows::get::<i64>(row, "received_at")? >= self.since.0 {
                self.waiting.push(id);
            }
            if found.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX) {
                self.at = id;
            }
        }
        Ok(())
    }

    /// What had been planned for a run before the time that is read from.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn earlier(&mut self, run: RunId) -> Result<Vec<Earlier>, StoreError> {
        let found = sqlx::query(
            "SELECT key, rule, kind, planned_at,
                    state IN ('planned', 'executing', 'done', 'failed', 'uncertain') AS counts
             FROM actions
             WHERE run_id = $1
               AND planned_at < $2",
        )
        .bind(run.0)
        .bind(self.since.0)
        .fetch_all(&mut self.connection)
        .await
        .map_err(doing(DOING))?;
        let earlier = |row| {
            Ok(Earlier {
                key: rows::get(row, "key")?,
                rule: rows::get(row, "rule")?,
                kind: rows::get(row, "kind")?,
                counts: rows::get(row, "counts")?,
                planned_at: Timestamp(rows::get(row, "planned_at")?),
            })
        };
        found.iter().map(earlier).collect()
    }

    /// What became of a run after a decision on one of its attempts. What cannot be read is left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn later(&mut self, decision: &DecisionRow) -> Result<Later, StoreError> {
        let mut found = later::after(&mut self.connection, &[decision]).await?;
        Ok(found.pop().unwrap_or_default())
    }

    /// Closes the connection.
    pub async fn close(self) {
        drop(self.connection.close().await);
    }
}

async fn connected(path: &Path, as_it_lies: bool) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = connect::read_only(path, as_it_lies).connect().await?;
    sqlx::query("SELECT COUNT(*) FROM sqlite_schema").fetch_one(&mut connection).await?;
    Ok(connection)
}

fn log_of(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// How much a delivery takes of a page.
struct Weight {
    decisions: i64,
    bytes: usize,
}

/// Takes from the front as many deliveries as weigh not too much, at least one.
async fn bounded(connection: &mut SqliteConnection, waiting: &mut Vec<i64>) -> Result<Vec<i64>, sqlx::Error> {
    let mut page = Weight { decisions: 0, bytes: 0 };
    let mut taken = 0;
    for id in waiting.iter() {
        let weight = weight_of(connection, *id).await?;
        page.decisions += weight.decisions;
        page.bytes = page.bytes.saturating_add(weight.bytes);
        if taken > 0 && (page.decisions > DECISIONS_AT_ONCE || page.bytes > AT_ONCE_BYTES) {
            break;
        }
        taken += 1;
    }
    Ok(waiting.drain(..taken).collect())
}

async fn weight_of(connection: &mut SqliteConnection, id: i64) -> Result<Weight, sqlx::Error> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS count, COALESCE(SUM(LENGTH(facts) + LENGTH(verdicts)), 0) AS length
         FROM decisions
         WHERE delivery_id = $1",
    )
    .bind(id)
    .fetch_one(&mut *connection)
    .await?;
    let decisions = row.try_get("count")?;
    let bytes = match decisions {
        // Its body will be read.
        0 => body_bytes_of(connection, id).await?,
        _ => usize::try_from(row.try_get::<i64, _>("length")?).unwrap_or(usize::MAX),
    };
    Ok(Weight { decisions, bytes })
}

async fn body_bytes_of(connection: &mut SqliteConnection, id: i64) -> Result<usize, sqlx::Error> {
    let row = sqlx::query(
        "SELECT codec, LENGTH(body) AS length, SUBSTR(body, 1, $2) AS start FROM deliveries WHERE id = $1",
    )
    .bind(id)
    .bind(body::START_BYTES)
    .fetch_one(connection)
    .await?;
    let packed = usize::try_from(row.try_get::<i64, _>("length")?).unwrap_or(usize::MAX);
    Ok(body::unpacked_bytes(row.try_get("codec")?, row.try_get("start")?, packed))
}

async fn body_of(connection: &mut SqliteConnection, id: i64) -> Result<Result<Vec<u8>, String>, StoreError> {
    let row = sqlx::query("SELECT id, codec, body FROM deliveries WHERE id = $1")
        .bind(id)
        .fetch_one(connection)
        .await
        .map_err(doing(DOING))?;
    inbox::unpacked(&row)
}
