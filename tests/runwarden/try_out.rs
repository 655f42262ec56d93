//! `runwarden try`, by the real binary against the simulated GitHub: what the rules would have done, from the API alone.

use std::{fs, time::Duration};

use runwarden::simulator::{Answer, AttemptSpec, Fault, GateSpec, JobSpec, PullSpec, RunSpec};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::cli::{Said, Shell, has_keys, program, run_with, signal};

/// No schedule of these falls on the day of a test.
const RULES: &str = r#"
rules:
  - name: retry
    on: workflow_run.completed
    when: { conclusion: failure, branch: [main, dev], failed_jobs: { every: { log: "connection reset" } } }
    then: [rerun]
    limits: { per_run: 1 }
  - name: approve
    on: deployment.waiting
    when: { environment: staging }
    then: [approve_deployment]
  - name: purge
    on: { schedule: "0 0 29 2 Mon" }
    when: { repository: acme/api, status: completed, conclusion: success }
    keep: { newest: 1 }
    then: [delete_run]
    limits: { per_pass: 1 }
  - name: purge-elsewhere
    on: { schedule: "0 0 29 2 Mon" }
    when: { repository: acme/web, status: completed, conclusion: success }
    then: [delete_run]
    limits: { per_pass: 1 }
  - name: closed
    on: [pull_request.closed, workflow_run.requested]
    when: { branch: gone }
    then: [cancel]
  - name: sleeps
    on: workflow_run.requested
    then: [cancel]
    mode: off
"#;

fn retry(when: &str) -> String {
    format!(
        "rules:\n  - name: retry\n    on: workflow_run.completed\n    when: {{ conclusion: failure, {when} }}\n    \
         then: [rerun]\n    limits: {{ per_run: 1 }}\n"
    )
}

fn attempt(conclusion: &str, log: &str) -> AttemptSpec {
    AttemptSpec::jobs([JobSpec::new("build", conclusion).log(log)])
}

fn ci(branch: &str) -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").branch(branch)
}

/// A failed run that a person ran again: so often, with that end.
fn rerun_by_bob(shell: &Shell, spec: RunSpec, times: u32) -> u64 {
    let run = shell.github.run_to_end(spec);
    for _ in 0..times {
        shell.github.person_reruns(run, "bob").unwrap();
        shell.github.finish(run);
    }
    run
}

async fn report(shell: &Shell, arguments: &str) -> Value {
    shell.line(&format!("try acme/api --since 14d --json {arguments}")).await.json()
}

fn rule<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == name).unwrap()
}

/// judged, matched, kept, unknown
fn counts(report: &Value, name: &str) -> [u64; 4] {
    ["judged", "matched", "kept", "unknown"].map(|key| rule(report, name)[key].as_u64().unwrap())
}

/// Nothing that was asked for could have changed anything.
#[track_caller]
fn only_read(shell: &Shell) {
    let requests = shell.github.requests();
    assert!(!requests.is_empty());
    for line in requests.iter().map(|request| request.line()) {
        let mint = line.starts_with("POST /app/installations/") && line.ends_with("/access_tokens");
        assert!(line.starts_with("GET ") || mint, "{line}");
    }
}

#[tokio::test]
async fn what_the_rules_would_have_done_is_told_with_what_people_did_and_nothing_is_written() {
    let shell = Shell::new(RULES).await;
    let github = &shell.github;
    let flaky = ci("main").attempt(attempt("failure", "read: connection reset\n"));
    let flaky = rerun_by_bob(&shell, flaky.attempt(attempt("success", "ok\n")), 1);
    let _real = github.run_to_end(ci("dev").attempt(attempt("failure", "assertion failed\n")));
    let lost = github.run_to_end(ci("dev").attempt(attempt("failure", "read: connection reset\n")));
    let [approved, rejected, waiting] =
        [(); 3].map(|()| github.run_to_end(ci("other").environments(["staging"])));
    github.person_approves(approved, "staging", "carol").unwrap();
    github.finish(approved);
    github.person_rejects(rejected, "staging", "carol").unwrap();
    let entries = || fs::read_dir(shell.folder.path()).unwrap().count();
    let (before, _) = (entries(), github.clear_requests());

    let found = report(&shell, "").await;
    assert_eq!(found["runs"], json!({ "listed": 6, "tried": 6, "failed": [], "left_out": [] }), "{found:#}");
    assert_eq!(counts(&found, "retry"), [6, 2, 0, 0]);
    let sum = &rule(&found, "retry")["actions"][0];
    assert_eq!((&sum["action"], &sum["times"]), (&json!("re-run the failed jobs"), &json!(2)));
    assert!(sum["runner_minutes"].as_u64().unwrap() >= 2, "{sum}");
    let people = json!({
        "same": 1, "opposite": 0, "nothing": 1, "untold": 0,
        "ended": { "passed": 1, "failed": 0, "otherwise": 0, "unknown": 0 },
    });
    assert_eq!(sum["people"], people);
    assert_eq!(counts(&found, "approve"), [3, 3, 0, 0]);
    let people = &rule(&found, "approve")["actions"][0]["people"];
    assert_eq!([&people["same"], &people["opposite"], &people["nothing"]], [1, 1, 1]);
    // A schedule for other repositories is not asked, and costs nothing.
    let listings = github.requests().into_iter().filter(|request| request.line().contains("status=success"));
    assert_eq!((listings.count(), counts(&found, "purge-elsewhere")), (1, [0; 4]));
    // Of two runs that succeeded one is kept.
    assert_eq!(counts(&found, "purge"), [2, 1, 1, 0]);
    assert_eq!(rule(&found, "closed")["not_tried"], json!(["pull_request.closed"]));
    assert_eq!(counts(&found, "closed")[0], 6);
    assert_eq!((rule(&found, "sleeps")["mode"].as_str(), counts(&found, "sleeps")[0]), (Some("off"), 0));

    each_action_tells_what_people_did(&found, [flaky, lost, rejected, waiting]);
    only_read(&shell);
    assert_eq!(entries(), before, "a file was left");
    let keys =
        "repository since until runs requests ended_early rules by_the_present not_held actions unknowns";
    has_keys(&found, keys);
    has_keys(&found["rules"][0], "rule mode judged matched kept unknown not_tried left actions");
    has_keys(sum, "action times refused limited shadowed runner_minutes without_estimate people");
    is_told_to_people(&shell).await;
}

#[track_caller]
fn each_action_tells_what_people_did(found: &Value, [flaky, lost, rejected, waiting]: [u64; 4]) {
    let actions = found["actions"].as_array().unwrap();
    has_keys(&actions[0], "at run attempt url rule action state reason runner_minutes people");
    let of = |run: u64, rule: &str| {
        actions.iter().find(|action| action["run"] == run && action["rule"] == rule).unwrap()
    };
    let people = &of(flaky, "retry")["people"];
    assert_eq!([&people["did"], &people["by"], &people["ended"]], ["same", "bob", "passed"]);
    assert_eq!(of(lost, "retry")["people"], json!({ "did": "nothing" }));
    assert_eq!(of(rejected, "approve")["people"], json!({ "did": "opposite", "by": "carol" }));
    assert_eq!(of(waiting, "approve")["people"], json!({ "did": "nothing" }));
    assert_eq!(of(flaky, "purge")["people"], json!({ "did": "untold" }));
}

async fn is_told_to_people(shell: &Shell) {
    let text = shell.line("try acme/api --since 14d --limit 1").await.well();
    for words in [
        "acme/api since ",
        ": 6 runs, 6 of them tried, with ",
        "retry: judged 6 times, matched 2\n  would re-run the failed jobs 2 times, about ",
        "somebody did 1 time (1 passed, 0 failed); nobody did 1 time\n",
        "would approve the deployment to staging 3 times; somebody did 1 time; somebody did the opposite 1 time; nobody",
        "purge: judged 2 times, matched 1, 1 kept\n  would delete the run 1 time\n",
        "  not tried: pull_request.closed\n",
        "sleeps: off\n",
        "and 5 more: `--limit N` lists them\n",
        "note: nothing was changed: it only read\n",
    ] {
        assert!(text.contains(words), "{words} expected: {text}");
    }
}

#[tokio::test]
async fn what_the_rules_would_have_done_to_earlier_attempts_counts_for_later_ones() {
    let shell = Shell::new(&retry("reruns_by_us: { below: 5 }")).await;
    let run = rerun_by_bob(&shell, ci("main").attempts(["failure"]), 2);
    let found = report(&shell, "").await;
    let states: Vec<_> = found["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| (&action["attempt"], &action["state"]))
        .collect();
    let expected = [(1, "planned"), (2, "limited"), (3, "limited")];
    assert_eq!(states.len(), 3, "{found:#}");
    for ((attempt, state), (number, word)) in states.into_iter().zip(expected) {
        assert_eq!((attempt, state), (&json!(number), &json!(word)), "run {run}: {found:#}");
    }
    // A rule that asks for it sees its own re-run.
    let rules = retry("reruns_by_us: { below: 1 }").replace("per_run: 1", "per_run: 9");
    shell.configure(&crate::story::configuration(&shell.github.api_url(), &rules));
    assert_eq!(counts(&report(&shell, "").await, "retry"), [3, 1, 0, 0]);
}

/// What was so then and does not show any more leads to nothing.
#[tokio::test]
async fn what_github_shows_of_the_present_only_is_not_taken_for_the_past() {
    let rules = format!(
        "{}  - name: logless\n    on: workflow_run.completed\n    when: {{ conclusion: failure, branch: quiet, \
         failed_jobs: {{ some: {{ log: {{ missing: true }} }} }} }}\n    then: [rerun]\n    limits: {{ per_run: 1 }}\n  \
         - name: labelled\n    on: workflow_run.completed\n    when: {{ conclusion: failure, branch: topic, pull_request: {{ label: retry }} }}\n    \
         then: [rerun]\n    limits: {{ per_run: 1 }}\n",
        retry("branch: [main, dev], is_head: true")
    );
    let shell = Shell::new(&rules).await;
    let github = &shell.github;
    github.push("acme/api", "main");
    github.push("acme/api", "dev");
    let moved = github.run_to_end(ci("main").attempts(["failure"]));
    let head = github.run_to_end(ci("dev").attempts(["failure"]));
    github.push("acme/api", "main");
    let expired = github.run_to_end(ci("quiet").attempts(["failure"]));
    github.expire_logs(expired);
    github.push("acme/api", "topic");
    github.open_pull_request(PullSpec::new("acme/api", 7, "topic").label("retry"));
    github.run_to_end(ci("topic").event("pull_request").attempts(["failure"]));

    let found = report(&shell, "").await;
    assert_eq!(counts(&found, "retry"), [4, 1, 0, 1], "{found:#}");
    assert_eq!(counts(&found, "logless"), [4, 0, 0, 1], "{found:#}");
    let unknowns = found["unknowns"].as_array().unwrap();
    let why = |run: u64| {
        let unknown = unknowns.iter().find(|unknown| unknown["run"] == run).unwrap();
        unknown["reason"].as_str().unwrap()
    };
    has_keys(&unknowns[0], "at run attempt url rule reason");
    assert!(why(moved).contains("GitHub does not tell afterwards what was so then"), "{found:#}");
    assert!(why(expired).contains("GitHub shows no log of the job any more"), "{found:#}");
    assert!(found["actions"].as_array().unwrap().iter().any(|action| action["run"] == head), "{found:#}");
    // Labels may have come later: that is said.
    assert_eq!(counts(&found, "labelled"), [4, 1, 0, 0], "{found:#}");
    assert_eq!(found["by_the_present"], json!({ "pull_request": 1 }));
    let text = shell.line("try acme/api --since 14d").await.well();
    assert!(text.contains("note: judged by what GitHub shows now, not then: pull_request (1)\n"), "{text}");
}

/// The state and the reason of the one action on the run.
fn action_on(found: &Value, run: u64) -> (&str, &str) {
    let of_run = |action: &&Value| action["run"] == run;
    let [action] = found["actions"].as_array().unwrap().iter().filter(of_run).collect::<Vec<_>>()[..] else {
        panic!("not one action on run {run}: {found:#}");
    };
    (action["state"].as_str().unwrap(), action["reason"].as_str().unwrap_or_default())
}

/// The daemon would look at GitHub before it acts; what that would have found is found here too.
#[tokio::test]
async fn what_the_look_before_a_rerun_would_refuse_is_not_promised() {
    let rules = retry("branch: [main, dev, again]")
        .replace("conclusion: failure", "conclusion: [failure, startup_failure]");
    let shell = Shell::new(&rules).await;
    let github = &shell.github;
    github.set_now(github.now().saturating_sub(Duration::from_secs(7200)).unwrap());
    let overtaken = github.run(ci("main").attempts(["failure"]));
    let rejected = github.run_to_end(ci("main").environments(["staging"]));
    github.person_rejects(rejected, "staging", "carol").unwrap();
    github.finish(overtaken);
    let cannot_start = github.run_to_end(ci("dev").attempts(["startup_failure"]));
    github.advance(Duration::from_secs(3600));
    let allowed = github.run_to_end(ci("dev").attempts(["failure"]));
    // Of two attempts GitHub does not tell which the rejection was of.
    let again = github.run_to_end(ci("again").environments(["staging"]));
    github.person_rejects(again, "staging", "carol").unwrap();
    github.person_reruns(again, "bob").unwrap();
    github.person_approves(again, "staging", "dave").unwrap();
    github.finish(again);
    let found = report(&shell, "").await;
    assert_eq!(found["runs"]["left_out"][0]["times"], 1, "{found:#}");
    for (run, state, reason) in [
        (overtaken, "refused", "a newer run of the workflow and branch exists"),
        (rejected, "refused", "carol rejected the deployment to staging"),
        (cannot_start, "refused", "GitHub cannot re-run a run that failed to start"),
        (allowed, "planned", ""),
        (again, "planned", ""),
    ] {
        let (was, why) = action_on(&found, run);
        assert!(was == state && why.starts_with(reason), "{run} {reason}: {found:#}");
    }
    let sum = &rule(&found, "retry")["actions"][0];
    assert_eq!([&sum["times"], &sum["refused"]], [2, 3]);
    assert_eq!(found["not_held"], json!(["guard newer_commit"]));
    let text = shell.line("try acme/api --since 14d").await.well();
    assert!(text.contains("would re-run the failed jobs 2 times, "), "{text}");
    assert!(text.contains("3 refused before the act"), "{text}");
    assert!(
        text.contains("note: not tried, so that less may be done than is shown: guard newer_commit\n"),
        "{text}"
    );
}

/// What an observing rule plans counts as if it acted: for its limits, for itself later, for other rules.
#[tokio::test]
async fn rules_that_only_observe_are_shown_as_though_they_acted() {
    let second = retry("branch: main").replace("rules:\n  - name: retry", "  - name: second");
    let rules = format!("mode: observe\n{}{second}", retry("reruns_by_us: { below: 3 }"));
    let shell = Shell::new(&rules).await;
    rerun_by_bob(&shell, ci("main").attempts(["failure"]), 1);
    let found = report(&shell, "").await;
    assert_eq!(rule(&found, "retry")["mode"], "observe");
    let of = |name: &str| {
        let sum = &rule(&found, name)["actions"][0];
        ["times", "limited", "shadowed"].map(|key| sum[key].as_u64().unwrap())
    };
    assert_eq!((of("retry"), of("second")), ([1, 1, 0], [0, 0, 2]), "{found:#}");
    let text = shell.line("try acme/api --since 14d").await.well();
    assert!(text.contains("retry (observe): judged 2 times, matched 2\n"), "{text}");
}

#[tokio::test]
async fn reviews_are_told_from_waits_that_people_did_not_answer() {
    let rules = "rules:\n  - name: approve\n    on: deployment.waiting\n    when: { environment: [staging, production] }\n    \
                 then: [approve_deployment]\n  - name: app\n    on: deployment.waiting\n    \
                 when: { environment: staging }\n    then: [approve_deployment: { via: protection_rule }]\n";
    let shell = Shell::new(rules).await;
    let github = &shell.github;
    let timer = github.run_to_end(ci("a").gate(GateSpec::wait_timer("staging", 5)));
    github.timer_passes(timer, "staging").unwrap();
    github.finish(timer);
    let both = github.run_to_end(ci("b").environments(["staging", "production"]));
    github.person_approves(both, "staging", "carol").unwrap();
    github.finish(both);
    let again = github.run_to_end(ci("c").environments(["staging"]));
    github.person_rejects(again, "staging", "carol").unwrap();
    github.person_reruns(again, "bob").unwrap();
    github.person_approves(again, "staging", "dave").unwrap();
    github.finish(again);
    let found = report(&shell, "").await;
    let people: Vec<_> = found["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| {
            (
                action["run"].as_u64().unwrap(),
                action["action"].as_str().unwrap(),
                action["people"]["did"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (both, "approve the deployment to staging", "same"),
        (both, "approve the deployment to production", "nothing"),
    ];
    assert_eq!(people, expected, "{found:#}");
    let left_out = &found["runs"]["left_out"];
    assert!(left_out[0]["why"].as_str().unwrap().contains("several attempts"), "{found:#}");
    assert_eq!((left_out.as_array().unwrap().len(), &left_out[0]["times"]), (1, &json!(1)));
    assert_eq!(rule(&found, "app")["not_tried"], json!(["deployment.waiting"]));
}

#[tokio::test]
async fn a_run_that_never_began_is_not_said_to_have_begun() {
    let rules = "rules:\n  - name: cancel\n    on: workflow_run.in_progress\n    when: { branch: main }\n    then: [cancel]\n";
    let shell = Shell::new(rules).await;
    for conclusion in ["skipped", "startup_failure"] {
        shell.github.run_to_end(ci("main").attempts([conclusion]));
    }
    let queued = shell.github.run(ci("main").stays_queued());
    shell.github.person_cancels(queued).unwrap();
    let began = shell.github.run_to_end(ci("main").attempts(["failure"]));
    let found = report(&shell, "").await;
    assert_eq!(counts(&found, "cancel"), [1, 1, 0, 0], "{found:#}");
    assert_eq!(action_on(&found, began), ("planned", ""));
}

/// GitHub answers 404 where a log never was and where it has been deleted.
#[tokio::test]
async fn that_a_log_is_missing_proves_something_only_beside_logs_that_are_there() {
    let rules = retry("failed_jobs: { some: { log: { missing: true } } }");
    let shell = Shell::new(&rules).await;
    let job = |name: &str| JobSpec::new(name, "failure");
    let lost = || AttemptSpec::jobs([job("build").log("boom\n"), job("lost").no_log()]);
    let beside = shell.github.run_to_end(ci("a").attempt(lost()));
    let alone = shell.github.run_to_end(ci("b").attempt(lost()));
    let path = format!("/repos/acme/api/actions/runs/{alone}/attempts/1/logs");
    shell.github.fault(Fault::on("GET", path).always().answer(Answer::status(404)));
    let jobs = shell.github.run_state(alone).unwrap().jobs;
    for job in jobs {
        let path = format!("/repos/acme/api/actions/jobs/{}/logs", job.id);
        shell.github.fault(Fault::on("GET", path).always().answer(Answer::status(404)));
    }
    let found = report(&shell, "").await;
    assert_eq!(counts(&found, "retry"), [2, 1, 0, 1], "{found:#}");
    assert_eq!(action_on(&found, beside).0, "planned");
    assert_eq!(found["unknowns"][0]["run"], alone);
}

#[tokio::test]
async fn an_attempt_that_github_does_not_show_leaves_untold_what_came_before() {
    let shell = Shell::new(&retry("branch: main")).await;
    let run = rerun_by_bob(&shell, ci("main").attempts(["failure"]), 2);
    let path = format!("/repos/acme/api/actions/runs/{run}/attempts/2");
    shell.github.fault(Fault::on("GET", path).always().answer(Answer::status(404)));
    let found = report(&shell, "").await;
    let people = |place: usize| &found["actions"][place]["people"]["did"];
    assert_eq!((people(0), people(1)), (&json!("untold"), &json!("nothing")), "{found:#}");
}

#[tokio::test]
async fn whether_there_was_a_newer_run_is_told_by_when_it_was_created() {
    let shell = Shell::new(&retry("newer_run: false")).await;
    let github = &shell.github;
    let ends = |spec: RunSpec| {
        let run = github.run(spec);
        github.advance(Duration::from_secs(60));
        github.finish(run);
        github.advance(Duration::from_secs(60));
        run
    };
    github.set_now(github.now().saturating_sub(Duration::from_secs(3600)).unwrap());
    let alone = ends(ci("main").attempts(["failure"]));
    let overtaken = github.run(ci("main").attempts(["failure"]));
    github.advance(Duration::from_secs(60));
    let newest = github.run(ci("main").attempts(["failure"]));
    github.finish(overtaken);
    ends(ci("dev"));
    github.finish(newest);
    let found = report(&shell, "").await;
    let mut runs: Vec<u64> =
        found["actions"].as_array().unwrap().iter().map(|action| action["run"].as_u64().unwrap()).collect();
    runs.sort_unstable();
    assert_eq!(runs, [alone, newest], "{found:#}");
}

/// Each job of an attempt is asked of when it ended; what the run was like by then does not show.
#[tokio::test]
async fn rules_on_jobs_are_asked_of_every_job_that_ended() {
    let rules = "rules:\n  - name: cancel-the-rest\n    on: [workflow_job.completed, workflow_job.queued]\n    \
                 when: { branch: main, job: { name: lint, conclusion: failure, log: \"unused import\" } }\n    \
                 then: [cancel]\n  - name: by-the-run\n    on: workflow_job.completed\n    \
                 when: { branch: main, job: { conclusion: failure }, status: in_progress }\n    then: [cancel]\n  \
                 - name: at-the-beginning\n    on: [workflow_run.requested, workflow_run.in_progress]\n    \
                 when: { branch: main, status: in_progress, run_attempt: 2 }\n    then: [cancel]\n";
    let shell = Shell::new(rules).await;
    let jobs = || {
        let lint = JobSpec::new("lint", "failure").log("warning: unused import\n");
        AttemptSpec::jobs([JobSpec::new("build", "success"), lint])
    };
    rerun_by_bob(&shell, ci("main").attempt(jobs()).attempt(jobs()), 1);
    shell.github.run_to_end(ci("dev").attempt(jobs()));
    let found = report(&shell, "").await;
    assert_eq!(counts(&found, "cancel-the-rest"), [4, 2, 0, 0], "{found:#}");
    assert_eq!(rule(&found, "cancel-the-rest")["not_tried"], json!(["workflow_job.queued"]));
    assert_eq!(rule(&found, "cancel-the-rest")["actions"][0]["people"]["untold"], 2);
    assert_eq!(counts(&found, "by-the-run"), [4, 0, 0, 2], "{found:#}");
    assert_eq!(counts(&found, "at-the-beginning"), [5, 1, 0, 0], "{found:#}");
    only_read(&shell);
}

fn ended_early(said: &Said) -> Value {
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
    said.out.parse().unwrap()
}

#[tokio::test]
async fn it_makes_no_more_requests_than_it_may_and_says_what_is_left() {
    let rules = retry("jobs: { some: { name: build } }").replace("[rerun]", "[delete_logs]");
    let shell = Shell::new(&rules.replace("conclusion:", "repository: acme/api, conclusion:")).await;
    for _ in 0..8 {
        shell.github.run_to_end(ci("main").attempts(["failure"]));
    }
    shell.github.clear_requests();
    let said = shell.line("try acme/api --since 14d --json --requests 4").await;
    let found = ended_early(&said);
    assert_eq!(found["requests"], json!({ "made": 4, "most": 4 }), "{found:#}");
    assert_eq!(found["ended_early"], "the requests that it may make are made (`--requests`)");
    assert_eq!((&found["runs"]["listed"], &found["runs"]["tried"]), (&json!(8), &json!(3)), "{found:#}");
    let of_runs = |line: &String| line.starts_with("GET /repos/acme/api/actions/");
    let lines: Vec<String> = shell.github.requests().iter().map(|request| request.line()).collect();
    assert_eq!(lines.iter().filter(|line| of_runs(line)).count(), 4, "{lines:#?}");

    let said = shell.line("try acme/api --since 14d --requests 4").await;
    assert!(said.out.contains("note: it is not through: the requests that it may make"), "{}", said.out);
}

#[tokio::test]
async fn limits_and_failures_of_github_end_it_in_words_with_what_was_found() {
    let shell = Shell::new(&retry("any: [{ branch: dev }, { jobs: { some: { name: build } } }]")).await;
    let github = &shell.github;
    let [first, second] = [(); 2].map(|()| github.run_to_end(ci("main").attempts(["failure"])));
    let jobs = |run: u64| format!("/repos/acme/api/actions/runs/{run}/attempts/1/jobs");
    // One run whose jobs cannot be read does not keep it from the others.
    github.fault(Fault::on("GET", jobs(second)).always().answer(Answer::status(422)));
    let found = report(&shell, "").await;
    assert_eq!(counts(&found, "retry"), [2, 1, 0, 1], "{found:#}");
    // Nor does an attempt.
    github.clear_faults();
    github.person_reruns(second, "bob").unwrap();
    github.finish(second);
    let attempt = format!("/repos/acme/api/actions/runs/{second}/attempts/1");
    github.fault(Fault::on("GET", attempt).always().answer(Answer::status(422)));
    let found = ended_early(&shell.line("try acme/api --since 14d --json").await);
    assert_eq!((&found["runs"]["tried"], &found["ended_early"]), (&json!(1), &Value::Null), "{found:#}");
    let failed = &found["runs"]["failed"][0];
    assert_eq!(failed["times"], 1);
    assert!(failed["why"].as_str().unwrap().contains("GitHub answered 422"), "{found:#}");
    github.clear_faults();
    // Of the newest nothing has to be asked.
    let newest = github.run_to_end(ci("dev").attempts(["failure"]));
    let limit = Answer::secondary_rate_limit(429, Some(3600));
    github.fault(Fault::on("GET", jobs(first)).always().answer(limit));
    let found = ended_early(&shell.line("try acme/api --since 14d --json").await);
    assert!(found["ended_early"].as_str().unwrap().contains("rate limit"), "{found:#}");
    assert_eq!(found["actions"][0]["run"], newest, "{found:#}");
    github.clear_faults();
    for (line, code, words) in [
        ("try acme/none --since 14d", 1, "cannot list the runs of acme/none: "),
        ("try acme/api", 2, "--since"),
        ("try acme --since 14d", 2, "OWNER/NAME"),
        ("try acme/api --since 14d --requests 0", 2, "0"),
        ("try acme/api --since 14d --config nowhere.yaml", 3, "cannot read the configuration"),
    ] {
        shell.line(line).await.refuses(code, &[words]);
    }
}

#[tokio::test]
async fn when_it_is_interrupted_it_shows_what_it_has_found() {
    let shell = Shell::new(&retry("jobs: { some: { name: build } }")).await;
    let github = &shell.github;
    let [first, second] = [(); 2].map(|()| github.run_to_end(ci("main").attempts(["failure"])));
    github.fault(Fault::on("GET", format!("/repos/acme/api/actions/runs/{first}/attempts/1/jobs")).hang());
    github.clear_requests();
    let mut command = program(shell.folder.path());
    let child = command.args(["try", "acme/api", "--since", "14d", "--json"]).spawn().unwrap();
    let is_held = |line: String| line.contains(&format!("/runs/{first}/attempts/1/jobs"));
    let is_told = |line: String| line.contains(&format!("/runs/{second}/attempts/1/jobs"));
    github
        .wait_for(|github| {
            let lines = || github.requests().into_iter().map(|request| request.line());
            lines().any(is_held) && lines().any(is_told)
        })
        .await;
    signal(child.id(), "INT");
    let output = spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &found["ended_early"]), (Some(1), &json!("it was interrupted")));
    assert_eq!((&found["runs"]["listed"], &found["runs"]["failed"]), (&json!(2), &json!([])));
}

/// GitHub shows a thousand results of a query.
#[tokio::test]
async fn more_runs_than_one_query_shows_are_all_found() {
    let shell = Shell::new(&retry("branch: dev")).await;
    let now = shell.github.now();
    for ago in 0..1_010_u64 {
        let at = now.saturating_sub(Duration::from_secs(60 + 60 * ago)).unwrap();
        let branch = if ago == 1_005 { "dev" } else { "main" };
        shell.github.past_run(ci(branch).attempts(["failure"]).created_at(at));
    }
    // Of before is not asked for.
    let long_ago = now.saturating_sub(Duration::from_secs(15 * 86_400)).unwrap();
    shell.github.past_run(ci("dev").attempts(["failure"]).created_at(long_ago));
    let found = report(&shell, "").await;
    assert_eq!(found["runs"]["listed"], 1_010);
    assert_eq!(counts(&found, "retry"), [1_010, 1, 0, 0]);
}

#[tokio::test]
async fn a_token_is_all_that_it_takes() {
    let shell = Shell::new(&retry("branch: main")).await;
    shell.github.run_to_end(ci("main").attempts(["failure"]));
    let yaml = crate::story::configuration(&shell.github.api_url(), &retry("branch: main"));
    let head = "github:\n  token: { env: TOKEN }\n  api_url:";
    let yaml = yaml.lines().filter(|line| !line.contains("app:")).collect::<Vec<_>>().join("\n");
    shell.configure(&yaml.replace("github:\n  api_url:", head));
    let mut command = program(shell.folder.path());
    command.env_remove("SECRET").env_remove("REVIEWER");
    command.args(["try", "acme/api", "--since", "14d", "--json"]);
    let found = spawn_blocking(move || run_with(command, None)).await.unwrap().json();
    assert_eq!(counts(&found, "retry"), [1, 1, 0, 0], "{found:#}");
    only_read(&shell);
}
