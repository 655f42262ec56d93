//! Reading a request's body within bounds of size, time and memory.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header::CONTENT_LENGTH};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest body taken, in bytes: GitHub never sends a larger one.
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>
pub const MAX_BODY_BYTES: usize = 25 * 1024 * 1024;

/// How much all bodies being received may hold together, in KiB.
const ROOM_KIB: u32 = 256 * 1024;

/// How long a body may take to come. GitHub itself gives up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// The memory that all bodies being received share.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM_KIB as usize)))
    }
}

/// A body, with its share of the room while it is alive.
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

/// Reads a body.
///
/// # Errors
/// 413 when it is too large, 503 when too many others are being received, 408 when it does not come in time,
/// 400 when the connection breaks.
pub(super) async fn receive(
    room: &Room,
    headers: &HeaderMap,
    body: Body,
) -> Result<Received, (StatusCode, &'static str)> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 25 MiB\n"));
    }
    let kib = u32::try_from(announced.unwrap_or(MAX_BODY_BYTES) / 1024 + 1).unwrap_or(ROOM_KIB);
    let Ok(permit) = room.0.clone().try_acquire_many_owned(kib) else {
        return Err((StatusCode::SERVICE_UNAVAILABLE, "too many bodies are being received\n"));
    };
    match tokio::time::timeout(PATIENCE, collect(body, announced)).await {
        Ok(bytes) => Ok(Received { bytes: bytes?, _room: permit }),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n")),
    }
}

async fn collect(mut body: Body, announced: Option<usize>) -> Result<Vec<u8>, (StatusCode, &'static str)> {
    // Only what has come is held: a length that was merely announced costs nothing.
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(64 * 1024));
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err((StatusCode::BAD_REQUEST, "the body broke off\n"));
        };
        if let Some(chunk) = frame.data_ref() {
            if bytes.len() + chunk.len() > MAX_BODY_BYTES {
                return Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 25 MiB\n"));
            }
            bytes.extend_from_slice(chunk);
        }
    }
    Ok(bytes)
}
