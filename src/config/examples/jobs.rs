//! `jobs` and `job` of a test: what is known of each job.

use std::time::Duration;

use super::{
    given::with_ids,
    told::{one_of, plain},
};
use crate::{
    config::{
        fields::Fields,
        report::{At, Report},
        tree::Kind,
        values, vocabulary,
    },
    model::{Annotation, Conclusion, Fact, Job, JobId, JobLog, LogHit, RunAttempt, Status, Step, Timestamp},
};

/// A run of more is no example.
const MOST_JOBS: usize = 1_000;

/// When it is judged, and which attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) attempt: RunAttempt,
}

/// All jobs of the run.
pub(super) fn jobs(report: &mut Report<'_>, at: &At<'_>, moment: Moment) -> Option<Vec<Job>> {
    if matches!(&at.node.kind, Kind::List(items) if items.is_empty()) {
        return Some(Vec::new());
    }
    let items = values::list(report, at, "jobs")?;
    let each: Vec<_> = items.iter().map(|item| repeated(report, item, moment)).collect();
    let jobs = each.into_iter().collect::<Option<Vec<_>>>()?.concat();
    if jobs.len() > MOST_JOBS {
        report.error(at, format!("{} jobs", jobs.len()), format!("{MOST_JOBS} are enough for an example"));
        return None;
    }
    Some(with_ids(jobs))
}

fn repeated(report: &mut Report<'_>, at: &At<'_>, moment: Moment) -> Option<Vec<Job>> {
    let fields = Fields::open(report, at, vocabulary::GIVEN_JOB)?;
    let times = fields.get("times").map_or(Some(1), |at| values::count(report, &at, 1));
    let job = job(report, &fields, moment)?;
    Some(vec![job; (times? as usize).min(MOST_JOBS + 1)])
}

/// The job that a webhook is about.
pub(super) fn one(report: &mut Report<'_>, at: &At<'_>, moment: Moment) -> Option<Job> {
    let fields = Fields::open(report, at, vocabulary::GIVEN_JOB)?;
    if let Some(key) = fields.key("times") {
        report.error(&key, "a webhook is about one job", "leave `times` out");
        return None;
    }
    job(report, &fields, moment)
}

/// A job that has run or waited for so long, of which no more is said.
pub(super) fn under_way(status: Status, moment: Moment, length: Duration) -> Job {
    Job { status: Some(status), started_at: Some(moment.now - length), ..nameless(moment) }
}

fn nameless(moment: Moment) -> Job {
    Job {
        id: JobId(1),
        name: None,
        attempt: Some(moment.attempt),
        status: None,
        conclusion: None,
        started_at: None,
        completed_at: None,
        labels: Vec::new(),
        runner_name: None,
        steps: Vec::new(),
        annotations: Fact::NotAsked,
        log: Fact::NotAsked,
    }
}

fn job(report: &mut Report<'_>, fields: &Fields<'_>, moment: Moment) -> Option<Job> {
    let text = |report: &mut Report<'_>, name: &str| {
        fields.get(name).map(|at| plain(report, &at).map(ToOwned::to_owned))
    };
    let name = text(report, "name");
    let conclusion = fields.get("conclusion").map(|at| conclusion(report, &at));
    let status = fields.get("status").map(|at| known(report, "status", Status::KNOWN, &at));
    let failed = fields.get("failed_step").map(|at| texts(report, &at));
    let steps = fields.get("steps").map(|at| steps(report, &at, moment));
    let duration = fields.get("duration").map(|at| values::duration(report, &at));
    let labels = fields.get("runner_label").map(|at| texts(report, &at));
    let attempt = fields.get("job_attempt").map(|at| values::count(report, &at, 1));
    let annotations = fields.get("annotation").map(|at| texts(report, &at));
    let log = fields.get("log").map(|at| log(report, &at));
    let failed = whole(failed)?.unwrap_or_default();
    let implied = (!failed.is_empty()).then_some(Conclusion::Failure);
    let conclusion = whole(conclusion)?.or(implied);
    let status = whole(status)?.map(Status::from).or(conclusion.as_ref().map(|_| Status::Completed));
    let duration = whole(duration)?;
    let ended = (status == Some(Status::Completed)).then_some(moment.now);
    let mut all_steps = whole(steps)?.unwrap_or_default();
    all_steps
        .extend(failed.into_iter().map(|name| step(Some(name), Some(Conclusion::Failure), None, moment)));
    let notes = whole(annotations)?.map(|lines| lines.into_iter().map(failure_note).collect());
    Some(Job {
        name: whole(name)?,
        attempt: whole(attempt)?.map(RunAttempt).or(Some(moment.attempt)),
        status,
        conclusion,
        started_at: duration.map(|duration| moment.now - duration),
        completed_at: ended,
        labels: whole(labels)?.unwrap_or_default(),
        steps: all_steps,
        annotations: notes.map_or(Fact::NotAsked, Fact::Known),
        log: whole(log)?.map_or(Fact::NotAsked, Fact::Known),
        ..nameless(moment)
    })
}

/// A key's value, if the key is there; the outer `None` is a value that was reported.
fn whole<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    value.map_or(Some(None), |value| value.map(Some))
}

fn failure_note(line: String) -> Annotation {
    Annotation { level: Some("failure".to_owned()), title: None, message: Some(line) }
}

/// `missing`, or the log's lines; none of the rules' patterns has been looked for in them yet.
fn log(report: &mut Report<'_>, at: &At<'_>) -> Option<JobLog> {
    if matches!(&at.node.kind, Kind::Text(word) if word == "missing") {
        return Some(JobLog::Missing);
    }
    let lines = texts(report, at)?
        .into_iter()
        .flat_map(|text| text.lines().map(ToOwned::to_owned).collect::<Vec<_>>());
    let hit = |(line, number): (String, u64)| LogHit { pattern: String::new(), line, number };
    Some(JobLog::scanned([""; 0], lines.zip(1..).map(hit).collect(), true))
}

fn conclusion(report: &mut Report<'_>, at: &At<'_>) -> Option<Conclusion> {
    known(report, "conclusion", Conclusion::KNOWN, at).map(Conclusion::from)
}

fn known(report: &mut Report<'_>, word: &str, known: &[&str], at: &At<'_>) -> Option<String> {
    let text = plain(report, at)?;
    one_of(report, word, text, Some(known), at)?;
    Some(text.to_owned())
}

/// A text or a list of them, which may be empty.
pub(super) fn texts(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<String>> {
    if matches!(&at.node.kind, Kind::List(items) if items.is_empty()) {
        return Some(Vec::new());
    }
    let items = values::one_or_more(report, at, "texts")?;
    let found: Vec<_> = items.iter().map(|item| values::text(report, item).map(ToOwned::to_owned)).collect();
    found.into_iter().collect()
}

/// How many steps, or which.
fn steps(report: &mut Report<'_>, at: &At<'_>, moment: Moment) -> Option<Vec<Step>> {
    if let Kind::Int(_) = at.node.kind {
        let count = values::count(report, at, 0)?;
        let passed = step(None, Some(Conclusion::Success), None, moment);
        return Some(vec![passed; (count as usize).min(MOST_JOBS)]);
    }
    let items = values::one_or_more(report, at, "steps")?;
    let found: Vec<_> = items.iter().map(|item| one_step(report, item, moment)).collect();
    found.into_iter().collect()
}

/// A step by its name, which passed; or all that is known of it.
fn one_step(report: &mut Report<'_>, at: &At<'_>, moment: Moment) -> Option<Step> {
    if let Kind::Text(name) = &at.node.kind {
        return Some(step(Some(name.clone()), Some(Conclusion::Success), None, moment));
    }
    let fields = Fields::open(report, at, vocabulary::GIVEN_STEP)?;
    let name = fields
        .require(report, "name", "name the step")
        .and_then(|at| values::text(report, &at).map(ToOwned::to_owned));
    let conclusion = fields.get("conclusion").map(|at| conclusion(report, &at));
    let duration = fields.get("duration").map(|at| values::duration(report, &at));
    Some(step(Some(name?), whole(conclusion)?, whole(duration)?, moment))
}

fn step(
    name: Option<String>,
    conclusion: Option<Conclusion>,
    took: Option<Duration>,
    moment: Moment,
) -> Step {
    Step {
        name,
        number: None,
        status: conclusion.as_ref().map(|_| Status::Completed),
        conclusion,
        started_at: took.map(|took| moment.now - took),
        completed_at: took.map(|_| moment.now),
    }
}
