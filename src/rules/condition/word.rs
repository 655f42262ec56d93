//! The words of `when` that observe one value.

use std::fmt;

/// The words of `when` that observe one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// `OWNER/NAME`, without regard to case.
    Repository,
    /// `public`, `private` or `internal`.
    Visibility,
    /// Whether the repository is archived.
    Archived,
    /// The workflow's name, or its file's name or path.
    Workflow,
    /// Where the workflow stands.
    WorkflowState,
    /// The head branch, or the tag's name.
    Branch,
    /// Whether the head branch still exists.
    BranchExists,
    /// The tag that the run was started for.
    Tag,
    /// Whether the run is one of the repository's own default branch.
    DefaultBranch,
    /// Whether the head lies in another repository.
    Fork,
    /// The head commit.
    HeadSha,
    /// Whether the run's commit is the head of its branch.
    IsHead,
    /// Whether a newer run of the same workflow and branch exists.
    NewerRun,
    /// The head commit's message.
    CommitMessage,
    /// The run's title.
    Title,
    /// What triggered the run.
    Event,
    /// Where the run stands.
    Status,
    /// How the run ended.
    Conclusion,
    /// The attempt's number.
    RunAttempt,
    /// How many re-runs of the run runwarden has asked for.
    RerunsByUs,
    /// How many commits whoever started the first attempt has in the repository.
    Contributions,
    /// The login that started the first attempt.
    Actor,
    /// The login that started this attempt.
    TriggeringActor,
    /// The login that caused the webhook.
    Sender,
    /// The environment that the run waits at.
    Environment,
    /// For how long it has waited there.
    PendingFor,
    /// Whether a newer run of the workflow and branch waits there too.
    NewerPending,
    /// How long ago the run was created.
    Age,
    /// How long ago the run last changed.
    QuietFor,
    /// For how long the attempt has waited to begin.
    QueuedFor,
    /// For how long the attempt's jobs have been running.
    RunningFor,
    /// How long the attempt took.
    Duration,
}

/// What kind of value a word takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Patterns.
    Text {
        /// Whether they disregard case.
        ignore_case: bool,
    },
    /// Patterns that may match anywhere in a line.
    Lines,
    /// A number or bounds.
    Number,
    /// Bounds with durations.
    Duration,
    /// `true` or `false`.
    Flag,
}

impl Word {
    /// All words, in the order of the reference.
    pub const ALL: [Self; 32] = [
        Self::Repository,
        Self::Visibility,
        Self::Archived,
        Self::Workflow,
        Self::WorkflowState,
        Self::Branch,
        Self::BranchExists,
        Self::Tag,
        Self::DefaultBranch,
        Self::Fork,
        Self::HeadSha,
        Self::IsHead,
        Self::NewerRun,
        Self::CommitMessage,
        Self::Title,
        Self::Event,
        Self::Status,
        Self::Conclusion,
        Self::RunAttempt,
        Self::RerunsByUs,
        Self::Contributions,
        Self::Actor,
        Self::TriggeringActor,
        Self::Sender,
        Self::Environment,
        Self::PendingFor,
        Self::NewerPending,
        Self::Age,
        Self::QuietFor,
        Self::QueuedFor,
        Self::RunningFor,
        Self::Duration,
    ];

    /// The word in YAML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Visibility => "visibility",
            Self::Archived => "archived",
            Self::Workflow => "workflow",
            Self::WorkflowState => "workflow_state",
            Self::Branch => "branch",
            Self::BranchExists => "branch_exists",
            Self::Tag => "tag",
            Self::DefaultBranch => "default_branch",
            Self::Fork => "fork",
            Self::HeadSha => "head_sha",
            Self::IsHead => "is_head",
            Self::NewerRun => "newer_run",
            Self::CommitMessage => "commit_message",
            Self::Title => "title",
            Self::Event => "event",
            Self::Status => "status",
            Self::Conclusion => "conclusion",
            Self::RunAttempt => "run_attempt",
            Self::RerunsByUs => "reruns_by_us",
            Self::Contributions => "contributions",
            Self::Actor => "actor",
            Self::TriggeringActor => "triggering_actor",
            Self::Sender => "sender",
            Self::Environment => "environment",
            Self::PendingFor => "pending_for",
            Self::NewerPending => "newer_pending",
            Self::Age => "age",
            Self::QuietFor => "quiet_for",
            Self::QueuedFor => "queued_for",
            Self::RunningFor => "running_for",
            Self::Duration => "duration",
        }
    }

    /// What kind of value the word takes.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Repository | Self::Actor | Self::TriggeringActor | Self::Sender => {
                Kind::Text { ignore_case: true }
            }
            Self::Visibility
            | Self::Workflow
            | Self::WorkflowState
            | Self::Branch
            | Self::Tag
            | Self::HeadSha
            | Self::Title
            | Self::Event
            | Self::Status
            | Self::Conclusion
            | Self::Environment => Kind::Text { ignore_case: false },
            Self::CommitMessage => Kind::Lines,
            Self::RunAttempt | Self::RerunsByUs | Self::Contributions => Kind::Number,
            Self::PendingFor
            | Self::Age
            | Self::QuietFor
            | Self::QueuedFor
            | Self::RunningFor
            | Self::Duration => Kind::Duration,
            Self::Archived
            | Self::DefaultBranch
            | Self::BranchExists
            | Self::Fork
            | Self::IsHead
            | Self::NewerRun
            | Self::NewerPending => Kind::Flag,
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
