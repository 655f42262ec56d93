//! A supervisor's signals, and a second daemon.

use runwarden::simulator::Fault;

use super::{
    RERUN, flaky,
    stage::{Stage, ends_of, within},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_what_is_under_way_come_to_its_end_and_be_recorded() {
    let mut stage = Stage::begin(RERUN).await;
    stage.github.auto_finish(true);
    let slow = stage.github.fault(Fault::on("POST", "/rerun").hold());
    let run = stage.github.run_to_end(flaky("main"));
    within("the request", stage.github.wait_for(|github| github.fault_hits(slow) == 1)).await;
    stage.daemon.signal("TERM");
    stage.daemon.until_it_says("stopping").await;
    stage.github.release(slow);
    assert_eq!(stage.daemon.exit_code().await, 0);
    assert_eq!(ends_of(&stage.history(run).await), ["rerun done [done]"]);
    assert_eq!((stage.github.attempt_of(run), stage.posts("/rerun")), (2, 1));
    stage.restart().await;
    stage.end().await;
    assert_eq!((stage.github.attempt_of(run), stage.posts("/rerun")), (2, 1));
}

/// Twenty seconds of patience with a request that hangs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_does_not_wait_for_ever_and_what_it_cuts_off_is_taken_up_again() {
    let mut stage = Stage::begin(RERUN).await;
    stage.github.auto_finish(true);
    let hanging = stage.github.fault(Fault::on("POST", "/rerun").hang());
    let run = stage.github.run_to_end(flaky("main"));
    within("the request", stage.github.wait_for(|github| github.fault_hits(hanging) == 1)).await;
    stage.daemon.signal("TERM");
    assert_eq!(stage.daemon.exit_code().await, 0);
    let log = stage.daemon.log();
    assert!(log.contains("not everything came to an end in time"), "{log}");
    stage.restart().await;
    within("the re-run", stage.github.wait_for(|github| github.attempt_of(run) == 2)).await;
    let entries = stage.end().await;
    assert_eq!(ends_of(&entries), ["rerun done [interrupted, done]"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_daemon_on_the_same_ledger_is_refused_and_does_the_first_no_harm() {
    let mut stage = Stage::begin(RERUN).await;
    stage.github.auto_finish(true);
    let mut second = stage.second();
    assert_eq!(second.exit_code().await, 1);
    let log = second.log();
    assert!(log.contains("another runwarden is running on "), "{log}");
    assert!(log.contains("runwarden.db.lock"), "{log}");
    assert!(!log.contains("listening"), "{log}");
    let run = stage.github.run_to_end(flaky("main"));
    within("the re-run", stage.github.wait_for(|github| github.attempt_of(run) == 2)).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sighup_takes_clean_rules_and_says_all_that_is_wrong_with_others() {
    let on_branch = |branch: &str| RERUN.replace("when: {", &format!("when: {{ branch: {branch},"));
    let mut stage = Stage::begin(&on_branch("old")).await;
    stage.github.auto_finish(true);
    let broken = "rules:\n  - { name: one, on: workflow_run.ended, then: [cancel] }\n  \
        - { name: two, on: workflow_run.requested, then: [explode] }\n";
    stage.configure(broken);
    stage.daemon.signal("HUP");
    stage.daemon.until_it_says("the configuration is not clean, the present one stays in force").await;
    stage.daemon.until_it_says("workflow_run.ended").await;
    stage.daemon.until_it_says("explode").await;
    let old = stage.github.run_to_end(flaky("old"));
    within("the re-run", stage.github.wait_for(|github| github.attempt_of(old) == 2)).await;

    stage.configure(&on_branch("new"));
    stage.daemon.signal("HUP");
    stage.daemon.until_it_says("the configuration was reloaded").await;
    let old = stage.github.run_to_end(flaky("old").title("after the reload"));
    let new = stage.github.run_to_end(flaky("new"));
    within("the re-run", stage.github.wait_for(|github| github.attempt_of(new) == 2)).await;
    stage.end().await;
    assert_eq!(stage.github.attempt_of(old), 1);
    let history = stage.history(old).await;
    let reason = &history[0].decisions[0].decision.verdicts[0].reason;
    assert_eq!(reason, "branch: expected new, observed old");
}
