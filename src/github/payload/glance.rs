//! The cheap look at a webhook's body while GitHub waits for the answer: well-formed, and what it is about.

use serde::{Deserialize, de::IgnoredAny};

use super::{
    run,
    wire::{Object, Raw},
};
use crate::model::{InstallationId, RepositoryName, RunAttempt, RunId, Status, Timestamp, WorkflowId};

/// What a webhook is about, as far as that can be told without reading it in full. Nothing here is certain to be
/// there: a field that is absent, null or of another type is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Glance {
    /// The activity (`requested`, `completed`…).
    pub action: Option<String>,
    /// The App's installation.
    pub installation: Option<InstallationId>,
    /// The repository.
    pub repository: Option<RepositoryName>,
    /// The run.
    pub run: Option<RunId>,
    /// The run's attempt.
    pub attempt: Option<RunAttempt>,
    /// The workflow.
    pub workflow_id: Option<WorkflowId>,
    /// The head branch.
    pub branch: Option<String>,
    /// Where the run stands.
    pub status: Option<Status>,
    /// The run's number within its workflow.
    pub run_number: Option<i64>,
    /// When the run's first attempt was created.
    pub created_at: Option<Timestamp>,
    /// Where the job stands, when the webhook is about one.
    pub job_status: Option<Status>,
}

/// A body that is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is not JSON: {0}")]
pub struct NotJson(String);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload<'a> {
    #[serde(borrow)]
    action: Raw<'a>,
    #[serde(borrow)]
    installation: Raw<'a>,
    #[serde(borrow)]
    repository: Object<Repository<'a>>,
    #[serde(borrow)]
    workflow_run: Object<Run<'a>>,
    #[serde(borrow)]
    workflow_job: Object<Job<'a>>,
    #[serde(borrow)]
    workflow_job_run: Object<JobRun<'a>>,
    #[serde(borrow)]
    deployment_callback_url: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Repository<'a> {
    #[serde(borrow)]
    full_name: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Installation<'a> {
    #[serde(borrow)]
    id: Raw<'a>,
}

/// Less than the whole run object: what is not named here is skipped at the least cost.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Run<'a> {
    #[serde(borrow)]
    id: Raw<'a>,
    #[serde(borrow)]
    run_attempt: Raw<'a>,
    #[serde(borrow)]
    workflow_id: Raw<'a>,
    #[serde(borrow)]
    head_branch: Raw<'a>,
    #[serde(borrow)]
    status: Raw<'a>,
    #[serde(borrow)]
    run_number: Raw<'a>,
    #[serde(borrow)]
    created_at: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Job<'a> {
    #[serde(borrow)]
    run_id: Raw<'a>,
    #[serde(borrow)]
    run_attempt: Raw<'a>,
    #[serde(borrow)]
    head_branch: Raw<'a>,
    #[serde(borrow)]
    status: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobRun<'a> {
    #[serde(borrow)]
    run_id: Raw<'a>,
    #[serde(borrow)]
    html_url: Raw<'a>,
}

/// Looks at a webhook's body: once over it, without keeping or recursing.
///
/// # Errors
/// Only when the body is not well-formed JSON in UTF-8.
pub fn glance(event: &str, body: &[u8]) -> Result<Glance, NotJson> {
    let text = std::str::from_utf8(body).map_err(|error| NotJson(error.to_string()))?;
    match serde_json::from_str::<Object<Payload<'_>>>(text) {
        Ok(Object(payload)) => Ok(payload.unwrap_or_default().glance(event)),
        // Either not JSON or JSON that surprises, such as a key that comes twice.
        Err(_) => match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Ok(Glance::default()),
            Err(error) => Err(NotJson(error.to_string())),
        },
    }
}

/// The installation that an `installation` object names.
pub(super) fn installation(raw: Raw<'_>) -> Option<InstallationId> {
    raw.object::<Installation<'_>>().and_then(|installation| installation.id.id()).map(InstallationId)
}

impl Payload<'_> {
    fn glance(&self, event: &str) -> Glance {
        let name = self.repository.0.as_ref().and_then(|repository| repository.full_name.text());
        let mut glance = Glance {
            action: self.action.string(),
            installation: installation(self.installation),
            repository: name.and_then(|name| RepositoryName::parse(&name).ok()),
            ..Glance::default()
        };
        match event {
            "workflow_run" => self.add_run(&mut glance),
            "workflow_job" => self.add_job(&mut glance),
            "deployment_review" => self.add_review(&mut glance),
            "deployment_protection_rule" => glance.run = self.deployment_callback_url.run_in_url(),
            _ => {}
        }
        glance
    }

    fn add_run(&self, glance: &mut Glance) {
        let Some(run) = &self.workflow_run.0 else { return };
        glance.run = run.id.id().map(RunId);
        glance.attempt = run::attempt(run.run_attempt);
        glance.workflow_id = run.workflow_id.id().map(WorkflowId);
        glance.branch = run.head_branch.string();
        glance.status = run.status.string().map(Status::from);
        glance.run_number = run.run_number.int();
        glance.created_at = run.created_at.time();
    }

    fn add_job(&self, glance: &mut Glance) {
        let Some(job) = &self.workflow_job.0 else { return };
        glance.run = job.run_id.id().map(RunId);
        glance.attempt = run::attempt(job.run_attempt);
        glance.branch = job.head_branch.string();
        glance.job_status = job.status.string().map(Status::from);
    }

    fn add_review(&self, glance: &mut Glance) {
        self.add_run(glance);
        if let (None, Some(job)) = (glance.run, &self.workflow_job_run.0) {
            glance.run = job.run_id.id().map(RunId).or_else(|| job.html_url.run_in_url());
        }
    }
}
