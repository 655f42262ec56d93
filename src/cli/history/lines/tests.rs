//! The history's lines, by hand-made rows.

use super::*;
use crate::{
    cli::show::samples::{action, decision, entry, execution, facts, rerun, rule, test, verdict},
    model::{Action, Gate, Source},
};

fn text(entries: &[HistoryEntry], rule: Option<&RuleName>) -> String {
    let lines: Vec<Line> =
        entries.iter().flat_map(|entry| lines(entry, rule, &Aftermath::default())).collect();
    render(&lines, false, Paint::new(false))
}

fn decided(decisions: Vec<DecisionEntry>) -> HistoryEntry {
    entry(Source::Webhook, "workflow_run", DeliveryState::Decided, None, decisions)
}

fn acted() -> HistoryEntry {
    let verdicts = vec![
        verdict("retry-flakes", Verdict::Matched, "all conditions hold", Vec::new()),
        verdict("cancel-stale", Verdict::Matched, "all conditions hold", Vec::new()),
        verdict("approve", Verdict::Unknown, "branch: expected main, observed not known", Vec::new()),
        verdict("purge", Verdict::NotMatched, "branch: expected main, observed dev", Vec::new()),
    ];
    let done = "asked GitHub to re-run the failed jobs";
    let actions = vec![
        (action("retry-flakes", rerun(), ActionState::Done, Some(done)), vec![execution("done", done)]),
        (action("cancel-stale", Action::Cancel, ActionState::Planned, None), Vec::new()),
    ];
    decided(vec![decision(facts(Signal::RunCompleted), verdicts, actions)])
}

#[test]
fn every_action_and_every_rule_with_something_to_say_has_a_line() {
    let expected = "\
time                  what                            repository  run  attempt  rule → action          outcome  why
2026-11-22 15:00:00Z  workflow_run.completed failure  acme/api    42   1        retry-flakes → rerun   done     asked GitHub to re-run the failed jobs
2026-11-22 15:00:00Z  workflow_run.completed failure  acme/api    42   1        cancel-stale → cancel  planned  due at 2026-11-22 15:00:30Z
2026-11-22 15:00:00Z  workflow_run.completed failure  acme/api    42   1        approve                unknown  branch: expected main, observed not known
";
    assert_eq!(text(&[acted()], None), expected);
}

#[test]
fn with_a_rule_only_its_lines_are_shown() {
    let purge = text(&[acted()], Some(&rule("purge")));
    assert!(purge.ends_with("purge          no match  branch: expected main, observed dev\n"), "{purge}");
    assert_eq!(purge.lines().count(), 2);
    assert_eq!(lines(&acted(), Some(&rule("another")), &Aftermath::default()), Vec::new());
}

#[test]
fn a_run_that_no_rule_matched_has_one_line_with_the_closest_reasons() {
    let no = |word: &str| test(word, "a", "b", Truth::No);
    let verdicts = vec![
        verdict("other", Verdict::NotMatched, "repository: other", vec![no("repository")]),
        verdict("far", Verdict::NotMatched, "branch: far", vec![no("branch"), no("event"), no("actor")]),
        verdict(
            "near",
            Verdict::NotMatched,
            "branch: near",
            vec![no("branch"), test("event", "a", "a", Truth::Yes)],
        ),
        verdict("nearer", Verdict::NotMatched, "event: nearer", vec![no("event")]),
        verdict("off", Verdict::Off, "the rule is off", Vec::new()),
    ];
    let line = lines(
        &decided(vec![decision(facts(Signal::RunCompleted), verdicts, Vec::new())]),
        None,
        &Aftermath::default(),
    );
    assert_eq!(line.len(), 1);
    assert_eq!(line[0].outcome, "no match");
    assert_eq!(line[0].why, "near: branch: near; nearer: event: nearer; and 2 rules more");
}

#[test]
fn deliveries_without_a_decision_say_why() {
    let of = |state, reason| entry(Source::Webhook, "workflow_run", state, reason, Vec::new());
    let unreadable = HistoryEntry {
        unreadable: vec!["row 7, column facts: \u{1b}[31m".to_owned()],
        ..of(DeliveryState::Decided, None)
    };
    let entries = [
        of(DeliveryState::Parked, Some("the payload has no workflow_run")),
        of(DeliveryState::Pending, None),
        of(DeliveryState::Pending, Some("GitHub answered 502")),
        of(DeliveryState::Decided, Some("no rule listens to workflow_run.requested")),
        unreadable,
    ];
    let expected = "\
time                  what          repository  run  attempt  rule → action  outcome     why
2026-11-22 15:00:00Z  workflow_run  -           -    -        -              parked      the payload has no workflow_run
2026-11-22 15:00:00Z  workflow_run  -           -    -        -              pending     to be judged
2026-11-22 15:00:00Z  workflow_run  -           -    -        -              pending     GitHub answered 502; to be judged at 2026-11-22 15:01:00Z
2026-11-22 15:00:00Z  workflow_run  -           -    -        -              decided     no rule listens to workflow_run.requested
2026-11-22 15:00:00Z  workflow_run  -           -    -        -              decided     -
2026-11-22 15:00:00Z  workflow_run  -           -    -        -              unreadable  row 7, column facts:  [31m
";
    assert_eq!(text(&entries, None), expected);
}

#[test]
fn what_happened_names_the_environment_or_the_person() {
    let delivery = decided(Vec::new()).delivery;
    let gate = Some(Gate { environment: Some("staging".to_owned()), protection_rule: false });
    let waiting = Facts { gate, ..facts(Signal::DeploymentWaiting) };
    assert_eq!(of_run(&waiting, &delivery).what, "deployment.waiting staging");
    assert_eq!(of_run(&facts(Signal::Command), &delivery).what, "command by octocat");
    assert_eq!(of_run(&facts(Signal::Schedule), &delivery).what, "schedule by octocat");
    let tick = Facts { sender: None, ..facts(Signal::Schedule) };
    assert_eq!(of_run(&tick, &delivery).what, "schedule failure");
}

#[test]
fn the_guids_are_shown_when_asked_for() {
    let pending = entry(Source::Webhook, "workflow_run", DeliveryState::Pending, None, Vec::new());
    let shown = render(&lines(&pending, None, &Aftermath::default()), true, Paint::new(false));
    let expected = "\
time                  delivery                              what          repository  run  attempt  rule → action  outcome  why
2026-11-22 15:00:00Z  72d3162e-cc78-11e3-81ab-4c9367dc0958  workflow_run  -           -    -        -              pending  to be judged
";
    assert_eq!(shown, expected);
}
