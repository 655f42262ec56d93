//! Can a rule's triggers, conditions and actions ever meet? What cannot is refused, with the reason.

use super::{action::Placed, report::Report, rule::Draft};
use crate::{
    model::{Action, ActionKind, Conclusion, Review, Signal, Status, Via},
    rules::{Condition, Expectation, Pattern, Trigger, Word},
};

/// How GitHub shows a run that waits for approval.
const ACTION_REQUIRED: &str = "action_required";

/// Where a run stands when a trigger brings it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// It was just created: it has not ended, or waits for approval, which GitHub shows as `completed` with
    /// `action_required`.
    Requested,
    /// It has not ended.
    Running,
    /// It has not ended, and waits at an environment.
    Waiting,
    /// One of its jobs has ended; it may go on.
    JobEnded,
    /// It has ended.
    Ended,
    /// Anywhere: a listing found it, or a person named it.
    Listed,
}

impl Moment {
    fn of(trigger: &Trigger) -> Self {
        match trigger {
            Trigger::Signal(Signal::RunRequested) => Self::Requested,
            Trigger::Signal(Signal::RunInProgress | Signal::JobQueued | Signal::JobInProgress) => {
                Self::Running
            }
            Trigger::Signal(Signal::DeploymentWaiting | Signal::JobWaiting) => Self::Waiting,
            Trigger::Signal(Signal::JobCompleted) => Self::JobEnded,
            Trigger::Signal(Signal::RunCompleted) => Self::Ended,
            Trigger::Signal(
                Signal::PullRequest(_)
                | Signal::ReviewSubmitted
                | Signal::CommentCreated
                | Signal::Schedule
                | Signal::Command,
            )
            | Trigger::Schedule { .. } => Self::Listed,
        }
    }
}

fn word_of(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Signal(signal) => signal.as_str(),
        Trigger::Schedule { .. } => Signal::Schedule.as_str(),
    }
}

/// Reports triggers that can never fulfil the conditions, and actions that no trigger can lead to.
pub(super) fn check(report: &mut Report<'_>, draft: &Draft<'_>) {
    check_conditions(report, draft);
    for placed in &draft.then {
        check_action(report, draft, placed);
    }
}

fn check_conditions(report: &mut Report<'_>, draft: &Draft<'_>) {
    let Some(when) = &draft.when else {
        return;
    };
    check_job(report, draft, when);
    let reasons: Vec<_> = draft.on.iter().map(|(trigger, _)| impossible(when, Moment::of(trigger))).collect();
    let none_left = reasons.iter().all(Option::is_some);
    for ((trigger, at), reason) in draft.on.iter().zip(reasons) {
        let Some((why, remedy)) = reason else {
            continue;
        };
        let message = format!("`{}` can never fulfil the rule's conditions: {why}", word_of(trigger));
        if none_left {
            report.error(at, message, remedy);
        } else {
            report.warn(at, message, format!("{remedy}, or leave this trigger out"));
        }
    }
}

/// Only a job's webhook is about a job.
fn check_job(report: &mut Report<'_>, draft: &Draft<'_>, when: &Condition) {
    if !when.names_a_job() {
        return;
    }
    let brings_none = |trigger: &Trigger| match trigger {
        Trigger::Signal(signal) => !signal.is_of_a_job(),
        Trigger::Schedule { .. } => true,
    };
    for (trigger, at) in draft.on.iter().filter(|(trigger, _)| brings_none(trigger)) {
        let message = format!(
            "`job` is the job that a webhook is about, and `{}` is about no single one",
            word_of(trigger)
        );
        let remedy = "use `on: workflow_job.completed` (or queued, waiting, in_progress), or ask for one of the run's jobs: `failed_jobs: { some: … }`";
        report.error(at, message, remedy);
    }
}

/// Why no run of that moment can fulfil the conditions, with the remedy.
fn impossible(when: &Condition, moment: Moment) -> Option<(&'static str, &'static str)> {
    let ends = requires(when, Word::Conclusion);
    let asks_where = [Word::Environment, Word::PendingFor, Word::NewerPending];
    if asks_where.iter().any(|word| requires(when, *word))
        && !matches!(moment, Moment::Waiting | Moment::Listed)
    {
        let why = "only `deployment.waiting`, schedules, commands and pull requests bring an environment";
        return Some((why, "use `on: deployment.waiting`"));
    }
    if ends && moment == Moment::JobEnded {
        let remedy =
            "ask for the job's end: `job: { conclusion: failure }`; or use `on: workflow_run.completed`";
        return Some(("when a job ends its run may go on, and has no conclusion yet", remedy));
    }
    let awaits = moment == Moment::Requested && may_be(when, Word::Conclusion, &[ACTION_REQUIRED]);
    if ends && !awaits && matches!(moment, Moment::Requested | Moment::Running | Moment::Waiting) {
        return Some(("a run that has not ended has no conclusion", "use `on: workflow_run.completed`"));
    }
    if ends && !may_be(when, Word::Conclusion, Conclusion::KNOWN) {
        return Some(("no conclusion fulfils them all", "write what may be the case as one list"));
    }
    let completed = Status::Completed;
    let running: Vec<&str> =
        Status::KNOWN.iter().copied().filter(|status| *status != completed.as_str()).collect();
    let possible = match moment {
        Moment::Ended => may_be(when, Word::Status, &[completed.as_str()]),
        Moment::Requested if ends => may_be(when, Word::Status, &[completed.as_str()]),
        Moment::Requested | Moment::Running | Moment::Waiting => may_be(when, Word::Status, &running),
        Moment::Listed if ends => may_be(when, Word::Status, &[completed.as_str()]),
        Moment::Listed | Moment::JobEnded => may_be(when, Word::Status, Status::KNOWN),
    };
    match (possible, moment) {
        (true, _) => None,
        (false, Moment::Ended) => Some(("the run's status is `completed`", "leave `status` out")),
        (false, Moment::Requested | Moment::Running | Moment::Waiting) => {
            Some(("the run's status is not yet `completed`", "use `on: workflow_run.completed`"))
        }
        (false, Moment::Listed | Moment::JobEnded) => {
            Some(("`status` contradicts the other conditions", "leave one of them out"))
        }
    }
}

fn check_action(report: &mut Report<'_>, draft: &Draft<'_>, placed: &Placed<'_>) {
    let kind = placed.action.kind();
    // Any rule can be asked by hand: beside other triggers `command` promises nothing more.
    let is_alone = draft.on.len() == 1;
    let promising = |trigger: &&Trigger| is_alone || **trigger != Trigger::Signal(Signal::Command);
    for trigger in draft.on.iter().map(|(trigger, _)| trigger).filter(promising) {
        let moment = Moment::of(trigger);
        let refusal = match (kind, moment) {
            // What was judged can always be told.
            (ActionKind::Notify | ActionKind::Check | ActionKind::Comment | ActionKind::Label, _) => None,
            (
                ActionKind::ApproveDeployment | ActionKind::RejectDeployment,
                Moment::Waiting | Moment::Listed,
            ) => None,
            (ActionKind::ApproveDeployment | ActionKind::RejectDeployment, _) => {
                Some(("no deployment waits then", "use `on: deployment.waiting`, a schedule or `command`"))
            }
            (ActionKind::Cancel | ActionKind::ForceCancel, Moment::Ended) => Some((
                "the run has ended",
                "use `on: workflow_run.requested`, `workflow_run.in_progress` or a schedule",
            )),
            (ActionKind::Cancel | ActionKind::ForceCancel, Moment::Requested) if asks_for_an_end(draft) => {
                Some(("the run has ended", "leave `conclusion` out"))
            }
            (ActionKind::Cancel | ActionKind::ForceCancel, _) => None,
            (ActionKind::ApproveRun, Moment::Running | Moment::Waiting | Moment::JobEnded) => {
                Some(("the run has begun", "use `on: workflow_run.requested`"))
            }
            (ActionKind::ApproveRun, Moment::Requested | Moment::Ended | Moment::Listed) => None,
            (
                ActionKind::Rerun | ActionKind::ArchiveLogs | ActionKind::DeleteRun | ActionKind::DeleteLogs,
                Moment::Requested | Moment::Running | Moment::Waiting,
            )
            | (ActionKind::ArchiveLogs | ActionKind::DeleteRun | ActionKind::DeleteLogs, Moment::JobEnded) => {
                Some(("the run has not ended", "use `on: workflow_run.completed` or a schedule"))
            }
            // A re-run waits for its run's end.
            (ActionKind::Rerun, Moment::JobEnded) => None,
            (
                ActionKind::Rerun | ActionKind::ArchiveLogs | ActionKind::DeleteRun | ActionKind::DeleteLogs,
                Moment::Ended | Moment::Listed,
            ) => None,
        };
        match refusal {
            Some((why, remedy)) => {
                report.error(
                    &placed.at,
                    format!("`{kind}` on `{}` can never be done: {why}", word_of(trigger)),
                    remedy,
                );
            }
            // Which runs it is for, the rule has to say anyway.
            None if matches!(
                kind,
                ActionKind::ApproveRun
                    | ActionKind::Notify
                    | ActionKind::Check
                    | ActionKind::Comment
                    | ActionKind::Label
            ) => {}
            None if moment == Moment::Listed => check_listed(report, draft, placed, trigger),
            None => {}
        }
    }
}

/// A run that was just requested has a conclusion only if it waits for approval.
fn asks_for_an_end(draft: &Draft<'_>) -> bool {
    draft.when.as_ref().is_some_and(|when| requires(when, Word::Conclusion))
}

/// A listing finds runs that have ended and runs that have not; an action wants one of the two.
fn check_listed(report: &mut Report<'_>, draft: &Draft<'_>, placed: &Placed<'_>, trigger: &Trigger) {
    let Some(when) = &draft.when else {
        return;
    };
    let kind = placed.action.kind();
    let running: Vec<&str> = Status::KNOWN.iter().copied().filter(|status| *status != "completed").collect();
    if matches!(kind, ActionKind::ApproveDeployment | ActionKind::RejectDeployment) {
        if requires(when, Word::Conclusion) || !may_be(when, Word::Status, &["waiting"]) {
            let message = format!("`{kind}` can never be done: the rule does not ask for runs that wait");
            report.error(&placed.at, message, "ask for `status: waiting`, or leave `status` out");
        }
        if let Action::ReviewDeployments(Review { via: Some(Via::ProtectionRule), .. }) = &placed.action {
            let message =
                format!("a custom protection rule answers when it is asked, not on `{}`", word_of(trigger));
            report.error(&placed.at, message, "use `on: deployment.waiting`, or leave `via` out");
        }
        return;
    }
    let may_have_ended = may_be(when, Word::Status, &["completed"]);
    let may_be_running = may_be(when, Word::Status, &running) && !requires(when, Word::Conclusion);
    if matches!(kind, ActionKind::Cancel | ActionKind::ForceCancel) {
        if !may_be_running {
            let message = "`cancel` can never be done: the rule asks for runs that have ended";
            report.error(&placed.at, message, "ask for `status: [queued, in_progress]`");
        }
    } else if !may_have_ended {
        let message = format!("`{kind}` can never be done: the rule asks for runs that have not ended");
        report.error(&placed.at, message, "ask for `status: completed`");
    } else if may_be_running && !matches!(trigger, Trigger::Signal(Signal::Command)) {
        let message = format!("the rule also finds runs that have not ended, for which `{kind}` is refused");
        report.warn(&placed.at, message, "add `status: completed` to `when`");
    }
}

/// Whether the word must fulfil something for the whole to hold.
pub(super) fn requires(when: &Condition, word: Word) -> bool {
    !when.required(word).is_empty()
}

/// Whether the rule asks for runs that wait for approval.
pub(super) fn asks_for_approval(when: &Condition) -> bool {
    requires(when, Word::Conclusion) && may_be(when, Word::Conclusion, &[ACTION_REQUIRED])
}

/// Whether one of the values can fulfil everything that is required of the word. A regular expression may be
/// meant for a value that this version does not know.
fn may_be(when: &Condition, word: Word, values: &[&str]) -> bool {
    let required = when.required(word);
    let fulfils = |value: &str, expectation: &&Expectation| match expectation {
        Expectation::Matches(patterns) => {
            Pattern::accept(patterns, &[value]) || patterns.iter().any(|pattern| is_open(pattern, value))
        }
        Expectation::Number(_) | Expectation::Duration(_) | Expectation::Is(_) => true,
    };
    values.iter().any(|value| required.iter().all(|expectation| fulfils(value, expectation)))
}

fn is_open(pattern: &Pattern, value: &str) -> bool {
    value != "completed" && !pattern.excludes() && pattern.to_string().starts_with('/')
}
