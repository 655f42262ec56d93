//! `runwarden replay`: what other rules would have made of what the ledger holds. Offline, and nothing is written.

mod differences;
mod report;

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::report::Report;
use super::{
    ConfigArgs, Exit,
    anew::{Judged, Planned},
    follow,
    history::since::Since,
    load, show,
};
use crate::{
    clock::Clock,
    github,
    model::{ActionState, DeliveryState, Facts, Signal, Source, Timestamp},
    rules::Ruleset,
    store::{DecisionEntry, Record, Records},
};

/// What to judge anew, and by what.
#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    /// What was received in this time or since then: `30d`, `2026-01-31`, `2026-01-31T08:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    since: Since,
    #[command(flatten)]
    config: ConfigArgs,
    /// Read this ledger instead of the configuration's; a copy will do
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// List at most so many changes and so many unknowns; all are counted
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &ReplayArgs) -> anyhow::Result<Exit> {
    let config = match load::config_without_secrets(&args.config.config) {
        Ok(loaded) => loaded.config,
        Err(problems) => {
            show::not_usable(&problems, None);
            return Ok(Exit::Config);
        }
    };
    let path = args.database.clone().unwrap_or(config.database.path);
    let now = Clock::system().now();
    let report = replay(&path, &config.ruleset, args.since.before(now), now, args.limit).await?;
    if args.json {
        show::print_json(&report)?;
    } else {
        show::print(&report.text(show::Paint::for_stdout()))?;
    }
    Ok(Exit::Ok)
}

async fn replay(
    path: &Path,
    ruleset: &Ruleset,
    since: Timestamp,
    now: Timestamp,
    limit: u32,
) -> anyhow::Result<Report> {
    let mut records = Records::open(path, since).await?;
    let mut replay = Replay { ruleset, planned: Planned::default(), report: Report::new(since, now, limit) };
    let (_, end) = records.progress();
    let bar = bar(end);
    loop {
        let page = records.next().await?;
        if page.is_empty() {
            break;
        }
        for record in &page {
            replay.record(&mut records, record).await?;
        }
        bar.set_position(records.progress().0);
    }
    bar.finish_and_clear();
    records.close().await;
    Ok(replay.report)
}

/// On standard error, and only at a terminal.
fn bar(end: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(end), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:30} {percent}% of the deliveries, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A replay under way.
struct Replay<'a> {
    ruleset: &'a Ruleset,
    planned: Planned,
    report: Report,
}

impl Replay<'_> {
    async fn record(&mut self, records: &mut Records, record: &Record) -> anyhow::Result<()> {
        let delivery = &record.entry.delivery;
        let seen = &mut self.report.deliveries;
        if delivery.source == Source::Command {
            seen.commands += 1;
            return Ok(());
        }
        if delivery.source == Source::Schedule {
            seen.passes += 1;
        }
        if !record.entry.unreadable.is_empty() {
            seen.unreadable += 1;
        }
        for decision in &record.entry.decisions {
            self.decision(records, decision).await?;
        }
        match &record.body {
            None => {}
            Some(_) if delivery.source != Source::Webhook && delivery.source != Source::Recovery => {}
            Some(_) if delivery.state == DeliveryState::Pending => self.report.deliveries.pending += 1,
            Some(body) => {
                let read = body.as_ref().ok().map(|body| github::read(&delivery.event, body));
                match read {
                    Some(Ok(Some(event))) => {
                        let judged = Judged::of(self.ruleset, Facts::from(event), &[], delivery.received_at);
                        self.weigh(records, judged, None).await?;
                    }
                    Some(Ok(None)) => self.report.deliveries.unused += 1,
                    Some(Err(_)) | None => self.report.deliveries.unreadable += 1,
                }
            }
        }
        self.report.deliveries.read += 1;
        Ok(())
    }

    async fn decision(&mut self, records: &mut Records, entry: &DecisionEntry) -> anyhow::Result<()> {
        let decision = &entry.decision;
        if decision.facts.signal == Signal::Command {
            return Ok(());
        }
        for (action, _) in entry.actions.iter().filter(|(action, _)| follow::is_followed(action)) {
            let later = records.later(decision).await?;
            if action.plan.state == ActionState::Observed {
                let what = show::what_it_does(&action.plan.action);
                self.report.observe(&action.plan.rule, what, &follow::same(action, decision, &later));
            } else {
                self.report.reruns.add(follow::ended(action.plan.attempt, &later));
            }
        }
        let judged =
            Judged::of(self.ruleset, decision.facts.clone(), &decision.verdicts, decision.decided_at);
        self.weigh(records, judged, Some(entry)).await
    }

    /// Holds what the rules say now against what was done then.
    async fn weigh(
        &mut self,
        records: &mut Records,
        mut judged: Judged,
        then: Option<&DecisionEntry>,
    ) -> anyhow::Result<()> {
        self.report.decisions += 1;
        let run = judged.facts.run.id;
        if !judged.actions.is_empty() && !self.planned.knows(run) {
            let earlier = records.earlier(run).await?;
            self.planned.begin(run, &earlier);
        }
        self.planned.bound(&mut judged.actions, judged.now);
        let mut differences = judged.differences(then);
        for removed in differences.changes.iter_mut().filter(|change| change.ended_by.is_some()) {
            if let (Some(attempt), Some(then)) = (judged.facts.run.attempt, then) {
                let later = records.later(&then.decision).await?;
                removed.ended = Some(follow::ended(attempt, &later));
            }
        }
        self.report.add(&judged, differences);
        Ok(())
    }
}
