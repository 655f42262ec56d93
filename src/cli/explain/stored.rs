//! `runwarden explain --delivery`: what was said of a delivery at the time, on the facts of the time, and how what
//! was planned has ended.

use super::{ExplainArgs, render};
use crate::{
    cli::{
        Exit,
        show::{self, Aftermath, Paint, Tone, clean, moment, tone_of, what_it_does},
    },
    clock::Clock,
    model::{ActionRow, DeliveryGuid, DeliveryState, ExecutionRow},
    store::{DecisionEntry, HistoryEntry, HistoryFilter, Store, StoreError},
};

pub(super) async fn run(args: &ExplainArgs, guid: &DeliveryGuid) -> anyhow::Result<Exit> {
    let path = match show::path_of_ledger(&args.config.config, args.database.as_deref()) {
        Ok(path) => path,
        Err(problems) => {
            show::not_usable(&problems, Some("`--database FILE` reads the ledger without a configuration"));
            return Ok(Exit::Config);
        }
    };
    let filter = HistoryFilter { guid: Some(guid.clone()), limit: 1, ..HistoryFilter::default() };
    let store = Store::open_beside(&path).await?;
    let found = with_aftermath(&store, &filter).await;
    store.close().await;
    let (Some(entry), aftermath) = found? else {
        show::refused(&format!("the ledger {} holds no delivery {guid}", path.display()));
        return Ok(Exit::Failure);
    };
    if args.json {
        show::print_json(&show::EntryView::new(&entry, &aftermath))?;
    } else {
        show::print(&text(&entry, &aftermath, Paint::for_stdout()))?;
    }
    Ok(Exit::Ok)
}

async fn with_aftermath(
    store: &Store,
    filter: &HistoryFilter,
) -> Result<(Option<HistoryEntry>, Aftermath), StoreError> {
    let mut entries = store.history(filter).await?;
    let aftermath = Aftermath::of(store, &entries, Clock::system().now()).await?;
    Ok((entries.pop(), aftermath))
}

fn text(entry: &HistoryEntry, aftermath: &Aftermath, paint: Paint) -> String {
    let delivery = &entry.delivery;
    let reason = delivery.reason.as_deref().map(clean);
    let mut text = format!(
        "delivery {} ({}, {}), received {}\n",
        delivery.guid,
        clean(&delivery.event),
        delivery.source,
        moment(delivery.received_at)
    );
    let state = match (delivery.state, reason) {
        (DeliveryState::Pending, None) => "not yet decided".to_owned(),
        (DeliveryState::Pending, Some(why)) => {
            format!("not yet decided: {why}; it is taken up again at {}", moment(delivery.due_at))
        }
        (DeliveryState::Parked, why) => format!("parked: {}", why.unwrap_or_default()),
        (DeliveryState::Decided, why) => why.unwrap_or_default(),
    };
    if !state.is_empty() {
        text.push_str(&format!("  {state}\n"));
    }
    for why in &entry.unreadable {
        text.push_str(&format!("  {}\n", paint.text(Tone::Bad, &clean(why))));
    }
    for decision in &entry.decisions {
        text.push('\n');
        text.push_str(&decision_text(decision, aftermath, paint));
    }
    text
}

/// One decision: its run, the tree of each rule that judged it, and what came of its actions.
pub(in crate::cli) fn decision_text(entry: &DecisionEntry, aftermath: &Aftermath, paint: Paint) -> String {
    let decision = &entry.decision;
    let mut text = render::headline(&decision.facts, paint);
    let requests = match decision.requests {
        0 => "without asking GitHub".to_owned(),
        1 => "after 1 request to GitHub".to_owned(),
        more => format!("after {more} requests to GitHub"),
    };
    text.push_str(&format!("  decided {} {requests}\n", moment(decision.decided_at)));
    for asked in &decision.asked {
        text.push_str(&format!("    {}\n", paint.text(Tone::Dim, &clean(asked))));
    }
    for verdict in &decision.verdicts {
        text.push('\n');
        text.push_str(&render::verdict(verdict, paint));
        for (action, executions) in
            entry.actions.iter().filter(|(action, _)| action.plan.rule == verdict.rule)
        {
            text.push_str(&aftermath.added_to(&action_text(action, paint), action));
            text.push('\n');
            text.push_str(&executions_text(executions));
        }
    }
    text
}

fn action_text(action: &ActionRow, paint: Paint) -> String {
    let plan = &action.plan;
    let state = paint.text(tone_of(plan.state), plan.state.as_str());
    let mut text = format!("  → {}: {state}", clean(&what_it_does(&plan.action)));
    if let Some(reason) = &plan.reason {
        text.push_str(&format!(" ({})", clean(reason)));
    }
    if plan.state.is_open() {
        text.push_str(&format!(", due {}", moment(plan.due_at)));
    }
    text
}

fn executions_text(executions: &[ExecutionRow]) -> String {
    let mut text = String::new();
    for execution in executions {
        let outcome = execution.outcome.as_deref().unwrap_or("under way");
        let detail =
            execution.detail.as_deref().map(|detail| format!(": {}", clean(detail))).unwrap_or_default();
        text.push_str(&format!("      {} {outcome}{detail}\n", moment(execution.begun_at)));
    }
    text
}

#[cfg(test)]
mod tests;
