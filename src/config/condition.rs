//! `when`: conditions, decoded in the file's order.

use super::{
    fields::{text_keys, unknown_key},
    pattern::patterns,
    report::{At, Report},
    tree::Kind,
    values,
    vocabulary::NESTING,
};
use crate::rules::{Condition, Expectation, Test, Word};

/// A map of conditions; an empty one only where `may_be_empty`.
pub(super) fn condition(report: &mut Report<'_>, at: &At<'_>, may_be_empty: bool) -> Option<Condition> {
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
    let parts: Vec<Option<Condition>> = text_keys(report, at)
        .into_iter()
        .map(|(name, key, value)| part(report, name, &at.key(name, key), &at.key(name, value)))
        .collect();
    parts.into_iter().collect::<Option<Vec<_>>>().map(Condition::All)
}

fn part(report: &mut Report<'_>, name: &str, key: &At<'_>, value: &At<'_>) -> Option<Condition> {
    if let Some(word) = Word::ALL.into_iter().find(|word| word.as_str() == name) {
        return expectation(report, word, value)
            .map(|expectation| Condition::Test(Test { word, expectation }));
    }
    match name {
        "any" => alternatives(report, value).map(Condition::Any),
        "all" => alternatives(report, value).map(Condition::All),
        "not" => condition(report, value, false).map(|condition| Condition::Not(Box::new(condition))),
        _ => {
            let words = Word::ALL.iter().map(|word| word.as_str());
            let expected: Vec<&str> = words.chain(NESTING.iter().map(|key| key.name)).collect();
            unknown_key(report, key, name, &expected);
            None
        }
    }
}

fn alternatives(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<Condition>> {
    let items = values::list(report, at, "maps of conditions")?;
    let parts: Vec<_> = items.iter().map(|item| condition(report, item, false)).collect();
    parts.into_iter().collect()
}

fn expectation(report: &mut Report<'_>, word: Word, at: &At<'_>) -> Option<Expectation> {
    if let Some(ignore_case) = word.text_ignores_case() {
        return patterns(report, word, ignore_case, at).map(Expectation::Matches);
    }
    if word.takes_number() {
        return super::range::numbers(report, word, at).map(Expectation::Number);
    }
    if word.takes_duration() {
        return super::range::durations(report, word, at).map(Expectation::Duration);
    }
    values::flag(report, at).map(Expectation::Is)
}
