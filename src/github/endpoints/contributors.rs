//! Who has contributed to a repository.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;

use super::{list, teams::Answered};
use crate::github::{Access, GitHub, GitHubError, payload::Raw, transport::Call};

/// GitHub itself counts anew only every few hours.
const FRESH: Duration = Duration::from_hours(1);

/// So many pages of a hundred are read; those who contributed most come first.
const MOST_PAGES: usize = 10;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    login: Raw<'a>,
    #[serde(borrow)]
    contributions: Raw<'a>,
}

/// Logins in small letters with their commits, and whether these are all.
#[derive(Debug, Clone, Default)]
pub(in crate::github) struct Contributors {
    by_login: Arc<Vec<(String, u32)>>,
    complete: bool,
}

impl GitHub {
    /// How many commits a login has in the repository's default branch, by GitHub's statistics; `None` when it is not
    /// among the thousand who have most. The list is used again for an hour.
    ///
    /// <https://docs.github.com/en/rest/repos/repos#list-repository-contributors>
    ///
    /// # Errors
    /// When GitHub refuses, as for a repository whose history is too large to list.
    pub async fn contributions(&self, access: &Access, login: &str) -> Result<Option<u32>, GitHubError> {
        let now = self.inner.clock.now();
        let is_fresh = |(_, at): &Answered<Contributors>| now.since(*at) < FRESH;
        let ask = Box::pin(async { Ok((self.contributors(access).await?, now)) });
        let (found, _) = self.inner.contributors.get(&access.repository.key(), is_fresh, ask).await?;
        let login = login.to_ascii_lowercase();
        let commits = found.by_login.iter().find(|(known, _)| *known == login).map(|(_, commits)| *commits);
        Ok(commits.or_else(|| found.complete.then_some(0)))
    }

    async fn contributors(&self, access: &Access) -> Result<Contributors, GitHubError> {
        let mut next = Some(format!("/repos/{}/contributors?anon=1&per_page=100", access.repository));
        let (mut by_login, mut anonymous) = (Vec::new(), false);
        for _ in 0..MOST_PAGES {
            let Some(target) = next.take() else { break };
            let answer = self.call(access, Call::get(target)).await?;
            // An empty repository.
            if answer.status.as_u16() == 204 {
                break;
            }
            for raw in list(&answer, "the list of contributors")? {
                let wire = raw.object::<Wire<'_>>().unwrap_or_default();
                let commits = wire.contributions.int().and_then(|commits| u32::try_from(commits).ok());
                // GitHub links only the first five hundred addresses to accounts: behind one without a login may be
                // whoever is asked for.
                let Some(login) = wire.login.string() else {
                    anonymous = true;
                    continue;
                };
                let unreadable = || GitHubError::Unreadable { why: "a contributor has no number".to_owned() };
                by_login.push((login.to_ascii_lowercase(), commits.ok_or_else(unreadable)?));
            }
            next = self.next_page(&answer);
        }
        Ok(Contributors { by_login: Arc::new(by_login), complete: next.is_none() && !anonymous })
    }
}
