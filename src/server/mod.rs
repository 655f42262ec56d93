//! The HTTP side: it takes webhooks into the inbox and tells how the daemon is. It judges nothing.

mod body;
mod interests;
mod status;
mod webhook;

use std::{
    any::Any,
    sync::{Arc, RwLock},
};

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower_http::catch_panic::CatchPanicLayer;

pub use body::MAX_BODY_BYTES;
pub use interests::Interests;

use crate::{
    clock::Clock, github::WebhookSecrets, health::Health, metrics::Metrics, sightings::Sightings,
    store::Store,
};

/// What the handlers share.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

struct Shared {
    store: Store,
    clock: Clock,
    sightings: Sightings,
    metrics: Metrics,
    health: Health,
    interests: Interests,
    secrets: Arc<RwLock<WebhookSecrets>>,
    room: body::Room,
}

/// What a server is made of.
pub struct Parts {
    /// The ledger.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// What webhooks have told.
    pub sightings: Sightings,
    /// What is counted.
    pub metrics: Metrics,
    /// What is wrong.
    pub health: Health,
    /// Which signals some rule listens to.
    pub interests: Interests,
    /// The secrets that a webhook may be signed with; they may be exchanged while the server runs.
    pub secrets: Arc<RwLock<WebhookSecrets>>,
}

impl Server {
    /// A server of those parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { store, clock, sightings, metrics, health, interests, secrets } = parts;
        let room = body::Room::default();
        Self(Arc::new(Shared { store, clock, sightings, metrics, health, interests, secrets, room }))
    }

    /// The routes: the webhook at its configured path, `/healthz`, `/readyz` and `/metrics`.
    pub fn router(self, webhook_path: &str) -> Router {
        Router::new()
            .route(webhook_path, post(webhook::receive))
            .route("/healthz", get(status::healthz))
            .route("/readyz", get(status::readyz))
            .route("/metrics", get(status::metrics))
            .layer(CatchPanicLayer::custom(after_panic))
            .with_state(self)
    }
}

/// A handler that panicked answers 500, so that GitHub shows the delivery as failed and it can be redelivered.
fn after_panic(_panic: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request handler failed by a bug in runwarden");
    (StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response()
}
