//! Payloads as GitHub sends them, and as nobody should.

use serde_json::{Value, json};

use super::{Glance, glance, read, read_pull};
use crate::model::{
    Conclusion, Gate, GitHubEvent, InstallationId, RepositoryFacts, RepositoryName, RunAttempt, RunId,
    RunSnapshot, Signal, Status, Timestamp, WorkflowId,
};

fn bytes(payload: &Value) -> Vec<u8> {
    serde_json::to_vec(payload).unwrap()
}

fn event(name: &str, payload: &Value) -> GitHubEvent {
    read(name, &bytes(payload)).unwrap().unwrap()
}

fn problem(name: &str, payload: &Value) -> String {
    read(name, &bytes(payload)).unwrap_err().to_string()
}

fn repository(name: &str) -> RepositoryName {
    RepositoryName::parse(name).unwrap()
}

/// A `workflow_run.completed`, with the fields that matter and some that do not.
fn workflow_run() -> Value {
    json!({
        "action": "completed",
        "workflow_run": {
            "id": 32_984_852_281_i64, "name": "Deploy #7 by octocat", "node_id": "WFR_x", "head_branch": "main",
            "head_sha": "acb5820ced9479c074f688cc328bf03f341a511d", "path": ".github/workflows/ci.yml@refs/heads/main",
            "run_number": 562, "event": "push", "display_title": "Deploy #7", "status": "completed",
            "conclusion": "failure", "workflow_id": 159_038, "check_suite_id": 42, "run_attempt": 2,
            "html_url": "https://github.com/acme/api/actions/runs/32984852281", "pull_requests": [],
            "created_at": "2026-01-22T19:33:08Z", "updated_at": "2026-01-22T19:40:00Z",
            "run_started_at": "2026-01-22T19:39:00Z",
            "actor": {"login": "octocat", "id": 1}, "triggering_actor": {"login": "hubot", "id": 2},
            "display_title": "Fix the build",
            "head_commit": {"id": "acb5820c", "message": "Fix the build\n\nIt was broken."},
            "head_repository": {"id": 9, "full_name": "someone/api"},
            "repository": {"id": 8, "full_name": "acme/api"}
        },
        "workflow": {"id": 159_038, "name": "CI", "path": ".github/workflows/ci.yml", "state": "active"},
        "repository": {"id": 8, "full_name": "acme/api", "private": true, "visibility": "internal", "archived": false, "default_branch": "main"},
        "sender": {"login": "hubot"},
        "installation": {"id": 5, "node_id": "x"}
    })
}

#[test]
fn a_completed_run_is_read_in_full() {
    let expected = RunSnapshot {
        id: RunId(32_984_852_281),
        attempt: Some(RunAttempt(2)),
        repository: repository("acme/api"),
        workflow: Some("CI".to_owned()),
        workflow_path: Some(".github/workflows/ci.yml".to_owned()),
        workflow_id: Some(WorkflowId(159_038)),
        event: Some("push".to_owned()),
        status: Some(Status::Completed),
        conclusion: Some(Conclusion::Failure),
        branch: Some("main".to_owned()),
        head_sha: Some("acb5820ced9479c074f688cc328bf03f341a511d".to_owned()),
        head_repository: Some(repository("someone/api")),
        actor: Some("octocat".to_owned()),
        triggering_actor: Some("hubot".to_owned()),
        run_number: Some(562),
        created_at: Timestamp::parse("2026-01-22T19:33:08Z"),
        updated_at: Timestamp::parse("2026-01-22T19:40:00Z"),
        run_started_at: Timestamp::parse("2026-01-22T19:39:00Z"),
        html_url: Some("https://github.com/acme/api/actions/runs/32984852281".to_owned()),
        title: Some("Fix the build".to_owned()),
        commit_message: Some("Fix the build\n\nIt was broken.".to_owned()),
        partial: false,
    };
    let event = event("workflow_run", &workflow_run());
    assert_eq!(event.run, expected);
    assert_eq!(event.signal, Signal::RunCompleted);
    let repository = RepositoryFacts {
        visibility: Some("internal".to_owned()),
        archived: Some(false),
        default_branch: Some("main".to_owned()),
    };
    assert_eq!(event.repository, Some(repository));
    assert_eq!(
        (event.gate, event.installation, event.sender.as_deref()),
        (None, Some(InstallationId(5)), Some("hubot"))
    );
}

#[test]
fn a_glance_sees_what_ingest_needs() {
    let seen = glance("workflow_run", &bytes(&workflow_run())).unwrap();
    let expected = Glance {
        action: Some("completed".to_owned()),
        installation: Some(InstallationId(5)),
        repository: Some(repository("acme/api")),
        run: Some(RunId(32_984_852_281)),
        attempt: Some(RunAttempt(2)),
        workflow_id: Some(WorkflowId(159_038)),
        branch: Some("main".to_owned()),
        status: Some(Status::Completed),
        run_number: Some(562),
        created_at: Timestamp::parse("2026-01-22T19:33:08Z"),
        job_status: None,
    };
    assert_eq!(seen, expected);
    let job = json!({"action": "queued", "workflow_job": {"run_id": 7, "run_attempt": 1, "head_branch": "b", "status": "waiting"}});
    let seen = glance("workflow_job", &bytes(&job)).unwrap();
    assert_eq!((seen.run, seen.job_status, seen.status), (Some(RunId(7)), Some(Status::Waiting), None));
    let other = glance("ping", br#"{"zen":"x"}"#).unwrap();
    assert_eq!(other, Glance::default());
}

#[test]
fn activities_become_signals() {
    for (action, signal) in [
        ("requested", Some(Signal::RunRequested)),
        ("in_progress", Some(Signal::RunInProgress)),
        ("completed", Some(Signal::RunCompleted)),
        ("rerequested", None),
    ] {
        let mut payload = workflow_run();
        payload["action"] = json!(action);
        assert_eq!(
            read("workflow_run", &bytes(&payload)).unwrap().map(|event| event.signal),
            signal,
            "{action}"
        );
    }
    for name in ["ping", "push", "installation", "", "workflow_dispatch"] {
        assert_eq!(read(name, b"not even JSON"), Ok(None), "{name}");
    }
}

#[test]
fn nulls_and_strangers_leave_the_rest_readable() {
    let mut payload = workflow_run();
    for (field, value) in [
        ("name", json!(null)),
        ("head_branch", json!(null)),
        ("head_repository", json!(null)),
        ("path", json!(7)),
        ("actor", json!([])),
        ("run_number", json!("562")),
        ("created_at", json!("yesterday")),
        ("conclusion", json!("exploded")),
        ("status", json!("levitating")),
        ("workflow_id", json!(1.5)),
    ] {
        payload["workflow_run"][field] = value;
    }
    payload["workflow"] = json!(null);
    payload["sender"] = json!(null);
    payload["installation"] = json!("5");
    let event = event("workflow_run", &payload);
    let run = &event.run;
    assert_eq!(run.status, Some(Status::Other("levitating".to_owned())));
    assert_eq!(run.conclusion, Some(Conclusion::Other("exploded".to_owned())));
    assert_eq!((&run.workflow, &run.branch, &run.actor), (&None, &None, &None));
    assert_eq!(
        (run.head_repository.as_ref(), run.run_number, run.created_at, run.workflow_id),
        (None, None, None, None)
    );
    assert_eq!(run.attempt, Some(RunAttempt(2)));
    assert_eq!((event.sender, event.installation), (None, None));
}

#[test]
fn a_run_without_its_attempt_is_partial() {
    let mut payload = workflow_run();
    payload["workflow_run"]["run_attempt"] = json!(0);
    let event = event("workflow_run", &payload);
    assert_eq!(event.run.attempt, None);
    assert!(event.run.partial);
}

#[test]
fn a_job_that_waits_is_a_deployment_that_waits() {
    let mut payload = json!({
        "action": "queued",
        "workflow_job": {"id": 1, "run_id": 77, "run_attempt": 1, "status": "waiting", "workflow_name": "Deploy",
            "head_branch": "main", "head_sha": "abc", "name": "deploy", "steps": []},
        "deployment": {"environment": "production", "ref": "main"},
        "repository": {"full_name": "acme/api"}, "sender": {"login": "octocat"}
    });
    let waiting = event("workflow_job", &payload);
    assert_eq!(waiting.signal, Signal::DeploymentWaiting);
    assert_eq!(
        waiting.gate,
        Some(Gate { environment: Some("production".to_owned()), protection_rule: false })
    );
    assert_eq!(
        (waiting.run.id, waiting.run.workflow.as_deref(), waiting.run.status),
        (RunId(77), Some("Deploy"), None)
    );
    assert!(waiting.run.partial);
    payload["deployment"] = json!(null);
    assert_eq!(event("workflow_job", &payload).gate.unwrap().environment, None);
    payload["workflow_job"]["status"] = json!("completed");
    payload["action"] = json!("waiting");
    assert_eq!(read("workflow_job", &bytes(&payload)), Ok(None), "the status decides");
    payload["workflow_job"]["status"] = json!(null);
    assert!(read("workflow_job", &bytes(&payload)).unwrap().is_some());
}

#[test]
fn a_review_names_its_run_in_several_ways() {
    let mut payload = json!({
        "action": "requested", "environment": "staging", "repository": {"full_name": "acme/api"},
        "workflow_run": {"id": 5, "run_attempt": 3, "status": "waiting", "head_branch": "main"},
        "workflow_job_run": {"id": 1, "environment": "staging",
            "html_url": "https://github.com/acme/api/actions/runs/6/job/1"}
    });
    let review = event("deployment_review", &payload);
    assert_eq!(
        (review.run.id, review.run.attempt, review.run.partial),
        (RunId(5), Some(RunAttempt(3)), true)
    );
    assert_eq!(review.gate, Some(Gate { environment: Some("staging".to_owned()), protection_rule: false }));
    payload["workflow_run"] = json!(null);
    payload["environment"] = json!(null);
    let review = event("deployment_review", &payload);
    assert_eq!((review.run.id, review.gate.unwrap().environment.as_deref()), (RunId(6), Some("staging")));
    assert_eq!(glance("deployment_review", &bytes(&payload)).unwrap().run, Some(RunId(6)));
    payload["workflow_job_run"] = json!({"run_id": 9});
    assert_eq!(event("deployment_review", &payload).run.id, RunId(9));
    payload["workflow_job_run"] = json!(null);
    assert_eq!(
        problem("deployment_review", &payload),
        "the payload names no run, neither in workflow_run nor in workflow_job_run"
    );
    payload["action"] = json!("approved");
    assert_eq!(read("deployment_review", &bytes(&payload)), Ok(None));
}

#[test]
fn a_protection_rules_request_is_read_from_its_callback() {
    let mut payload = json!({
        "action": "requested", "environment": "production", "event": "push",
        "deployment_callback_url": "https://ghe.example/api/v3/repos/acme/api/actions/runs/99/deployment_protection_rule",
        "deployment": {"ref": "refs/heads/release/1", "sha": "abc", "environment": "production"},
        "repository": {"full_name": "acme/api"}, "installation": {"id": 5}, "sender": {"login": "octocat"}
    });
    let asked = event("deployment_protection_rule", &payload);
    assert_eq!(asked.signal, Signal::DeploymentWaiting);
    assert_eq!(asked.gate, Some(Gate { environment: Some("production".to_owned()), protection_rule: true }));
    let run = &asked.run;
    assert_eq!(
        (run.id, run.branch.as_deref(), run.head_sha.as_deref()),
        (RunId(99), Some("release/1"), Some("abc"))
    );
    assert_eq!((run.event.as_deref(), run.partial), (Some("push"), true));
    for reference in ["refs/pull/7/merge", "acb5820ced9479c074f688cc328bf03f341a511d", ""] {
        payload["deployment"]["ref"] = json!(reference);
        assert_eq!(event("deployment_protection_rule", &payload).run.branch, None, "{reference}");
    }
    payload["deployment_callback_url"] = json!(null);
    assert_eq!(
        problem("deployment_protection_rule", &payload),
        "the payload's deployment_callback_url names no run"
    );
}

#[test]
fn what_is_indispensable_is_asked_for_in_words() {
    type Change = fn(&mut Value);
    let cases: &[(Change, &str)] = &[
        (|p| p["workflow_run"] = json!(null), "the payload has no workflow_run"),
        (|p| p["workflow_run"] = json!([1, 2]), "the payload has no workflow_run"),
        (|p| p["workflow_run"]["id"] = json!(null), "the payload's workflow_run has no id"),
        (|p| p["workflow_run"]["id"] = json!(-3), "the payload's workflow_run has no id"),
        (|p| p["action"] = json!(null), "the payload has no action"),
        (
            |p| {
                p["repository"]["full_name"] = json!("../..");
                p["workflow_run"]["repository"] = json!(null);
            },
            "the payload's repository \"../..\" is not of the form OWNER/NAME",
        ),
        (
            |p| {
                p["repository"] = json!(null);
                p["workflow_run"]["repository"] = json!(null);
            },
            "the payload's repository has no full_name",
        ),
    ];
    for (change, words) in cases {
        let mut payload = workflow_run();
        change(&mut payload);
        assert_eq!(problem("workflow_run", &payload), *words);
    }
    let mut payload = workflow_run();
    payload["repository"] = json!(null);
    assert_eq!(
        event("workflow_run", &payload).run.repository,
        repository("acme/api"),
        "the run names it too"
    );
}

#[test]
fn hostile_bodies_neither_panic_nor_overflow() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_object = format!("{}1{}", r#"{"workflow_run":"#.repeat(100_000), "}".repeat(100_000));
    let huge = "1180591620717411303424";
    let well_formed: Vec<String> = vec![
        "[]".into(), "null".into(), "7".into(), "\"x\"".into(), "{}".into(), "1e999".into(),
        deep(""), deep_object.clone(),
        format!(r#"{{"action":{},"workflow_run":{}}}"#, deep("1"), deep("{}")),
        format!(r#"{{"workflow_run":{{"id":{huge},"run_attempt":{huge},"actor":{}}}}}"#, deep("")),
        r#"{"workflow_run":1e999,"workflow_job":-1e999,"repository":1e999}"#.into(),
        r#"{"workflow_run":{"id":1e999,"run_number":-0.0,"created_at":99999999999999999999}}"#.into(),
        r#"{"workflow_run":{"id":1,"id":2},"workflow_run":{"id":3}}"#.into(),
        r#"{"workflow_run":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]}"#.into(),
        r#"{"workflow_run":{"id":1,"head_branch":"\u0000\ud800","created_at":"+999999-01-01T00:00:00Z"},"repository":{"full_name":"a/b"},"action":"completed"}"#.into(),
        r#"{"action":"requested","deployment_callback_url":"/actions/runs/99999999999999999999999","repository":{"full_name":"a/b"}}"#.into(),
        r#"{"":{"":[]}}"#.into(),
    ];
    let malformed: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"{}x".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{}\0".to_vec(),
        b"\0".to_vec(),
        b"{\"a\":\"\xff\"}".to_vec(),
        b"{\"a\":\"\x00\"}".to_vec(),
        b"{'a':1}".to_vec(),
        b"{\"a\":01}".to_vec(),
        b"NaN".to_vec(),
        "[".repeat(100_000).into_bytes(),
        r#"{"workflow_run":"#.repeat(100_000).into_bytes(),
        b"payload=%7B%7D".to_vec(),
    ];
    for name in ["workflow_run", "workflow_job", "deployment_review", "deployment_protection_rule", "ping"] {
        for body in &well_formed {
            let start: String = body.chars().take(80).collect();
            assert!(glance(name, body.as_bytes()).is_ok(), "{name} {start}");
            let _ = read(name, body.as_bytes());
        }
        for body in &malformed {
            assert!(
                glance(name, body).is_err(),
                "{name} {:?}",
                String::from_utf8_lossy(&body[..body.len().min(40)])
            );
            assert!(read(name, body).is_err() || name == "ping", "{name}");
        }
    }
}

#[test]
fn a_body_cut_anywhere_is_refused() {
    let body = bytes(&workflow_run());
    for end in 0..body.len() {
        assert!(glance("workflow_run", &body[..end]).is_err());
        assert!(read("workflow_run", &body[..end]).is_err());
    }
}

#[test]
fn what_happens_to_pull_requests_is_read_with_its_nulls_and_nothing_else_is() {
    let read = |event: &str, more: &str| {
        let body =
            format!(r#"{{"repository":{{"full_name":"acme/api"}},"sender":{{"login":"eve"}},{more}}}"#);
        read_pull(event, body.as_bytes())
    };
    const PULL: &str = r#""pull_request":{"number":7,"labels":[],"head":{"ref":"fix","sha":"abc","repo":null},"title":null}"#;
    let labelled = read("pull_request", &format!(r#""action":"labeled",{PULL}"#)).unwrap().unwrap();
    assert_eq!((labelled.signal.as_str(), labelled.number), ("pull_request.labeled", 7));
    assert_eq!(labelled.sender.as_deref(), Some("eve"));
    let pull = labelled.pull.unwrap();
    assert_eq!((pull.head_sha.as_deref(), pull.head_repository, pull.title), (Some("abc"), None, None));

    let review = r#""review":{"state":"APPROVED","user":null,"author_association":"MEMBER","body":null}"#;
    let reviewed = read("pull_request_review", &format!(r#""action":"submitted",{review},{PULL}"#));
    let said = reviewed.unwrap().unwrap().said.unwrap();
    assert_eq!((said.state.as_deref(), said.author, said.body), (Some("approved"), None, None));

    let comment = |issue: &str, body: &str| {
        read("issue_comment", &format!(r#""action":"created","issue":{issue},"comment":{{"body":"{body}"}}"#))
    };
    let of_pull = r#"{"number":7,"pull_request":{}}"#;
    assert_eq!(comment(of_pull, "/retry").unwrap().unwrap().number, 7);
    for (issue, body) in [
        (r#"{"number":7}"#, "/retry"),
        (r#"{"number":7,"pull_request":null}"#, "/retry"),
        (of_pull, "<!-- runwarden:retry -->\\nretried"),
    ] {
        assert_eq!(comment(issue, body), Ok(None), "{issue} {body}");
    }
    assert_eq!(read("pull_request", &format!(r#""action":"unheard_of",{PULL}"#)), Ok(None));
    assert_eq!(read("issue_comment", r#""action":"edited""#), Ok(None));
    for (event, more) in [
        ("pull_request", r#""action":"labeled""#),
        ("pull_request", r#""action":"labeled","pull_request":{"number":7}"#),
        ("issue_comment", r#""action":"created""#),
        ("issue_comment", r#""action":"created","issue":{"pull_request":{}}"#),
        ("pull_request", PULL),
    ] {
        assert!(read(event, more).is_err(), "{event} {more}");
    }
}
