//! Stories of rules that look inside a run: its jobs are read when they matter, and only then.

use std::time::Duration;

use runwarden::simulator::{Answer, AttemptSpec, Fault, JobSpec, RunSpec};

use crate::story::Story;

const BEFORE_THE_TESTS: &str = r#"
rules:
  - name: rerun-what-broke-before-the-tests
    on: workflow_run.completed
    when:
      branch: "!wip/**"
      conclusion: failure
      run_attempt: { below: 3 }
      failed_jobs:
        except: { name: "All checks" }
        count: { at_most: 2 }
        every: { failed_step: ["Install*", "Set up*"] }
    then:
      - rerun
"#;

fn failed(name: &str, step: &str) -> JobSpec {
    JobSpec::new(name, "failure").step(step, "failure")
}

fn ci(jobs: Vec<JobSpec>) -> RunSpec {
    let green = AttemptSpec::from("success");
    RunSpec::new("acme/api", "ci.yml").attempts([AttemptSpec::jobs(jobs), green])
}

fn jobs_read(story: &Story, run: u64) -> usize {
    let listing = format!("GET /repos/acme/api/actions/runs/{run}/attempts/1/jobs");
    story.requests().iter().filter(|request| request.starts_with(&listing)).count()
}

async fn reason(story: &Story, run: u64) -> String {
    story.history(run).await[0].decisions[0].decision.verdicts[0].reason.clone()
}

#[tokio::test]
async fn a_run_whose_every_failed_job_broke_before_the_tests_is_rerun() {
    let mut story = Story::begin(BEFORE_THE_TESTS).await;
    story.github.auto_finish(true);
    let jobs =
        vec![failed("linux", "Install tools"), failed("All checks", "Sum up"), JobSpec::new("x", "success")];
    let run = story.github.run_to_end(ci(jobs));
    story.settle().await;
    assert_eq!(story.github.attempt_of(run), 2);
    assert_eq!(jobs_read(&story, run), 1);
    let history = story.history(run).await;
    let decision = &history[0].decisions[0].decision;
    assert_eq!(decision.requests, 1, "the history says what the decision cost");
    assert_eq!(decision.facts.details.jobs.known().unwrap().len(), 3, "and on which jobs it was made");
    story.end().await;
}

#[tokio::test]
async fn one_job_that_failed_in_its_tests_keeps_the_run_from_being_rerun() {
    let mut story = Story::begin(BEFORE_THE_TESTS).await;
    let run = story.github.run_to_end(ci(vec![failed("linux", "Install tools"), failed("mac", "Run tests")]));
    story.settle().await;
    assert_eq!(story.github.attempt_of(run), 1);
    assert_eq!(
        reason(&story, run).await,
        "failed_jobs: every: 1 of 2: linux; job mac: failed_step: expected Install* or Set up*, observed Run tests"
    );
    story.end().await;
}

#[tokio::test]
async fn jobs_are_not_read_for_what_the_payload_settles() {
    let mut story = Story::begin(BEFORE_THE_TESTS).await;
    let run = story.github.run_to_end(ci(vec![failed("linux", "Install tools")]).branch("wip/x"));
    story.settle().await;
    assert_eq!(story.requests(), Vec::<String>::new());
    assert_eq!(reason(&story, run).await, "branch: expected !wip/**, observed wip/x");
    story.end().await;
}

#[tokio::test]
async fn more_jobs_than_fit_a_page_are_all_counted() {
    let rules = BEFORE_THE_TESTS.replace("count: { at_most: 2 }", "count: { is: 150 }");
    let mut story = Story::begin(&rules).await;
    story.github.auto_finish(true);
    let jobs = (0..150).map(|n| failed(&format!("job {n}"), "Install tools")).collect();
    let run = story.github.run_to_end(ci(jobs));
    story.settle().await;
    assert_eq!(jobs_read(&story, run), 2);
    assert_eq!(story.github.attempt_of(run), 2);
    story.end().await;
}

#[tokio::test]
async fn jobs_that_cannot_be_had_leave_the_rule_unknown_and_nothing_is_done() {
    let mut story = Story::begin(BEFORE_THE_TESTS).await;
    story
        .github
        .fault(Fault::on("GET", "/attempts/1/jobs").always().answer(Answer::message(404, "Not Found")));
    let run = story.github.run_to_end(ci(vec![failed("linux", "Install tools")]));
    story.settle().await;
    assert_eq!(story.writes(), Vec::<String>::new());
    let reason = reason(&story, run).await;
    assert!(reason.starts_with("failed_jobs: not known: "), "{reason}");
    assert!(reason.contains("404"), "{reason}");
    story.end().await;
}

#[tokio::test]
async fn a_schedule_reads_the_jobs_of_those_runs_only_that_all_else_leaves_open() {
    const HANGING: &str = r#"
rules:
  - name: cancel-what-hangs
    on: { schedule: "* * * * *" }
    when: { repository: "acme/*", status: in_progress, default_branch: true, running_for: { above: 4h } }
    then:
      - cancel
"#;
    let mut story = Story::begin(HANGING).await;
    let hanging = story.github.run(RunSpec::new("acme/api", "ci.yml").attempts(["success"]));
    let elsewhere = story.github.run(RunSpec::new("acme/api", "ci.yml").branch("dev").attempts(["success"]));
    story.settle().await;
    story.github.clear_requests();
    story.pass(Duration::from_secs(3_600)).await;
    assert_eq!(story.writes(), Vec::<String>::new());
    assert_eq!((jobs_read(&story, hanging), jobs_read(&story, elsewhere)), (1, 0));
    story.pass(Duration::from_secs(4 * 3_600)).await;
    assert_eq!(story.writes(), [format!("POST /repos/acme/api/actions/runs/{hanging}/cancel")]);
    story.end().await;
}

const LOST_RUNNERS: &str = r#"
rules:
  - name: rerun-lost-runners
    on: workflow_run.completed
    when:
      conclusion: failure
      run_attempt: { below: 3 }
      failed_jobs: { every: { annotation: ["lost communication with the server", "/received a shutdown signal\\.$/"] } }
    then:
      - rerun
"#;

fn noted(name: &str, message: &str) -> JobSpec {
    JobSpec::new(name, "failure").annotation("failure", message)
}

fn annotations_read(story: &Story) -> usize {
    story.requests().iter().filter(|request| request.contains("/annotations")).count()
}

#[tokio::test]
async fn a_run_is_rerun_whose_every_failed_job_lost_its_runner() {
    let mut story = Story::begin(LOST_RUNNERS).await;
    story.github.auto_finish(true);
    let lost = "The self-hosted runner lost communication with the server. Verify the machine is running.";
    let jobs = vec![
        noted("a", lost),
        noted("b", "The runner has received a shutdown signal."),
        JobSpec::new("c", "success").annotation("failure", "not asked for"),
    ];
    let run = story.github.run_to_end(ci(jobs));
    story.settle().await;
    assert_eq!(story.github.attempt_of(run), 2);
    assert_eq!(annotations_read(&story), 2);
    let history = story.history(run).await;
    let jobs = history[0].decisions[0].decision.facts.details.jobs.known().unwrap();
    let evidence = jobs[0].annotations.known().unwrap();
    assert_eq!(evidence[0].message.as_deref(), Some(lost), "what was read stands with the decision");
    story.end().await;
}

#[tokio::test]
async fn the_first_job_without_such_an_annotation_settles_it_and_no_other_is_asked_for() {
    let mut story = Story::begin(LOST_RUNNERS).await;
    let jobs = vec![
        noted("a", "Process completed with exit code 1."),
        noted("b", "The runner has received a shutdown signal."),
        noted("c", "The runner has received a shutdown signal."),
    ];
    let run = story.github.run_to_end(ci(jobs));
    story.settle().await;
    assert_eq!(story.github.attempt_of(run), 1);
    assert_eq!(annotations_read(&story), 1);
    story.end().await;
}

#[tokio::test]
async fn a_warning_is_no_failure_and_what_cannot_be_read_leads_to_no_act() {
    let mut story = Story::begin(LOST_RUNNERS).await;
    let warned = JobSpec::new("a", "failure").annotation("warning", "it lost communication with the server");
    let run = story.github.run_to_end(ci(vec![warned]));
    story.settle().await;
    assert_eq!(story.github.attempt_of(run), 1);
    let forbidden = Answer::message(403, "Resource not accessible by integration");
    story.github.fault(Fault::on("GET", "/annotations").always().answer(forbidden));
    let run = story.github.run_to_end(ci(vec![noted("a", "lost communication with the server")]));
    story.settle().await;
    assert_eq!(story.github.attempt_of(run), 1);
    let reason = reason(&story, run).await;
    assert!(reason.contains("job a: annotation: ") && reason.contains("Resource not accessible"), "{reason}");
    story.end().await;
}

#[tokio::test]
async fn the_one_job_that_matches_is_rerun_and_of_several_all_that_failed() {
    const MATCHING: &str = r#"
rules:
  - name: rerun-the-flaky-one
    on: workflow_run.completed
    when:
      conclusion: failure
      run_attempt: { below: 3 }
      failed_jobs: { some: { not: { failed_step: "*test*" } } }
    then:
      - rerun: { scope: matching_job }
"#;
    let mut story = Story::begin(MATCHING).await;
    story.github.auto_finish(true);
    let one = story.github.run_to_end(ci(vec![failed("a", "Install"), failed("b", "Run tests")]));
    let jobs = story.github.run_state(one).unwrap().jobs;
    let flaky = jobs.iter().find(|job| job.name == "a").unwrap().id;
    story.settle().await;
    assert_eq!(story.writes(), [format!("POST /repos/acme/api/actions/jobs/{flaky}/rerun")]);
    assert_eq!(story.github.attempt_of(one), 2);
    let two = story.github.run_to_end(ci(vec![failed("a", "Install"), failed("b", "Set up")]).branch("dev"));
    story.settle().await;
    assert_eq!(story.writes()[1..], [format!("POST /repos/acme/api/actions/runs/{two}/rerun-failed-jobs")]);
    story.end().await;
}
