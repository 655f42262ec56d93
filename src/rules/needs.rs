//! What has to be fetched before a delivery can be judged: only what leaves some rule's verdict open.

use std::collections::BTreeSet;

use super::{
    Ceilings, Condition, Expectation, Mode, OwnTest, PullTest, Rule, Ruleset, Test, Word,
    ceilings::want_jobs, condition::teams_wanted,
};
use crate::model::{ActionKind, ConditionResult, Fact, Facts, JobId, Team, Timestamp, Truth};

/// A fact that has to be fetched; the cheaper ones come first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// How many re-runs of the run the ledger has.
    RerunsByUs,
    /// What the ledger has done to the run.
    Acts,
    /// GitHub's whole run object.
    Run,
    /// The repository.
    Repository,
    /// Where the run's workflow stands.
    WorkflowState,
    /// What the run's head branch is now.
    Head,
    /// The tag that the run was started for.
    Tag,
    /// Whether a newer run of the same workflow and branch exists.
    NewerRun,
    /// The pull requests that the run belongs to.
    Pulls,
    /// Whether a login is in a team.
    Team(Team, String),
    /// The files that the pull request of that number changes.
    Files(u64),
    /// How many commits whoever started the run has in the repository.
    Contributions,
    /// The names of the environments that the run waits at.
    Environments,
    /// Where newer runs of the workflow and branch wait.
    NewerPending,
    /// The runs of the repository that are under way, with the bases of their pull requests if need be.
    Underway {
        /// Whether the bases are asked for, of this run and of those of its workflow.
        bases: bool,
    },
    /// The jobs of the judged attempt.
    Jobs,
    /// What is noted on a job.
    Annotations(JobId),
    /// What the log of a job says.
    Logs(JobId),
}

/// What the rules that listen to the facts' signal need beyond the facts; empty when all of them can be judged.
#[must_use]
pub fn needs(ruleset: &Ruleset, facts: &Facts, now: Timestamp) -> BTreeSet<Need> {
    let mut needs = BTreeSet::new();
    for rule in &ruleset.rules {
        let listens = rule.listens(facts);
        if listens && ruleset.mode_of(rule) != Mode::Off {
            needs.extend(needs_of(&ruleset.ceilings, rule, facts, now));
        }
    }
    needs
}

/// What one rule needs beyond the facts, within the file's ceilings.
#[must_use]
pub fn needs_of(ceilings: &Ceilings, rule: &Rule, facts: &Facts, now: Timestamp) -> BTreeSet<Need> {
    let result = rule.when.evaluate(facts, now);
    let mut needs = BTreeSet::new();
    let gate_is_nameless = facts.gate.as_ref().is_some_and(|gate| gate.environment.is_none());
    match result.satisfied {
        Truth::No => {}
        Truth::Yes => {
            if facts.run.partial && facts.run.attempt.is_none() {
                needs.insert(Need::Run);
            }
            if gate_is_nameless {
                needs.insert(Need::Environments);
            }
            if rule.does(ActionKind::Rerun) && want_jobs(ceilings, facts) {
                needs.insert(Need::Jobs);
            }
        }
        Truth::Unknown => add_unknown(&rule.when, &result, facts, &mut needs),
    }
    needs
}

/// What is needed for the parts that leave the whole open.
fn add_unknown(asked: &Condition, result: &ConditionResult, facts: &Facts, needs: &mut BTreeSet<Need>) {
    if result.satisfied != Truth::Unknown {
        return;
    }
    match asked {
        Condition::All(parts) | Condition::Any(parts) => {
            for (part, result) in parts.iter().zip(&result.parts) {
                add_unknown(part, result, facts, needs);
            }
        }
        Condition::Not(part) => {
            if let Some(result) = result.parts.first() {
                add_unknown(part, result, facts, needs);
            }
        }
        Condition::Test(test) => {
            needs.extend(need_of(test.word, facts));
            needs.extend(teams_of(test, facts));
        }
        Condition::Jobs(test) => match &facts.details.jobs {
            Fact::NotAsked => needs.extend([Need::Jobs]),
            Fact::Known(jobs) => needs.extend(test.wants(jobs)),
            Fact::Missing(_) => {}
        },
        Condition::Job(asked) => {
            needs.extend(facts.job.as_ref().and_then(|job| asked.wants(job)));
        }
        Condition::Own(test) => needs.extend(need_of_own(test, facts)),
        // They are found by what the run says of itself.
        Condition::Pull(_) if facts.run.partial => needs.extend([Need::Run]),
        Condition::Pull(_) if facts.details.pulls.is_not_asked() => needs.extend([Need::Pulls]),
        Condition::Pull(test) => {
            needs.extend(teams_of_authors(test, facts));
            needs.extend(files_of_pulls(test, facts));
        }
        Condition::Said(test) => needs.extend(test.wanted(facts)),
        Condition::Time(_) => {}
    }
}

/// What would tell how many runs are under way, or what has been done.
fn need_of_own(test: &OwnTest, facts: &Facts) -> Option<Need> {
    let details = &facts.details;
    match test {
        OwnTest::Acted(_) => details.acts.is_not_asked().then_some(Need::Acts),
        // A group is found by what the run says of itself.
        OwnTest::Running(test) if facts.run.partial && !test.same.is_empty() => Some(Need::Run),
        OwnTest::Running(test) if test.asks_for_base() => {
            details.base.is_not_asked().then_some(Need::Underway { bases: true })
        }
        OwnTest::Running(_) => details.underway.is_not_asked().then_some(Need::Underway { bases: false }),
    }
}

/// The teams that leave it open whether a login is what is asked.
fn teams_of(test: &Test, facts: &Facts) -> Vec<Need> {
    let login = match test.word {
        Word::Actor => &facts.run.actor,
        Word::TriggeringActor => &facts.run.triggering_actor,
        Word::Sender => &facts.sender,
        _ => return Vec::new(),
    };
    match (&test.expectation, login) {
        (Expectation::Matches(patterns), Some(login)) => teams_wanted(patterns, login, &facts.details.teams),
        _ => Vec::new(),
    }
}

/// The same of whoever opened the run's pull requests, where nothing else of them settles it.
fn teams_of_authors(test: &PullTest, facts: &Facts) -> Vec<Need> {
    let Some(patterns) = &test.author else { return Vec::new() };
    let pulls = facts.details.pulls.known().map(Vec::as_slice).unwrap_or_default();
    let open = pulls.iter().filter(|pull| test.leaves_open(facts, pull));
    let authors = open.filter_map(|pull| pull.author.as_deref());
    authors.flat_map(|author| teams_wanted(patterns, author, &facts.details.teams)).collect()
}

/// The files of those pull requests, where they belong to the run's commit and nothing else settles it.
fn files_of_pulls(test: &PullTest, facts: &Facts) -> Vec<Need> {
    let pulls = facts.details.pulls.known().map(Vec::as_slice).unwrap_or_default();
    let asked = test.changed_files.is_some();
    let open = pulls.iter().filter(|pull| {
        let is_at = pull.head_sha.is_some() && pull.head_sha == facts.run.head_sha;
        asked && is_at && pull.files.is_not_asked() && test.leaves_open(facts, pull)
    });
    open.map(|pull| Need::Files(pull.number)).collect()
}

/// What would tell an unknown word.
fn need_of(word: Word, facts: &Facts) -> Option<Need> {
    let run = facts.run.partial.then_some(Need::Run);
    let details = &facts.details;
    match word {
        Word::Repository | Word::Sender => None,
        // Whose, the run says.
        Word::Contributions if run.is_some() && facts.run.actor.is_none() => run,
        Word::Contributions => details.contributions.is_not_asked().then_some(Need::Contributions),
        Word::RerunsByUs => facts.details.reruns_by_us.is_not_asked().then_some(Need::RerunsByUs),
        Word::Environment => {
            let gate = facts.gate.as_ref()?;
            gate.environment.is_none().then_some(Need::Environments)
        }
        Word::PendingFor => details.jobs.is_not_asked().then_some(Need::Jobs),
        Word::NewerPending => {
            let gate = facts.gate.as_ref()?;
            let named = details.newer_pending.is_not_asked().then_some(Need::NewerPending);
            if gate.environment.is_none() { Some(Need::Environments) } else { run.or(named) }
        }
        Word::Visibility | Word::Archived => {
            facts.details.repository.is_not_asked().then_some(Need::Repository)
        }
        // What tells it is found by what the run says of itself.
        Word::WorkflowState | Word::BranchExists | Word::Tag | Word::IsHead | Word::NewerRun
            if run.is_some() =>
        {
            run
        }
        Word::WorkflowState => details.workflow_state.is_not_asked().then_some(Need::WorkflowState),
        Word::BranchExists | Word::IsHead => details.head.is_not_asked().then_some(Need::Head),
        Word::Tag => details.tag.is_not_asked().then_some(Need::Tag),
        Word::NewerRun => details.newer_run.is_not_asked().then_some(Need::NewerRun),
        Word::DefaultBranch => facts.details.repository.is_not_asked().then_some(Need::Repository).or(run),
        Word::RunningFor if facts.run.status.is_some() => {
            facts.details.jobs.is_not_asked().then_some(Need::Jobs)
        }
        Word::Workflow
        | Word::Branch
        | Word::Fork
        | Word::HeadSha
        | Word::CommitMessage
        | Word::Title
        | Word::Event
        | Word::Status
        | Word::Conclusion
        | Word::RunAttempt
        | Word::Actor
        | Word::TriggeringActor
        | Word::Age
        | Word::QuietFor
        | Word::QueuedFor
        | Word::RunningFor
        | Word::Duration => run,
    }
}
