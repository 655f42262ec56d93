//! From facts to verdicts and a plan.

use std::{hash::Hasher, time::Duration};

use super::{Mode, Rule, Ruleset, ceilings, message, template::Target};
use crate::model::{
    Action, ActionKey, ActionState, ApproveRun, ArchiveLogs, Check, Comment, ConditionResult, Facts, JobId,
    Lane, PlannedAction, Rerun, RerunScope, Review, RuleVerdict, RunAttempt, RunId, Signal, Timestamp, Truth,
    Verdict, Via,
};

/// The longest that a re-run may be put off: GitHub refuses re-runs after thirty days.
const LONGEST_DELAY: Duration = Duration::from_secs(30 * 86_400);

/// What the rules make of one run: a verdict each, and what is to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What each rule that listens said, in file order.
    pub verdicts: Vec<RuleVerdict>,
    /// What is to be done, or would be.
    pub actions: Vec<PlannedAction>,
}

/// Judges one run by every rule that listens to the facts' signal.
#[must_use]
pub fn decide(ruleset: &Ruleset, facts: &Facts, now: Timestamp) -> Judgement {
    let listening: Vec<&Rule> = ruleset.rules.iter().filter(|rule| rule.listens(facts)).collect();
    let mut judgement = Judgement { verdicts: Vec::with_capacity(listening.len()), actions: Vec::new() };
    for rule in listening {
        let verdict = judge(ruleset, rule, facts, now);
        if verdict.verdict == Verdict::Matched {
            judgement.actions.extend(plan(ruleset, rule, facts, now));
        }
        judgement.verdicts.push(verdict);
    }
    shadow(&mut judgement.actions);
    judgement
}

/// What one rule says of one run, and why.
#[must_use]
pub fn judge(ruleset: &Ruleset, rule: &Rule, facts: &Facts, now: Timestamp) -> RuleVerdict {
    if ruleset.mode_of(rule) == Mode::Off {
        let reason = "the rule is off".to_owned();
        return RuleVerdict { rule: rule.name.clone(), verdict: Verdict::Off, reason, conditions: None };
    }
    let conditions = rule.when.evaluate(facts, now);
    let (verdict, reason) = match conditions.satisfied {
        Truth::Yes => match facts.run.attempt {
            Some(_) => (Verdict::Matched, "all conditions hold".to_owned()),
            None => (Verdict::Unknown, "the run's attempt is not known".to_owned()),
        },
        Truth::No => (Verdict::NotMatched, first_with(&conditions, Truth::No)),
        Truth::Unknown => (Verdict::Unknown, first_with(&conditions, Truth::Unknown)),
    };
    RuleVerdict { rule: rule.name.clone(), verdict, reason, conditions: Some(conditions) }
}

/// In words, the first condition that made the whole what it is.
fn first_with(result: &ConditionResult, truth: Truth) -> String {
    let first = result.parts.iter().find(|part| part.satisfied == truth);
    match (result.word.as_ref(), first) {
        _ if result.parts.is_empty() && result.expected.is_empty() => {
            format!("{}: {}", result.word, result.observed)
        }
        _ if result.parts.is_empty() => {
            // Said of almost every rule of almost every run: in one piece.
            [&result.word, ": expected ", &result.expected, ", observed ", &result.observed].concat()
        }
        ("not", _) => match result.parts.first().map(only_part) {
            Some(part) if part.parts.is_empty() => {
                format!("{} {}: {}, observed {}", result.word, part.word, part.expected, part.observed)
            }
            Some(part) => {
                let words: Vec<&str> = part.parts.iter().map(|part| part.word.as_ref()).collect();
                format!("{} {} of {}", result.word, part.word, words.join(", "))
            }
            None => format!("{} of nothing", result.word),
        },
        ("all" | "any", Some(part)) => first_with(part, truth),
        ("none", _) | (_, None) => format!("{}: {}", result.word, result.observed),
        ("every" | "some", Some(part)) => {
            format!("{}: {}; {}", result.word, result.observed, first_with(part, truth))
        }
        (word, Some(part)) => format!("{word}: {}", first_with(part, truth)),
    }
}

/// What a map of one condition is about.
fn only_part(result: &ConditionResult) -> &ConditionResult {
    match (result.word.as_ref(), result.parts.as_slice()) {
        ("all", [only]) => only_part(only),
        _ => result,
    }
}

/// What a rule that matched wants done.
#[must_use]
pub fn plan(ruleset: &Ruleset, rule: &Rule, facts: &Facts, now: Timestamp) -> Vec<PlannedAction> {
    let Some(attempt) = facts.run.attempt else {
        return Vec::new();
    };
    let observe = ruleset.mode_of(rule) == Mode::Observe;
    rule.then
        .iter()
        .filter_map(|action| bind(rule, action, facts, now))
        .map(|action| (ActionKey::of_rule(&rule.name, facts.run.id, attempt, &action), action))
        .map(|(key, action)| PlannedAction {
            key: if observe { key.observed() } else { key },
            rule: rule.name.clone(),
            due_at: first_due(&action, facts.run.id, attempt, now),
            repository: facts.run.repository.clone(),
            installation: facts.installation,
            run: facts.run.id,
            attempt,
            judged_status: facts.run.status.clone(),
            judged_conclusion: facts.run.conclusion.clone(),
            lane: lane_of(&action, facts.signal),
            state: if observe { ActionState::Observed } else { ActionState::Planned },
            reason: observe.then(|| "mode is observe: recorded, not done".to_owned()),
            bounds: ruleset.bounds(rule, action.kind()),
            runner_minutes: None,
            action,
        })
        .map(|planned| within(ruleset, facts, planned))
        .collect()
}

/// What a schedule wants is bulk work, but for reviews: somebody waits for them.
fn lane_of(action: &Action, signal: Signal) -> Lane {
    let review = matches!(action, Action::ReviewDeployments(_));
    if signal == Signal::Schedule && !review { Lane::Bulk } else { Lane::Event }
}

/// Holds a planned action against the ceilings that the facts tell of.
fn within(ruleset: &Ruleset, facts: &Facts, mut planned: PlannedAction) -> PlannedAction {
    if let Err(why) = ceilings::weigh(&ruleset.ceilings, facts, &mut planned)
        && planned.state == ActionState::Planned
    {
        planned.state = ActionState::Limited;
        planned.reason = Some(why);
    }
    planned
}

/// Binds a rule's action to the run; `None` when this signal is not the one that the action answers.
fn bind(rule: &Rule, action: &Action, facts: &Facts, now: Timestamp) -> Option<Action> {
    let review = match action {
        Action::ReviewDeployments(review) => review,
        Action::Rerun(rerun) if rerun.scope == RerunScope::MatchingJob => {
            let scope = singled_out(rule, facts, now).map_or(RerunScope::FailedJobs, RerunScope::Job);
            return Some(Action::Rerun(Rerun { scope, ..rerun.clone() }));
        }
        Action::ApproveRun(_) if !facts.run.waits_for_approval() => return None,
        Action::ApproveRun(_) => {
            return Some(Action::ApproveRun(ApproveRun { head_sha: facts.run.head_sha.clone() }));
        }
        Action::ArchiveLogs(archive) => {
            let day = day_of(facts.run.created_at.unwrap_or(now));
            return Some(Action::ArchiveLogs(ArchiveLogs { day, ..archive.clone() }));
        }
        Action::Notify(notify) => {
            return Some(Action::Notify(message::bind(notify, &rule.name, facts, now)));
        }
        Action::Check(check) => {
            let summary = message::markdown(&check.summary, &rule.name, facts, now);
            return Some(Action::Check(Check { summary, ..check.clone() }));
        }
        Action::Comment(comment) => {
            let body = message::markdown(&comment.body, &rule.name, facts, now);
            return Some(Action::Comment(Comment { body }));
        }
        Action::Rerun(_)
        | Action::Cancel
        | Action::ForceCancel(_)
        | Action::Label(_)
        | Action::DeleteRun
        | Action::DeleteLogs => return Some(action.clone()),
    };
    let asked = facts.gate.as_ref().is_some_and(|gate| gate.protection_rule);
    let via = if asked { Via::ProtectionRule } else { Via::Reviewer };
    if review.via.is_some_and(|wanted| wanted != via) {
        return None;
    }
    let waiting_at = facts.gate.as_ref().and_then(|gate| gate.environment.clone());
    let lists = |name: &String| review.environments.iter().any(|listed| listed.eq_ignore_ascii_case(name));
    let listed_here = review.environments.is_empty() || waiting_at.as_ref().is_some_and(lists);
    let by_listing = matches!(facts.signal, Signal::Schedule | Signal::Command);
    if (by_listing || facts.signal.is_of_a_pull_request()) && !listed_here {
        return None;
    }
    let environments = match (review.environments.is_empty(), via) {
        (true, _) => vec![waiting_at?],
        // A protection rule answers for the one environment that asked.
        (false, Via::ProtectionRule) => {
            let name = waiting_at?;
            review.environments.iter().find(|listed| listed.eq_ignore_ascii_case(&name))?;
            vec![name]
        }
        (false, Via::Reviewer) => review.environments.clone(),
    };
    let comment = comment_of(rule, via, facts, now);
    Some(Action::ReviewDeployments(Review { state: review.state, environments, comment, via: Some(via) }))
}

/// What a review says. Of a protection rule's comment GitHub makes Markdown.
fn comment_of(rule: &Rule, via: Via, facts: &Facts, now: Timestamp) -> String {
    let target = match via {
        Via::ProtectionRule => Target::Markdown,
        Via::Reviewer => Target::Plain,
    };
    let filled = rule.comment.as_ref().map(|comment| comment.fill_for(target, &rule.name, facts, now));
    filled.unwrap_or_default()
}

/// The one failed job that the rule's conditions single out. While it runs GitHub refuses to re-run a second one, so
/// of several none is.
fn singled_out(rule: &Rule, facts: &Facts, now: Timestamp) -> Option<JobId> {
    let jobs = rule.when.singled_out(facts, now);
    jobs.first().copied().filter(|_| jobs.len() == 1)
}

/// When an action that is planned now may first leave.
#[must_use]
pub fn first_due(action: &Action, run: RunId, attempt: RunAttempt, now: Timestamp) -> Timestamp {
    match action {
        Action::Rerun(rerun) => now + delay_of(rerun, run, attempt),
        Action::ForceCancel(force) => now + force.after,
        Action::Cancel
        | Action::ApproveRun(_)
        | Action::ReviewDeployments(_)
        | Action::ArchiveLogs(_)
        | Action::Notify(_)
        | Action::Check(_)
        | Action::Comment(_)
        | Action::Label(_)
        | Action::DeleteRun
        | Action::DeleteLogs => now,
    }
}

/// `2026-12-24`, in UTC.
fn day_of(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

fn delay_of(rerun: &Rerun, run: RunId, attempt: RunAttempt) -> Duration {
    let exponent = i32::try_from(attempt.0.saturating_sub(1)).unwrap_or(i32::MAX);
    let seconds = rerun.delay.as_secs_f64() * rerun.backoff.powi(exponent);
    let jitter = rerun.jitter.mul_f64(fraction(run, attempt));
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_DELAY).saturating_add(jitter).min(LONGEST_DELAY)
}

/// A number in 0..1 that spreads runs evenly and is the same whenever it is asked for.
fn fraction(run: RunId, attempt: RunAttempt) -> f64 {
    // `DefaultHasher::new` is unkeyed: equal input, equal output.
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write_i64(run.0);
    hasher.write_u32(attempt.0);
    f64::from(u32::try_from(hasher.finish() >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

/// Of the actions that compete on one run the first acts; the others are recorded as shadowed by it.
fn shadow(actions: &mut [PlannedAction]) {
    for place in 0..actions.len() {
        let (before, rest) = actions.split_at_mut(place);
        let Some(action) = rest.first_mut().filter(|action| action.state == ActionState::Planned) else {
            continue;
        };
        // A rule does not stand in its own way: `cancel` and the forced one that follows it are one wish.
        let comes_first = |first: &&PlannedAction| {
            first.state == ActionState::Planned
                && first.rule != action.rule
                && competes(&first.action, &action.action)
        };
        if let Some(first) = before.iter().find(comes_first) {
            action.reason = Some(format!("rule {} comes first", first.rule));
            action.state = ActionState::Shadowed;
        }
    }
}

fn competes(first: &Action, second: &Action) -> bool {
    match (first, second) {
        (Action::ReviewDeployments(first), Action::ReviewDeployments(second)) => first
            .environments
            .iter()
            .any(|name| second.environments.iter().any(|other| name.eq_ignore_ascii_case(other))),
        // What is kept twice is kept.
        (Action::ArchiveLogs(_), _) => false,
        // Each rule has its own to tell.
        (Action::Notify(_) | Action::Comment(_) | Action::Label(_), _) => false,
        // Two checks of one name at one commit would take turns.
        (Action::Check(first), Action::Check(second)) => first.name == second.name,
        _ => first.kind().competes_with(second.kind()),
    }
}
