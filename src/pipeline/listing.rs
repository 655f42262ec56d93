//! Listings of runs: paging through GitHub's results, past its limit of a thousand, and remembering what was
//! listed, which is the look that a purge acts on.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    github::{Access, GitHub, GitHubError, RunQuery},
    model::{RunId, RunSnapshot, Timestamp},
    rules::{Condition, Expectation, Word},
};

/// How long a listing counts as a look. A change after it comes as a webhook, which makes it void at once;
/// and GitHub itself refuses to delete a run that is not completed.
const FRESH: Duration = Duration::from_secs(30 * 60);

/// GitHub shows at most this many results of one filtered query.
/// <https://docs.github.com/en/rest/actions/workflow-runs>
const MOST_RESULTS: usize = 1_000;

/// How many listed runs are remembered.
const MOST_REMEMBERED: usize = 20_000;

/// Runs as listings showed them, until they are acted on.
#[derive(Clone, Default)]
pub(super) struct Listed(Arc<Mutex<HashMap<RunId, (Timestamp, RunSnapshot)>>>);

impl Listed {
    /// Remembers a run as it was listed.
    pub(super) fn remember(&self, run: &RunSnapshot, at: Timestamp) {
        let mut listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if listed.len() < MOST_REMEMBERED {
            listed.insert(run.id, (at, run.clone()));
        }
    }

    /// Takes the run as it was listed and when, if that is recent enough to act on; with `keep` it is there still.
    pub(super) fn take(&self, run: RunId, now: Timestamp, keep: bool) -> Option<(Timestamp, RunSnapshot)> {
        let mut listed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = if keep { listed.get(&run).cloned() } else { listed.remove(&run) };
        if listed.is_empty() {
            listed.shrink_to_fit();
        }
        found.filter(|(at, _)| now.since(*at) <= FRESH)
    }
}

/// All runs of the repository that the query finds, newest first, as collected before anything is changed.
///
/// # Errors
/// Whatever a page answered.
pub(super) async fn all_runs(
    github: &GitHub,
    access: &Access,
    query: &RunQuery,
) -> Result<Vec<RunSnapshot>, GitHubError> {
    let mut found = Vec::new();
    collect_runs(github, access, query, &mut found).await?;
    Ok(found)
}

/// The same into a list that keeps what was found until a page cannot be had. What it holds already is gone on from.
///
/// # Errors
/// Whatever that page answered.
pub(super) async fn collect_runs(
    github: &GitHub,
    access: &Access,
    query: &RunQuery,
    found: &mut Vec<RunSnapshot>,
) -> Result<(), GitHubError> {
    let since = query.created.as_deref().and_then(|created| created.strip_prefix(">=")).map(str::to_owned);
    let mut ids: HashSet<RunId> = found.iter().map(|run| run.id).collect();
    let mut query = query.clone();
    let up_to = |oldest: Timestamp| match &since {
        Some(since) => format!("{since}..{oldest}"),
        None => format!("<={oldest}"),
    };
    if let Some(oldest) = oldest_of(found) {
        query.created = Some(up_to(oldest));
    }
    loop {
        let before = found.len();
        let mut of_query = 0;
        let mut page = github.list_runs(access, &query, None).await?;
        loop {
            of_query += page.runs.len() + page.unreadable;
            found.extend(page.runs.into_iter().filter(|run| ids.insert(run.id)));
            match page.next {
                Some(next) => page = github.list_runs(access, &query, Some(&next)).await?,
                None => break,
            }
        }
        // At its limit GitHub says that there is no more: go on from the oldest that it showed.
        match oldest_of(found) {
            Some(oldest) if of_query >= MOST_RESULTS && found.len() > before => {
                query.created = Some(up_to(oldest));
            }
            _ => return Ok(()),
        }
    }
}

fn oldest_of(runs: &[RunSnapshot]) -> Option<Timestamp> {
    runs.iter().filter_map(|run| run.created_at).min()
}

/// What of a rule's condition GitHub's list endpoint can filter by itself. It narrows the listing only: every
/// run that comes back is judged by the whole condition.
pub(super) fn pushed_down(when: &Condition, now: Timestamp) -> RunQuery {
    let one_of = |word| match when.required(word).as_slice() {
        [Expectation::Matches(patterns)] => match patterns.as_slice() {
            [pattern] => pattern.literal().map(str::to_owned),
            _ => None,
        },
        _ => None,
    };
    RunQuery {
        // GitHub takes a conclusion in the same place; the more selective one goes.
        status: one_of(Word::Conclusion)
            .filter(|word| word != "startup_failure")
            .or_else(|| one_of(Word::Status)),
        branch: one_of(Word::Branch),
        event: one_of(Word::Event),
        actor: one_of(Word::Actor),
        created: created_before(when, now),
        ..RunQuery::default()
    }
}

fn created_before(when: &Condition, now: Timestamp) -> Option<String> {
    when.required(Word::Age)
        .into_iter()
        .filter_map(|expectation| match expectation {
            Expectation::Duration(range) => range.above.or(range.at_least),
            Expectation::Matches(_) | Expectation::Number(_) | Expectation::Is(_) => None,
        })
        .max()
        .map(|age| format!("<={}", now - age))
}
