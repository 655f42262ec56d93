//! A rule asked by hand: of one run, or over a repository as on a tick of its schedule.

use crate::{
    github::{GitHubError, Meter},
    model::{
        ActionKey, Apply, DeliveryRow, Facts, Lane, NewDecision, PlannedAction, RepositoryName, Requests,
        RuleVerdict, RunId, RunSnapshot, ScheduledPass, Signal, Timestamp, Verdict,
    },
    rules::{Mode, Rule, Ruleset, judge, judge_each, needs_of, spare},
    store::{Decided, StoreError},
};

use super::{
    Pipeline,
    gather::{Gathered, later},
    judge::without_decision,
    surroundings::Shared,
};

/// What a rule that is asked of one run is judged on.
pub(super) struct Applied {
    apply: Apply,
    /// One for each environment that the run waits at, if the rule asks for that; at least one.
    facts: Vec<Facts>,
    /// The runs that the rule's schedule would list, where its `keep` compares them.
    beside: Option<Vec<Facts>>,
    requests: Requests,
    notes: Vec<String>,
}

impl Pipeline {
    /// Gathers what the rule needs of the run, or the runs of the repository as on a tick.
    pub(super) async fn gather_apply(&self, apply: Apply) -> Gathered {
        let rules = self.rules();
        let Some(rule) = rules.rule(&apply.rule) else {
            return Gathered::Nothing(format!(
                "no rule {} is in the configuration that was loaded; a daemon loads it again on SIGHUP",
                apply.rule
            ));
        };
        if rules.mode_of(rule) == Mode::Off {
            return Gathered::Nothing(format!("rule {} is off", rule.name));
        }
        if rule.when.names_a_job() {
            return Gathered::Nothing(format!("rule {} {}", rule.name, Apply::NO_JOB));
        }
        match apply.run {
            Some(run) => {
                self.gather_applied(&rules, rule, apply, run).await.unwrap_or_else(|instead| instead)
            }
            None if rule.schedule().is_none() => {
                Gathered::Nothing(format!("rule {} has no schedule: it is asked of one run", rule.name))
            }
            None => self.gatherer.gather_pass(self.pass_of(&apply)).await,
        }
    }

    async fn gather_applied(
        &self,
        rules: &Ruleset,
        rule: &Rule,
        apply: Apply,
        run: RunId,
    ) -> Result<Gathered, Gathered> {
        let meter = Meter::default();
        let access = self.gatherer.access(apply.repository.clone(), None, Lane::Event, &meter);
        let asked = |facts: &Facts| needs_of(&rules.ceilings, rule, facts, self.clock.now());
        let run = self.github.run(&access, run).await.map_err(|error| not_shown(&apply, run, &error))?;
        let alone = asked_of(&apply, run);
        let shared = Shared::default();
        let gated = rule.asks_for_gates();
        let mut gates = self.gatherer.at_each_gate(&access, gated, alone.clone(), &shared, &asked).await?;
        if gates.is_empty() {
            gates.push(alone);
        }
        let (mut facts, mut notes) = (Vec::new(), Vec::new());
        for mut of in gates {
            notes.extend(self.gatherer.complete(&access, &mut of, &shared, asked).await?.notes);
            facts.push(of);
        }
        let matches = |facts: &Facts| judge(rules, rule, facts, self.clock.now()).verdict == Verdict::Matched;
        let mut requests = meter.requests();
        let beside = if rule.keep.is_some() && facts.iter().any(matches) {
            Some(self.listed_beside(rule, &apply, &mut requests).await?)
        } else {
            None
        };
        Ok(Gathered::Applied(Box::new(Applied { apply, facts, beside, requests, notes })))
    }

    /// The runs that the rule's schedule would list now.
    async fn listed_beside(
        &self,
        rule: &Rule,
        apply: &Apply,
        requests: &mut Requests,
    ) -> Result<Vec<Facts>, Gathered> {
        let meter = Meter::default();
        let access = self.gatherer.access(apply.repository.clone(), None, Lane::Bulk, &meter);
        match self.gatherer.runs_of(rule, self.pass_of(apply), &access).await? {
            Gathered::Runs { runs, requests: more, .. } => {
                requests.add(more);
                Ok(runs)
            }
            other => Err(other),
        }
    }

    fn pass_of(&self, apply: &Apply) -> ScheduledPass {
        ScheduledPass {
            rule: apply.rule.clone(),
            tick: self.clock.now(),
            repository: Some(apply.repository.clone()),
            installation: None,
            by: Some(apply.by.clone()),
        }
    }

    /// Judges the run by the one rule that was asked; what it has planned for the attempt before it does not plan again.
    pub(super) async fn decide_applied(
        &self,
        delivery: &DeliveryRow,
        applied: Applied,
    ) -> Result<Decided, StoreError> {
        let now = self.clock.now();
        let rules = self.rules();
        let Applied { apply, facts, beside, mut requests, mut notes } = applied;
        let Some(rule) = rules.rule(&apply.rule) else {
            return Ok(without_decision(delivery, "the rule is no longer in the configuration", now));
        };
        let counts_running = rules.rules.iter().any(Rule::counts_running);
        let mut decisions = Vec::new();
        for mut facts in facts {
            self.starting.add_to(&mut facts, now);
            let mut verdict = judge(&rules, rule, &facts, now);
            if let (Verdict::Matched, Some(beside)) = (verdict.verdict, &beside) {
                within_keep(&rules, rule, beside, facts.run.id, &mut verdict, now);
            }
            self.count(&rule.name, verdict.verdict);
            let actions = match verdict.verdict {
                Verdict::Matched => {
                    let mut actions = self.plan_listed(&rules, rule, &facts, now).await?;
                    if actions.is_empty() {
                        notes.push(
                            "the rule has nothing to do here: its actions answer other signals".to_owned(),
                        );
                    }
                    notes.extend(self.leave_known_out(&mut actions).await?);
                    actions
                }
                _ => Vec::new(),
            };
            if counts_running {
                self.starting.remember(&facts, &actions, now);
            }
            let requests = std::mem::take(&mut requests);
            decisions.push(NewDecision { facts, verdicts: vec![verdict], requests, actions });
        }
        let reason = (!notes.is_empty()).then(|| notes.join("; "));
        Ok(Decided { reason, decisions, ..without_decision(delivery, "", now) })
    }

    /// Leaves out what stands in the plan already, and says so.
    async fn leave_known_out(&self, actions: &mut Vec<PlannedAction>) -> Result<Vec<String>, StoreError> {
        let keys: Vec<ActionKey> = actions.iter().map(|action| action.key.clone()).collect();
        let known = self.store.known_keys(&keys).await?;
        let mut notes = Vec::new();
        for action in actions.iter().filter(|action| known.contains(action.key.as_str())) {
            let state = self.store.state_of_key(&action.key).await?;
            let state = state.map_or_else(String::new, |(state, _)| format!(", and is {state}"));
            notes.push(format!(
                "{} was planned before for attempt {}{state}",
                action.action.kind(),
                action.attempt
            ));
        }
        actions.retain(|action| !known.contains(action.key.as_str()));
        Ok(notes)
    }
}

fn asked_of(apply: &Apply, run: RunSnapshot) -> Facts {
    Facts { sender: Some(apply.by.clone()), ..Facts::of(Signal::Command, run) }
}

fn not_shown(apply: &Apply, run: RunId, error: &GitHubError) -> Gathered {
    let repository: &RepositoryName = &apply.repository;
    later(error).unwrap_or_else(|| match error {
        GitHubError::NotFound { .. } => {
            Gathered::Nothing(format!("GitHub shows no run {run} in {repository}"))
        }
        other => Gathered::Nothing(format!("GitHub would not show run {run} of {repository}: {other}")),
    })
}

/// What `keep` spares on the rule's schedule it spares as well when the rule is asked by hand.
fn within_keep(
    rules: &Ruleset,
    rule: &Rule,
    beside: &[Facts],
    run: RunId,
    verdict: &mut RuleVerdict,
    now: Timestamp,
) {
    let mut judged = judge_each(rules, rule, beside.to_vec(), now);
    spare(rule, &mut judged);
    let of_listing = judged.into_iter().find(|(facts, _)| facts.run.id == run).map(|(_, verdict)| verdict);
    (verdict.verdict, verdict.reason) = match of_listing {
        Some(listed) if listed.verdict == Verdict::Matched => return,
        Some(listed) => (listed.verdict, listed.reason),
        None => (Verdict::Unknown, "GitHub does not list the run, so that `keep` cannot be told".to_owned()),
    };
}
