//! How the daemon is: for load balancers, supervisors and Prometheus.

use axum::{
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};

use super::Server;
use crate::{metrics::StateLabels, model::ActionState};

/// 200 as long as the process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// 200 when webhooks can be taken in and judged; 503 with the reasons, one a line, when not.
pub(super) async fn readyz(State(server): State<Server>) -> Response {
    let mut problems = server.0.health.problems();
    if let Err(why) = server.0.store.health().await {
        problems.push(format!("database: {why}"));
    }
    if problems.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, problems.join("\n") + "\n").into_response()
}

/// Prometheus' text form.
pub(super) async fn metrics(State(server): State<Server>) -> Response {
    let metrics = &server.0.metrics;
    if let Ok(counts) = server.0.store.counts().await {
        let gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        metrics.inbox.set(gauge(counts.pending));
        metrics.parked.set(gauge(counts.parked));
        metrics.breakers.set(gauge(counts.breakers));
        let open = [
            (ActionState::Planned, counts.planned),
            (ActionState::Executing, counts.executing),
            (ActionState::Uncertain, counts.uncertain),
            (ActionState::Held, counts.held),
        ];
        for (state, count) in open {
            metrics.open_actions.get_or_create(&StateLabels { state: state.to_string() }).set(gauge(count));
        }
    }
    match metrics.render() {
        Ok(text) => ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n").into_response(),
    }
}
