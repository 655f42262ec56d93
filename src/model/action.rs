//! What a rule or a person wants done to a run.

use std::{fmt, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Conclusion, JobId, RuleName, RunAttempt, RunId};

/// One thing to do to one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Run again, all or in part.
    Rerun(Rerun),
    /// Ask GitHub to cancel the run.
    Cancel,
    /// Cancel the run by force, should it not have ended by then.
    ForceCancel(ForceCancel),
    /// Let a run begin that waits because its pull request comes from a fork.
    ApproveRun(ApproveRun),
    /// Approve or reject what waits at environments.
    ReviewDeployments(Review),
    /// Keep the run's logs in a folder.
    ArchiveLogs(ArchiveLogs),
    /// Tell a channel.
    Notify(Notify),
    /// Show a check at the run's commit.
    Check(Check),
    /// Say something on the run's pull request.
    Comment(Comment),
    /// Add labels to the run's pull request and take others off.
    Label(Label),
    /// Delete the run with its logs and artifacts.
    DeleteRun,
    /// Delete the run's logs and keep the run.
    DeleteLogs,
}

/// The kinds of action, in the words that rules and the history use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// `rerun`
    Rerun,
    /// `cancel`
    Cancel,
    /// `force_cancel`: what `cancel` with `force_after` plans beside the cancellation.
    ForceCancel,
    /// `approve_run`
    ApproveRun,
    /// `approve_deployment`
    ApproveDeployment,
    /// `reject_deployment`
    RejectDeployment,
    /// `archive_logs`
    ArchiveLogs,
    /// `notify`
    Notify,
    /// `check`
    Check,
    /// `comment`
    Comment,
    /// `label`
    Label,
    /// `delete_run`
    DeleteRun,
    /// `delete_logs`
    DeleteLogs,
}

impl ActionKind {
    /// The kinds that a rule can write, in the order of the reference.
    pub const ALL: [Self; 12] = [
        Self::Rerun,
        Self::Cancel,
        Self::ApproveRun,
        Self::ApproveDeployment,
        Self::RejectDeployment,
        Self::ArchiveLogs,
        Self::Notify,
        Self::Check,
        Self::Comment,
        Self::Label,
        Self::DeleteRun,
        Self::DeleteLogs,
    ];

    /// The word in YAML, history and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rerun => "rerun",
            Self::Cancel => "cancel",
            Self::ForceCancel => "force_cancel",
            Self::ApproveRun => "approve_run",
            Self::ApproveDeployment => "approve_deployment",
            Self::RejectDeployment => "reject_deployment",
            Self::ArchiveLogs => "archive_logs",
            Self::Notify => "notify",
            Self::Check => "check",
            Self::Comment => "comment",
            Self::Label => "label",
            Self::DeleteRun => "delete_run",
            Self::DeleteLogs => "delete_logs",
        }
    }

    /// Whether two rules that want these kinds on one run want the same thing decided, so that only the first acts.
    #[must_use]
    pub fn competes_with(self, other: Self) -> bool {
        let review = |kind| matches!(kind, Self::ApproveDeployment | Self::RejectDeployment);
        let cancel = |kind| matches!(kind, Self::Cancel | Self::ForceCancel);
        self == other || (review(self) && review(other)) || (cancel(self) && cancel(other))
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Action {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::Rerun(_) => ActionKind::Rerun,
            Self::Cancel => ActionKind::Cancel,
            Self::ForceCancel(_) => ActionKind::ForceCancel,
            Self::ApproveRun(_) => ActionKind::ApproveRun,
            Self::ReviewDeployments(review) => match review.state {
                ReviewState::Approved => ActionKind::ApproveDeployment,
                ReviewState::Rejected => ActionKind::RejectDeployment,
            },
            Self::ArchiveLogs(_) => ActionKind::ArchiveLogs,
            Self::Notify(_) => ActionKind::Notify,
            Self::Check(_) => ActionKind::Check,
            Self::Comment(_) => ActionKind::Comment,
            Self::Label(_) => ActionKind::Label,
            Self::DeleteRun => ActionKind::DeleteRun,
            Self::DeleteLogs => ActionKind::DeleteLogs,
        }
    }
}

/// A cancellation that GitHub carries out whatever the run's own conditions (`always()`) say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForceCancel {
    /// How long the run has time to end by itself.
    pub after: Duration,
}

/// Letting a run begin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApproveRun {
    /// The commit that was judged; in a rule `None`.
    pub head_sha: Option<String>,
}

/// Keeping the logs of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveLogs {
    /// The folder, which exists. Below it the logs go to `OWNER/NAME/DAY/RUN-ATTEMPT.zip`.
    pub to: PathBuf,
    /// The day in UTC on which the run was created; in a rule empty.
    pub day: String,
}

/// A check at the run's commit, which stands there with its name beside those of GitHub's jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// GitHub's word.
    pub conclusion: Conclusion,
    /// Markdown; in a rule a template.
    pub summary: String,
}

/// One comment of a rule on the run's pull request, which is kept up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Markdown; in a rule a template.
    pub body: String,
}

/// Labels of the run's pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Those that it is to have.
    pub add: Vec<String>,
    /// Those that it is not to have.
    pub remove: Vec<String>,
}

/// Telling a channel of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// The channel's name.
    pub to: String,
    /// In which form.
    pub format: ChannelFormat,
    /// What people read; in a rule a template.
    pub text: String,
    /// The JSON that is posted; in a rule empty. It is put together when the action is planned, so that what is sent
    /// once more is the same.
    #[serde(default)]
    pub body: String,
}

/// What a channel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelFormat {
    /// `{ "text": … }`, as Slack's incoming webhooks and what imitates them take it.
    #[default]
    Slack,
    /// An object with a key for each fact.
    Json,
}

impl ChannelFormat {
    /// The words of the YAML.
    pub const WORDS: [(&'static str, Self); 2] = [("slack", Self::Slack), ("json", Self::Json)];
}

/// How to run again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rerun {
    /// What of the run.
    pub scope: RerunScope,
    /// How long to wait after the decision.
    pub delay: Duration,
    /// The delay is multiplied by this once for every attempt after the first.
    pub backoff: f64,
    /// Up to this much is added to the delay, spread by the run's identity, so that a mass of failures does
    /// not come back as a mass.
    pub jitter: Duration,
    /// Ask GitHub for debug logs (`enable_debug_logging`; Enterprise Server 3.6 and later).
    pub debug_logging: bool,
    /// Re-run even when a person approved a deployment of the run: the re-run deploys again without asking.
    #[serde(default)]
    pub redeploy: bool,
    /// Guards that do not hold for it.
    #[serde(default)]
    pub skip_guards: Vec<Guard>,
}

/// A guard of re-runs that a rule may do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// The run's commit is still the head of its branch.
    NewerCommit,
    /// There is no newer run of the same workflow and branch.
    NewerRun,
}

impl Guard {
    /// The words of the YAML.
    pub const WORDS: [(&'static str, Self); 2] =
        [("newer_commit", Self::NewerCommit), ("newer_run", Self::NewerRun)];
}

impl Rerun {
    /// A re-run at once.
    #[must_use]
    pub fn now(scope: RerunScope) -> Self {
        Self {
            scope,
            delay: Duration::ZERO,
            backoff: 1.0,
            jitter: Duration::ZERO,
            debug_logging: false,
            redeploy: false,
            skip_guards: Vec::new(),
        }
    }
}

/// What of a run to run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RerunScope {
    /// The failed jobs and those that depend on them.
    FailedJobs,
    /// All jobs.
    Run,
    /// The one job that a rule's `failed_jobs` singles out; the failed jobs where it singles out none or several.
    /// Bound to one of the two when it is planned.
    MatchingJob,
    /// One job and those that depend on it.
    Job(JobId),
}

/// A review of pending deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Approve or reject.
    pub state: ReviewState,
    /// The environments, by name; in a rule, empty means the one that the rule judged.
    pub environments: Vec<String>,
    /// The comment that GitHub shows with the review; in a rule a template with `{{ rule }}` and the like.
    pub comment: String,
    /// As whom; `None` lets the signal decide: a protection rule's request is answered as the protection rule,
    /// all else as the reviewer.
    pub via: Option<Via>,
}

/// GitHub's two answers to a pending deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// `approved`
    Approved,
    /// `rejected`; the run then fails.
    Rejected,
}

impl ReviewState {
    /// GitHub's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

/// As whom a deployment is reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// As a required reviewer, with the reviewer's token.
    Reviewer,
    /// As the App's own custom deployment protection rule.
    ProtectionRule,
}

impl Via {
    /// The word in YAML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::ProtectionRule => "protection_rule",
        }
    }
}

/// What makes an action happen once: rule, run, attempt, kind and, for a deployment, the environment; for a
/// command, the command itself. The ledger holds one row a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionKey(String);

impl ActionKey {
    /// The key of a rule's action. Run ids are unique over all repositories of a GitHub.
    #[must_use]
    pub fn of_rule(rule: &RuleName, run: RunId, attempt: RunAttempt, action: &Action) -> Self {
        let kind = action.kind();
        match action {
            Action::ReviewDeployments(review) => {
                let mut environments = review.environments.clone();
                environments.sort();
                let via = review.via.map_or("", Via::as_str);
                Self(format!("{rule}/{run}/{attempt}/{kind}/{via}/{}", environments.join(",")))
            }
            Action::Rerun(_)
            | Action::Cancel
            | Action::ForceCancel(_)
            | Action::ApproveRun(_)
            | Action::ArchiveLogs(_)
            | Action::Notify(_)
            | Action::Check(_)
            | Action::Comment(_)
            | Action::Label(_)
            | Action::DeleteRun
            | Action::DeleteLogs => Self(format!("{rule}/{run}/{attempt}/{kind}")),
        }
    }

    /// The key of the same action once more: a run may come to wait at an environment again, by a later job,
    /// after its first wait there was answered.
    #[must_use]
    pub fn again(&self, time: u32) -> Self {
        Self(format!("{}#{time}", self.0))
    }

    /// The key of the same action when it is only observed, so that observing a rule first does not use up what
    /// it is to do later.
    #[must_use]
    pub fn observed(&self) -> Self {
        Self(format!("{}?observed", self.0))
    }

    /// The key of a command given by hand: the same command twice is two wishes.
    #[must_use]
    pub fn of_command(guid: &super::DeliveryGuid) -> Self {
        Self(guid.to_string())
    }

    /// The text, as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
