//! What follows from how an execution ended: done, try again at, or give up.

use std::time::Duration;

use crate::model::{ActionState, Outcome, Timestamp};

/// For how long an action is tried again before it is given up: longer than most of GitHub's outages.
const PATIENCE: Duration = Duration::from_secs(6 * 3_600);

/// The wait after the first try; doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What becomes of an action after an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Its state.
    pub state: ActionState,
    /// When it is due again, while `Planned` or `Held`.
    pub due_at: Timestamp,
    /// Why, in words.
    pub reason: String,
    /// Whether something may have been sent whose effect the next look has to find out.
    pub interrupted: bool,
    /// Whether the execution counts as a try.
    pub counts_as_try: bool,
}

/// What follows from an outcome. `tries` counts the executions that began, this one included; `since` is
/// when the action was first to leave; `interrupted` says whether an earlier try's effect was still unknown.
#[must_use]
pub fn settle(outcome: &Outcome, tries: u32, since: Timestamp, interrupted: bool, now: Timestamp) -> Next {
    let reason = outcome.detail().to_owned();
    let end =
        |state| Next { state, due_at: now, reason: reason.clone(), interrupted: false, counts_as_try: true };
    let impatient = now.since(since) > PATIENCE;
    match outcome {
        Outcome::Done(_) => end(ActionState::Done),
        Outcome::Refused(_) => end(ActionState::Refused),
        Outcome::Failed(_) => end(ActionState::Failed),
        Outcome::Blocked(until, _) => {
            Next { state: ActionState::Planned, due_at: *until, reason, interrupted, counts_as_try: false }
        }
        Outcome::Held(until, _) => {
            Next { state: ActionState::Held, due_at: *until, reason, interrupted, counts_as_try: false }
        }
        Outcome::Retry(_) if impatient && interrupted => end(ActionState::Uncertain),
        Outcome::Retry(_) if impatient => end(ActionState::Failed),
        Outcome::Ambiguous(_) if impatient => end(ActionState::Uncertain),
        Outcome::Retry(_) | Outcome::Ambiguous(_) => Next {
            state: ActionState::Planned,
            due_at: now + wait_after(tries),
            reason,
            interrupted: interrupted || matches!(outcome, Outcome::Ambiguous(_)),
            counts_as_try: true,
        },
    }
}

fn wait_after(tries: u32) -> Duration {
    let doublings = tries.saturating_sub(1).min(16);
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}
