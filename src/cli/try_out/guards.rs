//! What the look before a re-run would have found, as far as that can be told afterwards. Pure.

use crate::{
    github::Approval,
    model::{Fact, Facts, PlannedAction, RunSnapshot, Status},
    rules::{
        Circumstances, CurrentRun, Look, Presence, Recheck, ReviewedGate, WantedLook, failed_jobs, recheck,
    },
};

/// What the look before the re-run would have said.
pub(super) enum Found {
    Refused(String),
    /// It turns on the reviews of the run's deployments.
    Reviews,
    Nothing,
}

/// What the look before the re-run would have found. Whether the branch had a newer commit by then does not show any
/// more.
pub(super) fn look_back(
    action: &PlannedAction,
    run: &RunSnapshot,
    facts: &Facts,
    newer_run: &Fact<bool>,
    reviews: Option<&[Approval]>,
) -> Found {
    // A job's end may be of a run that goes on now: the look at its end is not yet.
    if run.status != Some(Status::Completed) {
        return Found::Nothing;
    }
    let newer_run = match newer_run {
        Fact::Known(true) => Presence::Present("it was created before the re-run".to_owned()),
        Fact::Known(false) | Fact::NotAsked => Presence::Absent,
        Fact::Missing(why) => Presence::Unknown(why.clone()),
    };
    let gate = |given: &Approval| ReviewedGate {
        environments: given.environments.clone(),
        state: given.state.clone().unwrap_or_default(),
        by: given.user.clone(),
    };
    let look = Look {
        run: Some(CurrentRun::There(Box::new(run.clone()))),
        newer_run: Some(newer_run),
        newer_commit: Some(Presence::Absent),
        reviews: reviews.map(|all| all.iter().map(gate).collect()),
        failed_jobs: facts.details.jobs.known().ok().map(|jobs| Ok(failed_jobs(jobs))),
        ..Look::default()
    };
    let circumstances = Circumstances {
        interrupted: false,
        guarded: true,
        planned_at: action.due_at,
        most_failed_jobs: None,
        most_running: None,
    };
    match recheck(action, &look, circumstances, action.due_at) {
        Recheck::Refuse(why) | Recheck::Done(why) => Found::Refused(why),
        Recheck::Need(WantedLook::Reviews) => Found::Reviews,
        Recheck::Need(_) | Recheck::Go(_) | Recheck::Wait(_) | Recheck::Later(..) | Recheck::Hold(_) => {
            Found::Nothing
        }
    }
}
