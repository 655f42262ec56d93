//! The inbox: deliveries that wait to be judged, and those that cannot be.

use std::collections::HashSet;

use sqlx::{AssertSqlSafe, Row, sqlite::SqliteRow};

use super::{
    Store, body,
    conditions::Conditions,
    error::{StoreError, doing},
    rows,
};
use crate::model::{DeliveryGuid, DeliveryRow, Timestamp};

/// Bytes of packed bodies that one call hands out before it stops; at least one delivery always comes.
const AT_ONCE_BYTES: usize = 4 * 1024 * 1024;

/// A delivery whose turn it is.
#[derive(Debug, Clone, PartialEq)]
pub struct DueDelivery {
    /// The row.
    pub delivery: DeliveryRow,
    /// The body as it was received, or in words why it cannot be read: then it can only be parked.
    pub body: Result<Vec<u8>, String>,
}

impl Store {
    /// The pending deliveries that are due, the longest due first, without those that are `in_flight` already.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn due_deliveries(
        &self,
        now: Timestamp,
        limit: usize,
        in_flight: &[i64],
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let waiting = self.waiting(limit, in_flight).await?;
        let ids: Vec<i64> =
            waiting.into_iter().filter(|(_, due_at)| *due_at <= now).map(|(id, _)| id).collect();
        let mut due = Vec::with_capacity(ids.len());
        let mut bytes = 0;
        // A few at a time, so that a row of long bodies does not fill the memory.
        for ids in ids.chunks(16) {
            for row in self.with_bodies(ids).await? {
                bytes += row.try_get::<&[u8], _>("body").map_or(0, <[u8]>::len);
                due.extend(self.read_or_park(&row, now).await?);
            }
            if bytes > AT_ONCE_BYTES {
                break;
            }
        }
        Ok(due)
    }

    /// When the next pending delivery that is not `in_flight` is due; `None` when none is pending.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next_delivery_due(&self, in_flight: &[i64]) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.waiting(1, in_flight).await?.first().map(|(_, due_at)| *due_at))
    }

    /// Sets a pending delivery aside for a person, with the reason in words.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn park(&self, id: i64, reason: &str, now: Timestamp) -> Result<(), StoreError> {
        const DOING: &str = "park a delivery";
        let mut turn = self.inner.writer.begin(DOING).await?;
        let work = sqlx::query(
            "UPDATE deliveries
             SET state = 'parked', reason = $2, decided_at = $3
             WHERE id = $1
               AND state = 'pending'",
        )
        .bind(id)
        .bind(reason)
        .bind(now.0)
        .execute(turn.connection())
        .await;
        turn.end(DOING, work.map(drop)).await
    }

    /// Has a pending delivery wait until `due_at`, with the reason in words.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn postpone(
        &self,
        id: i64,
        due_at: Timestamp,
        reason: &str,
        counts_as_try: bool,
    ) -> Result<(), StoreError> {
        const DOING: &str = "postpone a delivery";
        let mut turn = self.inner.writer.begin(DOING).await?;
        let work = sqlx::query(
            "UPDATE deliveries
             SET due_at = $2, reason = $3, tries = tries + $4
             WHERE id = $1
               AND state = 'pending'",
        )
        .bind(id)
        .bind(due_at.0)
        .bind(reason)
        .bind(i64::from(counts_as_try))
        .execute(turn.connection())
        .await;
        turn.end(DOING, work.map(drop)).await?;
        self.inner.signals.inbox.notify_waiters();
        Ok(())
    }

    /// A delivery of that guid with its body.
    ///
    /// # Errors
    /// When the database cannot be read, or the stored body is damaged.
    pub async fn delivery_body(
        &self,
        guid: &DeliveryGuid,
    ) -> Result<Option<(DeliveryRow, Vec<u8>)>, StoreError> {
        let sql = format!("SELECT {}, codec, body FROM deliveries WHERE guid = $1", rows::DELIVERY);
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(guid.as_str())
            .fetch_optional(&self.inner.readers)
            .await
            .map_err(doing("read a delivery"))?;
        let Some(row) = row else { return Ok(None) };
        let body =
            unpacked(&row)?.map_err(|why| StoreError::Unreadable(format!("delivery {guid}: {why}")))?;
        Ok(Some((rows::delivery(&row)?, body)))
    }

    /// Up to `limit` pending deliveries with their due times, the longest due first.
    async fn waiting(&self, limit: usize, in_flight: &[i64]) -> Result<Vec<(i64, Timestamp)>, StoreError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT id, due_at
             FROM deliveries
             WHERE state = 'pending'
             ORDER BY due_at, id
             LIMIT $1",
        )
        .bind(i64::try_from(limit + in_flight.len()).unwrap_or(i64::MAX))
        .fetch_all(&self.inner.readers)
        .await
        .map_err(doing("read the inbox"))?;
        let in_flight: HashSet<i64> = in_flight.iter().copied().collect();
        let free = rows.into_iter().filter(|(id, _)| !in_flight.contains(id));
        Ok(free.take(limit).map(|(id, due_at)| (id, Timestamp(due_at))).collect())
    }

    async fn with_bodies(&self, ids: &[i64]) -> Result<Vec<SqliteRow>, StoreError> {
        let mut reader = self.inner.readers.acquire().await.map_err(doing("read the inbox"))?;
        let select = format!("SELECT {}, codec, body FROM deliveries", rows::DELIVERY);
        let pending = Conditions::default().plain("state = 'pending'");
        let found = pending.fetch_of(&mut reader, &select, ("id", ids), "ORDER BY due_at, id").await;
        found.map_err(doing("read deliveries"))
    }

    /// A row that cannot even be read is parked here, so that it does not hold up the others.
    async fn read_or_park(&self, row: &SqliteRow, now: Timestamp) -> Result<Option<DueDelivery>, StoreError> {
        match rows::delivery(row) {
            Ok(delivery) => Ok(Some(DueDelivery { delivery, body: unpacked(row)? })),
            Err(error) => {
                tracing::error!(%error, "a delivery is parked");
                self.park(rows::get(row, "id")?, &error.to_string(), now).await?;
                Ok(None)
            }
        }
    }
}

/// A row's body; or in words, why it cannot be read.
pub(super) fn unpacked(row: &SqliteRow) -> Result<Result<Vec<u8>, String>, StoreError> {
    Ok(body::unpack(rows::get(row, "codec")?, rows::get(row, "body")?))
}
