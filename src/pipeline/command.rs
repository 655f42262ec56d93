//! A command given by hand, carried out at once by the process that was asked, because no daemon runs.

use crate::{
    model::{ActionState, Command, DeliveryGuid, NewDelivery, Source},
    store::{HistoryEntry, HistoryFilter, IngestError, StoreError},
};

use super::{
    Pipeline,
    gather::Gathered,
    judge::{decide_command, without_decision},
};

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
    /// The delivery that a command becomes.
    ///
    /// # Errors
    /// When the command cannot be written as JSON, which would be a bug.
    pub fn delivery_of(
        &self,
        guid: DeliveryGuid,
        command: &Command,
    ) -> Result<NewDelivery, serde_json::Error> {
        Ok(NewDelivery {
            guid,
            source: Source::Command,
            event: "command".to_owned(),
            received_at: self.clock.now(),
            body: serde_json::to_vec(command)?,
        })
    }

    /// Records a command, judges it and carries it out, without touching anything else in the ledger. What it
    /// leaves open, a daemon goes on with.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn carry_out_command(
        &self,
        guid: DeliveryGuid,
        command: Command,
    ) -> Result<Option<HistoryEntry>, CommandError> {
        self.store.ingest(self.delivery_of(guid.clone(), &command)?).await?;
        let Some((delivery, _)) = self.store.delivery_body(&guid).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let decided = match self.gather_command(command).await {
            Gathered::Commanded { command, run, requests } => {
                decide_command(&delivery, &command, run.map(|run| *run), requests, now)
            }
            Gathered::Later { why, .. } | Gathered::Nothing(why) => without_decision(&delivery, &why, now),
            Gathered::Facts { .. } | Gathered::Repositories { .. } | Gathered::Runs { .. } => {
                without_decision(&delivery, "not a command: a bug in runwarden", now)
            }
        };
        self.store.record(vec![decided]).await?;
        let filter = HistoryFilter { guid: Some(guid), limit: 1, ..HistoryFilter::default() };
        for entry in self.store.history(&filter).await? {
            for (action, _) in entry.decisions.into_iter().flat_map(|decision| decision.actions) {
                if action.plan.state == ActionState::Planned {
                    self.carry_out(action).await?;
                }
            }
        }
        Ok(self.store.history(&filter).await?.into_iter().next())
    }
}
