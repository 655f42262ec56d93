//! What has to be fetched before a delivery can be judged: only what leaves some rule's verdict open.

use super::{Mode, Rule, Ruleset, Trigger, Word};
use crate::model::{ConditionResult, Facts, Timestamp, Truth};

/// What has to be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// GitHub's whole run object.
    pub run: bool,
    /// The names of the environments that the run waits at.
    pub environments: bool,
}

impl Needs {
    /// Whether nothing has to be fetched.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// What the rules that listen to the facts' signal need beyond the facts.
#[must_use]
pub fn needs(ruleset: &Ruleset, facts: &Facts, now: Timestamp) -> Needs {
    let mut needs = Needs::default();
    for rule in &ruleset.rules {
        let listens = rule.on.contains(&Trigger::Signal(facts.signal));
        if listens && ruleset.mode_of(rule) != Mode::Off {
            add_needs_of(rule, facts, now, &mut needs);
        }
    }
    needs
}

fn add_needs_of(rule: &Rule, facts: &Facts, now: Timestamp, needs: &mut Needs) {
    let result = rule.when.evaluate(facts, now);
    let gate_is_nameless = facts.gate.as_ref().is_some_and(|gate| gate.environment.is_none());
    match result.satisfied {
        Truth::No => {}
        Truth::Yes => {
            needs.run |= facts.run.partial && facts.run.attempt.is_none();
            needs.environments |= gate_is_nameless;
        }
        Truth::Unknown => {
            needs.run |= facts.run.partial && has_unknown(&result, &|word| word.is_of_run());
            needs.environments |= gate_is_nameless && has_unknown(&result, &|word| word == Word::Environment);
        }
    }
}

fn has_unknown(result: &ConditionResult, wanted: &dyn Fn(Word) -> bool) -> bool {
    if result.parts.is_empty() {
        let word = Word::ALL.into_iter().find(|word| word.as_str() == result.word);
        return result.satisfied == Truth::Unknown && word.is_some_and(wanted);
    }
    result.parts.iter().any(|part| has_unknown(part, wanted))
}
