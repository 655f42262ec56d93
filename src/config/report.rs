//! Collects problems while the tree is read. A line that may hold a secret is never repeated in one.

use std::{collections::HashSet, sync::Arc};

use super::{
    problem::{Problem, Problems, Severity},
    tree::{Mark, Node, SyntaxError},
};
use crate::rules::Signature;

/// What GitHub's tokens begin with, and private keys.
/// <https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats>
const SECRET_SIGNS: [&str; 7] = ["ghp_", "github_pat_", "gho_", "ghu_", "ghs_", "ghr_", "-----BEGIN"];

/// A longer run of lower-case letters and digits is more likely a key than a name.
const LONGEST_NAME: usize = 30;

/// How many errors, and how many warnings, are kept; a person mends these first.
const MOST_OF_A_KIND: usize = 100;

/// A longer line is looked at by no one, so that looking at it once a problem cannot take long.
const LONGEST_LINE_BYTES: usize = 4096;

/// How much of a line is repeated in a message.
const LONGEST_SNIPPET: usize = 160;

/// A node and its path in the tree.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
}

impl<'a> At<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self { node, path: String::new() }
    }

    /// A value of this map, or its key, under the same path.
    pub(super) fn key(&self, name: &str, node: &'a Node) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { node, path }
    }

    /// An item of this list.
    pub(super) fn item(&self, index: usize, node: &'a Node) -> Self {
        Self { node, path: format!("{}[{index}]", self.path) }
    }
}

/// The problems found so far.
#[derive(Debug)]
pub(super) struct Report<'s> {
    file: String,
    lines: Vec<&'s str>,
    secret_lines: HashSet<u32>,
    /// The signatures read so far, which conditions may name.
    pub(super) signatures: Vec<Arc<Signature>>,
    /// Whether they may name built-in ones too.
    pub(super) names_built_in: bool,
    problems: Vec<Problem>,
    errors: usize,
    warnings: usize,
}

impl<'s> Report<'s> {
    pub(super) fn new(file: &str, source: &'s str) -> Self {
        Self {
            file: file.to_owned(),
            lines: source.lines().collect(),
            secret_lines: HashSet::new(),
            signatures: Vec::new(),
            names_built_in: true,
            problems: Vec::new(),
            errors: 0,
            warnings: 0,
        }
    }

    /// Something for which the configuration is refused.
    pub(super) fn error(&mut self, at: &At<'_>, message: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Error, Some(at.node.mark), &at.path, message.into(), Some(remedy.into()));
    }

    /// Something that loads and is probably not meant.
    pub(super) fn warn(&mut self, at: &At<'_>, message: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Warning, Some(at.node.mark), &at.path, message.into(), Some(remedy.into()));
    }

    /// The file is not YAML.
    pub(super) fn syntax(&mut self, error: SyntaxError) {
        self.push(Severity::Error, error.mark, "", error.message, Some(error.remedy.to_owned()));
    }

    /// A section is missing: in the file, not in a line of it.
    pub(super) fn missing(
        &mut self,
        severity: Severity,
        section: &str,
        message: &str,
        remedy: impl Into<String>,
    ) {
        self.push(severity, None, section, message.to_owned(), Some(remedy.into()));
    }

    /// A secret stands in this node: no message repeats its line.
    pub(super) fn conceal(&mut self, at: &At<'_>) {
        self.secret_lines.insert(at.node.mark.line);
    }

    /// The node as it is spelled in the file, where that is one word.
    pub(super) fn spelling(&self, mark: Mark) -> Option<String> {
        let line = self.line(mark.line)?;
        let rest = line.chars().skip(mark.column.checked_sub(1)? as usize);
        let word: String = rest.take(mark.width as usize).collect();
        (!word.is_empty() && word.chars().count() == mark.width as usize).then_some(word)
    }

    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// All of them, each with its line of the file.
    pub(super) fn finish(mut self) -> Problems {
        let mut problems = std::mem::take(&mut self.problems);
        for problem in &mut problems {
            if let Some((snippet, width)) = self.snippet(problem) {
                problem.snippet = Some(snippet);
                problem.width = width;
            }
        }
        let omitted = self.errors + self.warnings - problems.len();
        Problems::new(problems, omitted)
    }

    fn push(
        &mut self,
        severity: Severity,
        mark: Option<Mark>,
        path: &str,
        message: String,
        remedy: Option<String>,
    ) {
        let count = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count > MOST_OF_A_KIND {
            return;
        }
        self.problems.push(Problem {
            severity,
            file: self.file.clone(),
            path: printable(path),
            line: mark.map(|mark| mark.line),
            column: mark.map(|mark| mark.column),
            message: printable(&message),
            remedy: remedy.as_deref().map(printable),
            snippet: None,
            width: mark.map_or(0, |mark| mark.width),
        });
    }

    fn line(&self, number: u32) -> Option<&'s str> {
        let line = self.lines.get(number.checked_sub(1)? as usize)?;
        (line.len() <= LONGEST_LINE_BYTES).then_some(*line)
    }

    /// The problem's line, and how much of it the problem covers.
    fn snippet(&self, problem: &Problem) -> Option<(String, u32)> {
        let (number, column) = (problem.line?, problem.column?);
        let line = self.line(number)?.trim_end();
        if self.secret_lines.contains(&number) || looks_secret(line) || column as usize > LONGEST_SNIPPET {
            return None;
        }
        // A tab or another control character would move the caret.
        let shown: String = printable(line).chars().take(LONGEST_SNIPPET).collect();
        let left = shown.chars().count().saturating_sub(column as usize - 1);
        Some((shown, problem.width.min(u32::try_from(left).unwrap_or(1))))
    }
}

/// The text without what would move a terminal's cursor.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Whether the text is, or holds, a credential of GitHub's.
pub(super) fn has_secret_sign(text: &str) -> bool {
    SECRET_SIGNS.iter().any(|sign| text.contains(sign))
}

/// Whether the text may be, or hold, a credential.
pub(super) fn looks_secret(text: &str) -> bool {
    let is_key_character = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '=' | '_');
    let looks_random = |word: &str| {
        word.len() > LONGEST_NAME
            && word.bytes().any(|b| b.is_ascii_digit())
            && word.bytes().any(|b| b.is_ascii_lowercase())
    };
    has_secret_sign(text) || text.split(|c| !is_key_character(c)).any(looks_random)
}
