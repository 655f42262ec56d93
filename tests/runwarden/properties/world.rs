//! Random runs with all that can be known of them, and what is left of that when part of it is not known.

use std::time::Duration;

use runwarden::{
    model::{
        Act, Annotation, ChangedFiles, Conclusion, Fact, Facts, Gate, Head, Job, JobId, JobLog, LogHit,
        Membership, PullActivity, PullRequest, RepositoryFacts, RepositoryName, RuleName, RunAttempt, RunId,
        RunSnapshot, Said, Signal, Status, Step, Team, Timestamp, Underway, WorkflowId,
    },
    rules::{Need, Pattern, Ruleset},
};

use super::random::Random;

/// When all is judged.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A run with all that can be known of it.
pub struct World {
    pub whole: Facts,
}

impl World {
    pub fn random(random: &mut Random, ruleset: &Ruleset) -> Self {
        let signal = match random.below(10) {
            0..=2 => Signal::DeploymentWaiting,
            3 => Signal::JobCompleted,
            4 => Signal::CommentCreated,
            5 => Signal::ReviewSubmitted,
            6 => Signal::PullRequest(PullActivity::Labeled),
            _ => Signal::RunCompleted,
        };
        let waits = signal == Signal::DeploymentWaiting;
        let mut whole = Facts::of(signal, run(random, waits));
        if waits {
            let environment = Some(random.of(&["staging", "production", "test"]).to_owned());
            whole.gate = Some(Gate { environment, protection_rule: random.percent(30) });
        }
        whole.job = (signal == Signal::JobCompleted).then(|| Box::new(job(random, 9, ruleset)));
        let speaks = matches!(signal, Signal::CommentCreated | Signal::ReviewSubmitted);
        whole.said = speaks.then(|| Box::new(said(random)));
        whole.sender = random.percent(80).then(|| login(random));
        let details = &mut whole.details;
        details.repository = Fact::Known(RepositoryFacts {
            visibility: Some(random.of(&["public", "private"]).to_owned()),
            archived: Some(random.percent(10)),
            default_branch: Some(random.of(&["main", "release/1"]).to_owned()),
        });
        details.workflow_state = Fact::Known(random.of(&["active", "deleted"]).to_owned());
        details.head = Fact::Known(match random.below(4) {
            0 => Head::Gone,
            1 => Head::Tag,
            2 => Head::Commit("b".repeat(40)),
            _ => Head::Commit("a".repeat(40)),
        });
        let is_of_a_tag = whole.run.may_be_of_a_tag() && random.percent(40);
        details.tag = Fact::Known(is_of_a_tag.then(|| "v1.0".to_owned()));
        details.newer_run = Fact::Known(random.percent(30));
        details.reruns_by_us = Fact::Known(u32::try_from(random.below(4)).unwrap());
        details.contributions = Fact::Known(u32::try_from(random.below(5)).unwrap());
        details.acts = Fact::Known((0..random.below(4)).map(|_| act(random)).collect());
        details.base = Fact::Known(base(random));
        details.underway = Fact::Known((0..random.below(4)).map(|number| underway(random, number)).collect());
        details.newer_pending = Fact::Known(vec![random.of(&["staging", "production"]).to_owned()]);
        details.jobs = Fact::Known((0..random.below(4)).map(|number| job(random, number, ruleset)).collect());
        details.pulls = Fact::Known((0..random.below(3)).map(|number| pull(random, number)).collect());
        details.teams =
            TEAMS.iter().flat_map(|team| LOGINS.map(|login| membership(random, team, login))).collect();
        Self { whole }
    }

    /// What a webhook carries: all of the run, or little more than its identity.
    pub fn as_a_webhook_brings_it(&self, random: &mut Random) -> Facts {
        let whole = &self.whole;
        let mut facts = Facts::of(whole.signal, whole.run.clone());
        facts.gate = whole.gate.clone();
        facts.sender = whole.sender.clone();
        facts.said = whole.said.clone();
        facts.job = whole
            .job
            .clone()
            .map(|job| Box::new(Job { annotations: Fact::NotAsked, log: Fact::NotAsked, ..*job }));
        if random.percent(50) {
            facts.details.repository = whole.details.repository.clone();
        }
        if matches!(whole.signal, Signal::DeploymentWaiting | Signal::JobCompleted) {
            let RunSnapshot { attempt, workflow, branch, .. } = whole.run.clone();
            let unknown = RunSnapshot::unknown(whole.run.repository.clone(), whole.run.id);
            facts.run = RunSnapshot { attempt, workflow, branch, ..unknown };
        }
        facts
    }

    /// Tells what was asked for, and nothing else.
    pub fn tell(&self, facts: &mut Facts, need: Need) {
        let (details, whole) = (&mut facts.details, &self.whole.details);
        match need {
            Need::RerunsByUs => details.reruns_by_us = whole.reruns_by_us.clone(),
            Need::Acts => details.acts = whole.acts.clone(),
            Need::Underway { bases } => {
                details.underway = whole.underway.clone();
                if bases {
                    details.base = whole.base.clone();
                }
            }
            Need::Run => facts.run = self.whole.run.clone(),
            Need::Repository => details.repository = whole.repository.clone(),
            Need::WorkflowState => details.workflow_state = whole.workflow_state.clone(),
            Need::Head => details.head = whole.head.clone(),
            Need::Tag => details.tag = whole.tag.clone(),
            Need::NewerRun => details.newer_run = whole.newer_run.clone(),
            Need::Pulls => {
                details.pulls = whole.pulls.clone();
                if let Fact::Known(pulls) = &mut details.pulls {
                    pulls.iter_mut().for_each(|pull| pull.files = Fact::NotAsked);
                }
            }
            Need::Files(number) => {
                let known = whole.pulls.known().unwrap().iter().find(|pull| pull.number == number).unwrap();
                if let Fact::Known(pulls) = &mut details.pulls {
                    let mine = pulls.iter_mut().filter(|pull| pull.number == number);
                    mine.for_each(|pull| pull.files = known.files.clone());
                }
            }
            Need::Contributions => details.contributions = whole.contributions.clone(),
            Need::NewerPending => details.newer_pending = whole.newer_pending.clone(),
            Need::Team(team, login) => {
                let known = |it: &&Membership| it.team == team && it.login == login;
                details.teams.push(whole.teams.iter().find(known).unwrap().clone());
            }
            Need::Environments => facts.gate = self.whole.gate.clone(),
            Need::Jobs => {
                let mut jobs = whole.jobs.clone();
                if let Fact::Known(jobs) = &mut jobs {
                    for job in jobs {
                        (job.annotations, job.log) = (Fact::NotAsked, Fact::NotAsked);
                    }
                }
                details.jobs = jobs;
            }
            Need::Annotations(id) => {
                let known = self.job(id);
                for job in facts.jobs_mut().filter(|job| job.id == id) {
                    job.annotations = known.annotations.clone();
                }
            }
            Need::Logs(id) => {
                let known = self.job(id);
                for job in facts.jobs_mut().filter(|job| job.id == id) {
                    job.log = known.log.clone();
                }
            }
        }
    }

    fn job(&self, id: JobId) -> &Job {
        let listed = self.whole.details.jobs.known().unwrap().iter();
        listed.chain(self.whole.job.as_deref()).find(|job| job.id == id).unwrap()
    }

    /// All of it, but for what a few failed requests or a thin payload would have told.
    pub fn with_gaps(&self, random: &mut Random) -> Facts {
        let mut facts = self.whole.clone();
        gaps_in_the_run(random, &mut facts.run);
        let details = &mut facts.details;
        miss(random, &mut details.repository);
        miss(random, &mut details.workflow_state);
        miss(random, &mut details.head);
        miss(random, &mut details.tag);
        miss(random, &mut details.newer_run);
        miss(random, &mut details.reruns_by_us);
        miss(random, &mut details.acts);
        miss(random, &mut details.contributions);
        miss(random, &mut details.base);
        miss(random, &mut details.underway);
        miss(random, &mut details.newer_pending);
        miss(random, &mut details.jobs);
        miss(random, &mut details.pulls);
        if let Fact::Known(pulls) = &mut details.pulls {
            for pull in pulls {
                gap(random, &mut pull.state);
                gap(random, &mut pull.draft);
                gap(random, &mut pull.merged);
                gap(random, &mut pull.author);
                gap(random, &mut pull.base);
                gap(random, &mut pull.head_sha);
                gap(random, &mut pull.title);
                gap(random, &mut pull.updated_at);
                miss(random, &mut pull.files);
            }
        }
        details.teams.retain(|_| !random.percent(GAPS));
        details.teams.iter_mut().for_each(|it| miss(random, &mut it.is_member));
        if let Some(said) = &mut facts.said {
            gap(random, &mut said.state);
            gap(random, &mut said.author);
            gap(random, &mut said.association);
            gap(random, &mut said.body);
        }
        for job in facts.jobs_mut() {
            gap(random, &mut job.name);
            gap(random, &mut job.conclusion);
            gap(random, &mut job.completed_at);
            miss(random, &mut job.annotations);
            miss(random, &mut job.log);
            if random.percent(40) {
                cut_off(&mut job.log);
            }
        }
        facts
    }
}

const GAPS: u64 = 15;

/// Those who start runs.
const LOGINS: [&str; 3] = ["octocat", "renovate[bot]", "mallory"];

/// The teams of the random patterns.
const TEAMS: [&str; 2] = ["@acme/release", "@acme/ops"];

fn membership(random: &mut Random, team: &str, login: &str) -> Membership {
    let is_member = Fact::Known(!login.ends_with("[bot]") && random.percent(50));
    Membership { team: Team::parse(team).unwrap(), login: login.to_owned(), is_member }
}

fn gap<T>(random: &mut Random, value: &mut Option<T>) {
    if random.percent(GAPS) {
        *value = None;
    }
}

fn gaps_in_the_run(random: &mut Random, run: &mut RunSnapshot) {
    gap(random, &mut run.attempt);
    gap(random, &mut run.workflow);
    gap(random, &mut run.workflow_path);
    gap(random, &mut run.event);
    gap(random, &mut run.branch);
    gap(random, &mut run.head_sha);
    gap(random, &mut run.head_repository);
    gap(random, &mut run.actor);
    gap(random, &mut run.triggering_actor);
    gap(random, &mut run.created_at);
    gap(random, &mut run.updated_at);
    gap(random, &mut run.run_started_at);
    gap(random, &mut run.title);
    gap(random, &mut run.commit_message);
    gap(random, &mut run.status);
    // A run that has not ended has no conclusion, and that is known.
    if run.status.is_none() || run.is_completed() == Some(true) {
        gap(random, &mut run.conclusion);
    }
}

fn miss<T>(random: &mut Random, fact: &mut Fact<T>) {
    if random.percent(GAPS) {
        *fact = if random.percent(50) { Fact::NotAsked } else { Fact::Missing("GitHub said 500".to_owned()) };
    }
}

/// As if the log had not been read to its end: what its later lines say is not known.
fn cut_off(log: &mut Fact<JobLog>) {
    if let Fact::Known(JobLog::Scanned { hits, complete, .. }) = log {
        hits.retain(|hit| hit.number == 1);
        *complete = false;
    }
}

fn act(random: &mut Random) -> Act {
    let rule = RuleName::parse(random.of(&["rule-0", "rule-1"])).unwrap();
    Act { rule, at: NOW - Duration::from_secs(random.below(200_000)) }
}

fn said(random: &mut Random) -> Said {
    Said {
        state: Some(random.of(&["approved", "commented"]).to_owned()),
        author: Some(login(random)),
        association: Some(random.of(&["MEMBER", "NONE"]).to_owned()),
        body: Some(random.of(&["/retry", "please run it again", "LGTM"]).to_owned()),
    }
}

fn base(random: &mut Random) -> Option<String> {
    random.percent(70).then(|| random.of(&["main", "dev"]).to_owned())
}

fn underway(random: &mut Random, number: u64) -> Underway {
    Underway {
        run: RunId(41 + i64::try_from(number).unwrap()),
        base: if random.percent(70) { Fact::Known(base(random)) } else { Fact::NotAsked },
        ..Underway::from(&run(random, false))
    }
}

fn run(random: &mut Random, waits: bool) -> RunSnapshot {
    let acme = RepositoryName::parse("acme/api").unwrap();
    let fork = RepositoryName::parse("mallory/api").unwrap();
    let ago = |random: &mut Random| Some(NOW - Duration::from_secs(random.below(300_000)));
    RunSnapshot {
        attempt: Some(RunAttempt(u32::try_from(random.below(4)).unwrap() + 1)),
        workflow: Some(random.of(&["CI", "Deploy"]).to_owned()),
        workflow_path: Some(".github/workflows/ci.yml".to_owned()),
        workflow_id: Some(WorkflowId(7)),
        event: Some(random.of(&["push", "pull_request", "schedule"]).to_owned()),
        status: Some(if waits { Status::Waiting } else { Status::Completed }),
        conclusion: (!waits).then(|| conclusion(random)),
        branch: Some(random.of(&["main", "release/1", "v1.0", "wip"]).to_owned()),
        head_sha: Some("a".repeat(40)),
        head_repository: Some(if random.percent(20) { fork } else { acme.clone() }),
        actor: Some(login(random)),
        triggering_actor: Some(login(random)),
        run_number: Some(12),
        created_at: ago(random),
        updated_at: ago(random),
        run_started_at: ago(random),
        title: Some(random.of(&["Fix a thing", "Add main"]).to_owned()),
        commit_message: Some("Fix a thing\n\nand another".to_owned()),
        partial: false,
        ..RunSnapshot::unknown(acme, RunId(42))
    }
}

fn login(random: &mut Random) -> String {
    random.of(&LOGINS).to_owned()
}

fn conclusion(random: &mut Random) -> Conclusion {
    Conclusion::from(random.of(&["failure", "timed_out", "success", "cancelled"]).to_owned())
}

fn pull(random: &mut Random, number: u64) -> PullRequest {
    PullRequest {
        number: number + 1,
        state: Some(random.of(&["open", "closed"]).to_owned()),
        draft: Some(random.percent(30)),
        merged: Some(random.percent(30)),
        author: Some(login(random)),
        base: base(random).or_else(|| Some("main".to_owned())),
        head_sha: Some(random.of(&["a", "b"]).repeat(40)),
        head_branch: Some("wip".to_owned()),
        head_owner: Some("acme".to_owned()),
        head_repository: RepositoryName::parse("acme/api").ok(),
        labels: (0..random.below(3)).map(|_| random.of(&["retry", "retry/3", "docs"]).to_owned()).collect(),
        title: Some(random.of(&["Fix a thing", "main"]).to_owned()),
        updated_at: Some(NOW - Duration::from_secs(random.below(300_000))),
        html_url: None,
        files: Fact::Known(ChangedFiles {
            files: (0..random.below(3))
                .map(|_| vec![random.of(&["README.md", "docs/a.md", "src/a.rs"]).to_owned()])
                .collect(),
            complete: random.percent(85),
            head_sha: Some("a".repeat(40)),
        }),
    }
}

/// What a search for the patterns of all rules finds in a few lines.
fn log(random: &mut Random, ruleset: &Ruleset) -> JobLog {
    if random.percent(25) {
        return JobLog::Missing;
    }
    let lines: Vec<&str> = (0..random.below(4))
        .map(|_| {
            random.of(&[
                "reading: Connection reset by peer",
                "test net::reset ... FAILED",
                "error[E0308]: mismatched types",
                "the runner was lost",
                "ok",
            ])
        })
        .collect();
    let patterns = ruleset.log_patterns();
    let first = |pattern: &&&Pattern| {
        let number = lines.iter().position(|line| pattern.matches(line))?;
        let line = lines[number].to_owned();
        Some(LogHit { pattern: pattern.body().to_owned(), line, number: number as u64 + 1 })
    };
    let hits = patterns.iter().filter_map(|pattern| first(&pattern)).collect();
    JobLog::scanned(patterns.iter().map(|pattern| pattern.body()), hits, random.percent(85))
}

fn job(random: &mut Random, number: u64, ruleset: &Ruleset) -> Job {
    let started = NOW - Duration::from_secs(random.below(10_000) + 1_000);
    let noted = Annotation {
        level: Some(random.of(&["failure", "warning"]).to_owned()),
        title: None,
        message: Some(random.of(&["The runner was lost", "Process completed with exit code 1."]).to_owned()),
    };
    Job {
        id: JobId(i64::try_from(number).unwrap() + 1),
        name: Some(random.of(&["linux", "mac (13)", "Run tests"]).to_owned()),
        attempt: Some(RunAttempt(1)),
        status: Some(Status::Completed),
        conclusion: Some(conclusion(random)),
        started_at: Some(started),
        completed_at: Some(started + Duration::from_secs(random.below(900))),
        labels: vec![random.of(&["self-hosted", "ubuntu-latest"]).to_owned()],
        runner_name: None,
        steps: (0..random.below(3)).map(|number| step(random, number)).collect(),
        annotations: Fact::Known(if random.percent(60) { vec![noted] } else { Vec::new() }),
        log: Fact::Known(log(random, ruleset)),
    }
}

fn step(random: &mut Random, number: u64) -> Step {
    Step {
        name: Some(random.of(&["Set up job", "Run tests"]).to_owned()),
        number: Some(i64::try_from(number).unwrap() + 1),
        status: Some(Status::Completed),
        conclusion: Some(conclusion(random)),
        started_at: None,
        completed_at: None,
    }
}
