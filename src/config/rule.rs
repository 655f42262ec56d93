//! One rule: its keys decoded, with the places that the checks need for what they say.

use super::{
    action::{self, Placed},
    condition::condition,
    fields::Fields,
    limits::limits,
    report::{At, Report},
    secret::World,
    trigger, values, vocabulary,
};
use crate::{
    model::RuleName,
    rules::{Condition, Keep, KeepBy, KeepCounting, KeepPer, Limits, Mode, Rule, Trigger},
};

/// A rule as far as it could be read, with its places. A part that is `None` has been reported.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) name: Option<(RuleName, At<'a>)>,
    pub(super) on: Vec<(Trigger, At<'a>)>,
    pub(super) when: Option<Condition>,
    /// The key `when`, or else the rule.
    pub(super) when_at: At<'a>,
    /// The actions that could be read.
    pub(super) then: Vec<Placed<'a>>,
    pub(super) keep: Option<(Keep, At<'a>)>,
    /// Whether there is a `keep`, be it unreadable.
    pub(super) has_keep: bool,
    pub(super) limits: Option<Limits>,
    /// The key `per_pass`.
    pub(super) per_pass_at: Option<At<'a>>,
    mode: Mode,
}

impl<'a> Draft<'a> {
    /// Reads what can be read; everything that cannot is reported.
    pub(super) fn read(report: &mut Report<'_>, at: &At<'a>, world: World<'_>) -> Option<Self> {
        let fields = Fields::open(report, at, vocabulary::RULE)?;
        let name = fields
            .require(report, "name", "name the rule in kebab-case, like `name: rerun-failed-jobs`")
            .and_then(|at| name(report, &at));
        let on = fields
            .require(report, "on", "say what makes the rule look, like `on: workflow_run.completed`")
            .map(|at| trigger::triggers(report, &at))
            .unwrap_or_default();
        let when = match fields.get("when") {
            None if fields.is_misspelled("when") => None,
            None => Some(Condition::All(Vec::new())),
            Some(at) => condition(report, &at, true),
        };
        let then = fields
            .require(report, "then", "say what is done, like `then: [cancel]`")
            .map(|at| action::actions(report, &at, world))
            .unwrap_or_default();
        let keep = fields.get("keep").and_then(|value| keep(report, &value)).zip(fields.key("keep"));
        let has_keep = fields.key("keep").is_some() || fields.is_misspelled("keep");
        let (limits, per_pass_at) = match fields.get("limits") {
            None if fields.is_misspelled("limits") => (None, None),
            None => (Some(Limits::default()), None),
            Some(at) => limits(report, &at),
        };
        let mode =
            fields.get("mode").and_then(|at| values::word(report, &at, &Mode::WORDS)).unwrap_or_default();
        let when_at = fields.key("when").unwrap_or_else(|| at.clone());
        Some(Self { name, on, when, when_at, then, keep, has_keep, limits, per_pass_at, mode })
    }

    /// The rule; whole only if nothing was reported.
    pub(super) fn into_rule(self) -> Option<Rule> {
        Some(Rule {
            name: self.name?.0,
            on: self.on.into_iter().map(|(trigger, _)| trigger).collect(),
            when: self.when?,
            comment: self.then.iter().find_map(|placed| placed.comment.clone()),
            then: self.then.into_iter().map(|placed| placed.action).collect(),
            keep: self.keep.map(|(keep, _)| keep),
            limits: self.limits?,
            mode: self.mode,
        })
    }
}

fn name<'a>(report: &mut Report<'_>, at: &At<'a>) -> Option<(RuleName, At<'a>)> {
    let text = values::text(report, at)?;
    if text == RuleName::BREAKER {
        report.error(at, "the name `breaker` is taken by what breakers tell", "choose another name");
        return None;
    }
    if text == RuleName::COMMAND {
        report.error(at, "the name `command` is taken by commands given by hand", "choose another name");
        return None;
    }
    match RuleName::parse(text) {
        Ok(name) => Some((name, at.clone())),
        Err(error) => {
            let kebab = kebab(text);
            let remedy = match RuleName::parse(&kebab) {
                Ok(name) => format!("did you mean `{name}`?"),
                Err(_) => "write it like `rerun-failed-jobs`".to_owned(),
            };
            report.error(at, error.to_string(), remedy);
            None
        }
    }
}

/// `Rerun failed_jobs` as `rerun-failed-jobs`.
fn kebab(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-")
}

fn keep(report: &mut Report<'_>, at: &At<'_>) -> Option<Keep> {
    let fields = Fields::open(report, at, vocabulary::KEEP)?;
    let newest =
        fields.require(report, "newest", "say how many runs of each group are spared, like `newest: 5`");
    let newest = newest.and_then(|at| values::count(report, &at, 1));
    let per = match fields.get("per") {
        None => Some(Vec::new()),
        Some(at) => groups(report, &at),
    };
    let counting = match fields.get("counting") {
        None => Some(KeepCounting::default()),
        Some(at) => values::word(report, &at, &KeepCounting::WORDS),
    };
    let by = match fields.get("by") {
        None => Some(KeepBy::default()),
        Some(at) => values::word(report, &at, &KeepBy::WORDS),
    };
    Some(Keep { newest: newest?, per: per?, counting: counting?, by: by? })
}

fn groups(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<KeepPer>> {
    let items = values::one_or_more(report, at, "groups")?;
    let found: Vec<_> = items.iter().map(|item| values::word(report, item, &KeepPer::WORDS)).collect();
    found.into_iter().collect()
}
