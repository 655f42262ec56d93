//! The life of a run: it starts, its jobs begin, it ends; and which webhooks tell of that.

use jiff::Timestamp;

use super::clock::shift;
use super::script::{AttemptSpec, RunSpec, Stays};
use super::world::{Attempt, Job, Run, World};

impl World {
    /// Makes a run without telling anybody.
    fn make_run(&mut self, spec: RunSpec) -> u64 {
        let repo = self.ensure_repo(&spec.repo);
        let workflow = self.ensure_workflow(repo, &spec.workflow, None);
        let head = self.head_of(repo, &spec);
        let created_at = spec.created_at.unwrap_or_else(|| self.now());
        let number = self.workflows.iter_mut().find(|w| w.id == workflow).map_or(1, |w| {
            w.runs += 1;
            w.runs
        });
        let id = 32_984_852_280 + self.next();
        let check_suite = 60_000_000_000 + self.next();
        let actor = spec.actor.clone();
        let now = self.make_attempt(repo, &spec, 1, None, &actor, created_at);
        for job in &now.jobs {
            self.job_runs.insert(job.id, id);
        }
        let sha = spec.sha.clone().unwrap_or(head);
        let run = Run {
            id,
            repo,
            workflow,
            number,
            check_suite,
            sha,
            created_at,
            spec,
            past: Vec::new(),
            now,
            reviews: Vec::new(),
            logs_deleted: false,
            cancel_asked: false,
        };
        self.runs.insert(id, run);
        id
    }

    /// The commit that a run is about: of a fork that is known here, of a tag, or of a branch, made if it is new.
    fn head_of(&mut self, repo: u64, spec: &RunSpec) -> String {
        if let Some(head) = self.head_of_pull(repo, spec.fork.as_deref(), &spec.branch) {
            return head;
        }
        let fork = spec.fork.as_deref().and_then(|fork| self.repo_by_name(fork)).map(|fork| fork.id);
        if fork.is_none()
            && let Some(tagged) = self.repo_by_id(repo).and_then(|repo| repo.tags.get(&spec.branch))
        {
            return tagged.clone();
        }
        self.head(fork.unwrap_or(repo), &spec.branch)
    }

    /// The attempt as it is queued; `only` names the jobs of a partial re-run.
    pub(super) fn make_attempt(
        &mut self,
        repo: u64,
        spec: &RunSpec,
        number: u64,
        only: Option<&[String]>,
        by: &str,
        at: Timestamp,
    ) -> Attempt {
        let mut script =
            if spec.stays == Some(Stays::Ghost) { AttemptSpec::default() } else { spec.script(number) };
        if let Some(only) = only
            && script.jobs.iter().any(|job| only.contains(&job.name))
        {
            script.jobs.retain(|job| only.contains(&job.name));
        }
        let jobs = script.jobs.into_iter().map(|spec| Job {
            id: 57_000_000_000 + self.next(),
            deployment: if spec.environment.is_some() { 2_100_000_000 + self.next() } else { 0 },
            spec,
            status: "queued",
            conclusion: None,
            created_at: at,
            completed_at: None,
        });
        let jobs: Vec<Job> = jobs.collect();
        let gates = spec.gates.iter().map(|gate| self.make_gate(repo, gate, at)).collect();
        Attempt {
            number,
            status: "queued",
            conclusion: None,
            started_at: at,
            updated_at: at,
            triggering_actor: by.to_owned(),
            jobs,
            gates,
        }
    }

    /// Starts a run as an event would: `requested`, then as far as it gets by itself.
    pub(super) fn start_run(&mut self, spec: RunSpec) -> u64 {
        let needs_approval = spec.needs_fork_approval;
        let stays = spec.stays;
        let stillborn = matches!(spec.script(1).conclusion.as_deref(), Some("startup_failure"));
        let id = self.make_run(spec);
        if needs_approval {
            self.set_run(id, "completed", Some("action_required"));
        }
        self.emit_run(id, "requested");
        if needs_approval {
            return id;
        }
        if stillborn {
            self.set_run(id, "completed", Some("startup_failure"));
            self.emit_run(id, "completed");
        } else if stays.is_none() {
            self.emit_jobs(id, "queued");
            self.begin(id);
        } else {
            self.emit_jobs(id, "queued");
        }
        id
    }

    /// A run that has ended, or a stuck one, as it lies there; no webhooks.
    pub(super) fn add_past_run(&mut self, spec: RunSpec) -> u64 {
        let (last, stuck) = (spec.at_attempt, spec.stays.is_some());
        let unapproved = spec.needs_fork_approval;
        let id = self.make_run(spec);
        if stuck {
            return id;
        }
        if unapproved {
            self.set_run(id, "completed", Some("action_required"));
            return id;
        }
        loop {
            let end = self.runs.get(&id).map_or_else(|| self.now(), |run| shift(run.now.started_at, 300));
            self.complete(id, end, false);
            let Some(run) = self.runs.get(&id) else { return id };
            if run.now.number >= last {
                return id;
            }
            let by = run.now.triggering_actor.clone();
            self.next_attempt(id, None, &by, shift(end, 60));
        }
    }

    /// The queued attempt gets going: it works, or waits at its gates.
    pub(super) fn begin(&mut self, id: u64) {
        let Some(run) = self.runs.get(&id) else { return };
        if run.now.gates.iter().any(super::world::Gate::is_pending) {
            self.wait_at_gates(id);
        } else {
            self.set_run(id, "in_progress", None);
            self.set_jobs(id, "in_progress");
            self.emit_run(id, "in_progress");
            self.emit_jobs(id, "in_progress");
        }
    }

    /// Ends the present attempt by its script; false if it cannot end now.
    pub(super) fn finish_run(&mut self, id: u64) -> bool {
        let now = self.now();
        let Some(run) = self.runs.get(&id) else { return false };
        let waits = run.now.status == "waiting" && !run.cancel_asked;
        if run.is_completed() || waits || run.spec.stays == Some(Stays::Ghost) {
            return false;
        }
        self.complete(id, now, true);
        true
    }

    /// Ends one job of a run that goes on; false if it is not running.
    pub(super) fn finish_job(&mut self, id: u64, name: &str) -> bool {
        let now = self.now();
        let Some(run) = self.runs.get_mut(&id) else { return false };
        let running = |job: &&mut Job| job.spec.name == name && job.status == "in_progress";
        let Some(job) = run.now.jobs.iter_mut().find(running) else { return false };
        job.status = "completed";
        job.completed_at = Some(now);
        job.conclusion = Some(job.spec.conclusion.clone());
        let job = job.id;
        self.emit_job(id, job, "completed");
        true
    }

    /// Ends every job that has not ended, then the run.
    fn complete(&mut self, id: u64, at: Timestamp, tell: bool) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        let cancelled = run.cancel_asked;
        if !tell {
            run.now.gates.iter_mut().for_each(super::world::Gate::pass);
        }
        let mut ended = Vec::new();
        for job in run.now.jobs.iter_mut().filter(|job| job.status != "completed") {
            job.status = "completed";
            job.completed_at = Some(at);
            job.conclusion =
                Some(if cancelled { "cancelled".to_owned() } else { job.spec.conclusion.clone() });
            ended.push(job.id);
        }
        let scripted = run.spec.script(run.now.number).conclusion;
        let conclusion = match scripted {
            _ if cancelled => "cancelled".to_owned(),
            _ if run.now.gates.iter().any(|gate| gate.rejected) => "failure".to_owned(),
            Some(conclusion) => conclusion,
            None => sum(&run.now.jobs).to_owned(),
        };
        run.now.status = "completed";
        run.now.conclusion = Some(conclusion);
        run.now.updated_at = at;
        run.cancel_asked = false;
        if tell {
            for job in ended {
                self.emit_job(id, job, "completed");
            }
            self.emit_run(id, "completed");
        }
    }

    /// Cancels at once, gates included.
    pub(super) fn cancel_now(&mut self, id: u64) {
        let now = self.now();
        if let Some(run) = self.runs.get_mut(&id) {
            run.cancel_asked = true;
        }
        self.complete(id, now, true);
    }

    /// Ends the run because an environment was rejected.
    pub(super) fn fail_rejected(&mut self, id: u64) {
        let now = self.now();
        if let Some(run) = self.runs.get_mut(&id) {
            let attempt = &mut run.now;
            for job in attempt.jobs.iter_mut().filter(|job| job.status == "waiting") {
                let name = job.spec.environment.as_deref();
                let hit =
                    attempt.gates.iter().any(|g| g.rejected && Some(g.spec.environment.as_str()) == name);
                job.spec.conclusion = if hit { "failure" } else { "cancelled" }.to_owned();
            }
        }
        self.complete(id, now, true);
    }

    pub(super) fn set_run(&mut self, id: u64, status: &'static str, conclusion: Option<&str>) {
        let now = self.now();
        if let Some(run) = self.runs.get_mut(&id) {
            run.now.status = status;
            run.now.conclusion = conclusion.map(str::to_owned);
            run.now.updated_at = now.max(run.now.started_at);
            if status == "completed" && matches!(conclusion, Some("startup_failure" | "action_required")) {
                run.now.jobs.clear();
            }
        }
    }

    /// Every job that has not ended takes this status.
    pub(super) fn set_jobs(&mut self, id: u64, status: &'static str) {
        if let Some(run) = self.runs.get_mut(&id) {
            for job in run.now.jobs.iter_mut().filter(|job| job.status != "completed") {
                job.status = status;
            }
        }
    }

    /// One `workflow_job` webhook for each job that has this status.
    pub(super) fn emit_jobs(&mut self, id: u64, status: &str) {
        let Some(run) = self.runs.get(&id) else { return };
        let jobs: Vec<u64> =
            run.now.jobs.iter().filter(|job| job.status == status).map(|job| job.id).collect();
        for job in jobs {
            self.emit_job(id, job, status);
        }
    }
}

/// The run's conclusion that follows from its jobs.
fn sum(jobs: &[Job]) -> &'static str {
    let has = |what: &str| jobs.iter().any(|job| job.conclusion.as_deref() == Some(what));
    if has("failure") || has("timed_out") {
        "failure"
    } else if has("cancelled") {
        "cancelled"
    } else if !jobs.is_empty() && jobs.iter().all(|job| job.conclusion.as_deref() == Some("skipped")) {
        "skipped"
    } else {
        "success"
    }
}
