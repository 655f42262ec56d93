//! `check`, `comment` and `label`: what is told on GitHub.

use super::{
    action::{required, template},
    fields::Fields,
    report::{At, Report},
    settings::Credentials,
    tree::clip,
    values,
};
use crate::model::{Check, Comment, Conclusion, Label};

/// A conclusion with its word in YAML.
type Named = (&'static str, fn() -> Conclusion);

/// How a check may end; `stale` only GitHub says.
pub(super) const CONCLUSIONS: [Named; 7] = [
    ("success", || Conclusion::Success),
    ("failure", || Conclusion::Failure),
    ("neutral", || Conclusion::Neutral),
    ("cancelled", || Conclusion::Cancelled),
    ("skipped", || Conclusion::Skipped),
    ("timed_out", || Conclusion::TimedOut),
    ("action_required", || Conclusion::ActionRequired),
];

/// What a check says without a summary.
pub(super) const DEFAULT_SUMMARY: &str =
    "{{ workflow }}: {{ conclusion }}, attempt {{ run_attempt }}. By rule {{ rule }}.";

/// GitHub takes 65,536 characters, of which the variables and the marks need some.
const LONGEST_TEXT: usize = 60_000;

/// GitHub takes no longer label.
const LONGEST_LABEL: usize = 50;

/// No longer name of a check is shown.
const LONGEST_NAME: usize = 100;

pub(super) fn check(report: &mut Report<'_>, fields: &Fields<'_>, at: &At<'_>) -> Option<Check> {
    let name = required(report, fields, at, "name", "name the check, like `name: flaky-tests`");
    let name = name.and_then(|at| one_line(report, &at, LONGEST_NAME));
    let conclusion =
        required(report, fields, at, "conclusion", "say how it ends, like `conclusion: neutral`");
    let conclusion = conclusion.and_then(|at| values::word(report, &at, &CONCLUSIONS)).map(|make| make());
    let summary = match fields.get("summary") {
        None => Some(DEFAULT_SUMMARY.to_owned()),
        Some(at) => text(report, &at),
    };
    Some(Check { name: name?, conclusion: conclusion?, summary: summary? })
}

pub(super) fn comment(report: &mut Report<'_>, fields: &Fields<'_>, at: &At<'_>) -> Option<Comment> {
    let body = required(
        report,
        fields,
        at,
        "body",
        "say what the comment says, like `body: \"{{ workflow }} failed\"`",
    );
    Some(Comment { body: body.and_then(|at| text(report, &at))? })
}

pub(super) fn label(report: &mut Report<'_>, fields: &Fields<'_>, at: &At<'_>) -> Option<Label> {
    let remedy = "name the labels, like `add: flaky` or `remove: [flaky, ci-failed]`";
    if fields.key("add").is_none() && fields.key("remove").is_none() {
        report.error(at, "neither `add` nor `remove`", remedy);
        return None;
    }
    let add = fields.get("add").map_or(Some(Vec::new()), |at| labels(report, &at));
    let remove = fields.get("remove").map_or(Some(Vec::new()), |at| labels(report, &at));
    let (add, remove) = (add?, remove?);
    if let Some(both) = add.iter().find(|name| remove.iter().any(|it| it.eq_ignore_ascii_case(name))) {
        report.error(at, format!("label `{}` is added and removed", clip(both)), "keep one of them");
        return None;
    }
    Some(Label { add, remove })
}

fn labels(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<String>> {
    let items = values::one_or_more(report, at, "labels")?;
    let mut names: Vec<String> = Vec::new();
    for item in &items {
        let name = one_line(report, item, LONGEST_LABEL)?;
        if names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            let message = format!("label `{}` stands here for the second time", clip(&name));
            report.error(item, message, "leave it out");
            return None;
        }
        names.push(name);
    }
    Some(names)
}

fn one_line(report: &mut Report<'_>, at: &At<'_>, longest: usize) -> Option<String> {
    let text = values::text(report, at)?;
    let plain = !text.trim().is_empty() && !text.chars().any(char::is_control) && !matches!(text, "." | "..");
    if !plain || text.chars().count() > longest || text.contains("{{") {
        let message = format!("`{}` is not a name of 1 to {longest} characters", clip(text));
        report.error(at, message, "write a name on one line, without variables");
        return None;
    }
    Some(text.to_owned())
}

fn text(report: &mut Report<'_>, at: &At<'_>) -> Option<String> {
    let text = template(report, at)?;
    if text.trim().is_empty() || text.chars().count() > LONGEST_TEXT {
        report.error(
            at,
            format!("expected a text of 1 to {LONGEST_TEXT} characters"),
            "shorten it, or say something",
        );
        return None;
    }
    Some(text)
}

/// Only an App may show checks.
pub(super) fn check_credentials(report: &mut Report<'_>, at: &At<'_>, credentials: &Credentials) {
    if matches!(credentials, Credentials::Token(_)) {
        report.error(at, "only an App can show checks", "use `github.app`, or `comment`");
    }
}
