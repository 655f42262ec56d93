//! Texts with `{{ variables }}`, checked when the file is loaded and filled in when a rule acts.

use super::show_duration;
use crate::model::{Conclusion, Facts, Job, RuleName, Timestamp};

/// The variables that a text may use.
pub const VARIABLES: [&str; 16] = [
    "rule",
    "repository",
    "workflow",
    "run_id",
    "run_attempt",
    "run_url",
    "branch",
    "head_sha",
    "title",
    "event",
    "conclusion",
    "actor",
    "triggering_actor",
    "failed_jobs",
    "environment",
    "age",
];

/// Where a text is to be shown, which says what in a value must not be taken for more than text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// As it is.
    Plain,
    /// Slack's format: `&`, `<` and `>` stand for themselves, so that nobody is called and nothing is a link.
    Slack,
    /// GitHub's Markdown: nobody is mentioned, nothing is a link, an image, a heading or HTML.
    Markdown,
}

/// The longest text that a variable is replaced by, in characters: a title is not a place for a novel.
const LONGEST_VALUE: usize = 200;

/// A text with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(&'static str),
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{{ name }}` with a name that is not a variable.
    #[error("unknown variable `{0}`")]
    UnknownVariable(String),
    /// `{{` without `}}`.
    #[error("`{{{{` without `}}}}`")]
    Unclosed,
}

impl Template {
    /// Reads a text with variables.
    ///
    /// # Errors
    /// On an unknown variable or an unclosed `{{`.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = source;
        while let Some((text, after)) = rest.split_once("{{") {
            let (name, tail) = after.split_once("}}").ok_or(TemplateError::Unclosed)?;
            let name = name.trim();
            let variable = VARIABLES
                .into_iter()
                .find(|variable| *variable == name)
                .ok_or_else(|| TemplateError::UnknownVariable(name.to_owned()))?;
            parts.push(Part::Text(text.to_owned()));
            parts.push(Part::Variable(variable));
            rest = tail;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts })
    }

    /// The text with the variables filled in. What GitHub's users wrote (branches, names) is cut to a
    /// reasonable length and freed of control characters; what is not known reads `unknown`.
    #[must_use]
    pub fn fill(&self, rule: &RuleName, facts: &Facts, now: Timestamp) -> String {
        self.fill_for(Target::Plain, rule, facts, now)
    }

    /// The same for a place where some characters mean more than text; the rule's own words stay as they are.
    #[must_use]
    pub fn fill_for(&self, target: Target, rule: &RuleName, facts: &Facts, now: Timestamp) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Variable(name) => {
                    let value = value_of(name, rule, facts, now).unwrap_or_else(|| "unknown".to_owned());
                    let target = if is_ours(name, &value) { Target::Plain } else { target };
                    escaped(&value, target)
                }
            })
            .collect()
    }
}

/// A value as text and nothing else.
fn escaped(value: &str, target: Target) -> String {
    let text = value.chars().filter(|character| !steers(*character)).take(LONGEST_VALUE);
    match target {
        Target::Plain => text.collect(),
        Target::Markdown => unlinked(text).chars().map(in_markdown).collect(),
        Target::Slack => unlinked(text)
            .chars()
            .map(|character| match character {
                '&' => "&amp;".to_owned(),
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                other => other.to_string(),
            })
            .collect(),
    }
}

/// Control characters, and those that turn the direction in which the text around them is read.
fn steers(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What looks like an address becomes a link, at GitHub `GH-1` as well: a space of no width keeps it apart.
fn unlinked(text: impl Iterator<Item = char>) -> String {
    let mut apart = String::new();
    for character in text {
        let is_link = match character {
            '.' => before(&apart, "www").is_some(),
            '/' => before(&apart, ":/").is_some(),
            digit if digit.is_ascii_digit() => before(&apart, "gh-")
                .is_some_and(|text| !text.chars().next_back().is_some_and(char::is_alphanumeric)),
            _ => false,
        };
        if is_link {
            apart.push('\u{200b}');
        }
        apart.push(character);
    }
    apart
}

/// What stands before that ending, in whatever case it is written.
fn before<'a>(text: &'a str, ending: &str) -> Option<&'a str> {
    let (before, end) = text.split_at_checked(text.len().checked_sub(ending.len())?)?;
    end.eq_ignore_ascii_case(ending).then_some(before)
}

/// A character in Markdown. GitHub looks for mentions, references and addresses after a backslash has gone, so that
/// these get a space of no width behind them.
fn in_markdown(character: char) -> String {
    match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '@' => "@\u{200b}".to_owned(),
        '#' => "\\#\u{200b}".to_owned(),
        ':' => ":\u{200b}".to_owned(),
        // No backslash helps inside of code, which it would end.
        '`' => "'".to_owned(),
        '\\' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '|' | '~' | '$' => {
            format!("\\{character}")
        }
        other => other.to_string(),
    }
}

/// What GitHub or we made, of characters that mean nothing in Markdown, or an address that is to be a link.
fn is_ours(name: &str, value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:".contains(&byte);
    match name {
        "run_url" => value.starts_with("http") && value.bytes().all(plain),
        "rule" | "run_id" | "run_attempt" | "repository" | "head_sha" | "conclusion" | "age" => {
            !value.contains(['@', '`', '<', '[', '\\'])
        }
        _ => false,
    }
}

fn value_of(variable: &str, rule: &RuleName, facts: &Facts, now: Timestamp) -> Option<String> {
    let run = &facts.run;
    match variable {
        "rule" => Some(rule.to_string()),
        "repository" => Some(run.repository.to_string()),
        "workflow" => run.workflow.clone(),
        "run_id" => Some(run.id.to_string()),
        "run_attempt" => run.attempt.map(|attempt| attempt.to_string()),
        "run_url" => run.html_url.clone(),
        "branch" => run.branch.clone(),
        "head_sha" => run.head_sha.clone(),
        "title" => run.title.clone(),
        "event" => run.event.clone(),
        "conclusion" => run.conclusion.as_ref().map(ToString::to_string),
        "actor" => run.actor.clone(),
        "triggering_actor" => run.triggering_actor.clone(),
        "failed_jobs" => names_of_failed(facts),
        "environment" => facts.gate.as_ref().and_then(|gate| gate.environment.clone()),
        "age" => run.created_at.map(|created| show_duration(now.since(created))),
        _ => None,
    }
}

/// The names of the failed jobs, where the rules asked for jobs.
fn names_of_failed(facts: &Facts) -> Option<String> {
    let failed = |job: &&Job| matches!(job.conclusion, Some(Conclusion::Failure | Conclusion::TimedOut));
    let names: Vec<String> = facts.details.jobs.known().ok()?.iter().filter(failed).map(Job::title).collect();
    Some(if names.is_empty() { "none".to_owned() } else { names.join(", ") })
}
