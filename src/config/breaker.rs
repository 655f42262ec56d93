//! `breaker`: when re-runs are held because too much fails.

use std::time::Duration;

use super::{
    channels,
    fields::Fields,
    report::{At, Report},
    values, vocabulary,
};
use crate::model::{Breaker, BreakerScope, ChannelFormat, Failing, Notify};

const DEFAULT_OF_LAST: u32 = 20;
const MOST_OF_LAST: u32 = 500;
const DEFAULT_WITHIN: Duration = Duration::from_secs(6 * 3_600);
const DEFAULT_HOLD: Duration = Duration::from_secs(30 * 60);

/// Endings are looked for no further back, and re-runs held no longer at first.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// The breaker that the section describes.
pub(super) fn breaker(
    report: &mut Report<'_>,
    at: &At<'_>,
    channels: &[(String, ChannelFormat)],
) -> Option<Breaker> {
    let fields = Fields::open(report, at, vocabulary::BREAKER)?;
    let of_last = match fields.get("of_last") {
        None => Some(DEFAULT_OF_LAST),
        Some(at) => of_last(report, &at),
    };
    let failing = match fields.get("failing") {
        None => Some(None),
        Some(at) => share(report, &at).map(Some),
    };
    let rerun_failures = match fields.get("rerun_failures") {
        None => Some(None),
        Some(at) => values::count(report, &at, 1).map(Some),
    };
    let within = span(report, &fields, "within", DEFAULT_WITHIN);
    let hold = span(report, &fields, "hold", DEFAULT_HOLD);
    let per = match fields.get("per") {
        None => Some(vec![BreakerScope::Workflow]),
        Some(at) => per(report, &at),
    };
    let notify = match fields.get("notify") {
        None => Some(None),
        Some(at) => channels::named(report, &at, channels).map(|(name, format)| {
            let (to, format) = (name.clone(), *format);
            Some(Notify { to, format, text: String::new(), body: String::new() })
        }),
    };
    let (failing, rerun_failures, of_last, per) = (failing?, rerun_failures?, of_last?, per?);
    if failing.is_none() && rerun_failures.is_none() {
        if fields.is_known {
            let remedy = "say when, like `failing: \"50%\"` or `rerun_failures: 5`";
            report.error(at, "`breaker` never opens", remedy);
        }
        return None;
    }
    Some(Breaker {
        failing: failing.map(|share| Failing { failures: failures(share, of_last), of_last }),
        rerun_failures,
        within: within?,
        hold: hold?,
        per_workflow: per.contains(&BreakerScope::Workflow),
        per_runner_label: per.contains(&BreakerScope::RunnerLabel),
        notify: notify?,
    })
}

fn failures(share: f64, of_last: u32) -> u32 {
    let needed = (1..=of_last).find(|failures| f64::from(*failures) / f64::from(of_last) >= share);
    needed.unwrap_or(of_last)
}

fn of_last(report: &mut Report<'_>, at: &At<'_>) -> Option<u32> {
    match values::count(report, at, 1)? {
        most if most > MOST_OF_LAST => {
            let remedy = format!("write {MOST_OF_LAST} at most");
            report.error(at, format!("{most} runs are too many to look at"), remedy);
            None
        }
        of_last => Some(of_last),
    }
}

fn share(report: &mut Report<'_>, at: &At<'_>) -> Option<f64> {
    let share = values::share(report, at)?;
    if share <= 0.0 {
        report.error(at, "a breaker that opens when nothing fails", "write a share above 0, like `\"50%\"`");
        return None;
    }
    Some(share)
}

fn span(report: &mut Report<'_>, fields: &Fields<'_>, name: &str, default: Duration) -> Option<Duration> {
    let Some(at) = fields.get(name) else {
        return Some(default);
    };
    let span = values::duration(report, &at)?;
    if span < Duration::from_secs(1) || span > LONGEST {
        report.error(&at, format!("`{name}` is no sensible time"), "write a second to 30 days");
        return None;
    }
    Some(span)
}

fn per(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<BreakerScope>> {
    let items = values::one_or_more(report, at, "words")?;
    let found: Vec<_> = items.iter().map(|item| values::word(report, item, &BreakerScope::WORDS)).collect();
    found.into_iter().collect()
}
