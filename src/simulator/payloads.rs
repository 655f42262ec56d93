//! The bodies of webhooks.

use serde_json::{Map, Value, json};

use super::clock::text;
use super::gates::Word;
use super::world::{Job, Repo, Run, World};

impl World {
    /// What all webhooks of a repository carry besides their subject.
    pub(super) fn envelope(&self, repo: &Repo, action: &str, sender: &str) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("action".to_owned(), json!(action));
        body.insert("repository".to_owned(), self.full_repository(repo));
        body.insert("organization".to_owned(), self.organization(&repo.owner));
        body.insert("sender".to_owned(), self.user(sender));
        if let Some(installation) = self.installation_of(&repo.owner) {
            let node = format!("MDIzOkludGVncmF0aW9u{}", installation.id);
            body.insert("installation".to_owned(), json!({ "id": installation.id, "node_id": node }));
        }
        body
    }

    pub(super) fn emit_run(&mut self, id: u64, action: &str) {
        if let Some(body) = self.runs.get(&id).and_then(|run| self.run_payload(run, action)) {
            self.emit("workflow_run", action, &body);
        }
    }

    pub(super) fn run_payload(&self, run: &Run, action: &str) -> Option<Value> {
        let repo = self.repo_by_id(run.repo)?;
        let workflow = self.workflow(run.workflow)?;
        let full_name = repo.full_name();
        let mut body = self.envelope(repo, action, &run.now.triggering_actor);
        let path = format!(".github/workflows/{}", workflow.file);
        let page = format!("{}/{full_name}", self.base);
        body.insert("workflow_run".to_owned(), self.run_json(run, &run.now));
        body.insert(
            "workflow".to_owned(),
            json!({
                "id": workflow.id,
                "node_id": format!("W_kwDO{}", workflow.id),
                "name": workflow.name,
                "path": path,
                "state": "active",
                "created_at": "2025-03-01T08:00:00.000Z",
                "updated_at": "2025-03-01T08:00:00.000Z",
                "url": self.api(&format!("/repos/{full_name}/actions/workflows/{}", workflow.id)),
                "html_url": format!("{page}/blob/main/{path}"),
                "badge_url": format!("{page}/workflows/{}/badge.svg", workflow.name),
            }),
        );
        Some(Value::Object(body))
    }

    pub(super) fn emit_job(&mut self, id: u64, job: u64, action: &str) {
        if let Some(body) = self.job_payload(id, job, action) {
            self.emit("workflow_job", action, &body);
        }
    }

    pub(super) fn job_payload(&self, id: u64, job: u64, action: &str) -> Option<Value> {
        let run = self.runs.get(&id)?;
        let (attempt, job) = run.job(job)?;
        let mut body = self.envelope(self.repo_by_id(run.repo)?, action, &attempt.triggering_actor);
        body.insert("workflow_job".to_owned(), self.job_json(run, attempt, job));
        if job.spec.environment.is_some() {
            body.insert("deployment".to_owned(), self.deployment(run, job));
        }
        Some(Value::Object(body))
    }

    pub(super) fn emit_review(&mut self, id: u64, environment: &str, action: &str, word: Option<&Word<'_>>) {
        if let Some(body) = self.review_payload(id, environment, action, word) {
            self.emit("deployment_review", action, &body);
        }
    }

    /// Names the environment but not its id, as GitHub does.
    pub(super) fn review_payload(
        &self,
        id: u64,
        environment: &str,
        action: &str,
        word: Option<&Word<'_>>,
    ) -> Option<Value> {
        let run = self.runs.get(&id)?;
        let job = job_at(run, environment)?;
        let sender = word.map_or(run.now.triggering_actor.as_str(), |word| word.user);
        let mut body = self.envelope(self.repo_by_id(run.repo)?, action, sender);
        let waiting = self.job_run(run, job);
        body.insert("since".to_owned(), json!(text(run.now.started_at)));
        body.insert("workflow_run".to_owned(), self.run_json(run, &run.now));
        body.insert("workflow_job_run".to_owned(), waiting.clone());
        body.insert("reviewers".to_owned(), self.reviewers(true));
        if let Some(word) = word {
            body.insert("approver".to_owned(), self.user(word.user));
            body.insert("comment".to_owned(), json!(word.comment));
            body.insert("workflow_job_runs".to_owned(), json!([waiting]));
        } else {
            body.insert("environment".to_owned(), json!(environment));
            body.insert("requestor".to_owned(), self.user(&run.now.triggering_actor));
        }
        Some(Value::Object(body))
    }

    fn job_run(&self, run: &Run, job: &Job) -> Value {
        let full_name = self.repo_by_id(run.repo).map(Repo::full_name).unwrap_or_default();
        json!({
            "id": job.id,
            "name": job.spec.name,
            "status": job.status,
            "conclusion": job.conclusion,
            "environment": job.spec.environment,
            "html_url": format!("{}/{full_name}/actions/runs/{}/job/{}", self.base, run.id, job.id),
            "created_at": text(job.created_at),
            "updated_at": text(run.now.updated_at),
        })
    }

    pub(super) fn emit_protection_rule(&mut self, id: u64, environment: &str) {
        if let Some(body) = self.rule_payload(id, environment) {
            self.emit("deployment_protection_rule", "requested", &body);
        }
    }

    /// The run's id stands in the callback's address only.
    pub(super) fn rule_payload(&self, id: u64, environment: &str) -> Option<Value> {
        let run = self.runs.get(&id)?;
        let repo = self.repo_by_id(run.repo)?;
        let job = job_at(run, environment)?;
        let callback = format!("/repos/{}/actions/runs/{id}/deployment_protection_rule", repo.full_name());
        let mut body = self.envelope(repo, "requested", &run.now.triggering_actor);
        body.insert("environment".to_owned(), json!(environment));
        body.insert("event".to_owned(), json!(run.spec.event));
        body.insert("deployment_callback_url".to_owned(), json!(self.api(&callback)));
        body.insert("deployment".to_owned(), self.deployment(run, job));
        body.insert("sha".to_owned(), json!(run.sha));
        body.insert("ref".to_owned(), json!(format!("refs/heads/{}", run.spec.branch)));
        body.insert("pull_requests".to_owned(), json!([]));
        Some(Value::Object(body))
    }

    /// A webhook's body from the present state. Jobs and gates: the first that fits the activity, else the first.
    pub(super) fn payload(&self, event: &str, action: &str, id: u64) -> Option<Value> {
        let run = self.runs.get(&id)?;
        let environment = || run.now.gates.first().map(|gate| gate.spec.environment.as_str());
        match event {
            "workflow_run" => self.run_payload(run, action),
            "workflow_job" => {
                let jobs = &run.now.jobs;
                let job = jobs.iter().find(|job| job.status == action).or_else(|| jobs.first())?;
                self.job_payload(id, job.id, action)
            }
            "deployment_review" => self.review_payload(id, environment()?, action, None),
            "deployment_protection_rule" => self.rule_payload(id, environment()?),
            _ => Some(Value::Object(self.envelope(self.repo_by_id(run.repo)?, action, &run.spec.actor))),
        }
    }

    /// `installation_repositories`: the App gained or lost a repository.
    pub(super) fn emit_installed(&mut self, repo: u64, installed: bool) {
        let Some(found) = self.repo_by_id(repo) else { return };
        let action = if installed { "added" } else { "removed" };
        let stub = json!({
            "id": found.id, "node_id": format!("R_kgDO{}", found.id), "name": found.name,
            "full_name": found.full_name(), "private": found.private,
        });
        let body = json!({
            "action": action,
            "installation": self.installation(&found.owner),
            "repository_selection": "selected",
            "repositories_added": if installed { json!([stub]) } else { json!([]) },
            "repositories_removed": if installed { json!([]) } else { json!([stub]) },
            "requester": null,
            "sender": self.user("octocat"),
        });
        self.emit("installation_repositories", action, &body);
    }
}

fn job_at<'a>(run: &'a Run, environment: &str) -> Option<&'a Job> {
    run.now.jobs.iter().find(|job| job.spec.environment.as_deref() == Some(environment))
}
