//! What a replay found, for people and for machines. It holds counts, and no more of the lists than is shown.

use std::collections::BTreeMap;

use serde::Serialize;

use super::differences::{Change, Differences};
use crate::{
    cli::{
        anew::{Ends, Judged, counted, more, shown},
        follow::{Ended, Same, Who},
        show::{At, Paint, Tone, moment, table},
    },
    model::{RepositoryName, RuleName, RunAttempt, RunId, Timestamp},
};

/// What a replay found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    since: At,
    until: At,
    pub(super) deliveries: Deliveries,
    /// How often a run was judged.
    pub(super) decisions: u64,
    /// Actions that both rules want.
    unchanged: u64,
    added: Sum,
    removed: Sum,
    unknown: UnknownSum,
    /// How the re-runs that rules did have ended.
    pub(super) reruns: Ends,
    /// What rules only observed, and whether people did the same.
    observed: Vec<Observed>,
    changes: Vec<ChangeView>,
    unknowns: Vec<UnknownView>,
    #[serde(skip)]
    limit: usize,
}

/// What came of the deliveries.
#[derive(Debug, Default, Serialize)]
pub(super) struct Deliveries {
    pub(super) read: u64,
    /// Ticks of schedules and their shares.
    pub(super) passes: u64,
    /// What was asked for by hand is not judged by rules.
    pub(super) commands: u64,
    /// Not judged yet when it was read.
    pub(super) pending: u64,
    /// Nothing that a rule can listen to.
    pub(super) unused: u64,
    pub(super) unreadable: u64,
}

#[derive(Debug, Default, Serialize)]
struct Sum {
    actions: u64,
    /// Of the re-runs among them whose jobs are recorded.
    runner_minutes: u64,
    /// The re-runs among them whose jobs are not.
    without_estimate: u64,
    /// How those of them that happened ended.
    ended: Ends,
}

#[derive(Debug, Default, Serialize)]
struct UnknownSum {
    verdicts: u64,
    /// By fact, how often it is missing because no rule had asked for it.
    never_recorded: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize)]
struct Observed {
    rule: RuleName,
    action: String,
    /// How often it would have acted.
    times: u64,
    /// How often somebody else did the same.
    by_people: u64,
    /// How the runs ended then.
    ended: Ends,
    /// How often the ledger does not tell.
    untold: u64,
}

#[derive(Debug, Serialize)]
struct ChangeView {
    change: &'static str,
    decided_at: At,
    repository: RepositoryName,
    run: RunId,
    attempt: Option<RunAttempt>,
    rule: RuleName,
    action: String,
    then: String,
    now: String,
    runner_minutes: Option<u32>,
    ended: Option<Ended>,
}

#[derive(Debug, Serialize)]
struct UnknownView {
    decided_at: At,
    repository: RepositoryName,
    run: RunId,
    attempt: Option<RunAttempt>,
    rule: RuleName,
    reason: String,
    never_recorded: Vec<&'static str>,
}

impl Sum {
    fn add(&mut self, change: &Change) {
        self.actions += 1;
        if change.is_rerun {
            match change.runner_minutes {
                Some(minutes) => self.runner_minutes += u64::from(minutes),
                None => self.without_estimate += 1,
            }
        }
        if let Some(ended) = change.ended {
            self.ended.add(ended);
        }
    }

    fn text(&self) -> String {
        let mut text = counted(self.actions, "action");
        if self.runner_minutes > 0 {
            text.push_str(&format!(", about {}", counted(self.runner_minutes, "runner minute")));
        }
        if self.without_estimate > 0 {
            text.push_str(&format!(", {} without recorded jobs", counted(self.without_estimate, "re-run")));
        }
        if self.ended.total() > 0 {
            text.push_str(&format!("; of the re-runs {}", self.ended.text()));
        }
        text
    }
}

impl Report {
    /// An empty one that lists at most so many of each.
    pub(super) fn new(since: Timestamp, until: Timestamp, limit: u32) -> Self {
        Self {
            since: At(since),
            until: At(until),
            deliveries: Deliveries::default(),
            decisions: 0,
            unchanged: 0,
            added: Sum::default(),
            removed: Sum::default(),
            unknown: UnknownSum::default(),
            reruns: Ends::default(),
            observed: Vec::new(),
            changes: Vec::new(),
            unknowns: Vec::new(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        }
    }

    /// Counts what a rule only observed.
    pub(super) fn observe(&mut self, rule: &RuleName, action: String, same: &Same) {
        let known = self.observed.iter().position(|one| one.rule == *rule && one.action == action);
        let at = known.unwrap_or_else(|| {
            self.observed.push(Observed {
                rule: rule.clone(),
                action,
                times: 0,
                by_people: 0,
                ended: Ends::default(),
                untold: 0,
            });
            self.observed.len() - 1
        });
        if let Some(observed) = self.observed.get_mut(at) {
            observed.times += 1;
            match same {
                Same::Did(deed) if matches!(deed.who, Who::Person(_)) => {
                    observed.by_people += 1;
                    observed.ended.add(Ended::of(deed.conclusion.as_ref()));
                }
                Same::Did(_) | Same::Nobody { .. } => {}
                Same::Untold => observed.untold += 1,
            }
        }
    }

    /// Counts what came of a run.
    pub(super) fn add(&mut self, judged: &Judged, differences: Differences) {
        self.unchanged += differences.unchanged;
        for change in differences.changes {
            let sum = if change.is_added { &mut self.added } else { &mut self.removed };
            sum.add(&change);
            if self.changes.len() < self.limit {
                self.changes.push(ChangeView::new(judged, change));
            }
        }
        for unknown in judged.unknown() {
            self.unknown.verdicts += 1;
            for fact in &unknown.never_recorded {
                *self.unknown.never_recorded.entry(fact).or_default() += 1;
            }
            if self.unknowns.len() < self.limit {
                let run = &judged.facts.run;
                self.unknowns.push(UnknownView {
                    decided_at: At(judged.now),
                    repository: run.repository.clone(),
                    run: run.id,
                    attempt: run.attempt,
                    rule: unknown.rule.clone(),
                    reason: unknown.reason.clone(),
                    never_recorded: unknown.never_recorded.iter().copied().collect(),
                });
            }
        }
    }

    /// For people.
    pub(super) fn text(&self, paint: Paint) -> String {
        let deliveries = &self.deliveries;
        let mut text = format!(
            "{} since {}, runs judged {}\n\n",
            counted(deliveries.read, "delivery").replace("deliverys", "deliveries"),
            moment(self.since.0),
            counted(self.decisions, "time"),
        );
        text.push_str(&format!("  unchanged  {}\n", counted(self.unchanged, "action")));
        text.push_str(&format!("  added      {}\n", self.added.text()));
        text.push_str(&format!("  removed    {}\n", self.removed.text()));
        text.push_str(&format!("  unknown    {}\n", counted(self.unknown.verdicts, "verdict")));
        if self.reruns.total() > 0 {
            let happened = counted(self.reruns.total(), "re-run");
            text.push_str(&format!("\n{happened} by rules did happen: {}\n", self.reruns.text()));
        }
        for observed in &self.observed {
            text.push_str(&observed.text());
        }
        text.push_str(&self.changes_text());
        text.push_str(&self.unknowns_text());
        for hint in self.hints() {
            text.push_str(&format!("{} {hint}\n", paint.text(Tone::Strong, "note:")));
        }
        text
    }

    fn changes_text(&self) -> String {
        if self.changes.is_empty() {
            return String::new();
        }
        let rows: Vec<[String; 8]> = self.changes.iter().map(ChangeView::cells).collect();
        let heading = ["change", "time", "repository", "run", "attempt", "rule → action", "then", "now"];
        format!("\n{}", table(heading, &rows)) + &more(self.added.actions + self.removed.actions, rows.len())
    }

    fn unknowns_text(&self) -> String {
        if self.unknowns.is_empty() {
            return String::new();
        }
        let rows: Vec<[String; 6]> = self.unknowns.iter().map(UnknownView::cells).collect();
        let heading = ["unknown at", "repository", "run", "attempt", "rule", "why"];
        format!("\n{}", table(heading, &rows)) + &more(self.unknown.verdicts, rows.len())
    }

    fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        if !self.unknown.never_recorded.is_empty() {
            let facts: Vec<String> =
                self.unknown.never_recorded.iter().map(|(fact, times)| format!("{fact} ({times})")).collect();
            hints.push(format!(
                "never recorded, since no rule had asked for it: {}. With `mode: observe` the daemon records it from now on",
                facts.join(", ")
            ));
        }
        let Deliveries { passes, pending, unreadable, .. } = &self.deliveries;
        if *passes > 0 {
            hints.push(
                "of a schedule only the runs that it acted on are recorded: they are judged without `keep`"
                    .to_owned(),
            );
        }
        if *pending > 0 {
            hints.push(format!("{pending} not judged yet, left out"));
        }
        if *unreadable > 0 {
            hints.push(format!("{unreadable} cannot be read by this version, left out"));
        }
        hints
    }
}

impl Observed {
    fn text(&self) -> String {
        let mut text = format!(
            "\n{} only observed ({}): {}, people did the same {}",
            self.rule,
            self.action,
            counted(self.times, "time"),
            counted(self.by_people, "time")
        );
        if self.by_people > 0 {
            text.push_str(&format!(": {}", self.ended.text()));
        }
        if self.untold > 0 {
            text.push_str(&format!("; {} the ledger does not tell", counted(self.untold, "time")));
        }
        text.push('\n');
        text
    }
}

impl ChangeView {
    fn new(judged: &Judged, change: Change) -> Self {
        let run = &judged.facts.run;
        Self {
            change: if change.is_added { "added" } else { "removed" },
            decided_at: At(judged.now),
            repository: run.repository.clone(),
            run: run.id,
            attempt: run.attempt,
            rule: change.rule,
            action: change.action,
            then: change.then,
            now: change.now,
            runner_minutes: change.runner_minutes,
            ended: change.ended,
        }
    }

    fn cells(&self) -> [String; 8] {
        let ended = match self.ended {
            Some(Ended::Passed) => ", the re-run passed",
            Some(Ended::Failed) => ", the re-run failed",
            Some(Ended::Otherwise | Ended::Unknown) | None => "",
        };
        [
            self.change.to_owned(),
            moment(self.decided_at.0),
            self.repository.to_string(),
            self.run.to_string(),
            shown(self.attempt),
            format!("{} → {}", self.rule, self.action),
            format!("{}{ended}", self.then),
            self.now.clone(),
        ]
    }
}

impl UnknownView {
    fn cells(&self) -> [String; 6] {
        let never = self.never_recorded.join(", ");
        [
            moment(self.decided_at.0),
            self.repository.to_string(),
            self.run.to_string(),
            shown(self.attempt),
            self.rule.to_string(),
            if never.is_empty() { self.reason.clone() } else { format!("never recorded: {never}") },
        ]
    }
}
