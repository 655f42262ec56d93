//! Re-running, cancelling, deleting: GitHub's acts on a run, with GitHub's refusals.

use jiff::Timestamp;

use super::clock::shift;
use super::script::Stays;
use super::world::{Refusal, Run, World};

const DAY_S: i64 = 24 * 60 * 60;
/// "Actions workflows are limited to 50 reruns", full and partial together.
const MOST_RERUNS: u64 = 50;

/// Which jobs of a run to run again.
#[derive(Clone, Copy)]
pub(super) enum Which {
    All,
    Failed,
    Job(u64),
}

impl World {
    /// Starts the next attempt. GitHub sends no `requested` for it.
    pub(super) fn rerun(&mut self, id: u64, which: Which, by: &str) -> Result<(), Refusal> {
        let now = self.now();
        let run = self.runs.get(&id).ok_or_else(Refusal::not_found)?;
        may_rerun(run, which, now)?;
        let only = match which {
            Which::All => None,
            Which::Failed => Some(with_dependents(run, failed(run))),
            Which::Job(job) => {
                let named = run.now.jobs.iter().find(|j| j.id == job).map(|j| j.spec.name.clone());
                Some(with_dependents(run, named.into_iter().collect()))
            }
        };
        // No text is known for these two: a partial re-run without a failed job, and a job of an older attempt.
        if only.as_ref().is_some_and(Vec::is_empty) {
            return Err(Refusal::new(403, "This workflow run cannot be retried"));
        }
        self.next_attempt(id, only.as_deref(), by, now);
        self.emit_jobs(id, "queued");
        self.begin(id);
        if self.auto_finish {
            self.finish_run(id);
        }
        Ok(())
    }

    /// Puts the next attempt, `queued`, in the place of the ended one. Gates that were passed stay passed.
    pub(super) fn next_attempt(&mut self, id: u64, only: Option<&[String]>, by: &str, at: Timestamp) {
        let Some(run) = self.runs.get(&id) else { return };
        let (repo, spec, number) = (run.repo, run.spec.clone(), run.now.number + 1);
        let mut fresh = self.make_attempt(repo, &spec, number, only, by, at);
        for job in &fresh.jobs {
            self.job_runs.insert(job.id, id);
        }
        if let Some(run) = self.runs.get_mut(&id) {
            for gate in &mut fresh.gates {
                if let Some(old) =
                    run.now.gates.iter().find(|old| old.environment == gate.environment && old.is_passed())
                {
                    *gate = old.clone();
                }
            }
            let jobs = &fresh.jobs;
            fresh.gates.retain(|gate| {
                jobs.iter().any(|job| job.spec.environment.as_deref() == Some(gate.spec.environment.as_str()))
            });
            run.past.push(std::mem::replace(&mut run.now, fresh));
        }
    }

    /// 202 means asked, not done: unless `auto_finish` is on, `finish_run` does it.
    pub(super) fn cancel(&mut self, id: u64, force: bool) -> Result<(), Refusal> {
        let run = self.runs.get_mut(&id).ok_or_else(Refusal::not_found)?;
        if run.is_completed() {
            return Err(Refusal::new(409, "Cannot cancel a workflow run that is completed"));
        }
        if run.spec.stays == Some(Stays::Ghost) {
            return Err(Refusal::new(409, "Cannot cancel a workflow run that has not been queued yet."));
        }
        if force {
            self.cancel_now(id);
        } else if !run.spec.ignores_cancel {
            run.cancel_asked = true;
            if self.auto_finish {
                self.cancel_now(id);
            }
        }
        Ok(())
    }

    pub(super) fn delete_run(&mut self, id: u64) -> Result<(), Refusal> {
        let run = self.runs.get(&id).ok_or_else(Refusal::not_found)?;
        if !run.is_completed() {
            return Err(Refusal::new(403, "Could not delete the workflow run"));
        }
        self.runs.remove(&id);
        Ok(())
    }

    pub(super) fn delete_logs(&mut self, id: u64) -> Result<(), Refusal> {
        let run = self.runs.get_mut(&id).ok_or_else(Refusal::not_found)?;
        if !run.is_completed() {
            return Err(Refusal::new(403, "Could not delete the logs of a workflow run that is in progress"));
        }
        run.logs_deleted = true;
        Ok(())
    }

    /// A maintainer lets a first-time contributor's run go.
    pub(super) fn approve_fork(&mut self, id: u64) -> Result<(), Refusal> {
        let run = self.runs.get(&id).ok_or_else(Refusal::not_found)?;
        if run.now.conclusion.as_deref() != Some("action_required") {
            return Err(Refusal::new(403, "This run is not from a fork pull request"));
        }
        let (repo, spec, by) = (run.repo, run.spec.clone(), run.spec.actor.clone());
        let fresh = self.make_attempt(repo, &spec, 1, None, &by, self.now());
        for job in &fresh.jobs {
            self.job_runs.insert(job.id, id);
        }
        if let Some(run) = self.runs.get_mut(&id) {
            run.now = fresh;
        }
        self.emit_jobs(id, "queued");
        self.begin(id);
        if self.auto_finish {
            self.finish_run(id);
        }
        Ok(())
    }
}

fn may_rerun(run: &Run, which: Which, now: Timestamp) -> Result<(), Refusal> {
    if !run.is_completed() {
        return Err(Refusal::new(
            403,
            match which {
                Which::Job(_) => "The workflow run containing this job is already running",
                Which::All | Which::Failed => "This workflow is already running",
            },
        ));
    }
    if run.created_at < shift(now, -30 * DAY_S) {
        let words = "Unable to retry this workflow run because it was created over a month ago";
        return Err(Refusal::new(403, words));
    }
    let barren = run.now.jobs.is_empty();
    let dynamic = run.spec.event == "dynamic";
    if barren || dynamic || run.logs_deleted || run.now.number > MOST_RERUNS {
        return Err(Refusal::new(403, "This workflow run cannot be retried"));
    }
    Ok(())
}

/// Names of the jobs of the last attempt that did not end well.
fn failed(run: &Run) -> Vec<String> {
    let well = |conclusion: Option<&str>| matches!(conclusion, Some("success" | "skipped" | "neutral"));
    let bad = run.now.jobs.iter().filter(|job| !well(job.conclusion.as_deref()));
    bad.map(|job| job.spec.name.clone()).collect()
}

/// Adds all jobs that depend on one of `names`, directly or not.
fn with_dependents(run: &Run, mut names: Vec<String>) -> Vec<String> {
    loop {
        let more: Vec<String> = run
            .attempts()
            .flat_map(|attempt| &attempt.jobs)
            .filter(|job| {
                job.spec.needs.iter().any(|need| names.contains(need)) && !names.contains(&job.spec.name)
            })
            .map(|job| job.spec.name.clone())
            .collect();
        if more.is_empty() || names.is_empty() {
            return names;
        }
        names.extend(more);
        names.dedup();
    }
}
