//! Actions on their way: due, begun, ended.

use std::collections::HashSet;

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{
    Store,
    error::{StoreError, doing},
    rows,
};
use crate::model::{
    Act, ActionKey, ActionKind, ActionRow, ActionState, Bounds, Lane, PlannedAction, RuleName, RunId,
    Timestamp,
};

/// Keys of one query.
const KEYS_AT_ONCE: usize = 256;

/// How an execution ended, and where that leaves its action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The execution.
    pub execution_id: i64,
    /// Its action.
    pub action_id: i64,
    /// The word of its outcome.
    pub outcome: &'static str,
    /// What happened, in words.
    pub detail: String,
    /// How many requests it sent.
    pub requests: u32,
    /// The action's state from now on.
    pub state: ActionState,
    /// Why, in words.
    pub reason: Option<String>,
    /// When the action may leave again, if it is planned again; `None` leaves its time as it is.
    pub due_at: Option<Timestamp>,
    /// Whether it counts among the action's tries.
    pub counts_as_try: bool,
    /// Whether what was sent, if anything, is still not known.
    pub interrupted: bool,
    /// What holds it, when it is held from now on.
    pub held_by: Option<&'static str>,
    /// When it ended.
    pub now: Timestamp,
}

impl Store {
    /// How many re-runs of a run stand in the ledger as asked for or about to be, of whatever rule or command.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn reruns_of(&self, run: RunId) -> Result<u32, StoreError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT COUNT(*)
             FROM actions
             WHERE run_id = $1
               AND kind = 'rerun'
               AND state IN ('planned', 'executing', 'done', 'uncertain')",
        )
        .bind(run.0)
        .fetch_one(&self.inner.readers)
        .await
        .map_err(doing("count re-runs"))?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// What has been done to a run or is about to be: one act for each decision of a rule, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn acts_on(&self, run: RunId) -> Result<Vec<Act>, StoreError> {
        let found: Vec<(String, i64)> = sqlx::query_as(
            "SELECT rule, MIN(planned_at)
             FROM actions
             WHERE run_id = $1
               AND state IN ('planned', 'executing', 'done', 'uncertain')
             GROUP BY decision_id, rule
             ORDER BY 2",
        )
        .bind(run.0)
        .fetch_all(&self.inner.readers)
        .await
        .map_err(doing("read what was done to a run"))?;
        let act =
            |(rule, at): (String, i64)| Some(Act { rule: RuleName::parse(&rule).ok()?, at: Timestamp(at) });
        Ok(found.into_iter().filter_map(act).collect())
    }

    /// The planned actions of a lane that are due, the longest due first. One that cannot be read fails here,
    /// with the reason, so that it does not hold up the others.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn due_actions(
        &self,
        lane: Lane,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<ActionRow>, StoreError> {
        let sql = format!(
            "SELECT {}
             FROM actions
             WHERE state = 'planned'
               AND lane = $1
               AND due_at <= $2
             ORDER BY due_at, id
             LIMIT $3",
            rows::ACTION
        );
        let found = sqlx::query(AssertSqlSafe(sql))
            .bind(lane.as_str())
            .bind(now.0)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.inner.readers)
            .await
            .map_err(doing("read the plan"))?;
        let mut due = Vec::with_capacity(found.len());
        for row in &found {
            match rows::action(row) {
                Ok(action) => due.push(action),
                Err(error) => self.fail_unreadable(rows::get(row, "id")?, &error, now).await?,
            }
        }
        Ok(due)
    }

    /// Those of the keys that the ledger has an action of.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn known_keys(&self, keys: &[ActionKey]) -> Result<HashSet<String>, StoreError> {
        let mut known = HashSet::new();
        for piece in keys.chunks(KEYS_AT_ONCE) {
            let places: Vec<String> = (1..=piece.len()).map(|place| format!("${place}")).collect();
            let sql = format!("SELECT key FROM actions WHERE key IN ({})", places.join(", "));
            let mut query = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql));
            for key in piece {
                query = query.bind(key.as_str());
            }
            known.extend(query.fetch_all(&self.inner.readers).await.map_err(doing("read the plan"))?);
        }
        Ok(known)
    }

    /// How far the action of a key has come, and when it ended; `None` when the ledger has none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn state_of_key(
        &self,
        key: &ActionKey,
    ) -> Result<Option<(ActionState, Option<Timestamp>)>, StoreError> {
        const DOING: &str = "read the plan";
        let found = sqlx::query_as::<_, (String, Option<i64>)>(
            "SELECT state, finished_at FROM actions WHERE key = $1",
        )
        .bind(key.as_str())
        .fetch_optional(&self.inner.readers)
        .await
        .map_err(doing(DOING))?;
        Ok(found
            .and_then(|(state, finished_at)| Some((ActionState::parse(&state)?, finished_at.map(Timestamp)))))
    }

    /// How far the rule's action of another kind on the same attempt of the run has come, and when it is due; `None`
    /// when the ledger has none. What was only observed is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sibling(
        &self,
        plan: &PlannedAction,
        kind: ActionKind,
    ) -> Result<Option<(ActionState, Timestamp)>, StoreError> {
        let found = sqlx::query_as::<_, (String, i64)>(
            "SELECT state, due_at
             FROM actions
             WHERE run_id = $1
               AND rule = $2
               AND kind = $3
               AND run_attempt = $4
               AND state <> 'observed'
             ORDER BY id DESC
             LIMIT 1",
        )
        .bind(plan.run.0)
        .bind(plan.rule.as_str())
        .bind(kind.as_str())
        .bind(plan.attempt.0)
        .fetch_optional(&self.inner.readers)
        .await
        .map_err(doing("read the plan"))?;
        Ok(found.and_then(|(state, due_at)| Some((ActionState::parse(&state)?, Timestamp(due_at)))))
    }

    /// When the next planned action of a lane is due; `None` when none is planned.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next_action_due(&self, lane: Lane) -> Result<Option<Timestamp>, StoreError> {
        let due_at: Option<i64> = sqlx::query_scalar(
            "SELECT due_at
             FROM actions
             WHERE state = 'planned'
               AND lane = $1
             ORDER BY due_at, id
             LIMIT 1",
        )
        .bind(lane.as_str())
        .fetch_optional(&self.inner.readers)
        .await
        .map_err(doing("read the plan"))?;
        Ok(due_at.map(Timestamp))
    }

    /// Writes down that an action is about to be carried out, and gives the execution's id; `None` when it is no
    /// longer planned. Durable when it returns: nothing may be sent before. It counts as a try from here on.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing may be sent.
    pub async fn begin_execution(&self, action_id: i64, now: Timestamp) -> Result<Option<i64>, StoreError> {
        const DOING: &str = "begin an execution";
        let mut turn = self.inner.writer.begin(DOING).await?;
        let work = begin(turn.connection(), action_id, now).await;
        turn.end(DOING, work).await
    }

    /// Writes down how an execution ended, and where that leaves its action, in one transaction.
    ///
    /// # Errors
    /// When the database cannot be written; the action is then found as cut off at the next start.
    pub async fn finish_execution(&self, finished: &Finished) -> Result<(), StoreError> {
        const DOING: &str = "finish an execution";
        let mut turn = self.inner.writer.begin(DOING).await?;
        let work = finish(turn.connection(), finished).await;
        let changed = turn.end(DOING, work).await?;
        if changed && !finished.state.is_open() {
            self.inner.tally.count(finished.state);
        }
        self.inner.signals.plan.notify_waiters();
        Ok(())
    }

    /// How many actions of a rule are planned or under way.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_actions_of_rule(&self, rule: &RuleName) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT COUNT(*)
             FROM actions
             WHERE state IN ('planned', 'executing', 'uncertain')
               AND state IN ('planned', 'executing')
               AND rule = $1",
        )
        .bind(rule.as_str())
        .fetch_one(&self.inner.readers)
        .await
        .map_err(doing("count a rule's open actions"))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn fail_unreadable(&self, id: i64, why: &StoreError, now: Timestamp) -> Result<(), StoreError> {
        const DOING: &str = "fail an action that cannot be read";
        tracing::error!(action.id = id, error = %why, "a planned action cannot be read and is given up");
        let mut turn = self.inner.writer.begin(DOING).await?;
        let work = sqlx::query(
            "UPDATE actions
             SET state = 'failed', reason = $2, finished_at = $3
             WHERE id = $1
               AND state = 'planned'",
        )
        .bind(id)
        .bind(why.to_string())
        .bind(now.0)
        .execute(turn.connection())
        .await;
        turn.end(DOING, work.map(drop)).await?;
        self.inner.tally.count(ActionState::Failed);
        Ok(())
    }
}

async fn begin(
    connection: &mut SqliteConnection,
    action_id: i64,
    now: Timestamp,
) -> Result<Option<i64>, sqlx::Error> {
    let taken = sqlx::query(
        "UPDATE actions
         SET state = 'executing', tries = tries + 1
         WHERE id = $1
           AND state = 'planned'",
    )
    .bind(action_id)
    .execute(&mut *connection)
    .await?;
    if taken.rows_affected() == 0 {
        return Ok(None);
    }
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO executions (action_id, begun_at)
         VALUES ($1, $2)
         RETURNING id",
    )
    .bind(action_id)
    .bind(now.0)
    .fetch_one(connection)
    .await?;
    Ok(Some(id))
}

/// What waits behind this one for a place among the runs under way looks for one at once.
async fn next_for_a_place(connection: &mut SqliteConnection, finished: &Finished) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE actions
         SET due_at = $1
         WHERE state = 'held'
           AND held_by = $2
           AND due_at > $1
           AND rule = (SELECT rule FROM actions WHERE id = $3)",
    )
    .bind(finished.now.0)
    .bind(Bounds::RUNNING)
    .bind(finished.action_id)
    .execute(connection)
    .await
    .map(drop)
}

async fn finish(connection: &mut SqliteConnection, finished: &Finished) -> Result<bool, sqlx::Error> {
    sqlx::query(
        "UPDATE executions
         SET finished_at = $2, outcome = $3, detail = $4, requests = $5
         WHERE id = $1",
    )
    .bind(finished.execution_id)
    .bind(finished.now.0)
    .bind(finished.outcome)
    .bind(finished.detail.as_str())
    .bind(finished.requests)
    .execute(&mut *connection)
    .await?;
    let changed = sqlx::query(
        "UPDATE actions
         SET state = $2,
             reason = $3,
             due_at = COALESCE($4, due_at),
             tries = tries - $5,
             interrupted = $6,
             finished_at = $7,
             spent_at = CASE WHEN $2 IN ('refused', 'held') THEN NULL ELSE spent_at END,
             held_by = $8
         WHERE id = $1
           AND state = 'executing'",
    )
    .bind(finished.action_id)
    .bind(finished.state.as_str())
    .bind(finished.reason.as_deref())
    .bind(finished.due_at.map(|at| at.0))
    .bind(i64::from(!finished.counts_as_try))
    .bind(finished.interrupted)
    .bind((!finished.state.is_open()).then_some(finished.now.0))
    .bind(finished.held_by)
    .execute(&mut *connection)
    .await?;
    if !finished.state.is_open() {
        next_for_a_place(connection, finished).await?;
    }
    Ok(changed.rows_affected() > 0)
}
