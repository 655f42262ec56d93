//! `limits`: a rule's own, and the file's ceilings.

use std::time::Duration;

use super::{
    fields::Fields,
    report::{At, Report},
    tree::{Kind, clip},
    values, vocabulary,
};
use crate::{
    model::Rate,
    rules::{Ceilings, Limits},
};

/// The longest time that a ceiling may be counted over.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Units that need no number.
const UNITS: [(&str, u64); 4] = [("minute", 60), ("hour", 3_600), ("day", 86_400), ("week", 604_800)];

/// A rule's limits, and where `per_pass` stands.
pub(super) fn limits<'a>(report: &mut Report<'_>, at: &At<'a>) -> (Option<Limits>, Option<At<'a>>) {
    let Some(fields) = Fields::open(report, at, vocabulary::LIMITS) else {
        return (None, None);
    };
    let per_run = optional(report, &fields, "per_run", count);
    let per_pass = optional(report, &fields, "per_pass", count);
    let per_repository = optional(report, &fields, "per_repository", rate);
    let running = optional(report, &fields, "running", count);
    let limits = || {
        Some(Limits {
            per_run: per_run?,
            per_pass: per_pass?,
            per_repository: per_repository?,
            running: running?,
        })
    };
    (limits(), fields.key("per_pass"))
}

/// The file's ceilings.
pub(super) fn ceilings(report: &mut Report<'_>, at: &At<'_>) -> Option<Ceilings> {
    let fields = Fields::open(report, at, vocabulary::CEILINGS)?;
    let reruns_per_run = optional(report, &fields, "reruns_per_run", count);
    let actions_per_repository = optional(report, &fields, "actions_per_repository", rate);
    let actions_total = optional(report, &fields, "actions_total", rate);
    let failed_jobs = optional(report, &fields, "failed_jobs", count);
    let runner_minutes = optional(report, &fields, "runner_minutes", rate);
    Some(Ceilings {
        reruns_per_run: reruns_per_run?,
        actions_per_repository: actions_per_repository?,
        actions_total: actions_total?,
        failed_jobs: failed_jobs?,
        runner_minutes: runner_minutes?,
    })
}

/// The value of a key that may be left out; `None` when it is wrong.
fn optional<T>(
    report: &mut Report<'_>,
    fields: &Fields<'_>,
    name: &str,
    read: fn(&mut Report<'_>, &At<'_>) -> Option<T>,
) -> Option<Option<T>> {
    match fields.get(name) {
        None if fields.is_misspelled(name) => None,
        None => Some(None),
        Some(at) => read(report, &at).map(Some),
    }
}

fn count(report: &mut Report<'_>, at: &At<'_>) -> Option<u32> {
    values::count(report, at, 1)
}

/// `30/day`, `5/hour`, `10/6h`.
fn rate(report: &mut Report<'_>, at: &At<'_>) -> Option<Rate> {
    const REMEDY: &str = "write how many in what time, like `30/day`, `5/hour` or `10/6h`";
    let text = match &at.node.kind {
        Kind::Text(text) => text,
        Kind::Int(number) if *number > 0 => {
            report.error(at, format!("{number} in what time?"), format!("did you mean `{number}/day`?"));
            return None;
        }
        _ => {
            report.error(
                at,
                format!("expected so many in some time, found {}", values::found(report, at)),
                REMEDY,
            );
            return None;
        }
    };
    let parts = text.split_once('/').map(|(most, within)| (most.trim(), within.trim()));
    let read = parts.and_then(|(most, within)| Some((most.parse::<u32>().ok()?, time(within)?)));
    match read {
        Some((0, _)) => {
            report.error(
                at,
                "0 is too small",
                "write 1 or more, or `mode: observe` for a rule that must not act",
            );
            None
        }
        Some((_, within)) if within < Duration::from_secs(1) || within > LONGEST => {
            report.error(
                at,
                format!("`{}` counts over no sensible time", clip(text)),
                "write a second to a year",
            );
            None
        }
        Some((most, within)) => Some(Rate { most, within }),
        None => {
            report.error(at, format!("`{}` is not so many in some time", clip(text)), REMEDY);
            None
        }
    }
}

fn time(text: &str) -> Option<Duration> {
    let unit = UNITS.iter().find(|(unit, _)| *unit == text).map(|(_, seconds)| Duration::from_secs(*seconds));
    unit.or_else(|| humantime::parse_duration(text).ok())
}
