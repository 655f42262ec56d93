//! The list of all keys, for whoever documents or completes them.

use super::vocabulary::{
    APP, BOUNDS, DATABASE, GITHUB, KEEP, Key, LIMITS, LOG, NESTING, REVIEWER, ROOT, RULE, SCHEDULE, SECRET,
    SERVER, WEBHOOK, keys_of,
};
use crate::{model::ActionKind, rules::Word};

/// A key, as the reference lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands: `github.write_interval`, `rules[].when.branch`.
    pub path: String,
    /// What it is for, in one sentence.
    pub doc: &'static str,
    /// What holds when it is left out, where that is a value.
    pub default: Option<&'static str>,
    /// What its value looks like.
    pub shape: Shape,
}

/// What a key's value looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A map with keys of its own, which are entries too.
    Map,
    /// A list of maps, whose keys are entries too.
    List,
    /// Text.
    Text,
    /// One text or a list of texts.
    Texts,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Count,
    /// A number from 1 on.
    Factor,
    /// `90s`, `15m`, `6h`, `30d`.
    Duration,
    /// `{ env: NAME }` or `{ file: PATH }`.
    Secret,
    /// A whole number, or a map of bounds.
    CountRange,
    /// A map of bounds with durations.
    DurationRange,
    /// Text or a list of texts: globs and `/regular expressions/`.
    Patterns,
    /// One of these words.
    Word(Vec<&'static str>),
    /// One of these words, or a list of them.
    Words(Vec<&'static str>),
}

fn doc_of_action(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Rerun => "Run again, all or in part; needs an upper bound.",
        ActionKind::Cancel => "Cancel the run.",
        ActionKind::ApproveDeployment => "Approve the deployment that the run waits for.",
        ActionKind::RejectDeployment => "Reject the deployment that the run waits for; the run then fails.",
        ActionKind::DeleteRun => "Delete the run with its logs and artifacts; there is no way back.",
        ActionKind::DeleteLogs => "Delete the run's logs and keep the run.",
    }
}

fn of_word(word: Word) -> (&'static str, Shape) {
    match word {
        Word::Repository => ("The repository, `OWNER/NAME`, whatever its case.", Shape::Patterns),
        Word::Workflow => ("The workflow: its name, or its file's name or path.", Shape::Patterns),
        Word::Branch => ("The head branch, or the tag's name.", Shape::Patterns),
        Word::Event => {
            ("What triggered the run: `push`, `pull_request`, `schedule` and so on.", Shape::Patterns)
        }
        Word::Status => ("Where the run stands.", Shape::Patterns),
        Word::Conclusion => ("How the run ended.", Shape::Patterns),
        Word::RunAttempt => ("The attempt, from 1; a re-run by anyone raises it.", Shape::CountRange),
        Word::Actor => ("The login that started the first attempt, whatever its case.", Shape::Patterns),
        Word::TriggeringActor => ("The login that started this attempt, whatever its case.", Shape::Patterns),
        Word::Environment => ("The environment that the run waits at.", Shape::Patterns),
        Word::Age => ("How long ago the run was created.", Shape::DurationRange),
        Word::Fork => ("Whether the head lies in another repository.", Shape::Flag),
    }
}

/// Every key that a configuration may have, in the order of the reference.
#[must_use]
pub fn vocabulary() -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut add = |path: &str, keys: &[Key]| {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
        entries.extend(keys.iter().map(|key| Entry {
            path: format!("{prefix}{}", key.name),
            doc: key.doc,
            default: key.default,
            shape: (key.shape)(),
        }));
    };
    add("", ROOT);
    add("server", SERVER);
    add("webhook", WEBHOOK);
    add("webhook.secrets[]", SECRET);
    add("github", GITHUB);
    add("github.app", APP);
    add("github.reviewer", REVIEWER);
    add("database", DATABASE);
    add("log", LOG);
    add("rules[]", RULE);
    add("rules[].on", SCHEDULE);
    add("rules[].when", NESTING);
    add("rules[].keep", KEEP);
    add("rules[].limits", LIMITS);
    entries.extend(Word::ALL.into_iter().flat_map(entries_of_word));
    entries.extend(ActionKind::ALL.into_iter().flat_map(entries_of_action));
    entries
}

fn entries_of_word(word: Word) -> Vec<Entry> {
    let path = format!("rules[].when.{word}");
    let (doc, shape) = of_word(word);
    let bounds = match shape {
        Shape::CountRange => Some(Shape::Count),
        Shape::DurationRange => Some(Shape::Duration),
        _ => None,
    };
    let mut entries = vec![Entry { path: path.clone(), doc, default: None, shape }];
    entries.extend(
        bounds
            .into_iter()
            .flat_map(|shape| BOUNDS.iter().map(move |key| (key, shape.clone())).collect::<Vec<_>>())
            .map(|(key, shape)| Entry {
                path: format!("{path}.{}", key.name),
                doc: key.doc,
                default: None,
                shape,
            }),
    );
    entries
}

fn entries_of_action(kind: ActionKind) -> Vec<Entry> {
    let path = format!("rules[].then[].{kind}");
    let mut entries =
        vec![Entry { path: path.clone(), doc: doc_of_action(kind), default: None, shape: Shape::Map }];
    entries.extend(keys_of(kind).iter().map(|key| Entry {
        path: format!("{path}.{}", key.name),
        doc: key.doc,
        default: key.default,
        shape: (key.shape)(),
    }));
    entries
}
