//! Opening the ledger: one daemon at a time, the schema brought up to date, what a crash cut off put right.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{SqliteConnection, migrate::MigrateError, sqlite::SqliteConnectOptions};

use super::{
    connect,
    error::{StoreError, unusable},
    writer::{self, Writer},
};
use crate::model::Timestamp;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// 3.7.0 to 3.51.2 can corrupt a database in WAL mode that two connections write or checkpoint at once.
/// See <https://sqlite.org/releaselog/3_51_3.html>.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// An action that a crash cut off is looked at again after this; it may have been sent.
const AFTER_INTERRUPTION: Duration = Duration::from_secs(1);

/// Takes the lock that makes this process the only daemon on the ledger, and holds it for as long as the file.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = PathBuf::from(name);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock)
        .map_err(|error| unusable(path, format!("cannot open {}: {error}", lock.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.to_owned(), lock }),
        Err(TryLockError::Error(error)) => {
            Err(unusable(path, format!("cannot lock {}: {error}", lock.display())))
        }
    }
}

/// Connects the writer of a daemon, and makes the ledger ready to work with.
pub(super) async fn prepare(path: &Path, now: Timestamp) -> Result<Writer, StoreError> {
    let writer = connected(path, connect::writer(path, true), async |connection| {
        // A migration that builds a table anew drops the one that others refer to.
        foreign_keys(connection, false).await.map_err(|error| unusable(path, error))?;
        let migrated = MIGRATIONS.run_direct(None, &mut *connection, false).await;
        foreign_keys(connection, true).await.map_err(|error| unusable(path, error))?;
        match migrated {
            Ok(()) => Ok(()),
            Err(MigrateError::VersionMissing(version)) => {
                Err(StoreError::TooNew { path: path.to_owned(), version })
            }
            Err(error) => Err(unusable(path, error)),
        }
    })
    .await?;
    let mut turn = writer.begin("mark cut-off executions").await?;
    let work = mark_interrupted(turn.connection(), now).await;
    turn.end("mark cut-off executions", work).await?;
    Ok(writer)
}

/// Connects the writer of a command beside a daemon, which changes no schema.
pub(super) async fn prepare_beside(path: &Path) -> Result<Writer, StoreError> {
    if !path.is_file() {
        return Err(StoreError::NotThere { path: path.to_owned() });
    }
    connected(path, connect::writer(path, false), async |connection| check_schema(path, connection).await)
        .await
}

/// Whether the schema is this version's.
pub(super) async fn check_schema(path: &Path, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let found = "SELECT MAX(version) FROM _sqlx_migrations";
    let found: Option<i64> =
        sqlx::query_scalar(found).fetch_one(connection).await.map_err(|error| unusable(path, error))?;
    let known = MIGRATIONS.iter().map(|migration| migration.version).max();
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(StoreError::TooOld { path: path.to_owned() }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => {
            Err(StoreError::TooNew { path: path.to_owned(), version: found.unwrap_or(0) })
        }
    }
}

async fn connected(
    path: &Path,
    options: SqliteConnectOptions,
    schema: impl AsyncFnOnce(&mut SqliteConnection) -> Result<(), StoreError>,
) -> Result<Writer, StoreError> {
    let writer = Writer::new(options);
    let mut held = writer.hold().await;
    let mut connection = writer::connection(&mut held).await.map_err(|error| unusable(path, error))?;
    check_database(path, &mut connection).await?;
    schema(&mut connection).await?;
    held.connection = Some(connection);
    drop(held);
    Ok(writer)
}

async fn check_database(path: &Path, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let version = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut *connection).await;
    let version: String = version.map_err(|error| unusable(path, error))?;
    if parse_version(&version).is_none_or(|version| version < OLDEST_SQLITE) {
        let (major, minor, patch) = OLDEST_SQLITE;
        return Err(unusable(
            path,
            format!("SQLite {version} can corrupt it; {major}.{minor}.{patch} does not"),
        ));
    }
    let mode = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(connection).await;
    let mode: String = mode.map_err(|error| unusable(path, error))?;
    if mode == "wal" {
        Ok(())
    } else {
        Err(unusable(
            path,
            format!("its journal mode stays {mode:?} where \"wal\" is needed (a network drive?)"),
        ))
    }
}

fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

async fn foreign_keys(connection: &mut SqliteConnection, hold: bool) -> Result<(), sqlx::Error> {
    let pragma = if hold { "PRAGMA foreign_keys = ON" } else { "PRAGMA foreign_keys = OFF" };
    sqlx::query(pragma).execute(connection).await.map(drop)
}

async fn mark_interrupted(connection: &mut SqliteConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE executions
         SET outcome = 'interrupted',
             detail = 'runwarden stopped in the midst of it; what it sent, if anything, is not known'
         WHERE finished_at IS NULL
           AND outcome IS NULL
           AND action_id IN (
               SELECT id
               FROM actions
               WHERE state IN ('planned', 'executing', 'uncertain')
                 AND state = 'executing'
           )",
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE actions
         SET state = 'planned', interrupted = 1, due_at = $1, reason = 'an execution was cut off'
         WHERE state IN ('planned', 'executing', 'uncertain')
           AND state = 'executing'",
    )
    .bind((now + AFTER_INTERRUPTION).0)
    .execute(connection)
    .await?;
    Ok(())
}
