//! Stories: what happens on GitHub, what the daemon makes of it, and what its history says.

use std::time::Duration;

use runwarden::{
    simulator::{Answer, Fault, GateSpec, RunSpec},
    store::{HistoryEntry, HistoryFilter},
};

use crate::story::{NOON, Story};

const RERUN: &str = r#"
rules:
  - name: rerun-failed-jobs
    on: workflow_run.completed
    when: { repository: "acme/*", workflow: CI, conclusion: [failure, timed_out], run_attempt: { below: 3 } }
    then:
      - rerun: { scope: failed_jobs, delay: 1s }
"#;

const APPROVE: &str = r#"
rules:
  - name: approve-staging
    on: deployment.waiting
    when: { repository: "acme/*", environment: staging, branch: main }
    then:
      - approve_deployment: { comment: "approved by rule {{ rule }}" }
"#;

const PURGE: &str = r#"
rules:
  - name: purge-old-runs
    on: { schedule: "* * * * *", zone: UTC }
    when: { repository: "acme/*", status: completed, age: { above: 30d } }
    keep: { newest: 5, per: [workflow, branch] }
    then:
      - delete_run: {}
    limits: { per_pass: 500 }
"#;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn ci() -> RunSpec {
    RunSpec::new("acme/api", "ci.yml")
}

/// `DELETE …/runs/7` and the like of the writes, by the end of their path.
fn ending(lines: &[String], end: &str) -> usize {
    lines.iter().filter(|line| line.ends_with(end)).count()
}

#[tokio::test]
async fn a_flaky_run_is_rerun_until_it_is_green_and_the_history_says_why() {
    let mut story = Story::begin(RERUN).await;
    story.github.auto_finish(true);
    let run = story.github.run_to_end(ci().attempts(["failure", "failure", "success"]));
    story.settle().await;
    assert_eq!(story.github.attempt_of(run), 1, "the delay has not passed");
    story.pass(SECOND).await;
    assert_eq!(story.github.attempt_of(run), 2);
    story.pass(SECOND).await;
    assert_eq!(story.github.attempt_of(run), 3);
    story.pass(MINUTE).await;
    assert_eq!(story.github.run_state(run).unwrap().conclusion.as_deref(), Some("success"));
    assert_eq!(
        story.actions(run).await,
        [
            "rerun-failed-jobs rerun done: asked GitHub to re-run the failed jobs",
            "rerun-failed-jobs rerun done: asked GitHub to re-run the failed jobs",
        ]
    );
    let history = story.history(run).await;
    let last = history.last().unwrap().decisions[0].decision.verdicts[0].clone();
    assert_eq!(last.reason, "conclusion: expected failure or timed_out, observed success");
    story.end().await;
}

#[tokio::test]
async fn a_real_failure_is_not_rerun_beyond_its_limit() {
    let mut story = Story::begin(RERUN).await;
    story.github.auto_finish(true);
    let run = story.github.run_to_end(ci().attempts(["failure"]));
    for _ in 0..10 {
        story.pass(MINUTE).await;
    }
    assert_eq!(story.github.attempt_of(run), 3);
    assert_eq!(ending(&story.writes(), "/rerun-failed-jobs"), 2);
    let history = story.history(run).await;
    assert_eq!(history.len(), 3);
    let last = &history.last().unwrap().decisions[0].decision.verdicts[0];
    assert_eq!(last.reason, "run_attempt: expected below 3, observed 3");
    story.end().await;
}

#[tokio::test]
async fn a_rerun_costs_two_requests_where_webhooks_told_the_rest_and_four_at_most() {
    let mut story = Story::begin(RERUN).await;
    // Seen from its beginning, jobs included: the record answers both guards.
    let seen = story.github.run_to_end(ci().attempts(["failure"]));
    story.settle().await;
    story.github.clear_requests();
    story.pass(SECOND).await;
    let prefix = format!("/repos/acme/api/actions/runs/{seen}");
    assert_eq!(story.requests(), [format!("GET {prefix}"), format!("POST {prefix}/rerun-failed-jobs")]);
    // After a restart the record has a gap: each guard asks once.
    let other = story.github.run(ci().branch("dev").attempts(["failure"]));
    story.settle().await;
    let mut story = story.restart(RERUN).await;
    story.github.finish(other);
    story.settle().await;
    story.github.clear_requests();
    story.pass(SECOND).await;
    let requests = story.requests();
    assert_eq!(requests.len(), 4, "{requests:?}");
    assert_eq!(story.github.attempt_of(other), 2);
    story.end().await;
}

#[tokio::test]
async fn what_a_person_reran_does_not_count_as_rerun_by_us() {
    const TWICE: &str = r#"
rules:
  - name: rerun-twice
    on: workflow_run.completed
    when: { conclusion: failure, reruns_by_us: { below: 2 } }
    then:
      - rerun
"#;
    let mut story = Story::begin(TWICE).await;
    let run = story.github.run_to_end(ci().attempts(["failure"]));
    story.settle().await;
    story.github.finish(run);
    story.settle().await;
    assert_eq!((story.github.attempt_of(run), ending(&story.writes(), "/rerun-failed-jobs")), (3, 2));
    story.github.finish(run);
    story.settle().await;
    assert_eq!(story.github.attempt_of(run), 3, "two are enough");
    let verdict = |entry: &HistoryEntry| entry.decisions[0].decision.verdicts[0].reason.clone();
    let history = story.history(run).await;
    assert_eq!(verdict(history.last().unwrap()), "reruns_by_us: expected below 2, observed 2");
    // A person's own re-runs do not use up the rule's.
    let other = story.github.run_to_end(ci().branch("dev").attempts(["success", "success", "failure"]));
    for _ in 0..2 {
        story.github.person_reruns(other, "octocat").unwrap();
        story.github.finish(other);
        story.settle().await;
    }
    assert_eq!(story.github.attempt_of(other), 4);
    story.end().await;
}

#[tokio::test]
async fn a_run_that_a_person_reran_meanwhile_is_left_alone() {
    let mut story = Story::begin(RERUN).await;
    let run = story.github.run_to_end(ci().attempts(["failure"]));
    story.settle().await;
    story.github.person_reruns(run, "octocat").unwrap();
    story.pass(SECOND).await;
    assert_eq!(story.github.attempt_of(run), 2);
    assert_eq!(ending(&story.writes(), "/rerun-failed-jobs"), 0);
    assert_eq!(
        story.actions(run).await,
        [
            "rerun-failed-jobs rerun refused: attempt 1 was judged, the run is now on attempt 2: someone re-ran it"
        ]
    );
    story.end().await;
}

#[tokio::test]
async fn a_run_with_a_newer_one_beside_it_is_not_rerun_whether_webhooks_told_of_it_or_not() {
    for told in [true, false] {
        let mut story = Story::begin(RERUN).await;
        let old = story.github.run_to_end(ci().attempts(["failure"]));
        story.settle().await;
        story.github.automatic_delivery(told);
        let new = story.github.run(ci());
        if !told {
            story = story.restart(RERUN).await;
        }
        story.pass(SECOND).await;
        assert_eq!(story.github.attempt_of(old), 1);
        assert_eq!(
            story.actions(old).await,
            [format!(
                "rerun-failed-jobs rerun refused: a newer run of the workflow and branch exists: run {new}"
            )]
        );
        story.end().await;
    }
}

#[tokio::test]
async fn a_deployment_that_a_person_rejected_is_not_rerun() {
    let mut story = Story::begin(RERUN).await;
    let run = story.github.run(ci().environments(["production"]));
    story.settle().await;
    story.github.person_rejects(run, "production", "octocat").unwrap();
    story.settle().await;
    story.pass(SECOND).await;
    assert_eq!(story.github.attempt_of(run), 1);
    assert_eq!(
        story.actions(run).await,
        ["rerun-failed-jobs rerun refused: octocat rejected the deployment to production"]
    );
    story.end().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_leads_to_a_look_and_not_to_a_second_rerun() {
    let mut story = Story::begin(RERUN).await;
    let run = story.github.run_to_end(ci().attempts(["failure"]));
    story.settle().await;
    story.github.fault(Fault::on("POST", "rerun-failed-jobs").after_effect().answer(Answer::bad_gateway()));
    story.pass(SECOND).await;
    assert_eq!(story.github.attempt_of(run), 2, "the request took effect");
    story.pass(MINUTE).await;
    assert_eq!(story.github.attempt_of(run), 2);
    assert_eq!(ending(&story.writes(), "/rerun-failed-jobs"), 1);
    let actions = story.actions(run).await;
    assert!(actions[0].starts_with("rerun-failed-jobs rerun done: attempt 2 exists"), "{actions:?}");
    story.end().await;
}

#[tokio::test]
async fn a_request_that_was_lost_before_it_took_effect_is_sent_again() {
    let mut story = Story::begin(RERUN).await;
    let run = story.github.run_to_end(ci().attempts(["failure"]));
    story.settle().await;
    story.github.fault(Fault::on("POST", "rerun-failed-jobs").answer(Answer::bad_gateway()));
    story.pass(SECOND).await;
    assert_eq!(story.github.attempt_of(run), 1);
    story.pass(MINUTE).await;
    assert_eq!(story.github.attempt_of(run), 2);
    story.end().await;
}

#[tokio::test]
async fn already_running_is_waited_out() {
    let mut story = Story::begin(RERUN).await;
    let run = story.github.run_to_end(ci().attempts(["failure"]));
    let already = Answer::message(403, "This workflow is already running");
    story.github.fault(Fault::on("POST", "rerun-failed-jobs").times(2).answer(already));
    story.pass(SECOND).await;
    assert_eq!(story.github.attempt_of(run), 1);
    story.pass(MINUTE).await;
    story.pass(MINUTE).await;
    assert_eq!(story.github.attempt_of(run), 2);
    assert_eq!(story.history(run).await[0].decisions[0].actions[0].1.len(), 3);
    story.end().await;
}

#[tokio::test]
async fn nothing_is_sent_while_a_limit_blocks() {
    let mut story = Story::begin(RERUN).await;
    let run = story.github.run_to_end(ci().attempts(["failure"]));
    story.settle().await;
    story
        .github
        .fault(Fault::on("POST", "rerun-failed-jobs").answer(Answer::secondary_rate_limit(403, Some(120))));
    story.pass(SECOND).await;
    story.github.clear_requests();
    story.pass(MINUTE).await;
    assert_eq!(story.requests(), Vec::<String>::new());
    story.pass(2 * MINUTE).await;
    assert_eq!(story.github.attempt_of(run), 2);
    story.end().await;
}

#[tokio::test]
async fn observing_records_what_would_be_done_and_does_nothing() {
    let mut story = Story::begin(&format!("mode: observe{RERUN}")).await;
    let run = story.github.run_to_end(ci().attempts(["failure"]));
    story.pass(MINUTE).await;
    assert_eq!(story.github.attempt_of(run), 1);
    assert_eq!(story.requests(), Vec::<String>::new());
    assert_eq!(
        story.actions(run).await,
        ["rerun-failed-jobs rerun observed: mode is observe: recorded, not done"]
    );
    story.end().await;
}

#[tokio::test]
async fn of_two_rules_that_want_the_same_the_first_acts() {
    let second = RERUN.replace("rules:\n", "").replace("rerun-failed-jobs", "rerun-again");
    let mut story = Story::begin(&format!("{RERUN}{second}")).await;
    let run = story.github.run_to_end(ci().attempts(["failure"]));
    story.pass(MINUTE).await;
    assert_eq!(story.github.attempt_of(run), 2);
    assert_eq!(
        story.actions(run).await,
        [
            "rerun-failed-jobs rerun done: asked GitHub to re-run the failed jobs",
            "rerun-again rerun shadowed: rule rerun-failed-jobs comes first",
        ]
    );
    story.end().await;
}

#[tokio::test]
async fn the_same_webhook_twice_is_judged_once() {
    let mut story = Story::begin(RERUN).await;
    let run = story.github.run_to_end(ci().attempts(["failure"]));
    story.settle().await;
    for delivery in story.github.deliveries() {
        assert!(story.github.redeliver(&delivery.guid));
    }
    story.pass(SECOND).await;
    assert_eq!(story.history(run).await.len(), 1);
    assert_eq!(ending(&story.writes(), "/rerun-failed-jobs"), 1);
    story.end().await;
}

#[tokio::test]
async fn staging_is_approved_and_production_is_left_alone() {
    let mut story = Story::begin(APPROVE).await;
    let run = story.github.run(ci().environments(["staging", "production"]));
    story.settle().await;
    assert_eq!(story.github.run_state(run).unwrap().waits_at, ["production"]);
    let writes: Vec<_> = story.github.writes();
    assert_eq!(writes.len(), 1, "{:?}", story.writes());
    let body: serde_json::Value = serde_json::from_str(&writes[0].body).unwrap();
    assert_eq!(body["state"], "approved");
    assert_eq!(body["comment"], "approved by rule approve-staging");
    assert_eq!(body["environment_ids"].as_array().unwrap().len(), 1);
    let requests = story.requests();
    assert!(requests.len() <= 3, "{requests:?}");
    story.end().await;
}

#[tokio::test]
async fn a_run_that_waits_at_one_environment_again_is_approved_again_and_a_late_signal_sends_nothing() {
    let mut story = Story::begin(APPROVE).await;
    let run = story.github.run(ci().environments(["staging"]));
    story.settle().await;
    assert_eq!(ending(&story.writes(), "/pending_deployments"), 1);
    let signal = |story: &Story| {
        let payload = story.github.payload("deployment_review", "requested", run);
        let mut payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        payload["environment"] = "staging".into();
        story.github.emit("deployment_review", &payload);
    };
    // A late signal about the wait that was answered: there is a look, and it finds nothing.
    story.pass(MINUTE).await;
    signal(&story);
    story.settle().await;
    assert_eq!(ending(&story.writes(), "/pending_deployments"), 1);
    assert!(
        story.actions(run).await[1].contains("done: staging was already approved"),
        "{:?}",
        story.actions(run).await
    );
    // A later job of the same attempt waits there again.
    let gate = r#"[{"environment":{"id":161088068,"name":"staging"},"wait_timer":0,"current_user_can_approve":true,"reviewers":[]}]"#;
    story
        .github
        .fault(Fault::on("GET", "/pending_deployments").always().answer(Answer::status(200).body(gate)));
    story.github.fault(Fault::on("POST", "/pending_deployments").answer(Answer::status(200).body("[]")));
    story.pass(MINUTE).await;
    signal(&story);
    story.settle().await;
    assert_eq!(ending(&story.writes(), "/pending_deployments"), 2);
    story.end().await;
}

#[tokio::test]
async fn without_a_reviewer_s_token_the_refusal_says_so() {
    let mut story = Story::begin_without_reviewer(APPROVE).await;
    let run = story.github.run(ci().environments(["staging"]));
    story.settle().await;
    assert_eq!(story.writes(), Vec::<String>::new());
    let actions = story.actions(run).await;
    assert!(actions[0].contains("no reviewer's token is configured"), "{actions:?}");
    story.end().await;
}

#[tokio::test]
async fn with_a_thousand_deletions_queued_a_rerun_leaves_at_once() {
    let rules = format!("{RERUN}{}", PURGE.replace("rules:\n", ""));
    let mut story = Story::begin(&rules).await;
    let old: jiff::Timestamp = "2026-09-01T00:00:00Z".parse().unwrap();
    for n in 0..1_010 {
        story.github.past_run(ci().branch("old").created_at(old + jiff::SignedDuration::from_mins(n)));
    }
    story.pass(MINUTE).await;
    story.pass(MINUTE).await;
    let deletions = |story: &Story| story.writes().iter().filter(|line| line.starts_with("DELETE")).count();
    let (before, planned) = (deletions(&story), story.github.runs().len());
    assert!(planned > 200, "{planned} runs are still there: nothing is queued");
    let run = story.github.run_to_end(ci().attempts(["failure"]));
    story.pass(SECOND).await;
    assert_eq!(story.github.attempt_of(run), 2);
    assert!(deletions(&story) < 500, "{before} before");
}

#[tokio::test]
async fn a_deployment_from_another_branch_waits_for_a_person() {
    let mut story = Story::begin(APPROVE).await;
    let run = story.github.run(ci().branch("feature").environments(["staging"]));
    story.settle().await;
    assert_eq!(story.github.run_state(run).unwrap().waits_at, ["staging"]);
    assert_eq!(story.requests(), Vec::<String>::new());
    story.end().await;
}

#[tokio::test]
async fn a_protection_rule_is_answered_as_the_app() {
    let mut story = Story::begin(APPROVE).await;
    let run = story.github.run(ci().gate(GateSpec::custom_rule("staging")));
    story.settle().await;
    assert_eq!(story.github.run_state(run).unwrap().waits_at, Vec::<String>::new());
    assert_eq!(ending(&story.writes(), "/deployment_protection_rule"), 1);
    story.end().await;
}

#[tokio::test]
async fn old_runs_are_purged_and_the_newest_of_each_workflow_and_branch_kept() {
    let mut story = Story::begin(PURGE).await;
    let old: jiff::Timestamp = "2026-09-01T00:00:00Z".parse().unwrap();
    let hour = |n: i64| old + jiff::SignedDuration::from_hours(n);
    let main: Vec<u64> = (0..250).map(|n| story.github.past_run(ci().created_at(hour(n)))).collect();
    let dev: Vec<u64> =
        (0..3).map(|n| story.github.past_run(ci().branch("dev").created_at(hour(n)))).collect();
    let young = story.github.past_run(ci().created_at(NOON.parse().unwrap()));
    // Bulk work keeps within its share of GitHub's points a minute, so that this takes two minutes.
    story.pass(MINUTE).await;
    story.pass(MINUTE).await;
    let left = story.github.runs();
    assert!(main[245..].iter().chain(&dev).chain([&young]).all(|run| left.contains(run)));
    assert_eq!(left.len(), 9);
    let requests = story.requests();
    let deletions = requests.iter().filter(|line| line.starts_with("DELETE")).count();
    assert_eq!(deletions, 245);
    let listings: Vec<&String> = requests.iter().filter(|line| !line.starts_with("DELETE")).collect();
    assert!(listings.len() <= 3 + 1, "{listings:?}");
    // The next pass finds nothing to do, by one listing.
    story.github.clear_requests();
    story.pass(MINUTE).await;
    assert_eq!(story.requests().len(), 1);
    story.end().await;
}

#[tokio::test]
async fn a_purge_that_was_observed_first_is_carried_out_once_it_is_enforced() {
    let observing = format!("mode: observe{PURGE}");
    let mut story = Story::begin(&observing).await;
    let old: jiff::Timestamp = "2026-09-01T00:00:00Z".parse().unwrap();
    for n in 0..8 {
        story.github.past_run(ci().created_at(old + jiff::SignedDuration::from_hours(n)));
    }
    story.pass(MINUTE).await;
    story.pass(MINUTE).await;
    assert_eq!(story.github.runs().len(), 8);
    let recorded = story
        .pipeline
        .store
        .history(&HistoryFilter { limit: 100, ..HistoryFilter::default() })
        .await
        .unwrap();
    let actions = recorded.iter().flat_map(|entry| &entry.decisions).flat_map(|decision| &decision.actions);
    assert_eq!(actions.count(), 3, "the second pass observes nothing anew");
    let mut story = story.restart(PURGE).await;
    story.pass(MINUTE).await;
    assert_eq!(story.github.runs().len(), 5);
    story.end().await;
}

#[tokio::test]
async fn a_purge_that_was_cut_off_goes_on_where_it_stopped() {
    let mut story = Story::begin(PURGE).await;
    let old: jiff::Timestamp = "2026-09-01T00:00:00Z".parse().unwrap();
    for n in 0..20 {
        story.github.past_run(ci().created_at(old + jiff::SignedDuration::from_hours(n)));
    }
    let limit = Answer::secondary_rate_limit(403, Some(60));
    story.github.fault(Fault::on("DELETE", "/actions/runs/").skip(5).answer(limit));
    story.pass(MINUTE).await;
    assert_eq!(story.github.runs().len(), 15);
    let mut story = story.restart(PURGE).await;
    story.pass(2 * MINUTE).await;
    assert_eq!(story.github.runs().len(), 5);
    story.end().await;
}

#[tokio::test]
async fn a_run_that_changed_after_it_was_listed_is_not_deleted() {
    let mut story = Story::begin(PURGE).await;
    let old: jiff::Timestamp = "2026-10-23T00:00:00Z".parse().unwrap();
    for n in 0..10 {
        story
            .github
            .past_run(ci().attempts(["failure"]).created_at(old - jiff::SignedDuration::from_hours(n * 40)));
    }
    let limit = Answer::secondary_rate_limit(403, Some(60));
    story.github.fault(Fault::on("DELETE", "/actions/runs/").answer(limit));
    story.pass(MINUTE).await;
    let runs = story.github.runs();
    assert_eq!(runs.len(), 10);
    // Deletions are under way; a person re-runs one of the runs, and its webhook makes the listing void.
    story.github.set_now(story.github.now());
    let oldest = *runs
        .iter()
        .min_by_key(|run| story.github.run_json(**run)["created_at"].as_str().unwrap().to_owned())
        .unwrap();
    story.github.emit(
        "workflow_run",
        &serde_json::from_slice(&story.github.payload("workflow_run", "in_progress", oldest)).unwrap(),
    );
    story.settle().await;
    story.github.clear_requests();
    story.pass(2 * MINUTE).await;
    let looked = format!("GET /repos/acme/api/actions/runs/{oldest}");
    assert!(story.requests().contains(&looked), "{:?}", story.requests());
    story.end().await;
}

#[tokio::test]
async fn younger_runs_count_towards_the_newest_only_where_the_rule_says_so() {
    for (counting, deleted) in [("matched", 1), ("all", 3)] {
        let rules = PURGE.replace("newest: 5,", &format!("newest: 2, counting: {counting},"));
        let mut story = Story::begin(&rules).await;
        for days in [50, 40, 35, 3, 2] {
            let at = story.github.now() - jiff::SignedDuration::from_hours(24 * days);
            story.github.past_run(ci().created_at(at));
        }
        story.pass(MINUTE).await;
        story.pass(MINUTE).await;
        let deletions = story.writes().iter().filter(|line| line.starts_with("DELETE ")).count();
        assert_eq!(deletions, deleted, "counting {counting}");
        story.end().await;
    }
}

#[tokio::test]
async fn logs_are_dropped_once_and_their_runs_stay() {
    let rules = r#"
rules:
  - name: drop-old-logs
    on: { schedule: "* * * * *", zone: UTC }
    when: { repository: "acme/*", status: completed, age: { above: 14d } }
    then:
      - delete_logs: {}
    limits: { per_pass: 2 }
"#;
    let mut story = Story::begin(rules).await;
    let old: jiff::Timestamp = "2026-09-01T00:00:00Z".parse().unwrap();
    let runs: Vec<u64> = (0..3)
        .map(|n| story.github.past_run(ci().created_at(old + jiff::SignedDuration::from_hours(n))))
        .collect();
    for _ in 0..4 {
        story.pass(MINUTE).await;
    }
    assert!(runs.iter().all(|run| story.github.run_state(*run).unwrap().logs_deleted));
    assert_eq!(
        story.writes().iter().filter(|line| line.starts_with("DELETE") && line.ends_with("/logs")).count(),
        3
    );
    story.end().await;
}

#[tokio::test]
async fn while_github_hangs_webhooks_are_still_taken_in_and_judged() {
    let mut story = Story::begin(RERUN).await;
    let first = story.github.run_to_end(ci().branch("one").attempts(["failure"]));
    story.settle().await;
    let hanging = story.github.fault(Fault::on("GET", "/actions/runs/").always().hold());
    story.clock.advance(SECOND);
    story.executors[0].step().await.unwrap();
    story.github.wait_for(|github| github.fault_hits(hanging) > 0).await;
    let second = story.github.run_to_end(ci().branch("two").attempts(["failure"]));
    story.github.settle().await;
    story.decider.step().await.unwrap();
    assert_eq!(story.actions(second).await, ["rerun-failed-jobs rerun planned: "]);
    assert_eq!(story.actions(first).await, ["rerun-failed-jobs rerun executing: "]);
    story.github.release(hanging);
    story.github.clear_faults();
    story.pass(SECOND).await;
    assert_eq!((story.github.attempt_of(first), story.github.attempt_of(second)), (2, 2));
    story.end().await;
}
