//! The words about what stands around a run: its workflow, its branch or tag, newer runs.

use super::*;
use crate::model::{Details, Fact, Head};

const COMMIT: &str = "acb5820ced9479c074f688cc328bf03f341a511d";

fn matching(word: Word, pattern: &str) -> Condition {
    let patterns = vec![Pattern::compile(pattern, false).unwrap()];
    Condition::Test(Test { word, expectation: Expectation::Matches(patterns) })
}

fn is(word: Word, flag: bool) -> Condition {
    Condition::Test(Test { word, expectation: Expectation::Is(flag) })
}

fn with(details: Details) -> Facts {
    let mut facts = Facts { details, ..facts() };
    facts.run.head_sha = Some(COMMIT.to_owned());
    facts
}

fn head(head: Head) -> Facts {
    with(Details { head: Fact::Known(head), ..Details::default() })
}

fn missing<T>() -> Fact<T> {
    Fact::Missing("GitHub answered 403".to_owned())
}

#[test]
fn what_stands_around_a_run_is_judged_by_what_was_fetched() {
    let state =
        |state: &str| with(Details { workflow_state: Fact::Known(state.to_owned()), ..Details::default() });
    let tag = |tag: Option<&str>| {
        with(Details { tag: Fact::Known(tag.map(ToOwned::to_owned)), ..Details::default() })
    };
    let newer = |newer: bool| with(Details { newer_run: Fact::Known(newer), ..Details::default() });
    for (condition, facts, expected) in [
        (matching(Word::WorkflowState, "disabled_*"), state("disabled_manually"), Truth::Yes),
        (matching(Word::WorkflowState, "disabled_*"), state("active"), Truth::No),
        (
            matching(Word::WorkflowState, "*"),
            with(Details { workflow_state: missing(), ..Details::default() }),
            Truth::Unknown,
        ),
        (is(Word::BranchExists, true), head(Head::Commit("b".to_owned())), Truth::Yes),
        (is(Word::BranchExists, true), head(Head::Gone), Truth::No),
        (is(Word::BranchExists, false), head(Head::Gone), Truth::Yes),
        // Of a tag's run neither is said: a purge of gone branches leaves releases alone.
        (is(Word::BranchExists, false), head(Head::Tag), Truth::No),
        (is(Word::BranchExists, true), head(Head::Tag), Truth::No),
        (
            is(Word::BranchExists, false),
            with(Details { head: missing(), ..Details::default() }),
            Truth::Unknown,
        ),
        (is(Word::IsHead, true), head(Head::Commit(COMMIT.to_uppercase())), Truth::Yes),
        (is(Word::IsHead, true), head(Head::Commit("b".to_owned())), Truth::No),
        (is(Word::IsHead, false), head(Head::Commit("b".to_owned())), Truth::Yes),
        (is(Word::IsHead, false), head(Head::Gone), Truth::Yes),
        (is(Word::IsHead, false), head(Head::Tag), Truth::No),
        (is(Word::IsHead, true), with(Details { head: missing(), ..Details::default() }), Truth::Unknown),
        (matching(Word::Tag, "v*"), tag(Some("v1")), Truth::Yes),
        (matching(Word::Tag, "v*"), tag(Some("nightly")), Truth::No),
        (matching(Word::Tag, "!v*"), tag(None), Truth::No),
        (matching(Word::Tag, "v*"), with(Details { tag: missing(), ..Details::default() }), Truth::Unknown),
        (is(Word::NewerRun, true), newer(true), Truth::Yes),
        (is(Word::NewerRun, true), newer(false), Truth::No),
        (
            is(Word::NewerRun, false),
            with(Details { newer_run: missing(), ..Details::default() }),
            Truth::Unknown,
        ),
    ] {
        let details = &facts.details;
        assert_eq!(condition.evaluate(&facts, NOW).satisfied, expected, "{condition:?} of {details:?}");
    }
}

#[test]
fn a_commit_that_is_not_known_is_no_head() {
    let mut facts = head(Head::Commit("b".to_owned()));
    facts.run.head_sha = None;
    assert_eq!(is(Word::IsHead, false).evaluate(&facts, NOW).satisfied, Truth::Unknown);
}

#[test]
fn a_run_that_no_tag_can_have_started_has_none_and_nothing_is_asked() {
    let mut facts = with(Details::default());
    facts.run.event = Some("pull_request".to_owned());
    let rules = ruleset(vec![rule("a", matching(Word::Tag, "v*"))]);
    assert_eq!(matching(Word::Tag, "v*").evaluate(&facts, NOW).satisfied, Truth::No);
    assert_eq!(needs(&rules, &facts, NOW), BTreeSet::new());
}

#[test]
fn each_word_asks_for_its_own_fact_and_first_for_the_run_where_that_is_partial() {
    for (condition, need) in [
        (matching(Word::WorkflowState, "active"), Need::WorkflowState),
        (is(Word::BranchExists, true), Need::Head),
        (is(Word::IsHead, true), Need::Head),
        (matching(Word::Tag, "v*"), Need::Tag),
        (is(Word::NewerRun, false), Need::NewerRun),
    ] {
        let rules = ruleset(vec![rule("a", condition)]);
        assert_eq!(needs(&rules, &with(Details::default()), NOW), BTreeSet::from([need]));
        let mut partial = with(Details::default());
        partial.run.partial = true;
        assert_eq!(needs(&rules, &partial, NOW), BTreeSet::from([Need::Run]));
    }
}
