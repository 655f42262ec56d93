//! `pull_request`, by tables: which pull requests a run may have, and what is asked of them.

use super::*;
use crate::model::{ChangedFiles, Details, Fact, PullRequest};

const COMMIT: &str = "acb5820ced9479c074f688cc328bf03f341a511d";

pub(super) fn pull() -> PullRequest {
    PullRequest {
        number: 7,
        state: Some("open".to_owned()),
        draft: Some(false),
        merged: Some(false),
        author: Some("Octocat".to_owned()),
        base: Some("main".to_owned()),
        head_sha: Some(COMMIT.to_owned()),
        head_branch: Some("fix".to_owned()),
        head_owner: Some("octocat".to_owned()),
        head_repository: None,
        labels: vec!["retry".to_owned(), "docs".to_owned()],
        title: Some("Fix it".to_owned()),
        updated_at: Some(NOW),
        html_url: None,
        files: Fact::NotAsked,
    }
}

fn some(pattern: &str) -> Option<Vec<Pattern>> {
    Some(vec![Pattern::compile(pattern, true).unwrap()])
}

fn with(pulls: Fact<Vec<PullRequest>>) -> Facts {
    let mut facts = Facts { details: Details { pulls, ..Details::default() }, ..facts() };
    facts.run.head_sha = Some(COMMIT.to_owned());
    facts.run.updated_at = Some(NOW - DAY);
    facts
}

#[test]
fn what_is_asked_of_a_pull_request_is_what_it_is_now() {
    let none = PullTest::default;
    let outdated = PullRequest { head_sha: Some("other".to_owned()), state: None, ..pull() };
    let unlabelled = PullRequest { labels: Vec::new(), updated_at: Some(NOW - 2 * DAY), ..pull() };
    for (test, pulls, expected) in [
        (PullTest { state: some("open"), ..none() }, vec![pull()], Truth::Yes),
        (PullTest { state: some("closed"), ..none() }, vec![pull()], Truth::No),
        (PullTest { state: some("open"), ..none() }, vec![outdated.clone()], Truth::Unknown),
        (PullTest { state: some("open"), ..none() }, vec![], Truth::No),
        (PullTest { exists: Some(true), ..none() }, vec![], Truth::No),
        (PullTest { exists: Some(false), ..none() }, vec![], Truth::Yes),
        (PullTest { exists: Some(false), ..none() }, vec![pull()], Truth::No),
        (PullTest { author: some("octocat"), ..none() }, vec![pull()], Truth::Yes),
        (PullTest { label: some("retry"), ..none() }, vec![pull()], Truth::Yes),
        (PullTest { label: some("retry"), ..none() }, vec![unlabelled.clone()], Truth::No),
        (PullTest { label: some("!retry"), ..none() }, vec![pull()], Truth::No),
        (PullTest { label: some("!retry"), ..none() }, vec![unlabelled.clone()], Truth::Yes),
        (PullTest { label: some("!retry"), ..none() }, vec![], Truth::No),
        (PullTest { head_is_current: Some(true), ..none() }, vec![pull()], Truth::Yes),
        (PullTest { head_is_current: Some(true), ..none() }, vec![outdated.clone()], Truth::No),
        (PullTest { changed_since: Some(true), ..none() }, vec![pull()], Truth::Yes),
        (PullTest { changed_since: Some(true), ..none() }, vec![unlabelled.clone()], Truth::No),
        // Of several it cannot be told which is meant, unless they agree.
        (PullTest { label: some("retry"), ..none() }, vec![pull(), unlabelled], Truth::Unknown),
        (PullTest { base: some("main"), title: some("Fix*"), ..none() }, vec![pull(), outdated], Truth::Yes),
    ] {
        let result = Condition::Pull(Box::new(test.clone())).evaluate(&with(Fact::Known(pulls)), NOW);
        assert_eq!(result.satisfied, expected, "{test:?}: {result:?}");
    }
}

#[test]
fn pull_requests_are_asked_for_once_and_an_error_is_unknown() {
    let asked = Condition::Pull(Box::new(PullTest { exists: Some(false), ..PullTest::default() }));
    let rule = rule("x", asked);
    let needs = |facts: &Facts| needs_of(&Ceilings::default(), &rule, facts, NOW);
    assert_eq!(needs(&with(Fact::NotAsked)), BTreeSet::from([Need::Pulls]));
    assert_eq!(needs(&with(Fact::Missing("GitHub answered 403".to_owned()))), BTreeSet::new());
    let refused = with(Fact::Missing("GitHub answered 403".to_owned()));
    assert_eq!(rule.when.evaluate(&refused, NOW).satisfied, Truth::Unknown);
    let mut partial = with(Fact::NotAsked);
    partial.run.partial = true;
    assert_eq!(needs(&partial), BTreeSet::from([Need::Run]));
}

#[test]
fn a_label_bounds_the_attempt_by_the_smallest_number_that_it_carries() {
    let bound = |word, text: &str| LabelBound::parse(word, text).unwrap();
    let judged = |bound: LabelBound, labels: &[&str], attempt: Option<u32>, reruns: Fact<u32>| {
        let labels = labels.iter().map(ToString::to_string).collect();
        let mut facts = with(Fact::Known(vec![PullRequest { labels, ..pull() }]));
        facts.run.attempt = attempt.map(RunAttempt);
        facts.details.reruns_by_us = reruns;
        let test = PullTest { at_most_label: Some(bound), ..PullTest::default() };
        Condition::Pull(Box::new(test)).evaluate(&facts, NOW).satisfied
    };
    let huge = "retry/99999999999999999999";
    for (labels, attempt, expected) in [
        (&["retry/3"] as &[&str], Some(3), Truth::Yes),
        (&["retry/3"], Some(4), Truth::No),
        (&["docs", "retry/9", "retry/3"], Some(4), Truth::No),
        (&["retry/3"], None, Truth::Unknown),
        (&["retry/0"], Some(1), Truth::No),
        (&["retry/007"], Some(7), Truth::Yes),
        // Without a label that carries a number.
        (&[], Some(1), Truth::No),
        (&[], None, Truth::No),
        (
            &["retry", "retry/", "retry/x", "retry/+3", "retry/-3", "Retry/3", "a/retry/3", huge],
            Some(1),
            Truth::No,
        ),
        (&["retry/x", "retry/2"], Some(2), Truth::Yes),
    ] {
        let found = judged(bound(Word::RunAttempt, "retry/*"), labels, attempt, Fact::NotAsked);
        assert_eq!(found, expected, "{labels:?} at {attempt:?}");
    }
    let around = || bound(Word::RerunsByUs, "retry *x");
    assert_eq!(judged(around(), &["retry 2x"], None, Fact::Known(2)), Truth::Yes);
    assert_eq!(judged(around(), &["retry 2x"], None, Fact::Known(3)), Truth::No);
    assert_eq!(judged(around(), &["retry 2x"], Some(1), Fact::Missing("lost".to_owned())), Truth::Unknown);
    for odd in ["retry", "retry/**", "*/*", "!retry/*", "/retry*/", "retr?/*"] {
        assert_eq!(LabelBound::parse(Word::RunAttempt, odd), None, "{odd}");
    }
}

#[test]
fn changed_files_are_asked_for_of_the_runs_commit_and_no_more_is_said_than_is_known() {
    let path = |pattern: &str| Some(vec![Pattern::compile_for_paths(pattern).unwrap()]);
    let every = |pattern| FilesTest { every: path(pattern), ..FilesTest::default() };
    let some = |pattern| FilesTest { some: path(pattern), ..FilesTest::default() };
    let none = |pattern| FilesTest { none: path(pattern), ..FilesTest::default() };
    let count = |range: Range<u64>| FilesTest { count: Some(range), ..FilesTest::default() };
    let is = |number| Range { is: Some(number), ..Range::default() };
    let above = |number| Range { above: Some(number), ..Range::default() };
    let at_least = |number| Range { at_least: Some(number), ..Range::default() };
    let at_most = |number| Range { at_most: Some(number), ..Range::default() };
    let below = |number| Range { below: Some(number), ..Range::default() };
    let all = |files: &[&[&str]]| ChangedFiles {
        files: files.iter().map(|names| names.iter().map(|name| (*name).to_owned()).collect()).collect(),
        complete: true,
        head_sha: Some(COMMIT.to_owned()),
    };
    let docs = all(&[&["docs/a.md"], &["README.md"]]);
    let renamed = all(&[&["docs/b.md", "src/b.rs"]]);
    let cut = ChangedFiles { complete: false, ..docs.clone() };
    let moved = ChangedFiles { head_sha: Some("other".to_owned()), ..docs.clone() };
    for (test, files, expected) in [
        (every("**/*.md"), &docs, Truth::Yes),
        (every("docs/**"), &docs, Truth::No),
        (every("docs/**"), &renamed, Truth::No),
        (every("**"), &all(&[]), Truth::No),
        (every("**/*.md"), &cut, Truth::Unknown),
        (every("docs/**"), &cut, Truth::No),
        (every("**/*.md"), &moved, Truth::Unknown),
        (some("src/**"), &docs, Truth::No),
        (some("src/**"), &renamed, Truth::Yes),
        (some("src/**"), &cut, Truth::Unknown),
        (some("docs/**"), &cut, Truth::Yes),
        (none("src/**"), &docs, Truth::Yes),
        (none("src/**"), &renamed, Truth::No),
        (none("src/**"), &cut, Truth::Unknown),
        (none("docs/**"), &moved, Truth::Unknown),
        (count(is(2)), &docs, Truth::Yes),
        (count(is(1)), &renamed, Truth::Yes),
        (count(below(2)), &docs, Truth::No),
        (count(is(0)), &all(&[]), Truth::Yes),
        (count(is(2)), &moved, Truth::Unknown),
        // Two are listed, and there are more or not.
        (count(is(1)), &cut, Truth::No),
        (count(is(2)), &cut, Truth::Unknown),
        (count(at_most(1)), &cut, Truth::No),
        (count(at_most(2)), &cut, Truth::Unknown),
        (count(below(2)), &cut, Truth::No),
        (count(below(3)), &cut, Truth::Unknown),
        (count(at_least(2)), &cut, Truth::Yes),
        (count(at_least(3)), &cut, Truth::Unknown),
        (count(above(1)), &cut, Truth::Yes),
        (count(above(2)), &cut, Truth::Unknown),
        (count(Range { at_least: Some(2), ..at_most(9) }), &cut, Truth::Unknown),
        (FilesTest { every: path("**/*.md"), ..count(at_most(1)) }, &docs, Truth::No),
        (FilesTest { every: path("**/*.md"), ..count(at_most(2)) }, &docs, Truth::Yes),
    ] {
        let test = PullTest { changed_files: Some(test), ..PullTest::default() };
        let changed = PullRequest { files: Fact::Known(files.clone()), ..pull() };
        let result = Condition::Pull(Box::new(test.clone())).evaluate(&with(Fact::Known(vec![changed])), NOW);
        assert_eq!(result.satisfied, expected, "{test:?} of {files:?}: {result:?}");
    }
}
