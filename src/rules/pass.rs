//! A schedule's pass over the runs of one repository: what the rule says of each, which are spared, which come first.

use super::{KeepCounting, Rule, Ruleset, judge, plan, spared};
use crate::model::{Fact, Facts, RuleVerdict, Timestamp, Underway, Verdict};

/// What a schedule's rule says of all the runs that were listed.
#[must_use]
pub fn pass(
    ruleset: &Ruleset,
    rule: &Rule,
    mut runs: Vec<Facts>,
    now: Timestamp,
) -> Vec<(Facts, RuleVerdict)> {
    let mut judged = if rule.counts_running() {
        runs.sort_by_key(|facts| (facts.run.created_at, facts.run.id));
        one_by_one(ruleset, rule, runs, now)
    } else {
        judge_each(ruleset, rule, runs, now)
    };
    spare(rule, &mut judged);
    judged
}

/// What a schedule's rule says of each run by itself.
#[must_use]
pub fn judge_each(
    ruleset: &Ruleset,
    rule: &Rule,
    runs: Vec<Facts>,
    now: Timestamp,
) -> Vec<(Facts, RuleVerdict)> {
    let judged = |facts: Facts| {
        let verdict = judge(ruleset, rule, &facts, now);
        (facts, verdict)
    };
    runs.into_iter().map(judged).collect()
}

/// The same where what is let go counts for the next.
fn one_by_one(ruleset: &Ruleset, rule: &Rule, runs: Vec<Facts>, now: Timestamp) -> Vec<(Facts, RuleVerdict)> {
    let mut let_go: Vec<Underway> = Vec::new();
    let mut judged = Vec::new();
    for mut facts in runs {
        if let Fact::Known(underway) = &mut facts.details.underway {
            underway.extend(let_go.iter().cloned());
        }
        let verdict = judge(ruleset, rule, &facts, now);
        if verdict.verdict == Verdict::Matched && !plan(ruleset, rule, &facts, now).is_empty() {
            let base = facts.details.base.clone();
            let_go.push(Underway { base, ..Underway::from(&facts.run) });
        }
        judged.push((facts, verdict));
    }
    judged
}

/// Gives those that matched and that `keep` spares that verdict.
pub fn spare(rule: &Rule, judged: &mut [(Facts, RuleVerdict)]) {
    let Some(keep) = &rule.keep else {
        return;
    };
    let counts = |verdict: &RuleVerdict| match keep.counting {
        KeepCounting::All => true,
        KeepCounting::Matched => verdict.verdict == Verdict::Matched,
    };
    let counted = judged.iter().filter(|(_, verdict)| counts(verdict)).map(|(facts, _)| &facts.run);
    let spared = spared(keep, counted);
    for (facts, verdict) in judged.iter_mut() {
        if verdict.verdict == Verdict::Matched && spared.contains(&facts.run.id) {
            verdict.verdict = Verdict::Kept;
            verdict.reason = format!("one of the newest {} that `keep` spares", keep.newest);
        }
    }
}

/// Of what a pass acts on, the oldest first and as much as `limits.per_pass` allows; gives how many are left for the
/// next pass.
pub fn bound_pass<T>(rule: &Rule, acting: &mut Vec<T>, facts: impl Fn(&T) -> &Facts) -> usize {
    acting.sort_by_key(|of| (facts(of).run.created_at, facts(of).run.id));
    let left = rule.limits.per_pass.map_or(0, |most| acting.len().saturating_sub(most as usize));
    acting.truncate(acting.len() - left);
    left
}
