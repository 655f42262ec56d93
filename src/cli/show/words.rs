//! Actions and their states in words for people.

use super::Tone;
use crate::model::{Action, ActionState, RerunScope, ReviewState};

/// What an action does, after "would" or "to": `re-run the failed jobs`.
pub(in crate::cli) fn what_it_does(action: &Action) -> String {
    match action {
        Action::Rerun(rerun) => {
            let debug = if rerun.debug_logging { " with debug logs" } else { "" };
            match rerun.scope {
                RerunScope::FailedJobs | RerunScope::MatchingJob => format!("re-run the failed jobs{debug}"),
                RerunScope::Run => format!("re-run the run{debug}"),
                RerunScope::Job(job) => format!("re-run job {job}{debug}"),
            }
        }
        Action::Cancel => "cancel the run".to_owned(),
        Action::ForceCancel(_) => "cancel the run by force, if it has not ended by then".to_owned(),
        Action::ApproveRun(_) => "approve the run".to_owned(),
        Action::ReviewDeployments(review) => {
            let verb = match review.state {
                ReviewState::Approved => "approve",
                ReviewState::Rejected => "reject",
            };
            format!("{verb} the deployment to {}", review.environments.join(", "))
        }
        Action::ArchiveLogs(archive) => format!("archive the run's logs in {}", archive.to.display()),
        Action::Check(check) => format!("show check {} as {}", check.name, check.conclusion),
        Action::Comment(_) => "comment on the pull request".to_owned(),
        Action::Label(label) => {
            let named = |verb: &str, names: &[String]| {
                (!names.is_empty()).then(|| format!("{verb} {}", names.join(", ")))
            };
            let both = [named("label with", &label.add), named("take off", &label.remove)];
            both.into_iter().flatten().collect::<Vec<_>>().join(" and ")
        }
        Action::Notify(notify) => format!("tell channel {}", notify.to),
        Action::DeleteRun => "delete the run".to_owned(),
        Action::DeleteLogs => "delete the run's logs".to_owned(),
    }
}

/// How a state is painted.
pub(in crate::cli) fn tone_of(state: ActionState) -> Tone {
    match state {
        ActionState::Done => Tone::Good,
        ActionState::Failed | ActionState::Refused => Tone::Bad,
        ActionState::Planned | ActionState::Executing | ActionState::Uncertain | ActionState::Held => {
            Tone::Doubt
        }
        ActionState::Shadowed | ActionState::Observed | ActionState::Limited => Tone::Dim,
    }
}
