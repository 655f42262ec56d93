//! Stories of ceilings: what has no room is held, visible with its next chance, and goes when time has made room.

use std::time::Duration;

use runwarden::simulator::{AttemptSpec, JobSpec, RunSpec};

use crate::story::Story;

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

fn rules(limits: &str, own: &str) -> String {
    format!(
        "{limits}
rules:
  - name: retry
    on: workflow_run.completed
    when: {{ conclusion: failure, run_attempt: {{ below: 4 }} }}
    then: [rerun]
    limits: {own}
"
    )
}

fn failing(branch: &str) -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(["failure", "success"])
}

async fn reruns(story: &Story, runs: &[u64]) -> Vec<u64> {
    runs.iter().map(|run| story.github.attempt_of(*run) - 1).collect()
}

#[tokio::test]
async fn what_a_rule_may_do_in_a_repository_in_an_hour_is_done_the_rest_is_held_and_goes_the_oldest_first() {
    let mut story = Story::begin(&rules("", "{ per_repository: 2/hour }")).await;
    story.github.auto_finish(true);
    let mut runs = Vec::new();
    for branch in ["a", "b", "c", "d"] {
        runs.push(story.github.run_to_end(failing(branch)));
        story.pass(10 * MINUTE).await;
    }
    assert_eq!(reruns(&story, &runs).await, [1, 1, 0, 0]);
    let held = story.actions(runs[2]).await;
    assert_eq!(
        held,
        ["retry rerun held: limits.per_repository: 2 of 2/hour used; next chance 2026-11-22T13:00:30Z"]
    );
    let behind = story.actions(runs[3]).await;
    assert_eq!(
        behind,
        [
            "retry rerun held: limits.per_repository: 2 of 2/hour used, 1 waiting before it; next chance 2026-11-22T13:10:30Z"
        ]
    );
    assert_eq!(story.pipeline.store.counts().await.unwrap().held, 2);
    story.pass(19 * MINUTE).await;
    assert_eq!(reruns(&story, &runs).await, [1, 1, 0, 0], "not before its time");
    story.pass(MINUTE).await;
    assert_eq!(reruns(&story, &runs).await, [1, 1, 1, 0], "the older one first");
    story.pass(10 * MINUTE).await;
    assert_eq!(reruns(&story, &runs).await, [1, 1, 1, 1]);
    assert_eq!(story.pipeline.store.counts().await.unwrap().held, 0);
    story.end().await;
}

#[tokio::test]
async fn a_held_action_is_looked_at_like_any_other_and_refused_when_a_person_was_faster() {
    let mut story = Story::begin(&rules("limits: { actions_total: 1/day }", "{ per_run: 3 }")).await;
    let first = story.github.run_to_end(failing("a"));
    story.settle().await;
    let second = story.github.run_to_end(failing("b"));
    story.settle().await;
    assert!(
        story.actions(second).await[0].starts_with("retry rerun held: limits.actions_total: 1 of 1/day used")
    );
    story.github.person_reruns(second, "octocat").unwrap();
    story.pass(25 * HOUR).await;
    assert_eq!((story.github.attempt_of(first), story.github.attempt_of(second)), (2, 2));
    let last = story.actions(second).await;
    assert!(last[0].contains("refused: attempt 1 was judged, the run is now on attempt 2"), "{last:?}");
    // What was refused is not spent.
    let third = story.github.run_to_end(failing("c"));
    story.settle().await;
    assert_eq!(story.github.attempt_of(third), 2);
    story.end().await;
}

#[tokio::test]
async fn ceilings_hold_for_all_rules_together_and_each_repository_has_its_own() {
    let two = "limits: { actions_per_repository: 1/day, reruns_per_run: 2 }
rules:
  - name: retry-main
    on: workflow_run.completed
    when: { branch: main, conclusion: failure }
    then: [rerun]
  - name: retry-others
    on: workflow_run.completed
    when: { conclusion: failure, run_attempt: { below: 9 } }
    then: [rerun]
";
    let mut story = Story::begin(two).await;
    story.github.auto_finish(true);
    story.github.repo("acme/web");
    story.github.workflow("acme/web", "ci.yml", "CI");
    let always = |repository: &str, branch: &str| {
        RunSpec::new(repository, "ci.yml").branch(branch).attempts(["failure"; 5])
    };
    let here = story.github.run_to_end(always("acme/api", "main"));
    let there = story.github.run_to_end(always("acme/web", "dev"));
    story.settle().await;
    assert_eq!(reruns(&story, &[here, there]).await, [1, 1]);
    let held = story.actions(here).await;
    assert!(
        held[2].starts_with("retry-main rerun held: limits.actions_per_repository: 1 of 1/day used"),
        "{held:?}"
    );
    for _ in 0..3 {
        story.pass(25 * HOUR).await;
    }
    assert_eq!(reruns(&story, &[here, there]).await, [2, 2]);
    let used_up = story.actions(here).await;
    assert!(
        used_up.contains(&"retry-main rerun limited: limits.reruns_per_run: 2 of 2 used".to_owned()),
        "{used_up:?}"
    );
    story.end().await;
}

#[tokio::test]
async fn a_run_with_too_many_failed_jobs_is_not_rerun_and_minutes_are_counted_by_the_jobs() {
    let limits = "limits: { failed_jobs: 2, runner_minutes: 3/day }";
    let mut story = Story::begin(&rules(limits, "{ per_run: 3 }")).await;
    story.github.auto_finish(true);
    let with = |failed: usize, branch: &str| {
        let jobs = (0..failed).map(|n| JobSpec::new(format!("job {n}"), "failure"));
        let jobs = jobs.chain([JobSpec::new("fine", "success")]);
        let attempts = [AttemptSpec::jobs(jobs), AttemptSpec::from("success")];
        RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(attempts)
    };
    let broken = story.github.run_to_end(with(3, "a"));
    story.settle().await;
    assert_eq!(
        story.actions(broken).await,
        ["retry rerun limited: limits.failed_jobs: 3 failed jobs, 2 at most"]
    );
    let (fits, waits) = (story.github.run_to_end(with(2, "b")), story.github.run_to_end(with(2, "c")));
    story.settle().await;
    assert_eq!(reruns(&story, &[broken, fits, waits]).await, [0, 1, 0]);
    let held = story.actions(waits).await;
    assert!(
        held[0]
            .starts_with("retry rerun held: limits.runner_minutes: 2 of 3/day used, it would take about 2"),
        "{held:?}"
    );
    story.pass(25 * HOUR).await;
    assert_eq!(reruns(&story, &[broken, fits, waits]).await, [0, 1, 1]);
    story.end().await;
}

#[tokio::test]
async fn held_actions_survive_a_restart_and_looser_ceilings_let_go_of_them_at_once() {
    let tight = rules("limits: { actions_total: 1/day }", "{ per_run: 1 }");
    let mut story = Story::begin(&tight).await;
    story.github.auto_finish(true);
    let runs = ["a", "b", "c"].map(|branch| story.github.run_to_end(failing(branch)));
    story.settle().await;
    assert_eq!(reruns(&story, &runs).await.iter().sum::<u64>(), 1);
    let mut story = story.restart(&tight).await;
    story.settle().await;
    assert_eq!(reruns(&story, &runs).await.iter().sum::<u64>(), 1, "nothing is forgotten");
    let mut story = story.restart(&tight.replace("1/day", "10/day")).await;
    story.settle().await;
    assert_eq!(reruns(&story, &runs).await, [1, 1, 1]);
    story.end().await;
}
