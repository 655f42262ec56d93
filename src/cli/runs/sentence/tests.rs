//! How orders end, in words.

use super::*;
use crate::{
    cli::show::samples::{action, decision, entry, facts, rerun},
    model::{JobId, RepositoryName, Rerun, Review, RunId, Signal, Source, Via},
};

fn command(action: Action) -> Command {
    let repository = RepositoryName::parse("acme/api").unwrap();
    Command { action, repository, run: RunId(42), by: "octocat".to_owned() }
}

fn ended(state: ActionState, reason: Option<&str>) -> HistoryEntry {
    let actions = vec![(action("command", rerun(), state, reason), Vec::new())];
    let decisions = vec![decision(facts(Signal::Command), Vec::new(), actions)];
    entry(Source::Command, "command", DeliveryState::Decided, None, decisions)
}

#[test]
fn an_order_ends_in_one_sentence() {
    let order = command(rerun());
    for (state, reason, exit, words) in [
        (ActionState::Done, Some("asked GitHub"), Exit::Ok, "done (asked GitHub)"),
        (ActionState::Refused, Some("the run is queued"), Exit::Failure, "refused: the run is queued"),
        (
            ActionState::Planned,
            Some("GitHub answered 502"),
            Exit::Failure,
            "not done yet: GitHub answered 502; the daemon goes on trying",
        ),
        (
            ActionState::Uncertain,
            Some("no answer came"),
            Exit::Failure,
            "may or may not be done: no answer came; look at the run",
        ),
    ] {
        let (said, code) = sentence(&order, &ended(state, reason), Carrier::Daemon);
        assert_eq!(said, format!("re-run of the failed jobs of run 42 of acme/api: {words}"));
        assert_eq!(code, exit);
    }
}

#[test]
fn an_order_without_a_plan_says_why() {
    let order = command(Action::Cancel);
    let of = |state, reason| entry(Source::Command, "command", state, reason, Vec::new());
    for (entry, words) in [
        (
            of(DeliveryState::Decided, Some("GitHub shows no run 42 in acme/api")),
            "not done: GitHub shows no run 42 in acme/api",
        ),
        (
            of(DeliveryState::Pending, None),
            "not done yet: it has not been judged; a daemon goes on trying once it runs",
        ),
    ] {
        let (said, exit) = sentence(&order, &entry, Carrier::ThisProcess);
        assert_eq!(said, format!("cancellation of run 42 of acme/api: {words}"));
        assert_eq!(exit, Exit::Failure);
    }
}

#[test]
fn every_order_has_a_name() {
    let environments = vec!["staging".to_owned(), "production".to_owned()];
    let review = Review {
        state: ReviewState::Approved,
        environments,
        comment: String::new(),
        via: Some(Via::Reviewer),
    };
    for (action, words) in [
        (Action::Rerun(Rerun::now(RerunScope::Run)), "re-run of run 42"),
        (Action::Rerun(Rerun::now(RerunScope::Job(JobId(7)))), "re-run of job 7 of run 42"),
        (Action::ReviewDeployments(review), "approval of staging, production for run 42"),
        (Action::DeleteRun, "deletion of run 42"),
        (Action::DeleteLogs, "deletion of the logs of run 42"),
    ] {
        let (said, _) = sentence(&command(action), &ended(ActionState::Done, None), Carrier::Daemon);
        assert_eq!(said, format!("{words} of acme/api: done"));
    }
}
