//! The shell around the core: it gathers facts, has them judged, and carries out what was planned. The only
//! place where store, GitHub and rules meet.

mod apply;
mod archive;
mod command;
mod decide;
mod execute;
mod gather;
mod hindsight;
mod intake;
mod judge;
mod listing;
mod logs;
mod look;
mod notify;
mod outdated;
mod perform;
mod pull_event;
mod pulls;
mod schedule;
mod starting;
mod surroundings;
mod tell;
mod underway;

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

pub use command::{Asked, CommandError};
pub use decide::Decider;
pub use execute::Executor;
pub use hindsight::{Hindsight, Moment, Stop};
pub use judge::went_over;
pub use schedule::Scheduler;

use crate::{
    clock::Clock,
    github::GitHub,
    metrics::Metrics,
    model::{Action, PlannedAction, RuleName, Timestamp, Via},
    rules::{Mode, Ruleset},
    sightings::Sightings,
    store::Store,
};

/// What the workers share. Clones share it too.
#[derive(Clone)]
pub struct Pipeline {
    /// The ledger.
    pub store: Store,
    /// GitHub.
    pub github: GitHub,
    /// The time.
    pub clock: Clock,
    /// What this process's webhooks have told.
    pub sightings: Sightings,
    /// What is counted.
    pub metrics: Metrics,
    gatherer: Gatherer,
    listed: listing::Listed,
    starting: starting::Starting,
    /// One at a time, so that two runs of one pull request do not both find that there is no comment yet.
    telling: Arc<tokio::sync::Mutex<()>>,
}

/// What finds out what rules ask for; it changes nothing anywhere. Clones share what it knows.
#[derive(Clone)]
struct Gatherer {
    github: GitHub,
    clock: Clock,
    sightings: Sightings,
    rules: Arc<RwLock<Arc<Ruleset>>>,
    logs: logs::Logs,
    /// What has been done before. Without a ledger that is nothing, and what is judged lies in the past.
    ledger: Option<Store>,
    /// How the paths of files begin that logs are written to for a moment.
    spool: PathBuf,
}

/// What one step of a worker did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// How many items it finished or began.
    pub worked: usize,
    /// How many items are under way.
    pub in_flight: usize,
    /// When the worker is next due, if time alone makes work.
    pub next_due: Option<Timestamp>,
}

impl Progress {
    /// Whether nothing was done and nothing is under way.
    #[must_use]
    pub fn is_idle(self) -> bool {
        self.worked == 0 && self.in_flight == 0
    }
}

impl Pipeline {
    /// Joins the handles on the world with the rules.
    #[must_use]
    pub fn new(store: Store, github: GitHub, clock: Clock, metrics: Metrics, ruleset: Ruleset) -> Self {
        let spool = store.path().to_owned();
        let gatherer = Gatherer::new(github.clone(), clock.clone(), ruleset, spool, Some(store.clone()));
        Self {
            store,
            github,
            clock,
            sightings: gatherer.sightings.clone(),
            metrics,
            gatherer,
            listed: listing::Listed::default(),
            starting: starting::Starting::default(),
            telling: Arc::default(),
        }
    }

    /// The rules that hold now.
    #[must_use]
    pub fn rules(&self) -> Arc<Ruleset> {
        self.gatherer.rules()
    }

    /// Puts other rules in place; what was planned under the old ones stays planned, unless its rule is gone,
    /// off or only observing by then.
    pub fn set_rules(&self, ruleset: Ruleset) {
        *self.gatherer.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ruleset);
    }

    /// Why an action planned earlier cannot or must not be carried out now, whatever GitHub says.
    fn why_impossible(&self, plan: &PlannedAction) -> Option<String> {
        let needs_reviewer = match &plan.action {
            Action::ReviewDeployments(review) => review.via != Some(Via::ProtectionRule),
            Action::Rerun(_)
            | Action::Cancel
            | Action::ForceCancel(_)
            | Action::ApproveRun(_)
            | Action::ArchiveLogs(_)
            | Action::Notify(_)
            | Action::Check(_)
            | Action::Comment(_)
            | Action::Label(_)
            | Action::DeleteRun
            | Action::DeleteLogs => false,
        };
        if needs_reviewer && !self.github.has_reviewer() {
            let why = "no reviewer's token is configured (github.reviewer), and an App cannot be a required reviewer";
            return Some(why.to_owned());
        }
        self.why_withdrawn(&plan.rule)
    }

    /// Why a rule no longer wants what it wanted; a command has no rule.
    fn why_withdrawn(&self, rule: &RuleName) -> Option<String> {
        if [RuleName::COMMAND, RuleName::BREAKER].contains(&rule.as_str()) {
            return None;
        }
        let rules = self.rules();
        match rules.rule(rule).map(|found| rules.mode_of(found)) {
            None => Some(format!("rule {rule} is no longer in the configuration")),
            Some(Mode::Off) => Some(format!("rule {rule} has been switched off")),
            Some(Mode::Observe) => Some(format!("rule {rule} only observes now")),
            Some(Mode::Enforce) => None,
        }
    }
}

impl Gatherer {
    fn new(github: GitHub, clock: Clock, ruleset: Ruleset, spool: PathBuf, ledger: Option<Store>) -> Self {
        Self {
            github,
            clock,
            sightings: Sightings::new(),
            rules: Arc::new(RwLock::new(Arc::new(ruleset))),
            logs: logs::Logs::default(),
            ledger,
            spool,
        }
    }

    fn rules(&self) -> Arc<Ruleset> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
