//! A workflow run as GitHub describes it at one moment, in GitHub's spelling.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{RepositoryName, RunAttempt, RunId, Timestamp, WorkflowId};

macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
            /// A value that this version does not know, kept as it came.
            Other(String),
        }

        impl $name {
            /// All the values that this version knows.
            pub const KNOWN: &'static [&'static str] = &[$($text),*];

            /// GitHub's spelling.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)*
                    _ => Self::Other(text),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

open_enum! {
    /// Where a run stands. New values will come, so an unknown one is data, not an error.
    Status {
        Queued = "queued",
        InProgress = "in_progress",
        Completed = "completed",
        Waiting = "waiting",
        Requested = "requested",
        Pending = "pending",
    }
}

open_enum! {
    /// How a completed run ended.
    Conclusion {
        Success = "success",
        Failure = "failure",
        Neutral = "neutral",
        Cancelled = "cancelled",
        Skipped = "skipped",
        TimedOut = "timed_out",
        ActionRequired = "action_required",
        Stale = "stale",
        StartupFailure = "startup_failure",
    }
}

/// What is known of one run at one moment. `None` means that it is not known: a payload that does not carry
/// the field, or a null. Only `conclusion` is rightly null, while the run is not completed.
///
/// GitHub's mix of first and latest attempt is kept: `created_at` and `actor` are the first attempt's,
/// `run_started_at` and `triggering_actor` the latest's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSnapshot {
    /// The run.
    pub id: RunId,
    /// The attempt that this describes.
    pub attempt: Option<RunAttempt>,
    /// The repository that the run belongs to.
    pub repository: RepositoryName,
    /// The workflow's name.
    pub workflow: Option<String>,
    /// The workflow's file below the repository's root, without an `@ref`.
    pub workflow_path: Option<String>,
    /// The workflow's id.
    pub workflow_id: Option<WorkflowId>,
    /// What triggered the run: `push`, `pull_request`, `schedule`…
    pub event: Option<String>,
    /// Where it stands.
    pub status: Option<Status>,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// The head branch (or the tag's name).
    pub branch: Option<String>,
    /// The head commit.
    pub head_sha: Option<String>,
    /// The head's repository; another one than `repository` for a fork.
    pub head_repository: Option<RepositoryName>,
    /// The login that started the first attempt.
    pub actor: Option<String>,
    /// The login that started this attempt.
    pub triggering_actor: Option<String>,
    /// The run's number within its workflow.
    pub run_number: Option<i64>,
    /// When the first attempt was created.
    pub created_at: Option<Timestamp>,
    /// When the run last changed.
    pub updated_at: Option<Timestamp>,
    /// When the latest attempt started.
    pub run_started_at: Option<Timestamp>,
    /// The page for people.
    pub html_url: Option<String>,
    /// The run's title (`display_title`): the commit's first line, the pull request's title, or what the
    /// workflow's `run-name` makes. Enterprise Server has it from 3.8 on.
    #[serde(default)]
    pub title: Option<String>,
    /// The head commit's message.
    #[serde(default)]
    pub commit_message: Option<String>,
    /// Whether this is less than GitHub's whole run object (a job's or deployment's payload), so that reading
    /// the run would tell more.
    pub partial: bool,
}

impl RunSnapshot {
    /// A run of which nothing but its identity is known.
    #[must_use]
    pub fn unknown(repository: RepositoryName, id: RunId) -> Self {
        Self {
            id,
            attempt: None,
            repository,
            workflow: None,
            workflow_path: None,
            workflow_id: None,
            event: None,
            status: None,
            conclusion: None,
            branch: None,
            head_sha: None,
            head_repository: None,
            actor: None,
            triggering_actor: None,
            run_number: None,
            created_at: None,
            updated_at: None,
            run_started_at: None,
            html_url: None,
            title: None,
            commit_message: None,
            partial: true,
        }
    }

    /// Whether `branch` may be a tag's name: these events happen to tags too, and GitHub does not say which it was.
    #[must_use]
    pub fn may_be_of_a_tag(&self) -> bool {
        matches!(
            self.event.as_deref(),
            Some("push" | "create" | "release" | "workflow_dispatch" | "deployment" | "deployment_status")
                | None
        )
    }

    /// Whether the run is over; `None` when its status is not known.
    #[must_use]
    pub fn is_completed(&self) -> Option<bool> {
        self.status.as_ref().map(|status| *status == Status::Completed)
    }

    /// Whether the run has not begun because somebody has to approve it first: GitHub shows that as `completed` with
    /// `action_required`, from the moment that the run is requested.
    #[must_use]
    pub fn waits_for_approval(&self) -> bool {
        self.conclusion == Some(Conclusion::ActionRequired)
    }

    /// Whether the head lies in another repository; `None` when that is not known.
    #[must_use]
    pub fn is_from_fork(&self) -> Option<bool> {
        self.head_repository.as_ref().map(|head| *head != self.repository)
    }
}
