//! The story, act by act. Each act says what it is about to show, waits for it, and fails when it does not come.

use anyhow::ensure;

use super::stage::{Reaction, Stage};
use crate::{cli::show, model::Verdict, simulator::RunSpec};

/// Tells the story; how long each reaction took, if it went as told.
pub(super) async fn tell(stage: &Stage) -> anyhow::Result<Vec<Reaction>> {
    show::print(&format!(
        "runwarden {} listens on http://{}; a simulated GitHub answers on {}.\n\n",
        env!("CARGO_PKG_VERSION"),
        stage.daemon.address,
        stage.github.api_url(),
    ))?;
    stage.github.repo("acme/api");
    stage.github.workflow("acme/api", "ci.yml", "CI");
    stage.github.workflow("acme/api", "deploy.yml", "Deploy");
    stage.github.auto_finish(true);
    let mut reactions = Vec::new();
    reactions.push(flaky_run(stage).await?);
    reactions.push(real_failure(stage).await?);
    reactions.push(deployment(stage).await?);
    reactions.push(purge(stage).await?);
    reactions.push(duplicate_and_forgery(stage).await?);
    stage.until_nothing_is_open().await?;
    let unknown = stage.github.unknown_routes();
    ensure!(unknown.is_empty(), "the daemon asked for what GitHub does not have: {unknown:?}");
    Ok(reactions)
}

fn scene(number: u8, text: &str) -> anyhow::Result<()> {
    show::print(&format!("{number}. {text}\n"))
}

fn outcome(text: &str) -> anyhow::Result<()> {
    show::print(&format!("   {text}\n"))
}

async fn flaky_run(stage: &Stage) -> anyhow::Result<Reaction> {
    scene(1, "A flaky run fails twice and would pass on its third attempt.")?;
    let spec =
        RunSpec::new("acme/api", "ci.yml").title("Add a cache").attempts(["failure", "failure", "success"]);
    let run = stage.github.run_to_end(spec);
    let reaction = stage
        .until("from a run's failure to its re-run (100 ms of delay included)", |github| {
            github.attempt_of(run) >= 2
        })
        .await?;
    stage
        .until("the flaky run's success", |github| {
            github
                .run_state(run)
                .is_some_and(|state| state.attempt == 3 && state.conclusion.as_deref() == Some("success"))
        })
        .await?;
    outcome(&format!("Run {run} was re-run until it was green, on attempt 3."))?;
    Ok(reaction)
}

async fn real_failure(stage: &Stage) -> anyhow::Result<Reaction> {
    scene(2, "A real failure fails every time.")?;
    let spec =
        RunSpec::new("acme/api", "ci.yml").branch("feature").title("Break the build").attempts(["failure"]);
    let run = stage.github.run_to_end(spec);
    let reaction = stage
        .until("from a real failure to its second and last re-run", |github| github.attempt_of(run) >= 3)
        .await?;
    stage
        .until_history(run, "the third failure was judged", |entries| {
            let last = entries
                .iter()
                .flat_map(|entry| &entry.decisions)
                .find(|entry| entry.decision.facts.run.attempt.is_some_and(|attempt| attempt.0 == 3));
            last.is_some_and(|entry| {
                entry.decision.verdicts.iter().all(|verdict| verdict.verdict == Verdict::NotMatched)
            })
        })
        .await?;
    let attempt = stage.github.attempt_of(run);
    ensure!(attempt == 3, "run {run} is on attempt {attempt}: it was re-run beyond its limit");
    outcome(&format!("Run {run} was left red on attempt 3: the rule re-runs while run_attempt is below 3."))?;
    Ok(reaction)
}

async fn deployment(stage: &Stage) -> anyhow::Result<Reaction> {
    scene(3, "A run waits at staging and at production.")?;
    let run =
        stage.github.run(RunSpec::new("acme/api", "deploy.yml").environments(["staging", "production"]));
    let reaction = stage
        .until("from a deployment that waits to its approval", |github| {
            github.run_state(run).is_some_and(|state| state.waits_at == ["production"])
        })
        .await?;
    stage
        .until_history(run, "production was judged", |entries| {
            entries.iter().flat_map(|entry| &entry.decisions).any(|entry| {
                let gate = entry.decision.facts.gate.as_ref();
                gate.and_then(|gate| gate.environment.as_deref()) == Some("production")
            })
        })
        .await?;
    let waits_at = stage.github.run_state(run).map(|state| state.waits_at).unwrap_or_default();
    ensure!(
        waits_at == ["production"],
        "run {run} should wait at production alone, and waits at {waits_at:?}"
    );
    outcome("Staging was approved; production still waits for a person.")?;
    Ok(reaction)
}

async fn purge(stage: &Stage) -> anyhow::Result<Reaction> {
    scene(4, "Twelve runs are older than 30 days; it strikes half past two at night.")?;
    let old: Vec<u64> = (0..12)
        .map(|n| stage.github.past_run(RunSpec::new("acme/api", "ci.yml").created_at(stage.days_ago(60 - n))))
        .collect();
    for rule in &stage.daemon.pipeline.rules().rules {
        if rule.schedule().is_some() {
            stage.daemon.pipeline.tick(&rule.name, stage.daemon.pipeline.clock.now()).await?;
        }
    }
    let newest: Vec<u64> = old.iter().rev().take(5).copied().collect();
    let reaction = stage
        .until("from a schedule's tick to its last of seven deletions, 20 ms apart", |github| {
            let runs = github.runs();
            old.iter().filter(|run| runs.contains(run)).count() <= newest.len()
        })
        .await?;
    let runs = stage.github.runs();
    ensure!(newest.iter().all(|run| runs.contains(run)), "one of the five newest old runs was deleted");
    outcome("Seven were deleted; the newest five of the workflow and branch were kept.")?;
    Ok(reaction)
}

async fn duplicate_and_forgery(stage: &Stage) -> anyhow::Result<Reaction> {
    scene(5, "GitHub delivers a webhook a second time, and somebody without the secret makes one up.")?;
    let before = stage.github.writes().len();
    let sent = stage.github.deliveries();
    let failed =
        sent.iter().find(|delivery| delivery.event == "workflow_run" && delivery.action == "completed");
    let Some(failed) = failed else {
        anyhow::bail!("no completed run was ever delivered");
    };
    let began = std::time::Instant::now();
    stage.github.redeliver(&failed.guid);
    stage.github.settle().await;
    let took = began.elapsed();
    let run = *stage.github.runs().first().ok_or_else(|| anyhow::anyhow!("GitHub has no runs"))?;
    let (headers, body) = stage.forged(run);
    let answered = stage.github.deliver_raw(&headers, body).await;
    ensure!(answered.status == Some(401), "the forged webhook was answered {:?}, not 401", answered.status);
    let after = stage.github.writes().len();
    ensure!(before == after, "a duplicate or a forgery led to a write");
    outcome(
        "The duplicate was answered 202 and judged once; the forgery was answered 401. Neither led to anything.",
    )?;
    Ok(Reaction { what: "from a duplicate webhook to its 202", took })
}
