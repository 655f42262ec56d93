//! What rules would have made of a repository's past, by what GitHub still shows of it. Only reads, and keeps no ledger.
//!
//! Webhooks that never came are told from what they would have been about: an attempt of a run that ended, one that
//! began, a run that was requested, an environment where somebody gave a review. What GitHub shows of the present only
//! is not taken for the past where it may have changed and cannot be told: then it is not known.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    clock::Clock,
    github::{Access, Approval, GitHub, GitHubError, Meter, RunQuery},
    model::{
        Conclusion, Details, Fact, Facts, Gate, Head, Lane, RepositoryName, RunAttempt, RunSnapshot,
        ScheduledPass, Signal, Status, Timestamp,
    },
    rules::{Expectation, Mode, Need, Pattern, Rule, Ruleset, Word, needs},
};

use super::{
    Gatherer,
    gather::{Gathered, later},
    listing,
    surroundings::{Shared, is_of_the_head},
};

/// A limit that ends sooner is waited for.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often a request that failed is made, and the pause before the second time; it doubles.
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
}

/// A wait at an environment.
#[derive(Debug, Clone)]
pub struct Wait {
    /// What is known of it.
    pub moment: Moment,
    /// How it was answered; not yet, if the run waits now.
    pub answer: Option<Approval>,
}

/// One repository, looked at without a ledger. Clones share what was read.
#[derive(Clone)]
pub struct Tryout {
    gatherer: Gatherer,
    access: Access,
    shared: Shared,
    runs: Arc<Vec<RunSnapshot>>,
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
        Self { gatherer, access, shared: Shared::default(), runs: Arc::default() }
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
        let mut tries = 0;
        loop {
            let mut runs = Vec::new();
            let listed = listing::collect_runs(&self.gatherer.github, &self.access, &query, &mut runs).await;
            self.runs = Arc::new(runs);
            match listed {
                Ok(()) => return Ok(()),
                Err(error) => self.pause(&mut tries, error.into()).await?,
            }
        }
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
        let over = attempt.status == Some(Status::Completed);
        // A run that nobody has approved is shown as completed, and is not over.
        let began = !attempt.waits_for_approval() && attempt.conclusion != Some(Conclusion::StartupFailure);
        let works = began && (over || attempt.status == Some(Status::InProgress));
        let beginning = [
            (Signal::RunRequested, requested(attempt), attempt.created_at.filter(|_| first)),
            (Signal::RunInProgress, working(attempt), attempt.run_started_at.filter(|_| works)),
        ];
        let mut moments: Vec<Moment> =
            beginning.into_iter().filter_map(|(signal, run, at)| self.moment(signal, run, at?)).collect();
        if works {
            moments.extend(self.of_jobs(attempt).await?);
        }
        let end = ended(attempt, next).filter(|_| over && !attempt.waits_for_approval());
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
            newer_run: self.newer_run_by(&run, at),
            newer_pending: past(),
            underway: past(),
            base: past(),
            jobs: if signal == Signal::RunCompleted { Fact::NotAsked } else { past() },
            ..Details::default()
        };
        let sender = run.triggering_actor.clone();
        Some(Moment { facts: Facts { sender, details, ..Facts::of(signal, run) }, at })
    }

    /// Whether a newer run of the workflow and branch had been created by then.
    fn newer_run_by(&self, run: &RunSnapshot, at: Timestamp) -> Fact<bool> {
        let (Some(workflow), Some(_), Some(number)) = (run.workflow_id, &run.branch, run.run_number) else {
            return Fact::Missing("GitHub does not give the run's workflow, branch and number".to_owned());
        };
        Fact::Known(self.runs.iter().any(|other| {
            other.workflow_id == Some(workflow)
                && is_of_the_head(other, run)
                && other.run_number.is_some_and(|other| other > number)
                && other.created_at.is_some_and(|created| created <= at)
        }))
    }

    /// Reads what leaves verdicts open.
    ///
    /// # Errors
    /// When GitHub cannot be asked.
    pub async fn complete(&self, moment: &mut Moment) -> Result<(), Stop> {
        let Moment { facts, at } = moment;
        let rules = self.gatherer.rules();
        let mut tries = 0;
        loop {
            let asked = |facts: &Facts| {
                let mut asked = needs(&rules, facts, *at);
                // GitHub has told of the run what it tells.
                asked.retain(|need| !matches!(need, Need::Head | Need::Run));
                asked
            };
            match self.gatherer.complete(&self.access, facts, &self.shared, asked).await {
                Ok(_) if !needs(&rules, facts, *at).contains(&Need::Head) => return Ok(()),
                Ok(_) => {
                    let head = self.patiently(|| self.gatherer.head(&self.access, &facts.run, &self.shared));
                    facts.details.head = match head.await {
                        Ok(head) => head_then(head, &facts.run),
                        Err(Failure::Absent) => past(),
                        Err(Failure::Stop(Stop::One(why))) => Fact::Missing(why),
                        Err(Failure::Stop(all)) => return Err(all),
                    };
                }
                Err(instead) => self.pause(&mut tries, instead.into()).await?,
            }
        }
    }

    /// Where the run waited and was answered, or waits now, if some rule asks for that.
    ///
    /// # Errors
    /// When GitHub cannot be asked.
    pub async fn waits(&self, run: &RunSnapshot) -> Result<Vec<Wait>, Stop> {
        let waits_now = run.status == Some(Status::Waiting);
        let may_have_waited = waits_now || run.status == Some(Status::Completed);
        let rules = self.gatherer.rules();
        let at = if waits_now { Some(self.gatherer.clock.now()) } else { run.run_started_at };
        let waiting = RunSnapshot { status: Some(Status::Waiting), conclusion: None, ..run.clone() };
        let moment = at.filter(|_| may_have_waited);
        let moment = moment.and_then(|at| self.moment(Signal::DeploymentWaiting, waiting, at));
        let Some(mut moment) = moment else { return Ok(Vec::new()) };
        let at = moment.at;
        moment.facts.gate = Some(Gate { environment: None, protection_rule: false });
        if !needs(&rules, &moment.facts, at).contains(&Need::Environments) {
            return Ok(Vec::new());
        }
        let of = |environment: String, answer: Option<Approval>| {
            let gate = Some(Gate { environment: Some(environment), protection_rule: false });
            let facts = Facts { gate, ..moment.facts.clone() };
            Wait { moment: Moment { facts, at }, answer }
        };
        if waits_now {
            let names = self
                .patiently(|| self.gatherer.environments_of(&self.access, run.id, &self.shared))
                .await
                .or_else(absent_is_none)?;
            return Ok(names.into_iter().map(|name| of(name, None)).collect());
        }
        let given = self.patiently(|| self.gatherer.github.approvals(&self.access, run.id)).await;
        let given = given.or_else(absent_is_none)?.into_iter();
        let given = given.filter(|given| matches!(given.state.as_deref(), Some("approved" | "rejected")));
        Ok(given
            .flat_map(|given| given.environments.clone().into_iter().map(move |name| (name, given.clone())))
            .map(|(name, given)| of(name, Some(given)))
            .collect())
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
        let mut tries = 0;
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
        let mut tries = 0;
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(GitHubError::NotFound { .. } | GitHubError::Gone { .. }) => return Err(Failure::Absent),
                Err(error) => self.pause(&mut tries, error.into()).await.map_err(Failure::Stop)?,
            }
        }
    }

    /// Waits until it may help to ask once more.
    async fn pause(&self, tries: &mut u32, setback: Setback) -> Result<(), Stop> {
        let now = self.gatherer.clock.now();
        *tries += 1;
        let wait = match setback {
            Setback::Final(why) => return Err(Stop::One(why)),
            Setback::Later { why, .. } if self.access.requests.is_spent() => {
                drop(why);
                return Err(Stop::All("the requests that it may make are made (`--requests`)".to_owned()));
            }
            Setback::Later { until: Some(until), why } => match now.until(until) {
                wait if wait <= PATIENCE && *tries <= 2 * TRIES => wait,
                _ => return Err(Stop::All(why)),
            },
            Setback::Later { until: None, why } if *tries >= TRIES => return Err(Stop::One(why)),
            Setback::Later { until: None, .. } => PAUSE.saturating_mul(1 << (*tries - 1).min(4)),
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

/// What the head was then: a commit that is still the head was it then, too.
fn head_then(now: Fact<Head>, run: &RunSnapshot) -> Fact<Head> {
    match now {
        Fact::Known(Head::Commit(commit)) if Some(&commit) == run.head_sha.as_ref() => {
            Fact::Known(Head::Commit(commit))
        }
        Fact::Known(Head::Tag) => Fact::Known(Head::Tag),
        Fact::Known(Head::Commit(_) | Head::Gone) => past(),
        Fact::Missing(why) => Fact::Missing(why),
        Fact::NotAsked => past(),
    }
}
