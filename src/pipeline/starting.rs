//! Runs that were just let go or re-run, and that GitHub's lists do not show as under way yet.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::model::{ActionState, Fact, Facts, PlannedAction, RepositoryName, Timestamp, Underway};

/// How long such a run counts without GitHub's word: longer than its lists lag.
const COUNTS_FOR: Duration = Duration::from_secs(120);

/// Runs that a plan sets going, from the plan on. Judging is serial, so that of two runs judged one after the other
/// the second counts the first.
#[derive(Clone, Default)]
pub(super) struct Starting(Arc<Mutex<VecDeque<(Timestamp, RepositoryName, Underway)>>>);

impl Starting {
    /// Counts the run of the facts from now on, if a planned action sets it going.
    pub(super) fn remember(&self, facts: &Facts, actions: &[PlannedAction], now: Timestamp) {
        let starts = |action: &&PlannedAction| {
            let soon = action.due_at <= now + COUNTS_FOR;
            action.state == ActionState::Planned && soon && action.action.kind().sets_going()
        };
        let Some(action) = actions.iter().find(starts) else {
            return;
        };
        let mut starting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // In the order in which they were let go, but for a delay of seconds.
        while starting.front().is_some_and(|(until, ..)| *until <= now) {
            starting.pop_front();
        }
        let entry = Underway { base: facts.details.base.clone(), ..Underway::from(&facts.run) };
        starting.push_back((action.due_at.max(now) + COUNTS_FOR, facts.run.repository.clone(), entry));
    }

    /// Adds what is about to begin to what the facts say is under way.
    pub(super) fn add_to(&self, facts: &mut Facts, now: Timestamp) {
        let Fact::Known(underway) = &mut facts.details.underway else {
            return;
        };
        let starting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (until, repository, entry) in starting.iter() {
            let listed = underway.iter().any(|other| other.run == entry.run);
            if *until > now && *repository == facts.run.repository && !listed {
                underway.push(entry.clone());
            }
        }
    }
}
