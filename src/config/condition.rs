//! `when`: conditions, decoded in the file's order.

use super::{
    fields::{text_keys, unknown_key},
    jobs::{jobs, one_job},
    own,
    pattern::{self, patterns},
    pull, range,
    report::{At, Report},
    said,
    tree::{Kind, clip},
    values,
    vocabulary::NESTING,
    window::window,
};
use crate::rules::{
    Condition, Expectation, JobCondition, JobWord, JobsWord, Kind as RuleKind, LabelBound, OwnTest, PullTest,
    SaidWord, Test, Word,
};

/// A map of conditions on a run; an empty one only where `may_be_empty`.
pub(super) fn condition(report: &mut Report<'_>, at: &At<'_>, may_be_empty: bool) -> Option<Condition> {
    nested(report, at, may_be_empty, &mut part)
}

/// Conditions that nest: on a run, or on one of its jobs.
pub(super) trait Nesting: Sized {
    /// All of them.
    fn all(parts: Vec<Self>) -> Self;
    /// At least one of them.
    fn any(parts: Vec<Self>) -> Self;
    /// Not it.
    fn not(part: Self) -> Self;
    /// The words of such a map.
    fn words() -> Vec<&'static str>;
}

impl Nesting for Condition {
    fn all(parts: Vec<Self>) -> Self {
        Self::All(parts)
    }

    fn any(parts: Vec<Self>) -> Self {
        Self::Any(parts)
    }

    fn not(part: Self) -> Self {
        Self::Not(Box::new(part))
    }

    fn words() -> Vec<&'static str> {
        let maps = JobsWord::ALL.iter().map(|word| word.as_str()).chain([
            "job",
            "pull_request",
            "review",
            "comment",
            "running",
            "acted",
            "time",
        ]);
        Word::ALL.iter().map(|word| word.as_str()).chain(maps).collect()
    }
}

impl Nesting for JobCondition {
    fn all(parts: Vec<Self>) -> Self {
        Self::All(parts)
    }

    fn any(parts: Vec<Self>) -> Self {
        Self::Any(parts)
    }

    fn not(part: Self) -> Self {
        Self::Not(Box::new(part))
    }

    fn words() -> Vec<&'static str> {
        JobWord::ALL.iter().map(|word| word.as_str()).chain(["step", "log", "signature", "cause"]).collect()
    }
}

/// Reads the value of a word; `None` when the word is not one of its map.
type ReadPart<'r, T> = &'r mut dyn FnMut(&mut Report<'_>, &str, &At<'_>) -> Option<Option<T>>;

/// A map of conditions, with `any`, `all` and `not`.
pub(super) fn nested<T: Nesting>(
    report: &mut Report<'_>,
    at: &At<'_>,
    may_be_empty: bool,
    part: ReadPart<'_, T>,
) -> Option<T> {
    let is_empty = match &at.node.kind {
        Kind::Map(entries) => entries.is_empty(),
        Kind::Null => true,
        other => {
            let remedy = "write a map of conditions, like `{ branch: main, conclusion: failure }`";
            report.error(at, format!("expected a map of conditions, found {}", other.describe()), remedy);
            return None;
        }
    };
    if is_empty && !may_be_empty {
        report.error(at, "a map without a condition", "write a condition into it, or leave it out");
        return None;
    }
    let mut parts = Vec::new();
    for (name, key, value) in text_keys(report, at) {
        let value = at.key(name, value);
        parts.push(match name {
            "any" => alternatives(report, &value, part).map(T::any),
            "all" => alternatives(report, &value, part).map(T::all),
            "not" => nested(report, &value, false, part).map(T::not),
            _ => part(report, name, &value).unwrap_or_else(|| {
                let mut expected = T::words();
                expected.extend(NESTING.iter().map(|key| key.name));
                unknown_key(report, &at.key(name, key), name, &expected);
                None
            }),
        });
    }
    parts.into_iter().collect::<Option<Vec<T>>>().map(T::all)
}

/// The maps under `any` or `all`.
pub(super) fn alternatives<T: Nesting>(
    report: &mut Report<'_>,
    at: &At<'_>,
    part: ReadPart<'_, T>,
) -> Option<Vec<T>> {
    let items = values::list(report, at, "maps of conditions")?;
    let parts: Vec<_> = items.iter().map(|item| nested(report, item, false, part)).collect();
    parts.into_iter().collect()
}

fn part(report: &mut Report<'_>, name: &str, value: &At<'_>) -> Option<Option<Condition>> {
    if let Some(word) = Word::ALL.into_iter().find(|word| word.as_str() == name) {
        return Some(word_of_run(report, word, value));
    }
    if let Some(word) = JobsWord::ALL.into_iter().find(|word| word.as_str() == name) {
        return Some(jobs(report, word, value).map(|test| Condition::Jobs(Box::new(test))));
    }
    if name == "job" {
        return Some(one_job(report, value).map(|asked| Condition::Job(Box::new(asked))));
    }
    if let Some(word) = SaidWord::ALL.into_iter().find(|word| word.as_str() == name) {
        return Some(said::said(report, word, value).map(|test| Condition::Said(Box::new(test))));
    }
    match name {
        "pull_request" => Some(pull::pull(report, value).map(|test| Condition::Pull(Box::new(test)))),
        "running" => Some(own::running(report, value).map(|test| Condition::Own(OwnTest::Running(test)))),
        "acted" => Some(own::acted(report, value).map(|test| Condition::Own(OwnTest::Acted(test)))),
        _ => (name == "time").then(|| window(report, value).map(Condition::Time)),
    }
}

/// What is asked of a word, and what a label of the pull request bounds of it.
fn word_of_run(report: &mut Report<'_>, word: Word, at: &At<'_>) -> Option<Condition> {
    let expectation = expectation(report, word, at)?;
    let bound = label_bound(report, word, at, &expectation)?;
    let test = Condition::Test(Test { word, expectation });
    let Some(bound) = bound else {
        return Some(test);
    };
    let pull = PullTest { at_most_label: Some(bound), ..PullTest::default() };
    Some(Condition::All(vec![test, Condition::Pull(Box::new(pull))]))
}

/// `at_most_label`, if it is there; the outer `None` is one that was reported.
fn label_bound(
    report: &mut Report<'_>,
    word: Word,
    at: &At<'_>,
    asked: &Expectation,
) -> Option<Option<LabelBound>> {
    let (Expectation::Number(range), Some(label_at)) = (asked, range::entry(at, "at_most_label")) else {
        return Some(None);
    };
    let text = values::text(report, &label_at)?;
    let bound = LabelBound::parse(word, text);
    if bound.is_none() {
        let message = format!("`{}` does not say where the number stands", clip(text));
        report.error(&label_at, message, "write the label with one `*` for the number, like `retry/*`");
        return None;
    }
    if !range.is_bounded_above() {
        let message = "`at_most_label` without an upper bound: whoever may label could choose any number";
        report.error(&label_at, message, "add one, like `at_most: 20`");
        return None;
    }
    Some(bound)
}

fn expectation(report: &mut Report<'_>, word: Word, at: &At<'_>) -> Option<Expectation> {
    match word.kind() {
        RuleKind::Text { ignore_case } => patterns(report, word, ignore_case, at).map(Expectation::Matches),
        RuleKind::Lines => pattern::lines(report, word.as_str(), at).map(Expectation::Matches),
        RuleKind::Number => {
            // An attempt is numbered from 1.
            let floor = u64::from(word == Word::RunAttempt);
            range::counts(report, word, floor, at).map(Expectation::Number)
        }
        RuleKind::Duration => range::durations(report, word.as_str(), at).map(Expectation::Duration),
        RuleKind::Flag => values::flag(report, at).map(Expectation::Is),
    }
}
