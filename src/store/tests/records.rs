//! Reading the whole ledger by a connection that cannot write.

use super::*;
use crate::store::{Records, StoreError, records::AT_ONCE_BYTES};

const BEGINNING: Timestamp = Timestamp(0);

async fn guids(mut records: Records) -> Vec<String> {
    let mut guids = Vec::new();
    loop {
        let page = records.next().await.unwrap();
        if page.is_empty() {
            return guids;
        }
        guids.extend(page.into_iter().map(|record| record.entry.delivery.guid.to_string()));
    }
}

#[tokio::test]
async fn every_delivery_comes_once_and_in_order_over_all_pages() {
    let place = Place::new();
    let store = place.open().await;
    let names: Vec<String> = (0..600).map(|number| format!("g-{number}")).collect();
    for name in &names {
        store.ingest(delivery(name)).await.unwrap();
    }
    let records = Records::open(&place.path, BEGINNING).await.unwrap();
    store.ingest(delivery("too-late")).await.unwrap();
    assert_eq!(guids(records).await, names);
    let none = Records::open(&place.path, Timestamp(NOW.0 + 1)).await.unwrap();
    assert!(guids(none).await.is_empty());
}

#[tokio::test]
async fn what_planned_much_is_read_in_more_pages_and_whole() {
    let place = Place::new();
    let store = place.open().await;
    for name in ["a", "b"] {
        let many = (1..=400).map(|run| decision("acme/api", run, &["purge"])).collect();
        judged(&store, name, many).await;
    }
    let mut records = Records::open(&place.path, BEGINNING).await.unwrap();
    for name in ["a", "b"] {
        let page = records.next().await.unwrap();
        assert_eq!(page.len(), 1);
        assert_eq!(page[0].entry.delivery.guid.as_str(), name);
        assert_eq!(page[0].entry.decisions.len(), 400);
    }
    assert!(records.next().await.unwrap().is_empty());
}

/// So many bytes that a compressor makes little of, or nothing.
fn noise(bytes: usize, shrinks: bool) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..bytes).map(|at| if shrinks && at % 64 != 0 { b' ' } else { next() }).collect()
}

#[tokio::test]
async fn long_bodies_come_whole_and_a_page_holds_no_more_than_its_bound() {
    let place = Place::new();
    let store = place.open().await;
    let mib = 1024 * 1024;
    let mut lengths = vec![3 * mib; 7];
    // One that is longer than a page, short ones behind it, and two that just do not share a page.
    lengths.extend([AT_ONCE_BYTES + 1, 10, 10, AT_ONCE_BYTES / 2, AT_ONCE_BYTES / 2 + 1]);
    for shrinks in [true, false] {
        for (number, length) in lengths.iter().enumerate() {
            let body = noise(*length, shrinks);
            store.ingest(NewDelivery { body, ..delivery(&format!("{shrinks}-{number}")) }).await.unwrap();
        }
    }
    let mut records = Records::open(&place.path, BEGINNING).await.unwrap();
    let (mut found, mut pages) = (Vec::new(), Vec::new());
    loop {
        let page = records.next().await.unwrap();
        if page.is_empty() {
            break;
        }
        let page: Vec<usize> = page.into_iter().map(|record| record.body.unwrap().unwrap().len()).collect();
        let bytes: usize = page.iter().sum();
        assert!(bytes <= AT_ONCE_BYTES || page.len() == 1, "{page:?}");
        pages.push(page.len());
        found.extend(page);
    }
    assert_eq!(found, [lengths.clone(), lengths].concat());
    // The last body that shrinks shares a page with the first that does not.
    assert_eq!(pages, [2, 2, 2, 1, 1, 3, 2, 2, 2, 2, 1, 3, 1]);
}

#[tokio::test]
async fn only_what_was_not_judged_comes_with_its_body() {
    let place = Place::new();
    let store = place.open().await;
    judged(&store, "judged", vec![decision("acme/api", 1, &["retry"])]).await;
    taken_in(&store, "bare").await;
    let mut records = Records::open(&place.path, BEGINNING).await.unwrap();
    let page = records.next().await.unwrap();
    assert_eq!(page[0].body, None);
    assert_eq!(page[1].body, Some(Ok(delivery("bare").body)));
}

#[tokio::test]
async fn the_connection_cannot_write() {
    let place = Place::new();
    place.open().await.close().await;
    let mut connection =
        sqlx::ConnectOptions::connect(&super::super::connect::read_only(&place.path, false)).await.unwrap();
    let refused = sqlx::query("DELETE FROM deliveries").execute(&mut connection).await.unwrap_err();
    assert!(refused.to_string().contains("readonly"), "{refused}");
}

#[tokio::test]
async fn a_ledger_that_is_not_there_or_none_is_refused() {
    let place = Place::new();
    assert!(matches!(Records::open(&place.path, BEGINNING).await, Err(StoreError::NotThere { .. })));
    std::fs::write(&place.path, "no database, but long enough to be looked at as one").unwrap();
    assert!(matches!(Records::open(&place.path, BEGINNING).await, Err(StoreError::Unusable { .. })));
}
