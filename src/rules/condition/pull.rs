//! `pull_request`: what is asked of the pull request that a run belongs to.

use super::{
    Expectation, FilesTest, LabelBound, all, leaf, login, node,
    observe::{Observation, compare},
};
use crate::{
    model::{ConditionResult, Facts, PullRequest, Truth},
    rules::Pattern,
};

/// What is asked of the run's pull request. Where there are several, it is so only of what all agree on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PullTest {
    /// Whether there is one.
    pub exists: Option<bool>,
    /// `open` or `closed`.
    pub state: Option<Vec<Pattern>>,
    /// Whether it is a draft.
    pub draft: Option<bool>,
    /// Whether it was merged.
    pub merged: Option<bool>,
    /// The login of whoever opened it.
    pub author: Option<Vec<Pattern>>,
    /// The branch that it is to be merged into.
    pub base: Option<Vec<Pattern>>,
    /// One of its labels.
    pub label: Option<Vec<Pattern>>,
    /// Its title.
    pub title: Option<Vec<Pattern>>,
    /// Whether its head is the run's commit.
    pub head_is_current: Option<bool>,
    /// Whether it has changed since the run did.
    pub changed_since: Option<bool>,
    /// What its changed files are.
    pub changed_files: Option<FilesTest>,
    /// What one of its labels bounds.
    pub at_most_label: Option<LabelBound>,
}

impl PullTest {
    pub(super) fn evaluate(&self, facts: &Facts) -> ConditionResult {
        let pulls = match facts.details.pulls.known() {
            Ok(pulls) => pulls,
            Err(why) => return leaf("pull_request", "", why, Truth::Unknown),
        };
        let exists = self.exists.map(|asked| {
            let flag = Observation::Flag(!pulls.is_empty());
            compare("exists", &Expectation::Is(asked), flag)
        });
        let mut parts: Vec<ConditionResult> = exists.into_iter().collect();
        if self.asks_more() {
            if pulls.is_empty() {
                parts.push(leaf("exists", "true", "no pull request", Truth::No));
            }
            parts.extend(self.of_each(facts, pulls));
        }
        let whole = all(parts);
        node("pull_request", whole.satisfied, whole.parts)
    }

    /// Of several pull requests it cannot be told which is meant, unless all say the same.
    fn of_each(&self, facts: &Facts, pulls: &[PullRequest]) -> Option<ConditionResult> {
        let parts: Vec<_> = pulls.iter().map(|pull| self.of_one(facts, pull)).collect();
        let is = |truth| parts.iter().all(|part| part.satisfied == truth);
        let agreed = [Truth::Yes, Truth::No].into_iter().find(|truth| is(*truth)).unwrap_or(Truth::Unknown);
        match parts.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            _ => Some(node("each", agreed, parts)),
        }
    }

    fn asks_more(&self) -> bool {
        *self != Self { exists: self.exists, ..Self::default() }
    }

    /// Whether it cannot be told yet if the pull request is what is asked.
    pub(in crate::rules) fn leaves_open(&self, facts: &Facts, pull: &PullRequest) -> bool {
        self.of_one(facts, pull).satisfied == Truth::Unknown
    }

    fn of_one(&self, facts: &Facts, pull: &PullRequest) -> ConditionResult {
        let run = &facts.run;
        let text = |text: &Option<String>| {
            text.as_ref().map_or_else(unknown, |text| Observation::Text(text.clone()))
        };
        let flag = |flag: Option<bool>| flag.map_or_else(unknown, Observation::Flag);
        let is_at = pull.head_sha.as_ref().zip(run.head_sha.as_ref()).map(|(head, own)| head == own);
        let changed = pull.updated_at.zip(run.updated_at).map(|(pull, run)| pull > run);
        let patterns = [
            ("state", &self.state, text(&pull.state)),
            ("author", &self.author, text(&pull.author)),
            ("base", &self.base, text(&pull.base)),
            ("label", &self.label, Observation::Texts(pull.labels.clone())),
            ("title", &self.title, text(&pull.title)),
        ];
        let flags = [
            ("draft", self.draft, flag(pull.draft)),
            ("merged", self.merged, flag(pull.merged)),
            ("head_is_current", self.head_is_current, flag(is_at)),
            ("changed_since", self.changed_since, flag(changed)),
        ];
        let of_patterns = patterns.into_iter().filter_map(|(word, asked, observed)| {
            let asked = Expectation::Matches(asked.clone()?);
            Some(match word {
                "author" => login::compare(word, &asked, observed, facts),
                _ => compare(word, &asked, observed),
            })
        });
        let of_flags = flags
            .into_iter()
            .filter_map(|(word, asked, observed)| Some(compare(word, &Expectation::Is(asked?), observed)));
        let bound = self.at_most_label.iter().map(|bound| bound.evaluate(facts, pull));
        let files = self.changed_files.iter().map(|asked| asked.evaluate(run, pull));
        let whole = all(of_patterns.chain(of_flags).chain(bound).chain(files).collect());
        node(format!("#{}", pull.number), whole.satisfied, whole.parts)
    }
}

fn unknown() -> Observation {
    Observation::Unknown("not known: GitHub gave none".to_owned())
}
