//! What the file's ceilings say of a re-run before it is planned: by the failed jobs of the run, and by the runner
//! minutes that it would take.

use std::time::Duration;

use super::Ceilings;
use crate::model::{Action, Conclusion, Fact, Facts, Job, PlannedAction, Rerun, RerunScope};

const MINUTE: Duration = Duration::from_secs(60);

/// Holds a re-run against the ceilings that its run's jobs tell of: notes what it will take, or why it must not be.
pub(super) fn weigh(ceilings: &Ceilings, facts: &Facts, planned: &mut PlannedAction) -> Result<(), String> {
    let Action::Rerun(rerun) = &planned.action else {
        return Ok(());
    };
    let jobs = facts.details.jobs.known();
    if let Some(most) = ceilings.failed_jobs {
        let failed = jobs.as_ref().map(|jobs| failed_jobs(jobs)).map_err(Clone::clone);
        if let Some(why) = too_many_failed(most, &failed) {
            return Err(why);
        }
    }
    if ceilings.runner_minutes.is_some() {
        let jobs = jobs.map_err(|why| format!("limits.runner_minutes: the run's jobs are {why}"))?;
        planned.runner_minutes = Some(runner_minutes(rerun, jobs));
    }
    Ok(())
}

/// Why a run with so many failed jobs is not re-run, if it is not.
pub(super) fn too_many_failed(most: u32, failed: &Result<u32, String>) -> Option<String> {
    match failed {
        Ok(failed) if *failed <= most => None,
        Ok(failed) => Some(format!("limits.failed_jobs: {failed} failed jobs, {most} at most")),
        Err(why) => Some(format!("limits.failed_jobs: the run's jobs are {why}")),
    }
}

/// How many of the jobs failed or timed out.
#[must_use]
pub fn failed_jobs(jobs: &[Job]) -> u32 {
    let failed = |job: &&Job| matches!(job.conclusion, Some(Conclusion::Failure | Conclusion::TimedOut));
    u32::try_from(jobs.iter().filter(failed).count()).unwrap_or(u32::MAX)
}

/// The runner minutes that the judged attempt's jobs took which would run again, each rounded up and at least one.
/// Jobs that were skipped because one before them failed have taken none yet.
#[must_use]
pub fn runner_minutes(rerun: &Rerun, jobs: &[Job]) -> u32 {
    let runs_again = |job: &&Job| match rerun.scope {
        RerunScope::Run => !job.is_skipped(),
        RerunScope::Job(id) => job.id == id,
        RerunScope::FailedJobs | RerunScope::MatchingJob => {
            !matches!(job.conclusion, Some(Conclusion::Success | Conclusion::Skipped | Conclusion::Neutral))
        }
    };
    jobs.iter().filter(runs_again).map(minutes_of).fold(0, u32::saturating_add)
}

fn minutes_of(job: &Job) -> u32 {
    let whole = job.duration().unwrap_or_default().as_millis().div_ceil(MINUTE.as_millis());
    u32::try_from(whole).unwrap_or(u32::MAX).max(1)
}

/// Whether the ceilings ask for the run's jobs, and they have not been asked for.
pub(super) fn want_jobs(ceilings: &Ceilings, facts: &Facts) -> bool {
    ceilings.ask_for_jobs() && matches!(facts.details.jobs, Fact::NotAsked)
}
