//! The loops around the workers' steps: wake, step, wait. A step that fails is said, waited out and repeated;
//! a worker that panics is made anew.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::{
    health::Health,
    metrics::WorkerLabels,
    model::{Lane, Timestamp},
    pipeline::{Decider, Executor, Pipeline, Scheduler},
};

/// The wait after a step that failed; doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The longest wait after a step that failed.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// So many webhooks taken in during one step of judging are pressure: a burst of twenty is not.
const PRESSURE: u64 = 24;

/// How many deliveries one step judges under pressure. Whoever waits for a 202 meanwhile waits for no more than
/// these.
const FEW: usize = 16;

/// How long judging rests between two steps under pressure.
const GIVE_WAY: Duration = Duration::from_millis(50);

/// How often the ledger is asked whether another process, a command by hand, wrote to it.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

/// One worker's name, handles and failures.
#[derive(Clone)]
struct Watch {
    name: &'static str,
    pipeline: Pipeline,
    health: Health,
    stop: CancellationToken,
}

impl Watch {
    fn new(name: &'static str, pipeline: &Pipeline, health: &Health, stop: &CancellationToken) -> Self {
        Self { name, pipeline: pipeline.clone(), health: health.clone(), stop: stop.clone() }
    }

    /// Runs a worker until the stop, and anew after a panic.
    fn supervise<F>(self, run: impl Fn(Watch) -> F + Send + 'static) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(async move {
            let mut failures = 0;
            while let Err(panic) = tokio::spawn(run(self.clone())).await {
                failures += 1;
                self.failed(failures, &format!("it failed by a bug in runwarden: {panic}")).await;
            }
        })
    }

    /// Says that a step failed, and waits before the next.
    async fn failed(&self, failures: u32, why: &str) {
        error!(worker = self.name, failures, "a worker's step failed: {why}");
        self.health.ail(self.name, why);
        self.pipeline
            .metrics
            .worker_restarts
            .get_or_create(&WorkerLabels { worker: self.name.to_owned() })
            .inc();
        let wait = FIRST_WAIT.saturating_mul(1 << failures.min(10)).min(LONGEST_WAIT);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Lets webhooks be taken in first while many of them come: what is in the inbox can be judged later, and an
    /// answer to GitHub cannot. Says how many deliveries the next step may judge.
    async fn give_way(&self, taken_in: &mut u64) -> usize {
        let before = std::mem::replace(taken_in, self.pipeline.store.taken_in());
        if *taken_in - before <= PRESSURE {
            return Decider::BATCH;
        }
        tokio::select! {
            () = tokio::time::sleep(GIVE_WAY) => {}
            () = self.stop.cancelled() => {}
        }
        FEW
    }

    fn well(&self, failures: &mut u32) {
        if std::mem::take(failures) > 0 {
            self.health.well(self.name);
        }
    }

    /// Waits until that time; for ever when there is none.
    async fn until(&self, due: Option<Timestamp>) {
        match due {
            Some(due) => tokio::time::sleep(self.pipeline.clock.now().until(due)).await,
            None => std::future::pending().await,
        }
    }
}

/// Sets the worker going that turns deliveries into decisions.
pub(super) fn decider(pipeline: &Pipeline, health: &Health, stop: &CancellationToken) -> JoinHandle<()> {
    Watch::new("decider", pipeline, health, stop).supervise(|watch| async move {
        let mut decider = Decider::new(watch.pipeline.clone());
        let (mut failures, mut taken_in, mut batch) = (0, 0, Decider::BATCH);
        watch.health.well(watch.name);
        while !watch.stop.is_cancelled() {
            // Registered before the query, so that a delivery that comes between the two still wakes.
            let inbox = watch.pipeline.store.inbox_changed();
            let mut changed = std::pin::pin!(inbox.notified());
            changed.as_mut().enable();
            match decider.step_of(batch).await {
                Err(error) => {
                    failures += 1;
                    watch.failed(failures, &error.to_string()).await;
                }
                Ok(progress) => {
                    watch.well(&mut failures);
                    if progress.worked > 0 {
                        batch = watch.give_way(&mut taken_in).await;
                        continue;
                    }
                    tokio::select! {
                        () = changed => {}
                        () = decider.gathered() => {}
                        () = watch.until(progress.next_due) => {}
                        () = watch.stop.cancelled() => {}
                    }
                }
            }
        }
    })
}

/// Sets the worker of one lane going that carries out what is planned.
pub(super) fn executor(
    pipeline: &Pipeline,
    lane: Lane,
    health: &Health,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let name = match lane {
        Lane::Event => "executor of events",
        Lane::Bulk => "executor of bulk work",
    };
    Watch::new(name, pipeline, health, stop).supervise(move |watch| async move {
        let mut executor = Executor::new(watch.pipeline.clone(), lane);
        let mut failures = 0;
        watch.health.well(watch.name);
        while !watch.stop.is_cancelled() {
            let plan = watch.pipeline.store.plan_changed();
            let mut changed = std::pin::pin!(plan.notified());
            changed.as_mut().enable();
            match executor.step().await {
                Err(error) => {
                    failures += 1;
                    watch.failed(failures, &error.to_string()).await;
                }
                Ok(progress) => {
                    watch.well(&mut failures);
                    tokio::select! {
                        () = changed => {}
                        () = executor.executed() => {}
                        () = watch.until(progress.next_due) => {}
                        () = watch.stop.cancelled() => {}
                    }
                }
            }
        }
        if let Err(error) = executor.drain().await {
            error!(worker = watch.name, "an execution's end could not be recorded: {error}");
        }
    })
}

/// Sets the worker going that watches the schedules.
pub(super) fn scheduler(pipeline: &Pipeline, health: &Health, stop: &CancellationToken) -> JoinHandle<()> {
    /// Rules may be exchanged and the system's clock set at any time: both are noticed within this time.
    const LONGEST_SLEEP: Duration = Duration::from_secs(1);
    Watch::new("scheduler", pipeline, health, stop).supervise(|watch| async move {
        let mut scheduler = Scheduler::new(watch.pipeline.clone());
        let mut failures = 0;
        watch.health.well(watch.name);
        while !watch.stop.is_cancelled() {
            match scheduler.step().await {
                Err(error) => {
                    failures += 1;
                    watch.failed(failures, &error.to_string()).await;
                }
                Ok(progress) => {
                    watch.well(&mut failures);
                    tokio::select! {
                        () = watch.until(progress.next_due) => {}
                        () = tokio::time::sleep(LONGEST_SLEEP) => {}
                        () = watch.stop.cancelled() => {}
                    }
                }
            }
        }
    })
}

/// Sets the watch going that wakes the others when another process wrote to the ledger.
pub(super) fn watcher(pipeline: &Pipeline, stop: &CancellationToken) -> JoinHandle<()> {
    let (store, stop) = (pipeline.store.clone(), stop.clone());
    tokio::spawn(async move {
        while !stop.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(WATCH_INTERVAL) => {}
                () = stop.cancelled() => {}
            }
            match store.changed_outside().await {
                Ok(true) => {
                    store.inbox_changed().notify_waiters();
                    store.plan_changed().notify_waiters();
                }
                Ok(false) => {}
                Err(error) => debug!("cannot tell whether another process wrote: {error}"),
            }
        }
    })
}
