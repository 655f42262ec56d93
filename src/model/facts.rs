//! All that a decision may look at. Stored with the decision, so that it can be explained offline.

use serde::{Deserialize, Serialize};

use super::{
    Gate, GitHubEvent, InstallationId, Job, Membership, PullEvent, PullRequest, RepositoryName, RuleName,
    RunId, RunSnapshot, Said, Signal, Timestamp, WorkflowId,
};

/// All that a decision may look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// What made us look.
    pub signal: Signal,
    /// The run.
    pub run: RunSnapshot,
    /// Where it waits, when the signal is `deployment.waiting`.
    pub gate: Option<Gate>,
    /// The job that the webhook is about, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Box<Job>>,
    /// The review or the comment that the webhook is about, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Box<Said>>,
    /// The login that caused the webhook.
    pub sender: Option<String>,
    /// The App's installation through which the repository is reached.
    pub installation: Option<InstallationId>,
    /// What has to be fetched, as far as some rule asked for it.
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    pub details: Details,
}

impl Facts {
    /// The jobs that are known, and the one that the webhook is about.
    pub fn jobs_mut(&mut self) -> impl Iterator<Item = &mut Job> {
        let listed = match &mut self.details.jobs {
            Fact::Known(jobs) => jobs.as_mut_slice(),
            Fact::NotAsked | Fact::Missing(_) => &mut [],
        };
        listed.iter_mut().chain(self.job.as_deref_mut())
    }

    /// The run and what made us look at it; all else is not known.
    #[must_use]
    pub fn of(signal: Signal, run: RunSnapshot) -> Self {
        Self {
            signal,
            run,
            gate: None,
            job: None,
            said: None,
            sender: None,
            installation: None,
            details: Details::default(),
        }
    }
}

impl From<GitHubEvent> for Facts {
    /// The facts that a webhook carries by itself.
    fn from(event: GitHubEvent) -> Self {
        let repository = event.repository.map_or(Fact::NotAsked, Fact::Known);
        Self {
            signal: event.signal,
            run: event.run,
            gate: event.gate,
            job: event.job,
            said: None,
            sender: event.sender,
            installation: event.installation,
            details: Details { repository, ..Details::default() },
        }
    }
}

impl Facts {
    /// What a webhook about a pull request tells of one of its runs.
    #[must_use]
    pub fn of_pull(event: &PullEvent, pull: Option<&PullRequest>, run: RunSnapshot) -> Self {
        let repository = event.facts.clone().map_or(Fact::NotAsked, Fact::Known);
        let pulls = pull.map_or(Fact::NotAsked, |pull| Fact::Known(vec![pull.clone()]));
        Self {
            said: event.said.clone(),
            sender: event.sender.clone(),
            installation: event.installation,
            details: Details { repository, pulls, ..Details::default() },
            ..Self::of(event.signal, run)
        }
    }
}

/// What the run itself does not tell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The repository; webhooks carry it.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub repository: Fact<RepositoryFacts>,
    /// Where the run's workflow stands: `active`, `disabled_manually`, `deleted`…
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub workflow_state: Fact<String>,
    /// What the run's head branch is now.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub head: Fact<Head>,
    /// The tag that the run was started for, if it was one.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub tag: Fact<Option<String>>,
    /// Whether a newer run of the same workflow and branch exists.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub newer_run: Fact<bool>,
    /// How many re-runs of the run runwarden has asked for, of all its attempts.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub reruns_by_us: Fact<u32>,
    /// How many commits the login that started the first attempt has in the repository.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub contributions: Fact<u32>,
    /// What rules and commands have done to the run, over all its attempts.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub acts: Fact<Vec<Act>>,
    /// The runs of the repository that are under way.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub underway: Fact<Vec<Underway>>,
    /// The branch that the run's pull request is to be merged into; none without a pull request.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub base: Fact<Option<String>>,
    /// The pull requests that the run belongs to: none, one, or several that cannot be told apart.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub pulls: Fact<Vec<PullRequest>>,
    /// The environments at which newer runs of the same workflow and branch wait.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub newer_pending: Fact<Vec<String>>,
    /// Who is in which team, as far as that was asked for: each pair of team and login once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<Membership>,
    /// The jobs of the judged attempt, all of them.
    #[serde(skip_serializing_if = "Fact::is_not_asked")]
    pub jobs: Fact<Vec<Job>>,
}

impl Details {
    /// Whether nothing was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Something that was done to a run, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// The rule, or `command`.
    pub rule: RuleName,
    /// When it was planned.
    pub at: Timestamp,
}

/// A run that is queued or in progress, or that was just let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Underway {
    /// The run.
    pub run: RunId,
    /// Its workflow's id.
    pub workflow_id: Option<WorkflowId>,
    /// Its workflow's file.
    pub workflow_path: Option<String>,
    /// Its head branch.
    pub branch: Option<String>,
    /// The repository of its head.
    pub head_repository: Option<RepositoryName>,
    /// The branch that its pull request is to be merged into, if that was asked for.
    #[serde(default, skip_serializing_if = "Fact::is_not_asked")]
    pub base: Fact<Option<String>>,
}

impl From<&RunSnapshot> for Underway {
    fn from(run: &RunSnapshot) -> Self {
        Self {
            run: run.id,
            workflow_id: run.workflow_id,
            workflow_path: run.workflow_path.clone(),
            branch: run.branch.clone(),
            head_repository: run.head_repository.clone(),
            base: Fact::NotAsked,
        }
    }
}

/// What a run's head branch is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// It exists, and this commit is its head.
    Commit(String),
    /// It is no branch but a tag.
    Tag,
    /// It does not exist any more.
    Gone,
}

/// A fact that costs something to have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// No rule has asked for it yet.
    #[default]
    NotAsked,
    /// It is so.
    Known(T),
    /// It could not be had; in words, why.
    Missing(String),
}

impl<T> Fact<T> {
    /// Whether no rule has asked for it yet.
    #[must_use]
    pub fn is_not_asked(&self) -> bool {
        matches!(self, Self::NotAsked)
    }

    /// The fact, or in words why it is not known.
    ///
    /// # Errors
    /// When it was not asked for, or could not be had.
    pub fn known(&self) -> Result<&T, String> {
        match self {
            Self::Known(fact) => Ok(fact),
            Self::Missing(why) => Err(format!("not known: {why}")),
            Self::NotAsked => Err("not known: it has not been asked for".to_owned()),
        }
    }
}

/// What conditions ask of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryFacts {
    /// `public`, `private` or `internal`.
    pub visibility: Option<String>,
    /// Whether it is archived.
    pub archived: Option<bool>,
    /// Its default branch.
    pub default_branch: Option<String>,
}
