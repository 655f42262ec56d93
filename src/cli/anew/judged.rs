//! A run judged on facts that are given, whenever they were gathered. Pure.

use std::collections::BTreeSet;

use crate::{
    cli::explain::offline::names_of,
    model::{Action, Facts, PlannedAction, RuleName, RuleVerdict, Signal, Timestamp, Verdict},
    rules::{Mode, Ruleset, decide, judge, needs_of, plan, runner_minutes},
};

/// What the rules say of facts.
pub(in crate::cli) struct Judged {
    pub(in crate::cli) facts: Facts,
    pub(in crate::cli) now: Timestamp,
    pub(in crate::cli) verdicts: Vec<RuleVerdict>,
    pub(in crate::cli) actions: Vec<PlannedAction>,
    unknown: Vec<Unknown>,
}

/// A rule that cannot be judged on what was recorded.
pub(in crate::cli) struct Unknown {
    pub(in crate::cli) rule: RuleName,
    pub(in crate::cli) reason: String,
    /// The facts that were never asked for; empty when they could not be had at the time either.
    pub(in crate::cli) never_recorded: BTreeSet<&'static str>,
}

impl Judged {
    /// Judges the facts by the rules. What a schedule found is judged by the rule of that name, the one that found
    /// it, and without `keep`: the runs beside it were not recorded.
    pub(in crate::cli) fn of(ruleset: &Ruleset, facts: Facts, then: &[RuleVerdict], now: Timestamp) -> Self {
        let (verdicts, actions) = if facts.signal == Signal::Schedule {
            scheduled(ruleset, &facts, then, now)
        } else {
            let judgement = decide(ruleset, &facts, now);
            (judgement.verdicts, judgement.actions)
        };
        Self::with(ruleset, facts, now, verdicts, actions)
    }

    /// The same where the rules have been asked already.
    pub(in crate::cli) fn with(
        ruleset: &Ruleset,
        facts: Facts,
        now: Timestamp,
        verdicts: Vec<RuleVerdict>,
        actions: Vec<PlannedAction>,
    ) -> Self {
        let mut judged = Self { facts, now, verdicts, actions, unknown: Vec::new() };
        judged.set_unknown_aside(ruleset);
        judged
    }

    fn set_unknown_aside(&mut self, ruleset: &Ruleset) {
        for verdict in &self.verdicts {
            let Some(rule) = ruleset.rule(&verdict.rule).filter(|rule| ruleset.mode_of(rule) != Mode::Off)
            else {
                continue;
            };
            let needs = needs_of(&ruleset.ceilings, rule, &self.facts, self.now);
            if verdict.verdict == Verdict::Unknown || !needs.is_empty() {
                self.unknown.push(Unknown {
                    rule: verdict.rule.clone(),
                    reason: verdict.reason.clone(),
                    never_recorded: names_of(&self.facts, &needs),
                });
            }
        }
        let unknown = &self.unknown;
        self.actions.retain(|action| unknown.iter().all(|one| one.rule != action.rule));
    }

    /// What cannot be said.
    pub(in crate::cli) fn unknown(&self) -> &[Unknown] {
        &self.unknown
    }

    /// What a re-run takes, as far as the jobs of its attempt are known.
    pub(in crate::cli) fn minutes(&self, action: &Action) -> Option<u32> {
        match (action, self.facts.details.jobs.known()) {
            (Action::Rerun(rerun), Ok(jobs)) => Some(runner_minutes(rerun, jobs)),
            _ => None,
        }
    }
}

fn scheduled(
    ruleset: &Ruleset,
    facts: &Facts,
    then: &[RuleVerdict],
    now: Timestamp,
) -> (Vec<RuleVerdict>, Vec<PlannedAction>) {
    let found_by = then.iter().filter_map(|verdict| ruleset.rule(&verdict.rule));
    let mut verdicts = Vec::new();
    let mut actions = Vec::new();
    for rule in found_by.filter(|rule| rule.schedule().is_some()) {
        let verdict = judge(ruleset, rule, facts, now);
        if verdict.verdict == Verdict::Matched {
            actions.extend(plan(ruleset, rule, facts, now));
        }
        verdicts.push(verdict);
    }
    (verdicts, actions)
}
