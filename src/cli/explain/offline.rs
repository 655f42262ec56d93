//! What the rules say of a payload as it is: nothing is asked of GitHub, and nothing is done. What the daemon would
//! ask for is said instead.

use std::collections::BTreeSet;

use serde::Serialize;

use super::render;
use crate::{
    cli::show::{FactsView, Paint, PlanView, Tone, moment, what_it_does},
    model::{ActionState, Facts, PlannedAction, RepositoryName, RuleName, RuleVerdict, Timestamp, Verdict},
    rules::{Judgement, Need, Rule, Ruleset, Trigger, decide, needs, show_duration},
};

/// What every rule says of the facts.
pub(super) struct Explanation<'a> {
    ruleset: &'a Ruleset,
    facts: Facts,
    judgement: Judgement,
    needs: BTreeSet<Need>,
    now: Timestamp,
}

/// The explanation in `--json`.
#[derive(Debug, Serialize)]
pub(super) struct ExplanationView<'a> {
    /// GitHub's event name.
    event: &'a str,
    facts: FactsView<'a>,
    /// What the daemon would ask GitHub for before it judges.
    would_fetch: Vec<FetchView>,
    /// Every rule, in file order.
    rules: Vec<RuleView<'a>>,
}

#[derive(Debug, Serialize)]
struct FetchView {
    /// `run`, `repository`, `workflow_state`, `head`, `tag`, `newer_run`, `changed_files`, `contributions`, `teams`, `pending_deployments`, `jobs`, `annotations`
    /// or `reruns_by_us`.
    fact: &'static str,
    /// The same for people.
    #[serde(skip)]
    what: &'static str,
    /// The request.
    request: String,
}

#[derive(Debug, Serialize)]
struct RuleView<'a> {
    rule: &'a RuleName,
    /// `enforce`, `observe` or `off`: the rule's or the file's, whichever is more cautious.
    mode: &'static str,
    /// Whether it listens to the signal; if not, it has no verdict.
    listens: bool,
    /// What it listens to.
    on: Vec<String>,
    /// `verdict`, `reason` and `conditions`.
    verdict: Option<&'a RuleVerdict>,
    /// What would be planned.
    plans: Vec<PlanView<'a>>,
}

impl<'a> Explanation<'a> {
    /// Judges the facts by all rules.
    pub(super) fn new(ruleset: &'a Ruleset, facts: Facts, now: Timestamp) -> Self {
        let judgement = decide(ruleset, &facts, now);
        let needs = needs(ruleset, &facts, now);
        Self { ruleset, facts, judgement, needs, now }
    }

    /// For people.
    pub(super) fn text(&self, paint: Paint) -> String {
        let mut text = render::headline(&self.facts, paint);
        if self.ruleset.rules.is_empty() {
            text.push_str("\nthe configuration has no rules\n");
        }
        for rule in &self.ruleset.rules {
            text.push('\n');
            text.push_str(&self.rule_text(rule, paint));
        }
        let fetches = self.fetches();
        if !fetches.is_empty() {
            text.push_str("\nbefore it judges, the daemon\n");
        }
        for fetch in fetches {
            text.push_str(&format!("  would read {} ({})\n", fetch.what, fetch.request));
        }
        text
    }

    /// For machines.
    pub(super) fn view(&'a self, event: &'a str) -> ExplanationView<'a> {
        ExplanationView {
            event,
            facts: FactsView::from(&self.facts),
            would_fetch: self.fetches(),
            rules: self.ruleset.rules.iter().map(|rule| self.rule_view(rule)).collect(),
        }
    }

    fn verdict(&self, rule: &Rule) -> Option<&RuleVerdict> {
        self.judgement.verdicts.iter().find(|verdict| verdict.rule == rule.name)
    }

    fn plans(&self, rule: &Rule) -> impl Iterator<Item = &PlannedAction> {
        self.judgement.actions.iter().filter(|plan| plan.rule == rule.name)
    }

    fn rule_text(&self, rule: &Rule, paint: Paint) -> String {
        let Some(verdict) = self.verdict(rule) else {
            let name = paint.text(Tone::Strong, rule.name.as_str());
            let mark = paint.text(Tone::Dim, "·");
            let on: Vec<String> = rule.on.iter().map(listened).collect();
            return format!(
                "{mark} {name}: does not listen to {} (it listens to {})\n",
                self.facts.signal,
                on.join(", ")
            );
        };
        let mut text = render::verdict(verdict, paint);
        let plans: Vec<String> = self.plans(rule).map(|plan| plan_text(plan, self.now)).collect();
        if verdict.verdict == Verdict::Matched && plans.is_empty() {
            text.push_str(&render::consequence("nothing to do: its action answers another signal"));
        }
        text.extend(plans.iter().map(|plan| render::consequence(plan)));
        text
    }

    fn rule_view(&'a self, rule: &'a Rule) -> RuleView<'a> {
        let mode = self.ruleset.mode_of(rule);
        RuleView {
            rule: &rule.name,
            mode: mode.as_str(),
            listens: rule.listens(&self.facts),
            on: rule.on.iter().map(listened).collect(),
            verdict: self.verdict(rule),
            plans: self.plans(rule).map(PlanView::from).collect(),
        }
    }

    fn fetches(&self) -> Vec<FetchView> {
        fetches(&self.facts, &self.needs)
    }
}

/// `would re-run the failed jobs in 30s (at 2026-11-22 15:04:35Z)`.
pub(in crate::cli) fn plan_text(plan: &PlannedAction, now: Timestamp) -> String {
    let mut text = format!("would {}", what_it_does(&plan.action));
    let wait = now.until(plan.due_at);
    if !wait.is_zero() {
        text.push_str(&format!(" in {} (at {})", show_duration(wait), moment(plan.due_at)));
    }
    match (plan.state, plan.bounds.per_run, &plan.reason) {
        (ActionState::Planned, None, _) => text,
        (ActionState::Planned, Some(most), _) => {
            format!("{text}, unless it has planned that {most} times for this run")
        }
        (_, _, Some(reason)) => format!("{text}, but {reason}"),
        (state, _, None) => format!("{text}, but it is {state}"),
    }
}

/// The names of the facts that are needed, each once.
pub(in crate::cli) fn names_of(facts: &Facts, needs: &BTreeSet<Need>) -> BTreeSet<&'static str> {
    fetches(facts, needs).into_iter().map(|fetch| fetch.fact).collect()
}

fn fetches(facts: &Facts, needs: &BTreeSet<Need>) -> Vec<FetchView> {
    let repository = format!("GET /repos/{}", facts.run.repository);
    let run = format!("{repository}/actions/runs/{}", facts.run.id);
    let attempt = facts.run.attempt.map_or_else(|| "ATTEMPT".to_owned(), |attempt| attempt.to_string());
    let workflow =
        facts.run.workflow_id.map_or_else(|| "WORKFLOW".to_owned(), |workflow| workflow.to_string());
    let branch = facts.run.branch.as_deref().unwrap_or("BRANCH");
    let pulls = facts.details.pulls.known().map(Vec::as_slice).unwrap_or_default();
    let commit = pulls.first().and_then(|pull| pull.head_sha.as_deref()).unwrap_or("COMMIT");
    let head = facts.run.head_repository.as_ref().map_or("HEAD_REPOSITORY", RepositoryName::as_str);
    let fetch = |need: &Need| match need {
        Need::RerunsByUs => {
            fetch_view("reruns_by_us", "how many re-runs it has asked for", "its own ledger".to_owned())
        }
        Need::Acts => fetch_view("acts", "what it has done to the run", "its own ledger".to_owned()),
        Need::Underway { .. } => fetch_view(
            "underway",
            "the runs under way: in progress, queued, requested, pending",
            format!("{repository}/actions/runs?status=in_progress"),
        ),
        Need::Run if facts.run.id.0 == 0 => fetch_view(
            "run",
            "the runs of the head commit",
            format!("{repository}/actions/runs?head_sha={commit}"),
        ),
        Need::Run => fetch_view("run", "the run", run.clone()),
        Need::Repository => fetch_view("repository", "the repository", repository.clone()),
        Need::WorkflowState => {
            fetch_view("workflow_state", "the workflow", format!("{repository}/actions/workflows/{workflow}"))
        }
        Need::Head => fetch_view("head", "the head branch", format!("GET /repos/{head}/branches/{branch}")),
        Need::Tag => fetch_view("tag", "the tag of that name", format!("{repository}/git/ref/tags/{branch}")),
        Need::NewerRun => fetch_view(
            "newer_run",
            "the workflow's runs on the branch, if webhooks have not told",
            format!("{repository}/actions/workflows/{workflow}/runs?branch={branch}"),
        ),
        Need::NewerPending => fetch_view(
            "newer_pending",
            "where newer runs of the workflow and branch wait",
            format!("{repository}/actions/workflows/{workflow}/runs?status=waiting"),
        ),
        Need::Pulls | Need::Files(_) | Need::Contributions | Need::Team(..) => {
            fetch_of_people(need, &repository, branch)
        }
        Need::Environments => fetch_view(
            "pending_deployments",
            "the run's pending deployments",
            format!("{run}/pending_deployments"),
        ),
        Need::Jobs => fetch_view("jobs", "the attempt's jobs", format!("{run}/attempts/{attempt}/jobs")),
        Need::Annotations(job) => fetch_view(
            "annotations",
            "a job's annotations",
            format!("{repository}/check-runs/{job}/annotations"),
        ),
        Need::Logs(job) => fetch_view("logs", "a job's log", format!("{repository}/actions/jobs/{job}/logs")),
    };
    needs.iter().map(fetch).collect()
}

/// What tells whose the run is, and what of.
fn fetch_of_people(need: &Need, repository: &str, branch: &str) -> FetchView {
    match need {
        Need::Files(number) => fetch_view(
            "changed_files",
            "the files that the pull request changes",
            format!("{repository}/pulls/{number}/files"),
        ),
        Need::Contributions => fetch_view(
            "contributions",
            "how many commits its author has in the repository",
            format!("{repository}/contributors"),
        ),
        Need::Team(team, login) => fetch_view(
            "teams",
            "whether someone is in a team",
            format!("GET /orgs/{}/teams/{}/memberships/{login}", team.org(), team.slug()),
        ),
        _ => fetch_view(
            "pull_requests",
            "the pull requests of the head branch",
            format!("{repository}/pulls?head={branch}&state=all"),
        ),
    }
}

fn fetch_view(fact: &'static str, what: &'static str, request: String) -> FetchView {
    FetchView { fact, what, request }
}

fn listened(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Signal(signal) => signal.to_string(),
        Trigger::Schedule { cron, zone } => format!("the schedule {cron} in {zone}"),
    }
}

#[cfg(test)]
mod tests;
