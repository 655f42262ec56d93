//! How often a rule was asked, what it would have done, and how often people did the same.

use serde::Serialize;

use super::{of_run::OfPass, people::People};
use crate::{
    cli::{
        anew::{Ends, counted},
        show::{Paint, Tone, clean, what_it_does},
    },
    model::{Action, ActionState, PlannedAction, RerunScope, RuleName, Signal, Verdict, Via},
    rules::{Mode, Rule, Ruleset, Trigger},
};

/// What came of one rule.
#[derive(Debug, Serialize)]
pub(super) struct RuleSum {
    pub(super) rule: RuleName,
    mode: &'static str,
    /// How often it was asked.
    judged: u64,
    matched: u64,
    /// How many runs `keep` spares.
    kept: u64,
    pub(super) unknown: u64,
    /// What it listens to that is not tried.
    not_tried: Vec<String>,
    /// How many runs `limits.per_pass` leaves for the next pass.
    left: u64,
    actions: Vec<ActionSum>,
}

/// One kind of thing that a rule would have done.
#[derive(Debug, Serialize)]
struct ActionSum {
    action: String,
    /// How often it would be done.
    times: u64,
    /// How often the look before the act would have refused it.
    refused: u64,
    /// How often a limit of the rule or of the run held it back.
    limited: u64,
    /// How often another rule came first.
    shadowed: u64,
    runner_minutes: u64,
    /// The re-runs whose jobs are not known.
    without_estimate: u64,
    people: PeopleSum,
}

/// What people did in its place.
#[derive(Debug, Default, Serialize)]
struct PeopleSum {
    same: u64,
    opposite: u64,
    nothing: u64,
    untold: u64,
    /// How the re-runs that they asked for ended.
    ended: Ends,
}

impl RuleSum {
    pub(super) fn new(ruleset: &Ruleset, rule: &Rule) -> Self {
        let mode = ruleset.mode_of(rule);
        let not_tried = rule.on.iter().filter_map(|trigger| match trigger {
            Trigger::Signal(signal) if !is_tried(*signal, rule) => Some(signal.to_string()),
            Trigger::Signal(_) | Trigger::Schedule { .. } => None,
        });
        Self {
            rule: rule.name.clone(),
            mode: mode.as_str(),
            judged: 0,
            matched: 0,
            kept: 0,
            unknown: 0,
            not_tried: if mode == Mode::Off { Vec::new() } else { not_tried.collect() },
            left: 0,
            actions: Vec::new(),
        }
    }

    /// Counts a verdict; what is unknown is counted where it is listed.
    pub(super) fn count(&mut self, verdict: Verdict) {
        self.judged += u64::from(verdict != Verdict::Off);
        self.matched += u64::from(verdict == Verdict::Matched);
    }

    /// Counts what its schedule found.
    pub(super) fn pass(&mut self, pass: &OfPass) {
        self.judged += pass.listed as u64;
        self.matched += pass.matched as u64;
        self.kept += pass.kept as u64;
        self.left += pass.left as u64;
    }

    /// Counts an action.
    pub(super) fn add(&mut self, action: &PlannedAction, runner_minutes: Option<u32>, people: &People) {
        let what = match &action.action {
            Action::Rerun(rerun) if matches!(rerun.scope, RerunScope::Job(_)) => "re-run the job".to_owned(),
            action => what_it_does(action),
        };
        let known = self.actions.iter().position(|sum| sum.action == what);
        let at = known.unwrap_or_else(|| {
            self.actions.push(ActionSum::new(what));
            self.actions.len() - 1
        });
        if let Some(sum) = self.actions.get_mut(at) {
            sum.add(action, runner_minutes, people);
        }
    }

    /// How many actions it wanted, done or not.
    pub(super) fn wanted(&self) -> u64 {
        self.actions.iter().map(|sum| sum.times + sum.refused + sum.limited + sum.shadowed).sum()
    }

    /// For people.
    pub(super) fn text(&self, paint: Paint) -> String {
        let name = paint.text(Tone::Strong, self.rule.as_str());
        if self.mode == "off" {
            return format!("\n{name}: off\n");
        }
        let observes = if self.mode == "observe" { " (observe)" } else { "" };
        let mut text =
            format!("\n{name}{observes}: judged {}, matched {}", counted(self.judged, "time"), self.matched);
        if self.kept > 0 {
            text.push_str(&format!(", {} kept", self.kept));
        }
        if self.unknown > 0 {
            text.push_str(&format!(", unknown {}", self.unknown));
        }
        text.push('\n');
        if !self.not_tried.is_empty() {
            let names = self.not_tried.join(", ");
            text.push_str(&format!("  not tried: {names}\n"));
        }
        for action in &self.actions {
            text.push_str(&action.text());
        }
        if self.left > 0 {
            text.push_str(&format!(
                "  {} left for the next pass by limits.per_pass\n",
                counted(self.left, "run")
            ));
        }
        text
    }
}

impl ActionSum {
    fn new(action: String) -> Self {
        Self {
            action,
            times: 0,
            refused: 0,
            limited: 0,
            shadowed: 0,
            runner_minutes: 0,
            without_estimate: 0,
            people: PeopleSum::default(),
        }
    }

    fn add(&mut self, action: &PlannedAction, runner_minutes: Option<u32>, people: &People) {
        match action.state {
            ActionState::Refused => return self.refused += 1,
            ActionState::Limited => return self.limited += 1,
            ActionState::Shadowed => return self.shadowed += 1,
            _ => self.times += 1,
        }
        if matches!(action.action, Action::Rerun(_)) {
            match runner_minutes {
                Some(minutes) => self.runner_minutes += u64::from(minutes),
                None => self.without_estimate += 1,
            }
        }
        match people {
            People::Same { ended, .. } => {
                self.people.same += 1;
                if let Some(ended) = ended {
                    self.people.ended.add(*ended);
                }
            }
            People::Opposite { .. } => self.people.opposite += 1,
            People::Nothing => self.people.nothing += 1,
            People::Untold => self.people.untold += 1,
        }
    }

    fn text(&self) -> String {
        let mut text = match self.times {
            0 => format!("  would not {} after all", clean(&self.action)),
            times => format!("  would {} {}", clean(&self.action), counted(times, "time")),
        };
        if self.runner_minutes > 0 {
            text.push_str(&format!(", about {}", counted(self.runner_minutes, "runner minute")));
        }
        let others = [
            (self.refused, "refused before the act"),
            (self.limited, "held by limits"),
            (self.shadowed, "left to another rule"),
        ];
        for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
            text.push_str(&format!(", {count} {what}"));
        }
        let people = &self.people;
        if people.same > 0 {
            text.push_str(&format!("; somebody did {}", counted(people.same, "time")));
        }
        if people.ended != Ends::default() {
            text.push_str(&format!(" ({})", people.ended.text()));
        }
        for (count, what) in [(people.opposite, "somebody did the opposite"), (people.nothing, "nobody did")]
        {
            if count > 0 {
                text.push_str(&format!("; {what} {}", counted(count, "time")));
            }
        }
        text.push('\n');
        text
    }
}

/// Whether GitHub tells afterwards what such webhooks were about.
fn is_tried(signal: Signal, rule: &Rule) -> bool {
    match signal {
        Signal::RunRequested | Signal::RunInProgress | Signal::RunCompleted | Signal::JobCompleted => true,
        // What the App's own protection rule is asked leaves no trace.
        Signal::DeploymentWaiting => rule.then.iter().any(|action| match action {
            Action::ReviewDeployments(review) => review.via != Some(Via::ProtectionRule),
            _ => true,
        }),
        _ => false,
    }
}
