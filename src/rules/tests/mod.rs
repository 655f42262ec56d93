//! The core, by tables: facts and rules in, verdicts and plans out.

mod ceilings;
mod logs;
mod pulls;
mod signatures;
mod surroundings;
mod teams;
mod words;

use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::model::{
    Action, ActionState, ApproveRun, ArchiveLogs, Conclusion, EnvironmentId, Facts, Gate, Guard, Lane,
    Outcome, PlannedAction, RepositoryName, Rerun, RerunScope, Review, ReviewState, RuleName, RunAttempt,
    RunId, RunSnapshot, Signal, Status, Timestamp, Truth, Verdict, Via, WorkflowId,
};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn run() -> RunSnapshot {
    RunSnapshot {
        attempt: Some(RunAttempt(1)),
        workflow: Some("CI".to_owned()),
        workflow_path: Some(".github/workflows/ci.yml".to_owned()),
        workflow_id: Some(WorkflowId(7)),
        event: Some("push".to_owned()),
        status: Some(Status::Completed),
        conclusion: Some(Conclusion::Failure),
        branch: Some("main".to_owned()),
        head_repository: Some(RepositoryName::parse("acme/api").unwrap()),
        actor: Some("octocat".to_owned()),
        triggering_actor: Some("renovate[bot]".to_owned()),
        run_number: Some(12),
        created_at: Some(NOW - DAY),
        partial: false,
        ..RunSnapshot::unknown(RepositoryName::parse("acme/api").unwrap(), RunId(42))
    }
}

fn facts() -> Facts {
    Facts::of(Signal::RunCompleted, run())
}

fn test(word: Word, pattern: &str) -> Condition {
    let patterns = vec![Pattern::compile(pattern, word.kind() == Kind::Text { ignore_case: true }).unwrap()];
    Condition::Test(Test { word, expectation: Expectation::Matches(patterns) })
}

fn rule(name: &str, when: Condition) -> Rule {
    Rule {
        name: RuleName::parse(name).unwrap(),
        on: vec![Trigger::Signal(Signal::RunCompleted)],
        when,
        then: vec![Action::Rerun(Rerun::now(RerunScope::FailedJobs))],
        comment: None,
        keep: None,
        limits: Limits::default(),
        mode: Mode::Enforce,
    }
}

fn ruleset(rules: Vec<Rule>) -> Ruleset {
    Ruleset { mode: Mode::Enforce, rules, ..Ruleset::default() }
}

#[test]
fn words_observe_what_the_reference_says() {
    let full = facts();
    let mut partial = facts();
    partial.run =
        RunSnapshot { branch: Some("main".to_owned()), ..RunSnapshot::unknown(run().repository, RunId(42)) };
    let mut running = facts();
    running.run.status = Some(Status::InProgress);
    running.run.conclusion = None;
    let mut nameless = facts();
    nameless.run.workflow_path = None;
    let mut waiting = facts();
    waiting.gate = Some(Gate { environment: Some("staging".to_owned()), protection_rule: false });
    for (facts, word, pattern, expected) in [
        (&full, Word::Repository, "ACME/*", Truth::Yes),
        (&full, Word::Repository, "acme", Truth::No),
        (&full, Word::Workflow, "CI", Truth::Yes),
        (&full, Word::Workflow, "ci.yml", Truth::Yes),
        (&full, Word::Workflow, ".github/workflows/*", Truth::Yes),
        (&full, Word::Workflow, "ci", Truth::No),
        (&nameless, Word::Workflow, "ci.yml", Truth::Unknown),
        (&nameless, Word::Workflow, "Deploy", Truth::No),
        (&full, Word::Branch, "mai?", Truth::Yes),
        (&full, Word::Branch, "Main", Truth::No),
        (&full, Word::Conclusion, "failure", Truth::Yes),
        (&running, Word::Conclusion, "failure", Truth::No),
        (&full, Word::Actor, "OctoCat", Truth::Yes),
        (&full, Word::TriggeringActor, "renovate[bot]", Truth::Yes),
        (&full, Word::Environment, "staging", Truth::No),
        (&waiting, Word::Environment, "staging", Truth::Yes),
        (&partial, Word::Branch, "main", Truth::Yes),
        (&partial, Word::Event, "push", Truth::Unknown),
        (&partial, Word::Conclusion, "failure", Truth::Unknown),
        (&partial, Word::Workflow, "CI", Truth::Unknown),
    ] {
        let result = test(word, pattern).evaluate(facts, NOW);
        assert_eq!(result.satisfied, expected, "{word} {pattern}: {}", result.observed);
    }
}

#[test]
fn of_a_rule_for_another_repository_only_that_is_said() {
    let words = |repository: &str| {
        let parts = [(Word::Event, "schedule"), (Word::Repository, repository), (Word::Branch, "dev")];
        let when = Condition::All(parts.map(|(word, pattern)| test(word, pattern)).to_vec());
        let conditions = when.evaluate(&facts(), NOW);
        assert_eq!(conditions.satisfied, Truth::No);
        conditions.parts.into_iter().map(|part| part.word).collect::<Vec<_>>()
    };
    assert_eq!(words("acme/api"), ["event", "repository", "branch"], "every part is explained");
    assert_eq!(words("acme/web"), ["event", "repository"]);
}

#[test]
fn numbers_durations_and_flags_are_compared_within_their_bounds() {
    let age = |range: Range<Duration>| {
        Condition::Test(Test { word: Word::Age, expectation: Expectation::Duration(range) })
    };
    let attempt =
        |range| Condition::Test(Test { word: Word::RunAttempt, expectation: Expectation::Number(range) });
    let fork = |is| Condition::Test(Test { word: Word::Fork, expectation: Expectation::Is(is) });
    for (condition, expected) in [
        (age(Range { above: Some(DAY), ..Range::default() }), Truth::No),
        (age(Range { at_least: Some(DAY), ..Range::default() }), Truth::Yes),
        (age(Range { below: Some(DAY), ..Range::default() }), Truth::No),
        (age(Range { at_most: Some(DAY), above: Some(DAY / 2), ..Range::default() }), Truth::Yes),
        (attempt(Range { below: Some(1), ..Range::default() }), Truth::No),
        (attempt(Range { below: Some(2), ..Range::default() }), Truth::Yes),
        (attempt(Range { is: Some(1), ..Range::default() }), Truth::Yes),
        (fork(false), Truth::Yes),
        (fork(true), Truth::No),
    ] {
        assert_eq!(condition.evaluate(&facts(), NOW).satisfied, expected, "{condition:?}");
    }
}

#[test]
fn unknown_passes_through_not_any_and_all() {
    let (yes, no) = (test(Word::Branch, "main"), test(Word::Branch, "dev"));
    let unknown = test(Word::Event, "push");
    let mut facts = facts();
    facts.run.event = None;
    let not = |condition: &Condition| Condition::Not(Box::new(condition.clone()));
    for (condition, expected) in [
        (not(&unknown), Truth::Unknown),
        (not(&no), Truth::Yes),
        (Condition::All(vec![yes.clone(), unknown.clone()]), Truth::Unknown),
        (Condition::All(vec![no.clone(), unknown.clone()]), Truth::No),
        (Condition::All(vec![]), Truth::Yes),
        (Condition::Any(vec![yes.clone(), unknown.clone()]), Truth::Yes),
        (Condition::Any(vec![no.clone(), unknown.clone()]), Truth::Unknown),
        (Condition::Any(vec![no.clone(), not(&yes)]), Truth::No),
    ] {
        assert_eq!(condition.evaluate(&facts, NOW).satisfied, expected, "{condition:?}");
    }
}

#[test]
fn a_rule_that_cannot_be_decided_plans_nothing_and_names_what_is_missing() {
    let rules = ruleset(vec![rule("careful", Condition::Not(Box::new(test(Word::Event, "schedule"))))]);
    let mut facts = facts();
    facts.run.event = None;
    let judgement = decide(&rules, &facts, NOW);
    assert_eq!(judgement.verdicts[0].verdict, Verdict::Unknown);
    assert_eq!(judgement.verdicts[0].reason, "not event: schedule, observed not known: GitHub gave none");
    assert_eq!(judgement.actions, []);
    facts.run.event = Some("push".to_owned());
    facts.run.attempt = None;
    let judgement = decide(&rules, &facts, NOW);
    assert_eq!((judgement.verdicts[0].verdict, judgement.actions.len()), (Verdict::Unknown, 0));
}

#[test]
fn the_file_s_mode_and_the_rule_s_own_add_up_to_the_more_cautious() {
    for (file, own, expected) in [
        (Mode::Enforce, Mode::Enforce, Some(ActionState::Planned)),
        (Mode::Enforce, Mode::Observe, Some(ActionState::Observed)),
        (Mode::Observe, Mode::Enforce, Some(ActionState::Observed)),
        (Mode::Off, Mode::Enforce, None),
        (Mode::Enforce, Mode::Off, None),
    ] {
        let mut rules = ruleset(vec![Rule { mode: own, ..rule("one", test(Word::Branch, "main")) }]);
        rules.mode = file;
        let judgement = decide(&rules, &facts(), NOW);
        assert_eq!(judgement.actions.first().map(|action| action.state), expected, "{file:?} {own:?}");
    }
}

#[test]
fn an_observing_rule_casts_no_shadow() {
    let observing = Rule { mode: Mode::Observe, ..rule("first", test(Word::Branch, "main")) };
    let rules = ruleset(vec![
        observing,
        rule("second", test(Word::Branch, "main")),
        rule("third", test(Word::Branch, "main")),
    ]);
    let states: Vec<ActionState> =
        decide(&rules, &facts(), NOW).actions.iter().map(|action| action.state).collect();
    assert_eq!(states, [ActionState::Observed, ActionState::Planned, ActionState::Shadowed]);
}

#[test]
fn the_delay_grows_by_backoff_with_each_attempt_and_jitter_stays_within_its_bound() {
    let due = |attempt, jitter| {
        let rerun =
            Rerun { delay: Duration::from_secs(10), backoff: 2.0, jitter, ..Rerun::now(RerunScope::Run) };
        let rules = ruleset(vec![Rule {
            then: vec![Action::Rerun(rerun)],
            ..rule("one", test(Word::Branch, "main"))
        }]);
        let mut facts = facts();
        facts.run.attempt = Some(RunAttempt(attempt));
        decide(&rules, &facts, NOW).actions[0].due_at.since(NOW)
    };
    assert_eq!(due(1, Duration::ZERO), Duration::from_secs(10));
    assert_eq!(due(3, Duration::ZERO), Duration::from_secs(40));
    assert_eq!(due(4_000_000_000, Duration::ZERO), 30 * DAY);
    let jittered = due(1, Duration::from_secs(5));
    assert!((10_000..15_000).contains(&jittered.as_millis()), "{jittered:?}");
    assert_eq!(jittered, due(1, Duration::from_secs(5)), "the same whenever it is asked for");
}

fn approve(environments: &[&str], via: Option<Via>) -> Rule {
    let review = Review {
        state: ReviewState::Approved,
        environments: environments.iter().map(|name| (*name).to_owned()).collect(),
        comment: String::new(),
        via,
    };
    Rule {
        on: vec![Trigger::Signal(Signal::DeploymentWaiting)],
        then: vec![Action::ReviewDeployments(review)],
        comment: Some(Template::parse("{{ rule }} on {{branch}} at {{ environment }}").unwrap()),
        ..rule("approve", test(Word::Branch, "main"))
    }
}

#[test]
fn a_review_is_bound_to_the_environment_and_to_who_was_asked() {
    let facts_at = |environment: Option<&str>, protection_rule| {
        let gate = Gate { environment: environment.map(str::to_owned), protection_rule };
        Facts { signal: Signal::DeploymentWaiting, gate: Some(gate), ..facts() }
    };
    let bound = |rule: Rule, facts: Facts| -> Option<(Vec<String>, Option<Via>, String)> {
        match decide(&ruleset(vec![rule]), &facts, NOW).actions.into_iter().next()?.action {
            Action::ReviewDeployments(review) => Some((review.environments, review.via, review.comment)),
            other => panic!("{other:?}"),
        }
    };
    let staging = vec!["staging".to_owned()];
    let words = "approve on main at staging".to_owned();
    assert_eq!(
        bound(approve(&[], None), facts_at(Some("staging"), false)),
        Some((staging.clone(), Some(Via::Reviewer), words.clone()))
    );
    assert_eq!(
        bound(approve(&[], None), facts_at(Some("staging"), true)),
        Some((staging, Some(Via::ProtectionRule), words))
    );
    assert_eq!(bound(approve(&[], Some(Via::Reviewer)), facts_at(Some("staging"), true)), None);
    assert_eq!(bound(approve(&[], Some(Via::ProtectionRule)), facts_at(Some("staging"), false)), None);
    assert_eq!(bound(approve(&[], None), facts_at(None, false)), None);
    assert_eq!(bound(approve(&["production"], None), facts_at(Some("staging"), true)), None);
    let both = bound(approve(&["staging", "production"], None), facts_at(Some("staging"), false)).unwrap();
    assert_eq!(both.0, ["staging", "production"]);
}

#[test]
fn only_what_leaves_a_verdict_open_is_needed() {
    let mut partial = facts();
    partial.signal = Signal::DeploymentWaiting;
    partial.run = RunSnapshot {
        attempt: Some(RunAttempt(1)),
        branch: Some("main".to_owned()),
        ..RunSnapshot::unknown(run().repository, RunId(42))
    };
    partial.gate = Some(Gate { environment: None, protection_rule: false });
    let needs_of = |condition: Condition| {
        let mut rule = approve(&[], None);
        rule.when = condition;
        needs(&ruleset(vec![rule]), &partial, NOW)
    };
    let run = BTreeSet::from([Need::Run]);
    let environments = BTreeSet::from([Need::Environments]);
    assert_eq!(needs_of(test(Word::Branch, "dev")), BTreeSet::new());
    assert_eq!(needs_of(test(Word::Branch, "main")), environments);
    assert_eq!(
        needs_of(Condition::All(vec![test(Word::Branch, "dev"), test(Word::Event, "push")])),
        BTreeSet::new()
    );
    assert_eq!(needs_of(test(Word::Event, "push")), run);
    assert_eq!(needs_of(test(Word::Environment, "staging")), environments);
    let mut off = ruleset(vec![approve(&[], None)]);
    off.mode = Mode::Off;
    assert_eq!(needs(&off, &partial, NOW), BTreeSet::new());
}

#[test]
fn the_newest_of_each_group_are_spared_and_so_is_what_has_no_place_in_the_order() {
    let of = |id: i64, branch: &str, days: u32| RunSnapshot {
        id: RunId(id),
        branch: Some(branch.to_owned()),
        created_at: Some(NOW - DAY * days),
        ..run()
    };
    let timeless = RunSnapshot { created_at: None, ..of(9, "main", 1) };
    let runs = [of(1, "main", 3), of(2, "main", 1), of(3, "main", 2), of(4, "dev", 9), timeless];
    let ids = |keep: &Keep| {
        let mut ids: Vec<i64> = spared(keep, &runs).into_iter().map(|id| id.0).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids(&keep(2, vec![KeepPer::Workflow, KeepPer::Branch])), [2, 3, 4, 9]);
    assert_eq!(ids(&keep(2, vec![])), [2, 3, 9]);
}

fn keep(newest: u32, per: Vec<KeepPer>) -> Keep {
    Keep { newest, per, counting: KeepCounting::Matched, by: KeepBy::Created }
}

#[test]
fn runs_are_spared_by_day_and_by_when_they_last_changed() {
    let midnight = Timestamp::parse("2026-11-22T00:00:00Z").unwrap();
    let hour = Duration::from_secs(3_600);
    let of = |id: i64, created: Timestamp, updated: Option<Timestamp>| RunSnapshot {
        id: RunId(id),
        created_at: Some(created),
        updated_at: updated,
        ..run()
    };
    let runs = [
        of(1, midnight - hour * 2, Some(midnight + hour * 9)),
        of(2, midnight - hour, Some(midnight - hour)),
        of(3, midnight, Some(midnight + hour)),
        of(4, midnight + hour, None),
    ];
    let ids = |by: KeepBy, per: Vec<KeepPer>| {
        let spared = spared(&Keep { by, ..keep(1, per) }, &runs);
        let mut ids: Vec<i64> = spared.into_iter().map(|id| id.0).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids(KeepBy::Created, vec![KeepPer::Day]), [2, 4]);
    assert_eq!(ids(KeepBy::Updated, vec![]), [1, 4], "4 has no place in the order");
    assert_eq!(ids(KeepBy::Updated, vec![KeepPer::Day]), [1, 2, 4]);
}

fn planned(action: Action) -> PlannedAction {
    let rules = ruleset(vec![Rule { then: vec![action], ..rule("one", test(Word::Branch, "main")) }]);
    decide(&rules, &facts(), NOW).actions.remove(0)
}

fn there(run: RunSnapshot) -> Look {
    Look { run: Some(CurrentRun::There(Box::new(run))), ..Look::default() }
}

fn reviewed(state: &str, by: &str) -> Option<Vec<ReviewedGate>> {
    Some(vec![ReviewedGate {
        environments: vec!["staging".to_owned()],
        state: state.to_owned(),
        by: Some(by.to_owned()),
    }])
}

fn circumstances(interrupted: bool, guarded: bool) -> Circumstances {
    Circumstances { interrupted, guarded, planned_at: NOW, most_failed_jobs: None, most_running: None }
}

/// The verdict as one word, for tables.
fn word(recheck: &Recheck) -> &'static str {
    match recheck {
        Recheck::Need(_) => "need",
        Recheck::Go(_) => "go",
        Recheck::Done(_) => "done",
        Recheck::Refuse(_) => "refuse",
        Recheck::Wait(_) => "wait",
        Recheck::Hold(_) => "hold",
        Recheck::Later(..) => "later",
    }
}

/// A look at a run with which no guard finds fault.
fn looked_at(run: RunSnapshot) -> Look {
    Look {
        newer_run: Some(Presence::Absent),
        reviews: Some(vec![]),
        newer_commit: Some(Presence::Absent),
        ..there(run)
    }
}

#[test]
fn a_rerun_is_sent_only_when_every_guard_has_said_so() {
    let plan = planned(Action::Rerun(Rerun::now(RerunScope::FailedJobs)));
    let clear = || looked_at(run());
    let with = |change: &dyn Fn(&mut RunSnapshot)| {
        let mut changed = run();
        change(&mut changed);
        looked_at(changed)
    };
    let concluded = |conclusion: Conclusion| with(&move |run| run.conclusion = Some(conclusion.clone()));
    for (name, look, expected) in [
        ("nothing looked at", Look::default(), "need"),
        ("gone", Look { run: Some(CurrentRun::Gone), ..Look::default() }, "refuse"),
        ("newer runs not looked at", there(run()), "need"),
        ("reviews not looked at", Look { reviews: None, ..clear() }, "need"),
        ("all clear", clear(), "go"),
        ("another attempt", with(&|run| run.attempt = Some(RunAttempt(2))), "refuse"),
        ("attempt unknown", with(&|run| run.attempt = None), "refuse"),
        ("running again", with(&|run| run.status = Some(Status::InProgress)), "wait"),
        ("status unknown", with(&|run| run.status = None), "wait"),
        ("cancelled meanwhile", concluded(Conclusion::Cancelled), "refuse"),
        ("created 30 days ago", with(&|run| run.created_at = Some(NOW - DAY * 30)), "refuse"),
        ("created nobody knows when", with(&|run| run.created_at = None), "refuse"),
        ("newer run", Look { newer_run: Some(Presence::Present("run 43".to_owned())), ..clear() }, "refuse"),
        (
            "newer run unknown",
            Look { newer_run: Some(Presence::Unknown("?".to_owned())), ..clear() },
            "refuse",
        ),
        ("rejected", Look { reviews: reviewed("rejected", "octocat"), ..clear() }, "refuse"),
        ("approved", Look { reviews: reviewed("approved", "octocat"), ..clear() }, "refuse"),
        (
            "a wait timer ran out",
            Look { reviews: reviewed("approved", "github-actions[bot]"), ..clear() },
            "go",
        ),
        ("still pending", Look { reviews: reviewed("pending", "octocat"), ..clear() }, "go"),
    ] {
        assert_eq!(word(&recheck(&plan, &look, circumstances(false, true), NOW)), expected, "{name}");
    }
    let redeploy = planned(Action::Rerun(Rerun { redeploy: true, ..Rerun::now(RerunScope::FailedJobs) }));
    let approved = Look { reviews: reviewed("approved", "octocat"), ..clear() };
    let rejected = Look { reviews: reviewed("rejected", "octocat"), ..clear() };
    assert_eq!(word(&recheck(&redeploy, &approved, circumstances(false, true), NOW)), "go");
    assert_eq!(word(&recheck(&redeploy, &rejected, circumstances(false, true), NOW)), "refuse");
    assert_eq!(
        word(&recheck(&plan, &there(run()), circumstances(false, false), NOW)),
        "go",
        "by hand, the guards stand back"
    );
}

#[test]
fn what_is_newer_keeps_a_run_from_being_rerun_unless_its_guard_is_skipped() {
    let plan = planned(Action::Rerun(Rerun::now(RerunScope::FailedJobs)));
    for (name, look, expected) in [
        ("commit not looked at", Look { newer_commit: None, ..looked_at(run()) }, "need"),
        (
            "newer commit",
            Look { newer_commit: Some(Presence::Present("b".to_owned())), ..looked_at(run()) },
            "refuse",
        ),
        (
            "newer commit unknown",
            Look { newer_commit: Some(Presence::Unknown("?".to_owned())), ..looked_at(run()) },
            "refuse",
        ),
        (
            "a schedule's run is not about its commit",
            Look {
                newer_commit: None,
                ..looked_at(RunSnapshot { event: Some("schedule".to_owned()), ..run() })
            },
            "go",
        ),
    ] {
        assert_eq!(word(&recheck(&plan, &look, circumstances(false, true), NOW)), expected, "{name}");
    }
    let skipping = |guard: Guard| {
        let skip_guards = vec![guard];
        planned(Action::Rerun(Rerun { skip_guards, ..Rerun::now(RerunScope::FailedJobs) }))
    };
    let newer = || Some(Presence::Present("newer".to_owned()));
    for (guard, newer_run, newer_commit, expected) in [
        (Guard::NewerRun, newer(), Some(Presence::Absent), "go"),
        (Guard::NewerRun, None, newer(), "refuse"),
        (Guard::NewerCommit, Some(Presence::Absent), newer(), "go"),
        (Guard::NewerCommit, newer(), None, "refuse"),
    ] {
        let look = Look { newer_run, newer_commit, ..looked_at(run()) };
        let said = recheck(&skipping(guard), &look, circumstances(false, true), NOW);
        assert_eq!(word(&said), expected, "without {guard:?}");
    }
}

#[test]
fn a_rerun_planned_at_a_jobs_end_waits_for_the_runs_and_goes_only_if_that_failed() {
    let mut plan = planned(Action::Rerun(Rerun::now(RerunScope::FailedJobs)));
    (plan.judged_status, plan.judged_conclusion) = (None, None);
    let running = RunSnapshot { status: Some(Status::InProgress), conclusion: None, ..run() };
    let old = RunSnapshot { created_at: Some(NOW - DAY * 30), ..running.clone() };
    let ended = |conclusion| looked_at(RunSnapshot { conclusion: Some(conclusion), ..run() });
    for (name, look, guarded, expected) in [
        ("still running", there(running.clone()), true, "later"),
        ("running for a month", there(old), true, "refuse"),
        ("failed", ended(Conclusion::Failure), true, "go"),
        ("timed out", ended(Conclusion::TimedOut), true, "go"),
        ("cancelled meanwhile", ended(Conclusion::Cancelled), true, "refuse"),
        ("green in the end", ended(Conclusion::Success), true, "refuse"),
        ("by hand, a running run", there(running.clone()), false, "wait"),
    ] {
        assert_eq!(word(&recheck(&plan, &look, circumstances(false, guarded), NOW)), expected, "{name}");
    }
    let after = |hours| match recheck(&plan, &there(running.clone()), circumstances(false, true), NOW + hours)
    {
        Recheck::Later(wait, _) => wait.as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!((after(Duration::ZERO), after(Duration::from_secs(60)), after(DAY)), (5, 15, 300));
}

#[test]
fn what_github_cannot_rerun_is_not_sent() {
    let judged = |conclusion: Conclusion, attempt, scope| {
        let mut plan = planned(Action::Rerun(Rerun::now(scope)));
        plan.judged_conclusion = Some(conclusion.clone());
        plan.attempt = RunAttempt(attempt);
        let now = RunSnapshot { conclusion: Some(conclusion), attempt: Some(RunAttempt(attempt)), ..run() };
        word(&recheck(&plan, &there(now), circumstances(false, false), NOW))
    };
    assert_eq!(judged(Conclusion::StartupFailure, 1, RerunScope::Run), "refuse");
    assert_eq!(judged(Conclusion::ActionRequired, 1, RerunScope::Run), "refuse");
    assert_eq!(judged(Conclusion::Success, 1, RerunScope::FailedJobs), "refuse");
    assert_eq!(judged(Conclusion::Success, 1, RerunScope::Run), "go");
    assert_eq!(judged(Conclusion::Cancelled, 1, RerunScope::FailedJobs), "go");
    assert_eq!(judged(Conclusion::Failure, 49, RerunScope::FailedJobs), "go");
    assert_eq!(judged(Conclusion::Failure, 50, RerunScope::FailedJobs), "refuse");
}

#[test]
fn after_a_lost_answer_a_risen_attempt_is_the_answer() {
    let plan = planned(Action::Rerun(Rerun::now(RerunScope::FailedJobs)));
    let risen = there(RunSnapshot { attempt: Some(RunAttempt(2)), ..run() });
    assert_eq!(
        recheck(&plan, &risen, circumstances(true, true), NOW),
        Recheck::Need(WantedLook::NextAttempt)
    );
    let told = Look { next_attempt: Some(Presence::Present("runwarden[bot]".to_owned())), ..risen };
    assert_eq!(word(&recheck(&plan, &told, circumstances(true, true), NOW)), "done");
    assert_eq!(word(&recheck(&plan, &told, circumstances(false, true), NOW)), "refuse");
}

#[test]
fn a_review_goes_to_what_is_pending_and_may_be_reviewed() {
    let review = Review {
        state: ReviewState::Approved,
        environments: vec!["staging".to_owned()],
        comment: String::new(),
        via: Some(Via::Reviewer),
    };
    let mut plan = planned(Action::Cancel);
    plan.action = Action::ReviewDeployments(review);
    let waiting = || there(RunSnapshot { status: Some(Status::Waiting), conclusion: None, ..run() });
    let gate =
        |name: &str, can_review| PendingGate { id: EnvironmentId(9), name: name.to_owned(), can_review };
    let pending = |gates: Vec<PendingGate>| Look { pending: Some(gates), ..waiting() };
    for (name, look, expected) in [
        ("not looked at", waiting(), "need"),
        ("completed", there(run()), "refuse"),
        ("pending", pending(vec![gate("Staging", Some(true))]), "go"),
        ("pending, and GitHub does not say whose turn it is", pending(vec![gate("staging", None)]), "go"),
        ("pending for others", pending(vec![gate("staging", Some(false))]), "refuse"),
        ("another environment, reviews not looked at", pending(vec![gate("production", Some(true))]), "need"),
        ("nobody reviewed it yet", Look { reviews: Some(vec![]), ..pending(vec![]) }, "wait"),
        ("approved already", Look { reviews: reviewed("approved", "octocat"), ..pending(vec![]) }, "done"),
        ("rejected already", Look { reviews: reviewed("rejected", "octocat"), ..pending(vec![]) }, "refuse"),
    ] {
        assert_eq!(word(&recheck(&plan, &look, circumstances(false, true), NOW)), expected, "{name}");
    }
}

#[test]
fn a_review_that_is_not_pending_is_waited_for_briefly_and_one_whose_answer_was_lost_is_looked_up() {
    let review = Review {
        state: ReviewState::Approved,
        environments: vec!["staging".to_owned()],
        comment: String::new(),
        via: Some(Via::Reviewer),
    };
    let mut plan = planned(Action::Cancel);
    plan.action = Action::ReviewDeployments(review);
    let waiting = there(RunSnapshot { status: Some(Status::Waiting), conclusion: None, ..run() });
    let not_pending = Look { pending: Some(vec![]), reviews: Some(vec![]), ..waiting };
    let later = |seconds| {
        recheck(&plan, &not_pending, circumstances(false, true), NOW + Duration::from_secs(seconds))
    };
    assert_eq!((word(&later(60)), word(&later(61))), ("wait", "refuse"));
    let ended = |reviews| recheck(&plan, &Look { reviews, ..there(run()) }, circumstances(true, true), NOW);
    assert_eq!(word(&ended(None)), "need");
    assert_eq!(word(&ended(Some(vec![]))), "refuse");
    assert_eq!(word(&ended(reviewed("approved", "octocat"))), "done");
    assert_eq!(word(&ended(reviewed("rejected", "octocat"))), "refuse");
}

#[test]
fn logs_are_kept_of_an_attempt_that_has_ended_whatever_came_after_it() {
    let action = Action::ArchiveLogs(ArchiveLogs { to: "/logs".into(), day: String::new() });
    let plan = planned(action);
    let Action::ArchiveLogs(bound) = &plan.action else { panic!("{plan:?}") };
    assert_eq!(bound.day.len(), 10, "{}", bound.day);
    for (attempt, status, expected) in [
        (1, Status::Completed, "go"),
        (1, Status::InProgress, "wait"),
        (2, Status::InProgress, "go"),
        (2, Status::Completed, "go"),
    ] {
        let now = RunSnapshot { attempt: Some(RunAttempt(attempt)), status: Some(status), ..run() };
        assert_eq!(word(&recheck(&plan, &there(now), circumstances(false, true), NOW)), expected);
    }
    let gone = Look { run: Some(CurrentRun::Gone), ..Look::default() };
    assert_eq!(word(&recheck(&plan, &gone, circumstances(false, true), NOW)), "done");
}

#[test]
fn an_approval_needs_the_run_to_wait_still_and_to_be_of_the_judged_commit() {
    let judged = |sha: Option<&str>| {
        let action = Action::ApproveRun(ApproveRun { head_sha: sha.map(ToOwned::to_owned) });
        PlannedAction { action, ..planned(Action::Cancel) }
    };
    let waits = |change: &dyn Fn(&mut RunSnapshot)| {
        let sha = Some("abc".to_owned());
        let mut now = RunSnapshot { conclusion: Some(Conclusion::ActionRequired), head_sha: sha, ..run() };
        change(&mut now);
        now
    };
    for (name, plan, now, expected) in [
        ("as judged", judged(Some("abc")), waits(&|_| {}), "go"),
        ("another commit", judged(Some("abd")), waits(&|_| {}), "refuse"),
        ("a commit that was not known", judged(None), waits(&|_| {}), "refuse"),
        ("a commit that is not told", judged(Some("abc")), waits(&|run| run.head_sha = None), "refuse"),
        ("re-run meanwhile", judged(Some("abc")), waits(&|run| run.attempt = Some(RunAttempt(2))), "refuse"),
        (
            "approved meanwhile",
            judged(Some("abc")),
            waits(&|run| (run.status, run.conclusion) = (Some(Status::Queued), None)),
            "done",
        ),
    ] {
        assert_eq!(word(&recheck(&plan, &there(now), circumstances(false, true), NOW)), expected, "{name}");
    }
    let gone = Look { run: Some(CurrentRun::Gone), ..Look::default() };
    assert_eq!(word(&recheck(&judged(None), &gone, circumstances(false, true), NOW)), "refuse");
}

#[test]
fn a_deletion_needs_a_completed_run_with_the_judged_conclusion() {
    for action in [Action::DeleteRun, Action::DeleteLogs] {
        let plan = PlannedAction { lane: Lane::Bulk, ..planned(action) };
        let now = |change: &dyn Fn(&mut RunSnapshot)| {
            let mut changed = run();
            change(&mut changed);
            word(&recheck(&plan, &there(changed), circumstances(false, true), NOW))
        };
        assert_eq!(now(&|_| {}), "go");
        assert_eq!(now(&|run| run.status = Some(Status::InProgress)), "refuse");
        assert_eq!(now(&|run| run.conclusion = Some(Conclusion::Success)), "refuse");
        assert_eq!(now(&|run| run.attempt = Some(RunAttempt(2))), "refuse");
        let gone = Look { run: Some(CurrentRun::Gone), ..Look::default() };
        assert_eq!(word(&recheck(&plan, &gone, circumstances(false, true), NOW)), "done");
    }
}

#[test]
fn what_follows_from_an_outcome_is_an_end_or_a_later_time() {
    let words = || "words".to_owned();
    let long_ago = NOW - Duration::from_secs(7 * 3_600);
    for (outcome, planned_at, interrupted, state) in [
        (Outcome::Done(words()), NOW, false, ActionState::Done),
        (Outcome::Refused(words()), NOW, false, ActionState::Refused),
        (Outcome::Failed(words()), NOW, true, ActionState::Failed),
        (Outcome::Retry(words()), NOW, false, ActionState::Planned),
        (Outcome::Retry(words()), long_ago, false, ActionState::Failed),
        (Outcome::Retry(words()), long_ago, true, ActionState::Uncertain),
        (Outcome::Ambiguous(words()), NOW, false, ActionState::Planned),
        (Outcome::Ambiguous(words()), long_ago, false, ActionState::Uncertain),
        (Outcome::Blocked(NOW + DAY, words()), long_ago, false, ActionState::Planned),
    ] {
        let next = settle(&outcome, 1, planned_at, interrupted, NOW);
        assert_eq!(next.state, state, "{outcome:?}");
        assert_eq!(next.reason, "words");
    }
    let wait = |tries| settle(&Outcome::Retry(words()), tries, NOW, false, NOW).due_at.since(NOW).as_secs();
    assert_eq!([1, 2, 3, 20].map(wait), [2, 4, 8, 300]);
    assert!(settle(&Outcome::Ambiguous(words()), 1, NOW, false, NOW).interrupted);
    assert!(
        settle(&Outcome::Retry(words()), 1, NOW, true, NOW).interrupted,
        "doubt stays until a look ends it"
    );
    assert!(!settle(&Outcome::Blocked(NOW, words()), 1, NOW, false, NOW).counts_as_try);
}

#[test]
fn templates_fill_in_what_is_known_and_refuse_what_is_not_a_variable() {
    let mut facts = facts();
    facts.run.branch = Some(format!("a\u{1b}[31m{}", "x".repeat(500)));
    let rule = RuleName::parse("one").unwrap();
    let filled = |source: &str| Template::parse(source).unwrap().fill(&rule, &facts, NOW);
    assert_eq!(
        filled("{{rule}}: {{ repository }} {{ run_id }}.{{ run_attempt }} {{ environment }}"),
        "one: acme/api 42.1 unknown"
    );
    assert_eq!(filled("{{ branch }}").chars().count(), 200);
    assert!(!filled("{{ branch }}").contains('\u{1b}'));
    assert_eq!(Template::parse("{{ brnch }}"), Err(TemplateError::UnknownVariable("brnch".to_owned())));
    assert_eq!(Template::parse("{{ branch"), Err(TemplateError::Unclosed));
    for variable in VARIABLES {
        assert_ne!(Template::parse(&format!("{{{{ {variable} }}}}")).unwrap().fill(&rule, &facts, NOW), "");
    }
}
