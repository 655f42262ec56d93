//! What stands around a run at GitHub: its head branch or tag, its workflow, newer runs. Asked by conditions before a
//! decision, and by guards before a re-run.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    github::{Access, GitHubError, RunQuery, WorkflowRef},
    model::{Fact, Head, PullRequest, RunId, RunSnapshot, Status, Team},
    rules::Presence,
};

use super::Gatherer;

/// So many runs of a branch are looked at for newer ones: the list begins with the newest.
const NEWEST: u8 = 10;

/// What the runs of one listing share, so that it is asked for once.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<SharedFacts>>);

#[derive(Debug, Default)]
pub(super) struct SharedFacts {
    workflows: HashMap<String, String>,
    heads: HashMap<(String, String), Head>,
    pub(super) underway: Option<Vec<RunSnapshot>>,
    pub(super) pulls: HashMap<(String, String), Vec<PullRequest>>,
    pub(super) gates: HashMap<RunId, Vec<String>>,
}

impl Shared {
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut SharedFacts) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Gatherer {
    /// Where the run's workflow stands.
    pub(super) async fn workflow_state(
        &self,
        access: &Access,
        run: &RunSnapshot,
        shared: &Shared,
    ) -> Result<Fact<String>, GitHubError> {
        let workflow = match (run.workflow_id, &run.workflow_path) {
            (Some(id), _) => WorkflowRef::Id(id),
            (None, Some(path)) => WorkflowRef::File(path.clone()),
            (None, None) => return Ok(Fact::Missing("GitHub does not name the run's workflow".to_owned())),
        };
        let key = format!("{workflow:?}");
        if let Some(state) = shared.with(|shared| shared.workflows.get(&key).cloned()) {
            return Ok(Fact::Known(state));
        }
        let state = self.github.workflow_state(access, &workflow).await?;
        shared.with(|shared| shared.workflows.insert(key, state.clone()));
        Ok(Fact::Known(state))
    }

    /// What the run's head branch is now, in the head's own repository.
    pub(super) async fn head(
        &self,
        access: &Access,
        run: &RunSnapshot,
        shared: &Shared,
    ) -> Result<Fact<Head>, GitHubError> {
        let Some(branch) = run.branch.as_deref() else {
            return Ok(Fact::Missing("GitHub does not give the run's branch".to_owned()));
        };
        let Some(repository) = &run.head_repository else {
            return Ok(Fact::Missing("the head's repository is deleted or hidden".to_owned()));
        };
        let key = (repository.key(), branch.to_owned());
        if let Some(head) = shared.with(|shared| shared.heads.get(&key).cloned()) {
            return Ok(Fact::Known(head));
        }
        let head = match self.github.branch_head(access, repository, branch).await? {
            Some(commit) => Head::Commit(commit),
            None if run.may_be_of_a_tag() && self.github.has_tag(access, branch).await? => Head::Tag,
            None => Head::Gone,
        };
        shared.with(|shared| shared.heads.insert(key, head.clone()));
        Ok(Fact::Known(head))
    }

    /// The tag that the run was started for; a push does not say whether it was one to a branch or to a tag.
    pub(super) async fn tag(
        &self,
        access: &Access,
        run: &RunSnapshot,
    ) -> Result<Fact<Option<String>>, GitHubError> {
        let Some(name) = run.branch.as_deref() else {
            return Ok(Fact::Missing("GitHub does not give the run's tag".to_owned()));
        };
        if !self.github.has_tag(access, name).await? {
            return Ok(Fact::Known(None));
        }
        let branch = self.github.branch_head(access, &run.repository, name).await?;
        Ok(match branch {
            Some(_) => Fact::Missing(format!("{name} is both a branch and a tag")),
            None => Fact::Known(Some(name.to_owned())),
        })
    }

    /// Whether a newer run of the run's workflow and branch exists.
    pub(super) async fn newer_run(
        &self,
        access: &Access,
        run: &RunSnapshot,
    ) -> Result<Presence, GitHubError> {
        let (Some(workflow), Some(branch), Some(number)) =
            (run.workflow_id, run.branch.as_deref(), run.run_number)
        else {
            let why = "GitHub does not give the run's workflow, branch and number";
            return Ok(Presence::Unknown(why.to_owned()));
        };
        match self.sightings.newer_run(&run.repository, workflow, branch, number, run.id) {
            Some(Some(newer)) => return Ok(Presence::Present(format!("run {newer}"))),
            Some(None) => return Ok(Presence::Absent),
            None => {}
        }
        let query =
            RunQuery { branch: Some(branch.to_owned()), per_page: Some(NEWEST), ..RunQuery::default() };
        let page =
            match self.github.list_workflow_runs(access, &WorkflowRef::Id(workflow), &query, None).await {
                Ok(page) => page,
                // The workflow was deleted; then it has no newer run.
                Err(GitHubError::NotFound { .. }) => return Ok(Presence::Absent),
                Err(error) => return Err(error),
            };
        let newer = page
            .runs
            .iter()
            .find(|other| is_of_the_head(other, run) && other.run_number.is_some_and(|other| other > number));
        Ok(match newer {
            Some(newer) => Presence::Present(format!("run {}", newer.id)),
            None if page.unreadable > 0 => unreadable_list(),
            None => Presence::Absent,
        })
    }

    /// Where newer runs of the run's workflow and branch wait.
    pub(super) async fn newer_pending(
        &self,
        access: &Access,
        run: &RunSnapshot,
        shared: &Shared,
    ) -> Result<Fact<Vec<String>>, GitHubError> {
        let (Some(workflow), Some(branch), Some(number)) =
            (run.workflow_id, run.branch.as_deref(), run.run_number)
        else {
            let why = "GitHub does not give the run's workflow, branch and number";
            return Ok(Fact::Missing(why.to_owned()));
        };
        let query = RunQuery {
            branch: Some(branch.to_owned()),
            status: Some(Status::Waiting.as_str().to_owned()),
            ..RunQuery::default()
        };
        let page = self.github.list_workflow_runs(access, &WorkflowRef::Id(workflow), &query, None).await?;
        if page.unreadable > 0 {
            return Ok(Fact::Missing("GitHub's list of runs could not be read".to_owned()));
        }
        let newer = page.runs.iter().filter(|other| {
            is_of_the_head(other, run) && other.run_number.is_some_and(|other| other > number)
        });
        let mut names = Vec::new();
        for other in newer {
            names.extend(self.environments_of(access, other.id, shared).await?);
        }
        names.sort();
        names.dedup();
        Ok(Fact::Known(names))
    }

    /// Whether the login is in the team.
    pub(super) async fn in_team(
        &self,
        access: &Access,
        team: &Team,
        login: &str,
    ) -> Result<Fact<bool>, GitHubError> {
        let owner = access.repository.owner();
        if self.github.is_app() && !owner.eq_ignore_ascii_case(team.org()) {
            // An installation sees the teams of its own organization only.
            return Ok(Fact::Missing(format!(
                "the App reaches the repository by its installation on {owner}"
            )));
        }
        self.github.is_in_team(access, team, login).await.map(Fact::Known)
    }

    /// The environments at which a run waits.
    pub(super) async fn environments_of(
        &self,
        access: &Access,
        run: RunId,
        shared: &Shared,
    ) -> Result<Vec<String>, GitHubError> {
        if let Some(names) = shared.with(|shared| shared.gates.get(&run).cloned()) {
            return Ok(names);
        }
        let pending = self.github.pending_deployments(access, run, false).await?;
        let names: Vec<String> = pending.into_iter().map(|gate| gate.name).collect();
        shared.with(|shared| shared.gates.insert(run, names.clone()));
        Ok(names)
    }

    /// Whether the run's commit is no longer the head of its branch, nor of an open pull request. Where GitHub does not show the branch (a
    /// private repository whose code the App may not read), a newer run of another commit tells.
    pub(super) async fn newer_commit(
        &self,
        access: &Access,
        run: &RunSnapshot,
    ) -> Result<Presence, GitHubError> {
        let head = match self.head(access, run, &Shared::default()).await {
            Ok(Fact::Known(head)) => head,
            Ok(Fact::NotAsked | Fact::Missing(_))
            | Err(GitHubError::Refused { .. } | GitHubError::NotFound { .. } | GitHubError::Gone { .. }) => {
                return self.newer_commit_of_runs(access, run).await;
            }
            Err(error) => return Err(error),
        };
        let branch = run.branch.as_deref().unwrap_or("its branch");
        let newer = match (head, run.head_sha.as_deref()) {
            (Head::Tag, _) => Presence::Absent,
            (Head::Gone, _) => Presence::Present(format!("{branch} exists no more")),
            (Head::Commit(_), None) => Presence::Unknown("GitHub does not give the run's commit".to_owned()),
            (Head::Commit(now), Some(own)) if now.eq_ignore_ascii_case(own) => Presence::Absent,
            (Head::Commit(now), Some(_)) => Presence::Present(format!("{branch} is now at {}", short(&now))),
        };
        match (newer, run.head_sha.as_deref()) {
            (Presence::Present(_), Some(commit)) if self.heads_a_pull(access, commit).await? => {
                Ok(Presence::Absent)
            }
            (newer, _) => Ok(newer),
        }
    }

    /// Whether the commit is the head of an open pull request, as far as GitHub shows any.
    async fn heads_a_pull(&self, access: &Access, commit: &str) -> Result<bool, GitHubError> {
        let is_its_head = |pull: &PullRequest| {
            pull.state.as_deref() == Some("open") && pull.head_sha.as_deref() == Some(commit)
        };
        match self.github.pulls_of_commit(access, commit).await {
            Ok(pulls) => Ok(pulls.iter().any(is_its_head)),
            Err(GitHubError::Refused { .. } | GitHubError::NotFound { .. } | GitHubError::Gone { .. }) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn newer_commit_of_runs(
        &self,
        access: &Access,
        run: &RunSnapshot,
    ) -> Result<Presence, GitHubError> {
        let (Some(branch), Some(commit)) = (run.branch.as_deref(), run.head_sha.as_deref()) else {
            return Ok(Presence::Unknown("GitHub does not give the run's branch and commit".to_owned()));
        };
        let query =
            RunQuery { branch: Some(branch.to_owned()), per_page: Some(NEWEST), ..RunQuery::default() };
        let page = self.github.list_runs(access, &query, None).await?;
        let newer = page.runs.iter().find(|other| {
            let other_commit = other.head_sha.as_deref().is_some_and(|it| !it.eq_ignore_ascii_case(commit));
            is_of_the_head(other, run) && other.id > run.id && other_commit
        });
        Ok(match newer {
            Some(newer) => Presence::Present(format!("run {} is of a newer one", newer.id)),
            None if page.unreadable > 0 => unreadable_list(),
            None => Presence::Absent,
        })
    }
}

fn unreadable_list() -> Presence {
    Presence::Unknown("GitHub's list of runs could not be read".to_owned())
}

/// Runs of forks may share a branch's name without being of one lineage.
pub(super) fn is_of_the_head(other: &RunSnapshot, run: &RunSnapshot) -> bool {
    let same_head = match (&other.head_repository, &run.head_repository) {
        (Some(other), Some(own)) => other == own,
        _ => true,
    };
    other.id != run.id && same_head && (other.branch.is_none() || other.branch == run.branch)
}

fn short(commit: &str) -> String {
    commit.chars().take(12).collect()
}
