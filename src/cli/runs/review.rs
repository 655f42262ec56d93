//! `runwarden runs approve` and `runwarden runs reject`: a review of the deployments that a run waits for.

use anyhow::Context as _;

use super::{
    args::{Patience, RunArgs},
    gates::{pending_text, waiting},
    link::Link,
    order,
};
use crate::{
    cli::{Exit, show},
    model::{Action, Review, ReviewState, Via},
};

/// Which deployments to review, and what to say.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReviewOrder {
    #[command(flatten)]
    target: RunArgs,
    /// The environment; may be given several times. Needed when the run waits at more than one
    #[arg(long = "environment", value_name = "NAME")]
    environments: Vec<String>,
    /// What GitHub shows with the review
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    #[command(flatten)]
    patience: Patience,
}

/// What to review, once that is clear.
enum Choice {
    Environments(Vec<String>),
    Unclear(Exit),
}

pub(super) async fn approve(args: &ReviewOrder) -> anyhow::Result<Exit> {
    review(args, ReviewState::Approved).await
}

pub(super) async fn reject(args: &ReviewOrder) -> anyhow::Result<Exit> {
    review(args, ReviewState::Rejected).await
}

async fn review(args: &ReviewOrder, state: ReviewState) -> anyhow::Result<Exit> {
    let RunArgs { repository, run, common } = &args.target;
    let Some(link) = Link::new(common, repository)? else {
        return Ok(Exit::Config);
    };
    if !link.has_reviewer() {
        show::refused(
            &"GitHub lets only users review deployments: configure the token of a required reviewer, `github: { reviewer: { token: … } }`",
        );
        return Ok(Exit::Config);
    }
    let environments = match choose(args, &link).await? {
        Choice::Environments(environments) => environments,
        Choice::Unclear(exit) => return Ok(exit),
    };
    let comment =
        args.comment.clone().unwrap_or_else(|| format!("{} by hand with runwarden", state.as_str()));
    let review = Review { state, environments, comment, via: Some(Via::Reviewer) };
    order::carry_out(link, *run, Action::ReviewDeployments(review), common, args.patience).await
}

/// The environments that were named, or else the only one that the run waits at. One where it does not wait is
/// refused: a slip of the pen must not lie in wait for the day when it does.
async fn choose(args: &ReviewOrder, link: &Link) -> anyhow::Result<Choice> {
    let RunArgs { repository, run, .. } = &args.target;
    let pending = waiting(link, *run).await;
    let pending = pending
        .with_context(|| format!("cannot read the pending deployments of run {run} of {repository}"))?;
    let is_pending = |name: &str| pending.iter().any(|gate| gate.name.eq_ignore_ascii_case(name));
    let (said, exit) = match (args.environments.as_slice(), pending.as_slice()) {
        ([], [only]) => return Ok(Choice::Environments(vec![only.name.clone()])),
        (_, []) => ("waits at no environment".to_owned(), Exit::Failure),
        ([], several) => (
            format!("waits at {} environments: say which with `--environment NAME`", several.len()),
            Exit::Usage,
        ),
        (named, _) => match named.iter().find(|name| !is_pending(name)) {
            None => return Ok(Choice::Environments(named.to_vec())),
            Some(other) => (format!("does not wait at {other}"), Exit::Failure),
        },
    };
    show::refused(&format!("run {run} of {repository} {said}"));
    if !pending.is_empty() {
        show::refused(&format!("it waits at\n{}", pending_text(&pending).trim_end()));
    }
    Ok(Choice::Unclear(exit))
}
