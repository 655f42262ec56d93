//! Answer times at an easy pace: an open loop, so that a slow answer does not slow down the questions.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::ensure;
use tokio::task::LocalSet;

use crate::{
    Bench,
    client::Connection,
    report::{median, quantile},
    stage::{RULES, Stage},
    webhooks::{Webhook, completed_runs},
};

const A_SECOND: usize = 200;

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let webhooks: Rc<[Webhook]> = completed_runs(A_SECOND * bench.size(3, 10)).await?.into();
    let (mut middle, mut late) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        let stage = Stage::new("http://127.0.0.1:9/api/v3", RULES)?;
        let (daemon, _) = stage.start(&bench.machine).await?;
        let took = pace(daemon.address, &webhooks).await?;
        daemon.stop()?;
        println!(
            "  p50 {:.2} ms, p99 {:.2} ms, longest {:.1} ms",
            median(&took),
            quantile(&took, 0.99),
            quantile(&took, 1.0)
        );
        middle.push(median(&took));
        late.push(quantile(&took, 0.99));
    }
    bench.report.note("answer at 200 webhooks/s, p50", format!("{:.2} ms", median(&middle)));
    bench.report.below("answer at 200 webhooks/s, p99", median(&late), 2.0, "ms");
    Ok(())
}

/// Milliseconds from when each was due to be sent to its answer.
async fn pace(address: std::net::SocketAddr, webhooks: &Rc<[Webhook]>) -> anyhow::Result<Vec<f64>> {
    let idle: Rc<RefCell<Vec<Connection>>> = Rc::default();
    for _ in 0..8 {
        let connection = Connection::open(address).await?;
        idle.borrow_mut().push(connection);
    }
    let began = Instant::now() + Duration::from_millis(50);
    let gap = Duration::from_secs(1) / u32::try_from(A_SECOND)?;
    let local = LocalSet::new();
    let (all, idle) = (Rc::clone(webhooks), &idle);
    local
        .run_until(async move {
            let mut senders = Vec::new();
            for (n, due) in (0..all.len()).zip((0..).map(|n| began + gap * n)) {
                wait_until(due).await;
                let (all, idle) = (Rc::clone(&all), Rc::clone(idle));
                senders.push(tokio::task::spawn_local(async move {
                    let kept = idle.borrow_mut().pop();
                    let mut connection = match kept {
                        Some(connection) => connection,
                        None => Connection::open(address).await?,
                    };
                    let request = all.get(n).map(|webhook| webhook.request.as_slice()).unwrap_or_default();
                    let status = connection.send(request).await?;
                    ensure!(status == 202, "a webhook was answered {status}");
                    idle.borrow_mut().push(connection);
                    Ok(due.elapsed().as_secs_f64() * 1e3)
                }));
            }
            let mut took = Vec::with_capacity(senders.len());
            for sender in senders {
                took.push(sender.await??);
            }
            Ok(took)
        })
        .await
}

/// The runtime's timer counts whole milliseconds, too coarse here: the last of them is spent turning round.
async fn wait_until(due: Instant) {
    if let Some(ahead) = due.checked_duration_since(Instant::now() + Duration::from_millis(2)) {
        tokio::time::sleep(ahead).await;
    }
    while Instant::now() < due {
        tokio::task::yield_now().await;
    }
}
