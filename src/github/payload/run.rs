//! GitHub's run object, from webhooks and from the REST API alike.

use serde::Deserialize;

use super::wire::Raw;
use crate::model::{Conclusion, RepositoryName, RunAttempt, RunId, RunSnapshot, Status, WorkflowId};

/// The run object: <https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run>.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct RunWire<'a> {
    #[serde(borrow)]
    id: Raw<'a>,
    #[serde(borrow)]
    run_attempt: Raw<'a>,
    #[serde(borrow)]
    name: Raw<'a>,
    #[serde(borrow)]
    path: Raw<'a>,
    #[serde(borrow)]
    workflow_id: Raw<'a>,
    #[serde(borrow)]
    event: Raw<'a>,
    #[serde(borrow)]
    status: Raw<'a>,
    #[serde(borrow)]
    conclusion: Raw<'a>,
    #[serde(borrow)]
    head_branch: Raw<'a>,
    #[serde(borrow)]
    head_sha: Raw<'a>,
    #[serde(borrow)]
    head_repository: Raw<'a>,
    #[serde(borrow)]
    pub(super) repository: Raw<'a>,
    #[serde(borrow)]
    actor: Raw<'a>,
    #[serde(borrow)]
    triggering_actor: Raw<'a>,
    #[serde(borrow)]
    run_number: Raw<'a>,
    #[serde(borrow)]
    created_at: Raw<'a>,
    #[serde(borrow)]
    updated_at: Raw<'a>,
    #[serde(borrow)]
    run_started_at: Raw<'a>,
    #[serde(borrow)]
    html_url: Raw<'a>,
    #[serde(borrow)]
    display_title: Raw<'a>,
    #[serde(borrow)]
    head_commit: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommitWire<'a> {
    #[serde(borrow)]
    message: Raw<'a>,
}

/// The workflow object beside a run in webhooks.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct WorkflowWire<'a> {
    #[serde(borrow)]
    id: Raw<'a>,
    #[serde(borrow)]
    name: Raw<'a>,
    #[serde(borrow)]
    path: Raw<'a>,
}

/// Reads a run object as the REST API returns it. The repository in the object wins over `asked`: it has the
/// present name of a repository that was renamed.
///
/// None when it is not an object or has no id.
pub(crate) fn run_snapshot(run: Raw<'_>, asked: &RepositoryName) -> Option<RunSnapshot> {
    let wire = run.object::<RunWire<'_>>()?;
    let repository = wire.repository.full_name().unwrap_or_else(|| asked.clone());
    let id = wire.run_id()?;
    Some(RunSnapshot { partial: false, ..wire.snapshot(repository, id) })
}

impl RunWire<'_> {
    pub(super) fn run_id(&self) -> Option<RunId> {
        self.id.id().map(RunId)
    }

    /// The snapshot; `partial` when what the API would tell for certain is missing.
    pub(super) fn snapshot(&self, repository: RepositoryName, id: RunId) -> RunSnapshot {
        let attempt = attempt(self.run_attempt);
        let status = self.status.string().map(Status::from);
        let event = self.event.string();
        let head_sha = self.head_sha.string();
        RunSnapshot {
            id,
            repository,
            workflow: self.name.string(),
            workflow_path: self.path.text().and_then(|path| without_ref(&path)),
            workflow_id: self.workflow_id.id().map(WorkflowId),
            conclusion: self.conclusion.string().map(Conclusion::from),
            branch: self.head_branch.string(),
            head_repository: self.head_repository.full_name(),
            actor: self.actor.login(),
            triggering_actor: self.triggering_actor.login(),
            run_number: self.run_number.int(),
            created_at: self.created_at.time(),
            updated_at: self.updated_at.time(),
            run_started_at: self.run_started_at.time(),
            html_url: self.html_url.string(),
            title: self.display_title.string(),
            commit_message: self.head_commit.object::<CommitWire<'_>>().and_then(|it| it.message.string()),
            partial: attempt.is_none() || status.is_none() || event.is_none() || head_sha.is_none(),
            attempt,
            event,
            status,
            head_sha,
        }
    }
}

impl WorkflowWire<'_> {
    /// Adds what a webhook says of the workflow. Its name is certain here, while a run's `name` may be the title
    /// that the workflow's `run-name` makes.
    pub(super) fn complete(&self, run: &mut RunSnapshot) {
        run.workflow = self.name.string().or(run.workflow.take());
        run.workflow_path =
            run.workflow_path.take().or_else(|| self.path.text().and_then(|path| without_ref(&path)));
        run.workflow_id = run.workflow_id.or_else(|| self.id.id().map(WorkflowId));
    }
}

/// An attempt: 1 and up.
pub(super) fn attempt(raw: Raw<'_>) -> Option<RunAttempt> {
    raw.id().and_then(|number| u32::try_from(number).ok()).map(RunAttempt)
}

/// A workflow's path without the `@ref` that GitHub appends to some. The ref may hold an `@`, and so may the
/// file's name.
fn without_ref(path: &str) -> Option<String> {
    let cut = ["yml@", "yaml@"]
        .iter()
        .filter_map(|end| path.find(&format!(".{end}")).map(|at| at + end.len()))
        .min();
    let file = match cut {
        Some(end) => path.get(..end).unwrap_or(path),
        None if path.ends_with(".yml") || path.ends_with(".yaml") => path,
        None => path.rsplit_once('@').map_or(path, |(file, _)| file),
    };
    Some(file.to_owned()).filter(|file| !file.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paths_ref_is_cut_off() {
        for (path, file) in [
            (".github/workflows/build.yml@main", ".github/workflows/build.yml"),
            (".github/workflows/build.yaml@refs/heads/a@b", ".github/workflows/build.yaml"),
            (".github/workflows/build.yml", ".github/workflows/build.yml"),
            (".github/workflows/deploy@prod.yml", ".github/workflows/deploy@prod.yml"),
            (".github/workflows/deploy@prod.yml@main", ".github/workflows/deploy@prod.yml"),
            ("dynamic/pages/pages-build-deployment@main", "dynamic/pages/pages-build-deployment"),
            ("dynamic/pages/pages-build-deployment", "dynamic/pages/pages-build-deployment"),
        ] {
            assert_eq!(without_ref(path).as_deref(), Some(file), "{path}");
        }
        assert_eq!(without_ref(""), None);
    }
}
