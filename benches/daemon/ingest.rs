//! Taking in: how many webhooks a second, each durable before its 202, while those before are being judged.

use std::{cell::Cell, net::SocketAddr, rc::Rc, time::Instant};

use anyhow::ensure;
use tokio::task::LocalSet;

use crate::{
    Bench,
    client::Connection,
    floor::Floor,
    ledger::{self, Ledger},
    report::{median, quantile},
    stage::{RULES, Stage},
    webhooks::{Webhook, completed_runs},
};

/// Connections, as in the figures of others.
const CONNECTIONS: usize = 64;

/// What one round brought.
struct Round {
    floor: f64,
    rate: f64,
    p50: f64,
    p99: f64,
    longest: f64,
    judged: f64,
    processor: f64,
    bytes: f64,
}

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let webhooks: Rc<[Webhook]> = completed_runs(bench.size(8_000, 30_000)).await?.into();
    let bytes: usize = webhooks.iter().map(|webhook| webhook.body().len()).sum();
    println!(
        "{} distinct workflow_run webhooks of {} bytes on average",
        webhooks.len(),
        bytes / webhooks.len()
    );
    let mut rounds = Vec::new();
    for _ in 0..bench.rounds {
        let round = round(bench, &webhooks).await?;
        println!(
            "  floor {:.0}/s; {:.0}/s, p50 {:.2} ms, p99 {:.2} ms, longest {:.1} ms, {:.0} % judged by then, {:.0} µs of processor each",
            round.floor,
            round.rate,
            round.p50,
            round.p99,
            round.longest,
            round.judged * 100.0,
            round.processor
        );
        rounds.push(round);
    }
    let of = |figure: fn(&Round) -> f64| median(&rounds.iter().map(figure).collect::<Vec<_>>());
    let report = &mut bench.report;
    report.note("signature checked, nothing kept (the floor)", format!("{:.0} /s", of(|round| round.floor)));
    report.at_least("taken in, durable, 64 connections", of(|round| round.rate), 9_000.0, "/s");
    let share = of(|round| round.rate / round.floor);
    report.note("… as a share of the floor", format!("{:.0} %", share * 100.0));
    report.note("… answered after, p50", format!("{:.2} ms", of(|round| round.p50)));
    report.below("… answered after, p99", of(|round| round.p99), 15.0, "ms");
    report.note("… answered after, longest", format!("{:.1} ms", of(|round| round.longest)));
    report.note("… of them judged by the end", format!("{:.0} %", of(|round| round.judged) * 100.0));
    report.note("… bytes of ledger for each", format!("{:.0}", of(|round| round.bytes)));
    Ok(())
}

async fn round(bench: &Bench, webhooks: &Rc<[Webhook]>) -> anyhow::Result<Round> {
    let floor = {
        let floor = Floor::start(&bench.machine).await?;
        let (seconds, _) = saturate(floor.address, webhooks).await?;
        webhooks.len() as f64 / seconds
    };
    // Nothing is asked of GitHub here: there need not be one.
    let stage = Stage::new("http://127.0.0.1:9/api/v3", RULES)?;
    let (daemon, _) = stage.start(&bench.machine).await?;
    let used = daemon.processor_seconds();
    let (seconds, took) = saturate(daemon.address, webhooks).await?;
    let used = daemon.processor_seconds() - used;
    daemon.kill()?;
    let bytes = stage.ledger_bytes();
    let path = stage.database();
    let mut ledger = Ledger::open(&path).await?;
    let kept = ledger.count("true").await?;
    ensure!(kept == webhooks.len(), "{} webhooks were acknowledged and {kept} kept", webhooks.len());
    let judged = ledger.count("state = 'decided'").await?;
    if let Some(some) = webhooks.get(webhooks.len() / 3) {
        ensure!(ledger::holds(&path, some).await?, "the body of {} is not the one that was sent", some.guid);
    }
    let count = webhooks.len() as f64;
    Ok(Round {
        floor,
        rate: count / seconds,
        p50: median(&took),
        p99: quantile(&took, 0.99),
        longest: quantile(&took, 1.0),
        judged: judged as f64 / count,
        processor: used * 1e6 / count,
        bytes: bytes as f64 / count,
    })
}

/// Sends everything over all connections, on each the next as soon as the last is answered: seconds in all, and
/// milliseconds for each.
async fn saturate(address: SocketAddr, webhooks: &Rc<[Webhook]>) -> anyhow::Result<(f64, Vec<f64>)> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(address).await?);
    }
    let next = Rc::new(Cell::new(0));
    let local = LocalSet::new();
    let began = Instant::now();
    let senders = connections.into_iter().map(|mut connection| {
        let (webhooks, next) = (Rc::clone(webhooks), Rc::clone(&next));
        local.spawn_local(async move {
            let mut took = Vec::with_capacity(webhooks.len() / CONNECTIONS * 2);
            while let Some(webhook) = webhooks.get(next.replace(next.get() + 1)) {
                let began = Instant::now();
                let status = connection.send(&webhook.request).await?;
                ensure!(status == 202, "a webhook was answered {status}");
                took.push(began.elapsed().as_secs_f64() * 1e3);
            }
            Ok(took)
        })
    });
    let senders: Vec<_> = senders.collect();
    let mut all = Vec::with_capacity(webhooks.len());
    local
        .run_until(async {
            for sender in senders {
                all.extend(sender.await??);
            }
            anyhow::Ok(())
        })
        .await?;
    Ok((began.elapsed().as_secs_f64(), all))
}
