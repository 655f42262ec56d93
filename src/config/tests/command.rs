//! Rules that act when they are asked by hand: what a command can bring and what it cannot.

use super::{load, with_rule};
use crate::{
    model::Signal,
    rules::{Rule, Trigger},
};

/// With an App, which has no reviewer.
fn app(rest: &str) -> String {
    let app = "app: { id: 1, private_key: { file: app.pem } }";
    with_rule(rest).replace("token: { env: GITHUB_TOKEN }", app)
}

fn rule(rest: &str) -> Rule {
    let loaded = load(&app(rest)).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    loaded.config.ruleset.rules[0].clone()
}

#[test]
fn a_rule_may_wait_for_commands_alone_or_beside_other_triggers() {
    let command = Trigger::Signal(Signal::Command);
    // A run that goes on is the asker's business: no schedule finds it by itself.
    let alone =
        rule("on: command\n    when: { sender: alice }\n    then: [rerun]\n    limits: { per_run: 1 }");
    assert_eq!(alone.on, std::slice::from_ref(&command));
    let beside = rule(
        "on: [workflow_run.completed, command]\n    when: { conclusion: failure, run_attempt: 1 }\n    then: [rerun]",
    );
    assert_eq!(beside.on[1], command);
    let kept = rule(
        "on: [{ schedule: \"30 2 * * *\" }, command]\n    when: { repository: a/b, conclusion: success }\n    \
         keep: { newest: 5 }\n    then: [delete_run]",
    );
    assert!(kept.keep.is_some() && kept.schedule().is_some());
}

#[test]
fn what_no_command_can_bring_is_refused() {
    for (rest, expected) in [
        (
            "on: command\n    when: { job: { name: x } }\n    then: [rerun]\n    limits: { per_run: 1 }",
            "`command` is about no single one",
        ),
        (
            "on: command\n    when: { conclusion: failure }\n    then: [cancel]",
            "`cancel` can never be done: the rule asks for runs that have ended",
        ),
        (
            "on: command\n    then: [approve_deployment: { environments: x, via: protection_rule }]",
            "a custom protection rule answers when it is asked, not on `command`",
        ),
        (
            "on: command\n    when: { conclusion: success }\n    keep: { newest: 5 }\n    then: [delete_run]",
            "`keep` compares the runs that a schedule finds",
        ),
        (
            "on: command\n    then: [cancel]\n    limits: { per_pass: 5 }",
            "`per_pass` bounds what a schedule does",
        ),
        ("on: command\n    then: [rerun]", "`rerun` without an upper bound"),
        ("on: command\n    then: [approve_deployment]", "environment"),
        ("on: [command, command]\n    then: [cancel]", "this trigger stands here for the second time"),
        // Beside a trigger that can never lead to the action it does not make up for that.
        ("on: [workflow_run.completed, command]\n    then: [cancel]", "`cancel` on `workflow_run.completed`"),
    ] {
        let problems = load(&app(rest)).unwrap_err();
        let found = problems.iter().any(|problem| problem.message.contains(expected));
        assert!(found, "{expected}: {problems}");
    }
}
