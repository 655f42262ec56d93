//! `running` and `acted`: how many runs are under way, and what has been done already.

use super::{
    fields::Fields,
    pattern::patterns_of,
    range,
    report::{At, Report},
    values, vocabulary,
};
use crate::{
    model::RuleName,
    rules::{ActedTest, Pattern, PatternError, Range, RunningTest, SameAs},
};

fn exact(text: &str) -> Result<Pattern, PatternError> {
    Pattern::compile(text, false)
}

/// The map under `running`.
pub(super) fn running(report: &mut Report<'_>, at: &At<'_>) -> Option<RunningTest> {
    let fields = Fields::open(report, at, vocabulary::RUNNING)?;
    let same = match fields.get("same") {
        None => Some(Vec::new()),
        Some(at) => same(report, &at),
    };
    let base = match fields.get("base") {
        None => Some(Vec::new()),
        Some(at) => patterns_of(report, "base", &exact, &at, &|_, _| None),
    };
    let count = range::numbers_of(report, "running", 0, at, &fields);
    let (same, base) = (same?, base?);
    if !base.is_empty() && !same.contains(&SameAs::Workflow) {
        let message =
            "`base` without `same: [workflow]`: the pull requests of all runs would have to be asked for";
        report.error(at, message, "add `same: [workflow]`");
        return None;
    }
    Some(RunningTest { same, base, count: count? })
}

fn same(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<SameAs>> {
    let items = values::one_or_more(report, at, "words")?;
    let found: Vec<_> = items.iter().map(|item| values::word(report, item, &SameAs::WORDS)).collect();
    let found = found.into_iter().collect::<Option<Vec<_>>>()?;
    if found.contains(&SameAs::Base) && !found.contains(&SameAs::Workflow) {
        let message = "`base` without `workflow`: the pull requests of all runs would have to be asked for";
        report.error(at, message, "write `same: [workflow, base]`");
        return None;
    }
    Some(found)
}

/// The map under `acted`.
pub(super) fn acted(report: &mut Report<'_>, at: &At<'_>) -> Option<ActedTest> {
    let fields = Fields::open(report, at, vocabulary::ACTED)?;
    let rule = fields.require(report, "rule", "say whose acts count, like `rule: rerun-failed-jobs`");
    let rule = rule.and_then(|at| {
        let text = values::text(report, &at)?;
        RuleName::parse(text)
            .map_err(|error| report.error(&at, error.to_string(), "write a rule's name"))
            .ok()
    });
    let within = match fields.get("within") {
        None => Some(None),
        Some(at) => values::duration(report, &at).map(Some),
    };
    let times = match fields.get("times") {
        None => Some(Range { at_least: Some(1), ..Range::default() }),
        Some(at) => range::numbers(report, "times", 0, &at),
    };
    Some(ActedTest { rule: rule?, within: within?, times: times? })
}
