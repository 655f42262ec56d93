//! The worker that carries out what is planned: begun in the ledger, looked at, performed, settled.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::task::{Id, JoinError, JoinSet};
use tracing::{error, info, warn};

use crate::{
    github::{Access, Meter},
    metrics::ExecutionLabels,
    model::{
        Action, ActionKind, ActionRow, ActionState, Bounds, Lane, Outcome, PlannedAction, RuleName, Timestamp,
    },
    rules::{Circumstances, Recheck, Ruleset, first_due, recheck, settle},
    store::{Finished, StoreError},
};

use super::{Pipeline, Progress, perform::outcome_of_look};

/// How many actions that events caused may be under way at once.
const EVENT_CONCURRENCY: usize = 16;

/// How soon after finding no place an action looks for one again, and how late.
const SOONEST_PLACE: Duration = Duration::from_secs(30);
const LATEST_PLACE: Duration = Duration::from_secs(300);

/// How many looks one execution may take: more than any action asks for.
const MOST_LOOKS: usize = 8;

/// The worker of one lane. One a lane of a ledger.
pub struct Executor {
    pipeline: Pipeline,
    lane: Lane,
    running: JoinSet<Option<Finished>>,
    of_task: HashMap<Id, ActionRow>,
    unrecorded: Vec<Finished>,
    /// Under which rules held actions were last counted.
    rules: Option<Arc<Ruleset>>,
}

impl Executor {
    /// A worker that has taken up nothing yet.
    #[must_use]
    pub fn new(pipeline: Pipeline, lane: Lane) -> Self {
        let (running, of_task, unrecorded) = (JoinSet::new(), HashMap::new(), Vec::new());
        Self { pipeline, lane, running, of_task, unrecorded, rules: None }
    }

    /// Takes up what is due and records what has ended.
    ///
    /// # Errors
    /// When the ledger fails; an end that could not be recorded is kept and recorded first by the next step.
    pub async fn step(&mut self) -> Result<Progress, StoreError> {
        while let Some(ended) = self.running.try_join_next_with_id() {
            self.ended(ended);
        }
        let mut worked = self.unrecorded.len();
        self.record().await?;
        let now = self.pipeline.clock.now();
        let (released, next_held) = self.release(now).await?;
        worked += released;
        let mut next_due = None;
        if self.of_task.len() < self.concurrency() {
            let limit = self.concurrency() + self.of_task.len();
            for action in self.pipeline.store.due_actions(self.lane, now, limit).await? {
                let held = self
                    .of_task
                    .values()
                    .any(|other| other.id == action.id || other.plan.run == action.plan.run);
                if held || self.of_task.len() >= self.concurrency() {
                    continue;
                }
                next_due = self.blocked_until(&action);
                if next_due.is_some() {
                    break;
                }
                worked += 1;
                self.begin(action);
            }
        }
        if next_due.is_none() {
            next_due = self.pipeline.store.next_action_due(self.lane).await?;
        }
        let next_due = [next_due, next_held].into_iter().flatten().min();
        Ok(Progress { worked, in_flight: self.of_task.len(), next_due })
    }

    /// Has held actions counted anew whose time has come; all of them when the rules are others. Says how many, and
    /// when the next one's time comes.
    async fn release(&mut self, now: Timestamp) -> Result<(usize, Option<Timestamp>), StoreError> {
        let rules = self.pipeline.rules();
        if self.rules.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &rules)) {
            self.pipeline.store.recount_held(now).await?;
            self.rules = Some(rules.clone());
        }
        let store = self.pipeline.store.clone();
        let next = store.next_held_due().await?;
        if next.is_none_or(|due| due > now) {
            return Ok((0, next));
        }
        let terms = |action: &ActionRow| {
            let bounds = rules.bounds_of(&action.plan.rule, action.plan.action.kind());
            (bounds, first_due_of(action))
        };
        let released = store.release_held(now, terms).await?;
        Ok((released, store.next_held_due().await?))
    }

    /// Waits until an execution under way has ended; for ever when there is none. May be given up at any point.
    pub async fn executed(&mut self) {
        match self.running.join_next_with_id().await {
            Some(ended) => self.ended(ended),
            None => std::future::pending().await,
        }
    }

    /// Waits until everything under way has ended and is recorded.
    ///
    /// # Errors
    /// When the ledger fails to record an end.
    pub async fn drain(&mut self) -> Result<(), StoreError> {
        while let Some(ended) = self.running.join_next_with_id().await {
            self.ended(ended);
        }
        self.record().await
    }

    /// Bulk work asks before it begins, so that waiting for its turn leaves no traces in the ledger.
    fn blocked_until(&self, action: &ActionRow) -> Option<Timestamp> {
        match self.lane {
            Lane::Event => None,
            Lane::Bulk => self.pipeline.github.bulk_ready_at(action.plan.installation),
        }
    }

    fn begin(&mut self, action: ActionRow) {
        let pipeline = self.pipeline.clone();
        let task = self.running.spawn({
            let action = action.clone();
            async move { pipeline.execute(action).await }
        });
        self.of_task.insert(task.id(), action);
    }

    async fn record(&mut self) -> Result<(), StoreError> {
        while let Some(finished) = self.unrecorded.last() {
            self.pipeline.store.finish_execution(finished).await?;
            self.unrecorded.pop();
        }
        Ok(())
    }

    fn concurrency(&self) -> usize {
        match self.lane {
            Lane::Event => EVENT_CONCURRENCY,
            Lane::Bulk => 1,
        }
    }

    fn ended(&mut self, ended: Result<(Id, Option<Finished>), JoinError>) {
        match ended {
            Ok((id, finished)) => {
                self.of_task.remove(&id);
                self.unrecorded.extend(finished);
            }
            Err(error) => {
                if let Some(action) = self.of_task.remove(&error.id()) {
                    error!(
                        action.id = action.id,
                        "an execution failed by a bug in runwarden; a restart takes it up again"
                    );
                }
            }
        }
    }
}

/// When it was first to leave.
fn first_due_of(action: &ActionRow) -> Timestamp {
    first_due(&action.plan.action, action.plan.run, action.plan.attempt, action.planned_at)
}

impl Pipeline {
    /// Carries out one planned action and records how it ended.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn carry_out(&self, action: ActionRow) -> Result<(), StoreError> {
        match self.execute(action).await {
            Some(finished) => self.store.finish_execution(&finished).await,
            None => Ok(()),
        }
    }

    /// One execution, from its beginning in the ledger to an end that is yet to be recorded; `None` when it did
    /// not begin: the action is not planned any more, or the ledger did not take the beginning.
    async fn execute(&self, action: ActionRow) -> Option<Finished> {
        let execution_id = match self.store.begin_execution(action.id, self.clock.now()).await {
            Ok(begun) => begun?,
            Err(error) => {
                warn!(action.id = action.id, "an execution could not begin: {error}");
                return None;
            }
        };
        let meter = Meter::default();
        let access = self.gatherer.access(
            action.plan.repository.clone(),
            action.plan.installation,
            action.plan.lane,
            &meter,
        );
        let tries = action.tries.saturating_add(1);
        let outcome = match self.why_impossible(&action.plan) {
            Some(why) => Outcome::Refused(why),
            None => match self.why_not_after(&access, &action).await {
                Some(outcome) => outcome,
                None => self.attempt(&access, &action, tries).await,
            },
        };
        let now = self.clock.now();
        let since = action.spent_at.unwrap_or(action.planned_at).max(first_due_of(&action));
        let next = settle(&outcome, tries, since, action.interrupted, now);
        self.report(&action, &outcome, meter.count());
        Some(Finished {
            execution_id,
            action_id: action.id,
            outcome: outcome.as_str(),
            detail: outcome.detail().to_owned(),
            requests: meter.count(),
            state: next.state,
            reason: Some(next.reason),
            due_at: Some(next.due_at),
            counts_as_try: next.counts_as_try,
            interrupted: next.interrupted,
            held_by: (next.state == ActionState::Held).then_some(Bounds::RUNNING),
            now,
        })
    }

    /// What keeps an action from being carried out that has waited, or that follows another of its rule.
    async fn why_not_after(&self, access: &Access, action: &ActionRow) -> Option<Outcome> {
        let plan = &action.plan;
        if let Some(outcome) = self.why_outdated(access, action).await {
            return Some(outcome);
        }
        match self.why_not_forced(plan).await {
            None => self.why_not_deleted(plan, self.clock.now()).await,
            some => some,
        }
    }

    /// A cancellation by force follows one that was asked for: not one that is held, and none that was not to be.
    async fn why_not_forced(&self, plan: &PlannedAction) -> Option<Outcome> {
        let Action::ForceCancel(force) = &plan.action else {
            return None;
        };
        match self.store.sibling(plan, ActionKind::Cancel).await {
            Err(error) => Some(Outcome::Retry(error.to_string())),
            Ok(Some((state, due_at))) if state.is_open() => {
                let until = due_at.max(self.clock.now()) + force.after;
                Some(Outcome::Blocked(until, format!("follows a cancellation that is {state}")))
            }
            Ok(Some((ActionState::Limited, _))) => {
                Some(Outcome::Refused("the cancellation before it was not to be".to_owned()))
            }
            Ok(_) => None,
        }
    }

    /// Looks and performs in a task of its own: should it fail by a bug, that too is an end that is recorded.
    async fn attempt(&self, access: &Access, action: &ActionRow, tries: u32) -> Outcome {
        let (pipeline, access, action) = (self.clone(), access.clone(), action.clone());
        let task = tokio::spawn(async move { pipeline.look_and_perform(&access, &action, tries).await });
        task.await
            .unwrap_or_else(|error| Outcome::Ambiguous(format!("cut off by a bug in runwarden: {error}")))
    }

    async fn look_and_perform(&self, access: &Access, action: &ActionRow, tries: u32) -> Outcome {
        let plan = &action.plan;
        let circumstances = Circumstances {
            interrupted: action.interrupted,
            guarded: plan.rule.as_str() != RuleName::COMMAND,
            planned_at: action.planned_at,
            most_failed_jobs: self.rules().ceilings.failed_jobs,
            most_running: self.rules().bounds_of(&plan.rule, plan.action.kind()).running,
        };
        let mut look = self.look_without_asking(plan);
        for _ in 0..MOST_LOOKS {
            match recheck(plan, &look, circumstances, self.clock.now()) {
                Recheck::Need(wanted) => {
                    if let Err(error) = self.look_at(access, action, wanted, &mut look).await {
                        return outcome_of_look(&error);
                    }
                }
                Recheck::Go(environments) => {
                    return self.perform(access, action, &look, &environments, tries).await;
                }
                Recheck::Done(words) => return Outcome::Done(words),
                Recheck::Refuse(words) => return Outcome::Refused(words),
                Recheck::Wait(words) => return Outcome::Retry(words),
                Recheck::Hold(words) => {
                    let now = self.clock.now();
                    let wait = (now.since(action.planned_at) / 10).clamp(SOONEST_PLACE, LATEST_PLACE);
                    return Outcome::Held(now + wait, format!("{words}; next chance {}", now + wait));
                }
                Recheck::Later(wait, words) => return Outcome::Blocked(self.clock.now() + wait, words),
            }
        }
        Outcome::Failed("the look before the act never came to an end: a bug in runwarden".to_owned())
    }

    fn report(&self, action: &ActionRow, outcome: &Outcome, requests: u32) {
        let plan = &action.plan;
        let kind = plan.action.kind();
        let labels = ExecutionLabels { action: kind.to_string(), outcome: outcome.as_str().to_owned() };
        self.metrics.executions.get_or_create(&labels).inc();
        info!(
            action.id = action.id,
            rule = %plan.rule,
            repo = %plan.repository,
            run.id = plan.run.0,
            requests,
            "{kind} of run {} of {}: {} ({})",
            plan.run,
            plan.repository,
            outcome.as_str(),
            outcome.detail(),
        );
    }
}
