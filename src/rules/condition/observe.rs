//! What the facts say about a word, and whether that is what is asked.

use std::time::Duration;

use super::{Expectation, Test, Word, leaf, login, show_duration};
use crate::{
    model::{
        ConditionResult, Fact, Facts, Head, Job, RepositoryFacts, RunSnapshot, Signal, Status, Timestamp,
        Truth,
    },
    rules::Pattern,
};

/// What the facts say about a word.
pub(super) enum Observation {
    /// A text.
    Text(String),
    /// Several, any of which may match.
    Texts(Vec<String>),
    /// GitHub says that there is none.
    Nothing,
    /// A number.
    Number(u64),
    /// A length of time.
    Duration(Duration),
    /// Yes or no.
    Flag(bool),
    /// It cannot be said; in words, why.
    Unknown(String),
}

/// Holds a word's observation against what is asked.
pub(super) fn evaluate(test: &Test, facts: &Facts, now: Timestamp) -> ConditionResult {
    let observation = observe(test.word, facts, now);
    if let (Word::Workflow, Expectation::Matches(patterns), Observation::Texts(texts)) =
        (test.word, &test.expectation, &observation)
        && may_turn_on_what_is_missing(facts, patterns, texts)
    {
        let observed = format!("{} (not all of the workflow's names are known)", texts.join(", "));
        return leaf(test.word.as_str(), &test.expectation, observed, Truth::Unknown);
    }
    match test.word {
        Word::Actor | Word::TriggeringActor | Word::Sender => {
            login::compare(test.word.as_str(), &test.expectation, observation, facts)
        }
        _ => compare(test.word.as_str(), &test.expectation, observation),
    }
}

/// Whether an observation is what is asked.
pub(super) fn compare(
    word: &'static str,
    expectation: &Expectation,
    observation: Observation,
) -> ConditionResult {
    let (satisfied, observed) = match (expectation, observation) {
        (_, Observation::Unknown(why)) => (Truth::Unknown, why),
        (_, Observation::Nothing) => (Truth::No, "none".to_owned()),
        // Only a login can be in a team, and that is told elsewhere.
        (Expectation::Matches(patterns), Observation::Text(_) | Observation::Texts(_))
            if patterns.iter().any(|pattern| pattern.team().is_some()) =>
        {
            (Truth::Unknown, "the condition asks for a team where no login is".to_owned())
        }
        (Expectation::Matches(patterns), Observation::Text(text)) => {
            (Truth::of(Pattern::accept(patterns, std::slice::from_ref(&text))), text)
        }
        (Expectation::Matches(patterns), Observation::Texts(texts)) => {
            (Truth::of(Pattern::accept(patterns, &texts)), texts.join(", "))
        }
        (Expectation::Number(range), Observation::Number(number)) => {
            (Truth::of(range.contains(number)), number.to_string())
        }
        (Expectation::Duration(range), Observation::Duration(duration)) => {
            (Truth::of(range.contains(duration)), show_duration(duration))
        }
        (Expectation::Is(flag), Observation::Flag(observed)) => {
            (Truth::of(*flag == observed), observed.to_string())
        }
        (
            Expectation::Matches(_) | Expectation::Number(_) | Expectation::Duration(_) | Expectation::Is(_),
            Observation::Text(_)
            | Observation::Texts(_)
            | Observation::Number(_)
            | Observation::Duration(_)
            | Observation::Flag(_),
        ) => (Truth::Unknown, "the condition asks for another kind of value".to_owned()),
    };
    leaf(word, expectation, observed, satisfied)
}

fn observe(word: Word, facts: &Facts, now: Timestamp) -> Observation {
    let run = &facts.run;
    match word {
        Word::Repository => Observation::Text(run.repository.as_str().to_owned()),
        Word::Visibility => of_repository(facts, |it| Some(Observation::Text(it.visibility.clone()?))),
        Word::Archived => of_repository(facts, |it| it.archived.map(Observation::Flag)),
        Word::Workflow => workflow_texts(facts),
        Word::WorkflowState => detail(&facts.details.workflow_state, |it| Observation::Text(it.clone())),
        Word::Branch => text(facts, run.branch.as_deref()),
        Word::BranchExists => detail(&facts.details.head, |head| match head {
            Head::Commit(_) => Observation::Flag(true),
            Head::Gone => Observation::Flag(false),
            // A tag's run has no branch that could be gone.
            Head::Tag => Observation::Nothing,
        }),
        Word::Tag if !run.may_be_of_a_tag() => Observation::Nothing,
        Word::Tag => detail(&facts.details.tag, |tag| {
            tag.as_ref().map_or(Observation::Nothing, |tag| Observation::Text(tag.clone()))
        }),
        Word::DefaultBranch => of_repository(facts, |it| {
            let branch = run.branch.as_deref()?;
            // A fork's branch of that name is not the repository's.
            Some(Observation::Flag(!run.is_from_fork()? && it.default_branch.as_deref()? == branch))
        }),
        Word::Fork => known(facts, run.is_from_fork().map(Observation::Flag)),
        Word::HeadSha => text(facts, run.head_sha.as_deref()),
        Word::IsHead => detail(&facts.details.head, |head| match (head, &run.head_sha) {
            (Head::Tag, _) => Observation::Nothing,
            (Head::Gone, _) => Observation::Flag(false),
            (Head::Commit(now), Some(own)) => Observation::Flag(now.eq_ignore_ascii_case(own)),
            (Head::Commit(_), None) => known(facts, None),
        }),
        Word::NewerRun => detail(&facts.details.newer_run, |newer| Observation::Flag(*newer)),
        Word::CommitMessage => {
            let lines = run.commit_message.as_deref().map(|it| it.lines().map(ToOwned::to_owned).collect());
            known(facts, lines.map(Observation::Texts))
        }
        Word::Title => text(facts, run.title.as_deref()),
        Word::Event => text(facts, run.event.as_deref()),
        Word::Status => text(facts, run.status.as_ref().map(Status::as_str)),
        Word::Conclusion => match (&run.conclusion, run.is_completed()) {
            (None, Some(false)) => Observation::Nothing,
            (conclusion, _) => text(facts, conclusion.as_ref().map(|conclusion| conclusion.as_str())),
        },
        Word::RunAttempt => {
            known(facts, run.attempt.map(|attempt| Observation::Number(u64::from(attempt.0))))
        }
        Word::Contributions => number(&facts.details.contributions),
        Word::RerunsByUs => number(&facts.details.reruns_by_us),
        Word::Actor => text(facts, run.actor.as_deref()),
        Word::TriggeringActor => text(facts, run.triggering_actor.as_deref()),
        Word::Sender if facts.signal == Signal::Schedule => Observation::Nothing,
        Word::Sender => text(facts, facts.sender.as_deref()),
        Word::Environment | Word::PendingFor | Word::NewerPending => at_gate(word, facts, now),
        Word::Age | Word::QuietFor | Word::QueuedFor | Word::RunningFor | Word::Duration => {
            length_of_time(word, facts, now)
        }
    }
}

fn length_of_time(word: Word, facts: &Facts, now: Timestamp) -> Observation {
    let run = &facts.run;
    let since = |at: Option<Timestamp>| known(facts, at.map(|at| Observation::Duration(now.since(at))));
    match (word, run.status.as_ref()) {
        (Word::QuietFor, _) => since(run.updated_at),
        (Word::QueuedFor | Word::RunningFor | Word::Duration, None) => known(facts, None),
        (Word::QueuedFor, Some(Status::Queued | Status::Requested | Status::Pending)) => {
            since(run.run_started_at.or(run.created_at))
        }
        (Word::RunningFor, Some(Status::InProgress)) => match facts.details.jobs.known() {
            Ok(jobs) => began(jobs).map_or(Observation::Nothing, |at| since(Some(at))),
            Err(why) => Observation::Unknown(why),
        },
        (Word::Duration, Some(Status::Completed)) => {
            let took = run.run_started_at.zip(run.updated_at).map(|(from, to)| to.since(from));
            known(facts, took.map(Observation::Duration))
        }
        (Word::QueuedFor | Word::RunningFor | Word::Duration, Some(_)) => Observation::Nothing,
        _ => since(run.created_at),
    }
}

/// When the first job began: the run's own `run_started_at` is when it was asked for, which may be hours earlier.
fn began(jobs: &[Job]) -> Option<Timestamp> {
    let has_begun = |job: &&Job| matches!(job.status, Some(Status::InProgress | Status::Completed));
    jobs.iter().filter(has_begun).filter(|job| !job.is_skipped()).filter_map(|job| job.started_at).min()
}

/// Since when the run waits, by the jobs that do; of several the one that began last, since GitHub does not say which
/// waits where.
fn pending_since(facts: &Facts) -> Result<Option<Timestamp>, String> {
    let waits = |job: &&Job| job.status == Some(Status::Waiting);
    if let Some(job) = facts.job.as_deref().filter(waits) {
        return Ok(job.started_at);
    }
    let jobs = facts.details.jobs.known()?;
    Ok(jobs.iter().filter(waits).filter_map(|job| job.started_at).max())
}

/// Where the run waits, and what goes on there.
fn at_gate(word: Word, facts: &Facts, now: Timestamp) -> Observation {
    match word {
        _ if facts.gate.is_none() => Observation::Nothing,
        Word::PendingFor => pending_since(facts).map_or_else(Observation::Unknown, |since| {
            since.map_or(Observation::Nothing, |at| Observation::Duration(now.since(at)))
        }),
        Word::NewerPending => newer_pending(facts),
        _ => environment(facts),
    }
}

fn newer_pending(facts: &Facts) -> Observation {
    let Some(environment) = facts.gate.as_ref().and_then(|gate| gate.environment.as_deref()) else {
        return environment_is_not_named();
    };
    detail(&facts.details.newer_pending, |names| {
        Observation::Flag(names.iter().any(|name| name.eq_ignore_ascii_case(environment)))
    })
}

fn environment_is_not_named() -> Observation {
    Observation::Unknown("not known: the payload does not name the environment".to_owned())
}

fn environment(facts: &Facts) -> Observation {
    match &facts.gate {
        None => Observation::Nothing,
        Some(gate) => match &gate.environment {
            Some(environment) => Observation::Text(environment.clone()),
            None => environment_is_not_named(),
        },
    }
}

fn of_repository(
    facts: &Facts,
    observe: impl FnOnce(&RepositoryFacts) -> Option<Observation>,
) -> Observation {
    match &facts.details.repository {
        Fact::Known(repository) => {
            observe(repository).unwrap_or_else(|| Observation::Unknown(NOT_GIVEN.to_owned()))
        }
        other => Observation::Unknown(other.known().err().unwrap_or_default()),
    }
}

fn number(fact: &Fact<u32>) -> Observation {
    detail(fact, |number| Observation::Number(u64::from(*number)))
}

/// What is made of a fact that had to be fetched.
fn detail<T>(fact: &Fact<T>, observe: impl FnOnce(&T) -> Observation) -> Observation {
    fact.known().map_or_else(Observation::Unknown, observe)
}

const NOT_GIVEN: &str = "not known: GitHub gave none";

fn known(facts: &Facts, observation: Option<Observation>) -> Observation {
    observation.unwrap_or_else(|| {
        let why = if facts.run.partial { "not known: the payload does not carry it" } else { NOT_GIVEN };
        Observation::Unknown(why.to_owned())
    })
}

fn text(facts: &Facts, value: Option<&str>) -> Observation {
    known(facts, value.map(|value| Observation::Text(value.to_owned())))
}

/// A workflow answers to its name, its file's path and its file's name.
fn workflow_texts(facts: &Facts) -> Observation {
    let RunSnapshot { workflow, workflow_path, .. } = &facts.run;
    let mut texts: Vec<String> = workflow.iter().cloned().collect();
    if let Some(path) = workflow_path {
        if let Some((_, file)) = path.rsplit_once('/') {
            texts.push(file.to_owned());
        }
        texts.push(path.clone());
    }
    // Without a name of its own a workflow goes by its file.
    texts.dedup();
    known(facts, (!texts.is_empty()).then_some(Observation::Texts(texts)))
}

/// Whether a name of the workflow that is not known could turn what the known ones say. Only a pattern that can
/// end in a YAML file's name cares for the file.
fn may_turn_on_what_is_missing(facts: &Facts, patterns: &[Pattern], texts: &[String]) -> bool {
    let accepted = Pattern::accept(patterns, texts);
    // What is accepted can only be turned by an exclusion, what is not only by the contrary.
    patterns.iter().filter(|pattern| pattern.excludes() == accepted).any(|pattern| {
        let may_name_a_file =
            pattern.one_value().is_none_or(|text| text.ends_with(".yml") || text.ends_with(".yaml"));
        facts.run.workflow.is_none() || (facts.run.workflow_path.is_none() && may_name_a_file)
    })
}
