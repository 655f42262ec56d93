//! What stands around a run: its head branch or tag, and its workflow.

use serde::Deserialize;

use super::{WorkflowRef, object};
use crate::{
    github::{
        Access, GitHub, GitHubError,
        payload::Raw,
        target::segment,
        transport::{Answer, Call},
    },
    model::RepositoryName,
};

/// GitHub's words for a branch that is not there. A repository that is not there, or not to be seen, is answered 404
/// too, in other words: then nothing is known of its branches.
const NO_BRANCH: &str = "branch not found";

/// A branch, a tag or a workflow, as far as it is of interest.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    commit: Raw<'a>,
    #[serde(borrow)]
    sha: Raw<'a>,
    #[serde(borrow)]
    state: Raw<'a>,
}

impl GitHub {
    /// The commit that is a branch's head in any repository that `access` may see; none when there is no such branch.
    /// An App needs *contents: read* for a private repository.
    ///
    /// <https://docs.github.com/en/rest/branches/branches#get-a-branch>
    ///
    /// # Errors
    /// When GitHub refuses, does not show the repository, or does not name the commit.
    pub async fn branch_head(
        &self,
        access: &Access,
        repository: &RepositoryName,
        branch: &str,
    ) -> Result<Option<String>, GitHubError> {
        let target = format!("/repos/{repository}/branches/{}", path_of(branch)?);
        let answer = match self.call(access, Call::get(target)).await {
            Ok(answer) => answer,
            Err(GitHubError::NotFound { message }) if message.to_ascii_lowercase().contains(NO_BRANCH) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let wire: Wire<'_> = object(&answer, "the branch")?;
        let sha = wire.commit.object::<Wire<'_>>().and_then(|commit| commit.sha.string());
        sha.map(Some)
            .ok_or_else(|| GitHubError::Unreadable { why: "the branch does not name its commit".to_owned() })
    }

    /// Whether the repository has a tag of that name.
    ///
    /// <https://docs.github.com/en/rest/git/refs#get-a-reference>
    ///
    /// # Errors
    /// When GitHub refuses.
    pub async fn has_tag(&self, access: &Access, tag: &str) -> Result<bool, GitHubError> {
        let target = format!("/repos/{}/git/ref/tags/{}", access.repository, path_of(tag)?);
        found(self.call(access, Call::get(target)).await).map(|answer| answer.is_some())
    }

    /// Where a workflow stands: `active`, `disabled_manually` and so on; `deleted` when there is no such workflow.
    ///
    /// <https://docs.github.com/en/rest/actions/workflows#get-a-workflow>
    ///
    /// # Errors
    /// When GitHub refuses or does not say.
    pub async fn workflow_state(
        &self,
        access: &Access,
        workflow: &WorkflowRef,
    ) -> Result<String, GitHubError> {
        let target = format!("/repos/{}/actions/workflows/{}", access.repository, workflow.segment()?);
        let Some(answer) = found(self.call(access, Call::get(target)).await)? else {
            return Ok("deleted".to_owned());
        };
        let wire: Wire<'_> = object(&answer, "the workflow")?;
        wire.state
            .string()
            .ok_or_else(|| GitHubError::Unreadable { why: "the workflow does not say its state".to_owned() })
    }
}

/// What is there, or that it is not.
fn found(answer: Result<Answer, GitHubError>) -> Result<Option<Answer>, GitHubError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(GitHubError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A ref's name in a path: its slashes part segments.
fn path_of(name: &str) -> Result<String, GitHubError> {
    let segments: Option<Vec<String>> = name.split('/').map(segment).collect();
    segments
        .map(|segments| segments.join("/"))
        .ok_or_else(|| GitHubError::Unreadable { why: format!("{name:?} is not a ref's name") })
}
