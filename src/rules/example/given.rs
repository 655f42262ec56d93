//! What an example gives: facts, of which those that it does not give are not known.

use std::{collections::BTreeSet, path::PathBuf};

use crate::{
    model::{Details, Fact, Facts, JobLog, LogHit, Membership, RunSnapshot, Signal, Team, Timestamp},
    rules::Pattern,
};

/// What stands for a fact that an example does not give.
const NOT_GIVEN: &str = "the test does not give it";

/// What an example gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// What made runwarden look; `None` leaves it to the payload.
    pub signal: Option<Signal>,
    /// When it is judged; `None` leaves it to the payload.
    pub now: Option<Timestamp>,
    /// A webhook's payload, over which the run's facts are laid.
    pub payload: Option<PathBuf>,
    /// The run; of a schedule, all that its listing finds.
    pub runs: Vec<GivenRun>,
}

/// A run that an example gives.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenRun {
    /// What the example calls it.
    pub name: Option<String>,
    /// What is known of it.
    pub facts: Facts,
    /// The teams that the example gives, each with all who are in it.
    pub teams: Vec<(Team, Vec<String>)>,
}

impl Given {
    /// When it is judged where neither the example nor a payload says: a Wednesday at noon.
    pub const NOW: Timestamp = Timestamp(1_767_787_200_000);

    /// The runs with all that is known of them, their logs searched for the patterns. A payload's facts are those that the example does not give itself.
    #[must_use]
    pub fn facts(&self, payload: Option<&Facts>, patterns: &[&Pattern]) -> Vec<GivenRun> {
        let now = self.now(payload);
        let whole = |run: &GivenRun| {
            let mut facts = run.facts.clone();
            if payload.is_some() && self.now.is_none() {
                // The example's own times were told from another moment.
                shift(&mut facts, now.0 - Self::NOW.0);
            }
            if let Some(payload) = payload {
                facts = laid_over(facts, payload);
            }
            facts.signal = self.signal.unwrap_or(facts.signal);
            close(&mut facts.details);
            for job in facts.jobs_mut() {
                close_one(&mut job.annotations);
                search(&mut job.log, patterns);
            }
            tell_teams(&mut facts, &run.teams);
            GivenRun { name: run.name.clone(), facts, teams: run.teams.clone() }
        };
        self.runs.iter().map(whole).collect()
    }

    /// When it is judged.
    #[must_use]
    pub fn now(&self, payload: Option<&Facts>) -> Timestamp {
        self.now.or_else(|| payload?.run.updated_at).unwrap_or(Self::NOW)
    }
}

/// What was not given is not known, and nothing will tell.
fn close(details: &mut Details) {
    let Details {
        repository,
        workflow_state,
        head,
        tag,
        newer_run,
        reruns_by_us,
        acts,
        underway,
        base,
        newer_pending,
        pulls,
        contributions,
        jobs,
        // Teams are told last, of those whom the facts name.
        teams: _,
    } = details;
    close_one(newer_pending);
    close_one(pulls);
    close_one(contributions);
    if let Fact::Known(pulls) = pulls {
        pulls.iter_mut().for_each(|pull| close_one(&mut pull.files));
    }
    close_one(acts);
    close_one(underway);
    close_one(base);
    close_one(repository);
    close_one(workflow_state);
    close_one(head);
    close_one(tag);
    close_one(newer_run);
    close_one(reruns_by_us);
    close_one(jobs);
}

/// Who of those whom the facts name is in the given teams.
fn tell_teams(facts: &mut Facts, teams: &[(Team, Vec<String>)]) {
    let run = &facts.run;
    let pulls = facts.details.pulls.known().map(Vec::as_slice).unwrap_or_default();
    let of_run = [&run.actor, &run.triggering_actor, &facts.sender];
    let said = facts.said.as_ref().map(|said| &said.author);
    let of_pulls = pulls.iter().map(|pull| &pull.author).chain(said);
    let named = of_run.into_iter().chain(of_pulls).flatten();
    let logins: BTreeSet<&str> = named.map(String::as_str).collect();
    let in_team = |(team, members): &(Team, Vec<String>)| -> Vec<Membership> {
        let is_in = |login: &str| members.iter().any(|member| member.eq_ignore_ascii_case(login));
        let of = |login: &&str| Membership {
            team: team.clone(),
            login: (*login).to_owned(),
            is_member: Fact::Known(is_in(login)),
        };
        logins.iter().map(of).collect()
    };
    facts.details.teams = teams.iter().flat_map(in_team).collect();
}

/// Searches a given log, whose lines stand in it as found by no pattern yet. The first line counts, as in production.
fn search(log: &mut Fact<JobLog>, patterns: &[&Pattern]) {
    close_one(log);
    let Fact::Known(JobLog::Scanned { hits: lines, complete: true, sought }) = log else {
        return;
    };
    if !sought.is_empty() {
        return;
    }
    let first = |pattern: &&Pattern| {
        let hit = lines.iter().find(|hit| pattern.matches(&hit.line))?;
        Some(LogHit { pattern: pattern.body().to_owned(), ..hit.clone() })
    };
    let hits = patterns.iter().filter_map(first).collect();
    *log = Fact::Known(JobLog::scanned(patterns.iter().map(|pattern| pattern.body()), hits, true));
}

fn close_one<T>(fact: &mut Fact<T>) {
    if fact.is_not_asked() {
        *fact = Fact::Missing(NOT_GIVEN.to_owned());
    }
}

/// Moves all points in time.
fn shift(facts: &mut Facts, by_ms: i64) {
    let move_all = |times: &mut [&mut Option<Timestamp>]| {
        times.iter_mut().filter_map(|at| at.as_mut()).for_each(|at| at.0 = at.0.saturating_add(by_ms));
    };
    let run = &mut facts.run;
    move_all(&mut [&mut run.created_at, &mut run.updated_at, &mut run.run_started_at]);
    for job in facts.jobs_mut() {
        move_all(&mut [&mut job.started_at, &mut job.completed_at]);
        for step in &mut job.steps {
            move_all(&mut [&mut step.started_at, &mut step.completed_at]);
        }
    }
}

fn laid_over(given: Facts, payload: &Facts) -> Facts {
    let base = payload.clone();
    Facts {
        signal: base.signal,
        run: run_over(given.run, base.run),
        gate: given.gate.or(base.gate),
        job: given.job.or(base.job),
        said: given.said.or(base.said),
        sender: given.sender.or(base.sender),
        installation: base.installation,
        details: details_over(given.details, base.details),
    }
}

fn run_over(given: RunSnapshot, base: RunSnapshot) -> RunSnapshot {
    RunSnapshot {
        id: base.id,
        attempt: given.attempt.or(base.attempt),
        repository: base.repository,
        workflow: given.workflow.or(base.workflow),
        workflow_path: given.workflow_path.or(base.workflow_path),
        workflow_id: base.workflow_id,
        event: given.event.or(base.event),
        // Where a run stands and how it ended belong together.
        conclusion: if given.status.is_some() { given.conclusion } else { base.conclusion },
        status: given.status.or(base.status),
        branch: given.branch.or(base.branch),
        head_sha: given.head_sha.or(base.head_sha),
        head_repository: given.head_repository.or(base.head_repository),
        actor: given.actor.or(base.actor),
        triggering_actor: given.triggering_actor.or(base.triggering_actor),
        run_number: base.run_number,
        created_at: given.created_at.or(base.created_at),
        updated_at: given.updated_at.or(base.updated_at),
        run_started_at: given.run_started_at.or(base.run_started_at),
        html_url: base.html_url,
        title: given.title.or(base.title),
        commit_message: given.commit_message.or(base.commit_message),
        partial: base.partial,
    }
}

fn details_over(given: Details, base: Details) -> Details {
    Details {
        repository: over(given.repository, base.repository),
        workflow_state: over(given.workflow_state, base.workflow_state),
        head: over(given.head, base.head),
        tag: over(given.tag, base.tag),
        newer_run: over(given.newer_run, base.newer_run),
        reruns_by_us: over(given.reruns_by_us, base.reruns_by_us),
        contributions: over(given.contributions, base.contributions),
        acts: over(given.acts, base.acts),
        underway: over(given.underway, base.underway),
        base: over(given.base, base.base),
        pulls: over(given.pulls, base.pulls),
        newer_pending: over(given.newer_pending, base.newer_pending),
        jobs: over(given.jobs, base.jobs),
        teams: base.teams,
    }
}

fn over<T>(given: Fact<T>, base: Fact<T>) -> Fact<T> {
    if given.is_not_asked() { base } else { given }
}
