//! Logins and teams.

use std::collections::BTreeSet;

use super::*;
use crate::{
    model::{Fact, Membership, PullRequest, Team},
    rules::{Need, PullTest},
};

fn team(name: &str) -> Team {
    Team::parse(name).unwrap()
}

fn logins(patterns: &[&str]) -> Vec<Pattern> {
    patterns.iter().map(|pattern| Pattern::compile_for_logins(pattern).unwrap()).collect()
}

fn membership(name: &str, login: &str, is_member: Fact<bool>) -> Membership {
    Membership { team: team(name), login: login.to_owned(), is_member }
}

/// The verdict on a run of that actor, and the teams that are asked for.
fn judged(patterns: &[&str], login: &str, teams: &[Membership]) -> (Truth, Vec<String>) {
    let mut facts = facts();
    facts.run.actor = Some(login.to_owned());
    facts.details.teams = teams.to_vec();
    let asked =
        Condition::Test(Test { word: Word::Actor, expectation: Expectation::Matches(logins(patterns)) });
    let truth = asked.evaluate(&facts, NOW).satisfied;
    let needs = needs(&ruleset(vec![rule("x", asked)]), &facts, NOW);
    (truth, teams_of(needs))
}

fn teams_of(needs: BTreeSet<Need>) -> Vec<String> {
    let of = |need: Need| match need {
        Need::Team(team, login) => format!("{team} {login}"),
        other => format!("{other:?}"),
    };
    needs.into_iter().map(of).collect()
}

#[test]
fn a_team_is_asked_for_only_while_it_leaves_the_login_open() {
    let (yes, no) = (Fact::Known(true), Fact::Known(false));
    let lost = || Fact::Missing("GitHub said 403".to_owned());
    let in_a = |fact: &Fact<bool>| membership("@acme/a", "Mona", fact.clone());
    let in_b = |fact: &Fact<bool>| membership("@acme/b", "mona", fact.clone());
    let (a, b) = ("@acme/a mona".to_owned(), "@acme/b mona".to_owned());
    type Case<'a> = (&'a [&'a str], &'a str, Vec<Membership>, Truth, Vec<String>);
    let cases: Vec<Case<'_>> = vec![
        (&["@acme/a"], "mona", vec![], Truth::Unknown, vec![a.clone()]),
        (&["@ACME/A"], "mona", vec![in_a(&yes)], Truth::Yes, vec![]),
        (&["@acme/a"], "mona", vec![in_a(&no)], Truth::No, vec![]),
        (&["@acme/a"], "mona", vec![in_a(&lost())], Truth::Unknown, vec![]),
        (&["@acme/a"], "other", vec![in_a(&yes)], Truth::Unknown, vec!["@acme/a other".to_owned()]),
        // An App is in no team; and other patterns settle it.
        (&["@acme/a"], "renovate[bot]", vec![], Truth::No, vec![]),
        (&["@acme/a", "mona"], "mona", vec![], Truth::Yes, vec![]),
        (&["mona", "@acme/a"], "mona", vec![], Truth::Yes, vec![]),
        (&["@acme/a", "!mona"], "mona", vec![], Truth::No, vec![]),
        (&["@acme/a", "!mallory"], "mona", vec![], Truth::Unknown, vec![a.clone()]),
        (&["!mona", "@acme/a"], "mona", vec![], Truth::Unknown, vec![a.clone()]),
        (&["!@acme/a"], "mona", vec![], Truth::Unknown, vec![a.clone()]),
        (&["!@acme/a"], "mona", vec![in_a(&lost())], Truth::Unknown, vec![]),
        (&["!@acme/a"], "mona", vec![in_a(&yes)], Truth::No, vec![]),
        (&["!@acme/a"], "mona", vec![in_a(&no)], Truth::Yes, vec![]),
        // Of several teams, those that still count.
        (&["@acme/a", "@acme/b"], "mona", vec![], Truth::Unknown, vec![a.clone(), b.clone()]),
        (&["@acme/a", "@acme/b"], "mona", vec![in_a(&yes)], Truth::Yes, vec![]),
        (&["@acme/a", "@acme/b"], "mona", vec![in_a(&lost())], Truth::Unknown, vec![b.clone()]),
        (&["@acme/a", "@acme/b"], "mona", vec![in_a(&lost()), in_b(&yes)], Truth::Yes, vec![]),
        (&["@acme/a", "!@acme/b"], "mona", vec![in_a(&no)], Truth::No, vec![]),
        (&["@acme/a", "!@acme/b"], "mona", vec![in_a(&yes)], Truth::Unknown, vec![b.clone()]),
        (&["@acme/a", "!@acme/b"], "mona", vec![in_a(&yes), in_b(&lost())], Truth::Unknown, vec![]),
        (&["@acme/a", "!@acme/b"], "mona", vec![in_b(&yes)], Truth::No, vec![]),
    ];
    for (patterns, login, teams, truth, asked) in cases {
        assert_eq!(judged(patterns, login, &teams), (truth, asked), "{patterns:?} of {login}, {teams:?}");
    }
}

#[test]
fn teams_of_an_author_are_asked_for_once_the_pull_request_is_known_and_only_if_it_would_do() {
    let pull = PullRequest { author: Some("mona".to_owned()), ..super::pulls::pull() };
    let asked = |test: PullTest, pulls: Fact<Vec<PullRequest>>| {
        let mut facts = facts();
        facts.details.pulls = pulls;
        teams_of(needs(&ruleset(vec![rule("x", Condition::Pull(Box::new(test)))]), &facts, NOW))
    };
    let by_team = || PullTest { author: Some(logins(&["@acme/a"])), ..PullTest::default() };
    let draft = |is| PullTest { draft: Some(is), ..by_team() };
    assert_eq!(asked(by_team(), Fact::NotAsked), ["Pulls"]);
    assert_eq!(asked(by_team(), Fact::Known(vec![pull.clone()])), ["@acme/a mona"]);
    assert_eq!(asked(draft(false), Fact::Known(vec![pull.clone()])), ["@acme/a mona"]);
    assert_eq!(asked(draft(true), Fact::Known(vec![pull])), Vec::<String>::new());
    assert_eq!(asked(by_team(), Fact::Known(vec![])), Vec::<String>::new());
}

#[test]
fn what_is_known_of_a_login_stands_in_the_verdict() {
    let mut facts = facts();
    facts.run.actor = Some("mona".to_owned());
    let asked = Condition::Test(Test {
        word: Word::Actor,
        expectation: Expectation::Matches(logins(&["@acme/a", "@acme/b", "!mallory"])),
    });
    let observed = |facts: &Facts| asked.evaluate(facts, NOW).observed;
    let not_asked = "not known: it has not been asked for";
    assert_eq!(observed(&facts), format!("mona (in @acme/a: {not_asked}; in @acme/b: {not_asked})"));
    facts.details.teams = vec![membership("@acme/a", "mona", Fact::Known(true))];
    assert_eq!(observed(&facts), "mona (in @acme/a)");
    let lost = Fact::Missing("GitHub answered 403".to_owned());
    facts.details.teams =
        vec![membership("@acme/a", "mona", Fact::Known(false)), membership("@acme/b", "mona", lost)];
    assert_eq!(observed(&facts), "mona (not in @acme/a; in @acme/b: not known: GitHub answered 403)");
}

#[test]
fn a_team_where_no_login_is_observed_is_not_known_even_if_it_is_excluded() {
    let asked = |pattern: &str| {
        let expectation = Expectation::Matches(logins(&[pattern]));
        Condition::Test(Test { word: Word::Branch, expectation }).evaluate(&facts(), NOW).satisfied
    };
    assert_eq!((asked("@acme/a"), asked("!@acme/a")), (Truth::Unknown, Truth::Unknown));
    assert_eq!(asked("!other"), Truth::Yes);
}
