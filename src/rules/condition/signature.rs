//! Signatures: named recognisers of failures, and the cause that the first of them gives.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{Expectation, JobCondition, JobWord, LogTest, all, job::Open, leaf, not};
use crate::{
    model::{ConditionResult, Job, Truth},
    rules::Pattern,
};

/// A named recogniser of failures.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// Its name, kebab-case.
    pub name: String,
    /// What it says of a job that it recognises.
    pub cause: Cause,
    /// Where its failures are tracked.
    pub ticket: Option<String>,
    /// What a job is that it recognises.
    pub recognises: JobCondition,
    /// What keeps it from recognising a job; left out, that a compiler's error or a failing test is recognised.
    pub none: Option<JobCondition>,
    /// Excerpts of logs or annotations that it must match.
    pub matches: Vec<String>,
    /// Those that it must not match.
    pub not: Vec<String>,
}

/// Why a job failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Cause {
    RunnerLost,
    RunnerShutdown,
    NeverStarted,
    Network,
    Registry,
    RateLimited,
    DiskFull,
    OutOfMemory,
    TimedOut,
    CancelledByPerson,
    CancelledByInfrastructure,
    Superseded,
    BuildFailure,
    TestFailure,
    Unknown,
}

impl Cause {
    /// The words of the YAML.
    pub const WORDS: [(&'static str, Self); 15] = [
        ("runner_lost", Self::RunnerLost),
        ("runner_shutdown", Self::RunnerShutdown),
        ("never_started", Self::NeverStarted),
        ("network", Self::Network),
        ("registry", Self::Registry),
        ("rate_limited", Self::RateLimited),
        ("disk_full", Self::DiskFull),
        ("out_of_memory", Self::OutOfMemory),
        ("timed_out", Self::TimedOut),
        ("cancelled_by_person", Self::CancelledByPerson),
        ("cancelled_by_infrastructure", Self::CancelledByInfrastructure),
        ("superseded", Self::Superseded),
        ("build_failure", Self::BuildFailure),
        ("test_failure", Self::TestFailure),
        ("unknown", Self::Unknown),
    ];

    /// The word in YAML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, cause)| *cause == self).map_or("unknown", |(word, _)| word)
    }

    /// Whether the job failed by what it was to find out.
    #[must_use]
    pub fn is_real_failure(self) -> bool {
        matches!(self, Self::BuildFailure | Self::TestFailure)
    }
}

/// What is asked of the signatures that recognise a job: their names.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureTest {
    /// Patterns for names, each with the signatures that go by it.
    pub asked: Vec<(Pattern, Vec<Arc<Signature>>)>,
    /// The signatures of real failures, which veto others.
    pub failures: Vec<Arc<Signature>>,
}

/// What is asked of a job's cause.
#[derive(Debug, Clone, PartialEq)]
pub struct CauseTest {
    /// Patterns for its word.
    pub causes: Vec<Pattern>,
    /// All signatures, in their order: the first that recognises the job gives the cause.
    pub signatures: Vec<Arc<Signature>>,
    /// The signatures of real failures, which veto others.
    pub failures: Vec<Arc<Signature>>,
}

/// What a signature says of a job, and by what.
struct Finding {
    truth: Truth,
    evidence: String,
}

impl Signature {
    /// What it says of a job by itself, without the vetoes of others.
    fn by_itself(&self, job: &Job) -> ConditionResult {
        // Of a job without a log no line is known, and so none by which it could be recognised.
        let mut parts = vec![self.recognises.evaluate_where(job, Truth::No)];
        parts.extend(self.none.as_ref().map(|none| not(none.evaluate(job))));
        all(parts)
    }

    /// The signatures that may veto this one.
    fn vetoes<'a>(&self, failures: &'a [Arc<Self>]) -> &'a [Arc<Self>] {
        let has_own = self.none.is_some() || self.cause.is_real_failure();
        if has_own { &[] } else { failures }
    }

    fn find(&self, failures: &[Arc<Self>], job: &Job) -> Finding {
        let own = self.by_itself(job);
        match own.satisfied {
            Truth::No => return Finding { truth: Truth::No, evidence: String::new() },
            Truth::Unknown => return Finding { truth: Truth::Unknown, evidence: why(&own) },
            Truth::Yes => {}
        }
        let mut open = None;
        for failure in self.vetoes(failures) {
            let result = failure.by_itself(job);
            match result.satisfied {
                Truth::Yes => {
                    let evidence = format!("{}, but for {}", self.shown(job), failure.shown(job));
                    return Finding { truth: Truth::No, evidence };
                }
                Truth::Unknown => open = open.or_else(|| Some(why(&result))),
                Truth::No => {}
            }
        }
        match open {
            Some(evidence) => Finding { truth: Truth::Unknown, evidence },
            None => Finding { truth: Truth::Yes, evidence: self.shown(job) },
        }
    }

    /// Notes what it asks for while it is open.
    fn add_open(&self, failures: &[Arc<Self>], job: &Job, open: &mut Open) {
        match self.by_itself(job).satisfied {
            Truth::No => {}
            Truth::Unknown => {
                self.recognises.add_open(job, open);
                self.none.iter().for_each(|none| none.add_open(job, open));
            }
            Truth::Yes => {
                self.vetoes(failures).iter().for_each(|failure| failure.add_open(&[], job, open));
            }
        }
    }

    /// Its name and ticket with what it recognised the job by.
    fn shown(&self, job: &Job) -> String {
        let ticket = self.ticket.as_ref().map(|ticket| format!(" [{ticket}]")).unwrap_or_default();
        let mut evidence = Vec::new();
        self.recognises.add_evidence(job, &mut evidence);
        format!("{}{ticket} ({})", self.name, evidence.join("; "))
    }

    /// Whether it matches an excerpt of a log or of annotations, as far as lines tell.
    #[must_use]
    pub fn takes(&self, failures: &[Arc<Self>], excerpt: &str) -> Truth {
        let lines: Vec<&str> = excerpt.lines().collect();
        let itself = |signature: &Self| {
            let vetoed = signature.none.as_ref().map_or(Truth::No, |none| none.takes(&lines));
            and([signature.recognises.takes(&lines), !vetoed])
        };
        let vetoes = self.vetoes(failures).iter().map(|failure| !itself(failure));
        and(std::iter::once(itself(self)).chain(vetoes))
    }

    /// Whether one of its own patterns for lines accepts an empty one, and which.
    #[must_use]
    pub fn too_wide(&self) -> Option<&Pattern> {
        self.line_patterns().into_iter().find(|pattern| !pattern.excludes() && pattern.matches(""))
    }

    /// Its own patterns for lines, vetoes left out.
    #[must_use]
    pub fn line_patterns(&self) -> Vec<&Pattern> {
        let mut found = Vec::new();
        self.recognises.line_patterns(&mut found);
        found
    }
}

impl SignatureTest {
    pub(super) fn evaluate(&self, job: &Job) -> ConditionResult {
        let all_else = self.asked.first().is_some_and(|(pattern, _)| pattern.excludes());
        let (mut accepted, mut told, mut open) = (Truth::of(all_else), Vec::new(), Vec::new());
        for (pattern, signatures) in &self.asked {
            let turned = Truth::of(!pattern.excludes());
            let findings: Vec<_> = signatures.iter().map(|it| it.find(&self.failures, job)).collect();
            let with = |truth: Truth| findings.iter().filter(move |finding| finding.truth == truth);
            if let Some(found) = with(Truth::Yes).next() {
                accepted = turned;
                told.push(found.evidence.clone());
            } else if let Some(unknown) = with(Truth::Unknown).next() {
                accepted = if accepted == turned { accepted } else { Truth::Unknown };
                open.push(unknown.evidence.clone());
            } else {
                told.extend(with(Truth::No).map(|it| it.evidence.clone()).filter(|it| !it.is_empty()));
            }
        }
        told.dedup();
        let observed = match (accepted, told.is_empty()) {
            (Truth::Unknown, _) => open.first().cloned().unwrap_or_default(),
            (_, true) => "none of them".to_owned(),
            (_, false) => told.join(", "),
        };
        leaf("signature", self, observed, accepted)
    }

    /// Whether the excerpt is one of those signatures'.
    fn takes(&self, lines: &[&str]) -> Truth {
        let excerpt = lines.join("\n");
        let all_else = self.asked.first().is_some_and(|(pattern, _)| pattern.excludes());
        self.asked.iter().fold(Truth::of(all_else), |accepted, (pattern, signatures)| {
            let turned = Truth::of(!pattern.excludes());
            match or(signatures.iter().map(|signature| signature.takes(&self.failures, &excerpt))) {
                Truth::Yes => turned,
                Truth::No => accepted,
                Truth::Unknown if accepted == turned => accepted,
                Truth::Unknown => Truth::Unknown,
            }
        })
    }

    pub(super) fn add_open(&self, job: &Job, open: &mut Open) {
        let asked = self.asked.iter().flat_map(|(_, signatures)| signatures);
        asked.for_each(|signature| signature.add_open(&self.failures, job, open));
    }

    pub(super) fn signatures(&self) -> impl Iterator<Item = &Signature> {
        self.asked.iter().flat_map(|(_, signatures)| signatures).chain(&self.failures).map(AsRef::as_ref)
    }
}

impl CauseTest {
    pub(super) fn evaluate(&self, job: &Job) -> ConditionResult {
        let accepts = |cause: Cause| Pattern::accept(&self.causes, &[cause.as_str()]);
        let (mut possible, mut open) = (Vec::new(), None);
        let mut observed = "unknown: no signature recognises it".to_owned();
        let mut last = Cause::Unknown;
        for signature in &self.signatures {
            let finding = signature.find(&self.failures, job);
            match finding.truth {
                Truth::No => {}
                Truth::Unknown => {
                    possible.push(signature.cause);
                    open = open.or(Some(finding.evidence));
                }
                Truth::Yes => {
                    last = signature.cause;
                    observed = format!("{}: {}", last.as_str(), finding.evidence);
                    break;
                }
            }
        }
        possible.push(last);
        let accepted = possible.iter().filter(|cause| accepts(**cause)).count();
        let satisfied = match accepted {
            0 => Truth::No,
            all if all == possible.len() => Truth::Yes,
            _ => Truth::Unknown,
        };
        leaf("cause", Expectation::Matches(self.causes.clone()), open.unwrap_or(observed), satisfied)
    }

    pub(super) fn add_open(&self, job: &Job, open: &mut Open) {
        let told = |it: &&Arc<Signature>| it.find(&self.failures, job).truth != Truth::Yes;
        let before = self.signatures.iter().take_while(told);
        before.for_each(|signature| signature.add_open(&self.failures, job, open));
    }

    pub(super) fn signatures(&self) -> impl Iterator<Item = &Signature> {
        self.signatures.iter().chain(&self.failures).map(AsRef::as_ref)
    }
}

impl JobCondition {
    /// What speaks for it, where it holds.
    fn add_evidence(&self, job: &Job, evidence: &mut Vec<String>) {
        let result = self.evaluate_where(job, Truth::No);
        if result.satisfied != Truth::Yes {
            return;
        }
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.add_evidence(job, evidence));
            }
            Self::Test(test) if test.word == JobWord::Annotation => {
                let notes = job.failure_notes().unwrap_or_default();
                let Expectation::Matches(patterns) = &test.expectation else { return };
                let line = notes.into_iter().find(|line| Pattern::accept(patterns, &[line]));
                evidence.extend(line.map(|line| format!("annotation: {line}")));
            }
            Self::Log(_) | Self::Signature(_) => evidence.push(result.observed),
            Self::Test(_) | Self::Step(_) | Self::Cause(_) => {
                evidence.push(format!("{}: {}", result.word, result.observed));
            }
            Self::Not(_) => {}
        }
    }

    /// Whether it holds for an excerpt, of which only lines are known.
    fn takes(&self, lines: &[&str]) -> Truth {
        match self {
            Self::All(parts) => and(parts.iter().map(|part| part.takes(lines))),
            Self::Any(parts) => or(parts.iter().map(|part| part.takes(lines))),
            Self::Not(part) => !part.takes(lines),
            Self::Log(LogTest::Lines(patterns)) => Truth::of(Pattern::accept(patterns, lines)),
            Self::Test(test) if test.word == JobWord::Annotation => match &test.expectation {
                Expectation::Matches(patterns) => Truth::of(Pattern::accept(patterns, lines)),
                Expectation::Number(_) | Expectation::Duration(_) | Expectation::Is(_) => Truth::Unknown,
            },
            Self::Signature(test) => test.takes(lines),
            Self::Test(_) | Self::Step(_) | Self::Log(LogTest::Missing(_)) | Self::Cause(_) => Truth::Unknown,
        }
    }

    fn line_patterns<'a>(&'a self, found: &mut Vec<&'a Pattern>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.line_patterns(found)),
            Self::Log(LogTest::Lines(patterns)) => found.extend(patterns),
            Self::Test(test) if test.word == JobWord::Annotation => {
                if let Expectation::Matches(patterns) = &test.expectation {
                    found.extend(patterns);
                }
            }
            Self::Not(_)
            | Self::Test(_)
            | Self::Step(_)
            | Self::Log(LogTest::Missing(_))
            | Self::Signature(_)
            | Self::Cause(_) => {}
        }
    }
}

/// Collects the patterns that logs have to be searched for.
pub(super) fn collect<'a>(
    signatures: impl Iterator<Item = &'a Signature>,
    patterns: &mut BTreeMap<&'a str, &'a Pattern>,
) {
    for signature in signatures {
        signature.recognises.log_patterns(patterns);
        if let Some(none) = &signature.none {
            none.log_patterns(patterns);
        }
    }
}

/// Why a result is unknown.
fn why(result: &ConditionResult) -> String {
    let open = result.parts.iter().find(|part| part.satisfied == Truth::Unknown);
    open.map_or_else(|| result.observed.clone(), why)
}

fn and(parts: impl IntoIterator<Item = Truth>) -> Truth {
    !or(parts.into_iter().map(|part| !part))
}

fn or(parts: impl IntoIterator<Item = Truth>) -> Truth {
    parts.into_iter().fold(Truth::No, |whole, part| match (whole, part) {
        (Truth::Yes, _) | (_, Truth::Yes) => Truth::Yes,
        (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
        (Truth::No, Truth::No) => Truth::No,
    })
}

impl fmt::Display for SignatureTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.asked.iter().map(|(pattern, _)| pattern.to_string()).collect();
        f.write_str(&texts.join(" or "))
    }
}
