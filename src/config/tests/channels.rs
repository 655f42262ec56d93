//! `channels` and what is said to them.

use super::load;
use crate::config::Severity;

/// A file with those channels, from line 3 on, and a rule that does this.
fn with(channels: &str, then: &str) -> String {
    format!(
        "webhook: {{ secrets: [ {{ env: RUNWARDEN_WEBHOOK_SECRET }} ] }}\n\
         github: {{ token: {{ env: GITHUB_TOKEN }} }}\nchannels: {channels}\nrules:\n  - name: x\n    \
         on: workflow_run.completed\n    then: [{then}]\n"
    )
}

const CI: &str = "[ { name: ci, url: { env: CHANNEL } } ]";

#[test]
fn a_channel_is_named_by_the_rules_that_tell_it() {
    let loaded = load(&with(CI, "notify: { to: ci, text: \"{{ branch }}\" }")).unwrap();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let unused = load(&with(CI, "rerun")).err().unwrap();
    let warning = unused.iter().find(|problem| problem.severity == Severity::Warning).unwrap();
    assert_eq!((warning.line, warning.message.as_str()), (Some(3), "no rule tells channel `ci` anything"));
}

#[test]
fn what_could_not_be_told_is_refused() {
    let told = "notify: { to: ci }";
    for (channels, then, line, message, remedy) in [
        (CI, "notify: { to: c1 }", 7, "there is no channel `c1`", "`ci`"),
        ("[]", told, 7, "there is no channel `ci`", "channels: ["),
        (CI, "notify", 7, "`to` is missing", "to: ci-alerts"),
        (CI, "notify: { to: ci, text: \"{{ brunch }}\" }", 7, "unknown variable `brunch`", "`branch`"),
        ("[ { name: ci } ]", told, 3, "`url` is missing", "env: SLACK_URL"),
        ("[ { name: ci, url: { env: PLAIN_CHANNEL } } ]", told, 3, "not a URL", "https://"),
        ("[ { name: ci, url: { env: EMPTY } } ]", told, 3, "is empty", "secret"),
        ("[ { name: C I, url: { env: CHANNEL } } ]", "cancel", 3, "kebab-case", "ci-alerts"),
        ("[ { name: ci, url: { env: CHANNEL }, format: xml } ]", told, 3, "`xml`", "`slack`"),
        (
            "[ { name: ci, url: { env: CHANNEL } }, { name: ci, url: { env: CHANNEL } } ]",
            told,
            3,
            "a second channel with the name `ci`",
            "line 3",
        ),
    ] {
        let source = with(channels, then);
        let problems = load(&source).err().unwrap_or_else(|| panic!("this loads:\n{source}"));
        let found = problems.iter().find(|problem| problem.message.contains(message));
        let found = found.unwrap_or_else(|| panic!("wanted {message:?}\n{source}\n{problems}"));
        let given = found.remedy.as_deref().unwrap_or_default();
        assert!(given.contains(remedy), "wanted {remedy:?}\n{source}\n{problems}");
        assert_eq!(found.line, Some(line), "{source}\n{problems}");
        assert!(!problems.to_string().contains("hush"), "{problems}");
    }
}
