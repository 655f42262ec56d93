//! Looking into a ledger from outside, and filling one.

use std::path::Path;

use anyhow::Context as _;
use runwarden::{
    model::{DeliveryGuid, NewDelivery, Source, Timestamp},
    store::Store,
};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::JoinSet;

use crate::webhooks::Webhook;

/// A connection that only reads.
pub(crate) struct Ledger(SqliteConnection);

impl Ledger {
    /// Opens it; a daemon may be at work on it.
    pub(crate) async fn open(path: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        Ok(Self(SqliteConnection::connect_with(&options).await.context("cannot open the ledger")?))
    }

    /// Deliveries under a condition.
    pub(crate) async fn count(&mut self, condition: &str) -> anyhow::Result<usize> {
        let sql = format!("SELECT COUNT(*) FROM deliveries WHERE {condition}");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut self.0).await?;
        Ok(usize::try_from(count)?)
    }
}

/// Takes webhooks into a ledger that no daemon is at work on, so that they lie in its inbox.
pub(crate) async fn fill(path: &Path, webhooks: &[Webhook]) -> anyhow::Result<()> {
    /// At once; fewer than the queue takes.
    const AT_ONCE: usize = 256;
    let store = Store::open(path, now()).await?;
    let mut taking = JoinSet::new();
    for webhook in webhooks {
        let delivery = NewDelivery {
            guid: DeliveryGuid::parse(&webhook.guid)?,
            source: Source::Webhook,
            event: "workflow_run".to_owned(),
            received_at: now(),
            body: webhook.body().to_vec(),
        };
        let store = store.clone();
        taking.spawn(async move { store.ingest(delivery).await.map(drop) });
        if taking.len() >= AT_ONCE {
            taking.join_next().await.context("nothing is being taken in")???;
        }
    }
    while let Some(taken) = taking.join_next().await {
        taken??;
    }
    store.close().await;
    Ok(())
}

/// Whether the stored body of a webhook is the one that was sent.
pub(crate) async fn holds(path: &Path, webhook: &Webhook) -> anyhow::Result<bool> {
    let store = Store::open_beside(path).await?;
    let found = store.delivery_body(&DeliveryGuid::parse(&webhook.guid)?).await?;
    store.close().await;
    Ok(found.is_some_and(|(_, body)| body == webhook.body()))
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
