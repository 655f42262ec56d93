//! What rules would have made of a repository's past, by what GitHub still shows of it. Only reads, and keeps no ledger.
//!
//! Webhooks that never came are told from what they would have been about: an attempt of a run that ended, one that
//! began, a run that was requested, an environment where somebody gave a review. What GitHub shows of the present only
//! is not taken for the past where it may have changed and cannot be told: then it is not known.

mod moments;
mod past;
mod patience;

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use crate::{
    clock::Clock,
    github::{Access, GitHub, Meter, RunQuery},
    model::{
        Details, Fact, Facts, Gate, Head, Lane, RepositoryName, RunAttempt, RunSnapshot, ScheduledPass,
        Signal, Status, Timestamp, WorkflowId,
    },
    rules::{Need, ReviewedGate, Rule, Ruleset, needs},
};

use super::{Gatherer, gather::Gathered, listing, look::reviewed, surroundings::Shared};

pub use self::patience::Stop;
use self::{
    past::past,
    patience::{Failure, Tries, absent_is_none},
};

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
pub struct Hindsight {
    gatherer: Gatherer,
    access: Access,
    shared: Shared,
    runs: Arc<Vec<RunSnapshot>>,
    /// Which of them are of one workflow and branch.
    of_branch: Arc<HashMap<(WorkflowId, String), Vec<usize>>>,
}

impl Hindsight {
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
            if open.contains(&Need::NewerRun) {
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
        // All of it can be asked for.
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
    pub async fn reviews(&self, run: &RunSnapshot) -> Result<Vec<ReviewedGate>, Stop> {
        let given = self.patiently(|| self.gatherer.github.approvals(&self.access, run.id)).await;
        let mut given: Vec<_> = given.or_else(absent_is_none)?.into_iter().map(reviewed).collect();
        given.retain(ReviewedGate::is_by_a_person);
        Ok(given)
    }

    /// The runs that the rule's schedule would find now, with what the rule needs of each; `None` where the rule is not
    /// about the repository.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn pass(&self, rule: &Rule) -> Result<Option<Vec<Facts>>, Stop> {
        if !rule.is_about(&self.access.repository) {
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
}
