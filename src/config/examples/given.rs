//! `given`: what is known of a run, as facts.

use super::{
    jobs::{self, Moment},
    own::Own,
    teams,
    told::Words,
};
use crate::{
    config::{
        fields::Fields,
        report::{At, Report},
        secret::World,
        tree::clip,
        trigger, values, vocabulary,
    },
    model::{
        Conclusion, Fact, Facts, Gate, Head, Job, JobId, RepositoryFacts, RepositoryName, RunAttempt, RunId,
        RunSnapshot, Signal, Status, Timestamp, WorkflowId,
    },
    rules::{Given, GivenRun, Word},
};

/// A listing of more is no example.
const MOST_RUNS: usize = 2_000;

const SCHEDULE: &str = "schedule";

/// What stands for another commit or branch than the run's own.
const ANOTHER: &str = "another";

/// The map under `given`.
pub(super) fn given(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<Given> {
    let fields = open(report, at, vocabulary::GIVEN)?;
    let words = Words::read(report, &fields);
    let payload = match fields.get("payload") {
        None => Some(None),
        Some(at) => values::text(report, &at).map(|path| Some(world.folder.join(path))),
    };
    let signal = match fields.get("on") {
        None => Some(None),
        Some(at) => signal(report, &at).map(Some),
    };
    let now = match fields.get("now") {
        None => Some(None),
        Some(at) => moment(report, &at).map(Some),
    };
    let teams = fields.get("teams").map_or(Some(Vec::new()), |at| teams::teams(report, &at));
    let (words, payload, signal, now) = (words?, payload?, signal?, now?);
    let is_of_payload = payload.is_some();
    let signal = signal.or_else(|| (!is_of_payload).then(|| implied(&fields, &words)));
    let moment = Moment { now: now.unwrap_or(Given::NOW), attempt: RunAttempt(1) };
    let common = Described { words, jobs: None, own: Own::read(report, &fields, moment.now)? };
    let runs = match fields.get("runs") {
        Some(at) => {
            check_listing(report, &fields, signal)?;
            let runs = values::list(report, &at, "runs")?;
            let each: Vec<_> = runs.iter().map(|at| listed(report, at, &common, moment)).collect();
            each.into_iter().collect::<Option<Vec<_>>>()?.concat()
        }
        None => vec![one_run(report, at, &fields, common, signal, moment, is_of_payload)?],
    };
    let mut runs = numbered(report, at, runs)?;
    let teams = teams?;
    runs.iter_mut().for_each(|run| run.teams.clone_from(&teams));
    Some(Given { signal, now, payload, runs })
}

/// What is told of a run.
#[derive(Clone)]
struct Described {
    words: Words,
    jobs: Option<Vec<Job>>,
    own: Own,
}

fn open<'a>(report: &mut Report<'_>, at: &At<'a>, keys: &[vocabulary::Key]) -> Option<Fields<'a>> {
    let words = Word::ALL.iter().map(|word| word.as_str());
    let names: Vec<&str> = words.chain(keys.iter().map(|key| key.name)).collect();
    Fields::open_named(report, at, &names)
}

fn signal(report: &mut Report<'_>, at: &At<'_>) -> Option<Signal> {
    let mut words: Vec<(&str, Signal)> = Signal::of_rules().map(|signal| (signal.as_str(), signal)).collect();
    words.push((SCHEDULE, Signal::Schedule));
    values::word(report, at, &words)
}

/// What made runwarden look, where the test does not say.
fn implied(fields: &Fields<'_>, words: &Words) -> Signal {
    if fields.get("runs").is_some() {
        Signal::Schedule
    } else if fields.get("review").is_some() {
        Signal::ReviewSubmitted
    } else if fields.get("comment").is_some() {
        Signal::CommentCreated
    } else if words.tells(Word::Environment) {
        Signal::DeploymentWaiting
    } else {
        Signal::RunCompleted
    }
}

/// A time with its zone: RFC 3339, or `2026-01-07 09:00 Europe/Berlin`.
fn moment(report: &mut Report<'_>, at: &At<'_>) -> Option<Timestamp> {
    const HELP: &str = "write `2026-01-07 09:00 Europe/Berlin` or `2026-01-07T09:00:00Z`";
    let text = values::text(report, at)?;
    if let Some(found) = Timestamp::parse(text) {
        return Some(found);
    }
    let parts: Vec<&str> = text.split_whitespace().collect();
    let found = match parts.as_slice() {
        [date, time, zone] => {
            let zone = trigger::zone_named(report, at, zone)?;
            let local = format!("{date}T{time}").parse::<jiff::civil::DateTime>();
            local.and_then(|local| local.in_tz(zone)).ok()
        }
        _ => None,
    };
    if found.is_none() {
        report.error(at, format!("`{}` is no time with its zone", clip(text)), HELP);
    }
    found.map(|at| Timestamp(at.timestamp().as_millisecond()))
}

fn check_listing(report: &mut Report<'_>, fields: &Fields<'_>, signal: Option<Signal>) -> Option<()> {
    if signal != Some(Signal::Schedule)
        && let Some(key) = fields.key("runs")
    {
        report.error(&key, "only a schedule lists runs", "leave `on` and `payload` out, or give one run");
        return None;
    }
    Some(())
}

/// One of the runs that a listing finds, as often as it is said.
fn listed(report: &mut Report<'_>, at: &At<'_>, common: &Described, moment: Moment) -> Option<Vec<GivenRun>> {
    let fields = open(report, at, vocabulary::GIVEN_RUN)?;
    let words = Words::read(report, &fields);
    let name = fields.get("name").map(|at| values::text(report, &at).map(ToOwned::to_owned));
    let times = fields.get("times").map_or(Some(1), |at| values::count(report, &at, 1));
    let jobs = fields.get("jobs").map(|at| jobs::jobs(report, &at, moment));
    let jobs = jobs.map_or(Some(None), |jobs| jobs.map(Some));
    let own = Own::read(report, &fields, moment.now)?.over(&common.own);
    let told = Described { words: common.words.overlaid(&words?), jobs: jobs?, own };
    let facts = facts(report, at, told, Some(Signal::Schedule), moment, false)?;
    let run = GivenRun { name: name.map_or(Some(None), |name| name.map(Some))?, facts, teams: Vec::new() };
    Some(vec![run; (times? as usize).min(MOST_RUNS + 1)])
}

fn one_run(
    report: &mut Report<'_>,
    at: &At<'_>,
    fields: &Fields<'_>,
    told: Described,
    signal: Option<Signal>,
    moment: Moment,
    is_of_payload: bool,
) -> Option<GivenRun> {
    let moment =
        Moment { attempt: told.words.number(Word::RunAttempt).map_or(moment.attempt, RunAttempt), ..moment };
    let jobs = match fields.get("jobs") {
        None => Some(None),
        Some(at) => jobs::jobs(report, &at, moment).map(Some),
    };
    let job = match fields.get("job") {
        None => Some(None),
        Some(at) => jobs::one(report, &at, moment).map(Some),
    };
    let asked = match fields.get("protection_rule") {
        None => Some(false),
        Some(at) => values::flag(report, &at),
    };
    let mut facts = facts(report, at, Described { jobs: jobs?, ..told }, signal, moment, is_of_payload)?;
    let (job, asked) = (job?, asked?);
    if let (Some(key), Some(signal)) = (fields.key("job"), signal)
        && !signal.is_of_a_job()
    {
        let remedy = "write `on: workflow_job.completed`, or `jobs` for those of the run";
        report.error(&key, format!("`{signal}` is about no single job"), remedy);
        return None;
    }
    facts.job = job.map(Box::new);
    if let Some(gate) = &mut facts.gate {
        gate.protection_rule = asked;
    }
    Some(GivenRun { name: None, facts, teams: Vec::new() })
}

/// Runs of one listing have ids of their own, the later in the list the older.
fn numbered(report: &mut Report<'_>, at: &At<'_>, mut runs: Vec<GivenRun>) -> Option<Vec<GivenRun>> {
    if runs.len() > MOST_RUNS {
        report.error(at, format!("{} runs", runs.len()), format!("{MOST_RUNS} are enough for an example"));
        return None;
    }
    for (run, id) in runs.iter_mut().rev().zip(1..) {
        run.facts.run.id = RunId(id);
    }
    Some(runs)
}

fn facts(
    report: &mut Report<'_>,
    at: &At<'_>,
    told: Described,
    signal: Option<Signal>,
    moment: Moment,
    is_of_payload: bool,
) -> Option<Facts> {
    let words = &told.words;
    let repository = words.text(Word::Repository).and_then(|name| RepositoryName::parse(&name).ok());
    if repository.is_none() && !is_of_payload {
        report.error(
            at,
            "`repository` is missing",
            "say in which repository the run is: `repository: acme/api`",
        );
        return None;
    }
    // A payload's own repository comes before it.
    let repository = repository.or_else(|| RepositoryName::parse("of/payload").ok())?;
    let run = run(words, repository, signal, moment, is_of_payload);
    let mut facts = Facts::of(signal.unwrap_or(Signal::RunCompleted), run);
    facts.sender = words.text(Word::Sender);
    facts.gate = words
        .text(Word::Environment)
        .map(|environment| Gate { environment: Some(environment), protection_rule: false });
    details(words, &mut facts);
    told.own.tell(&mut facts, moment.now);
    let length = |word: Word, status: Status| {
        words.duration(word).map(|length| jobs::under_way(status, moment, length))
    };
    facts.details.jobs = match told.jobs {
        Some(jobs) => Fact::Known(begun(words, jobs, moment.now)),
        None => length(Word::RunningFor, Status::InProgress)
            .or_else(|| length(Word::PendingFor, Status::Waiting))
            .map_or(Fact::NotAsked, |job| Fact::Known(vec![job])),
    };
    Some(facts)
}

/// The jobs of a run that began so long ago, as far as they do not say themselves when.
fn begun(words: &Words, mut jobs: Vec<Job>, now: Timestamp) -> Vec<Job> {
    if let Some(length) = words.duration(Word::RunningFor).or_else(|| words.duration(Word::PendingFor)) {
        jobs.iter_mut().filter(|job| job.started_at.is_none()).for_each(|job| {
            job.started_at = Some(now - length);
        });
    }
    jobs
}

fn run(
    words: &Words,
    repository: RepositoryName,
    signal: Option<Signal>,
    moment: Moment,
    is_of_payload: bool,
) -> RunSnapshot {
    let now = moment.now;
    let conclusion = words.text(Word::Conclusion).map(Conclusion::from);
    let status = words.text(Word::Status).map(Status::from);
    let implied = || implied_status(signal, conclusion.is_some(), words);
    let workflow = words.text(Word::Workflow);
    let ago = |word: Word| words.duration(word).map(|length| now - length);
    let took = words.duration(Word::Duration);
    let updated_at = ago(Word::QuietFor).or(took.map(|_| now));
    let attempt = words.number(Word::RunAttempt).map(RunAttempt);
    RunSnapshot {
        attempt: if is_of_payload { attempt } else { attempt.or(Some(moment.attempt)) },
        // A workflow without a name goes by its file, so that one of both is enough.
        workflow_path: workflow.as_deref().map(path_of),
        workflow_id: workflow.as_deref().map(id_of),
        workflow,
        event: words.text(Word::Event),
        status: status.or_else(implied),
        conclusion,
        branch: words.text(Word::Branch).or_else(|| words.text(Word::Tag)),
        head_sha: words.text(Word::HeadSha).or_else(|| words.tells(Word::IsHead).then(|| "0".repeat(40))),
        head_repository: head_repository(words, &repository),
        actor: words.text(Word::Actor),
        triggering_actor: words.text(Word::TriggeringActor),
        created_at: ago(Word::Age),
        run_started_at: ago(Word::QueuedFor).or_else(|| updated_at.zip(took).map(|(at, took)| at - took)),
        updated_at,
        title: words.text(Word::Title),
        commit_message: words.text(Word::CommitMessage),
        ..RunSnapshot::unknown(repository, RunId(1))
    }
}

fn path_of(workflow: &str) -> String {
    let is_file_name = !workflow.contains('/') && (workflow.ends_with(".yml") || workflow.ends_with(".yaml"));
    if is_file_name { format!(".github/workflows/{workflow}") } else { workflow.to_owned() }
}

/// Equal for workflows of one name.
fn id_of(workflow: &str) -> WorkflowId {
    WorkflowId(workflow.bytes().fold(17, |id: i64, byte| id.wrapping_mul(31).wrapping_add(byte.into())))
}

/// Where a run stands when that makes runwarden look.
fn implied_status(signal: Option<Signal>, has_ended: bool, words: &Words) -> Option<Status> {
    match signal? {
        _ if has_ended => Some(Status::Completed),
        Signal::RunCompleted => Some(Status::Completed),
        Signal::RunRequested => Some(Status::Queued),
        Signal::RunInProgress | Signal::JobQueued | Signal::JobInProgress | Signal::JobCompleted => {
            Some(Status::InProgress)
        }
        Signal::JobWaiting | Signal::DeploymentWaiting => Some(Status::Waiting),
        _ if words.tells(Word::RunningFor) => Some(Status::InProgress),
        _ if words.tells(Word::QueuedFor) => Some(Status::Queued),
        Signal::PullRequest(_)
        | Signal::ReviewSubmitted
        | Signal::CommentCreated
        | Signal::Schedule
        | Signal::Command => None,
    }
}

fn head_repository(words: &Words, repository: &RepositoryName) -> Option<RepositoryName> {
    let of_default = words.tells(Word::DefaultBranch).then_some(false);
    match words.flag(Word::Fork).or(of_default)? {
        true => {
            RepositoryName::parse(&format!("a-fork/{}", repository.as_str().split('/').next_back()?)).ok()
        }
        false => Some(repository.clone()),
    }
}

fn details(words: &Words, facts: &mut Facts) {
    let details = &mut facts.details;
    let (visibility, archived) = (words.text(Word::Visibility), words.flag(Word::Archived));
    let default_branch = words.flag(Word::DefaultBranch).map(|is_own| match (is_own, &facts.run.branch) {
        (true, Some(branch)) => branch.clone(),
        (true, None) | (false, _) => ANOTHER.to_owned(),
    });
    if visibility.is_some() || archived.is_some() || default_branch.is_some() {
        details.repository = Fact::Known(RepositoryFacts { visibility, archived, default_branch });
    }
    if let Some(state) = words.text(Word::WorkflowState) {
        details.workflow_state = Fact::Known(state);
    }
    let own = facts.run.head_sha.clone().unwrap_or_default();
    details.head = match (words.flag(Word::IsHead), words.flag(Word::BranchExists)) {
        (_, Some(false)) => Fact::Known(Head::Gone),
        (Some(true), _) => Fact::Known(Head::Commit(own)),
        (Some(false), _) | (None, Some(true)) => Fact::Known(Head::Commit(ANOTHER.to_owned())),
        (None, None) => Fact::NotAsked,
    };
    if words.tells(Word::Tag) {
        details.tag = Fact::Known(words.text(Word::Tag));
    }
    if let Some(newer) = words.flag(Word::NewerRun) {
        details.newer_run = Fact::Known(newer);
    }
    if let (Some(newer), Some(gate)) = (words.flag(Word::NewerPending), &facts.gate) {
        details.newer_pending = Fact::Known(gate.environment.iter().filter(|_| newer).cloned().collect());
    }
    if let Some(commits) = words.number(Word::Contributions) {
        details.contributions = Fact::Known(commits);
    }
    if let Some(reruns) = words.number(Word::RerunsByUs) {
        details.reruns_by_us = Fact::Known(reruns);
    }
}

/// Gives jobs ids of their own.
pub(super) fn with_ids(mut jobs: Vec<Job>) -> Vec<Job> {
    for (job, id) in jobs.iter_mut().zip(1..) {
        job.id = JobId(id);
    }
    jobs
}
