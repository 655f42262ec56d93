//! What a person asks for by hand, carried out at once by the process that was asked, because no daemon runs.

use crate::{
    model::{ActionState, Apply, Command, DeliveryGuid, DeliveryRow, DeliveryState, NewDelivery, Source},
    store::{Decided, HistoryEntry, HistoryFilter, IngestError, StoreError},
};

use super::{
    Pipeline,
    gather::Gathered,
    judge::{decide_command, without_decision},
};

/// What a person asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// One action on one run.
    Action(Command),
    /// What a rule would do.
    Rule(Apply),
}

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be written down.
    #[error("cannot record the command: {0}")]
    Ingest(#[from] IngestError),
    /// The ledger failed on the way.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written as JSON, which would be a bug.
    #[error("cannot write the command down: {0}")]
    Body(#[from] serde_json::Error),
}

impl Pipeline {
    /// The delivery that it becomes.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which would be a bug.
    pub fn delivery_of(&self, guid: DeliveryGuid, asked: &Asked) -> Result<NewDelivery, serde_json::Error> {
        let (event, body) = match asked {
            Asked::Action(command) => (Command::EVENT, serde_json::to_vec(command)?),
            Asked::Rule(apply) => (Apply::EVENT, serde_json::to_vec(apply)?),
        };
        let received_at = self.clock.now();
        Ok(NewDelivery { guid, source: Source::Command, event: event.to_owned(), received_at, body })
    }

    /// Records what is asked for, judges it and carries it out, without touching anything else in the ledger. What
    /// it leaves open, a daemon goes on with.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn carry_out_command(
        &self,
        guid: DeliveryGuid,
        asked: &Asked,
    ) -> Result<Option<HistoryEntry>, CommandError> {
        self.store.ingest(self.delivery_of(guid.clone(), asked)?).await?;
        let Some((delivery, _)) = self.store.delivery_body(&guid).await? else {
            return Ok(None);
        };
        let decided = self.judge_asked(&delivery, asked.clone()).await?;
        self.store.record(vec![decided]).await?;
        Ok(self.carry_out_due(&guid).await?)
    }

    /// Carries out what of a delivery's plan is due, in its order, and gives what has come of it.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn carry_out_due(&self, guid: &DeliveryGuid) -> Result<Option<HistoryEntry>, StoreError> {
        let filter = HistoryFilter { guid: Some(guid.clone()), limit: 1, ..HistoryFilter::default() };
        for entry in self.store.history(&filter).await? {
            for (action, _) in entry.decisions.into_iter().flat_map(|decision| decision.actions) {
                if action.plan.state == ActionState::Planned && action.plan.due_at <= self.clock.now() {
                    self.carry_out(action).await?;
                }
            }
        }
        Ok(self.store.history(&filter).await?.into_iter().next())
    }

    /// What would be decided if it were asked for, on GitHub's present state; nothing is recorded or done.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn would_decide(&self, guid: DeliveryGuid, apply: Apply) -> Result<Decided, StoreError> {
        let now = self.clock.now();
        let delivery = DeliveryRow {
            id: 0,
            guid,
            source: Source::Command,
            event: Apply::EVENT.to_owned(),
            received_at: now,
            state: DeliveryState::Pending,
            reason: None,
            tries: 0,
            due_at: now,
        };
        self.judge_asked(&delivery, Asked::Rule(apply)).await
    }

    async fn judge_asked(&self, delivery: &DeliveryRow, asked: Asked) -> Result<Decided, StoreError> {
        let gathered = match asked {
            Asked::Action(command) => self.gatherer.gather_command(command).await,
            Asked::Rule(apply) => self.gather_apply(apply).await,
        };
        let now = self.clock.now();
        Ok(match gathered {
            Gathered::Commanded { command, run, requests } => {
                decide_command(delivery, &command, run.map(|run| *run), requests, now)
            }
            Gathered::Applied(applied) => self.decide_applied(delivery, *applied).await?,
            Gathered::Runs { pass, runs, listed_at, requests } => {
                self.decide_runs(delivery, &pass, runs, listed_at, requests).await?
            }
            Gathered::Later { why, .. } | Gathered::Nothing(why) => without_decision(delivery, &why, now),
            Gathered::Facts { .. } | Gathered::Repositories { .. } => {
                without_decision(delivery, "not a command: a bug in runwarden", now)
            }
        })
    }
}
