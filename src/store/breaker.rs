//! Breakers: how runs ended, counted in the transaction that records a decision, and the re-runs that they hold.

use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{body, notice};
use crate::model::{
    Breaker, BreakerScope, Ending, PlannedAction, RepositoryName, RunAttempt, RunId, Timestamp,
};

/// What holds a re-run, in the database.
pub(super) const HELD_BY: &str = "breaker";

/// So many endings of one breaker are looked at: every attempt of its last runs.
const LOOKED_AT: i64 = 2_000;

/// For how long a re-run that was let through may take before the next one is: as long as a hosted job may.
const PROBE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(6 * 3_600);

/// What a breaker holds a re-run for, until then.
pub(super) struct Hold {
    pub(super) reason: String,
    pub(super) until: Timestamp,
}

/// The run by which a breaker changed.
pub(super) struct Cause {
    pub(super) repository: RepositoryName,
    pub(super) run: RunId,
    pub(super) attempt: RunAttempt,
}

impl From<&Ending> for Cause {
    fn from(ending: &Ending) -> Self {
        Self { repository: ending.repository.clone(), run: ending.run, attempt: ending.attempt }
    }
}

/// A breaker that is not closed, or was open once.
struct Circuit {
    scope: BreakerScope,
    subject: String,
    is_open: bool,
    is_probing: bool,
    until: Timestamp,
    failed_probes: u32,
    probe: Option<(RunId, RunAttempt)>,
    counted_from: Timestamp,
}

/// Notes how runs and jobs ended, and opens or closes the breakers that follow from it.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    breaker: &Breaker,
    endings: &[Ending],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    for ending in endings {
        // What is told twice tells nothing new.
        if !note(connection, ending).await? {
            continue;
        }
        let mut circuit = read(connection, ending.scope, &ending.subject).await?;
        let is_probe = circuit.is_probing
            && circuit.probe.is_some_and(|(run, attempt)| run == ending.run && attempt <= ending.attempt);
        if is_probe && ending.failed {
            circuit.failed_probes = circuit.failed_probes.saturating_add(1);
            let why = format!("the re-run of run {} failed as well", ending.run);
            open(connection, breaker, circuit, &why, &ending.into(), now).await?;
        } else if is_probe {
            close(connection, breaker, circuit, &ending.into(), now).await?;
        } else if ending.failed && !circuit.is_open && !circuit.is_probing {
            let since = circuit.counted_from.max(now - breaker.within);
            let recent = recent(connection, ending, since).await?;
            if let Some(why) = breaker.why_open(&recent) {
                circuit.failed_probes = 0;
                open(connection, breaker, circuit, &why, &ending.into(), now).await?;
            }
        }
    }
    Ok(())
}

/// Whether an open breaker holds a re-run of the run. By the runs and jobs of it that failed it is known which.
pub(super) async fn hold(
    connection: &mut SqliteConnection,
    planned: &PlannedAction,
    now: Timestamp,
) -> Result<Option<Hold>, sqlx::Error> {
    for circuit in not_closed(connection, planned.run).await? {
        if now >= circuit.until || (circuit.is_probing && !is_alive(connection, &circuit).await?) {
            continue;
        }
        let (who, until) = (circuit.name(), circuit.until);
        let reason = match circuit.probe.filter(|_| circuit.is_probing) {
            Some((run, _)) => {
                format!("breaker: {who} waits for how the re-run of run {run} ends; next chance {until}")
            }
            None => format!("breaker: {who} is open; next chance {until}"),
        };
        return Ok(Some(Hold { reason, until }));
    }
    Ok(None)
}

/// Makes a re-run that is planned the one by which breakers see whether things are better.
pub(super) async fn probe(
    connection: &mut SqliteConnection,
    planned: &PlannedAction,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let Some(breaker) = &planned.bounds.breaker else {
        return Ok(());
    };
    let (repository, run, attempt) = (planned.repository.clone(), planned.run, planned.attempt);
    let cause = Cause { repository, run, attempt };
    for mut circuit in not_closed(connection, planned.run).await? {
        let next = RunAttempt(planned.attempt.0.saturating_add(1));
        circuit.probe = Some((planned.run, next));
        (circuit.is_open, circuit.is_probing) = (false, true);
        circuit.until = due_at.max(now) + PROBE_PATIENCE;
        let words = format!("{} lets the re-run of run {} through", circuit.name(), planned.run);
        change(connection, breaker, &circuit, &words, &cause, now).await?;
    }
    Ok(())
}

impl Circuit {
    /// For people: `the breaker of workflow ci.yml of acme/api`.
    fn name(&self) -> String {
        let (of, what) = self.subject.split_once(':').unwrap_or(("", &self.subject));
        match self.scope {
            BreakerScope::Workflow => {
                let file = what.rsplit('/').next().unwrap_or(what);
                format!("the breaker of workflow {file} of {of}")
            }
            BreakerScope::RunnerLabel => format!("the breaker of runner label {what} of {of}"),
        }
    }

    fn state(&self) -> &'static str {
        match (self.is_open, self.is_probing) {
            (true, _) => "open",
            (false, true) => "probing",
            (false, false) => "closed",
        }
    }
}

async fn open(
    connection: &mut SqliteConnection,
    breaker: &Breaker,
    mut circuit: Circuit,
    why: &str,
    cause: &Cause,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    circuit.until = now + breaker.hold_after(circuit.failed_probes);
    (circuit.is_open, circuit.is_probing, circuit.probe) = (true, false, None);
    let words = format!("{} opens: {why}; re-runs are held until {}", circuit.name(), circuit.until);
    change(connection, breaker, &circuit, &words, cause, now).await?;
    look_again(connection, now).await?;
    hold_planned(connection, &circuit).await
}

/// Re-runs that are planned and have not left yet are held too.
async fn hold_planned(connection: &mut SqliteConnection, circuit: &Circuit) -> Result<(), sqlx::Error> {
    let reason = format!("breaker: {} is open; next chance {}", circuit.name(), circuit.until);
    sqlx::query(
        "UPDATE actions
         SET state = 'held',
             held_by = $1,
             reason = $2,
             due_at = MAX(due_at, $3),
             spent_at = NULL
         WHERE state = 'planned'
           AND kind = 'rerun'
           AND rule <> 'command'
           AND tries = 0
           AND run_id IN (
               SELECT run_id
               FROM endings
               WHERE scope = $4
                 AND subject = $5
                 AND failed = 1
           )",
    )
    .bind(HELD_BY)
    .bind(reason)
    .bind(circuit.until.0)
    .bind(circuit.scope.as_str())
    .bind(circuit.subject.as_str())
    .execute(connection)
    .await
    .map(drop)
}

async fn close(
    connection: &mut SqliteConnection,
    breaker: &Breaker,
    mut circuit: Circuit,
    cause: &Cause,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    (circuit.is_open, circuit.is_probing, circuit.probe) = (false, false, None);
    (circuit.failed_probes, circuit.counted_from, circuit.until) = (0, now, now);
    let words = format!("{} closes: the re-run of run {} passed", circuit.name(), cause.run);
    change(connection, breaker, &circuit, &words, cause, now).await?;
    look_again(connection, now).await
}

/// What breakers hold is looked at anew at once: it has another chance now.
async fn look_again(connection: &mut SqliteConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE actions
         SET due_at = $1
         WHERE state = 'held'
           AND held_by = $2
           AND due_at > $1",
    )
    .bind(now.0)
    .bind(HELD_BY)
    .execute(connection)
    .await
    .map(drop)
}

/// Writes the breaker as it is from now on, and the change into the history.
async fn change(
    connection: &mut SqliteConnection,
    breaker: &Breaker,
    circuit: &Circuit,
    words: &str,
    cause: &Cause,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO breakers (scope, subject, state, until, failed_probes, probe_run, probe_attempt, counted_from,
                               transitions, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)
         ON CONFLICT (scope, subject) DO UPDATE
         SET state = excluded.state,
             until = excluded.until,
             failed_probes = excluded.failed_probes,
             probe_run = excluded.probe_run,
             probe_attempt = excluded.probe_attempt,
             counted_from = excluded.counted_from,
             transitions = breakers.transitions + 1,
             changed_at = excluded.changed_at",
    )
    .bind(circuit.scope.as_str())
    .bind(circuit.subject.as_str())
    .bind(circuit.state())
    .bind(circuit.until.0)
    .bind(circuit.failed_probes)
    .bind(circuit.probe.map(|(run, _)| run.0))
    .bind(circuit.probe.map(|(_, attempt)| attempt.0))
    .bind(circuit.counted_from.0)
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    let transition: i64 =
        sqlx::query_scalar("SELECT SUM(transitions) FROM breakers").fetch_one(&mut *connection).await?;
    let told = tell(connection, transition, circuit, words, now).await?;
    match (&breaker.notify, told) {
        (Some(notify), Some(delivery_id)) => {
            let told = notice::Told { delivery_id, transition, state: circuit.state(), words };
            notice::plan(connection, notify, &told, cause, now).await
        }
        _ => Ok(()),
    }
}

/// One row of the history for each change, decided as it is made; its id.
async fn tell(
    connection: &mut SqliteConnection,
    transition: i64,
    circuit: &Circuit,
    words: &str,
    now: Timestamp,
) -> Result<Option<i64>, sqlx::Error> {
    let told = serde_json::json!({
        "per": circuit.scope.as_str(), "subject": circuit.subject, "state": circuit.state(),
    });
    let packed = body::pack(told.to_string().into_bytes());
    tracing::warn!(subject = circuit.subject, "{words}");
    sqlx::query_scalar(
        "INSERT INTO deliveries (guid, source, event, state, reason, due_at, received_at, decided_at, codec, body)
         VALUES ($1, 'recovery', 'breaker', 'decided', $2, $3, $3, $3, $4, $5)
         ON CONFLICT (guid) DO NOTHING
         RETURNING id",
    )
    .bind(format!("breaker:{transition}"))
    .bind(words)
    .bind(now.0)
    .bind(packed.codec)
    .bind(packed.bytes)
    .fetch_optional(connection)
    .await
}

/// Whether the ending is new.
async fn note(connection: &mut SqliteConnection, ending: &Ending) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "INSERT INTO endings (scope, subject, run_id, unit, attempt, failed, ended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (scope, subject, run_id, unit, attempt) DO NOTHING",
    )
    .bind(ending.scope.as_str())
    .bind(ending.subject.as_str())
    .bind(ending.run.0)
    .bind(ending.unit.as_str())
    .bind(ending.attempt.0)
    .bind(ending.failed)
    .bind(ending.at.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What ended after that time and counts for the same breaker, the latest first.
async fn recent(
    connection: &mut SqliteConnection,
    of: &Ending,
    since: Timestamp,
) -> Result<Vec<Ending>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT run_id, unit, attempt, failed, ended_at
         FROM endings
         WHERE scope = $1
           AND subject = $2
           AND ended_at > $3
         ORDER BY ended_at DESC, run_id DESC, attempt DESC
         LIMIT $4",
    )
    .bind(of.scope.as_str())
    .bind(of.subject.as_str())
    .bind(since.0)
    .bind(LOOKED_AT)
    .fetch_all(connection)
    .await?;
    let ending = |row: &SqliteRow| {
        Ok(Ending {
            scope: of.scope,
            subject: of.subject.clone(),
            repository: of.repository.clone(),
            run: RunId(row.try_get(0)?),
            unit: row.try_get(1)?,
            attempt: RunAttempt(row.try_get(2)?),
            failed: row.try_get(3)?,
            at: Timestamp(row.try_get(4)?),
        })
    };
    rows.iter().map(ending).collect()
}

const COLUMNS: &str =
    "b.scope, b.subject, b.state, b.until, b.failed_probes, b.probe_run, b.probe_attempt, b.counted_from";

async fn read(
    connection: &mut SqliteConnection,
    scope: BreakerScope,
    subject: &str,
) -> Result<Circuit, sqlx::Error> {
    let sql = format!("SELECT {COLUMNS} FROM breakers b WHERE b.scope = $1 AND b.subject = $2");
    let found = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(scope.as_str())
        .bind(subject)
        .fetch_optional(connection)
        .await?;
    match found {
        Some(row) => circuit(&row),
        None => Ok(Circuit {
            scope,
            subject: subject.to_owned(),
            is_open: false,
            is_probing: false,
            until: Timestamp(0),
            failed_probes: 0,
            probe: None,
            counted_from: Timestamp(i64::MIN),
        }),
    }
}

/// The breakers that are not closed, of the workflow and of the runners on which the run failed.
async fn not_closed(connection: &mut SqliteConnection, run: RunId) -> Result<Vec<Circuit>, sqlx::Error> {
    let sql = format!(
        "SELECT DISTINCT {COLUMNS}
         FROM endings e
         JOIN breakers b ON b.scope = e.scope AND b.subject = e.subject
         WHERE e.run_id = $1
           AND e.failed = 1
           AND b.state <> 'closed'
         ORDER BY b.scope, b.subject"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(run.0).fetch_all(connection).await?;
    rows.iter().map(circuit).collect()
}

fn circuit(row: &SqliteRow) -> Result<Circuit, sqlx::Error> {
    let (scope, state): (&str, &str) = (row.try_get(0)?, row.try_get(2)?);
    let known = BreakerScope::WORDS.iter().find(|(word, _)| *word == scope);
    let (run, attempt): (Option<i64>, Option<u32>) = (row.try_get(5)?, row.try_get(6)?);
    Ok(Circuit {
        scope: known.map_or(BreakerScope::Workflow, |(_, scope)| *scope),
        subject: row.try_get(1)?,
        is_open: state == "open",
        is_probing: state == "probing",
        until: Timestamp(row.try_get(3)?),
        failed_probes: row.try_get(4)?,
        probe: run.zip(attempt).map(|(run, attempt)| (RunId(run), RunAttempt(attempt))),
        counted_from: Timestamp(row.try_get(7)?),
    })
}

/// Whether the re-run that was let through may still tell something: one that was refused never will.
async fn is_alive(connection: &mut SqliteConnection, circuit: &Circuit) -> Result<bool, sqlx::Error> {
    let Some((run, attempt)) = circuit.probe else {
        return Ok(false);
    };
    let alive: i64 = sqlx::query_scalar(
        "SELECT COUNT(*)
         FROM actions
         WHERE run_id = $1
           AND kind = 'rerun'
           AND run_attempt = $2
           AND state IN ('planned', 'executing', 'done', 'uncertain')",
    )
    .bind(run.0)
    .bind(attempt.0.saturating_sub(1))
    .fetch_one(connection)
    .await?;
    Ok(alive > 0)
}
