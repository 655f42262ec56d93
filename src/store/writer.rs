//! The one connection that writes, its transactions, and whether the last of them went well.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::MutexGuard;

use super::error::{StoreError, doing};

/// Hands the writing connection to one after the other, in the order in which they asked.
pub(super) struct Writer {
    held: tokio::sync::Mutex<Held>,
    trouble: Mutex<String>,
    is_troubled: AtomicBool,
}

/// What only the one whose turn it is may touch.
pub(super) struct Held {
    pub(super) options: SqliteConnectOptions,
    /// `None` before the first use, and after a transaction that did not end well.
    pub(super) connection: Option<SqliteConnection>,
    is_closed: bool,
    data_version: Option<i64>,
}

/// A transaction that may write. Dropped before its end, by an error or because nobody waits for it any more, it
/// takes the connection with it: closing rolls back whatever state it was in, and the next turn connects anew.
pub(super) struct Turn<'a> {
    writer: &'a Writer,
    held: MutexGuard<'a, Held>,
    connection: SqliteConnection,
    to_commit: bool,
}

impl Writer {
    pub(super) fn new(options: SqliteConnectOptions) -> Self {
        let held = Held { options, connection: None, is_closed: false, data_version: None };
        Self {
            held: tokio::sync::Mutex::new(held),
            trouble: Mutex::new(String::new()),
            is_troubled: AtomicBool::new(false),
        }
    }

    /// Waits for the turn and begins a transaction with the right to write, so that what it reads first cannot
    /// have changed when it writes.
    pub(super) async fn begin(&self, what: &'static str) -> Result<Turn<'_>, StoreError> {
        let mut turn = self.single(what).await?;
        let begun = sqlx::query("BEGIN IMMEDIATE").execute(turn.connection()).await;
        begun.map_err(|error| self.note(what, error))?;
        turn.to_commit = true;
        Ok(turn)
    }

    /// Waits for the turn to run a single statement, which is a transaction by itself: it has the right to write
    /// from its start, and is committed when it returns its last row. It costs a third of the trips to the
    /// connection's thread, and SQLite keeps no journal to undo it apart from others.
    pub(super) async fn single(&self, what: &'static str) -> Result<Turn<'_>, StoreError> {
        let mut held = self.held.lock().await;
        if held.is_closed {
            return Err(StoreError::Closed);
        }
        let connection = connection(&mut held).await.map_err(|error| self.note(what, error))?;
        Ok(Turn { writer: self, held, connection, to_commit: false })
    }

    /// Whether another process has written since this was last asked. May say yes without reason, never no.
    pub(super) async fn changed_outside(&self) -> Result<bool, sqlx::Error> {
        let mut held = self.held.lock().await;
        if held.is_closed {
            return Ok(false);
        }
        let mut connection = connection(&mut held).await?;
        let version: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut connection).await?;
        held.connection = Some(connection);
        Ok(held.data_version.replace(version) != Some(version))
    }

    /// Why the last write failed; `None` when it did not.
    pub(super) fn trouble(&self) -> Option<String> {
        let troubled = self.is_troubled.load(Ordering::Acquire);
        troubled.then(|| self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn note(&self, what: &'static str, error: sqlx::Error) -> StoreError {
        let error = doing(what)(error);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = error.to_string();
        self.is_troubled.store(true, Ordering::Release);
        error
    }

    /// Copies the log into the database, empties it, and closes. Whoever asks for a turn later is refused.
    pub(super) async fn close(&self) -> Result<(), sqlx::Error> {
        let mut held = self.held.lock().await;
        held.is_closed = true;
        let Some(mut connection) = held.connection.take() else {
            return Ok(());
        };
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(&mut connection).await?;
        connection.close().await
    }

    /// The turn without a transaction, for what opening needs.
    pub(super) async fn hold(&self) -> MutexGuard<'_, Held> {
        self.held.lock().await
    }
}

/// The connection, out of its place: whoever fails to put it back has it made anew.
pub(super) async fn connection(held: &mut Held) -> Result<SqliteConnection, sqlx::Error> {
    if let Some(connection) = held.connection.take() {
        return Ok(connection);
    }
    held.data_version = None;
    SqliteConnection::connect_with(&held.options).await
}

impl Turn<'_> {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Commits when the work went well, so that it survives a crash and the loss of power once this returns;
    /// rolls back when it did not.
    pub(super) async fn end<T>(
        mut self,
        what: &'static str,
        work: Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let value = work.map_err(|error| self.writer.note(what, error))?;
        if self.to_commit {
            let committed = sqlx::query("COMMIT").execute(&mut self.connection).await;
            committed.map_err(|error| self.writer.note(what, error))?;
        }
        let Self { writer, mut held, connection, to_commit: _ } = self;
        held.connection = Some(connection);
        writer.is_troubled.store(false, Ordering::Release);
        Ok(value)
    }
}
