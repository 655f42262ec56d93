//! What the look before a re-run would have found, as far as that can be told afterwards. Pure.

use crate::{
    model::{Fact, PlannedAction, RunSnapshot, Status},
    rules::{Circumstances, CurrentRun, Look, Presence, Recheck, ReviewedGate, WantedLook, recheck},
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
    newer_run: &Fact<bool>,
    reviews: Option<&[ReviewedGate]>,
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
    let look = Look {
        run: Some(CurrentRun::There(Box::new(run.clone()))),
        newer_run: Some(newer_run),
        newer_commit: Some(Presence::Absent),
        reviews: reviews.map(<[ReviewedGate]>::to_vec),
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
