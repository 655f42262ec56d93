//! Teams of organizations, and who is in them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Fact;

/// A team, as rules write it: `@org/slug`. GitHub compares both parts without case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Team {
    org: String,
    slug: String,
}

/// An organization's login is no longer.
const MOST_OF_LOGIN: usize = 39;

impl Team {
    /// Reads `@org/slug`; none when that is not a team's name. The slug is the team's name in its address:
    /// lower-case letters, digits, `-` and `_`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (org, slug) = text.strip_prefix('@')?.split_once('/')?;
        let is_login = !org.is_empty()
            && org.len() <= MOST_OF_LOGIN
            && org.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !org.starts_with('-');
        let is_slug = !slug.is_empty()
            && slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (is_login && is_slug).then(|| Self { org: org.to_ascii_lowercase(), slug: slug.to_ascii_lowercase() })
    }

    /// The organization's login, in lower case.
    #[must_use]
    pub fn org(&self) -> &str {
        &self.org
    }

    /// The team's name in its address.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.slug
    }
}

impl fmt::Display for Team {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}/{}", self.org, self.slug)
    }
}

impl TryFrom<String> for Team {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is not a team"))
    }
}

impl From<Team> for String {
    fn from(team: Team) -> Self {
        team.to_string()
    }
}

/// Whether someone is in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The team.
    pub team: Team,
    /// The login.
    pub login: String,
    /// Whether the login is an active member: one who has accepted the invitation.
    pub is_member: Fact<bool>,
}

impl Membership {
    /// What is known of that login in that team, whatever the login's case.
    #[must_use]
    pub fn of<'a>(known: &'a [Self], team: &Team, login: &str) -> Option<&'a Fact<bool>> {
        let is_it = |it: &&Self| it.team == *team && it.login.eq_ignore_ascii_case(login);
        known.iter().find(is_it).map(|it| &it.is_member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_is_an_organization_and_a_slug() {
        let team = Team::parse("@NVIDIA/OSMO-dev").unwrap();
        assert_eq!(
            (team.org(), team.slug(), team.to_string().as_str()),
            ("nvidia", "osmo-dev", "@nvidia/osmo-dev")
        );
        for bad in [
            "acme/a",
            "@acme",
            "@/a",
            "@acme/",
            "@acme/a/b",
            "@acme/*",
            "@a b/c",
            "@acme/a.b",
            "@-a/b",
            "@acme/..",
            "",
        ] {
            assert_eq!(Team::parse(bad), None, "{bad}");
        }
        let stored = serde_json::to_string(&team).unwrap();
        assert_eq!(serde_json::from_str::<Team>(&stored).unwrap(), team);
    }
}
