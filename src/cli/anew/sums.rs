//! Counts in words, and how attempts ended.

use serde::Serialize;

use crate::{cli::follow::Ended, model::RunAttempt};

/// How attempts ended.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct Ends {
    pub(in crate::cli) passed: u64,
    failed: u64,
    otherwise: u64,
    unknown: u64,
}

impl Ends {
    /// Counts one.
    pub(in crate::cli) fn add(&mut self, ended: Ended) {
        match ended {
            Ended::Passed => self.passed += 1,
            Ended::Failed => self.failed += 1,
            Ended::Otherwise => self.otherwise += 1,
            Ended::Unknown => self.unknown += 1,
        }
    }

    /// How many.
    pub(in crate::cli) fn total(&self) -> u64 {
        self.passed + self.failed + self.otherwise + self.unknown
    }

    /// In words.
    pub(in crate::cli) fn text(&self) -> String {
        let Self { passed, failed, otherwise, unknown } = self;
        let mut text = format!("{passed} passed, {failed} failed");
        if *otherwise > 0 {
            text.push_str(&format!(", {otherwise} ended otherwise"));
        }
        if *unknown > 0 {
            text.push_str(&format!(", of {unknown} the end is not known"));
        }
        text
    }
}

/// An attempt's number, if it is known.
pub(in crate::cli) fn shown(attempt: Option<RunAttempt>) -> String {
    attempt.map(|attempt| attempt.to_string()).unwrap_or_default()
}

/// What was left out of a list.
pub(in crate::cli) fn more(all: u64, shown: usize) -> String {
    match all.saturating_sub(u64::try_from(shown).unwrap_or(u64::MAX)) {
        0 => String::new(),
        more => format!("and {more} more: `--limit N` lists them\n"),
    }
}

/// `3 runs`.
pub(in crate::cli) fn counted(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
