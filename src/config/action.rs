//! `then`: what a rule does.

use std::time::Duration;

use super::{
    channels,
    fields::{Fields, text_keys},
    report::{At, Report},
    secret::World,
    suggest, telling,
    tree::{Kind, Node, clip},
    values,
    vocabulary::keys_of,
};
use crate::{
    model::{
        Action, ActionKind, ApproveRun, ArchiveLogs, ForceCancel, Guard, Rerun, RerunScope, Review,
        ReviewState, Via,
    },
    rules::{Template, TemplateError, VARIABLES},
};

/// What of a run a rule may run again.
pub(super) const SCOPES: [(&str, RerunScope); 3] = [
    ("failed_jobs", RerunScope::FailedJobs),
    ("matching_job", RerunScope::MatchingJob),
    ("run", RerunScope::Run),
];

/// As whom a deployment is reviewed.
pub(super) const VIAS: [(&str, Via); 2] =
    [("reviewer", Via::Reviewer), ("protection_rule", Via::ProtectionRule)];

/// GitHub refuses to re-run a run that is older.
const LONGEST_DELAY: Duration = Duration::from_secs(30 * 86_400);

/// An action and the place of its word.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) action: Action,
    pub(super) at: At<'a>,
    pub(super) comment: Option<Template>,
}

/// The actions of a rule that can be read; the others are reported.
pub(super) fn actions<'a>(report: &mut Report<'_>, at: &At<'a>, world: World<'_>) -> Vec<Placed<'a>> {
    if matches!(at.node.kind, Kind::Map(_) | Kind::Text(_)) {
        report.error(
            at,
            "expected a list of actions",
            "put a `-` before each action: `then: [cancel]`, `then: [ rerun: { scope: run } ]`",
        );
        return Vec::new();
    }
    let items = values::list(report, at, "actions").unwrap_or_default();
    if items.len() > ActionKind::ALL.len() {
        // There are not even that many kinds, and no two of a kind may stand in a rule.
        report.error(at, format!("a list of {} actions", items.len()), "write a rule for each thing to do");
        return Vec::new();
    }
    items.iter().flat_map(|item| action(report, item, world)).collect()
}

/// What a list's item asks for; `cancel` with `force_after` is two actions, one of them for later.
fn action<'a>(report: &mut Report<'_>, at: &At<'a>, world: World<'_>) -> Vec<Placed<'a>> {
    let Some((kind, key, value)) = word_and_body(report, at) else {
        return Vec::new();
    };
    let Some(fields) = Fields::open(report, &value, keys_of(kind)) else {
        return Vec::new();
    };
    let mut actions: Vec<_> = body(report, kind, &key, &fields, world).into_iter().collect();
    if let Some(at) = fields.get("force_after") {
        let after = force_after(report, &at);
        let plain = |action| Placed { action, at: key.clone(), comment: None };
        actions.extend(after.map(|after| plain(Action::ForceCancel(ForceCancel { after }))));
    }
    actions
}

fn force_after(report: &mut Report<'_>, at: &At<'_>) -> Option<Duration> {
    let after = values::duration(report, at)?;
    if after.is_zero() {
        let remedy = "write how long the run has to end by itself, like `force_after: 10m`";
        report.error(at, "a run that is cancelled by force at once cannot clean up", remedy);
        return None;
    }
    Some(after)
}

/// An item's kind, the place of its word, and its body.
fn word_and_body<'a>(report: &mut Report<'_>, at: &At<'a>) -> Option<(ActionKind, At<'a>, At<'a>)> {
    match &at.node.kind {
        Kind::Text(word) => Some((kind_of(report, at, word)?, at.clone(), at.key(word, &NOTHING))),
        Kind::Map(entries) if entries.len() > 1 => {
            let names: Vec<String> =
                text_keys(report, at).iter().map(|(name, ..)| format!("`{}`", clip(name))).collect();
            let remedy =
                "an action's own keys are indented below its word; another action gets a `-` of its own";
            report.error(at, format!("expected one action, found {}", names.join(", ")), remedy);
            None
        }
        Kind::Map(entries) if !entries.is_empty() => {
            let (name, key, value) = text_keys(report, at).into_iter().next()?;
            let key = at.key(name, key);
            Some((kind_of(report, &key, name)?, key, at.key(name, value)))
        }
        other => {
            report.error(
                at,
                format!("expected an action, found {}", other.describe()),
                suggest::one_of(&words()),
            );
            None
        }
    }
}

/// The body of an action that is written as a bare word.
static NOTHING: Node = Node { kind: Kind::Null, mark: super::tree::Mark { line: 1, column: 1, width: 0 } };

fn words() -> Vec<&'static str> {
    ActionKind::ALL.map(ActionKind::as_str).to_vec()
}

fn kind_of(report: &mut Report<'_>, at: &At<'_>, word: &str) -> Option<ActionKind> {
    let kind = ActionKind::ALL.into_iter().find(|kind| kind.as_str() == word);
    if kind.is_none() {
        report.error(at, format!("unknown action `{}`", clip(word)), suggest::instead(word, &words()));
    }
    kind
}

fn body<'a>(
    report: &mut Report<'_>,
    kind: ActionKind,
    at: &At<'a>,
    fields: &Fields<'_>,
    world: World<'_>,
) -> Option<Placed<'a>> {
    let plain = |action| Some(Placed { action, at: at.clone(), comment: None });
    match kind {
        ActionKind::Notify => channels::notify(report, fields, at, world),
        ActionKind::Check => plain(Action::Check(telling::check(report, fields, at)?)),
        ActionKind::Comment => plain(Action::Comment(telling::comment(report, fields, at)?)),
        ActionKind::Label => plain(Action::Label(telling::label(report, fields, at)?)),
        ActionKind::Rerun => plain(Action::Rerun(rerun(report, fields)?)),
        ActionKind::Cancel | ActionKind::ForceCancel => plain(Action::Cancel),
        ActionKind::ApproveRun => plain(Action::ApproveRun(ApproveRun::default())),
        ActionKind::ArchiveLogs => plain(Action::ArchiveLogs(archive(report, fields, at, world)?)),
        ActionKind::DeleteRun => plain(Action::DeleteRun),
        ActionKind::DeleteLogs => plain(Action::DeleteLogs),
        ActionKind::ApproveDeployment => review(report, fields, ReviewState::Approved, at),
        ActionKind::RejectDeployment => review(report, fields, ReviewState::Rejected, at),
    }
}

fn rerun(report: &mut Report<'_>, fields: &Fields<'_>) -> Option<Rerun> {
    let defaults = Rerun::now(RerunScope::FailedJobs);
    let scope = fields.get("scope").map_or(Some(defaults.scope), |at| values::word(report, &at, &SCOPES));
    let delay = fields.get("delay").map_or(Some(defaults.delay), |at| wait(report, &at));
    let backoff = fields.get("backoff").map_or(Some(defaults.backoff), |at| values::factor(report, &at));
    let jitter = fields.get("jitter").map_or(Some(defaults.jitter), |at| wait(report, &at));
    let debug_logging =
        fields.get("debug_logging").map_or(Some(defaults.debug_logging), |at| values::flag(report, &at));
    let redeploy = fields.get("redeploy").map_or(Some(defaults.redeploy), |at| values::flag(report, &at));
    if let (Some(at), Some(Duration::ZERO)) = (fields.key("backoff"), delay) {
        report.warn(&at, "`backoff` has nothing to multiply", "write a `delay` too, like `delay: 30s`");
    }
    let skip_guards = fields.get("skip_guards").map_or(Some(Vec::new()), |at| guards(report, &at));
    Some(Rerun {
        skip_guards: skip_guards?,
        scope: scope?,
        delay: delay?,
        backoff: backoff?,
        jitter: jitter?,
        debug_logging: debug_logging?,
        redeploy: redeploy?,
    })
}

fn guards(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<Guard>> {
    let items = values::one_or_more(report, at, "guards")?;
    let found: Vec<_> = items.iter().map(|item| values::word(report, item, &Guard::WORDS)).collect();
    found.into_iter().collect()
}

fn wait(report: &mut Report<'_>, at: &At<'_>) -> Option<Duration> {
    let delay = values::duration(report, at)?;
    if delay >= LONGEST_DELAY {
        report.error(at, "GitHub refuses to re-run a run that is older than 30 days", "shorten it");
        return None;
    }
    Some(delay)
}

/// A key without which the action means nothing. The action may be a bare word, which has no map to point at.
pub(super) fn required<'a>(
    report: &mut Report<'_>,
    fields: &Fields<'a>,
    action: &At<'_>,
    name: &str,
    remedy: &str,
) -> Option<At<'a>> {
    let found = fields.get(name);
    if found.is_none() && !fields.is_misspelled(name) {
        report.error(action, format!("`{name}` is missing"), remedy);
    }
    found
}

fn archive(
    report: &mut Report<'_>,
    fields: &Fields<'_>,
    at: &At<'_>,
    world: World<'_>,
) -> Option<ArchiveLogs> {
    let at = required(report, fields, at, "to", "name a folder that exists, like `to: /srv/ci-logs`")?;
    Some(ArchiveLogs { to: world.folder.join(values::text(report, &at)?), day: String::new() })
}

fn review<'a>(
    report: &mut Report<'_>,
    fields: &Fields<'_>,
    state: ReviewState,
    at: &At<'a>,
) -> Option<Placed<'a>> {
    let environments = fields.get("environments").map_or(Some(Vec::new()), |at| environments(report, &at));
    let comment = match fields.get("comment") {
        None => Some(format!("{} by runwarden rule {{{{ rule }}}}", state.as_str())),
        Some(at) => values::text(report, &at).map(ToOwned::to_owned),
    };
    let template = comment.as_ref().and_then(|comment| match Template::parse(comment) {
        Ok(template) => Some(template),
        Err(error) => {
            let (message, remedy) = not_a_template(&error);
            report.error(&fields.get("comment").unwrap_or_else(|| at.clone()), message, remedy);
            None
        }
    });
    let via = match fields.get("via") {
        None => Some(None),
        Some(at) => values::word(report, &at, &VIAS).map(Some),
    };
    let review = Review { state, environments: environments?, comment: comment?, via: via? };
    Some(Placed { action: Action::ReviewDeployments(review), at: at.clone(), comment: Some(template?) })
}

fn environments(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<String>> {
    let items = values::one_or_more(report, at, "environments")?;
    let names: Vec<Option<String>> = items
        .iter()
        .map(|item| {
            let name = values::text(report, item)?;
            if name.contains('*') {
                let remedy = "name the environments, or write the pattern under `when: { environment: … }`";
                report.error(
                    item,
                    format!("`{}` is a pattern, not an environment's name", clip(name)),
                    remedy,
                );
                return None;
            }
            Some(name.to_owned())
        })
        .collect();
    names.into_iter().collect()
}

/// A text with variables.
pub(super) fn template(report: &mut Report<'_>, at: &At<'_>) -> Option<String> {
    let text = values::text(report, at)?;
    if let Err(error) = Template::parse(text) {
        let (message, remedy) = not_a_template(&error);
        report.error(at, message, remedy);
        return None;
    }
    Some(text.to_owned())
}

fn not_a_template(error: &TemplateError) -> (String, String) {
    let remedy = match error {
        TemplateError::UnknownVariable(name) => suggest::instead(name, &VARIABLES),
        TemplateError::Unclosed => "close it: `{{ rule }}`".to_owned(),
    };
    (error.to_string(), remedy)
}
