//! How an order ended, in one sentence and an exit code.

use crate::{
    cli::Exit,
    model::{Action, ActionState, Command, DeliveryState, RerunScope, ReviewState},
    store::HistoryEntry,
};

/// Who carries an order out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Carrier {
    /// The daemon that runs on the ledger.
    Daemon,
    /// This process, because no daemon runs.
    ThisProcess,
}

impl Carrier {
    /// What becomes of an order that is not done yet.
    pub(in crate::cli) fn goes_on(self) -> &'static str {
        match self {
            Self::Daemon => "the daemon goes on trying",
            Self::ThisProcess => "a daemon goes on trying once it runs",
        }
    }
}

/// `re-run of the failed jobs of run 42 of acme/api: done (asked GitHub to re-run the failed jobs)`.
pub(super) fn sentence(command: &Command, entry: &HistoryEntry, carrier: Carrier) -> (String, Exit) {
    let (outcome, exit) = outcome(entry, carrier);
    let subject = format!("{} run {} of {}", order(&command.action), command.run, command.repository);
    (format!("{subject}: {outcome}"), exit)
}

fn outcome(entry: &HistoryEntry, carrier: Carrier) -> (String, Exit) {
    let goes_on = carrier.goes_on();
    let why = |reason: &Option<String>| reason.clone().unwrap_or_else(|| "no reason was recorded".to_owned());
    let delivery = &entry.delivery;
    let mut actions = entry.decisions.iter().flat_map(|decision| &decision.actions);
    let Some((action, _)) = actions.next() else {
        return match delivery.state {
            DeliveryState::Pending => {
                let reason = delivery.reason.as_deref().unwrap_or("it has not been judged");
                (format!("not done yet: {reason}; {goes_on}"), Exit::Failure)
            }
            DeliveryState::Parked | DeliveryState::Decided => {
                (format!("not done: {}", why(&delivery.reason)), Exit::Failure)
            }
        };
    };
    let reason = &action.plan.reason;
    match action.plan.state {
        ActionState::Done => (format!("done{}", in_brackets(reason)), Exit::Ok),
        ActionState::Planned | ActionState::Executing => {
            let reason = reason.as_deref().unwrap_or("it is under way");
            (format!("not done yet: {reason}; {goes_on}"), Exit::Failure)
        }
        ActionState::Uncertain => {
            (format!("may or may not be done: {}; look at the run", why(reason)), Exit::Failure)
        }
        ActionState::Refused
        | ActionState::Failed
        | ActionState::Shadowed
        | ActionState::Observed
        | ActionState::Limited
        | ActionState::Held => (format!("{}: {}", action.plan.state, why(reason)), Exit::Failure),
    }
}

fn in_brackets(reason: &Option<String>) -> String {
    reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default()
}

/// The order as a noun, up to the run.
fn order(action: &Action) -> String {
    match action {
        Action::Rerun(rerun) => match rerun.scope {
            RerunScope::Run => "re-run of".to_owned(),
            RerunScope::FailedJobs | RerunScope::MatchingJob => "re-run of the failed jobs of".to_owned(),
            RerunScope::Job(job) => format!("re-run of job {job} of"),
        },
        Action::Cancel => "cancellation of".to_owned(),
        Action::ForceCancel(_) => "cancellation by force of".to_owned(),
        Action::ApproveRun(_) => "approval of".to_owned(),
        Action::ReviewDeployments(review) => {
            let noun = match review.state {
                ReviewState::Approved => "approval",
                ReviewState::Rejected => "rejection",
            };
            format!("{noun} of {} for", review.environments.join(", "))
        }
        Action::ArchiveLogs(_) => "archiving of the logs of".to_owned(),
        Action::Check(check) => format!("check {} for", check.name),
        Action::Comment(_) => "comment on the pull request of".to_owned(),
        Action::Label(_) => "labels of the pull request of".to_owned(),
        Action::Notify(notify) => format!("message to channel {} about", notify.to),
        Action::DeleteRun => "deletion of".to_owned(),
        Action::DeleteLogs => "deletion of the logs of".to_owned(),
    }
}

#[cfg(test)]
mod tests;
