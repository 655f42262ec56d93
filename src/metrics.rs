//! Counters and gauges that `/metrics` shows, in Prometheus' text form.

use std::sync::{Arc, atomic::AtomicI64};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// All that is counted. Clones share it.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    /// Webhooks by GitHub's event and what came of them: `accepted`, `duplicate`, `revived`, `ignored`, `ping`.
    pub webhooks: Family<WebhookLabels, Counter>,
    /// Webhooks turned away, by reason.
    pub refused: Family<ReasonLabels, Counter>,
    /// Seconds from a webhook's headers to its answer; a slow sender's body counts.
    pub webhook_seconds: Histogram,
    /// Verdicts, by rule.
    pub verdicts: Family<VerdictLabels, Counter>,
    /// Executions, by kind of action and outcome.
    pub executions: Family<ExecutionLabels, Counter>,
    /// Deliveries waiting to be judged.
    pub inbox: Gauge<i64, AtomicI64>,
    /// Deliveries that cannot be judged.
    pub parked: Gauge<i64, AtomicI64>,
    /// Actions waiting for their time, under way, held, or with an end that cannot be told, by state.
    pub open_actions: Family<StateLabels, Gauge<i64, AtomicI64>>,
    /// Breakers that hold re-runs.
    pub breakers: Gauge<i64, AtomicI64>,
    /// Restarts of a worker after a failure.
    pub worker_restarts: Family<WorkerLabels, Counter>,
}

macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($field:ident),* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub struct $name {
            $(#[doc = concat!("`", stringify!($field), "`")] pub $field: String),*
        }
    };
}

labels!(
    /// Of a webhook.
    WebhookLabels { event, outcome }
);
labels!(
    /// Of a refusal.
    ReasonLabels { reason }
);
labels!(
    /// Of a verdict.
    VerdictLabels { rule, verdict }
);
labels!(
    /// Of an execution.
    ExecutionLabels { action, outcome }
);
labels!(
    /// Of an action's state.
    StateLabels { state }
);
labels!(
    /// Of a worker.
    WorkerLabels { worker }
);

/// Upper bounds of the answer times' buckets, in seconds.
const SECONDS: [f64; 12] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("runwarden");
        let webhooks = Family::default();
        let refused = Family::default();
        let webhook_seconds = Histogram::new(SECONDS);
        let verdicts = Family::default();
        let executions = Family::default();
        let (inbox, parked) = (Gauge::default(), Gauge::default());
        let open_actions = Family::default();
        let breakers = Gauge::default();
        let worker_restarts = Family::default();
        registry.register("webhooks", "Webhooks by event and outcome", webhooks.clone());
        registry.register("webhooks_refused", "Webhooks turned away, by reason", refused.clone());
        registry.register("webhook_seconds", "Time to answer a webhook", webhook_seconds.clone());
        registry.register("verdicts", "Verdicts by rule", verdicts.clone());
        registry.register("executions", "Executions by action and outcome", executions.clone());
        registry.register("inbox_deliveries", "Deliveries waiting to be judged", inbox.clone());
        registry.register("parked_deliveries", "Deliveries that cannot be judged", parked.clone());
        registry.register(
            "open_actions",
            "Actions planned, executing, held or uncertain, by state",
            open_actions.clone(),
        );
        registry.register("open_breakers", "Breakers that hold re-runs", breakers.clone());
        registry.register("worker_restarts", "Restarts of a worker after a failure", worker_restarts.clone());
        Self {
            registry: Arc::new(registry),
            webhooks,
            refused,
            webhook_seconds,
            verdicts,
            executions,
            inbox,
            parked,
            open_actions,
            breakers,
            worker_restarts,
        }
    }

    /// Prometheus' text form of everything.
    ///
    /// # Errors
    /// When a label cannot be written, which would be a bug.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}
