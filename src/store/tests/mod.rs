//! What the store promises, one claim a test; and the made-up rows that the tests share.

mod actions;
mod body;
mod failures;
mod history;
mod inbox;
mod ingest;
mod later;
mod limits;
mod open;
mod plan;
mod records;

use std::path::PathBuf;

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use super::{Decided, Store};
use crate::model::{
    Action, ActionKey, ActionState, Bounds, DeliveryGuid, Facts, Lane, NewDecision, NewDelivery,
    PlannedAction, RepositoryName, Requests, Rerun, RerunScope, RuleName, RuleVerdict, RunAttempt, RunId,
    RunSnapshot, Signal, Source, Timestamp, Verdict,
};

const NOW: Timestamp = Timestamp(1_768_000_000_000);

/// A folder that vanishes, with the path of a ledger in it.
struct Place {
    _folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("ledger.db"), _folder: folder }
    }

    async fn open(&self) -> Store {
        Store::open(&self.path, NOW).await.unwrap()
    }

    /// A connection that knows nothing of the store.
    async fn raw(&self) -> SqliteConnection {
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&self.path)).await.unwrap()
    }
}

fn guid(text: &str) -> DeliveryGuid {
    DeliveryGuid::parse(text).unwrap()
}

fn repository(text: &str) -> RepositoryName {
    RepositoryName::parse(text).unwrap()
}

fn rule(text: &str) -> RuleName {
    RuleName::parse(text).unwrap()
}

fn delivery(name: &str) -> NewDelivery {
    NewDelivery {
        guid: guid(name),
        source: Source::Webhook,
        event: "workflow_run".to_owned(),
        received_at: NOW,
        body: format!(r#"{{"action":"completed","name":"{name}"}}"#).into_bytes(),
    }
}

fn verdict(name: &str, verdict: Verdict) -> RuleVerdict {
    RuleVerdict { rule: rule(name), verdict, reason: "because".to_owned(), conditions: None }
}

/// A decision about a run, with one re-run by each of those rules.
fn decision(in_repository: &str, run: i64, by: &[&str]) -> NewDecision {
    let run = RunSnapshot {
        attempt: Some(RunAttempt(1)),
        ..RunSnapshot::unknown(repository(in_repository), RunId(run))
    };
    NewDecision {
        verdicts: by.iter().map(|name| verdict(name, Verdict::Matched)).collect(),
        requests: Requests { count: 2, asked: vec!["GET /a".to_owned(), "GET /b?page=2".to_owned()] },
        actions: by.iter().map(|name| rerun(name, &run, 1)).collect(),
        facts: Facts::of(Signal::RunCompleted, run),
    }
}

fn rerun(name: &str, run: &RunSnapshot, attempt: u32) -> PlannedAction {
    let action = Action::Rerun(Rerun::now(RerunScope::FailedJobs));
    PlannedAction {
        key: ActionKey::of_rule(&rule(name), run.id, RunAttempt(attempt), &action),
        rule: rule(name),
        action,
        repository: run.repository.clone(),
        installation: None,
        run: run.id,
        attempt: RunAttempt(attempt),
        judged_status: run.status.clone(),
        judged_conclusion: run.conclusion.clone(),
        lane: Lane::Event,
        state: ActionState::Planned,
        reason: None,
        due_at: NOW,
        bounds: Bounds::default(),
        runner_minutes: None,
    }
}

fn decided(delivery_id: i64, decisions: Vec<NewDecision>) -> Decided {
    Decided {
        delivery_id,
        decided_at: NOW,
        reason: Some("judged".to_owned()),
        decisions,
        endings: None,
        deliveries: Vec::new(),
    }
}

/// Takes a delivery in and gives its row's id.
async fn taken_in(store: &Store, name: &str) -> i64 {
    store.ingest(delivery(name)).await.unwrap();
    store.delivery_body(&guid(name)).await.unwrap().unwrap().0.id
}

/// Takes a delivery in and records those decisions on it; gives the ids of the actions that were stored.
async fn judged(store: &Store, name: &str, decisions: Vec<NewDecision>) -> Vec<i64> {
    let id = taken_in(store, name).await;
    let recorded = store.record(vec![decided(id, decisions)]).await.unwrap();
    recorded.iter().flat_map(|one| &one.actions).filter_map(|action| action.id).collect()
}

/// Bounds of one kind.
fn per_run(most: u32) -> Bounds {
    Bounds { per_run: Some(most), ..Bounds::default() }
}

async fn count(place: &Place, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut place.raw().await).await.unwrap()
}
