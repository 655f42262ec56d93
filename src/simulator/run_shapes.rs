//! JSON of runs, attempts, jobs, deployments and reviews.

use serde_json::{Value, json};

use super::auth::REVIEWER;
use super::clock::{shift, text};
use super::pulls::Pull;
use super::shapes::number_of;
use super::world::{Attempt, Gate, Job, Repo, Review, Run, World, sha};

impl World {
    /// A run as `attempt` was or is: the first attempt's `created_at`, this attempt's everything else.
    pub(super) fn run_json(&self, run: &Run, attempt: &Attempt) -> Value {
        let Some(repo) = self.repo_by_id(run.repo) else { return Value::Null };
        let full_name = repo.full_name();
        let url = self.api(&format!("/repos/{full_name}/actions/runs/{}", run.id));
        let old = (attempt.number != run.now.number).then(|| format!("/attempts/{}", attempt.number));
        let own = format!("{url}{}", old.unwrap_or_default());
        let before = (attempt.number > 1).then(|| format!("{url}/attempts/{}", attempt.number - 1));
        let (file, name) =
            self.workflow(run.workflow).map_or(("", ""), |w| (w.file.as_str(), w.name.as_str()));
        let title = run.spec.title.clone().unwrap_or_else(|| format!("Work on {}", run.spec.branch));
        let mut body = json!({
            "id": run.id,
            "name": name,
            "node_id": format!("WFR_kwLO{}", run.id),
            "head_branch": run.spec.branch,
            "head_sha": run.sha,
            "path": format!(".github/workflows/{file}"),
            "display_title": title,
            "run_number": run.number,
            "event": run.spec.event,
            "status": attempt.status,
            "conclusion": attempt.conclusion,
            "workflow_id": run.workflow,
            "check_suite_id": run.check_suite,
            "check_suite_node_id": format!("CS_kwDO{}", run.check_suite),
            "url": url,
            "html_url": format!("{}/{full_name}/actions/runs/{}", self.base, run.id),
            "pull_requests": self.pull_stubs(run, repo),
            "created_at": text(run.created_at),
            "updated_at": text(attempt.updated_at),
            "actor": self.user(&run.spec.actor),
            "run_attempt": attempt.number,
            "referenced_workflows": [],
            "run_started_at": text(attempt.started_at),
            "triggering_actor": self.user(&attempt.triggering_actor),
        });
        let more = json!({
            "jobs_url": format!("{own}/jobs"),
            "logs_url": format!("{own}/logs"),
            "check_suite_url": self.api(&format!("/repos/{full_name}/check-suites/{}", run.check_suite)),
            "artifacts_url": format!("{url}/artifacts"),
            "cancel_url": format!("{url}/cancel"),
            "rerun_url": format!("{url}/rerun"),
            "previous_attempt_url": before,
            "workflow_url": self.api(&format!("/repos/{full_name}/actions/workflows/{}", run.workflow)),
            "head_commit": commit(run, &title),
            "repository": self.repository(repo, None),
            "head_repository": self.repository(repo, run.spec.fork.as_deref()),
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        body
    }

    /// Empty for forks; otherwise any open pull request with that head.
    fn pull_stubs(&self, run: &Run, repo: &Repo) -> Vec<Value> {
        if run.spec.fork.is_some() {
            return Vec::new();
        }
        let mine = |pull: &&Pull| pull.open && pull.is_from(repo.id, None, &run.spec.branch);
        let stub = |pull: &Pull| {
            let full_name = repo.full_name();
            let home = json!({
                "id": repo.id, "name": repo.name, "url": self.api(&format!("/repos/{full_name}")),
            });
            let base = repo.branches.get(&pull.spec.base);
            json!({
                "id": pull.id,
                "number": pull.number(),
                "url": self.api(&format!("/repos/{full_name}/pulls/{}", pull.number())),
                "head": { "ref": pull.spec.branch, "sha": run.sha, "repo": home },
                "base": { "ref": pull.spec.base, "sha": base, "repo": home },
            })
        };
        self.pulls.iter().filter(mine).map(stub).collect()
    }

    pub(super) fn job_json(&self, run: &Run, attempt: &Attempt, job: &Job) -> Value {
        let full_name = self.repo_by_id(run.repo).map(Repo::full_name).unwrap_or_default();
        let api = |path: String| self.api(&format!("/repos/{full_name}{path}"));
        let began = job.status == "in_progress" || job.status == "completed";
        json!({
            "id": job.id,
            "run_id": run.id,
            "workflow_name": self.workflow(run.workflow).map(|workflow| &workflow.name),
            "head_branch": run.spec.branch,
            "run_url": api(format!("/actions/runs/{}", run.id)),
            "run_attempt": attempt.number,
            "node_id": format!("CR_kwDO{}", job.id),
            "head_sha": run.sha,
            "url": api(format!("/actions/jobs/{}", job.id)),
            "html_url": format!("{}/{full_name}/actions/runs/{}/job/{}", self.base, run.id, job.id),
            "status": job.status,
            "conclusion": job.conclusion,
            "created_at": text(job.created_at),
            "started_at": text(job.created_at),
            "completed_at": job.completed_at.map(text),
            "name": job.spec.name,
            "steps": steps(job),
            "check_run_url": api(format!("/check-runs/{}", job.id)),
            "labels": job.spec.labels,
            "runner_id": began.then_some(1),
            "runner_name": began.then_some("GitHub Actions 1"),
            "runner_group_id": began.then_some(0),
            "runner_group_name": began.then_some("GitHub Actions"),
        })
    }

    pub(super) fn deployment(&self, run: &Run, job: &Job) -> Value {
        let full_name = self.repo_by_id(run.repo).map(Repo::full_name).unwrap_or_default();
        let url = self.api(&format!("/repos/{full_name}/deployments/{}", job.deployment));
        json!({
            "url": url,
            "id": job.deployment,
            "node_id": format!("DE_kwDO{}", job.deployment),
            "task": "deploy",
            "original_environment": job.spec.environment,
            "environment": job.spec.environment,
            "description": null,
            "created_at": text(job.created_at),
            "updated_at": text(job.created_at),
            "statuses_url": format!("{url}/statuses"),
            "repository_url": self.api(&format!("/repos/{full_name}")),
            "creator": self.user(&run.spec.actor),
            "sha": run.sha,
            "ref": run.spec.branch,
            "payload": {},
            "transient_environment": false,
            "production_environment": job.spec.environment.as_deref() == Some("production"),
            "performed_via_github_app": null
        })
    }

    /// One entry of `GET …/pending_deployments`.
    pub(super) fn pending_deployment(&self, gate: &Gate, may_approve: bool) -> Value {
        let environment =
            self.environments.iter().find(|e| e.id == gate.environment).map(|e| self.environment(e));
        let timer = !gate.timer_passed;
        json!({
            "environment": environment,
            "wait_timer": gate.spec.wait_minutes,
            "wait_timer_started_at": timer.then(|| text(gate.opened_at)),
            "current_user_can_approve": may_approve && !gate.reviewed,
            "reviewers": self.reviewers(gate.spec.reviewers),
        })
    }

    pub(super) fn reviewers(&self, required: bool) -> Value {
        if required { json!([{ "type": "User", "reviewer": self.user(REVIEWER) }]) } else { json!([]) }
    }

    pub(super) fn review_json(&self, review: &Review) -> Value {
        let of = |id: &u64| self.environments.iter().find(|e| e.id == *id).map(|e| self.environment(e));
        json!({
            "state": review.state,
            "comment": review.comment,
            "environments": review.environments.iter().filter_map(of).collect::<Vec<_>>(),
            "user": self.user(&review.user),
        })
    }
}

fn commit(run: &Run, message: &str) -> Value {
    let person =
        json!({ "name": run.spec.actor, "email": format!("{}@users.noreply.github.com", run.spec.actor) });
    json!({
        "id": run.sha,
        "tree_id": sha(&format!("tree of {}", run.sha)),
        "message": message,
        "timestamp": text(shift(run.created_at, -5)),
        "author": person,
        "committer": person,
    })
}

/// `Set up job`, then what the script says.
fn steps(job: &Job) -> Vec<Value> {
    if matches!(job.status, "queued" | "waiting") || job.conclusion.as_deref() == Some("skipped") {
        return Vec::new();
    }
    let scripted = scripted_steps(job);
    let step = |(index, (name, conclusion)): (usize, &(String, String))| {
        let ended = job.status == "completed";
        json!({
            "name": name,
            "status": if ended { "completed" } else { "in_progress" },
            "conclusion": ended.then_some(conclusion),
            "number": index + 1,
            "started_at": text(job.created_at),
            "completed_at": job.completed_at.map(text),
        })
    };
    scripted.iter().enumerate().map(step).collect()
}

/// Name and conclusion of a job's steps.
pub(super) fn scripted_steps(job: &Job) -> Vec<(String, String)> {
    let mut steps = vec![("Set up job".to_owned(), "success".to_owned())];
    if job.spec.steps.is_empty() {
        let conclusion = job.conclusion.as_ref().unwrap_or(&job.spec.conclusion);
        steps.push((format!("Run {}", job.spec.name), conclusion.clone()));
    }
    steps.extend(job.spec.steps.iter().cloned());
    steps
}

/// The id of a check annotation's author is of no matter; its place and words are.
pub(super) fn annotation(job: &Job, level: &str, message: &str) -> Value {
    json!({
        "path": ".github",
        "start_line": 1 + number_of(message) % 400,
        "end_line": 1 + number_of(message) % 400,
        "start_column": null,
        "end_column": null,
        "annotation_level": level,
        "title": "",
        "message": message,
        "raw_details": "",
        "blob_href": format!("/check-runs/{}", job.id),
    })
}
