//! `runwarden runs show` and `runwarden runs attempt`: one run.

use anyhow::Context as _;

use super::{
    args::{Common, RunArgs},
    link::Link,
};
use crate::{
    cli::{
        Exit,
        show::{self, RunView, clean, moment},
    },
    model::{RunAttempt, RunSnapshot, Timestamp},
};

/// One attempt of one run.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct AttemptArgs {
    #[command(flatten)]
    target: RunArgs,
    /// The attempt, from 1
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    attempt: u32,
}

pub(super) async fn show(args: &RunArgs) -> anyhow::Result<Exit> {
    let Some(link) = Link::new(&args.common, &args.repository)? else {
        return Ok(Exit::Config);
    };
    let run = link.github.run(&link.access, args.run).await;
    let run = run.with_context(|| format!("cannot read run {} of {}", args.run, args.repository))?;
    print(&run, &args.common)
}

pub(super) async fn attempt(args: &AttemptArgs) -> anyhow::Result<Exit> {
    let RunArgs { repository, run, common } = &args.target;
    let Some(link) = Link::new(common, repository)? else {
        return Ok(Exit::Config);
    };
    let found = link.github.attempt(&link.access, *run, RunAttempt(args.attempt)).await;
    let found = found
        .with_context(|| format!("cannot read attempt {} of run {run} of {repository}", args.attempt))?;
    print(&found, common)
}

fn print(run: &RunSnapshot, common: &Common) -> anyhow::Result<Exit> {
    if common.json {
        show::print_json(&RunView::from(run))?;
    } else {
        show::print(&text(run))?;
    }
    Ok(Exit::Ok)
}

/// A line for each thing that is known.
fn text(run: &RunSnapshot) -> String {
    let time = |at: Option<Timestamp>| at.map(moment);
    let head = match (&run.head_repository, run.is_from_fork()) {
        (Some(fork), Some(true)) => Some(format!("{fork} (a fork)")),
        _ => None,
    };
    let fields = [
        ("run", Some(run.id.to_string())),
        ("repository", Some(run.repository.to_string())),
        ("workflow", run.workflow.clone()),
        ("file", run.workflow_path.clone()),
        ("number", run.run_number.map(|number| number.to_string())),
        ("attempt", run.attempt.map(|attempt| attempt.to_string())),
        ("status", run.status.as_ref().map(ToString::to_string)),
        ("conclusion", run.conclusion.as_ref().map(ToString::to_string)),
        ("event", run.event.clone()),
        ("branch", run.branch.clone()),
        ("commit", run.head_sha.clone()),
        ("head", head),
        ("actor", run.actor.clone()),
        ("triggered by", run.triggering_actor.clone().filter(|login| Some(login) != run.actor.as_ref())),
        ("created", time(run.created_at)),
        ("started", time(run.run_started_at)),
        ("updated", time(run.updated_at)),
        ("page", run.html_url.clone()),
    ];
    let known = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    known.map(|(name, value)| format!("{name:<12}  {}\n", clean(&value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RepositoryName, RunId, Status};

    #[test]
    fn only_what_is_known_of_a_run_is_shown() {
        let mut run = RunSnapshot::unknown(RepositoryName::parse("acme/api").unwrap(), RunId(42));
        run.status = Some(Status::InProgress);
        run.actor = Some("octocat".to_owned());
        run.triggering_actor = Some("octocat".to_owned());
        run.head_repository = Some(RepositoryName::parse("eve/api").unwrap());
        let lines = [
            "run           42",
            "repository    acme/api",
            "status        in_progress",
            "head          eve/api (a fork)",
            "actor         octocat",
            "",
        ];
        assert_eq!(text(&run), lines.join("\n"));
    }
}
