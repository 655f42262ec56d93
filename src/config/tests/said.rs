//! What is refused of rules that hear reviews and comments.

use super::{load, with_rule};

/// What the problems of such a rule say, one after the other.
fn problems(on: &str, when: &str, then: &str) -> String {
    match load(&with_rule(&format!(
        "on: {on}\n    when: {when}\n    then: [{then}]\n    limits: {{ per_run: 1 }}"
    ))) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn files_say_whose_runs_are_approved_only_where_no_code_is_among_them() {
    for (asked, expected) in [
        ("pull_request: { changed_files: { every: [\"docs/**\", \"**/*.md\"] } }", true),
        ("pull_request: { changed_files: { every: \"**\" } }", false),
        ("pull_request: { changed_files: { every: \"src/**\" } }", false),
        ("pull_request: { changed_files: { every: \"**/*.*\" } }", false),
        ("pull_request: { changed_files: { some: \"docs/**\" } }", false),
        ("pull_request: { changed_files: { count: 1 } }", false),
        ("contributions: { at_least: 1 }", true),
        ("contributions: { below: 10 }", false),
    ] {
        let said = problems(
            "workflow_run.requested",
            &format!("{{ conclusion: action_required, {asked} }}"),
            "approve_run",
        );
        assert_eq!(said.contains("anybody's code"), !expected, "{asked}: {said}");
    }
}

#[test]
fn who_may_cause_an_act_by_what_they_say_has_to_be_said() {
    const COMMENT: &str = "issue_comment.created";
    const REVIEW: &str = "pull_request_review.submitted";
    for (on, when, then, expected) in [
        (COMMENT, "{ status: completed, comment: { body: go, association: MEMBER } }", "rerun", None),
        (COMMENT, "{ status: completed, comment: { body: go, author: \"@acme/release\" } }", "rerun", None),
        (COMMENT, "{ status: completed, sender: octocat, comment: { body: go } }", "rerun", None),
        (COMMENT, "{ comment: { body: go } }", "notify: { to: ops }", None),
        (COMMENT, "{ status: completed, comment: { body: go } }", "rerun", Some("whose words count")),
        (
            COMMENT,
            "{ comment: { body: go, association: [MEMBER, NONE] } }",
            "cancel",
            Some("whose words count"),
        ),
        (COMMENT, "{ comment: { body: go, author: \"*\" } }", "cancel", Some("whose words count")),
        (COMMENT, "{ comment: { body: go } }", "label: { add: [ok-to-test] }", Some("whose words count")),
        (COMMENT, "{ comment: { association: MEMBER } }", "cancel", Some("every comment would do it")),
        (
            COMMENT,
            "{ comment: { association: MEMBER, body: \"**\" } }",
            "cancel",
            Some("every comment would do it"),
        ),
        (COMMENT, "{ review: { association: MEMBER } }", "cancel", Some("does not listen to")),
        (COMMENT, "{ comment: { association: PARENT } }", "cancel", Some("unknown association `PARENT`")),
        (COMMENT, "{ comment: {} }", "cancel", Some("asks nothing of it")),
        (REVIEW, "{ review: { state: approved, association: OWNER } }", "cancel", None),
        (REVIEW, "{ review: { state: approved } }", "cancel", Some("whose words count")),
        (REVIEW, "{ review: { state: approve } }", "cancel", Some("unknown state `approve`")),
        ("pull_request.labeled", "{ comment: { body: go } }", "cancel", Some("does not listen to")),
    ] {
        let said = problems(on, when, then);
        match expected {
            Some(expected) => assert!(said.contains(expected), "{on} {when} {then}: {said}"),
            None if then.starts_with("notify") => assert!(!said.contains("words count"), "{when}: {said}"),
            None => assert_eq!(said, "", "{on} {when} {then}"),
        }
    }
}
