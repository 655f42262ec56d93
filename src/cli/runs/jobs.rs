//! `runwarden runs jobs`: the jobs of an attempt.

use anyhow::Context as _;

use super::{args::RunArgs, link::Link};
use crate::{
    cli::{
        Exit,
        show::{self, JobView, table},
    },
    github::GitHubError,
    model::{Conclusion, Job, RunAttempt, Status, Step},
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
