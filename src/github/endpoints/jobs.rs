//! Jobs of an attempt.

use serde::Deserialize;

use super::{MOST_PAGES, object, runs::of_run};
use crate::{
    github::{Access, GitHub, GitHubError, payload::Raw, transport::Call},
    model::{Conclusion, Fact, Job, JobId, RunAttempt, RunId, Status, Step},
};

/// All jobs of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Jobs {
    /// The jobs that could be read.
    pub jobs: Vec<Job>,
    /// How many could not: what is asked about all jobs is then not known.
    pub unreadable: usize,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobWire<'a> {
    #[serde(borrow)]
    id: Raw<'a>,
    #[serde(borrow)]
    name: Raw<'a>,
    #[serde(borrow)]
    run_attempt: Raw<'a>,
    #[serde(borrow)]
    status: Raw<'a>,
    #[serde(borrow)]
    conclusion: Raw<'a>,
    #[serde(borrow)]
    started_at: Raw<'a>,
    #[serde(borrow)]
    completed_at: Raw<'a>,
    #[serde(borrow)]
    labels: Raw<'a>,
    #[serde(borrow)]
    runner_name: Raw<'a>,
    #[serde(borrow)]
    steps: Raw<'a>,
    #[serde(borrow)]
    number: Raw<'a>,
}

impl GitHub {
    /// All jobs of an attempt, over all pages (Enterprise Server 3.5 and later).
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run-attempt>
    ///
    /// # Errors
    /// When GitHub refuses or a page cannot be read.
    pub async fn attempt_jobs(
        &self,
        access: &Access,
        run: RunId,
        attempt: RunAttempt,
    ) -> Result<Jobs, GitHubError> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Listed<'a> {
            #[serde(borrow)]
            jobs: Raw<'a>,
        }
        let mut all = Jobs { jobs: Vec::new(), unreadable: 0 };
        let mut next = Some(of_run(access, run, &format!("/attempts/{attempt}/jobs?per_page=100")));
        for _ in 0..MOST_PAGES {
            let Some(target) = next else { return Ok(all) };
            let answer = self.call(access, Call::get(target)).await?;
            let listed: Listed<'_> = object(&answer, "the list of jobs")?;
            let elements = listed.jobs.list();
            let elements = elements
                .ok_or_else(|| GitHubError::Unreadable { why: "the list of jobs has no jobs".to_owned() })?;
            let jobs: Vec<_> = elements.iter().filter_map(|raw| job(*raw)).collect();
            all.unreadable += elements.len() - jobs.len();
            all.jobs.extend(jobs);
            next = self.next_page(&answer);
        }
        Err(GitHubError::Unreadable {
            why: format!("the list of jobs does not end after {MOST_PAGES} pages"),
        })
    }
}

impl GitHub {
    /// The run that a job belongs to.
    ///
    /// <https://docs.github.com/en/rest/actions/workflow-jobs#get-a-job-for-a-workflow-run>
    ///
    /// # Errors
    /// When GitHub refuses or does not say.
    pub async fn run_of_job(&self, access: &Access, job: JobId) -> Result<RunId, GitHubError> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct OfRun<'a> {
            #[serde(borrow)]
            run_id: Raw<'a>,
        }
        let target = format!("/repos/{}/actions/jobs/{job}", access.repository);
        let answer = self.call(access, Call::get(target)).await?;
        let wire: OfRun<'_> = object(&answer, "the job")?;
        wire.run_id
            .id()
            .map(RunId)
            .ok_or_else(|| GitHubError::Unreadable { why: "the job does not say its run".to_owned() })
    }
}

/// A job as lists and webhooks give it.
pub(in crate::github) fn job(raw: Raw<'_>) -> Option<Job> {
    let wire = raw.object::<JobWire<'_>>()?;
    let list =
        |raw: Raw<'_>| -> Vec<Step> { raw.list().unwrap_or_default().into_iter().filter_map(step).collect() };
    Some(Job {
        id: JobId(wire.id.id()?),
        name: wire.name.string(),
        attempt: wire.run_attempt.id().and_then(|attempt| u32::try_from(attempt).ok()).map(RunAttempt),
        status: wire.status.string().map(Status::from),
        conclusion: wire.conclusion.string().map(Conclusion::from),
        started_at: wire.started_at.time(),
        completed_at: wire.completed_at.time(),
        labels: wire.labels.list().unwrap_or_default().into_iter().filter_map(Raw::string).collect(),
        runner_name: wire.runner_name.string(),
        steps: list(wire.steps),
        annotations: Fact::NotAsked,
        log: Fact::NotAsked,
    })
}

fn step(raw: Raw<'_>) -> Option<Step> {
    let wire = raw.object::<JobWire<'_>>()?;
    Some(Step {
        name: wire.name.string(),
        number: wire.number.int(),
        status: wire.status.string().map(Status::from),
        conclusion: wire.conclusion.string().map(Conclusion::from),
        started_at: wire.started_at.time(),
        completed_at: wire.completed_at.time(),
    })
}
