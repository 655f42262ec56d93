//! Bounds on numbers and durations; a range that holds nothing is refused.

use std::time::Duration;

use super::{
    fields::Fields,
    report::{At, Report},
    tree::Kind,
    values, vocabulary,
};
use crate::rules::{Range, Word};

/// A number, or bounds for one, that is never below `floor`.
pub(super) fn numbers(report: &mut Report<'_>, word: &str, floor: u64, at: &At<'_>) -> Option<Range<u64>> {
    let range = match at.node.kind {
        Kind::Map(_) => {
            let fields = Fields::open(report, at, vocabulary::BOUNDS)?;
            return numbers_of(report, word, floor, at, &fields);
        }
        Kind::List(_) => {
            let remedy = "write bounds: `{ at_least: 2, at_most: 4 }`";
            report.error(at, format!("`{word}` takes a number or bounds, not a list"), remedy);
            return None;
        }
        _ => Range { is: Some(values::whole(report, at)?), ..Range::default() },
    };
    not_empty(report, word, floor, at, range)
}

/// The same for a word that a label of the pull request may bound too.
pub(super) fn counts(report: &mut Report<'_>, word: Word, floor: u64, at: &At<'_>) -> Option<Range<u64>> {
    let labelled = vocabulary::labelled(word);
    if labelled.is_empty() || !matches!(at.node.kind, Kind::Map(_)) {
        return numbers(report, word.as_str(), floor, at);
    }
    let names: Vec<&str> = vocabulary::BOUNDS.iter().chain(labelled).map(|key| key.name).collect();
    let fields = Fields::open_named(report, at, &names)?;
    numbers_of(report, word.as_str(), floor, at, &fields)
}

/// The value of a key of a map.
pub(super) fn entry<'a>(at: &At<'a>, name: &str) -> Option<At<'a>> {
    let Kind::Map(map) = &at.node.kind else { return None };
    let (_, value) = map.iter().find(|(key, _)| matches!(&key.kind, Kind::Text(text) if text == name))?;
    Some(at.key(name, value))
}

/// The bounds for a number among the keys of a map.
pub(super) fn numbers_of(
    report: &mut Report<'_>,
    word: &str,
    floor: u64,
    at: &At<'_>,
    fields: &Fields<'_>,
) -> Option<Range<u64>> {
    let range = bounds_of(report, word, at, fields, values::whole)?;
    not_empty(report, word, floor, at, range)
}

fn not_empty(
    report: &mut Report<'_>,
    word: &str,
    floor: u64,
    at: &At<'_>,
    range: Range<u64>,
) -> Option<Range<u64>> {
    let least = range
        .at_least
        .max(range.above.and_then(|bound| bound.checked_add(1)))
        .max(range.is)
        .unwrap_or(floor)
        .max(floor);
    let below = range.below.map(|bound| bound.saturating_sub(1));
    let most = [range.at_most, below, range.is].into_iter().flatten().min().unwrap_or(u64::MAX);
    let impossible = range.above == Some(u64::MAX) || range.below == Some(0);
    refuse_empty(report, word, at, least > most || impossible)?;
    Some(range)
}

/// Bounds for a duration.
pub(super) fn durations(report: &mut Report<'_>, word: &str, at: &At<'_>) -> Option<Range<Duration>> {
    if !matches!(at.node.kind, Kind::Map(_)) {
        values::duration(report, at)?;
        let spelling = report.spelling(at.node.mark).unwrap_or_else(|| "30d".to_owned());
        let remedy = format!("did you mean `{{ above: {spelling} }}`?");
        report.error(at, format!("no `{word}` is ever exactly that"), remedy);
        return None;
    }
    let range = bounds(report, word, at, values::duration)?;
    let least = range.at_least.max(range.is);
    let most = [range.at_most, range.is].into_iter().flatten().min();
    let none_fits = |low: Option<Duration>, high: Option<Duration>, strict: bool| {
        low.zip(high).is_some_and(|(low, high)| low > high || (strict && low == high))
    };
    let empty = none_fits(least, most, false)
        || none_fits(least, range.below, true)
        || none_fits(range.above, most, true)
        || none_fits(range.above, range.below, true)
        || range.below.is_some_and(|bound| bound.is_zero());
    refuse_empty(report, word, at, empty)?;
    Some(range)
}

/// A share, or bounds for one.
pub(super) fn shares(report: &mut Report<'_>, word: &str, at: &At<'_>) -> Option<Range<f64>> {
    let range = match at.node.kind {
        Kind::Map(_) => bounds(report, word, at, values::share)?,
        _ => Range { is: Some(values::share(report, at)?), ..Range::default() },
    };
    let highest = [range.at_least, range.above, range.is].into_iter().flatten().fold(0.0, f64::max);
    let lowest = [range.at_most, range.below, range.is].into_iter().flatten().fold(1.0, f64::min);
    refuse_empty(report, word, at, highest > lowest || range.below == Some(0.0) || range.above == Some(1.0))?;
    Some(range)
}

fn refuse_empty(report: &mut Report<'_>, word: &str, at: &At<'_>, empty: bool) -> Option<()> {
    if empty {
        report.error(
            at,
            format!("no `{word}` lies within these bounds"),
            "widen them; all of them must hold",
        );
        return None;
    }
    Some(())
}

fn bounds<T: Copy>(
    report: &mut Report<'_>,
    word: &str,
    at: &At<'_>,
    read: fn(&mut Report<'_>, &At<'_>) -> Option<T>,
) -> Option<Range<T>> {
    let fields = Fields::open(report, at, vocabulary::BOUNDS)?;
    bounds_of(report, word, at, &fields, read)
}

fn bounds_of<T: Copy>(
    report: &mut Report<'_>,
    word: &str,
    at: &At<'_>,
    fields: &Fields<'_>,
    read: fn(&mut Report<'_>, &At<'_>) -> Option<T>,
) -> Option<Range<T>> {
    let names = ["is", "below", "at_most", "above", "at_least"];
    if fields.is_known && !names.iter().any(|name| fields.get(name).is_some()) {
        report.error(
            at,
            format!("`{word}` without a bound"),
            "write one of is, below, at_most, above, at_least",
        );
        return None;
    }
    let mut ok = true;
    let mut bound = |name: &str| {
        let value = fields.get(name).map(|at| read(report, &at));
        ok &= !matches!(value, Some(None));
        value.flatten()
    };
    let range = Range {
        is: bound("is"),
        below: bound("below"),
        at_most: bound("at_most"),
        above: bound("above"),
        at_least: bound("at_least"),
    };
    // A map of nothing but unknown keys has been reported; it must not become "anything".
    let some =
        [range.is, range.below, range.at_most, range.above, range.at_least].iter().any(Option::is_some);
    (ok && some).then_some(range)
}
