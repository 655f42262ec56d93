//! What happens to pull requests, in GitHub's words.

/// An activity of GitHub's `pull_request` webhook:
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PullActivity {
    /// Somebody was assigned.
    Assigned,
    /// It will not be merged by itself any more.
    AutoMergeDisabled,
    /// It will be merged once it may be.
    AutoMergeEnabled,
    /// It was closed or merged.
    Closed,
    /// It became a draft.
    ConvertedToDraft,
    /// It was taken off a milestone.
    Demilestoned,
    /// It left the merge queue.
    Dequeued,
    /// Its title, text or base changed.
    Edited,
    /// It entered the merge queue.
    Enqueued,
    /// A label was set.
    Labeled,
    /// Its conversation was locked.
    Locked,
    /// It was put on a milestone.
    Milestoned,
    /// It was opened.
    Opened,
    /// It is a draft no more.
    ReadyForReview,
    /// It was opened again.
    Reopened,
    /// A review is asked for no more.
    ReviewRequestRemoved,
    /// A review was asked for.
    ReviewRequested,
    /// Its head moved.
    Synchronize,
    /// Somebody is assigned no more.
    Unassigned,
    /// A label was taken off.
    Unlabeled,
    /// Its conversation was unlocked.
    Unlocked,
}

impl PullActivity {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::Assigned,
        Self::AutoMergeDisabled,
        Self::AutoMergeEnabled,
        Self::Closed,
        Self::ConvertedToDraft,
        Self::Demilestoned,
        Self::Dequeued,
        Self::Edited,
        Self::Enqueued,
        Self::Labeled,
        Self::Locked,
        Self::Milestoned,
        Self::Opened,
        Self::ReadyForReview,
        Self::Reopened,
        Self::ReviewRequestRemoved,
        Self::ReviewRequested,
        Self::Synchronize,
        Self::Unassigned,
        Self::Unlabeled,
        Self::Unlocked,
    ];

    /// The trigger that it makes: `pull_request.labeled`.
    #[must_use]
    pub fn as_trigger(self) -> &'static str {
        match self {
            Self::Assigned => "pull_request.assigned",
            Self::AutoMergeDisabled => "pull_request.auto_merge_disabled",
            Self::AutoMergeEnabled => "pull_request.auto_merge_enabled",
            Self::Closed => "pull_request.closed",
            Self::ConvertedToDraft => "pull_request.converted_to_draft",
            Self::Demilestoned => "pull_request.demilestoned",
            Self::Dequeued => "pull_request.dequeued",
            Self::Edited => "pull_request.edited",
            Self::Enqueued => "pull_request.enqueued",
            Self::Labeled => "pull_request.labeled",
            Self::Locked => "pull_request.locked",
            Self::Milestoned => "pull_request.milestoned",
            Self::Opened => "pull_request.opened",
            Self::ReadyForReview => "pull_request.ready_for_review",
            Self::Reopened => "pull_request.reopened",
            Self::ReviewRequestRemoved => "pull_request.review_request_removed",
            Self::ReviewRequested => "pull_request.review_requested",
            Self::Synchronize => "pull_request.synchronize",
            Self::Unassigned => "pull_request.unassigned",
            Self::Unlabeled => "pull_request.unlabeled",
            Self::Unlocked => "pull_request.unlocked",
        }
    }
}
