//! The handle: starting, time, webhooks' address, faults, records and waiting.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::auth::Access;
use super::clock::Clock;
use super::delivery::{self, Answered, Delivery, Hook, Sender};
use super::faults::{Fault, FaultId, Faults};
use super::limits::Limits;
use super::record::{Origin, Request};
use super::server;
use super::world::World;

/// A small GitHub on 127.0.0.1. Clones are the same GitHub; it lives as long as the runtime it was started in.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

struct Inner {
    world: Mutex<World>,
    changes: watch::Sender<u64>,
    sender: Sender,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").field("api_url", &self.api_url()).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Binds two ports of 127.0.0.1: the API, and the store of log archives, which is another origin.
    ///
    /// # Errors
    /// No port could be bound.
    pub async fn start() -> std::io::Result<Self> {
        let api = TcpListener::bind("127.0.0.1:0").await?;
        let blobs = TcpListener::bind("127.0.0.1:0").await?;
        let (queue, queued) = mpsc::unbounded_channel();
        let world = World {
            base: format!("http://{}", api.local_addr()?),
            blob_base: format!("http://{}", blobs.local_addr()?),
            clock: Clock::default(),
            salt: format!("{} {}", Timestamp::now().as_nanosecond(), api.local_addr()?),
            counter: 0,
            repos: Vec::new(),
            workflows: Vec::new(),
            environments: Vec::new(),
            installations: Vec::new(),
            pulls: Vec::new(),
            comments: Vec::new(),
            checks: Vec::new(),
            teams: Vec::new(),
            contributors: Vec::new(),
            runs: std::collections::BTreeMap::new(),
            job_runs: std::collections::BTreeMap::new(),
            access: Access::default(),
            hook: Hook::new(queue),
            faults: Faults::default(),
            requests: Vec::new(),
            asked: 0,
            limits: Some(Limits::new(Timestamp::now())),
            auto_finish: false,
            lacking: std::collections::BTreeSet::new(),
            enterprise: None,
        };
        let (changes, _) = watch::channel(0);
        let inner = Inner { world: Mutex::new(world), changes, sender: delivery::sender() };
        let sim = Self { inner: Arc::new(inner) };
        server::serve(sim.clone(), Origin::Api, api);
        server::serve(sim.clone(), Origin::Blobs, blobs);
        tokio::spawn(delivery::work(sim.clone(), queued));
        Ok(sim)
    }

    /// Looks without waking anybody.
    pub(super) fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.inner.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes something and wakes all who wait for it.
    pub(super) fn change<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let result = act(&mut self.inner.world.lock().unwrap_or_else(PoisonError::into_inner));
        self.inner.changes.send_modify(|version| *version += 1);
        result
    }

    pub(super) fn sender(&self) -> &Sender {
        &self.inner.sender
    }

    /// `http://127.0.0.1:PORT/api/v3`.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.read(|world| world.api(""))
    }

    /// Where log archives lie: `http://127.0.0.1:ANOTHER_PORT`.
    #[must_use]
    pub fn blob_url(&self) -> String {
        self.read(|world| world.blob_base.clone())
    }

    // --- time ---

    /// Stops the clock at `now`.
    pub fn set_now(&self, now: Timestamp) {
        self.change(|world| {
            world.clock.freeze(now);
            if let Some(limits) = &mut world.limits {
                *limits = Limits::new(now);
            }
        });
    }

    /// Pushes the clock forward, whether it stands or runs.
    pub fn advance(&self, by: Duration) {
        self.change(|world| world.clock.advance(by));
    }

    /// The simulator's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.read(World::now)
    }

    // --- webhooks ---

    /// Webhooks of all changes from now on go there, signed with `secret` (empty: unsigned).
    pub fn deliver_to(&self, url: impl Into<String>, secret: impl Into<String>) {
        self.change(|world| {
            world.hook.url = Some(url.into());
            world.hook.secret = secret.into();
        });
    }

    /// Off: webhooks are only logged, for [`Simulator::redeliver`] in any order.
    pub fn automatic_delivery(&self, on: bool) {
        self.change(|world| world.hook.automatic = on);
    }

    /// The App's events; others are not even logged. By default all.
    pub fn subscribe<'a>(&self, events: impl IntoIterator<Item = &'a str>) {
        let events = events.into_iter().map(str::to_owned).collect();
        self.change(|world| world.hook.events = Some(events));
    }

    /// All sendings so far, the oldest first; a redelivery is one more.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.read(|world| world.hook.log.clone())
    }

    /// Queues the event with this guid once more, with the same guid and body; false if there is none.
    pub fn redeliver(&self, guid: &str) -> bool {
        self.change(|world| world.redeliver(guid))
    }

    /// Logs and sends any event with any body.
    pub fn emit(&self, event: &str, body: &serde_json::Value) {
        let action = body.get("action").and_then(serde_json::Value::as_str).unwrap_or_default();
        self.change(|world| world.emit(event, action, body));
    }

    /// Posts these bytes with these headers to the address of the webhooks, past the queue and the log.
    pub async fn deliver_raw(&self, headers: &[(String, String)], body: impl Into<Bytes>) -> Answered {
        match self.read(|world| world.hook.url.clone()) {
            Some(url) => delivery::post(self.sender(), &url, headers, body.into()).await,
            None => Answered { status: None, body: "nobody to deliver to".to_owned() },
        }
    }

    /// A webhook's body from the present state of a run, not sent; empty if there is no such run or job.
    #[must_use]
    pub fn payload(&self, event: &str, activity: &str, run: u64) -> Vec<u8> {
        let body = self.read(|world| world.payload(event, activity, run));
        body.map(|body| body.to_string().into_bytes()).unwrap_or_default()
    }

    /// Headers as GitHub would send them with `body`: a new guid, and the signature of the present secret.
    #[must_use]
    pub fn headers(&self, event: &str, body: &[u8]) -> Vec<(String, String)> {
        self.change(|world| {
            let guid = world.guid();
            let secret = world.hook.secret.clone();
            world.hook_headers(event, &guid, &secret, body)
        })
    }

    /// Waits until every queued webhook was answered or given up.
    pub async fn settle(&self) {
        self.wait_for(|sim| sim.read(|world| world.hook.pending == 0)).await;
    }

    // --- behaviour ---

    /// On: re-runs, approved runs and cancellations come to their end at once. Off (the default): `finish` does it.
    pub fn auto_finish(&self, on: bool) {
        self.change(|world| world.auto_finish = on);
    }

    /// A GitHub Enterprise Server of this version: `/meta` and webhooks say so, and there is no rate limit.
    pub fn enterprise(&self, version: &str) {
        self.change(|world| {
            world.enterprise = Some(version.to_owned());
            world.limits = None;
        });
    }

    /// What is left of the hourly budget, until `reset`.
    pub fn rate_limit(&self, remaining: u64, reset: Timestamp) {
        self.change(|world| {
            let mut limits = Limits::new(world.now());
            limits.set(remaining, reset);
            world.limits = Some(limits);
        });
    }

    /// No rate limit and no `x-ratelimit-*` headers, as on most GitHub Enterprise Servers.
    pub fn no_rate_limit(&self) {
        self.change(|world| world.limits = None);
    }

    /// All installation tokens so far are refused with 401.
    pub fn revoke_tokens(&self) {
        self.change(World::revoke);
    }

    /// Sets a fault; of several that fit, the first set strikes.
    pub fn fault(&self, fault: Fault) -> FaultId {
        self.change(|world| world.add_fault(fault))
    }

    /// Lets go what a fault holds, and what it would hold later.
    pub fn release(&self, id: FaultId) {
        self.change(|world| world.release(id));
    }

    /// How often a fault struck.
    #[must_use]
    pub fn fault_hits(&self, id: FaultId) -> u32 {
        self.read(|world| world.fault_hits(id))
    }

    /// Ends all faults; what was held (not what hangs) goes on.
    pub fn clear_faults(&self) {
        self.change(World::clear_faults);
    }

    // --- records ---

    /// Every request, the oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.read(|world| world.requests.clone())
    }

    /// The requests that would change something.
    #[must_use]
    pub fn writes(&self) -> Vec<Request> {
        self.read(|world| world.requests.iter().filter(|request| request.is_write()).cloned().collect())
    }

    /// The requests to routes that GitHub (or the simulator) does not have.
    #[must_use]
    pub fn unknown_routes(&self) -> Vec<Request> {
        self.read(|world| world.requests.iter().filter(|request| !request.known).cloned().collect())
    }

    /// Forgets the requests.
    pub fn clear_requests(&self) {
        self.change(|world| world.requests.clear());
    }

    /// Waits until `wanted` holds; it is asked again after every change. The caller sets the time limit.
    pub async fn wait_for(&self, wanted: impl Fn(&Self) -> bool) {
        let mut changes = self.inner.changes.subscribe();
        // The sender lives in `self`: `changed` cannot fail while we are here.
        while !wanted(self) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
