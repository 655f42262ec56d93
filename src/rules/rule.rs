//! A rule, compiled: what makes it look, when it applies, what it does, and within which bounds.

use std::collections::BTreeMap;

use super::{Condition, Expectation, OwnTest, Pattern, Template, Word};
use crate::model::{
    Action, ActionKind, Bounds, Breaker, Ceiling, Facts, Rate, RepositoryName, RuleName, Signal,
};

/// All rules of a file, in its order, with the file's own mode.
#[derive(Debug, Clone, Default)]
pub struct Ruleset {
    /// The file's mode; no rule is stricter in acting than the file allows.
    pub mode: Mode,
    /// The rules in file order: of several that match one run, the first acts.
    pub rules: Vec<Rule>,
    /// What no rule may go beyond.
    pub ceilings: Ceilings,
    /// What holds re-runs while too much fails.
    pub breaker: Option<Breaker>,
}

impl Ruleset {
    /// The mode that holds for a rule: the more cautious of its own and the file's.
    #[must_use]
    pub fn mode_of(&self, rule: &Rule) -> Mode {
        self.mode.min(rule.mode)
    }

    /// Whether webhooks of the signal are wanted: some rule that is not off listens, or the breaker counts them.
    #[must_use]
    pub fn wants(&self, signal: Signal) -> bool {
        let counts = self.breaker.as_ref().is_some_and(|breaker| match signal {
            Signal::RunCompleted => breaker.per_workflow,
            Signal::JobCompleted => breaker.per_runner_label,
            _ => false,
        });
        counts || self.listens_to(signal)
    }

    /// The patterns of all rules that a job's log has to be searched for, so that one search serves all.
    #[must_use]
    pub fn log_patterns(&self) -> Vec<&Pattern> {
        let mut patterns = BTreeMap::new();
        self.rules.iter().for_each(|rule| rule.when.log_patterns(&mut patterns));
        patterns.into_values().collect()
    }

    /// Whether some rule that is not off listens to the signal.
    #[must_use]
    pub fn listens_to(&self, signal: Signal) -> bool {
        self.rules
            .iter()
            .any(|rule| self.mode_of(rule) != Mode::Off && rule.on.contains(&Trigger::Signal(signal)))
    }

    /// Whether some rule that is not off listens to what the facts are about.
    #[must_use]
    pub fn listens(&self, facts: &Facts) -> bool {
        self.rules.iter().any(|rule| self.mode_of(rule) != Mode::Off && rule.listens(facts))
    }

    /// What bounds an action of that kind by the rule of that name. What is asked for by hand has no rule and no
    /// bounds.
    #[must_use]
    pub fn bounds_of(&self, rule: &RuleName, kind: ActionKind) -> Bounds {
        self.rule(rule).map(|rule| self.bounds(rule, kind)).unwrap_or_default()
    }

    /// What bounds a rule's action of that kind: the rule's own limits and the file's ceilings.
    pub(super) fn bounds(&self, rule: &Rule, kind: ActionKind) -> Bounds {
        let ceilings = &self.ceilings;
        let is_rerun = kind == ActionKind::Rerun;
        let over_time = [
            (Ceiling::RuleInRepository, rule.limits.per_repository),
            (Ceiling::Repository, ceilings.actions_per_repository),
            (Ceiling::Total, ceilings.actions_total),
            (Ceiling::RunnerMinutes, ceilings.runner_minutes.filter(|_| is_rerun)),
        ];
        let rates = over_time.into_iter().filter_map(|(ceiling, rate)| Some((ceiling, rate?)));
        Bounds {
            per_run: rule.limits.per_run,
            reruns_per_run: ceilings.reruns_per_run.filter(|_| is_rerun),
            running: rule.limits.running.filter(|_| kind.sets_going()),
            breaker: self.breaker.clone().filter(|_| is_rerun),
            rates: if kind.is_counted() { rates.collect() } else { Vec::new() },
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn rule(&self, name: &RuleName) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == *name)
    }
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, unique in the file.
    pub name: RuleName,
    /// What makes it look.
    pub on: Vec<Trigger>,
    /// When it applies.
    pub when: Condition,
    /// What it does, in order; at most one of a kind.
    pub then: Vec<Action>,
    /// The comment of a review, compiled, where `then` has one.
    pub comment: Option<Template>,
    /// Which runs it spares.
    pub keep: Option<Keep>,
    /// Its bounds.
    pub limits: Limits,
    /// Whether it acts.
    pub mode: Mode,
}

impl Rule {
    /// Its schedule, if it has one.
    #[must_use]
    pub fn schedule(&self) -> Option<(&str, &str)> {
        self.on.iter().find_map(|trigger| match trigger {
            Trigger::Schedule { cron, zone } => Some((cron.as_str(), zone.as_str())),
            Trigger::Signal(_) => None,
        })
    }

    /// Whether it listens to what the facts are about. A job that waits is a wait that names its job.
    #[must_use]
    pub fn listens(&self, facts: &Facts) -> bool {
        let waits = facts.signal == Signal::DeploymentWaiting && facts.job.is_some();
        self.on.contains(&Trigger::Signal(facts.signal))
            || (waits && self.on.contains(&Trigger::Signal(Signal::JobWaiting)))
    }

    /// Whether it may be about a repository of that name.
    #[must_use]
    pub fn is_about(&self, repository: &RepositoryName) -> bool {
        self.when.required(Word::Repository).iter().all(|expectation| match expectation {
            Expectation::Matches(patterns) => Pattern::accept(patterns, &[repository.as_str()]),
            Expectation::Number(_) | Expectation::Duration(_) | Expectation::Is(_) => true,
        })
    }

    /// Whether it asks where runs wait: by its conditions, or by what it does.
    #[must_use]
    pub fn asks_for_gates(&self) -> bool {
        let mut asked = self.then.iter().any(|action| matches!(action, Action::ReviewDeployments(_)));
        self.when.visit(false, &mut |test, _| {
            asked |= matches!(test.word, Word::Environment | Word::PendingFor | Word::NewerPending);
        });
        asked
    }

    /// Whether it counts runs under way, so that what it sets going counts for the next run that it judges.
    #[must_use]
    pub fn counts_running(&self) -> bool {
        self.when.own_tests().iter().any(|test| matches!(test, OwnTest::Running(_)))
    }

    /// Whether `then` has an action of that kind.
    #[must_use]
    pub fn does(&self, kind: ActionKind) -> bool {
        self.then.iter().any(|action| action.kind() == kind)
    }
}

/// What makes a rule look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A webhook.
    Signal(Signal),
    /// The clock: five cron fields in a zone, both checked when the file was loaded.
    Schedule {
        /// `minute hour day-of-month month day-of-week`
        cron: String,
        /// An IANA zone's name.
        zone: String,
    },
}

/// Whether a rule acts. Ordered by caution: `Off` < `Observe` < `Enforce`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Mode {
    /// Not judged at all.
    Off,
    /// Judged and recorded; nothing is done.
    Observe,
    /// Judged, recorded and done.
    #[default]
    Enforce,
}

impl Mode {
    /// The words of the YAML.
    pub const WORDS: [(&'static str, Self); 3] =
        [("enforce", Self::Enforce), ("observe", Self::Observe), ("off", Self::Off)];

    /// Its word in the YAML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, mode)| *mode == self).map_or("", |(word, _)| word)
    }
}

/// Runs that a rule spares: the newest of each group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// How many of each group.
    pub newest: u32,
    /// What makes a group; empty for the whole repository.
    pub per: Vec<KeepPer>,
    /// Which runs count towards the newest.
    pub counting: KeepCounting,
    /// By which time they are ordered.
    pub by: KeepBy,
}

/// Which runs count towards the newest that `keep` spares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepCounting {
    /// Those that fulfil the rule's conditions.
    #[default]
    Matched,
    /// All of the repository.
    All,
}

impl KeepCounting {
    /// The words of the YAML.
    pub const WORDS: [(&'static str, Self); 2] = [("matched", Self::Matched), ("all", Self::All)];
}

/// By which time `keep` orders runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepBy {
    /// When the run was created; a re-run does not change it.
    #[default]
    Created,
    /// When the run last changed.
    Updated,
}

impl KeepBy {
    /// The words of the YAML.
    pub const WORDS: [(&'static str, Self); 2] = [("created", Self::Created), ("updated", Self::Updated)];
}

/// What `keep` groups by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepPer {
    /// The workflow.
    Workflow,
    /// The head branch.
    Branch,
    /// The triggering event.
    Event,
    /// The conclusion.
    Conclusion,
    /// The day in UTC, of the time that runs are ordered by.
    Day,
}

impl KeepPer {
    /// The words of the YAML.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("workflow", Self::Workflow),
        ("branch", Self::Branch),
        ("event", Self::Event),
        ("conclusion", Self::Conclusion),
        ("day", Self::Day),
    ];
}

/// A rule's bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How often each of its actions may be planned for one run, over all attempts.
    pub per_run: Option<u32>,
    /// How many actions one tick of its schedule may plan in one repository.
    pub per_pass: Option<u32>,
    /// How many of its actions there may be in one repository in some time.
    pub per_repository: Option<Rate>,
    /// How many runs of one repository that it has set going may be under way.
    pub running: Option<u32>,
}

/// What no rule of the file may go beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ceilings {
    /// How many re-runs of one run there may be, by all rules together.
    pub reruns_per_run: Option<u32>,
    /// How many actions there may be in one repository in some time.
    pub actions_per_repository: Option<Rate>,
    /// How many actions there may be in all in some time.
    pub actions_total: Option<Rate>,
    /// A run with more failed jobs is not re-run.
    pub failed_jobs: Option<u32>,
    /// How many runner minutes re-runs may take in some time, as estimated.
    pub runner_minutes: Option<Rate>,
}

impl Ceilings {
    /// Whether a re-run has to be judged by its run's jobs.
    #[must_use]
    pub fn ask_for_jobs(&self) -> bool {
        self.failed_jobs.is_some() || self.runner_minutes.is_some()
    }
}
