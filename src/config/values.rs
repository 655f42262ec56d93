//! Scalars: text, flags, numbers, durations and words, each with the problem that a wrong one gets.

use std::time::Duration;

use super::{
    report::{At, Report},
    suggest,
    tree::{Kind, clip},
};

/// A text with something in it.
pub(super) fn text<'a>(report: &mut Report<'_>, at: &At<'a>) -> Option<&'a str> {
    let remedy = match &at.node.kind {
        Kind::Text(text) if !text.trim().is_empty() => return Some(text),
        Kind::Text(_) => {
            report.error(at, "expected a text, found an empty one", "write something, or leave the key out");
            return None;
        }
        Kind::Int(_) | Kind::Float(_) | Kind::Bool(_) => {
            let spelling = report.spelling(at.node.mark).unwrap_or_default();
            format!("quote it: \"{spelling}\"")
        }
        Kind::Null => "write a value, or leave the key out".to_owned(),
        Kind::List(_) | Kind::Map(_) => "write one text".to_owned(),
    };
    report.error(at, format!("expected a text, found {}", found(report, at)), remedy);
    None
}

/// `true` or `false`.
pub(super) fn flag(report: &mut Report<'_>, at: &At<'_>) -> Option<bool> {
    if let Kind::Bool(flag) = at.node.kind {
        return Some(flag);
    }
    report.error(
        at,
        format!("expected true or false, found {}", found(report, at)),
        "write `true` or `false`",
    );
    None
}

/// A whole number from `least` on.
pub(super) fn count(report: &mut Report<'_>, at: &At<'_>, least: u32) -> Option<u32> {
    let number = whole(report, at)?;
    match u32::try_from(number) {
        Ok(number) if number >= least => Some(number),
        Ok(_) => {
            report.error(at, format!("{number} is too small"), format!("write {least} or more"));
            None
        }
        Err(_) => {
            report.error(at, format!("{number} is too large"), "leave the key out if there is no bound");
            None
        }
    }
}

/// A whole number.
pub(super) fn whole(report: &mut Report<'_>, at: &At<'_>) -> Option<u64> {
    let remedy = match &at.node.kind {
        Kind::Int(number) => match u64::try_from(*number) {
            Ok(number) => return Some(number),
            Err(_) => "write a number from 0 on",
        },
        Kind::Text(text) if text.parse::<u64>().is_ok() => "write it without quotes",
        _ => "write a whole number, like `3`",
    };
    report.error(at, format!("expected a whole number, found {}", found(report, at)), remedy);
    None
}

/// A factor from 1 on.
pub(super) fn factor(report: &mut Report<'_>, at: &At<'_>) -> Option<f64> {
    let number = match at.node.kind {
        Kind::Int(number) => u32::try_from(number).ok().map(f64::from),
        Kind::Float(number) => Some(number),
        _ => None,
    };
    match number {
        Some(number) if number.is_finite() && number >= 1.0 => Some(number),
        _ => {
            let message = format!("expected a number from 1 on, found {}", found(report, at));
            report.error(at, message, "1 leaves the delay as it is, 2 doubles it with every attempt");
            None
        }
    }
}

/// A share: `0.5` or `"50%"`.
pub(super) fn share(report: &mut Report<'_>, at: &At<'_>) -> Option<f64> {
    let share = match &at.node.kind {
        Kind::Int(number) => u32::try_from(*number).ok().map(f64::from),
        Kind::Float(number) => Some(*number),
        Kind::Text(text) => {
            text.strip_suffix('%').and_then(|percent| percent.trim().parse::<f64>().ok()).map(|it| it / 100.0)
        }
        _ => None,
    };
    match share {
        Some(share) if (0.0..=1.0).contains(&share) => Some(share),
        _ => {
            let message = format!("expected a share, found {}", found(report, at));
            report.error(at, message, "write a number from 0 to 1, or `\"50%\"`");
            None
        }
    }
}

/// `90s`, `15m`, `6h`, `30d`, `1h 30m`.
pub(super) fn duration(report: &mut Report<'_>, at: &At<'_>) -> Option<Duration> {
    const UNITS: &str = "durations are written like `90s`, `15m`, `6h`, `30d` or `1h 30m`";
    let bare = match &at.node.kind {
        Kind::Text(text) => match humantime::parse_duration(text) {
            Ok(duration) => return Some(duration),
            Err(_) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => Some(text.clone()),
            Err(error) => {
                report.error(at, format!("`{}` is not a duration: {}", clip(text), short(&error)), UNITS);
                return None;
            }
        },
        Kind::Int(number) if *number >= 0 => Some(number.to_string()),
        _ => None,
    };
    match bare {
        Some(number) => {
            report.error(
                at,
                format!("{number} is a duration without a unit"),
                format!("did you mean `{number}s`? {UNITS}"),
            );
        }
        None => report.error(at, format!("expected a duration, found {}", found(report, at)), UNITS),
    }
    None
}

fn short(error: &humantime::DurationError) -> String {
    match error {
        humantime::DurationError::UnknownUnit { unit, .. } => format!("unknown unit `{}`", clip(unit)),
        humantime::DurationError::NumberOverflow => "the number is too large or too fine".to_owned(),
        other => other.to_string(),
    }
}

/// One of the words.
pub(super) fn word<T: Copy>(report: &mut Report<'_>, at: &At<'_>, words: &[(&str, T)]) -> Option<T> {
    let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
    let Kind::Text(text) = &at.node.kind else {
        report.error(at, format!("expected a word, found {}", found(report, at)), suggest::one_of(&names));
        return None;
    };
    let known = words.iter().find(|(name, _)| name == text).map(|(_, value)| *value);
    if known.is_none() {
        report.error(at, format!("unknown word `{}`", clip(text)), suggest::instead(text, &names));
    }
    known
}

/// The items of a list that must have some.
pub(super) fn list<'a>(report: &mut Report<'_>, at: &At<'a>, of_what: &str) -> Option<Vec<At<'a>>> {
    match &at.node.kind {
        Kind::List(items) if !items.is_empty() => Some(items_of(at)),
        other => {
            let message = format!("expected a list of {of_what}, found {}", other.describe());
            report.error(at, message, "write one item a line, each behind a `-`");
            None
        }
    }
}

/// The items of a list, or the one value that stands for a list of one.
pub(super) fn one_or_more<'a>(report: &mut Report<'_>, at: &At<'a>, of_what: &str) -> Option<Vec<At<'a>>> {
    match &at.node.kind {
        Kind::List(_) => list(report, at, of_what),
        _ => Some(vec![at.clone()]),
    }
}

/// The items of a list; none for anything else.
pub(super) fn items_of<'a>(at: &At<'a>) -> Vec<At<'a>> {
    match &at.node.kind {
        Kind::List(items) => items.iter().enumerate().map(|(index, item)| at.item(index, item)).collect(),
        _ => Vec::new(),
    }
}

/// The value seen, as it is spelled in the file where it is a number.
pub(super) fn found(report: &Report<'_>, at: &At<'_>) -> String {
    match (&at.node.kind, report.spelling(at.node.mark)) {
        (Kind::Int(_) | Kind::Float(_), Some(spelling)) => format!("the number {spelling}"),
        (kind, _) => kind.describe(),
    }
}
