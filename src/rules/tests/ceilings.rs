//! Ceilings by the run's jobs, runs under way, earlier acts, and places at the last look.

use super::*;
use crate::model::{Act, ActionKind, Bounds, Ceiling, Fact, Job, JobId, Rate, Underway};

fn job(id: i64, conclusion: &str, seconds: u64) -> Job {
    Job {
        id: JobId(id),
        name: Some(format!("job {id}")),
        attempt: Some(RunAttempt(1)),
        status: Some(Status::Completed),
        conclusion: Some(Conclusion::from(conclusion.to_owned())),
        started_at: Some(NOW - DAY),
        completed_at: Some(NOW - DAY + Duration::from_secs(seconds)),
        labels: Vec::new(),
        runner_name: None,
        steps: Vec::new(),
        ..template()
    }
}

/// What other tests fill in.
fn template() -> Job {
    serde_json::from_value(serde_json::json!({
        "id": 1, "name": null, "attempt": null, "status": null, "conclusion": null, "started_at": null,
        "completed_at": null, "labels": [], "runner_name": null, "steps": [],
    }))
    .unwrap()
}

fn with_jobs(jobs: Vec<Job>) -> Facts {
    let mut facts = facts();
    facts.details.jobs = Fact::Known(jobs);
    facts
}

fn rerun_within(ceilings: Ceilings, scope: RerunScope) -> Ruleset {
    let then = vec![Action::Rerun(Rerun::now(scope))];
    let rules = vec![Rule { then, ..rule("retry", Condition::All(vec![])) }];
    Ruleset { ceilings, ..ruleset(rules) }
}

#[test]
fn minutes_are_those_of_the_jobs_that_would_run_again_each_rounded_up() {
    let minutes = Ceilings { runner_minutes: Some(Rate { most: 100, within: DAY }), ..Ceilings::default() };
    let jobs = || {
        vec![
            job(1, "success", 600),
            job(2, "failure", 61),
            job(3, "timed_out", 0),
            job(4, "skipped", 0),
            job(5, "cancelled", 120),
        ]
    };
    for (scope, expected) in [
        (RerunScope::FailedJobs, 2 + 1 + 2),
        (RerunScope::Run, 10 + 2 + 1 + 2),
        (RerunScope::Job(JobId(2)), 2),
    ] {
        let judgement = decide(&rerun_within(minutes, scope), &with_jobs(jobs()), NOW);
        assert_eq!(judgement.actions[0].runner_minutes, Some(expected), "{scope:?}");
        assert_eq!(judgement.actions[0].state, ActionState::Planned);
    }
}

#[test]
fn a_rerun_is_weighed_by_jobs_only_where_a_ceiling_asks_and_unknown_ones_keep_it_back() {
    let asks = Ceilings { failed_jobs: Some(1), ..Ceilings::default() };
    let scope = RerunScope::FailedJobs;
    assert_eq!(needs(&rerun_within(Ceilings::default(), scope), &facts(), NOW), BTreeSet::new());
    assert_eq!(needs(&rerun_within(asks, scope), &facts(), NOW), BTreeSet::from([Need::Jobs]));
    let mut unknown = facts();
    unknown.details.jobs = Fact::Missing("GitHub answered 404".to_owned());
    let failed = |count: i64| with_jobs((0..count).map(|id| job(id, "failure", 1)).collect());
    for (facts, expected) in [
        (failed(1), None),
        (failed(2), Some("limits.failed_jobs: 2 failed jobs, 1 at most")),
        (unknown, Some("limits.failed_jobs: the run's jobs are not known: GitHub answered 404")),
        (facts(), Some("limits.failed_jobs: the run's jobs are not known: it has not been asked for")),
    ] {
        let action = decide(&rerun_within(asks, scope), &facts, NOW).actions.remove(0);
        assert_eq!(action.reason.as_deref(), expected);
        assert_eq!(action.state == ActionState::Planned, expected.is_none());
    }
}

#[test]
fn bounds_are_the_rule_s_own_and_the_file_s() {
    let rate = |most| Some(Rate { most, within: DAY });
    let mut ruleset = rerun_within(
        Ceilings {
            reruns_per_run: Some(5),
            actions_total: rate(9),
            runner_minutes: rate(60),
            ..Ceilings::default()
        },
        RerunScope::Run,
    );
    ruleset.rules[0].limits =
        Limits { per_run: Some(2), per_repository: rate(3), running: Some(4), ..Limits::default() };
    let retry = RuleName::parse("retry").unwrap();
    let of = |kind| ruleset.bounds_of(&retry, kind);
    let rates = |bounds: &Bounds| bounds.rates.iter().map(|(ceiling, _)| *ceiling).collect::<Vec<_>>();
    let rerun = of(ActionKind::Rerun);
    assert_eq!((rerun.per_run, rerun.reruns_per_run, rerun.running), (Some(2), Some(5), Some(4)));
    assert_eq!(rates(&rerun), [Ceiling::RuleInRepository, Ceiling::Total, Ceiling::RunnerMinutes]);
    let cancel = of(ActionKind::Cancel);
    assert_eq!((cancel.reruns_per_run, cancel.running), (None, None));
    assert_eq!(rates(&cancel), [Ceiling::RuleInRepository, Ceiling::Total]);
    assert_eq!(rates(&of(ActionKind::ArchiveLogs)), []);
    assert_eq!(ruleset.bounds_of(&RuleName::command(), ActionKind::Rerun), Bounds::default());
}

#[test]
fn runs_under_way_are_counted_by_what_they_have_in_common() {
    let other = |run: i64, change: &dyn Fn(&mut Underway)| {
        let mut other = Underway { run: RunId(run), ..Underway::from(&facts().run) };
        change(&mut other);
        other
    };
    let mut facts = facts();
    facts.details.base = Fact::Known(Some("main".to_owned()));
    facts.details.underway = Fact::Known(vec![
        // The run itself takes no place from itself.
        other(42, &|_| {}),
        other(1, &|other| other.base = Fact::Known(Some("main".to_owned()))),
        other(2, &|other| other.branch = Some("dev".to_owned())),
        other(3, &|other| other.workflow_id = Some(WorkflowId(8))),
        other(4, &|other| other.head_repository = None),
    ]);
    use SameAs::{Base, Branch, Workflow};
    for (same, below, expected) in [
        (vec![], 5, Truth::Yes),
        (vec![], 4, Truth::No),
        (vec![Workflow], 4, Truth::Yes),
        (vec![Workflow], 3, Truth::No),
        // Of run 4 it cannot be told whose branch it is: with it there are three, without it two.
        (vec![Branch], 4, Truth::Yes),
        (vec![Branch], 3, Truth::Unknown),
        (vec![Branch], 2, Truth::No),
        (vec![Workflow, Base], 2, Truth::Unknown),
        (vec![Workflow, Base], 1, Truth::No),
    ] {
        let count = Range { below: Some(below), ..Range::default() };
        let words = format!("{same:?} below {below}");
        let test = RunningTest { same, base: Vec::new(), count };
        let result = Condition::Own(OwnTest::Running(test)).evaluate(&facts, NOW);
        assert_eq!(result.satisfied, expected, "{words}: {}", result.observed);
    }
}

#[test]
fn acts_are_counted_by_rule_and_time() {
    let name = |text: &str| RuleName::parse(text).unwrap();
    let mut facts = facts();
    let at = |rule: &str, ago: Duration| Act { rule: name(rule), at: NOW - ago };
    facts.details.acts = Fact::Known(vec![at("a", DAY * 3), at("a", DAY / 2), at("b", DAY / 4)]);
    for (rule, within, times, expected) in [
        ("a", None, 2, Truth::Yes),
        ("a", Some(DAY), 1, Truth::Yes),
        ("b", Some(DAY / 4), 0, Truth::Yes),
        ("c", None, 1, Truth::No),
    ] {
        let times = Range { is: Some(times), ..Range::default() };
        let test = OwnTest::Acted(ActedTest { rule: name(rule), within, times });
        assert_eq!(Condition::Own(test).evaluate(&facts, NOW).satisfied, expected, "{rule} {within:?}");
    }
    let asked = Condition::Own(OwnTest::Acted(ActedTest {
        rule: name("a"),
        within: None,
        times: Range { at_least: Some(1), ..Range::default() },
    }));
    facts.details.acts = Fact::NotAsked;
    assert_eq!(needs(&ruleset(vec![rule("x", asked)]), &facts, NOW), BTreeSet::from([Need::Acts]));
}
