//! A run judged anew on recorded facts, and how that differs from what was decided then. Pure.

use crate::{
    cli::{anew::Judged, follow::Ended, show::what_it_does},
    model::{Action, ActionRow, ActionState, PlannedAction, RuleName, RuleVerdict, Verdict},
    store::DecisionEntry,
};

/// An action that would be done and was not, or was done and would not be.
pub(super) struct Change {
    pub(super) is_added: bool,
    pub(super) rule: RuleName,
    pub(super) action: String,
    /// What the rule said at the time.
    pub(super) then: String,
    /// What it says now.
    pub(super) now: String,
    /// Of a re-run, as far as its jobs are recorded.
    pub(super) runner_minutes: Option<u32>,
    pub(super) is_rerun: bool,
    /// The state of a re-run that did happen.
    pub(super) ended_by: Option<ActionState>,
    pub(super) ended: Option<Ended>,
}

/// How two judgements of one run differ.
#[derive(Default)]
pub(super) struct Differences {
    pub(super) changes: Vec<Change>,
    pub(super) unchanged: u64,
}

/// Whether an action is done, only written down, or neither.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Done,
    Observed,
    Nothing,
}

impl Judged {
    /// How this differs from what was decided then; nothing was decided on what no rule listened to.
    pub(super) fn differences(&self, then: Option<&DecisionEntry>) -> Differences {
        let was: Vec<&ActionRow> =
            then.iter().flat_map(|then| &then.actions).map(|(action, _)| action).collect();
        let mut differences = Differences::default();
        for planned in &self.actions {
            let before = was.iter().find(|row| is_same(&row.plan, planned));
            let effects = (before.map_or(Effect::Nothing, |row| of_row(row)), of_plan(planned.state));
            match effects {
                (Effect::Nothing, Effect::Nothing) => {}
                (before, now) if before == now => differences.unchanged += 1,
                (_, Effect::Done) | (Effect::Nothing, Effect::Observed) => {
                    differences.changes.push(self.added(planned, before.copied(), then));
                }
                (Effect::Done | Effect::Observed, _) => {
                    differences.changes.extend(before.map(|row| self.removed(row)));
                }
            }
        }
        for row in was {
            let is_judged = self.actions.iter().any(|planned| is_same(&row.plan, planned))
                || self.unknown().iter().any(|unknown| unknown.rule == row.plan.rule);
            if !is_judged && of_row(row) != Effect::Nothing {
                differences.changes.push(self.removed(row));
            }
        }
        differences
    }

    fn added(
        &self,
        planned: &PlannedAction,
        before: Option<&ActionRow>,
        then: Option<&DecisionEntry>,
    ) -> Change {
        let said = then.iter().flat_map(|then| &then.decision.verdicts);
        let said = said.filter(|verdict| verdict.rule == planned.rule).map(of_verdict).next();
        let state = before.map(|row| of_state(row.plan.state, row.plan.reason.as_deref()));
        Change {
            is_added: true,
            rule: planned.rule.clone(),
            action: what_it_does(&planned.action),
            then: state.or(said).unwrap_or_else(|| "no rule of that name listened".to_owned()),
            now: match planned.state {
                ActionState::Observed => "mode is observe: recorded, not done".to_owned(),
                _ => "all conditions hold".to_owned(),
            },
            runner_minutes: self.minutes(&planned.action),
            is_rerun: matches!(planned.action, Action::Rerun(_)),
            ended_by: None,
            ended: None,
        }
    }

    fn removed(&self, row: &ActionRow) -> Change {
        let rule = &row.plan.rule;
        let now = self.actions.iter().find(|planned| is_same(&row.plan, planned));
        let said = self.verdicts.iter().find(|verdict| verdict.rule == *rule);
        let now = match (now, said) {
            (Some(planned), _) => of_state(planned.state, planned.reason.as_deref()),
            (None, Some(verdict)) if verdict.verdict == Verdict::Matched => {
                "the rule matches, and does something else".to_owned()
            }
            (None, Some(verdict)) => of_verdict(verdict),
            (None, None) => "no rule of that name listens".to_owned(),
        };
        let is_rerun = matches!(row.plan.action, Action::Rerun(_));
        Change {
            is_added: false,
            rule: rule.clone(),
            action: what_it_does(&row.plan.action),
            then: of_state(row.plan.state, row.plan.reason.as_deref()),
            now,
            runner_minutes: self.minutes(&row.plan.action),
            is_rerun,
            ended_by: (is_rerun && row.plan.state == ActionState::Done).then_some(row.plan.state),
            ended: None,
        }
    }
}

/// The same thing wanted by a rule of the same name.
fn is_same(one: &PlannedAction, other: &PlannedAction) -> bool {
    one.rule == other.rule && what_it_does(&one.action) == what_it_does(&other.action)
}

fn of_row(row: &ActionRow) -> Effect {
    of_plan(row.plan.state)
}

fn of_plan(state: ActionState) -> Effect {
    match state {
        ActionState::Planned
        | ActionState::Executing
        | ActionState::Done
        | ActionState::Refused
        | ActionState::Failed
        | ActionState::Uncertain
        | ActionState::Held => Effect::Done,
        ActionState::Observed => Effect::Observed,
        ActionState::Shadowed | ActionState::Limited => Effect::Nothing,
    }
}

fn of_state(state: ActionState, reason: Option<&str>) -> String {
    reason.map_or_else(|| state.to_string(), |reason| format!("{state} ({reason})"))
}

fn of_verdict(verdict: &RuleVerdict) -> String {
    format!("{} ({})", verdict.verdict.as_str().replace('_', " "), verdict.reason)
}
