//! Jobs as JSON.

use serde::Serialize;

use super::At;
use crate::model::{Annotation, Conclusion, Job, JobId, JobLog, LogHit, RunAttempt, Status, Step};

/// A job in `--json`; what is not known is null.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct JobView<'a> {
    id: JobId,
    name: Option<&'a str>,
    attempt: Option<RunAttempt>,
    status: Option<&'a Status>,
    conclusion: Option<&'a Conclusion>,
    started_at: Option<At>,
    completed_at: Option<At>,
    labels: &'a [String],
    runner_name: Option<&'a str>,
    steps: Vec<StepView<'a>>,
    /// Null when no rule asked for them, or they could not be had.
    annotations: Option<&'a [Annotation]>,
    /// Null when no rule asked for it, or it could not be had.
    log: Option<LogView<'a>>,
}

#[derive(Debug, Serialize)]
struct LogView<'a> {
    /// GitHub has none.
    missing: bool,
    /// Whether it was read to its end.
    complete: bool,
    /// The first line that each pattern of the rules matched.
    lines: &'a [LogHit],
}

#[derive(Debug, Serialize)]
struct StepView<'a> {
    number: Option<i64>,
    name: Option<&'a str>,
    status: Option<&'a Status>,
    conclusion: Option<&'a Conclusion>,
    started_at: Option<At>,
    completed_at: Option<At>,
}

impl<'a> From<&'a Job> for JobView<'a> {
    fn from(job: &'a Job) -> Self {
        let step = |step: &'a Step| StepView {
            number: step.number,
            name: step.name.as_deref(),
            status: step.status.as_ref(),
            conclusion: step.conclusion.as_ref(),
            started_at: step.started_at.map(At),
            completed_at: step.completed_at.map(At),
        };
        Self {
            id: job.id,
            name: job.name.as_deref(),
            attempt: job.attempt,
            status: job.status.as_ref(),
            conclusion: job.conclusion.as_ref(),
            started_at: job.started_at.map(At),
            completed_at: job.completed_at.map(At),
            labels: &job.labels,
            runner_name: job.runner_name.as_deref(),
            steps: job.steps.iter().map(step).collect(),
            annotations: job.annotations.known().ok().map(Vec::as_slice),
            log: job.log.known().ok().map(LogView::from),
        }
    }
}

impl<'a> From<&'a JobLog> for LogView<'a> {
    fn from(log: &'a JobLog) -> Self {
        match log {
            JobLog::Missing => Self { missing: true, complete: false, lines: &[] },
            JobLog::Scanned { hits, complete, .. } => {
                Self { missing: false, complete: *complete, lines: hits }
            }
        }
    }
}
