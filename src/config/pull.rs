//! `pull_request`: what is asked of the pull request that a run belongs to.

use super::{
    fields::Fields,
    pattern::{self, patterns_of, unknown_value},
    range,
    report::{At, Report},
    values, vocabulary,
};
use crate::rules::{FilesTest, Pattern, PatternError, PullTest, Word};

/// What a pull request may be: <https://docs.github.com/en/rest/pulls/pulls>.
pub(super) const STATES: [&str; 2] = ["open", "closed"];

fn exact(text: &str) -> Result<Pattern, PatternError> {
    Pattern::compile(text, false)
}

/// The map under `pull_request`.
pub(super) fn pull(report: &mut Report<'_>, at: &At<'_>) -> Option<PullTest> {
    let fields = Fields::open(report, at, vocabulary::PULL)?;
    let texts = |report: &mut Report<'_>, name: &str| {
        let at = fields.get(name)?;
        Some(match name {
            "state" => patterns_of(report, name, &exact, &at, &|_, it| unknown_value(name, &STATES, it)),
            "author" => pattern::patterns(report, Word::Actor, true, &at),
            "base" => pattern::patterns(report, Word::Branch, false, &at),
            _ => patterns_of(report, name, &exact, &at, &|_, _| None),
        })
    };
    let [state, author, base, label, title] =
        ["state", "author", "base", "label", "title"].map(|name| texts(report, name));
    let [exists, draft, merged, head_is_current, changed_since] =
        ["exists", "draft", "merged", "head_is_current", "changed_since"]
            .map(|name| fields.get(name).map(|at| values::flag(report, &at)));
    let changed_files = fields.get("changed_files").map(|at| files(report, &at));
    let test = PullTest {
        changed_files: whole(changed_files)?,
        exists: whole(exists)?,
        state: whole(state)?,
        draft: whole(draft)?,
        merged: whole(merged)?,
        author: whole(author)?,
        base: whole(base)?,
        label: whole(label)?,
        title: whole(title)?,
        head_is_current: whole(head_is_current)?,
        changed_since: whole(changed_since)?,
        at_most_label: None,
    };
    if test == PullTest::default() {
        if fields.is_known {
            let remedy = "write one of its keys, like `pull_request: { state: open }` or `{ exists: true }`";
            report.error(at, "`pull_request` asks nothing of it", remedy);
        }
        return None;
    }
    if test.exists == Some(false) && test != (PullTest { exists: Some(false), ..PullTest::default() }) {
        let remedy = "ask for a pull request, or that there is none";
        report.error(at, "nothing can be asked of a pull request that does not exist", remedy);
        return None;
    }
    Some(test)
}

/// The map under `changed_files`.
fn files(report: &mut Report<'_>, at: &At<'_>) -> Option<FilesTest> {
    let fields = Fields::open(report, at, vocabulary::CHANGED_FILES)?;
    let count = fields.get("count").map(|at| range::numbers(report, "count", 0, &at));
    let [every, some, none] = ["every", "some", "none"].map(|name| {
        let at = fields.get(name)?;
        Some(patterns_of(report, name, &Pattern::compile_for_paths, &at, &|_, _| None))
    });
    let test =
        FilesTest { count: whole(count)?, every: whole(every)?, some: whole(some)?, none: whole(none)? };
    if test == FilesTest::default() {
        if fields.is_known {
            report.error(
                at,
                "`changed_files` asks nothing of them",
                "write `every: [\"**/*.md\"]`, `some`, `none` or `count`",
            );
        }
        return None;
    }
    Some(test)
}

/// A key's value, if the key is there; the outer `None` is a value that was reported.
fn whole<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    value.map_or(Some(None), |value| value.map(Some))
}
