//! `runwarden runs approvals` and `runwarden runs pending`: the reviews that a run was given, and those it waits for.

use anyhow::Context as _;
use serde::Serialize;

use super::{args::RunArgs, link::Link};
use crate::{
    cli::{
        Exit,
        show::{self, At, moment, table},
    },
    github::{Approval, GitHubError, PendingDeployment},
    model::{EnvironmentId, RunId},
};

/// A review in `--json`.
#[derive(Debug, Serialize)]
struct ApprovalView<'a> {
    environments: &'a [String],
    /// `approved`, `rejected`, `pending`.
    state: Option<&'a str>,
    user: Option<&'a str>,
    comment: Option<&'a str>,
}

/// An environment that a run waits at, in `--json`.
#[derive(Debug, Serialize)]
struct PendingView<'a> {
    environment: &'a str,
    environment_id: EnvironmentId,
    /// Whether the configured reviewer, or else the configured credential, may approve.
    can_approve: Option<bool>,
    /// How many users and teams are required reviewers.
    reviewers: Option<usize>,
    wait_timer_minutes: Option<i64>,
    wait_timer_started_at: Option<At>,
}

pub(super) async fn approvals(args: &RunArgs) -> anyhow::Result<Exit> {
    let Some(link) = Link::new(&args.common, &args.repository)? else {
        return Ok(Exit::Config);
    };
    let found = link.github.approvals(&link.access, args.run).await;
    let found = found
        .with_context(|| format!("cannot read the approvals of run {} of {}", args.run, args.repository))?;
    if args.common.json {
        show::print_json(&found.iter().map(approval_view).collect::<Vec<_>>())?;
    } else {
        show::print(&approvals_text(&found))?;
    }
    Ok(Exit::Ok)
}

pub(super) async fn pending(args: &RunArgs) -> anyhow::Result<Exit> {
    let Some(link) = Link::new(&args.common, &args.repository)? else {
        return Ok(Exit::Config);
    };
    let found = waiting(&link, args.run).await;
    let doing = || format!("cannot read the pending deployments of run {} of {}", args.run, args.repository);
    let found = found.with_context(doing)?;
    if args.common.json {
        show::print_json(&found.iter().map(pending_view).collect::<Vec<_>>())?;
    } else {
        show::print(&pending_text(&found))?;
    }
    Ok(Exit::Ok)
}

/// Where the run waits, as the reviewer sees it if there is one.
pub(super) async fn waiting(link: &Link, run: RunId) -> Result<Vec<PendingDeployment>, GitHubError> {
    link.github.pending_deployments(&link.access, run, link.has_reviewer()).await
}

fn approvals_text(found: &[Approval]) -> String {
    if found.is_empty() {
        return "nobody has reviewed a deployment of the run\n".to_owned();
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let row = |given: &Approval| {
        [given.environments.join(", "), text(&given.state), text(&given.user), text(&given.comment)]
    };
    table(["environments", "state", "by", "comment"], &found.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn pending_text(found: &[PendingDeployment]) -> String {
    if found.is_empty() {
        return "the run waits at no environment\n".to_owned();
    }
    let row = |gate: &PendingDeployment| {
        let may = match gate.current_user_can_approve {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        let timer = gate.wait_timer_minutes.filter(|minutes| *minutes > 0).map(|minutes| {
            let since =
                gate.wait_timer_started_at.map(|at| format!(" from {}", moment(at))).unwrap_or_default();
            format!("{minutes}m{since}")
        });
        let reviewers = gate.reviewers.map(|reviewers| reviewers.to_string()).unwrap_or_default();
        [gate.name.clone(), may.to_owned(), reviewers, timer.unwrap_or_default()]
    };
    table(
        ["environment", "may approve", "reviewers", "wait timer"],
        &found.iter().map(row).collect::<Vec<_>>(),
    )
}

fn approval_view(given: &Approval) -> ApprovalView<'_> {
    ApprovalView {
        environments: &given.environments,
        state: given.state.as_deref(),
        user: given.user.as_deref(),
        comment: given.comment.as_deref(),
    }
}

fn pending_view(gate: &PendingDeployment) -> PendingView<'_> {
    PendingView {
        environment: &gate.name,
        environment_id: gate.environment,
        can_approve: gate.current_user_can_approve,
        reviewers: gate.reviewers,
        wait_timer_minutes: gate.wait_timer_minutes,
        wait_timer_started_at: gate.wait_timer_started_at.map(At),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_waits_at_is_shown_with_who_may_approve() {
        let gate = PendingDeployment {
            environment: EnvironmentId(7),
            name: "staging".to_owned(),
            current_user_can_approve: Some(true),
            wait_timer_minutes: Some(0),
            wait_timer_started_at: None,
            reviewers: Some(2),
        };
        let lines =
            ["environment  may approve  reviewers  wait timer", "staging      yes          2          -", ""];
        assert_eq!(pending_text(&[gate]), lines.join("\n"));
        assert_eq!(pending_text(&[]), "the run waits at no environment\n");
    }
}
