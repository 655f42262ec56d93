//! `running` and `acted`: what goes on around a run by GitHub's list of runs, and what has been done to it already.

use std::time::Duration;

use super::{Expectation, Range, leaf, show_duration};
use crate::model::{
    Act, ConditionResult, Fact, Facts, RuleName, RunId, RunSnapshot, Timestamp, Truth, Underway,
};
use crate::rules::Pattern;

/// One of the two.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnTest {
    /// `running`
    Running(RunningTest),
    /// `acted`
    Acted(ActedTest),
}

/// How many other runs of a group are under way.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningTest {
    /// What makes the group; empty for the whole repository.
    pub same: Vec<SameAs>,
    /// Only runs whose pull request is to be merged into such a branch count; empty for all.
    pub base: Vec<Pattern>,
    /// How many there may be.
    pub count: Range<u64>,
}

/// What runs of a group have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameAs {
    /// The workflow.
    Workflow,
    /// The head branch, in the same repository.
    Branch,
    /// The branch that the pull request is to be merged into.
    Base,
}

impl SameAs {
    /// The words of the YAML.
    pub const WORDS: [(&'static str, Self); 3] =
        [("workflow", Self::Workflow), ("branch", Self::Branch), ("base", Self::Base)];

    fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, of)| *of == self).map_or("", |(word, _)| word)
    }
}

/// How often a rule has acted on the run.
#[derive(Debug, Clone, PartialEq)]
pub struct ActedTest {
    /// The rule, or `command`.
    pub rule: RuleName,
    /// Only what was planned in this time counts.
    pub within: Option<Duration>,
    /// How often.
    pub times: Range<u64>,
}

impl OwnTest {
    pub(super) fn evaluate(&self, facts: &Facts, now: Timestamp) -> ConditionResult {
        match self {
            Self::Running(test) => test.evaluate(facts),
            Self::Acted(test) => test.evaluate(&facts.details.acts, now),
        }
    }
}

impl RunningTest {
    /// Whether it asks for the pull request's base.
    #[must_use]
    pub fn asks_for_base(&self) -> bool {
        self.same.contains(&SameAs::Base) || !self.base.is_empty()
    }

    fn evaluate(&self, facts: &Facts) -> ConditionResult {
        let group: Vec<&str> = self.same.iter().map(|same| same.as_str()).collect();
        let of =
            if group.is_empty() { String::new() } else { format!(" of the same {}", group.join(" and ")) };
        let base = match self.base.as_slice() {
            [] => String::new(),
            patterns => format!(" into {}", Expectation::Matches(patterns.to_vec())),
        };
        let expected = format!("{}{of}{base}", Expectation::Number(self.count));
        let underway = match facts.details.underway.known() {
            Ok(underway) => underway,
            Err(why) => return leaf("running", expected, why, Truth::Unknown),
        };
        let others = underway.iter().filter(|other| other.run != facts.run.id);
        let judged: Vec<(RunId, Truth)> =
            others.map(|other| (other.run, self.is_same(other, facts))).collect();
        let count = |wanted| judged.iter().filter(|(_, truth)| *truth == wanted).count() as u64;
        let (sure, unsure) = (count(Truth::Yes), count(Truth::Unknown));
        let fits = (sure..=sure + unsure).filter(|count| self.count.contains(*count)).count() as u64;
        let satisfied = match fits {
            0 => Truth::No,
            all if all == unsure + 1 => Truth::Yes,
            _ => Truth::Unknown,
        };
        leaf("running", expected, observed(&judged, unsure), satisfied)
    }

    fn is_same(&self, other: &Underway, facts: &Facts) -> Truth {
        let run = &facts.run;
        let each = self.same.iter().map(|same| match same {
            SameAs::Workflow => same_workflow(other, run),
            SameAs::Branch => same_branch(other, run),
            SameAs::Base => match (&other.base, &facts.details.base) {
                (Fact::Known(other), Fact::Known(own)) => Truth::of(other == own),
                _ => Truth::Unknown,
            },
        });
        let each: Vec<Truth> = each.chain(self.is_into(other)).collect();
        let first = [Truth::No, Truth::Unknown].into_iter().find(|truth| each.contains(truth));
        first.unwrap_or(Truth::Yes)
    }

    /// Whether the other run is to be merged into a branch that counts; `None` when all do.
    fn is_into(&self, other: &Underway) -> Option<Truth> {
        (!self.base.is_empty()).then(|| match &other.base {
            Fact::Known(Some(base)) => Truth::of(Pattern::accept(&self.base, &[base.as_str()])),
            Fact::Known(None) => Truth::No,
            Fact::NotAsked | Fact::Missing(_) => Truth::Unknown,
        })
    }
}

fn observed(judged: &[(RunId, Truth)], unsure: u64) -> String {
    let ids = judged.iter().filter(|(_, truth)| *truth == Truth::Yes).map(|(run, _)| run.to_string());
    let ids: Vec<String> = ids.collect();
    let shown: Vec<&str> = ids.iter().take(5).map(String::as_str).collect();
    let mut text = match ids.len() {
        0 => "0".to_owned(),
        few if few <= shown.len() => format!("{few}: {}", shown.join(", ")),
        many => format!("{many}: {}…", shown.join(", ")),
    };
    if unsure > 0 {
        text.push_str(&format!(", and {unsure} of which it cannot be told"));
    }
    text
}

fn same_workflow(other: &Underway, run: &RunSnapshot) -> Truth {
    match (other.workflow_id, run.workflow_id, &other.workflow_path, &run.workflow_path) {
        (Some(other), Some(own), ..) => Truth::of(other == own),
        (_, _, Some(other), Some(own)) => Truth::of(other == own),
        _ => Truth::Unknown,
    }
}

/// Forks have branches of the same names.
fn same_branch(other: &Underway, run: &RunSnapshot) -> Truth {
    match (&other.branch, &run.branch) {
        (Some(other), Some(own)) if other != own => return Truth::No,
        (Some(_), Some(_)) => {}
        _ => return Truth::Unknown,
    }
    match (&other.head_repository, &run.head_repository) {
        (Some(other), Some(own)) => Truth::of(other == own),
        _ => Truth::Unknown,
    }
}

impl ActedTest {
    fn evaluate(&self, acts: &Fact<Vec<Act>>, now: Timestamp) -> ConditionResult {
        let within = self.within.map_or_else(String::new, |it| format!(" within {}", show_duration(it)));
        let expected = format!("{} by {}{within}", Expectation::Number(self.times), self.rule);
        let acts = match acts.known() {
            Ok(acts) => acts,
            Err(why) => return leaf("acted", expected, why, Truth::Unknown),
        };
        let counts =
            |act: &&Act| act.rule == self.rule && self.within.is_none_or(|within| now.since(act.at) < within);
        let times = acts.iter().filter(counts).count() as u64;
        leaf("acted", expected, times.to_string(), Truth::of(self.times.contains(times)))
    }
}
