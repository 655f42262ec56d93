//! What a try found, for people and for machines. It holds counts, and no more of the lists than is shown.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    TryArgs,
    of_run::{OfPass, Tried},
    people::{People, what_people_did},
    sums::RuleSum,
};
use crate::{
    cli::{
        anew::{Judged, counted, more, shown},
        show::{At, Paint, Tone, moment, table, what_it_does},
    },
    model::{
        Action, ActionState, Fact, Facts, Guard, PlannedAction, RepositoryName, RuleName, RunAttempt, RunId,
        RunSnapshot, Timestamp,
    },
    rules::{Rule, Ruleset},
};

/// What a try found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    repository: RepositoryName,
    since: At,
    until: At,
    runs: Runs,
    requests: Requests,
    /// Why it ended before it was through.
    ended_early: Option<String>,
    rules: Vec<RuleSum>,
    /// What GitHub tells of the present only, and how often a verdict rests on it.
    by_the_present: BTreeMap<&'static str, u64>,
    actions: Vec<ActionView>,
    unknowns: Vec<UnknownView>,
    #[serde(skip)]
    limit: usize,
    /// What would bound some of the actions, and is not tried.
    not_held: BTreeSet<&'static str>,
}

/// What came of the runs.
#[derive(Debug, Default, Serialize)]
struct Runs {
    listed: u64,
    tried: u64,
    failed: Vec<NotTried>,
    /// What of runs cannot be tried afterwards, for any rule.
    left_out: Vec<NotTried>,
}

/// Why runs, or a schedule, were not tried.
#[derive(Debug, Serialize)]
struct NotTried {
    why: String,
    times: u64,
}

impl NotTried {
    fn count(all: &mut Vec<Self>, why: String) {
        match all.iter_mut().find(|known| known.why == why) {
            Some(known) => known.times += 1,
            None => all.push(Self { why, times: 1 }),
        }
    }
}

#[derive(Debug, Default, Serialize)]
struct Requests {
    made: u32,
    most: u32,
}

#[derive(Debug, Serialize)]
struct ActionView {
    at: At,
    run: RunId,
    attempt: RunAttempt,
    url: Option<String>,
    rule: RuleName,
    action: String,
    state: ActionState,
    reason: Option<String>,
    runner_minutes: Option<u32>,
    people: People,
}

#[derive(Debug, Serialize)]
struct UnknownView {
    at: At,
    run: RunId,
    attempt: Option<RunAttempt>,
    url: Option<String>,
    rule: RuleName,
    reason: String,
}

impl Report {
    /// An empty one.
    pub(super) fn new(args: &TryArgs, ruleset: &Ruleset, since: Timestamp, until: Timestamp) -> Self {
        Self {
            repository: args.repository.clone(),
            since: At(since),
            until: At(until),
            runs: Runs::default(),
            requests: Requests { made: 0, most: args.requests },
            ended_early: None,
            rules: ruleset.rules.iter().map(|rule| RuleSum::new(ruleset, rule)).collect(),
            by_the_present: BTreeMap::new(),
            actions: Vec::new(),
            unknowns: Vec::new(),
            limit: usize::try_from(args.limit).unwrap_or(usize::MAX),
            not_held: BTreeSet::new(),
        }
    }

    /// Whether nothing was left out.
    pub(super) fn is_whole(&self) -> bool {
        self.ended_early.is_none() && self.runs.failed.is_empty()
    }

    /// Says why there is no more; what is said first stands.
    pub(super) fn end_early(&mut self, why: String) {
        self.ended_early.get_or_insert(why);
    }

    /// How many runs there are.
    pub(super) fn listed(&mut self, runs: &[RunSnapshot]) {
        self.runs.listed = runs.len() as u64;
    }

    /// Says why a run, or a schedule, could not be tried.
    pub(super) fn failed(&mut self, why: String) {
        NotTried::count(&mut self.runs.failed, why);
    }

    /// How many requests were made.
    pub(super) fn requests(&mut self, made: u32) {
        self.requests.made = made;
    }

    /// Counts what came of one run.
    pub(super) fn run(&mut self, tried: Vec<Tried>, left_out: Option<&str>, is_whole: bool) {
        self.runs.tried += u64::from(is_whole);
        if let Some(what) = left_out {
            NotTried::count(&mut self.runs.left_out, what.to_owned());
        }
        for Tried { judged, after } in tried {
            for fact in by_the_present(&judged.facts) {
                *self.by_the_present.entry(fact).or_default() += 1;
            }
            for verdict in &judged.verdicts {
                if let Some(sum) = self.sum_of(&verdict.rule) {
                    sum.count(verdict.verdict);
                }
            }
            self.judged(&judged, |action| what_people_did(action, &after));
        }
    }

    /// Counts what a schedule would do now.
    pub(super) fn pass(&mut self, rule: &Rule, pass: &OfPass) {
        if let Some(sum) = self.sum_of(&rule.name) {
            sum.pass(pass);
        }
        for judged in &pass.judged {
            self.judged(judged, |_| People::Untold);
        }
    }

    fn judged(&mut self, judged: &Judged, people: impl Fn(&PlannedAction) -> People) {
        let run = &judged.facts.run;
        for action in &judged.actions {
            self.not_held.extend(not_held(action));
            let (people, runner_minutes) = (people(action), judged.minutes(&action.action));
            if let Some(sum) = self.sum_of(&action.rule) {
                sum.add(action, runner_minutes, &people);
            }
            if self.actions.len() < self.limit {
                self.actions.push(ActionView {
                    at: At(judged.now),
                    run: run.id,
                    attempt: action.attempt,
                    url: run.html_url.clone(),
                    rule: action.rule.clone(),
                    action: what_it_does(&action.action),
                    state: action.state,
                    reason: action.reason.clone(),
                    runner_minutes,
                    people,
                });
            }
        }
        for unknown in judged.unknown() {
            if let Some(sum) = self.sum_of(&unknown.rule) {
                sum.unknown += 1;
            }
            if self.unknowns.len() < self.limit {
                self.unknowns.push(UnknownView {
                    at: At(judged.now),
                    run: run.id,
                    attempt: run.attempt,
                    url: run.html_url.clone(),
                    rule: unknown.rule.clone(),
                    reason: unknown.reason.clone(),
                });
            }
        }
    }

    fn sum_of(&mut self, rule: &RuleName) -> Option<&mut RuleSum> {
        self.rules.iter_mut().find(|sum| sum.rule == *rule)
    }

    /// For people.
    pub(super) fn text(&self, paint: Paint) -> String {
        let mut text = format!(
            "{} since {}: {}, {} of them tried, with {} of at most {}\n",
            self.repository,
            moment(self.since.0),
            counted(self.runs.listed, "run"),
            self.runs.tried,
            counted(u64::from(self.requests.made), "request"),
            self.requests.most,
        );
        for rule in &self.rules {
            text.push_str(&rule.text(paint));
        }
        text.push_str(&self.actions_text());
        text.push_str(&self.unknowns_text());
        text.push('\n');
        for note in self.notes() {
            text.push_str(&format!("{} {note}\n", paint.text(Tone::Strong, "note:")));
        }
        text
    }

    fn actions_text(&self) -> String {
        if self.actions.is_empty() {
            return String::new();
        }
        let rows: Vec<[String; 6]> = self.actions.iter().map(ActionView::cells).collect();
        let heading = ["time", "run", "attempt", "rule → action", "would be", "people"];
        let all = self.rules.iter().map(RuleSum::wanted).sum();
        format!("\n{}", table(heading, &rows)) + &more(all, rows.len())
    }

    fn unknowns_text(&self) -> String {
        if self.unknowns.is_empty() {
            return String::new();
        }
        let rows: Vec<[String; 5]> = self.unknowns.iter().map(UnknownView::cells).collect();
        let heading = ["unknown at", "run", "attempt", "rule", "why"];
        let all = self.rules.iter().map(|rule| rule.unknown).sum();
        format!("\n{}", table(heading, &rows)) + &more(all, rows.len())
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(why) = &self.ended_early {
            notes.push(format!("it is not through: {why}"));
        }
        for NotTried { why, times } in self.runs.failed.iter().chain(&self.runs.left_out) {
            notes.push(format!("not tried: {why} ({})", counted(*times, "time")));
        }
        if !self.by_the_present.is_empty() {
            let facts: Vec<String> =
                self.by_the_present.iter().map(|(fact, times)| format!("{fact} ({times})")).collect();
            notes.push(format!("judged by what GitHub shows now, not then: {}", facts.join(", ")));
        }
        if !self.not_held.is_empty() {
            let names: Vec<&str> = self.not_held.iter().copied().collect();
            notes.push(format!("not tried, so that less may be done than is shown: {}", names.join(", ")));
        }
        notes.push("nothing was changed: it only read".to_owned());
        notes
    }
}

impl ActionView {
    fn cells(&self) -> [String; 6] {
        let state = match (self.state, &self.reason) {
            (ActionState::Planned, _) => "done".to_owned(),
            (state, Some(reason)) => format!("{state} ({reason})"),
            (state, None) => state.to_string(),
        };
        [
            moment(self.at.0),
            self.run.to_string(),
            self.attempt.to_string(),
            format!("{} → {}", self.rule, self.action),
            state,
            self.people.text(),
        ]
    }
}

impl UnknownView {
    fn cells(&self) -> [String; 5] {
        [
            moment(self.at.0),
            self.run.to_string(),
            shown(self.attempt),
            self.rule.to_string(),
            self.reason.clone(),
        ]
    }
}

/// What bounds the action over time or by what goes on, and is not tried.
fn not_held(action: &PlannedAction) -> impl Iterator<Item = &'static str> {
    let bounds = &action.bounds;
    [
        ("limits over time", !bounds.rates.is_empty()),
        ("limits.running", bounds.running.is_some()),
        ("the breaker", bounds.breaker.is_some()),
        ("guard newer_commit", guards_against(action, Guard::NewerCommit)),
    ]
    .into_iter()
    .filter_map(|(name, is_there)| is_there.then_some(name))
}

fn guards_against(action: &PlannedAction, guard: Guard) -> bool {
    matches!(&action.action, Action::Rerun(rerun) if !rerun.skip_guards.contains(&guard))
}

/// What the facts hold that may have been otherwise then.
fn by_the_present(facts: &Facts) -> impl Iterator<Item = &'static str> {
    let details = &facts.details;
    [
        ("repository", details.repository.known().is_ok()),
        ("workflow_state", details.workflow_state.known().is_ok()),
        ("tag", details.tag.known().is_ok()),
        ("newer_run", details.newer_run == Fact::Known(false)),
        ("pull_request", details.pulls.known().is_ok()),
        ("contributions", details.contributions.known().is_ok()),
        ("teams", !details.teams.is_empty()),
    ]
    .into_iter()
    .filter_map(|(name, is_there)| is_there.then_some(name))
}
