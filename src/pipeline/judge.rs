//! From gathered facts to what is recorded: serial, quick, and free of requests.

use std::time::Duration;

use tracing::info;

use crate::{
    metrics::VerdictLabels,
    model::{
        Action, ActionKey, ActionState, Bounds, Breaker, Command, DeliveryGuid, DeliveryRow, Ending, Facts,
        InstallationId, Lane, NewDecision, NewDelivery, PlannedAction, RepositoryName, Requests, RuleName,
        RuleVerdict, RunSnapshot, ScheduledPass, Signal, Source, Timestamp, Verdict,
    },
    rules::{Rule, Ruleset, bound_pass, decide, judge_each, plan, spare},
    store::{Decided, StoreError},
};

use super::Pipeline;

/// Signals about one wait come within this time of each other.
const SAME_WAIT: Duration = Duration::from_secs(10);

/// How often a run may wait at one environment in one attempt.
const MOST_WAITS: u32 = 64;

/// A listing tells that a run waits, not since when: an environment that is still listed may wait for a timer or for
/// another rule after a review of ours. Only long after it is taken for another wait, and not often.
const LISTED_AGAIN: Duration = Duration::from_secs(30 * 60);
const MOST_LISTED: u32 = 4;

/// What a pass says first of itself, behind a number.
const LISTED: &str = "runs listed,";

/// Whether a delivery's reason tells of a pass over the runs of a repository.
#[must_use]
pub fn went_over(reason: &str) -> bool {
    reason.split_once(' ').is_some_and(|(_, rest)| rest.starts_with(LISTED))
}

/// A delivery that is done with without judging a run; in words, why.
pub(super) fn without_decision(delivery: &DeliveryRow, why: &str, now: Timestamp) -> Decided {
    Decided {
        delivery_id: delivery.id,
        decided_at: now,
        reason: Some(why.to_owned()),
        decisions: Vec::new(),
        endings: None,
        deliveries: Vec::new(),
    }
}

/// What a tick of a schedule becomes: a delivery for each repository, so that one that fails holds up no other.
pub(super) fn spread(
    delivery: &DeliveryRow,
    pass: &ScheduledPass,
    repositories: Vec<(RepositoryName, Option<InstallationId>)>,
    now: Timestamp,
) -> Decided {
    let names: Vec<&str> = repositories.iter().map(|(name, _)| name.as_str()).collect();
    let goes_over = match names.as_slice() {
        [] => "no repository matches".to_owned(),
        [only] => format!("goes over {only}"),
        [first, .., last] => format!("goes over {} repositories, {first} to {last}", names.len()),
    };
    let mut decided = without_decision(delivery, &goes_over, now);
    for (repository, installation) in repositories {
        let guid = DeliveryGuid::parse(&format!("{}:{}", delivery.guid, repository.key()));
        let part = ScheduledPass { repository: Some(repository), installation, ..pass.clone() };
        if let (Ok(guid), Ok(body)) = (guid, serde_json::to_vec(&part)) {
            let event = "schedule".to_owned();
            decided.deliveries.push(NewDelivery {
                guid,
                source: Source::Schedule,
                event,
                received_at: now,
                body,
            });
        }
    }
    decided
}

/// What a command becomes: a plan without rules; the look before the act still guards it.
pub(super) fn decide_command(
    delivery: &DeliveryRow,
    command: &Command,
    run: Option<RunSnapshot>,
    requests: Requests,
    now: Timestamp,
) -> Decided {
    let Some(run) = run else {
        let why = format!("GitHub shows no run {} in {}", command.run, command.repository);
        return without_decision(delivery, &why, now);
    };
    let Some(attempt) = run.attempt else {
        return without_decision(delivery, "GitHub does not say which attempt the run is on", now);
    };
    let reason = format!("asked for by {}", command.by);
    let action = PlannedAction {
        key: ActionKey::of_command(&delivery.guid),
        rule: RuleName::command(),
        action: command.action.clone(),
        repository: run.repository.clone(),
        installation: None,
        run: run.id,
        attempt,
        judged_status: run.status.clone(),
        judged_conclusion: run.conclusion.clone(),
        lane: Lane::Event,
        state: ActionState::Planned,
        reason: None,
        due_at: now,
        bounds: Bounds::default(),
        runner_minutes: None,
    };
    let verdict =
        RuleVerdict { rule: RuleName::command(), verdict: Verdict::Matched, reason, conditions: None };
    let facts = Facts { sender: Some(command.by.clone()), ..Facts::of(Signal::Command, run) };
    Decided {
        delivery_id: delivery.id,
        decided_at: now,
        reason: None,
        decisions: vec![NewDecision { facts, verdicts: vec![verdict], requests, actions: vec![action] }],
        endings: None,
        deliveries: Vec::new(),
    }
}

impl Pipeline {
    /// Judges a webhook's run by all rules that listen; once for each environment that it waits at.
    pub(super) async fn decide_facts(
        &self,
        delivery: &DeliveryRow,
        facts: Vec<Facts>,
        mut requests: Requests,
        note: Option<String>,
    ) -> Result<Decided, StoreError> {
        let now = self.clock.now();
        let rules = self.rules();
        let counts_running = rules.rules.iter().any(Rule::counts_running);
        let mut decisions = Vec::new();
        for mut facts in facts {
            self.starting.add_to(&mut facts, now);
            let mut judgement = decide(&rules, &facts, now);
            for action in &mut judgement.actions {
                self.tell_from_earlier_waits(action, delivery.received_at, SAME_WAIT, MOST_WAITS).await?;
            }
            if counts_running {
                self.starting.remember(&facts, &judgement.actions, now);
            }
            for verdict in &judgement.verdicts {
                self.count(&verdict.rule, verdict.verdict);
            }
            let planned =
                judgement.actions.iter().filter(|action| action.state == ActionState::Planned).count();
            info!(
                delivery.guid = %delivery.guid,
                repo = %facts.run.repository,
                run.id = facts.run.id.0,
                planned,
                "judged run {} of {} on {}: {planned} actions planned",
                facts.run.id,
                facts.run.repository,
                facts.signal,
            );
            // The requests were made for the delivery: the first decision carries them.
            let requests = std::mem::take(&mut requests);
            decisions.push(NewDecision {
                facts,
                verdicts: judgement.verdicts,
                requests,
                actions: judgement.actions,
            });
        }
        Ok(Decided {
            delivery_id: delivery.id,
            decided_at: now,
            reason: note,
            endings: self.endings(decisions.iter().map(|decision: &NewDecision| &decision.facts).take(1)),
            decisions,
            deliveries: Vec::new(),
        })
    }

    /// A run may wait at one environment several times in one attempt, one job after the other. A signal that
    /// came well after the answer to the last wait is about another one. Should it be a late one about the same
    /// wait after all, the look finds nothing pending, and nothing is sent.
    async fn tell_from_earlier_waits(
        &self,
        action: &mut PlannedAction,
        received_at: Timestamp,
        same: Duration,
        most: u32,
    ) -> Result<(), StoreError> {
        if !matches!(action.action, Action::ReviewDeployments(_)) {
            return Ok(());
        }
        let first = action.key.clone();
        for time in 2..=most {
            match self.store.state_of_key(&action.key).await? {
                Some((ActionState::Done, Some(ended))) if received_at > ended + same => {
                    action.key = first.again(time);
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// Judges the runs that a schedule found in one repository. Those that the rule acts on get a decision each;
    /// how many it spared and why stands with the delivery.
    pub(super) async fn decide_runs(
        &self,
        delivery: &DeliveryRow,
        pass: &ScheduledPass,
        runs: Vec<Facts>,
        listed_at: Timestamp,
        requests: Requests,
    ) -> Result<Decided, StoreError> {
        let rules = self.rules();
        let Some(rule) = rules.rule(&pass.rule) else {
            return Ok(without_decision(
                delivery,
                "the rule is no longer in the configuration",
                self.clock.now(),
            ));
        };
        let listed = runs.len();
        let mut judged = if rule.counts_running() {
            self.judged_one_by_one(&rules, rule, runs, listed_at).await?
        } else {
            self.judged(&rules, rule, runs)
        };
        spare(rule, &mut judged);
        let count = |of| judged.iter().filter(|(_, verdict)| verdict.verdict == of).count();
        let kept = count(Verdict::Kept);
        let of_listing = count(Verdict::Matched) + kept;
        judged.retain(|(_, verdict)| verdict.verdict == Verdict::Matched);
        let mut decisions = self.not_yet_planned(&rules, rule, judged, listed_at).await?;
        let left = bound_pass(rule, &mut decisions, |decision| &decision.facts);
        for decision in &decisions {
            self.listed.remember(&decision.facts.run, listed_at);
        }
        let mut reason =
            format!("{listed} {LISTED} {of_listing} matched, {kept} kept, {} planned", decisions.len());
        if let Some(by) = &pass.by {
            reason.push_str(&format!("; asked for by {by}"));
        }
        if left > 0 {
            reason.push_str(&format!(", {left} left for the next pass by limits.per_pass"));
        }
        if let Some(first) = decisions.first_mut() {
            first.requests = requests;
        }
        info!(delivery.guid = %delivery.guid, rule = %rule.name, "went over {}: {reason}", pass_name(pass));
        Ok(Decided {
            delivery_id: delivery.id,
            decided_at: self.clock.now(),
            reason: Some(reason),
            endings: self.endings(decisions.iter().map(|decision| &decision.facts)),
            decisions,
            deliveries: Vec::new(),
        })
    }

    fn judged(&self, rules: &Ruleset, rule: &Rule, runs: Vec<Facts>) -> Vec<(Facts, RuleVerdict)> {
        let judged = judge_each(rules, rule, runs, self.clock.now());
        judged.iter().for_each(|(_, verdict)| self.count(&rule.name, verdict.verdict));
        judged
    }

    /// The same where what is planned for one run counts for the next: the oldest first.
    async fn judged_one_by_one(
        &self,
        rules: &Ruleset,
        rule: &Rule,
        mut runs: Vec<Facts>,
        listed_at: Timestamp,
    ) -> Result<Vec<(Facts, RuleVerdict)>, StoreError> {
        runs.sort_by_key(|facts| (facts.run.created_at, facts.run.id));
        let most = rule.limits.per_pass.map_or(usize::MAX, |most| most as usize);
        let mut planned = 0;
        let mut judged = Vec::new();
        for mut facts in runs {
            let now = self.clock.now();
            self.starting.add_to(&mut facts, now);
            for (facts, verdict) in self.judged(rules, rule, vec![facts]) {
                if verdict.verdict == Verdict::Matched {
                    let actions = self.plan_listed(rules, rule, &facts, listed_at).await?;
                    let keys: Vec<ActionKey> = actions.iter().map(|action| action.key.clone()).collect();
                    let known = self.store.known_keys(&keys).await?;
                    if planned < most && known.len() < keys.len() {
                        planned += 1;
                        self.starting.remember(&facts, &actions, now);
                    }
                }
                judged.push((facts, verdict));
            }
        }
        Ok(judged)
    }

    pub(super) async fn plan_listed(
        &self,
        rules: &Ruleset,
        rule: &Rule,
        facts: &Facts,
        listed_at: Timestamp,
    ) -> Result<Vec<PlannedAction>, StoreError> {
        let mut actions = plan(rules, rule, facts, self.clock.now());
        for action in &mut actions {
            self.tell_from_earlier_waits(action, listed_at, LISTED_AGAIN, MOST_LISTED).await?;
        }
        Ok(actions)
    }

    /// Leaves out the runs for which the rule's actions stand in the ledger already: a run whose logs are gone
    /// is still listed, and one that GitHub would not delete is not asked for again.
    async fn not_yet_planned(
        &self,
        rules: &Ruleset,
        rule: &Rule,
        matched: Vec<(Facts, RuleVerdict)>,
        listed_at: Timestamp,
    ) -> Result<Vec<NewDecision>, StoreError> {
        let mut planned = Vec::with_capacity(matched.len());
        for (facts, verdict) in matched {
            let actions = self.plan_listed(rules, rule, &facts, listed_at).await?;
            planned.push((facts, verdict, actions));
        }
        let keys = planned.iter().flat_map(|(.., actions)| actions).map(|action| action.key.clone());
        let keys: Vec<ActionKey> = keys.collect();
        let known = self.store.known_keys(&keys).await?;
        let mut decisions = Vec::new();
        for (facts, verdict, mut actions) in planned {
            actions.retain(|action| !known.contains(action.key.as_str()));
            if !actions.is_empty() {
                decisions.push(NewDecision {
                    facts,
                    verdicts: vec![verdict],
                    requests: Requests::default(),
                    actions,
                });
            }
        }
        Ok(decisions)
    }

    /// How the runs or jobs ended, where a breaker counts that.
    pub(super) fn endings<'a>(
        &self,
        all: impl IntoIterator<Item = &'a Facts>,
    ) -> Option<(Breaker, Vec<Ending>)> {
        let breaker = self.rules().breaker.clone()?;
        let now = self.clock.now();
        let endings: Vec<Ending> = all.into_iter().flat_map(|facts| breaker.endings(facts, now)).collect();
        (!endings.is_empty()).then_some((breaker, endings))
    }

    pub(super) fn count(&self, rule: &RuleName, verdict: Verdict) {
        let labels = VerdictLabels { rule: rule.to_string(), verdict: verdict.as_str().to_owned() };
        self.metrics.verdicts.get_or_create(&labels).inc();
    }
}

fn pass_name(pass: &ScheduledPass) -> String {
    pass.repository.as_ref().map_or_else(|| "all repositories".to_owned(), ToString::to_string)
}
