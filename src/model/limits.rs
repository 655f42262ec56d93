//! Ceilings: how much may be done in how much time, and what one action takes of that.

use std::{fmt, time::Duration};

use super::{ActionKind, Breaker};

/// So much in any stretch of time of that length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How much.
    pub most: u32,
    /// In which time; not zero.
    pub within: Duration,
}

impl fmt::Display for Rate {
    /// As it is written in rules: `30/day`, `10/6h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.within.as_secs();
        let (number, unit) = match seconds {
            60 => return write!(f, "{}/minute", self.most),
            3_600 => return write!(f, "{}/hour", self.most),
            86_400 => return write!(f, "{}/day", self.most),
            604_800 => return write!(f, "{}/week", self.most),
            _ if seconds.is_multiple_of(86_400) => (seconds / 86_400, "d"),
            _ if seconds.is_multiple_of(3_600) => (seconds / 3_600, "h"),
            _ if seconds.is_multiple_of(60) => (seconds / 60, "m"),
            _ => (seconds, "s"),
        };
        write!(f, "{}/{number}{unit}", self.most)
    }
}

/// What a ceiling is counted over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ceiling {
    /// The rule's actions in the repository.
    RuleInRepository,
    /// All actions in the repository.
    Repository,
    /// All actions.
    Total,
    /// The runner minutes of all re-runs.
    RunnerMinutes,
}

impl Ceiling {
    /// Where it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RuleInRepository => "limits.per_repository",
            Self::Repository => "limits.actions_per_repository",
            Self::Total => "limits.actions_total",
            Self::RunnerMinutes => "limits.runner_minutes",
        }
    }
}

impl fmt::Display for Ceiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What bounds one action, counted in the transaction that plans it. None for what a person asks for by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// How many actions of this rule and kind there may be on its run.
    pub per_run: Option<u32>,
    /// How many re-runs of its run there may be, by whatever rule.
    pub reruns_per_run: Option<u32>,
    /// What time frees again.
    pub rates: Vec<(Ceiling, Rate)>,
    /// How many runs of the repository that the rule has set going may be under way; counted at the last look.
    pub running: Option<u32>,
    /// What may hold it, if it is a re-run.
    pub breaker: Option<Breaker>,
}

impl Bounds {
    /// What holds an action for want of a place among the runs under way.
    pub const RUNNING: &str = "limits.running";
}

impl ActionKind {
    /// Whether it sets a run going.
    #[must_use]
    pub fn sets_going(self) -> bool {
        match self {
            Self::Rerun | Self::ApproveRun | Self::ApproveDeployment => true,
            Self::Cancel
            | Self::ForceCancel
            | Self::RejectDeployment
            | Self::ArchiveLogs
            | Self::Notify
            | Self::Check
            | Self::Comment
            | Self::Label
            | Self::DeleteRun
            | Self::DeleteLogs => false,
        }
    }

    /// Whether it counts towards ceilings over time: what changes a run. A forced cancellation is the same wish as
    /// the one before it.
    #[must_use]
    pub fn is_counted(self) -> bool {
        match self {
            Self::Rerun
            | Self::Cancel
            | Self::ApproveRun
            | Self::ApproveDeployment
            | Self::RejectDeployment
            | Self::DeleteRun
            | Self::DeleteLogs => true,
            Self::ForceCancel
            | Self::ArchiveLogs
            | Self::Notify
            | Self::Check
            | Self::Comment
            | Self::Label => false,
        }
    }
}
