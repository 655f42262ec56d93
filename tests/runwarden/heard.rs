//! Stories about rules that hear pull requests, reviews and comments.

use runwarden::simulator::{PullSpec, RunSpec};

use crate::story::Story;

fn rule(on: &str, when: &str, then: &str) -> String {
    format!("rules:\n  - name: heard\n    on: {on}\n    when: {{ {when} }}\n    then: [{then}]\n")
}

/// A fork's pull request, and a run of its head commit that waits for approval.
fn with_a_waiting_run(story: &Story) -> u64 {
    story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix").fork("eve/api").author("eve"));
    story.github.run(of_pull(story).needs_fork_approval())
}

fn of_pull(story: &Story) -> RunSpec {
    of_workflow(story, "ci.yml")
}

fn of_workflow(story: &Story, workflow: &str) -> RunSpec {
    let sha = story.github.head_of_pull_request("acme/api", 7).unwrap();
    RunSpec::new("acme/api", workflow)
        .event("pull_request")
        .branch("fix")
        .fork("eve/api")
        .actor("eve")
        .sha(sha)
}

const APPROVE: &str =
    "conclusion: action_required, pull_request: { label: ok-to-test, head_is_current: true }";

#[tokio::test]
async fn a_label_releases_the_runs_that_wait_of_the_head_commit_and_no_other() {
    let mut story = Story::begin(&rule("pull_request.labeled", APPROVE, "approve_run")).await;
    let old = with_a_waiting_run(&story);
    story.github.push_to_pull_request("acme/api", 7);
    let new = story.github.run(of_pull(&story).needs_fork_approval());
    story.settle().await;
    assert_eq!(story.writes(), Vec::<String>::new());
    story.github.label_pull_request("acme/api", 7, "size/M", "maintainer");
    story.settle().await;
    assert_eq!(story.writes(), Vec::<String>::new());
    story.github.label_pull_request("acme/api", 7, "ok-to-test", "maintainer");
    story.settle().await;
    assert_eq!(story.writes(), [format!("POST /repos/acme/api/actions/runs/{new}/approve")]);
    assert_eq!(story.actions(old).await, Vec::<String>::new());
    let entry = story.history(new).await.pop().unwrap();
    let facts = &entry.decisions[0].decision.facts;
    assert_eq!(
        (facts.signal.as_str(), facts.sender.as_deref()),
        ("pull_request.labeled", Some("maintainer"))
    );
    story.end().await;
}

#[tokio::test]
async fn a_label_that_is_gone_by_the_time_its_webhook_is_judged_approves_nothing() {
    let mut story = Story::begin(&rule("pull_request.labeled", APPROVE, "approve_run")).await;
    let run = with_a_waiting_run(&story);
    story.github.label_pull_request("acme/api", 7, "ok-to-test", "maintainer");
    story.github.unlabel_pull_request("acme/api", 7, "ok-to-test", "maintainer");
    story.settle().await;
    assert_eq!(story.writes(), Vec::<String>::new());
    let entry = story.history(run).await.pop().unwrap();
    let reason = &entry.decisions[0].decision.verdicts[0].reason;
    assert!(reason.contains("label: expected ok-to-test"), "{reason}");
    story.end().await;
}

#[tokio::test]
async fn closing_cancels_what_runs_unless_a_bot_closed() {
    for (closer, expected) in [("octocat", 1), ("mergebot", 0)] {
        let rules = rule("pull_request.closed", "sender: \"!mergebot\", status: \"!completed\"", "cancel");
        let mut story = Story::begin(&rules).await;
        story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix").fork("eve/api").author("eve"));
        let run = story.github.run(of_pull(&story));
        // Another branch at the same commit is not the pull request's, as its base once it is merged.
        let sha = story.github.head_of_pull_request("acme/api", 7).unwrap();
        let of_main = story.github.run(RunSpec::new("acme/api", "ci.yml").branch("main").sha(sha));
        story.settle().await;
        story.github.close_pull_request("acme/api", 7, closer);
        story.settle().await;
        let cancelled = [format!("POST /repos/acme/api/actions/runs/{run}/cancel")];
        assert_eq!(story.writes(), cancelled[..expected], "{closer}");
        assert_eq!(story.actions(of_main).await, Vec::<String>::new());
        story.end().await;
    }
}

const RETRY: &str = "status: completed, run_attempt: { below: 3 }, comment: { association: [OWNER, MEMBER], body: \"/^[/]retry *$/\" }";

#[tokio::test]
async fn a_members_comment_re_runs_once_and_a_strangers_does_not() {
    let mut story = Story::begin(&rule("issue_comment.created", RETRY, "rerun")).await;
    story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix").fork("eve/api").author("eve"));
    let run = story.github.run_to_end(of_pull(&story).attempts(["failure", "success"]));
    story.settle().await;
    for (association, login, body) in [
        ("NONE", "eve", "/retry"),
        ("MEMBER", "octocat", "please do not /retry"),
        ("MEMBER", "octocat", "hi"),
    ] {
        story.github.person_comments_as(association, "acme/api", 7, login, body);
        story.settle().await;
        assert_eq!(story.writes(), Vec::<String>::new(), "{login}: {body}");
    }
    story.github.person_comments_as("MEMBER", "acme/api", 7, "octocat", "thanks\n/retry");
    story.github.person_comments_as("MEMBER", "acme/api", 7, "octocat", "/retry");
    story.settle().await;
    assert_eq!(story.writes(), [format!("POST /repos/acme/api/actions/runs/{run}/rerun-failed-jobs")]);
    story.end().await;
}

#[tokio::test]
async fn what_the_payload_settles_costs_no_request() {
    let mut story = Story::begin(&rule("issue_comment.created", RETRY, "rerun")).await;
    story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix").fork("eve/api").author("eve"));
    story.settle().await;
    let before = story.requests().len();
    story.github.person_comments_as("NONE", "acme/api", 7, "eve", "/retry");
    story.settle().await;
    assert_eq!(story.requests().len(), before);
    story.end().await;
}

#[tokio::test]
async fn a_rules_own_comment_does_not_wake_it_again() {
    let when = "status: completed, comment: { author: [octocat, \"runwarden[bot]\"], body: \"/^go|retry/\" }";
    let then = "comment: { body: \"retry, said {{ rule }}\" }";
    let mut story = Story::begin(&rule("issue_comment.created", when, then)).await;
    story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix").fork("eve/api").author("eve"));
    let run = story.github.run_to_end(of_pull(&story));
    story.github.person_comments_as("MEMBER", "acme/api", 7, "octocat", "go");
    story.settle().await;
    assert_eq!(story.writes(), ["POST /repos/acme/api/issues/7/comments"]);
    assert_eq!(story.github.comments("acme/api", 7).len(), 2);
    let history = story.history(run).await;
    let judged = history.iter().filter(|entry| entry.delivery.event == "issue_comment").count();
    assert_eq!(judged, 1, "what was said by octocat, and not what was answered");
    story.end().await;
}

#[tokio::test]
async fn an_approving_review_of_a_member_approves_a_deployment() {
    let when = "environment: staging, review: { state: approved, association: [OWNER, MEMBER] }";
    for (state, association, expected) in
        [("approved", "MEMBER", 1), ("commented", "MEMBER", 0), ("approved", "CONTRIBUTOR", 0)]
    {
        let rules = rule("pull_request_review.submitted", when, "approve_deployment");
        let mut story = Story::begin(&rules).await;
        story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix").fork("eve/api").author("eve"));
        let run = story.github.run(of_pull(&story).environments(["staging", "production"]));
        story.settle().await;
        story.github.review_pull_request("acme/api", 7, ("octocat", association), state, None);
        story.settle().await;
        let approved = [format!("POST /repos/acme/api/actions/runs/{run}/pending_deployments")];
        assert_eq!(
            story.writes(),
            approved[..expected],
            "{state} {association}: {:#?}",
            story.history(run).await
        );
        story.end().await;
    }
}

#[tokio::test]
async fn a_pull_request_without_a_run_says_so_and_one_delivery_judges_every_run() {
    let mut story =
        Story::begin(&rule("pull_request.labeled", "status: completed, run_attempt: 1", "rerun")).await;
    story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix").fork("eve/api").author("eve"));
    story.github.label_pull_request("acme/api", 7, "retry", "maintainer");
    story.settle().await;
    assert_eq!(story.writes(), Vec::<String>::new());
    let first = story.github.run_to_end(of_pull(&story).attempts(["failure", "success"]));
    let second = story.github.run_to_end(of_workflow(&story, "lint.yml").attempts(["failure", "success"]));
    story.settle().await;
    story.github.label_pull_request("acme/api", 7, "again", "maintainer");
    story.settle().await;
    assert_eq!(story.writes().len(), 2);
    let delivery = async |run| story.history(run).await.pop().unwrap().delivery.guid;
    assert_eq!(delivery(first).await, delivery(second).await, "one delivery, a decision for each run");
    story.end().await;
}
