//! Every key of the configuration: its name, what it is for, its default. The reader checks keys against these
//! tables, and the reference is made from them, so that neither can know a key that the other does not.

use super::reference::Shape;
use crate::{
    model::{ActionKind, Signal},
    rules::JobsWord,
};

/// A key of one section.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    pub(super) default: Option<&'static str>,
    pub(super) shape: fn() -> Shape,
}

const fn key(name: &'static str, shape: fn() -> Shape, doc: &'static str) -> Key {
    Key { name, doc, default: None, shape }
}

const fn or(default: &'static str, key: Key) -> Key {
    Key { default: Some(default), ..key }
}

fn modes() -> Shape {
    Shape::Word(crate::rules::Mode::WORDS.map(|(word, _)| word).to_vec())
}

fn conclusions() -> Shape {
    Shape::Words(crate::model::Conclusion::KNOWN.to_vec())
}

fn groups() -> Shape {
    Shape::Words(crate::rules::KeepPer::WORDS.map(|(word, _)| word).to_vec())
}

fn counting() -> Shape {
    Shape::Word(crate::rules::KeepCounting::WORDS.map(|(word, _)| word).to_vec())
}

fn orders() -> Shape {
    Shape::Word(crate::rules::KeepBy::WORDS.map(|(word, _)| word).to_vec())
}

fn triggers() -> Shape {
    Shape::Words(Signal::of_rules().map(Signal::as_str).collect())
}

fn formats() -> Shape {
    Shape::Word(super::settings::LogFormat::WORDS.map(|(word, _)| word).to_vec())
}

fn levels() -> Shape {
    Shape::Word(super::settings::LogLevel::WORDS.map(|(word, _)| word).to_vec())
}

fn scopes() -> Shape {
    Shape::Word(super::action::SCOPES.map(|(word, _)| word).to_vec())
}

fn guards() -> Shape {
    Shape::Words(crate::model::Guard::WORDS.map(|(word, _)| word).to_vec())
}

fn reviewers() -> Shape {
    Shape::Word(super::action::VIAS.map(|(word, _)| word).to_vec())
}

pub(super) const ROOT: &[Key] = &[
    key("server", || Shape::Map, "Where runwarden listens."),
    key("webhook", || Shape::Map, "What GitHub's webhooks are received with."),
    key("github", || Shape::Map, "Which GitHub is spoken to, and as whom."),
    key("database", || Shape::Map, "Where the history is kept."),
    key("log", || Shape::Map, "How runwarden logs; the environment variable RUST_LOG comes before `level`."),
    or(
        "enforce",
        key(
            "mode",
            modes,
            "Whether rules act: `observe` records what they would do, `off` does not judge; a rule's own mode can only be more cautious.",
        ),
    ),
    key("limits", || Shape::Map, "Ceilings over all rules, which no rule can loosen."),
    key("breaker", || Shape::Map, "Holds re-runs while so much fails that they are no use; left out, never."),
    key("channels", || Shape::List, "Where rules may tell people or programs of a run."),
    key(
        "signatures",
        || Shape::List,
        "Named recognisers of failures, which `signature` and `cause` ask for; the words of one job describe them.",
    ),
    key(
        "rules",
        || Shape::List,
        "The rules, judged in this order: of several that want the same of one run, the first acts.",
    ),
    key(
        "tests",
        || Shape::List,
        "Examples of what the rules do, for `runwarden test`; the daemon does not run them.",
    ),
];

pub(super) const TEST: &[Key] = &[
    key("name", || Shape::Text, "What the test shows; unique."),
    key(
        "given",
        || Shape::Map,
        "What is known of the run: the words of `when`, each with the value that is the case. What is not given is not known.",
    ),
    key(
        "expect",
        || Shape::List,
        "`nothing`, or the actions, all of them, in any order; an action's keys that are left out may be anything.",
    ),
    key("because", || Shape::Text, "Part of the reason that some rule gives."),
    key("unknown", || Shape::Texts, "The rules that cannot tell; there must be no others."),
];

fn told_signals() -> Shape {
    let mut words: Vec<_> = Signal::of_rules().map(Signal::as_str).collect();
    words.push(Signal::Schedule.as_str());
    Shape::Word(words)
}

const GIVEN_JOBS: Key = key("jobs", || Shape::List, "All jobs of the attempt.");
const NAME_OF_RUN: Key = key("name", || Shape::Text, "What `expect` calls the run.");
const TIMES: Key = key("times", || Shape::Count, "How many there are that are alike.");

/// What a test may give beside the words of `when`.
pub(super) const GIVEN: &[Key] = &[
    or(
        "workflow_run.completed",
        key(
            "on",
            told_signals,
            "What made runwarden look; with `runs` it is `schedule`, with `environment` `deployment.waiting`.",
        ),
    ),
    or(
        "2026-01-07 12:00 UTC",
        key(
            "now",
            || Shape::Text,
            "When it is judged: a time with its zone, like `2026-01-07 09:00 Europe/Berlin`.",
        ),
    ),
    key(
        "payload",
        || Shape::Text,
        "A file with a webhook's payload, for all that is not given beside it; relative to the configuration's folder.",
    ),
    key("runs", || Shape::List, "The runs that a schedule finds; what they have in common stands beside."),
    GIVEN_JOBS,
    key("job", || Shape::Map, "The job that a `workflow_job` webhook is about."),
    key("protection_rule", || Shape::Flag, "Whether the App is asked as a custom protection rule."),
    PULL_OF_RUN,
    key("review", || Shape::Map, "The review, on `pull_request_review.submitted`."),
    key("comment", || Shape::Map, "The comment, on `issue_comment.created`."),
    BASE,
    RUNNING_OTHERS,
    ACTED_BEFORE,
    key("teams", || Shape::Map, "Who is in a team: a map from `@org/team` to all logins that are in it."),
];

const PULL_OF_RUN: Key =
    key("pull_request", || Shape::Map, "The run's pull request; `null` if there is none.");

const BASE: Key = key("base", || Shape::Text, "The branch that the run's pull request is to be merged into.");
const RUNNING_OTHERS: Key = key(
    "running",
    || Shape::Count,
    "How many other runs are under way, of the same workflow, branch and base.",
);
const ACTED_BEFORE: Key = key("acted", || Shape::List, "What has been done to the run before; may be empty.");

/// What a test may give of earlier acts.
pub(super) const GIVEN_ACT: &[Key] = &[
    key("rule", || Shape::Text, "The rule that acted, or `command`."),
    or("0s", key("ago", || Shape::Duration, "How long ago.")),
    or("1", TIMES),
];

/// What a test may give of one of the runs that a schedule finds, beside the words of `when`.
pub(super) const GIVEN_RUN: &[Key] =
    &[NAME_OF_RUN, or("1", TIMES), GIVEN_JOBS, PULL_OF_RUN, BASE, RUNNING_OTHERS, ACTED_BEFORE];

/// What a test may give of a job.
pub(super) const GIVEN_JOB: &[Key] = &[
    key("name", || Shape::Text, "The job's name, matrix values included."),
    key("conclusion", || Shape::Word(crate::model::Conclusion::KNOWN.to_vec()), "How the job ended."),
    key("status", || Shape::Word(crate::model::Status::KNOWN.to_vec()), "Where the job stands."),
    key("failed_step", || Shape::Texts, "The name of a step that failed or timed out."),
    key("steps", || Shape::List, "How many steps the job has, or which."),
    key("duration", || Shape::Duration, "How long the job took; only when it has ended."),
    key("runner_label", || Shape::Texts, "A label of runners that the job asks for."),
    key(
        "job_attempt",
        || Shape::Count,
        "The attempt that the job ran in; a re-run leaves jobs that passed where they were.",
    ),
    key("annotation", || Shape::Texts, "A line that is noted on the job as a failure."),
    key("log", || Shape::Texts, "The lines of the job's log, or `missing`."),
    or("1", TIMES),
];

/// What a test may give of a step.
pub(super) const GIVEN_STEP: &[Key] = &[
    key("name", || Shape::Text, "The step's name."),
    key("conclusion", || Shape::Word(crate::model::Conclusion::KNOWN.to_vec()), "How the step ended."),
    key("duration", || Shape::Duration, "How long the step took."),
];

/// What a test may expect of an action, beside the action's own keys.
pub(super) const EXPECTED: &[Key] = &[
    key("rule", || Shape::Text, "The rule that acts."),
    key("action", || Shape::Word(ActionKind::ALL.map(ActionKind::as_str).to_vec()), "What it does."),
    key("run", || Shape::Text, "To which of the given `runs`, by its name."),
    or("1", key("times", || Shape::Count, "How often.")),
    key("job", || Shape::Text, "The name of the one job that is re-run."),
];

pub(super) const SERVER: &[Key] = &[or(
    "127.0.0.1:8080",
    key("listen", || Shape::Text, "The address and port to listen on; TLS is the reverse proxy's."),
)];

pub(super) const WEBHOOK: &[Key] = &[
    or("/webhooks/github", key("path", || Shape::Text, "The path that GitHub posts webhooks to.")),
    key(
        "secrets",
        || Shape::List,
        "The secrets that a webhook may be signed with; two of them while one is being replaced.",
    ),
];

pub(super) const SECRET: &[Key] = &[
    key("env", || Shape::Text, "The environment variable that holds the secret."),
    key(
        "file",
        || Shape::Text,
        "The file that holds the secret; a relative path starts from the configuration's folder.",
    ),
];

pub(super) const GITHUB: &[Key] = &[
    or(
        "https://api.github.com",
        key(
            "api_url",
            || Shape::Text,
            "The REST API: GitHub's own, or `https://HOST/api/v3` for Enterprise Server.",
        ),
    ),
    key("app", || Shape::Map, "Speak to GitHub as a GitHub App; this or `token`."),
    key("token", || Shape::Secret, "Speak to GitHub with a person's or machine user's token; this or `app`."),
    key(
        "ca_file",
        || Shape::Text,
        "PEM certificates to trust beside the system's, for an Enterprise Server with its own authority; relative to the configuration's folder.",
    ),
    or(
        "1s",
        key(
            "write_interval",
            || Shape::Duration,
            "The least time between two requests of schedules that change something, which GitHub advises to be a second; what an event caused does not wait for it. May be `0s`.",
        ),
    ),
    or("30s", key("timeout", || Shape::Duration, "How long one request may take.")),
    key(
        "reviewer",
        || Shape::Map,
        "Who approves and rejects deployments where an App cannot: a required reviewer must be a person or machine user.",
    ),
];

pub(super) const APP: &[Key] = &[
    key("id", || Shape::Count, "The App's id, from its settings page."),
    key(
        "private_key",
        || Shape::Secret,
        "The App's private key, the PEM file that GitHub lets you download once.",
    ),
];

pub(super) const REVIEWER: &[Key] =
    &[key("token", || Shape::Secret, "The token of a user who is a required reviewer of the environments.")];

pub(super) const DATABASE: &[Key] = &[or(
    "runwarden.db",
    key("path", || Shape::Text, "The SQLite file; a relative path starts from the configuration's folder."),
)];

pub(super) const LOG: &[Key] = &[
    or("human", key("format", formats, "Lines for people or for machines.")),
    or("info", key("level", levels, "The least severe line that is written.")),
];

pub(super) const RULE: &[Key] = &[
    key(
        "name",
        || Shape::Text,
        "The rule's name, unique and kebab-case; it stands in history, comments and metrics.",
    ),
    key("on", triggers, "What makes the rule look at a run: a word, a schedule, or a list of them."),
    key("when", || Shape::Map, "When the rule applies; all of it must hold."),
    key("then", || Shape::List, "What is done to the run, in order."),
    key("keep", || Shape::Map, "Which of the runs that a schedule finds are spared."),
    key("limits", || Shape::Map, "How often the rule may act."),
    or(
        "enforce",
        key("mode", modes, "Whether this rule acts; the file's mode holds where it is more cautious."),
    ),
];

pub(super) const SCHEDULE: &[Key] = &[
    key("schedule", || Shape::Text, "Five cron fields: minute, hour, day of month, month, day of week."),
    or("UTC", key("zone", || Shape::Text, "The IANA time zone in which the fields are read.")),
];

/// The words of `when` that hold conditions.
pub(super) const NESTING: &[Key] = &[
    key("any", || Shape::List, "At least one of these maps holds."),
    key("all", || Shape::List, "All of these maps hold."),
    key("not", || Shape::Map, "This map does not hold."),
];

const COUNT: Key = key("count", || Shape::CountRange, "How many they are.");
const EVERY: Key =
    key("every", || Shape::Map, "What each of them is; there must be one. A map of conditions on a job.");
const SOME: Key = key("some", || Shape::Map, "What at least one of them is.");
const NONE: Key = key("none", || Shape::Map, "What none of them is.");
const EXCEPT: Key = key(
    "except",
    || Shape::Map,
    "Jobs that are left out before all else, such as one that only sums up others.",
);

const JOBS: &[Key] = &[COUNT, EVERY, SOME, NONE, EXCEPT];

const FAILED_JOBS: &[Key] = &[
    COUNT,
    key("share", || Shape::ShareRange, "Their share of the jobs that were not skipped."),
    EVERY,
    SOME,
    NONE,
    EXCEPT,
    or("[failure, timed_out]", key("conclusion", conclusions, "Which conclusions count as failed.")),
];

pub(super) const STEP: &[Key] = &[
    key("name", || Shape::Patterns, "The step's name."),
    key("conclusion", || Shape::Patterns, "How the step ended."),
    key("duration", || Shape::DurationRange, "How long the step took."),
    or("false", key("absent", || Shape::Flag, "Whether no step may fit.")),
];

fn causes() -> Shape {
    Shape::Word(crate::rules::Cause::WORDS.map(|(word, _)| word).to_vec())
}

/// What a signature has beside the words of one job.
pub(super) const SIGNATURE: &[Key] = &[
    key("name", || Shape::Text, "The signature's name, unique and kebab-case; `signature` asks for it."),
    or("unknown", key("cause", causes, "What it says of a job that it recognises.")),
    key("ticket", || Shape::Text, "Where its failures are tracked; it stands with the evidence."),
    key("any", || Shape::List, "At least one of these maps of conditions on a job holds."),
    key("all", || Shape::List, "All of these maps of conditions on a job hold."),
    key(
        "none",
        || Shape::Map,
        "What keeps it from recognising a job, each key by itself; left out, a compiler's error or a failing test.",
    ),
    key("match", || Shape::Texts, "Lines that it must match, or the file does not load."),
    key("not", || Shape::Texts, "Lines that it must not match."),
];

pub(super) const JOB_LOG: &[Key] =
    &[key("missing", || Shape::Flag, "Whether GitHub has no log of the job, or must have one.")];

pub(super) const TIME: &[Key] = &[
    key("days", || Shape::Texts, "Days like `Mon`, or spans like `Mon-Fri`; left out, all."),
    key("hours", || Shape::Text, "From a minute on up to another, like `08:00-18:00`; may pass midnight."),
    or("UTC", key("zone", || Shape::Text, "The IANA time zone in which days and hours are read.")),
    key("except", || Shape::Texts, "Dates that do not count, like `2026-12-24`."),
];

fn same_as() -> Shape {
    Shape::Words(crate::rules::SameAs::WORDS.map(|(word, _)| word).to_vec())
}

pub(super) const RUNNING: &[Key] = &[
    key("same", same_as, "What the other runs have in common with this one; left out, only the repository."),
    key(
        "base",
        || Shape::Patterns,
        "Only runs count whose pull request is to be merged into such a branch; left out, all.",
    ),
    key("below", || Shape::Count, "Fewer than this."),
    key("at_most", || Shape::Count, "This many or fewer."),
    key("above", || Shape::Count, "More than this."),
    key("at_least", || Shape::Count, "This many or more."),
];

pub(super) const ACTED: &[Key] = &[
    key("rule", || Shape::Text, "Whose acts count: a rule of this file, or `command`."),
    key("within", || Shape::Duration, "Only acts of this last stretch of time count; left out, all."),
    key("times", || Shape::CountRange, "How often; left out, at least once."),
];

/// What may be asked of a pull request.
pub(super) const PULL: &[Key] = &[
    key("exists", || Shape::Flag, "Whether there is one."),
    key("state", || Shape::Patterns, "Whether it is `open` or `closed`."),
    key("draft", || Shape::Flag, "Whether it is a draft."),
    key("merged", || Shape::Flag, "Whether it was merged."),
    key(
        "author",
        || Shape::Patterns,
        "The login that opened it, whatever its case, or its team `@org/team`.",
    ),
    key("base", || Shape::Patterns, "The branch that it is to be merged into."),
    key("label", || Shape::Patterns, "One of its labels."),
    key("title", || Shape::Patterns, "Its title."),
    key(
        "changed_files",
        || Shape::Map,
        "The files that it changes; known while its head is the run's commit.",
    ),
    key("head_is_current", || Shape::Flag, "Whether its head is the run's commit."),
    key(
        "changed_since",
        || Shape::Flag,
        "Whether it has changed since the run did: a push, an edit, a label, a comment.",
    ),
];

/// What may be asked of the files that a pull request changes.
pub(super) const CHANGED_FILES: &[Key] = &[
    COUNT,
    key("every", || Shape::Patterns, "What the path of each of them is; of a file that was renamed both."),
    key("some", || Shape::Patterns, "What the path of at least one of them is."),
    key("none", || Shape::Patterns, "What the path of none of them is."),
];

/// What may be asked of a review.
pub(super) const REVIEW: &[Key] = &[
    key("state", || Shape::Patterns, "What it came to: `approved`, `changes_requested` or `commented`."),
    AUTHOR_OF_WORDS,
    ASSOCIATION,
    key("body", || Shape::LinePatterns, "A line of its text."),
];

/// What may be asked of a comment.
pub(super) const COMMENT_SAID: &[Key] =
    &[AUTHOR_OF_WORDS, ASSOCIATION, key("body", || Shape::LinePatterns, "A line of it.")];

const AUTHOR_OF_WORDS: Key = key("author", || Shape::Patterns, "The login that wrote it, whatever its case.");
const ASSOCIATION: Key = key(
    "association",
    || Shape::Patterns,
    "What whoever wrote it is to the repository, as GitHub counts it: `OWNER`, `MEMBER`, `COLLABORATOR`, `CONTRIBUTOR`, `NONE`…",
);

/// What a test may give of a review or a comment.
pub(super) const GIVEN_SAID: &[Key] = &[
    key("state", || Shape::Word(super::said::STATES.to_vec()), "What a review came to."),
    key("author", || Shape::Text, "The login that wrote it."),
    key(
        "association",
        || Shape::Word(super::said::ASSOCIATIONS.to_vec()),
        "What whoever wrote it is to the repository.",
    ),
    key("body", || Shape::Text, "Its text."),
];

/// What a test may give of a pull request.
pub(super) const GIVEN_PULL: &[Key] = &[
    or(
        "open",
        key("state", || Shape::Word(super::pull::STATES.to_vec()), "Whether it is `open` or `closed`."),
    ),
    key("draft", || Shape::Flag, "Whether it is a draft."),
    key("merged", || Shape::Flag, "Whether it was merged."),
    key("author", || Shape::Text, "The login that opened it, whatever its case."),
    key("base", || Shape::Text, "The branch that it is to be merged into."),
    key("label", || Shape::Texts, "Its labels."),
    key("title", || Shape::Text, "Its title."),
    key(
        "changed_files",
        || Shape::Texts,
        "The paths of the files that it changes, or more of each; its head is then the run's commit.",
    ),
    key("head_is_current", || Shape::Flag, "Whether its head is the run's commit."),
    key(
        "changed_since",
        || Shape::Flag,
        "Whether it has changed since the run did: a push, an edit, a label, a comment.",
    ),
];

/// What a test may give of a file that a pull request changes.
pub(super) const GIVEN_FILE: &[Key] = &[
    key("filename", || Shape::Text, "The file's path."),
    key("previous_filename", || Shape::Text, "The path that the file had before it was renamed."),
    or("1", TIMES),
];

/// The keys of a map of all jobs or of the failed ones.
pub(super) fn keys_of_jobs(word: JobsWord) -> &'static [Key] {
    match word {
        JobsWord::Jobs => JOBS,
        JobsWord::FailedJobs => FAILED_JOBS,
    }
}

/// What may bound a word beside numbers.
pub(super) fn labelled(word: crate::rules::Word) -> &'static [Key] {
    match word {
        crate::rules::Word::RunAttempt | crate::rules::Word::RerunsByUs => LABELLED,
        _ => &[],
    }
}

const LABELLED: &[Key] = &[key(
    "at_most_label",
    || Shape::Text,
    "At most the number that stands for the `*` in a label of the run's pull request; needs an upper bound beside it.",
)];

pub(super) const BOUNDS: &[Key] = &[
    key("is", || Shape::Text, "Exactly this."),
    key("below", || Shape::Text, "Less than this."),
    key("at_most", || Shape::Text, "This or less."),
    key("above", || Shape::Text, "More than this."),
    key("at_least", || Shape::Text, "This or more."),
];

pub(super) const KEEP: &[Key] = &[
    key("newest", || Shape::Count, "How many of the newest runs of each group are spared."),
    key("per", groups, "What makes a group; left out, the whole repository is one."),
    or(
        "matched",
        key("counting", counting, "Which runs count: those that fulfil `when`, or all of the repository."),
    ),
    or(
        "created",
        key("by", orders, "By which time runs are ordered: when they were created or last changed."),
    ),
];

pub(super) const LIMITS: &[Key] = &[
    key(
        "per_run",
        || Shape::Count,
        "How often each of the rule's actions may be planned for one run, over all attempts.",
    ),
    key(
        "per_pass",
        || Shape::Count,
        "On how many runs one tick of the schedule may plan its actions in one repository.",
    ),
    key(
        "per_repository",
        || Shape::Rate,
        "How many of the rule's actions there may be in one repository in some time, like `30/day`; what is more is held.",
    ),
    key(
        "running",
        || Shape::Count,
        "How many runs of one repository that the rule has re-run or approved may be under way; what is more is held.",
    ),
];

fn breakers() -> Shape {
    Shape::Words(crate::model::BreakerScope::WORDS.map(|(word, _)| word).to_vec())
}

pub(super) const BREAKER: &[Key] = &[
    key("failing", || Shape::Share, "Opens when this share of the last runs failed, like `\"50%\"`."),
    or("20", key("of_last", || Shape::Count, "How many of the last runs `failing` is a share of.")),
    or("6h", key("within", || Shape::Duration, "Only what ended in this last stretch of time counts.")),
    key("rerun_failures", || Shape::Count, "Opens when so many re-runs in a row failed."),
    or(
        "30m",
        key(
            "hold",
            || Shape::Duration,
            "For how long re-runs are held before one is let through to see; doubled each time that one fails.",
        ),
    ),
    or(
        "workflow",
        key("per", breakers, "What has a breaker of its own: each workflow, each label of runners."),
    ),
    key(
        "notify",
        || Shape::Text,
        "One of the `channels`, told when a breaker opens, lets a re-run through, or closes.",
    ),
];

pub(super) const CEILINGS: &[Key] = &[
    key(
        "reruns_per_run",
        || Shape::Count,
        "How many re-runs of one run there may be, by all rules together.",
    ),
    key(
        "actions_per_repository",
        || Shape::Rate,
        "How many actions there may be in one repository in some time, like `50/day`; what is more is held.",
    ),
    key(
        "actions_total",
        || Shape::Rate,
        "How many actions there may be in all in some time, like `200/day`; what is more is held.",
    ),
    key("failed_jobs", || Shape::Count, "A run with more failed jobs than this is not re-run by any rule."),
    key(
        "runner_minutes",
        || Shape::Rate,
        "How many runner minutes re-runs may take in some time, like `600/day`, estimated from the jobs' durations; what is more is held.",
    ),
];

const RERUN: &[Key] = &[
    or(
        "failed_jobs",
        key(
            "scope",
            scopes,
            "The failed jobs and those that depend on them; the one that `failed_jobs` singles out; or the whole run.",
        ),
    ),
    or("0s", key("delay", || Shape::Duration, "How long to wait first.")),
    or(
        "1",
        key(
            "backoff",
            || Shape::Factor,
            "The delay is multiplied by this with every attempt after the first.",
        ),
    ),
    or(
        "0s",
        key("jitter", || Shape::Duration, "Up to this much is added to the delay, different for every run."),
    ),
    or("false", key("debug_logging", || Shape::Flag, "Ask GitHub for debug logs.")),
    or(
        "false",
        key(
            "redeploy",
            || Shape::Flag,
            "Re-run although a person approved a deployment of the run: it deploys again without a new approval.",
        ),
    ),
    key("skip_guards", guards, "Guards that do not hold for this re-run."),
];

const CANCEL: &[Key] = &[key(
    "force_after",
    || Shape::Duration,
    "If the run has not ended by then, cancel it by force, whatever its jobs say of `always()`.",
)];

const APPROVE: &[Key] = &[
    key(
        "environments",
        || Shape::Texts,
        "The environments by name; left out, the one that the run waits at.",
    ),
    or(
        "approved by runwarden rule {{ rule }}",
        key(
            "comment",
            || Shape::Text,
            "The comment that GitHub shows with the review; may use `{{ variables }}`.",
        ),
    ),
    key(
        "via",
        reviewers,
        "As whom: the `reviewer`, or the App as `protection_rule`; left out, as whom GitHub asks.",
    ),
];

const REJECT: &[Key] = &[
    key(
        "environments",
        || Shape::Texts,
        "The environments by name; left out, the one that the run waits at.",
    ),
    or(
        "rejected by runwarden rule {{ rule }}",
        key(
            "comment",
            || Shape::Text,
            "The comment that GitHub shows with the review; may use `{{ variables }}`.",
        ),
    ),
    key(
        "via",
        reviewers,
        "As whom: the `reviewer`, or the App as `protection_rule`; left out, as whom GitHub asks.",
    ),
];

const ARCHIVE: &[Key] = &[key(
    "to",
    || Shape::Text,
    "The folder, which must exist; below it the logs go to `OWNER/NAME/DAY/RUN-ATTEMPT.zip`.",
)];

pub(super) const CHANNEL: &[Key] = &[
    key("name", || Shape::Text, "What rules call it; unique."),
    key(
        "url",
        || Shape::Secret,
        "Where messages are posted to; whoever knows it may post, so that it is a secret.",
    ),
    or(
        "slack",
        key(
            "format",
            channel_formats,
            "`slack` for a message of Slack's form, `json` for an object with the facts.",
        ),
    ),
    key("secret", || Shape::Secret, "What messages are signed with; left out, they are not signed."),
];

fn channel_formats() -> Shape {
    Shape::Word(crate::model::ChannelFormat::WORDS.map(|(word, _)| word).to_vec())
}

const NOTIFY: &[Key] = &[
    key("to", || Shape::Text, "The name of one of the `channels`."),
    or(
        super::channels::DEFAULT_TEXT,
        key("text", || Shape::Text, "What people read; may use `{{ variables }}`."),
    ),
];

fn check_conclusions() -> Shape {
    Shape::Word(super::telling::CONCLUSIONS.map(|(word, _)| word).to_vec())
}

const CHECK: &[Key] = &[
    key("name", || Shape::Text, "Its name, beside those of GitHub's jobs."),
    key("conclusion", check_conclusions, "How it ends."),
    or(
        super::telling::DEFAULT_SUMMARY,
        key("summary", || Shape::Text, "What it says, in Markdown; may use `{{ variables }}`."),
    ),
];

const COMMENT: &[Key] =
    &[key("body", || Shape::Text, "What it says, in Markdown; may use `{{ variables }}`.")];

const LABEL: &[Key] = &[
    key("add", || Shape::Texts, "Labels that the pull request is to have."),
    key("remove", || Shape::Texts, "Labels that it is not to have."),
];

/// The keys of an action.
pub(super) fn keys_of(kind: ActionKind) -> &'static [Key] {
    match kind {
        ActionKind::Rerun => RERUN,
        ActionKind::ApproveDeployment => APPROVE,
        ActionKind::RejectDeployment => REJECT,
        ActionKind::Cancel => CANCEL,
        ActionKind::ArchiveLogs => ARCHIVE,
        ActionKind::Notify => NOTIFY,
        ActionKind::Check => CHECK,
        ActionKind::Comment => COMMENT,
        ActionKind::Label => LABEL,
        ActionKind::ForceCancel | ActionKind::ApproveRun | ActionKind::DeleteRun | ActionKind::DeleteLogs => {
            &[]
        }
    }
}
