//! `signature` and `cause`: what recognises a job, what keeps it from that, and what has to be read for it.

use std::sync::Arc;

use super::{
    logs::{failed, log_of, scanned},
    *,
};
use crate::model::{Annotation, Fact, Job, JobId, JobLog};

fn noted(list: &[&str]) -> JobCondition {
    let patterns = list.iter().map(|pattern| Pattern::compile_for_lines(pattern).unwrap());
    JobCondition::Test(JobTest {
        word: JobWord::Annotation,
        expectation: Expectation::Matches(patterns.collect()),
    })
}

fn signature(
    name: &str,
    cause: Cause,
    recognises: JobCondition,
    none: Option<JobCondition>,
) -> Arc<Signature> {
    let (name, ticket) = (name.to_owned(), (name == "reset").then(|| "OPS-1".to_owned()));
    Arc::new(Signature { name, cause, ticket, recognises, none, matches: Vec::new(), not: Vec::new() })
}

/// `lost` by an annotation, `broken` by the line `b`, `reset` by the line `a`, in this order.
fn all_three() -> Vec<Arc<Signature>> {
    vec![
        signature("lost", Cause::RunnerLost, noted(&["lost"]), Some(JobCondition::Any(Vec::new()))),
        signature("broken", Cause::BuildFailure, log_of(&["b"]), None),
        signature("reset", Cause::Network, log_of(&["a"]), None),
    ]
}

fn named(names: &[&str]) -> JobCondition {
    let known = all_three();
    let asked = names.iter().map(|text| {
        let pattern = Pattern::compile(text, false).unwrap();
        let signatures = known.iter().filter(|it| pattern.matches(&it.name)).cloned().collect();
        (pattern, signatures)
    });
    JobCondition::Signature(SignatureTest { asked: asked.collect(), failures: vec![known[1].clone()] })
}

fn cause(causes: &[&str]) -> JobCondition {
    let signatures = all_three();
    let causes = causes.iter().map(|text| Pattern::compile(text, false).unwrap()).collect();
    let failures = vec![signatures[1].clone()];
    JobCondition::Cause(CauseTest { causes, signatures, failures })
}

fn note(message: &str) -> Fact<Vec<Annotation>> {
    let (level, message) = (Some("failure".to_owned()), Some(message.to_owned()));
    Fact::Known(vec![Annotation { level, title: None, message }])
}

fn quiet() -> Fact<Vec<Annotation>> {
    Fact::Known(Vec::new())
}

const A: (&str, u64, &str) = ("a", 7, "reset by peer");
const B: (&str, u64, &str) = ("b", 9, "error[E0308]");

#[test]
fn a_real_failure_beside_an_error_of_the_network_is_a_real_failure() {
    let no_log = || Fact::Known(JobLog::Missing);
    let unread = || Fact::Missing("GitHub answered 500".to_owned());
    for (notes, log, reset, network, build) in [
        (quiet(), scanned(&[A], true), Truth::Yes, Truth::Yes, Truth::No),
        (quiet(), scanned(&[A, B], true), Truth::No, Truth::No, Truth::Yes),
        (quiet(), scanned(&[B], true), Truth::No, Truth::No, Truth::Yes),
        (quiet(), scanned(&[], true), Truth::No, Truth::No, Truth::No),
        // The end of the log may hold the real failure.
        (quiet(), scanned(&[A], false), Truth::Unknown, Truth::Unknown, Truth::Unknown),
        (quiet(), no_log(), Truth::No, Truth::No, Truth::No),
        (quiet(), unread(), Truth::Unknown, Truth::Unknown, Truth::Unknown),
        (note("the runner was lost"), unread(), Truth::Unknown, Truth::No, Truth::No),
        (
            Fact::Missing("GitHub answered 403".to_owned()),
            scanned(&[A], true),
            Truth::Yes,
            Truth::Unknown,
            Truth::No,
        ),
    ] {
        let job = failed(1, notes, log);
        let found = [named(&["reset"]), cause(&["network"]), cause(&["build_failure"])];
        let found = found.map(|asked| asked.evaluate(&job).satisfied);
        assert_eq!(found, [reset, network, build], "{job:?}");
    }
}

#[test]
fn what_speaks_for_a_signature_is_shown_with_its_line_and_ticket() {
    let of = |hits: &[(&str, u64, &str)]| failed(1, quiet(), scanned(hits, true));
    for (asked, job, observed) in [
        (named(&["reset"]), of(&[A]), "reset [OPS-1] (line 7: reset by peer)"),
        (
            named(&["reset"]),
            of(&[A, B]),
            "reset [OPS-1] (line 7: reset by peer), but for broken (line 9: error[E0308])",
        ),
        (named(&["reset"]), of(&[]), "none of them"),
        (named(&["*", "!reset"]), of(&[A]), "reset [OPS-1] (line 7: reset by peer)"),
        (cause(&["network"]), of(&[A]), "network: reset [OPS-1] (line 7: reset by peer)"),
        (cause(&["network"]), of(&[]), "unknown: no signature recognises it"),
        (
            cause(&["runner_lost"]),
            failed(1, note("the runner was lost"), Fact::NotAsked),
            "runner_lost: lost (annotation: the runner was lost)",
        ),
    ] {
        assert_eq!(asked.evaluate(&job).observed, observed);
    }
}

#[test]
fn what_an_annotation_settles_needs_no_log() {
    let wants =
        |asked: &JobCondition, notes: Fact<Vec<Annotation>>| asked.wants(&failed(1, notes, Fact::NotAsked));
    let (annotations, log) = (Some(Need::Annotations(JobId(1))), Some(Need::Logs(JobId(1))));
    let either = JobCondition::Any(vec![named(&["lost"]), named(&["reset"])]);
    for (asked, notes, expected) in [
        (named(&["lost"]), Fact::NotAsked, annotations.clone()),
        (named(&["lost"]), quiet(), None),
        (named(&["lost"]), Fact::Missing("GitHub answered 403".to_owned()), None),
        (named(&["reset"]), Fact::NotAsked, log.clone()),
        (cause(&["network"]), Fact::NotAsked, annotations.clone()),
        (cause(&["network"]), note("the runner was lost"), None),
        (cause(&["network"]), quiet(), log.clone()),
        (either.clone(), Fact::NotAsked, annotations.clone()),
        (either.clone(), note("the runner was lost"), None),
        (either, quiet(), log.clone()),
    ] {
        assert_eq!(wants(&asked, notes.clone()), expected, "{asked:?} {notes:?}");
    }
}

#[test]
fn a_veto_of_its_own_takes_the_place_of_the_others() {
    let job: Job = failed(1, quiet(), scanned(&[A, B], true));
    for (none, expected) in [
        (None, Truth::No),
        (Some(JobCondition::Any(Vec::new())), Truth::Yes),
        (Some(JobCondition::Any(vec![log_of(&["c"])])), Truth::Yes),
        (Some(JobCondition::Any(vec![log_of(&["c"]), log_of(&["b"])])), Truth::No),
    ] {
        let own = signature("own", Cause::Network, log_of(&["a"]), none.clone());
        let asked = vec![(Pattern::compile("own", false).unwrap(), vec![own])];
        let test = JobCondition::Signature(SignatureTest { asked, failures: vec![all_three()[1].clone()] });
        assert_eq!(test.evaluate(&job).satisfied, expected, "{none:?}");
        let mut patterns = std::collections::BTreeMap::new();
        test.log_patterns(&mut patterns);
        assert!(
            patterns.contains_key("a") && patterns.contains_key("b"),
            "the log is searched for all of them"
        );
    }
}
