//! What both explanations show alike: the run that is judged, what a rule said of it, and what is planned.

use super::tree::{mark, tree};
use crate::{
    cli::show::{Paint, Tone, clean},
    model::{Facts, RuleVerdict, RunSnapshot, Truth, Verdict},
};

/// What is judged, in two or three lines.
pub(in crate::cli) fn headline(facts: &Facts, paint: Paint) -> String {
    let run = &facts.run;
    let attempt = run.attempt.map(|attempt| format!(", attempt {attempt}")).unwrap_or_default();
    let which = match run.id.0 {
        // A webhook about a pull request: the daemon lists them.
        0 => "each run of the head commit".to_owned(),
        _ => format!("run {}{attempt}", run.id),
    };
    let title = format!("{}: {which} of {}", facts.signal, run.repository);
    let mut text = format!("{}\n", paint.text(Tone::Strong, &title));
    let about = about(facts);
    if !about.is_empty() {
        text.push_str(&format!("  {about}\n"));
    }
    if let Some(url) = &run.html_url {
        text.push_str(&format!("  {}\n", paint.text(Tone::Dim, &clean(url))));
    }
    text
}

/// `CI (.github/workflows/ci.yml), branch main, event push, completed: failure, waits at staging`, as far as known.
fn about(facts: &Facts) -> String {
    let run = &facts.run;
    let workflow = match (&run.workflow, &run.workflow_path) {
        (Some(name), Some(path)) => Some(format!("{name} ({path})")),
        (name, path) => name.clone().or_else(|| path.clone()),
    };
    let gate = facts.gate.as_ref().map(|gate| match &gate.environment {
        Some(environment) => format!("waits at {environment}"),
        None => "waits at an environment".to_owned(),
    });
    let parts = [
        workflow,
        run.branch.as_ref().map(|branch| format!("branch {branch}")),
        run.event.as_ref().map(|event| format!("event {event}")),
        state_of(run),
        gate,
    ];
    clean(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn state_of(run: &RunSnapshot) -> Option<String> {
    match (&run.status, &run.conclusion) {
        (Some(status), Some(conclusion)) => Some(format!("{status}: {conclusion}")),
        (Some(status), None) => Some(status.to_string()),
        (None, conclusion) => conclusion.as_ref().map(ToString::to_string),
    }
}

/// A rule's verdict with the tree of its conditions.
pub(in crate::cli) fn verdict(verdict: &RuleVerdict, paint: Paint) -> String {
    let words = match verdict.verdict {
        Verdict::Matched => "matched",
        Verdict::NotMatched => "did not match",
        Verdict::Unknown => "cannot tell",
        Verdict::Off => "off",
        Verdict::Kept => "matched, and the run is kept",
        Verdict::Limited => "matched, and a limit holds it back",
    };
    let mut text = heading(verdict, words, paint);
    if let Some(conditions) = &verdict.conditions {
        text.push_str(&tree(conditions, 2, paint));
    }
    text
}

fn heading(verdict: &RuleVerdict, words: &str, paint: Paint) -> String {
    let (mark, tone) = match verdict.verdict {
        Verdict::Matched => mark(Truth::Yes),
        Verdict::NotMatched => mark(Truth::No),
        Verdict::Unknown => mark(Truth::Unknown),
        Verdict::Off | Verdict::Kept | Verdict::Limited => ("·", Tone::Dim),
    };
    let name = paint.text(Tone::Strong, verdict.rule.as_str());
    format!("{} {name}: {words} ({})\n", paint.text(tone, mark), clean(&verdict.reason))
}

/// A line below a rule: what follows from it.
pub(in crate::cli) fn consequence(text: &str) -> String {
    format!("  → {}\n", clean(text))
}
