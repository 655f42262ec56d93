//! Conditions on one job, inside `jobs` and `failed_jobs`.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{
    CauseTest, Expectation, Kind, LogTest, Range, SignatureTest, all, any, leaf, node, not,
    observe::{Observation, compare},
    signature,
};
use crate::{
    model::{ConditionResult, Job, Step, Truth},
    rules::{Need, Pattern},
};

/// A condition on one job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobCondition {
    /// All of them.
    All(Vec<JobCondition>),
    /// At least one of them.
    Any(Vec<JobCondition>),
    /// Not it.
    Not(Box<JobCondition>),
    /// One word.
    Test(JobTest),
    /// Its steps.
    Step(StepTest),
    /// Its log.
    Log(LogTest),
    /// The signatures that recognise it.
    Signature(SignatureTest),
    /// Its cause, by the first of them.
    Cause(CauseTest),
}

/// One word with what is asked of it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobTest {
    /// What is observed.
    pub word: JobWord,
    /// What is asked.
    pub expectation: Expectation,
}

/// The words of a job that observe one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobWord {
    /// Its name, matrix values included.
    Name,
    /// How it ended.
    Conclusion,
    /// Where it stands.
    Status,
    /// The names of its steps that failed.
    FailedStep,
    /// How many steps it has.
    Steps,
    /// How long it took.
    Duration,
    /// The labels of runners that it asked for.
    RunnerLabel,
    /// The attempt that it ran in.
    JobAttempt,
    /// What is noted on it as a failure, line by line.
    Annotation,
}

impl JobWord {
    /// All words, in the order of the reference.
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::Conclusion,
        Self::Status,
        Self::FailedStep,
        Self::Steps,
        Self::Duration,
        Self::RunnerLabel,
        Self::JobAttempt,
        Self::Annotation,
    ];

    /// The word in YAML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Conclusion => "conclusion",
            Self::Status => "status",
            Self::FailedStep => "failed_step",
            Self::Steps => "steps",
            Self::Duration => "duration",
            Self::RunnerLabel => "runner_label",
            Self::JobAttempt => "job_attempt",
            Self::Annotation => "annotation",
        }
    }

    /// What kind of value the word takes.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Name | Self::Conclusion | Self::Status | Self::FailedStep | Self::RunnerLabel => {
                Kind::Text { ignore_case: false }
            }
            Self::Annotation => Kind::Lines,
            Self::Steps | Self::JobAttempt => Kind::Number,
            Self::Duration => Kind::Duration,
        }
    }
}

/// What is asked of a job's steps: that one fits all of it, or with `absent` that none does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepTest {
    /// Its name.
    pub name: Option<Vec<Pattern>>,
    /// How it ended.
    pub conclusion: Option<Vec<Pattern>>,
    /// How long it took.
    pub duration: Option<Range<Duration>>,
    /// Whether no step may fit.
    pub absent: bool,
}

impl JobCondition {
    /// Evaluates the condition and explains each part.
    #[must_use]
    pub fn evaluate(&self, job: &Job) -> ConditionResult {
        // Of a log that is gone it cannot be said what did not stand in it.
        self.evaluate_where(job, Truth::Unknown)
    }

    /// The same, where `without_log` is what a log that is missing says of its lines.
    pub(super) fn evaluate_where(&self, job: &Job, without_log: Truth) -> ConditionResult {
        let each = |parts: &[Self]| parts.iter().map(|part| part.evaluate_where(job, without_log)).collect();
        match self {
            Self::All(parts) => all(each(parts)),
            Self::Any(parts) => any(each(parts)),
            Self::Not(part) => not(part.evaluate(job)),
            Self::Test(test) => compare(test.word.as_str(), &test.expectation, observe(test.word, job)),
            Self::Step(test) => test.evaluate(job),
            Self::Log(test) => test.evaluate(job, without_log),
            Self::Signature(test) => test.evaluate(job),
            Self::Cause(test) => test.evaluate(job),
        }
    }

    /// What would tell more of the job while the condition is open: the cheaper first.
    #[must_use]
    pub fn wants(&self, job: &Job) -> Option<Need> {
        let mut open = Open::default();
        self.add_open(job, &mut open);
        let annotations = open.annotations && job.annotations.is_not_asked();
        let log = open.log && job.log.is_not_asked();
        annotations.then_some(Need::Annotations(job.id)).or_else(|| log.then_some(Need::Logs(job.id)))
    }

    /// Notes what the parts ask for that leave the whole open.
    pub(super) fn add_open(&self, job: &Job, open: &mut Open) {
        if self.evaluate(job).satisfied != Truth::Unknown {
            return;
        }
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.add_open(job, open)),
            Self::Not(part) => part.add_open(job, open),
            Self::Test(test) => open.annotations |= test.word == JobWord::Annotation,
            Self::Step(_) => {}
            Self::Log(_) => open.log = true,
            Self::Signature(test) => test.add_open(job, open),
            Self::Cause(test) => test.add_open(job, open),
        }
    }

    /// Collects the patterns that logs have to be searched for, each by its text.
    pub(in crate::rules) fn log_patterns<'a>(&'a self, patterns: &mut BTreeMap<&'a str, &'a Pattern>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.log_patterns(patterns)),
            Self::Not(part) => part.log_patterns(patterns),
            Self::Test(_) | Self::Step(_) => {}
            Self::Log(test) => test.collect(patterns),
            Self::Signature(test) => signature::collect(test.signatures(), patterns),
            Self::Cause(test) => signature::collect(test.signatures(), patterns),
        }
    }
}

/// What is asked for by that which is not known.
#[derive(Default)]
pub(super) struct Open {
    annotations: bool,
    log: bool,
}

fn observe(word: JobWord, job: &Job) -> Observation {
    let unknown = || Observation::Unknown("not known: GitHub gave none".to_owned());
    let text = |text: Option<&str>| text.map_or_else(unknown, |it| Observation::Text(it.to_owned()));
    match word {
        JobWord::Name => text(job.name.as_deref()),
        JobWord::Conclusion if job.is_completed() == Some(false) => Observation::Nothing,
        JobWord::Conclusion => text(job.conclusion.as_ref().map(|conclusion| conclusion.as_str())),
        JobWord::Status => text(job.status.as_ref().map(|status| status.as_str())),
        JobWord::FailedStep => texts(job.failed_steps().map(Step::title).collect()),
        JobWord::Steps => Observation::Number(job.steps.len() as u64),
        JobWord::Duration if job.is_completed() == Some(false) => Observation::Nothing,
        JobWord::Duration => job.duration().map_or_else(unknown, Observation::Duration),
        JobWord::RunnerLabel => texts(job.labels.clone()),
        JobWord::JobAttempt => {
            job.attempt.map_or_else(unknown, |attempt| Observation::Number(u64::from(attempt.0)))
        }
        JobWord::Annotation => match job.failure_notes() {
            Ok(notes) => texts(notes),
            Err(why) => Observation::Unknown(why),
        },
    }
}

fn texts(texts: Vec<String>) -> Observation {
    if texts.is_empty() { Observation::Nothing } else { Observation::Texts(texts) }
}

impl StepTest {
    fn evaluate(&self, job: &Job) -> ConditionResult {
        let fits: Vec<(String, Truth)> =
            job.steps.iter().map(|step| (step.title(), self.fits(step))).collect();
        let with =
            |truth: Truth| fits.iter().filter(move |(_, it)| *it == truth).map(|(name, _)| name.as_str());
        let found = match (with(Truth::Yes).next(), with(Truth::Unknown).next()) {
            (Some(_), _) => Truth::Yes,
            (None, Some(_)) => Truth::Unknown,
            (None, None) => Truth::No,
        };
        let names: Vec<&str> = with(found).collect();
        let observed = match found {
            Truth::Yes => names.join(", "),
            Truth::Unknown => format!("not known of {}", names.join(", ")),
            Truth::No => "no such step".to_owned(),
        };
        leaf("step", self, observed, if self.absent { !found } else { found })
    }

    fn fits(&self, step: &Step) -> Truth {
        let text = |asked: &Option<Vec<Pattern>>, observed: Option<&str>| match (asked, observed) {
            (None, _) => Truth::Yes,
            (Some(_), None) => Truth::Unknown,
            (Some(patterns), Some(observed)) => Truth::of(Pattern::accept(patterns, &[observed])),
        };
        let duration = match (self.duration, step.duration()) {
            (None, _) => Truth::Yes,
            (Some(_), None) => Truth::Unknown,
            (Some(range), Some(observed)) => Truth::of(range.contains(observed)),
        };
        let conclusion = step.conclusion.as_ref().map(|conclusion| conclusion.as_str());
        let parts = [text(&self.name, step.name.as_deref()), text(&self.conclusion, conclusion), duration];
        [Truth::No, Truth::Unknown].into_iter().find(|truth| parts.contains(truth)).unwrap_or(Truth::Yes)
    }
}

impl fmt::Display for StepTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |name: &str, asked: String| format!("{name} {asked}");
        let patterns = |name: &str, patterns: &Option<Vec<Pattern>>| {
            patterns.as_ref().map(|it| named(name, Expectation::Matches(it.clone()).to_string()))
        };
        let parts = [
            patterns("name", &self.name),
            patterns("conclusion", &self.conclusion),
            self.duration.map(|range| named("duration", Expectation::Duration(range).to_string())),
            self.absent.then(|| "absent".to_owned()),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

/// What is asked of the job that a webhook is about; no other signal has one.
pub(super) fn of_webhook(asked: &JobCondition, job: Option<&Job>) -> ConditionResult {
    match job {
        None => leaf("job", "", "none: the signal is about no job", Truth::No),
        Some(job) => {
            let result = asked.evaluate(job);
            node("job", result.satisfied, vec![explained(job, result)])
        }
    }
}

/// A job's part of an explanation.
pub(super) fn explained(job: &Job, result: ConditionResult) -> ConditionResult {
    node(format!("job {}", job.title()), result.satisfied, vec![result])
}
