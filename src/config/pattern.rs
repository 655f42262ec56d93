//! Patterns of text conditions, and what about them can never match.

use super::{
    report::{At, Report},
    suggest,
    tree::{Kind, clip},
    values,
};
use crate::{
    model::{Conclusion, RepositoryName, Status, Team},
    rules::{Pattern, PatternError, Word},
};

/// One pattern or a list of them, for a word of a run.
pub(super) fn patterns(
    report: &mut Report<'_>,
    word: Word,
    ignore_case: bool,
    at: &At<'_>,
) -> Option<Vec<Pattern>> {
    let is_login = matches!(word, Word::Actor | Word::TriggeringActor | Word::Sender);
    let compile = |text: &str| match is_login {
        true => Pattern::compile_for_logins(text),
        false => Pattern::compile(text, ignore_case),
    };
    patterns_of(report, word.as_str(), &compile, at, &|text, pattern| match word {
        Word::Status => unknown_value(word.as_str(), Status::KNOWN, pattern),
        Word::Conclusion => unknown_value(word.as_str(), Conclusion::KNOWN, pattern),
        Word::Visibility => unknown_value(word.as_str(), &VISIBILITIES, pattern),
        Word::Repository => bad_repository(text, pattern),
        Word::Actor | Word::TriggeringActor | Word::Sender => bad_login(text, pattern),
        Word::WorkflowState => unknown_value(word.as_str(), &WORKFLOW_STATES, pattern),
        Word::Branch | Word::Tag => bad_branch(text),
        _ => None,
    })
}

/// One pattern or a list of them, for lines of text.
pub(super) fn lines(report: &mut Report<'_>, word: &str, at: &At<'_>) -> Option<Vec<Pattern>> {
    patterns_of(report, word, &Pattern::compile_for_lines, at, &|_, _| None)
}

/// How a text becomes a pattern.
type Compile<'c> = &'c dyn Fn(&str) -> Result<Pattern, PatternError>;

/// One pattern or a list of them. `refuse` says what is wrong with a glob that could never match.
pub(super) fn patterns_of(
    report: &mut Report<'_>,
    word: &str,
    compile: Compile<'_>,
    at: &At<'_>,
    refuse: &dyn Fn(&str, &Pattern) -> Option<Refusal>,
) -> Option<Vec<Pattern>> {
    if matches!(at.node.kind, Kind::Map(_)) {
        let remedy = format!(
            "write `{word}: main`, a list, or a regular expression `/^main$/`; to negate, `{word}: \"!main\"`"
        );
        report.error(at, format!("`{word}` takes a text or a list of texts, found a map"), remedy);
        return None;
    }
    let items = values::one_or_more(report, at, "texts")?;
    let found: Vec<_> = items.iter().map(|item| pattern(report, compile, item, refuse)).collect();
    let found = found.into_iter().collect::<Option<Vec<Pattern>>>()?;
    if let Some(item) = swallowed(&found).and_then(|index| items.get(index)) {
        let message = "an exclusion before it is undone by this pattern, which takes everything in";
        report.error(item, message, "put exclusions (`!…`) behind what they exclude from");
        return None;
    }
    Some(found)
}

/// The pattern that takes in again all that an earlier one excluded.
fn swallowed(patterns: &[Pattern]) -> Option<usize> {
    let first = patterns.iter().position(Pattern::excludes)?;
    let takes_all = |pattern: &Pattern| matches!(pattern.to_string().as_str(), "*" | "**" | "/.*/");
    patterns.iter().enumerate().skip(first).find(|(_, pattern)| takes_all(pattern)).map(|(index, _)| index)
}

fn pattern(
    report: &mut Report<'_>,
    compile: Compile<'_>,
    at: &At<'_>,
    refuse: &dyn Fn(&str, &Pattern) -> Option<Refusal>,
) -> Option<Pattern> {
    let whole = values::text(report, at)?;
    let pattern = match compile(whole) {
        Ok(pattern) => pattern,
        Err(error) => {
            let (message, remedy) = not_a_pattern(whole, &error);
            report.error(at, message, remedy);
            return None;
        }
    };
    let text = whole.strip_prefix('!').unwrap_or(whole);
    let is_regex = text.starts_with('/') && text.ends_with('/') && text.len() > 1;
    let refusal = match is_regex {
        true => None,
        false if text.starts_with('/') => Some(unclosed_regex(text)),
        false => refuse(text, &pattern),
    };
    if let Some((message, remedy)) = refusal {
        report.error(at, message, remedy);
        return None;
    }
    Some(pattern)
}

/// Where a workflow may stand: <https://docs.github.com/en/rest/actions/workflows#get-a-workflow>.
pub(super) const WORKFLOW_STATES: [&str; 5] =
    ["active", "deleted", "disabled_fork", "disabled_inactivity", "disabled_manually"];

/// Who may see a repository.
pub(super) const VISIBILITIES: [&str; 3] = ["public", "private", "internal"];

/// What is wrong, and its remedy.
pub(super) type Refusal = (String, String);

fn not_a_pattern(text: &str, error: &PatternError) -> Refusal {
    match error {
        PatternError::Regex(why) => {
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let remedy =
                "look-around and back-references are not supported; a text without slashes is a glob"
                    .to_owned();
            (format!("`{}` is not a regular expression: {why}", clip(text)), remedy)
        }
        PatternError::Empty => (
            "an empty pattern matches nothing".to_owned(),
            "write what must match, or leave the condition out".to_owned(),
        ),
    }
}

fn unclosed_regex(text: &str) -> Refusal {
    let remedy = match text.rsplit_once('/') {
        Some((body, flags))
            if body.len() > 1 && !flags.is_empty() && flags.chars().all(|flag| "imsx".contains(flag)) =>
        {
            format!("did you mean `/(?{flags}){}/`?", clip(body.trim_start_matches('/')))
        }
        _ => format!("did you mean `{}/`? A glob does not begin with a slash", clip(text)),
    };
    (format!("`{}` begins like a regular expression and does not end like one", clip(text)), remedy)
}

pub(super) fn unknown_value(word: &str, known: &[&str], pattern: &Pattern) -> Option<Refusal> {
    if known.iter().any(|value| pattern.matches(value)) {
        return None;
    }
    let text = pattern.to_string().trim_start_matches('!').to_owned();
    let meant = suggest::instead(&text, known);
    let remedy =
        format!("{meant} (a value that this version does not know can be written `/^{}$/`)", clip(&text));
    Some((format!("unknown {word} `{}`", clip(&text)), remedy))
}

fn bad_repository(text: &str, pattern: &Pattern) -> Option<Refusal> {
    let refuse =
        |remedy: String| Some((format!("`{}` matches no repository's OWNER/NAME", clip(text)), remedy));
    if text == "*" {
        return refuse("did you mean `**`? `*` does not match a slash".to_owned());
    }
    if !text.contains('/') && !text.contains("**") {
        return refuse(format!("did you mean `*/{0}` (any owner) or `{0}/*` (any name)?", clip(text)));
    }
    if pattern.literal().is_some() && RepositoryName::parse(text).is_err() {
        let bare =
            text.trim_start_matches("https://").trim_start_matches("github.com/").trim_end_matches(".git");
        return refuse(match RepositoryName::parse(bare) {
            Ok(name) => format!("did you mean `{name}`?"),
            Err(_) => "write `OWNER/NAME`".to_owned(),
        });
    }
    None
}

fn bad_login(text: &str, pattern: &Pattern) -> Option<Refusal> {
    if pattern.team().is_some() {
        return None;
    }
    match (text.strip_prefix('@'), text.contains('/')) {
        (None, false) => None,
        (None, true) if Team::parse(&format!("@{text}")).is_some() => Some((
            format!("`{}` is not a login", clip(text)),
            format!("did you mean the team `@{}`?", clip(text)),
        )),
        (None, true) => Some((format!("`{}` is not a login", clip(text)), A_TEAM.to_owned())),
        (Some(_), true) => Some((format!("`{}` is not a team", clip(text)), A_TEAM.to_owned())),
        (Some(login), false) => {
            let remedy = format!("did you mean the login `{0}`, or a team `@org/{0}`?", clip(login));
            Some((format!("`{}` is neither a login nor a team", clip(text)), remedy))
        }
    }
}

const A_TEAM: &str = "a team is written `@org/team`, the way it stands in its address, without patterns";

fn bad_branch(text: &str) -> Option<Refusal> {
    let name = text.strip_prefix("refs/heads/").or_else(|| text.strip_prefix("refs/tags/"))?;
    Some((
        format!("GitHub gives branches and tags without `refs/`: `{}` matches none", clip(text)),
        format!("did you mean `{}`?", clip(name)),
    ))
}
