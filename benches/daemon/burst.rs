//! Bursts: twenty failures at once while GitHub hangs, and more webhooks at once than the daemon takes.

use std::{collections::BTreeMap, net::SocketAddr, time::Instant};

use runwarden::simulator::{Fault, RunSpec, Simulator};
use tokio::task::JoinSet;

use crate::{
    Bench,
    client::Connection,
    ledger::Ledger,
    report::median,
    stage::{RULES, Stage},
    webhooks::{Webhook, completed_runs, guid},
};

/// Failures at once.
const FAILURES: usize = 20;

const AT_ONCE: &str = r#"
rules:
  - name: rerun-failed-jobs
    on: workflow_run.completed
    when: { conclusion: failure, run_attempt: { below: 3 } }
    then:
      - rerun: {}
"#;

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let mut longest = Vec::new();
    for _ in 0..bench.rounds {
        longest.push(failures_while_github_hangs(bench).await?);
    }
    println!("  longest of each burst, in ms: {longest:.1?}");
    bench.report.below("20 failures at once while GitHub hangs, longest", median(&longest), 50.0, "ms");
    overload(bench).await
}

async fn failures_while_github_hangs(bench: &Bench) -> anyhow::Result<f64> {
    let github = Simulator::start().await?;
    let stage = Stage::new(&github.api_url(), AT_ONCE)?;
    let (daemon, _) = stage.start(&bench.machine).await?;
    github.fault(Fault::on("*", "*").always().hang());
    let failed = |n: usize| {
        let spec =
            RunSpec::new("contoso-engineering/api", "ci.yml").branch(format!("b-{n}")).attempts(["failure"]);
        let run = github.run_to_end(spec);
        Webhook::new("workflow_run", guid(n), &github.payload("workflow_run", "completed", run))
    };
    // Some are under way already, and hang.
    let (before, burst): (Vec<_>, Vec<_>) =
        ((0..4).map(failed).collect(), (4..4 + FAILURES).map(failed).collect());
    send_at_once(daemon.address, before).await?;
    github.wait_for(|github| !github.requests().is_empty()).await;
    let answers = send_at_once(daemon.address, burst).await?;
    anyhow::ensure!(
        answers.iter().all(|(status, _)| *status == 202),
        "not all were answered 202: {answers:?}"
    );
    daemon.kill()?;
    let kept = Ledger::open(&stage.database()).await?.count("true").await?;
    anyhow::ensure!(kept == 4 + FAILURES, "{} webhooks were acknowledged and {kept} kept", 4 + FAILURES);
    Ok(answers.into_iter().map(|(_, ms)| ms).fold(0.0, f64::max))
}

/// Beyond what it takes at once the daemon says 503, and GitHub shows the delivery as failed; nothing is silent.
async fn overload(bench: &mut Bench) -> anyhow::Result<()> {
    let webhooks = completed_runs(bench.size(2_500, 4_000)).await?;
    let count = webhooks.len();
    let stage = Stage::new("http://127.0.0.1:9/api/v3", RULES)?;
    let (daemon, _) = stage.start(&bench.machine).await?;
    let answers = send_at_once(daemon.address, webhooks).await?;
    daemon.kill()?;
    let mut by_status = BTreeMap::<u16, usize>::new();
    for (status, _) in &answers {
        *by_status.entry(*status).or_default() += 1;
    }
    let kept = Ledger::open(&stage.database()).await?.count("true").await?;
    let taken = by_status.get(&202).copied().unwrap_or(0);
    let told: Vec<String> = by_status.iter().map(|(status, count)| format!("{count} × {status}")).collect();
    let silent = count - taken - by_status.get(&503).copied().unwrap_or(0);
    bench.report.note(format!("{count} webhooks on {count} connections at once"), told.join(", "));
    bench.report.at_most("… neither 202 nor 503", silent as u64, 0);
    bench.report.at_most("… answered 202 and not kept", taken.saturating_sub(kept) as u64, 0);
    Ok(())
}

/// Each over a connection of its own, opened before: status and milliseconds. Status 0 is no answer.
async fn send_at_once(address: SocketAddr, webhooks: Vec<Webhook>) -> anyhow::Result<Vec<(u16, f64)>> {
    let mut ready = Vec::with_capacity(webhooks.len());
    for webhook in webhooks {
        ready.push((Connection::open(address).await?, webhook));
    }
    let began = Instant::now();
    let mut sending = JoinSet::new();
    for (mut connection, webhook) in ready {
        sending.spawn(async move {
            let status = connection.send(&webhook.request).await.unwrap_or(0);
            (status, began.elapsed().as_secs_f64() * 1e3)
        });
    }
    Ok(sending.join_all().await)
}
