//! Configurations that load, and what they become.

use std::{path::Path, time::Duration};

use super::{folder, load, with_rule};
use crate::{
    config::{Credentials, Loaded, LogFormat, vocabulary},
    model::{Action, ActionKind, RerunScope, ReviewState, Signal, Via},
    rules::{Condition, Expectation, KeepPer, Mode, Trigger, Word},
};

const EXAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.yaml"));

const STORY: &str = r#"
server:
  listen: 127.0.0.1:8080
webhook:
  path: /webhooks/github
  secrets:
    - { env: RUNWARDEN_WEBHOOK_SECRET }
github:
  api_url: https://api.github.com
  app: { id: 12345, private_key: { file: app.pem } }     # or  token: { env: GITHUB_TOKEN }
  # ca_file: ca.pem                                      # an Enterprise Server's own authority
  write_interval: 1s
  reviewer: { token: { env: RUNWARDEN_REVIEWER_TOKEN } }
database:
  path: runwarden.db
mode: enforce
rules:
  - name: rerun-failed-jobs
    on: workflow_run.completed
    when: { repository: "acme/*", workflow: CI, conclusion: [failure, timed_out], run_attempt: { below: 3 } }
    then:
      - rerun: { scope: failed_jobs, delay: 1s }
  - name: approve-staging
    on: deployment.waiting
    when: { repository: "acme/*", environment: staging, branch: main }
    then:
      - approve_deployment: { comment: "approved by rule {{ rule }}" }
  - name: purge-old-runs
    on: { schedule: "* * * * *", zone: UTC }
    when: { repository: "acme/*", status: completed, age: { above: 30d } }
    keep: { newest: 5, per: [workflow, branch] }
    then:
      - delete_run: {}
    limits: { per_pass: 500 }
  - name: drop-old-logs
    on: { schedule: "* * * * *", zone: UTC }
    when: { repository: "acme/*", status: completed, age: { above: 14d } }
    then:
      - delete_logs: {}
"#;

fn clean(source: &str) -> Loaded {
    let loaded = load(source).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    loaded
}

#[test]
fn a_usual_file_becomes_what_it_says() {
    let config = clean(STORY).config;
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.webhook.path, "/webhooks/github");
    let secrets: Vec<&str> = config.webhook.secrets.iter().map(|secret| secret.expose()).collect();
    assert_eq!(secrets, ["a webhook's secret"], "without the line break at its end");
    assert_eq!(config.github.api_url, "https://api.github.com");
    assert_eq!(config.github.write_interval, Duration::from_secs(1));
    assert_eq!(config.github.timeout, Duration::from_secs(30));
    assert_eq!(config.database.path, folder().join("runwarden.db"));
    let Credentials::App { id, private_key } = &config.github.credentials else { panic!("not an App") };
    assert_eq!(*id, 12345);
    assert!(private_key.expose().starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    assert_eq!(config.ruleset.mode, Mode::Enforce);

    let rules = &config.ruleset.rules;
    let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["rerun-failed-jobs", "approve-staging", "purge-old-runs", "drop-old-logs"]);
    assert_eq!(rules[0].on, [Trigger::Signal(Signal::RunCompleted)]);
    let Action::Rerun(rerun) = &rules[0].then[0] else { panic!("not a re-run") };
    assert_eq!(
        (rerun.scope, rerun.delay, rerun.backoff),
        (RerunScope::FailedJobs, Duration::from_secs(1), 1.0)
    );
    let conclusion = rules[0].when.required(Word::Conclusion);
    assert_eq!(conclusion[0].to_string(), "failure or timed_out");
    assert!(rules[1].comment.is_some());
    assert_eq!(rules[2].schedule(), Some(("* * * * *", "UTC")));
    let keep = rules[2].keep.clone().unwrap();
    assert_eq!((keep.newest, keep.per), (5, vec![KeepPer::Workflow, KeepPer::Branch]));
    assert_eq!(rules[2].limits.per_pass, Some(500));
    let Expectation::Duration(age) = rules[3].when.required(Word::Age)[0] else { panic!("not a duration") };
    assert_eq!(age.above, Some(Duration::from_secs(14 * 86_400)));
}

#[test]
fn the_example_loads_without_a_warning_and_shows_every_key() {
    let rules = clean(EXAMPLE).config.ruleset.rules;
    for entry in vocabulary() {
        let name = entry.path.rsplit('.').next().unwrap_or_default();
        let shown = EXAMPLE.contains(&format!("{name}:")) || EXAMPLE.contains(&format!("- {name}"));
        let bound = entry.path.starts_with("bounds.") && EXAMPLE.contains(name);
        assert!(shown || bound, "config.example.yaml does not show {}", entry.path);
    }
    for signal in Signal::of_rules() {
        assert!(rules.iter().any(|rule| rule.on.contains(&Trigger::Signal(signal))), "{signal} is not shown");
    }
    for kind in ActionKind::ALL {
        assert!(rules.iter().any(|rule| rule.does(kind)), "{kind} is not shown");
    }
    for word in Word::ALL {
        let mut shown = false;
        rules.iter().for_each(|rule| rule.when.visit(true, &mut |test, _| shown |= test.word == word));
        assert!(shown, "{word} is not shown");
    }
    for variable in crate::rules::VARIABLES {
        assert!(EXAMPLE.contains(&format!("{{{{ {variable} }}}}")), "{variable} is not shown");
    }
}

#[test]
fn defaults_are_what_the_vocabulary_says() {
    let head = "webhook: { secrets: [ { env: RUNWARDEN_WEBHOOK_SECRET } ] }\n";
    let rule = |rerun: &str, approve: &str, mode: &str| {
        format!(
            "rules:\n- {{ name: a, on: workflow_run.completed, when: {{ run_attempt: 1 }}, then: [ {rerun} ]{mode} }}\n\
             - {{ name: b, on: deployment.waiting, when: {{ environment: x }}, then: [ {approve} ] }}\n\
             - {{ name: c, on: deployment.waiting, when: {{ environment: x }}, then: [ reject_deployment ] }}\n"
        )
    };
    let short = format!(
        "{head}github: {{ token: {{ env: GITHUB_TOKEN }} }}\n{}",
        rule("rerun", "approve_deployment", "")
    );
    let mut written = String::from(head);
    let default = |path: &str| {
        let entry = vocabulary().into_iter().find(|entry| entry.path == path);
        entry.and_then(|entry| entry.default).unwrap_or_else(|| panic!("{path} has no default"))
    };
    let written_keys = |section: &str, keys: &[&str]| {
        let keys: Vec<String> =
            keys.iter().map(|key| format!("{key}: {:?}", default(&format!("{section}.{key}")))).collect();
        keys.join(", ").replace("\"1\"", "1").replace("\"false\"", "false")
    };
    written += &format!("server: {{ {} }}\n", written_keys("server", &["listen"]));
    let github = written_keys("github", &["api_url", "write_interval", "timeout"]);
    written += &format!("github: {{ token: {{ env: GITHUB_TOKEN }}, {github} }}\n");
    written += &format!("database: {{ {} }}\n", written_keys("database", &["path"]));
    written +=
        &format!("log: {{ {} }}\nmode: {}\n", written_keys("log", &["format", "level"]), default("mode"));
    written = written.replace("} ] }\n", &format!("}} ], {} }}\n", written_keys("webhook", &["path"])));
    let rerun = written_keys(
        "rules[].then[].rerun",
        &["scope", "delay", "backoff", "jitter", "debug_logging", "redeploy"],
    );
    let approve = written_keys("rules[].then[].approve_deployment", &["comment"]);
    let mode = format!(", mode: {}", default("rules[].mode"));
    written +=
        &rule(&format!("rerun: {{ {rerun} }}"), &format!("approve_deployment: {{ {approve} }}"), &mode);
    // `backoff: 1` beside `delay: 0s` has nothing to multiply, which is a warning.
    let written = load(&written).unwrap_or_else(|problems| panic!("{problems}\n{written}"));
    assert_eq!(format!("{:?}", clean(&short).config), format!("{:?}", written.config));
}

#[test]
fn actions_may_be_bare_words() {
    let on_and_when = "on: workflow_run.completed\n    when: { run_attempt: { at_most: 2 } }\n    then: ";
    for then in ["[rerun]", "[rerun: {}]", "[rerun: ]", "\n      - rerun", "\n      - rerun:"] {
        let config = clean(&with_rule(&format!("{on_and_when}{then}"))).config;
        assert_eq!(config.ruleset.rules[0].then[0].kind(), ActionKind::Rerun, "{then}");
    }
}

#[test]
fn reviews_say_what_was_written() {
    let rule =
        "on: deployment.waiting\n    then:\n      - reject_deployment: { environments: prod, via: reviewer }";
    let config = clean(&with_rule(rule)).config;
    let Action::ReviewDeployments(review) = &config.ruleset.rules[0].then[0] else { panic!("not a review") };
    assert_eq!(review.state, ReviewState::Rejected);
    assert_eq!(review.environments, ["prod"]);
    assert_eq!(review.via, Some(Via::Reviewer));
    assert_eq!(review.comment, "rejected by runwarden rule {{ rule }}");
}

#[test]
fn conditions_nest() {
    let rule = "on: workflow_run.requested\n    when:\n      branch: on\n      any:\n        - { fork: true }\n        \
                - all: [ { event: /^pull/ }, { not: { actor: x } } ]\n    then: [cancel]";
    let config = clean(&with_rule(rule)).config;
    let Condition::All(parts) = &config.ruleset.rules[0].when else { panic!("not a map") };
    let Condition::Test(branch) = &parts[0] else { panic!("not a word") };
    assert_eq!(branch.expectation.to_string(), "on", "YAML 1.2: `on` is text");
    let Condition::Any(any) = &parts[1] else { panic!("not any") };
    assert_eq!(any.len(), 2);
    let Condition::All(second) = &any[1] else { panic!("not a map") };
    let Condition::All(all) = &second[0] else { panic!("not all") };
    let Condition::All(last) = &all[1] else { panic!("not a map") };
    assert!(matches!(&last[0], Condition::Not(_)));
}

#[test]
fn an_empty_section_sets_nothing_and_anchors_work() {
    let source = STORY.replace("server:\n  listen: 127.0.0.1:8080\n", "server:\nlog:\n");
    assert_eq!(clean(&source).config.server.listen.port(), 8080);
    let source = STORY
        .replace("workflow: CI", "workflow: &ci [CI, Build]")
        .replace("environment: staging, branch", "environment: staging, workflow: *ci, branch");
    assert_eq!(
        clean(&source).config.ruleset.rules[1].when.required(Word::Workflow)[0].to_string(),
        "CI or Build"
    );
}

#[test]
fn modes_and_log_words_are_text_to_yaml() {
    let source = STORY.replace("mode: enforce", "mode: off\nlog: { format: json, level: debug }");
    let config = clean(&source).config;
    assert_eq!(config.ruleset.mode, Mode::Off);
    assert_eq!((config.log.format, config.log.level.as_str()), (LogFormat::Json, "debug"));
}

#[test]
fn api_roots_are_taken_without_their_last_slash() {
    for (written, expected) in [
        ("https://api.github.com/", "https://api.github.com"),
        ("https://ghe.example.com/api/v3/", "https://ghe.example.com/api/v3"),
        ("https://GHE.example.com:8443/api/v3", "https://ghe.example.com:8443/api/v3"),
        ("http://127.0.0.1:3000/api/v3", "http://127.0.0.1:3000/api/v3"),
        ("http://[::1]:3000/api/v3", "http://[::1]:3000/api/v3"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com"),
    ] {
        assert_eq!(clean(&STORY.replace("https://api.github.com", written)).config.github.api_url, expected);
    }
}

#[test]
fn files_are_found_beside_the_configuration() {
    let source = STORY
        .replace("{ env: RUNWARDEN_WEBHOOK_SECRET }", "{ file: webhook-secret }")
        .replace("# ca_file", "ca_file");
    let config = clean(&source).config;
    assert_eq!(config.webhook.secrets[0].expose(), "from a file");
    assert_eq!(config.github.ca.unwrap().path, folder().join("ca.pem"));
    let missing = crate::config::load(Path::new("/nowhere/config.yaml"), &|_| None).unwrap_err();
    assert!(
        missing.to_string().contains("/nowhere/config.yaml: error: cannot read the configuration"),
        "{missing}"
    );
}

#[test]
fn a_private_key_in_a_variable_may_have_its_line_breaks_escaped() {
    let pem = std::fs::read_to_string(folder().join("app.pem")).unwrap().replace('\n', "\\n");
    let env = |name: &str| if name == "KEY" { Some(pem.clone()) } else { super::env(name) };
    let source = STORY.replace("{ file: app.pem }", "{ env: KEY }");
    let config = crate::config::compile(&source, "config.yaml", &folder(), &env).unwrap().config;
    let Credentials::App { private_key, .. } = config.github.credentials else { panic!("not an App") };
    assert!(private_key.expose().lines().count() > 10);
    assert_eq!(format!("{private_key:?}"), "Secret(…)");
}

#[test]
fn ceilings_are_read_and_bound_reruns_by_themselves() {
    let limits = "limits: { reruns_per_run: 3, actions_per_repository: 5/hour, actions_total: 10/6h, failed_jobs: 4, runner_minutes: 600/day }\n";
    let rule =
        with_rule("on: workflow_run.completed\n    then: [ rerun ]\n    limits: { per_repository: 7/week }");
    let loaded = load(&format!("{limits}{rule}")).unwrap_or_else(|problems| panic!("{problems}"));
    let ruleset = loaded.config.ruleset;
    let shown = |rate: Option<crate::model::Rate>| rate.map(|rate| rate.to_string()).unwrap_or_default();
    let ceilings = ruleset.ceilings;
    assert_eq!((ceilings.reruns_per_run, ceilings.failed_jobs), (Some(3), Some(4)));
    assert_eq!(
        [ceilings.actions_per_repository, ceilings.actions_total, ceilings.runner_minutes].map(shown),
        ["5/hour", "10/6h", "600/day"]
    );
    assert_eq!(shown(ruleset.rules[0].limits.per_repository), "7/week");
}
