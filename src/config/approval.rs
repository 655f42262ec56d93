//! `approve_run`: strangers' code is let run, so that the rule has to say whose.

use url::Url;

use super::{
    reach,
    report::{At, Report},
    said,
};
use crate::rules::{Condition, Expectation, Pattern, Test, Word};

/// A login that nobody named: what takes it in takes in everybody.
pub(super) const ANYBODY: &str = "anybody-0e5f";

/// Refuses a rule that would approve whatever comes.
pub(super) fn check(report: &mut Report<'_>, when: &Condition, at: &At<'_>) {
    if !reach::asks_for_approval(when) {
        let message = "`approve_run` in a rule that does not ask for runs that wait for approval";
        report.error(at, message, "add `conclusion: action_required` to `when`");
    }
    if !narrows(when) {
        let message = "`approve_run` would let anybody's code run";
        let remedy = "say whose: add `actor`, `triggering_actor` or `sender` to `when`, with logins that it takes in, or `pull_request: { label: ok-to-test }`";
        report.error(at, message, remedy);
    }
}

/// Refuses the action for a GitHub that does not have it.
pub(super) fn check_server(report: &mut Report<'_>, at: &At<'_>, api_url: &str) {
    if is_enterprise_server(api_url) {
        let message = "`approve_run` is only known to github.com and ghe.com, not to Enterprise Server";
        report.error(at, message, "leave it out, or approve the runs on their pages");
    }
}

/// Whether the conditions hold only for some people's runs, or for harmless ones, whatever else holds.
fn narrows(when: &Condition) -> bool {
    when.rests_on(&|part| match part {
        Condition::Test(Test { word: Word::Contributions, expectation: Expectation::Number(range) }) => {
            !range.contains(0)
        }
        Condition::Test(test) => names_people(test),
        Condition::Pull(test) => {
            // Only who may triage the repository gives labels to a pull request.
            let mut of_people = [&test.author, &test.label].into_iter().flatten();
            let mut files = test.changed_files.iter().flat_map(|files| &files.every);
            of_people.any(|patterns| !Pattern::accept(patterns, &[ANYBODY]))
                || files.any(|every| are_harmless(every))
        }
        Condition::Said(test) => said::names_people(test),
        _ => false,
    })
}

/// What code lies in: patterns that take that in do not say that nothing but documents is changed.
const CODE: [&str; 5] = ["a", "a.rs", "src/main.rs", "package.json", ".github/workflows/ci.yml"];

fn are_harmless(every: &[Pattern]) -> bool {
    !CODE.iter().any(|path| Pattern::accept(every, &[path]))
}

pub(super) fn names_people(test: &Test) -> bool {
    let by_login = matches!(test.word, Word::Actor | Word::TriggeringActor | Word::Sender);
    by_login
        && match &test.expectation {
            Expectation::Matches(patterns) => !Pattern::accept(patterns, &[ANYBODY]),
            Expectation::Number(_) | Expectation::Duration(_) | Expectation::Is(_) => false,
        }
}

/// What is neither GitHub's own nor on this machine.
fn is_enterprise_server(api_url: &str) -> bool {
    let host = Url::parse(api_url).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase));
    let host = host.unwrap_or_default();
    let own = host == "api.github.com" || host.ends_with(".ghe.com");
    let here = matches!(host.as_str(), "localhost" | "[::1]") || host.starts_with("127.");
    !own && !here
}
