//! Whether an action that has waited is wanted still: judged once more by what was known, by what the clock shows now
//! and by who is in the teams now.

use std::time::Duration;

use crate::{
    github::{Access, GitHubError},
    model::{ActionRow, Fact, Facts, Outcome, Verdict},
    rules::judge,
};

use super::{Pipeline, perform::outcome_of_look};

/// After so long who was in a team may be so no more.
const FRESH: Duration = Duration::from_mins(5);

impl Pipeline {
    /// Why an action that has waited is not wanted any more. What was held is judged by the clock as well: office hours
    /// may be over, the run too old.
    pub(super) async fn why_outdated(&self, access: &Access, action: &ActionRow) -> Option<Outcome> {
        let now = self.clock.now();
        let held = action.spent_at.is_some_and(|at| at > action.planned_at);
        let late = action.plan.action.kind().sets_going() && now.since(action.planned_at) >= FRESH;
        if !held && !late {
            return None;
        }
        let rules = self.rules();
        let rule = rules.rule(&action.plan.rule)?;
        let mut facts = match self.store.facts_of(action.decision_id).await {
            Ok(facts) => facts?,
            Err(error) => return Some(Outcome::Retry(error.to_string())),
        };
        let of_teams = late && !facts.details.teams.is_empty();
        if of_teams && let Err(error) = self.ask_for_teams_anew(access, &mut facts).await {
            return Some(outcome_of_look(&error));
        }
        if !held && !of_teams {
            return None;
        }
        let (at, waited) = if held { (now, "was held") } else { (action.planned_at, "waited") };
        let verdict = judge(&rules, rule, &facts, at);
        (verdict.verdict != Verdict::Matched)
            .then(|| Outcome::Refused(format!("it {waited}, and does not hold any more: {}", verdict.reason)))
    }

    /// Who is in the teams now; what GitHub refuses to tell is not known.
    async fn ask_for_teams_anew(&self, access: &Access, facts: &mut Facts) -> Result<(), GitHubError> {
        for known in &mut facts.details.teams {
            known.is_member = match self.gatherer.in_team(access, &known.team, &known.login).await {
                Ok(is_member) => is_member,
                Err(error) if error.is_transient() || matches!(error, GitHubError::Unauthorized { .. }) => {
                    return Err(error);
                }
                Err(error) => Fact::Missing(error.to_string()),
            };
        }
        Ok(())
    }
}
