//! Fetching the facts that a delivery's verdict needs, and only those.

use std::collections::BTreeSet;

use crate::{
    github::{Access, GitHubError, Meter, RunQuery},
    model::{
        Act, Annotation, ChangedFiles, Command, Details, Fact, Facts, Gate, InstallationId, JobId, Lane,
        Membership, RepositoryName, Requests, RunId, RunSnapshot, ScheduledPass, Signal, Status, Team,
        Timestamp,
    },
    rules::{Expectation, KeepCounting, Need, Presence, Rule, Word, needs, needs_of},
    store::StoreError,
};

use super::{Gatherer, apply::Applied, listing, surroundings::Shared};

/// What gathering brought.
pub(super) enum Gathered {
    /// Facts to judge, one for each environment that the run waits at; at least one.
    Facts { facts: Vec<Facts>, requests: Requests, note: Option<String> },
    /// The run that a command is about.
    Commanded { command: Box<Command>, run: Option<Box<RunSnapshot>>, requests: Requests },
    /// What a rule that was asked by hand is judged on.
    Applied(Box<Applied>),
    /// The repositories that a tick of a schedule goes over.
    Repositories { pass: ScheduledPass, repositories: Vec<(RepositoryName, Option<InstallationId>)> },
    /// The runs that a schedule found in one repository, and when.
    Runs { pass: ScheduledPass, runs: Vec<Facts>, listed_at: Timestamp, requests: Requests },
    /// Nothing is to be judged; in words, why.
    Nothing(String),
    /// GitHub could not be asked; try again, at that time if it is known.
    Later { until: Option<Timestamp>, why: String },
}

/// What completing the facts of one run brought beside them.
#[derive(Default)]
pub(super) struct Completed {
    /// What could not be had.
    pub(super) notes: Vec<String>,
    /// Where the run waits, if that was asked for.
    environments: Option<Vec<String>>,
    /// Whether the archive of the run's logs was tried.
    archive_read: bool,
}

impl Gatherer {
    /// Completes a webhook's facts.
    pub(super) async fn gather_facts(&self, mut facts: Facts) -> Gathered {
        let meter = Meter::default();
        let access = self.access(facts.run.repository.clone(), facts.installation, Lane::Event, &meter);
        let rules = self.rules();
        let asked = |facts: &Facts| needs(&rules, facts, self.clock.now());
        let Completed { notes, environments, .. } =
            match self.complete(&access, &mut facts, &Shared::default(), asked).await {
                Ok(completed) => completed,
                Err(later) => return later,
            };
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        match environments {
            Some(names) if names.is_empty() => {
                Gathered::Nothing("the run waits at no environment any more".to_owned())
            }
            Some(names) => {
                let facts = names.into_iter().map(|name| at_environment(&facts, name)).collect();
                Gathered::Facts { facts, requests: meter.requests(), note }
            }
            None => Gathered::Facts { facts: vec![facts], requests: meter.requests(), note },
        }
    }

    /// Fetches what leaves a verdict open, the cheapest first: what it tells may settle the verdict, so that the
    /// dearer need not be asked for. Each is asked for once.
    pub(super) async fn complete(
        &self,
        access: &Access,
        facts: &mut Facts,
        shared: &Shared,
        asked: impl Fn(&Facts) -> BTreeSet<Need>,
    ) -> Result<Completed, Gathered> {
        let mut completed = Completed::default();
        let mut fetched = BTreeSet::new();
        while let Some(need) = asked(facts).into_iter().find(|need| fetched.insert(need.clone())) {
            let outcome = self.fetch(&need, access, facts, shared, &mut completed).await?;
            if let Err(error) = outcome {
                if let Some(later) = later(&error) {
                    return Err(later);
                }
                missing(facts, &need, &error.to_string());
                completed.notes.push(format!("a fact could not be had: {error}"));
            }
        }
        Ok(completed)
    }

    /// Fetches one fact; `Err` when it has to be tried again later, `Ok(Err)` when GitHub answered with an error.
    async fn fetch(
        &self,
        need: &Need,
        access: &Access,
        facts: &mut Facts,
        shared: &Shared,
        completed: &mut Completed,
    ) -> Result<Result<(), GitHubError>, Gathered> {
        let unreadable = |error: StoreError| Gathered::Later { until: None, why: error.to_string() };
        Ok(match *need {
            Need::RerunsByUs => {
                let reruns = self.reruns_by_us(facts.run.id).await.map_err(unreadable)?;
                facts.details.reruns_by_us = Fact::Known(reruns);
                Ok(())
            }
            Need::Acts => {
                facts.details.acts = Fact::Known(self.acts_on(facts.run.id).await.map_err(unreadable)?);
                Ok(())
            }
            Need::NewerPending => self.newer_pending(access, &facts.run, shared).await.map(|found| {
                facts.details.newer_pending = found;
            }),
            Need::Pulls => {
                self.pulls_of(access, &facts.run, shared).await.map(|pulls| facts.details.pulls = pulls)
            }
            Need::Files(number) => Box::pin(self.github.pull_files(access, number)).await.map(|found| {
                note_files(facts, number, &Fact::Known(found));
            }),
            Need::Contributions => Box::pin(self.contributions(access, facts)).await,
            Need::Underway { bases } => self.underway(access, facts, shared, bases).await,
            Need::Run => self.complete_run(access, facts).await,
            Need::Repository => self.github.repository(access).await.map(|repository| {
                facts.details.repository = Fact::Known(repository);
            }),
            Need::WorkflowState => self.workflow_state(access, &facts.run, shared).await.map(|state| {
                facts.details.workflow_state = state;
            }),
            Need::Head => self.head(access, &facts.run, shared).await.map(|head| {
                facts.details.head = head;
            }),
            Need::Tag => self.tag(access, &facts.run).await.map(|tag| facts.details.tag = tag),
            Need::NewerRun => self.newer_run(access, &facts.run).await.map(|newer| {
                facts.details.newer_run = match newer {
                    Presence::Present(_) => Fact::Known(true),
                    Presence::Absent => Fact::Known(false),
                    Presence::Unknown(why) => Fact::Missing(why),
                };
            }),
            Need::Team(ref team, ref login) => self.in_team(access, team, login).await.map(|is_member| {
                note_in_team(facts, team, login, is_member);
            }),
            Need::Environments => self
                .pending_environments(access, facts)
                .await
                .map(|found| completed.environments = Some(found)),
            Need::Jobs => self.jobs(access, facts).await,
            Need::Annotations(job) => self.github.annotations(access, job).await.map(|found| {
                note_on(facts, job, &Fact::Known(found));
            }),
            Need::Logs(job) => self.read_logs(access, facts, job, &mut completed.archive_read).await?,
        })
    }

    async fn reruns_by_us(&self, run: RunId) -> Result<u32, StoreError> {
        match &self.ledger {
            Some(store) => store.reruns_of(run).await,
            None => Ok(0),
        }
    }

    async fn acts_on(&self, run: RunId) -> Result<Vec<Act>, StoreError> {
        match &self.ledger {
            Some(store) => store.acts_on(run).await,
            None => Ok(Vec::new()),
        }
    }

    async fn contributions(&self, access: &Access, facts: &mut Facts) -> Result<(), GitHubError> {
        facts.details.contributions = match facts.run.actor.as_deref() {
            None => Fact::Missing("GitHub does not say who started the run".to_owned()),
            Some(actor) => match self.github.contributions(access, actor).await? {
                Some(commits) => Fact::Known(commits),
                None => Fact::Missing(format!("{actor} is not among those whom GitHub lists first")),
            },
        };
        Ok(())
    }

    async fn complete_run(&self, access: &Access, facts: &mut Facts) -> Result<(), GitHubError> {
        let judged = facts.run.attempt;
        let run = self.github.run(access, facts.run.id).await?;
        // A webhook about an earlier attempt is judged by that attempt; the run's latest is not it.
        if judged.is_none() || judged == run.attempt {
            facts.run = run;
        } else {
            facts.run.partial = false;
        }
        Ok(())
    }

    /// The jobs of the attempt that is judged.
    async fn jobs(&self, access: &Access, facts: &mut Facts) -> Result<(), GitHubError> {
        if facts.run.attempt.is_none() {
            self.complete_run(access, facts).await?;
        }
        let Some(attempt) = facts.run.attempt else {
            facts.details.jobs = Fact::Missing("the run's attempt is not known".to_owned());
            return Ok(());
        };
        let found = self.github.attempt_jobs(access, facts.run.id, attempt).await?;
        facts.details.jobs = match found.unreadable {
            0 => Fact::Known(found.jobs),
            some => Fact::Missing(format!("{some} of the run's jobs cannot be read")),
        };
        Ok(())
    }

    async fn pending_environments(&self, access: &Access, facts: &Facts) -> Result<Vec<String>, GitHubError> {
        let pending = self.github.pending_deployments(access, facts.run.id, false).await?;
        Ok(pending.into_iter().map(|gate| gate.name).collect())
    }

    /// Reads the run that a command is about.
    pub(super) async fn gather_command(&self, command: Command) -> Gathered {
        let meter = Meter::default();
        let access = self.access(command.repository.clone(), None, Lane::Event, &meter);
        let run = match self.github.run(&access, command.run).await {
            Ok(run) => Some(Box::new(run)),
            Err(error) => match later(&error) {
                Some(later) => return later,
                None => None,
            },
        };
        Gathered::Commanded { command: Box::new(command), run, requests: meter.requests() }
    }

    /// Finds the repositories that a tick goes over, or the runs of one of them.
    pub(super) async fn gather_pass(&self, pass: ScheduledPass) -> Gathered {
        let rules = self.rules();
        let Some(rule) = rules.rule(&pass.rule) else {
            return Gathered::Nothing(format!("rule {} is no longer in the configuration", pass.rule));
        };
        let outcome = match pass.repository.clone() {
            None => self
                .repositories_of(rule)
                .await
                .map(|repositories| Gathered::Repositories { pass, repositories })
                .map_err(not_listed),
            Some(repository) => {
                let meter = Meter::default();
                let access = self.access(repository, pass.installation, Lane::Bulk, &meter);
                self.runs_of(rule, pass, &access).await
            }
        };
        outcome.unwrap_or_else(|instead| instead)
    }

    async fn repositories_of(
        &self,
        rule: &Rule,
    ) -> Result<Vec<(RepositoryName, Option<InstallationId>)>, GitHubError> {
        if !self.github.is_app() {
            let asked = rule.when.required(Word::Repository);
            let named = asked.iter().flat_map(|expectation| match expectation {
                Expectation::Matches(patterns) => patterns.as_slice(),
                Expectation::Number(_) | Expectation::Duration(_) | Expectation::Is(_) => &[],
            });
            return Ok(named
                .filter_map(|pattern| pattern.literal().and_then(|name| RepositoryName::parse(name).ok()))
                .map(|name| (name, None))
                .collect());
        }
        let mut found = Vec::new();
        let meter = Meter::default();
        let installations = self.github.installations(Lane::Bulk).await?;
        for installation in installations.into_iter().filter(|installation| !installation.suspended) {
            let repositories =
                self.github.installation_repositories(installation.id, Lane::Bulk, &meter).await?;
            for repository in repositories {
                // GitHub lets nothing be changed in an archived repository.
                if rule.is_about(&repository.name) && repository.archived != Some(true) {
                    found.push((repository.name, Some(installation.id)));
                }
            }
        }
        Ok(found)
    }

    pub(super) async fn runs_of(
        &self,
        rule: &Rule,
        pass: ScheduledPass,
        access: &Access,
    ) -> Result<Gathered, Gathered> {
        let listed_at = self.clock.now();
        let counts_all = rule.keep.as_ref().is_some_and(|keep| keep.counting == KeepCounting::All);
        let mut query =
            if counts_all { RunQuery::default() } else { listing::pushed_down(&rule.when, listed_at) };
        let gated = rule.asks_for_gates();
        if gated && query.status.is_none() {
            query.status = Some(Status::Waiting.as_str().to_owned());
        }
        let listed = listing::all_runs(&self.github, access, &query).await.map_err(not_listed)?;
        let rules = self.rules();
        let asked = |facts: &Facts| needs_of(&rules.ceilings, rule, facts, listed_at);
        let shared = Shared::default();
        let mut runs: Vec<Facts> = Vec::with_capacity(listed.len());
        for run in listed {
            // What is the repository's is asked for once.
            let repository = runs.last().map(|before| before.details.repository.clone()).unwrap_or_default();
            let details = Details { repository, ..Details::default() };
            let installation = pass.installation;
            let sender = pass.by.clone();
            let facts = Facts { installation, details, sender, ..Facts::of(Signal::Schedule, run) };
            for mut facts in self.at_each_gate(access, gated, facts, &shared, &asked).await? {
                self.complete(access, &mut facts, &shared, asked).await?;
                runs.push(facts);
            }
        }
        Ok(Gathered::Runs { pass, runs, listed_at, requests: access.requests.requests() })
    }

    /// A run once for each environment that it waits at, if the rule asks for that and nothing else rules it
    /// out.
    pub(super) async fn at_each_gate(
        &self,
        access: &Access,
        gated: bool,
        mut facts: Facts,
        shared: &Shared,
        asked: &impl Fn(&Facts) -> BTreeSet<Need>,
    ) -> Result<Vec<Facts>, Gathered> {
        // Of a single run another job may go on meanwhile.
        let may_wait = match facts.signal {
            Signal::Command => facts.run.status != Some(Status::Completed),
            _ => facts.run.status == Some(Status::Waiting),
        };
        if !gated || !may_wait {
            return Ok(vec![facts]);
        }
        facts.gate = Some(Gate { environment: None, protection_rule: false });
        if !asked(&facts).contains(&Need::Environments) {
            facts.gate = facts.gate.filter(|_| facts.run.status == Some(Status::Waiting));
            return Ok(vec![facts]);
        }
        let names = match self.environments_of(access, facts.run.id, shared).await {
            Ok(names) => names,
            Err(error) => return later(&error).map_or(Ok(vec![facts]), Err),
        };
        let at = |name| Facts { signal: facts.signal, ..at_environment(&facts, name) };
        Ok(names.into_iter().map(at).collect())
    }

    /// How a repository is reached, with a meter of what it costs.
    pub(super) fn access(
        &self,
        repository: RepositoryName,
        installation: Option<InstallationId>,
        lane: Lane,
        meter: &Meter,
    ) -> Access {
        Access { repository, installation, lane, requests: meter.clone() }
    }
}

fn at_environment(facts: &Facts, environment: String) -> Facts {
    let protection_rule = facts.gate.as_ref().is_some_and(|gate| gate.protection_rule);
    Facts {
        signal: Signal::DeploymentWaiting,
        gate: Some(Gate { environment: Some(environment), protection_rule }),
        ..facts.clone()
    }
}

/// Notes that a fact could not be had, so that it is not asked for again and the verdict says why.
fn missing(facts: &mut Facts, need: &Need, why: &str) {
    let details = &mut facts.details;
    match *need {
        Need::Repository => details.repository = Fact::Missing(why.to_owned()),
        Need::WorkflowState => details.workflow_state = Fact::Missing(why.to_owned()),
        Need::Head => details.head = Fact::Missing(why.to_owned()),
        Need::Tag => details.tag = Fact::Missing(why.to_owned()),
        Need::NewerRun => details.newer_run = Fact::Missing(why.to_owned()),
        Need::Underway { bases } => {
            details.underway = Fact::Missing(why.to_owned());
            if bases {
                details.base = Fact::Missing(why.to_owned());
            }
        }
        Need::Pulls => details.pulls = Fact::Missing(why.to_owned()),
        Need::Contributions => details.contributions = Fact::Missing(why.to_owned()),
        Need::Files(number) => note_files(facts, number, &Fact::Missing(why.to_owned())),
        Need::NewerPending => details.newer_pending = Fact::Missing(why.to_owned()),
        Need::Team(ref team, ref login) => note_in_team(facts, team, login, Fact::Missing(why.to_owned())),
        Need::Jobs => details.jobs = Fact::Missing(why.to_owned()),
        Need::Annotations(job) => note_on(facts, job, &Fact::Missing(why.to_owned())),
        Need::Logs(job) => {
            for job in facts.jobs_mut().filter(|of| of.id == job) {
                job.log = Fact::Missing(why.to_owned());
            }
        }
        // The run itself says by its gaps what is not known; the ledger is no matter of GitHub's.
        Need::Run | Need::Environments | Need::RerunsByUs | Need::Acts => {}
    }
}

fn note_in_team(facts: &mut Facts, team: &Team, login: &str, is_member: Fact<bool>) {
    facts.details.teams.push(Membership { team: team.clone(), login: login.to_owned(), is_member });
}

fn note_files(facts: &mut Facts, number: u64, files: &Fact<ChangedFiles>) {
    if let Fact::Known(pulls) = &mut facts.details.pulls {
        for pull in pulls.iter_mut().filter(|pull| pull.number == number) {
            pull.files = files.clone();
        }
    }
}

fn note_on(facts: &mut Facts, job: JobId, annotations: &Fact<Vec<Annotation>>) {
    for job in facts.jobs_mut().filter(|of| of.id == job) {
        job.annotations = annotations.clone();
    }
}

fn not_listed(error: GitHubError) -> Gathered {
    later(&error).unwrap_or_else(|| Gathered::Nothing(format!("GitHub would not list: {error}")))
}

/// Whether asking again later may help; `None` when GitHub's answer stands.
pub(super) fn later(error: &GitHubError) -> Option<Gathered> {
    let why = error.to_string();
    match error {
        GitHubError::Blocked { until, .. } | GitHubError::RateLimited { until, .. } => {
            Some(Gathered::Later { until: Some(*until), why })
        }
        GitHubError::NotSent { .. } | GitHubError::Unavailable { .. } | GitHubError::Unauthorized { .. } => {
            Some(Gathered::Later { until: None, why })
        }
        GitHubError::Refused { .. }
        | GitHubError::NotFound { .. }
        | GitHubError::Gone { .. }
        | GitHubError::Unreadable { .. } => None,
    }
}
