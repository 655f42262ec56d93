//! Writing down what was decided: decisions with the actions that they plan, all of a batch or nothing.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;

use super::{
    Store, breaker,
    ceilings::{self, Standing},
    error::StoreError,
    insert::{self, Packed},
};
use crate::model::{
    ActionKey, ActionState, Breaker, Ending, Gate, NewDecision, NewDelivery, PlannedAction, RuleName,
    Timestamp, Verdict,
};

/// A delivery that has been judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The delivery.
    pub delivery_id: i64,
    /// When.
    pub decided_at: Timestamp,
    /// What came of it in a few words.
    pub reason: Option<String>,
    /// The decisions, one for each run (and environment) that was judged.
    pub decisions: Vec<NewDecision>,
    /// How runs or jobs ended that it tells of, and the breaker that counts them.
    pub endings: Option<(Breaker, Vec<Ending>)>,
    /// Deliveries that it brings forth; one whose guid is known already is not stored again.
    pub deliveries: Vec<NewDelivery>,
}

/// What was stored of a [`Decided`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The delivery.
    pub delivery_id: i64,
    /// Whether it was pending until now; if not, nothing was stored.
    pub was_pending: bool,
    /// The actions, in the order given.
    pub actions: Vec<RecordedAction>,
    /// How many deliveries of those brought forth are new.
    pub new_deliveries: usize,
}

/// What became of a [`PlannedAction`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAction {
    /// Its key.
    pub key: ActionKey,
    /// Its row; `None` when there is one of that key already, and nothing was stored.
    pub id: Option<i64>,
    /// Its state: as given, limited, or held.
    pub state: ActionState,
    /// Why it is not planned.
    pub reason: Option<String>,
}

/// A [`Decided`] with its texts ready, so that nothing is computed while others wait for their turn.
struct Prepared {
    delivery_id: i64,
    decided_at: Timestamp,
    reason: Option<String>,
    decisions: Vec<Texts>,
    endings: Option<(Breaker, Vec<Ending>)>,
    deliveries: Vec<Packed>,
}

struct Texts {
    decision: NewDecision,
    facts: String,
    verdicts: String,
    params: Vec<String>,
}

impl Store {
    /// Stores what was decided, in one transaction: once this returns `Ok`, all of it is durable. A delivery that
    /// is no longer pending is passed over, and of an action whose key is known nothing is stored, so that doing
    /// this twice is the same as once. Give at most about 128 deliveries at a time: others wait meanwhile.
    ///
    /// # Errors
    /// When the database cannot be written; nothing is stored then.
    pub async fn record(&self, batch: Vec<Decided>) -> Result<Vec<Recorded>, StoreError> {
        const DOING: &str = "record decisions";
        let counts = batch.iter().any(|decided| decided.endings.is_some());
        let batch = batch.into_iter().map(prepare).collect::<Result<Vec<_>, _>>()?;
        let mut turn = self.inner.writer.begin(DOING).await?;
        let work = store(turn.connection(), &batch).await;
        let recorded = turn.end(DOING, work).await?;
        self.announce(&recorded);
        if counts {
            // A breaker may have let go of what it held.
            self.inner.signals.plan.notify_waiters();
        }
        Ok(recorded)
    }

    fn announce(&self, recorded: &[Recorded]) {
        let actions = || recorded.iter().flat_map(|one| &one.actions).filter(|action| action.id.is_some());
        for action in actions().filter(|action| !action.state.is_open()) {
            self.inner.tally.count(action.state);
        }
        if actions().any(|action| action.state.is_open()) {
            self.inner.signals.plan.notify_waiters();
        }
        if recorded.iter().any(|one| one.new_deliveries > 0) {
            self.inner.signals.inbox.notify_waiters();
        }
    }
}

fn prepare(decided: Decided) -> Result<Prepared, StoreError> {
    let Decided { delivery_id, decided_at, reason, decisions, endings, deliveries } = decided;
    let decisions = decisions.into_iter().map(texts).collect::<Result<Vec<_>, serde_json::Error>>();
    let decisions = decisions.map_err(|error| StoreError::Database {
        doing: "write a decision as JSON",
        source: Box::new(error),
    })?;
    let deliveries = deliveries.into_iter().map(insert::pack).collect();
    Ok(Prepared { delivery_id, decided_at, reason, decisions, endings, deliveries })
}

fn texts(decision: NewDecision) -> Result<Texts, serde_json::Error> {
    let params = decision.actions.iter().map(|planned| serde_json::to_string(&planned.action));
    Ok(Texts {
        facts: serde_json::to_string(&decision.facts)?,
        verdicts: serde_json::to_string(&decision.verdicts)?,
        params: params.collect::<Result<_, _>>()?,
        decision,
    })
}

async fn store(connection: &mut SqliteConnection, batch: &[Prepared]) -> Result<Vec<Recorded>, sqlx::Error> {
    let mut recorded = Vec::with_capacity(batch.len());
    for one in batch {
        let delivery_id = one.delivery_id;
        let was_pending = mark_decided(connection, one).await?;
        let mut actions = Vec::new();
        let mut new_deliveries = 0;
        if was_pending {
            if let Some((breaker, endings)) = &one.endings {
                breaker::count(connection, breaker, endings, one.decided_at).await?;
            }
            for texts in &one.decisions {
                store_decision(connection, one, texts, &mut actions).await?;
            }
            let stored = insert::insert_new(connection, &one.deliveries).await?;
            new_deliveries = stored;
        }
        recorded.push(Recorded { delivery_id, was_pending, actions, new_deliveries });
    }
    Ok(recorded)
}

async fn mark_decided(connection: &mut SqliteConnection, decided: &Prepared) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE deliveries
         SET state = 'decided', reason = $2, decided_at = $3
         WHERE id = $1
           AND state = 'pending'",
    )
    .bind(decided.delivery_id)
    .bind(decided.reason.as_deref())
    .bind(decided.decided_at.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

async fn store_decision(
    connection: &mut SqliteConnection,
    decided: &Prepared,
    texts: &Texts,
    actions: &mut Vec<RecordedAction>,
) -> Result<(), sqlx::Error> {
    let facts = &texts.decision.facts;
    let inserted: Option<i64> = sqlx::query_scalar(
        "INSERT INTO decisions (delivery_id, repository, run_id, run_attempt, environment, rules, requests,
                                asked, decided_at, facts, verdicts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (delivery_id, run_id, environment) DO NOTHING
         RETURNING id",
    )
    .bind(decided.delivery_id)
    .bind(facts.run.repository.key())
    .bind(facts.run.id.0)
    .bind(facts.run.attempt.map(|attempt| attempt.0))
    .bind(facts.gate.as_ref().and_then(environment).unwrap_or(""))
    .bind(rules(&texts.decision))
    .bind(texts.decision.requests.count)
    .bind(asked(&texts.decision.requests.asked))
    .bind(decided.decided_at.0)
    .bind(texts.facts.as_str())
    .bind(texts.verdicts.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(decision_id) = inserted else {
        return Ok(());
    };
    for (planned, params) in texts.decision.actions.iter().zip(&texts.params) {
        actions.push(store_action(connection, decision_id, decided.decided_at, planned, params).await?);
    }
    Ok(())
}

/// A line each; a request's target has no line break.
fn asked(requests: &[String]) -> Option<String> {
    (!requests.is_empty()).then(|| requests.join("\n"))
}

fn environment(gate: &Gate) -> Option<&str> {
    gate.environment.as_deref()
}

/// The rules under which a decision is found: whose verdict is more than "not matched", or who wants an action.
fn rules(decision: &NewDecision) -> String {
    let heard = decision.verdicts.iter().filter(|verdict| verdict.verdict != Verdict::NotMatched);
    let heard = heard.map(|verdict| &verdict.rule);
    let wanting = decision.actions.iter().map(|planned| &planned.rule);
    let names: BTreeSet<&str> = heard.chain(wanting).map(RuleName::as_str).collect();
    names.into_iter().fold(String::from(" "), |list, name| list + name + " ")
}

async fn store_action(
    connection: &mut SqliteConnection,
    decision_id: i64,
    planned_at: Timestamp,
    planned: &PlannedAction,
    params: &str,
) -> Result<RecordedAction, sqlx::Error> {
    let standing = match planned.state {
        ActionState::Planned => ceilings::standing(connection, planned, None, planned_at).await?,
        _ => Standing::Free,
    };
    let (state, reason, due_at, held_by) = match standing {
        Standing::Free => (planned.state, planned.reason.clone(), planned.due_at, None),
        Standing::Limited(reason) => (ActionState::Limited, Some(reason), planned.due_at, None),
        Standing::Held { by, reason, until } => {
            (ActionState::Held, Some(reason), planned.due_at.max(until), Some(by))
        }
    };
    let is_spent = state == ActionState::Planned && planned.action.kind().is_counted();
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO actions (key, decision_id, rule, kind, params, repository, installation, run_id, run_attempt,
                              judged_status, judged_conclusion, lane, state, reason, due_at, per_run, planned_at,
                              finished_at, spent_at, runner_minutes, held_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
         ON CONFLICT (key) DO NOTHING
         RETURNING id",
    )
    .bind(planned.key.as_str())
    .bind(decision_id)
    .bind(planned.rule.as_str())
    .bind(planned.action.kind().as_str())
    .bind(params)
    .bind(planned.repository.as_str())
    .bind(planned.installation.map(|installation| installation.0))
    .bind(planned.run.0)
    .bind(planned.attempt.0)
    .bind(planned.judged_status.as_ref().map(|status| status.as_str()))
    .bind(planned.judged_conclusion.as_ref().map(|conclusion| conclusion.as_str()))
    .bind(planned.lane.as_str())
    .bind(state.as_str())
    .bind(reason.as_deref())
    .bind(due_at.0)
    .bind(planned.bounds.per_run)
    .bind(planned_at.0)
    .bind((!state.is_open()).then_some(planned_at.0))
    .bind(is_spent.then_some(planned_at.0))
    .bind(planned.runner_minutes)
    .bind(held_by)
    .fetch_optional(&mut *connection)
    .await?;
    if id.is_some() && state == ActionState::Planned {
        breaker::probe(connection, planned, due_at, planned_at).await?;
    }
    Ok(RecordedAction { key: planned.key.clone(), id, state, reason })
}
