//! The list of all keys, for whoever documents or completes them.

use super::vocabulary::{
    ACTED, APP, BOUNDS, BREAKER, CEILINGS, CHANGED_FILES, CHANNEL, COMMENT_SAID, DATABASE, EXPECTED, GITHUB,
    GIVEN, GIVEN_ACT, GIVEN_FILE, GIVEN_JOB, GIVEN_PULL, GIVEN_RUN, GIVEN_SAID, GIVEN_STEP, JOB_LOG, KEEP,
    Key, LIMITS, LOG, NESTING, PULL, REVIEW, REVIEWER, ROOT, RULE, RUNNING, SCHEDULE, SECRET, SERVER,
    SIGNATURE, STEP, TEST, TIME, WEBHOOK, keys_of, keys_of_jobs, labelled,
};
use crate::{
    model::ActionKind,
    rules::{JobWord, JobsWord, Kind, Word},
};

/// A key, as the reference lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands: `github.write_interval`, `rules[].when.branch`. `bounds.below` stands wherever bounds may,
    /// `job.name` wherever conditions on one job may.
    pub path: String,
    /// What it is for, in one sentence.
    pub doc: &'static str,
    /// What holds when it is left out, where that is a value.
    pub default: Option<&'static str>,
    /// What its value looks like.
    pub shape: Shape,
}

/// What a key's value looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A map with keys of its own, which are entries too.
    Map,
    /// A list of maps, whose keys are entries too.
    List,
    /// Text.
    Text,
    /// One text or a list of texts.
    Texts,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Count,
    /// A number from 1 on.
    Factor,
    /// `90s`, `15m`, `6h`, `30d`.
    Duration,
    /// `30/day`, `5/hour`, `10/6h`.
    Rate,
    /// `{ env: NAME }` or `{ file: PATH }`.
    Secret,
    /// A whole number, or a map of bounds.
    CountRange,
    /// A map of bounds with durations.
    DurationRange,
    /// A share from 0 to 1 or in percent.
    Share,
    /// A share from 0 to 1 or in percent, or a map of bounds.
    ShareRange,
    /// Text or a list of texts: globs and `/regular expressions/`.
    Patterns,
    /// The same for lines of text: a glob may match anywhere in a line.
    LinePatterns,
    /// The same, or a map with keys of its own, which are entries too.
    LinePatternsOrMap,
    /// One of these words.
    Word(Vec<&'static str>),
    /// One of these words, or a list of them.
    Words(Vec<&'static str>),
}

fn doc_of_action(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Rerun => "Run again, all or in part; needs an upper bound.",
        ActionKind::Cancel => "Cancel the run.",
        ActionKind::ForceCancel => "Cancel the run by force.",
        ActionKind::ApproveRun => {
            "Let a run begin that waits for approval because its pull request comes from a fork."
        }
        ActionKind::ApproveDeployment => "Approve the deployment that the run waits for.",
        ActionKind::RejectDeployment => "Reject the deployment that the run waits for; the run then fails.",
        ActionKind::ArchiveLogs => "Keep the run's logs in a folder, before anything of it is deleted.",
        ActionKind::Check => "Show a check at the run's commit; kept up to date for each run.",
        ActionKind::Comment => "Comment on the run's pull request; kept up to date for each rule.",
        ActionKind::Label => "Add labels to the run's pull request, or take them off.",
        ActionKind::Notify => "Tell a channel, such as one of Slack's.",
        ActionKind::DeleteRun => "Delete the run with its logs and artifacts; there is no way back.",
        ActionKind::DeleteLogs => "Delete the run's logs and keep the run.",
    }
}

fn doc_of_word(word: Word) -> &'static str {
    match word {
        Word::Repository => "The repository, `OWNER/NAME`, whatever its case.",
        Word::Visibility => "Who sees the repository: `public`, `private` or `internal`.",
        Word::Archived => "Whether the repository is archived.",
        Word::Workflow => "The workflow: its name, or its file's name or path.",
        Word::WorkflowState => {
            "Where the workflow stands: `active`, `deleted`, `disabled_manually` and so on."
        }
        Word::Branch => "The head branch, or the tag's name.",
        Word::BranchExists => "Whether the head branch still exists, in the head's repository.",
        Word::Tag => "The tag that the run was started for.",
        Word::DefaultBranch => "Whether the head branch is the repository's own default branch.",
        Word::Fork => "Whether the head lies in another repository.",
        Word::HeadSha => "The head commit, all forty digits.",
        Word::IsHead => "Whether the run's commit is the head of its branch, in the head's repository.",
        Word::NewerRun => "Whether a newer run of the same workflow and branch exists.",
        Word::CommitMessage => "A line of the head commit's message.",
        Word::Title => "The run's title, as GitHub shows it in the list of runs.",
        Word::Event => "What triggered the run: `push`, `pull_request`, `schedule` and so on.",
        Word::Status => "Where the run stands.",
        Word::Conclusion => "How the run ended.",
        Word::RunAttempt => "The attempt, from 1; a re-run by anyone raises it.",
        Word::Contributions => {
            "How many commits the login that started the first attempt has in the repository, by GitHub's statistics."
        }
        Word::RerunsByUs => "How many re-runs of the run runwarden has asked for, by rule or by hand.",
        Word::Actor => {
            "The login that started the first attempt, whatever its case, or its team `@org/team`."
        }
        Word::TriggeringActor => {
            "The login that started this attempt, whatever its case, or its team `@org/team`."
        }
        Word::Sender => "The login that caused the webhook, whatever its case, or its team `@org/team`.",
        Word::Environment => "The environment that the run waits at.",
        Word::PendingFor => "For how long the run has waited for the deployment.",
        Word::NewerPending => {
            "Whether a newer run of the same workflow and branch waits at the same environment."
        }
        Word::Age => "How long ago the run was created.",
        Word::QuietFor => "How long ago the run last changed.",
        Word::QueuedFor => "For how long the attempt has waited to begin; only before it begins.",
        Word::RunningFor => "How long ago the attempt's first job began; only while it runs.",
        Word::Duration => "How long the attempt took; only when it has ended.",
    }
}

fn doc_of_job_word(word: JobWord) -> &'static str {
    match word {
        JobWord::Name => "The job's name, matrix values included.",
        JobWord::Conclusion => "How the job ended.",
        JobWord::Status => "Where the job stands.",
        JobWord::FailedStep => "The name of a step that failed or timed out.",
        JobWord::Steps => "How many steps the job has.",
        JobWord::Duration => "How long the job took; only when it has ended.",
        JobWord::RunnerLabel => "A label of runners that the job asks for.",
        JobWord::Annotation => "A line that is noted on the job as a failure.",
        JobWord::JobAttempt => {
            "The attempt that the job ran in; a re-run leaves jobs that passed where they were."
        }
    }
}

fn shape_of(kind: Kind) -> Shape {
    match kind {
        Kind::Text { .. } => Shape::Patterns,
        Kind::Lines => Shape::LinePatterns,
        Kind::Number => Shape::CountRange,
        Kind::Duration => Shape::DurationRange,
        Kind::Flag => Shape::Flag,
    }
}

/// Every key that a configuration may have, in the order of the reference.
#[must_use]
pub fn vocabulary() -> Vec<Entry> {
    let mut entries = Vec::new();
    add(&mut entries, "", ROOT);
    add(&mut entries, "server", SERVER);
    add(&mut entries, "webhook", WEBHOOK);
    add(&mut entries, "webhook.secrets[]", SECRET);
    add(&mut entries, "github", GITHUB);
    add(&mut entries, "github.app", APP);
    add(&mut entries, "github.reviewer", REVIEWER);
    add(&mut entries, "database", DATABASE);
    add(&mut entries, "log", LOG);
    add(&mut entries, "limits", CEILINGS);
    add(&mut entries, "breaker", BREAKER);
    add(&mut entries, "signatures[]", SIGNATURE);
    add(&mut entries, "channels[]", CHANNEL);
    add(&mut entries, "rules[]", RULE);
    add(&mut entries, "rules[].on", SCHEDULE);
    add(&mut entries, "rules[].when", NESTING);
    for word in Word::ALL {
        let (path, doc) = (format!("rules[].when.{word}"), doc_of_word(word));
        entries.push(Entry { path: path.clone(), doc, default: None, shape: shape_of(word.kind()) });
        add(&mut entries, &path, labelled(word));
    }
    for word in JobsWord::ALL {
        let path = format!("rules[].when.{}", word.as_str());
        let doc = match word {
            JobsWord::Jobs => "All jobs of the attempt.",
            JobsWord::FailedJobs => "The jobs of the attempt that failed.",
        };
        entries.push(Entry { path: path.clone(), doc, default: None, shape: Shape::Map });
        add(&mut entries, &path, keys_of_jobs(word));
    }
    let doc = "The job that a `workflow_job` webhook is about: conditions on one job.";
    entries.push(Entry { path: "rules[].when.job".to_owned(), doc, default: None, shape: Shape::Map });
    let doc = "How many other runs are under way, by GitHub's list of runs.";
    entries.push(Entry { path: "rules[].when.running".to_owned(), doc, default: None, shape: Shape::Map });
    add(&mut entries, "rules[].when.running", RUNNING);
    let doc = "The pull request that the run belongs to.";
    add_map(&mut entries, "rules[].when.pull_request", doc, PULL);
    add(&mut entries, "rules[].when.pull_request.changed_files", CHANGED_FILES);
    for (path, doc, keys) in [
        ("rules[].when.review", "The review that was submitted.", REVIEW),
        ("rules[].when.comment", "The comment that was made.", COMMENT_SAID),
    ] {
        add_map(&mut entries, path, doc, keys);
    }
    let doc = "How often a rule has acted on the run.";
    entries.push(Entry { path: "rules[].when.acted".to_owned(), doc, default: None, shape: Shape::Map });
    add(&mut entries, "rules[].when.acted", ACTED);
    let doc = "When it is judged: days and hours.";
    entries.push(Entry { path: "rules[].when.time".to_owned(), doc, default: None, shape: Shape::Map });
    add(&mut entries, "rules[].when.time", TIME);
    add(&mut entries, "bounds", BOUNDS);
    add_job_words(&mut entries);
    add(&mut entries, "rules[].keep", KEEP);
    add(&mut entries, "rules[].limits", LIMITS);
    entries.extend(ActionKind::ALL.into_iter().flat_map(entries_of_action));
    add_tests(&mut entries);
    entries
}

/// The words of one job.
fn add_job_words(entries: &mut Vec<Entry>) {
    for word in JobWord::ALL {
        let (path, doc) = (format!("job.{}", word.as_str()), doc_of_job_word(word));
        entries.push(Entry { path, doc, default: None, shape: shape_of(word.kind()) });
    }
    let doc = "A step that fits all of this.";
    entries.push(Entry { path: "job.step".to_owned(), doc, default: None, shape: Shape::Map });
    add(entries, "job.step", STEP);
    let doc = "A line of the job's log; or with `missing`, whether there is a log.";
    let shape = Shape::LinePatternsOrMap;
    entries.push(Entry { path: "job.log".to_owned(), doc, default: None, shape });
    add(entries, "job.log", JOB_LOG);
    for (path, doc) in [
        ("job.signature", "A signature that recognises the job, by its name or the first part of it."),
        ("job.cause", "Why the job failed, by the first signature that recognises it."),
    ] {
        entries.push(Entry { path: path.to_owned(), doc, default: None, shape: Shape::Patterns });
    }
}

/// What tests may give and expect.
fn add_tests(entries: &mut Vec<Entry>) {
    add(entries, "tests[]", TEST);
    add(entries, "given", GIVEN);
    add(entries, "given.runs[]", GIVEN_RUN);
    add(entries, "given.jobs[]", GIVEN_JOB);
    add(entries, "given.jobs[].steps[]", GIVEN_STEP);
    add(entries, "given.acted[]", GIVEN_ACT);
    add(entries, "given.pull_request", GIVEN_PULL);
    add(entries, "given.pull_request.changed_files[]", GIVEN_FILE);
    add(entries, "given.review", GIVEN_SAID);
    add(entries, "given.comment", GIVEN_SAID);
    add(entries, "expect[]", EXPECTED);
}

/// A map with its keys.
fn add_map(entries: &mut Vec<Entry>, path: &str, doc: &'static str, keys: &[Key]) {
    entries.push(Entry { path: path.to_owned(), doc, default: None, shape: Shape::Map });
    add(entries, path, keys);
}

fn add(entries: &mut Vec<Entry>, path: &str, keys: &[Key]) {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
    entries.extend(keys.iter().map(|key| Entry {
        path: format!("{prefix}{}", key.name),
        doc: key.doc,
        default: key.default,
        shape: (key.shape)(),
    }));
}

fn entries_of_action(kind: ActionKind) -> Vec<Entry> {
    let path = format!("rules[].then[].{kind}");
    let mut entries =
        vec![Entry { path: path.clone(), doc: doc_of_action(kind), default: None, shape: Shape::Map }];
    entries.extend(keys_of(kind).iter().map(|key| Entry {
        path: format!("{path}.{}", key.name),
        doc: key.doc,
        default: key.default,
        shape: (key.shape)(),
    }));
    entries
}
