//! What came after actions, for the history: how a re-run ended, and whether somebody did what was not done.

use std::{collections::HashMap, time::Duration};

use serde::Serialize;

use super::{At, clean};
use crate::{
    cli::follow::{self, Deed, Ended, Same, Who},
    model::{Action, ActionRow, ActionState, Conclusion, DecisionRow, ReviewState, RunAttempt, Timestamp},
    rules::show_duration,
    store::{HistoryEntry, Later, Store, StoreError},
};

/// Once nobody has re-run a run for so long it is taken for granted that nobody will.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);

/// What came after the actions of some entries, by the actions' rows.
#[derive(Debug, Default)]
pub(in crate::cli) struct Aftermath(HashMap<i64, After>);

/// What came after an action.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::cli) struct After {
    /// Whether somebody else did what runwarden did not do; null of what runwarden did.
    by_people: Option<bool>,
    /// The login, where it is known, or the rule that did it.
    by: Option<String>,
    at: Option<At>,
    /// The attempt that it led to.
    attempt: Option<RunAttempt>,
    /// How that ended.
    conclusion: Option<Conclusion>,
    #[serde(skip)]
    words: String,
}

impl Aftermath {
    /// Asks the ledger what came after the actions of these entries.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(in crate::cli) async fn of(
        store: &Store,
        entries: &[HistoryEntry],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let decisions = entries.iter().flat_map(|entry| &entry.decisions);
        let asked: Vec<_> =
            decisions.filter(|entry| entry.actions.iter().any(|(action, _)| may_tell(action))).collect();
        let rows: Vec<&DecisionRow> = asked.iter().map(|entry| &entry.decision).collect();
        let later = store.later(&rows).await?;
        let mut found = HashMap::new();
        for (entry, later) in asked.into_iter().zip(&later) {
            for (action, _) in entry.actions.iter().filter(|(action, _)| may_tell(action)) {
                if let Some(after) = after(action, &entry.decision, later, now) {
                    found.insert(action.id, after);
                }
            }
        }
        Ok(Self(found))
    }

    /// What came after the action, if that is known.
    pub(in crate::cli) fn get(&self, action: &ActionRow) -> Option<&After> {
        self.0.get(&action.id)
    }

    /// What is known of it in words, behind a semicolon.
    pub(in crate::cli) fn added_to(&self, text: &str, action: &ActionRow) -> String {
        match self.get(action) {
            None => text.to_owned(),
            Some(after) if text.is_empty() => clean(&after.words),
            Some(after) => format!("{text}; {}", clean(&after.words)),
        }
    }
}

/// Whether what the ledger tells of the run later says something of the action.
fn may_tell(action: &ActionRow) -> bool {
    let is_of_interest = match &action.plan.action {
        Action::Rerun(_) | Action::Cancel | Action::ForceCancel(_) | Action::ApproveRun(_) => true,
        Action::ReviewDeployments(review) => review.state == ReviewState::Approved,
        Action::ArchiveLogs(_)
        | Action::Notify(_)
        | Action::Check(_)
        | Action::Comment(_)
        | Action::Label(_)
        | Action::DeleteRun
        | Action::DeleteLogs => false,
    };
    is_of_interest && (is_undone(action.plan.state) || follow::is_followed(action))
}

/// Whether it was wanted and not done, so that it is of interest whether somebody else did it.
fn is_undone(state: ActionState) -> bool {
    match state {
        ActionState::Observed | ActionState::Refused | ActionState::Limited | ActionState::Held => true,
        ActionState::Planned
        | ActionState::Executing
        | ActionState::Done
        | ActionState::Failed
        | ActionState::Uncertain
        | ActionState::Shadowed => false,
    }
}

fn after(action: &ActionRow, decision: &DecisionRow, later: &Later, now: Timestamp) -> Option<After> {
    if action.plan.state == ActionState::Done {
        return after_rerun(action, later);
    }
    match follow::same(action, decision, later) {
        Same::Did(deed) => did(action, decision, deed),
        Same::Nobody { for_good } => {
            let is_known = for_good || now.since(decision.decided_at) >= PATIENCE;
            let words = format!("nobody {} it", verb(&action.plan.action));
            (is_known && action.plan.state == ActionState::Observed).then_some(After {
                by_people: Some(false),
                by: None,
                at: None,
                attempt: None,
                conclusion: None,
                words,
            })
        }
        Same::Untold => None,
    }
}

/// How the attempt that a re-run led to ended.
fn after_rerun(action: &ActionRow, later: &Later) -> Option<After> {
    let (first, conclusion) = follow::next(action.plan.attempt, later)?;
    let attempt = next_of(action);
    let words = format!("attempt {attempt} {}", ending(conclusion?));
    Some(After {
        by_people: None,
        by: Some(action.plan.rule.to_string()),
        at: Some(At(follow::began(first))),
        attempt: Some(attempt),
        conclusion: conclusion.cloned(),
        words,
    })
}

fn did(action: &ActionRow, decision: &DecisionRow, deed: Deed) -> Option<After> {
    let Deed { who, at, conclusion } = deed;
    let kind = &action.plan.action;
    let is_rerun = matches!(kind, Action::Rerun(_));
    let (by_people, by, subject) = match who {
        Who::Person(Some(login)) => (true, Some(login.clone()), format!("{login} {} it", verb(kind))),
        Who::Person(None) => (true, None, format!("it was {}", passive(kind))),
        Who::Rule(_) if action.plan.state != ActionState::Observed => return None,
        Who::Rule(rule) => (false, Some(rule.clone()), format!("rule {rule} {} it", verb(kind))),
    };
    let when =
        at.map_or_else(String::new, |at| format!(" {} later", show_duration(at.since(decision.decided_at))));
    // A run that was cancelled has ended so.
    let end = match (&conclusion, kind) {
        (None, _) | (_, Action::Cancel | Action::ForceCancel(_)) => String::new(),
        (Some(conclusion), _) => format!(", and it {}", ending(conclusion)),
    };
    Some(After {
        by_people: Some(by_people),
        by,
        at: at.map(At),
        attempt: Some(if is_rerun { next_of(action) } else { action.plan.attempt }),
        conclusion,
        words: format!("{subject}{when}{end}"),
    })
}

fn next_of(action: &ActionRow) -> RunAttempt {
    RunAttempt(action.plan.attempt.0.saturating_add(1))
}

fn ending(conclusion: &Conclusion) -> String {
    match Ended::of(Some(conclusion)) {
        Ended::Passed => "passed".to_owned(),
        Ended::Failed => "failed".to_owned(),
        Ended::Otherwise | Ended::Unknown => format!("ended as {conclusion}"),
    }
}

/// What somebody did, before "it".
fn verb(action: &Action) -> &'static str {
    match action {
        Action::Rerun(_) => "re-ran",
        other => passive(other),
    }
}

/// The same behind "it was".
fn passive(action: &Action) -> &'static str {
    match action {
        Action::Rerun(_) => "re-run",
        Action::Cancel | Action::ForceCancel(_) => "cancelled",
        Action::ReviewDeployments(_) => "let through",
        Action::ApproveRun(_) => "approved",
        Action::ArchiveLogs(_)
        | Action::Notify(_)
        | Action::Check(_)
        | Action::Comment(_)
        | Action::Label(_)
        | Action::DeleteRun
        | Action::DeleteLogs => "done",
    }
}

#[cfg(test)]
mod tests;
