//! Stories of rules that read logs: the failed job's own log decides, and what cannot be read decides nothing.

use std::time::Duration;

use runwarden::{
    model::JobLog,
    simulator::{Answer, AttemptSpec, Authorization, Fault, JobSpec, RunSpec},
};

use crate::story::Story;

const MINUTE: Duration = Duration::from_secs(60);

const NETWORK: &str = r#"
rules:
  - name: rerun-network-flakes
    on: workflow_run.completed
    when:
      conclusion: failure
      run_attempt: { below: 3 }
      failed_jobs: { every: { log: ["connection reset by peer", "/^fatal: .* Could not resolve host: \\S+$/"] } }
    then:
      - rerun
"#;

const LOST: &str = r#"
rules:
  - name: rerun-lost-runners
    on: workflow_run.completed
    when:
      conclusion: failure
      run_attempt: { below: 3 }
      failed_jobs: { every: { log: { missing: true } } }
    then:
      - rerun
"#;

const RESET: &str =
    "fetching\n\u{1b}[31merror: read https://bot:s3cret@host/: connection reset by peer\u{1b}[0m\r\n";
const COMPILER: &str = "error[E0308]: mismatched types\n  expected `String`, found `u32`";

fn failed(name: &str, log: &str) -> JobSpec {
    JobSpec::new(name, "failure").log(log)
}

fn ci(jobs: Vec<JobSpec>) -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").attempts([AttemptSpec::jobs(jobs), AttemptSpec::from("success")])
}

/// The story of one such run under those rules, until nothing more happens at once.
async fn told(rules: &str, jobs: Vec<JobSpec>, faults: Vec<Fault>) -> (Story, u64) {
    let mut story = Story::begin(rules).await;
    story.github.auto_finish(true);
    for fault in faults {
        story.github.fault(fault);
    }
    let run = story.github.run_to_end(ci(jobs));
    story.settle().await;
    (story, run)
}

/// Requests for logs, at GitHub.
fn asked_for_logs(story: &Story) -> Vec<String> {
    let requests = story.requests().into_iter().filter(|line| line.ends_with("/logs"));
    requests.map(|line| line.rsplit("/actions/").next().unwrap().to_owned()).collect()
}

async fn log_of(story: &Story, run: u64, job: &str) -> JobLog {
    let history = story.history(run).await;
    let jobs = history[0].decisions[0].decision.facts.details.jobs.known().unwrap().clone();
    let job = jobs.into_iter().find(|of| of.name.as_deref() == Some(job)).unwrap();
    job.log.known().unwrap().clone()
}

async fn reason(story: &Story, run: u64) -> String {
    story.history(run).await[0].decisions[0].decision.verdicts[0].reason.clone()
}

#[tokio::test]
async fn a_network_error_in_the_failed_jobs_log_leads_to_a_rerun_and_stands_in_the_history() {
    let jobs = vec![failed("build", RESET), JobSpec::new("lint", "success")];
    let (story, run) = told(NETWORK, jobs, vec![]).await;
    assert_eq!(story.github.attempt_of(run), 2);
    assert_eq!(asked_for_logs(&story), [format!("runs/{run}/attempts/1/logs")]);
    let JobLog::Scanned { hits, complete, .. } = log_of(&story, run, "build").await else {
        panic!("searched");
    };
    assert!(complete);
    let lines: Vec<(u64, &str)> = hits.iter().map(|hit| (hit.number, hit.line.as_str())).collect();
    assert_eq!(lines, [(2, "error: read https://***@host/: connection reset by peer")]);
    let left: Vec<String> = std::fs::read_dir(story.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".log-"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "no log stays on the disk");
    story.end().await;
}

#[tokio::test]
async fn a_log_without_such_a_line_leads_to_nothing() {
    let (story, run) = told(NETWORK, vec![failed("build", COMPILER)], vec![]).await;
    assert_eq!(story.writes(), Vec::<String>::new());
    let reason = reason(&story, run).await;
    assert!(reason.contains("job build: log: ") && reason.ends_with("no such line"), "{reason}");
    story.end().await;
}

#[tokio::test]
async fn the_log_of_another_job_does_not_count() {
    for other in
        [JobSpec::new("lint", "success").log(RESET), failed("build / x", RESET), failed("buil", RESET)]
    {
        let (story, run) = told(NETWORK, vec![other, failed("build", COMPILER)], vec![]).await;
        assert_eq!(story.writes(), Vec::<String>::new(), "{:?}", log_of(&story, run, "build").await);
        story.end().await;
    }
}

#[tokio::test]
async fn the_logs_of_all_failed_jobs_come_from_one_archive() {
    let long = format!("test ({})", "windows, ".repeat(12));
    let jobs =
        vec![failed("a: b", RESET), failed(&long, RESET), failed("caller / inner", RESET).no_step_logs()];
    let (story, run) = told(NETWORK, jobs, vec![]).await;
    assert_eq!(story.github.attempt_of(run), 2);
    assert_eq!(asked_for_logs(&story), [format!("runs/{run}/attempts/1/logs")]);
    story.end().await;
}

#[tokio::test]
async fn jobs_that_the_archive_does_not_tell_apart_are_read_each_by_itself() {
    let (story, run) = told(NETWORK, vec![failed("a/b", RESET), failed("ab", COMPILER)], vec![]).await;
    assert_eq!(story.github.attempt_of(run), 1);
    let asked = asked_for_logs(&story);
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[1..].iter().all(|line| line.starts_with("jobs/")), "{asked:?}");
    story.end().await;
    let (story, run) = told(NETWORK, vec![failed("a/b", RESET), failed("ab", RESET)], vec![]).await;
    assert_eq!(story.github.attempt_of(run), 2);
    story.end().await;
}

#[tokio::test]
async fn logs_that_are_deleted_are_missing() {
    let gone = || Fault::on("GET", "/logs").always().answer(Answer::message(410, "Server Error"));
    let (story, run) = told(LOST, vec![failed("build", COMPILER)], vec![gone()]).await;
    assert_eq!(story.github.attempt_of(run), 2);
    assert_eq!(log_of(&story, run, "build").await, JobLog::Missing);
    story.end().await;
    let (story, run) = told(NETWORK, vec![failed("build", RESET)], vec![gone()]).await;
    assert_eq!(story.github.attempt_of(run), 1, "of a log that is gone no line is known");
    story.end().await;
}

#[tokio::test]
async fn that_a_job_has_no_log_is_evidence_once_it_would_have_come() {
    let jobs = vec![failed("build", COMPILER).no_log(), JobSpec::new("lint", "success")];
    let (mut story, run) = told(LOST, jobs, vec![]).await;
    assert_eq!(story.github.attempt_of(run), 1, "it may come yet");
    for _ in 0..4 {
        story.pass(Duration::from_secs(20)).await;
    }
    assert_eq!(story.github.attempt_of(run), 2);
    story.end().await;
}

#[tokio::test]
async fn a_log_that_comes_late_is_not_taken_for_a_missing_one() {
    let late = || Fault::on("GET", "/logs").times(4).answer(Answer::message(404, "Not Found"));
    let (mut story, run) = told(LOST, vec![failed("build", COMPILER)], vec![late()]).await;
    story.pass(MINUTE).await;
    story.pass(10 * MINUTE).await;
    assert_eq!(story.writes(), Vec::<String>::new());
    assert!(reason(&story, run).await.ends_with("observed a log"), "{}", reason(&story, run).await);
    story.end().await;
}

#[tokio::test]
async fn an_archive_that_is_cut_off_or_none_at_all_leaves_the_rule_unknown() {
    for body in [&b"PK\x03\x04 cut off"[..], b"<html>maintenance</html>", b""] {
        for rules in [NETWORK, LOST] {
            let broken = Fault::on("GET", "/blobs/runs/").always().answer(Answer::status(200).body(body));
            let (mut story, run) = told(rules, vec![failed("build", RESET)], vec![broken]).await;
            story.pass(10 * MINUTE).await;
            assert_eq!(story.writes(), Vec::<String>::new());
            let reason = reason(&story, run).await;
            assert!(reason.contains("the log archive is broken"), "{reason}");
            story.end().await;
        }
    }
}

#[tokio::test]
async fn a_refusal_leaves_the_rule_unknown_and_a_failing_storage_is_asked_again() {
    let refused = Fault::on("GET", "/attempts/1/logs").always().answer(Answer::forbidden());
    let (story, run) = told(LOST, vec![failed("build", RESET)], vec![refused]).await;
    assert_eq!(story.writes(), Vec::<String>::new());
    assert!(reason(&story, run).await.contains("403"), "{}", reason(&story, run).await);
    story.end().await;

    let failing = Fault::on("GET", "/blobs/").times(2).answer(Answer::status(503));
    let (mut story, run) = told(NETWORK, vec![failed("build", RESET)], vec![failing]).await;
    assert_eq!(story.github.attempt_of(run), 1);
    story.pass(MINUTE).await;
    story.pass(MINUTE).await;
    assert_eq!(story.github.attempt_of(run), 2);
    story.end().await;
}

#[tokio::test]
async fn a_large_log_is_read_to_its_end() {
    let noise =
        "a line like any other, of which there are many, and none of them says anything\n".repeat(60_000);
    let (story, run) = told(NETWORK, vec![failed("build", &format!("{noise}{RESET}"))], vec![]).await;
    assert_eq!(story.github.attempt_of(run), 2);
    let JobLog::Scanned { hits, .. } = log_of(&story, run, "build").await else {
        panic!("searched");
    };
    assert_eq!(hits[0].number, 60_002);
    story.end().await;
}

#[tokio::test]
async fn the_storage_gets_no_credentials() {
    let (story, run) = told(NETWORK, vec![failed("build", RESET)], vec![]).await;
    let requests = story.github.requests();
    let fetched: Vec<_> = requests.iter().filter(|request| request.path.contains("/blobs/")).collect();
    assert_eq!(fetched.len(), 1, "run {run}");
    assert!(fetched.iter().all(|request| request.authorization == Authorization::None));
    story.end().await;
}

#[tokio::test]
async fn a_job_whose_run_goes_on_is_read_by_its_own_log() {
    const STUCK: &str = r#"
rules:
  - name: cancel-when-a-secret-is-missing
    on: workflow_job.completed
    when:
      job: { conclusion: failure, log: "secret DEPLOY_KEY is not set" }
    then:
      - cancel
"#;
    let mut story = Story::begin(STUCK).await;
    let jobs = vec![failed("check", "secret DEPLOY_KEY is not set"), JobSpec::new("slow", "success")];
    let run = story.github.run(ci(jobs));
    assert!(story.github.finish_job(run, "check"));
    story.settle().await;
    let asked = asked_for_logs(&story);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("jobs/"), "{asked:?}");
    assert_eq!(story.writes(), [format!("POST /repos/acme/api/actions/runs/{run}/cancel")]);
    story.end().await;
}
