//! Logins held against patterns and teams. Whether someone is in a team may not be known: then the whole is not known
//! either, unless the other patterns settle it.

use super::{Expectation, leaf, observe::Observation};
use crate::{
    model::{ConditionResult, Fact, Facts, Membership, Team, Truth},
    rules::{Need, Pattern},
};

/// A login that can be in no team: an App's, which GitHub marks with what no user's login may hold.
fn is_bot(login: &str) -> bool {
    login.ends_with("[bot]")
}

/// Whether the login is in the team.
fn is_in(team: &Team, login: &str, known: &[Membership]) -> Result<bool, String> {
    match Membership::of(known, team, login) {
        _ if is_bot(login) => Ok(false),
        Some(is_member) => is_member.known().copied(),
        None => Fact::<bool>::NotAsked.known().copied(),
    }
}

/// As [`Pattern::accept`], of a login whose teams may not be known.
fn accept(patterns: &[Pattern], login: &str, known: &[Membership]) -> Truth {
    let all_else = Truth::of(patterns.first().is_some_and(Pattern::excludes));
    patterns.iter().fold(all_else, |accepted, pattern| {
        let if_hit = Truth::of(!pattern.excludes());
        let hit = pattern.team().map_or(Ok(pattern.matches(login)), |team| is_in(team, login, known));
        match hit {
            Ok(true) => if_hit,
            Ok(false) => accepted,
            Err(_) if accepted == if_hit => accepted,
            Err(_) => Truth::Unknown,
        }
    })
}

/// Whether the login is what is asked.
pub(super) fn compare(
    word: &'static str,
    expectation: &Expectation,
    observation: Observation,
    facts: &Facts,
) -> ConditionResult {
    let (Expectation::Matches(patterns), Observation::Text(login)) = (expectation, &observation) else {
        return super::observe::compare(word, expectation, observation);
    };
    if patterns.iter().all(|pattern| pattern.team().is_none()) {
        return super::observe::compare(word, expectation, observation);
    }
    let known = &facts.details.teams;
    let satisfied = accept(patterns, login, known);
    let said = patterns.iter().filter_map(Pattern::team).filter_map(|team| match is_in(team, login, known) {
        Ok(true) => Some(format!("in {team}")),
        Ok(false) => Some(format!("not in {team}")),
        // What was not asked for is said only where it leaves the whole open.
        Err(_) if satisfied != Truth::Unknown && Membership::of(known, team, login).is_none() => None,
        Err(why) => Some(format!("in {team}: {why}")),
    });
    let said: Vec<String> = said.collect();
    let observed = if said.is_empty() { login.clone() } else { format!("{login} ({})", said.join("; ")) };
    leaf(word, expectation, observed, satisfied)
}

/// The teams that leave it open whether the login is accepted, and have not been asked for.
pub(crate) fn wanted(patterns: &[Pattern], login: &str, known: &[Membership]) -> Vec<Need> {
    if accept(patterns, login, known) != Truth::Unknown {
        return Vec::new();
    }
    let mut needs = Vec::new();
    for pattern in patterns.iter().rev() {
        match pattern.team() {
            // What comes before it no longer counts.
            None if pattern.matches(login) => break,
            Some(team) if Membership::of(known, team, login) == Some(&Fact::Known(true)) => break,
            Some(team) if Membership::of(known, team, login).is_none_or(Fact::is_not_asked) => {
                needs.push(Need::Team(team.clone(), login.to_owned()));
            }
            None | Some(_) => {}
        }
    }
    needs
}
