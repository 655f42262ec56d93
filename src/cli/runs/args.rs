//! The arguments that several of these commands share.

use std::time::Duration;

use crate::{
    cli::ConfigArgs,
    model::{RepositoryName, RunId},
};

/// Whom to ask, and how to answer.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Common {
    #[command(flatten)]
    pub(in crate::cli) config: ConfigArgs,
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// One run.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RunArgs {
    /// The repository
    #[arg(value_name = "OWNER/REPO", value_parser = RepositoryName::parse)]
    pub(super) repository: RepositoryName,
    /// The run's id
    #[arg(value_name = "RUN", value_parser = run_id)]
    pub(super) run: RunId,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Something to be done to one run.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Order {
    #[command(flatten)]
    pub(super) target: RunArgs,
    #[command(flatten)]
    pub(super) patience: Patience,
}

/// A re-run.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RerunOrder {
    #[command(flatten)]
    pub(super) order: Order,
    /// Ask GitHub for debug logs
    #[arg(long)]
    pub(super) debug_logging: bool,
}

/// A re-run of one job.
#[derive(Debug, clap::Args)]
#[command(override_usage = "runwarden runs rerun-job [OPTIONS] <OWNER/REPO> [RUN] <JOB>")]
pub(in crate::cli) struct JobOrder {
    /// The repository
    #[arg(value_name = "OWNER/REPO", value_parser = RepositoryName::parse)]
    pub(super) repository: RepositoryName,
    /// The job's id, after its run's id if that is known
    #[arg(value_name = "JOB", num_args = 1..=2, required = true, value_parser = clap::value_parser!(i64).range(1..))]
    pub(super) ids: Vec<i64>,
    /// Ask GitHub for debug logs
    #[arg(long)]
    pub(super) debug_logging: bool,
    #[command(flatten)]
    pub(super) common: Common,
    #[command(flatten)]
    pub(super) patience: Patience,
}

/// How long to wait for a running daemon to carry an order out.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(in crate::cli) struct Patience {
    /// How long to wait for a running daemon to carry it out; it goes on trying after that
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(super) wait: Duration,
}

/// Parses a run's id.
pub(in crate::cli) fn run_id(text: &str) -> Result<RunId, String> {
    match text.parse::<i64>() {
        Ok(id) if id > 0 => Ok(RunId(id)),
        _ => Err("write the run's id, the number in its page's address behind `runs/`".to_owned()),
    }
}
