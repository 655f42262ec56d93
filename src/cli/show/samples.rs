//! Hand-made rows of the ledger for the tests of what is shown.

use std::time::Duration;

use crate::{
    model::{
        Action, ActionKey, ActionRow, ActionState, Bounds, Conclusion, ConditionResult, DecisionRow,
        DeliveryGuid, DeliveryRow, DeliveryState, ExecutionRow, Facts, Lane, PlannedAction, RepositoryName,
        Rerun, RerunScope, RuleName, RuleVerdict, RunAttempt, RunId, RunSnapshot, Signal, Source, Status,
        Timestamp, Truth, Verdict,
    },
    store::{DecisionEntry, HistoryEntry},
};

pub(in crate::cli) fn at(second: u64) -> Timestamp {
    Timestamp::parse("2026-11-22T15:00:00Z").unwrap() + Duration::from_secs(second)
}

pub(in crate::cli) fn rule(name: &str) -> RuleName {
    RuleName::parse(name).unwrap()
}

pub(in crate::cli) fn facts(signal: Signal) -> Facts {
    let repository = RepositoryName::parse("acme/api").unwrap();
    let run = RunSnapshot {
        attempt: Some(RunAttempt(1)),
        workflow: Some("CI".to_owned()),
        workflow_path: Some(".github/workflows/ci.yml".to_owned()),
        event: Some("push".to_owned()),
        status: Some(Status::Completed),
        conclusion: Some(Conclusion::Failure),
        branch: Some("main".to_owned()),
        created_at: Some(at(0)),
        html_url: Some("https://github.com/acme/api/actions/runs/42".to_owned()),
        partial: false,
        ..RunSnapshot::unknown(repository, RunId(42))
    };
    Facts { sender: Some("octocat".to_owned()), ..Facts::of(signal, run) }
}

pub(in crate::cli) fn test(word: &str, expected: &str, observed: &str, satisfied: Truth) -> ConditionResult {
    let (word, expected, observed) = (word.to_owned(), expected.to_owned(), observed.to_owned());
    ConditionResult { word: word.into(), expected, observed, satisfied, parts: Vec::new() }
}

pub(in crate::cli) fn group(word: &str, satisfied: Truth, parts: Vec<ConditionResult>) -> ConditionResult {
    ConditionResult { parts, ..test(word, "", "", satisfied) }
}

pub(in crate::cli) fn verdict(
    name: &str,
    verdict: Verdict,
    reason: &str,
    conditions: Vec<ConditionResult>,
) -> RuleVerdict {
    let satisfied = match verdict {
        Verdict::Matched | Verdict::Kept | Verdict::Limited => Truth::Yes,
        Verdict::NotMatched | Verdict::Off => Truth::No,
        Verdict::Unknown => Truth::Unknown,
    };
    RuleVerdict {
        rule: rule(name),
        verdict,
        reason: reason.to_owned(),
        conditions: (verdict != Verdict::Off).then(|| group("all", satisfied, conditions)),
    }
}

pub(in crate::cli) fn action(
    name: &str,
    action: Action,
    state: ActionState,
    reason: Option<&str>,
) -> ActionRow {
    let plan = PlannedAction {
        key: ActionKey::of_rule(&rule(name), RunId(42), RunAttempt(1), &action),
        rule: rule(name),
        action,
        repository: RepositoryName::parse("acme/api").unwrap(),
        installation: None,
        run: RunId(42),
        attempt: RunAttempt(1),
        judged_status: Some(Status::Completed),
        judged_conclusion: Some(Conclusion::Failure),
        lane: Lane::Event,
        state,
        reason: reason.map(str::to_owned),
        due_at: at(30),
        bounds: Bounds::default(),
        runner_minutes: None,
    };
    ActionRow {
        id: 1,
        decision_id: 1,
        plan,
        tries: 1,
        planned_at: at(0),
        finished_at: None,
        interrupted: false,
        spent_at: None,
    }
}

pub(in crate::cli) fn rerun() -> Action {
    Action::Rerun(Rerun { delay: Duration::from_secs(30), ..Rerun::now(RerunScope::FailedJobs) })
}

pub(in crate::cli) fn execution(outcome: &str, detail: &str) -> ExecutionRow {
    ExecutionRow {
        id: 1,
        action_id: 1,
        begun_at: at(30),
        finished_at: Some(at(31)),
        outcome: Some(outcome.to_owned()),
        detail: Some(detail.to_owned()),
        requests: 2,
    }
}

pub(in crate::cli) fn decision(
    facts: Facts,
    verdicts: Vec<RuleVerdict>,
    actions: Vec<(ActionRow, Vec<ExecutionRow>)>,
) -> DecisionEntry {
    let decision = DecisionRow {
        id: 1,
        delivery_id: 1,
        decided_at: at(1),
        facts,
        verdicts,
        requests: 0,
        asked: Vec::new(),
    };
    DecisionEntry { decision, actions }
}

pub(in crate::cli) fn entry(
    source: Source,
    event: &str,
    state: DeliveryState,
    reason: Option<&str>,
    decisions: Vec<DecisionEntry>,
) -> HistoryEntry {
    let delivery = DeliveryRow {
        id: 1,
        guid: DeliveryGuid::parse("72d3162e-cc78-11e3-81ab-4c9367dc0958").unwrap(),
        source,
        event: event.to_owned(),
        received_at: at(0),
        state,
        reason: reason.map(str::to_owned),
        tries: 0,
        due_at: at(60),
    };
    HistoryEntry { delivery, decisions, unreadable: Vec::new() }
}
