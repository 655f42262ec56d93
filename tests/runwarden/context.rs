//! Stories about what stands around a run: its branch, its workflow, newer runs and commits.

use std::time::Duration;

use runwarden::model::Verdict;
use runwarden::simulator::{Answer, AttemptSpec, Fault, GateSpec, JobSpec, PullSpec, RunSpec};

use crate::story::Story;

const MINUTE: Duration = Duration::from_secs(60);
const NIGHT: Duration = Duration::from_secs(24 * 3_600);

const RETRY: &str = r#"
rules:
  - name: retry
    on: workflow_run.completed
    when: { conclusion: failure, run_attempt: { below: 3 } }
    then: [rerun: { delay: 1m }]
"#;

fn flaky() -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").attempts(["failure", "success"])
}

fn old(story: &Story, days: i64) -> jiff::Timestamp {
    story.github.now() - jiff::SignedDuration::from_hours(24 * days)
}

async fn only_reason(story: &Story, run: u64) -> String {
    story.actions(run).await.join("; ")
}

#[tokio::test]
async fn a_run_whose_branch_has_moved_on_meanwhile_is_not_rerun() {
    let mut story = Story::begin(RETRY).await;
    let run = story.github.run_to_end(flaky().branch("dev"));
    story.settle().await;
    let now = story.github.push("acme/api", "dev");
    story.pass(MINUTE).await;
    assert_eq!(story.writes(), Vec::<String>::new());
    let reason = only_reason(&story, run).await;
    let moved = format!("the run's commit is no longer the head of its branch: dev is now at {}", &now[..12]);
    assert!(reason.ends_with(&moved), "{reason}");
    story.end().await;
}

#[tokio::test]
async fn a_run_whose_branch_is_gone_is_not_rerun_and_a_tags_run_is() {
    let mut story = Story::begin(RETRY).await;
    story.github.tag("acme/api", "v1");
    story.github.auto_finish(true);
    let tagged = story.github.run_to_end(flaky().branch("v1"));
    let gone = story.github.run_to_end(flaky().branch("dev"));
    story.settle().await;
    story.github.delete_branch("acme/api", "dev");
    story.pass(MINUTE).await;
    assert_eq!((story.github.attempt_of(tagged), story.github.attempt_of(gone)), (2, 1));
    assert!(only_reason(&story, gone).await.ends_with("dev exists no more"));
    story.end().await;
}

#[tokio::test]
async fn the_head_of_an_open_pull_request_is_rerun_whatever_its_branch() {
    let mut story = Story::begin(RETRY).await;
    story.github.auto_finish(true);
    story.github.open_pull_request(PullSpec::new("acme/api", 7, "copy"));
    let commit = story.github.head_of_pull_request("acme/api", 7).unwrap();
    let run = story.github.run_to_end(flaky().branch("dev").sha(commit));
    story.github.push("acme/api", "dev");
    story.pass(MINUTE).await;
    assert_eq!(story.github.attempt_of(run), 2);
    story.end().await;
}

#[tokio::test]
async fn runs_of_a_schedule_are_rerun_although_the_branch_has_gone_on() {
    let mut story = Story::begin(RETRY).await;
    story.github.auto_finish(true);
    let nightly = story.github.run_to_end(flaky().event("schedule"));
    story.settle().await;
    story.github.push("acme/api", "main");
    story.pass(MINUTE).await;
    assert_eq!(story.github.attempt_of(nightly), 2);
    assert!(!story.requests().iter().any(|request| request.contains("/branches/")));
    story.end().await;
}

#[tokio::test]
async fn a_guard_that_is_named_does_not_hold() {
    let rules = RETRY.replace("delay: 1m", "delay: 1m, skip_guards: [newer_commit]");
    let mut story = Story::begin(&rules).await;
    story.github.auto_finish(true);
    let run = story.github.run_to_end(flaky().branch("dev"));
    story.settle().await;
    story.github.push("acme/api", "dev");
    story.pass(MINUTE).await;
    assert_eq!(story.github.attempt_of(run), 2);
    story.end().await;
}

#[tokio::test]
async fn where_the_branch_may_not_be_read_its_newest_runs_tell() {
    let mut story = Story::begin(RETRY).await;
    story.github.auto_finish(true);
    let forbidden = Answer::message(403, "Resource not accessible by integration");
    story.github.fault(Fault::on("GET", "/branches/").always().answer(forbidden));
    story.github.workflow("acme/api", "other.yml", "Other");
    let fine = story.github.run_to_end(flaky().branch("fine"));
    let behind = story.github.run_to_end(flaky().branch("dev"));
    story.settle().await;
    story.github.push("acme/api", "dev");
    let newer = story.github.run(RunSpec::new("acme/api", "other.yml").branch("dev"));
    story.pass(MINUTE).await;
    assert_eq!((story.github.attempt_of(fine), story.github.attempt_of(behind)), (2, 1));
    let reason = only_reason(&story, behind).await;
    assert!(reason.ends_with(&format!("run {newer} is of a newer one")), "{reason}");
    story.end().await;
}

#[tokio::test]
async fn a_forks_branch_is_asked_for_in_the_fork() {
    let rules = r#"
rules:
  - name: cancel-outdated
    on: workflow_run.in_progress
    when: { is_head: false }
    then: [cancel]
"#;
    let mut story = Story::begin(rules).await;
    story.github.repo("mallory/api");
    story.github.private("mallory/api", false);
    story.github.installed("mallory/api", false);
    let fork = || RunSpec::new("acme/api", "ci.yml").event("pull_request").fork("mallory/api").branch("fix");
    let current = story.github.run(fork());
    story.settle().await;
    assert_eq!(story.writes(), Vec::<String>::new());
    let outdated = story.github.run(fork().sha("b".repeat(40)));
    story.settle().await;
    assert_eq!(story.writes(), [format!("POST /repos/acme/api/actions/runs/{outdated}/cancel")]);
    assert!(story.github.requests().iter().any(|it| it.line() == "GET /repos/mallory/api/branches/fix"));
    // A private fork shows nothing: that is not known, and nothing is done.
    story.github.private("mallory/api", true);
    let hidden = story.github.run(fork().sha("c".repeat(40)));
    story.settle().await;
    assert_eq!(story.writes().len(), 1);
    let verdict = &story.history(hidden).await[0].decisions[0].decision.verdicts[0];
    assert!(verdict.reason.contains("observed not known: GitHub answered 404"), "{}", verdict.reason);
    let decided = &story.history(current).await[0].decisions[0].decision;
    assert_eq!(
        (decided.requests, decided.asked.as_slice()),
        (1, ["GET /repos/mallory/api/branches/fix".to_owned()].as_slice())
    );
    story.end().await;
}

#[tokio::test]
async fn runs_of_gone_branches_and_of_disabled_workflows_are_purged_and_each_is_asked_for_once() {
    let rules = r#"
rules:
  - name: purge
    on: { schedule: "0 2 * * *" }
    when:
      repository: "acme/*"
      status: completed
      age: { above: 7d }
      any: [{ branch_exists: false }, { workflow_state: "disabled_*" }]
    then: [delete_run]
"#;
    let mut story = Story::begin(rules).await;
    story.github.tag("acme/api", "v1");
    story.github.workflow("acme/api", "off.yml", "Off");
    let past = |file: &str, branch: &str| {
        story.github.past_run(RunSpec::new("acme/api", file).branch(branch).created_at(old(&story, 20)))
    };
    let kept = [past("ci.yml", "main"), past("ci.yml", "main"), past("ci.yml", "v1")];
    let gone = [past("ci.yml", "dev"), past("ci.yml", "dev"), past("off.yml", "main")];
    story.github.delete_branch("acme/api", "dev");
    story.github.workflow_becomes("acme/api", "off.yml", "disabled_manually");
    story.pass(NIGHT).await;
    let left = story.github.runs();
    assert!(
        kept.iter().all(|run| left.contains(run)) && !gone.iter().any(|run| left.contains(run)),
        "{left:?}"
    );
    let asked = |path: &str| story.github.requests().iter().filter(|it| it.line().contains(path)).count();
    assert_eq!((asked("/branches/dev"), asked("/branches/main"), asked("/branches/v1")), (1, 1, 1));
    assert_eq!(asked("/actions/workflows/"), 2);
    story.end().await;
}

#[tokio::test]
async fn a_workflow_that_github_does_not_know_any_more_is_deleted_and_one_of_two_runs_is_newer() {
    let rules = r#"
rules:
  - name: tidy
    on: { schedule: "0 2 * * *" }
    when: { repository: "acme/*", status: completed, any: [{ workflow_state: deleted }, { newer_run: true }] }
    then: [delete_logs]
"#;
    let mut story = Story::begin(rules).await;
    story.github.workflow("acme/api", "gone.yml", "Gone");
    let past = |file: &str| story.github.past_run(RunSpec::new("acme/api", file));
    let (superseded, newest, gone) = (past("ci.yml"), past("ci.yml"), past("gone.yml"));
    story.github.workflow_becomes("acme/api", "gone.yml", "gone");
    story.pass(NIGHT).await;
    let lost = |run: u64| story.github.run_state(run).unwrap().logs_deleted;
    assert_eq!((lost(superseded), lost(newest), lost(gone)), (true, false, true));
    story.end().await;
}

#[tokio::test]
async fn a_rule_for_tags_matches_pushes_of_tags_only() {
    let rules = r#"
rules:
  - name: cancel-tags
    on: workflow_run.in_progress
    when: { tag: "v*" }
    then: [cancel]
"#;
    let mut story = Story::begin(rules).await;
    story.github.tag("acme/api", "v1");
    let tagged = story.github.run(RunSpec::new("acme/api", "ci.yml").branch("v1"));
    let branch = story.github.run(RunSpec::new("acme/api", "ci.yml").branch("v2"));
    let pull = story.github.run(RunSpec::new("acme/api", "ci.yml").branch("v1").event("pull_request"));
    story.settle().await;
    assert_eq!(story.writes(), [format!("POST /repos/acme/api/actions/runs/{tagged}/cancel")]);
    assert_eq!(story.history(pull).await[0].decisions[0].decision.requests, 0);
    assert_eq!(story.history(branch).await[0].decisions[0].decision.requests, 1);
    story.end().await;
}

const ONCE_A_JOB_FAILED: &str = r#"
rules:
  - name: rerun-once-a-job-failed
    on: workflow_job.completed
    when: { job: { conclusion: failure } }
    then: [rerun: { delay: 5s }]
    limits: { per_run: 3 }
"#;

fn failing(jobs: &[&str]) -> RunSpec {
    let jobs = jobs.iter().map(|name| JobSpec::new(*name, "failure")).collect::<Vec<_>>();
    RunSpec::new("acme/api", "ci.yml").attempts([AttemptSpec::jobs(jobs)])
}

#[tokio::test]
async fn a_rerun_for_a_failed_job_waits_until_its_siblings_have_ended_and_uses_up_one_try() {
    let mut story = Story::begin(ONCE_A_JOB_FAILED).await;
    let run = story.github.run(failing(&["a", "b"]));
    assert!(story.github.finish_job(run, "a"));
    story.pass(MINUTE).await;
    for _ in 0..8 {
        story.pass(Duration::from_secs(3_600)).await;
    }
    assert_eq!(story.writes(), Vec::<String>::new(), "a run of eight hours is waited for");
    let actions = &story.history(run).await[0].decisions[0].actions;
    assert_eq!((actions[0].0.tries, actions[0].0.plan.state.as_str()), (0, "planned"));
    assert!(story.github.finish(run));
    story.pass(5 * MINUTE).await;
    assert_eq!(story.writes(), [format!("POST /repos/acme/api/actions/runs/{run}/rerun-failed-jobs")]);
    story.end().await;
}

#[tokio::test]
async fn several_failed_jobs_of_one_attempt_are_one_rerun_and_the_bound_counts_attempts() {
    let mut story = Story::begin(ONCE_A_JOB_FAILED).await;
    let run = story.github.run(failing(&["a", "b", "c"]));
    for attempt in 1..=4 {
        assert_eq!(story.github.attempt_of(run), attempt);
        assert!(story.github.finish(run));
        story.pass(MINUTE).await;
    }
    assert_eq!(story.github.attempt_of(run), 4, "three re-runs, however many jobs failed");
    assert_eq!(story.writes().len(), 3);
    assert!(only_reason(&story, run).await.contains("limits.per_run: 3 of 3 used"));
    story.end().await;
}

#[tokio::test]
async fn a_run_that_was_cancelled_after_its_job_failed_is_not_rerun() {
    let mut story = Story::begin(ONCE_A_JOB_FAILED).await;
    let run = story.github.run(failing(&["a", "b"]));
    assert!(story.github.finish_job(run, "a"));
    story.settle().await;
    story.github.person_cancels(run).unwrap();
    story.pass(MINUTE).await;
    assert_eq!(story.writes(), Vec::<String>::new());
    assert!(only_reason(&story, run).await.contains("the run has now concluded cancelled"));
    story.end().await;
}

#[tokio::test]
async fn a_job_that_waits_is_heard_by_both_words_and_judged_in_one_decision() {
    let rules = r#"
rules:
  - name: by-job
    on: workflow_job.waiting
    when: { environment: staging, job: { name: "deploy to *" } }
    then: [approve_deployment]
  - name: by-wait
    on: deployment.waiting
    when: { environment: staging }
    then: [approve_deployment]
  - name: other-jobs
    on: [workflow_job.queued, workflow_job.in_progress, workflow_job.completed]
    when: { job: { name: build, annotation: "lost communication" } }
    then: [cancel]
"#;
    let rules =
        rules.replace("workflow_job.in_progress, workflow_job.completed]", "workflow_job.in_progress]");
    let mut story = Story::begin(&rules).await;
    let spec = RunSpec::new("acme/api", "ci.yml").gate(GateSpec::reviewers("staging"));
    let run = story.github.run(spec);
    story.settle().await;
    let actions = story.actions(run).await;
    assert!(actions.contains(&"by-job approve_deployment done: approved staging".to_owned()), "{actions:?}");
    assert!(actions.iter().any(|it| it.starts_with("by-wait approve_deployment shadowed")), "{actions:?}");
    assert_eq!(story.writes().len(), 1);
    story.end().await;
}

#[tokio::test]
async fn what_is_noted_on_a_webhooks_job_is_fetched_for_that_job() {
    let rules = r#"
rules:
  - name: lost
    on: workflow_job.completed
    when: { job: { conclusion: failure, annotation: "lost communication" } }
    then: [rerun]
    limits: { per_run: 1 }
"#;
    let mut story = Story::begin(rules).await;
    let noted = |name: &str, words: &str| JobSpec::new(name, "failure").annotation("failure", words);
    let jobs = [noted("a", "exit code 1"), noted("b", "it lost communication with the server")];
    let run = story.github.run(RunSpec::new("acme/api", "ci.yml").attempts([AttemptSpec::jobs(jobs)]));
    assert!(story.github.finish_job(run, "a"));
    story.settle().await;
    assert_eq!(story.actions(run).await, Vec::<String>::new());
    assert!(story.github.finish_job(run, "b"));
    story.settle().await;
    assert_eq!(story.actions(run).await.len(), 1);
    assert!(story.github.finish(run));
    story.pass(MINUTE).await;
    assert_eq!(story.github.attempt_of(run), 2);
    story.end().await;
}

const LABELLED: &str = r#"
rules:
  - name: retry
    on: workflow_run.completed
    when:
      conclusion: failure
      run_attempt: { below: 3 }
      pull_request: { state: open, label: retry, author: mallory }
    then: [rerun]
"#;

fn of_fork() -> RunSpec {
    RunSpec::new("acme/api", "ci.yml")
        .event("pull_request")
        .fork("mallory/api")
        .branch("fix")
        .attempts(["failure", "success"])
}

#[tokio::test]
async fn a_forks_pull_request_is_found_by_its_head_and_judged_as_it_is_now() {
    let mut story = Story::begin(LABELLED).await;
    story.github.auto_finish(true);
    let pull = PullSpec::new("acme/api", 7, "fix").fork("mallory/api").author("mallory").label("retry");
    story.github.open_pull_request(pull);
    let commit = story.github.head_of_pull_request("acme/api", 7).unwrap();
    let labelled = story.github.run_to_end(of_fork().sha(commit.clone()));
    story.settle().await;
    assert_eq!(story.github.attempt_of(labelled), 2);
    assert_eq!(story.history(labelled).await.first().unwrap().decisions[0].decision.requests, 1);
    story.github.unlabel_pull_request("acme/api", 7, "retry", "octocat");
    let unlabelled = story.github.run_to_end(of_fork().sha(commit));
    let without = story.github.run_to_end(flaky().branch("dev"));
    story.settle().await;
    assert_eq!((story.github.attempt_of(unlabelled), story.github.attempt_of(without)), (1, 1));
    story.end().await;
}

#[tokio::test]
async fn pull_requests_that_may_not_be_read_are_unknown_and_nothing_is_done() {
    let rules = LABELLED.replace("state: open, label: retry, author: mallory", "exists: false");
    let mut story = Story::begin(&rules).await;
    story.github.lacks(["pull_requests"]);
    let run = story.github.run_to_end(flaky().branch("dev"));
    story.settle().await;
    assert_eq!(story.writes(), Vec::<String>::new());
    let verdict = story.history(run).await[0].decisions[0].decision.verdicts[0].clone();
    assert_eq!(verdict.verdict, Verdict::Unknown, "{}", verdict.reason);
    story.end().await;
}
