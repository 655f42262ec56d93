//! `at_most_label`: a bound that a label of the run's pull request carries, such as the 3 of `retry/3`.

use super::{Word, leaf};
use crate::model::{ConditionResult, Facts, PullRequest, Truth};

/// A bound on an attempt or on re-runs, from a label of the pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelBound {
    /// What is bounded: `run_attempt` or `reruns_by_us`.
    pub word: Word,
    /// What stands before the number.
    pub prefix: String,
    /// What stands behind it.
    pub suffix: String,
}

impl LabelBound {
    /// Reads `retry/*`: what stands around the number. None where there is no `*`, or several, or anything else that
    /// has a meaning in patterns.
    #[must_use]
    pub fn parse(word: Word, text: &str) -> Option<Self> {
        let (prefix, suffix) = text.split_once('*')?;
        let is_plain = !suffix.contains('*') && !text.contains('?') && !text.starts_with(['!', '/']);
        is_plain.then(|| Self { word, prefix: prefix.to_owned(), suffix: suffix.to_owned() })
    }

    /// The label with the smallest number, and that number. What stands there and is no number counts for nothing.
    fn least<'a>(&self, labels: &'a [String]) -> Option<(u64, &'a str)> {
        let number = |label: &'a String| {
            let digits = label.strip_prefix(&self.prefix)?.strip_suffix(&self.suffix)?;
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| is_number).map(|number| (number, label.as_str()))
        };
        labels.iter().filter_map(number).min()
    }

    /// Whether what is bounded is no more than the number; without such a label it is not so.
    pub(super) fn evaluate(&self, facts: &Facts, pull: &PullRequest) -> ConditionResult {
        let expected = format!("{} at most the number of {}*{}", self.word, self.prefix, self.suffix);
        let Some((most, label)) = self.least(&pull.labels) else {
            return leaf("at_most_label", expected, "no such label", Truth::No);
        };
        match self.count(facts) {
            Ok(count) => {
                let observed = format!("{count}, and the label {label}");
                leaf("at_most_label", expected, observed, Truth::of(count <= most))
            }
            Err(why) => leaf("at_most_label", expected, why, Truth::Unknown),
        }
    }

    fn count(&self, facts: &Facts) -> Result<u64, String> {
        if self.word == Word::RerunsByUs {
            return facts.details.reruns_by_us.known().map(|reruns| u64::from(*reruns));
        }
        let attempt = facts.run.attempt.map(|attempt| u64::from(attempt.0));
        attempt.ok_or_else(|| "not known: the run's attempt".to_owned())
    }
}
