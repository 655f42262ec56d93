//! Taking deliveries in.

use std::{
    collections::HashSet,
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use super::{Place, count, delivery, guid, taken_in};
use crate::{
    model::NewDelivery,
    store::{IngestError, Ingested, QUEUE_BYTES, QUEUE_ENTRIES, Store, body},
};

#[tokio::test]
async fn what_was_ingested_is_seen_by_a_connection_of_its_own() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(store.ingest(delivery("a")).await, Ok(Ingested::Stored));
    assert_eq!(
        count(&place, "SELECT COUNT(*) FROM deliveries WHERE guid = 'a' AND state = 'pending'").await,
        1
    );
}

#[tokio::test]
async fn duplicate_guid_is_stored_once() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(store.ingest(delivery("a")).await, Ok(Ingested::Stored));
    assert_eq!(store.ingest(delivery("a")).await, Ok(Ingested::Duplicate));
    assert_eq!(count(&place, "SELECT COUNT(*) FROM deliveries").await, 1);
}

#[tokio::test]
async fn many_at_once_are_each_stored_once_and_answered_for_themselves() {
    let place = Place::new();
    let store = place.open().await;
    let twice: Vec<String> = (0..300).map(|number| format!("guid-{}", number % 200)).collect();
    let tasks = twice.iter().map(|name| ingest_apart(&store, delivery(name)));
    let tasks: Vec<_> = tasks.collect();
    let mut stored = 0;
    for task in tasks {
        stored += usize::from(task.await.unwrap() == Ok(Ingested::Stored));
    }
    assert_eq!(stored, 200);
    for name in twice.iter().collect::<HashSet<_>>() {
        let (_, body) = store.delivery_body(&guid(name)).await.unwrap().unwrap();
        assert_eq!(body, delivery(name).body, "{name} has another's body");
    }
}

fn ingest_apart(
    store: &Store,
    delivery: NewDelivery,
) -> tokio::task::JoinHandle<Result<Ingested, IngestError>> {
    let store = store.clone();
    tokio::spawn(async move { store.ingest(delivery).await })
}

#[tokio::test]
async fn duplicate_of_a_parked_delivery_puts_it_back() {
    let place = Place::new();
    let store = place.open().await;
    let id = taken_in(&store, "a").await;
    store.park(id, "no such repository", super::NOW).await.unwrap();
    assert!(store.due_deliveries(super::NOW, 10, &[]).await.unwrap().is_empty());

    assert_eq!(store.ingest(delivery("a")).await, Ok(Ingested::Revived));
    let due = store.due_deliveries(super::NOW, 10, &[]).await.unwrap();
    assert_eq!(due.iter().map(|one| one.delivery.id).collect::<Vec<_>>(), [id]);
}

#[tokio::test]
async fn full_queue_refuses_at_once() {
    let place = Place::new();
    let store = place.open().await;
    // Nothing is written while a turn is held.
    let turn = store.inner.writer.begin("test").await.unwrap();
    let mut tasks = Vec::new();
    // Twice: of the first wave the task that writes has taken some out of the queue before it waits.
    for wave in 0..2 {
        for number in 0..QUEUE_ENTRIES {
            tasks.push(ingest_apart(&store, delivery(&format!("{wave}-{number}"))));
        }
        for _ in 0..tasks.len() {
            tokio::task::yield_now().await;
        }
    }
    let mut refused = pin!(store.ingest(delivery("one-too-many")));
    let at_once = poll_fn(|context| Poll::Ready(refused.as_mut().poll(context))).await;
    assert_eq!(at_once, Poll::Ready(Err(IngestError::Full)));
    drop(turn);
    let mut stored = 0;
    for task in tasks {
        match task.await.unwrap() {
            Err(IngestError::Full) => {}
            other => stored += usize::from(other == Ok(Ingested::Stored)),
        }
    }
    assert!(stored >= QUEUE_ENTRIES, "only {stored} were stored");
}

#[tokio::test]
async fn full_memory_refuses_until_there_is_room() {
    let place = Place::new();
    let store = place.open().await;
    let share = store.inner.queue.share(QUEUE_BYTES).unwrap();
    assert_eq!(store.ingest(delivery("a")).await, Err(IngestError::Full));
    drop(share);
    assert_eq!(store.ingest(delivery("a")).await, Ok(Ingested::Stored));
}

#[tokio::test]
async fn closing_writes_what_was_taken_and_then_refuses() {
    let place = Place::new();
    let store = place.open().await;
    let task = ingest_apart(&store, delivery("a"));
    tokio::task::yield_now().await;
    store.close().await;
    assert_eq!(task.await.unwrap(), Ok(Ingested::Stored));
    assert_eq!(store.ingest(delivery("b")).await, Err(IngestError::Closed));
    assert_eq!(count(&place, "SELECT COUNT(*) FROM deliveries").await, 1);
}

#[tokio::test]
async fn long_bodies_come_back_as_they_went_in() {
    let place = Place::new();
    let store = place.open().await;
    let body: Vec<u8> = (0..2 * body::LONG_BODY_BYTES).map(|at| (at % 251) as u8).collect();
    store.ingest(NewDelivery { body: body.clone(), ..delivery("long") }).await.unwrap();
    let (_, stored) = store.delivery_body(&guid("long")).await.unwrap().unwrap();
    assert!(stored == body);
}

#[tokio::test]
async fn ingest_wakes_who_waited_before() {
    let place = Place::new();
    let store = place.open().await;
    let woken = store.inbox_changed().notified();
    store.ingest(delivery("a")).await.unwrap();
    woken.await;
}
