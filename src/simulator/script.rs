//! What a run is going to do: the script that a story hands to the simulator.

use jiff::Timestamp;

/// A run to start, or one that ended long ago: whose it is, and how each of its attempts and jobs will end.
#[derive(Debug, Clone)]
pub struct RunSpec {
    pub(super) repo: String,
    pub(super) workflow: String,
    pub(super) branch: String,
    pub(super) event: String,
    pub(super) actor: String,
    pub(super) title: Option<String>,
    pub(super) sha: Option<String>,
    pub(super) fork: Option<String>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) attempts: Vec<AttemptSpec>,
    pub(super) gates: Vec<GateSpec>,
    pub(super) at_attempt: u64,
    pub(super) stays: Option<Stays>,
    pub(super) needs_fork_approval: bool,
    pub(super) ignores_cancel: bool,
}

/// A run that does not begin to work by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stays {
    /// Its jobs wait for a runner until `Simulator::begin`.
    Queued,
    /// Zero jobs, `queued` for ever; can be neither cancelled nor deleted.
    Ghost,
}

impl RunSpec {
    /// A push by `octocat` to `main` that will succeed; `workflow` is a file name such as `ci.yml`.
    pub fn new(repo: impl Into<String>, workflow: impl Into<String>) -> Self {
        Self {
            repo: repo.into(),
            workflow: workflow.into(),
            branch: "main".to_owned(),
            event: "push".to_owned(),
            actor: "octocat".to_owned(),
            title: None,
            sha: None,
            fork: None,
            created_at: None,
            attempts: Vec::new(),
            gates: Vec::new(),
            at_attempt: 1,
            stays: None,
            needs_fork_approval: false,
            ignores_cancel: false,
        }
    }

    /// The branch, `head_branch`.
    #[must_use]
    pub fn branch(mut self, branch: impl Into<String>) -> Self {
        self.branch = branch.into();
        self
    }

    /// The event that started the run: `push`, `pull_request`, `schedule`, ….
    #[must_use]
    pub fn event(mut self, event: impl Into<String>) -> Self {
        self.event = event.into();
        self
    }

    /// Login of whoever started attempt 1.
    #[must_use]
    pub fn actor(mut self, login: impl Into<String>) -> Self {
        self.actor = login.into();
        self
    }

    /// `display_title`.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The commit; by default the present head of the branch.
    #[must_use]
    pub fn sha(mut self, sha: impl Into<String>) -> Self {
        self.sha = Some(sha.into());
        self
    }

    /// The run belongs to a pull request from this fork (`owner/name`): `pull_requests` stays empty.
    #[must_use]
    pub fn fork(mut self, full_name: impl Into<String>) -> Self {
        self.fork = Some(full_name.into());
        self
    }

    /// When the run was created; by default now.
    #[must_use]
    pub fn created_at(mut self, at: Timestamp) -> Self {
        self.created_at = Some(at);
        self
    }

    /// How the attempts end, one after the other; the last holds for all later ones. A plain conclusion stands for an
    /// attempt with one job, `build` (`startup_failure`: none).
    #[must_use]
    pub fn attempts<A: Into<AttemptSpec>>(mut self, attempts: impl IntoIterator<Item = A>) -> Self {
        self.attempts = attempts.into_iter().map(Into::into).collect();
        self
    }

    /// Adds one attempt to the script.
    #[must_use]
    pub fn attempt(mut self, attempt: impl Into<AttemptSpec>) -> Self {
        self.attempts.push(attempt.into());
        self
    }

    /// The run waits at these environments for a required reviewer. An environment without a job of its own gets the
    /// job `deploy to ENVIRONMENT`.
    #[must_use]
    pub fn environments<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.gates.extend(names.into_iter().map(GateSpec::reviewers));
        self
    }

    /// The run waits at one environment.
    #[must_use]
    pub fn gate(mut self, gate: GateSpec) -> Self {
        self.gates.push(gate);
        self
    }

    /// For past runs: attempts 1 to `attempt` have all ended.
    #[must_use]
    pub fn at_attempt(mut self, attempt: u64) -> Self {
        self.at_attempt = attempt.max(1);
        self
    }

    /// The jobs find no runner: the run stays `queued` until `Simulator::begin`.
    #[must_use]
    pub fn stays_queued(mut self) -> Self {
        self.stays = Some(Stays::Queued);
        self
    }

    /// A ghost: `queued`, without jobs, can be neither cancelled nor deleted.
    #[must_use]
    pub fn ghost(mut self) -> Self {
        self.stays = Some(Stays::Ghost);
        self
    }

    /// A first-time contributor's run: `completed` with `action_required` until someone approves it.
    #[must_use]
    pub fn needs_fork_approval(mut self) -> Self {
        self.needs_fork_approval = true;
        self
    }

    /// A cancellation is accepted with 202 and ignored; only a forced one has an effect.
    #[must_use]
    pub fn ignores_cancel(mut self) -> Self {
        self.ignores_cancel = true;
        self
    }

    /// The script of attempt `number`, jobs of the gates included.
    pub(super) fn script(&self, number: u64) -> AttemptSpec {
        let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let mut script = self
            .attempts
            .get(index)
            .or_else(|| self.attempts.last())
            .cloned()
            .unwrap_or_else(|| AttemptSpec::from("success"));
        let outcome = script.conclusion.clone().unwrap_or_else(|| "success".to_owned());
        if script.jobs.is_empty() && !matches!(outcome.as_str(), "startup_failure" | "action_required") {
            let build = if self.gates.is_empty() { outcome.as_str() } else { "success" };
            script.jobs.push(JobSpec::new("build", build));
        }
        for gate in &self.gates {
            let name = Some(gate.environment.as_str());
            if !script.jobs.iter().any(|job| job.environment.as_deref() == name) {
                let title = format!("deploy to {}", gate.environment);
                script
                    .jobs
                    .push(JobSpec::new(title, outcome.as_str()).environment(gate.environment.as_str()));
            }
        }
        script
    }
}

/// How one attempt ends.
#[derive(Debug, Clone, Default)]
pub struct AttemptSpec {
    pub(super) conclusion: Option<String>,
    pub(super) jobs: Vec<JobSpec>,
}

impl AttemptSpec {
    /// An attempt of these jobs; its conclusion follows from theirs.
    pub fn jobs(jobs: impl IntoIterator<Item = JobSpec>) -> Self {
        Self { conclusion: None, jobs: jobs.into_iter().collect() }
    }

    /// Sets the run's conclusion whatever the jobs say.
    #[must_use]
    pub fn conclusion(mut self, conclusion: impl Into<String>) -> Self {
        self.conclusion = Some(conclusion.into());
        self
    }
}

impl From<&str> for AttemptSpec {
    fn from(conclusion: &str) -> Self {
        Self { conclusion: Some(conclusion.to_owned()), jobs: Vec::new() }
    }
}

/// One job of an attempt.
#[derive(Debug, Clone)]
pub struct JobSpec {
    pub(super) name: String,
    pub(super) conclusion: String,
    pub(super) steps: Vec<(String, String)>,
    pub(super) log: Option<String>,
    pub(super) keeps_log: bool,
    pub(super) keeps_step_logs: bool,
    pub(super) needs: Vec<String>,
    pub(super) environment: Option<String>,
    pub(super) annotations: Vec<(String, String)>,
    pub(super) labels: Vec<String>,
}

impl JobSpec {
    /// A job that ends with `conclusion`.
    pub fn new(name: impl Into<String>, conclusion: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            conclusion: conclusion.into(),
            steps: Vec::new(),
            log: None,
            keeps_log: true,
            keeps_step_logs: true,
            needs: Vec::new(),
            environment: None,
            annotations: Vec::new(),
            labels: vec!["ubuntu-latest".to_owned()],
        }
    }

    /// Adds a step after `Set up job`; without any there is one, `Run NAME`.
    #[must_use]
    pub fn step(mut self, name: impl Into<String>, conclusion: impl Into<String>) -> Self {
        self.steps.push((name.into(), conclusion.into()));
        self
    }

    /// The text of the job's log.
    #[must_use]
    pub fn log(mut self, text: impl Into<String>) -> Self {
        self.log = Some(text.into());
        self
    }

    /// Its log never reached GitHub, as when a runner is lost.
    #[must_use]
    pub fn no_log(mut self) -> Self {
        self.keeps_log = false;
        self
    }

    /// The archive has the job's whole log only, no folder with those of its steps.
    #[must_use]
    pub fn no_step_logs(mut self) -> Self {
        self.keeps_step_logs = false;
        self
    }

    /// The job depends on this one and is re-run together with it.
    #[must_use]
    pub fn needs(mut self, job: impl Into<String>) -> Self {
        self.needs.push(job.into());
        self
    }

    /// The job deploys to this environment.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.environment = Some(name.into());
        self
    }

    /// Adds an annotation; `level` is `notice`, `warning` or `failure`.
    #[must_use]
    pub fn annotation(mut self, level: impl Into<String>, message: impl Into<String>) -> Self {
        self.annotations.push((level.into(), message.into()));
        self
    }

    /// The labels of `runs-on`.
    #[must_use]
    pub fn labels<'a>(mut self, labels: impl IntoIterator<Item = &'a str>) -> Self {
        self.labels = labels.into_iter().map(str::to_owned).collect();
        self
    }
}

/// The protection of one environment at which a run waits.
#[derive(Debug, Clone)]
pub struct GateSpec {
    pub(super) environment: String,
    pub(super) reviewers: bool,
    pub(super) custom_rule: bool,
    pub(super) wait_minutes: u64,
}

impl GateSpec {
    /// A required reviewer must approve.
    pub fn reviewers(environment: impl Into<String>) -> Self {
        Self { environment: environment.into(), reviewers: true, custom_rule: false, wait_minutes: 0 }
    }

    /// The App itself is the gate: a custom deployment protection rule.
    pub fn custom_rule(environment: impl Into<String>) -> Self {
        Self { reviewers: false, custom_rule: true, ..Self::reviewers(environment) }
    }

    /// Only a wait timer, which nobody can approve; see `Simulator::timer_passes`.
    pub fn wait_timer(environment: impl Into<String>, minutes: u64) -> Self {
        Self { reviewers: false, wait_minutes: minutes, ..Self::reviewers(environment) }
    }

    /// A custom rule in addition to what there is; both must pass.
    #[must_use]
    pub fn and_custom_rule(mut self) -> Self {
        self.custom_rule = true;
        self
    }
}
