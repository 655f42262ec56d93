//! A simulated GitHub, a ledger, and one daemon after another on it.

use std::fs;

use axum::body::Bytes;
use runwarden::{
    clock::Clock,
    model::{DeliveryGuid, DeliveryState, NewDelivery, RuleName, RunId, ScheduledPass, Source},
    simulator::Simulator,
    store::{HistoryEntry, HistoryFilter, Store},
};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{
    http,
    process::{PATIENCE, Process},
    story::{SECRET, configuration},
};

/// So much of each daemon's log is shown when a test fails.
const SHOWN_LINES: usize = 60;

pub(super) struct Stage {
    pub(super) github: Simulator,
    pub(super) daemon: Process,
    /// What the test itself posted and got a 202 for, by guid.
    pub(super) answered: Vec<String>,
    folder: TempDir,
    /// Which webhooks, by event and activity, the rules listen to: no others are kept.
    kept: &'static [(&'static str, &'static str)],
    /// The logs of the daemons that are no more.
    logs: Vec<String>,
}

/// A webhook as GitHub would send it, any number of times.
#[derive(Clone)]
pub(super) struct Webhook {
    pub(super) guid: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Webhook {
    pub(super) async fn post(&self, github: &Simulator) -> Option<u16> {
        github.deliver_raw(&self.headers, self.body.clone()).await.status
    }
}

/// Waits for something that has to come.
pub(super) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Each action as `kind state [outcome of each execution]`.
pub(super) fn ends_of(entries: &[HistoryEntry]) -> Vec<String> {
    let actions = entries.iter().flat_map(|entry| &entry.decisions).flat_map(|decision| &decision.actions);
    actions
        .map(|(action, executions)| {
            let outcomes: Vec<&str> =
                executions.iter().map(|execution| execution.outcome.as_deref().unwrap_or("open")).collect();
            format!("{} {} [{}]", action.plan.action.kind(), action.plan.state, outcomes.join(", "))
        })
        .collect()
}

impl Stage {
    /// A daemon with those rules and a GitHub with the repository acme/api, whose webhooks it gets.
    pub(super) async fn begin(rules: &str) -> Self {
        let github = Simulator::start().await.unwrap();
        github.repo("acme/api");
        github.workflow("acme/api", "ci.yml", "CI");
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("config.yaml"), configuration(&github.api_url(), rules)).unwrap();
        let daemon = Process::serve(folder.path()).await;
        let kept: &[_] = if rules.contains("deployment.waiting") {
            &[
                ("deployment_review", "requested"),
                ("deployment_protection_rule", "requested"),
                ("workflow_job", "waiting"),
            ]
        } else {
            &[("workflow_run", "completed")]
        };
        let stage = Self { github, daemon, answered: Vec::new(), folder, kept, logs: Vec::new() };
        stage.deliver_here();
        stage
    }

    fn deliver_here(&self) {
        self.github.deliver_to(format!("{}/webhooks/github", self.daemon.url()), SECRET);
    }

    /// Another text for the configuration, from `rules:` on.
    pub(super) fn configure(&self, rules: &str) {
        let yaml = configuration(&self.github.api_url(), rules);
        fs::write(self.folder.path().join("config.yaml"), yaml).unwrap();
    }

    /// SIGKILL, this instant.
    pub(super) fn kill(&mut self) {
        self.daemon.kill();
    }

    /// A daemon on the ledger that the one before has left.
    pub(super) async fn restart(&mut self) {
        self.logs.push(self.daemon.log());
        self.daemon = Process::serve(self.folder.path()).await;
        self.deliver_here();
    }

    /// A daemon that does not get as far as listening, if it is quickly killed.
    pub(super) fn killed_while_starting(&mut self) {
        Process::spawn(self.folder.path()).kill();
    }

    /// A second daemon on the same ledger.
    pub(super) fn second(&self) -> Process {
        Process::spawn(self.folder.path())
    }

    /// What GitHub tells when the run's present attempt has ended.
    pub(super) fn completed(&self, run: u64) -> Webhook {
        let body = Bytes::from(self.github.payload("workflow_run", "completed", run));
        let headers = self.github.headers("workflow_run", &body);
        let guid = headers.iter().find(|(name, _)| name == "X-GitHub-Delivery").unwrap().1.clone();
        Webhook { guid, headers, body }
    }

    /// Puts a tick of a rule's schedule into the inbox, as that minute would.
    pub(super) async fn tick(&self, rule: &str) {
        let now = Clock::system().now();
        let rule = RuleName::parse(rule).unwrap();
        let guid = DeliveryGuid::parse(&format!("schedule:{rule}:{}", now.0)).unwrap();
        let pass = ScheduledPass { rule, tick: now, repository: None, installation: None, by: None };
        let body = serde_json::to_vec(&pass).unwrap();
        let (source, event) = (Source::Schedule, "schedule".to_owned());
        let store = self.store().await;
        store.ingest(NewDelivery { guid, source, event, received_at: now, body }).await.unwrap();
        store.close().await;
    }

    async fn store(&self) -> Store {
        Store::open_beside(&self.folder.path().join("runwarden.db")).await.unwrap()
    }

    async fn look(&self, filter: HistoryFilter) -> Vec<HistoryEntry> {
        let store = self.store().await;
        let mut entries = store.history(&filter).await.unwrap();
        store.close().await;
        entries.reverse();
        entries
    }

    /// All that the ledger holds, oldest first.
    pub(super) async fn entries(&self) -> Vec<HistoryEntry> {
        self.look(HistoryFilter { limit: 100_000, ..HistoryFilter::default() }).await
    }

    /// What it holds about a run, oldest first.
    pub(super) async fn history(&self, run: u64) -> Vec<HistoryEntry> {
        let run = Some(RunId(i64::try_from(run).unwrap()));
        self.look(HistoryFilter { run, limit: 100, ..HistoryFilter::default() }).await
    }

    /// Waits until the history says that of a run.
    pub(super) async fn until(&self, run: u64, says: impl Fn(&[HistoryEntry]) -> bool) {
        let asking = async {
            while !says(&self.history(run).await) {
                self.answers().await;
            }
        };
        within("the history", asking).await;
    }

    /// One exchange with the daemon, which sets the pace of asking again.
    pub(super) async fn answers(&self) {
        let (status, problems) = http::get(&format!("{}/readyz", self.daemon.url())).await;
        assert_eq!((status, problems.as_str()), (200, "ok\n"));
    }

    /// Waits until nothing is in the inbox and nothing planned or under way.
    pub(super) async fn quiet(&self) {
        self.github.settle().await;
        let store = self.store().await;
        let asking = async {
            loop {
                let counts = store.counts().await.unwrap();
                if counts.pending + counts.planned + counts.executing == 0 {
                    return;
                }
                self.answers().await;
            }
        };
        within("the end of all work", asking).await;
        store.close().await;
    }

    /// How many POSTs to paths with that end have reached GitHub.
    pub(super) fn posts(&self, end: &str) -> usize {
        self.github
            .writes()
            .iter()
            .filter(|write| write.method == "POST" && write.path.ends_with(end))
            .count()
    }

    /// Lets all work come to its end, stops the daemon in order, and gives the whole ledger, oldest first. Fails
    /// when a webhook that was answered 202 is not decided, an action is open or uncertain, an execution is open,
    /// or a route was asked for that GitHub does not have.
    pub(super) async fn end(&mut self) -> Vec<HistoryEntry> {
        self.quiet().await;
        self.daemon.signal("TERM");
        assert_eq!(self.daemon.exit_code().await, 0);
        let entries = self.entries().await;
        let sent = self.github.deliveries();
        let kept =
            sent.iter().filter(|sent| self.kept.contains(&(sent.event.as_str(), sent.action.as_str())));
        let answered = kept.filter(|sent| sent.status == Some(202)).map(|sent| &sent.guid);
        for guid in answered.chain(&self.answered) {
            let found = entries.iter().find(|entry| entry.delivery.guid.as_str() == guid);
            let state = found.map(|entry| entry.delivery.state);
            assert_eq!(state, Some(DeliveryState::Decided), "{guid} was answered 202");
        }
        for end in ends_of(&entries) {
            let is_settled =
                ["planned", "executing", "uncertain", "open"].iter().all(|word| !end.contains(word));
            assert!(is_settled, "{end}");
        }
        let unknown = self.github.unknown_routes();
        assert!(unknown.is_empty(), "GitHub has no such routes: {unknown:?}");
        entries
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        self.logs.push(self.daemon.log());
        for (number, log) in self.logs.iter().enumerate() {
            let lines: Vec<&str> = log.lines().collect();
            let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            eprintln!("--- the end of daemon {}'s log ---\n{}", number + 1, shown.join("\n"));
        }
    }
}
