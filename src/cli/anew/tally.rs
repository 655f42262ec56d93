//! What has been planned in a replay, so that nothing is planned twice and the limits of a run hold. Pure.

use std::{collections::HashMap, time::Duration};

use crate::{
    model::{Action, ActionKind, ActionState, PlannedAction, RunId, Timestamp},
    store::Earlier,
};

/// Signals about one wait come within this time of each other.
const SAME_WAIT: Duration = Duration::from_secs(10);

/// What has been planned, run by run. Ceilings over time are not counted: what they hold goes later.
#[derive(Debug, Default)]
pub(in crate::cli) struct Planned {
    runs: HashMap<RunId, OfRun>,
}

#[derive(Debug, Default)]
struct OfRun {
    keys: HashMap<String, Timestamp>,
    /// Rule and kind of what counts.
    counted: Vec<(String, String)>,
}

impl Planned {
    /// Whether something is known of the run.
    pub(in crate::cli) fn knows(&self, run: RunId) -> bool {
        self.runs.contains_key(&run)
    }

    /// Begins with what had been planned before.
    pub(in crate::cli) fn begin(&mut self, run: RunId, earlier: &[Earlier]) {
        let of_run = self.runs.entry(run).or_default();
        for action in earlier {
            of_run.keys.insert(action.key.clone(), action.planned_at);
            if action.counts {
                of_run.counted.push((action.rule.clone(), action.kind.clone()));
            }
        }
    }

    /// Leaves out what was planned before, and marks what the limits of its run hold back; the rest is planned.
    pub(in crate::cli) fn bound(&mut self, actions: &mut Vec<PlannedAction>, now: Timestamp) {
        actions.retain_mut(|action| self.runs.entry(action.run).or_default().plan(action, now));
    }
}

impl OfRun {
    fn plan(&mut self, action: &mut PlannedAction, now: Timestamp) -> bool {
        let is_review = matches!(action.action, Action::ReviewDeployments(_));
        match self.keys.get_mut(action.key.as_str()) {
            // It waits once more.
            Some(last) if is_review && now > *last + SAME_WAIT => *last = now,
            Some(_) => return false,
            None => {
                self.keys.insert(action.key.as_str().to_owned(), now);
            }
        }
        if action.state != ActionState::Planned {
            return true;
        }
        let rule = action.rule.as_str();
        let kind = action.action.kind().as_str();
        let rerun = ActionKind::Rerun.as_str();
        let of_rule = self.counted.iter().filter(|(by, what)| by == rule && what == kind).count();
        let reruns = self.counted.iter().filter(|(_, what)| what == rerun).count();
        let limits = [
            ("limits.per_run", action.bounds.per_run, of_rule),
            ("limits.reruns_per_run", action.bounds.reruns_per_run, reruns),
        ];
        for (limit, most, used) in limits {
            if let Some(most) = most.filter(|most| used >= usize::try_from(*most).unwrap_or(usize::MAX)) {
                action.state = ActionState::Limited;
                action.reason = Some(format!("{limit}: {used} of {most} used"));
                return true;
            }
        }
        self.counted.push((rule.to_owned(), kind.to_owned()));
        true
    }
}
