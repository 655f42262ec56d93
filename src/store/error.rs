//! What can go wrong with the ledger, in the words that people read.

use std::{
    error::Error,
    path::{Path, PathBuf},
};

/// The store could not do what it was asked to: our own machine is at fault, not GitHub.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another daemon holds this ledger.
    #[error("another runwarden is running on {}: it holds the lock {}", path.display(), lock.display())]
    InUse {
        /// The ledger.
        path: PathBuf,
        /// The file that is locked.
        lock: PathBuf,
    },
    /// There is no ledger at this path.
    #[error("there is no ledger at {}: it is made when the daemon first starts", path.display())]
    NotThere {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A later version of runwarden has changed the ledger.
    #[error("the ledger {} was made by a later runwarden (its schema is {version}): use that version", path.display())]
    TooNew {
        /// The ledger.
        path: PathBuf,
        /// The migration in it that this version does not have.
        version: i64,
    },
    /// An earlier version made the ledger, and only the daemon may bring it up to date.
    #[error("the ledger {} is of an earlier runwarden: start the daemon, which brings it up to date", path.display())]
    TooOld {
        /// The ledger.
        path: PathBuf,
    },
    /// The file cannot serve as the ledger.
    #[error("cannot use {} as the ledger: {why}", path.display())]
    Unusable {
        /// The ledger.
        path: PathBuf,
        /// Why, in words.
        why: String,
    },
    /// The database refused a statement.
    #[error("cannot {doing}: {source}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A row holds what no version of runwarden writes.
    #[error("the ledger holds a row that cannot be read: {0}")]
    Unreadable(String),
    /// The store has been closed.
    #[error("the ledger is closed")]
    Closed,
}

/// Why a delivery was not taken in. It is not stored, and whoever sent it should send it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// As much is waiting to be written as may wait.
    #[error("the inbox's queue is full")]
    Full,
    /// The store has been closed.
    #[error("the ledger is closed")]
    Closed,
    /// The ledger cannot be written: disk full, broken, gone.
    #[error("{0}")]
    Broken(String),
}

/// Says what was being done when the database refused.
pub(super) fn doing(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| StoreError::Database { doing: what, source: Box::new(error) }
}

/// The same for what happens while a ledger is being opened.
pub(super) fn unusable(path: &Path, why: impl ToString) -> StoreError {
    StoreError::Unusable { path: path.to_owned(), why: why.to_string() }
}
