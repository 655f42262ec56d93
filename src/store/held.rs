//! Actions that a ceiling holds: counted anew when their time has come.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{
    Store, breaker,
    ceilings::{self, Standing},
    error::{StoreError, doing},
    rows,
};
use crate::model::{ActionRow, ActionState, Bounds, RepositoryName, RuleName, RunId, Timestamp};

/// How many held actions one transaction counts anew: webhooks wait meanwhile.
const AT_ONCE: i64 = 32;

impl Store {
    /// When the next held action has its next chance; `None` when none is held.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next_held_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let due_at: Option<i64> = sqlx::query_scalar(
            "SELECT due_at
             FROM actions
             WHERE state = 'held'
             ORDER BY due_at, id
             LIMIT 1",
        )
        .fetch_optional(&self.inner.readers)
        .await
        .map_err(doing("read what is held"))?;
        Ok(due_at.map(Timestamp))
    }

    /// Counts held actions anew whose time has come, the oldest first, by the terms that hold now, its bounds and
    /// when it may first leave: what has room is planned, all else gets another time. Gives how many were looked at; some may be left.
    ///
    /// # Errors
    /// When the database fails; nothing has changed then.
    pub async fn release_held(
        &self,
        now: Timestamp,
        terms_of: impl Fn(&ActionRow) -> (Bounds, Timestamp) + Send,
    ) -> Result<usize, StoreError> {
        const DOING: &str = "count held actions anew";
        let mut turn = self.inner.writer.begin(DOING).await?;
        let work = release(turn.connection(), now, terms_of).await;
        let settled = turn.end(DOING, work).await?;
        for state in settled.iter().filter(|state| !state.is_open()) {
            self.inner.tally.count(*state);
        }
        self.inner.signals.plan.notify_waiters();
        Ok(settled.len())
    }

    /// Has all held actions counted anew at once: the ceilings may be others now.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn recount_held(&self, now: Timestamp) -> Result<(), StoreError> {
        const DOING: &str = "have held actions counted anew";
        if self.next_held_due().await?.is_none() {
            return Ok(());
        }
        let mut turn = self.inner.writer.begin(DOING).await?;
        let work = sqlx::query(
            "UPDATE actions
             SET due_at = $1
             WHERE state = 'held'
               AND due_at > $1",
        )
        .bind(now.0)
        .execute(turn.connection())
        .await;
        turn.end(DOING, work.map(drop)).await
    }
}

async fn release(
    connection: &mut SqliteConnection,
    now: Timestamp,
    terms_of: impl Fn(&ActionRow) -> (Bounds, Timestamp),
) -> Result<Vec<ActionState>, sqlx::Error> {
    let sql = format!(
        "SELECT {}
         FROM actions
         WHERE state = 'held'
           AND due_at <= $1
         ORDER BY id
         LIMIT $2",
        rows::ACTION
    );
    let due = sqlx::query(AssertSqlSafe(sql)).bind(now.0).bind(AT_ONCE).fetch_all(&mut *connection).await?;
    let mut settled = Vec::with_capacity(due.len());
    for row in &due {
        let (id, state) = match rows::action(row) {
            Ok(action) => (action.id, one(connection, action, now, &terms_of).await?),
            Err(error) => {
                let id = sqlx::Row::try_get::<i64, _>(row, "id")?;
                let end = End {
                    state: ActionState::Failed,
                    reason: Some(error.to_string()),
                    due_at: now,
                    held_by: None,
                    is_spent: false,
                };
                (id, end)
            }
        };
        settled.push(state.state);
        write(connection, id, now, &state).await?;
    }
    Ok(settled)
}

/// Where counting left a held action.
struct End {
    state: ActionState,
    reason: Option<String>,
    due_at: Timestamp,
    held_by: Option<&'static str>,
    is_spent: bool,
}

async fn one(
    connection: &mut SqliteConnection,
    action: ActionRow,
    now: Timestamp,
    terms_of: &impl Fn(&ActionRow) -> (Bounds, Timestamp),
) -> Result<End, sqlx::Error> {
    let (bounds, first_due) = terms_of(&action);
    let ActionRow { id, mut plan, .. } = action;
    plan.bounds = bounds;
    let is_spent = plan.action.kind().is_counted();
    let end = |state, reason, due_at| End { state, reason, due_at, held_by: None, is_spent: false };
    Ok(match ceilings::standing(connection, &plan, Some(id), now).await? {
        Standing::Free => {
            let due_at = first_due.max(now);
            breaker::probe(connection, &plan, due_at, now).await?;
            End { is_spent, ..end(ActionState::Planned, None, due_at) }
        }
        Standing::Limited(why) => end(ActionState::Limited, Some(why), now),
        Standing::Held { by, reason, until } => {
            End { held_by: Some(by), ..end(ActionState::Held, Some(reason), until) }
        }
    })
}

async fn write(
    connection: &mut SqliteConnection,
    id: i64,
    now: Timestamp,
    end: &End,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE actions
         SET state = $2,
             reason = $3,
             due_at = $4,
             held_by = $5,
             spent_at = $6,
             finished_at = $7
         WHERE id = $1
           AND state = 'held'",
    )
    .bind(id)
    .bind(end.state.as_str())
    .bind(end.reason.as_deref())
    .bind(end.due_at.0)
    .bind(end.held_by)
    .bind(end.is_spent.then_some(now.0))
    .bind((!end.state.is_open()).then_some(now.0))
    .execute(connection)
    .await
    .map(drop)
}

/// An action that sets a run going, begun or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetGoing {
    /// Its row.
    pub action_id: i64,
    /// The run.
    pub run: RunId,
    /// When it was done; `None` while it is under way.
    pub finished_at: Option<Timestamp>,
}

impl Store {
    /// What a rule has set going in a repository since then, or is about to.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn set_going(
        &self,
        rule: &RuleName,
        repository: &RepositoryName,
        since: Timestamp,
    ) -> Result<Vec<SetGoing>, StoreError> {
        let found: Vec<(i64, i64, Option<i64>)> = sqlx::query_as(
            "SELECT id, run_id, finished_at
             FROM actions
             WHERE spent_at IS NOT NULL
               AND lower(repository) = $1
               AND spent_at > $2
               AND rule = $3
               AND kind IN ('rerun', 'approve_run', 'approve_deployment')
               AND state IN ('executing', 'done', 'uncertain')",
        )
        .bind(repository.key())
        .bind(since.0)
        .bind(rule.as_str())
        .fetch_all(&self.inner.readers)
        .await
        .map_err(doing("read what was set going"))?;
        let one = |(action_id, run, finished_at): (i64, i64, Option<i64>)| SetGoing {
            action_id,
            run: RunId(run),
            finished_at: finished_at.map(Timestamp),
        };
        Ok(found.into_iter().map(one).collect())
    }
}
