//! Configurations that are refused, with the place, the message and the remedy of each problem.

use super::{env, folder, load, with_rule};
use crate::config::{Problem, Problems, Severity, compile};

/// Line, column, a part of the message, a part of the remedy.
type Expected = (u32, u32, &'static str, &'static str);

fn check(problems: &Problems, severity: Severity, expected: &[Expected], source: &str) {
    let found: Vec<&Problem> = problems.iter().filter(|problem| problem.severity == severity).collect();
    assert_eq!(found.len(), expected.len(), "{source}\n{problems}");
    for (problem, (line, column, message, remedy)) in found.iter().zip(expected) {
        let place = (problem.line, problem.column);
        assert_eq!(place, (Some(*line), Some(*column)), "{source}\n{problems}");
        assert!(problem.message.contains(message), "wanted {message:?}\n{source}\n{problems}");
        let given = problem.remedy.as_deref().unwrap_or_default();
        assert!(given.contains(remedy), "wanted {remedy:?}\n{source}\n{problems}");
    }
}

pub(super) fn refused(source: &str, expected: &[Expected]) {
    let problems = load(source).err().unwrap_or_else(|| panic!("this loads:\n{source}"));
    check(&problems, Severity::Error, expected, source);
}

fn warned(source: &str, expected: &[Expected]) {
    let loaded = load(source).unwrap_or_else(|problems| panic!("{source}\n{problems}"));
    check(&loaded.warnings, Severity::Warning, expected, source);
}

const MANY_PROBLEMS: &str = r#"many-problems.yaml:2:9: error: the path `webhooks/github` does not begin with a slash
  2 |   path: webhooks/github
    |         ^^^^^^^^^^^^^^^
  help: did you mean `/webhooks/github`?

many-problems.yaml:6:12: error: `https://github.com` is not the root of a GitHub REST API
  6 |   api_url: https://github.com
    |            ^^^^^^^^^^^^^^^^^^
  help: did you mean `https://api.github.com`?

many-problems.yaml:7:10: error: a secret is not written into the configuration
  help: put the secret into a variable or a file and write `{ env: NAME }` or `{ file: PATH }`; this one counts as leaked

many-problems.yaml:8:19: error: 1 is a duration without a unit
  8 |   write_interval: 1
    |                   ^
  help: did you mean `1s`? durations are written like `90s`, `15m`, `6h`, `30d` or `1h 30m`

many-problems.yaml:10:11: error: rule name "Rerun Failed" is not kebab-case (lower-case letters, digits, single hyphens; at most 64)
  10 |   - name: Rerun Failed
     |           ^^^^^^^^^^^^
  help: did you mean `rerun-failed`?

many-problems.yaml:11:9: error: unknown trigger `workflow_run.complete`
  11 |     on: workflow_run.complete
     |         ^^^^^^^^^^^^^^^^^^^^^
  help: did you mean `workflow_run.completed`? expected one of `workflow_run.requested`, `workflow_run.in_progress`, `workflow_run.completed`, `workflow_job.queued`, `workflow_job.waiting`, `workflow_job.in_progress`, `workflow_job.completed`, `deployment.waiting`, `pull_request_review.submitted`, `issue_comment.created`, `command`, `pull_request.ACTIVITY`, or a schedule: write `on: { schedule: "30 2 * * *", zone: UTC }`

many-problems.yaml:13:7: error: unknown key `brnach`
  13 |       brnach: main
     |       ^^^^^^
  help: did you mean `branch`?

many-problems.yaml:14:20: error: unknown conclusion `failed`
  14 |       conclusion: [failed, timed_out]
     |                    ^^^^^^
  help: did you mean `failure`? (a value that this version does not know can be written `/^failed$/`)

many-problems.yaml:16:25: error: unknown word `job`
  16 |       - rerun: { scope: job }
     |                         ^^^
  help: expected one of `failed_jobs`, `matching_job`, `run`

many-problems.yaml:18:21: error: `30 2 * *` has 4 fields, a schedule has five
  18 |     on: { schedule: "30 2 * *", zone: Berlin }
     |                     ^^^^^^^^^^
  help: minute, hour, day of month, month, day of week: `30 2 * * *` is every night at half past two

many-problems.yaml:18:39: error: unknown time zone `Berlin`
  18 |     on: { schedule: "30 2 * *", zone: Berlin }
     |                                       ^^^^^^
  help: did you mean `Europe/Berlin`?

many-problems.yaml:21:9: warning: `delete_run` without a least age: it deletes what ended a moment ago
  21 |       - delete_run: {}
     |         ^^^^^^^^^^
  help: add `age: { above: 30d }` to `when`, or `keep` to a schedule

12 problems: 11 errors, 1 warning"#;

fn with_app(source: &str) -> String {
    source.replace("token: { env: GITHUB_TOKEN }", "app: { id: 1, private_key: { file: app.pem } }")
}

#[test]
fn what_people_read() {
    let source = std::fs::read_to_string(folder().join("many-problems.yaml")).unwrap();
    let rendered = compile(&source, "many-problems.yaml", &folder(), &env).unwrap_err().to_string();
    assert_eq!(rendered, MANY_PROBLEMS, "{rendered}");
    assert!(!rendered.contains("NeverBeShown"));
}

#[test]
fn problems_serialize_for_machines() {
    let problems = load(&with_rule("on: deployment.waitng\n    then: [cancel]")).unwrap_err();
    let json = serde_json::to_value(&problems).unwrap();
    assert_eq!(
        json,
        serde_json::json!([{
            "severity": "error",
            "file": "config.yaml",
            "path": "rules[0].on",
            "line": 5,
            "column": 9,
            "message": "unknown trigger `deployment.waitng`",
            "remedy": problems.iter().next().unwrap().remedy,
            "snippet": "    on: deployment.waitng",
        }])
    );
}

#[test]
fn sections() {
    let good = "webhook: { secrets: [ { env: RUNWARDEN_WEBHOOK_SECRET } ] }\ngithub: { token: { env: GITHUB_TOKEN } }\nrules: []\n";
    for (more, expected) in [
        ("server: { listen: localhost:80 }", (4, 19, "`localhost:80` is not an address", "`127.0.0.1:80`")),
        ("server: { listen: 8080 }", (4, 19, "expected a text, found the number 8080", "quote it: \"8080\"")),
        ("server: { listen: }", (4, 17, "expected a text, found nothing", "leave the key out")),
        ("server: [a]", (4, 9, "expected a map, found a list", "its keys: listen")),
        ("server: { port: 80 }", (4, 11, "unknown key `port`", "expected `listen`")),
        ("servre: { listen: x }", (4, 1, "unknown key `servre`", "did you mean `server`?")),
        ("rules: []", (4, 1, "`rules` stands here for the second time", "the first is in line 3")),
        ("database: { path: \"\" }", (4, 19, "expected a text, found an empty one", "leave the key out")),
        ("mode: dry-run", (4, 7, "unknown word `dry-run`", "expected one of `enforce`, `observe`, `off`")),
        ("mode: enforced", (4, 7, "unknown word `enforced`", "did you mean `enforce`?")),
        ("mode: false", (4, 7, "expected a word, found `false`", "`off`")),
        ("log: { level: verbose }", (4, 15, "unknown word `verbose`", "`debug`")),
        ("log: { format: [json] }", (4, 16, "expected a word, found a list", "`human`, `json`")),
    ] {
        refused(&format!("{good}{more}\n"), &[expected]);
    }
    warned(good, &[(3, 8, "no rules", "add a rule")]);
    refused(
        &good.replace("rules: []", "rules:"),
        &[(3, 6, "expected a list of rules, found nothing", "`-`")],
    );
    refused(&good.replace("rules: []", "rules: { a: b }"), &[(3, 8, "found a map", "`-`")]);
    refused(
        &good.replace("rules: []", "rules: [ 3 ]"),
        &[(3, 10, "expected a map, found the number 3", "its keys: name")],
    );
}

#[test]
fn missing_sections_are_missing_in_the_file() {
    let problems = load("rules: []\n").unwrap_err();
    let text = problems.to_string();
    assert!(text.starts_with("config.yaml: error: `webhook` is missing\n  help: "), "{text}");
    assert!(text.contains("config.yaml: error: `github` is missing\n  help: "), "{text}");
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["webhook", "github", "rules"]);
}

#[test]
fn webhooks() {
    let rest = "github: { token: { env: GITHUB_TOKEN } }\nrules: []\n";
    for (webhook, expected) in [
        ("{}", (1, 10, "`secrets` is missing", "only if they are signed")),
        ("{ secrets: [] }", (1, 21, "found an empty list", "`-`")),
        ("{ secrets: [ { env: UNSET } ] }", (1, 30, "variable `UNSET` is not set", "set `UNSET`")),
        ("{ secrets: [ { env: EMPTY } ] }", (1, 30, "variable is empty", "give it the secret")),
        (
            "{ secrets: [ { env: ghp_abc } ] }",
            (1, 30, "not the name of an environment variable", "counts as leaked"),
        ),
        (
            "{ secrets: [ { file: nowhere } ] }",
            (1, 31, "cannot read", "starts from the configuration's folder"),
        ),
        ("{ secrets: [ { env: A, file: b } ] }", (1, 39, "both `env` and `file`", "keep one")),
        ("{ secrets: [ {} ] }", (1, 23, "neither `env` nor `file`", "{ env: NAME }")),
        ("{ secrets: [ hunter2 ] }", (1, 23, "a secret is not written into", "counts as leaked")),
        ("{ secrets: hunter2 }", (1, 21, "a secret is not written into", "counts as leaked")),
        (
            "{ path: hook, secrets: [ { env: RUNWARDEN_WEBHOOK_SECRET } ] }",
            (1, 18, "not begin with a slash", "did you mean `/hook`?"),
        ),
        (
            "{ path: /metrics/, secrets: [ { env: RUNWARDEN_WEBHOOK_SECRET } ] }",
            (1, 18, "answers itself", "/webhooks/github"),
        ),
        (
            "{ path: \"/a/{b}\", secrets: [ { env: RUNWARDEN_WEBHOOK_SECRET } ] }",
            (1, 18, "have to be escaped", "letters"),
        ),
    ] {
        let source = format!("webhook: {webhook}\n{rest}");
        refused(&source, &[expected]);
        assert!(!load(&source).unwrap_err().to_string().contains("hunter2"), "a secret was shown");
    }
}

/// What is wrong with a section `github`, where TOKEN is a proper token.
const GITHUB: &[(&str, Expected)] = &[
    ("{}", (3, 9, "neither `app` nor `token`", "app: { id: 12345")),
    (
        "{ TOKEN, app: { id: 1, private_key: { file: app.pem } } }",
        (3, 11, "both `app` and `token`", "`reviewer`"),
    ),
    (
        "{ app: { id: app, private_key: { file: app.pem } } }",
        (3, 22, "expected a whole number, found `app`", "whole number"),
    ),
    ("{ app: { id: 0, private_key: { file: app.pem } } }", (3, 22, "0 is not an App's id", "settings page")),
    ("{ app: { id: 1 } }", (3, 16, "`private_key` is missing", "app.pem")),
    ("{ app: { id: 1, private_key: { file: webhook-secret } } }", (3, 38, "not PEM", ".pem file")),
    ("{ app: { id: 1, private_key: { file: ca.pem } } }", (3, 38, "another kind: CERTIFICATE", ".pem file")),
    ("{ token: { env: RUNWARDEN_WEBHOOK_SECRET } }", (3, 18, "a space or another character", "check")),
    ("{ TOKEN, ca_file: app.pem }", (3, 50, "holds no PEM certificate", "BEGIN CERTIFICATE")),
    ("{ TOKEN, ca_file: gone.pem }", (3, 50, "cannot read", "folder")),
    ("{ TOKEN, timeout: 0s }", (3, 50, "no request can be answered in 0s", "30s")),
    ("{ TOKEN, timeout: 30 }", (3, 50, "30 is a duration without a unit", "did you mean `30s`?")),
    ("{ TOKEN, timeout: 30 parsecs }", (3, 50, "unknown unit `parsecs`", "`15m`")),
    ("{ TOKEN, timeout: -3s }", (3, 50, "`-3s` is not a duration", "`15m`")),
    ("{ TOKEN, timeout: [1s] }", (3, 50, "expected a duration, found a list", "`15m`")),
    ("{ TOKEN, reviewer: { } }", (3, 51, "`token` is missing", "RUNWARDEN_REVIEWER_TOKEN")),
    ("{ TOKEN, reviwer: { } }", (3, 41, "unknown key `reviwer`", "did you mean `reviewer`?")),
    (
        "{ TOKEN, api_url: https://github.com }",
        (3, 50, "not the root of a GitHub REST API", "did you mean `https://api.github.com`?"),
    ),
    (
        "{ TOKEN, api_url: https://ghe.example.com }",
        (3, 50, "not the root", "did you mean `https://ghe.example.com/api/v3`?"),
    ),
    (
        "{ TOKEN, api_url: https://ghe.example.com/api/graphql }",
        (3, 50, "not the root", "`https://ghe.example.com/api/v3`?"),
    ),
    (
        "{ TOKEN, api_url: api.github.com }",
        (3, 50, "not the address of an API", "did you mean `https://api.github.com`?"),
    ),
    ("{ TOKEN, api_url: \"ftp://x\" }", (3, 50, "not the address of an API", "https://HOST/api/v3")),
    (
        "{ TOKEN, api_url: \"https://me:pw@api.github.com\" }",
        (3, 50, "a name or password in the address", "use `token`"),
    ),
];

#[test]
fn github() {
    let head = "webhook: { secrets: [ { env: RUNWARDEN_WEBHOOK_SECRET } ] }\nrules: []\n";
    let token = "token: { env: GITHUB_TOKEN }";
    for (github, expected) in GITHUB {
        let github = github.replace("TOKEN", token);
        refused(&format!("{head}github: {github}\n"), &[*expected]);
    }
    let plain = format!("{head}github: {{ {token}, api_url: http://ghe.example.com/api/v3 }}\n");
    let unencrypted = (3, 50, "unencrypted", "use `https://ghe.example.com/api/v3`");
    warned(&plain, &[(2, 8, "no rules", ""), unencrypted]);
}

#[test]
fn names_and_triggers() {
    let rest = "    then: [cancel]";
    for (on, expected) in [
        ("", (4, 5, "`on` is missing", "on: workflow_run.completed")),
        (
            "on: workflow_run",
            (
                5,
                9,
                "unknown trigger `workflow_run`",
                "did you mean `workflow_run.completed`? expected one of",
            ),
        ),
        (
            "on: pull_request.labelled",
            (5, 9, "unknown trigger `pull_request.labelled`", "did you mean `pull_request.labeled`?"),
        ),
        ("on: push", (5, 9, "unknown trigger `push`", "expected one of `workflow_run.requested`")),
        ("on: workflow_job.created", (5, 9, "unknown trigger `workflow_job.created`", "or a schedule")),
        ("on: apply", (5, 9, "unknown trigger `apply`", "did you mean `command`?")),
        ("on: schedule", (5, 9, "a schedule without its time", "schedule: \"30 2 * * *\"")),
        ("on: 3", (5, 9, "expected a trigger, found the number 3", "expected one of")),
        ("on: []", (5, 9, "found an empty list", "`-`")),
        (
            "on: [workflow_run.requested, workflow_run.requested]",
            (5, 34, "for the second time", "leave it out"),
        ),
        ("on: { schedule: \"* * * *\" }", (5, 21, "has 4 fields, a schedule has five", "half past two")),
        ("on: { schedule: \"61 * * * *\" }", (5, 21, "`61 * * * *` is not a schedule", "half past two")),
        ("on: { schedule: \"0 0 31 2 *\" }", (5, 21, "never comes", "a day that exists")),
        (
            "on: { schedule: \"* * * * *\", zone: Berlin }",
            (5, 40, "unknown time zone `Berlin`", "did you mean `Europe/Berlin`?"),
        ),
        (
            "on: { schedule: \"* * * * *\", zone: europe/berlin }",
            (5, 40, "unknown time zone", "did you mean `Europe/Berlin`?"),
        ),
        ("on: { zone: UTC }", (5, 9, "`schedule` is missing", "schedule:")),
        (
            "on: { schedule: \"* * * * *\", zones: UTC }",
            (5, 34, "unknown key `zones`", "did you mean `zone`?"),
        ),
        (
            "on: [ { schedule: \"0 * * * *\" }, { schedule: \"1 * * * *\" } ]",
            (5, 38, "a second schedule", "a second rule"),
        ),
    ] {
        // Schedules look for runs of a token's repositories, which would be a second problem.
        refused(&with_app(&with_rule(&format!("{on}\n{rest}"))), &[expected]);
    }
    let rule = with_rule("on: workflow_run.requested\n    then: [cancel]");
    for (name, message, remedy) in [
        ("Rerun Failed_jobs", "is not kebab-case", "did you mean `rerun-failed-jobs`?"),
        ("command", "is taken by commands", "another name"),
        ("1.0", "expected a text, found the number 1.0", "quote it: \"1.0\""),
        ("\"äöü\"", "is not kebab-case", "like `rerun-failed-jobs`"),
    ] {
        refused(&rule.replace("name: x", &format!("name: {name}")), &[(4, 11, message, remedy)]);
    }
    let twice = format!("{rule}  - {{ name: x, on: workflow_run.requested, then: [cancel] }}\n");
    refused(&twice, &[(7, 13, "a second rule with the name `x`", "the first is in line 4")]);
}

/// What is wrong with a `when`.
const CONDITIONS: &[(&str, Expected)] = &[
    ("[branch]", (6, 11, "expected a map of conditions, found a list", "{ branch: main")),
    ("{ brnach: main }", (6, 13, "unknown key `brnach`", "did you mean `branch`?")),
    ("{ branch: 1.0 }", (6, 21, "expected a text, found the number 1.0", "quote it: \"1.0\"")),
    ("{ branch: true }", (6, 21, "expected a text, found `true`", "quote it: \"true\"")),
    ("{ branch: }", (6, 19, "expected a text, found nothing", "leave the key out")),
    ("{ branch: [] }", (6, 21, "found an empty list", "`-`")),
    ("{ branch: [main, 2] }", (6, 28, "found the number 2", "quote it")),
    ("{ branch: { is: main } }", (6, 21, "`branch` takes a text or a list of texts", "`branch: \"!main\"`")),
    ("{ branch: refs/heads/main }", (6, 21, "without `refs/`", "did you mean `main`?")),
    ("{ branch: /(/ }", (6, 21, "is not a regular expression: unclosed group", "glob")),
    ("{ branch: /main }", (6, 21, "does not end like one", "did you mean `/main/`?")),
    ("{ branch: /main/i }", (6, 21, "does not end like one", "did you mean `/(?i)main/`?")),
    ("{ branch: // }", (6, 21, "an empty pattern", "leave the condition out")),
    ("{ repository: api }", (6, 25, "matches no repository", "did you mean `*/api`")),
    ("{ repository: \"*\" }", (6, 25, "matches no repository", "did you mean `**`?")),
    (
        "{ repository: \"https://github.com/acme/api.git\" }",
        (6, 25, "matches no repository", "did you mean `acme/api`?"),
    ),
    (
        "{ actor: \"@mona\" }",
        (6, 20, "neither a login nor a team", "did you mean the login `mona`, or a team `@org/mona`?"),
    ),
    ("{ actor: \"@acme/*\" }", (6, 20, "`@acme/*` is not a team", "without patterns")),
    (
        "{ sender: [\"@acme/a\", \"!@acme/b/c\"] }",
        (6, 33, "`@acme/b/c` is not a team", "written `@org/team`"),
    ),
    ("{ triggering_actor: acme/team }", (6, 31, "`acme/team` is not a login", "the team `@acme/team`?")),
    ("{ run_attempt: { at_most_label: \"retry/*\" } }", (6, 26, "`run_attempt` without a bound", "at_most")),
    (
        "{ run_attempt: { at_least: 2, at_most_label: \"retry/*\" } }",
        (6, 56, "`at_most_label` without an upper bound", "`at_most: 20`"),
    ),
    (
        "{ reruns_by_us: { at_most: 3, at_most_label: retry } }",
        (6, 56, "`retry` does not say where the number stands", "`retry/*`"),
    ),
    (
        "{ run_attempt: { at_most: 3, at_most_label: \"/retry-*/\" } }",
        (6, 55, "does not say where the number stands", "one `*`"),
    ),
    (
        "{ jobs: { count: { at_most_label: \"retry/*\" } } }",
        (6, 30, "unknown key `at_most_label`", "`at_most`"),
    ),
    ("{ repository: \"@acme/team\" }", (6, 25, "matches no repository", "OWNER/NAME")),
    (
        "{ status: complete }",
        (
            6,
            21,
            "unknown status `complete`",
            "did you mean `completed`? (a value that this version does not know can be written `/^complete$/`)",
        ),
    ),
    ("{ status: [queued, \"x*\"] }", (6, 30, "unknown status `x*`", "expected one of `queued`")),
    ("{ run_attempt: \"3\" }", (6, 26, "expected a whole number, found `3`", "without quotes")),
    ("{ run_attempt: -1 }", (6, 26, "found the number -1", "from 0 on")),
    ("{ run_attempt: 1.5 }", (6, 26, "found the number 1.5", "whole number")),
    ("{ run_attempt: 0 }", (6, 26, "no `run_attempt` lies within", "widen")),
    ("{ run_attempt: { below: 1 } }", (6, 26, "no `run_attempt` lies within", "widen")),
    ("{ run_attempt: { above: 3, below: 4 } }", (6, 26, "no `run_attempt` lies within", "widen")),
    ("{ run_attempt: {} }", (6, 26, "`run_attempt` without a bound", "at_most")),
    ("{ run_attempt: { less: 3 } }", (6, 28, "unknown key `less`", "expected one of `is`, `below`")),
    ("{ run_attempt: [1, 2] }", (6, 26, "not a list", "at_least")),
    ("{ age: 30d }", (6, 18, "no `age` is ever exactly that", "did you mean `{ above: 30d }`?")),
    ("{ age: { above: 30 } }", (6, 27, "30 is a duration without a unit", "did you mean `30s`?")),
    ("{ age: { above: 2d, below: 1d } }", (6, 18, "no `age` lies within", "widen")),
    ("{ age: { at_least: 2d, below: 2d } }", (6, 18, "no `age` lies within", "widen")),
    ("{ fork: yes }", (6, 19, "expected true or false, found `yes`", "`true`")),
    ("{ any: [] }", (6, 18, "found an empty list", "`-`")),
    ("{ any: { branch: main } }", (6, 18, "expected a list of maps of conditions, found a map", "`-`")),
    ("{ any: [ {} ] }", (6, 20, "a map without a condition", "leave it out")),
    ("{ not: {} }", (6, 18, "a map without a condition", "leave it out")),
    (
        "{ not: [ { branch: x } ] }",
        (6, 18, "expected a map of conditions, found a list", "map of conditions"),
    ),
    ("{ all: [ { any: [ { brnch: x } ] } ] }", (6, 31, "unknown key `brnch`", "did you mean `branch`?")),
    ("{ 1: x }", (6, 13, "expected a word as key, found the number 1", "text")),
];

#[test]
fn conditions() {
    for (when, expected) in CONDITIONS {
        refused(
            &with_rule(&format!("on: workflow_run.requested\n    when: {when}\n    then: [cancel]")),
            &[*expected],
        );
    }
    for (when, expected) in CONDITIONS_AT_THE_END {
        refused(
            &with_rule(&format!("on: workflow_run.completed\n    when: {when}\n    then: [delete_logs]")),
            &[*expected],
        );
    }
}

const CONDITIONS_AT_THE_END: &[(&str, Expected)] = &[
    ("{ branch: [\"!main\", \"**\"] }", (6, 31, "undone by this pattern", "behind what they exclude from")),
    ("{ branch: \"!\" }", (6, 21, "an empty pattern", "write what must match")),
    ("{ branch: \"!refs/heads/x\" }", (6, 21, "without `refs/`", "did you mean `x`?")),
    ("{ conclusion: \"!sucess\" }", (6, 25, "unknown conclusion `sucess`", "did you mean `success`?")),
    ("{ visibility: secret }", (6, 25, "unknown visibility `secret`", "`internal`")),
    ("{ archived: 1 }", (6, 23, "expected true or false", "`true`")),
    ("{ quiet_for: 1h }", (6, 24, "no `quiet_for` is ever exactly that", "{ above: 1h }")),
    ("{ pull_request: {} }", (6, 27, "`pull_request` asks nothing of it", "state: open")),
    ("{ pull_request: { changed_files: {} } }", (6, 44, "asks nothing of them", "`none` or `count`")),
    (
        "{ pull_request: { changed_files: { count: { below: 0 } } } }",
        (6, 53, "no `count` lies within these bounds", "widen them"),
    ),
    ("{ pull_request: { state: opn } }", (6, 36, "unknown state `opn`", "`open`")),
    ("{ pull_request: { labels: x } }", (6, 29, "unknown key `labels`", "did you mean `label`?")),
    (
        "{ pull_request: { author: \"@x\" } }",
        (6, 37, "neither a login nor a team", "did you mean the login `x`"),
    ),
    ("{ pull_request: { exists: false, state: open } }", (6, 27, "does not exist", "that there is none")),
    ("{ jobs: {} }", (6, 19, "`jobs` asks nothing of the jobs", "count")),
    ("{ failed_jobs: { except: { name: x } } }", (6, 26, "asks nothing of the jobs", "some")),
    ("{ jobs: { share: 0.5 } }", (6, 21, "unknown key `share`", "`count`")),
    ("{ failed_jobs: { share: 1.5 } }", (6, 35, "expected a share, found the number 1.5", "50%")),
    ("{ failed_jobs: { share: { below: 50 } } }", (6, 44, "expected a share, found the number 50", "50%")),
    ("{ failed_jobs: { share: { above: 0.5, below: 0.4 } } }", (6, 35, "no `share` lies within", "widen")),
    ("{ failed_jobs: { count: { below: 0 } } }", (6, 35, "no `count` lies within", "widen")),
    ("{ failed_jobs: { conclusion: [fail], count: 1 } }", (6, 41, "unknown word `fail`", "`failure`")),
    ("{ failed_jobs: { some: { names: x } } }", (6, 36, "unknown key `names`", "did you mean `name`?")),
    ("{ failed_jobs: { some: {} } }", (6, 34, "a map without a condition", "leave it out")),
    ("{ failed_jobs: { some: { branch: x } } }", (6, 36, "unknown key `branch`", "`name`")),
    ("{ failed_jobs: { some: { conclusion: red } } }", (6, 48, "unknown conclusion `red`", "`failure`")),
    ("{ failed_jobs: { some: { step: { absent: true } } } }", (6, 42, "says of no step which", "name")),
    ("{ failed_jobs: { some: { log: {} } } }", (6, 41, "asks nothing of the log", "missing: true")),
    ("{ failed_jobs: { some: { log: { mising: true } } } }", (6, 43, "unknown key", "`missing`")),
    ("{ failed_jobs: { some: { log: \"/x*/\" } } }", (6, 41, "matches an empty line", "write what stands")),
    (
        "{ failed_jobs: { some: { step: { name: x, gone: true } } } }",
        (6, 53, "unknown key `gone`", "`absent`"),
    ),
    ("{ time: {} }", (6, 19, "is always", "say when")),
    ("{ time: { days: Mon-Friday } }", (6, 27, "`Friday` is not a day", "did you mean `Fri`?")),
    ("{ time: { hours: 8-18 } }", (6, 28, "`8-18` is not a span of hours", "08:00-18:00")),
    ("{ time: { hours: \"08:00-24:01\" } }", (6, 28, "is not a span of hours", "08:00-18:00")),
    ("{ time: { hours: \"08:00-18:00\", zone: Berlin } }", (6, 49, "unknown time zone", "Europe/Berlin")),
    ("{ time: { except: \"2026-02-30\" } }", (6, 29, "is not a date", "2026-12-24")),
];

#[test]
fn actions() {
    for (then, expected) in [
        ("", (6, 9, "expected a list of actions, found nothing", "`-`")),
        ("[]", (6, 11, "found an empty list", "`-`")),
        ("rerun", (6, 11, "expected a list of actions", "put a `-`")),
        ("{ rerun: {} }", (6, 11, "expected a list of actions", "put a `-`")),
        ("[ 3 ]", (6, 13, "expected an action, found the number 3", "expected one of `rerun`")),
        ("[ {} ]", (6, 13, "expected an action, found an empty map", "expected one of `rerun`")),
        ("[ rerrun ]", (6, 13, "unknown action `rerrun`", "did you mean `rerun`?")),
        ("[ tweets: {} ]", (6, 13, "unknown action `tweets`", "expected one of `rerun`")),
        (
            "[ { rerun: , scope: run } ]",
            (6, 13, "expected one action, found `rerun`, `scope`", "indented below its word"),
        ),
        ("[ rerun: { scope: job } ]", (6, 29, "unknown word `job`", "`failed_jobs`")),
        (
            "[ rerun: { scope: matching_job } ]",
            (6, 13, "no `failed_jobs` that says which", "add `failed_jobs"),
        ),
        ("[ rerun: { max: 3 } ]", (6, 22, "unknown key `max`", "expected one of `scope`")),
        (
            "[ rerun: { backoff: 0.5, delay: 1s } ]",
            (6, 31, "expected a number from 1 on, found the number 0.5", "doubles"),
        ),
        ("[ rerun: { delay: 31d } ]", (6, 29, "older than 30 days", "shorten it")),
        ("[ rerun: { debug_logging: 1 } ]", (6, 37, "expected true or false, found the number 1", "`true`")),
        ("[ rerun: 3 ]", (6, 20, "expected a map, found the number 3", "its keys: scope")),
        ("[ delete_logs: { force: true } ]", (6, 28, "unknown key `force`", "leave it out")),
    ] {
        let rule = format!(
            "on: workflow_run.completed\n    then: {then}\n    when: {{ run_attempt: 1, age: {{ above: 1s }} }}"
        );
        refused(&with_rule(&rule), &[expected]);
    }
    for (review, expected) in [
        ("comment: \"{{ rul }}\"", (7, 44, "unknown variable `rul`", "did you mean `rule`?")),
        ("comment: \"{{ rule\"", (7, 44, "`{{` without `}}`", "close it")),
        ("comment: \"\"", (7, 44, "found an empty one", "leave the key out")),
        ("environments: [\"prod*\"]", (7, 50, "is a pattern, not an environment's name", "under `when")),
        ("via: me", (7, 40, "unknown word `me`", "`reviewer`, `protection_rule`")),
        ("via: protection_rule", (7, 13, "only an App can be a protection rule", "github.app")),
    ] {
        let rule = format!(
            "on: deployment.waiting\n    when: {{ environment: x }}\n    then: [ approve_deployment: {{ {review} }} ]"
        );
        refused(&with_rule(&rule), &[expected]);
    }
}

#[test]
fn ceilings_say_how_many_in_what_time() {
    for (value, message, remedy) in [
        ("30", "30 in what time?", "did you mean `30/day`?"),
        ("30/fortnight", "`30/fortnight` is not so many in some time", "like `30/day`, `5/hour` or `10/6h`"),
        ("many/day", "`many/day` is not so many in some time", "`10/6h`"),
        ("0/day", "0 is too small", "write 1 or more"),
        ("5/400d", "`5/400d` counts over no sensible time", "a second to a year"),
        ("[1]", "expected so many in some time, found a list", "`30/day`"),
    ] {
        let source = format!(
            "limits: {{ actions_total: {value} }}\n{}",
            with_rule("on: workflow_run.requested\n    then: [ cancel ]")
        );
        refused(&source, &[(1, 26, message, remedy)]);
    }
    let source = format!(
        "limits: {{ action_total: 1/day }}\n{}",
        with_rule("on: workflow_run.requested\n    then: [ cancel ]")
    );
    refused(&source, &[(1, 11, "unknown key `action_total`", "did you mean `actions_total`?")]);
}

#[test]
fn running_and_acted_say_of_what() {
    for (when, column, message, remedy) in [
        ("running: {}", 22, "`running` without a bound", "write one of is, below"),
        ("running: { below: 0 }", 22, "no `running` lies within these bounds", "widen them"),
        ("running: { same: [base], below: 2 }", 30, "`base` without `workflow`", "same: [workflow, base]"),
        ("running: { same: repo, below: 2 }", 30, "unknown word `repo`", "`workflow`, `branch`, `base`"),
        ("acted: { times: 2 }", 20, "`rule` is missing", "say whose acts count"),
        ("acted: { rule: y }", 5, "no rule of this file", "`x`"),
    ] {
        let rule = format!("on: workflow_run.requested\n    when: {{ {when} }}\n    then: [ cancel ]");
        refused(&with_rule(&rule), &[(6, column, message, remedy)]);
    }
}

#[test]
fn a_breaker_says_when_it_opens() {
    let rule = with_rule("on: workflow_run.requested\n    then: [ cancel ]");
    for (keys, column, message, remedy) in [
        ("{}", 10, "`breaker` never opens", "rerun_failures: 5"),
        ("{ hold: 1h }", 10, "`breaker` never opens", "failing: \"50%\""),
        ("{ failing: 0 }", 21, "opens when nothing fails", "above 0"),
        ("{ failing: 2 }", 21, "expected a share", "\"50%\""),
        ("{ failing: 1, of_last: 5000 }", 33, "too many to look at", "500 at most"),
        ("{ failing: 1, hold: 0s }", 30, "`hold` is no sensible time", "30 days"),
        ("{ failing: 1, per: job }", 29, "unknown word `job`", "`workflow`, `runner_label`"),
        ("{ faling: 1 }", 12, "unknown key `faling`", "did you mean `failing`?"),
    ] {
        refused(&format!("breaker: {keys}\n{rule}"), &[(1, column, message, remedy)]);
    }
}

#[test]
fn a_breaker_tells_a_channel_that_is_there() {
    let rule = with_rule("on: workflow_run.requested\n    then: [ cancel ]");
    let breaker = |name: &str| format!("breaker: {{ failing: 1, notify: {name} }}\n");
    refused(
        &format!("{}{rule}", breaker("ci")),
        &[(1, 32, "there is no channel `ci`", "channels: [ { name: ci-alerts")],
    );
    let reserved =
        with_rule("on: workflow_run.requested\n    then: [ cancel ]").replace("name: x", "name: breaker");
    refused(&reserved, &[(4, 11, "the name `breaker` is taken", "choose another name")]);
}
