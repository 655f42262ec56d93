//! What happens when the ledger cannot be written.

use sqlx::sqlite::SqliteConnectOptions;

use super::{NOW, Place, count, delivery, guid};
use crate::{
    model::NewDelivery,
    store::{IngestError, Ingested, Store},
};

/// Has the writer connect anew, with the file bounded to so many pages beyond its present size, or unbounded.
async fn bound(place: &Place, store: &Store, more_pages: Option<i64>) {
    let pages = count(place, "PRAGMA page_count").await;
    let mut held = store.inner.writer.hold().await;
    let most = more_pages.map_or(i64::from(u32::MAX) - 1, |more| pages + more);
    let options: SqliteConnectOptions = held.options.clone();
    held.options = options.pragma("max_page_count", most.to_string());
    held.connection = None;
}

/// A body that no codec makes smaller.
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[3]
    };
    (0..100_000).map(|_| next()).collect()
}

#[tokio::test]
async fn full_disk_refuses_deliveries_is_reported_and_is_over_when_there_is_room() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(store.health().await, Ok(()));
    bound(&place, &store, Some(3)).await;

    let large = NewDelivery { body: noise(), ..delivery("large") };
    let refused = store.ingest(large.clone()).await;
    assert!(matches!(&refused, Err(IngestError::Broken(why)) if why.contains("full")), "{refused:?}");
    assert!(store.health().await.unwrap_err().contains("full"));
    assert!(store.health().await.is_err(), "it is still full");
    assert_eq!(store.delivery_body(&guid("large")).await.unwrap(), None, "what was refused is not stored");

    bound(&place, &store, None).await;
    assert_eq!(store.health().await, Ok(()));
    assert_eq!(store.ingest(large).await, Ok(Ingested::Stored));
    assert_eq!(count(&place, "SELECT COUNT(*) FROM deliveries").await, 1, "the probe leaves no row");
}

#[tokio::test]
async fn small_deliveries_are_taken_in_again_after_one_did_not_fit() {
    let place = Place::new();
    let store = place.open().await;
    bound(&place, &store, Some(3)).await;
    assert!(store.ingest(NewDelivery { body: noise(), ..delivery("large") }).await.is_err());
    assert_eq!(store.ingest(delivery("small")).await, Ok(Ingested::Stored));
    assert_eq!(store.health().await, Ok(()), "the last write went well");
}

#[tokio::test]
async fn work_that_nobody_waits_for_any_more_is_rolled_back_and_holds_up_nobody() {
    let place = Place::new();
    let store = place.open().await;
    let mut turn = store.inner.writer.begin("test").await.unwrap();
    sqlx::query(
        "INSERT INTO deliveries (guid, source, event, state, due_at, received_at, codec, body)
                 VALUES ('abandoned', 'webhook', 'x', 'pending', 0, 0, 0, x'00')",
    )
    .execute(turn.connection())
    .await
    .unwrap();
    drop(turn);
    assert_eq!(store.ingest(delivery("a")).await, Ok(Ingested::Stored));
    let due = store.due_deliveries(NOW, 10, &[]).await.unwrap();
    assert_eq!(due.iter().map(|one| one.delivery.guid.as_str()).collect::<Vec<_>>(), ["a"]);
}
