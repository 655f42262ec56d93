//! The webhook: verified over the raw bytes, looked at, made durable, and only then answered with 202.

use std::{borrow::Cow, sync::PoisonError, time::Instant};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use tracing::{debug, warn};

use super::{Server, Shared, body};
use crate::{
    github::{Glance, SignatureError, glance},
    metrics::{ReasonLabels, WebhookLabels},
    model::{DeliveryGuid, NewDelivery, Signal, Source, Status},
    sightings::{Sighting, Told},
    store::{IngestError, Ingested},
};

/// What a webhook is answered with: a status, why in words, and the word under which a refusal is counted.
struct Refusal {
    status: StatusCode,
    words: Cow<'static, str>,
    reason: &'static str,
}

fn refuse(status: StatusCode, reason: &'static str, words: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal { status, words: words.into(), reason }
}

/// Takes in one webhook. Answers 202 once it is durable or known to be of no use, 200 to a ping.
pub(super) async fn receive(State(server): State<Server>, headers: HeaderMap, body: Body) -> Response {
    let began = Instant::now();
    let shared = &server.0;
    let answer = shared.take_in(&headers, body).await;
    shared.metrics.webhook_seconds.observe(began.elapsed().as_secs_f64());
    match answer {
        Ok((status, words)) => (status, words).into_response(),
        Err(refusal) => {
            let labels = ReasonLabels { reason: refusal.reason.to_owned() };
            shared.metrics.refused.get_or_create(&labels).inc();
            if refusal.status == StatusCode::SERVICE_UNAVAILABLE {
                // A webhook that is turned away leaves a gap in what we have been told.
                shared.sightings.forget();
            }
            warn!(
                status = refusal.status.as_u16(),
                reason = refusal.reason,
                "turned a webhook away: {}",
                refusal.words
            );
            (refusal.status, format!("{}\n", refusal.words)).into_response()
        }
    }
}

impl Shared {
    async fn take_in(&self, headers: &HeaderMap, body: Body) -> Result<(StatusCode, &'static str), Refusal> {
        let received = body::receive(&self.room, headers, body)
            .await
            .map_err(|(status, words)| refuse(status, reason_of(status), words.trim_end()))?;
        self.verify(headers, &received.bytes)?;
        let json = json_of(headers, received.bytes)?;
        let event = required(headers, "x-github-event")?;
        let guid = required(headers, "x-github-delivery")?;
        let guid = DeliveryGuid::parse(guid).map_err(|error| {
            refuse(
                StatusCode::BAD_REQUEST,
                "header",
                format!("the header x-github-delivery is not usable: {error}"),
            )
        })?;
        let glance = glance(event, &json).map_err(|error| {
            refuse(StatusCode::BAD_REQUEST, "json", format!("the body is not JSON: {error}"))
        })?;
        if event == "ping" {
            self.count(event, "ping");
            return Ok((StatusCode::OK, "pong\n"));
        }
        let now = self.clock.now();
        let sighting = sighting_of(event, &glance, now);
        let outcome = if self.is_used(event, &glance) {
            let event = event.to_owned();
            self.keep(NewDelivery { guid, source: Source::Webhook, event, received_at: now, body: json })
                .await?
        } else {
            "ignored"
        };
        if let Some(sighting) = sighting {
            self.sightings.add(&sighting);
        }
        self.count(event, outcome);
        debug!(event, outcome, "took in a webhook");
        Ok((StatusCode::ACCEPTED, "accepted\n"))
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        let signature = match headers.get("x-hub-signature-256") {
            // What is not text is not a signature, and not a missing one either.
            Some(value) => Some(value.to_str().unwrap_or("")),
            None => None,
        };
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        secrets.verify(body, signature, headers.contains_key("x-hub-signature")).map_err(|error| {
            let reason = match error {
                SignatureError::Missing => "signature_missing",
                SignatureError::OnlySha1 => "signature_sha1",
                SignatureError::Malformed | SignatureError::Wrong => "signature_wrong",
            };
            refuse(StatusCode::UNAUTHORIZED, reason, error.to_string())
        })
    }

    async fn keep(&self, delivery: NewDelivery) -> Result<&'static str, Refusal> {
        match self.store.ingest(delivery).await {
            Ok(Ingested::Stored) => Ok("accepted"),
            Ok(Ingested::Revived) => Ok("revived"),
            Ok(Ingested::Duplicate) => Ok("duplicate"),
            Err(error) => {
                let reason = match error {
                    IngestError::Full => "inbox_full",
                    _ => "database",
                };
                Err(refuse(StatusCode::SERVICE_UNAVAILABLE, reason, error.to_string()))
            }
        }
    }

    /// Whether some rule listens to what the webhook may say. One that should say it and cannot be understood
    /// is kept, so that it is parked where people see it.
    fn is_used(&self, event: &str, glance: &Glance) -> bool {
        let waiting = [Signal::DeploymentWaiting];
        let activity = glance.action.as_deref();
        match (event, activity) {
            ("workflow_run", Some("requested")) => self.interests.include(Signal::RunRequested),
            ("workflow_run", Some("in_progress")) => self.interests.include(Signal::RunInProgress),
            ("workflow_run", Some("completed")) => self.interests.include(Signal::RunCompleted),
            ("workflow_run", None) => self.interests.include_any(&Signal::WEBHOOK),
            ("workflow_job", activity) => {
                let may_wait = glance.job_status.as_ref().is_none_or(|status| *status == Status::Waiting);
                let of_activity = match activity {
                    Some("queued") => Some(Signal::JobQueued),
                    Some("in_progress") => Some(Signal::JobInProgress),
                    Some("completed") => Some(Signal::JobCompleted),
                    _ => None,
                };
                let of_a_wait = [Signal::DeploymentWaiting, Signal::JobWaiting];
                (may_wait && self.interests.include_any(&of_a_wait))
                    || of_activity.is_some_and(|signal| self.interests.include(signal))
            }
            ("deployment_review" | "deployment_protection_rule", Some("requested") | None) => {
                self.interests.include_any(&waiting)
            }
            ("pull_request" | "pull_request_review" | "issue_comment", Some(activity)) => {
                let signal = Signal::of_webhook(&format!("{event}.{activity}"));
                signal.is_some_and(|signal| self.interests.include(signal))
            }
            ("pull_request" | "pull_request_review" | "issue_comment", None) => Signal::WEBHOOK
                .iter()
                .any(|signal| signal.is_of_a_pull_request() && self.interests.include(*signal)),
            _ => false,
        }
    }

    fn count(&self, event: &str, outcome: &str) {
        // A label is kept for ever: only names that GitHub could have sent become one.
        let known = event.len() <= 40 && event.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let event = if known { event } else { "other" };
        let labels = WebhookLabels { event: event.to_owned(), outcome: outcome.to_owned() };
        self.metrics.webhooks.get_or_create(&labels).inc();
    }
}

fn reason_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::SERVICE_UNAVAILABLE => "overload",
        _ => "broken_off",
    }
}

/// The JSON within the body: the body itself, or the field `payload` of a form.
fn json_of(headers: &HeaderMap, body: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(body);
    }
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let words = "the content type is neither application/json nor application/x-www-form-urlencoded";
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", words));
    }
    form_urlencoded::parse(&body)
        .find(|(name, _)| name == "payload")
        .map(|(_, payload)| payload.into_owned().into_bytes())
        .ok_or_else(|| refuse(StatusCode::BAD_REQUEST, "json", "the form has no field `payload`"))
}

fn required<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refusal> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty()).ok_or_else(|| {
        refuse(StatusCode::BAD_REQUEST, "header", format!("the header {name} is missing or not text"))
    })
}

/// What the webhook tells of a run, for the guards.
fn sighting_of(event: &str, glance: &Glance, at: crate::model::Timestamp) -> Option<Sighting> {
    let activity = glance.action.as_deref();
    let told = match event {
        "workflow_run" => Told::Run {
            requested: activity == Some("requested"),
            workflow: glance.workflow_id,
            branch: glance.branch.clone(),
            number: glance.run_number,
        },
        "workflow_job" => {
            Told::Job { waiting: activity == Some("waiting") || glance.job_status == Some(Status::Waiting) }
        }
        "deployment_review" | "deployment_protection_rule" => Told::Review,
        _ => return None,
    };
    Some(Sighting { repository: glance.repository.clone()?, run: glance.run?, at, told })
}
