//! From a webhook about a pull request to the runs of its head commit.

use crate::{
    github::{Access, GitHubError, Meter, RunQuery},
    model::{Facts, Gate, Lane, PullEvent, PullRequest, RunId, RunSnapshot, Timestamp, Verdict},
    rules::{Rule, Ruleset, Trigger, decide, needs},
};

use super::{
    Pipeline,
    gather::{Gathered, later},
    pulls::mirrored,
    surroundings::Shared,
};

/// A commit has no thousand runs; of a server that disregards the filter the newest do.
const MOST_PAGES: usize = 10;

/// So many rules say why they do not apply.
const MOST_REASONS: usize = 3;

impl Pipeline {
    /// Why the runs need not be looked for, when what the payload says settles every rule that listens.
    pub(super) fn why_not_its_runs(&self, event: &PullEvent, now: Timestamp) -> Option<String> {
        let rules = self.rules();
        if !rules.listens_to(event.signal) {
            return Some(format!("no rule listens to {}", event.signal));
        }
        let run = RunSnapshot::unknown(event.repository.clone(), RunId(0));
        let mut facts = Facts::of_pull(event, event.pull.as_ref(), run);
        // Whether its runs wait somewhere is not known yet.
        let gated = listening(&rules, event).any(Rule::asks_for_gates);
        facts.gate = gated.then_some(Gate { environment: None, protection_rule: false });
        let verdicts = decide(&rules, &facts, now).verdicts;
        let is_settled = |verdict: Verdict| matches!(verdict, Verdict::NotMatched | Verdict::Off);
        if !verdicts.iter().all(|verdict| is_settled(verdict.verdict)) {
            return None;
        }
        let said = verdicts.iter().map(|verdict| format!("{}: {}", verdict.rule, verdict.reason));
        let mut reasons: Vec<String> = said.take(MOST_REASONS).collect();
        if verdicts.len() > MOST_REASONS {
            reasons.push(format!("and {} rules more", verdicts.len() - MOST_REASONS));
        }
        Some(reasons.join("; "))
    }

    /// Finds the runs of the pull request's head commit and completes what their verdicts need.
    pub(super) async fn gather_pull(&self, event: PullEvent) -> Gathered {
        let meter = Meter::default();
        let access = self.gatherer.access(event.repository.clone(), event.installation, Lane::Event, &meter);
        let brought = async {
            // As it is now: the webhook may come late or for the second time, and what it shows be long undone.
            let pull = self.github.pull_request(&access, event.number).await;
            let pull = pull.map_err(|error| not_had(&format!("pull request #{}", event.number), &error))?;
            // What happened, happened to the commit that was its head then.
            let head = event.pull.as_ref().unwrap_or(&pull).head_sha.clone();
            let mut notes = Vec::new();
            let runs = self.runs_of_pull(&access, &pull, head, &mut notes).await?;
            let facts = self.completed_runs(&access, &event, &pull, runs, &mut notes).await?;
            Ok((facts, notes))
        };
        match brought.await {
            Ok((facts, notes)) if facts.is_empty() => Gathered::Nothing(notes.join("; ")),
            Ok((facts, notes)) => {
                let note = (!notes.is_empty()).then(|| notes.join("; "));
                Gathered::Facts { facts, requests: meter.requests(), note }
            }
            Err(instead) => instead,
        }
    }

    /// The runs of the pull request's head commit. Another branch may stand at the same commit, as the base does once
    /// it is merged: its runs are not the pull request's.
    async fn runs_of_pull(
        &self,
        access: &Access,
        pull: &PullRequest,
        head: Option<String>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<RunSnapshot>, Gathered> {
        let Some(commit) = head else {
            return Err(Gathered::Nothing("GitHub does not give the pull request's head commit".to_owned()));
        };
        let query = RunQuery { head_sha: Some(commit.clone()), ..RunQuery::default() };
        let (mut runs, mut unreadable, mut next) = (Vec::new(), 0, None);
        for _ in 0..MOST_PAGES {
            let page = self.github.list_runs(access, &query, next.as_deref()).await;
            let page = page.map_err(|error| not_had("the runs of its commit", &error))?;
            unreadable += page.unreadable;
            runs.extend(page.runs);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        // Enterprise Server before 3.7 disregards the filter.
        runs.retain(|run| run.head_sha.as_deref() == Some(commit.as_str()) && is_of(run, pull));
        let of_head = format!("of commit {commit}, the head of pull request #{}", pull.number);
        if unreadable > 0 {
            notes.push(format!("{unreadable} runs {of_head}, cannot be read"));
        } else if runs.is_empty() {
            return Err(Gathered::Nothing(format!("no run {of_head}")));
        }
        Ok(runs)
    }

    async fn completed_runs(
        &self,
        access: &Access,
        event: &PullEvent,
        pull: &PullRequest,
        runs: Vec<RunSnapshot>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Facts>, Gathered> {
        let rules = self.rules();
        let gated = listening(&rules, event).any(Rule::asks_for_gates);
        let asked = |facts: &Facts| needs(&rules, facts, self.clock.now());
        let shared = Shared::default();
        let mut all: Vec<Facts> = Vec::new();
        for run in runs {
            let mut facts = Facts::of_pull(event, Some(pull), run);
            // What is the repository's is asked for once.
            if let (true, Some(before)) = (facts.details.repository.is_not_asked(), all.last()) {
                facts.details.repository = before.details.repository.clone();
            }
            let mut each = self.gatherer.at_each_gate(access, gated, facts.clone(), &shared, &asked).await?;
            // One that waits nowhere any more may still be cancelled.
            if each.is_empty() {
                each.push(facts);
            }
            for mut facts in each {
                notes.extend(self.gatherer.complete(access, &mut facts, &shared, asked).await?.notes);
                all.push(facts);
            }
        }
        Ok(all)
    }
}

fn listening<'r>(rules: &'r Ruleset, event: &PullEvent) -> impl Iterator<Item = &'r Rule> {
    let trigger = Trigger::Signal(event.signal);
    rules.rules.iter().filter(move |rule| rule.on.contains(&trigger))
}

/// Whether the run is of the pull request's head branch, or of its mirror in the repository.
fn is_of(run: &RunSnapshot, pull: &PullRequest) -> bool {
    let of_mirror = mirrored(run) == Some(pull.number);
    let of_head = match (&run.head_repository, run.branch.as_deref()) {
        (Some(repository), Some(branch)) => pull.comes_from(repository, branch),
        (Some(repository), None) => pull.head_repository.as_ref() == Some(repository),
        // The fork is deleted.
        (None, branch) => branch.is_some() && branch == pull.head_branch.as_deref(),
    };
    of_mirror || of_head
}

fn not_had(what: &str, error: &GitHubError) -> Gathered {
    later(error).unwrap_or_else(|| Gathered::Nothing(format!("GitHub would not show {what}: {error}")))
}
