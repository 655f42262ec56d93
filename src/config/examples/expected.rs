//! `expect`: what the rules are to do, checked against what they can do.

use super::Known;
use crate::{
    config::{
        fields::Fields,
        report::{At, Report},
        suggest,
        tree::{Kind, clip},
        values, vocabulary,
    },
    model::{ActionKind, RuleName},
    rules::{Param, ParamShape, Rule, Wanted, params_of},
};

const NOTHING: &str = "nothing";

/// `nothing`, or a list of actions.
pub(super) fn actions(
    report: &mut Report<'_>,
    at: &At<'_>,
    known: &Known,
    runs: &[&str],
) -> Option<Vec<Wanted>> {
    match &at.node.kind {
        Kind::Text(word) if word == NOTHING => Some(Vec::new()),
        Kind::Text(word) => {
            let remedy = format!(
                "{} or a list of actions: `[{{ rule: x, action: rerun }}]`",
                suggest::instead(word, &[NOTHING])
            );
            report.error(at, format!("unknown word `{}`", clip(word)), remedy);
            None
        }
        _ => {
            let items = values::list(report, at, "actions")?;
            let found: Vec<_> = items.iter().map(|item| wanted(report, item, known, runs)).collect();
            found.into_iter().collect()
        }
    }
}

/// Rules by name.
pub(super) fn rules_named(report: &mut Report<'_>, at: &At<'_>, known: &Known) -> Option<Vec<RuleName>> {
    let items = values::one_or_more(report, at, "rules")?;
    let found: Vec<_> =
        items.iter().map(|item| rule_named(report, item, known).map(|rule| rule.name.clone())).collect();
    found.into_iter().collect()
}

fn rule_named<'r>(report: &mut Report<'_>, at: &At<'_>, known: &'r Known) -> Option<&'r Rule> {
    let name = values::text(report, at)?;
    // One that could not be read has been reported.
    let has_name = known.names.iter().any(|other| other.as_str() == name);
    if !has_name && known.is_complete {
        let names: Vec<&str> = known.names.iter().map(RuleName::as_str).collect();
        report.error(at, format!("there is no rule `{}`", clip(name)), suggest::instead(name, &names));
    }
    known.rules.iter().find(|rule| rule.name.as_str() == name)
}

fn wanted(report: &mut Report<'_>, at: &At<'_>, known: &Known, runs: &[&str]) -> Option<Wanted> {
    let all = vocabulary::EXPECTED.iter().map(|key| key.name);
    let of_actions = ActionKind::ALL.into_iter().flat_map(params_of).map(|(name, _)| *name);
    let fields = Fields::open_named(report, at, &all.chain(of_actions).collect::<Vec<_>>())?;
    let rule = fields
        .require(report, "rule", "say which rule acts: `{ rule: x, action: rerun }`")
        .and_then(|at| rule_named(report, &at, known));
    let kind = fields.require(report, "action", "say what is done: `{ rule: x, action: rerun }`");
    let rule = rule?;
    let kind = kind_of(report, &kind?, rule)?;
    let run = match fields.get("run") {
        None => Some(None),
        Some(at) => run_named(report, &at, runs).map(Some),
    };
    let times = fields.get("times").map_or(Some(1), |at| values::count(report, &at, 1));
    let mut params = Vec::new();
    let mut whole = true;
    for (name, shape) in params_of(kind) {
        if let Some(at) = fields.get(name) {
            match param(report, &at, *shape) {
                Some(param) => params.push((*name, param)),
                None => whole = false,
            }
        }
    }
    whole &= only_its_own(report, &fields, kind);
    whole.then_some(())?;
    Some(Wanted { rule: rule.name.clone(), kind, run: run?, times: times?.min(10_000), params })
}

/// Keys of another kind of action are not this one's.
fn only_its_own(report: &mut Report<'_>, fields: &Fields<'_>, kind: ActionKind) -> bool {
    let own: Vec<&str> = params_of(kind).iter().map(|(name, _)| *name).collect();
    let others = ActionKind::ALL.into_iter().flat_map(params_of).map(|(name, _)| *name);
    let mut alien: Vec<&str> =
        others.filter(|name| !own.contains(name) && fields.key(name).is_some()).collect();
    alien.dedup();
    for name in &alien {
        if let Some(key) = fields.key(name) {
            report.error(&key, format!("`{kind}` has no `{name}`"), suggest::one_of(&own));
        }
    }
    alien.is_empty()
}

fn kind_of(report: &mut Report<'_>, at: &At<'_>, rule: &Rule) -> Option<ActionKind> {
    let words = ActionKind::ALL.map(|kind| (kind.as_str(), kind));
    let kind = values::word(report, at, &words)?;
    if !rule.does(kind) {
        let does: Vec<&str> = rule
            .then
            .iter()
            .map(|action| action.kind())
            .filter(|kind| *kind != ActionKind::ForceCancel)
            .map(ActionKind::as_str)
            .collect();
        report.error(at, format!("rule `{}` does not {kind}", rule.name), suggest::one_of(&does));
        return None;
    }
    Some(kind)
}

fn run_named(report: &mut Report<'_>, at: &At<'_>, runs: &[&str]) -> Option<String> {
    let name = values::text(report, at)?;
    if !runs.contains(&name) {
        let mut known = runs.to_vec();
        known.dedup();
        let remedy = match known.is_empty() {
            true => "name the runs under `runs`, like `- { name: old, age: 91d }`".to_owned(),
            false => suggest::instead(name, &known),
        };
        report.error(at, format!("no run is called `{}`", clip(name)), remedy);
        return None;
    }
    Some(name.to_owned())
}

fn param(report: &mut Report<'_>, at: &At<'_>, shape: ParamShape) -> Option<Param> {
    match shape {
        ParamShape::Word(words) => {
            let words: Vec<(&str, &str)> = words.iter().map(|word| (*word, *word)).collect();
            values::word(report, at, &words).map(|word| Param::Word(word.to_owned()))
        }
        ParamShape::Name => values::text(report, at).map(|text| Param::Word(text.to_owned())),
        ParamShape::Text => values::text(report, at).map(|text| Param::Text(text.to_owned())),
        ParamShape::Texts => super::jobs::texts(report, at).map(Param::Texts),
        ParamShape::Duration => {
            values::duration(report, at).map(|length| Param::Duration(length, std::time::Duration::ZERO))
        }
        ParamShape::Flag => values::flag(report, at).map(Param::Flag),
    }
}
