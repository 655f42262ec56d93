//! The App itself, its installations, and the server.

use serde::Deserialize;

use super::{MOST_PAGES, object};
use crate::{
    github::{
        GitHub, GitHubError, Meter,
        asking::{Asker, Identity},
        payload::Raw,
        transport::Call,
    },
    model::{InstallationId, Lane, RepositoryName},
};

/// What `/meta` tells of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The version of an Enterprise Server (`3.14.2`); `None` on github.com.
    pub installed_version: Option<String>,
}

/// An installation of the App on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The installation.
    pub id: InstallationId,
    /// The account's login.
    pub account: Option<String>,
    /// Whether the account suspended it.
    pub suspended: bool,
}

/// A repository that an installation gives access to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledRepository {
    /// Its name.
    pub name: RepositoryName,
    /// Its id, which stays when it is renamed.
    pub id: Option<i64>,
    /// Whether it is read-only.
    pub archived: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    id: Raw<'a>,
    #[serde(borrow)]
    installed_version: Raw<'a>,
    #[serde(borrow)]
    account: Raw<'a>,
    #[serde(borrow)]
    suspended_at: Raw<'a>,
    #[serde(borrow)]
    full_name: Raw<'a>,
    #[serde(borrow)]
    archived: Raw<'a>,
    #[serde(borrow)]
    repositories: Raw<'a>,
}

impl GitHub {
    /// What the server tells of itself: <https://docs.github.com/en/rest/meta/meta#get-github-enterprise-server-meta-information>.
    ///
    /// # Errors
    /// When GitHub refuses or its answer cannot be read.
    pub async fn meta(&self) -> Result<Meta, GitHubError> {
        let call = Call::get("/meta".to_owned());
        let identity = self.inner.token.clone().map_or(Identity::App, Identity::Token);
        let asker = |identity| Asker { identity, lane: Lane::Event, meter: None };
        let answer = match self.call_as(asker(identity), call.clone()).await {
            // Whether an App without an installation may ask is not documented; everyone may.
            Err(GitHubError::Unauthorized { .. } | GitHubError::Refused { .. }) if self.inner.is_app() => {
                self.call_as(asker(Identity::Anonymous), call).await?
            }
            other => other?,
        };
        let meta: Wire<'_> = object(&answer, "the server's meta information")?;
        Ok(Meta { installed_version: meta.installed_version.string() })
    }

    /// The App's installation that gives access to a repository. Asked anew each time.
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when the App is not installed there.
    pub async fn repository_installation(
        &self,
        repository: &RepositoryName,
    ) -> Result<InstallationId, GitHubError> {
        self.need_app()?;
        let call = Call::get(format!("/repos/{repository}/installation"));
        let answer = self.call_as(Asker::app(Lane::Event), call).await?;
        let found: Wire<'_> = object(&answer, "the installation")?;
        let id = found.id.id().map(InstallationId);
        id.ok_or_else(|| GitHubError::Unreadable { why: "the installation has no id".to_owned() })
    }

    /// All installations of the App. Elements that cannot be read are left out.
    ///
    /// # Errors
    /// When GitHub refuses, a page cannot be read, or there is no App.
    pub async fn installations(&self, lane: Lane) -> Result<Vec<Installation>, GitHubError> {
        self.need_app()?;
        let mut all = Vec::new();
        let mut next = Some("/app/installations?per_page=100".to_owned());
        for _ in 0..MOST_PAGES {
            let Some(target) = next else { return Ok(all) };
            let answer = self.call_as(Asker::app(lane), Call::get(target)).await?;
            all.extend(
                super::list(&answer, "the list of installations")?.into_iter().filter_map(installation),
            );
            next = self.next_page(&answer);
        }
        Err(endless("installations"))
    }

    /// All repositories of an installation. Elements that cannot be read are left out.
    ///
    /// # Errors
    /// When GitHub refuses, a page cannot be read, or there is no App.
    pub async fn installation_repositories(
        &self,
        installation: InstallationId,
        lane: Lane,
        requests: &Meter,
    ) -> Result<Vec<InstalledRepository>, GitHubError> {
        self.need_app()?;
        let mut all = Vec::new();
        let mut next = Some("/installation/repositories?per_page=100".to_owned());
        for _ in 0..MOST_PAGES {
            let Some(target) = next else { return Ok(all) };
            let identity = self.installation_identity(installation).await?;
            let asker = Asker { identity, lane, meter: Some(requests) };
            let answer = self.call_as(asker, Call::get(target)).await?;
            let page: Wire<'_> = object(&answer, "the list of repositories")?;
            let elements = page.repositories.list();
            let elements = elements
                .ok_or_else(|| GitHubError::Unreadable { why: "the list has no repositories".to_owned() })?;
            all.extend(elements.into_iter().filter_map(repository));
            next = self.next_page(&answer);
        }
        Err(endless("repositories"))
    }

    fn need_app(&self) -> Result<(), GitHubError> {
        if self.inner.is_app() {
            return Ok(());
        }
        Err(GitHubError::Unauthorized {
            message: "only a GitHub App has installations, and a token is configured".to_owned(),
        })
    }
}

fn endless(what: &str) -> GitHubError {
    GitHubError::Unreadable { why: format!("the list of {what} does not end after {MOST_PAGES} pages") }
}

fn installation(raw: Raw<'_>) -> Option<Installation> {
    let wire = raw.object::<Wire<'_>>()?;
    Some(Installation {
        id: InstallationId(wire.id.id()?),
        account: wire.account.login(),
        suspended: wire.suspended_at.text().is_some(),
    })
}

fn repository(raw: Raw<'_>) -> Option<InstalledRepository> {
    let wire = raw.object::<Wire<'_>>()?;
    let name = RepositoryName::parse(&wire.full_name.text()?).ok()?;
    Some(InstalledRepository { name, id: wire.id.id(), archived: wire.archived.boolean() })
}
