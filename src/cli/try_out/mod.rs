//! `runwarden try`: what the rules would have done with a repository that has never seen them, by what GitHub shows of
//! its runs. Nothing is changed anywhere, and there is no ledger.

mod guards;
mod of_run;
mod people;
mod report;
mod sums;

use std::{collections::VecDeque, sync::Arc};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use self::{
    of_run::{OfRun, of_pass, of_run},
    report::Report,
};
use super::{ConfigArgs, Exit, history::since::Since, load, show};
use crate::{
    clock::Clock,
    daemon,
    model::{RepositoryName, Timestamp},
    pipeline::{Hindsight, Stop},
    rules::{Mode, Rule, Ruleset},
};

/// So many runs are read at once.
const AT_ONCE: usize = 6;
/// When one run after another cannot be read, the rest will not be either.
const MOST_FAILURES: u32 = 5;

/// What to look at, and how hard.
#[derive(Debug, clap::Args)]
pub(super) struct TryArgs {
    /// The repository
    #[arg(value_name = "OWNER/REPO", value_parser = RepositoryName::parse)]
    repository: RepositoryName,
    /// The runs that were created in this time or since then: `14d`, `2026-01-31`, `2026-01-31T08:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    since: Since,
    #[command(flatten)]
    config: ConfigArgs,
    /// Make at most so many requests
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
    /// List at most so many actions and so many unknowns; all are counted
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &TryArgs) -> anyhow::Result<Exit> {
    let config = match load::config_to_read(&args.config.config) {
        Ok(loaded) => loaded.config,
        Err(problems) => {
            show::not_usable(&problems, None);
            return Ok(Exit::Config);
        }
    };
    let clock = Clock::system();
    let (now, github) = (clock.now(), daemon::connect_to_read(&config, clock.clone())?);
    let since = args.since.before(now);
    let ruleset = enforced(&config.ruleset);
    let hindsight =
        Hindsight::new(github, clock.clone(), ruleset.clone(), args.repository.clone(), args.requests);
    let mut report = Report::new(args, &config.ruleset, since, now);
    let bar = bar();
    let under_way = Try { clock, hindsight: hindsight.clone(), ruleset: Arc::new(ruleset), bar: bar.clone() };
    tokio::select! {
        went = under_way.go(since, &mut report) => went?,
        _ = tokio::signal::ctrl_c() => report.end_early("it was interrupted".to_owned()),
    }
    bar.finish_and_clear();
    report.requests(hindsight.requests());
    if args.json {
        show::print_json(&report)?;
    } else {
        show::print(&report.text(show::Paint::for_stdout()))?;
    }
    Ok(if report.is_whole() { Exit::Ok } else { Exit::Failure })
}

/// The rules as if those that only observe acted: what they plan counts for what they plan later, and for one another.
fn enforced(ruleset: &Ruleset) -> Ruleset {
    let rules = ruleset.rules.iter().map(|rule| {
        let mode = if ruleset.mode_of(rule) == Mode::Off { Mode::Off } else { Mode::Enforce };
        Rule { mode, ..rule.clone() }
    });
    Ruleset { mode: Mode::Enforce, rules: rules.collect(), ..ruleset.clone() }
}

/// On standard error, and only at a terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:30} {pos} of {len} runs, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A try under way.
struct Try {
    clock: Clock,
    hindsight: Hindsight,
    ruleset: Arc<Ruleset>,
    bar: ProgressBar,
}

impl Try {
    /// Goes through the runs, the newest first, and then through the rules' schedules.
    async fn go(mut self, since: Timestamp, report: &mut Report) -> anyhow::Result<()> {
        if let Err(Stop::One(why) | Stop::All(why)) = self.hindsight.list(since).await {
            if self.hindsight.runs().is_empty() {
                anyhow::bail!("cannot list the runs of {}: {why}", self.hindsight.repository());
            }
            report.end_early(format!("the runs could not all be listed: {why}"));
        }
        report.listed(&self.hindsight.runs());
        self.bar.set_length(self.hindsight.runs().len() as u64);
        if self.go_through_runs(report).await {
            self.go_through_schedules(report).await;
        }
        Ok(())
    }

    /// Gives whether it may go on. What is being read when it may not is still of use.
    async fn go_through_runs(&self, report: &mut Report) -> bool {
        let runs = self.hindsight.runs();
        let mut waiting = runs.iter();
        let mut reading = Reading::default();
        let mut failures = 0;
        let mut goes_on = true;
        loop {
            while goes_on && reading.0.len() < AT_ONCE {
                let Some(run) = waiting.next() else { break };
                reading.0.push_back(tokio::spawn(of_run(
                    self.hindsight.clone(),
                    self.ruleset.clone(),
                    run.clone(),
                )));
            }
            let Some(next) = reading.0.front_mut() else { return goes_on };
            let tried = next.await;
            drop(reading.0.pop_front());
            let OfRun { tried, left_out, stop } = tried.unwrap_or_else(|error| OfRun::failed(&error));
            report.run(tried, left_out, stop.is_none());
            self.bar.inc(1);
            failures = if stop.is_none() { 0 } else { failures + 1 };
            match stop {
                None => {}
                Some(Stop::One(why)) if failures < MOST_FAILURES => report.failed(why),
                Some(Stop::One(why) | Stop::All(why)) => {
                    report.end_early(why);
                    goes_on = false;
                }
            }
        }
    }

    async fn go_through_schedules(&self, report: &mut Report) {
        for rule in &self.ruleset.rules {
            if rule.schedule().is_none() || self.ruleset.mode_of(rule) == Mode::Off {
                continue;
            }
            match self.hindsight.pass(rule).await {
                Ok(Some(runs)) => report.pass(rule, &of_pass(&self.ruleset, rule, runs, self.clock.now())),
                // The rule is not about the repository.
                Ok(None) => {}
                Err(Stop::One(why)) => report.failed(format!("the schedule of rule {}: {why}", rule.name)),
                Err(Stop::All(why)) => return report.end_early(why),
            }
        }
    }
}

/// Runs that are being read, in their order. Given up together with what waits for them.
#[derive(Default)]
struct Reading(VecDeque<JoinHandle<OfRun>>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
