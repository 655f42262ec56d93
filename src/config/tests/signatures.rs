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
