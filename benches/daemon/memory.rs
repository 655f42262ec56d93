//! Memory: right after the start, with a long history, and after work.

use std::{process::Stdio, time::Duration};

use anyhow::ensure;

use crate::{
    Bench, client,
    decide::drain,
    ledger,
    machine::Machine,
    report::median,
    stage::{RULES, Stage, program},
    webhooks::completed_runs,
};

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let stage = Stage::new("http://127.0.0.1:9/api/v3", RULES)?;
    let mut idle = Vec::new();
    for _ in 0..bench.rounds {
        idle.push(at_rest(&bench.machine, &stage).await?);
    }
    bench.report.below("memory, idle", median(&idle), 20.0, "MB");
    let (stage, worked) = with_history(bench).await?;
    let mut long = Vec::new();
    for _ in 0..bench.rounds {
        long.push(at_rest(&bench.machine, &stage).await?);
    }
    let deliveries = bench.size(10_000, 100_000);
    bench.report.below(format!("memory, {deliveries} deliveries in history"), median(&long), 30.0, "MB");
    bench.report.note("memory, after judging them all", format!("{worked:.1} MB"));
    Ok(())
}

/// A ledger with many deliveries, all judged, and what the daemon that judged them held then, in megabytes.
pub(crate) async fn with_history(bench: &Bench) -> anyhow::Result<(Stage, f64)> {
    let stage = Stage::new("http://127.0.0.1:9/api/v3", RULES)?;
    {
        let webhooks = completed_runs(bench.size(10_000, 100_000)).await?;
        ledger::fill(&stage.database(), &webhooks).await?;
    }
    let (daemon, _) = stage.start(&bench.machine).await?;
    drain(&stage).await?;
    let held = daemon.memory("VmRSS")?;
    daemon.stop()?;
    Ok((stage, held))
}

/// After a start, a scrape, a probe and a look into the history.
async fn at_rest(machine: &Machine, stage: &Stage) -> anyhow::Result<f64> {
    let (daemon, _) = stage.start(machine).await?;
    for path in ["/metrics", "/readyz", "/healthz"] {
        let (status, _) = client::get(daemon.address, path).await?;
        ensure!(status == 200, "{path} was answered {status}");
    }
    look_into_history(machine, stage)?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let held = daemon.memory("VmRSS")?;
    daemon.stop()?;
    Ok(held)
}

fn look_into_history(machine: &Machine, stage: &Stage) -> anyhow::Result<()> {
    let mut command = stage.command(machine.command(&program()), &["history"]);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    ensure!(status.success(), "`runwarden history` ended with {status}");
    Ok(())
}
