//! What rules would have made of a repository's past, by what GitHub still shows of it. Only reads, and keeps no ledger.
//!
//! Webhooks that never came are told from what they would have been about: an attempt of a run that ended, one that
//! began, a run that was requested, an environment where somebody gave a review. What GitHub shows of the present only
//! is not taken for the past where it may have changed and cannot be told: then it is not known.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use crate::{
    clock::Clock,
    github::{Access, Approval, GitHub, GitHubError, Meter, RunQuery},
    model::{
        Conclusion, Details, Fact, Facts, Gate, Head, Lane, RepositoryName, RunAttempt, RunSnapshot,
        ScheduledPass, Signal, Status, Timestamp, WorkflowId,
    },
    rules::{Expectation, Mode, Need, Pattern, Rule, Ruleset, Word, needs},
};

use super::{
    Gatherer,
    gather::{Gathered, later},
    listing,
    surroundings::{Shared, is_of_the_head},
};

/// A limit that ends sooner is waited for, and so often while no request can be made.
const PATIENCE: Duration = Duration::from_secs(90);
const WAITS: u32 = 8;
/// How often a request that failed is made, and the pause before the second time; before the third it is longer.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Why something could not be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// This one cannot; others may be.
    One(String),
    /// Nothing more can be asked.
    All(String),
}

/// A webhook that never came, or one that came elsewhere.
#[derive(Debug, Clone)]
pub struct Moment {
    /// What is known of it.
    pub facts: Facts,
    /// When it would have come.
    pub at: Timestamp,
    /// Whether it is now, so that what GitHub shows of the present is the case.
    is_now: bool,
}

impl Moment {
    /// The same wait at an environment of that name.
    #[must_use]
    pub fn at_environment(&self, name: String) -> Self {
        let gate = Some(Gate { environment: Some(name), protection_rule: false });
        Self { facts: Facts { gate, ..self.facts.clone() }, ..self.clone() }
    }
}

/// One repository, looked at without a ledger. Clones share what was read.
#[derive(Clone)]
pub struct Tryout {
    gatherer: Gatherer,
    access: Access,
    shared: Shared,
    runs: Arc<Vec<RunSnapshot>>,
    /// Which of them are of one workflow and branch.
    of_branch: Arc<HashMap<(WorkflowId, String), Vec<usize>>>,
}

/// How often something has not been answered.
#[derive(Default)]
struct Tries {
    failed: u32,
    /// By a limit, since anything was asked.
    held: u32,
    /// How many requests had been made when it last was.
    held_at: u32,
}

impl Tryout {
    /// Of that repository by those rules, with at most so many requests.
    #[must_use]
    pub fn new(
        github: GitHub,
        clock: Clock,
        ruleset: Ruleset,
        repository: RepositoryName,
        requests: u32,
    ) -> Self {
        let spool: PathBuf = std::env::temp_dir().join("runwarden");
        let gatherer = Gatherer::new(github, clock, ruleset, spool, None);
        // The bulk lane leaves a part of the limits to whoever else uses the credential.
        let access = gatherer.access(repository, None, Lane::Bulk, &Meter::at_most(requests));
        Self { gatherer, access, shared: Shared::default(), runs: Arc::default(), of_branch: Arc::default() }
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &RepositoryName {
        &self.access.repository
    }

    /// How many requests were made.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.access.requests.count()
    }

    /// The runs that were listed, the newest first.
    #[must_use]
    pub fn runs(&self) -> Arc<Vec<RunSnapshot>> {
        self.runs.clone()
    }

    /// Lists the runs that were created since then.
    ///
    /// # Errors
    /// When they are not all listed; what was found stays.
    pub async fn list(&mut self, since: Timestamp) -> Result<(), Stop> {
        let query = RunQuery { created: Some(format!(">={since}")), ..RunQuery::default() };
        let (mut runs, mut tries) = (Vec::new(), Tries::default());
        let listed = loop {
            let github = &self.gatherer.github;
            match listing::collect_runs(github, &self.access, &query, &mut runs).await {
                Ok(()) => break Ok(()),
                Err(error) => match self.pause(&mut tries, error.into()).await {
                    Ok(()) => {}
                    Err(stop) => break Err(stop),
                },
            }
        };
        runs.retain(|run| run.created_at.is_none_or(|created| created >= since));
        let mut of_branch: HashMap<_, Vec<usize>> = HashMap::new();
        for (place, run) in runs.iter().enumerate() {
            if let (Some(workflow), Some(branch)) = (run.workflow_id, &run.branch) {
                of_branch.entry((workflow, branch.clone())).or_default().push(place);
            }
        }
        (self.runs, self.of_branch) = (Arc::new(runs), Arc::new(of_branch));
        listed
    }

    /// The attempts of a run that was listed, the first one first. Earlier ones than the latest are read only where some
    /// rule may have something to say of them.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn attempts(&self, latest: &RunSnapshot) -> Result<Vec<RunSnapshot>, Stop> {
        let last = latest.attempt.map_or(1, |attempt| attempt.0);
        let mut attempts = Vec::new();
        if last > 1 && self.may_matter(latest) {
            for number in 1..last {
                let read = || self.gatherer.github.attempt(&self.access, latest.id, RunAttempt(number));
                match self.patiently(read).await {
                    Ok(attempt) => attempts.push(attempt),
                    Err(Failure::Absent) => {}
                    Err(Failure::Stop(stop)) => return Err(stop),
                }
            }
        }
        attempts.push(latest.clone());
        Ok(attempts)
    }

    /// Whether some rule may match the run, whatever its attempts were like.
    fn may_matter(&self, latest: &RunSnapshot) -> bool {
        let run = RunSnapshot {
            attempt: None,
            status: None,
            conclusion: None,
            triggering_actor: None,
            created_at: None,
            updated_at: None,
            run_started_at: None,
            partial: true,
            ..latest.clone()
        };
        let signals =
            [Signal::RunRequested, Signal::RunInProgress, Signal::JobCompleted, Signal::RunCompleted];
        let now = self.gatherer.clock.now();
        signals.into_iter().any(|signal| self.may_match(&Facts::of(signal, run.clone()), now))
    }

    /// What webhooks would have told of one attempt that rules listen to, in their order.
    ///
    /// # Errors
    /// When its jobs are asked for and cannot be read.
    pub async fn moments(
        &self,
        attempt: &RunSnapshot,
        next: Option<&RunSnapshot>,
    ) -> Result<Vec<Moment>, Stop> {
        let first = attempt.attempt.is_none_or(|number| number.0 <= 1);
        // A run that nobody has approved is shown as completed, and is not over.
        let over = attempt.status == Some(Status::Completed) && !attempt.waits_for_approval();
        let began = has_begun(attempt);
        let beginning = [
            (Signal::RunRequested, requested(attempt), attempt.created_at.filter(|_| first)),
            (Signal::RunInProgress, working(attempt), attempt.run_started_at.filter(|_| began)),
        ];
        let mut moments: Vec<Moment> =
            beginning.into_iter().filter_map(|(signal, run, at)| self.moment(signal, run, at?)).collect();
        if over || began || attempt.status == Some(Status::Waiting) {
            moments.extend(self.of_jobs(attempt).await?);
        }
        let end = ended(attempt, next).filter(|_| over);
        moments.extend(end.and_then(|at| self.moment(Signal::RunCompleted, attempt.clone(), at)));
        Ok(moments)
    }

    /// The jobs of an attempt that ended, if some rule listens to that and may have something to say.
    async fn of_jobs(&self, attempt: &RunSnapshot) -> Result<Vec<Moment>, Stop> {
        // What of the run was over by then does not show any more.
        let run = RunSnapshot { status: None, conclusion: None, updated_at: None, ..attempt.clone() };
        let began = attempt.run_started_at.and_then(|at| self.moment(Signal::JobCompleted, run.clone(), at));
        let (Some(began), Some(number)) = (began, attempt.attempt) else { return Ok(Vec::new()) };
        if !self.may_match(&began.facts, began.at) {
            return Ok(Vec::new());
        }
        let jobs = self.patiently(|| self.gatherer.github.attempt_jobs(&self.access, run.id, number)).await;
        let mut jobs = match jobs {
            Ok(jobs) if jobs.unreadable > 0 => {
                return Err(Stop::One(format!("{} of a run's jobs cannot be read", jobs.unreadable)));
            }
            Ok(jobs) => jobs.jobs,
            Err(Failure::Absent) => Vec::new(),
            Err(Failure::Stop(stop)) => return Err(stop),
        };
        // Of a job that was not run again no webhook told again.
        jobs.retain(|job| job.attempt.is_none_or(|of| of == number));
        jobs.sort_by_key(|job| (job.completed_at, job.id));
        let moments = jobs.into_iter().filter_map(|job| {
            let moment = self.moment(Signal::JobCompleted, run.clone(), job.completed_at?)?;
            Some(Moment { facts: Facts { job: Some(Box::new(job)), ..moment.facts }, ..moment })
        });
        Ok(moments.collect())
    }

    /// Whether some rule may match the run of the facts.
    fn may_match(&self, facts: &Facts, at: Timestamp) -> bool {
        let rules = self.gatherer.rules();
        let listening = rules.rules.iter().filter(|rule| rule.listens(facts));
        let mut judging = listening.filter(|rule| rules.mode_of(rule) != Mode::Off);
        judging.any(|rule| !rule.when.fails_for_the_run(facts, at))
    }

    /// A moment that some rule listens to.
    fn moment(&self, signal: Signal, run: RunSnapshot, at: Timestamp) -> Option<Moment> {
        if !self.gatherer.rules().listens_to(signal) {
            return None;
        }
        let details = Details {
            newer_pending: past(),
            underway: past(),
            base: past(),
            jobs: if signal == Signal::RunCompleted { Fact::NotAsked } else { past() },
            ..Details::default()
        };
        let sender = run.triggering_actor.clone();
        Some(Moment { facts: Facts { sender, details, ..Facts::of(signal, run) }, at, is_now: false })
    }

    /// Whether a newer run of the workflow and branch had been created by then, as far as it still exists.
    #[must_use]
    pub fn newer_run_by(&self, run: &RunSnapshot, at: Timestamp) -> Fact<bool> {
        let (Some(workflow), Some(branch), Some(number)) = (run.workflow_id, &run.branch, run.run_number)
        else {
            return Fact::Missing("GitHub does not give the run's workflow, branch and number".to_owned());
        };
        let places = self.of_branch.get(&(workflow, branch.clone())).into_iter().flatten();
        Fact::Known(places.filter_map(|place| self.runs.get(*place)).any(|other| {
            is_of_the_head(other, run)
                && other.run_number.is_some_and(|other| other > number)
                && other.created_at.is_some_and(|created| created <= at)
        }))
    }

    /// Reads what leaves verdicts open.
    ///
    /// # Errors
    /// When GitHub cannot be asked.
    pub async fn complete(&self, moment: &mut Moment) -> Result<(), Stop> {
        let Moment { facts, at, is_now } = moment;
        let rules = self.gatherer.rules();
        let mut tries = Tries::default();
        // GitHub has told of the run what it tells; the others are told from what shows.
        let is_asked = |need: &Need| *is_now || !matches!(need, Need::Run | Need::Head | Need::NewerRun);
        loop {
            let asked = |facts: &Facts| {
                let mut asked = needs(&rules, facts, *at);
                asked.retain(is_asked);
                asked
            };
            if let Err(instead) = self.gatherer.complete(&self.access, facts, &self.shared, asked).await {
                self.pause(&mut tries, instead.into()).await?;
                continue;
            }
            let open = needs(&rules, facts, *at);
            if *is_now {
                return Ok(());
            } else if open.contains(&Need::NewerRun) {
                facts.details.newer_run = self.newer_run_by(&facts.run, *at);
            } else if open.contains(&Need::Head) {
                facts.details.head = self.head_then(&facts.run).await?;
            } else {
                return Ok(());
            }
        }
    }

    /// What the head was then: a commit that is still the head was it then, too.
    async fn head_then(&self, run: &RunSnapshot) -> Result<Fact<Head>, Stop> {
        let head = self.patiently(|| self.gatherer.head(&self.access, run, &self.shared));
        Ok(match head.await {
            Ok(Fact::Known(Head::Commit(commit))) if Some(&commit) == run.head_sha.as_ref() => {
                Fact::Known(Head::Commit(commit))
            }
            Ok(Fact::Known(Head::Tag)) => Fact::Known(Head::Tag),
            Ok(Fact::Missing(why)) | Err(Failure::Stop(Stop::One(why))) => Fact::Missing(why),
            Ok(Fact::Known(Head::Commit(_) | Head::Gone) | Fact::NotAsked) | Err(Failure::Absent) => past(),
            Err(Failure::Stop(all)) => return Err(all),
        })
    }

    /// Where the run waits now, if some rule asks for that.
    ///
    /// # Errors
    /// When GitHub cannot be asked.
    pub async fn present_waits(&self, run: &RunSnapshot) -> Result<Vec<Moment>, Stop> {
        if run.status != Some(Status::Waiting) {
            return Ok(Vec::new());
        }
        let Some(mut moment) = self.nameless_wait(run, self.gatherer.clock.now()) else {
            return Ok(Vec::new());
        };
        moment.is_now = true;
        moment.facts.details = Details::default();
        let names = self.patiently(|| self.gatherer.environments_of(&self.access, run.id, &self.shared));
        let names = names.await.or_else(absent_is_none)?;
        Ok(names.into_iter().map(|name| moment.at_environment(name)).collect())
    }

    /// A wait of the attempt at an environment that is not named yet, if some rule may have something to say of it. GitHub
    /// gives no time of a review: it is when the attempt began.
    #[must_use]
    pub fn past_wait(&self, attempt: &RunSnapshot) -> Option<Moment> {
        self.nameless_wait(attempt, attempt.run_started_at?)
    }

    fn nameless_wait(&self, run: &RunSnapshot, at: Timestamp) -> Option<Moment> {
        let waiting = RunSnapshot { status: Some(Status::Waiting), conclusion: None, ..run.clone() };
        let mut moment = self.moment(Signal::DeploymentWaiting, waiting, at)?;
        moment.facts.gate = Some(Gate { environment: None, protection_rule: false });
        let needs = needs(&self.gatherer.rules(), &moment.facts, at);
        needs.contains(&Need::Environments).then_some(moment)
    }

    /// The reviews that people gave of the run's deployments, of all its attempts.
    ///
    /// # Errors
    /// When GitHub cannot be asked.
    pub async fn reviews(&self, run: &RunSnapshot) -> Result<Vec<Approval>, Stop> {
        let given = self.patiently(|| self.gatherer.github.approvals(&self.access, run.id)).await;
        let mut given = given.or_else(absent_is_none)?;
        // A wait timer that ran out is recorded as a review by this bot.
        given.retain(|given| given.user.as_deref() != Some("github-actions[bot]"));
        Ok(given)
    }

    /// The runs that the rule's schedule would find now, with what the rule needs of each; `None` where the rule is not
    /// about the repository.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn pass(&self, rule: &Rule) -> Result<Option<Vec<Facts>>, Stop> {
        let repository = self.access.repository.as_str();
        let is_about = rule.when.required(Word::Repository).iter().all(|expectation| match expectation {
            Expectation::Matches(patterns) => Pattern::accept(patterns, &[repository]),
            Expectation::Number(_) | Expectation::Duration(_) | Expectation::Is(_) => true,
        });
        if !is_about {
            return Ok(None);
        }
        let mut tries = Tries::default();
        loop {
            let pass = ScheduledPass {
                rule: rule.name.clone(),
                tick: self.gatherer.clock.now(),
                repository: Some(self.access.repository.clone()),
                installation: None,
                by: None,
            };
            match self.gatherer.runs_of(rule, pass, &self.access).await {
                Ok(Gathered::Runs { runs, .. }) => return Ok(Some(runs)),
                Ok(instead) | Err(instead) => self.pause(&mut tries, instead.into()).await?,
            }
        }
    }

    /// Asks, and asks again where that may help.
    async fn patiently<T, A>(&self, ask: impl Fn() -> A) -> Result<T, Failure>
    where
        A: Future<Output = Result<T, GitHubError>>,
    {
        let mut tries = Tries::default();
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(GitHubError::NotFound { .. } | GitHubError::Gone { .. }) => return Err(Failure::Absent),
                Err(error) => self.pause(&mut tries, error.into()).await.map_err(Failure::Stop)?,
            }
        }
    }

    /// Waits until it may help to ask once more.
    async fn pause(&self, tries: &mut Tries, setback: Setback) -> Result<(), Stop> {
        let wait = match setback {
            Setback::Final(why) => return Err(Stop::One(why)),
            Setback::Later { .. } if self.access.requests.is_spent() => {
                return Err(Stop::All("the requests that it may make are made (`--requests`)".to_owned()));
            }
            Setback::Later { until: Some(until), why } => {
                let wait = self.gatherer.clock.now().until(until);
                // Others wait for the same place: what one of them could ask is progress.
                let asked = std::mem::replace(&mut tries.held_at, self.requests());
                tries.held = if asked == tries.held_at { tries.held + 1 } else { 0 };
                if wait > PATIENCE || tries.held >= WAITS {
                    return Err(Stop::All(why));
                }
                wait
            }
            Setback::Later { until: None, why } if tries.failed + 1 >= TRIES => return Err(Stop::One(why)),
            Setback::Later { until: None, .. } => {
                tries.failed += 1;
                PAUSE.saturating_mul(tries.failed)
            }
        };
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// Why an answer is not there.
enum Failure {
    /// GitHub knows nothing of it.
    Absent,
    Stop(Stop),
}

fn absent_is_none<T>(failure: Failure) -> Result<Vec<T>, Stop> {
    match failure {
        Failure::Absent => Ok(Vec::new()),
        Failure::Stop(stop) => Err(stop),
    }
}

/// What kept something from being read.
enum Setback {
    /// GitHub's answer stands.
    Final(String),
    Later {
        until: Option<Timestamp>,
        why: String,
    },
}

impl From<GitHubError> for Setback {
    fn from(error: GitHubError) -> Self {
        match later(&error) {
            Some(later) if !matches!(error, GitHubError::Unauthorized { .. }) => Self::from(later),
            _ => Self::Final(error.to_string()),
        }
    }
}

impl From<Gathered> for Setback {
    fn from(gathered: Gathered) -> Self {
        match gathered {
            Gathered::Later { until, why } => Self::Later { until, why },
            Gathered::Nothing(why) => Self::Final(why),
            Gathered::Facts { .. }
            | Gathered::Commanded { .. }
            | Gathered::Applied(_)
            | Gathered::Repositories { .. }
            | Gathered::Runs { .. } => Self::Final("not what was asked for: a bug in runwarden".to_owned()),
        }
    }
}

/// What was then and cannot be told now.
fn past<T>() -> Fact<T> {
    Fact::Missing("GitHub does not tell afterwards what was so then".to_owned())
}

/// A run as it was when it was requested. One of a fork may have waited to be approved, which shows no more.
fn requested(attempt: &RunSnapshot) -> RunSnapshot {
    if attempt.waits_for_approval() {
        return attempt.clone();
    }
    let own = attempt.is_from_fork() == Some(false);
    let status = own.then_some(Status::Queued);
    RunSnapshot { status, conclusion: None, updated_at: None, ..attempt.clone() }
}

/// Whether an attempt certainly began to work: one that was cancelled may have been so in the queue.
fn has_begun(attempt: &RunSnapshot) -> bool {
    match (&attempt.status, &attempt.conclusion) {
        (Some(Status::InProgress), _) => true,
        (Some(Status::Completed), Some(conclusion)) => {
            matches!(conclusion, Conclusion::Success | Conclusion::Failure | Conclusion::TimedOut)
        }
        _ => false,
    }
}

/// A run as it was when it began to work.
fn working(attempt: &RunSnapshot) -> RunSnapshot {
    RunSnapshot { status: Some(Status::InProgress), conclusion: None, updated_at: None, ..attempt.clone() }
}

/// When an attempt ended: no later than the next one began, whatever has changed of the run since.
fn ended(attempt: &RunSnapshot, next: Option<&RunSnapshot>) -> Option<Timestamp> {
    let next = next.and_then(|next| next.run_started_at);
    match (attempt.updated_at, next) {
        (Some(changed), Some(next)) => Some(changed.min(next)),
        (changed, next) => changed.or(next).or(attempt.run_started_at),
    }
}
