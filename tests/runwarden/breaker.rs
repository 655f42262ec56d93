//! Stories of the breaker: while a workflow fails and fails its re-runs are held, one is let through to see, and when
//! it passes the others follow.

use std::time::Duration;

use runwarden::simulator::{AttemptSpec, JobSpec, RunSpec};
use runwarden::store::HistoryFilter;

use crate::story::Story;

const MINUTE: Duration = Duration::from_secs(60);

fn rules(breaker: &str) -> String {
    format!(
        "breaker: {breaker}
rules:
  - name: retry
    on: workflow_run.completed
    when: {{ branch: \"!quiet/**\", conclusion: failure, run_attempt: 1 }}
    then: [rerun]
"
    )
}

fn failing(branch: &str, then: &str) -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(["failure", then])
}

async fn told(story: &Story) -> Vec<String> {
    let all = HistoryFilter { limit: 1_000, ..HistoryFilter::default() };
    let entries = story.pipeline.store.history(&all).await.unwrap();
    let breakers = entries.into_iter().filter(|entry| entry.delivery.event == "breaker");
    let mut words: Vec<String> = breakers.filter_map(|entry| entry.delivery.reason).collect();
    words.reverse();
    words
}

fn attempts(story: &Story, runs: &[u64]) -> Vec<u64> {
    runs.iter().map(|run| story.github.attempt_of(*run)).collect()
}

#[tokio::test]
async fn a_breaker_opens_probes_stays_open_longer_and_closes() {
    let mut story = Story::begin(&rules("{ failing: \"50%\", of_last: 4, hold: 30m }")).await;
    story.github.auto_finish(true);
    let a = story.github.run_to_end(failing("a", "failure"));
    story.settle().await;
    assert_eq!(story.github.attempt_of(a), 2, "one failure is no storm; both its attempts count as one run");
    let b = story.github.run_to_end(failing("b", "failure"));
    story.settle().await;
    let c = story.github.run_to_end(failing("c", "success"));
    story.settle().await;
    assert_eq!(attempts(&story, &[b, c]), [1, 1]);
    assert_eq!(
        story.actions(b).await,
        [
            "retry rerun held: breaker: the breaker of workflow ci.yml of acme/api is open; next chance 2026-11-22T12:30:30Z"
        ]
    );
    assert_eq!(story.pipeline.store.counts().await.unwrap().breakers, 1);
    story.pass(30 * MINUTE).await;
    assert_eq!(attempts(&story, &[b, c]), [2, 1], "one probe, the oldest");
    // It failed: an hour now.
    story.pass(59 * MINUTE).await;
    assert_eq!(attempts(&story, &[b, c]), [2, 1]);
    story.pass(MINUTE).await;
    assert_eq!(attempts(&story, &[b, c]), [2, 2]);
    assert_eq!(story.pipeline.store.counts().await.unwrap().breakers, 0);
    let d = story.github.run_to_end(failing("d", "success"));
    story.settle().await;
    assert_eq!(story.github.attempt_of(d), 2, "what was before counts no more");
    let words = told(&story).await;
    let begins: Vec<String> = words
        .iter()
        .map(|line| {
            line.replace("the breaker of workflow ci.yml of acme/api ", "")
                .replace(&b.to_string(), "B")
                .replace(&c.to_string(), "C")
        })
        .collect();
    assert_eq!(
        begins,
        [
            "opens: 2 of the last 2 runs failed; re-runs are held until 2026-11-22T12:30:30Z",
            "lets the re-run of run B through",
            "opens: the re-run of run B failed as well; re-runs are held until 2026-11-22T13:30:30Z",
            "lets the re-run of run C through",
            "closes: the re-run of run C passed",
        ]
    );
    story.end().await;
}

#[tokio::test]
async fn runs_that_no_rule_matches_count_and_other_workflows_go_on() {
    let mut story = Story::begin(&rules("{ failing: 1, of_last: 3 }")).await;
    story.github.auto_finish(true);
    story.github.workflow("acme/api", "other.yml", "Other");
    for branch in ["quiet/a", "quiet/b"] {
        story.github.run_to_end(failing(branch, "success"));
    }
    let held = story.github.run_to_end(failing("c", "success"));
    let other =
        story.github.run_to_end(RunSpec::new("acme/api", "other.yml").attempts(["failure", "success"]));
    story.settle().await;
    assert_eq!(attempts(&story, &[held, other]), [1, 2]);
    // A restart forgets nothing, and without a breaker nothing is held.
    let mut story = story.restart(&rules("{ failing: 1, of_last: 3 }")).await;
    story.settle().await;
    assert_eq!(attempts(&story, &[held]), [1]);
    let without = rules("x").split_once('\n').unwrap().1.to_owned();
    let mut story = story.restart(&without).await;
    story.settle().await;
    assert_eq!(attempts(&story, &[held]), [2]);
    story.end().await;
}

#[tokio::test]
async fn reruns_that_keep_failing_open_it_and_duplicates_count_once() {
    let mut story = Story::begin(&rules("{ rerun_failures: 2 }")).await;
    story.github.auto_finish(true);
    let mut runs = Vec::new();
    for branch in ["a", "b", "c"] {
        runs.push(story.github.run_to_end(failing(branch, "failure")));
        story.settle().await;
        for delivery in story.github.deliveries() {
            story.github.redeliver(&delivery.guid);
        }
        story.settle().await;
    }
    assert_eq!(attempts(&story, &runs), [2, 2, 1]);
    assert_eq!(told(&story).await.len(), 1);
    story.end().await;
}

#[tokio::test]
async fn a_label_of_runners_has_its_own_breaker() {
    let breaker = "{ failing: 1, of_last: 2, per: [runner_label] }";
    let mut story = Story::begin(&rules(breaker)).await;
    story.github.auto_finish(true);
    let on = |branch: &str, label: &str| {
        let jobs = [JobSpec::new("build", "failure").labels([label])];
        RunSpec::new("acme/api", "ci.yml")
            .branch(branch)
            .attempts([AttemptSpec::jobs(jobs), AttemptSpec::from("success")])
    };
    for branch in ["quiet/a", "quiet/b"] {
        story.github.run_to_end(on(branch, "gpu"));
    }
    story.settle().await;
    let runs = [story.github.run_to_end(on("c", "gpu")), story.github.run_to_end(on("d", "cpu"))];
    story.settle().await;
    assert_eq!(attempts(&story, &runs), [1, 2]);
    assert!(
        told(&story).await[0]
            .starts_with("the breaker of runner label gpu of acme opens: 2 of the last 2 jobs")
    );
    story.end().await;
}
