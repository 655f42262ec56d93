//! What became of runs after decisions on them, as far as the ledger tells.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    Store,
    conditions::Conditions,
    error::{StoreError, doing},
    rows,
};
use crate::model::{DecisionRow, RuleName, RunAttempt, RunId, RunSnapshot, Signal, Timestamp};

const DOING: &str = "read what became of a run";

/// What became of a run after a decision.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Later {
    /// The decisions on the same and on the next attempt that came after it, oldest first.
    pub seen: Vec<Seen>,
    /// What runwarden itself did to the attempt.
    pub done: Vec<Done>,
}

/// A run as a decision saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// When it was decided.
    pub decided_at: Timestamp,
    /// What made runwarden look.
    pub signal: Signal,
    /// The run.
    pub run: RunSnapshot,
    /// Who caused that.
    pub sender: Option<String>,
}

/// The same with the rows that it comes from.
struct Placed {
    seen: Seen,
    decision: i64,
    delivery: i64,
}

/// Something that runwarden did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The rule, or `command`.
    pub rule: String,
    /// The kind's word.
    pub kind: String,
}

impl Done {
    /// Whether a person asked for it.
    #[must_use]
    pub fn is_by_hand(&self) -> bool {
        self.rule == RuleName::COMMAND
    }
}

/// The part of the facts that counts here.
#[derive(Deserialize)]
struct SeenFacts {
    signal: Signal,
    run: RunSnapshot,
    sender: Option<String>,
}

impl Store {
    /// What became of the runs of these decisions, in their order. What cannot be read is left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn later(&self, decisions: &[&DecisionRow]) -> Result<Vec<Later>, StoreError> {
        let mut connection = self.inner.readers.acquire().await.map_err(doing(DOING))?;
        after(&mut connection, decisions).await
    }
}

/// The same on some connection: two queries for every 128 runs.
pub(super) async fn after(
    connection: &mut SqliteConnection,
    decisions: &[&DecisionRow],
) -> Result<Vec<Later>, StoreError> {
    let runs: HashSet<i64> = decisions.iter().map(|decision| decision.facts.run.id.0).collect();
    let runs: Vec<i64> = runs.into_iter().collect();
    let seen = seen(connection, &runs).await?;
    let done = done(connection, &runs).await?;
    Ok(decisions.iter().map(|decision| later(decision, &seen, &done)).collect())
}

fn later(
    decision: &DecisionRow,
    seen: &HashMap<RunId, Vec<Placed>>,
    done: &HashMap<(RunId, RunAttempt), Vec<Done>>,
) -> Later {
    let run = &decision.facts.run;
    let Some(attempt) = run.attempt else {
        return Later::default();
    };
    let next = RunAttempt(attempt.0.saturating_add(1));
    let is_after = |of: &&Placed| {
        of.delivery >= decision.delivery_id
            && of.decision != decision.id
            && of.seen.run.attempt.is_some_and(|of| of == attempt || of == next)
    };
    Later {
        seen: seen.get(&run.id).into_iter().flatten().filter(is_after).map(|of| of.seen.clone()).collect(),
        done: done.get(&(run.id, attempt)).cloned().unwrap_or_default(),
    }
}

/// Of every attempt the first decisions; a hundred jobs must not crowd out the run's own end.
async fn seen(
    connection: &mut SqliteConnection,
    runs: &[i64],
) -> Result<HashMap<RunId, Vec<Placed>>, StoreError> {
    const NUMBERED: &str = "WITH numbered AS (
         SELECT decisions.id AS id,
                ROW_NUMBER() OVER (
                  PARTITION BY decisions.run_id, decisions.run_attempt, deliveries.event = 'workflow_job'
                  ORDER BY decisions.delivery_id, decisions.id
                ) AS place
         FROM decisions
         JOIN deliveries ON deliveries.id = decisions.delivery_id";
    const FIRST: &str = ")
         SELECT decisions.id AS id, decisions.delivery_id AS delivery_id, decisions.decided_at AS decided_at,
                decisions.facts AS facts
         FROM numbered
         JOIN decisions ON decisions.id = numbered.id
         WHERE numbered.place <= 50
         ORDER BY decisions.delivery_id, decisions.id";
    let found = Conditions::default().fetch_of(connection, NUMBERED, ("decisions.run_id", runs), FIRST);
    let mut seen: HashMap<RunId, Vec<Placed>> = HashMap::new();
    for row in found.await.map_err(doing(DOING))? {
        if let Ok(one) = read(&row) {
            seen.entry(one.seen.run.id).or_default().push(one);
        }
    }
    Ok(seen)
}

fn read(row: &SqliteRow) -> Result<Placed, StoreError> {
    let SeenFacts { signal, run, sender } = rows::json(row, "facts")?;
    let decided_at = Timestamp(rows::get(row, "decided_at")?);
    let (decision, delivery) = (rows::get(row, "id")?, rows::get(row, "delivery_id")?);
    Ok(Placed { seen: Seen { decided_at, signal, run, sender }, decision, delivery })
}

async fn done(
    connection: &mut SqliteConnection,
    runs: &[i64],
) -> Result<HashMap<(RunId, RunAttempt), Vec<Done>>, StoreError> {
    let select = "SELECT DISTINCT run_id, run_attempt, rule, kind FROM actions";
    let found = Conditions::default().plain("state IN ('executing', 'done', 'uncertain')").fetch_of(
        connection,
        select,
        ("run_id", runs),
        "",
    );
    let mut done: HashMap<_, Vec<Done>> = HashMap::new();
    for row in found.await.map_err(doing(DOING))? {
        let of = (RunId(rows::get(&row, "run_id")?), RunAttempt(rows::get(&row, "run_attempt")?));
        let one = Done { rule: rows::get(&row, "rule")?, kind: rows::get(&row, "kind")? };
        done.entry(of).or_default().push(one);
    }
    Ok(done)
}
