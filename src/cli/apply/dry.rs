//! `runwarden apply --dry-run`: what the rule says and would do now, by GitHub's present state and the ledger's.

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use super::{super::runs::link::Link, told};
use crate::{
    cli::{
        Exit,
        explain::{offline::plan_text, render},
        runs::order,
        show::{self, FactsView, Paint, PlanView, clean},
    },
    model::{Apply, NewDecision, RuleVerdict, Verdict},
    pipeline::went_over,
    store::{Decided, Store, StoreError},
};

/// What would be decided, in `--json`.
#[derive(Debug, Serialize)]
struct WouldView<'a> {
    /// What would stand with the delivery: why nothing is judged or planned, or what a pass found.
    reason: Option<&'a str>,
    decisions: Vec<WouldDecideView<'a>>,
}

#[derive(Debug, Serialize)]
struct WouldDecideView<'a> {
    facts: FactsView<'a>,
    verdicts: &'a [RuleVerdict],
    plans: Vec<PlanView<'a>>,
}

/// A ledger to read: the configuration's, or an empty one that goes away again.
struct Ledger {
    store: Store,
    empty: Option<PathBuf>,
}

pub(super) async fn run(link: &Link, apply: Apply, json: bool) -> anyhow::Result<Exit> {
    let ledger = Ledger::open(link).await?;
    let pipeline = order::pipeline(link, ledger.store.clone());
    let decided = pipeline.would_decide(order::new_guid(link)?, apply.clone()).await;
    ledger.close().await;
    let decided = decided?;
    if json {
        show::print_json(&WouldView::from(&decided))?;
    } else {
        show::print(&text(&apply, &decided, Paint::for_stdout()))?;
    }
    Ok(exit(&apply, &decided))
}

impl Ledger {
    async fn open(link: &Link) -> anyhow::Result<Self> {
        match Store::open_beside(&link.config.database.path).await {
            Err(StoreError::NotThere { .. }) => {}
            opened => return Ok(Self { store: opened?, empty: None }),
        }
        let guid = order::new_guid(link)?.to_string().replace(':', "-");
        let folder = std::env::temp_dir().join(format!("runwarden-{guid}"));
        std::fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let store = Store::open(&folder.join("empty.db"), link.clock.now()).await?;
        Ok(Self { store, empty: Some(folder) })
    }

    async fn close(self) {
        self.store.close().await;
        if let Some(folder) = self.empty {
            drop(std::fs::remove_dir_all(folder));
        }
    }
}

fn text(apply: &Apply, decided: &Decided, paint: Paint) -> String {
    let mut text = String::new();
    for decision in &decided.decisions {
        text.push_str(&decision_text(decision, decided, paint));
        text.push('\n');
    }
    let reason = decided.reason.as_deref().map(|reason| format!("{reason}; ")).unwrap_or_default();
    text + &format!("{}: {}nothing was done (--dry-run)\n", clean(&told::subject(apply)), clean(&reason))
}

fn decision_text(decision: &NewDecision, decided: &Decided, paint: Paint) -> String {
    let mut text = render::headline(&decision.facts, paint);
    for verdict in &decision.verdicts {
        text.push_str(&render::verdict(verdict, paint));
    }
    for plan in &decision.actions {
        text.push_str(&render::consequence(&plan_text(plan, decided.decided_at)));
    }
    text
}

/// As of the same without `--dry-run`, had everything gone well.
fn exit(apply: &Apply, decided: &Decided) -> Exit {
    let plans_something = decided.decisions.iter().any(|decision| !decision.actions.is_empty());
    let verdicts = || decided.decisions.iter().flat_map(|decision| &decision.verdicts);
    let is_over = decided.reason.as_deref().is_some_and(went_over);
    if plans_something || (apply.run.is_none() && is_over) {
        Exit::Ok
    } else if verdicts().next().is_none() || verdicts().any(|of| of.verdict == Verdict::Unknown) {
        Exit::Failure
    } else {
        Exit::NothingDone
    }
}

impl<'a> From<&'a Decided> for WouldView<'a> {
    fn from(decided: &'a Decided) -> Self {
        let decision = |decision: &'a NewDecision| WouldDecideView {
            facts: FactsView::from(&decision.facts),
            verdicts: &decision.verdicts,
            plans: decision.actions.iter().map(PlanView::from).collect(),
        };
        Self {
            reason: decided.reason.as_deref(),
            decisions: decided.decisions.iter().map(decision).collect(),
        }
    }
}
