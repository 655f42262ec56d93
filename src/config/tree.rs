//! YAML as a tree in which every node knows its place. The only file that names the YAML crate; its limits
//! on depth, nodes and aliases are what a hostile file meets first.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_yaml::{
    Location, MessageFormatter as _, Spanned, budget::BudgetBreach, options::DuplicateKeyPolicy,
};

use super::report::looks_secret;

/// Deeper than any rule that a person could follow, and far from the end of a thread's stack.
const DEEPEST: usize = 48;

/// Larger than a file of a thousand rules.
const MOST_NODES: usize = 100_000;

/// How many nodes aliases may repeat, over the whole file.
const MOST_REPEATED: usize = 10_000;

/// A node with its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) mark: Mark,
}

/// What a node is, after YAML 1.2: `on`, `off`, `yes` and `no` are text.
#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// In the file's order, with keys of any kind and possibly repeated: both are for the reader to report.
    Map(Vec<(Node, Node)>),
}

/// A place in the file: line and column from 1, in characters, and how many characters the node covers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) width: u32,
}

/// Why a text is not a tree.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) mark: Option<Mark>,
    pub(super) message: String,
    pub(super) remedy: &'static str,
}

/// Parses one YAML document; `None` when it is empty.
pub(super) fn parse(source: &str) -> Result<Option<Node>, SyntaxError> {
    let options = serde_yaml::options! {
        strict_booleans: true,
        with_snippet: false,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        budget: serde_yaml::budget! {
            max_depth: DEEPEST,
            max_nodes: MOST_NODES,
            max_events: 4 * MOST_NODES,
            max_documents: 2,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: MOST_REPEATED,
        },
    };
    match serde_yaml::from_str_with_options::<Node>(source, options) {
        Ok(Node { kind: Kind::Null, .. }) => Ok(None),
        Ok(node) => Ok(Some(node)),
        Err(error) if matches!(error.without_snippet(), serde_yaml::Error::Eof { .. }) => Ok(None),
        Err(error) => Err(syntax_error(&error)),
    }
}

fn syntax_error(error: &serde_yaml::Error) -> SyntaxError {
    const FLATTEN: &str = "a rule needs no such depth: write it flatter";
    let mark = error.location().map(|location| Mark { width: 1, ..mark_of(location) });
    let error = original(error);
    let (message, remedy) = match error {
        serde_yaml::Error::MultipleDocuments { .. } => {
            ("a second YAML document".to_owned(), "keep everything in one document, without `---`")
        }
        serde_yaml::Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            (format!("nested more than {DEEPEST} levels deep"), FLATTEN)
        }
        serde_yaml::Error::Budget { breach: BudgetBreach::Nodes { .. }, .. } => {
            (format!("more than {MOST_NODES} values"), "split the rules over several daemons")
        }
        serde_yaml::Error::AliasReplayLimitExceeded { .. } => (
            format!("aliases repeat more than {MOST_REPEATED} values"),
            "write out what the aliases stand for",
        ),
        other => match serde_yaml::DefaultMessageFormatter.format_message(other).as_ref() {
            // The scanner's own limit, far above ours, has no variant.
            "recursion limit exceeded" => (format!("nested more than {DEEPEST} levels deep"), FLATTEN),
            message => (
                format!("not YAML that can be read: {message}"),
                "check the brackets, quotes and indentation around this place",
            ),
        },
    };
    SyntaxError { mark, message, remedy }
}

/// The error itself, without what the crate wraps around it.
fn original(error: &serde_yaml::Error) -> &serde_yaml::Error {
    match error {
        serde_yaml::Error::AliasError { error, .. } | serde_yaml::Error::WithSnippet { error, .. } => {
            original(error)
        }
        other => other,
    }
}

fn mark_of(location: Location) -> Mark {
    let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Mark {
        line: narrow(location.line()),
        column: narrow(location.column()),
        width: narrow(location.span().len()),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self { mark: mark_of(spanned.referenced), kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Int(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
        Ok(Kind::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Kind, E> {
        Ok(Kind::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Node>()? {
            list.push(item);
        }
        Ok(Kind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry::<Node, Node>()? {
            map.push(entry);
        }
        // Past this number someone plays games, and the search for repeated keys need not be clever.
        if map.len() > 2_000 {
            return Err(A::Error::custom("a map with more than 2000 keys"));
        }
        Ok(Kind::Map(map))
    }
}

impl Kind {
    /// What it is, in words, with its value where that is short.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Bool(value) => format!("`{value}`"),
            Self::Int(value) => format!("the number {value}"),
            Self::Float(value) => format!("the number {value}"),
            Self::Text(text) => format!("`{}`", clip(text)),
            Self::List(items) if items.is_empty() => "an empty list".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Map(entries) if entries.is_empty() => "an empty map".to_owned(),
            Self::Map(_) => "a map".to_owned(),
        }
    }
}

/// A value as it may stand in a message: one line, not endless, and nothing that may be a secret.
pub(super) fn clip(text: &str) -> String {
    if looks_secret(text) {
        return "…".to_owned();
    }
    let mut clipped: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect();
    if text.chars().nth(80).is_some() {
        clipped.push('…');
    }
    clipped
}
