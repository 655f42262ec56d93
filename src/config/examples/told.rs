//! What a test tells of a run, word by word: a plain value each, where a rule would have what it asks for.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    config::{
        fields::Fields,
        pattern::{VISIBILITIES, WORKFLOW_STATES},
        report::{At, Report},
        suggest,
        tree::{Kind, clip},
        values,
    },
    model::{Conclusion, RepositoryName, Status},
    rules::{Kind as ValueKind, Word},
};

/// The value of a word.
#[derive(Debug, Clone, PartialEq)]
enum Told {
    Text(String),
    Number(u64),
    Duration(Duration),
    Flag(bool),
    /// There is none.
    Nothing,
}

/// The words that a test tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Words(BTreeMap<Word, Told>);

impl Words {
    /// Reads those of the map that are words; what cannot be read is reported, and then nothing is given.
    pub(super) fn read(report: &mut Report<'_>, fields: &Fields<'_>) -> Option<Self> {
        let mut words = BTreeMap::new();
        let mut whole = true;
        for word in Word::ALL {
            let Some(at) = fields.get(word.as_str()) else {
                continue;
            };
            match told(report, word, &at) {
                Some(told) => drop(words.insert(word, told)),
                None => whole = false,
            }
        }
        whole.then_some(Self(words))
    }

    /// The words of the two, the second's where both tell one.
    pub(super) fn overlaid(&self, by: &Self) -> Self {
        let mut words = self.0.clone();
        words.extend(by.0.clone());
        Self(words)
    }

    /// The text, where there is one.
    pub(super) fn text(&self, word: Word) -> Option<String> {
        match self.0.get(&word)? {
            Told::Text(text) => Some(text.clone()),
            Told::Number(_) | Told::Duration(_) | Told::Flag(_) | Told::Nothing => None,
        }
    }

    /// The number.
    pub(super) fn number(&self, word: Word) -> Option<u32> {
        match self.0.get(&word)? {
            Told::Number(number) => u32::try_from(*number).ok(),
            Told::Text(_) | Told::Duration(_) | Told::Flag(_) | Told::Nothing => None,
        }
    }

    /// The length of time.
    pub(super) fn duration(&self, word: Word) -> Option<Duration> {
        match self.0.get(&word)? {
            Told::Duration(duration) => Some(*duration),
            Told::Text(_) | Told::Number(_) | Told::Flag(_) | Told::Nothing => None,
        }
    }

    /// Yes or no.
    pub(super) fn flag(&self, word: Word) -> Option<bool> {
        match self.0.get(&word)? {
            Told::Flag(flag) => Some(*flag),
            Told::Text(_) | Told::Number(_) | Told::Duration(_) | Told::Nothing => None,
        }
    }

    /// Whether the test tells it at all.
    pub(super) fn tells(&self, word: Word) -> bool {
        self.0.contains_key(&word)
    }
}

fn told(report: &mut Report<'_>, word: Word, at: &At<'_>) -> Option<Told> {
    match word.kind() {
        ValueKind::Text { .. } | ValueKind::Lines => text(report, word, at),
        ValueKind::Number => values::count(report, at, u32::from(word == Word::RunAttempt))
            .map(|number| Told::Number(number.into())),
        ValueKind::Duration => values::duration(report, at).map(Told::Duration),
        ValueKind::Flag => values::flag(report, at).map(Told::Flag),
    }
}

fn text(report: &mut Report<'_>, word: Word, at: &At<'_>) -> Option<Told> {
    let may_be_none = matches!(word, Word::Conclusion | Word::Tag);
    if may_be_none && matches!(at.node.kind, Kind::Null) {
        return Some(Told::Nothing);
    }
    let text = plain(report, at)?;
    let known = match word {
        Word::Status => Some(Status::KNOWN),
        Word::Conclusion => Some(Conclusion::KNOWN),
        Word::Visibility => Some(VISIBILITIES.as_slice()),
        Word::WorkflowState => Some(WORKFLOW_STATES.as_slice()),
        _ => None,
    };
    one_of(report, word.as_str(), text, known, at)?;
    if word == Word::Repository && RepositoryName::parse(text).is_err() {
        report.error(at, format!("`{}` is no repository", clip(text)), "write `OWNER/NAME`");
        return None;
    }
    Some(Told::Text(text.to_owned()))
}

/// A text that is a fact and not a pattern.
pub(super) fn plain<'a>(report: &mut Report<'_>, at: &At<'a>) -> Option<&'a str> {
    if let Kind::List(_) = at.node.kind {
        report.error(at, "expected one text, found a list", "a test gives what is the case: one value");
        return None;
    }
    let text = values::text(report, at)?;
    if text.contains('*') {
        let message = format!("`{}` is a pattern", clip(text));
        report.error(at, message, "a test gives what is the case, such as one branch's name");
        return None;
    }
    Some(text)
}

/// Reports a value that is none of those that GitHub has.
pub(super) fn one_of(
    report: &mut Report<'_>,
    word: &str,
    text: &str,
    known: Option<&[&str]>,
    at: &At<'_>,
) -> Option<()> {
    match known {
        Some(known) if !known.contains(&text) => {
            report.error(at, format!("unknown {word} `{}`", clip(text)), suggest::instead(text, known));
            None
        }
        _ => Some(()),
    }
}
