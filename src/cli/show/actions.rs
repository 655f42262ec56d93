//! The shape of an action in `--json`. What is published here stays: keys are added, never renamed.

use serde::Serialize;

use super::{After, At};
use crate::model::{
    Action, ActionKind, ActionRow, ChannelFormat, Conclusion, ExecutionRow, Guard, JobId, Lane,
    PlannedAction, RepositoryName, RerunScope, RuleName, RunAttempt, RunId, Via,
};

/// What is planned.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct PlanView<'a> {
    /// The rule, or `command`.
    rule: &'a RuleName,
    /// `rerun`, `cancel`, `force_cancel`, `approve_run`, `approve_deployment`, `reject_deployment`,
    /// `archive_logs`, `notify`, `check`, `comment`, `label`, `delete_run`, `delete_logs`.
    action: ActionKind,
    /// What is particular to the kind; an empty object where nothing is.
    params: Params<'a>,
    repository: &'a RepositoryName,
    run: RunId,
    /// The attempt that was judged.
    attempt: RunAttempt,
    /// `event` or `bulk`.
    lane: Lane,
    /// `planned`, `executing`, `done`, `refused`, `failed`, `uncertain`, `shadowed`, `observed`, `limited`,
    /// `held`.
    state: &'static str,
    /// Why it is in that state, in words.
    reason: Option<&'a str>,
    /// When it may leave, or left.
    due_at: At,
}

/// A stored action with its executions.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct ActionView<'a> {
    #[serde(flatten)]
    plan: PlanView<'a>,
    /// How many executions have begun and count.
    tries: u32,
    planned_at: At,
    /// When it reached a state that is final.
    finished_at: Option<At>,
    /// Whether an execution was cut off.
    interrupted: bool,
    executions: Vec<ExecutionView<'a>>,
    /// Whether somebody did the same, or how the attempt that it led to ended: `by_people`, `by`, `at`, `attempt`,
    /// `conclusion`; null while nothing is known.
    later: Option<&'a After>,
}

/// One try to carry an action out.
#[derive(Debug, Serialize)]
struct ExecutionView<'a> {
    begun_at: At,
    finished_at: Option<At>,
    /// `done`, `refused`, `failed`, `retry`, `blocked`, `ambiguous`, `interrupted`; null while it runs.
    outcome: Option<&'a str>,
    detail: Option<&'a str>,
    /// Requests that it sent to GitHub.
    requests: u32,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Params<'a> {
    Rerun {
        /// `failed_jobs`, `run`, `job`.
        scope: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        job: Option<JobId>,
        delay_seconds: f64,
        backoff: f64,
        jitter_seconds: f64,
        debug_logging: bool,
        redeploy: bool,
        /// `newer_commit`, `newer_run`.
        skip_guards: &'a [Guard],
    },
    Review {
        environments: &'a [String],
        comment: &'a str,
        /// `reviewer`, `protection_rule`, or null while that is open.
        via: Option<&'static str>,
    },
    ForceCancel {
        after_seconds: f64,
    },
    ApproveRun {
        /// The commit that was judged.
        head_sha: Option<&'a str>,
    },
    ArchiveLogs {
        to: &'a std::path::Path,
        day: &'a str,
    },
    Notify {
        to: &'a str,
        /// `slack`, `json`.
        format: ChannelFormat,
        text: &'a str,
    },
    Check {
        name: &'a str,
        conclusion: &'a Conclusion,
        summary: &'a str,
    },
    Comment {
        body: &'a str,
    },
    Label {
        add: &'a [String],
        remove: &'a [String],
    },
    None {},
}

impl<'a> From<&'a PlannedAction> for PlanView<'a> {
    fn from(plan: &'a PlannedAction) -> Self {
        Self {
            rule: &plan.rule,
            action: plan.action.kind(),
            params: Params::from(&plan.action),
            repository: &plan.repository,
            run: plan.run,
            attempt: plan.attempt,
            lane: plan.lane,
            state: plan.state.as_str(),
            reason: plan.reason.as_deref(),
            due_at: At(plan.due_at),
        }
    }
}

impl<'a> ActionView<'a> {
    /// The action, and what came after it as far as that is known.
    pub(in crate::cli) fn new(
        row: &'a ActionRow,
        executions: &'a [ExecutionRow],
        later: Option<&'a After>,
    ) -> Self {
        Self {
            plan: PlanView::from(&row.plan),
            tries: row.tries,
            planned_at: At(row.planned_at),
            finished_at: row.finished_at.map(At),
            interrupted: row.interrupted,
            executions: executions.iter().map(ExecutionView::from).collect(),
            later,
        }
    }
}

impl<'a> From<&'a ExecutionRow> for ExecutionView<'a> {
    fn from(row: &'a ExecutionRow) -> Self {
        Self {
            begun_at: At(row.begun_at),
            finished_at: row.finished_at.map(At),
            outcome: row.outcome.as_deref(),
            detail: row.detail.as_deref(),
            requests: row.requests,
        }
    }
}

impl<'a> From<&'a Action> for Params<'a> {
    fn from(action: &'a Action) -> Self {
        match action {
            Action::Rerun(rerun) => {
                let (scope, job) = match rerun.scope {
                    RerunScope::FailedJobs => ("failed_jobs", None),
                    RerunScope::MatchingJob => ("matching_job", None),
                    RerunScope::Run => ("run", None),
                    RerunScope::Job(job) => ("job", Some(job)),
                };
                Self::Rerun {
                    scope,
                    job,
                    delay_seconds: rerun.delay.as_secs_f64(),
                    backoff: rerun.backoff,
                    jitter_seconds: rerun.jitter.as_secs_f64(),
                    debug_logging: rerun.debug_logging,
                    redeploy: rerun.redeploy,
                    skip_guards: &rerun.skip_guards,
                }
            }
            Action::ReviewDeployments(review) => Self::Review {
                environments: &review.environments,
                comment: &review.comment,
                via: review.via.map(Via::as_str),
            },
            Action::ForceCancel(force) => Self::ForceCancel { after_seconds: force.after.as_secs_f64() },
            Action::ApproveRun(approve) => Self::ApproveRun { head_sha: approve.head_sha.as_deref() },
            Action::ArchiveLogs(archive) => Self::ArchiveLogs { to: &archive.to, day: &archive.day },
            Action::Check(check) => {
                Self::Check { name: &check.name, conclusion: &check.conclusion, summary: &check.summary }
            }
            Action::Comment(comment) => Self::Comment { body: &comment.body },
            Action::Label(label) => Self::Label { add: &label.add, remove: &label.remove },
            Action::Notify(notify) => {
                Self::Notify { to: &notify.to, format: notify.format, text: &notify.text }
            }
            Action::Cancel | Action::DeleteRun | Action::DeleteLogs => Self::None {},
        }
    }
}
