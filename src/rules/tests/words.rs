//! The words of `when` that look beyond the run's name and end, by tables.

use super::*;
use crate::model::{Details, Fact, Job, JobId, RepositoryFacts, Step};

fn patterns(list: &[&str]) -> Expectation {
    Expectation::Matches(list.iter().map(|pattern| Pattern::compile(pattern, false).unwrap()).collect())
}

fn lines(list: &[&str]) -> Expectation {
    Expectation::Matches(list.iter().map(|pattern| Pattern::compile_for_lines(pattern).unwrap()).collect())
}

fn truth(condition: &Condition, facts: &Facts) -> Truth {
    condition.evaluate(facts, NOW).satisfied
}

fn word(word: Word, expectation: Expectation) -> Condition {
    Condition::Test(Test { word, expectation })
}

fn above(minutes: u64) -> Expectation {
    let above = Some(Duration::from_secs(60 * minutes));
    Expectation::Duration(Range { above, ..Range::default() })
}

#[test]
fn an_exclusion_lets_go_of_what_was_taken_in() {
    for (list, value, accepted) in [
        (&["!main"][..], "main", false),
        (&["!main"], "dev", true),
        (&["!main", "!dev"], "dev", false),
        (&["!main", "!dev"], "x", true),
        (&["release/*", "!release/0"], "release/1", true),
        (&["release/*", "!release/0"], "release/0", false),
        (&["release/*", "!release/0"], "main", false),
        (&["v*", "!v1*", "v12"], "v12", true),
        (&["!/^v[0-9]/"], "v1", false),
        (&["!/^v[0-9]/"], "x", true),
    ] {
        let patterns: Vec<_> = list.iter().map(|pattern| Pattern::compile(pattern, false).unwrap()).collect();
        assert_eq!(Pattern::accept(&patterns, &[value]), accepted, "{list:?} against {value}");
    }
}

#[test]
fn a_workflow_is_excluded_by_any_of_its_names_and_unknown_while_one_is_missing() {
    let excluded = |pattern: &str| word(Word::Workflow, patterns(&[pattern]));
    assert_eq!(truth(&excluded("!CI"), &facts()), Truth::No);
    assert_eq!(truth(&excluded("!ci.yml"), &facts()), Truth::No);
    assert_eq!(truth(&excluded("!Release"), &facts()), Truth::Yes);
    let mut nameless = facts();
    nameless.run.workflow_path = None;
    assert_eq!(truth(&excluded("!CI"), &nameless), Truth::No);
    assert_eq!(truth(&excluded("!other.yml"), &nameless), Truth::Unknown);
    assert_eq!(truth(&excluded("!Release"), &nameless), Truth::Yes);
}

#[test]
fn what_there_is_none_of_is_not_accepted_by_an_exclusion() {
    let mut running = facts();
    (running.run.status, running.run.conclusion) = (Some(Status::InProgress), None);
    assert_eq!(truth(&word(Word::Conclusion, patterns(&["!success"])), &running), Truth::No);
}

#[test]
fn words_of_the_repository_are_unknown_until_it_is_known() {
    let words = [
        (word(Word::Visibility, patterns(&["private"])), Truth::Yes),
        (word(Word::Visibility, patterns(&["public"])), Truth::No),
        (word(Word::Archived, Expectation::Is(false)), Truth::Yes),
        (word(Word::DefaultBranch, Expectation::Is(true)), Truth::Yes),
    ];
    let repository = RepositoryFacts {
        visibility: Some("private".to_owned()),
        archived: Some(false),
        default_branch: Some("main".to_owned()),
    };
    for (condition, expected) in words {
        assert_eq!(truth(&condition, &facts()), Truth::Unknown, "{condition:?}");
        let needs = needs(&ruleset(vec![rule("a", condition.clone())]), &facts(), NOW);
        assert_eq!(needs, BTreeSet::from([Need::Repository]), "{condition:?}");
        let mut known = facts();
        known.details.repository = Fact::Known(repository.clone());
        assert_eq!(truth(&condition, &known), expected, "{condition:?}");
        known.details.repository = Fact::Missing("GitHub answered 403".to_owned());
        assert_eq!(truth(&condition, &known), Truth::Unknown, "{condition:?}");
        let needs = super::needs(&ruleset(vec![rule("a", condition)]), &known, NOW);
        assert_eq!(needs, BTreeSet::new(), "what could not be had is not asked for again");
    }
}

#[test]
fn a_forks_branch_of_the_default_branchs_name_is_not_the_default_branch() {
    let mut fork = facts();
    fork.run.head_repository = RepositoryName::parse("mallory/api").ok();
    let default_branch = Some("main".to_owned());
    fork.details.repository = Fact::Known(RepositoryFacts { default_branch, ..RepositoryFacts::default() });
    assert_eq!(truth(&word(Word::DefaultBranch, Expectation::Is(true)), &fork), Truth::No);
}

#[test]
fn texts_of_the_run_are_matched_whole_or_by_a_regular_expression_anywhere() {
    let mut facts = facts();
    facts.run.commit_message = Some("Fix the build\n\n[skip retry]".to_owned());
    facts.run.title = Some("Fix the build".to_owned());
    facts.sender = Some("octocat".to_owned());
    for (condition, expected) in [
        (word(Word::CommitMessage, lines(&["[skip retry]"])), Truth::Yes),
        (word(Word::CommitMessage, lines(&["!skip retry"])), Truth::No),
        (word(Word::CommitMessage, lines(&["the build"])), Truth::Yes),
        (word(Word::CommitMessage, lines(&["/^the/"])), Truth::No),
        (word(Word::CommitMessage, lines(&["/build$/"])), Truth::Yes),
        (word(Word::CommitMessage, lines(&["build*skip"])), Truth::No),
        (word(Word::Title, patterns(&["Fix *"])), Truth::Yes),
        (word(Word::HeadSha, patterns(&["abc"])), Truth::Unknown),
        (word(Word::Sender, patterns(&["octocat"])), Truth::Yes),
        (word(Word::Sender, patterns(&["!octocat"])), Truth::No),
    ] {
        assert_eq!(truth(&condition, &facts), expected, "{condition:?}");
    }
}

#[test]
fn lengths_of_time_are_of_the_states_that_have_them() {
    let ago = |minutes: u64| Some(NOW - Duration::from_secs(60 * minutes));
    let with = |status: Status| {
        let mut facts = facts();
        facts.run.status = Some(status);
        (facts.run.created_at, facts.run.run_started_at, facts.run.updated_at) = (ago(100), ago(60), ago(20));
        let early =
            Job { started_at: ago(30), status: Some(Status::Completed), ..job("a", Conclusion::Success) };
        let waiting =
            Job { started_at: ago(90), status: Some(Status::Queued), conclusion: None, ..early.clone() };
        facts.details.jobs = Fact::Known(vec![early, waiting]);
        facts
    };
    let test = |of: Word, minutes: u64| word(of, above(minutes));
    for (condition, status, expected) in [
        (test(Word::QuietFor, 19), Status::Queued, Truth::Yes),
        (test(Word::QuietFor, 21), Status::Queued, Truth::No),
        (test(Word::QueuedFor, 59), Status::Queued, Truth::Yes),
        (test(Word::QueuedFor, 61), Status::Queued, Truth::No),
        (test(Word::QueuedFor, 1), Status::InProgress, Truth::No),
        (test(Word::RunningFor, 29), Status::InProgress, Truth::Yes),
        (test(Word::RunningFor, 31), Status::InProgress, Truth::No),
        (test(Word::RunningFor, 1), Status::Queued, Truth::No),
        (test(Word::RunningFor, 1), Status::Completed, Truth::No),
        (test(Word::Duration, 39), Status::Completed, Truth::Yes),
        (test(Word::Duration, 41), Status::Completed, Truth::No),
        (test(Word::Duration, 1), Status::InProgress, Truth::No),
    ] {
        assert_eq!(truth(&condition, &with(status.clone())), expected, "{condition:?} while {status}");
    }
    let mut without_jobs = with(Status::InProgress);
    without_jobs.details.jobs = Fact::NotAsked;
    let running = test(Word::RunningFor, 1);
    assert_eq!(truth(&running, &without_jobs), Truth::Unknown);
    let needs = needs(&ruleset(vec![rule("a", running)]), &without_jobs, NOW);
    assert_eq!(needs, BTreeSet::from([Need::Jobs]));
}

#[test]
fn time_is_a_window_in_its_zone() {
    let week = [true, true, true, true, true, false, false];
    let window = |days: [bool; 7], hours: Option<(u16, u16)>, except: &[&str]| {
        let except = except.iter().map(|date| (*date).to_owned()).collect();
        Condition::Time(Window { days, hours, zone: "America/Los_Angeles".to_owned(), except })
    };
    let office = window(week, Some((8 * 60, 18 * 60)), &[]);
    let night = window(week, Some((22 * 60, 6 * 60)), &["2026-11-26"]);
    for (condition, at, expected) in [
        (&office, "2026-11-25T08:00:00-08:00", Truth::Yes),
        (&office, "2026-11-25T07:59:59-08:00", Truth::No),
        (&office, "2026-11-25T17:59:59-08:00", Truth::Yes),
        (&office, "2026-11-25T18:00:00-08:00", Truth::No),
        (&office, "2026-11-28T12:00:00-08:00", Truth::No),
        (&night, "2026-11-25T23:00:00-08:00", Truth::Yes),
        // The night that began on Wednesday ends on Thursday, though Thursday does not count.
        (&night, "2026-11-26T05:59:00-08:00", Truth::Yes),
        (&night, "2026-11-26T06:00:00-08:00", Truth::No),
        (&night, "2026-11-26T23:00:00-08:00", Truth::No),
        (&night, "2026-11-27T03:00:00-08:00", Truth::No),
        // Saturday's early hours belong to Friday's night, Monday's to Sunday's.
        (&night, "2026-11-28T03:00:00-08:00", Truth::Yes),
        (&night, "2026-11-30T03:00:00-08:00", Truth::No),
    ] {
        let at = Timestamp::parse(at).unwrap();
        assert_eq!(condition.evaluate(&facts(), at).satisfied, expected, "{condition:?} at {at}");
    }
}

pub(super) fn job_with(name: &str, conclusion: Conclusion) -> Job {
    job(name, conclusion)
}

fn job(name: &str, conclusion: Conclusion) -> Job {
    Job {
        id: JobId(7),
        name: Some(name.to_owned()),
        attempt: Some(RunAttempt(1)),
        status: Some(Status::Completed),
        conclusion: Some(conclusion),
        started_at: Some(NOW - Duration::from_secs(600)),
        completed_at: Some(NOW - Duration::from_secs(300)),
        labels: vec!["ubuntu-latest".to_owned()],
        runner_name: None,
        steps: Vec::new(),
        annotations: Fact::NotAsked,
        log: Fact::NotAsked,
    }
}

fn step(name: &str, conclusion: Conclusion, seconds: u64) -> Step {
    Step {
        name: Some(name.to_owned()),
        number: Some(1),
        status: Some(Status::Completed),
        conclusion: Some(conclusion),
        started_at: Some(NOW - Duration::from_secs(seconds)),
        completed_at: Some(NOW),
    }
}

fn of_jobs(word: JobsWord) -> JobsTest {
    let failed = JobsWord::FAILED.to_vec();
    JobsTest { word, failed, except: None, count: None, share: None, every: None, some: None, none: None }
}

fn with_jobs(jobs: Vec<Job>) -> Facts {
    Facts { details: Details { jobs: Fact::Known(jobs), ..Details::default() }, ..facts() }
}

fn asks(word: JobWord, list: &[&str]) -> JobCondition {
    JobCondition::Test(JobTest { word, expectation: patterns(list) })
}

#[test]
fn a_run_is_ruled_out_by_what_no_time_and_no_job_changes() {
    let main = || test(Word::Branch, "main");
    let dev = || test(Word::Branch, "dev");
    let job = || Condition::Job(Box::new(asks(JobWord::Name, &["build"])));
    let never = || {
        Condition::Time(Window { days: [false; 7], hours: None, zone: "UTC".to_owned(), except: Vec::new() })
    };
    for (condition, expected) in [
        (Condition::All(vec![main(), dev()]), true),
        (Condition::All(vec![main(), job(), never()]), false),
        (Condition::All(vec![dev(), job()]), true),
        (Condition::Any(vec![dev(), job()]), false),
        (Condition::Any(vec![dev(), dev()]), true),
        (Condition::Not(Box::new(main())), true),
        (Condition::Not(Box::new(job())), false),
        (Condition::Not(Box::new(Condition::All(vec![main(), job()]))), false),
    ] {
        assert_eq!(condition.fails_for_the_run(&facts(), NOW), expected, "{condition:?}");
    }
}

#[test]
fn jobs_are_asked_for_only_while_they_leave_the_verdict_open() {
    let jobs = || {
        Condition::Jobs(Box::new(JobsTest {
            count: Some(Range { is: Some(1), ..Range::default() }),
            ..of_jobs(JobsWord::FailedJobs)
        }))
    };
    let of = |branch: &str| {
        let when = Condition::All(vec![test(Word::Branch, branch), jobs()]);
        needs(&ruleset(vec![rule("a", when)]), &facts(), NOW)
    };
    assert_eq!(of("main"), BTreeSet::from([Need::Jobs]));
    assert_eq!(of("dev"), BTreeSet::new());
    let settled = Condition::Any(vec![test(Word::Branch, "main"), jobs()]);
    assert_eq!(needs(&ruleset(vec![rule("a", settled)]), &facts(), NOW), BTreeSet::new());
    let mut missing = facts();
    missing.details.jobs = Fact::Missing("GitHub answered 502".to_owned());
    let result = jobs().evaluate(&missing, NOW);
    assert_eq!(
        (result.satisfied, result.observed.as_str()),
        (Truth::Unknown, "not known: GitHub answered 502")
    );
    assert_eq!(needs(&ruleset(vec![rule("a", jobs())]), &missing, NOW), BTreeSet::new());
}

#[test]
fn failed_jobs_are_counted_among_those_that_were_not_skipped() {
    let jobs = || {
        vec![
            job("a", Conclusion::Failure),
            job("b", Conclusion::TimedOut),
            job("c", Conclusion::Cancelled),
            job("d", Conclusion::Success),
            job("e", Conclusion::Skipped),
            job("required", Conclusion::Failure),
        ]
    };
    let count = |is: u64| Some(Range { is: Some(is), ..Range::default() });
    let share = |is: f64| Some(Range { is: Some(is), ..Range::default() });
    let except = Some(asks(JobWord::Name, &["required"]));
    let failed = of_jobs(JobsWord::FailedJobs);
    let cancelled_too = vec![Conclusion::Failure, Conclusion::TimedOut, Conclusion::Cancelled];
    for (asked, expected) in [
        (JobsTest { count: count(3), ..failed.clone() }, Truth::Yes),
        (JobsTest { count: count(4), failed: cancelled_too, ..failed.clone() }, Truth::Yes),
        (JobsTest { count: count(2), except: except.clone(), ..failed.clone() }, Truth::Yes),
        (JobsTest { share: share(0.6), ..failed.clone() }, Truth::Yes),
        (JobsTest { share: share(0.5), except, ..failed.clone() }, Truth::Yes),
        (JobsTest { count: count(6), ..of_jobs(JobsWord::Jobs) }, Truth::Yes),
        (JobsTest { count: count(5), ..of_jobs(JobsWord::Jobs) }, Truth::No),
    ] {
        let condition = Condition::Jobs(Box::new(asked));
        assert_eq!(truth(&condition, &with_jobs(jobs())), expected, "{condition:?}");
    }
}

fn how_is_not_known(status: Status) -> Vec<Job> {
    let silent = Job { conclusion: None, status: Some(status), ..job("test", Conclusion::Failure) };
    vec![job("lint", Conclusion::Failure), silent]
}

#[test]
fn every_some_and_none_quantify_over_the_jobs() {
    let named = |list: &[&str]| Some(asks(JobWord::Name, list));
    let failed = of_jobs(JobsWord::FailedJobs);
    let unnamed = Job { name: None, ..job("", Conclusion::Failure) };
    let both = || vec![job("lint", Conclusion::Failure), job("test", Conclusion::Failure)];
    for (asked, jobs, expected) in [
        (JobsTest { every: named(&["lint", "test"]), ..failed.clone() }, both(), Truth::Yes),
        (JobsTest { every: named(&["lint"]), ..failed.clone() }, both(), Truth::No),
        (JobsTest { some: named(&["lint"]), ..failed.clone() }, both(), Truth::Yes),
        (JobsTest { some: named(&["build"]), ..failed.clone() }, both(), Truth::No),
        (JobsTest { none: named(&["build"]), ..failed.clone() }, both(), Truth::Yes),
        (JobsTest { none: named(&["lint"]), ..failed.clone() }, both(), Truth::No),
        // Nothing failed: then nothing explains why.
        (JobsTest { every: named(&["*"]), ..failed.clone() }, vec![], Truth::No),
        (JobsTest { some: named(&["*"]), ..failed.clone() }, vec![], Truth::No),
        (JobsTest { none: named(&["*"]), ..failed.clone() }, vec![], Truth::Yes),
        // What is not known of one job decides only if no other does.
        (JobsTest { every: named(&["*"]), ..failed.clone() }, vec![unnamed.clone()], Truth::Unknown),
        (JobsTest { some: named(&["*"]), ..failed.clone() }, vec![unnamed.clone()], Truth::Unknown),
        (JobsTest { none: named(&["*"]), ..failed.clone() }, vec![unnamed.clone()], Truth::Unknown),
        (
            JobsTest { some: named(&["lint"]), ..failed.clone() },
            [both(), vec![unnamed.clone()]].concat(),
            Truth::Yes,
        ),
        (
            JobsTest { every: named(&["lint"]), ..failed.clone() },
            [both(), vec![unnamed.clone()]].concat(),
            Truth::No,
        ),
        (
            JobsTest { every: named(&["*"]), except: named(&["x"]), ..failed.clone() },
            vec![unnamed],
            Truth::Unknown,
        ),
        // A job may have failed that is over without GitHub saying how; one that still runs has not.
        (
            JobsTest { every: named(&["lint"]), ..failed.clone() },
            how_is_not_known(Status::Completed),
            Truth::Unknown,
        ),
        (
            JobsTest { every: named(&["lint"]), ..failed.clone() },
            how_is_not_known(Status::InProgress),
            Truth::Yes,
        ),
    ] {
        let condition = Condition::Jobs(Box::new(asked));
        assert_eq!(truth(&condition, &with_jobs(jobs.clone())), expected, "{condition:?} of {jobs:?}");
    }
}

#[test]
fn a_job_is_judged_by_its_words() {
    let setup = step("Set up job", Conclusion::Success, 5);
    let failed = Job {
        steps: vec![setup, step("Run tests", Conclusion::Failure, 2_400)],
        attempt: Some(RunAttempt(2)),
        ..job("test (linux)", Conclusion::Failure)
    };
    let number = |word: JobWord, is: u64| {
        let expectation = Expectation::Number(Range { is: Some(is), ..Range::default() });
        JobCondition::Test(JobTest { word, expectation })
    };
    let took =
        |minutes: u64| JobCondition::Test(JobTest { word: JobWord::Duration, expectation: above(minutes) });
    let of_step = |name: &str, conclusion: Option<&str>, below: Option<u64>, absent: bool| {
        let list = |text: &str| vec![Pattern::compile(text, false).unwrap()];
        let below =
            below.map(|seconds| Range { below: Some(Duration::from_secs(seconds)), ..Range::default() });
        let (name, conclusion) = (Some(list(name)), conclusion.map(list));
        JobCondition::Step(StepTest { name, conclusion, duration: below, absent })
    };
    let not = |condition: JobCondition| JobCondition::Not(Box::new(condition));
    for (asked, expected) in [
        (asks(JobWord::Name, &["test (*)"]), Truth::Yes),
        (asks(JobWord::Conclusion, &["failure"]), Truth::Yes),
        (asks(JobWord::Status, &["completed"]), Truth::Yes),
        (asks(JobWord::FailedStep, &["*tests"]), Truth::Yes),
        (asks(JobWord::FailedStep, &["Set up*"]), Truth::No),
        (asks(JobWord::RunnerLabel, &["ubuntu-*"]), Truth::Yes),
        (number(JobWord::Steps, 2), Truth::Yes),
        (number(JobWord::JobAttempt, 2), Truth::Yes),
        (took(4), Truth::Yes),
        (took(5), Truth::No),
        (of_step("Run*", None, None, false), Truth::Yes),
        (of_step("Run*", Some("skipped"), None, false), Truth::No),
        (of_step("Run*", Some("failure"), Some(120), false), Truth::No),
        (of_step("Run*", Some("failure"), Some(2_401), false), Truth::Yes),
        (of_step("Run*", None, None, true), Truth::No),
        (of_step("Deploy", None, None, true), Truth::Yes),
        (not(asks(JobWord::FailedStep, &["/(?i)lint/"])), Truth::Yes),
    ] {
        assert_eq!(asked.evaluate(&failed).satisfied, expected, "{asked:?}");
    }
    let running = Job { status: Some(Status::InProgress), conclusion: None, ..failed };
    assert_eq!(took(0).evaluate(&running).satisfied, Truth::No);
    assert_eq!(asks(JobWord::Conclusion, &["*"]).evaluate(&running).satisfied, Truth::No);
}

#[test]
fn the_reason_names_the_job_that_decided() {
    let step = |name: &str| step(name, Conclusion::Failure, 60);
    let jobs = vec![
        Job { steps: vec![step("Install")], ..job("build", Conclusion::Failure) },
        Job { steps: vec![step("Run tests")], ..job("test", Conclusion::Failure) },
    ];
    let asked = |list: &[&str]| Some(asks(JobWord::FailedStep, list));
    let failed = of_jobs(JobsWord::FailedJobs);
    let reason = |test: JobsTest, facts: &Facts| {
        let rules = ruleset(vec![rule("a", Condition::All(vec![Condition::Jobs(Box::new(test))]))]);
        judge(&rules, &rules.rules[0], facts, NOW).reason
    };
    let facts = with_jobs(jobs);
    for (test, expected) in [
        (
            JobsTest { every: asked(&["Install"]), ..failed.clone() },
            "failed_jobs: every: 1 of 2: build; job test: failed_step: expected Install, observed Run tests",
        ),
        (
            JobsTest { some: asked(&["Deploy"]), ..failed.clone() },
            "failed_jobs: some: none of 2; job build: failed_step: expected Deploy, observed Install",
        ),
        (JobsTest { none: asked(&["Run*"]), ..failed.clone() }, "failed_jobs: none: 1 of 2: test"),
        (
            JobsTest { count: Some(Range { is: Some(1), ..Range::default() }), ..failed.clone() },
            "failed_jobs: count: expected is 1, observed 2",
        ),
    ] {
        assert_eq!(reason(test, &facts), expected);
    }
    let every = JobsTest { every: asked(&["Install"]), ..failed };
    assert_eq!(reason(every.clone(), &with_jobs(vec![])), "failed_jobs: every: no jobs");
    assert_eq!(reason(every, &super::facts()), "failed_jobs: not known: it has not been asked for");
}

#[test]
fn annotations_are_asked_for_one_job_after_the_other_until_one_settles_the_rule() {
    use crate::model::Annotation;
    let of = |id: i64, annotations: Fact<Vec<Annotation>>| Job {
        id: JobId(id),
        annotations,
        ..job(&format!("job {id}"), Conclusion::Failure)
    };
    let note = |level: &str, message: &str| Annotation {
        level: Some(level.to_owned()),
        title: None,
        message: Some(message.to_owned()),
    };
    let lost = || Fact::Known(vec![note("failure", "first line\nthe runner was lost")]);
    let asked =
        JobCondition::Test(JobTest { word: JobWord::Annotation, expectation: lines(&["runner was lost"]) });
    let every = JobsTest { every: Some(asked), ..of_jobs(JobsWord::FailedJobs) };
    let condition = Condition::Jobs(Box::new(every));
    let warning = || Fact::Known(vec![note("warning", "the runner was lost")]);
    let missing = || Fact::Missing("GitHub answered 403".to_owned());
    for (first, second, expected, need) in [
        (Fact::NotAsked, Fact::NotAsked, Truth::Unknown, Some(1)),
        (lost(), Fact::NotAsked, Truth::Unknown, Some(2)),
        (lost(), lost(), Truth::Yes, None),
        (warning(), Fact::NotAsked, Truth::No, None),
        (Fact::Known(vec![]), Fact::NotAsked, Truth::No, None),
        (missing(), lost(), Truth::Unknown, None),
        (missing(), warning(), Truth::No, None),
    ] {
        let facts = with_jobs(vec![of(1, first), of(2, second)]);
        assert_eq!(truth(&condition, &facts), expected, "{facts:?}");
        let needs = needs(&ruleset(vec![rule("a", condition.clone())]), &facts, NOW);
        assert_eq!(
            needs.into_iter().collect::<Vec<_>>(),
            need.map(|id| Need::Annotations(JobId(id))).as_slice()
        );
    }
}

#[test]
fn our_own_reruns_are_counted_only_when_asked_for() {
    let below = |below: u64| {
        let range = Range { below: Some(below), ..Range::default() };
        word(Word::RerunsByUs, Expectation::Number(range))
    };
    assert_eq!(truth(&below(2), &facts()), Truth::Unknown);
    let needs_of = |condition: Condition| needs(&ruleset(vec![rule("a", condition)]), &facts(), NOW);
    assert_eq!(needs_of(below(2)), BTreeSet::from([Need::RerunsByUs]));
    assert_eq!(needs_of(Condition::All(vec![test(Word::Branch, "dev"), below(2)])), BTreeSet::new());
    for (reruns, expected) in [(0, Truth::Yes), (1, Truth::Yes), (2, Truth::No)] {
        let mut known = facts();
        known.details.reruns_by_us = Fact::Known(reruns);
        assert_eq!(truth(&below(2), &known), expected, "{reruns}");
    }
}
