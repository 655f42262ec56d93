//! Writing down what was decided.

use super::{NOW, Place, count, decided, decision, delivery, judged, per_run, rerun, taken_in};
use crate::{
    model::{ActionState, Gate, Lane, RunId, RunSnapshot},
    store::{Decided, Ingested},
};

#[tokio::test]
async fn decided_delivery_leaves_the_inbox_and_its_actions_are_due() {
    let place = Place::new();
    let store = place.open().await;
    let woken = store.plan_changed().notified();
    let ids = judged(&store, "a", vec![decision("Acme/API", 1, &["retry"])]).await;
    woken.await;
    assert!(store.due_deliveries(NOW, 10, &[]).await.unwrap().is_empty());
    let due = store.due_actions(Lane::Event, NOW, 10).await.unwrap();
    assert_eq!(due.iter().map(|action| action.id).collect::<Vec<_>>(), ids);
    let given = decision("Acme/API", 1, &["retry"]).actions;
    assert_eq!(due[0].plan, given[0], "what was planned comes back as it went in");
    assert_eq!(due[0].plan.repository.as_str(), "Acme/API");
    assert!(store.due_actions(Lane::Bulk, NOW, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn recording_twice_is_recording_once() {
    let place = Place::new();
    let store = place.open().await;
    let id = taken_in(&store, "a").await;
    let one = decided(id, vec![decision("acme/api", 1, &["retry"])]);
    let first = store.record(vec![one.clone()]).await.unwrap();
    let again = store.record(vec![one]).await.unwrap();
    assert!(first[0].was_pending && !again[0].was_pending);
    store.record(vec![decided(id, vec![decision("acme/api", 2, &["retry"])])]).await.unwrap();
    assert_eq!(count(&place, "SELECT COUNT(*) FROM decisions").await, 1);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM actions").await, 1);
}

#[tokio::test]
async fn same_action_key_from_two_deliveries_is_one_row() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(judged(&store, "hook", vec![decision("acme/api", 1, &["retry"])]).await.len(), 1);
    assert_eq!(judged(&store, "other-hook", vec![decision("acme/api", 1, &["retry"])]).await.len(), 0);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM actions").await, 1);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM decisions").await, 2);
}

#[tokio::test]
async fn one_run_at_two_environments_gives_two_decisions() {
    let place = Place::new();
    let store = place.open().await;
    let at = |environment: &str| {
        let mut one = decision("acme/api", 1, &[]);
        one.facts.gate = Some(Gate { environment: Some(environment.to_owned()), protection_rule: false });
        one
    };
    judged(&store, "a", vec![at("staging"), at("production"), at("staging")]).await;
    assert_eq!(count(&place, "SELECT COUNT(*) FROM decisions").await, 2);
}

#[tokio::test]
async fn per_run_is_counted_where_it_is_planned() {
    let place = Place::new();
    let store = place.open().await;
    let run = RunSnapshot::unknown(super::repository("acme/api"), RunId(1));
    let id = taken_in(&store, "a").await;
    let mut one = decision("acme/api", 1, &[]);
    let planned = (1..=3).map(|attempt| rerun("retry", &run, attempt));
    one.actions =
        planned.map(|action| crate::model::PlannedAction { bounds: per_run(2), ..action }).collect();
    let recorded = store.record(vec![decided(id, vec![one])]).await.unwrap();
    let seen: Vec<_> = recorded[0].actions.iter().map(|one| (one.state, one.reason.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (ActionState::Planned, None),
            (ActionState::Planned, None),
            (ActionState::Limited, Some("limits.per_run: 2 of 2 used")),
        ]
    );
    assert_eq!(count(&place, "SELECT COUNT(*) FROM actions WHERE state = 'limited'").await, 1);
    assert_eq!(store.counts().await.unwrap().planned, 2);

    let mut of_other_run = decision("acme/api", 2, &["retry"]);
    of_other_run.actions[0].bounds = per_run(1);
    judged(&store, "b", vec![of_other_run]).await;
    assert_eq!(store.counts().await.unwrap().planned, 3);
}

#[tokio::test]
async fn delivery_that_another_brings_forth_is_stored_with_it_and_once() {
    let place = Place::new();
    let store = place.open().await;
    let first = taken_in(&store, "tick").await;
    let second = taken_in(&store, "tick-again").await;
    let with =
        |id| Decided { deliveries: vec![delivery("share-1"), delivery("share-2")], ..decided(id, vec![]) };
    let recorded = store.record(vec![with(first), with(second)]).await.unwrap();
    assert_eq!(recorded.iter().map(|one| one.new_deliveries).collect::<Vec<_>>(), [2, 0]);
    assert_eq!(store.due_deliveries(NOW, 10, &[]).await.unwrap().len(), 2);
    assert_eq!(store.ingest(delivery("share-1")).await, Ok(Ingested::Duplicate));
}

#[tokio::test]
async fn batch_with_one_that_cannot_be_stored_stores_nothing() {
    let place = Place::new();
    let store = place.open().await;
    let id = taken_in(&store, "a").await;
    let mut broken = decision("acme/api", 1, &["retry"]);
    broken.facts.run.attempt = None;
    sqlx::raw_sql("DROP TABLE executions; DROP TABLE actions").execute(&mut place.raw().await).await.unwrap();
    assert!(store.record(vec![decided(id, vec![broken])]).await.is_err());
    assert_eq!(count(&place, "SELECT COUNT(*) FROM decisions").await, 0);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM deliveries WHERE state = 'pending'").await, 1);
}
