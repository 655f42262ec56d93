//! Random rules: every word of the language may occur, nested as deep as it may.

use std::path::Path;

use runwarden::{
    config::compile,
    rules::{Kind, Ruleset, Word},
};
use serde_json::{Map, Value, json};

use super::random::Random;

const RULES: usize = 4;

/// So many rules are made up for a file, loadable or not.
const MOST_TRIES: usize = 400;

/// What the texts of a random world are made of, and patterns for them.
const PATTERNS: [&str; 15] = [
    "acme/api",
    "acme/*",
    "CI",
    "ci.yml",
    "main",
    "release/**",
    "v1.0",
    "push",
    "pull_request",
    "octocat",
    "*[bot]",
    "staging",
    "production",
    "/a/",
    "**",
];

const JOB_PATTERNS: [&str; 10] = [
    "linux",
    "mac*",
    "Run tests",
    "Set up*",
    "failure",
    "success",
    "self-hosted",
    "completed",
    "*lost*",
    "*",
];

const PULL_PATTERNS: [&str; 6] = ["main", "dev", "retry*", "octocat", "*a*", "**"];

const LOG_PATTERNS: [&str; 5] = ["reset by peer", "FAILED", "/(?i)error/", "/^ok$/", "lost"];

/// Some words only take GitHub's own values.
fn patterns_for(word: Word) -> &'static [&'static str] {
    match word {
        Word::Conclusion => &["failure", "timed_out", "success", "/l/"],
        Word::Status => &["completed", "waiting", "/e/"],
        Word::Visibility => &["public", "private"],
        Word::WorkflowState => &["active", "deleted"],
        Word::Actor | Word::TriggeringActor | Word::Sender => {
            &["octocat", "*[bot]", "@acme/release", "@Acme/ops", "!@acme/ops", "!mallory", "!@acme/release"]
        }
        _ => &PATTERNS,
    }
}

/// Rules that can be loaded, on one trigger or the other.
pub fn random_ruleset(random: &mut Random) -> Ruleset {
    let mut rules = Vec::new();
    let mut ruleset = Ruleset::default();
    for _ in 0..MOST_TRIES {
        if rules.len() == RULES {
            return ruleset;
        }
        rules.push(rule(random, rules.len()));
        // What no event can fulfil and the like is refused at load; another one takes its place.
        match load(&rules) {
            Some(loaded) => ruleset = loaded,
            None => drop(rules.pop()),
        }
    }
    panic!("only {} of {RULES} random rules could be loaded", rules.len());
}

fn load(rules: &[Value]) -> Option<Ruleset> {
    let file = json!({
        "signatures": signatures(),
        "webhook": { "secrets": [{ "env": "SECRET" }] },
        "github": { "token": { "env": "SECRET" } },
        "rules": rules,
    });
    let loaded = compile(&file.to_string(), "random", Path::new("."), &|_| Some("secret".to_owned()));
    loaded.ok().map(|loaded| loaded.config.ruleset)
}

/// One that other signatures may veto, one that nothing vetoes.
fn signatures() -> Value {
    json!([
        { "name": "own-reset", "log": "reset by peer", "cause": "network", "ticket": "OPS-1" },
        { "name": "own-lost", "any": [{ "annotation": "*lost*" }, { "log": "/(?i)lost/" }], "none": {}, "cause": "runner_lost" },
    ])
}

fn rule(random: &mut Random, number: usize) -> Value {
    let mut when = conditions(random, 2);
    let (on, action) = match random.below(10) {
        0..=1 => {
            when.insert("environment".to_owned(), json!(["staging", "production"]));
            ("deployment.waiting", random.of(&["approve_deployment", "reject_deployment"]))
        }
        2 => {
            when.insert("job".to_owned(), job(random));
            ("workflow_job.completed", random.of(&["rerun", "cancel"]))
        }
        3 => {
            when.insert("comment".to_owned(), said(random));
            ("issue_comment.created", random.of(&["rerun", "cancel"]))
        }
        4 => {
            when.insert("review".to_owned(), said(random));
            ("pull_request_review.submitted", random.of(&["rerun", "cancel"]))
        }
        5 => ("pull_request.labeled", random.of(&["rerun", "cancel"])),
        _ => ("workflow_run.completed", random.of(&["rerun", "delete_run", "delete_logs"])),
    };
    let mode = if random.percent(70) { "enforce" } else { random.of(&["observe", "off"]) };
    json!({
        "name": format!("rule-{number}"),
        "on": on,
        "when": when,
        "then": [action],
        "limits": { "per_run": 2 },
        "mode": mode,
    })
}

/// Whose words count, and which.
fn said(random: &mut Random) -> Value {
    let author = expectation(random, Kind::Lines, patterns_for(Word::Actor));
    let mut asked =
        json!({ "author": author, "body": random.of(&["/^.retry/", "*again*", "/again|retry/"]) });
    if random.percent(50) {
        asked["association"] = json!(random.of(&["MEMBER", "OWNER"]));
    }
    asked
}

fn conditions(random: &mut Random, depth: u32) -> Map<String, Value> {
    let mut map = Map::new();
    for _ in 0..=random.below(2) {
        let (word, asked) = condition(random, depth);
        map.insert(word, asked);
    }
    map
}

fn condition(random: &mut Random, depth: u32) -> (String, Value) {
    let nested = |random: &mut Random| Value::Object(conditions(random, depth - 1));
    match random.below(14) {
        0 if depth > 0 => ("not".to_owned(), nested(random)),
        1 if depth > 0 => ("any".to_owned(), json!([nested(random), nested(random)])),
        2 if depth > 0 => ("all".to_owned(), json!([nested(random), nested(random)])),
        3 | 4 => (random.of(&["jobs", "failed_jobs"]).to_owned(), jobs(random)),
        5 => ("time".to_owned(), json!({ "hours": random.of(&["00:00-12:00", "06:00-22:00"]) })),
        6 => ("running".to_owned(), running(random)),
        8 | 9 => ("pull_request".to_owned(), pull_request(random)),
        7 => ("acted".to_owned(), json!({ "rule": "rule-0", "within": "1d", "times": number(random) })),
        _ => {
            let word = Word::ALL[usize::try_from(random.below(Word::ALL.len() as u64)).unwrap()];
            let mut asked = expectation(random, word.kind(), patterns_for(word));
            if matches!(word, Word::RunAttempt | Word::RerunsByUs) && random.percent(50) {
                asked = json!({ "at_most": random.below(4) + 1, "at_most_label": "retry/*" });
            }
            (word.as_str().to_owned(), asked)
        }
    }
}

fn pull_request(random: &mut Random) -> Value {
    let flags = ["exists", "draft", "merged", "head_is_current", "changed_since"];
    let mut asked = Map::new();
    for _ in 0..=random.below(2) {
        let (word, value) = match random.below(5) {
            4 => {
                let word = random.of(&["every", "some", "none"]);
                let mut files = json!({ word: random.of(&["**/*.md", "docs/**", "src/*", "!src/**"]) });
                if random.percent(30) {
                    let bound = random.of(&["is", "at_least", "at_most", "above"]);
                    files["count"] = json!({ bound: random.below(3) });
                }
                ("changed_files", files)
            }
            3 => ("author", expectation(random, Kind::Lines, patterns_for(Word::Actor))),
            0 => (random.of(&flags), json!(random.percent(50))),
            1 => ("state", json!(random.of(&["open", "closed"]))),
            _ => {
                let word = random.of(&["author", "base", "label", "title"]);
                (word, expectation(random, Kind::Lines, &PULL_PATTERNS))
            }
        };
        asked.insert(word.to_owned(), value);
    }
    Value::Object(asked)
}

fn running(random: &mut Random) -> Value {
    let same = [json!([]), json!("workflow"), json!(["workflow", "branch"]), json!(["workflow", "base"])];
    let mut asked = json!({ "below": random.below(3) + 1 });
    match &same[usize::try_from(random.below(4)).unwrap()] {
        Value::Array(none) if none.is_empty() => {}
        some => asked["same"] = some.clone(),
    }
    asked
}

fn jobs(random: &mut Random) -> Value {
    let mut asked = Map::new();
    match random.below(4) {
        0 => asked.insert("count".to_owned(), number(random)),
        1 => asked.insert("share".to_owned(), bounds(random, json!("50%"))),
        _ => asked.insert(random.of(&["every", "some", "none"]).to_owned(), job(random)),
    };
    if random.percent(30) {
        asked.insert("except".to_owned(), job(random));
    }
    Value::Object(asked)
}

fn job(random: &mut Random) -> Value {
    let texts = ["name", "conclusion", "status", "failed_step", "runner_label", "annotation"];
    let (word, kind) = match random.below(16) {
        0 => ("steps", Kind::Number),
        1 => ("job_attempt", Kind::Number),
        2 => ("duration", Kind::Duration),
        3 => return json!({ "not": job(random) }),
        5 if random.percent(30) => return json!({ "log": { "missing": random.percent(70) } }),
        5 | 6 | 14 | 15 => return json!({ "log": expectation(random, Kind::Lines, &LOG_PATTERNS) }),
        7 => {
            return json!({ "signature": random.of(&["own-*", "network", "test-*", "runner-lost-without-log", "!own-lost"]) });
        }
        8 => {
            return json!({ "cause": random.of(&["network", "test_failure", "runner_lost", "unknown", "!network"]) });
        }
        4 => return json!({ "step": { "name": random.of(&JOB_PATTERNS), "absent": random.percent(50) } }),
        _ => (random.of(&texts), Kind::Lines),
    };
    json!({ word: expectation(random, kind, &JOB_PATTERNS) })
}

fn expectation(random: &mut Random, kind: Kind, patterns: &[&str]) -> Value {
    match kind {
        Kind::Text { .. } | Kind::Lines if random.percent(20) => {
            json!(format!("!{}", random.of(patterns).trim_start_matches('!')))
        }
        Kind::Text { .. } | Kind::Lines => json!([random.of(patterns), random.of(patterns)]),
        Kind::Number => number(random),
        Kind::Duration => {
            let duration = json!(random.of(&["30s", "10m", "6h", "2d"]));
            bounds(random, duration)
        }
        Kind::Flag => json!(random.percent(50)),
    }
}

fn number(random: &mut Random) -> Value {
    let value = json!(random.below(4) + 1);
    bounds(random, value)
}

fn bounds(random: &mut Random, value: Value) -> Value {
    json!({ random.of(&["below", "at_most", "above", "at_least"]): value })
}
