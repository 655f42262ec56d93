//! The pull requests that a run belongs to, forks' too.

use crate::{
    github::{Access, GitHubError},
    model::{Fact, PullRequest, RunSnapshot, of_run},
};

use super::{Gatherer, surroundings::Shared};

/// How mirrors of pull requests name their branches: `pull-request/123`.
const MIRROR: &str = "pull-request/";

/// The number of the pull request that the branch mirrors.
pub(super) fn mirrored(run: &RunSnapshot) -> Option<u64> {
    // A fork's branch of such a name is nobody's mirror: whoever made it chose the number.
    let own = run.head_repository.as_ref().is_some_and(|head| *head == run.repository);
    let branch = run.branch.as_deref().filter(|_| own)?;
    branch.strip_prefix(MIRROR).and_then(|number| number.parse().ok())
}

impl Gatherer {
    /// The pull requests that the run belongs to, by the branch and commit of its head: payloads name none of forks.
    pub(super) async fn pulls_of(
        &self,
        access: &Access,
        run: &RunSnapshot,
        shared: &Shared,
    ) -> Result<Fact<Vec<PullRequest>>, GitHubError> {
        let (Some(branch), Some(head)) = (run.branch.as_deref(), &run.head_repository) else {
            return Ok(Fact::Missing("GitHub does not give the run's head".to_owned()));
        };
        let key = (head.key(), branch.to_owned());
        let pulls = match shared.with(|shared| shared.pulls.get(&key).cloned()) {
            Some(pulls) => pulls,
            None => {
                let pulls = match mirrored(run) {
                    Some(number) => match self.github.pull_request(access, number).await {
                        Ok(pull) => vec![pull],
                        Err(GitHubError::NotFound { .. }) => Vec::new(),
                        Err(error) => return Err(error),
                    },
                    None => self.github.pulls_of_head(access, head, branch).await?,
                };
                shared.with(|shared| shared.pulls.insert(key, pulls.clone()));
                pulls
            }
        };
        Ok(match of_run(run, &pulls) {
            Some(found) => Fact::Known(found.into_iter().cloned().collect()),
            None => {
                Fact::Missing("only closed pull requests of another commit come from the branch".to_owned())
            }
        })
    }

    /// What the run's pull request is to be merged into; none where it has no pull request.
    pub(super) async fn base_of(
        &self,
        access: &Access,
        run: &RunSnapshot,
        shared: &Shared,
    ) -> Result<Fact<Option<String>>, GitHubError> {
        Ok(match self.pulls_of(access, run, shared).await? {
            Fact::NotAsked => Fact::NotAsked,
            Fact::Missing(why) => Fact::Missing(why),
            Fact::Known(pulls) => {
                let mut bases = pulls.iter().map(|pull| &pull.base);
                match bases.next() {
                    None => Fact::Known(None),
                    Some(first) if bases.all(|base| base == first) => Fact::Known(first.clone()),
                    Some(_) => Fact::Missing("the run has pull requests with several bases".to_owned()),
                }
            }
        })
    }
}
