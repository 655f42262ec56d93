//! The repository itself.

use super::object;
use crate::{
    github::{Access, GitHub, GitHubError, payload::RepositoryWire, transport::Call},
    model::RepositoryFacts,
};

impl GitHub {
    /// What GitHub says of the repository.
    ///
    /// <https://docs.github.com/en/rest/repos/repos#get-a-repository>
    ///
    /// # Errors
    /// When GitHub refuses or the answer cannot be read.
    pub async fn repository(&self, access: &Access) -> Result<RepositoryFacts, GitHubError> {
        let answer = self.call(access, Call::get(format!("/repos/{}", access.repository))).await?;
        let wire: RepositoryWire<'_> = object(&answer, "the repository")?;
        Ok(wire.facts())
    }
}
