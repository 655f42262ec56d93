//! The moments of a run that webhooks would have told of.

use super::{
    Hindsight, Moment,
    past::{ended, has_begun, past, requested, working},
    patience::{Failure, Stop},
};
use crate::{
    model::{Details, Fact, Facts, RunSnapshot, Signal, Status, Timestamp},
    pipeline::surroundings::is_of_the_head,
    rules::Mode,
};

impl Hindsight {
    /// What webhooks would have told of one attempt that rules listen to, in their order.
    ///
    /// # Errors
    /// When its jobs are asked for and cannot be read.
    pub async fn moments(
        &self,
        attempt: &RunSnapshot,
        next: Option<&RunSnapshot>,
    ) -> Result<Vec<Moment>, Stop> {
        let first = attempt.attempt.is_none_or(|number| number.0 <= 1);
        // A run that nobody has approved is shown as completed, and is not over.
        let over = attempt.status == Some(Status::Completed) && !attempt.waits_for_approval();
        let began = has_begun(attempt);
        let beginning = [
            (Signal::RunRequested, requested(attempt), attempt.created_at.filter(|_| first)),
            (Signal::RunInProgress, working(attempt), attempt.run_started_at.filter(|_| began)),
        ];
        let mut moments: Vec<Moment> =
            beginning.into_iter().filter_map(|(signal, run, at)| self.moment(signal, run, at?)).collect();
        if over || began || attempt.status == Some(Status::Waiting) {
            moments.extend(self.of_jobs(attempt).await?);
        }
        let end = ended(attempt, next).filter(|_| over);
        moments.extend(end.and_then(|at| self.moment(Signal::RunCompleted, attempt.clone(), at)));
        Ok(moments)
    }

    /// The jobs of an attempt that ended, if some rule listens to that and may have something to say.
    async fn of_jobs(&self, attempt: &RunSnapshot) -> Result<Vec<Moment>, Stop> {
        // What of the run was over by then does not show any more.
        let run = RunSnapshot { status: None, conclusion: None, updated_at: None, ..attempt.clone() };
        let began = attempt.run_started_at.and_then(|at| self.moment(Signal::JobCompleted, run.clone(), at));
        let (Some(began), Some(number)) = (began, attempt.attempt) else { return Ok(Vec::new()) };
        if !self.may_match(&began.facts, began.at) {
            return Ok(Vec::new());
        }
        let jobs = self.patiently(|| self.gatherer.github.attempt_jobs(&self.access, run.id, number)).await;
        let mut jobs = match jobs {
            Ok(jobs) if jobs.unreadable > 0 => {
                return Err(Stop::One(format!("{} of a run's jobs cannot be read", jobs.unreadable)));
            }
            Ok(jobs) => jobs.jobs,
            Err(Failure::Absent) => Vec::new(),
            Err(Failure::Stop(stop)) => return Err(stop),
        };
        // Of a job that was not run again no webhook told again.
        jobs.retain(|job| job.attempt.is_none_or(|of| of == number));
        jobs.sort_by_key(|job| (job.completed_at, job.id));
        let moments = jobs.into_iter().filter_map(|job| {
            let moment = self.moment(Signal::JobCompleted, run.clone(), job.completed_at?)?;
            Some(Moment { facts: Facts { job: Some(Box::new(job)), ..moment.facts }, ..moment })
        });
        Ok(moments.collect())
    }

    /// Whether some rule may match the run of the facts.
    pub(super) fn may_match(&self, facts: &Facts, at: Timestamp) -> bool {
        let rules = self.gatherer.rules();
        let listening = rules.rules.iter().filter(|rule| rule.listens(facts));
        let mut judging = listening.filter(|rule| rules.mode_of(rule) != Mode::Off);
        judging.any(|rule| !rule.when.fails_for_the_run(facts, at))
    }

    /// A moment that some rule listens to.
    pub(super) fn moment(&self, signal: Signal, run: RunSnapshot, at: Timestamp) -> Option<Moment> {
        if !self.gatherer.rules().listens_to(signal) {
            return None;
        }
        let details = Details {
            newer_pending: past(),
            underway: past(),
            base: past(),
            jobs: if signal == Signal::RunCompleted { Fact::NotAsked } else { past() },
            ..Details::default()
        };
        let sender = run.triggering_actor.clone();
        Some(Moment { facts: Facts { sender, details, ..Facts::of(signal, run) }, at, is_now: false })
    }

    /// Whether a newer run of the workflow and branch had been created by then, as far as it still exists.
    #[must_use]
    pub fn newer_run_by(&self, run: &RunSnapshot, at: Timestamp) -> Fact<bool> {
        let (Some(workflow), Some(branch), Some(number)) = (run.workflow_id, &run.branch, run.run_number)
        else {
            return Fact::Missing("GitHub does not give the run's workflow, branch and number".to_owned());
        };
        let places = self.of_branch.get(&(workflow, branch.clone())).into_iter().flatten();
        Fact::Known(places.filter_map(|place| self.runs.get(*place)).any(|other| {
            is_of_the_head(other, run)
                && other.run_number.is_some_and(|other| other > number)
                && other.created_at.is_some_and(|created| created <= at)
        }))
    }
}
