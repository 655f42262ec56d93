//! The history as lines for people: one for each action and each rule that had something to say, and one that says
//! why when there is none.

use std::slice;

use crate::{
    cli::show::{Aftermath, Paint, Tone, moment, table, tone_of},
    model::{
        ActionRow, ActionState, ConditionResult, DeliveryRow, DeliveryState, ExecutionRow, Facts, RuleName,
        RuleVerdict, Signal, Timestamp, Truth, Verdict,
    },
    store::{DecisionEntry, HistoryEntry},
};

const HEADING: [&str; 8] =
    ["time", "what", "repository", "run", "attempt", "rule → action", "outcome", "why"];

/// How many of the rules that did not match are named as the closest.
const CLOSEST: usize = 2;

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    at: Timestamp,
    guid: String,
    what: String,
    repository: String,
    run: String,
    attempt: String,
    rule: String,
    outcome: &'static str,
    tone: Tone,
    why: String,
}

/// The lines of one delivery; with a rule, only those that are about it.
pub(super) fn lines(entry: &HistoryEntry, rule: Option<&RuleName>, aftermath: &Aftermath) -> Vec<Line> {
    let mut lines: Vec<Line> = of_delivery(entry).into_iter().collect();
    for decision in &entry.decisions {
        lines.extend(of_decision(decision, &entry.delivery, rule, aftermath));
    }
    let unreadable = entry.unreadable.iter().map(|why| Line {
        outcome: "unreadable",
        tone: Tone::Bad,
        why: why.clone(),
        ..bare(&entry.delivery)
    });
    lines.extend(unreadable);
    lines
}

/// The table with its heading; with the deliveries' guids where they are asked for.
pub(super) fn render(lines: &[Line], with_guid: bool, paint: Paint) -> String {
    let text = if with_guid {
        let [time, rest @ ..] = HEADING;
        let [what, repository, run, attempt, rule, outcome, why] = rest;
        let heading = [time, "delivery", what, repository, run, attempt, rule, outcome, why];
        table(heading, &lines.iter().map(Line::cells_with_guid).collect::<Vec<_>>())
    } else {
        table(HEADING, &lines.iter().map(Line::cells).collect::<Vec<_>>())
    };
    let [.., outcome, _] = HEADING;
    let mut drawn = text.lines();
    let heading = drawn.next().unwrap_or_default();
    let column =
        heading.find(outcome).map_or(0, |byte| heading.get(..byte).unwrap_or_default().chars().count());
    let mut painted = vec![paint.text(Tone::Dim, heading)];
    painted
        .extend(drawn.zip(lines).map(|(drawn, line)| paint.within(drawn, column, line.tone, line.outcome)));
    painted.join("\n") + "\n"
}

impl Line {
    fn cells(&self) -> [String; 8] {
        let [time, _, what, repository, run, attempt, rule, outcome, why] = self.cells_with_guid();
        [time, what, repository, run, attempt, rule, outcome, why]
    }

    fn cells_with_guid(&self) -> [String; 9] {
        [
            moment(self.at),
            self.guid.clone(),
            self.what.clone(),
            self.repository.clone(),
            self.run.clone(),
            self.attempt.clone(),
            self.rule.clone(),
            self.outcome.to_owned(),
            self.why.clone(),
        ]
    }
}

fn bare(delivery: &DeliveryRow) -> Line {
    Line {
        at: delivery.received_at,
        guid: delivery.guid.to_string(),
        what: delivery.event.clone(),
        repository: String::new(),
        run: String::new(),
        attempt: String::new(),
        rule: String::new(),
        outcome: "",
        tone: Tone::Dim,
        why: delivery.reason.clone().unwrap_or_default(),
    }
}

/// The line of the delivery itself: while it has no decision, or when its decisions do not say everything.
fn of_delivery(entry: &HistoryEntry) -> Option<Line> {
    let delivery = &entry.delivery;
    let line = bare(delivery);
    match delivery.state {
        DeliveryState::Parked => Some(Line { outcome: "parked", tone: Tone::Bad, ..line }),
        DeliveryState::Pending => {
            let why = match &delivery.reason {
                Some(reason) => format!("{reason}; to be judged at {}", moment(delivery.due_at)),
                None => "to be judged".to_owned(),
            };
            Some(Line { outcome: "pending", tone: Tone::Doubt, why, ..line })
        }
        DeliveryState::Decided if delivery.reason.is_some() || entry.decisions.is_empty() => {
            Some(Line { outcome: delivery.state.as_str(), ..line })
        }
        DeliveryState::Decided => None,
    }
}

fn of_decision(
    entry: &DecisionEntry,
    delivery: &DeliveryRow,
    rule: Option<&RuleName>,
    aftermath: &Aftermath,
) -> Vec<Line> {
    let facts = &entry.decision.facts;
    let line = of_run(facts, delivery);
    let is_asked_for = |name: &RuleName| rule.is_none_or(|rule| rule == name);
    let mut lines = Vec::new();
    for verdict in entry.decision.verdicts.iter().filter(|verdict| is_asked_for(&verdict.rule)) {
        let actions: Vec<_> =
            entry.actions.iter().filter(|(action, _)| action.plan.rule == verdict.rule).collect();
        lines.extend(actions.iter().map(|(action, executions)| {
            let line = of_action(&line, action, executions);
            Line { why: aftermath.added_to(&line.why, action), ..line }
        }));
        if actions.is_empty() && (rule.is_some() || says_more_than_no(verdict.verdict)) {
            lines.push(of_verdict(&line, verdict));
        }
    }
    if lines.is_empty() && rule.is_none() {
        let why = why_none_matched(&entry.decision.verdicts);
        lines.push(Line { outcome: "no match", why, ..line });
    }
    lines
}

fn of_run(facts: &Facts, delivery: &DeliveryRow) -> Line {
    let run = &facts.run;
    let more = match facts.signal {
        Signal::Command => facts.sender.as_ref().map(|by| format!("by {by}")),
        Signal::DeploymentWaiting => facts.gate.as_ref().and_then(|gate| gate.environment.clone()),
        Signal::JobQueued | Signal::JobWaiting | Signal::JobInProgress | Signal::JobCompleted => {
            facts.job.as_ref().map(|job| job.title())
        }
        // A tick that a person asked for.
        Signal::Schedule if facts.sender.is_some() => facts.sender.as_ref().map(|by| format!("by {by}")),
        Signal::PullRequest(_) | Signal::ReviewSubmitted | Signal::CommentCreated => {
            let pulls = facts.details.pulls.known().ok();
            pulls.and_then(|pulls| pulls.first()).map(|pull| format!("#{}", pull.number))
        }
        Signal::RunRequested | Signal::RunInProgress | Signal::RunCompleted | Signal::Schedule => {
            run.conclusion.as_ref().map(ToString::to_string)
        }
    };
    Line {
        what: more.map_or_else(|| facts.signal.to_string(), |more| format!("{} {more}", facts.signal)),
        repository: run.repository.to_string(),
        run: run.id.to_string(),
        attempt: run.attempt.map(|attempt| attempt.to_string()).unwrap_or_default(),
        why: String::new(),
        ..bare(delivery)
    }
}

fn of_action(line: &Line, action: &ActionRow, executions: &[ExecutionRow]) -> Line {
    let plan = &action.plan;
    let last = executions.last().and_then(|execution| execution.detail.clone());
    let reason = plan.reason.clone().or(last);
    let why = match (plan.state, reason) {
        (ActionState::Planned, Some(reason)) => format!("{reason}; due at {}", moment(plan.due_at)),
        (ActionState::Planned, None) => format!("due at {}", moment(plan.due_at)),
        (_, reason) => reason.unwrap_or_default(),
    };
    Line {
        rule: format!("{} → {}", plan.rule, plan.action.kind()),
        outcome: plan.state.as_str(),
        tone: tone_of(plan.state),
        why,
        ..line.clone()
    }
}

fn of_verdict(line: &Line, verdict: &RuleVerdict) -> Line {
    let (outcome, tone) = match verdict.verdict {
        Verdict::Unknown => ("unknown", Tone::Doubt),
        Verdict::NotMatched => ("no match", Tone::Dim),
        // A matching rule plans nothing when the same is planned already, or when this signal is not the one
        // that its action answers.
        Verdict::Matched => ("nothing new", Tone::Dim),
        Verdict::Off | Verdict::Kept | Verdict::Limited => (verdict.verdict.as_str(), Tone::Dim),
    };
    let why = match verdict.verdict {
        Verdict::Matched => "planned before, or not for this signal to answer".to_owned(),
        _ => verdict.reason.clone(),
    };
    Line { rule: verdict.rule.to_string(), outcome, tone, why, ..line.clone() }
}

fn says_more_than_no(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Matched | Verdict::Unknown | Verdict::Kept | Verdict::Limited => true,
        Verdict::NotMatched | Verdict::Off => false,
    }
}

/// Why no rule matched, by the rules that came closest: those with the fewest conditions in the way, and for other
/// repositories last.
fn why_none_matched(verdicts: &[RuleVerdict]) -> String {
    let mut against: Vec<(usize, &RuleVerdict)> = verdicts
        .iter()
        .filter(|verdict| verdict.verdict == Verdict::NotMatched)
        .map(|verdict| (verdict.conditions.as_ref().map_or(0, in_the_way), verdict))
        .collect();
    against.sort_by_key(|(in_the_way, _)| *in_the_way);
    let more = against.len().saturating_sub(CLOSEST);
    let mut reasons: Vec<String> = against
        .iter()
        .take(CLOSEST)
        .map(|(_, verdict)| format!("{}: {}", verdict.rule, verdict.reason))
        .collect();
    match more {
        0 => {}
        1 => reasons.push("and 1 rule more".to_owned()),
        more => reasons.push(format!("and {more} rules more")),
    }
    if reasons.is_empty() { "no rule that listens is on".to_owned() } else { reasons.join("; ") }
}

/// How many of a rule's tests do not hold; more than any number for a rule of other repositories.
fn in_the_way(result: &ConditionResult) -> usize {
    let elsewhere = result.parts.iter().any(ConditionResult::is_of_another_repository);
    if elsewhere { usize::MAX } else { failing(result) }
}

/// How many of a condition's tests do not hold.
fn failing(result: &ConditionResult) -> usize {
    let parts = if result.parts.is_empty() { slice::from_ref(result) } else { result.parts.as_slice() };
    parts
        .iter()
        .map(|part| match part.parts.is_empty() || part.word == "not" {
            true => usize::from(part.satisfied == Truth::No),
            false => failing(part),
        })
        .sum()
}

#[cfg(test)]
mod tests;
