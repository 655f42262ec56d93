//! Rules that are well formed and nevertheless refused or warned of, and files that attack the reader.

use super::{load, with_rule};
use crate::config::{Problems, Severity};

fn messages(problems: &Problems, severity: Severity) -> Vec<String> {
    problems
        .iter()
        .filter(|problem| problem.severity == severity)
        .map(|problem| format!("{} {}", problem.line.unwrap_or_default(), problem.message))
        .collect()
}

fn app(source: &str) -> String {
    let app = "app: { id: 1, private_key: { file: app.pem } }, reviewer: { token: { env: GITHUB_TOKEN } }";
    source.replace("token: { env: GITHUB_TOKEN }", app)
}

/// A rule with an App, and what is said about it; nothing else may be said.
fn check(severity: Severity, on: &str, when: &str, then: &str, expected: &[&str]) {
    let source = app(&with_rule(&format!("on: {on}\n    when: {when}\n    then: {then}")));
    let problems = match load(&source) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    };
    let found = messages(&problems, severity);
    assert_eq!(found.len(), expected.len(), "{source}\n{problems}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "wanted {expected:?}\n{source}\n{problems}");
    }
    let other = if severity == Severity::Error { Severity::Warning } else { Severity::Error };
    assert!(messages(&problems, other).is_empty(), "{source}\n{problems}");
}

const DAILY: &str = "{ schedule: \"0 0 * * *\" }";

#[test]
fn a_rerun_needs_an_upper_bound() {
    let unbounded = ["7 `rerun` without an upper bound"];
    for (when, expected) in [
        ("{}", unbounded.as_slice()),
        ("{ run_attempt: { above: 1 } }", &unbounded),
        ("{ any: [ { run_attempt: 1 }, { branch: x } ] }", &unbounded),
        ("{ not: { run_attempt: { below: 3 } } }", &unbounded),
        ("{ any: [ { run_attempt: 1 } ] }", &[]),
        ("{ all: [ { run_attempt: { at_most: 3 } } ] }", &[]),
        (
            "{ run_attempt: { below: 3 }, age: { above: 30d } }",
            &["7 `rerun` can never be done: GitHub refuses it 30 days"],
        ),
    ] {
        check(Severity::Error, "workflow_run.completed", when, "[ rerun ]", expected);
    }
    check(Severity::Error, "workflow_run.completed", "{}", "[ rerun ]\n    limits: { per_run: 2 }", &[]);
    check(
        Severity::Error,
        "workflow_run.completed",
        "{}",
        "[ rerun ]\n    limits: { per_run: 0 }",
        &["8 0 is too small"],
    );
}

#[test]
fn triggers_and_conditions_must_meet() {
    for (on, when, expected) in [
        (
            "workflow_run.requested",
            "{ conclusion: failure }",
            "5 `workflow_run.requested` can never fulfil the rule's conditions: a run that has not ended",
        ),
        ("workflow_run.requested", "{ status: completed }", "not yet `completed`"),
        (
            "workflow_run.requested",
            "{ environment: x }",
            "only `deployment.waiting`, schedules, commands and pull requests bring",
        ),
        ("deployment.waiting", "{ conclusion: failure }", "has no conclusion"),
        (DAILY, "{ conclusion: failure, status: queued }", "contradicts"),
        (DAILY, "{ status: queued, all: [ { status: in_progress } ] }", "contradicts"),
    ] {
        let rule = with_rule(&format!("on: {on}\n    when: {when}\n    then: [cancel]"));
        let problems = load(&app(&rule)).unwrap_err();
        let found = messages(&problems, Severity::Error);
        assert!(found.iter().any(|found| found.contains(expected)), "{problems}");
    }
    check(
        Severity::Error,
        "workflow_run.completed",
        "{ status: queued, run_attempt: 1 }",
        "[rerun]",
        &["status is `completed`"],
    );
    check(
        Severity::Warning,
        "[workflow_run.requested, deployment.waiting]",
        "{ environment: x }",
        "[cancel]",
        &["5 `workflow_run.requested` can never fulfil"],
    );
    check(
        Severity::Error,
        "workflow_run.requested",
        "{ status: /^new_one$/, not: { conclusion: x } }",
        "[cancel]",
        &["unknown conclusion"],
    );
    check(
        Severity::Error,
        "workflow_run.requested",
        "{ status: /^new_one$/, not: { conclusion: success } }",
        "[cancel]",
        &[],
    );
}

#[test]
fn triggers_and_actions_must_meet() {
    for (on, then, expected) in [
        (
            "workflow_run.completed",
            "[cancel]",
            "`cancel` on `workflow_run.completed` can never be done: the run has ended",
        ),
        ("workflow_run.requested", "[delete_run]", "the run has not ended"),
        ("workflow_run.in_progress", "[delete_logs]", "the run has not ended"),
        ("deployment.waiting", "[rerun]\n    limits: { per_run: 1 }", "the run has not ended"),
        ("workflow_run.completed", "[approve_deployment: { environments: x }]", "no deployment waits then"),
        (
            DAILY,
            "[reject_deployment: { environments: x, via: protection_rule }]",
            "a custom protection rule answers when it is asked",
        ),
    ] {
        let when = if then.contains("delete") { "{ repository: a/b, age: { above: 1d } }" } else { "{}" };
        check(Severity::Error, on, when, then, &[expected]);
    }
    check(
        Severity::Error,
        DAILY,
        "{ status: completed }",
        "[approve_deployment: { environments: x }]",
        &["does not ask for runs that wait"],
    );
    check(Severity::Error, DAILY, "{ status: completed }", "[cancel]", &["asks for runs that have ended"]);
    check(Severity::Error, DAILY, "{ conclusion: success }", "[cancel]", &["asks for runs that have ended"]);
    let old = "repository: a/b, age: { above: 1d }";
    check(
        Severity::Error,
        DAILY,
        &format!("{{ status: queued, {old} }}"),
        "[delete_run]",
        &["have not ended"],
    );
    check(
        Severity::Warning,
        DAILY,
        &format!("{{ {old} }}"),
        "[delete_run]",
        &["also finds runs that have not ended"],
    );
    check(Severity::Warning, DAILY, &format!("{{ conclusion: success, {old} }}"), "[delete_run]", &[]);
}

#[test]
fn actions_of_one_rule_must_not_compete() {
    for (on, then, expected) in [
        ("workflow_run.completed", "[rerun, rerun]", "`rerun` competes with `rerun`"),
        (
            "deployment.waiting",
            "[approve_deployment, reject_deployment]",
            "`reject_deployment` competes with `approve_deployment`",
        ),
        ("workflow_run.completed", "[rerun, delete_run]", "`delete_run` leaves nothing"),
        ("workflow_run.completed", "[delete_run, delete_logs]", "`delete_run` leaves nothing"),
        (
            "workflow_run.completed",
            "[delete_run, archive_logs: { to: x }]",
            "`archive_logs` after what deletes them",
        ),
        (
            "workflow_run.completed",
            "[delete_logs, archive_logs: { to: x }]",
            "`archive_logs` after what deletes them",
        ),
    ] {
        let when = match on {
            "deployment.waiting" => "{ environment: x }",
            _ => "{ run_attempt: 1, repository: a/b, age: { above: 1d } }",
        };
        check(Severity::Error, on, when, then, &[expected]);
    }
    check(
        Severity::Error,
        "deployment.waiting",
        "{}",
        "[approve_deployment]",
        &["every environment approved"],
    );
    let old = "{ repository: a/b, age: { above: 1d } }";
    for then in ["[archive_logs: { to: x }, delete_run]", "[archive_logs: { to: x }, delete_logs]"] {
        check(Severity::Error, "workflow_run.completed", old, then, &[]);
    }
    check(Severity::Error, "workflow_run.completed", old, "[archive_logs]", &["7 `to` is missing"]);
    let running = ["7 `archive_logs` on `workflow_run.requested` can never be done"];
    check(Severity::Error, "workflow_run.requested", "{}", "[archive_logs: { to: x }]", &running);
    check(
        Severity::Error,
        "deployment.waiting",
        "{ any: [ { environment: x }, { branch: y } ] }",
        "[reject_deployment]",
        &["every environment rejected"],
    );
    check(
        Severity::Error,
        "deployment.waiting",
        "{}",
        "[approve_deployment: { environments: x }, cancel]",
        &[],
    );
}

#[test]
fn keep_and_per_pass_belong_to_schedules() {
    let when = "{ repository: a/b, status: completed }";
    let keep = "[delete_run]\n    keep: { newest: 5 }";
    check(
        Severity::Error,
        "workflow_run.completed",
        when,
        keep,
        &["8 `keep` compares the runs that a schedule finds"],
    );
    check(Severity::Error, &format!("[workflow_run.completed, {DAILY}]"), when, keep, &["8 `keep` compares"]);
    check(Severity::Error, DAILY, when, keep, &[]);
    check(Severity::Error, DAILY, when, "[delete_run]\n    keep: { newest: 0 }", &["8 0 is too small"]);
    check(
        Severity::Error,
        DAILY,
        when,
        "[delete_run]\n    keep: { per: repo }",
        &["8 `newest` is missing", "8 unknown word `repo`"],
    );
    let per_pass = "[rerun]\n    limits: { per_pass: 5, per_run: 1 }";
    check(
        Severity::Error,
        "workflow_run.completed",
        "{}",
        per_pass,
        &["8 `per_pass` bounds what a schedule does"],
    );
    check(Severity::Error, DAILY, "{ status: completed }", per_pass, &[]);
}

#[test]
fn deletion_without_bounds_is_warned_of() {
    check(
        Severity::Warning,
        DAILY,
        "{ status: completed }",
        "[delete_run]",
        &["6 `delete_run` in every repository", "7 `delete_run` without a least age"],
    );
    check(
        Severity::Warning,
        "workflow_run.completed",
        "{ age: { below: 1d } }",
        "[delete_logs]",
        &["without a least age"],
    );
}

#[test]
fn reviews_need_someone_to_give_them() {
    let rule = |via: &str| {
        with_rule(&format!(
            "on: deployment.waiting\n    when: {{ environment: x }}\n    then: [approve_deployment: {{ {via} }}]"
        ))
    };
    let bare_app = |source: String| app(&source).replace(", reviewer: { token: { env: GITHUB_TOKEN } }", "");
    let problems = load(&bare_app(rule("via: reviewer"))).unwrap_err();
    assert!(
        messages(&problems, Severity::Error)[0].contains("an App cannot be a required reviewer"),
        "{problems}"
    );
    let warnings = load(&bare_app(rule(""))).unwrap().warnings;
    assert!(messages(&warnings, Severity::Warning)[0].contains("without a reviewer"), "{warnings}");
    assert!(load(&bare_app(rule("via: protection_rule"))).unwrap().warnings.is_empty());
    assert!(load(&rule("via: reviewer")).unwrap().warnings.is_empty(), "a token reviews by itself");
}

#[test]
fn a_token_needs_repositories_by_name_for_a_schedule() {
    for (repository, fine) in [
        ("acme/api", true),
        ("[a/b, c/d]", true),
        ("\"acme/*\"", false),
        ("[a/b, \"c/*\"]", false),
        ("/a/", false),
    ] {
        let rule = format!("on: {DAILY}\n    when: {{ repository: {repository} }}\n    then: [cancel]");
        let result = load(&with_rule(&rule));
        assert_eq!(result.is_ok(), fine, "{repository}");
        if let Err(problems) = result {
            let expected = "6 with a token, a schedule needs repositories named without a glob";
            assert_eq!(messages(&problems, Severity::Error), [expected]);
        }
    }
}

#[test]
fn an_approval_of_runs_says_whose() {
    let anybody = "7 `approve_run` would let anybody's code run";
    for (people, expected) in [
        ("actor: octocat", None),
        ("triggering_actor: [octocat, \"*[bot]\"]", None),
        ("sender: /^acme-/", None),
        ("any: [ { actor: octocat }, { all: [ { sender: hubot } ] } ]", None),
        ("repository: acme/api", Some(anybody)),
        ("actor: \"*\"", Some(anybody)),
        ("actor: \"!mallory\"", Some(anybody)),
        ("actor: /./", Some(anybody)),
        ("any: [ { actor: octocat }, { branch: main } ]", Some(anybody)),
        ("not: { actor: mallory }", Some(anybody)),
    ] {
        let when = format!("{{ conclusion: action_required, {people} }}");
        for on in ["workflow_run.requested", "[workflow_run.requested, workflow_run.completed]", DAILY] {
            check(Severity::Error, on, &when, "[approve_run]", expected.as_slice());
        }
    }
    let other = ["7 `approve_run` in a rule that does not ask for runs that wait for approval"];
    check(Severity::Error, "workflow_run.requested", "{ actor: x }", "[approve_run]", &other);
    check(
        Severity::Error,
        "workflow_run.completed",
        "{ actor: x, conclusion: failure }",
        "[approve_run]",
        &other,
    );
    let when = "{ conclusion: action_required, actor: x }";
    let begun = "`approve_run` on `deployment.waiting` can never be done: the run has begun";
    let problems =
        load(&app(&with_rule(&format!("on: deployment.waiting\n    when: {when}\n    then: [approve_run]"))));
    assert!(problems.unwrap_err().to_string().contains(begun));
    let cancel = ["7 `cancel` on `workflow_run.requested` can never be done: the run has ended"];
    check(Severity::Error, "workflow_run.requested", when, "[cancel]", &cancel);
}

#[test]
fn an_enterprise_server_cannot_approve_runs() {
    let rule = with_rule(
        "on: workflow_run.requested\n    when: { conclusion: action_required, actor: x }\n    then: [approve_run]",
    );
    for (url, fine) in [
        ("https://api.github.com", true),
        ("https://api.acme.ghe.com", true),
        ("http://127.0.0.1:9/api/v3", true),
        ("https://ghe.example.com/api/v3", false),
        ("https://api.github.com.evil.example/api/v3", false),
    ] {
        let github = format!("github: {{ api_url: \"{url}\",");
        let result = load(&rule.replace("github: {", &github));
        assert_eq!(result.is_ok(), fine, "{url}");
        if let Err(problems) = result {
            assert!(problems.to_string().contains("not to Enterprise Server"), "{problems}");
        }
    }
}

#[test]
fn a_cancellation_by_force_leaves_time_to_end() {
    let when = "{ repository: acme/api }";
    check(Severity::Error, "workflow_run.in_progress", when, "[cancel: { force_after: 5m }]", &[]);
    let at_once = ["7 a run that is cancelled by force at once cannot clean up"];
    check(Severity::Error, "workflow_run.in_progress", when, "[cancel: { force_after: 0s }]", &at_once);
    check(
        Severity::Error,
        "workflow_run.in_progress",
        when,
        "[force_cancel]",
        &["7 unknown action `force_cancel`"],
    );
}

#[test]
fn files_that_attack_are_refused() {
    let mut aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        aliases += &format!("a{level}: &a{level} [{items}]\n");
    }
    let wide: String = (0..3_000).map(|key| format!("k{key}: 1\n")).collect();
    for (source, expected) in [
        ("[".repeat(200_000), "nested more than 48 levels deep"),
        ("- ".repeat(200_000), "nested more than 48 levels deep"),
        ("? ".repeat(200_000), "nested more than 48 levels deep"),
        ("{a: ".repeat(100_000), "nested more than 48 levels deep"),
        (aliases, "aliases repeat more than 10000 values"),
        ("a: &a [*a]".to_owned(), "recursive"),
        (wide, "more than 2000 keys"),
        ("- x\n".repeat(110_000), "more than 100000 values"),
        (format!("rules: [{}]", "3, ".repeat(40_000)), "expected a map, found the number 3"),
        (" ".repeat(2 << 20), "larger than 1048576 bytes"),
    ] {
        let problems = load(&source).unwrap_err();
        let start: String = source.chars().take(20).collect();
        let first = problems.iter().find(|problem| problem.message.contains(expected));
        assert!(
            first.is_some(),
            "{start}: {}",
            problems.iter().next().map(ToString::to_string).unwrap_or_default()
        );
        assert!(problems.len() <= 101, "{start}: {} problems", problems.len());
    }
}

#[test]
fn what_is_not_yaml_is_refused_with_its_place() {
    for (source, line, expected) in [
        ("", None, "the configuration is empty"),
        ("# nothing\n", None, "the configuration is empty"),
        ("null\n", None, "the configuration is empty"),
        ("- a\n", Some(1), "expected a map, found a list"),
        ("text\n", Some(1), "expected a map, found `text`"),
        ("a: 1\nb: [1, 2\n", Some(2), "unclosed bracket"),
        ("a: 1\nb: \"x\n", Some(2), "unclosed quote"),
        ("a: b: c\n", Some(1), "not YAML"),
        ("a: *nobody\n", Some(1), "unknown anchor"),
        ("a: 1\n---\nb: 2\n", Some(3), "a second YAML document"),
        ("a:\n\t- b\n", Some(2), "not YAML"),
    ] {
        let problems = load(source).unwrap_err();
        let first = problems.iter().find(|problem| problem.line.is_some() || line.is_none()).unwrap();
        assert_eq!(first.line, line, "{problems}");
        assert!(first.message.contains(expected), "{source:?}\n{problems}");
        assert!(first.remedy.is_some(), "{problems}");
    }
}

#[test]
fn a_file_that_is_not_utf8_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, b"a: 1\nb: \xff\n").unwrap();
    let problems = crate::config::load(&path, &|_| None).unwrap_err();
    assert!(problems.to_string().contains("not UTF-8, from line 2 on"), "{problems}");
}

#[test]
fn a_key_pasted_into_the_file_is_not_shown() {
    let source = "github:\n  app:\n    private_key: |\n    -----BEGIN RSA PRIVATE KEY-----\n    MIIEowIBAAKCAQEAolX2MsoxmD5NlLtWLs1CLXL7d5tyRFRqkc6P0PFvTkumKv3W\n";
    let text = load(source).unwrap_err().to_string();
    assert!(!text.contains("MIIEow"), "{text}");
}

#[test]
fn conditions_on_a_webhooks_job_are_refused_where_no_job_is_told_of() {
    let job = "{ job: { conclusion: failure } }";
    let rerun = "[rerun]\n    limits: { per_run: 1 }";
    for (on, when, then, told) in [
        ("workflow_run.completed", job, rerun, "`workflow_run.completed` is about no single one"),
        (
            "deployment.waiting",
            "{ not: { job: { name: a } } }",
            "[cancel]",
            "`deployment.waiting` is about no",
        ),
        (
            "[workflow_job.queued, workflow_run.requested]",
            job,
            "[cancel]",
            "`workflow_run.requested` is about",
        ),
        (
            "workflow_job.completed",
            "{ conclusion: failure }",
            rerun,
            "its run may go on, and has no conclusion",
        ),
        ("workflow_job.in_progress", job, rerun, "the run has not ended"),
        ("workflow_job.completed", job, "[delete_logs]\n    mode: observe", "the run has not ended"),
    ] {
        let source = app(&with_rule(&format!("on: {on}\n    when: {when}\n    then: {then}")));
        let problems = load(&source).unwrap_err();
        let found = messages(&problems, Severity::Error);
        assert!(found.len() == 1 && found[0].contains(told), "{source}\n{problems}");
    }
}
