//! What acts on a run: written into the ledger as a delivery, carried out by the running daemon, or here when none
//! runs.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

use anyhow::Context as _;
use tokio::time::{Instant, sleep};

use super::{
    args::{Common, JobOrder, Order, Patience},
    link::Link,
    sentence::{Carrier, sentence},
};
use crate::{
    cli::{Exit, show},
    metrics::Metrics,
    model::{
        Action, ActionState, Command, DeliveryGuid, DeliveryState, JobId, Rerun, RerunScope, RunId, Timestamp,
    },
    pipeline::{Asked, Pipeline},
    store::{HistoryEntry, HistoryFilter, Store, StoreError},
};

/// How often the ledger is asked whether the daemon has carried an order out.
const POLL: Duration = Duration::from_millis(100);

pub(super) async fn run(args: &Order, action: Action) -> anyhow::Result<Exit> {
    let target = &args.target;
    match Link::new(&target.common, &target.repository)? {
        Some(link) => carry_out(link, target.run, action, &target.common, args.patience).await,
        None => Ok(Exit::Config),
    }
}

pub(super) async fn rerun_job(args: &JobOrder) -> anyhow::Result<Exit> {
    let Some(link) = Link::new(&args.common, &args.repository)? else {
        return Ok(Exit::Config);
    };
    let (run, job) = match args.ids.as_slice() {
        [run, job] => (RunId(*run), JobId(*job)),
        [job] => {
            let job = JobId(*job);
            let run = link.github.run_of_job(&link.access, job).await;
            (run.with_context(|| format!("cannot read job {job} of {}", args.repository))?, job)
        }
        _ => return Ok(Exit::Usage),
    };
    let rerun = Rerun { debug_logging: args.debug_logging, ..Rerun::now(RerunScope::Job(job)) };
    carry_out(link, run, Action::Rerun(rerun), &args.common, args.patience).await
}

/// Has the action carried out, and says how that ended.
pub(super) async fn carry_out(
    link: Link,
    run: RunId,
    action: Action,
    common: &Common,
    patience: Patience,
) -> anyhow::Result<Exit> {
    let command = Command { action, repository: link.access.repository.clone(), run, by: who_asks() };
    let asked = Asked::Action(command.clone());
    let (entry, carrier) = have_done(&link, &asked, patience).await?;
    let (words, exit) = sentence(&command, &entry, carrier);
    if common.json {
        show::print_json(&show::EntryView::new(&entry, &show::Aftermath::default()))?;
    } else {
        show::print(&format!("{}\n", show::clean(&words)))?;
    }
    Ok(exit)
}

/// Writes it into the ledger and has it carried out; gives what had come of it in time.
pub(in crate::cli) async fn have_done(
    link: &Link,
    asked: &Asked,
    patience: Patience,
) -> anyhow::Result<(HistoryEntry, Carrier)> {
    let guid = new_guid(link)?;
    match Store::open(&link.config.database.path, link.clock.now()).await {
        Ok(store) => Ok((here(link, store, guid, asked, patience).await?, Carrier::ThisProcess)),
        Err(StoreError::InUse { .. }) => Ok((by_daemon(link, guid, asked, patience).await?, Carrier::Daemon)),
        Err(error) => Err(error.into()),
    }
}

/// No daemon runs: this process judges it and carries it out.
async fn here(
    link: &Link,
    store: Store,
    guid: DeliveryGuid,
    asked: &Asked,
    patience: Patience,
) -> anyhow::Result<HistoryEntry> {
    let pipeline = pipeline(link, store.clone());
    let carried_out = async {
        let began = Instant::now();
        let mut entry = pipeline.carry_out_command(guid.clone(), asked).await?;
        // A rule may wait before it acts, or try again.
        while let (Asked::Rule(_), Some(due)) = (asked, entry.as_ref().and_then(next_due)) {
            let wait = link.clock.now().until(due).max(POLL);
            if began.elapsed() + wait > patience.wait {
                break;
            }
            sleep(wait).await;
            entry = pipeline.carry_out_due(&guid).await?;
        }
        entry.context("the ledger does not hold the command that was just recorded")
    };
    let entry = carried_out.await;
    store.close().await;
    entry
}

/// When the first of what is still planned is due.
fn next_due(entry: &HistoryEntry) -> Option<Timestamp> {
    let actions = entry.decisions.iter().flat_map(|decision| &decision.actions).map(|(action, _)| action);
    let planned = actions.filter(|action| action.plan.state == ActionState::Planned);
    planned.map(|action| action.plan.due_at).min()
}

/// A daemon runs: it finds it in its inbox, and this process watches.
async fn by_daemon(
    link: &Link,
    guid: DeliveryGuid,
    asked: &Asked,
    patience: Patience,
) -> anyhow::Result<HistoryEntry> {
    let store = Store::open_beside(&link.config.database.path).await?;
    let watched = async {
        let delivery = pipeline(link, store.clone()).delivery_of(guid.clone(), asked)?;
        store.ingest(delivery).await.context("cannot record the command")?;
        watch(&store, guid, patience.wait).await
    };
    let entry = watched.await;
    store.close().await;
    entry
}

async fn watch(store: &Store, guid: DeliveryGuid, wait: Duration) -> anyhow::Result<HistoryEntry> {
    let started = Instant::now();
    let filter = HistoryFilter { guid: Some(guid), limit: 1, ..HistoryFilter::default() };
    loop {
        let entry = store.history(&filter).await?.pop();
        let entry = entry.context("the ledger does not hold the command that was just recorded")?;
        if is_settled(&entry) || started.elapsed() >= wait {
            return Ok(entry);
        }
        sleep(POLL).await;
    }
}

fn is_settled(entry: &HistoryEntry) -> bool {
    let mut actions = entry.decisions.iter().flat_map(|decision| &decision.actions);
    entry.delivery.state != DeliveryState::Pending && !actions.any(|(action, _)| action.plan.state.is_open())
}

/// What judges and acts, on that ledger.
pub(in crate::cli) fn pipeline(link: &Link, store: Store) -> Pipeline {
    let ruleset = link.config.ruleset.clone();
    Pipeline::new(store, link.github.clone(), link.clock.clone(), Metrics::new(), ruleset)
}

/// As the operating system names them.
pub(in crate::cli) fn who_asks() -> String {
    let name = ["USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    name.map_or_else(|| "someone".to_owned(), |name| show::clean(&name))
}

/// The same command twice is two wishes: every one gets a name of its own.
pub(in crate::cli) fn new_guid(link: &Link) -> anyhow::Result<DeliveryGuid> {
    // Seeded by the operating system, for each anew.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_i64(link.clock.now().0);
    hasher.write_u32(std::process::id());
    Ok(DeliveryGuid::parse(&format!("command:{:016x}", hasher.finish()))?)
}
