//! `log`: what is asked of a job's log.

use std::{collections::BTreeMap, fmt};

use super::{Expectation, leaf};
use crate::{
    model::{ConditionResult, Job, JobLog, Truth},
    rules::Pattern,
};

/// What is asked of a job's log.
#[derive(Debug, Clone, PartialEq)]
pub enum LogTest {
    /// The patterns accept its lines.
    Lines(Vec<Pattern>),
    /// Whether GitHub has none.
    Missing(bool),
}

impl LogTest {
    /// Evaluates it; `without_log` is what a log that is missing says of its lines.
    pub(super) fn evaluate(&self, job: &Job, without_log: Truth) -> ConditionResult {
        let (satisfied, observed) = match (self, job.log.known()) {
            (_, Err(why)) => (Truth::Unknown, why),
            (Self::Missing(asked), Ok(JobLog::Missing)) => (Truth::of(*asked), "no log".to_owned()),
            (Self::Missing(asked), Ok(JobLog::Scanned { .. })) => (Truth::of(!asked), "a log".to_owned()),
            (Self::Lines(_), Ok(JobLog::Missing)) => (without_log, "no log".to_owned()),
            (Self::Lines(patterns), Ok(log)) => accept(patterns, log),
        };
        leaf("log", self, observed, satisfied)
    }

    /// The patterns that a log has to be searched for, each by its text.
    pub(super) fn collect<'a>(&'a self, patterns: &mut BTreeMap<&'a str, &'a Pattern>) {
        if let Self::Lines(of) = self {
            patterns.extend(of.iter().map(|pattern| (pattern.body(), pattern)));
        }
    }
}

/// As [`Pattern::accept`], of a log of which only some lines are known.
fn accept(patterns: &[Pattern], log: &JobLog) -> (Truth, String) {
    let all_else = patterns.first().is_some_and(Pattern::excludes);
    let (mut accepted, mut found, mut why) = (Truth::of(all_else), Vec::new(), String::new());
    for pattern in patterns {
        let turned = Truth::of(!pattern.excludes());
        match log.first(pattern.body()) {
            Ok(Some(hit)) => {
                accepted = turned;
                found.push(format!("line {}: {}", hit.number, hit.line));
            }
            Ok(None) => {}
            Err(reason) => {
                why = reason;
                accepted = if accepted == turned { accepted } else { Truth::Unknown };
            }
        }
    }
    let observed = match (accepted, found.is_empty()) {
        (Truth::Unknown, _) => why,
        (_, true) => "no such line".to_owned(),
        (_, false) => found.join(", "),
    };
    (accepted, observed)
}

impl fmt::Display for LogTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lines(patterns) => Expectation::Matches(patterns.clone()).fmt(f),
            Self::Missing(true) => f.write_str("missing"),
            Self::Missing(false) => f.write_str("there"),
        }
    }
}
