//! A story's world: the simulated GitHub, the daemon's parts on a ledger of their own, and a clock set by hand.
//! Workers are stepped until all are idle; nothing sleeps.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use runwarden::{
    clock::Clock,
    config, daemon,
    github::WebhookSecrets,
    health::Health,
    metrics::Metrics,
    model::{ActionState, Lane, RunId, Timestamp},
    pipeline::{Decider, Executor, Pipeline, Scheduler},
    server::{Interests, Parts, Server},
    simulator::{self, Simulator},
    store::{HistoryEntry, HistoryFilter, Store},
};
use tempfile::TempDir;

pub const SECRET: &str = "It's a Secret to Everybody";

/// A Sunday noon, so that no schedule of a story falls on its beginning.
pub const NOON: &str = "2026-11-22T12:00:30Z";

pub struct Story {
    pub github: Simulator,
    pub pipeline: Pipeline,
    pub clock: Clock,
    pub url: String,
    pub folder: TempDir,
    pub decider: Decider,
    pub executors: [Executor; 2],
    scheduler: Scheduler,
}

/// A configuration for a simulated GitHub, with those rules.
pub fn configuration(api_url: &str, rules: &str) -> String {
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/src/github/testdata/app.pem");
    format!(
        "server: {{ listen: \"127.0.0.1:0\" }}\n\
         webhook: {{ secrets: [{{ env: SECRET }}] }}\n\
         github:\n  api_url: {api_url}\n  app: {{ id: 12345, private_key: {{ file: \"{key}\" }} }}\n  \
         reviewer: {{ token: {{ env: REVIEWER }} }}\n  write_interval: 0s\n\
         database: {{ path: runwarden.db }}\n\
         {rules}"
    )
}

pub fn environment(name: &str) -> Option<String> {
    match name {
        "SECRET" => Some(SECRET.to_owned()),
        "REVIEWER" => Some(simulator::REVIEWER_TOKEN.to_owned()),
        "TOKEN" => Some(simulator::PLAIN_TOKEN.to_owned()),
        _ => None,
    }
}

impl Story {
    /// Begins at noon, with those rules (the YAML from `rules:` on) and the repository acme/api.
    pub async fn begin(rules: &str) -> Self {
        let github = Simulator::start().await.unwrap();
        github.set_now(NOON.parse().unwrap());
        github.repo("acme/api");
        github.workflow("acme/api", "ci.yml", "CI");
        let folder = TempDir::new().unwrap();
        Self::with(github, folder, rules).await
    }

    /// The same with an App that has no reviewer's token.
    pub async fn begin_without_reviewer(rules: &str) -> Self {
        let mut story = Self::begin(rules).await;
        let yaml = configuration(&story.github.api_url(), rules)
            .lines()
            .filter(|line| !line.contains("reviewer:"))
            .collect::<Vec<_>>()
            .join("\n");
        let loaded = config::compile(&yaml, "story.yaml", story.folder.path(), &environment)
            .unwrap_or_else(|problems| panic!("{problems}"));
        story.pipeline.github = daemon::connect(&loaded.config, story.clock.clone()).unwrap();
        story.decider = Decider::new(story.pipeline.clone());
        story.executors = [Lane::Event, Lane::Bulk].map(|lane| Executor::new(story.pipeline.clone(), lane));
        story
    }

    /// The same world with a daemon that has just been started.
    pub async fn restart(self, rules: &str) -> Self {
        self.pipeline.store.close().await;
        let Self { github, folder, .. } = self;
        Self::with(github, folder, rules).await
    }

    async fn with(github: Simulator, folder: TempDir, rules: &str) -> Self {
        let yaml = configuration(&github.api_url(), rules);
        let loaded = config::compile(&yaml, "story.yaml", folder.path(), &environment)
            .unwrap_or_else(|problems| panic!("{problems}"));
        let clock = Clock::by_hand(Timestamp(github.now().as_millisecond()));
        let client = daemon::connect(&loaded.config, clock.clone()).unwrap();
        let store = Store::open(&folder.path().join("runwarden.db"), clock.now()).await.unwrap();
        let metrics = Metrics::new();
        let pipeline = Pipeline::new(
            store.clone(),
            client,
            clock.clone(),
            metrics.clone(),
            loaded.config.ruleset.clone(),
        );
        let interests = Interests::default();
        interests.set(|signal| loaded.config.ruleset.wants(signal));
        let server = Server::new(Parts {
            store,
            clock: clock.clone(),
            sightings: pipeline.sightings.clone(),
            metrics,
            health: Health::default(),
            interests,
            secrets: Arc::new(RwLock::new(WebhookSecrets::new(&[runwarden::github::SecretText::new(
                SECRET,
            )]))),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/github", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, server.router("/webhooks/github")).await });
        github.deliver_to(&url, SECRET);
        Self {
            decider: Decider::new(pipeline.clone()),
            executors: [
                Executor::new(pipeline.clone(), Lane::Event),
                Executor::new(pipeline.clone(), Lane::Bulk),
            ],
            scheduler: Scheduler::new(pipeline.clone()),
            github,
            pipeline,
            clock,
            url,
            folder,
        }
    }

    /// Lets everything happen that happens without time passing.
    pub async fn settle(&mut self) {
        let patience = Duration::from_secs(60);
        tokio::time::timeout(patience, self.settle_all()).await.expect("the story never came to rest");
    }

    async fn settle_all(&mut self) {
        let mut idle = 0;
        while idle < 2 {
            self.github.settle().await;
            let mut busy = self.scheduler.step().await.unwrap().worked > 0;
            let decided = self.decider.step().await.unwrap();
            busy |= !decided.is_idle();
            if decided.in_flight > 0 && decided.worked == 0 {
                self.decider.gathered().await;
            }
            for executor in &mut self.executors {
                let executed = executor.step().await.unwrap();
                busy |= !executed.is_idle();
                if executed.in_flight > 0 {
                    executor.executed().await;
                }
            }
            idle = if busy { 0 } else { idle + 1 };
        }
    }

    /// Lets everything happen, then time pass in one step, then everything happen that is due by then.
    pub async fn pass(&mut self, time: Duration) {
        self.settle().await;
        self.clock.advance(time);
        self.github.advance(time);
        self.settle().await;
    }

    /// What the history says about a run, oldest first.
    pub async fn history(&self, run: u64) -> Vec<HistoryEntry> {
        let filter = HistoryFilter {
            run: Some(RunId(i64::try_from(run).unwrap())),
            limit: 100,
            ..HistoryFilter::default()
        };
        let mut entries = self.pipeline.store.history(&filter).await.unwrap();
        entries.reverse();
        entries
    }

    /// Each action on a run as `kind state: reason`, in the order in which they were planned.
    pub async fn actions(&self, run: u64) -> Vec<String> {
        let entries = self.history(run).await;
        let actions =
            entries.into_iter().flat_map(|entry| entry.decisions).flat_map(|decision| decision.actions);
        actions
            .map(|(action, _)| {
                let plan = action.plan;
                format!(
                    "{} {} {}: {}",
                    plan.rule,
                    plan.action.kind(),
                    plan.state,
                    plan.reason.unwrap_or_default()
                )
            })
            .collect()
    }

    /// What a raw webhook is answered with.
    pub async fn answer(&self, headers: &[(String, String)], body: Vec<u8>) -> u16 {
        self.github.deliver_raw(headers, body).await.status.expect("no answer")
    }

    /// The writes that reached GitHub, as `METHOD path`.
    pub fn writes(&self) -> Vec<String> {
        self.github.writes().iter().map(simulator::Request::line).collect()
    }

    /// The requests that concern a run, token mints and installation look-ups aside, as `METHOD path`.
    pub fn requests(&self) -> Vec<String> {
        let lines = self.github.requests().into_iter().map(|request| request.line());
        lines.filter(|line| line.contains("/actions/") || line.contains("/check-runs/")).collect()
    }

    /// A story fails at its end on a route that GitHub does not have and on an action left due.
    pub async fn end(self) {
        let unknown = self.github.unknown_routes();
        assert!(unknown.is_empty(), "GitHub has no such routes: {unknown:?}");
        let all = HistoryFilter { limit: 10_000, ..HistoryFilter::default() };
        for entry in self.pipeline.store.history(&all).await.unwrap() {
            for (action, _) in entry.decisions.iter().flat_map(|decision| &decision.actions) {
                let plan = &action.plan;
                let due = plan.state == ActionState::Planned && plan.due_at <= self.clock.now();
                assert!(!due && plan.state != ActionState::Executing, "left due: {plan:?}");
            }
        }
    }
}
