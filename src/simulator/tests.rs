//! Stories over HTTP with a client of the tests' own.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::routing::post;
use http::HeaderMap;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

struct Got {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }
}

async fn try_call(method: &str, url: &str, token: Option<&str>, body: &Value) -> Option<Got> {
    let mut request = http::Request::builder().method(method).uri(url).header("user-agent", "tests");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = request.body(Body::from(body)).unwrap();
    let response = delivery::sender().request(request).await.ok()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.into_body().collect().await.ok()?.to_bytes();
    Some(Got { status, headers, body })
}

async fn call(sim: &Simulator, method: &str, path: &str) -> Got {
    call_as(sim, method, path, PLAIN_TOKEN, Value::Null).await
}

async fn call_as(sim: &Simulator, method: &str, path: &str, token: &str, body: Value) -> Got {
    try_call(method, &format!("{}{path}", sim.api_url()), Some(token), &body).await.unwrap()
}

/// A receiver of webhooks that answers 202; yields headers and bodies.
async fn receiver(sim: &Simulator, secret: &str) -> mpsc::UnboundedReceiver<(HeaderMap, Bytes)> {
    let (into, out) = mpsc::unbounded_channel();
    async fn take(
        State(into): State<mpsc::UnboundedSender<(HeaderMap, Bytes)>>,
        headers: HeaderMap,
        body: Bytes,
    ) -> http::StatusCode {
        into.send((headers, body)).unwrap();
        http::StatusCode::ACCEPTED
    }
    let app = axum::Router::new().route("/hook", post(take)).with_state(into);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    sim.deliver_to(format!("http://{}/hook", listener.local_addr().unwrap()), secret);
    tokio::spawn(async move { axum::serve(listener, app).await });
    out
}

fn told(sim: &Simulator) -> Vec<String> {
    sim.deliveries().iter().map(|delivery| format!("{}.{}", delivery.event, delivery.action)).collect()
}

#[test]
fn signature_is_that_of_github_s_documentation() {
    let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(sign("It's a Secret to Everybody", b"Hello, World!"), expected);
}

#[test]
fn checksum_and_globs_are_right() {
    assert_eq!(zip::crc32(b"123456789"), 0xCBF4_3926);
    assert!(glob::fits("*/runs/*/rerun", "/repos/a/b/actions/runs/7/rerun"));
    assert!(!glob::fits("*/runs/*/rerun", "/repos/a/b/actions/runs/7/rerun-failed-jobs"));
    assert!(glob::fits("/runs/7", "/repos/a/b/actions/runs/7/cancel"));
}

#[tokio::test]
async fn failed_run_is_rerun_to_success_and_webhooks_tell_of_it() {
    let sim = Simulator::start().await.unwrap();
    let mut hooks = receiver(&sim, "s3cret").await;
    sim.subscribe(["workflow_run"]);
    sim.auto_finish(true);
    let run = sim.run_to_end(RunSpec::new("acme/api", "ci.yml").attempts(["failure", "failure", "success"]));
    for attempt in [2, 3] {
        let got = call(&sim, "POST", &format!("/repos/acme/api/actions/runs/{run}/rerun-failed-jobs")).await;
        assert_eq!((got.status, sim.attempt_of(run)), (201, attempt));
    }
    tokio::time::timeout(LIMIT, sim.settle()).await.unwrap();
    assert_eq!(sim.run_state(run).unwrap().conclusion.as_deref(), Some("success"));
    let again = ["workflow_run.in_progress", "workflow_run.completed"];
    assert_eq!(told(&sim), [&["workflow_run.requested"], &again[..], &again, &again].concat());
    assert!(sim.deliveries().iter().all(|delivery| delivery.status == Some(202)));

    let (headers, body) = hooks.recv().await.unwrap();
    assert_eq!(headers["x-hub-signature-256"], sign("s3cret", &body).as_str());
    assert_eq!(headers["x-github-event"], "workflow_run");
    assert!((15_000..30_000).contains(&body.len()), "{} bytes", body.len());
    let first = call(&sim, "GET", &format!("/repos/acme/api/actions/runs/{run}/attempts/1")).await.json();
    assert_eq!((&first["conclusion"], &first["run_attempt"]), (&json!("failure"), &json!(1)));
    let guid = sim.deliveries()[0].guid.clone();
    assert!(sim.redeliver(&guid));
    tokio::time::timeout(LIMIT, sim.settle()).await.unwrap();
    let last = sim.deliveries().pop().unwrap();
    assert_eq!((last.guid, last.redelivery, last.status), (guid, true, Some(202)));
    assert_eq!(sim.writes().len(), 2);
    assert!(sim.unknown_routes().is_empty());
}

#[tokio::test]
async fn refusals_have_github_s_words() {
    let sim = Simulator::start().await.unwrap();
    let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    sim.set_now(now);
    let spec = RunSpec::new("acme/api", "ci.yml");
    let old = sim.past_run(spec.clone().created_at("2026-10-01T00:00:00Z".parse().unwrap()));
    let broken = sim.past_run(spec.clone().attempts(["startup_failure"]));
    let running = sim.run(spec.clone());
    let ghost = sim.past_run(spec.clone().ghost());
    let worn = sim.past_run(spec.attempts(["failure"]).at_attempt(51));
    for (run, act, status, words) in [
        (old, "rerun", 403, "Unable to retry this workflow run because it was created over a month ago"),
        (broken, "rerun", 403, "This workflow run cannot be retried"),
        (worn, "rerun", 403, "This workflow run cannot be retried"),
        (running, "rerun", 403, "This workflow is already running"),
        (old, "cancel", 409, "Cannot cancel a workflow run that is completed"),
        (ghost, "cancel", 409, "Cannot cancel a workflow run that has not been queued yet."),
    ] {
        let got = call(&sim, "POST", &format!("/repos/acme/api/actions/runs/{run}/{act}")).await;
        assert_eq!((got.status, got.json()["message"].as_str().unwrap()), (status, words));
    }
    let path = |run: u64| format!("/repos/acme/api/actions/runs/{run}");
    assert_eq!(call(&sim, "DELETE", &path(running)).await.status, 403);
    assert_eq!(call(&sim, "DELETE", &path(old)).await.status, 204);
    assert_eq!(call(&sim, "GET", &path(old)).await.status, 404);
    assert_eq!(call(&sim, "GET", "/nonsense").await.status, 404);
    assert_eq!(sim.unknown_routes().len(), 1);
    let bad = call_as(&sim, "GET", &path(running), "ghs_unknown", Value::Null).await;
    assert_eq!((bad.status, bad.json()["message"].as_str()), (401, Some("Bad credentials")));
}

#[tokio::test]
async fn partial_rerun_takes_failed_jobs_and_their_dependents() {
    let sim = Simulator::start().await.unwrap();
    let jobs = [
        JobSpec::new("lint", "success"),
        JobSpec::new("test", "failure"),
        JobSpec::new("ship", "skipped").needs("test"),
    ];
    let run = sim.run_to_end(RunSpec::new("acme/api", "ci.yml").attempt(AttemptSpec::jobs(jobs)));
    let path = format!("/repos/acme/api/actions/runs/{run}");
    assert_eq!(call(&sim, "POST", &format!("{path}/rerun-failed-jobs")).await.status, 201);
    let names = |got: Got| -> Vec<String> {
        got.json()["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(call(&sim, "GET", &format!("{path}/jobs")).await), ["test", "ship"]);
    assert_eq!(names(call(&sim, "GET", &format!("{path}/jobs?filter=all")).await).len(), 5);
    assert_eq!(sim.run_state(run).unwrap().status, "in_progress");
    assert!(sim.finish(run));
    assert_eq!(sim.run_state(run).unwrap().conclusion.as_deref(), Some("failure"));
}

#[tokio::test]
async fn filtered_lists_have_links_and_end_after_a_thousand() {
    let sim = Simulator::start().await.unwrap();
    let base: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    for minute in 0..1_010 {
        let branch = if minute < 1_005 { "main" } else { "dev" };
        let at = clock::shift(base, minute * 60);
        sim.past_run(RunSpec::new("acme/api", "ci.yml").branch(branch).created_at(at));
    }
    let path = "/repos/acme/api/actions/runs?branch=main&per_page=100";
    let first = call(&sim, "GET", path).await;
    assert_eq!(first.json()["total_count"], 1_005);
    let next = format!("{}{path}&page=2", sim.api_url());
    let last = format!("{}{path}&page=10", sim.api_url());
    assert_eq!(first.header("link"), format!("<{next}>; rel=\"next\", <{last}>; rel=\"last\""));
    let beyond = call(&sim, "GET", &format!("{path}&page=11")).await;
    assert!(beyond.json()["workflow_runs"].as_array().unwrap().is_empty());
    for (filter, count) in [
        ("created=%3E%3D2026-01-01T16:45:00Z", 5),
        ("created=%3C2026-01-01T00:02:00Z", 2),
        ("created=2026-01-01", 1_010),
        ("created=2026-01-01T00:01:00Z..2026-01-01T00:03:00Z", 3),
        ("status=failure", 0),
        ("branch=dev&status=completed", 5),
    ] {
        let got = call(&sim, "GET", &format!("/repos/acme/api/actions/workflows/ci.yml/runs?{filter}")).await;
        assert_eq!(got.json()["total_count"], count, "{filter}");
    }
}

#[tokio::test]
async fn gates_open_for_reviewers_only_and_rejection_fails_the_run() {
    let sim = Simulator::start().await.unwrap();
    sim.auto_finish(true);
    let spec = RunSpec::new("acme/api", "deploy.yml").environments(["staging", "production"]);
    let run = sim.run(spec.clone());
    let path = format!("/repos/acme/api/actions/runs/{run}/pending_deployments");
    let kinds = ["workflow_job.waiting", "deployment_review.requested"];
    assert!(kinds.iter().all(|kind| told(&sim).iter().filter(|event| event == kind).count() == 2));
    assert!(!told(&sim).contains(&"workflow_run.completed".to_owned()));

    let pending = call_as(&sim, "GET", &path, REVIEWER_TOKEN, Value::Null).await.json();
    assert_eq!(pending[0]["current_user_can_approve"], true);
    assert_eq!(call(&sim, "GET", &path).await.json()[0]["current_user_can_approve"], false);
    let ids: Vec<Value> =
        pending.as_array().unwrap().iter().map(|gate| gate["environment"]["id"].clone()).collect();
    let body = json!({ "environment_ids": ids, "state": "approved", "comment": "ok" });
    let refused = call_as(&sim, "POST", &path, PLAIN_TOKEN, body.clone()).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["errors"], "No pending deployment requests to approve or reject");
    let short = json!({ "environment_ids": ids, "state": "approved" });
    assert_eq!(call_as(&sim, "POST", &path, REVIEWER_TOKEN, short).await.status, 422);
    let done = call_as(&sim, "POST", &path, REVIEWER_TOKEN, body.clone()).await;
    assert_eq!((done.status, done.json().as_array().unwrap().len()), (200, 2));
    assert_eq!(sim.run_state(run).unwrap().conclusion.as_deref(), Some("success"));
    assert_eq!(call_as(&sim, "POST", &path, REVIEWER_TOKEN, body).await.status, 422);

    let other = sim.run(spec);
    sim.person_rejects(other, "production", "octocat").unwrap();
    assert_eq!(sim.run_state(other).unwrap().conclusion.as_deref(), Some("failure"));
    let approvals =
        call(&sim, "GET", &format!("/repos/acme/api/actions/runs/{other}/approvals")).await.json();
    assert_eq!(approvals[0]["state"], "rejected");
}

/// `{"alg":"RS256"}` and `{"iss":1,"iat":0,"exp":600}`.
const WEB_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjEsImlhdCI6MCwiZXhwIjo2MDB9.c2ln";

#[tokio::test]
async fn installation_tokens_live_an_hour_and_pass_protection_rules() {
    let sim = Simulator::start().await.unwrap();
    sim.set_now("2026-11-22T10:00:00Z".parse().unwrap());
    let run = sim.run(RunSpec::new("acme/api", "deploy.yml").gate(GateSpec::custom_rule("production")));
    sim.repo("other/place");
    let id = sim.installation("acme").unwrap();
    let minted =
        call_as(&sim, "POST", &format!("/app/installations/{id}/access_tokens"), WEB_TOKEN, json!({})).await;
    assert_eq!((minted.status, minted.json()["expires_at"].as_str()), (201, Some("2026-11-22T11:00:00Z")));
    let minted = minted.json();
    let token = minted["token"].as_str().unwrap();
    assert!(token.starts_with("ghs_") && token.len() > 500);
    let rule = format!("/repos/acme/api/actions/runs/{run}/deployment_protection_rule");
    let body = json!({ "environment_name": "production", "state": "approved", "comment": "fine" });
    assert_eq!(call_as(&sim, "POST", &rule, token, body.clone()).await.status, 204);
    let again = call_as(&sim, "POST", &rule, token, body).await;
    assert_eq!(again.json()["errors"], "Deployment protection rule has already been reviewed");
    assert_eq!(call_as(&sim, "GET", "/repos/other/place", token, Value::Null).await.status, 404);
    let mine = call_as(&sim, "GET", "/installation/repositories", token, Value::Null).await.json();
    assert_eq!(mine["total_count"], 1);
    sim.advance(Duration::from_secs(3_600));
    assert_eq!(call_as(&sim, "GET", "/repos/acme/api", token, Value::Null).await.status, 401);
    assert_eq!(sim.requests()[0].authorization, Authorization::Jwt);
}

#[tokio::test]
async fn logs_lie_elsewhere_for_a_minute_and_want_no_credential() {
    let sim = Simulator::start().await.unwrap();
    sim.set_now("2026-11-22T10:00:00Z".parse().unwrap());
    let job = JobSpec::new("test: all", "failure").log("No space left on device");
    let run = sim.run_to_end(RunSpec::new("acme/api", "ci.yml").attempt(AttemptSpec::jobs([job])));
    let path = format!("/repos/acme/api/actions/runs/{run}/logs");
    let redirect = call(&sim, "GET", &path).await;
    let url = redirect.header("location").to_owned();
    assert_eq!(redirect.status, 302);
    assert!(url.starts_with(&sim.blob_url()) && !url.starts_with(&sim.api_url()));
    let archive = try_call("GET", &url, None, &Value::Null).await.unwrap();
    let text = String::from_utf8_lossy(&archive.body).into_owned();
    assert!(
        text.starts_with("PK\u{3}\u{4}") && text.contains("0_test all.txt") && text.contains("No space left")
    );
    assert_eq!(try_call("GET", &url, Some(PLAIN_TOKEN), &Value::Null).await.unwrap().status, 400);
    sim.advance(Duration::from_secs(61));
    assert_eq!(try_call("GET", &url, None, &Value::Null).await.unwrap().status, 403);
    assert_eq!(call(&sim, "DELETE", &path).await.status, 204);
    let gone = call(&sim, "GET", &path).await;
    assert_eq!((gone.status, gone.json()["message"].as_str()), (410, Some("Server Error")));
}

#[tokio::test]
async fn faults_hold_drop_and_lie() {
    let sim = Simulator::start().await.unwrap();
    let run = sim.run_to_end(RunSpec::new("acme/api", "ci.yml").attempts(["failure"]));
    let path = format!("/repos/acme/api/actions/runs/{run}");

    let held = sim.fault(Fault::on("GET", "*/actions/runs/*").hold());
    let asking = tokio::spawn({
        let (sim, path) = (sim.clone(), path.clone());
        async move { call(&sim, "GET", &path).await.status }
    });
    tokio::time::timeout(LIMIT, sim.wait_for(|sim| sim.fault_hits(held) == 1)).await.unwrap();
    assert_eq!(sim.requests()[0].status, None);
    assert!(!asking.is_finished());
    sim.release(held);
    assert_eq!(tokio::time::timeout(LIMIT, asking).await.unwrap().unwrap(), 200);

    sim.fault(Fault::on("POST", "/rerun").after_effect().answer(Answer::bad_gateway()));
    assert_eq!(call(&sim, "POST", &format!("{path}/rerun")).await.status, 502);
    assert_eq!(sim.attempt_of(run), 2);
    sim.finish(run);

    sim.fault(Fault::on("POST", "/rerun").drop_connection());
    let url = format!("{}{path}/rerun", sim.api_url());
    assert!(try_call("POST", &url, Some(PLAIN_TOKEN), &Value::Null).await.is_none());
    assert_eq!(sim.attempt_of(run), 2);

    sim.fault(Fault::on("*", "/runs/").answer(Answer::secondary_rate_limit(403, Some(60))).times(1));
    let limited = call(&sim, "GET", &path).await;
    assert_eq!((limited.status, limited.header("retry-after")), (403, "60"));

    sim.rate_limit(1, clock::shift(sim.now(), 600));
    assert_eq!(call(&sim, "GET", &path).await.header("x-ratelimit-remaining"), "0");
    assert_eq!(call(&sim, "GET", &path).await.status, 403);
    sim.no_rate_limit();
    assert!(!call(&sim, "GET", &path).await.headers.contains_key("x-ratelimit-limit"));
}
