//! What people did after a decision, as `history` and `explain` tell it: the real binary on the ledger of a story.

use std::{process::Command, time::Duration};

use runwarden::simulator::RunSpec;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::story::Story;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

const RETRY: &str = r#"
rules:
  - name: retry
    on: workflow_run.completed
    when: { conclusion: failure, run_attempt: { below: 2 } }
    then: [rerun]
"#;

async fn say(story: &Story, line: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runwarden"));
    command.current_dir(story.folder.path()).env_clear().args(line.split_whitespace());
    command.args(["--database", "runwarden.db"]);
    let output = spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    assert_eq!((output.status.code(), text(output.stderr).as_str()), (Some(0), ""), "{line}");
    text(output.stdout)
}

/// What the history's JSON says of the first action on the run, and its line of the table.
async fn told(story: &Story, run: u64) -> (Value, String) {
    let history: Value =
        serde_json::from_str(&say(story, &format!("history --json --run {run}")).await).unwrap();
    let later = history[0]["decisions"][0]["actions"][0]["later"].clone();
    let guid = history[0]["delivery"]["guid"].as_str().unwrap();
    let explained: Value =
        serde_json::from_str(&say(story, &format!("explain --json --delivery {guid}")).await).unwrap();
    assert_eq!(explained, history[0], "both tell the same");
    let table = say(story, &format!("history --run {run}")).await;
    let line = table.lines().nth(1).unwrap().to_owned();
    let (_, words) = line.split_once(" retry → ").unwrap();
    let words = words.split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
    let explained = say(story, &format!("explain --delivery {guid}")).await;
    if let Some((_, after)) = words.split_once("; ") {
        assert!(explained.contains(&format!("; {after}\n")), "{after}: {explained}");
    }
    (later, words)
}

fn failing(then: &str) -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").attempts(["failure", then])
}

#[tokio::test]
async fn an_observed_rerun_tells_who_did_it_instead_and_how_that_ended() {
    let mut story = Story::begin(&format!("mode: observe\n{RETRY}")).await;
    let passes = story.github.run_to_end(failing("success"));
    story.settle().await;
    let observed = "mode is observe: recorded, not done";
    story.pass(12 * MINUTE).await;
    story.github.person_reruns(passes, "octocat").unwrap();
    story.pass(MINUTE).await;
    story.github.finish(passes);
    story.pass(SECOND).await;
    let (later, words) = told(&story, passes).await;
    assert_eq!(words, format!("{observed}; octocat re-ran it 12m later, and it passed"));
    let at = later["at"].as_str().unwrap();
    let expected =
        json!({ "by_people": true, "by": "octocat", "at": at, "attempt": 2, "conclusion": "success" });
    assert_eq!((later.clone(), at), (expected, "2026-11-22T12:12:30Z"));
    assert_eq!(story.writes(), [""; 0], "nothing is asked of GitHub");
    story.end().await;
}

#[tokio::test]
async fn a_rerun_that_was_done_tells_how_its_attempt_ended() {
    let mut story = Story::begin(RETRY).await;
    let begin = |then: &str| story.github.run_to_end(failing(then).branch(then));
    let [passes, fails] = ["success", "failure"].map(begin);
    story.settle().await;
    let done = "asked GitHub to re-run the failed jobs";
    let (later, words) = told(&story, passes).await;
    assert_eq!((later, words.as_str()), (Value::Null, done), "it has not ended");
    for run in [passes, fails] {
        story.github.finish(run);
    }
    story.pass(SECOND).await;
    for (run, conclusion, end) in [(passes, "success", "passed"), (fails, "failure", "failed")] {
        let (later, words) = told(&story, run).await;
        assert_eq!(words, format!("{done}; attempt 2 {end}"));
        assert_eq!((&later["by"], &later["attempt"]), (&json!("retry"), &json!(2)), "{later}");
        assert_eq!(
            (&later["by_people"], &later["conclusion"]),
            (&Value::Null, &json!(conclusion)),
            "{later}"
        );
    }
    story.end().await;
}

#[tokio::test]
async fn a_rerun_that_a_limit_held_back_tells_that_a_person_did_it() {
    let rules = format!("limits: {{ reruns_per_run: 1 }}\n{RETRY}").replace("below: 2", "below: 9");
    let mut story = Story::begin(&rules).await;
    story.github.auto_finish(true);
    let run = RunSpec::new("acme/api", "ci.yml").attempts(["failure", "failure", "success"]);
    let run = story.github.run_to_end(run);
    story.pass(5 * MINUTE).await;
    story.github.person_reruns(run, "hubot").unwrap();
    story.pass(SECOND).await;
    let table = say(&story, &format!("history --run {run} --rule retry")).await;
    let limited = table.lines().find(|line| line.contains(" limited ")).unwrap();
    assert!(limited.ends_with("; hubot re-ran it 5m later, and it passed"), "{table}");
    story.end().await;
}

#[tokio::test]
async fn an_observed_cancellation_tells_whether_the_run_was_cancelled() {
    let rules = r#"
mode: observe
rules:
  - name: retry
    on: workflow_run.requested
    then: [cancel]
  - name: ears
    on: workflow_run.completed
    when: { branch: no-such-branch }
    then: [delete_run]
"#;
    let mut story = Story::begin(rules).await;
    let [cancelled, ended] = [1, 2].map(|_| story.github.run(RunSpec::new("acme/api", "ci.yml")));
    story.pass(3 * MINUTE).await;
    story.github.person_cancels(cancelled).unwrap();
    story.github.finish(ended);
    story.settle().await;
    let (later, words) = told(&story, cancelled).await;
    assert!(words.ends_with("; it was cancelled 3m later"), "{words}");
    assert_eq!((&later["by_people"], &later["by"]), (&json!(true), &Value::Null));
    let (later, words) = told(&story, ended).await;
    assert!(words.ends_with("; nobody cancelled it"), "{words}");
    assert_eq!(later["by_people"], false);
    story.end().await;
}
