//! Webhooks: signed, sent in order by one task, and kept, so that they can be sent again.

use std::time::Duration;

use axum::body::{Body, Bytes};
use hmac::{Hmac, Mac};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::mpsc;

use super::handle::Simulator;
use super::shapes::APP_ID;
use super::world::{World, hex, sha};

/// GitHub gives up on an answer after this time.
const PATIENCE: Duration = Duration::from_secs(10);
const HOOK_ID: u64 = 488_117_204;

/// One sending of a webhook.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Id of this sending; a redelivery has another one.
    pub id: u64,
    /// `X-GitHub-Delivery`: of the event, and the same in a redelivery.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload's `action`.
    pub action: String,
    /// All headers; the signature is that of the sending.
    pub headers: Vec<(String, String)>,
    /// The signed bytes.
    pub body: Bytes,
    /// When the event happened, by the simulator's clock.
    pub at: Timestamp,
    /// Is it a repetition?
    pub redelivery: bool,
    /// Still to be sent or answered.
    pub pending: bool,
    /// The receiver's answer; `None` if there was none (yet).
    pub status: Option<u16>,
    /// The answer's body, or why there was none.
    pub answer: String,
}

/// An answer of the webhooks' receiver.
#[derive(Debug, Clone)]
pub struct Answered {
    /// HTTP status; `None` if the connection failed or nothing came in ten seconds.
    pub status: Option<u16>,
    /// The answer's body, or the failure in words.
    pub body: String,
}

/// Where webhooks go, and all there were.
pub(super) struct Hook {
    pub(super) url: Option<String>,
    pub(super) secret: String,
    pub(super) automatic: bool,
    /// Events that the App is subscribed to; `None` is all.
    pub(super) events: Option<Vec<String>>,
    /// In the order of their ids.
    pub(super) log: Vec<Delivery>,
    /// How many of them are still to be sent or answered.
    pub(super) pending: usize,
    queue: mpsc::UnboundedSender<u64>,
}

impl Hook {
    pub(super) fn new(queue: mpsc::UnboundedSender<u64>) -> Self {
        Self {
            url: None,
            secret: String::new(),
            automatic: true,
            events: None,
            log: Vec::new(),
            pending: 0,
            queue,
        }
    }
}

/// `sha256=` and the HMAC of the body, the value of `X-Hub-Signature-256`.
#[must_use]
pub fn sign(secret: &str, body: &[u8]) -> String {
    // An HMAC takes keys of any length: there is no error to handle.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

impl World {
    /// Notes an event, and queues it if there is somebody to tell.
    pub(super) fn emit(&mut self, event: &str, action: &str, body: &Value) {
        let wanted = self.hook.events.as_ref().is_none_or(|events| events.iter().any(|e| e == event));
        // `ping` and `installation*` come without a subscription.
        if !wanted && event != "ping" && !event.starts_with("installation") {
            return;
        }
        let bytes = Bytes::from(body.to_string());
        let guid = self.guid();
        let delivery = Delivery {
            id: 0,
            guid,
            event: event.to_owned(),
            action: action.to_owned(),
            headers: Vec::new(),
            body: bytes,
            at: self.now(),
            redelivery: false,
            pending: false,
            status: None,
            answer: "not sent".to_owned(),
        };
        self.enqueue(delivery, self.hook.automatic);
    }

    fn enqueue(&mut self, mut delivery: Delivery, send: bool) {
        delivery.id = 24_000_000_000 + self.next();
        delivery.headers =
            self.hook_headers(&delivery.event, &delivery.guid, &self.hook.secret, &delivery.body);
        delivery.pending = send && self.hook.url.is_some() && self.hook.queue.send(delivery.id).is_ok();
        self.hook.pending += usize::from(delivery.pending);
        self.hook.log.push(delivery);
    }

    /// Sends the event with this guid once more; false if there is none.
    pub(super) fn redeliver(&mut self, guid: &str) -> bool {
        let Some(first) = self.hook.log.iter().find(|delivery| delivery.guid == guid) else { return false };
        let redelivery = first.status.is_some() || first.pending;
        let again = Delivery { redelivery, status: None, answer: "not sent".to_owned(), ..first.clone() };
        self.enqueue(again, true);
        true
    }

    /// A guid that no other simulator's event has.
    pub(super) fn guid(&mut self) -> String {
        let number = self.next();
        let digits = sha(&format!("{} {number}", self.salt));
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().to_owned();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    pub(super) fn hook_headers(
        &self,
        event: &str,
        guid: &str,
        secret: &str,
        body: &[u8],
    ) -> Vec<(String, String)> {
        let mut headers = vec![
            ("Accept", "*/*".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("User-Agent", "GitHub-Hookshot/7a1b2c3".to_owned()),
            ("X-GitHub-Delivery", guid.to_owned()),
            ("X-GitHub-Event", event.to_owned()),
            ("X-GitHub-Hook-ID", HOOK_ID.to_string()),
            ("X-GitHub-Hook-Installation-Target-ID", APP_ID.to_string()),
            ("X-GitHub-Hook-Installation-Target-Type", "integration".to_owned()),
        ];
        if !secret.is_empty() {
            headers.push(("X-Hub-Signature-256", sign(secret, body)));
        }
        if let Some(version) = &self.enterprise {
            headers.push(("X-GitHub-Enterprise-Version", version.clone()));
            headers.push(("X-GitHub-Enterprise-Host", "127.0.0.1".to_owned()));
        }
        headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The HTTP client of the webhooks.
pub(super) type Sender = Client<HttpConnector, Body>;

pub(super) fn sender() -> Sender {
    // A new connection each time and no second try of its own: a receiver that was restarted in between is met anew,
    // and one webhook is one request.
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .retry_canceled_requests(false)
        .build_http()
}

/// Sends what is queued, one after the other, until the simulator is gone.
pub(super) async fn work(sim: Simulator, mut queue: mpsc::UnboundedReceiver<u64>) {
    while let Some(id) = queue.recv().await {
        let found = sim.read(|world| {
            let place = world.hook.log.binary_search_by_key(&id, |delivery| delivery.id).ok()?;
            let delivery = world.hook.log.get(place)?;
            Some((world.hook.url.clone()?, delivery.headers.clone(), delivery.body.clone()))
        });
        let answered = match found {
            Some((url, headers, body)) => post(sim.sender(), &url, &headers, body).await,
            None => Answered { status: None, body: "nobody to deliver to".to_owned() },
        };
        sim.change(|world| {
            world.hook.pending = world.hook.pending.saturating_sub(1);
            let place = world.hook.log.binary_search_by_key(&id, |delivery| delivery.id);
            if let Some(delivery) = place.ok().and_then(|place| world.hook.log.get_mut(place)) {
                delivery.pending = false;
                delivery.status = answered.status;
                delivery.answer = answered.body;
            }
        });
    }
}

/// Posts once and reads the whole answer.
pub(super) async fn post(sender: &Sender, url: &str, headers: &[(String, String)], body: Bytes) -> Answered {
    let failed = |why: String| Answered { status: None, body: why };
    let mut request = http::Request::post(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = match request.body(Body::from(body)) {
        Ok(request) => request,
        Err(error) => return failed(error.to_string()),
    };
    let exchange = async {
        let response = sender.request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?;
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        Ok::<Answered, String>(Answered { status: Some(status), body })
    };
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(why)) => failed(why),
        Err(_) => failed("timed out".to_owned()),
    }
}
