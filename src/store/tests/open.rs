//! Opening and closing the ledger.

use super::{NOW, Place, count, decision, delivery, guid, judged, taken_in};
use crate::{
    model::{ActionState, Lane, Timestamp},
    store::{HistoryFilter, Ingested, Store, StoreError},
};

#[tokio::test]
async fn second_daemon_is_refused_until_the_first_closes() {
    let place = Place::new();
    let store = place.open().await;
    let error = Store::open(&place.path, NOW).await.unwrap_err();
    assert!(matches!(&error, StoreError::InUse { path, .. } if *path == place.path), "{error}");
    assert!(Store::is_in_use(&place.path).unwrap());
    store.close().await;
    assert!(!Store::is_in_use(&place.path).unwrap());
    place.open().await;
}

#[tokio::test]
async fn command_reads_and_ingests_beside_a_daemon_which_notices() {
    let place = Place::new();
    let daemon = place.open().await;
    taken_in(&daemon, "a").await;
    daemon.changed_outside().await.unwrap();
    taken_in(&daemon, "b").await;
    assert!(!daemon.changed_outside().await.unwrap());

    let beside = Store::open_beside(&place.path).await.unwrap();
    assert!(beside.delivery_body(&guid("a")).await.unwrap().is_some());
    assert_eq!(beside.ingest(delivery("c")).await, Ok(Ingested::Stored));
    assert!(daemon.changed_outside().await.unwrap());
    assert!(!daemon.changed_outside().await.unwrap());
    assert_eq!(daemon.due_deliveries(NOW, 10, &[]).await.unwrap().len(), 3);
}

#[tokio::test]
async fn command_makes_no_ledger() {
    let place = Place::new();
    let error = Store::open_beside(&place.path).await.unwrap_err();
    assert!(matches!(error, StoreError::NotThere { .. }), "{error}");
    assert!(!place.path.exists());
}

#[tokio::test]
async fn ledger_of_a_later_version_is_refused() {
    let place = Place::new();
    place.open().await.close().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of the future', 1, x'00', 0)",
    )
    .execute(&mut place.raw().await)
    .await
    .unwrap();
    let error = Store::open(&place.path, NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::TooNew { version: 9999, .. }), "{error}");
    let error = Store::open_beside(&place.path).await.unwrap_err();
    assert!(matches!(error, StoreError::TooNew { version: 9999, .. }), "{error}");
}

#[tokio::test]
async fn file_that_is_no_database_is_refused_and_left_alone() {
    let place = Place::new();
    let text = "this is a letter, not a ledger; ".repeat(100);
    std::fs::write(&place.path, &text).unwrap();
    let error = Store::open(&place.path, NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&place.path).unwrap(), text);
}

#[tokio::test]
async fn rows_of_the_first_schema_survive_all_migrations() {
    let place = Place::new();
    let raw = sqlx::sqlite::SqliteConnectOptions::new().filename(&place.path).create_if_missing(true);
    let mut raw = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&raw).await.unwrap();
    sqlx::migrate!().run_to(1, &mut raw).await.unwrap();
    sqlx::raw_sql(include_str!("ledger_1.sql")).execute(&mut raw).await.unwrap();
    drop(raw);

    let store = place.open().await;
    let all = store.history(&HistoryFilter { limit: 10, ..HistoryFilter::default() }).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].unreadable, Vec::<String>::new());
    let (action, executions) = &all[0].decisions[0].actions[0];
    assert_eq!((action.plan.state, executions.len()), (ActionState::Done, 1));
    assert_eq!(store.delivery_body(&guid("first")).await.unwrap().unwrap().1, b"{}");
}

#[tokio::test]
async fn execution_that_was_cut_off_is_marked_and_its_action_comes_again() {
    let place = Place::new();
    let store = place.open().await;
    let ids = judged(&store, "a", vec![decision("acme/api", 1, &["cut-off", "untouched"])]).await;
    store.begin_execution(ids[0], NOW).await.unwrap().unwrap();
    store.close().await;

    let later = Timestamp(NOW.0 + 60_000);
    let store = Store::open(&place.path, later).await.unwrap();
    let due = store.due_actions(Lane::Event, Timestamp(later.0 + 1_000), 10).await.unwrap();
    let seen: Vec<_> = due.iter().map(|action| (action.id, action.interrupted, action.tries)).collect();
    assert_eq!(seen, [(ids[1], false, 0), (ids[0], true, 1)]);
    assert_eq!(due[1].plan.due_at, Timestamp(later.0 + 1_000));
    let marked = "SELECT COUNT(*) FROM executions WHERE outcome = 'interrupted' AND finished_at IS NULL";
    assert_eq!(count(&place, marked).await, 1);
}
