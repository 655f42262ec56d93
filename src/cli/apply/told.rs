//! What came of a rule that was asked by hand: the tree of its conditions, its actions, and a sentence.

use crate::{
    cli::{
        Exit,
        explain::stored::decision_text,
        history,
        runs::sentence::Carrier,
        show::{Aftermath, Paint, clean},
    },
    model::{ActionRow, ActionState, Apply, DeliveryState, Verdict},
    pipeline::went_over,
    store::HistoryEntry,
};

/// For people: of one run the tree as `explain` shows it, of a pass the lines of the history; then the sentence.
pub(super) fn text(apply: &Apply, entry: &HistoryEntry, words: &str, paint: Paint) -> String {
    let subject = subject(apply);
    let mut text = String::new();
    if apply.run.is_some() {
        for decision in &entry.decisions {
            text.push_str(&decision_text(decision, &Aftermath::default(), paint));
            text.push('\n');
        }
    } else if !entry.decisions.is_empty() {
        text.push_str(&history::text(std::slice::from_ref(entry), None, paint));
        text.push('\n');
    }
    text + &format!("{}\n", clean(&format!("{subject}: {words}")))
}

/// `rule retry of run 42 of acme/api`.
pub(super) fn subject(apply: &Apply) -> String {
    match apply.run {
        Some(run) => format!("rule {} of run {run} of {}", apply.rule, apply.repository),
        None => format!("rule {} over {}", apply.rule, apply.repository),
    }
}

/// How it ended, in words and as an exit code.
pub(super) fn outcome(apply: &Apply, entry: &HistoryEntry, carrier: Carrier) -> (String, Exit) {
    let delivery = &entry.delivery;
    let reason = delivery.reason.as_deref();
    let actions: Vec<&ActionRow> =
        entry.decisions.iter().flat_map(|of| &of.actions).map(|(action, _)| action).collect();
    match delivery.state {
        DeliveryState::Pending => {
            let reason = reason.unwrap_or("it has not been judged");
            (format!("not done yet: {reason}; {}", carrier.goes_on()), Exit::Failure)
        }
        DeliveryState::Parked => (format!("not done: {}", reason.unwrap_or_default()), Exit::Failure),
        DeliveryState::Decided if !actions.is_empty() => of_actions(&actions, carrier),
        DeliveryState::Decided => match (apply.run, reason) {
            (None, Some(reason)) if went_over(reason) => (format!("nothing done: {reason}"), Exit::Ok),
            (Some(_), reason) if !entry.decisions.is_empty() => of_verdicts(entry, reason),
            (_, reason) => {
                (format!("not done: {}", reason.unwrap_or("no reason was recorded")), Exit::Failure)
            }
        },
    }
}

/// Without an action: it did not match, or there is nothing new to do.
fn of_verdicts(entry: &HistoryEntry, reason: Option<&str>) -> (String, Exit) {
    let verdicts = || entry.decisions.iter().flat_map(|of| &of.decision.verdicts);
    if let Some(unknown) = verdicts().find(|verdict| verdict.verdict == Verdict::Unknown) {
        return (format!("not done: cannot tell ({})", unknown.reason), Exit::Failure);
    }
    let why = match (reason, verdicts().next()) {
        (Some(reason), _) => reason.to_owned(),
        (None, Some(verdict)) if verdict.verdict == Verdict::NotMatched => {
            format!("the rule does not match ({})", verdict.reason)
        }
        (None, Some(verdict)) if verdict.verdict == Verdict::Matched => "planned before".to_owned(),
        (None, Some(verdict)) => verdict.reason.clone(),
        (None, None) => "no rule judged it".to_owned(),
    };
    (format!("nothing done: {why}"), Exit::NothingDone)
}

fn of_actions(actions: &[&ActionRow], carrier: Carrier) -> (String, Exit) {
    let mut counts: Vec<(ActionState, usize)> = Vec::new();
    for action in actions {
        let state = action.plan.state;
        match counts.iter_mut().find(|(known, _)| *known == state) {
            Some((_, count)) => *count += 1,
            None => counts.push((state, 1)),
        }
    }
    let is_well = |state: ActionState| matches!(state, ActionState::Done | ActionState::Observed);
    let exit = if counts.iter().all(|(state, _)| is_well(*state)) { Exit::Ok } else { Exit::Failure };
    let mut words = match (counts.as_slice(), actions) {
        ([(state, _)], [only]) => match &only.plan.reason {
            Some(reason) => format!("{state} ({reason})"),
            None => state.to_string(),
        },
        ([(state, _)], _) => state.to_string(),
        (several, _) => {
            several.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
        }
    };
    if actions.iter().any(|action| action.plan.state.is_open()) {
        words.push_str(&format!("; {}", carrier.goes_on()));
    }
    (words, exit)
}
