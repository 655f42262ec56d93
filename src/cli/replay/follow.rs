//! What became of a run after a decision: how a re-run ended, and whether people did what a rule only observed. Pure.

use serde::Serialize;

use crate::{
    model::{
        Action, ActionRow, ActionState, Conclusion, DecisionRow, ReviewState, RunAttempt, Signal, Status,
        Timestamp,
    },
    store::Later,
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

/// Whether people did the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ByPeople {
    /// Somebody did; who and when, as far as it is known, and how it ended.
    Did { who: Option<String>, at: Timestamp, ended: Ended },
    /// Nobody did, as far as the ledger knows.
    Nobody,
    /// The ledger does not tell.
    Untold,
}

/// Whether it is of interest what came after the action.
pub(super) fn is_followed(action: &ActionRow) -> bool {
    let is_rerun = matches!(action.plan.action, Action::Rerun(_));
    action.plan.state == ActionState::Observed || (is_rerun && action.plan.state == ActionState::Done)
}

/// How the attempt after that one ended.
pub(super) fn ended(attempt: RunAttempt, later: &Later) -> Ended {
    let of_next = later.decisions.iter().filter(|decision| is_of(decision, attempt.0.saturating_add(1)));
    of_next.filter_map(end_of).next().unwrap_or(Ended::Unknown)
}

/// Whether people did what was only observed.
pub(super) fn by_people(action: &ActionRow, later: &Later) -> ByPeople {
    let plan = &action.plan;
    if later.done_by_us.iter().any(|kind| kind == plan.action.kind().as_str()) {
        return ByPeople::Nobody;
    }
    let same = || later.decisions.iter().filter(|decision| is_of(decision, plan.attempt.0));
    let first = match &plan.action {
        Action::Rerun(_) => {
            let next = plan.attempt.0.saturating_add(1);
            return later.decisions.iter().find(|decision| is_of(decision, next)).map_or(
                ByPeople::Nobody,
                |first| ByPeople::Did {
                    who: first.facts.run.triggering_actor.clone(),
                    at: first.facts.run.run_started_at.unwrap_or(first.decided_at),
                    ended: ended(plan.attempt, later),
                },
            );
        }
        Action::Cancel | Action::ForceCancel(_) => {
            same().find(|decision| decision.facts.run.conclusion == Some(Conclusion::Cancelled))
        }
        Action::ApproveRun(_) => same().find(|decision| has_begun(decision)),
        Action::ReviewDeployments(review) if review.state == ReviewState::Approved => {
            // A run that waits for an approval and then succeeds was let through.
            match same().find(|decision| end_of(decision) == Some(Ended::Passed)) {
                Some(first) => Some(first),
                None => return ByPeople::Untold,
            }
        }
        Action::ReviewDeployments(_)
        | Action::ArchiveLogs(_)
        | Action::Notify(_)
        | Action::Check(_)
        | Action::Comment(_)
        | Action::Label(_)
        | Action::DeleteRun
        | Action::DeleteLogs => {
            return ByPeople::Untold;
        }
    };
    first.map_or(ByPeople::Nobody, |first| ByPeople::Did {
        who: None,
        at: first.decided_at,
        ended: same().filter_map(end_of).next().unwrap_or(Ended::Unknown),
    })
}

fn is_of(decision: &DecisionRow, attempt: u32) -> bool {
    decision.facts.run.attempt == Some(RunAttempt(attempt))
}

/// How the run ended by a decision on its end. A job's webhook knows nothing of that.
fn end_of(decision: &DecisionRow) -> Option<Ended> {
    let run = &decision.facts.run;
    if decision.facts.signal.is_of_a_job() || run.status != Some(Status::Completed) {
        return None;
    }
    match run.conclusion.as_ref()? {
        Conclusion::Success => Some(Ended::Passed),
        Conclusion::Failure | Conclusion::TimedOut | Conclusion::StartupFailure => Some(Ended::Failed),
        Conclusion::Neutral
        | Conclusion::Cancelled
        | Conclusion::Skipped
        | Conclusion::ActionRequired
        | Conclusion::Stale
        | Conclusion::Other(_) => Some(Ended::Otherwise),
    }
}

/// Whether a run that had waited for an approval has begun.
fn has_begun(decision: &DecisionRow) -> bool {
    let run = &decision.facts.run;
    match &run.status {
        Some(Status::InProgress) => true,
        Some(Status::Completed) => {
            run.conclusion.as_ref().is_some_and(|end| *end != Conclusion::ActionRequired)
        }
        _ => decision.facts.signal == Signal::RunInProgress,
    }
}
