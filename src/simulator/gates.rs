//! Deployment gates: a run waits at its environments until reviewers, rules and timers have let it pass.

use jiff::Timestamp;

use super::script::GateSpec;
use super::world::{Gate, Job, Refusal, Review, Run, World};

const NOTHING_PENDING: &str = "No pending deployment requests to approve or reject";
/// Status reports that a rule may post for one deployment.
const MOST_REPORTS: u32 = 10;

/// A person's or a rule's word about environments.
pub(super) struct Word<'a> {
    pub(super) approves: bool,
    pub(super) user: &'a str,
    pub(super) comment: &'a str,
}

impl World {
    pub(super) fn make_gate(&mut self, repo: u64, spec: &GateSpec, at: Timestamp) -> Gate {
        Gate {
            environment: self.ensure_environment(repo, &spec.environment),
            spec: spec.clone(),
            opened_at: at,
            reviewed: !spec.reviewers,
            rule_passed: !spec.custom_rule,
            timer_passed: spec.wait_minutes == 0,
            rejected: false,
            reports: 0,
        }
    }

    /// What needs no approval is done, the rest waits and says so. No `workflow_run` webhook tells of the waiting.
    pub(super) fn wait_at_gates(&mut self, id: u64) {
        let now = self.now();
        let Some(run) = self.runs.get_mut(&id) else { return };
        let free = run.now.jobs.iter().any(|job| job.spec.environment.is_none());
        if free {
            self.set_run(id, "in_progress", None);
            self.emit_run(id, "in_progress");
        }
        let Some(run) = self.runs.get_mut(&id) else { return };
        let mut done = Vec::new();
        let pending: Vec<String> = run
            .now
            .gates
            .iter()
            .filter(|gate| gate.is_pending())
            .map(|gate| gate.spec.environment.clone())
            .collect();
        for job in &mut run.now.jobs {
            match &job.spec.environment {
                None => {
                    job.status = "completed";
                    job.conclusion = Some(job.spec.conclusion.clone());
                    job.completed_at = Some(now);
                    done.push(job.id);
                }
                Some(name) if pending.contains(name) => job.status = "waiting",
                Some(_) => job.status = "in_progress",
            }
        }
        self.set_run(id, "waiting", None);
        for job in done {
            self.emit_job(id, job, "completed");
        }
        self.emit_jobs(id, "in_progress");
        self.emit_jobs(id, "waiting");
        for name in pending {
            self.emit_gate_requests(id, &name);
        }
    }

    /// `deployment_review.requested` and `deployment_protection_rule.requested`, as the environment asks for.
    fn emit_gate_requests(&mut self, id: u64, environment: &str) {
        let Some(gate) = self.runs.get(&id).and_then(|run| gate_named(run, environment)).cloned() else {
            return;
        };
        if !gate.reviewed {
            self.emit_review(id, environment, "requested", None);
        }
        if !gate.rule_passed {
            self.emit_protection_rule(id, environment);
        }
    }

    /// Reviews environments by id, all or none of them; returns the ids of the deployments' jobs.
    pub(super) fn review(
        &mut self,
        id: u64,
        environments: &[u64],
        word: &Word<'_>,
    ) -> Result<Vec<u64>, Refusal> {
        let refusal = || Refusal::new(422, NOTHING_PENDING);
        let run = self.runs.get_mut(&id).ok_or_else(Refusal::not_found)?;
        let waits =
            |env: &u64| run.now.gates.iter().any(|g| g.environment == *env && g.is_pending() && !g.reviewed);
        if environments.is_empty() || run.is_completed() || !environments.iter().all(waits) {
            return Err(refusal());
        }
        let mut names = Vec::new();
        for gate in run.now.gates.iter_mut().filter(|gate| environments.contains(&gate.environment)) {
            gate.reviewed = word.approves;
            gate.rejected = !word.approves;
            names.push(gate.spec.environment.clone());
        }
        run.reviews.push(Review {
            environments: environments.to_vec(),
            state: if word.approves { "approved" } else { "rejected" }.to_owned(),
            user: word.user.to_owned(),
            comment: word.comment.to_owned(),
        });
        let deploys = |job: &&Job| job.spec.environment.as_ref().is_some_and(|name| names.contains(name));
        let jobs = run.now.jobs.iter().filter(deploys).map(|job| job.id).collect();
        for name in &names {
            self.emit_review(id, name, if word.approves { "approved" } else { "rejected" }, Some(word));
        }
        self.after_word(id);
        Ok(jobs)
    }

    /// The same by the environment's name, for persons in a story.
    pub(super) fn review_named(&mut self, id: u64, name: &str, word: &Word<'_>) -> Result<(), Refusal> {
        let run = self.runs.get(&id).ok_or_else(Refusal::not_found)?;
        let gate = gate_named(run, name).ok_or_else(|| Refusal::new(422, NOTHING_PENDING))?;
        self.review(id, &[gate.environment], word).map(drop)
    }

    /// The App's own protection rule passes or rejects; without a word it posts a status report.
    pub(super) fn review_rule(
        &mut self,
        id: u64,
        name: &str,
        word: Option<&Word<'_>>,
    ) -> Result<(), Refusal> {
        let run = self.runs.get_mut(&id).ok_or_else(Refusal::not_found)?;
        let known = run.now.gates.iter_mut().find(|g| g.spec.environment == name && g.spec.custom_rule);
        let gate = known.ok_or_else(|| Refusal::new(422, NOTHING_PENDING))?;
        if gate.rule_passed || gate.rejected || run.now.status != "waiting" {
            return Err(Refusal::new(422, "Deployment protection rule has already been reviewed"));
        }
        let Some(word) = word else {
            gate.reports += 1;
            let words = "Deployment protection rule status reports are limited to 10 per deployment";
            return if gate.reports > MOST_REPORTS { Err(Refusal::new(422, words)) } else { Ok(()) };
        };
        gate.rule_passed = word.approves;
        gate.rejected = !word.approves;
        self.after_word(id);
        Ok(())
    }

    /// A wait timer runs out; GitHub notes that in the review history as an approval by its bot.
    pub(super) fn pass_timer(&mut self, id: u64, name: &str) -> Result<(), Refusal> {
        let run = self.runs.get_mut(&id).ok_or_else(Refusal::not_found)?;
        let found = run.now.gates.iter_mut().find(|g| g.spec.environment == name && !g.timer_passed);
        let gate = found.ok_or_else(|| Refusal::new(422, NOTHING_PENDING))?;
        gate.timer_passed = true;
        run.reviews.push(Review {
            environments: vec![gate.environment],
            state: "approved".to_owned(),
            user: "github-actions[bot]".to_owned(),
            comment: format!("{} minute wait timer", gate.spec.wait_minutes),
        });
        self.after_word(id);
        Ok(())
    }

    /// Rejected: the run fails. All passed: it goes on. Otherwise the jobs that may work do.
    fn after_word(&mut self, id: u64) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        if run.now.gates.iter().any(|gate| gate.rejected) {
            self.fail_rejected(id);
            return;
        }
        let gates = &run.now.gates;
        let mut freed = Vec::new();
        for job in run.now.jobs.iter_mut().filter(|job| job.status == "waiting") {
            let name = job.spec.environment.as_deref();
            if gates.iter().any(|gate| Some(gate.spec.environment.as_str()) == name && gate.is_passed()) {
                job.status = "in_progress";
                freed.push(job.id);
            }
        }
        let all = gates.iter().all(Gate::is_passed);
        for job in freed {
            self.emit_job(id, job, "in_progress");
        }
        if all {
            self.set_run(id, "in_progress", None);
            self.emit_run(id, "in_progress");
            if self.auto_finish {
                self.finish_run(id);
            }
        }
    }
}

pub(super) fn gate_named<'a>(run: &'a Run, environment: &str) -> Option<&'a Gate> {
    run.now.gates.iter().find(|gate| gate.spec.environment == environment)
}
