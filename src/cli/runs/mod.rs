//! `runwarden runs`: looking at and acting on workflow runs by hand, with the configuration's credentials. What
//! acts goes through the ledger, as what rules do, so that the history tells of it.

pub(super) mod args;
mod gates;
mod jobs;
pub(super) mod link;
mod list;
mod logs;
pub(super) mod order;
mod review;
mod run;
pub(super) mod sentence;

use clap::Subcommand;

use self::args::{JobOrder, Order, RerunOrder, RunArgs};
use super::Exit;
use crate::model::{Action, Rerun, RerunScope};

/// What to do with workflow runs.
#[derive(Debug, Subcommand)]
pub(super) enum RunsCommand {
    /// List a repository's runs, the newest first
    List(list::ListArgs),
    /// Show a run as it stands, its latest attempt
    Show(RunArgs),
    /// Show one attempt of a run
    Attempt(run::AttemptArgs),
    /// List the jobs of a run's latest or another attempt
    Jobs(jobs::JobsArgs),
    /// List the reviews that a run's deployments were given
    Approvals(RunArgs),
    /// List the environments that a run waits at
    Pending(RunArgs),
    /// Download the logs of a run, an attempt or a job
    Logs(logs::LogsArgs),
    /// Run all jobs of a run again
    Rerun(RerunOrder),
    /// Run the failed jobs of a run, and those that depend on them, again
    RerunFailed(RerunOrder),
    /// Run one job, and those that depend on it, again
    RerunJob(JobOrder),
    /// Ask GitHub to cancel a run
    Cancel(Order),
    /// Approve the deployments that a run waits for
    Approve(review::ReviewOrder),
    /// Reject the deployments that a run waits for; the run then fails
    Reject(review::ReviewOrder),
    /// Delete a completed run with its logs and artifacts
    Delete(Order),
    /// Delete a completed run's logs and keep the run
    DeleteLogs(Order),
}

pub(super) async fn run(command: RunsCommand) -> anyhow::Result<Exit> {
    match command {
        RunsCommand::List(args) => list::run(&args).await,
        RunsCommand::Show(args) => run::show(&args).await,
        RunsCommand::Attempt(args) => run::attempt(&args).await,
        RunsCommand::Jobs(args) => jobs::run(&args).await,
        RunsCommand::Approvals(args) => gates::approvals(&args).await,
        RunsCommand::Pending(args) => gates::pending(&args).await,
        RunsCommand::Logs(args) => logs::run(&args).await,
        RunsCommand::Rerun(args) => rerun(&args, RerunScope::Run).await,
        RunsCommand::RerunFailed(args) => rerun(&args, RerunScope::FailedJobs).await,
        RunsCommand::RerunJob(args) => order::rerun_job(&args).await,
        RunsCommand::Cancel(args) => order::run(&args, Action::Cancel).await,
        RunsCommand::Approve(args) => review::approve(&args).await,
        RunsCommand::Reject(args) => review::reject(&args).await,
        RunsCommand::Delete(args) => order::run(&args, Action::DeleteRun).await,
        RunsCommand::DeleteLogs(args) => order::run(&args, Action::DeleteLogs).await,
    }
}

async fn rerun(args: &RerunOrder, scope: RerunScope) -> anyhow::Result<Exit> {
    let rerun = Rerun { debug_logging: args.debug_logging, ..Rerun::now(scope) };
    order::run(&args.order, Action::Rerun(rerun)).await
}
