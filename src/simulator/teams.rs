//! Teams of organizations: who is in them, and who may ask.

use serde_json::json;

use super::auth::Who;
use super::exchange::Reply;
use super::handle::Simulator;
use super::world::World;

/// A team with the logins that are in it, or invited into it.
pub(super) struct Team {
    org: String,
    slug: String,
    members: Vec<(String, &'static str)>,
}

impl Simulator {
    /// A team (`org/slug`) with these active members; who was in it before is not any more.
    pub fn team<'a>(&self, name: &str, members: impl IntoIterator<Item = &'a str>) {
        let (org, slug) = name.split_once('/').unwrap_or(("acme", name));
        let members = members.into_iter().map(|login| (login.to_owned(), "active")).collect();
        self.change(|world| {
            world.teams.retain(|team| !team.is(org, slug));
            world.teams.push(Team { org: org.to_owned(), slug: slug.to_owned(), members });
        });
    }

    /// Somebody is invited into a team and has not accepted yet.
    pub fn invite_into_team(&self, name: &str, login: &str) {
        let (org, slug) = name.split_once('/').unwrap_or(("acme", name));
        self.change(|world| {
            for team in world.teams.iter_mut().filter(|team| team.is(org, slug)) {
                team.members.push((login.to_owned(), "pending"));
            }
        });
    }
}

impl Team {
    fn is(&self, org: &str, slug: &str) -> bool {
        self.org.eq_ignore_ascii_case(org) && self.slug.eq_ignore_ascii_case(slug)
    }
}

impl World {
    /// `GET /orgs/{org}/teams/{slug}` and what is below it. Strangers are told that there is nothing.
    pub(super) fn team_route(&self, who: &Who, org: &str, slug: &str, rest: &[&str]) -> Reply {
        let is_of_another = |id: u64| self.installation_of(org).is_none_or(|own| own.id != id);
        match who {
            Who::Anonymous => return Reply::message(401, "Requires authentication"),
            Who::App => return Reply::message(403, "Resource not accessible by integration"),
            Who::Installation { id, .. } if is_of_another(*id) => return Reply::not_found(),
            Who::Installation { .. } | Who::Person { .. } => {}
        }
        if let Some(refusal) = self.refuse_without(who, "members") {
            return refusal;
        }
        let Some(team) = self.teams.iter().find(|team| team.is(org, slug)) else { return Reply::not_found() };
        match rest {
            [] => Reply::json(200, &json!({ "name": team.slug, "slug": team.slug, "privacy": "closed" })),
            ["memberships", login] => {
                let found = team.members.iter().find(|(member, _)| member.eq_ignore_ascii_case(login));
                found.map_or_else(Reply::not_found, |(login, state)| {
                    let url = self.api(&format!("/orgs/{org}/teams/{slug}/memberships/{login}"));
                    Reply::json(200, &json!({ "url": url, "role": "member", "state": state }))
                })
            }
            _ => Reply::unknown(),
        }
    }
}
