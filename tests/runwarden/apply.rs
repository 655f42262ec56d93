//! `runwarden apply`, by the real binary: a rule asked by hand, with a daemon and without one.

use std::fs;

use runwarden::simulator::{Answer, Fault, RunSpec};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::cli::{Said, Shell, has_keys, program, run_with};

/// No schedule of these falls on the day of a test.
const RULES: &str = r#"
rules:
  - name: retry
    on: workflow_run.completed
    when: { conclusion: failure, run_attempt: { below: 3 } }
    then: [rerun]
    limits: { per_run: 1 }
  - name: drop-logs
    on: command
    when: { conclusion: success, sender: alice }
    then: [delete_logs]
  - name: looks-on
    on: command
    when: { conclusion: success }
    then: [delete_logs]
    mode: observe
  - name: sleeps
    on: command
    then: [cancel]
    mode: off
  - name: approve-staging
    on: deployment.waiting
    when: { environment: staging }
    then: [approve_deployment]
  - name: of-a-job
    on: workflow_job.completed
    when: { job: { name: no-such-job } }
    then: [rerun]
    limits: { per_run: 1 }
  - name: later
    on: command
    when: { conclusion: failure }
    then: [rerun: { delay: 1s }]
    limits: { per_run: 2 }
  - name: purge
    on: { schedule: "0 0 29 2 Mon" }
    when: { repository: acme/api, status: completed, conclusion: success, branch: old }
    keep: { newest: 1 }
    then: [delete_run]
    limits: { per_pass: 2 }
"#;

fn ci(branch: &str) -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").branch(branch)
}

fn failed(shell: &Shell, branch: &str) -> u64 {
    shell.github.run_to_end(ci(branch).attempts(["failure"]))
}

/// It ended with that code, said nothing on standard error, and that sentence last.
#[track_caller]
fn ends(said: &Said, code: i32, sentence: &str) {
    assert_eq!((said.code, said.err.as_str()), (code, ""), "{said:?}");
    assert_eq!(said.out.lines().last().unwrap(), sentence, "{}", said.out);
}

async fn last(shell: &Shell) -> Value {
    shell.line("history --json --limit 1").await.out.parse::<Value>().unwrap()[0].clone()
}

/// Whatever the rule's trigger, its conditions, guards, limits and mode hold.
async fn a_run_is_asked_of(shell: &Shell) {
    let failing = failed(shell, "main");
    let of = |rule: &str, run: u64| format!("rule {rule} of run {run} of acme/api");
    let said = shell.line(&format!("apply retry acme/api {failing}")).await;
    let done = "done (asked GitHub to re-run the failed jobs)";
    ends(&said, 0, &format!("{}: {done}", of("retry", failing)));
    for words in [
        &format!("command: run {failing}, attempt 1 of acme/api\n"),
        "✓ retry: matched (all conditions hold)\n",
        "  ✓ conclusion   failure   failure\n",
        &format!("  → re-run the failed jobs: {done}\n"),
    ] {
        assert!(said.out.contains(words), "{words}expected: {}", said.out);
    }
    assert_eq!(shell.github.attempt_of(failing), 2);
    let entry = last(shell).await;
    let (delivery, decision) = (&entry["delivery"], &entry["decisions"][0]);
    assert_eq!((&delivery["source"], &delivery["event"]), (&json!("command"), &json!("apply")));
    let facts = &decision["facts"];
    assert_eq!((&facts["signal"], &facts["sender"]), (&json!("command"), &json!("alice")));
    assert_eq!(decision["verdicts"].as_array().unwrap().len(), 1, "no other rule was asked");
    let action = &decision["actions"][0];
    assert_eq!((&action["rule"], &action["state"]), (&json!("retry"), &json!("done")));

    // The second attempt fails as well, and the rule's limit of one run holds.
    shell.github.finish(failing);
    let said = shell.line(&format!("apply retry acme/api {failing}")).await;
    ends(&said, 1, &format!("{}: limited (limits.per_run: 1 of 1 used)", of("retry", failing)));

    // A newer run of the branch: the guard of re-runs by rules holds.
    let (older, _newer) = (failed(shell, "dev"), failed(shell, "dev"));
    let said = shell.line(&format!("apply retry acme/api {older}")).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains(": refused (a newer run of the workflow and branch exists"), "{}", said.out);
    assert_eq!(shell.github.attempt_of(older), 1);
}

async fn what_does_not_match_is_shown_and_not_done(shell: &Shell) {
    let green = shell.github.run_to_end(ci("main"));
    let writes = shell.github.writes().len();
    let said = shell.line(&format!("apply retry acme/api {green}")).await;
    let why = "conclusion: expected failure, observed success";
    let of = |rule: &str| format!("rule {rule} of run {green} of acme/api: nothing done:");
    ends(&said, 5, &format!("{} the rule does not match ({why})", of("retry")));
    assert!(said.out.contains("  ✗ conclusion   failure   success\n"), "{}", said.out);

    // Done once for the attempt, and not again.
    let said = shell.line(&format!("apply drop-logs acme/api {green}")).await;
    ends(&said, 0, &format!("rule drop-logs of run {green} of acme/api: done (deleted the run's logs)"));
    let said = shell.line(&format!("apply drop-logs acme/api {green}")).await;
    let before = "delete_logs was planned before for attempt 1, and is done";
    ends(&said, 5, &format!("{} {before}", of("drop-logs")));
    assert_eq!(last(shell).await["delivery"]["reason"], before);
    let said = shell.line(&format!("apply looks-on acme/api {green}")).await;
    let observed = "observed (mode is observe: recorded, not done)";
    ends(&said, 0, &format!("rule looks-on of run {green} of acme/api: {observed}"));
    assert_eq!(shell.github.writes().len(), writes + 1);
}

async fn deployments_are_looked_up(shell: &Shell) {
    let [staging, production] = ["staging", "production"].map(|environment| {
        let run = shell.github.run(ci("main").environments([environment]));
        (run, environment)
    });
    let said = shell.line(&format!("apply approve-staging acme/api {}", staging.0)).await;
    let subject = |run: u64| format!("rule approve-staging of run {run} of acme/api");
    ends(&said, 0, &format!("{}: done (approved staging)", subject(staging.0)));
    let said = shell.line(&format!("apply approve-staging acme/api {}", production.0)).await;
    let why = "environment: expected staging, observed production";
    ends(&said, 5, &format!("{}: nothing done: the rule does not match ({why})", subject(production.0)));
}

#[tokio::test]
async fn a_rule_is_asked_without_a_daemon() {
    let shell = Shell::new(RULES).await;
    a_run_is_asked_of(&shell).await;
    what_does_not_match_is_shown_and_not_done(&shell).await;
    deployments_are_looked_up(&shell).await;
    assert!(shell.github.unknown_routes().is_empty());
}

#[tokio::test]
async fn a_rule_is_asked_of_the_daemon_that_runs() {
    // Its rules have no trigger but the command: only what is asked for happens.
    let rules = RULES
        .replace("on: workflow_run.completed", "on: command")
        .replace("on: deployment.waiting", "on: command");
    let shell = Shell::new(&rules).await;
    let daemon = shell.serve().await;
    a_run_is_asked_of(&shell).await;
    what_does_not_match_is_shown_and_not_done(&shell).await;
    deployments_are_looked_up(&shell).await;
    let log = daemon.log();
    assert!(log.contains(" of acme/api: done (approved staging)"), "the daemon did it: {log}");
    daemon.stop().await;
    assert!(shell.github.unknown_routes().is_empty());
}

#[tokio::test]
async fn over_a_repository_it_is_a_tick_and_keep_spares_what_is_asked_for_too() {
    let shell = Shell::new(RULES).await;
    let runs: Vec<u64> = (0..5).map(|_| shell.github.run_to_end(ci("old"))).collect();
    shell.github.run_to_end(ci("main"));
    let would = shell.line("apply purge acme/api --dry-run").await;
    let counts = "5 runs listed, 5 matched, 1 kept, 4 planned; asked for by alice";
    let left = "2 left for the next pass by limits.per_pass";
    assert_eq!((would.code, would.out.matches("would delete the run").count()), (0, 2), "{would:?}");
    assert!(!shell.path("runwarden.db").exists(), "nothing is recorded");
    assert!(shell.github.writes().is_empty());

    let said = shell.line("apply purge acme/api").await;
    ends(&said, 0, "rule purge over acme/api: done");
    let entry = last(&shell).await;
    let reason = entry["delivery"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("5 runs listed, 5 matched, 1 kept") && reason.contains(left), "{reason}");
    assert!(reason.contains("asked for by alice"), "{counts}: {reason}");
    assert!(said.out.contains("schedule by alice"), "{}", said.out);
    let deleted =
        |shell: &Shell| shell.github.writes().into_iter().map(|write| write.path).collect::<Vec<_>>();
    let path = |run: u64| format!("/repos/acme/api/actions/runs/{run}");
    assert_eq!(deleted(&shell), [path(runs[0]), path(runs[1])], "the oldest");

    // Of one run, the newest is spared as on the schedule.
    let said = shell.line(&format!("apply purge acme/api {}", runs[4])).await;
    let subject = |run: u64| format!("rule purge of run {run} of acme/api");
    let spared = "nothing done: one of the newest 1 that `keep` spares";
    ends(&said, 5, &format!("{}: {spared}", subject(runs[4])));
    let said = shell.line(&format!("apply purge acme/api {}", runs[2])).await;
    ends(&said, 0, &format!("{}: done (deleted the run)", subject(runs[2])));
    assert_eq!(deleted(&shell).len(), 3);
    shell.line("apply purge acme/api").await;
    let said = shell.line("apply purge acme/api").await;
    let nothing = "nothing done: 1 runs listed, 1 matched, 1 kept, 0 planned; asked for by alice";
    ends(&said, 0, &format!("rule purge over acme/api: {nothing}"));
    assert_eq!(deleted(&shell).len(), 4);
    assert!(shell.github.unknown_routes().is_empty());
}

#[tokio::test]
async fn a_pass_by_hand_is_the_daemons_where_one_runs() {
    let shell = Shell::new(RULES).await;
    let runs: Vec<u64> = (0..3).map(|_| shell.github.run_to_end(ci("old"))).collect();
    let daemon = shell.serve().await;
    ends(&shell.line("apply purge acme/api").await, 0, "rule purge over acme/api: done");
    assert_eq!((shell.github.writes().len(), shell.github.run_state(runs[2]).is_some()), (2, true));
    daemon.stop().await;
}

#[tokio::test]
async fn a_dry_run_shows_the_same_and_records_nothing() {
    let shell = Shell::new(RULES).await;
    let failing = failed(&shell, "main");
    let dry = |rule: &str| format!("apply {rule} acme/api {failing} --dry-run");
    let said = shell.line(&dry("later")).await;
    let end = |rule: &str| format!("rule {rule} of run {failing} of acme/api: nothing was done (--dry-run)");
    ends(&said, 0, &end("later"));
    assert!(said.out.contains("✓ later: matched (all conditions hold)\n"), "{}", said.out);
    assert!(said.out.contains("  → would re-run the failed jobs in 1s (at "), "{}", said.out);
    ends(&shell.line(&dry("drop-logs")).await, 5, &end("drop-logs"));
    let view: Value = shell.line(&format!("{} --json", dry("retry"))).await.json();
    has_keys(&view, "reason decisions");
    has_keys(&view["decisions"][0], "facts verdicts plans");
    assert_eq!(view["decisions"][0]["plans"][0]["action"], "rerun");
    assert!(!shell.path("runwarden.db").exists() && shell.github.writes().is_empty());
    let left = fs::read_dir(shell.folder.path()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["config.yaml"], "nor is anything left behind");
    // Beside a ledger it knows what was planned before.
    let green = shell.github.run_to_end(ci("main"));
    shell.line(&format!("apply drop-logs acme/api {green}")).await.well();
    let before = fs::read(shell.path("runwarden.db")).unwrap();
    let said = shell.line(&format!("apply drop-logs acme/api {green} --dry-run")).await;
    let known = "delete_logs was planned before for attempt 1, and is done; nothing was done (--dry-run)";
    ends(&said, 5, &format!("rule drop-logs of run {green} of acme/api: {known}"));
    assert_eq!(fs::read(shell.path("runwarden.db")).unwrap(), before);
}

#[tokio::test]
async fn a_delay_is_waited_for_within_the_patience_or_left_to_a_daemon() {
    let shell = Shell::new(RULES).await;
    let [soon, late] = ["main", "dev"].map(|branch| failed(&shell, branch));
    let said = shell.line(&format!("apply later acme/api {late} --wait 0s")).await;
    assert_eq!((said.code, shell.github.attempt_of(late)), (1, 1), "{said:?}");
    let planned =
        format!("rule later of run {late} of acme/api: planned; a daemon goes on trying once it runs");
    ends(&said, 1, &planned);
    let said = shell.line(&format!("apply later acme/api {soon}")).await;
    assert_eq!((said.code, shell.github.attempt_of(soon)), (0, 2), "{said:?}");
    let said = shell.line(&format!("apply later acme/api {late} --json")).await;
    let entry: Value = said.out.parse().unwrap();
    assert_eq!((said.code, &entry["decisions"][0]["actions"]), (5, &json!([])), "planned already: {entry:#}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_said_with_its_exit_code() {
    let shell = Shell::new(RULES).await;
    let green = shell.github.run_to_end(ci("main"));
    let hidden = shell.github.run_to_end(ci("main"));
    for (line, code, words) in [
        (
            format!("apply retyr acme/api {green}"),
            2,
            "config.yaml has no rule `retyr`: did you mean `retry`?",
        ),
        (format!("apply command acme/api {green}"), 2, "config.yaml has no rule `command`"),
        ("apply retry acme/api".to_owned(), 2, "`runwarden apply retry acme/api RUN`"),
        (format!("apply sleeps acme/api {green}"), 1, "rule sleeps is off"),
        (
            format!("apply of-a-job acme/api {green}"),
            1,
            "rule of-a-job asks for the job that a webhook is about",
        ),
        (format!("apply retry acme {green}"), 2, "acme"),
        ("apply retry acme/api 0".to_owned(), 2, "write the run's id"),
    ] {
        shell.line(&line).await.refuses(code, &[words]);
    }
    assert!(!shell.path("runwarden.db").exists(), "a slip of the pen is not recorded");
    let said = shell.line("apply retry acme/api 7").await;
    ends(&said, 1, "rule retry of run 7 of acme/api: not done: GitHub shows no run 7 in acme/api");
    let forbidden = Answer::forbidden();
    shell.github.fault(Fault::on("GET", format!("/runs/{hidden}")).always().answer(forbidden));
    let said = shell.line(&format!("apply retry acme/api {hidden}")).await;
    assert!(said.code == 1 && said.out.contains("GitHub would not show run"), "{said:?}");

    // Who asks is the sender.
    let mut command = program(shell.folder.path());
    command.env("USER", "mallory").args(["apply", "drop-logs", "acme/api", &green.to_string()]);
    let said = spawn_blocking(move || run_with(command, None)).await.unwrap();
    assert!(said.code == 5 && said.out.contains("sender: expected alice, observed mallory"), "{said:?}");
    assert!(shell.github.writes().is_empty());
}

#[tokio::test]
async fn a_daemon_with_other_rules_says_so() {
    let shell = Shell::new(RULES).await;
    let green = shell.github.run_to_end(ci("main"));
    let daemon = shell.serve().await;
    let yaml = fs::read_to_string(shell.path("config.yaml")).unwrap();
    shell.configure(&yaml.replace("name: drop-logs", "name: drop-all-logs"));
    let said = shell.line(&format!("apply drop-all-logs acme/api {green}")).await;
    let why = "not done: no rule drop-all-logs is in the configuration that was loaded; \
               a daemon loads it again on SIGHUP";
    ends(&said, 1, &format!("rule drop-all-logs of run {green} of acme/api: {why}"));
    daemon.stop().await;
}
