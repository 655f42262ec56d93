//! `runwarden runs list`.

use anyhow::Context as _;

use super::{args::Common, link::Link};
use crate::{
    cli::{
        Exit,
        show::{self, RunView, moment, table},
    },
    github::{GitHubError, RunPage, RunQuery, WorkflowRef},
    model::{RepositoryName, RunSnapshot, WorkflowId},
};

/// Which runs to list.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListArgs {
    /// The repository
    #[arg(value_name = "OWNER/REPO", value_parser = RepositoryName::parse)]
    repository: RepositoryName,
    /// Only this workflow: its name, id, or file (`ci.yml`)
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// Only this head branch
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// Only what this event triggered: `push`, `pull_request`…
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,
    /// Only this status or conclusion: `completed`, `failure`…
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Only runs that this login started
    #[arg(long, value_name = "LOGIN")]
    actor: Option<String>,
    /// Only runs created then, in GitHub's search syntax: `>=2026-01-31`, `2026-01-01..2026-01-31`
    #[arg(long, value_name = "EXPR")]
    created: Option<String>,
    /// Only this head commit
    #[arg(long, value_name = "SHA")]
    head_sha: Option<String>,
    /// At most so many runs
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    limit: u16,
    #[command(flatten)]
    common: Common,
}

/// Which workflow's runs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Of {
    All,
    Workflow(WorkflowRef),
    /// GitHub takes no names: its runs are picked out of all.
    Named(String),
}

pub(super) async fn run(args: &ListArgs) -> anyhow::Result<Exit> {
    let Some(link) = Link::new(&args.common, &args.repository)? else {
        return Ok(Exit::Config);
    };
    let listed = collect(&link, args).await;
    let (runs, unreadable) =
        listed.with_context(|| format!("cannot list the runs of {}", args.repository))?;
    if args.common.json {
        show::print_json(&runs.iter().map(RunView::from).collect::<Vec<_>>())?;
    } else {
        show::print(&text(&runs))?;
    }
    if unreadable > 0 {
        show::refused(&format!("{unreadable} runs of GitHub's list could not be read"));
    }
    Ok(Exit::Ok)
}

/// Pages through the list until there are enough or no more.
async fn collect(link: &Link, args: &ListArgs) -> Result<(Vec<RunSnapshot>, usize), GitHubError> {
    let limit = usize::from(args.limit);
    let of = of_workflow(args.workflow.as_deref());
    let query = query(args, &of);
    let (mut runs, mut unreadable) = (Vec::new(), 0);
    let mut next = None;
    loop {
        let page = page(link, &of, &query, next.as_deref()).await?;
        unreadable += page.unreadable;
        runs.extend(page.runs.into_iter().filter(|run| is_wanted(&of, run)));
        next = page.next;
        if runs.len() >= limit || next.is_none() {
            runs.truncate(limit);
            return Ok((runs, unreadable));
        }
    }
}

async fn page(link: &Link, of: &Of, query: &RunQuery, next: Option<&str>) -> Result<RunPage, GitHubError> {
    match of {
        Of::All | Of::Named(_) => link.github.list_runs(&link.access, query, next).await,
        Of::Workflow(workflow) => link.github.list_workflow_runs(&link.access, workflow, query, next).await,
    }
}

fn of_workflow(workflow: Option<&str>) -> Of {
    let Some(text) = workflow else { return Of::All };
    match text.parse::<i64>() {
        Ok(id) => Of::Workflow(WorkflowRef::Id(WorkflowId(id))),
        Err(_) if text.ends_with(".yml") || text.ends_with(".yaml") => {
            Of::Workflow(WorkflowRef::File(text.to_owned()))
        }
        Err(_) => Of::Named(text.to_owned()),
    }
}

fn query(args: &ListArgs, of: &Of) -> RunQuery {
    let per_page = match of {
        Of::Named(_) => 100,
        Of::All | Of::Workflow(_) => args.limit.min(100),
    };
    RunQuery {
        status: args.status.clone(),
        branch: args.branch.clone(),
        event: args.event.clone(),
        actor: args.actor.clone(),
        created: args.created.clone(),
        head_sha: args.head_sha.clone(),
        per_page: u8::try_from(per_page).ok(),
    }
}

fn is_wanted(of: &Of, run: &RunSnapshot) -> bool {
    match of {
        Of::All | Of::Workflow(_) => true,
        Of::Named(name) => {
            run.workflow.as_deref().is_some_and(|workflow| workflow.eq_ignore_ascii_case(name))
        }
    }
}

fn text(runs: &[RunSnapshot]) -> String {
    if runs.is_empty() {
        return "GitHub lists no such runs\n".to_owned();
    }
    let rows: Vec<[String; 8]> = runs
        .iter()
        .map(|run| {
            let state = run.conclusion.as_ref().map(ToString::to_string);
            [
                run.id.to_string(),
                run.created_at.map(moment).unwrap_or_default(),
                run.workflow.clone().unwrap_or_default(),
                run.branch.clone().unwrap_or_default(),
                run.event.clone().unwrap_or_default(),
                run.attempt.map(|attempt| attempt.to_string()).unwrap_or_default(),
                state.or_else(|| run.status.as_ref().map(ToString::to_string)).unwrap_or_default(),
                run.actor.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table(["run", "created", "workflow", "branch", "event", "attempt", "state", "actor"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Conclusion, RunId, Timestamp};

    #[test]
    fn a_workflow_is_told_by_id_file_or_name() {
        assert_eq!(of_workflow(None), Of::All);
        assert_eq!(of_workflow(Some("161335")), Of::Workflow(WorkflowRef::Id(WorkflowId(161_335))));
        assert_eq!(of_workflow(Some("ci.yml")), Of::Workflow(WorkflowRef::File("ci.yml".to_owned())));
        assert_eq!(of_workflow(Some("CI")), Of::Named("CI".to_owned()));
    }

    #[test]
    fn runs_are_listed_one_a_line() {
        let mut run = RunSnapshot::unknown(RepositoryName::parse("acme/api").unwrap(), RunId(42));
        run.workflow = Some("CI".to_owned());
        run.conclusion = Some(Conclusion::Failure);
        run.created_at = Timestamp::parse("2026-11-22T15:04:05Z");
        let lines = [
            "run  created               workflow  branch  event  attempt  state    actor",
            "42   2026-11-22 15:04:05Z  CI        -       -      -        failure  -",
            "",
        ];
        assert_eq!(text(&[run]), lines.join("\n"));
        assert_eq!(text(&[]), "GitHub lists no such runs\n");
    }
}
