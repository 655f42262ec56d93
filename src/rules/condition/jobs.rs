//! `jobs` and `failed_jobs`: conditions over all jobs of the judged attempt.

use std::collections::BTreeMap;

use super::{Expectation, JobCondition, Range, all, job::explained, leaf, node};
use crate::{
    model::{Conclusion, ConditionResult, Fact, Job, Truth},
    rules::{Need, Pattern},
};

/// So many jobs are explained one by one; of the others only the number is told.
const MOST_EXPLAINED: usize = 10;

/// What is asked of the jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct JobsTest {
    /// Which jobs.
    pub word: JobsWord,
    /// What counts as failed, for [`JobsWord::FailedJobs`].
    pub failed: Vec<Conclusion>,
    /// Jobs that are left out before all else.
    pub except: Option<JobCondition>,
    /// How many they are.
    pub count: Option<Range<u64>>,
    /// Their share of the jobs that were not skipped.
    pub share: Option<Range<f64>>,
    /// What each of them is, of which there must be one.
    pub every: Option<JobCondition>,
    /// What at least one of them is.
    pub some: Option<JobCondition>,
    /// What none of them is.
    pub none: Option<JobCondition>,
}

/// Which jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobsWord {
    /// All of the attempt.
    Jobs,
    /// Those that failed.
    FailedJobs,
}

impl JobsWord {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Jobs, Self::FailedJobs];

    /// What counts as failed where the rule does not say.
    pub const FAILED: [Conclusion; 2] = [Conclusion::Failure, Conclusion::TimedOut];

    /// The word in YAML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::FailedJobs => "failed_jobs",
        }
    }
}

/// The jobs that a test is about.
struct Selection<'a> {
    jobs: Vec<&'a Job>,
    not_skipped: usize,
}

impl JobsTest {
    pub(super) fn evaluate(&self, jobs: &Fact<Vec<Job>>) -> ConditionResult {
        let word = self.word.as_str();
        let selection = jobs.known().and_then(|jobs| self.select(jobs));
        let selection = match selection {
            Ok(selection) => selection,
            Err(why) => return leaf(word, "", why, Truth::Unknown),
        };
        let parts = [
            self.count.map(|range| self.count_of(&selection, range)),
            self.share.map(|range| share_of(&selection, range)),
            self.every.as_ref().map(|asked| quantified("every", asked, &selection.jobs)),
            self.some.as_ref().map(|asked| quantified("some", asked, &selection.jobs)),
            self.none.as_ref().map(|asked| quantified("none", asked, &selection.jobs)),
        ];
        let whole = all(parts.into_iter().flatten().collect());
        node(word, whole.satisfied, whole.parts)
    }

    /// The jobs that the test singles out: those that fulfil `some`, or all that it is about where it has no `some`.
    /// None when that is not known.
    #[must_use]
    pub fn matching<'a>(&self, jobs: &'a [Job]) -> Vec<&'a Job> {
        let Ok(selection) = self.select(jobs) else {
            return Vec::new();
        };
        let fits =
            |job: &&Job| self.some.as_ref().is_none_or(|asked| asked.evaluate(job).satisfied == Truth::Yes);
        selection.jobs.into_iter().filter(fits).collect()
    }

    /// What would tell more of a job while the test is open: one at a time, since each may settle the whole, and the
    /// cheaper first.
    #[must_use]
    pub fn wants(&self, jobs: &[Job]) -> Option<Need> {
        let wanted =
            |asked: &JobCondition, jobs: &[&Job]| jobs.iter().filter_map(|job| asked.wants(job)).min();
        let all: Vec<&Job> = jobs.iter().collect();
        if let Some(need) = self.except.as_ref().and_then(|asked| wanted(asked, &all)) {
            return Some(need);
        }
        let selected = self.select(jobs).ok()?.jobs;
        [&self.every, &self.some, &self.none]
            .into_iter()
            .flatten()
            .filter_map(|asked| wanted(asked, &selected))
            .min()
    }

    /// Collects the patterns that logs have to be searched for, each by its text.
    pub(super) fn log_patterns<'a>(&'a self, patterns: &mut BTreeMap<&'a str, &'a Pattern>) {
        for asked in [&self.except, &self.every, &self.some, &self.none].into_iter().flatten() {
            asked.log_patterns(patterns);
        }
    }

    fn select<'a>(&self, jobs: &'a [Job]) -> Result<Selection<'a>, String> {
        let mut considered = Vec::new();
        for job in jobs {
            match self.except.as_ref().map(|except| except.evaluate(job).satisfied) {
                Some(Truth::Yes) => {}
                Some(Truth::Unknown) => {
                    return Err(format!("not known: whether `except` leaves out {}", job.title()));
                }
                Some(Truth::No) | None => considered.push(job),
            }
        }
        let ended_somehow = |job: &&&Job| job.conclusion.is_none() && job.is_completed() != Some(false);
        if let Some(job) = considered.iter().find(ended_somehow)
            && self.word == JobsWord::FailedJobs
        {
            return Err(format!("not known: how {} ended", job.title()));
        }
        let not_skipped = considered.iter().filter(|job| !job.is_skipped()).count();
        let has_failed = |job: &&Job| job.conclusion.as_ref().is_some_and(|it| self.failed.contains(it));
        let jobs = match self.word {
            JobsWord::Jobs => considered,
            JobsWord::FailedJobs => considered.into_iter().filter(has_failed).collect(),
        };
        Ok(Selection { jobs, not_skipped })
    }

    fn count_of(&self, selection: &Selection<'_>, range: Range<u64>) -> ConditionResult {
        let count = selection.jobs.len() as u64;
        leaf("count", Expectation::Number(range), count.to_string(), Truth::of(range.contains(count)))
    }
}

fn share_of(selection: &Selection<'_>, range: Range<f64>) -> ConditionResult {
    let (jobs, of) = (selection.jobs.len(), selection.not_skipped);
    if of == 0 {
        return leaf("share", range.shown_as_share(), "no job that was not skipped", Truth::No);
    }
    let share = jobs as f64 / of as f64;
    let observed = format!("{jobs} of {of} ({:.0}%)", share * 100.0);
    leaf("share", range.shown_as_share(), observed, Truth::of(range.contains(share)))
}

fn quantified(word: &'static str, asked: &JobCondition, jobs: &[&Job]) -> ConditionResult {
    let results: Vec<_> = jobs.iter().map(|job| (*job, asked.evaluate(job))).collect();
    let count = |truth: Truth| results.iter().filter(|(_, result)| result.satisfied == truth).count();
    let (yes, no, unknown) = (count(Truth::Yes), count(Truth::No), count(Truth::Unknown));
    let (satisfied, telling) = match word {
        // Of no job nothing is said: a run without a failed job is not one whose every failure is explained.
        "every" if results.is_empty() || no > 0 => (Truth::No, Truth::No),
        "every" if unknown > 0 => (Truth::Unknown, Truth::Unknown),
        "every" => (Truth::Yes, Truth::Yes),
        _ if yes > 0 => (Truth::Yes, Truth::Yes),
        _ if unknown > 0 => (Truth::Unknown, Truth::Unknown),
        _ => (Truth::No, Truth::No),
    };
    let satisfied = if word == "none" { !satisfied } else { satisfied };
    let names: Vec<String> = results
        .iter()
        .filter(|(_, result)| result.satisfied == Truth::Yes)
        .map(|(job, _)| job.title())
        .collect();
    let observed = match (results.len(), names.as_slice()) {
        (0, _) => "no jobs".to_owned(),
        (of, []) => format!("none of {of}"),
        (of, names) => {
            format!("{} of {of}: {}", names.len(), names.get(..MOST_EXPLAINED).unwrap_or(names).join(", "))
        }
    };
    let (told, others): (Vec<_>, Vec<_>) =
        results.into_iter().partition(|(_, result)| result.satisfied == telling);
    let parts = told.into_iter().chain(others).take(MOST_EXPLAINED);
    ConditionResult {
        observed,
        ..node(word, satisfied, parts.map(|(job, result)| explained(job, result)).collect())
    }
}
