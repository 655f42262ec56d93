//! Reacting: from a failure's webhook to the request for its re-run, nothing else being queued.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use runwarden::simulator::{Request, RunSpec, Simulator};

use crate::{
    Bench,
    client::Connection,
    report::{median, quantile},
    stage::{SECRET, Stage},
    webhooks::{Webhook, guid},
};

/// A reaction that has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    for delay in [0, 100] {
        let (mut middle, mut late) = (Vec::new(), Vec::new());
        for _ in 0..bench.rounds {
            let beyond = round(bench, delay).await?;
            println!(
                "  delay {delay} ms: p50 {:.2} ms, p99 {:.2} ms, longest {:.1} ms beyond it",
                median(&beyond),
                quantile(&beyond, 0.99),
                quantile(&beyond, 1.0)
            );
            middle.push(median(&beyond));
            late.push(quantile(&beyond, 0.99));
        }
        let what = format!("webhook to re-run request, beyond a delay of {delay} ms");
        bench.report.below(format!("{what}, median"), median(&middle), 20.0, "ms");
        bench.report.note(format!("{what}, p99"), format!("{:.1} ms", median(&late)));
    }
    Ok(())
}

async fn round(bench: &Bench, delay: u64) -> anyhow::Result<Vec<f64>> {
    let rules = format!(
        "rules:\n  - name: rerun-failed-jobs\n    on: workflow_run.completed\n    \
         when: {{ conclusion: failure, run_attempt: {{ below: 3 }} }}\n    then:\n      - rerun: {{ delay: {delay}ms }}\n"
    );
    let github = Simulator::start().await?;
    let stage = Stage::new(&github.api_url(), &rules)?;
    let (daemon, _) = stage.start(&bench.machine).await?;
    github.deliver_to(format!("http://{}/webhooks/github", daemon.address), SECRET);
    let mut connection = Connection::open(daemon.address).await?;
    let mut beyond = Vec::new();
    // The first reaction mints the token and connects.
    for n in 0..=bench.size(10, 50) {
        let took = react(&github, &mut connection, n).await?;
        if n > 0 {
            beyond.push(took.as_secs_f64() * 1e3 - delay as f64);
        }
    }
    daemon.stop()?;
    Ok(beyond)
}

/// A run starts and its jobs begin, of which webhooks tell; then it fails, and the clock runs until GitHub is asked
/// to run it again.
async fn react(github: &Simulator, connection: &mut Connection, n: usize) -> anyhow::Result<Duration> {
    github.automatic_delivery(true);
    let spec = RunSpec::new("acme/api", "ci.yml").branch(format!("b-{n}")).attempts(["failure", "success"]);
    let run = github.run(spec);
    github.settle().await;
    github.automatic_delivery(false);
    github.finish(run);
    let body = github.payload("workflow_run", "completed", run);
    let webhook = Webhook::new("workflow_run", guid(n), &body);
    github.clear_requests();
    let began = Instant::now();
    let status = connection.send(&webhook.request).await?;
    ensure!(status == 202, "a webhook was answered {status}");
    let asked = github.wait_for(|github| github.writes().iter().any(Request::is_write));
    tokio::time::timeout(PATIENCE, asked).await.context("no re-run was asked for")?;
    let took = began.elapsed();
    ensure!(github.attempt_of(run) == 2, "the run was not run again");
    // Until the end of this one is recorded, so that the next meets an idle daemon.
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok(took)
}
