//! How many rows stand where, and whether the ledger can be written: for metrics and probes.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::SqliteConnection;

use super::{
    Store,
    error::{StoreError, doing},
};
use crate::model::ActionState;

/// The probe writes as much as this and takes it back, to see that the file may grow.
const PROBE_BYTES: usize = 64 * 1024;

/// How many rows stand where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries in the inbox.
    pub pending: u64,
    /// Deliveries set aside for a person.
    pub parked: u64,
    /// Actions that wait for their time.
    pub planned: u64,
    /// Actions under way.
    pub executing: u64,
    /// Actions that a person has to look at.
    pub uncertain: u64,
    /// Actions that a ceiling holds.
    pub held: u64,
    /// Breakers that hold re-runs.
    pub breakers: u64,
    /// Actions that reached a state that is not open, since this process opened the ledger: counting all that
    /// ever did would mean reading the whole history.
    pub settled: Vec<(ActionState, u64)>,
}

/// Counts what settles while the process runs.
#[derive(Default)]
pub(super) struct Tally([AtomicU64; ActionState::ALL.len()]);

impl Tally {
    pub(super) fn count(&self, state: ActionState) {
        for (known, count) in ActionState::ALL.iter().zip(&self.0) {
            if *known == state {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn settled(&self) -> Vec<(ActionState, u64)> {
        let all = ActionState::ALL.iter().zip(&self.0);
        let settled = all.filter(|(state, _)| !state.is_open());
        settled.map(|(state, count)| (*state, count.load(Ordering::Relaxed))).collect()
    }
}

impl Store {
    /// Counts, by indexes that hold only what is counted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT 'pending', COUNT(*)
             FROM deliveries
             WHERE state = 'pending'
             UNION ALL
             SELECT 'parked', COUNT(*)
             FROM deliveries
             WHERE state = 'parked'
             UNION ALL
             SELECT state, COUNT(*)
             FROM actions
             WHERE state IN ('planned', 'executing', 'uncertain')
             GROUP BY state
             UNION ALL
             SELECT 'held', COUNT(*)
             FROM actions
             WHERE state = 'held'
             UNION ALL
             SELECT 'breakers', COUNT(*)
             FROM breakers
             WHERE state <> 'closed'",
        )
        .fetch_all(&self.inner.readers)
        .await
        .map_err(doing("count"))?;
        let of = |word: &str| {
            let found = rows.iter().find(|(state, _)| state == word);
            found.map_or(0, |(_, count)| u64::try_from(*count).unwrap_or(0))
        };
        Ok(Counts {
            pending: of("pending"),
            parked: of("parked"),
            planned: of("planned"),
            executing: of("executing"),
            uncertain: of("uncertain"),
            held: of("held"),
            breakers: of("breakers"),
            settled: self.inner.tally.settled(),
        })
    }

    /// Whether the ledger can be written. It costs nothing while writes succeed; after one that failed, each call
    /// tries to write until that works again.
    ///
    /// # Errors
    /// Why it cannot, in words.
    pub async fn health(&self) -> Result<(), String> {
        if self.inner.writer.trouble().is_none() {
            return Ok(());
        }
        self.probe().await.map_err(|error| error.to_string())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        const DOING: &str = "write to the ledger";
        let mut turn = self.inner.writer.begin(DOING).await?;
        let work = write_and_take_back(turn.connection()).await;
        turn.end(DOING, work).await
    }
}

/// Takes new pages and commits some: a file that may not grow and a disk that is full both refuse.
async fn write_and_take_back(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO deliveries (guid, source, event, state, due_at, received_at, codec, body)
         VALUES ('runwarden probe', 'recovery', 'probe', 'decided', 0, 0, 0, $1)
         RETURNING id",
    )
    .bind(vec![0_u8; PROBE_BYTES])
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query(
        "DELETE FROM deliveries
         WHERE id = $1",
    )
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}
