//! What a delivery says, once read.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Action, InstallationId, Job, PullActivity, PullRequest, RepositoryFacts, RepositoryName, RuleName, RunId,
    RunSnapshot, Timestamp,
};

/// What a delivery says.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A webhook about one run.
    GitHub(Box<GitHubEvent>),
    /// A webhook about a pull request, which brings the runs of its head commit.
    Pull(Box<PullEvent>),
    /// A schedule's tick, or its share for one repository.
    Schedule(ScheduledPass),
    /// A command given by hand.
    Command(Box<Command>),
    /// A rule asked by hand.
    Apply(Box<Apply>),
}

/// A webhook about one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GitHubEvent {
    /// What rules listen to.
    pub signal: Signal,
    /// The run as the payload describes it.
    pub run: RunSnapshot,
    /// Where the run waits, for `deployment.waiting`.
    pub gate: Option<Gate>,
    /// The job that the webhook is about, when it is about one.
    pub job: Option<Box<Job>>,
    /// The App's installation that the payload names.
    pub installation: Option<InstallationId>,
    /// The login that caused the webhook.
    pub sender: Option<String>,
    /// What the payload says of the repository.
    pub repository: Option<RepositoryFacts>,
}

/// A webhook about a pull request.
#[derive(Debug, Clone, PartialEq)]
pub struct PullEvent {
    /// What rules listen to.
    pub signal: Signal,
    /// The repository that the pull request is to be merged into.
    pub repository: RepositoryName,
    /// The pull request's number.
    pub number: u64,
    /// The pull request, where the payload describes it: that of a comment does not.
    pub pull: Option<PullRequest>,
    /// The review or the comment.
    pub said: Option<Box<Said>>,
    /// The App's installation that the payload names.
    pub installation: Option<InstallationId>,
    /// The login that caused the webhook.
    pub sender: Option<String>,
    /// What the payload says of the repository.
    pub facts: Option<RepositoryFacts>,
}

/// A review or a comment. `None` means that it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Of a review: `approved`, `changes_requested` or `commented`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The login of whoever wrote it.
    pub author: Option<String>,
    /// What they are to the repository, as GitHub counts it: `OWNER`, `MEMBER`, `NONE`…
    pub association: Option<String>,
    /// Its text; a review may be without.
    pub body: Option<String>,
}

/// A place where a run waits for a deployment to be approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The environment's name; `None` where the payload does not carry it.
    pub environment: Option<String>,
    /// Whether the App's own custom deployment protection rule is being asked.
    pub protection_rule: bool,
}

/// What makes runwarden look at a run: the words of a rule's `on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Signal {
    /// A run was created (not sent for re-runs).
    RunRequested,
    /// An attempt began to execute.
    RunInProgress,
    /// An attempt ended.
    RunCompleted,
    /// A job of a run was queued.
    JobQueued,
    /// A job of a run waits at an environment. Such a webhook is heard as [`Self::DeploymentWaiting`] that names its
    /// job, since it is about the same wait as others.
    JobWaiting,
    /// A job of a run began.
    JobInProgress,
    /// A job of a run ended; the run may go on.
    JobCompleted,
    /// A run waits at an environment.
    DeploymentWaiting,
    /// Something happened to a pull request.
    PullRequest(PullActivity),
    /// A review of a pull request was submitted.
    ReviewSubmitted,
    /// A pull request was commented on.
    CommentCreated,
    /// A schedule found the run.
    Schedule,
    /// A person asked.
    Command,
}

impl Signal {
    /// The signals that webhooks bring.
    pub const WEBHOOK: [Self; 31] = [
        Self::RunRequested,
        Self::RunInProgress,
        Self::RunCompleted,
        Self::JobQueued,
        Self::JobWaiting,
        Self::JobInProgress,
        Self::JobCompleted,
        Self::DeploymentWaiting,
        Self::PullRequest(PullActivity::Assigned),
        Self::PullRequest(PullActivity::AutoMergeDisabled),
        Self::PullRequest(PullActivity::AutoMergeEnabled),
        Self::PullRequest(PullActivity::Closed),
        Self::PullRequest(PullActivity::ConvertedToDraft),
        Self::PullRequest(PullActivity::Demilestoned),
        Self::PullRequest(PullActivity::Dequeued),
        Self::PullRequest(PullActivity::Edited),
        Self::PullRequest(PullActivity::Enqueued),
        Self::PullRequest(PullActivity::Labeled),
        Self::PullRequest(PullActivity::Locked),
        Self::PullRequest(PullActivity::Milestoned),
        Self::PullRequest(PullActivity::Opened),
        Self::PullRequest(PullActivity::ReadyForReview),
        Self::PullRequest(PullActivity::Reopened),
        Self::PullRequest(PullActivity::ReviewRequestRemoved),
        Self::PullRequest(PullActivity::ReviewRequested),
        Self::PullRequest(PullActivity::Synchronize),
        Self::PullRequest(PullActivity::Unassigned),
        Self::PullRequest(PullActivity::Unlabeled),
        Self::PullRequest(PullActivity::Unlocked),
        Self::ReviewSubmitted,
        Self::CommentCreated,
    ];

    /// The signals that a rule may name: those of webhooks, and a person's.
    pub fn of_rules() -> impl Iterator<Item = Self> + Clone {
        Self::WEBHOOK.into_iter().chain([Self::Command])
    }

    /// The signal that webhooks bring of that name.
    #[must_use]
    pub fn of_webhook(name: &str) -> Option<Self> {
        Self::WEBHOOK.into_iter().find(|signal| signal.as_str() == name)
    }

    /// The word in YAML and history.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunRequested => "workflow_run.requested",
            Self::RunInProgress => "workflow_run.in_progress",
            Self::RunCompleted => "workflow_run.completed",
            Self::JobQueued => "workflow_job.queued",
            Self::JobWaiting => "workflow_job.waiting",
            Self::JobInProgress => "workflow_job.in_progress",
            Self::JobCompleted => "workflow_job.completed",
            Self::DeploymentWaiting => "deployment.waiting",
            Self::PullRequest(activity) => activity.as_trigger(),
            Self::ReviewSubmitted => "pull_request_review.submitted",
            Self::CommentCreated => "issue_comment.created",
            Self::Schedule => "schedule",
            Self::Command => "command",
        }
    }
}

impl Signal {
    /// Whether the signal is about one job.
    #[must_use]
    pub fn is_of_a_job(self) -> bool {
        match self {
            Self::JobQueued | Self::JobWaiting | Self::JobInProgress | Self::JobCompleted => true,
            Self::RunRequested
            | Self::RunInProgress
            | Self::RunCompleted
            | Self::DeploymentWaiting
            | Self::PullRequest(_)
            | Self::ReviewSubmitted
            | Self::CommentCreated
            | Self::Schedule
            | Self::Command => false,
        }
    }

    /// Whether the signal is about a pull request, and brings the runs of its head commit.
    #[must_use]
    pub fn is_of_a_pull_request(self) -> bool {
        matches!(self, Self::PullRequest(_) | Self::ReviewSubmitted | Self::CommentCreated)
    }
}

impl From<Signal> for &'static str {
    fn from(signal: Signal) -> Self {
        signal.as_str()
    }
}

impl TryFrom<String> for Signal {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let others = [Self::Schedule, Self::Command].into_iter();
        Self::of_webhook(&name)
            .or_else(|| others.into_iter().find(|signal| signal.as_str() == name))
            .ok_or_else(|| format!("`{name}` is no signal"))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One tick of a rule's schedule; with a repository, the share of the tick that goes over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduledPass {
    /// The rule.
    pub rule: RuleName,
    /// The minute for which the schedule was due.
    pub tick: Timestamp,
    /// The repository to go over; `None` for the tick itself, which finds the repositories.
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The installation that gives access to it.
    #[serde(default)]
    pub installation: Option<InstallationId>,
    /// Who asked for it, where it was no tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A command given by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// What to do.
    pub action: Action,
    /// In which repository.
    pub repository: RepositoryName,
    /// To which run.
    pub run: RunId,
    /// Who asked, as the operating system names them.
    pub by: String,
}

impl Command {
    /// What its delivery is called, where GitHub's have the event's name.
    pub const EVENT: &'static str = "command";
}

/// A rule asked by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apply {
    /// The rule.
    pub rule: RuleName,
    /// In which repository.
    pub repository: RepositoryName,
    /// Of which run; `None` lets it go over the repository as on a tick of its schedule.
    pub run: Option<RunId>,
    /// Who asked, as the operating system names them.
    pub by: String,
}

impl Apply {
    /// What its delivery is called.
    pub const EVENT: &'static str = "apply";

    /// Why a rule with `job` in its conditions cannot be asked: it would take the lack of a job for an answer.
    pub const NO_JOB: &'static str = "asks for the job that a webhook is about, and a command is about none";
}
