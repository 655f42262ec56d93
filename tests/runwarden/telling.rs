//! Stories about what is told on GitHub: comments, labels and checks.

use std::time::Duration;

use runwarden::simulator::{Answer, Fault, PullSpec, RunSpec};

use crate::story::Story;

const MINUTE: Duration = Duration::from_secs(60);

fn rules(then: &str) -> String {
    format!(
        "rules:\n  - name: tell\n    on: workflow_run.completed\n    \
         when: {{ conclusion: [failure, success] }}\n    then: [{then}]\n"
    )
}

/// A run of the pull request's head that ends like this.
fn of_pull(story: &Story, conclusion: &str) -> RunSpec {
    let commit = story.github.head_of_pull_request("acme/api", 7).unwrap();
    RunSpec::new("acme/api", "ci.yml").event("pull_request").branch("fix").sha(commit).attempts([conclusion])
}

async fn with_pull(then: &str) -> Story {
    let story = Story::begin(&rules(then)).await;
    story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix").label("bug"));
    story
}

const COMMENT: &str = "comment: { body: \"It ended: {{ conclusion }}\" }";

#[tokio::test]
async fn a_rule_has_one_comment_on_a_pull_request_and_changes_it() {
    let mut story = with_pull(COMMENT).await;
    let first = story.github.run_to_end(of_pull(&story, "failure"));
    story.pass(MINUTE).await;
    let again = story.github.run_to_end(of_pull(&story, "failure"));
    story.pass(MINUTE).await;
    let last = story.github.run_to_end(of_pull(&story, "success"));
    story.pass(MINUTE).await;
    let comments = story.github.comments("acme/api", 7);
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0].0, "runwarden[bot]");
    assert!(comments[0].1.starts_with("<!-- runwarden:tell -->\nIt ended: success\n"), "{}", comments[0].1);
    let writes = story.writes();
    assert_eq!(writes.len(), 2, "the same is not said twice: {writes:?}");
    assert_eq!(writes[0], "POST /repos/acme/api/issues/7/comments");
    assert!(writes[1].starts_with("PATCH /repos/acme/api/issues/comments/"));
    assert_eq!(story.actions(first).await, ["tell comment done: commented on pull request #7"]);
    assert_eq!(
        story.actions(again).await,
        ["tell comment done: the comment on pull request #7 says so already"]
    );
    assert_eq!(story.actions(last).await, ["tell comment done: changed the comment on pull request #7"]);
    story.end().await;
}

#[tokio::test]
async fn what_others_wrote_is_never_touched_be_it_with_our_marker_and_on_any_page() {
    let mut story = with_pull(COMMENT).await;
    let forged = "<!-- runwarden:tell -->\nIt ended: well";
    for number in 0..120 {
        let body = if number % 2 == 0 { forged } else { "me too" };
        story.github.person_comments("acme/api", 7, "mallory", body);
    }
    story.github.run_to_end(of_pull(&story, "failure"));
    story.pass(MINUTE).await;
    story.github.run_to_end(of_pull(&story, "success"));
    story.pass(MINUTE).await;
    let comments = story.github.comments("acme/api", 7);
    assert_eq!(comments.len(), 121);
    assert!(comments[120].1.contains("It ended: success"));
    assert!(comments[..120].iter().all(|(author, body)| author == "mallory" && !body.contains("success")));
    story.end().await;
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_is_not_written_twice() {
    for took_effect in [true, false] {
        let mut story = with_pull(COMMENT).await;
        let fault = Fault::on("POST", "/comments").answer(Answer::bad_gateway());
        story.github.fault(if took_effect { fault.after_effect() } else { fault });
        let run = story.github.run_to_end(of_pull(&story, "failure"));
        story.pass(MINUTE).await;
        assert_eq!(story.github.comments("acme/api", 7).len(), 1);
        assert!(story.actions(run).await[0].starts_with("tell comment done: "));
        story.end().await;
    }
}

#[tokio::test]
async fn a_title_mentions_nobody_and_links_nowhere() {
    let mut story = with_pull("comment: { body: \"{{ title }} by {{ actor }}: {{ run_url }}\" }").await;
    let title = "@acme/all #1 [x](https://evil.example) <img src=x> `code` ![i](u)";
    let run = story.github.run_to_end(of_pull(&story, "failure").title(title));
    story.pass(MINUTE).await;
    let body = story.github.comments("acme/api", 7)[0].1.clone();
    for bad in ["@acme", "#1", "](", "https://evil", "<img", "`"] {
        assert!(!body.contains(bad), "{bad}: {body}");
    }
    assert!(body.contains(&format!("/acme/api/actions/runs/{run}")), "{body}");
    story.end().await;
}

#[tokio::test]
async fn a_run_without_a_pull_request_or_of_an_older_commit_is_told_of_nowhere() {
    let mut story = with_pull(COMMENT).await;
    let without = story.github.run_to_end(RunSpec::new("acme/api", "ci.yml").attempts(["failure"]));
    story.pass(MINUTE).await;
    assert_eq!(story.actions(without).await, ["tell comment refused: the run has no pull request"]);
    story.github.fault(Fault::on("GET", "/comments").answer(Answer::bad_gateway()));
    let outdated = story.github.run_to_end(of_pull(&story, "failure"));
    story.settle().await;
    story.github.push_to_pull_request("acme/api", 7);
    story.pass(MINUTE).await;
    let why = "the run's commit is no longer the head of pull request #7";
    assert_eq!(story.actions(outdated).await, [format!("tell comment refused: {why}")]);
    assert_eq!(story.writes(), Vec::<String>::new());
    story.end().await;
}

#[tokio::test]
async fn labels_are_added_and_taken_off_and_what_is_so_already_costs_no_write() {
    let mut story = with_pull("label: { add: [\"ci: failed\"], remove: [bug, none] }").await;
    let run = story.github.run_to_end(of_pull(&story, "failure"));
    story.pass(MINUTE).await;
    assert_eq!(story.github.labels_of("acme/api", 7), ["ci: failed"]);
    assert_eq!(story.actions(run).await, ["tell label done: labelled pull request #7: +ci: failed, -bug"]);
    let writes = story.writes();
    assert_eq!(writes.len(), 2);
    let run = story.github.run_to_end(of_pull(&story, "failure"));
    story.pass(MINUTE).await;
    assert_eq!(story.writes(), writes);
    assert_eq!(story.actions(run).await, ["tell label done: pull request #7 is labelled so already"]);
    story.end().await;
}

const CHECK: &str = "check: { name: flaky, conclusion: neutral, summary: \"attempt {{ run_attempt }}\" }";

#[tokio::test]
async fn a_run_has_one_check_at_its_commit_which_changes_with_its_attempts() {
    let mut story = Story::begin(&rules(CHECK)).await;
    let run = story.github.run_to_end(RunSpec::new("acme/api", "ci.yml").attempts(["failure", "success"]));
    story.pass(MINUTE).await;
    story.github.person_reruns(run, "octocat").unwrap();
    story.github.finish(run);
    story.pass(MINUTE).await;
    let sha = story.github.run_json(run)["head_sha"].as_str().unwrap().to_owned();
    let checks = story.github.checks_at(&sha);
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0]["external_id"], format!("runwarden:tell:{run}:2"));
    assert_eq!(checks[0]["conclusion"], "neutral");
    assert_eq!(checks[0]["output"]["summary"], "attempt 2");
    let writes = story.writes();
    assert_eq!(writes[0], "POST /repos/acme/api/check-runs");
    assert!(writes[1].starts_with("PATCH /repos/acme/api/check-runs/"), "{writes:?}");
    story.end().await;
}

#[tokio::test]
async fn a_check_whose_answer_was_lost_is_found_and_one_that_is_not_allowed_fails() {
    let mut story = Story::begin(&rules(CHECK)).await;
    story.github.fault(Fault::on("POST", "/check-runs").answer(Answer::bad_gateway()).after_effect());
    let run = story.github.run_to_end(RunSpec::new("acme/api", "ci.yml").attempts(["failure"]));
    story.pass(MINUTE).await;
    assert_eq!(story.actions(run).await, ["tell check done: the check shows it already"]);
    story.github.lacks(["checks"]);
    let run = story.github.run_to_end(RunSpec::new("acme/api", "ci.yml").attempts(["failure"]));
    story.pass(MINUTE).await;
    let why = "GitHub answered 403 (Resource not accessible by integration)";
    assert_eq!(story.actions(run).await, [format!("tell check failed: {why}")]);
    story.end().await;
}
