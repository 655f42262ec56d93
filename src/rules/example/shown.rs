//! What an action is, in the words that an example may ask for.

use std::{fmt, time::Duration};

use crate::{
    model::{Action, ActionKind, Conclusion, Facts, JobId, PlannedAction, Rerun, RerunScope, Timestamp},
    rules::show_duration,
};

/// What an example may ask of an action, or what the action has.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// Exactly this.
    Word(String),
    /// A text; an example says part of it.
    Text(String),
    /// These, in any order.
    Texts(Vec<String>),
    /// A length of time, and by how much it may be longer.
    Duration(Duration, Duration),
    /// Yes or no.
    Flag(bool),
}

/// What kind of value a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamShape {
    /// One of these words.
    Word(&'static [&'static str]),
    /// Text that is compared as a whole.
    Name,
    /// Part of a text.
    Text,
    /// A text or a list.
    Texts,
    /// A duration.
    Duration,
    /// `true` or `false`.
    Flag,
}

impl Param {
    /// Whether an action that has `got` is what the example asks for.
    #[must_use]
    pub fn accepts(&self, got: &Self) -> bool {
        match (self, got) {
            (Self::Text(part), Self::Text(whole)) => whole.contains(part.as_str()),
            (Self::Duration(wanted, _), Self::Duration(least, spread)) => {
                (*least..=*least + *spread).contains(wanted)
            }
            (Self::Texts(wanted), Self::Texts(got)) => {
                wanted.len() == got.len() && wanted.iter().all(|text| got.contains(text))
            }
            (wanted, got) => wanted == got,
        }
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) | Self::Text(text) => f.write_str(text),
            Self::Texts(texts) => write!(f, "[{}]", texts.join(", ")),
            Self::Duration(least, spread) if least.is_zero() && spread.is_zero() => f.write_str("0s"),
            Self::Duration(least, spread) if spread.is_zero() => f.write_str(&show_duration(*least)),
            Self::Duration(least, spread) => {
                write!(f, "{} to {}", show_duration(*least), show_duration(*least + *spread))
            }
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

/// What an example may ask of an action of that kind.
#[must_use]
pub fn params_of(kind: ActionKind) -> &'static [(&'static str, ParamShape)] {
    const REVIEW: &[(&str, ParamShape)] = &[
        ("environments", ParamShape::Texts),
        ("comment", ParamShape::Text),
        ("via", ParamShape::Word(&["reviewer", "protection_rule"])),
    ];
    match kind {
        ActionKind::Rerun => &[
            ("scope", ParamShape::Word(&["failed_jobs", "matching_job", "run"])),
            ("job", ParamShape::Name),
            ("delay", ParamShape::Duration),
            ("debug_logging", ParamShape::Flag),
        ],
        ActionKind::Cancel => &[("force_after", ParamShape::Duration)],
        ActionKind::ApproveDeployment | ActionKind::RejectDeployment => REVIEW,
        ActionKind::ArchiveLogs => &[("to", ParamShape::Text)],
        ActionKind::Notify => &[("to", ParamShape::Text), ("text", ParamShape::Text)],
        ActionKind::Check => &[
            ("name", ParamShape::Text),
            ("conclusion", ParamShape::Word(Conclusion::KNOWN)),
            ("summary", ParamShape::Text),
        ],
        ActionKind::Comment => &[("body", ParamShape::Text)],
        ActionKind::Label => &[("add", ParamShape::Texts), ("remove", ParamShape::Texts)],
        ActionKind::ForceCancel | ActionKind::ApproveRun | ActionKind::DeleteRun | ActionKind::DeleteLogs => {
            &[]
        }
    }
}

/// What the action has. `beside` are the actions planned with it.
pub(super) fn shown(
    plan: &PlannedAction,
    beside: &[PlannedAction],
    facts: &Facts,
    now: Timestamp,
) -> Vec<(&'static str, Param)> {
    match &plan.action {
        Action::Rerun(rerun) => of_rerun(rerun, plan, facts, now),
        Action::Cancel => beside
            .iter()
            .filter(|other| other.rule == plan.rule && other.run == plan.run)
            .find_map(|other| match &other.action {
                Action::ForceCancel(force) => {
                    Some(("force_after", Param::Duration(force.after, Duration::ZERO)))
                }
                _ => None,
            })
            .into_iter()
            .collect(),
        Action::ReviewDeployments(review) => {
            let via = review.via.map(|via| ("via", Param::Word(via.as_str().to_owned())));
            let mut params = vec![
                ("environments", Param::Texts(review.environments.clone())),
                ("comment", Param::Text(review.comment.clone())),
            ];
            params.extend(via);
            params
        }
        Action::ArchiveLogs(archive) => vec![("to", Param::Text(archive.to.display().to_string()))],
        Action::Check(check) => vec![
            ("name", Param::Text(check.name.clone())),
            ("conclusion", Param::Word(check.conclusion.to_string())),
            ("summary", Param::Text(check.summary.clone())),
        ],
        Action::Comment(comment) => vec![("body", Param::Text(comment.body.clone()))],
        Action::Label(label) => {
            vec![("add", Param::Texts(label.add.clone())), ("remove", Param::Texts(label.remove.clone()))]
        }
        Action::Notify(notify) => {
            vec![("to", Param::Text(notify.to.clone())), ("text", Param::Text(notify.text.clone()))]
        }
        Action::ForceCancel(_) | Action::ApproveRun(_) | Action::DeleteRun | Action::DeleteLogs => Vec::new(),
    }
}

fn of_rerun(
    rerun: &Rerun,
    plan: &PlannedAction,
    facts: &Facts,
    now: Timestamp,
) -> Vec<(&'static str, Param)> {
    let scope = |word: &str| ("scope", Param::Word(word.to_owned()));
    let mut params = match rerun.scope {
        RerunScope::FailedJobs => vec![scope("failed_jobs")],
        RerunScope::Run => vec![scope("run")],
        RerunScope::MatchingJob => vec![scope("matching_job")],
        RerunScope::Job(job) => vec![scope("matching_job"), ("job", Param::Word(name_of(job, facts)))],
    };
    // What is spread by the run's identity is no matter of an example, whose runs have made-up ones.
    let waits = now.until(plan.due_at);
    params.push(("delay", Param::Duration(waits.saturating_sub(rerun.jitter), rerun.jitter)));
    params.push(("debug_logging", Param::Flag(rerun.debug_logging)));
    params
}

fn name_of(job: JobId, facts: &Facts) -> String {
    let jobs = facts.details.jobs.known().map(Vec::as_slice).unwrap_or_default();
    jobs.iter().find(|of| of.id == job).map_or_else(|| job.to_string(), crate::model::Job::title)
}
