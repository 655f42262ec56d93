//! `jobs` and `failed_jobs`: conditions on all jobs and on one, decoded in the file's order.

use super::{
    condition::nested,
    fields::Fields,
    pattern::{self, patterns_of},
    range,
    report::{At, Report},
    signatures,
    tree::Kind,
    values, vocabulary,
};
use crate::{
    model::{Conclusion, Status},
    rules::{
        Expectation, JobCondition, JobTest, JobWord, JobsTest, JobsWord, LogTest, Pattern, PatternError,
        StepTest,
    },
};

/// The map under `jobs` or `failed_jobs`.
pub(super) fn jobs(report: &mut Report<'_>, word: JobsWord, at: &At<'_>) -> Option<JobsTest> {
    let fields = Fields::open(report, at, vocabulary::keys_of_jobs(word))?;
    let mut whole = true;
    let failed = match fields.get("conclusion") {
        None => JobsWord::FAILED.to_vec(),
        Some(at) => conclusions(report, &at).unwrap_or_else(|| fail(&mut whole)),
    };
    let count = fields.get("count").map(|at| range::numbers(report, "count", 0, &at));
    let share = fields.get("share").map(|at| range::shares(report, "share", &at));
    let [except, every, some, none] = ["except", "every", "some", "none"]
        .map(|name| fields.get(name).map(|at| nested(report, &at, false, &mut part)));
    let asks = [count.is_some(), share.is_some(), every.is_some(), some.is_some(), none.is_some()];
    if !asks.contains(&true) {
        if !fields.is_known {
            return None;
        }
        let remedy = "write one of count, every, some, none, like `some: { failed_step: \"Install*\" }`";
        report.error(at, format!("`{}` asks nothing of the jobs", word.as_str()), remedy);
        return None;
    }
    let test = JobsTest {
        word,
        failed,
        except: read(except, &mut whole),
        count: read(count, &mut whole),
        share: read(share, &mut whole),
        every: read(every, &mut whole),
        some: read(some, &mut whole),
        none: read(none, &mut whole),
    };
    whole.then_some(test)
}

/// The map under `job`, or under a quantifier: conditions on one job.
pub(super) fn one_job(report: &mut Report<'_>, at: &At<'_>) -> Option<JobCondition> {
    nested(report, at, false, &mut part)
}

/// A key's value, if the key is there; what could not be read has been reported, and the whole with it.
fn read<T>(value: Option<Option<T>>, whole: &mut bool) -> Option<T> {
    *whole &= !matches!(value, Some(None));
    value.flatten()
}

fn fail<T: Default>(whole: &mut bool) -> T {
    *whole = false;
    T::default()
}

fn conclusions(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<Conclusion>> {
    let words: Vec<(&str, &str)> = Conclusion::KNOWN.iter().map(|word| (*word, *word)).collect();
    let items = values::one_or_more(report, at, "conclusions")?;
    let found: Vec<_> = items.iter().map(|item| values::word(report, item, &words)).collect();
    let found: Option<Vec<&str>> = found.into_iter().collect();
    Some(found?.into_iter().map(|word| Conclusion::from(word.to_owned())).collect())
}

/// One key of a map of conditions on one job.
pub(super) fn part(report: &mut Report<'_>, name: &str, value: &At<'_>) -> Option<Option<JobCondition>> {
    match name {
        "step" => return Some(step(report, value).map(JobCondition::Step)),
        "log" => return Some(log(report, value).map(JobCondition::Log)),
        "signature" => return Some(signatures::named(report, value).map(JobCondition::Signature)),
        "cause" => return Some(signatures::cause(report, value).map(JobCondition::Cause)),
        _ => {}
    }
    let word = JobWord::ALL.into_iter().find(|word| word.as_str() == name)?;
    let expectation = expectation(report, word, value);
    Some(expectation.map(|expectation| JobCondition::Test(JobTest { word, expectation })))
}

fn exact(text: &str) -> Result<Pattern, PatternError> {
    Pattern::compile(text, false)
}

fn expectation(report: &mut Report<'_>, word: JobWord, at: &At<'_>) -> Option<Expectation> {
    let name = word.as_str();
    match word {
        JobWord::Name | JobWord::FailedStep | JobWord::RunnerLabel => {
            patterns_of(report, name, &exact, at, &|_, _| None).map(Expectation::Matches)
        }
        JobWord::Annotation => pattern::lines(report, name, at).map(Expectation::Matches),
        JobWord::Conclusion => known(report, name, Conclusion::KNOWN, at).map(Expectation::Matches),
        JobWord::Status => known(report, name, Status::KNOWN, at).map(Expectation::Matches),
        JobWord::Steps => range::numbers(report, name, 0, at).map(Expectation::Number),
        JobWord::JobAttempt => range::numbers(report, name, 1, at).map(Expectation::Number),
        JobWord::Duration => range::durations(report, name, at).map(Expectation::Duration),
    }
}

fn known(report: &mut Report<'_>, name: &str, known: &[&str], at: &At<'_>) -> Option<Vec<Pattern>> {
    patterns_of(report, name, &exact, at, &|_, pattern| pattern::unknown_value(name, known, pattern))
}

fn step(report: &mut Report<'_>, at: &At<'_>) -> Option<StepTest> {
    let fields = Fields::open(report, at, vocabulary::STEP)?;
    let asks = ["name", "conclusion", "duration"].map(|name| fields.get(name).is_some());
    if fields.is_known && !asks.contains(&true) {
        let remedy = "say which step, like `step: { name: \"Run tests\", conclusion: failure }`";
        report.error(at, "`step` says of no step which", remedy);
        return None;
    }
    let name = fields.get("name").map(|at| patterns_of(report, "name", &exact, &at, &|_, _| None));
    let conclusion = fields.get("conclusion").map(|at| known(report, "conclusion", Conclusion::KNOWN, &at));
    let duration = fields.get("duration").map(|at| range::durations(report, "duration", &at));
    let absent = fields.get("absent").map(|at| values::flag(report, &at));
    let mut whole = true;
    let test = StepTest {
        name: read(name, &mut whole),
        conclusion: read(conclusion, &mut whole),
        duration: read(duration, &mut whole),
        absent: read(absent, &mut whole).unwrap_or_default(),
    };
    whole.then_some(test)
}

/// `log`: patterns for its lines, or whether there is one.
fn log(report: &mut Report<'_>, at: &At<'_>) -> Option<LogTest> {
    if !matches!(at.node.kind, Kind::Map(_)) {
        let patterns = pattern::lines(report, "log", at)?;
        if let Some(pattern) = patterns.iter().find(|pattern| pattern.matches("")) {
            let message = format!("`{pattern}` matches an empty line, and so every log");
            report.error(at, message, "write what stands in the line that is meant");
            return None;
        }
        return Some(LogTest::Lines(patterns));
    }
    let fields = Fields::open(report, at, vocabulary::JOB_LOG)?;
    match fields.get("missing") {
        Some(missing) => values::flag(report, &missing).map(LogTest::Missing),
        None => {
            if fields.is_known {
                let remedy = "write `log: \"Connection reset by peer\"`, or `log: { missing: true }`";
                report.error(at, "`log` asks nothing of the log", remedy);
            }
            None
        }
    }
}
