//! Stories of ceilings: what has no room is held, visible with its next chance, and goes when time has made room.

use std::time::Duration;

use runwarden::simulator::{Answer, AttemptSpec, Fault, JobSpec, PullSpec, RunSpec};

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

const QUEUE: &str = r#"
rules:
  - name: approve-in-turn
    on: { schedule: "*/5 * * * *" }
    when: { repository: "acme/*", environment: test, running: { same: [workflow, branch], below: 3 } }
    then: [approve_deployment]
"#;

fn waiting(branch: &str) -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(["success"]).environments(["test"])
}

#[tokio::test]
async fn an_approval_is_a_queue_the_oldest_go_as_long_as_there_are_places() {
    let mut story = Story::begin(QUEUE).await;
    story.github.workflow("acme/api", "other.yml", "Other");
    story.github.run(RunSpec::new("acme/api", "ci.yml"));
    // Neither another workflow nor another branch takes a place.
    story.github.run(RunSpec::new("acme/api", "other.yml"));
    story.github.run(RunSpec::new("acme/api", "ci.yml").branch("dev"));
    let queue: Vec<u64> = (0..4).map(|_| story.github.run(waiting("main"))).collect();
    story.pass(5 * MINUTE).await;
    let approvals = |story: &Story| -> Vec<u64> {
        let approved =
            |run: &&u64| story.writes().iter().any(|line| line.contains(&format!("/{run}/pending")));
        queue.iter().filter(approved).copied().collect()
    };
    assert_eq!(approvals(&story), queue[..2]);
    let asked =
        |story: &Story, what: &str| story.requests().iter().filter(|request| request.contains(what)).count();
    assert_eq!(asked(&story, "status=in_progress"), 1, "asked for once a pass");
    story.pass(5 * MINUTE).await;
    assert_eq!(approvals(&story), queue[..2], "all three places are taken");
    story.github.finish(queue[0]);
    story.pass(5 * MINUTE).await;
    assert_eq!(approvals(&story), queue[..3]);
    story.end().await;
}

#[tokio::test]
async fn two_runs_that_begin_to_wait_at_once_do_not_both_take_the_last_place() {
    let rules =
        QUEUE.replace("{ schedule: \"*/5 * * * *\" }", "deployment.waiting").replace("below: 3", "below: 1");
    let mut story = Story::begin(&rules).await;
    let runs = [story.github.run(waiting("main")), story.github.run(waiting("main"))];
    story.settle().await;
    assert_eq!(story.writes().len(), 1, "{:?}", story.writes());
    let other = story.actions(runs[0]).await.len() + story.actions(runs[1]).await.len();
    assert_eq!(other, 1);
    story.end().await;
}

#[tokio::test]
async fn places_are_counted_by_the_base_of_the_pull_request() {
    let rules = QUEUE.replace("[workflow, branch]", "[workflow, base]").replace("below: 3", "below: 1");
    let mut story = Story::begin(&rules).await;
    story.github.open_pull_request(PullSpec::new("acme/api", 1, "one"));
    story.github.open_pull_request(PullSpec::new("acme/api", 2, "two").base("dev"));
    story.github.open_pull_request(PullSpec::new("acme/api", 3, "three"));
    let on_main = story.github.run(waiting("pull-request/1").event("push"));
    let on_dev = story.github.run(waiting("pull-request/2").event("push"));
    let after = story.github.run(waiting("three").event("pull_request"));
    story.pass(5 * MINUTE).await;
    let acted = |run: u64| story.writes().iter().any(|line| line.contains(&format!("/{run}/pending")));
    assert_eq!([on_main, on_dev, after].map(acted), [true, true, false]);
    story.end().await;
}

#[tokio::test]
async fn a_run_whose_base_cannot_be_told_is_not_approved_beside_another() {
    let rules = QUEUE.replace("[workflow, branch]", "[workflow, base]").replace("below: 3", "below: 1");
    let mut story = Story::begin(&rules).await;
    story.github.open_pull_request(PullSpec::new("acme/api", 1, "one"));
    story.github.open_pull_request(PullSpec::new("acme/api", 2, "two"));
    story.github.close_pull_request("acme/api", 1, "octocat");
    let under_way = story.github.run(waiting("two").event("pull_request"));
    let sha = "acb5820ced9479c074f688cc328bf03f341a511d";
    story.github.run(waiting("one").event("pull_request").sha(sha));
    story.pass(5 * MINUTE).await;
    let writes = story.writes();
    assert!(writes.len() == 1 && writes[0].contains(&format!("/{under_way}/pending")), "{writes:?}");
    story.end().await;
}

#[tokio::test]
async fn runs_under_way_that_cannot_be_listed_approve_nothing() {
    let mut story = Story::begin(QUEUE).await;
    let answer = Answer::message(403, "Resource not accessible by integration");
    story.github.fault(Fault::on("GET", "/actions/runs").skip(2).always().answer(answer));
    story.github.run(waiting("main"));
    story.pass(5 * MINUTE).await;
    assert_eq!(story.writes(), Vec::<String>::new());
    story.end().await;
}

#[tokio::test]
async fn what_has_been_done_to_the_run_is_counted() {
    let rules = r#"
rules:
  - name: retry
    on: workflow_run.completed
    when: { conclusion: failure, run_attempt: { below: 9 }, acted: { rule: retry, within: 1h, times: { below: 2 } } }
    then: [rerun]
  - name: give-up
    on: workflow_run.completed
    when: { conclusion: failure, acted: { rule: retry, times: 2 } }
    then: [delete_logs]
"#;
    let mut story = Story::begin(rules).await;
    story.github.auto_finish(true);
    let run = story.github.run_to_end(RunSpec::new("acme/api", "ci.yml").attempts(["failure"; 5]));
    story.settle().await;
    assert_eq!(story.github.attempt_of(run), 3);
    assert!(story.writes().last().unwrap().starts_with("DELETE"), "{:?}", story.writes());
    story.end().await;
}

#[tokio::test]
async fn only_so_many_runs_that_a_rule_has_let_go_are_under_way_the_others_follow_in_turn() {
    let rules = r#"
rules:
  - name: approve
    on: deployment.waiting
    when: { environment: test }
    then: [approve_deployment]
    limits: { running: 2 }
"#;
    let mut story = Story::begin(rules).await;
    // Runs that others set going take no place.
    story.github.run(RunSpec::new("acme/api", "ci.yml"));
    let queue: Vec<u64> = (0..4).map(|_| story.github.run(waiting("main"))).collect();
    story.settle().await;
    let approved = |story: &Story| -> Vec<u64> {
        let approved =
            |run: &&u64| story.writes().iter().any(|line| line.contains(&format!("/{run}/pending")));
        queue.iter().filter(approved).copied().collect()
    };
    assert_eq!(approved(&story).len(), 2);
    let held = story.pipeline.store.counts().await.unwrap().held;
    assert_eq!(held, 2);
    story.pass(3 * MINUTE).await;
    story.pass(3 * MINUTE).await;
    let first = approved(&story);
    assert_eq!(first.len(), 2);
    story.github.finish(first[0]);
    story.pass(5 * MINUTE).await;
    assert_eq!(approved(&story).len(), 3, "one place was free");
    let last = *queue.iter().find(|run| !approved(&story).contains(run)).unwrap();
    let waits = story.actions(last).await;
    assert!(
        waits[0].starts_with("approve approve_deployment held: limits.running: 2 of 2 under way: "),
        "{waits:?}"
    );
    // What waits for a place is let go of when its run ends meanwhile.
    story.github.person_cancels(last).unwrap();
    story.pass(5 * MINUTE).await;
    let ended = story.actions(last).await;
    assert!(ended[0].contains("refused: the run is completed"), "{ended:?}");
    story.end().await;
}

#[tokio::test]
async fn a_cancellation_by_force_does_not_overtake_one_that_is_held() {
    let rules = r#"
limits: { actions_total: 1/day }
rules:
  - name: stop
    on: workflow_run.in_progress
    then: [cancel: { force_after: 10m }]
"#;
    let mut story = Story::begin(rules).await;
    let first = story.github.run(RunSpec::new("acme/api", "ci.yml"));
    story.settle().await;
    let second = story.github.run(RunSpec::new("acme/api", "ci.yml").ignores_cancel());
    story.pass(11 * MINUTE).await;
    let cancelled =
        |story: &Story, run: u64| story.writes().iter().filter(|it| it.contains(&run.to_string())).count();
    assert_eq!((cancelled(&story, first), cancelled(&story, second)), (2, 0), "{:?}", story.writes());
    story.pass(24 * HOUR).await;
    assert_eq!(cancelled(&story, second), 1);
    story.pass(11 * MINUTE).await;
    assert_eq!(cancelled(&story, second), 2, "{:?}", story.writes());
    story.end().await;
}

#[tokio::test]
async fn of_runs_that_wait_the_overtaken_ones_are_rejected_once_they_have_waited_long_enough() {
    let rules = r#"
rules:
  - name: reject
    on: { schedule: "0 * * * *" }
    when: { repository: "acme/*", environment: test, newer_pending: true, pending_for: { above: 2h } }
    then: [reject_deployment]
"#;
    let mut story = Story::begin(rules).await;
    let old = story.github.run(waiting("main"));
    let elsewhere = story.github.run(waiting("dev"));
    let newest = story.github.run(waiting("main"));
    story.pass(HOUR).await;
    assert_eq!(story.writes(), Vec::<String>::new());
    story.pass(2 * HOUR).await;
    assert_eq!(story.writes(), [format!("POST /repos/acme/api/actions/runs/{old}/pending_deployments")]);
    assert!(story.history(newest).await.is_empty() && story.history(elsewhere).await.is_empty());
    story.end().await;
}

#[tokio::test]
async fn what_was_held_until_the_office_closed_is_not_approved_at_night() {
    let rules = r#"
limits: { actions_total: 1/10h }
rules:
  - name: approve
    on: deployment.waiting
    when: { environment: test, time: { hours: "08:00-18:00" } }
    then: [approve_deployment]
"#;
    let mut story = Story::begin(rules).await;
    let runs = [story.github.run(waiting("a")), story.github.run(waiting("b"))];
    story.settle().await;
    assert_eq!(story.writes().len(), 1);
    story.pass(11 * HOUR).await;
    assert_eq!(story.writes().len(), 1);
    let all = [story.actions(runs[0]).await, story.actions(runs[1]).await].concat();
    assert!(
        all.iter().any(|it| it.contains("refused: it was held, and does not hold any more: time: ")),
        "{all:?}"
    );
    story.end().await;
}

/// A small generator of numbers, the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[tokio::test]
async fn whatever_is_delivered_in_whatever_order_github_is_asked_for_no_more_reruns_than_allowed() {
    for seed in 1..=2 {
        let mut random = Random(seed);
        let tight =
            rules("limits: { reruns_per_run: 2, actions_total: 4/hour }", "{ per_repository: 3/hour }");
        let mut story = Story::begin(&tight).await;
        story.github.auto_finish(true);
        let mut asked: Vec<(jiff::Timestamp, String)> = Vec::new();
        for step in 0..60 {
            match random.below(6) {
                0..=2 => {
                    let branch = format!("b{}", random.below(1_000));
                    story.github.run_to_end(
                        RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(["failure"; 5]),
                    );
                }
                3 => {
                    let deliveries = story.github.deliveries();
                    for delivery in deliveries.iter().rev().take(8) {
                        story.github.redeliver(&delivery.guid);
                    }
                }
                _ => story.pass(Duration::from_secs(random.below(1_500))).await,
            }
            story.settle().await;
            let writes = story.writes();
            let now = story.github.now();
            asked.extend(writes.iter().skip(asked.len()).map(|line| (now, line.clone())));
            if step % 20 == 19 {
                story = story.restart(&tight).await;
            }
        }
        assert!(asked.len() > 5, "this tries nothing: {asked:?}");
        for (at, line) in &asked {
            let hour = jiff::SignedDuration::from_hours(1);
            let in_the_hour = asked.iter().filter(|(other, _)| *other <= *at && *other > *at - hour).count();
            assert!(in_the_hour <= 3, "sequence {seed}: {in_the_hour} in the hour before {at}");
            let of_the_run = asked.iter().filter(|(_, other)| other == line).count();
            assert!(of_the_run <= 2, "sequence {seed}: {of_the_run} times {line}");
        }
        story.end().await;
    }
}

#[tokio::test]
async fn a_bucket_of_bases_has_its_places_in_common() {
    let asked = "running: { same: workflow, base: [\"!main\", \"!dev\"], below: 2 }";
    let rules = QUEUE.replace("running: { same: [workflow, branch], below: 3 }", asked);
    let mut story = Story::begin(&rules).await;
    for (number, base) in [(1, "main"), (2, "release/1"), (3, "release/2"), (4, "next")] {
        story.github.open_pull_request(PullSpec::new("acme/api", number, format!("b{number}")).base(base));
    }
    let branch = |number: u64| format!("pull-request/{number}");
    story.github.run(RunSpec::new("acme/api", "ci.yml").branch(branch(1)));
    story.github.run(RunSpec::new("acme/api", "ci.yml").branch(branch(2)));
    let queue = [3, 4].map(|number| story.github.run(waiting(&branch(number))));
    story.pass(5 * MINUTE).await;
    let acted = |run: u64| story.writes().iter().any(|line| line.contains(&format!("/{run}/pending")));
    assert_eq!(queue.map(acted), [true, false]);
    story.end().await;
}
