//! `time`: days, hours and a zone.

use super::{
    fields::Fields,
    report::{At, Report},
    suggest,
    tree::{Kind, clip},
    trigger, values, vocabulary,
};
use crate::rules::{DAYS, Window};

const MINUTES: u16 = 24 * 60;

/// The map under `time`.
pub(super) fn window(report: &mut Report<'_>, at: &At<'_>) -> Option<Window> {
    let fields = Fields::open(report, at, vocabulary::TIME)?;
    let days = match fields.get("days") {
        None => Some([true; 7]),
        Some(at) => days(report, &at),
    };
    let hours = match fields.get("hours") {
        None => Some(None),
        Some(at) => hours(report, &at).map(Some),
    };
    let zone = match fields.get("zone") {
        None => Some(trigger::DEFAULT_ZONE.to_owned()),
        Some(at) => trigger::zone(report, &at).map(ToOwned::to_owned),
    };
    let except = match fields.get("except") {
        None => Some(Vec::new()),
        Some(at) => dates(report, &at),
    };
    let window = Window { days: days?, hours: hours?, zone: zone?, except: except? };
    if window.days == [true; 7] && window.hours.is_none() && window.except.is_empty() {
        report.error(at, "`time` without days, hours or exceptions is always", "say when, or leave it out");
        return None;
    }
    Some(window)
}

/// `Mon-Fri`, `Sat`, or a list of such.
fn days(report: &mut Report<'_>, at: &At<'_>) -> Option<[bool; 7]> {
    let items = values::one_or_more(report, at, "days")?;
    let mut found = [false; 7];
    let mut whole = true;
    for item in &items {
        match values::text(report, item).map(span_of_days) {
            Some(Ok(days)) => days.into_iter().for_each(|day| {
                if let Some(on) = found.get_mut(day) {
                    *on = true;
                }
            }),
            Some(Err(unknown)) => {
                report.error(item, format!("`{}` is not a day", clip(unknown)), instead_of(unknown));
                whole = false;
            }
            None => whole = false,
        }
    }
    whole.then_some(found)
}

/// `Friday` was meant as `Fri`.
fn instead_of(unknown: &str) -> String {
    let begins = |day: &&&str| unknown.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(day));
    match DAYS.iter().find(begins) {
        Some(day) => format!("did you mean `{day}`?"),
        None => suggest::one_of(&DAYS),
    }
}

/// The days from one to the other, both included, over the week's end if need be; or what is not a day.
fn span_of_days(text: &str) -> Result<Vec<usize>, &str> {
    let day = |name: &'_ str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (from.trim(), to.trim());
    let first = day(from).ok_or(from)?;
    let last = day(to).ok_or(to)?;
    let length = (last + 7 - first) % 7;
    Ok((0..=length).map(|step| (first + step) % 7).collect())
}

/// `08:00-18:00`.
fn hours(report: &mut Report<'_>, at: &At<'_>) -> Option<(u16, u16)> {
    const REMEDY: &str = "write them like `\"08:00-18:00\"`, or `\"22:00-06:00\"` for a night";
    let text = values::text(report, at)?;
    let parsed = text.split_once('-').and_then(|(from, to)| minute(from.trim()).zip(minute(to.trim())));
    match parsed {
        Some((from, to)) if from < MINUTES && from != to => Some((from, to)),
        _ => {
            report.error(at, format!("`{}` is not a span of hours", clip(text)), REMEDY);
            None
        }
    }
}

/// `08:00` as minutes since midnight; `24:00` is the day's end.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| (text.len() == 2).then(|| text.parse::<u16>().ok()).flatten();
    let (hour, minute) = (number(hour)?, number(minute)?);
    (minute < 60 && hour * 60 + minute <= MINUTES).then_some(hour * 60 + minute)
}

fn dates(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<String>> {
    let items = values::one_or_more(report, at, "dates")?;
    let found: Vec<_> = items.iter().map(|item| date(report, item)).collect();
    found.into_iter().collect()
}

fn date(report: &mut Report<'_>, at: &At<'_>) -> Option<String> {
    let text = match &at.node.kind {
        Kind::Text(text) => text.as_str(),
        other => {
            report.error(
                at,
                format!("expected a date, found {}", other.describe()),
                "write `\"2026-12-24\"`",
            );
            return None;
        }
    };
    match text.parse::<jiff::civil::Date>() {
        Ok(date) => Some(date.to_string()),
        Err(_) => {
            report.error(at, format!("`{}` is not a date", clip(text)), "write it like `\"2026-12-24\"`");
            None
        }
    }
}
