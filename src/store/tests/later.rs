//! What became of runs after decisions on them.

use super::*;
use crate::{
    model::DecisionRow,
    store::{HistoryFilter, Later},
};

/// A decision on that attempt of run 7, as a delivery of its own, of GitHub's event of that name.
async fn seen(store: &Store, name: &str, event: &str, attempt: u32, by: &[&str]) {
    store.ingest(NewDelivery { event: event.to_owned(), ..delivery(name) }).await.unwrap();
    let mut decision = decision("acme/api", 7, by);
    decision.facts.run.attempt = Some(RunAttempt(attempt));
    decision.facts.sender = Some(name.to_owned());
    decision.actions = by.iter().map(|rule| rerun(rule, &decision.facts.run, attempt)).collect();
    let (delivery, _) = store.delivery_body(&guid(name)).await.unwrap().unwrap();
    store.record(vec![decided(delivery.id, vec![decision])]).await.unwrap();
}

async fn rows(store: &Store) -> Vec<DecisionRow> {
    let all = HistoryFilter { limit: 10_000, ..HistoryFilter::default() };
    let mut entries = store.history(&all).await.unwrap();
    entries.reverse();
    entries.into_iter().flat_map(|entry| entry.decisions).map(|of| of.decision).collect()
}

fn senders(later: &Later) -> Vec<&str> {
    later.seen.iter().filter_map(|seen| seen.sender.as_deref()).collect()
}

#[tokio::test]
async fn what_came_after_is_of_the_same_and_the_next_attempt_and_in_order() {
    let place = Place::new();
    let store = place.open().await;
    for (name, attempt) in [("a", 1), ("b", 1), ("c", 2), ("d", 3), ("e", 1)] {
        seen(&store, name, "workflow_run", attempt, &[]).await;
    }
    judged(&store, "other", vec![decision("acme/api", 8, &["retry"])]).await;
    let rows = rows(&store).await;
    let asked: Vec<&DecisionRow> = rows.iter().collect();
    let later = store.later(&asked).await.unwrap();
    let of: Vec<_> = later.iter().map(senders).collect();
    let none: [&str; 0] = [];
    assert_eq!(of, [&["b", "c", "e"][..], &["c", "e"], &["d"], &none, &none, &none]);
}

#[tokio::test]
async fn only_what_may_have_reached_github_counts_as_done() {
    let place = Place::new();
    let store = place.open().await;
    seen(&store, "a", "workflow_run", 1, &["retry", "again", "later"]).await;
    let mut raw = place.raw().await;
    for (rule, state) in [("retry", "done"), ("again", "refused")] {
        let sql = "UPDATE actions SET state = $2 WHERE rule = $1";
        sqlx::query(sql).bind(rule).bind(state).execute(&mut raw).await.unwrap();
    }
    let rows = rows(&store).await;
    let later = store.later(&[&rows[0]]).await.unwrap();
    let done: Vec<_> = later[0].done.iter().map(|done| (done.rule.as_str(), done.kind.as_str())).collect();
    assert_eq!(done, [("retry", "rerun")]);
}

#[tokio::test]
async fn many_jobs_do_not_crowd_out_the_end_of_their_run() {
    let place = Place::new();
    let store = place.open().await;
    seen(&store, "observed", "workflow_run", 1, &["retry"]).await;
    for job in 0..60 {
        seen(&store, &format!("job-{job}"), "workflow_job", 1, &[]).await;
    }
    seen(&store, "end", "workflow_run", 1, &[]).await;
    let rows = rows(&store).await;
    let later = store.later(&[&rows[0]]).await.unwrap();
    let senders = senders(&later[0]);
    assert_eq!((senders.len(), senders.last()), (51, Some(&"end")));
}

#[tokio::test]
async fn a_page_of_many_runs_is_asked_for_at_once() {
    let place = Place::new();
    let store = place.open().await;
    judged(&store, "many", (1..=300).map(|run| decision("acme/api", run, &["retry"])).collect()).await;
    judged(&store, "more", (1..=300).map(|run| decision("acme/api", run, &[])).collect()).await;
    let rows = rows(&store).await;
    let asked: Vec<&DecisionRow> = rows.iter().take(300).collect();
    let later = store.later(&asked).await.unwrap();
    assert!(later.len() == 300 && later.iter().all(|later| later.seen.len() == 1));
    assert!(asked.iter().zip(&later).all(|(row, later)| later.seen[0].run.id == row.facts.run.id));
}
