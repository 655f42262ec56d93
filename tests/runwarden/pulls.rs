//! Stories about the pull request that a run belongs to.

use runwarden::simulator::{Answer, Fault, PullSpec, RunSpec};

use crate::story::Story;

fn rules(asked: &str) -> String {
    format!(
        "rules:\n  - name: retry\n    on: workflow_run.completed\n    \
         when: {{ conclusion: failure, run_attempt: {{ below: 2 }}, pull_request: {asked} }}\n    then: [rerun]\n"
    )
}

fn failing(branch: &str) -> RunSpec {
    RunSpec::new("acme/api", "ci.yml").event("pull_request").branch(branch).attempts(["failure", "success"])
}

fn asked_for_pulls(story: &Story) -> usize {
    story.github.requests().iter().filter(|it| it.line().contains("/acme/api/pulls")).count()
}

/// The attempt that the run has come to, and how often pull requests were listed.
async fn attempt(mut story: Story, run: RunSpec) -> (u64, usize) {
    story.github.auto_finish(true);
    let run = story.github.run_to_end(run);
    story.settle().await;
    let found = (story.github.attempt_of(run), asked_for_pulls(&story));
    story.end().await;
    found
}

#[tokio::test]
async fn a_forks_run_is_judged_by_its_pull_request() {
    for (asked, expected) in [
        ("{ state: open, author: Eve, base: main, label: \"ok-to-*\", head_is_current: true }", 2),
        ("{ draft: false, merged: false, title: \"Fix*\" }", 2),
        ("{ author: octocat }", 1),
        ("{ label: retry }", 1),
        ("{ state: closed }", 1),
        ("{ exists: false }", 1),
        ("{ exists: true }", 2),
    ] {
        let story = Story::begin(&rules(asked)).await;
        let pull = PullSpec::new("acme/api", 7, "fix").fork("eve/api").author("eve").title("Fix it");
        story.github.open_pull_request(pull.label("ok-to-test"));
        // The repository's own branch of that name has a pull request of its own.
        story.github.open_pull_request(PullSpec::new("acme/api", 8, "fix").label("retry").author("octocat"));
        let sha = story.github.head_of_pull_request("acme/api", 7).unwrap();
        let found = attempt(story, failing("fix").fork("eve/api").sha(sha)).await;
        assert_eq!(found, (expected, 1), "{asked}");
    }
}

#[tokio::test]
async fn changed_files_are_read_to_the_last_page_and_by_both_names() {
    for (asked, expected) in [
        ("{ changed_files: { every: [\"docs/**\", \"**/*.md\"] } }", 1),
        ("{ changed_files: { every: [\"docs/**\", \"src/**\", \"**/*.md\"] } }", 2),
        ("{ changed_files: { some: \"src/old.rs\" } }", 2),
        ("{ changed_files: { none: \"src/**\" } }", 1),
        ("{ changed_files: { none: \"deploy/**\" } }", 2),
        ("{ changed_files: { count: { at_most: 121 } } }", 1),
        ("{ changed_files: { count: 122 } }", 2),
    ] {
        let story = Story::begin(&rules(asked)).await;
        let mut pull = PullSpec::new("acme/api", 7, "fix").file("README.md");
        for number in 0..120 {
            pull = pull.file(format!("docs/{number}.txt"));
        }
        story.github.open_pull_request(pull.renamed("src/old.rs", "docs/new.rs"));
        assert_eq!(attempt(story, failing("fix")).await.0, expected, "{asked}");
    }
}

#[tokio::test]
async fn files_of_another_commit_or_that_cannot_be_read_are_unknown() {
    let asked = "{ changed_files: { every: \"docs/**\" } }";
    let pull = || PullSpec::new("acme/api", 7, "fix").file("docs/a");
    let story = Story::begin(&rules(asked)).await;
    story.github.open_pull_request(pull());
    let run = story.github.run_to_end(failing("fix"));
    story.github.push_to_pull_request("acme/api", 7);
    assert_eq!(story.github.attempt_of(run), 1);
    let other = "acb5820ced9479c074f688cc328bf03f341a511d";
    assert_eq!(attempt(story, failing("fix").sha(other)).await.0, 1);
    let story = Story::begin(&rules(asked)).await;
    story.github.open_pull_request(pull());
    let forbidden = Answer::message(403, "Resource not accessible by integration");
    story.github.fault(Fault::on("GET", "/files").always().answer(forbidden));
    assert_eq!(attempt(story, failing("fix")).await.0, 1);
}

#[tokio::test]
async fn whoever_has_contributed_enough_is_told_from_newcomers_and_asked_for_once() {
    let rules = "rules:\n  - name: retry\n    on: workflow_run.completed\n    \
                 when: { conclusion: failure, run_attempt: { below: 2 }, contributions: { at_least: 10 } }\n    then: [rerun]\n";
    let mut story = Story::begin(rules).await;
    let many: Vec<String> = (0..150).map(|number| format!("user-{number}")).collect();
    let busy = many.iter().map(|login| (login.as_str(), 50));
    story.github.contributors(busy.chain([("OctoCat", 10), ("mallory", 9)]));
    let run = |actor: &str| failing("main").event("push").actor(actor);
    let (known, few, none) = (
        story.github.run_to_end(run("octocat")),
        story.github.run_to_end(run("mallory").branch("a")),
        story.github.run_to_end(run("newcomer").branch("b")),
    );
    story.settle().await;
    let attempts = [known, few, none].map(|run| story.github.attempt_of(run));
    assert_eq!(attempts, [2, 1, 1]);
    let asked = story.github.requests().iter().filter(|it| it.line().contains("/contributors")).count();
    assert_eq!(asked, 2, "two pages, once");
    story.end().await;
}

#[tokio::test]
async fn a_run_without_a_pull_request_fulfils_only_that_there_is_none() {
    for (asked, expected) in [("{ exists: false }", 2), ("{ exists: true }", 1), ("{ state: open }", 1)] {
        let story = Story::begin(&rules(asked)).await;
        assert_eq!(attempt(story, failing("dev").event("push")).await, (expected, 1), "{asked}");
    }
}

#[tokio::test]
async fn labels_are_those_of_the_moment_at_which_the_run_is_judged() {
    for (label, expected) in [(true, 2), (false, 1)] {
        let story = Story::begin(&rules("{ label: retry }")).await;
        story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix"));
        story.github.label_pull_request("acme/api", 7, "retry", "maintainer");
        if !label {
            story.github.unlabel_pull_request("acme/api", 7, "retry", "maintainer");
        }
        assert_eq!(attempt(story, failing("fix")).await.0, expected);
    }
}

#[tokio::test]
async fn a_list_of_pull_requests_that_github_refuses_leaves_it_open_whatever_is_asked() {
    for asked in ["{ exists: false }", "{ exists: true }", "{ state: open }"] {
        let story = Story::begin(&rules(asked)).await;
        let forbidden = Answer::message(403, "Resource not accessible by integration");
        story.github.fault(Fault::on("GET", "/pulls").always().answer(forbidden));
        assert_eq!(attempt(story, failing("fix")).await.0, 1, "{asked}");
    }
}

#[tokio::test]
async fn a_rule_that_the_payload_settles_asks_for_no_pull_request() {
    let story = Story::begin(&rules("{ state: open }")).await;
    let passing = RunSpec::new("acme/api", "ci.yml").branch("fix").attempts(["success"]);
    assert_eq!(attempt(story, passing).await, (1, 0));
}

#[tokio::test]
async fn a_closed_pull_request_of_another_commit_is_not_taken_for_the_runs_own() {
    for asked in ["{ state: closed }", "{ exists: false }", "{ exists: true }"] {
        let story = Story::begin(&rules(asked)).await;
        story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix"));
        story.github.close_pull_request("acme/api", 7, "octocat");
        let sha = "acb5820ced9479c074f688cc328bf03f341a511d";
        assert_eq!(attempt(story, failing("fix").sha(sha)).await.0, 1, "{asked}");
    }
}

#[tokio::test]
async fn a_forks_branch_with_the_name_of_a_mirror_is_not_judged_by_the_pull_request_of_that_number() {
    let story = Story::begin(&rules("{ label: ok-to-test }")).await;
    story.github.open_pull_request(PullSpec::new("acme/api", 7, "fix").label("ok-to-test"));
    assert_eq!(attempt(story, failing("pull-request/7").fork("eve/api")).await.0, 1);
}

#[tokio::test]
async fn a_label_says_how_often_a_run_is_retried_within_the_rules_own_bound() {
    let rules = "rules:\n  - name: retry\n    on: workflow_run.completed\n    \
                 when: { conclusion: failure, run_attempt: { at_most: 3, at_most_label: \"retry/*\" } }\n    then: [rerun]\n";
    for (labels, expected, fork) in [
        (&[] as &[&str], 1, true),
        (&["retry/many"], 1, false),
        (&["retry/2"], 3, true),
        (&["retry/1", "retry/2"], 2, false),
        (&["retry/500"], 4, true),
    ] {
        let story = Story::begin(rules).await;
        let mut pull = PullSpec::new("acme/api", 7, "fix");
        let mut run =
            RunSpec::new("acme/api", "ci.yml").event("pull_request").branch("fix").attempts(["failure"]);
        if fork {
            (pull, run) = (pull.fork("eve/api").author("eve"), run.fork("eve/api"));
        }
        for label in labels {
            pull = pull.label(*label);
        }
        story.github.open_pull_request(pull);
        let sha = story.github.head_of_pull_request("acme/api", 7).unwrap();
        assert_eq!(attempt(story, run.sha(sha)).await.0, expected, "{labels:?}");
    }
}
