//! How connections to the database are set up.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// Another process, a command beside the daemon, may hold the write lock for as long as this.
const BUSY: Duration = Duration::from_secs(5);

/// Of a database that is made anew. With 8192, taking in costs a few percent less and deciding a fifth more; the
/// file is as large.
const PAGE_BYTES: u32 = 4096;

/// Pages of the write-ahead log after which a commit copies them into the database.
const CHECKPOINT_PAGES: &str = "1000";

/// Negative: kibibytes. The writer keeps the inner pages of its indexes at hand.
const WRITER_CACHE: &str = "-2000";

/// The same for each reader.
const READER_CACHE: &str = "-1000";

/// What the log file is cut back to after a checkpoint, in bytes.
const LOG_LIMIT: &str = "16777216";

/// Readers at the same time.
const READERS: u32 = 2;

/// The one connection that writes. A commit is on the disk when it returns.
pub(super) fn writer(path: &Path, create: bool) -> SqliteConnectOptions {
    both(path)
        .create_if_missing(create)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose what was acknowledged when the power fails, and grouped commits make FULL cheap.
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", LOG_LIMIT)
        .pragma("cache_size", WRITER_CACHE)
        .thread_name(|_| "ledger-writer".to_owned())
}

/// The connections that read; they connect when they are first needed.
pub(super) fn readers(path: &Path) -> SqlitePool {
    let options = both(path)
        .read_only(true)
        .pragma("cache_size", READER_CACHE)
        .thread_name(|id| format!("ledger-read-{id}"));
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(30))
        .connect_lazy_with(options)
}

/// A connection that cannot write. Where not even the files beside the database can be made (a copy in a folder that
/// cannot be written) it is read as it lies, which is only right while nobody else has it open.
pub(super) fn read_only(path: &Path, as_it_lies: bool) -> SqliteConnectOptions {
    both(path)
        .read_only(true)
        .immutable(as_it_lies)
        .pragma("query_only", "ON")
        .pragma("cache_size", READER_CACHE)
}

fn both(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(64)
        .row_buffer_size(128)
        .disable_statement_logging()
}
