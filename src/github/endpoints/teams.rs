//! Who is in which team.

use std::time::Duration;

use serde::Deserialize;

use super::object;
use crate::{
    github::{Access, GitHub, GitHubError, payload::Raw, target::segment, transport::Call},
    model::{Team, Timestamp},
};

/// How long an answer is used again: an approval must not rest on a membership that ended a while ago.
const FRESH: Duration = Duration::from_mins(5);

/// An answer, and when it was given.
pub(in crate::github) type Answered<T> = (T, Timestamp);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    state: Raw<'a>,
}

impl GitHub {
    /// Whether the login is an active member of the team or of a team below it; who was only invited is not. An App
    /// needs the organization's permission *members: read*, and is asked as the installation on the repository's
    /// owner. An answer is used again for five minutes.
    ///
    /// <https://docs.github.com/en/rest/teams/members#get-team-membership-for-a-user>
    ///
    /// # Errors
    /// When GitHub refuses, does not show the team, or does not say.
    pub async fn is_in_team(&self, access: &Access, team: &Team, login: &str) -> Result<bool, GitHubError> {
        let now = self.inner.clock.now();
        let is_fresh = |(_, at): &Answered<bool>| now.since(*at) < FRESH;
        let key = (team.clone(), login.to_ascii_lowercase());
        // Boxed: it is rare, and would make every gathering larger.
        let ask = Box::pin(async { Ok((self.ask_membership(access, team, login).await?, now)) });
        let (is_in, _) = self.inner.members.get(&key, is_fresh, ask).await?;
        Ok(is_in)
    }

    async fn ask_membership(&self, access: &Access, team: &Team, login: &str) -> Result<bool, GitHubError> {
        let unreadable = |why: String| GitHubError::Unreadable { why };
        let name = segment(login).ok_or_else(|| unreadable(format!("{login:?} is not a login")))?;
        let target = format!("{}/memberships/{name}", path_of(team));
        let answer = match self.call(access, Call::get(target)).await {
            Ok(answer) => answer,
            // Nobody of that name in the team; or a team that is not there, or not to be seen.
            Err(GitHubError::NotFound { .. }) => {
                return self.see_team(access, team).await.map(|()| false);
            }
            Err(error) => return Err(error),
        };
        let wire: Wire<'_> = object(&answer, "the membership")?;
        match wire.state.string().as_deref() {
            Some("active") => Ok(true),
            Some("pending") => Ok(false),
            other => Err(unreadable(format!("the membership's state is {other:?}"))),
        }
    }

    /// Once this returns, GitHub shows the team.
    async fn see_team(&self, access: &Access, team: &Team) -> Result<(), GitHubError> {
        let now = self.inner.clock.now();
        let is_fresh = |((), at): &Answered<()>| now.since(*at) < FRESH;
        let ask = Box::pin(async {
            let seen = self.call(access, Call::get(path_of(team))).await;
            seen.map(|_| ((), now)).map_err(|error| match error {
                GitHubError::NotFound { .. } => GitHubError::NotFound {
                    message: format!("{team} is not there, or not to be seen without members: read"),
                },
                other => other,
            })
        });
        self.inner.teams.get(team, is_fresh, ask).await.map(|_| ())
    }
}

fn path_of(team: &Team) -> String {
    format!("/orgs/{}/teams/{}", team.org(), team.slug())
}
