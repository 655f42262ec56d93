//! `runwarden runs jobs`: the jobs of an attempt.

use anyhow::Context as _;
use serde::Serialize;

use super::{args::RunArgs, link::Link};
use crate::{
    cli::{
        Exit,
        show::{self, At, table},
    },
    github::{GitHubError, Job, Step},
    model::{Conclusion, JobId, RunAttempt, Status},
    rules::show_duration,
};

/// Which attempt's jobs.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct JobsArgs {
    #[command(flatten)]
    target: RunArgs,
    /// The attempt, from 1; the latest where it is left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    attempt: Option<u32>,
}

/// A job in `--json`; what is not known is null.
#[derive(Debug, Serialize)]
struct JobView<'a> {
    id: JobId,
    name: Option<&'a str>,
    attempt: Option<RunAttempt>,
    status: Option<&'a Status>,
    conclusion: Option<&'a Conclusion>,
    started_at: Option<At>,
    completed_at: Option<At>,
    labels: &'a [String],
    runner_name: Option<&'a str>,
    steps: Vec<StepView<'a>>,
}

#[derive(Debug, Serialize)]
struct StepView<'a> {
    number: Option<i64>,
    name: Option<&'a str>,
    status: Option<&'a Status>,
    conclusion: Option<&'a Conclusion>,
}

pub(super) async fn run(args: &JobsArgs) -> anyhow::Result<Exit> {
    let RunArgs { repository, run, common } = &args.target;
    let Some(link) = Link::new(common, repository)? else {
        return Ok(Exit::Config);
    };
    let doing = || format!("cannot list the jobs of run {run} of {repository}");
    let attempt = match args.attempt {
        Some(attempt) => RunAttempt(attempt),
        None => latest(&link, args).await.with_context(doing)?,
    };
    let jobs = link.github.attempt_jobs(&link.access, *run, attempt).await.with_context(doing)?;
    if common.json {
        show::print_json(&jobs.jobs.iter().map(JobView::from).collect::<Vec<_>>())?;
    } else {
        show::print(&text(&jobs.jobs))?;
    }
    if jobs.unreadable > 0 {
        show::refused(&format!("{} jobs of GitHub's list could not be read", jobs.unreadable));
    }
    Ok(Exit::Ok)
}

async fn latest(link: &Link, args: &JobsArgs) -> Result<RunAttempt, GitHubError> {
    let run = link.github.run(&link.access, args.target.run).await?;
    // Servers that know no attempts are on the first.
    Ok(run.attempt.unwrap_or(RunAttempt(1)))
}

fn text(jobs: &[Job]) -> String {
    if jobs.is_empty() {
        return "the attempt has no jobs\n".to_owned();
    }
    let rows: Vec<[String; 6]> = jobs
        .iter()
        .map(|job| {
            let took =
                job.started_at.zip(job.completed_at).map(|(start, end)| show_duration(start.until(end)));
            [
                job.id.to_string(),
                job.name.clone().unwrap_or_default(),
                state(job.status.as_ref(), job.conclusion.as_ref()),
                took.unwrap_or_default(),
                job.runner_name.clone().unwrap_or_default(),
                job.steps
                    .iter()
                    .filter(|step| failed(step))
                    .filter_map(|step| step.name.clone())
                    .collect::<Vec<_>>()
                    .join(", "),
            ]
        })
        .collect();
    table(["job", "name", "state", "took", "runner", "failed steps"], &rows)
}

fn failed(step: &Step) -> bool {
    matches!(step.conclusion, Some(Conclusion::Failure | Conclusion::TimedOut))
}

fn state(status: Option<&Status>, conclusion: Option<&Conclusion>) -> String {
    conclusion.map(ToString::to_string).or_else(|| status.map(ToString::to_string)).unwrap_or_default()
}

impl<'a> From<&'a Job> for JobView<'a> {
    fn from(job: &'a Job) -> Self {
        let step = |step: &'a Step| StepView {
            number: step.number,
            name: step.name.as_deref(),
            status: step.status.as_ref(),
            conclusion: step.conclusion.as_ref(),
        };
        Self {
            id: job.id,
            name: job.name.as_deref(),
            attempt: job.attempt,
            status: job.status.as_ref(),
            conclusion: job.conclusion.as_ref(),
            started_at: job.started_at.map(At),
            completed_at: job.completed_at.map(At),
            labels: &job.labels,
            runner_name: job.runner_name.as_deref(),
            steps: job.steps.iter().map(step).collect(),
        }
    }
}
