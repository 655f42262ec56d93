//! The routes of runs, attempts and jobs.

use serde_json::{Value, json};

use super::exchange::Reply;
use super::gates::Word;
use super::list::{page, paged};
use super::rerun::Which;
use super::routes::Asked;
use super::run_shapes::annotation;
use super::world::{Attempt, Job, Refusal, Run, World};

type Routed = Result<Reply, Refusal>;

impl World {
    pub(super) fn run_route(&mut self, asked: &Asked<'_>, method: &str, run: &str, parts: &[&str]) -> Routed {
        let found = self.run_of(asked.repo, run)?;
        let id = found.id;
        let login = asked.who.login();
        Ok(match (method, parts) {
            ("GET", []) => Reply::json(200, &self.run_for(asked, found, &found.now)),
            ("DELETE", []) => Reply::act(self.delete_run(id), 204),
            ("GET", ["approvals"]) => {
                let all: Value = found.reviews.iter().map(|review| self.review_json(review)).collect();
                Reply::json(200, &all)
            }
            ("GET", ["jobs"]) => self.get_jobs(asked, found, None)?,
            ("GET", ["attempts", number]) => {
                let attempt = attempt_of(found, number)?;
                Reply::json(200, &self.run_for(asked, found, attempt))
            }
            ("GET", ["attempts", number, "jobs"]) => {
                let attempt = attempt_of(found, number)?;
                self.get_jobs(asked, found, Some(attempt))?
            }
            ("GET", ["attempts", number, "logs"]) => self.get_logs(found, attempt_of(found, number)?)?,
            ("GET", ["logs"]) => self.get_logs(found, &found.now)?,
            ("DELETE", ["logs"]) => Reply::act(self.delete_logs(id), 204),
            ("POST", ["cancel"]) => Reply::act(self.cancel(id, false), 202),
            ("POST", ["force-cancel"]) if !self.has(3, 12) => Reply::not_found(),
            ("POST", ["force-cancel"]) => Reply::act(self.cancel(id, true), 202),
            ("POST", ["rerun"]) => Reply::act(self.rerun(id, Which::All, login), 201),
            ("POST", ["rerun-failed-jobs"]) => Reply::act(self.rerun(id, Which::Failed, login), 201),
            // No Enterprise Server has it.
            ("POST", ["approve"]) if self.enterprise.is_some() => Reply::not_found(),
            ("POST", ["approve"]) => Reply::act(self.approve_fork(id), 201),
            ("GET", ["pending_deployments"]) => self.get_pending(asked, found),
            ("POST", ["pending_deployments"]) => self.post_pending(asked, id)?,
            ("POST", ["deployment_protection_rule"]) => self.post_rule(asked, id),
            _ => Reply::unknown(),
        })
    }

    pub(super) fn job_route(&mut self, asked: &Asked<'_>, method: &str, job: &str, parts: &[&str]) -> Reply {
        let (run, id) = match self.run_of_job(asked.repo, job) {
            Ok(found) => found,
            Err(refusal) => return refusal.into(),
        };
        let Some((attempt, job)) = run.job(id) else { return Reply::not_found() };
        match (method, parts) {
            ("GET", []) => Reply::json(200, &self.job_json(run, attempt, job)),
            ("GET", ["logs"]) => self.get_job_log(run, job).unwrap_or_else(Reply::from),
            ("POST", ["rerun"]) => {
                let run = run.id;
                Reply::act(self.rerun(run, Which::Job(id), asked.who.login()), 201)
            }
            _ => Reply::unknown(),
        }
    }

    /// The run as JSON, with or without its pull requests.
    pub(super) fn run_for(&self, asked: &Asked<'_>, run: &Run, attempt: &Attempt) -> Value {
        let mut body = self.run_json(run, attempt);
        if asked.call.param("exclude_pull_requests") == Some("true")
            && let Some(pulls) = body.get_mut("pull_requests")
        {
            *pulls = json!([]);
        }
        body
    }

    /// `filter=latest` lists the jobs of the latest attempt only: after a partial re-run just those that were re-run.
    fn get_jobs(&self, asked: &Asked<'_>, run: &Run, attempt: Option<&Attempt>) -> Routed {
        let attempts: Vec<&Attempt> = match (attempt, asked.call.param("filter")) {
            (Some(attempt), _) => vec![attempt],
            (None, Some("all")) => run.attempts().collect(),
            (None, _) => vec![&run.now],
        };
        let pairs =
            attempts.into_iter().flat_map(|attempt| attempt.jobs.iter().map(move |job| (attempt, job)));
        let pairs: Vec<(&Attempt, &Job)> = pairs.collect();
        let window = page(asked.call, pairs.len());
        let jobs: Value =
            window.of(&pairs).iter().map(|(attempt, job)| self.job_json(run, attempt, job)).collect();
        let body = json!({ "total_count": pairs.len(), "jobs": jobs });
        Ok(paged(Reply::json(200, &body), self, asked.call, &window))
    }

    pub(super) fn get_annotations(&self, asked: &Asked<'_>, job: &str) -> Reply {
        let (run, id) = match self.run_of_job(asked.repo, job) {
            Ok(found) => found,
            Err(refusal) => return refusal.into(),
        };
        let Some((_, job)) = run.job(id) else { return Reply::not_found() };
        let window = page(asked.call, job.spec.annotations.len());
        let shown = window.of(&job.spec.annotations);
        let all: Value = shown.iter().map(|(level, message)| annotation(job, level, message)).collect();
        paged(Reply::json(200, &all), self, asked.call, &window)
    }

    fn get_pending(&self, asked: &Asked<'_>, run: &Run) -> Reply {
        let may = asked.who.may_review();
        let waits = run.now.status == "waiting";
        let pending = run.now.gates.iter().filter(|gate| waits && gate.is_pending());
        let all: Value = pending.map(|gate| self.pending_deployment(gate, may)).collect();
        Reply::json(200, &all)
    }

    /// All three fields are required, and the bearer must be a required reviewer: an App never is.
    fn post_pending(&mut self, asked: &Asked<'_>, id: u64) -> Routed {
        let call = asked.call;
        let environments = call.json.get("environment_ids").and_then(Value::as_array);
        let state = call.text("state").filter(|state| matches!(*state, "approved" | "rejected"));
        let (Some(environments), Some(state), Some(comment)) = (environments, state, call.text("comment"))
        else {
            let words = "Invalid request.\n\n\"environment_ids\", \"state\", \"comment\" weren't supplied.";
            return Ok(Reply::message(422, words));
        };
        if !asked.who.may_review() {
            return Err(Refusal::new(422, "No pending deployment requests to approve or reject"));
        }
        let ids: Vec<u64> = environments.iter().filter_map(Value::as_u64).collect();
        let word = Word { approves: state == "approved", user: asked.who.login(), comment };
        let jobs = self.review(id, &ids, &word)?;
        let run = self.runs.get(&id).ok_or_else(Refusal::not_found)?;
        let deployments =
            jobs.iter().filter_map(|job| run.job(*job)).map(|(_, job)| self.deployment(run, job));
        Ok(Reply::json(200, &deployments.collect()))
    }

    /// Only an App has protection rules.
    fn post_rule(&mut self, asked: &Asked<'_>, id: u64) -> Reply {
        if !asked.who.is_app() {
            return Reply::message(403, "Resource not accessible by personal access token");
        }
        let call = asked.call;
        let Some(environment) = call.text("environment_name") else {
            return Reply::message(422, "Invalid request.\n\n\"environment_name\" wasn't supplied.");
        };
        let comment = call.text("comment").unwrap_or_default();
        let user = asked.who.login();
        let word = match call.text("state") {
            Some("approved") => Some(Word { approves: true, user, comment }),
            Some("rejected") => Some(Word { approves: false, user, comment }),
            Some(_) => return Reply::message(422, "Invalid request.\n\n\"state\" is not a possible value."),
            None if comment.is_empty() => {
                return Reply::message(422, "Invalid request.\n\n\"comment\" wasn't supplied.");
            }
            None => None,
        };
        Reply::act(self.review_rule(id, environment, word.as_ref()), 204)
    }
}

fn attempt_of<'a>(run: &'a Run, number: &str) -> Result<&'a Attempt, Refusal> {
    number.parse().ok().and_then(|number| run.attempt(number)).ok_or_else(Refusal::not_found)
}
