//! The worker that turns deliveries into decisions: gathering runs concurrently and within bounds, deciding is
//! serial and quick, and what is decided is recorded in one transaction a step.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    task::{Id, JoinError, JoinSet},
};
use tracing::{info, warn};

use crate::{
    model::{DeliveryRow, Event, Facts, Requests, Timestamp},
    rules::needs,
    store::{Decided, DueDelivery, StoreError},
};

use super::{
    Pipeline, Progress,
    gather::Gathered,
    intake::{Reading, read},
    judge::{decide_command, spread, without_decision},
};

/// How many deliveries may be asking GitHub at once.
const GATHERING: usize = 32;

/// How many deliveries may be held while they wait for their facts; further ones stay in the inbox.
const MOST_HELD: usize = 4_096;

/// For how long a delivery whose facts cannot be had is tried again before it is parked.
const PATIENCE: Duration = Duration::from_secs(6 * 3_600);

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// The worker. One of a ledger.
pub struct Decider {
    pipeline: Pipeline,
    asking: Arc<Semaphore>,
    gathering: JoinSet<Gathered>,
    of_task: HashMap<Id, DeliveryRow>,
    held: HashSet<i64>,
    arrived: Vec<Result<(Id, Gathered), JoinError>>,
}

impl Decider {
    /// How many deliveries a step takes up when nothing else presses.
    pub const BATCH: usize = 128;

    /// A worker that has taken up nothing yet.
    #[must_use]
    pub fn new(pipeline: Pipeline) -> Self {
        Self {
            pipeline,
            asking: Arc::new(Semaphore::new(GATHERING)),
            gathering: JoinSet::new(),
            of_task: HashMap::new(),
            held: HashSet::new(),
            arrived: Vec::new(),
        }
    }

    /// Takes up what is due, judges what is ready, and records it. Once this returns, what was judged is durable.
    ///
    /// # Errors
    /// When the ledger fails; what was not recorded stays in the inbox.
    pub async fn step(&mut self) -> Result<Progress, StoreError> {
        self.step_of(Self::BATCH).await
    }

    /// The same with at most so many deliveries taken up.
    ///
    /// # Errors
    /// As for [`Self::step`].
    pub async fn step_of(&mut self, batch: usize) -> Result<Progress, StoreError> {
        let mut ready = Vec::new();
        while let Some(finished) = self.gathering.try_join_next_with_id() {
            self.arrived.push(finished);
        }
        let mut worked = self.arrived.len();
        for finished in std::mem::take(&mut self.arrived) {
            self.finished(finished, &mut ready).await?;
        }
        // Recorded before the inbox is looked into again: what is judged must not be taken up a second time.
        self.record(std::mem::take(&mut ready)).await?;
        let now = self.pipeline.clock.now();
        if self.held.len() < MOST_HELD {
            let held: Vec<i64> = self.held.iter().copied().collect();
            for DueDelivery { delivery, body } in
                self.pipeline.store.due_deliveries(now, batch, &held).await?
            {
                worked += 1;
                match body {
                    Ok(body) => self.take_up(delivery, &body, &mut ready).await?,
                    Err(why) => self.park(&delivery, &why).await?,
                }
            }
        }
        self.record(ready).await?;
        let held: Vec<i64> = self.held.iter().copied().collect();
        let next_due = self.pipeline.store.next_delivery_due(&held).await?;
        Ok(Progress { worked, in_flight: self.held.len(), next_due })
    }

    async fn record(&self, ready: Vec<Decided>) -> Result<(), StoreError> {
        if ready.is_empty() { Ok(()) } else { self.pipeline.store.record(ready).await.map(drop) }
    }

    /// Waits until a delivery under way has its facts; for ever when there is none. May be given up at any point.
    pub async fn gathered(&mut self) {
        match self.gathering.join_next_with_id().await {
            Some(finished) => self.arrived.push(finished),
            None => std::future::pending().await,
        }
    }

    /// Reads a delivery; what can be judged at once is, all else is held until its facts are there.
    async fn take_up(
        &mut self,
        delivery: DeliveryRow,
        body: &[u8],
        ready: &mut Vec<Decided>,
    ) -> Result<(), StoreError> {
        let pipeline = self.pipeline.clone();
        let now = pipeline.clock.now();
        match read(&delivery, body) {
            Reading::Unreadable(why) => self.park(&delivery, &why).await?,
            Reading::Unused => ready.push(without_decision(&delivery, "no rule can listen to it", now)),
            Reading::Event(Event::GitHub(event)) => {
                let facts = Facts::from(*event);
                let rules = pipeline.rules();
                if !rules.listens(&facts) {
                    let why = format!("no rule listens to {}", facts.signal);
                    let endings = pipeline.endings([&facts]);
                    ready.push(Decided { endings, ..without_decision(&delivery, &why, now) });
                } else if needs(&rules, &facts, now).is_empty() {
                    ready.push(
                        self.pipeline.decide_facts(&delivery, vec![facts], Requests::default(), None).await?,
                    );
                } else {
                    self.gather(delivery, async move { pipeline.gatherer.gather_facts(facts).await });
                }
            }
            Reading::Event(Event::Pull(event)) => match pipeline.why_not_its_runs(&event, now) {
                Some(why) => ready.push(without_decision(&delivery, &why, now)),
                None => self.gather(delivery, async move { pipeline.gather_pull(*event).await }),
            },
            Reading::Event(Event::Command(command)) => {
                self.gather(delivery, async move { pipeline.gatherer.gather_command(*command).await });
            }
            Reading::Event(Event::Apply(apply)) => {
                self.gather(delivery, async move { pipeline.gather_apply(*apply).await });
            }
            Reading::Event(Event::Schedule(pass)) => {
                let open = pipeline.store.open_actions_of_rule(&pass.rule).await?;
                if pass.repository.is_none() && open > 0 {
                    let why = format!("skipped: the rule's previous pass still has {open} actions to do");
                    ready.push(without_decision(&delivery, &why, now));
                } else {
                    self.gather(delivery, async move { pipeline.gatherer.gather_pass(pass).await });
                }
            }
        }
        Ok(())
    }

    fn gather(&mut self, delivery: DeliveryRow, facts: impl Future<Output = Gathered> + Send + 'static) {
        self.held.insert(delivery.id);
        let asking = self.asking.clone();
        let task = self.gathering.spawn(async move {
            let _turn = asking.acquire_owned().await;
            facts.await
        });
        self.of_task.insert(task.id(), delivery);
    }

    async fn finished(
        &mut self,
        finished: Result<(Id, Gathered), JoinError>,
        ready: &mut Vec<Decided>,
    ) -> Result<(), StoreError> {
        let (id, gathered) = match finished {
            Ok((id, gathered)) => (id, Some(gathered)),
            Err(error) => (error.id(), None),
        };
        let Some(delivery) = self.of_task.remove(&id) else {
            return Ok(());
        };
        self.held.remove(&delivery.id);
        let now = self.pipeline.clock.now();
        match gathered {
            None => self.park(&delivery, "gathering its facts failed: a bug in runwarden").await?,
            Some(Gathered::Later { until, why }) => self.put_off(&delivery, until, &why).await?,
            Some(Gathered::Nothing(why)) => ready.push(without_decision(&delivery, &why, now)),
            Some(Gathered::Facts { facts, requests, note }) => {
                ready.push(self.pipeline.decide_facts(&delivery, facts, requests, note).await?);
            }
            Some(Gathered::Commanded { command, run, requests }) => {
                ready.push(decide_command(&delivery, &command, run.map(|run| *run), requests, now));
            }
            Some(Gathered::Applied(applied)) => {
                ready.push(self.pipeline.decide_applied(&delivery, *applied).await?);
            }
            Some(Gathered::Repositories { pass, repositories }) => {
                ready.push(spread(&delivery, &pass, repositories, now))
            }
            Some(Gathered::Runs { pass, runs, listed_at, requests }) => {
                ready.push(self.pipeline.decide_runs(&delivery, &pass, runs, listed_at, requests).await?);
            }
        }
        Ok(())
    }

    async fn park(&self, delivery: &DeliveryRow, why: &str) -> Result<(), StoreError> {
        warn!(delivery.guid = %delivery.guid, event = delivery.event, "parked a delivery: {why}");
        self.pipeline.store.park(delivery.id, why, self.pipeline.clock.now()).await
    }

    async fn put_off(
        &self,
        delivery: &DeliveryRow,
        until: Option<Timestamp>,
        why: &str,
    ) -> Result<(), StoreError> {
        let now = self.pipeline.clock.now();
        if now.since(delivery.received_at) > PATIENCE {
            return self.park(delivery, &format!("its facts could not be had for hours: {why}")).await;
        }
        let wait = Duration::from_secs(2).saturating_mul(1 << delivery.tries.min(16)).min(LONGEST_WAIT);
        info!(delivery.guid = %delivery.guid, "put off a delivery: {why}");
        self.pipeline.store.postpone(delivery.id, until.unwrap_or(now + wait), why, until.is_none()).await
    }
}
