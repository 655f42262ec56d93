//! Requests to GitHub: the real bottleneck. Counted, not timed, and so with the daemon in this process.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, anyhow, ensure};
use runwarden::{
    clock::Clock,
    config::compile,
    daemon::Daemon,
    model::RuleName,
    simulator::{self, RunSpec, Simulator},
};
use tempfile::TempDir;

use crate::{
    Bench,
    stage::{SECRET, configuration},
};

const RULES: &str = r#"
rules:
  - name: rerun-failed-jobs
    on: workflow_run.completed
    when: { workflow: CI, conclusion: failure, run_attempt: { below: 3 } }
    then:
      - rerun: {}
  - name: approve-staging
    on: deployment.waiting
    when: { environment: staging }
    then:
      - approve_deployment: {}
  - name: purge-old-runs
    on: { schedule: "30 2 * * *" }
    when: { repository: "acme/*", status: completed, age: { above: 30d } }
    then:
      - delete_run: {}
"#;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A purge of so many runs stays within GitHub's points a minute.
const PURGED: usize = 120;

struct World {
    github: Simulator,
    daemon: Daemon,
    _folder: TempDir,
}

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let told = rerun(true).await?;
    let report = &mut bench.report;
    report.at_most("requests: re-run, all of it told by webhooks", told, 2);
    report.at_most("requests: re-run, nothing told before", rerun(false).await?, 4);
    let (cold, warm) = approvals().await?;
    report.at_most("requests: first approval", cold, 3);
    report.at_most("requests: later approval", warm, 3);
    report.at_most(
        format!("requests: purge of {PURGED}"),
        purge().await?,
        (PURGED + PURGED.div_ceil(100) + 1) as u64,
    );
    let (duplicate, tokens) = duplicate_and_tokens().await?;
    report.at_most("requests: duplicate webhook", duplicate, 0);
    report.at_most("tokens minted for all of that", tokens, 1);
    Ok(())
}

impl World {
    async fn new() -> anyhow::Result<Self> {
        let github = Simulator::start().await?;
        github.workflow("acme/api", "ci.yml", "CI");
        let folder = TempDir::with_prefix_in("bench-", env!("CARGO_TARGET_TMPDIR"))?;
        let environment = |name: &str| match name {
            "SECRET" => Some(SECRET.to_owned()),
            "REVIEWER" => Some(simulator::REVIEWER_TOKEN.to_owned()),
            _ => None,
        };
        let yaml = configuration(&github.api_url(), ([127, 0, 0, 1], 0).into(), RULES);
        let loaded = compile(&yaml, "bench.yaml", folder.path() as &Path, &environment);
        let loaded = loaded.map_err(|problems| anyhow!("{problems}"))?;
        let daemon = Daemon::start(loaded.config, Clock::system()).await?;
        github.deliver_to(format!("http://{}/webhooks/github", daemon.address), SECRET);
        Ok(Self { github, daemon, _folder: folder })
    }

    async fn until(&self, what: &str, reached: impl Fn(&Simulator) -> bool) -> anyhow::Result<()> {
        let waited = tokio::time::timeout(PATIENCE, self.github.wait_for(reached)).await;
        waited.with_context(|| format!("waited in vain for {what}"))?;
        // Whatever might still be sent.
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok(())
    }

    /// Requests since the last asking, those for tokens and installations aside.
    fn asked(&self) -> u64 {
        let requests = self.github.requests();
        self.github.clear_requests();
        requests.iter().filter(|request| request.path.starts_with("/repos/")).count() as u64
    }

    async fn rerun(&self, branch: &str) -> anyhow::Result<u64> {
        let spec = RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(["failure", "success"]);
        let run = self.github.run(spec);
        self.github.settle().await;
        self.asked();
        self.github.finish(run);
        self.until("a re-run", |github| github.attempt_of(run) == 2).await?;
        Ok(self.asked())
    }

    async fn approval(&self, branch: &str) -> anyhow::Result<u64> {
        self.asked();
        let run =
            self.github.run(RunSpec::new("acme/api", "deploy.yml").branch(branch).environments(["staging"]));
        let approved =
            |github: &Simulator| github.run_state(run).is_some_and(|state| state.waits_at.is_empty());
        self.until("an approval", approved).await?;
        Ok(self.asked())
    }
}

async fn rerun(is_told: bool) -> anyhow::Result<u64> {
    let world = World::new().await?;
    if !is_told {
        // The run's beginning is never delivered.
        world.github.automatic_delivery(false);
        let spec = RunSpec::new("acme/api", "ci.yml").attempts(["failure", "success"]);
        let run = world.github.run(spec);
        world.github.automatic_delivery(true);
        world.github.finish(run);
        world.until("a re-run", |github| github.attempt_of(run) == 2).await?;
        let asked = world.asked();
        world.daemon.stop().await;
        return Ok(asked);
    }
    world.rerun("first").await?;
    let asked = world.rerun("second").await?;
    world.daemon.stop().await;
    Ok(asked)
}

async fn approvals() -> anyhow::Result<(u64, u64)> {
    let world = World::new().await?;
    let both = (world.approval("first").await?, world.approval("second").await?);
    world.daemon.stop().await;
    Ok(both)
}

async fn purge() -> anyhow::Result<u64> {
    let world = World::new().await?;
    let old = world.github.now() - jiff::SignedDuration::from_hours(24 * 60);
    for _ in 0..PURGED {
        world.github.past_run(RunSpec::new("acme/api", "ci.yml").created_at(old));
    }
    let rule = RuleName::parse("purge-old-runs").map_err(|error| anyhow!("{error}"))?;
    world.daemon.pipeline.tick(&rule, world.daemon.pipeline.clock.now()).await?;
    world.until("the purge", |github| github.runs().is_empty()).await?;
    let asked = world.asked();
    world.daemon.stop().await;
    Ok(asked)
}

/// What a repeated webhook costs, and how many tokens re-runs, approvals and repetitions together.
async fn duplicate_and_tokens() -> anyhow::Result<(u64, u64)> {
    let world = World::new().await?;
    let tokens = |world: &World| {
        let requests = world.github.requests();
        requests.iter().filter(|request| request.path.ends_with("/access_tokens")).count() as u64
    };
    let mut minted = 0;
    for branch in ["a", "b", "c", "d"] {
        let spec = RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(["failure", "success"]);
        let run = world.github.run_to_end(spec);
        world.until("a re-run", |github| github.attempt_of(run) == 2).await?;
    }
    minted += tokens(&world);
    world.github.clear_requests();
    let sent = world.github.deliveries();
    let failed = sent.iter().find(|sent| sent.event == "workflow_run" && sent.action == "completed");
    let guid = failed.map(|sent| sent.guid.clone()).context("nothing failed")?;
    ensure!(world.github.redeliver(&guid), "nothing was delivered again");
    world.github.settle().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    minted += tokens(&world);
    let duplicate = world.github.requests().len() as u64;
    world.daemon.stop().await;
    Ok((duplicate, minted))
}
