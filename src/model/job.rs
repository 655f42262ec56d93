//! A job of an attempt as GitHub describes it, in GitHub's spelling.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Conclusion, Fact, JobId, JobLog, RunAttempt, Status, Timestamp};

/// A job of an attempt. A re-run gives every job that runs again a new id; its name stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The job.
    pub id: JobId,
    /// Its name, matrix values included.
    pub name: Option<String>,
    /// The attempt that it ran in.
    pub attempt: Option<RunAttempt>,
    /// Where it stands.
    pub status: Option<Status>,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// The runner's labels that it asked for.
    pub labels: Vec<String>,
    /// The runner that took it.
    pub runner_name: Option<String>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// What GitHub and its actions noted on it.
    #[serde(default, skip_serializing_if = "Fact::is_not_asked")]
    pub annotations: Fact<Vec<Annotation>>,
    /// What its log says.
    #[serde(default, skip_serializing_if = "Fact::is_not_asked")]
    pub log: Fact<JobLog>,
}

/// A note on a job: by GitHub itself when a runner is lost, by actions, and by whatever prints `::error::`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// `notice`, `warning` or `failure`.
    pub level: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its text.
    pub message: Option<String>,
}

/// A step of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name.
    pub name: Option<String>,
    /// Its number, from 1.
    pub number: Option<i64>,
    /// Where it stands.
    pub status: Option<Status>,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

impl Job {
    /// Whether it was left out by a condition of the workflow.
    #[must_use]
    pub fn is_skipped(&self) -> bool {
        self.conclusion == Some(Conclusion::Skipped)
    }

    /// Whether it is over; `None` when its status is not known.
    #[must_use]
    pub fn is_completed(&self) -> Option<bool> {
        self.status.as_ref().map(|status| *status == Status::Completed)
    }

    /// How long it took; `None` while it is not over, or when GitHub does not say.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        length(self.started_at, self.completed_at)
    }

    /// The steps that failed.
    pub fn failed_steps(&self) -> impl Iterator<Item = &Step> {
        let failed =
            |step: &&Step| matches!(step.conclusion, Some(Conclusion::Failure | Conclusion::TimedOut));
        self.steps.iter().filter(failed)
    }

    /// What is noted on it as a failure: titles and lines of text; or in words, why that is not known.
    ///
    /// # Errors
    /// When it was not asked for, or could not be had.
    pub fn failure_notes(&self) -> Result<Vec<String>, String> {
        let noted = self.annotations.known()?;
        let failures = noted.iter().filter(|note| note.level.as_deref() == Some("failure"));
        let texts = failures.flat_map(|note| [note.title.as_deref(), note.message.as_deref()]).flatten();
        Ok(texts.flat_map(str::lines).filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect())
    }

    /// The name for people: a job without one is called by its id.
    #[must_use]
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("job {}", self.id))
    }
}

impl Step {
    /// The name for people: a step without one is called by its number.
    #[must_use]
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("step {}", self.number.unwrap_or_default()))
    }

    /// How long it took; `None` while it is not over, or when GitHub does not say.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        length(self.started_at, self.completed_at)
    }
}

fn length(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<Duration> {
    from.zip(to).map(|(from, to)| to.since(from))
}
