//! `runwarden replay`, by the real binary on the ledger of a story: what other rules would have done, offline.

use std::{fs, path::Path, process::Command, time::Duration};

use runwarden::simulator::RunSpec;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::story::{Story, configuration};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn retry(when: &str) -> String {
    format!(
        "rules:
  - name: retry
    on: workflow_run.completed
    when: {{ {when}, conclusion: failure, run_attempt: {{ below: 4 }} }}
    then: [rerun]
    limits: {{ per_run: 1 }}
"
    )
}

fn failing(branch: &str, then: &str) -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").branch(branch).attempts(["failure", then])
}

async fn say(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runwarden"));
    command.current_dir(folder).env_clear().args(arguments);
    let output = spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Replays a story's ledger by other rules. GitHub is at an address where nothing answers.
async fn replay(story: &Story, rules: &str) -> Value {
    fs::write(story.folder.path().join("new.yaml"), configuration("http://127.0.0.1:1/api/v3", rules))
        .unwrap();
    let arguments = ["replay", "--since", "2026-11-01", "--config", "new.yaml", "--json"];
    let (code, out, err) = say(story.folder.path(), &arguments).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    serde_json::from_str(&out).unwrap()
}

fn counts(report: &Value) -> [u64; 4] {
    ["/unchanged", "/added/actions", "/removed/actions", "/unknown/verdicts"]
        .map(|path| report.pointer(path).unwrap().as_u64().unwrap())
}

#[tokio::test]
async fn the_same_rules_change_nothing() {
    let rules = format!(
        "{}  - name: approve
    on: deployment.waiting
    when: {{ environment: staging }}
    then: [approve_deployment]
",
        retry("branch: main")
    );
    let mut story = Story::begin(&rules).await;
    story.github.auto_finish(true);
    // The second attempt fails too, and `per_run` holds the rule back.
    story.github.run_to_end(failing("main", "failure"));
    story.pass(MINUTE).await;
    let run = RunSpec::new("acme/api", "ci.yml").environments(["staging"]);
    story.github.run_to_end(run);
    story.pass(MINUTE).await;
    let report = replay(&story, &rules).await;
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report:#}");
    assert_eq!(report["changes"], json!([]));
    assert_eq!(report["reruns"], json!({ "passed": 0, "failed": 1, "otherwise": 0, "unknown": 0 }));
}

#[tokio::test]
async fn other_rules_add_and_remove_and_it_is_told_how_the_reruns_that_happened_ended() {
    let mut story = Story::begin(&retry("branch: main")).await;
    story.github.auto_finish(true);
    let kept = story.github.run_to_end(failing("main", "success"));
    story.pass(SECOND).await;
    let ignored = story.github.run_to_end(failing("feature", "success"));
    story.pass(SECOND).await;
    let writes = story.writes();
    let ledger = story.folder.path().join("runwarden.db");
    let before = fs::read(&ledger).unwrap();

    let report = replay(&story, &retry("branch: feature")).await;
    assert_eq!(counts(&report), [0, 1, 1, 0], "{report:#}");
    let [removed, added] = report["changes"].as_array().unwrap().as_slice() else { panic!("{report:#}") };
    assert_eq!((&removed["change"], &removed["run"]), (&json!("removed"), &json!(kept)));
    assert_eq!((&removed["rule"], &removed["ended"]), (&json!("retry"), &json!("passed")));
    assert!(
        removed["now"].as_str().unwrap().starts_with("not matched (branch: expected feature"),
        "{removed}"
    );
    assert_eq!((&added["change"], &added["run"]), (&json!("added"), &json!(ignored)));
    assert_eq!((&added["repository"], &added["attempt"]), (&json!("acme/api"), &json!(1)));
    assert!(added["then"].as_str().unwrap().starts_with("not matched (branch: expected main"), "{added}");
    assert_eq!(report["removed"]["ended"]["passed"], 1);
    assert_eq!(report["reruns"]["passed"], 1);

    assert_eq!(fs::read(&ledger).unwrap(), before, "the ledger was written");
    assert_eq!(story.writes(), writes);
    let arguments = ["replay", "--since", "2026-11-01", "--config", "new.yaml", "--limit", "1"];
    let (code, text, _) = say(story.folder.path(), &arguments).await;
    assert_eq!(code, 0);
    for words in [
        "added      1 action, 1 re-run without recorded jobs",
        "of the re-runs 1 passed, 0 failed",
        "and 1 more",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let (_, out, _) =
        say(story.folder.path(), &["replay", "--since", "2026-11-23", "--config", "new.yaml", "--json"])
            .await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["deliveries"]["read"], 0);
}

#[tokio::test]
async fn a_fact_that_was_never_recorded_leads_to_nothing_and_is_named() {
    let mut story = Story::begin(&retry("branch: main")).await;
    story.github.auto_finish(true);
    story.github.run_to_end(failing("main", "success"));
    story.pass(SECOND).await;
    let rules = retry("jobs: { some: { name: build } }");
    let report = replay(&story, &rules).await;
    assert_eq!(counts(&report), [0, 0, 0, 1], "{report:#}");
    assert_eq!(report["unknown"]["never_recorded"], json!({ "jobs": 1 }));
    assert_eq!(report["unknowns"][0]["never_recorded"], json!(["jobs"]));
    // Recorded by rules that asked for them, they tell what the re-run took.
    let mut story = Story::begin(&rules.replace("build", "no-such-job")).await;
    story.github.run_to_end(failing("main", "success"));
    story.settle().await;
    let report = replay(&story, &retry("branch: main")).await;
    assert_eq!(counts(&report), [0, 1, 0, 0], "{report:#}");
    assert!(report["added"]["runner_minutes"].as_u64().unwrap() > 0, "{report:#}");
}

#[tokio::test]
async fn a_delivery_that_no_rule_listened_to_is_judged_by_its_body() {
    let rules = "breaker: { rerun_failures: 3 }\nrules:\n  - name: approve\n    on: deployment.waiting\n    \
                 when: { environment: staging }\n    then: [approve_deployment]\n";
    let mut story = Story::begin(rules).await;
    let run = story.github.run_to_end(failing("main", "success"));
    story.settle().await;
    let report = replay(&story, &retry("branch: main")).await;
    assert_eq!(counts(&report), [0, 1, 0, 0], "{report:#}");
    assert_eq!(report["changes"][0]["run"], json!(run));
    assert_eq!(report["changes"][0]["then"], "no rule of that name listened");
}

#[tokio::test]
async fn what_was_only_observed_is_held_against_what_people_did() {
    let rules = format!("mode: observe\n{}", retry("repository: \"acme/*\""));
    let mut story = Story::begin(&rules).await;
    story.github.auto_finish(true);
    let rerun = story.github.run_to_end(failing("main", "success"));
    story.github.run_to_end(failing("feature", "success"));
    story.pass(12 * MINUTE).await;
    story.github.person_reruns(rerun, "octocat").unwrap();
    story.pass(SECOND).await;
    let report = replay(&story, &rules).await;
    let observed = &report["observed"][0];
    assert_eq!((&observed["times"], &observed["by_people"]), (&json!(2), &json!(1)), "{report:#}");
    assert_eq!(observed["ended"]["passed"], 1);
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report:#}");
    let enforced = replay(&story, &retry("branch: main")).await;
    assert_eq!(counts(&enforced), [0, 1, 1, 0], "{enforced:#}");
    assert!(enforced["changes"][0]["then"].as_str().unwrap().starts_with("observed (mode is observe"));
}

#[tokio::test]
async fn it_ends_with_the_code_that_says_why() {
    let story = Story::begin(&retry("branch: main")).await;
    let folder = story.folder.path();
    fs::write(folder.join("new.yaml"), configuration("http://127.0.0.1:1/api/v3", &retry("branch: main")))
        .unwrap();
    fs::write(folder.join("bad.yaml"), "rules: 7").unwrap();
    for (arguments, code) in [
        (&["replay"][..], 2),
        (&["replay", "--since", "yesterday"], 2),
        (&["replay", "--since", "1d", "--config", "bad.yaml"], 3),
        (&["replay", "--since", "1d", "--config", "new.yaml", "--database", "nowhere.db"], 1),
        (&["replay", "--since", "1d", "--config", "new.yaml"], 0),
    ] {
        let (ended, _, err) = say(folder, arguments).await;
        assert_eq!(ended, code, "{arguments:?}: {err}");
    }
}
