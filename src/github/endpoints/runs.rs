//! Runs: list, look, re-run, cancel, delete.

use serde::Deserialize;

use super::{RunQuery, WorkflowRef, object};
use crate::{
    github::{
        Access, GitHub, GitHubError,
        payload::{Raw, run_snapshot},
        transport::{Answer, Call},
    },
    model::{JobId, RepositoryName, RunAttempt, RunId, RunSnapshot},
};

/// One page of a list of runs, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct RunPage {
    /// The runs that could be read.
    pub runs: Vec<RunSnapshot>,
    /// How many elements of the page could not be read.
    pub unreadable: usize,
    /// How many there are on all pages, by GitHub's count, which may drift.
    pub total_count: Option<i64>,
    /// Path and query of the next page, to be passed back.
    pub next: Option<String>,
}

const DEBUG_LOGGING: &str = r#"{"enable_debug_logging":true}"#;

impl GitHub {
    /// Lists a repository's runs: a first page, or the `next` of an earlier one.
    ///
    /// # Errors
    /// When GitHub refuses or its answer is not a list of runs.
    pub async fn list_runs(
        &self,
        access: &Access,
        query: &RunQuery,
        next: Option<&str>,
    ) -> Result<RunPage, GitHubError> {
        let first = || format!("{}/runs?{}", actions(&access.repository), query.encoded());
        let target = next.map_or_else(first, str::to_owned);
        self.run_page(access, target).await
    }

    /// Lists a workflow's runs: a first page, or the `next` of an earlier one.
    ///
    /// # Errors
    /// When GitHub refuses or its answer is not a list of runs.
    pub async fn list_workflow_runs(
        &self,
        access: &Access,
        workflow: &WorkflowRef,
        query: &RunQuery,
        next: Option<&str>,
    ) -> Result<RunPage, GitHubError> {
        let target = match next {
            Some(next) => next.to_owned(),
            None => {
                let workflow = workflow.segment()?;
                format!("{}/workflows/{workflow}/runs?{}", actions(&access.repository), query.encoded())
            }
        };
        self.run_page(access, target).await
    }

    async fn run_page(&self, access: &Access, target: String) -> Result<RunPage, GitHubError> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Listed<'a> {
            #[serde(borrow)]
            total_count: Raw<'a>,
            #[serde(borrow)]
            workflow_runs: Raw<'a>,
        }
        let answer = self.call(access, Call::get(target)).await?;
        let listed: Listed<'_> = object(&answer, "the list of runs")?;
        let elements = listed.workflow_runs.list();
        let elements = elements.ok_or_else(|| GitHubError::Unreadable {
            why: "the list of runs has no workflow_runs".to_owned(),
        })?;
        let runs: Vec<_> = elements.iter().filter_map(|run| run_snapshot(*run, &access.repository)).collect();
        Ok(RunPage {
            unreadable: elements.len() - runs.len(),
            runs,
            total_count: listed.total_count.int(),
            next: self.next_page(&answer),
        })
    }

    /// The run as it stands: always its latest attempt.
    ///
    /// # Errors
    /// When GitHub refuses or its answer is not a run.
    pub async fn run(&self, access: &Access, run: RunId) -> Result<RunSnapshot, GitHubError> {
        let answer = self.call(access, Call::get(of_run(access, run, ""))).await?;
        snapshot(&answer, &access.repository)
    }

    /// One attempt of a run (Enterprise Server 3.5 and later).
    ///
    /// # Errors
    /// When GitHub refuses or its answer is not a run.
    pub async fn attempt(
        &self,
        access: &Access,
        run: RunId,
        attempt: RunAttempt,
    ) -> Result<RunSnapshot, GitHubError> {
        let answer =
            self.call(access, Call::get(of_run(access, run, &format!("/attempts/{attempt}")))).await?;
        snapshot(&answer, &access.repository)
    }

    /// Runs all jobs again. `debug` asks for debug logs (Enterprise Server 3.6 and later).
    ///
    /// # Errors
    /// When GitHub refuses; 403 has many reasons, told apart by the message.
    pub async fn rerun(&self, access: &Access, run: RunId, debug: bool) -> Result<(), GitHubError> {
        self.write(access, rerun_call(of_run(access, run, "/rerun"), debug)).await
    }

    /// Runs the failed jobs and those that depend on them again (Enterprise Server 3.5 and later).
    ///
    /// # Errors
    /// When GitHub refuses; 403 has many reasons, told apart by the message.
    pub async fn rerun_failed_jobs(
        &self,
        access: &Access,
        run: RunId,
        debug: bool,
    ) -> Result<(), GitHubError> {
        self.write(access, rerun_call(of_run(access, run, "/rerun-failed-jobs"), debug)).await
    }

    /// Runs one job and those that depend on it again (Enterprise Server 3.5 and later).
    ///
    /// # Errors
    /// When GitHub refuses; 403 while the job's run is still running.
    pub async fn rerun_job(&self, access: &Access, job: JobId, debug: bool) -> Result<(), GitHubError> {
        let target = format!("{}/jobs/{job}/rerun", actions(&access.repository));
        self.write(access, rerun_call(target, debug)).await
    }

    /// Asks GitHub to cancel a run; success means asked, not done.
    ///
    /// # Errors
    /// When GitHub refuses; 409 when the run is over or not queued yet.
    pub async fn cancel(&self, access: &Access, run: RunId) -> Result<(), GitHubError> {
        self.write(access, Call::post(of_run(access, run, "/cancel"))).await
    }

    /// Cancels a run that ignores being cancelled (Enterprise Server 3.12 and later).
    ///
    /// # Errors
    /// When GitHub refuses; 409 as for [`Self::cancel`].
    pub async fn force_cancel(&self, access: &Access, run: RunId) -> Result<(), GitHubError> {
        self.write(access, Call::post(of_run(access, run, "/force-cancel"))).await
    }

    /// Lets a first-time contributor's run from a fork begin (github.com only).
    ///
    /// # Errors
    /// When GitHub refuses.
    pub async fn approve_fork_run(&self, access: &Access, run: RunId) -> Result<(), GitHubError> {
        self.write(access, Call::post(of_run(access, run, "/approve"))).await
    }

    /// Deletes a completed run with its logs and artifacts.
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when it is gone already; 403 when it is not completed or may not be deleted.
    pub async fn delete_run(&self, access: &Access, run: RunId) -> Result<(), GitHubError> {
        self.write(access, Call::delete(of_run(access, run, ""))).await
    }

    /// Deletes all logs of a run.
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when there are none; 403 or 500 while the run is running.
    pub async fn delete_logs(&self, access: &Access, run: RunId) -> Result<(), GitHubError> {
        self.write(access, Call::delete(of_run(access, run, "/logs"))).await
    }

    async fn write(&self, access: &Access, call: Call) -> Result<(), GitHubError> {
        self.call(access, call).await.map(drop)
    }
}

/// `/repos/OWNER/NAME/actions`; a repository's name holds nothing that would have to be escaped.
pub(super) fn actions(repository: &RepositoryName) -> String {
    format!("/repos/{repository}/actions")
}

pub(super) fn of_run(access: &Access, run: RunId, rest: &str) -> String {
    format!("{}/runs/{run}{rest}", actions(&access.repository))
}

/// No body unless debug logs are asked for: Enterprise Server 3.5 does not know it.
fn rerun_call(target: String, debug: bool) -> Call {
    let call = Call::post(target);
    if debug { call.with_json(DEBUG_LOGGING.to_owned()) } else { call }
}

fn snapshot(answer: &Answer, repository: &RepositoryName) -> Result<RunSnapshot, GitHubError> {
    let raw = serde_json::from_slice(&answer.body)
        .map_err(|error| GitHubError::Unreadable { why: format!("the run is not JSON: {error}") })?;
    run_snapshot(raw, repository)
        .ok_or_else(|| GitHubError::Unreadable { why: "the run has no id".to_owned() })
}
