//! The breaker: when so many of a workflow's runs fail that re-running them is no use, and when that has passed.

use std::time::Duration;

use super::{
    Conclusion, Facts, Job, Notify, RepositoryName, RunAttempt, RunId, RunSnapshot, Signal, Timestamp,
};

/// A hold is doubled with each failed probe so often at most.
const MOST_DOUBLINGS: u32 = 5;

/// When re-runs are held, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    /// Opens when so many of the last runs failed.
    pub failing: Option<Failing>,
    /// Opens when so many re-runs in a row failed.
    pub rerun_failures: Option<u32>,
    /// Only what ended in this time counts.
    pub within: Duration,
    /// For how long re-runs are held before one is let through to see; doubled each time that one fails.
    pub hold: Duration,
    /// Whether each workflow has a breaker.
    pub per_workflow: bool,
    /// Whether each label of runners has one.
    pub per_runner_label: bool,
    /// The channel that is told of every change; its text is ours.
    pub notify: Option<Notify>,
}

/// So many of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// How many failures.
    pub failures: u32,
    /// Of how many of the last runs.
    pub of_last: u32,
}

/// What a breaker stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakerScope {
    /// A workflow of a repository.
    Workflow,
    /// A label of an owner's runners.
    RunnerLabel,
}

impl BreakerScope {
    /// The words of the YAML.
    pub const WORDS: [(&'static str, Self); 2] =
        [("workflow", Self::Workflow), ("runner_label", Self::RunnerLabel)];

    /// The word in the database and in YAML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workflow => "workflow",
            Self::RunnerLabel => "runner_label",
        }
    }
}

/// How a run or a job ended, as it counts for one breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What it counts for.
    pub scope: BreakerScope,
    /// Which workflow or label.
    pub subject: String,
    /// The run's repository.
    pub repository: RepositoryName,
    /// The run.
    pub run: RunId,
    /// The job's name; empty for a run.
    pub unit: String,
    /// The attempt.
    pub attempt: RunAttempt,
    /// Whether it failed.
    pub failed: bool,
    /// When it ended.
    pub at: Timestamp,
}

impl Breaker {
    /// What the facts tell of a run or a job that has ended.
    #[must_use]
    pub fn endings(&self, facts: &Facts, now: Timestamp) -> Vec<Ending> {
        let run = &facts.run;
        match (facts.signal, facts.job.as_deref()) {
            (Signal::RunCompleted | Signal::Schedule, _) if self.per_workflow => {
                of_run(run, now).into_iter().collect()
            }
            (Signal::JobCompleted, Some(job)) if self.per_runner_label => of_job(run, job, now),
            _ => Vec::new(),
        }
    }

    /// For how long re-runs are held after so many failed probes.
    #[must_use]
    pub fn hold_after(&self, failed_probes: u32) -> Duration {
        self.hold.saturating_mul(1 << failed_probes.min(MOST_DOUBLINGS))
    }

    /// Why a breaker opens, if it does, by what ended within its time, the latest first.
    #[must_use]
    pub fn why_open(&self, latest_first: &[Ending]) -> Option<String> {
        self.too_many_failed(latest_first).or_else(|| self.reruns_failed(latest_first))
    }

    /// Of a run that was re-run the latest attempt counts: where re-runs help there is nothing to hold.
    fn too_many_failed(&self, latest_first: &[Ending]) -> Option<String> {
        let Failing { failures, of_last } = self.failing?;
        let mut seen: Vec<&Ending> = Vec::new();
        for ending in latest_first {
            let earlier = seen.iter_mut().find(|one| one.run == ending.run && one.unit == ending.unit);
            if let Some(one) = earlier {
                if one.attempt < ending.attempt {
                    *one = ending;
                }
            } else if seen.len() < of_last as usize {
                seen.push(ending);
            }
        }
        let failed = seen.iter().filter(|one| one.failed).count();
        let what = if seen.first().is_some_and(|one| one.unit.is_empty()) { "runs" } else { "jobs" };
        (failed >= failures as usize).then(|| format!("{failed} of the last {} {what} failed", seen.len()))
    }

    fn reruns_failed(&self, latest_first: &[Ending]) -> Option<String> {
        let most = self.rerun_failures?;
        let reruns = latest_first.iter().filter(|ending| ending.attempt.0 > 1);
        let failed = reruns.take(most as usize).filter(|ending| ending.failed).count();
        (failed >= most as usize).then(|| format!("the last {failed} re-runs failed"))
    }
}

/// Whether it failed, where it says something of what it ran on: a cancelled run does not.
fn has_failed(conclusion: Option<&Conclusion>) -> Option<bool> {
    match conclusion? {
        Conclusion::Success => Some(false),
        Conclusion::Failure | Conclusion::TimedOut | Conclusion::StartupFailure => Some(true),
        _ => None,
    }
}

fn of_run(run: &RunSnapshot, now: Timestamp) -> Option<Ending> {
    let workflow = run.workflow_path.clone().or_else(|| run.workflow.clone())?;
    Some(Ending {
        scope: BreakerScope::Workflow,
        subject: format!("{}:{workflow}", run.repository.key()),
        repository: run.repository.clone(),
        run: run.id,
        unit: String::new(),
        attempt: run.attempt?,
        failed: has_failed(run.conclusion.as_ref())?,
        at: run.updated_at.unwrap_or(now).min(now),
    })
}

fn of_job(run: &RunSnapshot, job: &Job, now: Timestamp) -> Vec<Ending> {
    let (Some(attempt), Some(failed)) = (job.attempt.or(run.attempt), has_failed(job.conclusion.as_ref()))
    else {
        return Vec::new();
    };
    let ending = |label: &String| Ending {
        scope: BreakerScope::RunnerLabel,
        subject: format!("{}:{}", run.repository.owner().to_ascii_lowercase(), label.to_ascii_lowercase()),
        run: run.id,
        repository: run.repository.clone(),
        unit: job.title(),
        attempt,
        failed,
        at: job.completed_at.unwrap_or(now).min(now),
    };
    job.labels.iter().map(ending).collect()
}
