//! `on`: what makes a rule look.

use super::{
    fields::Fields,
    report::{At, Report},
    suggest,
    tree::{Kind, clip},
    values, vocabulary,
};
use crate::{
    model::{Signal, Timestamp},
    rules::Trigger,
};

pub(super) const DEFAULT_ZONE: &str = "UTC";
const SCHEDULE_HELP: &str = "write `on: { schedule: \"30 2 * * *\", zone: UTC }`";

/// The triggers of a rule, each with its place.
pub(super) fn triggers<'a>(report: &mut Report<'_>, at: &At<'a>) -> Vec<(Trigger, At<'a>)> {
    let mut found: Vec<(Trigger, At)> = Vec::new();
    for item in values::one_or_more(report, at, "triggers").unwrap_or_default() {
        let Some(trigger) = trigger(report, &item) else {
            continue;
        };
        let is_schedule = |trigger: &Trigger| matches!(trigger, Trigger::Schedule { .. });
        if found.iter().any(|(known, _)| *known == trigger) {
            report.error(&item, "this trigger stands here for the second time", "leave it out");
        } else if is_schedule(&trigger) && found.iter().any(|(known, _)| is_schedule(known)) {
            report.error(&item, "a second schedule", "a rule has one schedule; write a second rule");
        } else {
            found.push((trigger, item));
        }
    }
    found
}

fn trigger(report: &mut Report<'_>, at: &At<'_>) -> Option<Trigger> {
    match &at.node.kind {
        Kind::Map(_) => schedule(report, at),
        Kind::Text(word) => match Signal::of_rules().find(|signal| signal.as_str() == word) {
            Some(signal) => Some(Trigger::Signal(signal)),
            None => {
                let (message, remedy) = unknown(word);
                report.error(at, message, remedy);
                None
            }
        },
        other => {
            report.error(
                at,
                format!("expected a trigger, found {}", other.describe()),
                suggest::one_of(&shown("")),
            );
            None
        }
    }
}

fn words() -> Vec<&'static str> {
    Signal::of_rules().map(Signal::as_str).collect()
}

/// The words for people: what happens to pull requests by its family, unless that is what is meant.
fn shown(word: &str) -> Vec<&'static str> {
    let of_pulls = word.starts_with(OF_PULLS);
    let is_shown = |signal: &Signal| matches!(signal, Signal::PullRequest(_)) == of_pulls;
    let family = (!of_pulls).then_some("pull_request.ACTIVITY");
    Signal::of_rules().filter(is_shown).map(Signal::as_str).chain(family).collect()
}

const OF_PULLS: &str = "pull_request.";

fn unknown(word: &str) -> (String, String) {
    match word {
        "schedule" => ("a schedule without its time".to_owned(), SCHEDULE_HELP.to_owned()),
        // It is what the command is called.
        "apply" => ("unknown trigger `apply`".to_owned(), "did you mean `command`?".to_owned()),
        word => {
            // `workflow_run`, the way GitHub's own workflows spell it, means its end.
            let meant = match word {
                "workflow_run" => Some(Signal::RunCompleted.as_str()),
                word => suggest::closest(word, words()),
            };
            let meant = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
            let remedy = format!("{meant}{}, or a schedule: {SCHEDULE_HELP}", suggest::one_of(&shown(word)));
            (format!("unknown trigger `{}`", clip(word)), remedy)
        }
    }
}

fn schedule(report: &mut Report<'_>, at: &At<'_>) -> Option<Trigger> {
    let fields = Fields::open(report, at, vocabulary::SCHEDULE)?;
    let zone_at = fields.get("zone");
    let zone = match &zone_at {
        None => Some(DEFAULT_ZONE),
        Some(at) => zone(report, at),
    };
    let cron_at = fields.require(report, "schedule", SCHEDULE_HELP)?;
    let cron = values::text(report, &cron_at)?;
    // A wrong zone must not hide what is wrong with the fields.
    check_cron(report, &cron_at, cron, zone.unwrap_or(DEFAULT_ZONE))?;
    Some(Trigger::Schedule { cron: cron.to_owned(), zone: zone?.to_owned() })
}

pub(super) fn zone<'a>(report: &mut Report<'_>, at: &At<'a>) -> Option<&'a str> {
    let name = values::text(report, at)?;
    zone_named(report, at, name)
}

/// An IANA zone by its proper name.
pub(super) fn zone_named<'a>(report: &mut Report<'_>, at: &At<'_>, name: &'a str) -> Option<&'a str> {
    // jiff takes zones in any case; the cron reader and people expect the proper one.
    let known = jiff::tz::db().available().find(|zone| zone.as_str().eq_ignore_ascii_case(name));
    let remedy = match known {
        Some(known) if known.as_str() == name => return Some(name),
        Some(known) => format!("did you mean `{known}`?"),
        None => {
            let zones: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
            match closest_zone(name, &zones) {
                Some(zone) => format!("did you mean `{zone}`?"),
                None => "write an IANA zone, like `UTC` or `Europe/Berlin`".to_owned(),
            }
        }
    };
    report.error(at, format!("unknown time zone `{}`", clip(name)), remedy);
    None
}

/// `Berlin` means `Europe/Berlin`.
fn closest_zone<'z>(name: &str, zones: &'z [String]) -> Option<&'z str> {
    let city = name.replace(' ', "_");
    let by_city = zones
        .iter()
        .find(|zone| zone.rsplit_once('/').is_some_and(|(_, last)| last.eq_ignore_ascii_case(&city)));
    by_city.map(String::as_str).or_else(|| suggest::closest(name, zones.iter().map(String::as_str)))
}

fn check_cron(report: &mut Report<'_>, at: &At<'_>, cron: &str, zone: &str) -> Option<()> {
    const HELP: &str =
        "minute, hour, day of month, month, day of week: `30 2 * * *` is every night at half past two";
    let fields = cron.split_whitespace().count();
    if fields != 5 {
        report.error(at, format!("`{}` has {fields} fields, a schedule has five", clip(cron)), HELP);
        return None;
    }
    let parsed = match cronexpr::parse_crontab(&format!("{cron} {zone}")) {
        Ok(parsed) => parsed,
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim().trim_start_matches("^ ").to_owned();
            report.error(at, format!("`{}` is not a schedule: {reason}", clip(cron)), HELP);
            return None;
        }
    };
    // Any time will do; it is a leap day's eve, so that 29 February is found.
    let from = Timestamp(1_709_078_400_000).to_jiff();
    if parsed.find_next(cronexpr::MakeTimestamp(from)).is_err() {
        report.error(at, format!("the schedule `{}` never comes", clip(cron)), "choose a day that exists");
        return None;
    }
    Some(())
}
