//! The runs of a repository that are under way, by GitHub's list, and the bases of their pull requests.

use crate::{
    github::{Access, GitHubError, RunQuery},
    model::{Fact, Facts, RunSnapshot, Status, Underway, of_run},
};

use super::{Pipeline, listing, surroundings::Shared};

/// Where runs stand that take up runners or are about to. A run that waits for approval is not among them.
const UNDER_WAY: [Status; 4] = [Status::InProgress, Status::Queued, Status::Requested, Status::Pending];

/// How mirrors of pull requests name their branches: `pull-request/123`.
const MIRROR: &str = "pull-request/";

impl Pipeline {
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
                    entry.base = self.base(access, run, shared).await?;
                }
            }
            facts.details.base = self.base(access, &facts.run, shared).await?;
        }
        facts.details.underway = Fact::Known(underway);
        Ok(())
    }

    /// The ids of the runs that are under way.
    pub(super) async fn list_underway(&self, access: &Access) -> Result<Vec<RunSnapshot>, GitHubError> {
        let mut found: Vec<RunSnapshot> = Vec::new();
        for status in UNDER_WAY {
            let query = RunQuery { status: Some(status.as_str().to_owned()), ..RunQuery::default() };
            let listed = listing::all_runs(&self.github, access, &query).await?;
            // While it is listed, a run may go on from one list to the next.
            found.extend(listed.into_iter().filter(|run| run.is_completed() != Some(true)));
        }
        found.sort_by_key(|run| run.id);
        found.dedup_by_key(|run| run.id);
        Ok(found)
    }

    /// What the run's pull request is to be merged into; none where it has no pull request.
    async fn base(
        &self,
        access: &Access,
        run: &RunSnapshot,
        shared: &Shared,
    ) -> Result<Fact<Option<String>>, GitHubError> {
        let (Some(branch), Some(head)) = (run.branch.as_deref(), &run.head_repository) else {
            return Ok(Fact::Missing("GitHub does not give the run's head".to_owned()));
        };
        let key = (head.key(), branch.to_owned());
        if let Some(base) = shared.with(|shared| shared.bases.get(&key).cloned()) {
            return Ok(Fact::Known(base));
        }
        let base = match branch.strip_prefix(MIRROR).and_then(|number| number.parse::<u64>().ok()) {
            Some(number) => match self.github.pull_request(access, number).await {
                Ok(pull) => Fact::Known(pull.base),
                Err(GitHubError::NotFound { .. }) => Fact::Known(None),
                Err(error) => return Err(error),
            },
            None => {
                let pulls = self.github.pulls_of_head(access, head, branch).await?;
                let mut bases = of_run(run, &pulls).unwrap_or_default().into_iter().map(|pull| &pull.base);
                match bases.next() {
                    None => Fact::Known(None),
                    Some(first) if bases.all(|base| base == first) => Fact::Known(first.clone()),
                    Some(_) => Fact::Missing("the run has pull requests with several bases".to_owned()),
                }
            }
        };
        if let Fact::Known(base) = &base {
            shared.with(|shared| shared.bases.insert(key, base.clone()));
        }
        Ok(base)
    }
}
