//! `tests:` of a configuration: what is refused of them, and what those that are read find.

use super::{load, refused::refused, with_rule};
use crate::{
    model::Truth,
    rules::{Condition, Kind, Word, try_out},
};

/// Two rules, and tests that begin in line 13.
fn with_tests(tests: &str) -> String {
    const RULES: &str = r#"webhook: { secrets: [ { env: RUNWARDEN_WEBHOOK_SECRET } ] }
github: { token: { env: GITHUB_TOKEN } }
rules:
  - name: retry
    on: workflow_run.completed
    when: { repository: acme/api, conclusion: failure, run_attempt: { below: 3 } }
    then: [rerun: { delay: 30s, backoff: 2 }]
  - name: purge
    on: { schedule: "0 3 * * *" }
    when: { repository: acme/api, status: completed, age: { above: 30d } }
    keep: { newest: 1, per: workflow }
    then: [delete_run]
tests:
"#;
    format!("{RULES}{tests}")
}

/// What the test that has these keys finds.
fn misses(test: &str) -> Vec<String> {
    let source = with_tests(&format!("  - name: x\n    {test}\n"));
    let config = load(&source).unwrap_or_else(|problems| panic!("{problems}\n{source}")).config;
    let [example] = config.examples.as_slice() else { panic!("not one test") };
    try_out(&config.ruleset, example, None).misses
}

/// Tests in line 14, each with the column, the message and the remedy.
const NOT_MEANT: &[(&str, u32, &str, &str)] = &[
    ("  - { name: x, given: { repository: acme/api } }", 5, "`expect` is missing", "`expect: nothing`"),
    ("  - { name: x, expect: nothing }", 5, "`given` is missing", "given: {"),
    ("  - { name: x, given: {}, expect: nothing }", 23, "`repository` is missing", "acme/api"),
    (
        "  - { name: x, given: { repo: acme/api, repository: a/b }, expect: nothing }",
        25,
        "unknown key `repo`",
        "`repository`",
    ),
    ("  - { name: x, given: { repository: acme }, expect: nothing }", 37, "no repository", "OWNER/NAME"),
    (
        "  - { name: x, given: { repository: a/b, branch: \"v*\" }, expect: nothing }",
        50,
        "a pattern",
        "one branch",
    ),
    (
        "  - { name: x, given: { repository: a/b, branch: [a, b] }, expect: nothing }",
        50,
        "found a list",
        "one value",
    ),
    (
        "  - { name: x, given: { repository: a/b, conclusion: failed }, expect: nothing }",
        54,
        "unknown conclusion",
        "`failure`",
    ),
    ("  - { name: x, given: { repository: a/b, age: 30 }, expect: nothing }", 47, "without a unit", "30s"),
    (
        "  - { name: x, given: { repository: a/b, now: 2026-01-07 }, expect: nothing }",
        47,
        "no time with its zone",
        "Europe/Berlin",
    ),
    (
        "  - { name: x, given: { repository: a/b, now: 2026-01-07 09:00 Berlin }, expect: nothing }",
        47,
        "unknown time zone",
        "`Europe/Berlin`",
    ),
    (
        "  - { name: x, given: { repository: a/b, job: { name: y } }, expect: nothing }",
        42,
        "no single job",
        "workflow_job.completed",
    ),
    (
        "  - { name: x, given: { repository: a/b, on: workflow_run.completed, runs: [{ age: 1d }] }, expect: nothing }",
        70,
        "only a schedule",
        "`on`",
    ),
    (
        "  - { name: x, given: { repository: a/b, jobs: [{ nam: y }] }, expect: nothing }",
        51,
        "unknown key `nam`",
        "`name`",
    ),
    (
        "  - { name: x, given: { repository: a/b, pull_request: { changed_files: [{ previous_filename: y }] } }, expect: nothing }",
        74,
        "`filename` is missing",
        "the file's path",
    ),
    (
        "  - { name: x, given: { repository: a/b, pull_request: { changed_files: [{ filename: a, path: y }] } }, expect: nothing }",
        89,
        "unknown key `path`",
        "`filename`",
    ),
    (
        "  - { name: x, given: { repository: a/b, teams: { acme/x: [y] } }, expect: nothing }",
        51,
        "`acme/x` is not a team",
        "\"@acme/release\": [octocat]",
    ),
    (
        "  - { name: x, given: { repository: a/b, teams: [y] }, expect: nothing }",
        49,
        "expected a map of teams",
        "\"@acme/release\": [octocat]",
    ),
];

#[test]
fn the_files_of_a_pull_request_are_given_by_their_names_and_cut_where_githubs_list_is() {
    let renamed = "[{ filename: docs/a.md, previous_filename: src/a.md }]";
    let many = "{ filename: docs/a.md, times: 4000 }";
    for (asked, files, done) in [
        ("every: \"docs/**\"", "docs/a.md", "rerun"),
        ("every: \"docs/**\"", "[{ filename: docs/a.md, previous_filename: docs/b.md }]", "rerun"),
        ("every: \"docs/**\"", renamed, "nothing"),
        ("some: \"src/**\"", renamed, "rerun"),
        ("count: 1", renamed, "rerun"),
        ("count: 0", "[]", "rerun"),
        ("count: 4", "[README.md, { filename: docs/a.md, times: 3 }]", "rerun"),
        ("count: { at_most: 2999 }", "[{ filename: docs/a.md, times: 2999 }]", "rerun"),
        ("count: { at_most: 3000 }", "[{ filename: docs/a.md, times: 3000 }]", "unknown"),
        ("count: { at_least: 3000 }", many, "rerun"),
        ("count: { at_most: 3500 }", many, "unknown"),
        ("count: { at_most: 300 }", many, "nothing"),
        ("every: \"docs/**\"", many, "unknown"),
    ] {
        let expect = match done {
            "rerun" => "expect: [{ rule: x, action: rerun }]",
            "unknown" => "expect: nothing, unknown: x",
            _ => "expect: nothing",
        };
        let source = with_rule(&format!(
            "on: workflow_run.completed
    when: {{ run_attempt: 1, pull_request: {{ changed_files: {{ {asked} }} }} }}
    then: [rerun]
tests:
  - {{ name: y, given: {{ repository: acme/api, pull_request: {{ changed_files: {files} }} }}, {expect} }}
"
        ));
        let config = load(&source).unwrap_or_else(|problems| panic!("{problems}\n{source}")).config;
        let found = try_out(&config.ruleset, &config.examples[0], None).misses;
        assert_eq!(found, [""; 0], "{source}");
    }
}

#[test]
fn tests_that_cannot_be_meant_are_refused_with_place_and_remedy() {
    for (test, column, message, remedy) in NOT_MEANT {
        refused(&with_tests(&format!("{test}\n")), &[(14, *column, message, remedy)]);
    }
}

#[test]
fn expectations_that_no_rule_could_meet_are_refused_with_place_and_remedy() {
    let given = "given: { repository: acme/api, conclusion: failure }";
    for (expect, column, message, remedy) in [
        ("nothin", 13, "unknown word `nothin`", "`nothing`"),
        ("[{ rule: rety, action: rerun }]", 22, "there is no rule `rety`", "`retry`"),
        ("[{ rule: retry, action: rerrun }]", 37, "unknown word `rerrun`", "`rerun`"),
        ("[{ rule: retry, action: cancel }]", 37, "does not cancel", "`rerun`"),
        ("[{ rule: retry, action: rerun, scop: run }]", 44, "unknown key `scop`", "`scope`"),
        ("[{ rule: retry, action: rerun, comment: hi }]", 44, "`rerun` has no `comment`", "`delay`"),
        ("[{ rule: retry, action: rerun, scope: all }]", 51, "unknown word `all`", "`failed_jobs`"),
        ("[{ rule: retry, action: rerun, run: old }]", 49, "no run is called `old`", "`runs`"),
    ] {
        let test = format!("  - name: x\n    {given}\n    expect: {expect}\n");
        refused(&with_tests(&test), &[(16, column, message, remedy)]);
    }
    let twice = format!("  - {{ name: x, {given}, expect: nothing }}\n").repeat(2);
    refused(&with_tests(&twice), &[(15, 13, "a second test of this name", "line 14")]);
}

#[test]
fn a_test_holds_only_if_exactly_that_is_done() {
    let failed = "given: { repository: acme/api, conclusion: failure, run_attempt: 2 }\n    expect:";
    let rerun = "rule: retry, action: rerun";
    for (test, expected) in [
        (format!("{failed} [{{ {rerun} }}]"), ""),
        (format!("{failed} [{{ {rerun}, delay: 1m, scope: failed_jobs }}]"), ""),
        (format!("{failed} [{{ {rerun}, delay: 30s }}]"), "delay is 1m and not 30s"),
        (format!("{failed} [{{ {rerun}, times: 2 }}]"), "expected and not done"),
        (format!("{failed} nothing"), "done and not expected: retry → rerun"),
        (format!("{failed} [{{ {rerun} }}]\n    because: all conditions hold"), ""),
        (format!("{failed} [{{ {rerun} }}]\n    because: the moon"), "no rule says \"the moon\""),
        (format!("{failed} [{{ {rerun} }}]\n    unknown: retry"), "retry can tell"),
        ("given: { repository: acme/api }\n    expect: nothing".to_owned(), "retry cannot tell: conclusion"),
        ("given: { repository: acme/api }\n    expect: nothing\n    unknown: retry".to_owned(), ""),
        ("given: { repository: acme/api, conclusion: success }\n    expect: nothing\n    because: observed success".to_owned(), ""),
    ] {
        let found = misses(&test);
        match expected {
            "" => assert!(found.is_empty(), "{test}: {found:?}"),
            part => assert!(found.iter().any(|miss| miss.contains(part)), "{test}: {found:?}"),
        }
    }
}

#[test]
fn a_schedule_goes_over_the_given_runs_with_keep_like_in_production() {
    let given = "given:
      repository: acme/api
      workflow: CI
      conclusion: success
      runs: [{ name: new, age: 1d }, { name: old, age: 40d, times: 3 }, { name: other, workflow: Docs, age: 50d }]
    expect:";
    let purged = "rule: purge, action: delete_run";
    assert_eq!(misses(&format!("{given} [{{ {purged}, run: old, times: 2 }}]")), [""; 0]);
    assert_eq!(misses(&format!("{given} [{{ {purged}, times: 2 }}]")), [""; 0]);
    let found = misses(&format!("{given} [{{ {purged}, run: old, times: 3 }}]"));
    assert_eq!(found, ["expected and not done: purge → delete_run on old"]);
}

/// A value that is the case, what asks for it, and what else makes the word mean something.
fn sample(word: Word) -> (&'static str, &'static str, &'static str) {
    match (word, word.kind()) {
        (Word::Repository, _) => ("acme/api", "acme/*", ""),
        (Word::Status, _) => ("completed", "completed", ""),
        (Word::Conclusion, _) => ("failure", "failure", ""),
        (Word::Visibility, _) => ("private", "private", ""),
        (Word::WorkflowState, _) => ("active", "active", ""),
        (Word::NewerPending, _) => ("true", "true", "environment: x"),
        (Word::PendingFor, _) => ("2h", "{ above: 1h }", "environment: x"),
        (Word::Duration, _) => ("2h", "{ above: 1h }", "status: completed"),
        (Word::QueuedFor, _) => ("2h", "{ above: 1h }", "status: queued"),
        (Word::RunningFor, _) => ("2h", "{ above: 1h }", "status: in_progress"),
        (Word::DefaultBranch, _) => ("true", "true", "branch: x"),
        (_, Kind::Text { .. } | Kind::Lines) => ("x", "x", ""),
        (_, Kind::Number) => ("2", "2", ""),
        (_, Kind::Duration) => ("2h", "{ above: 1h }", ""),
        (_, Kind::Flag) => ("true", "true", ""),
    }
}

#[test]
fn every_word_of_conditions_can_be_given() {
    for word in Word::ALL {
        let (value, asked, beside) = sample(word);
        let trigger = if beside.starts_with("env") { "deployment.waiting" } else { "workflow_run.requested" };
        let repository = if word == Word::Repository { "" } else { "repository: acme/api," };
        let source = format!(
            "webhook: {{ secrets: [ {{ env: RUNWARDEN_WEBHOOK_SECRET }} ] }}\ngithub: {{ token: {{ env: GITHUB_TOKEN }} }}\n\
             rules:\n  - {{ name: x, on: {{ schedule: \"0 3 * * *\" }}, when: {{ repository: acme/api }}, then: [cancel] }}\n\
             tests:\n  - {{ name: x, given: {{ on: {trigger}, {repository} {word}: {value}, {beside} }}, expect: nothing }}\n"
        );
        let config = load(&source).unwrap_or_else(|problems| panic!("{problems}\n{source}")).config;
        let facts = config.examples[0].given.facts(None, &[]).remove(0).facts;
        let when = with_rule(&format!(
            "on: workflow_run.completed\n    when: {{ run_attempt: 1, any: [{{ {word}: {asked} }}, {{ run_attempt: 9 }}] }}\n    then: [rerun]"
        ));
        let judged = config.examples[0].given.now(None);
        let result = condition_of(&when).evaluate(&facts, judged);
        assert_eq!(result.satisfied, Truth::Yes, "{word}: {result:?}");
    }
}

/// The last condition of the only rule, whatever the file says of the rule as a whole.
fn condition_of(source: &str) -> Condition {
    let problems = |problems| panic!("{problems}\n{source}");
    let ruleset = load(source).unwrap_or_else(problems).config.ruleset;
    match &ruleset.rules[0].when {
        Condition::All(parts) => parts.last().unwrap().clone(),
        other => other.clone(),
    }
}
