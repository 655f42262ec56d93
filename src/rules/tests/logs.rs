//! `log`: what is known of a job's log, and when it is read.

use super::{words::job_with, *};
use crate::model::{Annotation, Details, Fact, Job, JobId, JobLog, LogHit};

const NOTHING: &[(&str, u64, &str)] = &[];

/// A log that was searched for `a`, `b` and `c`.
pub(super) fn scanned(hits: &[(&str, u64, &str)], complete: bool) -> Fact<JobLog> {
    let hits = hits.iter().map(|(pattern, number, line)| LogHit {
        pattern: (*pattern).to_owned(),
        line: (*line).to_owned(),
        number: *number,
    });
    Fact::Known(JobLog::scanned(["a", "b", "c"], hits.collect(), complete))
}

pub(super) fn log_of(list: &[&str]) -> JobCondition {
    let patterns = list.iter().map(|pattern| Pattern::compile_for_lines(pattern).unwrap());
    JobCondition::Log(LogTest::Lines(patterns.collect()))
}

pub(super) fn failed(id: i64, annotations: Fact<Vec<Annotation>>, log: Fact<JobLog>) -> Job {
    Job { id: JobId(id), annotations, log, ..job_with(&format!("job {id}"), Conclusion::Failure) }
}

#[test]
fn a_line_of_a_log_is_there_is_not_there_or_is_not_known() {
    let a = scanned(&[("a", 7, "an a")], true);
    let cut_off = scanned(&[("a", 7, "an a")], false);
    let unread = Fact::Missing("GitHub answered 500".to_owned());
    for (asked, log, expected, observed) in [
        (&["a"][..], &a, Truth::Yes, "line 7: an a"),
        (&["b"], &a, Truth::No, "no such line"),
        (&["b", "a"], &a, Truth::Yes, "line 7: an a"),
        (&["d"], &a, Truth::Unknown, "not known: the log was not searched for it"),
        (&["!b"], &a, Truth::Yes, "no such line"),
        (&["!a"], &a, Truth::No, "line 7: an a"),
        (&["a", "!b"], &cut_off, Truth::Unknown, "not known: the log was not read to its end"),
        (&["b", "a"], &cut_off, Truth::Yes, "line 7: an a"),
        (&["b"], &cut_off, Truth::Unknown, "not known: the log was not read to its end"),
        (&["a"], &Fact::Known(JobLog::Missing), Truth::Unknown, "no log"),
        (&["!a"], &Fact::Known(JobLog::Missing), Truth::Unknown, "no log"),
        (&["a"], &unread, Truth::Unknown, "not known: GitHub answered 500"),
    ] {
        let result = log_of(asked).evaluate(&failed(1, Fact::NotAsked, log.clone()));
        assert_eq!(
            (result.satisfied, result.observed.as_str()),
            (expected, observed),
            "{asked:?} of {log:?}"
        );
    }
}

#[test]
fn that_there_is_no_log_is_known_only_if_github_said_so() {
    for (log, missing) in [
        (Fact::Known(JobLog::Missing), Truth::Yes),
        (scanned(NOTHING, true), Truth::No),
        (scanned(NOTHING, false), Truth::No),
        (Fact::Missing("GitHub answered 500".to_owned()), Truth::Unknown),
        (Fact::NotAsked, Truth::Unknown),
    ] {
        let job = failed(1, Fact::NotAsked, log);
        let asked = |missing: bool| JobCondition::Log(LogTest::Missing(missing)).evaluate(&job).satisfied;
        assert_eq!((asked(true), asked(false)), (missing, !missing), "{job:?}");
    }
}

#[test]
fn logs_are_asked_for_last_and_only_of_jobs_that_are_open_still() {
    let noted = JobCondition::Test(JobTest {
        word: JobWord::Annotation,
        expectation: Expectation::Matches(vec![Pattern::compile_for_lines("lost").unwrap()]),
    });
    let asked = JobCondition::Any(vec![noted, log_of(&["a"])]);
    let every = JobsTest {
        word: JobsWord::FailedJobs,
        failed: JobsWord::FAILED.to_vec(),
        except: None,
        count: None,
        share: None,
        every: Some(asked),
        some: None,
        none: None,
    };
    let rules = ruleset(vec![rule("a", Condition::Jobs(Box::new(every)))]);
    let none = || Fact::Known(Vec::new());
    let lost = || {
        let message = Some("the runner was lost".to_owned());
        Fact::Known(vec![Annotation { level: Some("failure".to_owned()), title: None, message }])
    };
    for (first, second, expected) in [
        (
            (Fact::NotAsked, Fact::NotAsked),
            (Fact::NotAsked, Fact::NotAsked),
            Some(Need::Annotations(JobId(1))),
        ),
        ((none(), Fact::NotAsked), (Fact::NotAsked, Fact::NotAsked), Some(Need::Annotations(JobId(2)))),
        ((lost(), Fact::NotAsked), (lost(), Fact::NotAsked), None),
        ((lost(), Fact::NotAsked), (none(), Fact::NotAsked), Some(Need::Logs(JobId(2)))),
        ((none(), scanned(NOTHING, true)), (none(), Fact::NotAsked), None),
        ((none(), Fact::Known(JobLog::Missing)), (none(), Fact::NotAsked), Some(Need::Logs(JobId(2)))),
    ] {
        let jobs = vec![failed(1, first.0, first.1), failed(2, second.0, second.1)];
        let details = Details { jobs: Fact::Known(jobs), ..Details::default() };
        let needs = needs(&rules, &Facts { details, ..facts() }, NOW);
        assert_eq!(needs.into_iter().collect::<Vec<_>>(), expected.as_slice());
    }
}

#[test]
fn one_search_serves_the_patterns_of_all_rules() {
    let job = |list: &[&str]| Condition::Job(Box::new(log_of(list)));
    let not = Condition::Not(Box::new(job(&["c", "!a"])));
    let rules = ruleset(vec![rule("x", job(&["a", "b"])), rule("y", not)]);
    let patterns: Vec<&str> = rules.log_patterns().into_iter().map(Pattern::body).collect();
    assert_eq!(patterns, ["a", "b", "c"]);
}
