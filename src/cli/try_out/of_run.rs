//! One run, attempt by attempt: what the rules would have said, and what others did.

use std::sync::Arc;

use tokio::task::JoinError;

use super::guards::{Found, look_back};
use crate::{
    cli::{
        anew::{Judged, Planned},
        follow::Ended,
    },
    model::{Act, Action, ActionState, Fact, Facts, PlannedAction, RunSnapshot, Timestamp, Verdict},
    pipeline::{Hindsight, Moment, Stop},
    rules::{ReviewedGate, Rule, Ruleset, bound_pass, pass, plan},
};

/// What came of one run.
#[derive(Default)]
pub(super) struct OfRun {
    pub(super) tried: Vec<Tried>,
    /// What of it cannot be tried, for any rule.
    pub(super) left_out: Option<&'static str>,
    /// Why there is no more of it.
    pub(super) stop: Option<Stop>,
}

/// A moment that was judged.
pub(super) struct Tried {
    pub(super) judged: Judged,
    pub(super) after: After,
}

/// What others did, each in its own way.
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
    /// GitHub does not tell.
    Untold,
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
        Self { stop: Some(Stop::One(format!("trying a run failed: {error}"))), ..Self::default() }
    }
}

/// Judges all that webhooks would have told of the run.
pub(super) async fn of_run(hindsight: Hindsight, ruleset: Arc<Ruleset>, run: RunSnapshot) -> OfRun {
    let attempts = match hindsight.attempts(&run).await {
        Ok(attempts) => attempts,
        Err(stop) => return OfRun { stop: Some(stop), ..OfRun::default() },
    };
    let mut trial = RunInHindsight {
        hindsight: &hindsight,
        ruleset: &ruleset,
        attempts: &attempts,
        reviews: None,
        planned: Planned::default(),
        reruns: 0,
        acts: Vec::new(),
        of_run: OfRun::default(),
    };
    let stop = trial.go(&run).await.err();
    OfRun { stop, ..trial.of_run }
}

/// A run that is being tried. An attempt that followed on one that the rules would have run again counts as theirs,
/// whoever asked for it.
struct RunInHindsight<'a> {
    hindsight: &'a Hindsight,
    ruleset: &'a Ruleset,
    attempts: &'a [RunSnapshot],
    /// Once they have been asked for.
    reviews: Option<Vec<ReviewedGate>>,
    planned: Planned,
    reruns: u32,
    acts: Vec<Act>,
    of_run: OfRun,
}

impl RunInHindsight<'_> {
    async fn go(&mut self, run: &RunSnapshot) -> Result<(), Stop> {
        self.go_through_reviews(run).await?;
        for (place, attempt) in self.attempts.iter().enumerate() {
            let later = self.attempts.get(place + 1);
            let next = later.filter(|later| follows(later, attempt));
            let after = match (next, later) {
                (Some(next), _) => rerun(next),
                (None, Some(_)) => After::Untold,
                (None, None) => After::NoRerun,
            };
            for moment in self.hindsight.moments(attempt, later).await? {
                self.judge(moment, Some(attempt), after.clone()).await?;
            }
        }
        for moment in self.hindsight.present_waits(run).await? {
            self.judge(moment, None, After::Waits).await?;
        }
        Ok(())
    }

    /// Where people answered while the run waited.
    async fn go_through_reviews(&mut self, run: &RunSnapshot) -> Result<(), Stop> {
        let Some(wait) = self.hindsight.past_wait(run) else { return Ok(()) };
        let reviews = self.reviews(run).await?.to_vec();
        let mut answered: Vec<(String, &ReviewedGate)> = Vec::new();
        for given in &reviews {
            for name in &given.environments {
                answered.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                answered.push((name.clone(), given));
            }
        }
        for (name, given) in answered {
            let after = After::Reviewed { by: given.by.clone(), state: given.state.clone() };
            self.judge(wait.at_environment(name), None, after).await?;
        }
        Ok(())
    }

    /// The answers of people, where GitHub tells which attempt they were of.
    async fn reviews(&mut self, run: &RunSnapshot) -> Result<&[ReviewedGate], Stop> {
        if self.reviews.is_none() {
            let mut reviews = self.hindsight.reviews(run).await?;
            reviews.retain(is_an_answer);
            if !reviews.is_empty() && !self.has_one_attempt() {
                reviews.clear();
                self.of_run.left_out = Some(
                    "reviews of a run of several attempts: GitHub does not tell which attempt they were of",
                );
            }
            self.reviews = Some(reviews);
        }
        Ok(self.reviews.as_deref().unwrap_or_default())
    }

    /// Judges the moment; `attempt` is as it ended.
    async fn judge(
        &mut self,
        mut moment: Moment,
        attempt: Option<&RunSnapshot>,
        after: After,
    ) -> Result<(), Stop> {
        moment.facts.details.reruns_by_us = Fact::Known(self.reruns);
        moment.facts.details.acts = Fact::Known(self.acts.clone());
        self.hindsight.complete(&mut moment).await?;
        let mut judged = Judged::of(self.ruleset, moment.facts, &[], moment.at);
        for place in 0..judged.actions.len() {
            let refused = self.look_back(&judged, place, attempt).await?;
            if let (Some(why), Some(action)) = (refused, judged.actions.get_mut(place)) {
                action.state = ActionState::Refused;
                action.reason = Some(why);
            }
        }
        self.planned.bound(&mut judged.actions, judged.now);
        for action in judged.actions.iter().filter(|action| action.state == ActionState::Planned) {
            self.reruns += u32::from(matches!(action.action, Action::Rerun(_)));
            if self.acts.iter().all(|act| act.rule != action.rule) {
                self.acts.push(Act { rule: action.rule.clone(), at: judged.now });
            }
        }
        self.of_run.tried.push(Tried { judged, after });
        Ok(())
    }

    fn has_one_attempt(&self) -> bool {
        let latest = self.attempts.last().and_then(|latest| latest.attempt);
        latest.is_none_or(|attempt| attempt.0 <= 1)
    }

    /// Why the look before a re-run would have refused it.
    async fn look_back(
        &mut self,
        judged: &Judged,
        place: usize,
        attempt: Option<&RunSnapshot>,
    ) -> Result<Option<String>, Stop> {
        let Some(action) = judged.actions.get(place).filter(|it| is_guarded(it)) else {
            return Ok(None);
        };
        let run = attempt.unwrap_or(&judged.facts.run);
        let newer = self.hindsight.newer_run_by(run, action.due_at);
        let found = match look_back(action, run, &newer, None) {
            Found::Reviews => {
                let reviews = self.reviews(run).await?;
                look_back(action, run, &newer, Some(reviews))
            }
            found => found,
        };
        Ok(match found {
            Found::Refused(why) => Some(why),
            Found::Reviews | Found::Nothing => None,
        })
    }
}

fn is_guarded(action: &PlannedAction) -> bool {
    action.state == ActionState::Planned && matches!(action.action, Action::Rerun(_))
}

fn is_an_answer(given: &ReviewedGate) -> bool {
    matches!(given.state.as_str(), "approved" | "rejected")
}

/// GitHub may not show an attempt in between.
fn follows(next: &RunSnapshot, attempt: &RunSnapshot) -> bool {
    let number = |run: &RunSnapshot| run.attempt.map(|number| number.0);
    number(next) == number(attempt).and_then(|number| number.checked_add(1))
}

fn rerun(next: &RunSnapshot) -> After {
    After::Rerun {
        by: next.triggering_actor.clone(),
        at: next.run_started_at,
        ended: Ended::of(next.conclusion.as_ref()),
    }
}

/// What the rule's schedule would do with the runs that it finds now.
pub(super) fn of_pass(ruleset: &Ruleset, rule: &Rule, runs: Vec<Facts>, now: Timestamp) -> OfPass {
    let listed = runs.len();
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
    OfPass { listed, matched, kept, judged: acting, left }
}
