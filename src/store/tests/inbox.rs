//! Deliveries that wait.

use super::{NOW, Place, delivery, taken_in};
use crate::model::{NewDelivery, Timestamp};

fn later(ms: i64) -> Timestamp {
    Timestamp(NOW.0 + ms)
}

#[tokio::test]
async fn due_deliveries_come_longest_due_first_without_those_in_flight() {
    let place = Place::new();
    let store = place.open().await;
    let mut ids = Vec::new();
    for (name, received) in [("third", 30), ("first", 10), ("second", 20), ("not-yet", 99)] {
        let new = NewDelivery { received_at: later(received), ..delivery(name) };
        store.ingest(new).await.unwrap();
        ids.push(store.delivery_body(&super::guid(name)).await.unwrap().unwrap().0.id);
    }
    let due = store.due_deliveries(later(50), 10, &[ids[1]]).await.unwrap();
    let seen: Vec<_> = due.iter().map(|one| one.delivery.guid.as_str()).collect();
    assert_eq!(seen, ["second", "third"]);
    assert_eq!(due[0].body, Ok(delivery("second").body));
    assert_eq!(store.due_deliveries(later(50), 1, &[ids[1]]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn next_due_time_leaves_out_what_is_in_flight() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(store.next_delivery_due(&[]).await.unwrap(), None);
    let first = taken_in(&store, "a").await;
    store.ingest(NewDelivery { received_at: later(500), ..delivery("b") }).await.unwrap();
    assert_eq!(store.next_delivery_due(&[]).await.unwrap(), Some(NOW));
    assert_eq!(store.next_delivery_due(&[first]).await.unwrap(), Some(later(500)));
}

#[tokio::test]
async fn postponed_delivery_waits_and_says_why() {
    let place = Place::new();
    let store = place.open().await;
    let id = taken_in(&store, "a").await;
    store.postpone(id, later(1_000), "GitHub answers 502", true).await.unwrap();
    store.postpone(id, later(2_000), "the hourly limit is used up", false).await.unwrap();
    assert!(store.due_deliveries(later(1_999), 10, &[]).await.unwrap().is_empty());
    let due = store.due_deliveries(later(2_000), 10, &[]).await.unwrap();
    assert_eq!(due[0].delivery.tries, 1);
    assert_eq!(due[0].delivery.reason.as_deref(), Some("the hourly limit is used up"));
}

#[tokio::test]
async fn damaged_body_does_not_hold_up_the_others() {
    let place = Place::new();
    let store = place.open().await;
    for name in ["a", "b", "c"] {
        taken_in(&store, name).await;
    }
    sqlx::query("UPDATE deliveries SET codec = 1, body = x'0badf00d' WHERE guid = 'b'")
        .execute(&mut place.raw().await)
        .await
        .unwrap();
    let due = store.due_deliveries(NOW, 10, &[]).await.unwrap();
    let readable: Vec<_> = due.iter().map(|one| (one.delivery.guid.as_str(), one.body.is_ok())).collect();
    assert_eq!(readable, [("a", true), ("b", false), ("c", true)]);
}

#[tokio::test]
async fn row_that_cannot_be_read_is_parked_and_says_why() {
    let place = Place::new();
    let store = place.open().await;
    taken_in(&store, "a").await;
    taken_in(&store, "b").await;
    sqlx::query("UPDATE deliveries SET guid = 'two words' WHERE guid = 'a'")
        .execute(&mut place.raw().await)
        .await
        .unwrap();
    let due = store.due_deliveries(NOW, 10, &[]).await.unwrap();
    assert_eq!(due.iter().map(|one| one.delivery.guid.as_str()).collect::<Vec<_>>(), ["b"]);
    let reason: String = sqlx::query_scalar("SELECT reason FROM deliveries WHERE state = 'parked'")
        .fetch_one(&mut place.raw().await)
        .await
        .unwrap();
    assert!(reason.contains("two words"), "{reason}");
}
