//! Installation tokens: found, minted once for all who ask, replaced before they end.
//!
//! GitHub's description: <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app>.

use std::time::Duration;

use serde::Deserialize;

use super::{
    Access, GitHub, GitHubError, SecretText,
    asking::{Asker, Identity, judged},
    payload::{Object, Raw},
    transport::{Answer, Call},
};
use crate::model::{InstallationId, Lane, RepositoryName, Timestamp};

/// A token lives an hour; it is not used in the last minutes, so that no request arrives too late.
const MARGIN: Duration = Duration::from_mins(5);
const LIFETIME: Duration = Duration::from_mins(55);

/// An installation's token.
#[derive(Debug, Clone)]
pub(super) struct Token {
    secret: SecretText,
    use_until: Timestamp,
}

impl Token {
    pub(super) fn secret(&self) -> &SecretText {
        &self.secret
    }
}

impl GitHub {
    /// As whom to ask about a repository.
    pub(super) async fn identity(&self, access: &Access) -> Result<Identity, GitHubError> {
        if let Some(token) = &self.inner.token {
            return Ok(Identity::Token(token.clone()));
        }
        if let Some(id) = access.installation {
            return self.installation_identity(id).await;
        }
        let id = self.installation_of(&access.repository).await?;
        let identity = self.installation_identity(id).await;
        if let Err(GitHubError::Unauthorized { .. }) = &identity {
            // The App may have been installed anew, under another id.
            self.inner.installations.forget(&access.repository.key(), |known| *known == id).await;
        }
        identity
    }

    /// As the reviewer of deployments. With a plain token and no reviewer that is the token itself.
    pub(super) fn reviewer_identity(&self) -> Result<Identity, GitHubError> {
        let reviewer = self.inner.reviewer.clone().map(Identity::Reviewer);
        let identity = reviewer.or_else(|| self.inner.token.clone().map(Identity::Token));
        identity.ok_or_else(|| GitHubError::Unauthorized {
            message: "no reviewer's token is configured".to_owned(),
        })
    }

    /// As an installation, with a token that lives long enough.
    pub(super) async fn installation_identity(&self, id: InstallationId) -> Result<Identity, GitHubError> {
        let now = self.inner.clock.now();
        let usable = |token: &Token| now < token.use_until;
        let token = self.inner.tokens.get(&id, usable, self.mint(id)).await?;
        Ok(Identity::Installation(id, token))
    }

    /// Forgets a token that GitHub no longer takes, unless it has been replaced already.
    pub(super) async fn drop_token(&self, id: InstallationId, refused: &Token) {
        self.inner.tokens.forget(&id, |token| token.secret == refused.secret).await;
    }

    async fn installation_of(&self, repository: &RepositoryName) -> Result<InstallationId, GitHubError> {
        let look_up = async {
            let found = self.repository_installation(repository).await;
            found.map_err(|error| {
                unsent(error, &format!("the App's installation on {repository} cannot be found"))
            })
        };
        self.inner.installations.get(&repository.key(), |_| true, look_up).await
    }

    async fn mint(&self, id: InstallationId) -> Result<Token, GitHubError> {
        let call = Call::post(format!("/app/installations/{id}/access_tokens"));
        let answer =
            self.follow(&Asker::app(Lane::Event), &call).await.and_then(|answer| judged(&call, answer));
        let token = answer.and_then(|answer| token(&answer, self.inner.clock.now()));
        token.map_err(|error| unsent(error, &format!("there is no token for installation {id}")))
    }
}

/// What failed before the request proper: whatever it was, the request was not sent.
fn unsent(error: GitHubError, what: &str) -> GitHubError {
    match error {
        GitHubError::Blocked { .. } | GitHubError::RateLimited { .. } => error,
        GitHubError::Refused { .. }
        | GitHubError::NotFound { .. }
        | GitHubError::Gone { .. }
        | GitHubError::Unauthorized { .. } => {
            GitHubError::Unauthorized { message: format!("{what}: {error}") }
        }
        GitHubError::NotSent { .. } | GitHubError::Unavailable { .. } | GitHubError::Unreadable { .. } => {
            GitHubError::NotSent { why: format!("{what}: {error}") }
        }
    }
}

fn token(answer: &Answer, now: Timestamp) -> Result<Token, GitHubError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Minted<'a> {
        #[serde(borrow)]
        token: Raw<'a>,
        #[serde(borrow)]
        expires_at: Raw<'a>,
    }
    let unreadable = || GitHubError::Unreadable { why: "the minted token is not there".to_owned() };
    let minted = serde_json::from_slice::<Object<Minted<'_>>>(&answer.body).ok().and_then(|object| object.0);
    let minted = minted.ok_or_else(unreadable)?;
    let secret = minted.token.string().filter(|token| token.bytes().all(|byte| byte.is_ascii_graphic()));
    let longest = now + LIFETIME;
    // A time that has nearly passed already means that the clocks differ.
    let ends = minted.expires_at.time().map(|at| at - MARGIN).filter(|at| *at > now);
    let use_until = ends.map_or(longest, |at| at.min(longest));
    Ok(Token { secret: SecretText::new(secret.ok_or_else(unreadable)?), use_until })
}
