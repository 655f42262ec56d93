//! The full reading of a webhook into what rules listen to.

use serde::Deserialize;

use super::{
    glance::installation,
    repository::RepositoryWire,
    run::{self, RunWire, WorkflowWire},
    wire::{Object, Raw},
};
use crate::github::endpoints;
use crate::model::{Gate, GitHubEvent, RepositoryName, RunId, RunSnapshot, Signal};

/// Why a webhook that should be judged cannot be understood, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload<'a> {
    #[serde(borrow)]
    action: Raw<'a>,
    #[serde(borrow)]
    installation: Raw<'a>,
    #[serde(borrow)]
    repository: Raw<'a>,
    #[serde(borrow)]
    sender: Raw<'a>,
    #[serde(borrow)]
    workflow_run: Raw<'a>,
    #[serde(borrow)]
    workflow: Raw<'a>,
    #[serde(borrow)]
    workflow_job: Raw<'a>,
    #[serde(borrow)]
    workflow_job_run: Raw<'a>,
    #[serde(borrow)]
    deployment: Raw<'a>,
    #[serde(borrow)]
    deployment_callback_url: Raw<'a>,
    #[serde(borrow)]
    environment: Raw<'a>,
    #[serde(borrow)]
    event: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Job<'a> {
    #[serde(borrow)]
    run_id: Raw<'a>,
    #[serde(borrow)]
    run_url: Raw<'a>,
    #[serde(borrow)]
    html_url: Raw<'a>,
    #[serde(borrow)]
    run_attempt: Raw<'a>,
    #[serde(borrow)]
    workflow_name: Raw<'a>,
    #[serde(borrow)]
    head_branch: Raw<'a>,
    #[serde(borrow)]
    head_sha: Raw<'a>,
    #[serde(borrow)]
    status: Raw<'a>,
    #[serde(borrow)]
    environment: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Deployment<'a> {
    #[serde(borrow)]
    environment: Raw<'a>,
    #[serde(borrow, rename = "ref")]
    reference: Raw<'a>,
    #[serde(borrow)]
    sha: Raw<'a>,
}

/// Reads a webhook. `Ok(None)` when no signal is made of this event or activity.
///
/// Read leniently: only what a run cannot be named without is indispensable; all else becomes `None`.
///
/// # Errors
/// When the body is not a JSON object, or the repository or the run cannot be told.
pub fn read(event: &str, body: &[u8]) -> Result<Option<GitHubEvent>, Unreadable> {
    if !matches!(event, "workflow_run" | "workflow_job" | "deployment_review" | "deployment_protection_rule")
    {
        return Ok(None);
    }
    let payload = parse::<Payload<'_>>(body)?;
    match event {
        "workflow_run" => payload.workflow_run_event(),
        "workflow_job" => payload.workflow_job_event(),
        "deployment_review" => payload.deployment_review_event(),
        _ => payload.protection_rule_event(),
    }
}

/// The object that a body is.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Unreadable> {
    let text =
        std::str::from_utf8(body).map_err(|error| Unreadable(format!("the body is not JSON: {error}")))?;
    match serde_json::from_str::<Object<T>>(text) {
        Ok(Object(Some(payload))) => Ok(payload),
        Ok(Object(None)) => Err(Unreadable("the body is not a JSON object".to_owned())),
        Err(error) => Err(Unreadable(format!("the body cannot be read as JSON: {error}"))),
    }
}

impl Payload<'_> {
    fn workflow_run_event(&self) -> Result<Option<GitHubEvent>, Unreadable> {
        let signal = match self.action.text().as_deref() {
            Some("requested") => Signal::RunRequested,
            Some("in_progress") => Signal::RunInProgress,
            Some("completed") => Signal::RunCompleted,
            Some(_) => return Ok(None),
            None => return Err(Unreadable("the payload has no action".to_owned())),
        };
        let run = self.workflow_run.object::<RunWire<'_>>();
        let run = run.ok_or_else(|| Unreadable("the payload has no workflow_run".to_owned()))?;
        let id = run.run_id().ok_or_else(|| Unreadable("the payload's workflow_run has no id".to_owned()))?;
        let repository = self.repository_name().or_else(|error| run.repository.full_name().ok_or(error))?;
        let mut snapshot = run.snapshot(repository, id);
        self.complete(&mut snapshot);
        Ok(Some(self.event(signal, snapshot, None)))
    }

    /// A job tells of itself. One that waits tells that its run waits: GitHub has been seen to send the status
    /// `waiting` with the activity `queued`, so the status decides.
    fn workflow_job_event(&self) -> Result<Option<GitHubEvent>, Unreadable> {
        let Some(job) = self.workflow_job.object::<Job<'_>>() else {
            return match self.action.text().as_deref() {
                Some("waiting") => Err(Unreadable("the payload has no workflow_job".to_owned())),
                _ => Ok(None),
            };
        };
        let waiting = match job.status.text() {
            Some(status) => status == "waiting",
            None => self.action.text().is_some_and(|action| action == "waiting"),
        };
        let signal = match self.action.text().as_deref() {
            _ if waiting => Signal::DeploymentWaiting,
            Some("queued") => Signal::JobQueued,
            Some("in_progress") => Signal::JobInProgress,
            Some("completed") => Signal::JobCompleted,
            _ => return Ok(None),
        };
        let run =
            job.run().ok_or_else(|| Unreadable("the payload's workflow_job has no run_id".to_owned()))?;
        let mut snapshot = RunSnapshot::unknown(self.repository_name()?, run);
        job.describe(&mut snapshot);
        self.complete(&mut snapshot);
        let deployment = self.deployment.object::<Deployment<'_>>().unwrap_or_default();
        let gate =
            waiting.then(|| Gate { environment: deployment.environment.string(), protection_rule: false });
        let about = endpoints::job(self.workflow_job).map(Box::new);
        Ok(Some(GitHubEvent { job: about, ..self.event(signal, snapshot, gate) }))
    }

    fn deployment_review_event(&self) -> Result<Option<GitHubEvent>, Unreadable> {
        if self.action.text().is_none_or(|action| action != "requested") {
            return Ok(None);
        }
        let repository = self.repository_name()?;
        let job = self.workflow_job_run.object::<Job<'_>>().unwrap_or_default();
        let run = self.workflow_run.object::<RunWire<'_>>().unwrap_or_default();
        let id = run.run_id().or_else(|| job.run());
        let id = id.ok_or_else(|| {
            Unreadable("the payload names no run, neither in workflow_run nor in workflow_job_run".to_owned())
        })?;
        let mut snapshot = run.snapshot(repository, id);
        snapshot.partial = true;
        self.complete(&mut snapshot);
        let environment = self.environment.string().or_else(|| job.environment.string());
        let gate = Gate { environment, protection_rule: false };
        Ok(Some(self.event(Signal::DeploymentWaiting, snapshot, Some(gate))))
    }

    /// The App's own protection rule is asked. The payload has no field for the run; GitHub's clients take its id
    /// from the callback's URL. That URL is never sent to.
    fn protection_rule_event(&self) -> Result<Option<GitHubEvent>, Unreadable> {
        if self.action.text().is_none_or(|action| action != "requested") {
            return Ok(None);
        }
        let run = self.deployment_callback_url.run_in_url();
        let run =
            run.ok_or_else(|| Unreadable("the payload's deployment_callback_url names no run".to_owned()))?;
        let deployment = self.deployment.object::<Deployment<'_>>().unwrap_or_default();
        let mut snapshot = RunSnapshot::unknown(self.repository_name()?, run);
        snapshot.event = self.event.string();
        snapshot.head_sha = deployment.sha.string();
        snapshot.branch = deployment.reference.text().and_then(|reference| branch(&reference));
        let environment = self.environment.string().or_else(|| deployment.environment.string());
        let gate = Gate { environment, protection_rule: true };
        Ok(Some(self.event(Signal::DeploymentWaiting, snapshot, Some(gate))))
    }

    fn repository_name(&self) -> Result<RepositoryName, Unreadable> {
        let repository = self.repository.object::<RepositoryWire<'_>>().unwrap_or_default();
        let name = repository.full_name.text();
        let name = name.ok_or_else(|| Unreadable("the payload's repository has no full_name".to_owned()))?;
        RepositoryName::parse(&name).map_err(|error| Unreadable(format!("the payload's {error}")))
    }

    fn complete(&self, run: &mut RunSnapshot) {
        if let Some(workflow) = self.workflow.object::<WorkflowWire<'_>>() {
            workflow.complete(run);
        }
    }

    fn event(&self, signal: Signal, run: RunSnapshot, gate: Option<Gate>) -> GitHubEvent {
        let installation = installation(self.installation);
        let repository = self.repository.object::<RepositoryWire<'_>>().map(|wire| wire.facts());
        GitHubEvent { signal, run, gate, job: None, installation, sender: self.sender.login(), repository }
    }
}

impl Job<'_> {
    fn run(&self) -> Option<RunId> {
        let id = self.run_id.id().map(RunId);
        id.or_else(|| self.run_url.run_in_url()).or_else(|| self.html_url.run_in_url())
    }

    /// What a job tells of its run. Its own status is not the run's.
    fn describe(&self, run: &mut RunSnapshot) {
        run.attempt = run::attempt(self.run_attempt);
        run.workflow = self.workflow_name.string();
        run.branch = self.head_branch.string();
        run.head_sha = self.head_sha.string();
    }
}

/// The branch or tag that a deployment's `ref` names; none for a pull request's merge ref, whose head branch has
/// another name, and for a commit.
fn branch(reference: &str) -> Option<String> {
    let name = reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/"));
    let name = name.unwrap_or(reference);
    let commit = name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!name.is_empty() && !name.starts_with("refs/") && !commit).then(|| name.to_owned())
}
