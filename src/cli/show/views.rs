//! The shapes of the history and of runs in `--json`. What is published here stays: keys are added, never renamed.

use serde::Serialize;

use super::{ActionView, Aftermath, At, JobView};
use crate::{
    model::{
        ActionRow, Conclusion, DeliveryGuid, DeliveryRow, DeliveryState, ExecutionRow, Facts, RepositoryName,
        RuleVerdict, RunAttempt, RunId, RunSnapshot, Signal, Source, Status, WorkflowId,
    },
    store::{DecisionEntry, HistoryEntry},
};

/// A delivery and all that came of it.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct EntryView<'a> {
    delivery: DeliveryView<'a>,
    decisions: Vec<DecisionView<'a>>,
    /// What this version cannot read of it, in words.
    unreadable: &'a [String],
}

#[derive(Debug, Serialize)]
struct DeliveryView<'a> {
    guid: &'a DeliveryGuid,
    /// `webhook`, `schedule`, `recovery`, `command`.
    source: Source,
    /// GitHub's event name, or `schedule`, `command`, `apply`.
    event: &'a str,
    received_at: At,
    /// `pending`, `decided`, `parked`.
    state: DeliveryState,
    /// Why it is parked or waits, or what came of it.
    reason: Option<&'a str>,
    /// How often its facts were asked for in vain.
    tries: u32,
    /// When it is to be judged, while pending.
    due_at: At,
}

#[derive(Debug, Serialize)]
struct DecisionView<'a> {
    decided_at: At,
    /// Requests to GitHub that its facts cost.
    requests: u32,
    /// The first fifty of them: `GET /repos/…`.
    asked: &'a [String],
    /// What it was decided on.
    facts: FactsView<'a>,
    /// Per rule: `rule`, `verdict`, `reason`, and the tree `conditions` of `word`, `expected`, `observed`,
    /// `satisfied` and `parts`.
    verdicts: &'a [RuleVerdict],
    actions: Vec<ActionView<'a>>,
}

/// What a run was judged on.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct FactsView<'a> {
    /// What made runwarden look, in the words of a rule's `on`; or `schedule`, `command`.
    signal: Signal,
    run: RunView<'a>,
    /// Where the run waits, when that is the signal.
    environment: Option<&'a str>,
    /// Whether the App's own protection rule is asked.
    protection_rule: bool,
    /// The login that caused the webhook.
    sender: Option<&'a str>,
    /// `public`, `private` or `internal`.
    visibility: Option<&'a str>,
    archived: Option<bool>,
    default_branch: Option<&'a str>,
    /// Re-runs that runwarden had asked for; null when no rule asked for them.
    reruns_by_us: Option<u32>,
    /// The jobs of the judged attempt; null when no rule asked for them, or they could not be had.
    jobs: Option<Vec<JobView<'a>>>,
}

/// A run at one moment; what is not known is null.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct RunView<'a> {
    repository: &'a RepositoryName,
    id: RunId,
    attempt: Option<RunAttempt>,
    run_number: Option<i64>,
    workflow: Option<&'a str>,
    workflow_path: Option<&'a str>,
    workflow_id: Option<WorkflowId>,
    event: Option<&'a str>,
    status: Option<&'a Status>,
    conclusion: Option<&'a Conclusion>,
    branch: Option<&'a str>,
    head_sha: Option<&'a str>,
    head_repository: Option<&'a RepositoryName>,
    actor: Option<&'a str>,
    triggering_actor: Option<&'a str>,
    created_at: Option<At>,
    run_started_at: Option<At>,
    updated_at: Option<At>,
    html_url: Option<&'a str>,
    title: Option<&'a str>,
    commit_message: Option<&'a str>,
}

impl<'a> EntryView<'a> {
    /// The entry, with what came after its actions.
    pub(in crate::cli) fn new(entry: &'a HistoryEntry, aftermath: &'a Aftermath) -> Self {
        Self {
            delivery: DeliveryView::from(&entry.delivery),
            decisions: entry.decisions.iter().map(|of| DecisionView::new(of, aftermath)).collect(),
            unreadable: &entry.unreadable,
        }
    }
}

impl<'a> From<&'a DeliveryRow> for DeliveryView<'a> {
    fn from(row: &'a DeliveryRow) -> Self {
        Self {
            guid: &row.guid,
            source: row.source,
            event: &row.event,
            received_at: At(row.received_at),
            state: row.state,
            reason: row.reason.as_deref(),
            tries: row.tries,
            due_at: At(row.due_at),
        }
    }
}

impl<'a> DecisionView<'a> {
    fn new(entry: &'a DecisionEntry, aftermath: &'a Aftermath) -> Self {
        let action = |(row, executions): &'a (ActionRow, Vec<ExecutionRow>)| {
            ActionView::new(row, executions, aftermath.get(row))
        };
        Self {
            decided_at: At(entry.decision.decided_at),
            requests: entry.decision.requests,
            asked: &entry.decision.asked,
            facts: FactsView::from(&entry.decision.facts),
            verdicts: &entry.decision.verdicts,
            actions: entry.actions.iter().map(action).collect(),
        }
    }
}

impl<'a> From<&'a Facts> for FactsView<'a> {
    fn from(facts: &'a Facts) -> Self {
        let repository = facts.details.repository.known().ok();
        let jobs = facts.details.jobs.known().ok();
        Self {
            signal: facts.signal,
            run: RunView::from(&facts.run),
            environment: facts.gate.as_ref().and_then(|gate| gate.environment.as_deref()),
            protection_rule: facts.gate.as_ref().is_some_and(|gate| gate.protection_rule),
            sender: facts.sender.as_deref(),
            visibility: repository.and_then(|repository| repository.visibility.as_deref()),
            archived: repository.and_then(|repository| repository.archived),
            default_branch: repository.and_then(|repository| repository.default_branch.as_deref()),
            reruns_by_us: facts.details.reruns_by_us.known().ok().copied(),
            jobs: jobs.map(|jobs| jobs.iter().map(JobView::from).collect()),
        }
    }
}

impl<'a> From<&'a RunSnapshot> for RunView<'a> {
    fn from(run: &'a RunSnapshot) -> Self {
        Self {
            repository: &run.repository,
            id: run.id,
            attempt: run.attempt,
            run_number: run.run_number,
            workflow: run.workflow.as_deref(),
            workflow_path: run.workflow_path.as_deref(),
            workflow_id: run.workflow_id,
            event: run.event.as_deref(),
            status: run.status.as_ref(),
            conclusion: run.conclusion.as_ref(),
            branch: run.branch.as_deref(),
            head_sha: run.head_sha.as_deref(),
            head_repository: run.head_repository.as_ref(),
            actor: run.actor.as_deref(),
            triggering_actor: run.triggering_actor.as_deref(),
            created_at: run.created_at.map(At),
            run_started_at: run.run_started_at.map(At),
            updated_at: run.updated_at.map(At),
            html_url: run.html_url.as_deref(),
            title: run.title.as_deref(),
            commit_message: run.commit_message.as_deref(),
        }
    }
}
