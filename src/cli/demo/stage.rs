//! The demo's stage: the simulated GitHub, a folder that vanishes, and the daemon between them.

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use anyhow::Context as _;

use super::config;
use crate::{
    cli::{history, show},
    clock::Clock,
    config::compile,
    daemon::Daemon,
    model::{RunId, Timestamp},
    simulator::{self, Simulator},
    store::{HistoryEntry, HistoryFilter},
};

/// The webhook's secret of the demo.
const SECRET: &str = "a secret of the demo";

/// For how long the story waits for a reaction before it says that it did not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// The key of the demo's App. The simulated GitHub knows no key, so that any will do.
const PRIVATE_KEY: &str = include_str!("../../github/testdata/app.pem");

/// How long one reaction took.
pub(super) struct Reaction {
    /// From what to what.
    pub(super) what: &'static str,
    /// The time between.
    pub(super) took: Duration,
}

/// Everything that the story plays with.
pub(super) struct Stage {
    /// The simulated GitHub.
    pub(super) github: Simulator,
    /// The real daemon.
    pub(super) daemon: Daemon,
    folder: PathBuf,
}

impl Stage {
    /// Starts GitHub and the daemon on free ports.
    pub(super) async fn set() -> anyhow::Result<Self> {
        let github = Simulator::start().await.context("cannot start the simulated GitHub")?;
        let folder = std::env::temp_dir().join(format!("runwarden-demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let environment = |name: &str| match name {
            "WEBHOOK_SECRET" => Some(SECRET.to_owned()),
            "PRIVATE_KEY" => Some(PRIVATE_KEY.to_owned()),
            "REVIEWER_TOKEN" => Some(simulator::REVIEWER_TOKEN.to_owned()),
            _ => None,
        };
        let loaded = compile(&config::yaml(&github.api_url()), "demo.yaml", &folder, &environment)
            .map_err(|problems| anyhow::anyhow!("{problems}"))?;
        let daemon = Daemon::start(loaded.config, Clock::system()).await?;
        github.deliver_to(format!("http://{}/webhooks/github", daemon.address), SECRET);
        Ok(Self { github, daemon, folder })
    }

    /// Waits until GitHub is in a state, and says how long that took.
    pub(super) async fn until(
        &self,
        what: &'static str,
        reached: impl Fn(&Simulator) -> bool,
    ) -> anyhow::Result<Reaction> {
        let began = std::time::Instant::now();
        tokio::time::timeout(PATIENCE, self.github.wait_for(reached))
            .await
            .with_context(|| format!("waited in vain for {what}"))?;
        Ok(Reaction { what, took: began.elapsed() })
    }

    /// Waits until the history says something of a run.
    pub(super) async fn until_history(
        &self,
        run: u64,
        what: &'static str,
        says: impl Fn(&[HistoryEntry]) -> bool,
    ) -> anyhow::Result<Vec<HistoryEntry>> {
        let run = RunId(i64::try_from(run)?);
        let filter = HistoryFilter { run: Some(run), limit: 100, ..HistoryFilter::default() };
        let began = std::time::Instant::now();
        loop {
            let entries = self.daemon.pipeline.store.history(&filter).await?;
            if says(&entries) {
                return Ok(entries);
            }
            anyhow::ensure!(began.elapsed() < PATIENCE, "waited in vain until the history says that {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until how the last act ended is written down: GitHub has it before the ledger.
    pub(super) async fn until_nothing_is_open(&self) -> anyhow::Result<()> {
        let began = std::time::Instant::now();
        loop {
            let counts = self.daemon.pipeline.store.counts().await?;
            if counts.pending + counts.planned + counts.executing == 0 {
                return Ok(());
            }
            anyhow::ensure!(began.elapsed() < PATIENCE, "waited in vain for the last act to be recorded");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The history as a table, and how long each reaction took.
    pub(super) async fn epilogue(&self, reactions: &[Reaction]) -> anyhow::Result<String> {
        let filter = HistoryFilter { limit: 1_000, ..HistoryFilter::default() };
        let mut entries = self.daemon.pipeline.store.history(&filter).await?;
        entries.sort_by_key(|entry| entry.delivery.id);
        let mut text = String::from("\nThe history, as `runwarden history` shows it:\n\n");
        text.push_str(&history::text(&entries, None, show::Paint::for_stdout()));
        text.push_str("\nHow long each reaction took:\n");
        for reaction in reactions {
            writeln!(text, "  {:>8.1} ms  {}", reaction.took.as_secs_f64() * 1_000.0, reaction.what)?;
        }
        Ok(text)
    }

    /// Stops the daemon and clears its folder away.
    pub(super) async fn strike(self) {
        self.daemon.stop().await;
        drop(std::fs::remove_dir_all(&self.folder));
    }

    /// A time so many days ago.
    pub(super) fn days_ago(&self, days: u64) -> jiff::Timestamp {
        let now = Timestamp(self.github.now().as_millisecond());
        (now - Duration::from_secs(days * 86_400)).to_jiff()
    }

    /// The headers and body of a webhook that somebody without the secret made up.
    pub(super) fn forged(&self, run: u64) -> (Vec<(String, String)>, Vec<u8>) {
        let body = self.github.payload("workflow_run", "completed", run);
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-github-event", "workflow_run".to_owned()),
            ("x-github-delivery", "00000000-0000-4000-8000-000000000000".to_owned()),
            ("x-hub-signature-256", simulator::sign("a guess", &body)),
        ];
        (headers.map(|(name, value)| (name.to_owned(), value)).to_vec(), body)
    }
}
