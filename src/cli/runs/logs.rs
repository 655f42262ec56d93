//! `runwarden runs logs`: the logs of a run, an attempt or a job, streamed into a file that is there whole or not at
//! all.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::fs::File;

use super::{args::RunArgs, link::Link};
use crate::{
    cli::{
        Exit,
        show::{self, refused},
    },
    github::{LogSink, LogsError},
    model::{JobId, RunAttempt},
};

/// Larger logs are more likely a mistake than wanted.
const LIMIT_BYTES: u64 = 16 * 1024 * 1024 * 1024;

/// Which logs, and where to.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct LogsArgs {
    #[command(flatten)]
    target: RunArgs,
    /// The logs of this attempt, from 1; the latest where it is left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    attempt: Option<u32>,
    /// The log of this job, as plain text; a run's and an attempt's are archives (zip)
    #[arg(long, value_name = "ID", conflicts_with = "attempt", value_parser = clap::value_parser!(i64).range(1..))]
    job: Option<i64>,
    /// Write to this file instead of OWNER-REPO-RUN[-attempt-N].zip or OWNER-REPO-RUN-job-ID.log
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite the file
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(args: &LogsArgs) -> anyhow::Result<Exit> {
    let RunArgs { repository, common, .. } = &args.target;
    let Some(link) = Link::new(common, repository)? else {
        return Ok(Exit::Config);
    };
    let path = args.output.clone().unwrap_or_else(|| default_name(args));
    if !args.force && path.exists() {
        refused(&format!(
            "{} is there already: `--force` overwrites it, `-o FILE` writes another",
            path.display()
        ));
        return Ok(Exit::Failure);
    }
    let bytes = tokio::select! {
        fetched = fetch_into(&link, args, &path) => {
            fetched.with_context(|| format!("cannot fetch {}", what(args)))?
        }
        _ = tokio::signal::ctrl_c() => {
            remove(&partial(&path)).await;
            refused(&"stopped; nothing was written");
            return Ok(Exit::Failure);
        }
    };
    let file = path.display().to_string();
    if common.json {
        show::print_json(&serde_json::json!({ "file": file, "bytes": bytes }))?;
    } else {
        show::print(&format!("wrote {file} ({})\n", HumanBytes(bytes)))?;
    }
    Ok(Exit::Ok)
}

/// Streams into a file beside the wanted one, which takes its place when it is whole and is removed when it fails.
async fn fetch_into(link: &Link, args: &LogsArgs, path: &Path) -> anyhow::Result<u64> {
    let partial = partial(path);
    let writing = || format!("cannot write {}", partial.display());
    let mut file = File::create(&partial).await.with_context(writing)?;
    let bytes = match fetch(link, args, &mut file).await {
        Ok(bytes) => bytes,
        Err(error) => {
            remove(&partial).await;
            return Err(in_words(error));
        }
    };
    drop(file);
    let placed = place(&partial, path, args.force).await;
    if placed.is_err() {
        remove(&partial).await;
    }
    placed.map(|()| bytes)
}

/// GitHub gives the same answer for logs that are gone and for logs that are yet to be.
fn in_words(error: LogsError) -> anyhow::Error {
    match error {
        LogsError::LogsGone { .. } => {
            anyhow::anyhow!(
                "{error}; they are there from the end of the run until they are deleted or expire"
            )
        }
        LogsError::TooLarge { .. } | LogsError::Sink(_) | LogsError::GitHub(_) => error.into(),
    }
}

async fn fetch(link: &Link, args: &LogsArgs, file: &mut File) -> Result<u64, LogsError> {
    let bar = bar();
    let mut progress = |received: u64, total: Option<u64>| {
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(received);
    };
    let sink = LogSink { writer: file, limit_bytes: LIMIT_BYTES, progress: &mut progress };
    let run = args.target.run;
    let fetched = match (args.job, args.attempt) {
        (Some(job), _) => link.github.job_logs(&link.access, JobId(job), sink).await,
        (None, Some(attempt)) => link.github.attempt_logs(&link.access, run, RunAttempt(attempt), sink).await,
        (None, None) => link.github.logs(&link.access, run, sink).await,
    };
    bar.finish_and_clear();
    fetched
}

async fn place(partial: &Path, path: &Path, force: bool) -> anyhow::Result<()> {
    let doing = || format!("cannot write {}", path.display());
    if !force {
        // Reserved first, so that a file that came to be meanwhile is not overwritten.
        File::create_new(path).await.with_context(doing)?;
    }
    tokio::fs::rename(partial, path).await.with_context(doing)
}

async fn remove(path: &Path) {
    if let Err(error) = tokio::fs::remove_file(path).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        refused(&format!("cannot remove {}: {error}", path.display()));
    }
}

/// On standard error, and only at a terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn default_name(args: &LogsArgs) -> PathBuf {
    let RunArgs { repository, run, .. } = &args.target;
    let base = format!("{}-{run}", repository.as_str().replace('/', "-"));
    PathBuf::from(match (args.job, args.attempt) {
        (Some(job), _) => format!("{base}-job-{job}.log"),
        (None, Some(attempt)) => format!("{base}-attempt-{attempt}.zip"),
        (None, None) => format!("{base}.zip"),
    })
}

fn what(args: &LogsArgs) -> String {
    let RunArgs { repository, run, .. } = &args.target;
    match (args.job, args.attempt) {
        (Some(job), _) => format!("the log of job {job} of run {run} of {repository}"),
        (None, Some(attempt)) => format!("the logs of attempt {attempt} of run {run} of {repository}"),
        (None, None) => format!("the logs of run {run} of {repository}"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: LogsArgs,
    }

    #[test]
    fn the_files_name_tells_what_it_holds() {
        for (arguments, name) in [
            (vec!["x", "acme/api", "42"], "acme-api-42.zip"),
            (vec!["x", "acme/api", "42", "--attempt", "2"], "acme-api-42-attempt-2.zip"),
            (vec!["x", "acme/api", "42", "--job", "7"], "acme-api-42-job-7.log"),
        ] {
            assert_eq!(default_name(&Cli::parse_from(arguments).args), Path::new(name));
        }
        assert!(Cli::try_parse_from(["x", "acme/api", "0"]).is_err());
        assert!(Cli::try_parse_from(["x", "acme/api", "42", "--job", "7", "--attempt", "1"]).is_err());
    }
}
