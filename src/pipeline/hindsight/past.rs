//! How a run was at moments that have passed, by what GitHub shows of it now. Pure.

use crate::model::{Conclusion, Fact, RunSnapshot, Status, Timestamp};

/// What was then and cannot be told now.
pub(super) fn past<T>() -> Fact<T> {
    Fact::Missing("GitHub does not tell afterwards what was so then".to_owned())
}

/// A run as it was when it was requested. One of a fork may have waited to be approved, which shows no more.
pub(super) fn requested(attempt: &RunSnapshot) -> RunSnapshot {
    if attempt.waits_for_approval() {
        return attempt.clone();
    }
    let own = attempt.is_from_fork() == Some(false);
    let status = own.then_some(Status::Queued);
    RunSnapshot { status, conclusion: None, updated_at: None, ..attempt.clone() }
}

/// Whether an attempt certainly began to work: one that was cancelled may have been so in the queue.
pub(super) fn has_begun(attempt: &RunSnapshot) -> bool {
    match (&attempt.status, &attempt.conclusion) {
        (Some(Status::InProgress), _) => true,
        (Some(Status::Completed), Some(conclusion)) => {
            matches!(conclusion, Conclusion::Success | Conclusion::Failure | Conclusion::TimedOut)
        }
        _ => false,
    }
}

/// A run as it was when it began to work.
pub(super) fn working(attempt: &RunSnapshot) -> RunSnapshot {
    RunSnapshot { status: Some(Status::InProgress), conclusion: None, updated_at: None, ..attempt.clone() }
}

/// When an attempt ended: no later than the next one began, whatever has changed of the run since.
pub(super) fn ended(attempt: &RunSnapshot, next: Option<&RunSnapshot>) -> Option<Timestamp> {
    let next = next.and_then(|next| next.run_started_at);
    match (attempt.updated_at, next) {
        (Some(changed), Some(next)) => Some(changed.min(next)),
        (changed, next) => changed.or(next).or(attempt.run_started_at),
    }
}
