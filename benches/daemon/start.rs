//! Starting: until `/readyz` says 200; and the size of the program.

use crate::{
    Bench,
    memory::with_history,
    report::median,
    stage::{RULES, Stage, program},
};

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let mut first = Vec::new();
    for _ in 0..bench.size(5, 20) {
        first.push(seconds(bench, &Stage::new("http://127.0.0.1:9/api/v3", RULES)?).await?);
    }
    bench.report.below("ready after a first start", median(&first) * 1e3, 60.0, "ms");
    let deliveries = bench.size(10_000, 100_000);
    let (stage, _) = with_history(bench).await?;
    let mut later = Vec::new();
    for _ in 0..bench.size(5, 20) {
        later.push(seconds(bench, &stage).await?);
    }
    bench.report.below(
        format!("ready with {deliveries} deliveries in history"),
        median(&later) * 1e3,
        150.0,
        "ms",
    );
    Ok(())
}

async fn seconds(bench: &Bench, stage: &Stage) -> anyhow::Result<f64> {
    let (daemon, took) = stage.start(&bench.machine).await?;
    daemon.stop()?;
    Ok(took.as_secs_f64())
}

pub(crate) fn size(bench: &mut Bench) -> anyhow::Result<()> {
    let bytes = std::fs::metadata(program())?.len();
    bench.report.below("size of the program", bytes as f64 / 1e6, 16.0, "MB");
    Ok(())
}
