//! Properties of judging, tried on random rules and random runs: it is the same whenever it is done, what was not asked
//! for changes nothing, and what is not known leads to nothing.

mod random;
mod rules;
mod texts;
mod world;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use runwarden::{
    model::{ActionKey, Facts, RuleName, Verdict},
    rules::{Judgement, Mode, Ruleset, decide, needs},
};

use random::Random;
use world::{NOW, World};

const FILES: u64 = 60;
const RUNS_A_FILE: u64 = 40;

/// Tries `property` on random rules with random runs; a failure names the seed.
fn for_random_rules_and_runs(property: impl Fn(&mut Random, &Ruleset, &World)) {
    for seed in 0..FILES {
        let mut random = Random::new(seed);
        let ruleset = rules::random_ruleset(&mut random);
        for _ in 0..RUNS_A_FILE {
            let world = World::random(&mut random, &ruleset);
            property(&mut random, &ruleset, &world);
        }
    }
}

fn verdicts(judgement: &Judgement) -> Vec<(RuleName, Verdict)> {
    judgement.verdicts.iter().map(|it| (it.rule.clone(), it.verdict)).collect()
}

fn wanted(judgement: &Judgement) -> BTreeSet<String> {
    let key = |key: &ActionKey| key.as_str().to_owned();
    judgement.actions.iter().map(|action| key(&action.key)).collect()
}

#[test]
fn deciding_is_total_and_the_same_whenever_it_is_done() {
    for_random_rules_and_runs(|random, ruleset, world| {
        let facts = world.with_gaps(random);
        let judgement = decide(ruleset, &facts, NOW);
        let listening: Vec<_> = ruleset.rules.iter().filter(|rule| rule.listens(&facts)).collect();
        assert_eq!(judgement.verdicts.len(), listening.len(), "a verdict of each rule that listens");
        for (rule, verdict) in listening.iter().zip(&judgement.verdicts) {
            assert_eq!(rule.name, verdict.rule);
            assert_eq!(verdict.verdict == Verdict::Off, ruleset.mode_of(rule) == Mode::Off);
            assert!(!verdict.reason.is_empty());
        }
        let stored = serde_json::to_string(&facts).unwrap();
        let read: Facts = serde_json::from_str(&stored).unwrap();
        assert_eq!(decide(ruleset, &read, NOW), judgement, "from the stored facts: {stored}");
    });
}

#[test]
fn what_was_not_asked_for_never_changes_a_verdict() {
    let (asked, spared) = (Cell::new(0), Cell::new(0));
    for_random_rules_and_runs(|random, ruleset, world| {
        let mut facts = world.as_a_webhook_brings_it(random);
        let mut told = BTreeSet::new();
        while let Some(need) = needs(ruleset, &facts, NOW).into_iter().find(|need| told.insert(need.clone()))
        {
            world.tell(&mut facts, need);
        }
        let (partly, wholly) = (decide(ruleset, &facts, NOW), decide(ruleset, &world.whole, NOW));
        assert_eq!(verdicts(&partly), verdicts(&wholly), "told only {told:?}: {facts:#?}");
        assert_eq!(wanted(&partly), wanted(&wholly));
        asked.set(asked.get() + told.len());
        spared.set(spared.get() + usize::from(facts != world.whole));
    });
    // It would say nothing if nothing had to be told, or all of it.
    assert!(asked.get() > 100 && spared.get() > 100, "{asked:?} told, {spared:?} judged by less than all");
}

#[test]
fn what_is_not_known_never_leads_to_an_act_that_knowing_it_would_not() {
    let (acts, withheld) = (Cell::new(0), Cell::new(0));
    let signals = RefCell::new(BTreeSet::new());
    for_random_rules_and_runs(|random, ruleset, world| {
        let facts = world.with_gaps(random);
        let partly = wanted(&decide(ruleset, &facts, NOW));
        let wholly = wanted(&decide(ruleset, &world.whole, NOW));
        assert!(partly.is_subset(&wholly), "{:?}: {facts:#?}", partly.difference(&wholly));
        acts.set(acts.get() + partly.len());
        if !partly.is_empty() {
            signals.borrow_mut().insert(facts.signal.as_str());
        }
        withheld.set(withheld.get() + wholly.len() - partly.len());
    });
    // It would say nothing if nothing were done, or nothing withheld.
    assert!(acts.get() > 50 && withheld.get() > 50, "{acts:?} acts, {withheld:?} withheld");
    // Nor if the rules on jobs, comments and reviews never acted.
    assert_eq!(signals.take().len(), 6);
}
