//! What there is on this GitHub: repositories, runs, attempts, jobs and gates, and how they are found.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::api_telling::{Check, Comment};
use super::auth::Access;
use super::clock::Clock;
use super::delivery::Hook;
use super::faults::Faults;
use super::limits::Limits;
use super::pulls::Pull;
use super::record::Request;
use super::script::{GateSpec, JobSpec, RunSpec};
use super::teams::Team;

/// Everything, behind one lock.
pub(super) struct World {
    /// `http://127.0.0.1:PORT`, without the API's prefix.
    pub(super) base: String,
    pub(super) blob_base: String,
    pub(super) clock: Clock,
    pub(super) salt: String,
    pub(super) counter: u64,
    pub(super) repos: Vec<Repo>,
    pub(super) workflows: Vec<Workflow>,
    pub(super) environments: Vec<Environment>,
    pub(super) installations: Vec<Installation>,
    pub(super) pulls: Vec<Pull>,
    pub(super) comments: Vec<Comment>,
    pub(super) checks: Vec<Check>,
    pub(super) teams: Vec<Team>,
    /// Who has contributed to every repository, with how many commits.
    pub(super) contributors: Vec<(String, u32)>,
    pub(super) runs: BTreeMap<u64, Run>,
    pub(super) job_runs: BTreeMap<u64, u64>,
    pub(super) access: Access,
    pub(super) hook: Hook,
    pub(super) faults: Faults,
    pub(super) requests: Vec<Request>,
    /// How many requests there were, forgotten ones included.
    pub(super) asked: u64,
    pub(super) limits: Option<Limits>,
    pub(super) auto_finish: bool,
    /// Permissions that the App was not given.
    pub(super) lacking: BTreeSet<String>,
    /// The version of a GitHub Enterprise Server; github.com has none.
    pub(super) enterprise: Option<String>,
}

pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) private: bool,
    pub(super) default_branch: String,
    pub(super) branches: BTreeMap<String, String>,
    /// Tags with their commits.
    pub(super) tags: BTreeMap<String, String>,
    pub(super) installed: bool,
}

impl Repo {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

pub(super) struct Workflow {
    pub(super) id: u64,
    pub(super) repo: u64,
    pub(super) file: String,
    pub(super) name: String,
    pub(super) state: String,
    pub(super) runs: u64,
}

pub(super) struct Environment {
    pub(super) id: u64,
    pub(super) repo: u64,
    pub(super) name: String,
}

pub(super) struct Installation {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) suspended: bool,
}

pub(super) struct Run {
    pub(super) id: u64,
    pub(super) repo: u64,
    pub(super) workflow: u64,
    pub(super) number: u64,
    pub(super) check_suite: u64,
    pub(super) sha: String,
    pub(super) created_at: Timestamp,
    pub(super) spec: RunSpec,
    pub(super) past: Vec<Attempt>,
    pub(super) now: Attempt,
    pub(super) reviews: Vec<Review>,
    pub(super) logs_deleted: bool,
    pub(super) cancel_asked: bool,
}

impl Run {
    pub(super) fn attempt(&self, number: u64) -> Option<&Attempt> {
        if number == self.now.number {
            Some(&self.now)
        } else {
            self.past.iter().find(|a| a.number == number)
        }
    }

    pub(super) fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.past.iter().chain(std::iter::once(&self.now))
    }

    pub(super) fn job(&self, id: u64) -> Option<(&Attempt, &Job)> {
        self.attempts().find_map(|a| a.jobs.iter().find(|job| job.id == id).map(|job| (a, job)))
    }

    pub(super) fn is_completed(&self) -> bool {
        self.now.status == "completed"
    }
}

#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) number: u64,
    pub(super) status: &'static str,
    pub(super) conclusion: Option<String>,
    pub(super) started_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) triggering_actor: String,
    pub(super) jobs: Vec<Job>,
    pub(super) gates: Vec<Gate>,
}

#[derive(Clone)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) spec: JobSpec,
    pub(super) status: &'static str,
    pub(super) conclusion: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) deployment: u64,
}

#[derive(Clone)]
pub(super) struct Gate {
    pub(super) environment: u64,
    pub(super) spec: GateSpec,
    pub(super) opened_at: Timestamp,
    pub(super) reviewed: bool,
    pub(super) rule_passed: bool,
    pub(super) timer_passed: bool,
    pub(super) rejected: bool,
    pub(super) reports: u32,
}

impl Gate {
    pub(super) fn pass(&mut self) {
        (self.reviewed, self.rule_passed, self.timer_passed) = (true, true, true);
    }

    pub(super) fn is_passed(&self) -> bool {
        self.reviewed && self.rule_passed && self.timer_passed
    }

    pub(super) fn is_pending(&self) -> bool {
        !self.is_passed() && !self.rejected
    }
}

/// One entry of a run's review history.
pub(super) struct Review {
    pub(super) environments: Vec<u64>,
    pub(super) state: String,
    pub(super) user: String,
    pub(super) comment: String,
}

/// GitHub's refusal of an act: status and `message` (or, for deployments, `errors`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// GitHub's words.
    pub message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, message: &str) -> Self {
        Self { status, message: message.to_owned() }
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }
}

impl World {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether this GitHub has what Enterprise Server has from that version on; github.com has everything.
    pub(super) fn has(&self, major: u32, minor: u32) -> bool {
        let Some(version) = &self.enterprise else { return true };
        let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (major, minor)
    }

    /// A fresh number; every kind of thing adds its own base.
    pub(super) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(super) fn repo_by_id(&self, id: u64) -> Option<&Repo> {
        self.repos.iter().find(|repo| repo.id == id)
    }

    pub(super) fn repo_by_name(&self, full_name: &str) -> Option<&Repo> {
        self.repos.iter().find(|repo| repo.full_name().eq_ignore_ascii_case(full_name))
    }

    /// The repository of that name, made with an installation for its owner if it is new.
    pub(super) fn ensure_repo(&mut self, full_name: &str) -> u64 {
        if let Some(repo) = self.repo_by_name(full_name) {
            return repo.id;
        }
        let (owner, name) = full_name.split_once('/').unwrap_or(("acme", full_name));
        if self.installation_of(owner).is_none() {
            let id = 51_000_000 + self.next();
            self.installations.push(Installation { id, owner: owner.to_owned(), suspended: false });
        }
        let id = 710_000_000 + self.next();
        let mut repo = Repo {
            id,
            owner: owner.to_owned(),
            name: name.to_owned(),
            private: true,
            default_branch: "main".to_owned(),
            branches: BTreeMap::new(),
            tags: BTreeMap::new(),
            installed: true,
        };
        repo.branches.insert("main".to_owned(), sha(&format!("{full_name} main 0")));
        self.repos.push(repo);
        id
    }

    pub(super) fn installation_of(&self, owner: &str) -> Option<&Installation> {
        self.installations.iter().find(|i| i.owner.eq_ignore_ascii_case(owner))
    }

    pub(super) fn ensure_workflow(&mut self, repo: u64, file: &str, name: Option<&str>) -> u64 {
        if let Some(known) = self.workflows.iter_mut().find(|w| w.repo == repo && w.file == file) {
            if let Some(name) = name {
                name.clone_into(&mut known.name);
            }
            return known.id;
        }
        let id = 160_000_000 + self.next();
        let stem = file.split('.').next().unwrap_or(file);
        let name = name.unwrap_or(stem).to_owned();
        let (file, state) = (file.to_owned(), "active".to_owned());
        self.workflows.push(Workflow { id, repo, file, name, state, runs: 0 });
        id
    }

    pub(super) fn workflow(&self, id: u64) -> Option<&Workflow> {
        self.workflows.iter().find(|w| w.id == id)
    }

    pub(super) fn ensure_environment(&mut self, repo: u64, name: &str) -> u64 {
        if let Some(known) = self.environments.iter().find(|e| e.repo == repo && e.name == name) {
            return known.id;
        }
        let id = 161_000_000 + self.next();
        self.environments.push(Environment { id, repo, name: name.to_owned() });
        id
    }

    /// The head of a branch; the branch is made if it is new.
    pub(super) fn head(&mut self, repo: u64, branch: &str) -> String {
        let Some(found) = self.repos.iter_mut().find(|r| r.id == repo) else { return sha(branch) };
        let fresh = sha(&format!("{}/{} {branch} 0", found.owner, found.name));
        found.branches.entry(branch.to_owned()).or_insert(fresh).clone()
    }

    pub(super) fn set_head(&mut self, repo: u64, branch: &str, commit: &str) {
        for repo in self.repos.iter_mut().filter(|known| known.id == repo) {
            repo.branches.insert(branch.to_owned(), commit.to_owned());
        }
    }

    /// The run, if it belongs to that repository.
    pub(super) fn run_of(&self, repo: u64, id: &str) -> Result<&Run, Refusal> {
        let id = id.parse().map_err(|_| Refusal::not_found())?;
        self.runs.get(&id).filter(|run| run.repo == repo).ok_or_else(Refusal::not_found)
    }

    /// The run that owns a job.
    pub(super) fn run_of_job(&self, repo: u64, job: &str) -> Result<(&Run, u64), Refusal> {
        let id: u64 = job.parse().map_err(|_| Refusal::not_found())?;
        let run = self.job_runs.get(&id).and_then(|run| self.runs.get(run));
        run.filter(|run| run.repo == repo).map(|run| (run, id)).ok_or_else(Refusal::not_found)
    }
}

/// 40 hexadecimal digits that look like a commit and depend on `of` alone.
pub(super) fn sha(of: &str) -> String {
    hex(&Sha256::digest(of)).chars().take(40).collect()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
