//! The explanation of a payload, by hand-made rules.

use std::time::Duration;

use super::*;
use crate::{
    cli::show::samples::{at, facts, rerun, rule},
    model::{Action, Gate, RunSnapshot, Signal},
    rules::{Condition, Expectation, Kind, Limits, Mode, Pattern, Range, Test, Word},
};

fn matches(word: Word, pattern: &str) -> Condition {
    let pattern = Pattern::compile(pattern, word.kind() == Kind::Text { ignore_case: true }).unwrap();
    Condition::Test(Test { word, expectation: Expectation::Matches(vec![pattern]) })
}

fn rule_of(name: &str, on: Trigger, when: Vec<Condition>, then: Action) -> Rule {
    Rule {
        name: rule(name),
        on: vec![on],
        when: Condition::All(when),
        then: vec![then],
        comment: None,
        keep: None,
        limits: Limits { per_run: Some(2), ..Limits::default() },
        mode: Mode::Enforce,
    }
}

fn ruleset() -> Ruleset {
    let completed = || Trigger::Signal(Signal::RunCompleted);
    let young = Range { below: Some(Duration::from_secs(60)), ..Range::default() };
    let young = Condition::Test(Test { word: Word::Age, expectation: Expectation::Duration(young) });
    let nightly = Trigger::Schedule { cron: "30 2 * * *".to_owned(), zone: "UTC".to_owned() };
    let rules = vec![
        rule_of("retry-flakes", completed(), vec![matches(Word::Repository, "acme/*"), young], rerun()),
        rule_of("retry-too", completed(), vec![matches(Word::Conclusion, "failure")], rerun()),
        rule_of("cancel-dev", completed(), vec![matches(Word::Branch, "dev")], Action::Cancel),
        rule_of("purge", nightly, Vec::new(), Action::DeleteRun),
    ];
    Ruleset { mode: Mode::Enforce, rules, ..Ruleset::default() }
}

#[test]
fn every_rule_is_explained_with_what_it_would_do() {
    let ruleset = ruleset();
    let explanation = Explanation::new(&ruleset, facts(Signal::RunCompleted), at(10));
    let expected = "\
workflow_run.completed: run 42, attempt 1 of acme/api
  CI (.github/workflows/ci.yml), branch main, event push, completed: failure
  https://github.com/acme/api/actions/runs/42

✓ retry-flakes: matched (all conditions hold)
    condition   expected  observed
  ✓ repository  acme/*    acme/api
  ✓ age         below 1m  10s
  → would re-run the failed jobs in 30s (at 2026-11-22 15:00:40Z), unless it has planned that 2 times for this run

✓ retry-too: matched (all conditions hold)
    condition   expected  observed
  ✓ conclusion  failure   failure
  → would re-run the failed jobs in 30s (at 2026-11-22 15:00:40Z), but rule retry-flakes comes first

✗ cancel-dev: did not match (branch: expected dev, observed main)
    condition  expected  observed
  ✗ branch     dev       main

· purge: does not listen to workflow_run.completed (it listens to the schedule 30 2 * * * in UTC)
";
    assert_eq!(explanation.text(Paint::new(false)), expected);
}

#[test]
fn what_the_payload_does_not_carry_is_unknown_and_would_be_fetched() {
    let waiting = Trigger::Signal(Signal::DeploymentWaiting);
    let when = vec![matches(Word::Environment, "staging"), matches(Word::Branch, "main")];
    let rules = vec![rule_of("cancel-it", waiting, when, Action::Cancel)];
    let ruleset = Ruleset { mode: Mode::Enforce, rules, ..Ruleset::default() };
    let whole = facts(Signal::DeploymentWaiting);
    let run = RunSnapshot::unknown(whole.run.repository.clone(), whole.run.id);
    let facts = Facts { run, gate: Some(Gate { environment: None, protection_rule: false }), ..whole };
    let explanation = Explanation::new(&ruleset, facts, at(10));
    let expected = "\
deployment.waiting: run 42 of acme/api
  waits at an environment

? cancel-it: cannot tell (environment: expected staging, observed not known: the payload does not name the environment)
    condition    expected  observed
  ? environment  staging   not known: the payload does not name the environment
  ? branch       main      not known: the payload does not carry it

before it judges, the daemon
  would read the run (GET /repos/acme/api/actions/runs/42)
  would read the run's pending deployments (GET /repos/acme/api/actions/runs/42/pending_deployments)
";
    assert_eq!(explanation.text(Paint::new(false)), expected);
}

#[test]
fn the_json_has_stable_keys() {
    let ruleset = ruleset();
    let explanation = Explanation::new(&ruleset, facts(Signal::RunCompleted), at(10));
    let json = serde_json::to_value(explanation.view("workflow_run")).unwrap();
    assert_eq!(json["event"], "workflow_run");
    assert_eq!(json["facts"]["signal"], "workflow_run.completed");
    assert_eq!(json["facts"]["run"]["created_at"], "2026-11-22T15:00:00Z");
    assert_eq!(json["facts"]["run"]["head_sha"], serde_json::Value::Null);
    let first = &json["rules"][0];
    assert_eq!(first["verdict"]["conditions"]["parts"][0]["word"], "repository");
    assert_eq!(first["plans"][0]["action"], "rerun");
    assert_eq!(first["plans"][0]["params"]["scope"], "failed_jobs");
    assert_eq!(first["plans"][0]["params"]["delay_seconds"], 30.0);
    assert_eq!(json["rules"][3]["listens"], false);
    assert_eq!(json["rules"][3]["verdict"], serde_json::Value::Null);
}
