//! The built-in signatures by their own examples, and what is said of the file's own ones.

use std::collections::BTreeMap;

use super::{load, with_rule};
use crate::{
    config::built_in_signatures,
    model::Truth,
    rules::{Cause, Signature},
};

/// The cause that the first signature gives an excerpt, vetoes and order heeded.
fn cause_of(excerpt: &str) -> (Cause, &'static str) {
    let all = built_in_signatures();
    let failures: Vec<_> = all.iter().filter(|it| it.cause.is_real_failure()).cloned().collect();
    let takes = |signature: &&std::sync::Arc<Signature>| {
        !signature.line_patterns().is_empty() && signature.takes(&failures, excerpt) == Truth::Yes
    };
    let unsure = |signature: &&std::sync::Arc<Signature>| {
        // A `conclusion` beside the line is taken as given.
        takes(signature)
            || (!signature.matches.is_empty()
                && signature.matches.iter().any(|own| own == excerpt)
                && signature.takes(&failures, excerpt) != Truth::No)
    };
    all.iter().find(unsure).map_or((Cause::Unknown, "none"), |it| (it.cause, it.name.as_str()))
}

#[test]
fn every_built_in_signature_keeps_to_its_examples_among_all_the_others() {
    let all = built_in_signatures();
    assert!(all.len() > 40, "{} signatures", all.len());
    let mut counts: BTreeMap<&str, [u32; 3]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for signature in all {
        assert!(!signature.not.is_empty(), "{} has no line that it must not match", signature.name);
        for (line, is_own) in signature
            .matches
            .iter()
            .map(|line| (line, true))
            .chain(signature.not.iter().map(|line| (line, false)))
        {
            let (found, by) = cause_of(line);
            let right = (found == signature.cause) == is_own;
            if !right {
                wrong.push(format!("{}: {line:?} is {} by {by}", signature.name, found.as_str()));
            }
            let [hits, strays, misses] = counts.entry(signature.cause.as_str()).or_default();
            match (is_own, right) {
                (true, true) => *hits += 1,
                (true, false) => *misses += 1,
                (false, true) => {}
                (false, false) => *strays += 1,
            }
            if is_own && !right && found != Cause::Unknown {
                counts.entry(found.as_str()).or_default()[1] += 1;
            }
        }
    }
    println!("{:28} lines  precision  recall", "cause");
    for (cause, [hits, strays, misses]) in &counts {
        let share = |of: u32| if of == 0 { 100.0 } else { f64::from(*hits) / f64::from(of) * 100.0 };
        println!(
            "{cause:28} {:5}  {:8.1}%  {:5.1}%",
            hits + misses,
            share(hits + strays),
            share(hits + misses)
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lines of real failures, and of jobs that went well, which no signature was made from: all mention what a network's
/// failure mentions.
#[test]
fn no_real_failure_is_taken_for_one_of_the_infrastructure() {
    for line in [
        "error[E0599]: no method named `connection_timeout` found for struct `Client`",
        "src/retry.ts(4,10): error TS2305: Module './timeout' has no exported member 'ECONNRESET'.",
        "client.go:31:9: undefined: net.ErrTimeout",
        "test client::retries_after_connection_reset_by_peer ... FAILED",
        "--- FAIL: TestDialTimeout (0.00s)",
        "FAILED tests/test_dns.py::test_could_not_resolve_host - assert False",
        "AssertionError: expected 503 to equal 200",
        "Expected: \"socket hang up\", received: \"ok\"",
        "  Failed Connects_Before_Timeout [12 ms]",
        "[ERROR] Tests run: 8, Failures: 2, Errors: 0 - in dev.acme.TimeoutTest",
        "test timeout_is_honoured ... ok",
        "running 3 network tests",
        "    connection: keep-alive",
        "warning: field `timeout` is never read",
        "Downloading serde v1.0.228",
        "Waiting for a connection on port 5432",
    ] {
        let (cause, by) = cause_of(line);
        let is_fine = cause.is_real_failure() || cause == Cause::Unknown;
        assert!(is_fine, "{line:?} is {} by {by}", cause.as_str());
    }
}

/// A file whose third line begins its own signatures, and what is said of it.
fn with_signatures(signatures: &str) -> String {
    let rule = with_rule("on: workflow_run.completed\n    when: { run_attempt: 1 }\n    then: [rerun]");
    rule.replacen("rules:", &format!("signatures: [{signatures}]\nrules:"), 1)
}

#[test]
fn what_is_wrong_with_a_signature_is_said_with_its_place_and_a_remedy() {
    for (signature, column, message, remedy) in [
        ("x", 14, "expected a signature, found `x`", "write a map"),
        ("{ log: deadlock }", 14, "`name` is missing", "kebab-case"),
        ("{ name: Flaky, log: deadlock }", 22, "`Flaky` is not kebab-case", "flaky-database"),
        (
            "{ name: network-dns, log: deadlock }",
            22,
            "there is a signature `network-dns` already",
            "another name",
        ),
        ("{ name: a }", 14, "says of no job which", "write `log`"),
        ("{ name: a, logs: x }", 25, "unknown key `logs`", "did you mean `log`?"),
        ("{ name: a, log: deadlock, cause: netwrk }", 47, "unknown word `netwrk`", "did you mean `network`?"),
        ("{ name: a, annotation: \"/x*/\" }", 14, "`/x*/` matches an empty line", "write what stands"),
        (
            "{ name: a, log: deadlock, match: [gridlock] }",
            14,
            "`a` does not match what it must match: gridlock",
            "mend",
        ),
        (
            "{ name: a, log: lock, not: [gridlock] }",
            14,
            "`a` matches what it must not match: gridlock",
            "narrow",
        ),
        ("{ name: a, log: lock, not: { log: x } }", 41, "found a map", "goes under `none`"),
        ("{ name: a, log: lock, none: x }", 42, "expected a map of conditions", "none: {}"),
        (
            "{ name: a, log: lock, none: { signature: gone } }",
            55,
            "there is no signature `gone`",
            "`signatures`",
        ),
        ("{ name: a, log: x1 }, { name: a, log: x2 }", 44, "there is a signature `a` already", "another"),
    ] {
        let source = with_signatures(signature);
        let problems = load(&source).err().unwrap_or_else(|| panic!("this loads:\n{source}"));
        let first = problems.iter().next().unwrap();
        assert_eq!((first.line, first.column), (Some(3), Some(column)), "{problems}");
        assert!(first.message.contains(message), "wanted {message}\n{problems}");
        assert!(first.remedy.as_deref().unwrap_or_default().contains(remedy), "wanted {remedy}\n{problems}");
    }
}

#[test]
fn a_word_of_all_logs_earns_a_warning() {
    for (pattern, warns) in [
        ("error", true),
        ("Timeout", true),
        ("/(?i)timed out/", true),
        ("connection", true),
        ("Process completed with exit code 1.", true),
        ("deadlock detected", false),
        ("Connection timed out after 30 s", false),
    ] {
        let loaded = load(&with_signatures(&format!("{{ name: a, log: \"{pattern}\" }}"))).unwrap();
        assert_eq!(loaded.warnings.to_string().contains("logs of all kinds"), warns, "{pattern}");
    }
}

#[test]
fn rules_name_signatures_by_name_by_group_by_glob_and_never_one_that_is_not_there() {
    let rule = |asked: &str| {
        let when = format!("when: {{ run_attempt: 1, failed_jobs: {{ every: {{ {asked} }} }} }}");
        load(&with_rule(&format!("on: workflow_run.completed\n    {when}\n    then: [rerun]")))
    };
    for good in [
        "signature: network",
        "signature: network-dns",
        "signature: \"registry-*\"",
        "cause: [network, \"!registry\"]",
    ] {
        assert!(rule(good).is_ok(), "{good}");
    }
    for (bad, message, remedy) in [
        ("signature: netwrok", "there is no signature `netwrok`", "did you mean `network-"),
        ("signature: net", "there is no signature `net`", "did you mean"),
        ("cause: netwrok", "unknown cause `netwrok`", "did you mean `network`?"),
    ] {
        let problems = rule(bad).unwrap_err().to_string();
        assert!(problems.contains(message) && problems.contains(remedy), "{problems}");
    }
}
