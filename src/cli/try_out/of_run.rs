//! One run, attempt by attempt: what the rules would have said, and what people did.

use std::sync::Arc;

use tokio::task::JoinError;

use crate::{
    cli::{
        anew::{Judged, Planned},
        follow::Ended,
    },
    clock::Clock,
    model::{Act, Action, ActionState, Fact, Facts, RunSnapshot, Timestamp, Verdict},
    pipeline::{Moment, Stop, Tryout, Wait},
    rules::{Rule, Ruleset, bound_pass, pass, plan},
};

/// What came of one run.
pub(super) struct OfRun {
    pub(super) tried: Vec<Tried>,
    /// Why there is no more of it.
    pub(super) stop: Option<Stop>,
}

/// A moment that was judged.
pub(super) struct Tried {
    pub(super) judged: Judged,
    pub(super) after: After,
}

/// What people did, each in its own way.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum After {
    /// The run was run again.
    Rerun { by: Option<String>, at: Option<Timestamp>, ended: Ended },
    /// Nobody ran the run again, up to now.
    NoRerun,
    /// A deployment was answered so.
    Reviewed { by: Option<String>, state: String },
    /// It waits now.
    Waits,
}

/// What a schedule would do now.
pub(super) struct OfPass {
    pub(super) listed: usize,
    pub(super) matched: usize,
    pub(super) kept: usize,
    /// What would be done, and what cannot be said.
    pub(super) judged: Vec<Judged>,
    /// How many `limits.per_pass` leaves for the next one.
    pub(super) left: usize,
}

impl OfRun {
    pub(super) fn failed(error: &JoinError) -> Self {
        Self { tried: Vec::new(), stop: Some(Stop::One(format!("trying a run failed: {error}"))) }
    }
}

/// Judges all that webhooks would have told of the run.
pub(super) async fn of_run(tryout: Tryout, ruleset: Arc<Ruleset>, run: RunSnapshot) -> OfRun {
    let mut tried = Vec::new();
    let stop = try_run(&tryout, &ruleset, &run, &mut tried).await.err();
    OfRun { tried, stop }
}

async fn try_run(
    tryout: &Tryout,
    ruleset: &Ruleset,
    run: &RunSnapshot,
    tried: &mut Vec<Tried>,
) -> Result<(), Stop> {
    let attempts = tryout.attempts(run).await?;
    let mut done = Done::default();
    for (index, attempt) in attempts.iter().enumerate() {
        let next = attempts.get(index + 1).filter(|next| follows(next, attempt));
        for moment in tryout.moments(attempt, next).await? {
            let judged = done.judge(tryout, ruleset, moment).await?;
            tried.push(Tried { judged, after: after(next) });
        }
    }
    for Wait { moment, answer } in tryout.waits(run).await? {
        let judged = done.judge(tryout, ruleset, moment).await?;
        let after = match answer {
            Some(given) => After::Reviewed { by: given.user, state: given.state.unwrap_or_default() },
            None => After::Waits,
        };
        tried.push(Tried { judged, after });
    }
    Ok(())
}

/// GitHub may not show an attempt in between.
fn follows(next: &RunSnapshot, attempt: &RunSnapshot) -> bool {
    let number = |run: &RunSnapshot| run.attempt.map(|number| number.0);
    number(next) == number(attempt).and_then(|number| number.checked_add(1))
}

/// What came after an attempt.
fn after(next: Option<&RunSnapshot>) -> After {
    next.map_or(After::NoRerun, |next| After::Rerun {
        by: next.triggering_actor.clone(),
        at: next.run_started_at,
        ended: Ended::of(next.conclusion.as_ref()),
    })
}

/// What the rules would have done to a run by now. An attempt that followed on one that they would have run again counts
/// as theirs, whoever asked for it.
#[derive(Default)]
struct Done {
    planned: Planned,
    reruns: u32,
    acts: Vec<Act>,
}

impl Done {
    async fn judge(
        &mut self,
        tryout: &Tryout,
        ruleset: &Ruleset,
        mut moment: Moment,
    ) -> Result<Judged, Stop> {
        moment.facts.details.reruns_by_us = Fact::Known(self.reruns);
        moment.facts.details.acts = Fact::Known(self.acts.clone());
        tryout.complete(&mut moment).await?;
        let mut judged = Judged::of(ruleset, moment.facts, &[], moment.at);
        self.planned.bound(&mut judged.actions, judged.now);
        for action in judged.actions.iter().filter(|action| action.state == ActionState::Planned) {
            self.reruns += u32::from(matches!(action.action, Action::Rerun(_)));
            if self.acts.iter().all(|act| act.rule != action.rule) {
                self.acts.push(Act { rule: action.rule.clone(), at: judged.now });
            }
        }
        Ok(judged)
    }
}

/// What the rule's schedule would do with the runs that it finds now.
pub(super) fn of_pass(ruleset: &Ruleset, rule: &Rule, runs: Option<Vec<Facts>>) -> Option<OfPass> {
    let runs = runs?;
    let (listed, now) = (runs.len(), Clock::system().now());
    let verdicts = pass(ruleset, rule, runs, now);
    let count = |of| verdicts.iter().filter(|(_, verdict)| verdict.verdict == of).count();
    let (matched, kept) = (count(Verdict::Matched), count(Verdict::Kept));
    let mut unknown = Vec::new();
    let mut acting = Vec::new();
    for (facts, verdict) in verdicts {
        let wants = verdict.verdict == Verdict::Matched;
        let actions = if wants { plan(ruleset, rule, &facts, now) } else { Vec::new() };
        let judged = Judged::with(ruleset, facts, now, vec![verdict], actions);
        if !judged.unknown().is_empty() {
            unknown.push(judged);
        } else if !judged.actions.is_empty() {
            acting.push(judged);
        }
    }
    let left = bound_pass(rule, &mut acting, |judged: &Judged| &judged.facts);
    acting.extend(unknown);
    Some(OfPass { listed, matched, kept, judged: acting, left })
}
