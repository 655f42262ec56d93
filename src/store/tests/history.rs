//! Reading the history.

use super::{NOW, Place, decision, delivery, guid, judged, repository, rule, taken_in, verdict};
use crate::{
    model::{NewDelivery, RunId, Timestamp, Verdict},
    store::{HistoryEntry, HistoryFilter, Store},
};

fn everything() -> HistoryFilter {
    HistoryFilter { limit: 100, ..HistoryFilter::default() }
}

/// `guid: rule@run rule@run` for each entry.
fn outline(entries: &[HistoryEntry]) -> Vec<String> {
    let one = |entry: &HistoryEntry| {
        let runs = entry.decisions.iter().map(|one| {
            let rules: Vec<_> = one.actions.iter().map(|(action, _)| action.plan.rule.as_str()).collect();
            format!(" {}@{}", rules.join("+"), one.decision.facts.run.id)
        });
        format!("{}:{}", entry.delivery.guid, runs.collect::<String>())
    };
    entries.iter().map(one).collect()
}

async fn asked(store: &Store, filter: HistoryFilter) -> Vec<String> {
    outline(&store.history(&filter).await.unwrap())
}

/// Four deliveries: two judged, one of them on two runs, one parked, one pending.
async fn four(place: &Place) -> Store {
    let store = place.open().await;
    judged(&store, "one", vec![decision("Acme/API", 1, &["retry", "retry-main"])]).await;
    judged(&store, "two", vec![decision("acme/web", 2, &["retry"]), decision("acme/api", 3, &[])]).await;
    let parked = taken_in(&store, "three").await;
    store.park(parked, "not JSON", NOW).await.unwrap();
    store.ingest(NewDelivery { received_at: Timestamp(NOW.0 + 10), ..delivery("four") }).await.unwrap();
    store
}

#[tokio::test]
async fn all_come_newest_first_with_all_that_came_of_them() {
    let place = Place::new();
    let store = four(&place).await;
    assert_eq!(
        asked(&store, everything()).await,
        ["four:", "three:", "two: retry@2 @3", "one: retry+retry-main@1"]
    );
    let oldest = store.history(&everything()).await.unwrap().pop().unwrap();
    let decided = &oldest.decisions[0].decision;
    assert_eq!((decided.requests, decided.asked.join(", ").as_str()), (2, "GET /a, GET /b?page=2"));
    assert_eq!(asked(&store, HistoryFilter { limit: 2, ..everything() }).await, ["four:", "three:"]);
}

#[tokio::test]
async fn filters_on_decisions_leave_only_those_that_match() {
    let place = Place::new();
    let store = four(&place).await;
    let api = || Some(repository("ACME/api"));
    let of = |filter| asked(&store, filter);
    assert_eq!(
        of(HistoryFilter { repository: api(), ..everything() }).await,
        ["two: @3", "one: retry+retry-main@1"]
    );
    assert_eq!(of(HistoryFilter { run: Some(RunId(2)), ..everything() }).await, ["two: retry@2"]);
    assert_eq!(
        of(HistoryFilter { rule: Some(rule("retry")), ..everything() }).await,
        ["two: retry@2", "one: retry+retry-main@1"]
    );
    assert_eq!(
        of(HistoryFilter { rule: Some(rule("retry-main")), ..everything() }).await,
        ["one: retry+retry-main@1"]
    );
    assert!(of(HistoryFilter { rule: Some(rule("main")), ..everything() }).await.is_empty());
    let both = HistoryFilter { repository: api(), rule: Some(rule("retry")), ..everything() };
    assert_eq!(of(both).await, ["one: retry+retry-main@1"]);
}

#[tokio::test]
async fn filters_on_deliveries_go_together_with_those_on_decisions() {
    let place = Place::new();
    let store = four(&place).await;
    let of = |filter| asked(&store, filter);
    assert_eq!(of(HistoryFilter { since: Some(Timestamp(NOW.0 + 10)), ..everything() }).await, ["four:"]);
    assert_eq!(of(HistoryFilter { guid: Some(guid("three")), ..everything() }).await, ["three:"]);
    let one_run = HistoryFilter { guid: Some(guid("two")), run: Some(RunId(3)), ..everything() };
    assert_eq!(of(one_run).await, ["two: @3"]);
    let elsewhere = HistoryFilter { guid: Some(guid("one")), run: Some(RunId(3)), ..everything() };
    assert!(of(elsewhere).await.is_empty());
}

#[tokio::test]
async fn rule_is_found_by_what_it_said_and_not_when_it_did_not_match() {
    let place = Place::new();
    let store = place.open().await;
    let mut one = decision("acme/api", 1, &[]);
    one.verdicts = vec![verdict("unsure", Verdict::Unknown), verdict("elsewhere", Verdict::NotMatched)];
    judged(&store, "a", vec![one]).await;
    let of = |name| asked(&store, HistoryFilter { rule: Some(rule(name)), ..everything() });
    assert_eq!(of("unsure").await, ["a: @1"]);
    assert!(of("elsewhere").await.is_empty());
}

#[tokio::test]
async fn executions_stand_with_their_action() {
    let place = Place::new();
    let store = place.open().await;
    let ids = judged(&store, "a", vec![decision("acme/api", 1, &["first", "second"])]).await;
    store.begin_execution(ids[1], NOW).await.unwrap().unwrap();
    let all = store.history(&everything()).await.unwrap();
    let executions: Vec<_> =
        all[0].decisions[0].actions.iter().map(|(_, executions)| executions.len()).collect();
    assert_eq!(executions, [0, 1]);
}

#[tokio::test]
async fn more_than_fits_into_one_statement_comes_whole() {
    let place = Place::new();
    let store = place.open().await;
    let runs = (1..=300).map(|run| decision("acme/api", run, &["retry"])).collect();
    judged(&store, "sweep", runs).await;
    let all = store.history(&everything()).await.unwrap();
    assert_eq!(all[0].decisions.len(), 300);
    assert!(all[0].decisions.iter().all(|one| one.actions.len() == 1));
}

#[tokio::test]
async fn decision_that_cannot_be_read_is_said_and_hides_nothing_else() {
    let place = Place::new();
    let store = four(&place).await;
    sqlx::query("UPDATE decisions SET facts = '{}' WHERE run_id = 2")
        .execute(&mut place.raw().await)
        .await
        .unwrap();
    let all = store.history(&everything()).await.unwrap();
    assert_eq!(outline(&all), ["four:", "three:", "two: @3", "one: retry+retry-main@1"]);
    assert!(all[2].unreadable[0].contains("facts"), "{:?}", all[2].unreadable);
}
