//! What is said of what came after an action, by hand-made rows.

use super::*;
use crate::{
    cli::show::samples,
    model::{ApproveRun, DecisionRow, Review, Signal, Status, Via},
    store::{Done, Seen},
};

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

/// A run as it was seen so many seconds after the decision.
fn seen(signal: Signal, attempt: u32, second: u64, conclusion: Option<Conclusion>) -> Seen {
    let mut run = samples::facts(signal).run;
    run.attempt = Some(RunAttempt(attempt));
    run.run_started_at = Some(samples::at(1 + second));
    run.status = Some(if conclusion.is_some() { Status::Completed } else { Status::InProgress });
    run.conclusion = conclusion;
    run.triggering_actor = Some("octocat".to_owned());
    Seen { decided_at: samples::at(1 + second), signal, run, sender: Some("alice".to_owned()) }
}

fn done(rule: &str, kind: &str) -> Done {
    Done { rule: rule.to_owned(), kind: kind.to_owned() }
}

/// What is said a week later of an action that a decision on that signal wanted.
fn said(action: Action, state: ActionState, signal: Signal, later: &Later) -> Option<After> {
    said_at(7 * DAY, action, state, signal, later)
}

fn said_at(second: u64, action: Action, state: ActionState, signal: Signal, later: &Later) -> Option<After> {
    let decision: DecisionRow = samples::decision(samples::facts(signal), Vec::new(), Vec::new()).decision;
    let row = samples::action("retry", action, state, None);
    assert!(may_tell(&row), "{row:?}");
    after(&row, &decision, later, samples::at(1 + second))
}

fn words(after: Option<After>) -> String {
    after.map(|after| after.words).unwrap_or_default()
}

fn second_attempt(conclusion: Option<Conclusion>) -> Later {
    let began = seen(Signal::RunInProgress, 2, 12 * MINUTE, None);
    let ended = conclusion.map(|end| seen(Signal::RunCompleted, 2, 12 * MINUTE, Some(end)));
    Later { seen: [Some(began), ended].into_iter().flatten().collect(), done: Vec::new() }
}

#[test]
fn who_reran_what_was_only_observed_and_how_it_ended() {
    let observed = |later: &Later| said(samples::rerun(), ActionState::Observed, Signal::RunCompleted, later);
    for (end, expected) in [
        (None, "octocat re-ran it 12m later"),
        (Some(Conclusion::Success), "octocat re-ran it 12m later, and it passed"),
        (Some(Conclusion::TimedOut), "octocat re-ran it 12m later, and it failed"),
        (Some(Conclusion::Cancelled), "octocat re-ran it 12m later, and it ended as cancelled"),
    ] {
        assert_eq!(words(observed(&second_attempt(end))), expected);
    }
    let after = observed(&second_attempt(Some(Conclusion::Success))).unwrap();
    assert_eq!((after.by_people, after.by.as_deref()), (Some(true), Some("octocat")));
    assert_eq!((after.attempt, after.conclusion), (Some(RunAttempt(2)), Some(Conclusion::Success)));
    assert_eq!(after.at, Some(At(samples::at(1 + 12 * MINUTE))));
}

#[test]
fn a_command_is_a_persons_and_another_rule_is_nobody() {
    let rerun = || second_attempt(Some(Conclusion::Success));
    let by_rule = Later { done: vec![done("another", "rerun")], ..rerun() };
    let after = said(samples::rerun(), ActionState::Observed, Signal::RunCompleted, &by_rule).unwrap();
    assert_eq!((after.by_people, after.by.as_deref()), (Some(false), Some("another")));
    assert_eq!(after.words, "rule another re-ran it 12m later, and it passed");
    let command = seen(Signal::Command, 1, 5, Some(Conclusion::Failure));
    let mut by_hand = Later { done: vec![done("another", "cancel"), done("command", "rerun")], ..rerun() };
    by_hand.seen.insert(0, command);
    let after = said(samples::rerun(), ActionState::Observed, Signal::RunCompleted, &by_hand).unwrap();
    assert_eq!((after.by_people, after.by.as_deref()), (Some(true), Some("alice")));
    // Of what was refused, another rule says nothing new.
    assert_eq!(said(samples::rerun(), ActionState::Refused, Signal::RunCompleted, &by_rule), None);
    let refused = said(samples::rerun(), ActionState::Refused, Signal::RunCompleted, &rerun());
    assert_eq!(words(refused), "octocat re-ran it 12m later, and it passed");
}

#[test]
fn that_nobody_did_it_is_said_after_a_day_and_only_where_it_would_have_been_heard() {
    let none = Later::default();
    let observed = |second, signal| said_at(second, samples::rerun(), ActionState::Observed, signal, &none);
    assert_eq!(observed(DAY - 1, Signal::RunCompleted), None);
    let after = observed(DAY, Signal::RunCompleted).unwrap();
    assert_eq!((after.words.as_str(), after.by_people), ("nobody re-ran it", Some(false)));
    assert!(observed(DAY, Signal::JobCompleted).is_some());
    for deaf in [Signal::Schedule, Signal::RunRequested, Signal::Command] {
        assert_eq!(observed(30 * DAY, deaf), None, "{deaf}");
    }
    for state in [ActionState::Refused, ActionState::Limited, ActionState::Held] {
        assert_eq!(said(samples::rerun(), state, Signal::RunCompleted, &none), None, "{state}");
    }
}

#[test]
fn cancellations_and_approvals_are_told_from_how_the_attempt_went_on() {
    let approve = || Action::ApproveRun(ApproveRun { head_sha: None });
    let review = || {
        let (state, via) = (ReviewState::Approved, Some(Via::Reviewer));
        Action::ReviewDeployments(Review {
            state,
            environments: vec!["staging".to_owned()],
            comment: String::new(),
            via,
        })
    };
    let end = |conclusion| seen(Signal::RunCompleted, 1, 5 * MINUTE, Some(conclusion));
    let asks = Conclusion::ActionRequired;
    for (action, seen, expected) in [
        (Action::Cancel, vec![], ""),
        (Action::Cancel, vec![end(Conclusion::Cancelled)], "it was cancelled 5m later"),
        (Action::Cancel, vec![end(Conclusion::Success)], "nobody cancelled it"),
        (approve(), vec![], ""),
        (approve(), vec![end(asks.clone())], ""),
        (approve(), vec![end(asks), end(Conclusion::Failure)], "it was approved 5m later, and it failed"),
        (review(), vec![end(Conclusion::Failure)], ""),
        (review(), vec![end(Conclusion::Success)], "it was let through, and it passed"),
    ] {
        let later = Later { seen, done: Vec::new() };
        let after = said(action.clone(), ActionState::Observed, Signal::RunRequested, &later);
        assert_eq!(words(after), expected, "{action:?} {later:?}");
    }
}

#[test]
fn of_a_rerun_that_was_done_it_is_told_how_its_attempt_ended() {
    let of = |end| {
        let later = Later { done: vec![done("retry", "rerun")], ..second_attempt(end) };
        said(samples::rerun(), ActionState::Done, Signal::RunCompleted, &later)
    };
    assert_eq!(of(None), None);
    let after = of(Some(Conclusion::Success)).unwrap();
    assert_eq!((after.words.as_str(), after.by_people), ("attempt 2 passed", None));
    assert_eq!(words(of(Some(Conclusion::Failure))), "attempt 2 failed");
}

#[test]
fn a_login_cannot_steer_the_terminal() {
    let mut later = second_attempt(None);
    later.seen[0].run.triggering_actor = Some("a\u{1b}[31mb".to_owned());
    let row = samples::action("retry", samples::rerun(), ActionState::Observed, None);
    let decision = samples::decision(samples::facts(Signal::RunCompleted), Vec::new(), Vec::new()).decision;
    let after = after(&row, &decision, &later, samples::at(0)).unwrap();
    let aftermath = Aftermath([(row.id, after)].into_iter().collect());
    assert_eq!(aftermath.added_to("why", &row), "why; a [31mb re-ran it 12m later");
    assert_eq!(aftermath.added_to("", &row), "a [31mb re-ran it 12m later");
}
