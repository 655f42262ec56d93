//! The real daemon, killed at every arrow of the drawing and started again: whatever the moment, what was answered
//! 202 is decided, and what deserves an act gets exactly one. Real time, real processes; nothing sleeps.

mod signals;
mod stage;
mod storm;

use runwarden::{
    model::{ActionState, DeliveryState},
    simulator::{Fault, FaultId, GateSpec, Request, RunSpec, Simulator},
};
use tokio::task::JoinSet;

use stage::{Stage, ends_of, within};

/// `scope: run`, which GitHub would do a second time too: nothing but the daemon's own care prevents that.
const RERUN: &str = r#"
rules:
  - name: rerun-failures
    on: workflow_run.completed
    when: { conclusion: failure, run_attempt: { below: 3 } }
    then:
      - rerun: { scope: run, delay: 0s }
"#;

const APPROVE: &str = r#"
rules:
  - name: approve-staging
    on: deployment.waiting
    when: { environment: staging, branch: main }
    then:
      - approve_deployment: {}
"#;

/// Its schedule never comes: the test puts the tick into the inbox.
const PURGE: &str = r#"
rules:
  - name: purge-old-runs
    on: { schedule: "30 2 29 2 *", zone: UTC }
    when: { repository: "acme/*", status: completed, age: { above: 30d } }
    keep: { newest: 5, per: [workflow, branch] }
    then:
      - delete_run: {}
"#;

/// A run that fails once and would pass on its second attempt, on a branch of its own.
fn flaky(branch: impl Into<String>) -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(["failure", "success"])
}

impl Stage {
    /// Kills the daemon when that fault has struck, then lets go whatever it holds, and starts anew.
    async fn kill_at(&mut self, fault: FaultId) {
        within("the fault to strike", self.github.wait_for(|github| github.fault_hits(fault) == 1)).await;
        self.kill();
        self.github.release(fault);
        self.restart().await;
    }

    async fn until_attempt_2(&self, run: u64) {
        within("the re-run", self.github.wait_for(|github| github.attempt_of(run) == 2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_the_202_it_has_every_webhook_that_it_answered() {
    let mut stage = Stage::begin(RERUN).await;
    stage.github.auto_finish(true);
    stage.github.automatic_delivery(false);
    let mut unanswered = Vec::new();
    let mut runs = Vec::new();
    for round in 0..5 {
        for n in 0..8 {
            let run = stage.github.run_to_end(flaky(format!("branch-{round}-{n}")));
            runs.push(run);
            unanswered.push(stage.completed(run));
        }
        let mut posting = JoinSet::new();
        for webhook in std::mem::take(&mut unanswered) {
            let github = stage.github.clone();
            posting.spawn(async move { (webhook.post(&github).await, webhook) });
        }
        // The first 202 is the moment; whatever else was answered by then is on its way to us.
        while let Some(posted) = posting.join_next().await {
            stage.kill();
            match posted.unwrap() {
                (Some(202), webhook) => stage.answered.push(webhook.guid),
                (_, webhook) => unanswered.push(webhook),
            }
        }
        let entries = stage.entries().await;
        for guid in &stage.answered {
            assert!(entries.iter().any(|entry| entry.delivery.guid.as_str() == guid), "{guid} is lost");
        }
        stage.restart().await;
    }
    for webhook in unanswered {
        assert_eq!(webhook.post(&stage.github).await, Some(202));
        stage.answered.push(webhook.guid);
    }
    for run in &runs {
        stage.until_attempt_2(*run).await;
    }
    assert_eq!(stage.posts("/rerun"), runs.len());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_the_plan_and_its_time_it_acts_when_the_time_has_come() {
    let mut stage = Stage::begin(&RERUN.replace("delay: 0s", "delay: 2s")).await;
    stage.github.auto_finish(true);
    let run = stage.github.run_to_end(flaky("main"));
    stage.until(run, |entries| !ends_of(entries).is_empty()).await;
    stage.kill();
    assert_eq!(ends_of(&stage.history(run).await), ["rerun planned []"]);
    assert_eq!(stage.github.attempt_of(run), 1);
    stage.restart().await;
    stage.until_attempt_2(run).await;
    let entries = stage.end().await;
    assert_eq!(ends_of(&entries), ["rerun done [done]"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_during_the_look_it_looks_again_and_acts_once() {
    let mut stage = Stage::begin(RERUN).await;
    stage.github.auto_finish(true);
    let look = stage.github.fault(Fault::on("GET", "/actions/runs/").hold());
    let run = stage.github.run_to_end(flaky("main"));
    stage.kill_at(look).await;
    stage.until_attempt_2(run).await;
    assert_eq!(stage.posts("/rerun"), 1);
    let entries = stage.end().await;
    assert_eq!(ends_of(&entries), ["rerun done [interrupted, done]"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_a_request_is_on_its_way_that_never_arrives_it_sends_it_again() {
    let mut stage = Stage::begin(RERUN).await;
    stage.github.auto_finish(true);
    let lost = stage.github.fault(Fault::on("POST", "/rerun").hold().drop_connection());
    let run = stage.github.run_to_end(flaky("main"));
    stage.kill_at(lost).await;
    stage.until_attempt_2(run).await;
    assert_eq!(stage.posts("/rerun"), 2, "the first had no effect");
    let entries = stage.end().await;
    assert_eq!(ends_of(&entries), ["rerun done [interrupted, done]"]);
    assert_eq!(stage.github.attempt_of(run), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_a_reruns_effect_and_its_answer_it_finds_it_done() {
    for finishes in [true, false] {
        let mut stage = Stage::begin(RERUN).await;
        stage.github.auto_finish(finishes);
        let unanswered = stage.github.fault(Fault::on("POST", "/rerun").after_effect().hold());
        let run = stage.github.run_to_end(flaky("main"));
        stage.kill_at(unanswered).await;
        let entries = stage.end().await;
        assert_eq!(ends_of(&entries), ["rerun done [interrupted, done]"]);
        let (action, _) = &entries[0].decisions[0].actions[0];
        let reason = action.plan.reason.clone().unwrap();
        assert!(reason.starts_with("attempt 2 exists (started by runwarden[bot])"), "{reason}");
        assert_eq!(stage.github.attempt_of(run), 2);
        assert_eq!(stage.posts("/rerun"), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_an_answer_and_its_record_it_does_not_ask_twice() {
    let mut stage = Stage::begin(RERUN).await;
    stage.github.auto_finish(true);
    let mut runs = Vec::new();
    for round in 0..8 {
        let run = stage.github.run_to_end(flaky(format!("branch-{round}")));
        runs.push(run);
        let path = format!("/actions/runs/{run}/rerun");
        let is_answered = |request: &Request| request.path.ends_with(&path) && request.status == Some(201);
        let answered = stage.github.wait_for(|github| github.writes().iter().any(is_answered));
        within("GitHub's answer", answered).await;
        stage.kill();
        stage.restart().await;
    }
    let entries = stage.end().await;
    assert_eq!(stage.posts("/rerun"), runs.len());
    assert!(runs.iter().all(|run| stage.github.attempt_of(*run) == 2));
    let ends = ends_of(&entries);
    assert_eq!(ends.len(), runs.len());
    assert!(ends.iter().all(|end| end.starts_with("rerun done [") && end.ends_with("done]")), "{ends:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_gathers_facts_it_gathers_them_again() {
    let mut stage = Stage::begin(APPROVE).await;
    stage.github.subscribe(["deployment_protection_rule"]);
    let fact = stage.github.fault(Fault::on("GET", "/actions/runs/").hold());
    let spec = RunSpec::new("acme/api", "ci.yml").gate(GateSpec::custom_rule("staging"));
    let run = stage.github.run(spec);
    stage.kill_at(fact).await;
    within("the approval", stage.github.wait_for(|github| waits_nowhere(github, run))).await;
    let entries = stage.end().await;
    assert_eq!(ends_of(&entries), ["approve_deployment done [done]"]);
    assert_eq!(stage.posts("/deployment_protection_rule"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_an_approvals_effect_and_its_answer_it_finds_it_done() {
    let mut stage = Stage::begin(APPROVE).await;
    let unanswered = stage.github.fault(Fault::on("POST", "/pending_deployments").after_effect().hold());
    let run = stage.github.run(RunSpec::new("acme/api", "ci.yml").environments(["staging", "production"]));
    stage.kill_at(unanswered).await;
    let entries = stage.end().await;
    assert_eq!(stage.github.run_state(run).unwrap().waits_at, ["production"]);
    assert_eq!(stage.posts("/pending_deployments"), 1);
    assert_eq!(ends_of(&entries), ["approve_deployment done [interrupted, done]"]);
}

/// There is nothing to look at for a protection rule: GitHub takes its word once, and says so the second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_a_protection_rules_word_and_its_answer_it_learns_that_it_was_taken() {
    let mut stage = Stage::begin(APPROVE).await;
    stage.github.subscribe(["deployment_protection_rule"]);
    let unanswered =
        stage.github.fault(Fault::on("POST", "/deployment_protection_rule").after_effect().hold());
    let run = stage.github.run(RunSpec::new("acme/api", "ci.yml").gate(GateSpec::custom_rule("staging")));
    stage.kill_at(unanswered).await;
    let entries = stage.end().await;
    assert!(waits_nowhere(&stage.github, run));
    assert_eq!(ends_of(&entries), ["approve_deployment done [interrupted, done]"]);
    let answers: Vec<_> = stage.github.writes().iter().map(|write| write.status).collect();
    assert_eq!(answers.last(), Some(&Some(422)), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_midst_of_a_purge_it_goes_on_and_deletes_nothing_twice() {
    let mut stage = Stage::begin(PURGE).await;
    for n in 0..30 {
        let created_at = stage.github.now() - jiff::SignedDuration::from_hours(24 * 60 + n);
        stage.github.past_run(RunSpec::new("acme/api", "ci.yml").created_at(created_at));
    }
    let listing = stage.github.fault(Fault::on("GET", "/actions/runs?").hold());
    let deletion = stage.github.fault(Fault::on("DELETE", "/actions/runs/").skip(7).after_effect().hold());
    stage.tick("purge-old-runs").await;
    stage.kill_at(listing).await;
    stage.kill_at(deletion).await;
    assert_eq!(stage.github.runs().len(), 30 - 8);
    within("the last deletion", stage.github.wait_for(|github| github.runs().len() == 5)).await;
    let entries = stage.end().await;
    let mut deletions: Vec<String> = stage.github.writes().iter().map(|write| write.line()).collect();
    assert_eq!(deletions.len(), 25, "{deletions:?}");
    deletions.sort();
    deletions.dedup();
    assert_eq!(deletions.len(), 25, "one was deleted twice");
    let ends = ends_of(&entries);
    let count = |wanted: &str| ends.iter().filter(|end| end.as_str() == wanted).count();
    assert_eq!((count("delete_run done [done]"), count("delete_run done [interrupted, done]")), (24, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_starts_it_forgets_nothing_of_what_was_cut_off() {
    let mut stage = Stage::begin(RERUN).await;
    stage.github.auto_finish(true);
    let look = stage.github.fault(Fault::on("GET", "/actions/runs/").hold());
    let run = stage.github.run_to_end(flaky("main"));
    within("the look", stage.github.wait_for(|github| github.fault_hits(look) == 1)).await;
    stage.kill();
    stage.github.release(look);
    for _ in 0..10 {
        stage.killed_while_starting();
    }
    stage.restart().await;
    stage.until_attempt_2(run).await;
    let entries = stage.end().await;
    assert_eq!(ends_of(&entries), ["rerun done [interrupted, done]"]);
    assert_eq!(entries[0].delivery.state, DeliveryState::Decided);
    assert_eq!(entries[0].decisions[0].actions[0].0.plan.state, ActionState::Done);
}

fn waits_nowhere(github: &Simulator, run: u64) -> bool {
    github.run_state(run).is_some_and(|state| state.waits_at.is_empty())
}
