//! What a breaker tells a channel: a decision and a planned action of its own, so that it is sent, tried again and kept
//! like anything else.

use serde_json::json;
use sqlx::SqliteConnection;

use super::breaker::Cause;
use crate::model::{
    Action, ChannelFormat, Facts, Notify, RuleName, RuleVerdict, RunSnapshot, Signal, Timestamp, Verdict,
};

/// A change of a breaker that stands in the history.
pub(super) struct Told<'a> {
    pub(super) delivery_id: i64,
    pub(super) transition: i64,
    pub(super) state: &'static str,
    pub(super) words: &'a str,
}

/// Plans to tell the channel of the change.
pub(super) async fn plan(
    connection: &mut SqliteConnection,
    notify: &Notify,
    told: &Told<'_>,
    cause: &Cause,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let run = RunSnapshot {
        attempt: Some(cause.attempt),
        ..RunSnapshot::unknown(cause.repository.clone(), cause.run)
    };
    let verdict = RuleVerdict {
        rule: RuleName::breaker(),
        verdict: Verdict::Matched,
        reason: told.words.to_owned(),
        conditions: None,
    };
    let facts = Facts::of(Signal::RunCompleted, run);
    let decision_id: i64 = sqlx::query_scalar(
        "INSERT INTO decisions (delivery_id, repository, run_id, run_attempt, environment, rules, requests,
                                decided_at, facts, verdicts)
         VALUES ($1, $2, $3, $4, '', $5, 0, $6, $7, $8)
         RETURNING id",
    )
    .bind(told.delivery_id)
    .bind(cause.repository.key())
    .bind(cause.run.0)
    .bind(cause.attempt.0)
    .bind(format!(" {} ", RuleName::BREAKER))
    .bind(now.0)
    .bind(text(&facts)?)
    .bind(text(&[verdict])?)
    .fetch_one(&mut *connection)
    .await?;
    let action = Action::Notify(message(notify, told, cause, now));
    sqlx::query(
        "INSERT INTO actions (key, decision_id, rule, kind, params, repository, run_id, run_attempt, lane, state,
                              due_at, planned_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'event', 'planned', $9, $9)
         ON CONFLICT (key) DO NOTHING",
    )
    .bind(format!("breaker:{}", told.transition))
    .bind(decision_id)
    .bind(RuleName::BREAKER)
    .bind(action.kind().as_str())
    .bind(text(&action)?)
    .bind(cause.repository.as_str())
    .bind(cause.run.0)
    .bind(cause.attempt.0)
    .bind(now.0)
    .execute(connection)
    .await
    .map(drop)
}

fn text<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

fn message(notify: &Notify, told: &Told<'_>, cause: &Cause, now: Timestamp) -> Notify {
    let body = match notify.format {
        // The name of a workflow or a label is other people's text.
        ChannelFormat::Slack => json!({
            "text": told.words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        }),
        ChannelFormat::Json => json!({
            "event": RuleName::BREAKER,
            "rule": RuleName::BREAKER,
            "state": told.state,
            "repository": cause.repository.as_str(),
            "run_id": cause.run.0,
            "run_attempt": cause.attempt.0,
            "judged_at": now.to_string(),
            "text": told.words,
        }),
    };
    Notify { text: told.words.to_owned(), body: body.to_string(), ..notify.clone() }
}
