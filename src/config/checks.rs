//! Legal but dangerous, or legal but idle: what is refused of a rule as a whole, and of rules together.

use std::time::Duration;

use super::{
    action::Placed,
    approval,
    reach::{self, requires},
    report::{At, Report},
    rule::Draft,
    said,
    settings::{Credentials, GitHubSettings},
    suggest, telling,
};
use crate::{
    model::{Action, ActionKind, RerunScope, Review, RuleName, Signal, Via},
    rules::{Ceilings, Condition, Expectation, OwnTest, Trigger, Word},
};

/// GitHub refuses to re-run a run that is older.
const RERUN_WINDOW: Duration = Duration::from_secs(30 * 86_400);

/// Checks every rule by itself, then all of them together.
pub(super) fn check(
    report: &mut Report<'_>,
    drafts: &[Draft<'_>],
    ceilings: Ceilings,
    github: Option<&GitHubSettings>,
) {
    for draft in drafts {
        reach::check(report, draft);
        said::check(report, draft);
        check_competition(report, draft);
        check_schedule_words(report, draft);
        check_acted(report, draft, drafts);
        check_running(report, draft);
        for placed in &draft.then {
            check_action(report, draft, ceilings, placed);
        }
        if let Some(github) = github {
            check_access(report, draft, github);
        }
    }
    check_names(report, drafts);
}

/// Places are taken by runs that a rule sets going.
fn check_running(report: &mut Report<'_>, draft: &Draft<'_>) {
    let bounded = draft.limits.is_some_and(|limits| limits.running.is_some());
    let sets_going = draft.then.iter().any(|placed| placed.action.kind().sets_going());
    if let (true, false, Some(first)) = (bounded, sets_going, draft.then.first()) {
        let message = "`limits.running` bounds the runs that a rule sets going; this one sets none going";
        report.error(&first.at, message, "leave `running` out, or re-run or approve");
    }
}

/// Acts of a rule that is not there can never be counted.
fn check_acted(report: &mut Report<'_>, draft: &Draft<'_>, drafts: &[Draft<'_>]) {
    let names: Vec<&str> =
        drafts.iter().filter_map(|draft| draft.name.as_ref()).map(|(name, _)| name.as_str()).collect();
    let tests = draft.when.iter().flat_map(Condition::own_tests);
    let asked = tests.filter_map(|test| match test {
        OwnTest::Acted(acted) => Some(acted.rule.as_str()),
        OwnTest::Running(_) => None,
    });
    for rule in asked.filter(|rule| *rule != RuleName::COMMAND && !names.contains(rule)) {
        let message = format!("`acted` counts the acts of `{rule}`, which is no rule of this file");
        report.error(&draft.when_at, message, suggest::instead(rule, &names));
    }
}

fn check_names(report: &mut Report<'_>, drafts: &[Draft<'_>]) {
    let named: Vec<_> = drafts.iter().filter_map(|draft| draft.name.as_ref()).collect();
    for (index, (name, at)) in named.iter().enumerate() {
        if let Some((_, first)) = named.iter().take(index).find(|(other, _)| other == name) {
            let message = format!("a second rule with the name `{name}`");
            report.error(
                at,
                message,
                format!("the first is in line {}; choose another name", first.node.mark.line),
            );
        }
    }
}

fn check_competition(report: &mut Report<'_>, draft: &Draft<'_>) {
    for (index, placed) in draft.then.iter().enumerate() {
        let kind = placed.action.kind();
        let earlier = || draft.then.iter().take(index).map(|placed| placed.action.kind());
        // It comes of the `cancel` before it.
        if kind == ActionKind::ForceCancel {
            continue;
        }
        if let Some(first) = earlier().find(|first| first.competes_with(kind)) {
            report.error(
                &placed.at,
                format!("`{kind}` competes with `{first}` above"),
                "a rule does one of them; write a second rule",
            );
        } else if kind == ActionKind::ArchiveLogs && earlier().any(deletes) {
            report.error(
                &placed.at,
                "`archive_logs` after what deletes them",
                "write it before: the deletion waits for it",
            );
        } else if (earlier().any(|first| first == ActionKind::DeleteRun) && !outlives_the_run(kind))
            || (kind == ActionKind::DeleteRun && earlier().any(|first| !outlives_the_run(first)))
        {
            report.error(
                &placed.at,
                "`delete_run` leaves nothing for another action",
                "let `delete_run` be the rule's only action but for `archive_logs` and `notify`",
            );
        }
    }
}

fn deletes(kind: ActionKind) -> bool {
    matches!(kind, ActionKind::DeleteRun | ActionKind::DeleteLogs)
}

/// Whether what the action does is there still when the run is gone.
fn outlives_the_run(kind: ActionKind) -> bool {
    matches!(kind, ActionKind::ArchiveLogs | ActionKind::Notify)
}

fn is_scheduled(draft: &Draft<'_>) -> bool {
    draft.on.iter().any(|(trigger, _)| matches!(trigger, Trigger::Schedule { .. }))
}

fn check_schedule_words(report: &mut Report<'_>, draft: &Draft<'_>) {
    if draft.on.is_empty() {
        return;
    }
    let scheduled = is_scheduled(draft);
    let by_webhook = draft
        .on
        .iter()
        .any(|(trigger, _)| matches!(trigger, Trigger::Signal(signal) if *signal != Signal::Command));
    if let (Some((_, at)), true) = (&draft.keep, by_webhook || !scheduled) {
        let remedy = match scheduled {
            true => "write a second rule for the other triggers",
            false => "use `on: { schedule: \"30 2 * * *\" }`, or leave `keep` out",
        };
        report.error(at, "`keep` compares the runs that a schedule finds; a webhook brings one run", remedy);
    }
    if let (Some(at), false) = (&draft.per_pass_at, scheduled) {
        let remedy = "use `on: { schedule: \"30 2 * * *\" }`, or leave `per_pass` out";
        report.error(at, "`per_pass` bounds what a schedule does; this rule has none", remedy);
    }
}

fn check_action(report: &mut Report<'_>, draft: &Draft<'_>, ceilings: Ceilings, placed: &Placed<'_>) {
    let Some(when) = &draft.when else {
        return;
    };
    match &placed.action {
        Action::Rerun(rerun) => {
            check_rerun(report, draft, ceilings, when, &placed.at);
            if rerun.scope == RerunScope::MatchingJob && !when.asks_for_failed_jobs() {
                let message = "`scope: matching_job` and no `failed_jobs` that says which";
                let remedy = "add `failed_jobs: { some: { failed_step: \"Install*\" } }` to `when`";
                report.error(&placed.at, message, remedy);
            }
        }
        Action::Cancel | Action::ForceCancel(_) | Action::ArchiveLogs(_) => {}
        Action::Notify(_) | Action::Check(_) | Action::Comment(_) | Action::Label(_) => {}
        Action::ApproveRun(_) => approval::check(report, when, &placed.at),
        Action::ReviewDeployments(review) => check_review(report, when, review, &placed.at),
        Action::DeleteRun | Action::DeleteLogs => check_deletion(report, draft, when, placed),
    }
}

fn check_rerun(
    report: &mut Report<'_>,
    draft: &Draft<'_>,
    ceilings: Ceilings,
    when: &Condition,
    at: &At<'_>,
) {
    let counts = [Word::RunAttempt, Word::RerunsByUs].map(|word| when.required(word)).concat();
    let bounded = counts.iter().any(|expectation| match expectation {
        Expectation::Number(range) => range.is_bounded_above(),
        Expectation::Matches(_) | Expectation::Duration(_) | Expectation::Is(_) => false,
    });
    let bounded = bounded || ceilings.reruns_per_run.is_some();
    if !bounded && draft.limits.is_some_and(|limits| limits.per_run.is_none()) {
        let remedy = "add `run_attempt: { below: 3 }` to `when`, or `limits: { per_run: 2 }` to the rule";
        report.error(
            at,
            "`rerun` without an upper bound: a run that always fails would run for ever",
            remedy,
        );
    }
    if least_age(when).is_some_and(|age| age >= RERUN_WINDOW) {
        let message = "`rerun` can never be done: GitHub refuses it 30 days after the run was created";
        report.error(at, message, "lower the bound on `age`");
    }
}

/// The age below which the rule never applies.
fn least_age(when: &Condition) -> Option<Duration> {
    let floors = when.required(Word::Age).into_iter().filter_map(|expectation| match expectation {
        Expectation::Duration(range) => range.above.max(range.at_least).max(range.is),
        Expectation::Matches(_) | Expectation::Number(_) | Expectation::Is(_) => None,
    });
    floors.max()
}

fn check_review(report: &mut Report<'_>, when: &Condition, review: &Review, at: &At<'_>) {
    if review.environments.is_empty() && !requires(when, Word::Environment) {
        let message = format!("the rule would have every environment {}", review.state.as_str());
        report.error(
            at,
            message,
            "add `environment: staging` to `when`, or `environments: [staging]` to the action",
        );
    }
}

fn check_deletion(report: &mut Report<'_>, draft: &Draft<'_>, when: &Condition, placed: &Placed<'_>) {
    let kind = placed.action.kind();
    if least_age(when).is_none_or(|age| age.is_zero()) && !draft.has_keep {
        let message = format!("`{kind}` without a least age: it deletes what ended a moment ago");
        report.warn(&placed.at, message, "add `age: { above: 30d }` to `when`, or `keep` to a schedule");
    }
    if kind == ActionKind::DeleteRun && !requires(when, Word::Repository) {
        let message = "`delete_run` in every repository that runwarden reaches";
        report.warn(&draft.when_at, message, "add `repository: \"acme/*\"` to `when`");
    }
}

fn check_access(report: &mut Report<'_>, draft: &Draft<'_>, github: &GitHubSettings) {
    for placed in &draft.then {
        match &placed.action {
            Action::ReviewDeployments(review) => check_reviewer(report, placed, review, github),
            Action::Check(_) => telling::check_credentials(report, &placed.at, &github.credentials),
            Action::ApproveRun(_) => approval::check_server(report, &placed.at, &github.api_url),
            Action::Rerun(_)
            | Action::Cancel
            | Action::ForceCancel(_)
            | Action::ArchiveLogs(_)
            | Action::Notify(_)
            | Action::Comment(_)
            | Action::Label(_)
            | Action::DeleteRun
            | Action::DeleteLogs => {}
        }
    }
    if matches!(github.credentials, Credentials::Token(_)) && is_scheduled(draft) {
        check_named_repositories(report, draft);
    }
}

fn check_reviewer(report: &mut Report<'_>, placed: &Placed<'_>, review: &Review, github: &GitHubSettings) {
    let remedy = "add `reviewer: { token: { env: RUNWARDEN_REVIEWER_TOKEN } }` to `github`";
    match (&github.credentials, review.via, &github.reviewer) {
        (Credentials::App { .. }, Some(Via::Reviewer), None) => {
            report.error(
                &placed.at,
                "an App cannot be a required reviewer, and there is no reviewer",
                remedy,
            );
        }
        (Credentials::App { .. }, None, None) => {
            let message =
                "without a reviewer only custom protection rules are answered, not required reviewers";
            report.warn(&placed.at, message, format!("{remedy}, or write `via: protection_rule`"));
        }
        (Credentials::Token(_), Some(Via::ProtectionRule), _) => {
            report.error(
                &placed.at,
                "only an App can be a protection rule",
                "use `github.app`, or leave `via` out",
            );
        }
        (Credentials::App { .. }, Some(Via::ProtectionRule), _)
        | (Credentials::App { .. }, Some(Via::Reviewer) | None, Some(_))
        | (Credentials::Token(_), Some(Via::Reviewer) | None, _) => {}
    }
}

/// An App knows where it is installed; a token does not, so that a schedule has to be told.
fn check_named_repositories(report: &mut Report<'_>, draft: &Draft<'_>) {
    let Some(when) = &draft.when else {
        return;
    };
    let named = when.required(Word::Repository).iter().any(|expectation| match expectation {
        Expectation::Matches(patterns) => patterns.iter().all(|pattern| pattern.literal().is_some()),
        Expectation::Number(_) | Expectation::Duration(_) | Expectation::Is(_) => false,
    });
    if !named {
        let message = "with a token, a schedule needs repositories named without a glob";
        report.error(
            &draft.when_at,
            message,
            "write `repository: [acme/api, acme/web]` in `when`, or use `github.app`",
        );
    }
}
