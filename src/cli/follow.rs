//! What became of a run after a decision: how a re-run ended, and whether people did what a rule did not do. Pure.

use serde::Serialize;

use crate::{
    model::{
        Action, ActionRow, ActionState, Conclusion, DecisionRow, ReviewState, RunAttempt, Signal, Status,
        Timestamp,
    },
    store::{Later, Seen},
};

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ended {
    /// With success.
    Passed,
    /// It failed, timed out, or could not start.
    Failed,
    /// Cancelled, skipped, or in another way.
    Otherwise,
    /// The ledger holds no end.
    Unknown,
}

/// Who did what a rule wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// Somebody; who, as far as it is known.
    Person(Option<String>),
    /// Another rule, or the same one for another delivery.
    Rule(String),
}

/// That the same was done, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    /// Who did it.
    pub(super) who: Who,
    /// When, as far as it is known.
    pub(super) at: Option<Timestamp>,
    /// How the attempt that it led to ended.
    pub(super) conclusion: Option<Conclusion>,
}

/// Whether somebody did the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Same {
    /// It was done.
    Did(Deed),
    /// Nobody did, as far as the ledger knows; whether that is the last word.
    Nobody { for_good: bool },
    /// The ledger does not tell.
    Untold,
}

impl Ended {
    /// Of a conclusion.
    pub(super) fn of(conclusion: Option<&Conclusion>) -> Self {
        match conclusion {
            None => Self::Unknown,
            Some(Conclusion::Success) => Self::Passed,
            Some(Conclusion::Failure | Conclusion::TimedOut | Conclusion::StartupFailure) => Self::Failed,
            Some(
                Conclusion::Neutral
                | Conclusion::Cancelled
                | Conclusion::Skipped
                | Conclusion::ActionRequired
                | Conclusion::Stale
                | Conclusion::Other(_),
            ) => Self::Otherwise,
        }
    }
}

/// Whether it is of interest what came after the action.
pub(super) fn is_followed(action: &ActionRow) -> bool {
    let is_rerun = matches!(action.plan.action, Action::Rerun(_));
    action.plan.state == ActionState::Observed || (is_rerun && action.plan.state == ActionState::Done)
}

/// The attempt after that one, as it was first seen and as it ended.
pub(super) fn next(attempt: RunAttempt, later: &Later) -> Option<(&Seen, Option<&Conclusion>)> {
    let next = RunAttempt(attempt.0.saturating_add(1));
    let first = later.seen.iter().find(|seen| is_of(seen, next))?;
    Some((first, end_of(next, later)))
}

/// How the attempt after that one ended.
pub(super) fn ended(attempt: RunAttempt, later: &Later) -> Ended {
    Ended::of(next(attempt, later).and_then(|(_, conclusion)| conclusion))
}

/// When an attempt began, as it was first seen.
pub(super) fn began(first: &Seen) -> Timestamp {
    first.run.run_started_at.unwrap_or(first.decided_at)
}

/// Whether somebody did what the action of that decision would have done.
pub(super) fn same(action: &ActionRow, decision: &DecisionRow, later: &Later) -> Same {
    let attempt = action.plan.attempt;
    match &action.plan.action {
        Action::Rerun(_) => match next(attempt, later) {
            Some((first, conclusion)) => {
                let who = who(action, later, first.run.triggering_actor.clone());
                Same::Did(Deed { who, at: Some(began(first)), conclusion: conclusion.cloned() })
            }
            None if comes_again(decision.facts.signal) => Same::Nobody { for_good: false },
            None => Same::Untold,
        },
        Action::Cancel | Action::ForceCancel(_) => match end_of(attempt, later) {
            Some(Conclusion::Cancelled) => did(action, later, |seen| {
                (seen.run.conclusion == Some(Conclusion::Cancelled)).then_some(seen.decided_at)
            }),
            Some(_) => Same::Nobody { for_good: true },
            None => Same::Untold,
        },
        Action::ApproveRun(_) => did(action, later, |seen| {
            has_begun(seen).then(|| seen.run.run_started_at.unwrap_or(seen.decided_at))
        }),
        // A run that waits for an approval and then succeeds was let through.
        Action::ReviewDeployments(review) if review.state == ReviewState::Approved => {
            match end_of(attempt, later) {
                Some(Conclusion::Success) => Same::Did(Deed {
                    who: who(action, later, None),
                    at: None,
                    conclusion: Some(Conclusion::Success),
                }),
                Some(_) | None => Same::Untold,
            }
        }
        Action::ReviewDeployments(_)
        | Action::ArchiveLogs(_)
        | Action::Notify(_)
        | Action::Check(_)
        | Action::Comment(_)
        | Action::Label(_)
        | Action::DeleteRun
        | Action::DeleteLogs => Same::Untold,
    }
}

/// The first that shows that it was done to the same attempt, and how that ended.
fn did(action: &ActionRow, later: &Later, at: impl Fn(&Seen) -> Option<Timestamp>) -> Same {
    let attempt = action.plan.attempt;
    match later.seen.iter().filter(|seen| is_of(seen, attempt)).find_map(at) {
        Some(at) => Same::Did(Deed {
            who: who(action, later, None),
            at: Some(at),
            conclusion: end_of(attempt, later).cloned(),
        }),
        None => Same::Untold,
    }
}

/// Who did it: a person with a command, a rule, or else whom GitHub names.
fn who(action: &ActionRow, later: &Later, named: Option<String>) -> Who {
    let kind = action.plan.action.kind();
    let mut done = later.done.iter().filter(|done| done.kind == kind.as_str());
    match done.clone().find(|done| done.is_by_hand()).or_else(|| done.next()) {
        Some(done) if done.is_by_hand() => {
            let asked = later.seen.iter().find(|seen| seen.signal == Signal::Command);
            Who::Person(asked.and_then(|seen| seen.sender.clone()).or(named))
        }
        Some(done) => Who::Rule(done.rule.clone()),
        None => Who::Person(named),
    }
}

/// Whether what was heard of one attempt is heard of the next as well.
fn comes_again(signal: Signal) -> bool {
    match signal {
        Signal::RunInProgress
        | Signal::RunCompleted
        | Signal::JobQueued
        | Signal::JobInProgress
        | Signal::JobCompleted => true,
        Signal::RunRequested
        | Signal::JobWaiting
        | Signal::DeploymentWaiting
        | Signal::PullRequest(_)
        | Signal::ReviewSubmitted
        | Signal::CommentCreated
        | Signal::Schedule
        | Signal::Command => false,
    }
}

fn is_of(seen: &Seen, attempt: RunAttempt) -> bool {
    seen.run.attempt == Some(attempt)
}

/// How the attempt ended. A job's webhook knows nothing of that.
fn end_of(attempt: RunAttempt, later: &Later) -> Option<&Conclusion> {
    let ends = later.seen.iter().filter(|seen| is_of(seen, attempt) && !seen.signal.is_of_a_job());
    let ended = ends.filter(|seen| seen.run.status == Some(Status::Completed));
    ended.filter_map(|seen| seen.run.conclusion.as_ref()).find(|end| **end != Conclusion::ActionRequired)
}

/// Whether a run that had waited for an approval has begun.
fn has_begun(seen: &Seen) -> bool {
    match &seen.run.status {
        Some(Status::InProgress) => true,
        Some(Status::Completed) => {
            seen.run.conclusion.as_ref().is_some_and(|end| *end != Conclusion::ActionRequired)
        }
        _ => seen.signal == Signal::RunInProgress,
    }
}
