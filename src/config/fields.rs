//! A map opened against its table of keys: what is in the map but not in the table is reported.

use super::{
    report::{At, Report},
    suggest,
    tree::{Kind, Node, clip},
    vocabulary::Key,
};

/// The entries of a map whose keys are in the table.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    at: At<'a>,
    entries: Vec<(&'a str, &'a Node, &'a Node)>,
    /// The keys that were probably meant by those that are not in the table.
    meant: Vec<String>,
    /// Whether all its keys are in the table.
    pub(super) is_known: bool,
}

impl<'a> Fields<'a> {
    /// Opens a map. A section without anything in it (`server:`) is one in which nothing is set.
    pub(super) fn open(report: &mut Report<'_>, at: &At<'a>, table: &[Key]) -> Option<Self> {
        Self::open_named(report, at, &table.iter().map(|key| key.name).collect::<Vec<_>>())
    }

    /// Opens a map whose keys are these.
    pub(super) fn open_named(report: &mut Report<'_>, at: &At<'a>, names: &[&str]) -> Option<Self> {
        let entries = match &at.node.kind {
            Kind::Null => Vec::new(),
            Kind::Map(_) => text_keys(report, at),
            other => {
                let message = format!("expected a map, found {}", other.describe());
                report.error(at, message, format!("its keys: {}", names.join(", ")));
                return None;
            }
        };
        let (known, unknown): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(name, ..)| names.contains(name));
        let (mut meant, is_known) = (Vec::new(), unknown.is_empty());
        for (name, key, _) in unknown {
            meant.extend(suggest::closest(name, names.iter().copied()).map(ToOwned::to_owned));
            unknown_key(report, &at.key(name, key), name, names);
        }
        Some(Self { at: at.clone(), entries: known, meant, is_known })
    }

    /// The value of a key, if the key is there.
    pub(super) fn get(&self, name: &str) -> Option<At<'a>> {
        let (name, _, value) = self.entries.iter().find(|(key, ..)| *key == name)?;
        Some(self.at.key(name, value))
    }

    /// The key itself, if it is there.
    pub(super) fn key(&self, name: &str) -> Option<At<'a>> {
        let (name, key, _) = self.entries.iter().find(|(key, ..)| *key == name)?;
        Some(self.at.key(name, key))
    }

    /// Whether the key stands there with a slip in it, which has been reported.
    pub(super) fn is_misspelled(&self, name: &str) -> bool {
        self.meant.iter().any(|meant| meant == name)
    }

    /// The value of a key without which the section means nothing.
    pub(super) fn require(&self, report: &mut Report<'_>, name: &str, remedy: &str) -> Option<At<'a>> {
        let found = self.get(name);
        if found.is_none() && !self.is_misspelled(name) {
            report.error(&self.at, format!("`{name}` is missing"), remedy);
        }
        found
    }
}

/// The entries of a map with a text for a key; other keys and repeated ones are reported.
pub(super) fn text_keys<'a>(report: &mut Report<'_>, at: &At<'a>) -> Vec<(&'a str, &'a Node, &'a Node)> {
    let Kind::Map(map) = &at.node.kind else {
        return Vec::new();
    };
    let mut entries: Vec<(&str, &Node, &Node)> = Vec::new();
    for (key, value) in map {
        let Kind::Text(name) = &key.kind else {
            let place = At { node: key, path: at.path.clone() };
            report.error(
                &place,
                format!("expected a word as key, found {}", key.kind.describe()),
                "write the key as text",
            );
            continue;
        };
        if let Some((_, first, _)) = entries.iter().find(|(known, ..)| known == name) {
            let message = format!("`{}` stands here for the second time", clip(name));
            let remedy = format!("the first is in line {}; keep one of them", first.mark.line);
            report.error(&at.key(name, key), message, remedy);
            continue;
        }
        entries.push((name, key, value));
    }
    entries
}

/// Reports a key that is none of those expected.
pub(super) fn unknown_key(report: &mut Report<'_>, key: &At<'_>, name: &str, expected: &[&str]) {
    report.error(key, format!("unknown key `{}`", clip(name)), suggest::instead(name, expected));
}
