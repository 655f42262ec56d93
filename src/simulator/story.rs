//! What happens on this GitHub, told as a story: runs start and end, people act.

use super::gates::Word;
use super::handle::Simulator;
use super::rerun::Which;
use super::script::RunSpec;
use super::world::{Refusal, World, sha};

/// A run as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunState {
    /// `run_attempt`.
    pub attempt: u64,
    /// `status`.
    pub status: String,
    /// `conclusion`.
    pub conclusion: Option<String>,
    /// The jobs of this attempt.
    pub jobs: Vec<JobState>,
    /// Environments at which it waits.
    pub waits_at: Vec<String>,
    /// Can its logs not be had any more?
    pub logs_deleted: bool,
    /// Was a cancellation accepted that is not done yet?
    pub cancel_asked: bool,
}

/// A job as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    /// Job id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// `status`.
    pub status: String,
    /// `conclusion`.
    pub conclusion: Option<String>,
}

impl Simulator {
    // --- places ---

    /// Makes a private repository with branch `main` and the App installed, if it is new; returns its id.
    pub fn repo(&self, full_name: &str) -> u64 {
        self.change(|world| world.ensure_repo(full_name))
    }

    /// Makes the repository public or private.
    pub fn private(&self, full_name: &str, private: bool) {
        self.change(|world| {
            let id = world.ensure_repo(full_name);
            world.repos.iter_mut().filter(|repo| repo.id == id).for_each(|repo| repo.private = private);
        });
    }

    /// Makes a workflow of that file (`ci.yml`) and name, if it is new; returns its id.
    pub fn workflow(&self, repo: &str, file: &str, name: &str) -> u64 {
        self.change(|world| {
            let repo = world.ensure_repo(repo);
            world.ensure_workflow(repo, file, Some(name))
        })
    }

    /// The id of the App's installation on this account, if there is a repository of it.
    #[must_use]
    pub fn installation(&self, owner: &str) -> Option<u64> {
        self.read(|world| world.installation_of(owner).map(|installation| installation.id))
    }

    /// The App loses or gains a repository; `installation_repositories` tells of it.
    pub fn installed(&self, full_name: &str, installed: bool) {
        self.change(|world| {
            let id = world.ensure_repo(full_name);
            world.repos.iter_mut().filter(|repo| repo.id == id).for_each(|repo| repo.installed = installed);
            world.emit_installed(id, installed);
        });
    }

    /// The account suspends the App, or takes it back.
    pub fn suspended(&self, owner: &str, suspended: bool) {
        self.change(|world| {
            for installation in world.installations.iter_mut().filter(|i| i.owner == owner) {
                installation.suspended = suspended;
            }
        });
    }

    /// The id of an environment.
    pub fn environment(&self, repo: &str, name: &str) -> u64 {
        self.change(|world| {
            let repo = world.ensure_repo(repo);
            world.ensure_environment(repo, name)
        })
    }

    /// A new commit becomes the head of the branch; returns it.
    pub fn push(&self, repo: &str, branch: &str) -> String {
        self.change(|world| {
            let id = world.ensure_repo(repo);
            let commit = sha(&format!("{repo} {branch} {}", world.next()));
            world.set_head(id, branch, &commit);
            world.move_pulls(id, None, branch, &commit);
            commit
        })
    }

    /// A tag is put on the present head of `main`; returns its commit.
    pub fn tag(&self, repo: &str, tag: &str) -> String {
        self.change(|world| {
            let id = world.ensure_repo(repo);
            let commit = world.head(id, "main");
            for repo in world.repos.iter_mut().filter(|repo| repo.id == id) {
                repo.tags.insert(tag.to_owned(), commit.clone());
            }
            commit
        })
    }

    /// A workflow is disabled (`disabled_manually`, `disabled_inactivity`, `disabled_fork`), or its file is `deleted`;
    /// with `gone` GitHub does not know it any more.
    pub fn workflow_becomes(&self, repo: &str, file: &str, state: &str) {
        self.change(|world| {
            let id = world.ensure_repo(repo);
            let mine = world.workflows.iter_mut().filter(|known| known.repo == id && known.file == file);
            mine.for_each(|known| state.clone_into(&mut known.state));
        });
    }

    /// Deletes a branch.
    pub fn delete_branch(&self, repo: &str, branch: &str) {
        self.change(|world| {
            let id = world.ensure_repo(repo);
            for repo in world.repos.iter_mut().filter(|repo| repo.id == id) {
                repo.branches.remove(branch);
            }
        });
    }

    // --- runs ---

    /// Starts a run: webhooks `requested`, then `in_progress`, or those of waiting at gates. Returns its id.
    pub fn run(&self, spec: RunSpec) -> u64 {
        self.change(|world| world.start_run(spec))
    }

    /// Starts a run and ends its first attempt by its script.
    pub fn run_to_end(&self, spec: RunSpec) -> u64 {
        self.change(|world| {
            let id = world.start_run(spec);
            world.finish_run(id);
            id
        })
    }

    /// Adds a run that ended long ago (or a stuck one), without webhooks.
    pub fn past_run(&self, spec: RunSpec) -> u64 {
        self.change(|world| world.add_past_run(spec))
    }

    /// A run that stayed `queued` finds its runner.
    pub fn begin(&self, run: u64) {
        self.change(|world| world.begin(run));
    }

    /// Ends the present attempt by its script (or by an accepted cancellation) and tells of it. False if it cannot end:
    /// ended already, waits at gates, is a ghost.
    pub fn finish(&self, run: u64) -> bool {
        self.change(|world| world.finish_run(run))
    }

    /// Ends one job by its script and tells of it; the run goes on. False if the job is not running.
    pub fn finish_job(&self, run: u64, name: &str) -> bool {
        self.change(|world| world.finish_job(run, name))
    }

    /// GitHub lets the run's logs expire.
    pub fn expire_logs(&self, run: u64) {
        self.change(|world| {
            if let Some(run) = world.runs.get_mut(&run) {
                run.logs_deleted = true;
            }
        });
    }

    /// A run as it is now; `None` if there is no such run (any more).
    #[must_use]
    pub fn run_state(&self, run: u64) -> Option<RunState> {
        self.read(|world| state(world, run))
    }

    /// The present attempt; 0 if there is no such run.
    #[must_use]
    pub fn attempt_of(&self, run: u64) -> u64 {
        self.read(|world| world.runs.get(&run).map_or(0, |run| run.now.number))
    }

    /// `GET /repos/{owner}/{repo}/actions/runs/{id}` as JSON; null if there is no such run.
    #[must_use]
    pub fn run_json(&self, run: u64) -> serde_json::Value {
        self.read(|world| world.runs.get(&run).map(|run| world.run_json(run, &run.now)).unwrap_or_default())
    }

    /// The ids of all runs, the oldest first.
    #[must_use]
    pub fn runs(&self) -> Vec<u64> {
        self.read(|world| world.runs.keys().copied().collect())
    }

    // --- people ---

    /// A person re-runs all jobs.
    ///
    /// # Errors
    /// GitHub refuses.
    pub fn person_reruns(&self, run: u64, login: &str) -> Result<(), Refusal> {
        self.change(|world| world.rerun(run, Which::All, login))
    }

    /// A person re-runs the failed jobs.
    ///
    /// # Errors
    /// GitHub refuses.
    pub fn person_reruns_failed(&self, run: u64, login: &str) -> Result<(), Refusal> {
        self.change(|world| world.rerun(run, Which::Failed, login))
    }

    /// A person cancels the run; it ends at once.
    ///
    /// # Errors
    /// GitHub refuses.
    pub fn person_cancels(&self, run: u64) -> Result<(), Refusal> {
        self.change(|world| world.cancel(run, true))
    }

    /// A person deletes the run.
    ///
    /// # Errors
    /// GitHub refuses.
    pub fn person_deletes(&self, run: u64) -> Result<(), Refusal> {
        self.change(|world| world.delete_run(run))
    }

    /// A reviewer approves one environment.
    ///
    /// # Errors
    /// The run does not wait there for a reviewer.
    pub fn person_approves(&self, run: u64, environment: &str, login: &str) -> Result<(), Refusal> {
        let word = Word { approves: true, user: login, comment: "Ship it!" };
        self.change(|world| world.review_named(run, environment, &word))
    }

    /// A reviewer rejects one environment: the run fails.
    ///
    /// # Errors
    /// The run does not wait there for a reviewer.
    pub fn person_rejects(&self, run: u64, environment: &str, login: &str) -> Result<(), Refusal> {
        let word = Word { approves: false, user: login, comment: "Not today." };
        self.change(|world| world.review_named(run, environment, &word))
    }

    /// A maintainer approves a first-time contributor's run.
    ///
    /// # Errors
    /// The run does not wait for that.
    pub fn person_approves_fork(&self, run: u64) -> Result<(), Refusal> {
        self.change(|world| world.approve_fork(run))
    }

    /// An environment's wait timer runs out.
    ///
    /// # Errors
    /// The run does not wait for it.
    pub fn timer_passes(&self, run: u64, environment: &str) -> Result<(), Refusal> {
        self.change(|world| world.pass_timer(run, environment))
    }
}

fn state(world: &World, id: u64) -> Option<RunState> {
    let run = world.runs.get(&id)?;
    let job = |job: &super::world::Job| JobState {
        id: job.id,
        name: job.spec.name.clone(),
        status: job.status.to_owned(),
        conclusion: job.conclusion.clone(),
    };
    let waits = run.now.status == "waiting";
    let gates = run.now.gates.iter().filter(|gate| waits && gate.is_pending());
    Some(RunState {
        attempt: run.now.number,
        status: run.now.status.to_owned(),
        conclusion: run.now.conclusion.clone(),
        jobs: run.now.jobs.iter().map(job).collect(),
        waits_at: gates.map(|gate| gate.spec.environment.clone()).collect(),
        logs_deleted: run.logs_deleted,
        cancel_asked: run.cancel_asked,
    })
}
