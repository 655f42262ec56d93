//! What has been planned so far, so that nothing is planned twice and the limits of a run hold. Pure.
//!
//! Every run that rules would act on is remembered to the end, so that it has to be small: about a hundred bytes.

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
    words: Words,
}

#[derive(Debug, Default)]
struct OfRun(Vec<Plan>);

/// What was planned under one key; the words by their numbers.
#[derive(Debug, Clone, Copy)]
struct Plan {
    key: u32,
    rule: u32,
    kind: u32,
    /// How often it counts towards the limits of its run.
    counted: u32,
    last: Timestamp,
}

/// Texts that recur from run to run, each kept once.
#[derive(Debug, Default)]
struct Words(HashMap<Box<str>, u32>);

impl Planned {
    /// Whether something is known of the run.
    pub(in crate::cli) fn knows(&self, run: RunId) -> bool {
        self.runs.contains_key(&run)
    }

    /// Begins with what had been planned before.
    pub(in crate::cli) fn begin(&mut self, run: RunId, earlier: &[Earlier]) {
        let of_run = self.runs.entry(run).or_default();
        for action in earlier {
            of_run.add(Plan {
                key: self.words.of_key(&action.key, run),
                rule: self.words.number(&action.rule),
                kind: self.words.number(&action.kind),
                counted: u32::from(action.counts),
                last: action.planned_at,
            });
        }
    }

    /// Leaves out what was planned before, and marks what the limits of its run hold back; the rest is planned.
    pub(in crate::cli) fn bound(&mut self, actions: &mut Vec<PlannedAction>, now: Timestamp) {
        actions.retain_mut(|action| self.plan(action, now));
    }

    fn plan(&mut self, action: &mut PlannedAction, now: Timestamp) -> bool {
        let plan = Plan {
            key: self.words.of_key(action.key.as_str(), action.run),
            rule: self.words.number(action.rule.as_str()),
            kind: self.words.number(action.action.kind().as_str()),
            counted: 0,
            last: now,
        };
        let rerun = self.words.number(ActionKind::Rerun.as_str());
        let of_run = self.runs.entry(action.run).or_default();
        let is_review = matches!(action.action, Action::ReviewDeployments(_));
        match of_run.under(plan.key) {
            // It waits once more.
            Some(known) if is_review && now > known.last + SAME_WAIT => known.last = now,
            Some(_) => return false,
            None => of_run.add(plan),
        }
        if action.state != ActionState::Planned {
            return true;
        }
        let of_rule = of_run.counted(|one| one.rule == plan.rule && one.kind == plan.kind);
        let reruns = of_run.counted(|one| one.kind == rerun);
        let limits = [
            ("limits.per_run", action.bounds.per_run, of_rule),
            ("limits.reruns_per_run", action.bounds.reruns_per_run, reruns),
        ];
        for (limit, most, used) in limits {
            if let Some(most) = most.filter(|most| used >= *most) {
                action.state = ActionState::Limited;
                action.reason = Some(format!("{limit}: {used} of {most} used"));
                return true;
            }
        }
        if let Some(known) = of_run.under(plan.key) {
            known.counted += 1;
        }
        true
    }
}

impl OfRun {
    /// Most runs have one plan: room for more is not taken ahead.
    fn add(&mut self, plan: Plan) {
        self.0.reserve_exact(1);
        self.0.push(plan);
    }

    fn under(&mut self, key: u32) -> Option<&mut Plan> {
        self.0.iter_mut().find(|plan| plan.key == key)
    }

    fn counted(&self, which: impl Fn(&Plan) -> bool) -> u32 {
        self.0.iter().filter(|plan| which(plan)).map(|plan| plan.counted).sum()
    }
}

impl Words {
    fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.0.get(word) {
            return *number;
        }
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(word.into(), number);
        number
    }

    /// A key begins with the rule and the run. Without the run, which it is kept under, it is the same for many.
    fn of_key(&mut self, key: &str, run: RunId) -> u32 {
        self.number(&key.replacen(&format!("/{run}/"), "//", 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::show::samples;

    fn earlier(run: i64) -> Earlier {
        Earlier {
            key: format!("retry/{run}/1/rerun"),
            rule: "retry".to_owned(),
            kind: "rerun".to_owned(),
            counts: true,
            planned_at: Timestamp(0),
        }
    }

    #[test]
    fn what_is_remembered_of_a_run_is_small_and_its_words_are_kept_once() {
        assert!(size_of::<(RunId, OfRun)>() <= 32 && size_of::<Plan>() <= 24);
        let mut planned = Planned::default();
        for run in 1..=100 {
            planned.begin(RunId(run), &[earlier(run)]);
        }
        assert_eq!(planned.words.0.len(), 3, "{:?}", planned.words);
        assert!(planned.runs.values().all(|run| run.0.capacity() == 1));
    }

    #[test]
    fn keys_of_one_run_that_differ_stay_apart() {
        let mut words = Words::default();
        let keys = ["a/7/1/rerun", "a/7/7/rerun", "b/7/1/rerun", "a/7/1/cancel", "a/7/1/rerun?observed"];
        let numbers: Vec<u32> = keys.iter().map(|key| words.of_key(key, RunId(7))).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        assert_eq!(words.of_key("a/8/1/rerun", RunId(8)), 0);
    }

    #[test]
    fn what_was_planned_before_is_left_out_and_counts_towards_the_limits_of_its_run() {
        let mut planned = Planned::default();
        let plan = samples::action("retry", samples::rerun(), ActionState::Planned, None).plan;
        let of_others = Earlier { key: "other".to_owned(), rule: "other".to_owned(), ..earlier(plan.run.0) };
        planned.begin(plan.run, &[of_others]);
        let mut bounded = |per_run, reruns_per_run| {
            let mut one = plan.clone();
            one.bounds.per_run = per_run;
            one.bounds.reruns_per_run = reruns_per_run;
            let mut actions = vec![one];
            planned.bound(&mut actions, Timestamp(1));
            actions.pop().map(|action| action.reason)
        };
        assert_eq!(bounded(Some(1), Some(1)).unwrap().unwrap(), "limits.reruns_per_run: 1 of 1 used");
        assert_eq!(bounded(None, None), None, "planned twice");
    }
}
