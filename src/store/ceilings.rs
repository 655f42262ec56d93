//! Ceilings, counted in the transaction that plans an action or lets go of one that was held, so that two decisions
//! cannot both spend the last that is allowed.

use std::time::Duration;

use sqlx::{Row, SqliteConnection};

use super::{
    breaker::{self, Hold},
    conditions::Conditions,
};
use crate::model::{ActionKind, Bounds, Ceiling, PlannedAction, Rate, Timestamp};

/// A held action is looked at again no sooner than this.
const SOONEST: Duration = Duration::from_secs(1);

/// What waits behind others for a place among the runs under way is looked at again after this.
const LOOKS_FOR_PLACES: Duration = Duration::from_secs(60);

/// What the ceilings say of an action.
pub(super) enum Standing {
    /// There is room.
    Free,
    /// There is none, and time does not make any.
    Limited(String),
    /// There is none until then.
    Held { by: &'static str, reason: String, until: Timestamp },
}

/// Counts for one action. One that is held already stands behind those held before it (`held_as`, its row), a new
/// one behind all of them: room goes to the oldest first.
pub(super) async fn standing(
    connection: &mut SqliteConnection,
    planned: &PlannedAction,
    held_as: Option<i64>,
    now: Timestamp,
) -> Result<Standing, sqlx::Error> {
    if let Some(why) = used_up(connection, planned).await? {
        return Ok(Standing::Limited(why));
    }
    if planned.bounds.breaker.is_some()
        && let Some(Hold { reason, until }) = breaker::hold(connection, planned, now).await?
    {
        return Ok(Standing::Held { by: breaker::HELD_BY, reason, until });
    }
    if planned.bounds.running.is_some() {
        let ahead = waiting_for_places(connection, planned, held_as).await?;
        if ahead > 0 {
            let until = now + LOOKS_FOR_PLACES;
            let reason = format!("{}: {ahead} waiting before it; next chance {until}", Bounds::RUNNING);
            return Ok(Standing::Held { by: Bounds::RUNNING, reason, until });
        }
    }
    for (ceiling, rate) in &planned.bounds.rates {
        let one = Counted { ceiling: *ceiling, rate: *rate, planned, held_as, now };
        match one.standing(connection).await? {
            Standing::Free => {}
            other => return Ok(other),
        }
    }
    Ok(Standing::Free)
}

/// How many actions of the rule in the repository wait for a place before it. Only the first looks at GitHub.
async fn waiting_for_places(
    connection: &mut SqliteConnection,
    planned: &PlannedAction,
    held_as: Option<i64>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT COUNT(*)
         FROM actions
         WHERE state = 'held'
           AND held_by = $1
           AND id < $2
           AND lower(repository) = $3
           AND rule = $4",
    )
    .bind(Bounds::RUNNING)
    .bind(held_as.unwrap_or(i64::MAX))
    .bind(planned.repository.key())
    .bind(planned.rule.as_str())
    .fetch_one(connection)
    .await
}

/// Why there may be no more of it on its run, ever.
async fn used_up(
    connection: &mut SqliteConnection,
    planned: &PlannedAction,
) -> Result<Option<String>, sqlx::Error> {
    if let Some(most) = planned.bounds.per_run {
        let used: i64 = sqlx::query_scalar(
            "SELECT COUNT(*)
             FROM actions
             WHERE run_id = $1
               AND rule = $2
               AND kind = $3
               AND state IN ('planned', 'executing', 'done', 'failed', 'uncertain')",
        )
        .bind(planned.run.0)
        .bind(planned.rule.as_str())
        .bind(planned.action.kind().as_str())
        .fetch_one(&mut *connection)
        .await?;
        if used >= i64::from(most) {
            return Ok(Some(format!("limits.per_run: {used} of {most} used")));
        }
    }
    if let Some(most) = planned.bounds.reruns_per_run {
        let used: i64 = sqlx::query_scalar(
            "SELECT COUNT(*)
             FROM actions
             WHERE run_id = $1
               AND kind = $2
               AND state IN ('planned', 'executing', 'done', 'failed', 'uncertain')",
        )
        .bind(planned.run.0)
        .bind(ActionKind::Rerun.as_str())
        .fetch_one(connection)
        .await?;
        if used >= i64::from(most) {
            return Ok(Some(format!("limits.reruns_per_run: {used} of {most} used")));
        }
    }
    Ok(None)
}

/// One ceiling over time, counted for one action.
struct Counted<'a> {
    ceiling: Ceiling,
    rate: Rate,
    planned: &'a PlannedAction,
    held_as: Option<i64>,
    now: Timestamp,
}

impl Counted<'_> {
    async fn standing(&self, connection: &mut SqliteConnection) -> Result<Standing, sqlx::Error> {
        let most = i64::from(self.rate.most);
        let cost = match self.ceiling {
            Ceiling::RunnerMinutes => i64::from(self.planned.runner_minutes.unwrap_or(0)),
            Ceiling::RuleInRepository | Ceiling::Repository | Ceiling::Total => 1,
        };
        let name = self.ceiling;
        if cost > most {
            let why = format!("{name}: it would take about {cost}, more than all of {}", self.rate);
            return Ok(Standing::Limited(why));
        }
        let spent = self.sum(connection, self.counted()?).await?;
        let ahead = self.held_ahead(connection).await?;
        let wanted = spent + ahead + cost - most;
        if wanted <= 0 {
            return Ok(Standing::Free);
        }
        let until = self.free_again(connection, wanted).await?.max(self.now + SOONEST);
        let waiting = if ahead > 0 { format!(", {ahead} waiting before it") } else { String::new() };
        let takes = if cost == 1 { String::new() } else { format!(", it would take about {cost}") };
        let reason = format!("{name}: {spent} of {} used{waiting}{takes}; next chance {until}", self.rate);
        Ok(Standing::Held { by: name.as_str(), reason, until })
    }

    /// What is counted: rows later than this. What the clock, set back, has left in the future counts too.
    fn since(&self) -> i64 {
        (self.now - self.rate.within).0
    }

    /// Those of the spent that it is counted over.
    fn counted(&self) -> Result<Conditions, sqlx::Error> {
        let counted = Conditions::default().plain("spent_at IS NOT NULL");
        self.of_its_kind(counted.bound("spent_at >", self.since(), "")?)
    }

    fn of_its_kind(&self, conditions: Conditions) -> Result<Conditions, sqlx::Error> {
        let in_repository = |conditions: Conditions| {
            conditions.bound("lower(repository) =", self.planned.repository.key(), "")
        };
        match self.ceiling {
            Ceiling::RuleInRepository => {
                in_repository(conditions)?.bound("rule =", self.planned.rule.as_str(), "")
            }
            Ceiling::Repository => in_repository(conditions),
            Ceiling::Total => Ok(conditions),
            Ceiling::RunnerMinutes => Ok(conditions.plain("runner_minutes > 0")),
        }
    }

    /// How much the rows of such conditions take.
    async fn sum(
        &self,
        connection: &mut SqliteConnection,
        conditions: Conditions,
    ) -> Result<i64, sqlx::Error> {
        let amount = match self.ceiling {
            Ceiling::RunnerMinutes => "SELECT COALESCE(SUM(runner_minutes), 0) FROM actions",
            Ceiling::RuleInRepository | Ceiling::Repository | Ceiling::Total => {
                "SELECT COUNT(*) FROM actions"
            }
        };
        let rows = conditions.fetch(connection, amount, "").await?;
        rows.first().map_or(Ok(0), |row| row.try_get(0))
    }

    /// What those take which the same ceiling holds and which came before.
    async fn held_ahead(&self, connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
        let held = Conditions::default()
            .plain("state = 'held'")
            .bound("held_by =", self.ceiling.as_str(), "")?
            .bound("id <", self.held_as.unwrap_or(i64::MAX), "")?;
        self.sum(connection, self.of_its_kind(held)?).await
    }

    /// When so much of what is spent will count no more.
    async fn free_again(
        &self,
        connection: &mut SqliteConnection,
        wanted: i64,
    ) -> Result<Timestamp, sqlx::Error> {
        const SELECT: &str = "SELECT spent_at, COALESCE(runner_minutes, 0) FROM actions";
        let most = i64::from(self.rate.most).min(wanted);
        let order = format!("ORDER BY spent_at LIMIT {most}");
        let (mut freed, mut last) = (0, self.now);
        for row in self.counted()?.fetch(connection, SELECT, &order).await? {
            freed += match self.ceiling {
                Ceiling::RunnerMinutes => row.try_get::<i64, _>(1)?,
                Ceiling::RuleInRepository | Ceiling::Repository | Ceiling::Total => 1,
            };
            last = Timestamp(row.try_get(0)?);
            if freed >= wanted {
                break;
            }
        }
        Ok(last + self.rate.within)
    }
}
