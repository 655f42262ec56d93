//! The runs of a repository that are under way, by GitHub's list.

use std::time::Duration;

use crate::{
    github::{Access, GitHubError, RunQuery},
    model::{ActionRow, Fact, Facts, RunId, RunSnapshot, Status, Underway},
    store::SetGoing,
};

use super::{Gatherer, Pipeline, listing, surroundings::Shared};

/// Where runs stand that take up runners or are about to. A run that waits for approval is not among them.
const UNDER_WAY: [Status; 4] = [Status::InProgress, Status::Queued, Status::Requested, Status::Pending];

/// GitHub ends every run after this long.
const LONGEST_RUN: Duration = Duration::from_secs(35 * 86_400);

/// How long GitHub's lists may take to show a run that was let go.
const LISTS_LAG: Duration = Duration::from_secs(120);

/// Whether Enterprise Server learned of the status in a later version.
fn is_young(status: &Status) -> bool {
    matches!(status, Status::Requested | Status::Pending)
}

impl Gatherer {
    /// Enters into the facts which runs are under way; with `bases`, of those of the run's workflow and of the run
    /// itself also what their pull requests are to be merged into.
    pub(super) async fn underway(
        &self,
        access: &Access,
        facts: &mut Facts,
        shared: &Shared,
        bases: bool,
    ) -> Result<(), GitHubError> {
        let runs = match shared.with(|shared| shared.underway.clone()) {
            Some(runs) => runs,
            None => {
                let runs = self.list_underway(access).await?;
                shared.with(|shared| shared.underway = Some(runs.clone()));
                runs
            }
        };
        let mut underway: Vec<Underway> = runs.iter().map(Underway::from).collect();
        if bases {
            for (run, entry) in runs.iter().zip(&mut underway) {
                if run.workflow_id == facts.run.workflow_id {
                    entry.base = self.base_of(access, run, shared).await?;
                }
            }
            facts.details.base = self.base_of(access, &facts.run, shared).await?;
        }
        facts.details.underway = Fact::Known(underway);
        Ok(())
    }

    /// The ids of the runs that are under way.
    pub(super) async fn list_underway(&self, access: &Access) -> Result<Vec<RunSnapshot>, GitHubError> {
        let mut found: Vec<RunSnapshot> = Vec::new();
        for status in UNDER_WAY {
            let query = RunQuery { status: Some(status.as_str().to_owned()), ..RunQuery::default() };
            let listed = match listing::all_runs(&self.github, access, &query).await {
                Ok(listed) => listed,
                // Old servers do not know every status; then they have no run of it.
                Err(GitHubError::Refused { status: 422, .. }) if is_young(&status) => continue,
                Err(error) => return Err(error),
            };
            // While it is listed, a run may go on from one list to the next.
            found.extend(listed.into_iter().filter(|run| run.is_completed() != Some(true)));
        }
        found.sort_by_key(|run| run.id);
        found.dedup_by_key(|run| run.id);
        Ok(found)
    }
}

impl Pipeline {
    /// The other runs of the repository that the action's rule has set going and that are under way. What was let go a
    /// moment ago counts until GitHub has had time to show it; of two that are about to go, the later one waits.
    pub(super) async fn running_of_rule(
        &self,
        access: &Access,
        action: &ActionRow,
    ) -> Result<Vec<RunId>, GitHubError> {
        let listed = self.gatherer.list_underway(access).await?;
        let now = self.clock.now();
        let plan = &action.plan;
        // Read after the list: what was let go meanwhile is in one of both.
        let gone = self.store.set_going(&plan.rule, &plan.repository, now - LONGEST_RUN).await;
        let gone = gone.map_err(|error| GitHubError::NotSent { why: error.to_string() })?;
        let counts = |gone: &&SetGoing| match gone.finished_at {
            None => gone.action_id < action.id,
            Some(at) => {
                let unseen = now.since(at) < LISTS_LAG && !self.sightings.changed_since(gone.run, at);
                unseen || listed.iter().any(|run| run.id == gone.run)
            }
        };
        let others = gone.iter().filter(|gone| gone.run != plan.run).filter(counts);
        let mut ids: Vec<RunId> = others.map(|gone| gone.run).collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }
}
