//! `teams` of a test: who is in them.

use super::jobs::texts;
use crate::{
    config::{
        fields::text_keys,
        report::{At, Report},
        tree::{Kind, clip},
    },
    model::Team,
};

/// A map from `@org/team` to the logins that are in it; nobody else is.
pub(super) fn teams(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<(Team, Vec<String>)>> {
    const HELP: &str = "write who is in each team, like `{ \"@acme/release\": [octocat] }`";
    if !matches!(at.node.kind, Kind::Map(_)) {
        report.error(at, format!("expected a map of teams, found {}", at.node.kind.describe()), HELP);
        return None;
    }
    let mut teams = Some(Vec::new());
    for (name, key, value) in text_keys(report, at) {
        let team = Team::parse(name);
        if team.is_none() {
            report.error(&at.key(name, key), format!("`{}` is not a team", clip(name)), HELP);
        }
        let members = texts(report, &at.key(name, value));
        teams = teams.zip(team.zip(members)).map(|(mut teams, team)| {
            teams.push(team);
            teams
        });
    }
    teams
}
