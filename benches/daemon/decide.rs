//! Deciding: from a full inbox to an empty one, when no fact has to be fetched.

use std::time::{Duration, Instant};

use crate::{
    Bench,
    ledger::{self, Ledger},
    report::median,
    stage::{RULES, Stage},
    webhooks::completed_runs,
};

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let webhooks = completed_runs(bench.size(4_000, 20_000)).await?;
    let mut rates = Vec::new();
    for _ in 0..bench.rounds {
        let stage = Stage::new("http://127.0.0.1:9/api/v3", RULES)?;
        ledger::fill(&stage.database(), &webhooks).await?;
        let (daemon, start) = stage.start(&bench.machine).await?;
        let began = Instant::now();
        let used = daemon.processor_seconds();
        drain(&stage).await?;
        // What it decided before it said that it was ready is counted with the time that took.
        let seconds = (began.elapsed() + start).as_secs_f64();
        let each = (daemon.processor_seconds() - used) * 1e6 / webhooks.len() as f64;
        daemon.stop()?;
        println!("  {:.0}/s, {each:.0} µs of processor each", webhooks.len() as f64 / seconds);
        rates.push(webhooks.len() as f64 / seconds);
    }
    bench.report.at_least("decided, no fact to fetch", median(&rates), 2_000.0, "/s");
    Ok(())
}

/// Waits until nothing is left in the inbox.
pub(crate) async fn drain(stage: &Stage) -> anyhow::Result<()> {
    let mut ledger = Ledger::open(&stage.database()).await?;
    while ledger.count("state = 'pending'").await? > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
