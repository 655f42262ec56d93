//! What is told to others: a rule's text filled in, and the body that a channel takes.

use serde_json::json;

use super::{Template, template::Target};
use crate::model::{ChannelFormat, Facts, Notify, RuleName, Timestamp};

/// Binds a notification to the run that was judged.
pub(super) fn bind(notify: &Notify, rule: &RuleName, facts: &Facts, now: Timestamp) -> Notify {
    let target = match notify.format {
        ChannelFormat::Slack => Target::Slack,
        ChannelFormat::Json => Target::Plain,
    };
    let text = filled(&notify.text, target, rule, facts, now);
    let body = match notify.format {
        ChannelFormat::Slack => json!({ "text": text }),
        ChannelFormat::Json => {
            let run = &facts.run;
            json!({
                "event": facts.signal.as_str(),
                "rule": rule.as_str(),
                "repository": run.repository.to_string(),
                "workflow": run.workflow,
                "run_id": run.id.0,
                "run_attempt": run.attempt.map(|attempt| attempt.0),
                "run_url": run.html_url,
                "branch": run.branch,
                "head_sha": run.head_sha,
                "status": run.status.as_ref().map(ToString::to_string),
                "conclusion": run.conclusion.as_ref().map(ToString::to_string),
                "actor": run.actor,
                "judged_at": now.to_string(),
                "text": text,
            })
        }
    };
    Notify { text, body: body.to_string(), ..notify.clone() }
}

/// The longest Markdown, in characters: GitHub takes 65,535, and the marks of a comment need some.
const LONGEST_MARKDOWN: usize = 65_000;

/// Markdown for GitHub.
pub(super) fn markdown(source: &str, rule: &RuleName, facts: &Facts, now: Timestamp) -> String {
    filled(source, Target::Markdown, rule, facts, now).chars().take(LONGEST_MARKDOWN).collect()
}

/// A rule's text with its variables filled in. That it is a template was checked when the file was loaded.
fn filled(source: &str, target: Target, rule: &RuleName, facts: &Facts, now: Timestamp) -> String {
    Template::parse(source)
        .map_or_else(|_| source.to_owned(), |template| template.fill_for(target, rule, facts, now))
}
