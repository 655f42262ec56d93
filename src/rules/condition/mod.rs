//! Conditions: what `when` may say, and three-valued evaluation with an explanation.

mod expectation;
mod files;
mod job;
mod jobs;
mod label;
mod log;
mod login;
mod observe;
mod own;
mod pull;
mod said;
mod signature;
mod window;
mod word;

pub use expectation::{Expectation, Range, show_duration};
pub use files::FilesTest;
pub use job::{JobCondition, JobTest, JobWord, StepTest};
pub use jobs::{JobsTest, JobsWord};
pub use label::LabelBound;
pub use log::LogTest;
pub(super) use login::wanted as teams_wanted;
pub use own::{ActedTest, OwnTest, RunningTest, SameAs};
pub use pull::PullTest;
pub use said::{SaidTest, SaidWord};
pub use signature::{Cause, CauseTest, Signature, SignatureTest};
pub(crate) use window::DAYS;
pub use window::Window;
pub use word::{Kind, Word};

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use super::Pattern;
use crate::model::{ConditionResult, Facts, JobId, Timestamp, Truth};

/// A condition on one run.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of them; an empty list holds.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
    /// Not it.
    Not(Box<Condition>),
    /// One word.
    Test(Test),
    /// The jobs of the judged attempt.
    Jobs(Box<JobsTest>),
    /// The job that the webhook is about.
    Job(Box<JobCondition>),
    /// What goes on around the run, or has been done to it.
    Own(OwnTest),
    /// The pull request that the run belongs to.
    Pull(Box<PullTest>),
    /// The review or the comment that the webhook is about.
    Said(Box<SaidTest>),
    /// The time of judging.
    Time(Window),
}

/// One word with what is asked of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What is observed.
    pub word: Word,
    /// What is asked.
    pub expectation: Expectation,
}

impl Condition {
    /// Evaluates the condition and explains each part. Every part is evaluated, so that the explanation is whole; but
    /// of a rule for other repositories nothing more is said than that.
    #[must_use]
    pub fn evaluate(&self, facts: &Facts, now: Timestamp) -> ConditionResult {
        match self {
            Self::All(parts) => {
                // Most rules end at their first part: room for all of them would be most of what judging costs.
                let mut results = Vec::with_capacity(1);
                for (place, part) in parts.iter().enumerate() {
                    results.push(part.evaluate(facts, now));
                    if results.last().is_some_and(ConditionResult::is_of_another_repository) {
                        break;
                    }
                    results.reserve_exact(parts.len() - place - 1);
                }
                all(results)
            }
            Self::Any(parts) => any(parts.iter().map(|part| part.evaluate(facts, now)).collect()),
            Self::Not(part) => not(part.evaluate(facts, now)),
            Self::Test(test) => observe::evaluate(test, facts, now),
            Self::Jobs(test) => test.evaluate(&facts.details.jobs),
            Self::Job(asked) => job::of_webhook(asked, facts.job.as_deref()),
            Self::Own(test) => test.evaluate(facts, now),
            Self::Pull(test) => test.evaluate(facts),
            Self::Said(test) => test.evaluate(facts),
            Self::Time(window) => window.evaluate(now),
        }
    }

    /// Visits every test, with whether it must hold for the whole to hold.
    pub fn visit<'a>(&'a self, required: bool, visitor: &mut dyn FnMut(&'a Test, bool)) {
        match self {
            Self::All(parts) => parts.iter().for_each(|part| part.visit(required, visitor)),
            Self::Any(parts) => {
                let only = required && parts.len() == 1;
                parts.iter().for_each(|part| part.visit(only, visitor));
            }
            Self::Not(part) => part.visit(false, visitor),
            Self::Test(test) => visitor(test, required),
            Self::Jobs(_) | Self::Job(_) | Self::Own(_) | Self::Pull(_) | Self::Said(_) | Self::Time(_) => {}
        }
    }

    /// Whether it only holds where a part holds that is of that kind, whatever else holds.
    #[must_use]
    pub fn rests_on(&self, is_of_kind: &dyn Fn(&Self) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().any(|part| part.rests_on(is_of_kind)),
            Self::Any(parts) => !parts.is_empty() && parts.iter().all(|part| part.rests_on(is_of_kind)),
            Self::Not(_) => false,
            word => is_of_kind(word),
        }
    }

    /// Whether it asks for failed jobs, other than that something is not so.
    #[must_use]
    pub fn asks_for_failed_jobs(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_failed_jobs),
            Self::Jobs(test) => test.word == JobsWord::FailedJobs,
            Self::Not(_)
            | Self::Test(_)
            | Self::Job(_)
            | Self::Own(_)
            | Self::Pull(_)
            | Self::Said(_)
            | Self::Time(_) => false,
        }
    }

    /// The failed jobs that it singles out: those that fulfil a `some` of the parts that hold; where none has a
    /// `some`, all that those parts are about.
    #[must_use]
    pub fn singled_out(&self, facts: &Facts, now: Timestamp) -> BTreeSet<JobId> {
        let mut tests = Vec::new();
        self.add_holding(facts, now, &mut tests);
        let narrows = tests.iter().any(|test| test.some.is_some());
        let jobs = facts.details.jobs.known().map(Vec::as_slice).unwrap_or_default();
        let telling = tests.iter().filter(|test| test.some.is_some() || !narrows);
        telling.flat_map(|test| test.matching(jobs)).map(|job| job.id).collect()
    }

    fn add_holding<'a>(&'a self, facts: &Facts, now: Timestamp, tests: &mut Vec<&'a JobsTest>) {
        match self {
            Self::All(parts) => parts.iter().for_each(|part| part.add_holding(facts, now, tests)),
            Self::Any(parts) => parts
                .iter()
                .filter(|part| part.evaluate(facts, now).satisfied == Truth::Yes)
                .for_each(|part| part.add_holding(facts, now, tests)),
            Self::Jobs(test) if test.word == JobsWord::FailedJobs => tests.push(test),
            Self::Jobs(_)
            | Self::Not(_)
            | Self::Test(_)
            | Self::Job(_)
            | Self::Own(_)
            | Self::Pull(_)
            | Self::Said(_)
            | Self::Time(_) => {}
        }
    }

    /// What it asks of runs under way and of earlier acts, wherever that stands.
    #[must_use]
    pub fn own_tests(&self) -> Vec<&OwnTest> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::own_tests).collect(),
            Self::Not(part) => part.own_tests(),
            Self::Own(test) => vec![test],
            Self::Test(_) | Self::Jobs(_) | Self::Job(_) | Self::Pull(_) | Self::Said(_) | Self::Time(_) => {
                Vec::new()
            }
        }
    }

    /// Whether it asks anything of the job that a webhook is about.
    #[must_use]
    pub fn names_a_job(&self) -> bool {
        self.has_part(&|part| matches!(part, Self::Job(_)))
    }

    /// Whether it fails for the run of the facts at any time, and for any job that they may be about.
    #[must_use]
    pub fn fails_for_the_run(&self, facts: &Facts, now: Timestamp) -> bool {
        match self {
            Self::All(parts) => parts.iter().any(|part| part.fails_for_the_run(facts, now)),
            Self::Any(parts) => parts.iter().all(|part| part.fails_for_the_run(facts, now)),
            part => {
                let is_of_a_moment = |part: &Self| matches!(part, Self::Job(_) | Self::Time(_));
                !part.has_part(&is_of_a_moment) && part.evaluate(facts, now).satisfied == Truth::No
            }
        }
    }

    fn has_part(&self, is_of_kind: &dyn Fn(&Self) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.has_part(is_of_kind)),
            Self::Not(part) => part.has_part(is_of_kind),
            word => is_of_kind(word),
        }
    }

    /// Collects the patterns that logs have to be searched for, each by its text.
    pub(super) fn log_patterns<'a>(&'a self, patterns: &mut BTreeMap<&'a str, &'a Pattern>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.log_patterns(patterns)),
            Self::Not(part) => part.log_patterns(patterns),
            Self::Test(_) | Self::Time(_) | Self::Own(_) | Self::Pull(_) | Self::Said(_) => {}
            Self::Jobs(test) => test.log_patterns(patterns),
            Self::Job(asked) => asked.log_patterns(patterns),
        }
    }

    /// The expectations that must hold for that word, whatever else holds.
    #[must_use]
    pub fn required(&self, word: Word) -> Vec<&Expectation> {
        let mut found = Vec::new();
        self.visit(true, &mut |test, required| {
            if required && test.word == word {
                found.push(&test.expectation);
            }
        });
        found
    }
}

/// All of the parts.
fn all(parts: Vec<ConditionResult>) -> ConditionResult {
    let satisfied = first_of(&parts, [Truth::No, Truth::Unknown]).unwrap_or(Truth::Yes);
    node("all", satisfied, parts)
}

/// At least one of the parts.
fn any(parts: Vec<ConditionResult>) -> ConditionResult {
    let satisfied = first_of(&parts, [Truth::Yes, Truth::Unknown]).unwrap_or(Truth::No);
    node("any", satisfied, parts)
}

/// Not the part.
fn not(part: ConditionResult) -> ConditionResult {
    node("not", !part.satisfied, vec![part])
}

fn first_of<const N: usize>(parts: &[ConditionResult], wanted: [Truth; N]) -> Option<Truth> {
    wanted.into_iter().find(|truth| parts.iter().any(|part| part.satisfied == *truth))
}

fn node(
    word: impl Into<Cow<'static, str>>,
    satisfied: Truth,
    parts: Vec<ConditionResult>,
) -> ConditionResult {
    let (expected, observed) = (String::new(), String::new());
    ConditionResult { word: word.into(), expected, observed, satisfied, parts }
}

fn leaf(
    word: impl Into<Cow<'static, str>>,
    expected: impl ToString,
    observed: impl Into<String>,
    satisfied: Truth,
) -> ConditionResult {
    ConditionResult {
        word: word.into(),
        expected: expected.to_string(),
        observed: observed.into(),
        satisfied,
        parts: Vec::new(),
    }
}
