//! The ledger: four tables in SQLite and what breakers count by; the only module that knows SQL.
//!
//! One connection writes, in turns (`writer`); a few read. Deliveries are taken in by groups (`ingest`),
//! everything else is one short transaction a call. Nothing here knows what the rows mean to GitHub.

mod actions;
mod body;
mod breaker;
mod ceilings;
mod conditions;
mod connect;
mod counts;
mod error;
mod held;
mod history;
mod inbox;
mod ingest;
mod insert;
mod later;
mod notice;
mod open;
mod plan;
mod records;
mod rows;
mod writer;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use sqlx::SqlitePool;
use tokio::sync::Notify;

pub use actions::Finished;
pub use counts::Counts;
pub use error::{IngestError, StoreError};
pub use held::SetGoing;
pub use history::{DecisionEntry, HistoryEntry, HistoryFilter};
pub use inbox::DueDelivery;
pub use ingest::{QUEUE_BYTES, QUEUE_ENTRIES};
pub use insert::Ingested;
pub use later::{Done, Later, Seen};
pub use plan::{Decided, Recorded, RecordedAction};
pub use records::{Earlier, Record, Records};

use crate::model::{NewDelivery, Timestamp};

/// A handle on the ledger; clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    writer: Arc<writer::Writer>,
    readers: SqlitePool,
    queue: ingest::Queue,
    signals: Arc<Signals>,
    tally: counts::Tally,
    lock: Mutex<Option<File>>,
}

/// What tells the workers that there may be something to do.
#[derive(Default)]
struct Signals {
    inbox: Notify,
    plan: Notify,
    taken_in: AtomicU64,
}

impl Store {
    /// Opens the ledger for the daemon, making it if it is not there: takes its lock, brings its schema up to
    /// date, and has actions whose execution was cut off looked at again.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another daemon holds it, [`StoreError::TooNew`] when a later version made it,
    /// and others when the file cannot be used.
    pub async fn open(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let lock = open::lock(path)?;
        let writer = open::prepare(path, now).await?;
        Ok(Self::start(path, writer, Some(lock)))
    }

    /// Opens the ledger for a command, beside a daemon or without one: to read, and to hand deliveries in.
    ///
    /// # Errors
    /// [`StoreError::NotThere`] when there is none, [`StoreError::TooNew`] or [`StoreError::TooOld`] when its
    /// schema is not this version's, and others when the file cannot be used.
    pub async fn open_beside(path: &Path) -> Result<Self, StoreError> {
        let writer = open::prepare_beside(path).await?;
        Ok(Self::start(path, writer, None))
    }

    /// Whether a daemon is running on this ledger.
    ///
    /// # Errors
    /// When the lock cannot be asked for.
    pub fn is_in_use(path: &Path) -> Result<bool, StoreError> {
        if !path.is_file() {
            return Ok(false);
        }
        match open::lock(path) {
            Ok(_) => Ok(false),
            Err(StoreError::InUse { .. }) => Ok(true),
            Err(other) => Err(other),
        }
    }

    fn start(path: &Path, writer: writer::Writer, lock: Option<File>) -> Self {
        let writer = Arc::new(writer);
        let signals = Arc::new(Signals::default());
        let inner = Inner {
            path: path.to_owned(),
            readers: connect::readers(path),
            queue: ingest::Queue::start(Arc::clone(&writer), Arc::clone(&signals)),
            writer,
            signals,
            tally: counts::Tally::default(),
            lock: Mutex::new(lock),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Takes a delivery in. Once this returns `Ok`, it survives a crash and the loss of power. The same guid
    /// again is stored once; when the delivery is parked, it goes back into the inbox.
    ///
    /// # Errors
    /// [`IngestError::Full`] at once when too much waits to be written, [`IngestError::Broken`] when the ledger
    /// cannot be written, [`IngestError::Closed`] after [`Store::close`]. The delivery is not stored then.
    pub async fn ingest(&self, delivery: NewDelivery) -> Result<Ingested, IngestError> {
        self.inner.queue.ingest(delivery).await
    }

    /// How many deliveries this process has taken in and written: how fast it grows is how hard webhooks press.
    #[must_use]
    pub fn taken_in(&self) -> u64 {
        self.inner.signals.taken_in.load(Ordering::Relaxed)
    }

    /// Wakes all that wait when deliveries were committed or put off. Call `notified()` before looking into the
    /// inbox: what is committed after that call wakes it.
    #[must_use]
    pub fn inbox_changed(&self) -> &Notify {
        &self.inner.signals.inbox
    }

    /// The same for actions.
    #[must_use]
    pub fn plan_changed(&self) -> &Notify {
        &self.inner.signals.plan
    }

    /// Whether another process has written since this was last asked: then look again. May say yes without
    /// reason (the first time it does), never no.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn changed_outside(&self) -> Result<bool, StoreError> {
        self.inner.writer.changed_outside().await.map_err(error::doing("look for changes from outside"))
    }

    /// Where the ledger is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Closes in order: what was taken in is written, the log is copied into the database, the lock is released.
    /// All handles are closed with it.
    pub async fn close(&self) {
        self.inner.queue.close().await;
        self.inner.readers.close().await;
        if let Err(error) = self.inner.writer.close().await {
            tracing::warn!(%error, "the ledger was not closed in order; nothing is lost");
        }
        drop(self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.inner.path).finish_non_exhaustive()
    }
}
