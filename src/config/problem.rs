//! What is wrong with a configuration, said to a person: the place, the value seen, and the remedy.

use std::fmt;

use serde::Serialize;

/// Whether a problem keeps the daemon from starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// The configuration loads, and probably does not do what was meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Whether it keeps the daemon from starting.
    pub severity: Severity,
    /// The file, as it was named on the command line.
    pub file: String,
    /// Where in the tree: `rules[0].when.branch`; empty for the file itself.
    pub path: String,
    /// The line, from 1; `None` for the file as a whole.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// The line of the file; `None` where it would show a secret.
    pub snippet: Option<String>,
    /// How many characters the problem covers in its line.
    #[serde(skip)]
    pub(super) width: u32,
}

impl Problem {
    /// A problem with the file as a whole.
    fn of_file(file: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            path: String::new(),
            line: None,
            column: None,
            message: message.into(),
            remedy: Some(remedy.into()),
            snippet: None,
            width: 0,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, ": {severity}: {}", self.message)?;
        if let (Some(snippet), Some(line), Some(column)) = (&self.snippet, self.line, self.column) {
            let number = line.to_string();
            let gutter = number.len();
            let before = column.saturating_sub(1) as usize;
            let caret = "^".repeat(self.width.max(1) as usize);
            writeln!(f, "  {number} | {snippet}")?;
            writeln!(f, "  {:gutter$} | {:before$}{caret}", "", "")?;
        }
        match &self.remedy {
            Some(remedy) => writeln!(f, "  help: {remedy}"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with one configuration, in the file's order; of very much, the first hundred errors
/// and the first hundred warnings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems {
    list: Vec<Problem>,
    #[serde(skip)]
    omitted: usize,
}

impl Problems {
    pub(super) fn new(mut list: Vec<Problem>, omitted: usize) -> Self {
        list.sort_by_key(|problem| (problem.line, problem.column));
        Self { list, omitted }
    }

    /// The one problem of a file that cannot be read at all.
    pub(super) fn of_file(file: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(vec![Problem::of_file(file, message, remedy)], 0)
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether one of them keeps the daemon from starting.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.list {
            writeln!(f, "{problem}")?;
        }
        let warnings = self.list.iter().filter(|problem| problem.severity == Severity::Warning).count();
        let counted =
            |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        f.write_str(&counted(self.list.len(), "problem"))?;
        match (warnings, self.list.len() - warnings) {
            (0, _) => {}
            (warnings, 0) => write!(f, ": {}", counted(warnings, "warning"))?,
            (warnings, errors) => {
                write!(f, ": {}, {}", counted(errors, "error"), counted(warnings, "warning"))?
            }
        }
        match self.omitted {
            0 => Ok(()),
            omitted => write!(f, ", and {omitted} more that are not shown"),
        }
    }
}

impl std::error::Error for Problems {}
