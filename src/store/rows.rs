//! Rows of the database as the model's types.

use serde::{Deserialize, de::IntoDeserializer};
use sqlx::{Row, sqlite::SqliteRow};

use super::error::StoreError;
use crate::model::{
    ActionKey, ActionRow, ActionState, Bounds, Conclusion, DecisionRow, DeliveryGuid, DeliveryRow,
    DeliveryState, ExecutionRow, InstallationId, Lane, PlannedAction, RepositoryName, RuleName, RunAttempt,
    RunId, Source, Status, Timestamp,
};

/// The columns of [`delivery`].
pub(super) const DELIVERY: &str = "id, guid, source, event, received_at, state, reason, tries, due_at";

/// The columns of [`decision`].
pub(super) const DECISION: &str = "id, delivery_id, decided_at, facts, verdicts, requests, asked";

/// The columns of [`action`].
pub(super) const ACTION: &str = "id, decision_id, key, rule, params, repository, installation, run_id, run_attempt, \
    judged_status, judged_conclusion, lane, state, reason, due_at, tries, interrupted, per_run, planned_at, finished_at, \
    spent_at, runner_minutes";

/// The columns of [`execution`].
pub(super) const EXECUTION: &str = "id, action_id, begun_at, finished_at, outcome, detail, requests";

/// Reads a delivery without its body.
pub(super) fn delivery(row: &SqliteRow) -> Result<DeliveryRow, StoreError> {
    Ok(DeliveryRow {
        id: get(row, "id")?,
        guid: word(row, "guid", |text| DeliveryGuid::parse(text).ok())?,
        source: word(row, "source", Source::parse)?,
        event: get(row, "event")?,
        received_at: Timestamp(get(row, "received_at")?),
        state: word(row, "state", DeliveryState::parse)?,
        reason: get(row, "reason")?,
        tries: get(row, "tries")?,
        due_at: Timestamp(get(row, "due_at")?),
    })
}

/// Reads a decision without its actions.
pub(super) fn decision(row: &SqliteRow) -> Result<DecisionRow, StoreError> {
    Ok(DecisionRow {
        id: get(row, "id")?,
        delivery_id: get(row, "delivery_id")?,
        decided_at: Timestamp(get(row, "decided_at")?),
        facts: json(row, "facts")?,
        verdicts: json(row, "verdicts")?,
        requests: get(row, "requests")?,
        asked: get::<Option<&str>>(row, "asked")?
            .unwrap_or_default()
            .lines()
            .map(ToOwned::to_owned)
            .collect(),
    })
}

/// Reads an action.
pub(super) fn action(row: &SqliteRow) -> Result<ActionRow, StoreError> {
    Ok(ActionRow {
        id: get(row, "id")?,
        decision_id: get(row, "decision_id")?,
        plan: plan(row)?,
        tries: get(row, "tries")?,
        planned_at: Timestamp(get(row, "planned_at")?),
        finished_at: get::<Option<i64>>(row, "finished_at")?.map(Timestamp),
        interrupted: get(row, "interrupted")?,
        spent_at: get::<Option<i64>>(row, "spent_at")?.map(Timestamp),
    })
}

fn plan(row: &SqliteRow) -> Result<PlannedAction, StoreError> {
    Ok(PlannedAction {
        key: word(row, "key", key)?,
        rule: word(row, "rule", |text| RuleName::parse(text).ok())?,
        action: json(row, "params")?,
        repository: word(row, "repository", |text| RepositoryName::parse(text).ok())?,
        installation: get::<Option<i64>>(row, "installation")?.map(InstallationId),
        run: RunId(get(row, "run_id")?),
        attempt: RunAttempt(get(row, "run_attempt")?),
        judged_status: get::<Option<String>>(row, "judged_status")?.map(Status::from),
        judged_conclusion: get::<Option<String>>(row, "judged_conclusion")?.map(Conclusion::from),
        lane: word(row, "lane", Lane::parse)?,
        state: word(row, "state", ActionState::parse)?,
        reason: get(row, "reason")?,
        due_at: Timestamp(get(row, "due_at")?),
        bounds: Bounds { per_run: get(row, "per_run")?, ..Bounds::default() },
        runner_minutes: get(row, "runner_minutes")?,
    })
}

/// Reads an execution.
pub(super) fn execution(row: &SqliteRow) -> Result<ExecutionRow, StoreError> {
    Ok(ExecutionRow {
        id: get(row, "id")?,
        action_id: get(row, "action_id")?,
        begun_at: Timestamp(get(row, "begun_at")?),
        finished_at: get::<Option<i64>>(row, "finished_at")?.map(Timestamp),
        outcome: get(row, "outcome")?,
        detail: get(row, "detail")?,
        requests: get(row, "requests")?,
    })
}

/// A column's value.
pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(|error| StoreError::Unreadable(error.to_string()))
}

fn word<T>(row: &SqliteRow, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
    let text: &str = get(row, column)?;
    parse(text).ok_or_else(|| unreadable(row, column, &format!("{text:?} is not one")))
}

/// A column that holds JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, StoreError> {
    serde_json::from_str(get(row, column)?).map_err(|error| unreadable(row, column, &error))
}

fn key(text: &str) -> Option<ActionKey> {
    let plain: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    ActionKey::deserialize(plain).ok()
}

fn unreadable(row: &SqliteRow, column: &str, why: &dyn std::fmt::Display) -> StoreError {
    let id = row.try_get::<i64, _>("id").unwrap_or(0);
    StoreError::Unreadable(format!("row {id}, column {column}: {why}"))
}
