//! `comment`, `label` and `check`: what is refused when the file is loaded.

use super::{load, with_rule};

/// A rule with those actions, as an App.
fn app(then: &str) -> String {
    let rule = format!("on: workflow_run.completed\n    when: {{ conclusion: failure }}\n    then: [{then}]");
    with_rule(&rule).replace("token: { env: GITHUB_TOKEN }", "app: { id: 1, private_key: { file: app.pem } }")
}

#[test]
fn what_can_be_told_loads() {
    let longest = "x".repeat(50);
    for then in [
        "comment: { body: \"{{ workflow }} failed\" }".to_owned(),
        format!("label: {{ add: [{longest}, é, \"needs: work\"], remove: ready }}"),
        "label: { remove: [a, b] }".to_owned(),
        "check: { name: flaky, conclusion: neutral }".to_owned(),
        "comment: { body: x }, label: { add: a }, check: { name: x, conclusion: success, summary: y }"
            .to_owned(),
    ] {
        let loaded = load(&app(&then)).unwrap_or_else(|problems| panic!("{then}: {problems}"));
        assert!(loaded.warnings.is_empty(), "{then}: {}", loaded.warnings);
    }
}

#[test]
fn what_cannot_be_told_is_refused() {
    let long = |characters: usize| "x".repeat(characters);
    for (then, expected) in [
        ("comment".to_owned(), "`body` is missing"),
        ("comment: {}".to_owned(), "`body` is missing"),
        ("comment: { body: \"\" }".to_owned(), "expected a text, found an empty one"),
        (format!("comment: {{ body: {} }}", long(60_001)), "a text of 1 to 60000 characters"),
        ("comment: { body: \"{{ nobody }}\" }".to_owned(), "unknown variable `nobody`"),
        ("comment: { text: x }".to_owned(), "unknown key `text`"),
        ("comment: { body: x }, comment: { body: y }".to_owned(), "`comment` competes with `comment`"),
        ("label".to_owned(), "neither `add` nor `remove`"),
        ("label: { add: [] }".to_owned(), "labels"),
        ("label: { add: [a, A] }".to_owned(), "label `A` stands here for the second time"),
        ("label: { add: b, remove: [a, a] }".to_owned(), "label `a` stands here for the second time"),
        ("label: { add: [a, b], remove: B }".to_owned(), "label `b` is added and removed"),
        (format!("label: {{ add: {} }}", long(51)), "is not a name of 1 to 50 characters"),
        ("label: { add: \"{{ branch }}\" }".to_owned(), "is not a name"),
        ("label: { add: \" \" }".to_owned(), "expected a text, found an empty one"),
        ("label: { add: .. }".to_owned(), "is not a name"),
        ("check".to_owned(), "`name` is missing"),
        ("check: { name: x }".to_owned(), "`conclusion` is missing"),
        ("check: { conclusion: neutral }".to_owned(), "`name` is missing"),
        ("check: { name: x, conclusion: stale }".to_owned(), "stale"),
        ("check: { name: x, conclusion: neutal }".to_owned(), "neutal"),
        ("check: { name: \"{{ branch }}\", conclusion: neutral }".to_owned(), "is not a name"),
        (format!("check: {{ name: {}, conclusion: neutral }}", long(101)), "is not a name of 1 to 100"),
        ("check: { name: x, conclusion: neutral, summary: \"{{ x }}\" }".to_owned(), "unknown variable `x`"),
        ("delete_run, comment: { body: x }".to_owned(), "`delete_run` leaves nothing"),
    ] {
        let problems = load(&app(&then)).expect_err(&then);
        let found = problems.iter().any(|problem| problem.message.contains(expected));
        assert!(found, "{then}: {expected:?} expected: {problems}");
    }
    let token = with_rule(
        "on: workflow_run.completed\n    then: [check: { name: x, conclusion: neutral }, comment: { body: x }]",
    );
    let problems = load(&token).unwrap_err();
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, ["only an App can show checks"], "a user may comment");
}
