//! `signatures`: named recognisers of failures, the file's own and the built-in ones, and the words that name them.

use std::sync::{Arc, LazyLock};

use super::{
    condition::alternatives,
    fields::{text_keys, unknown_key},
    jobs,
    pattern::{patterns_of, unknown_value},
    report::{At, Report},
    suggest,
    tree::{self, Kind, clip},
    values, vocabulary,
};
use crate::{
    model::{RuleName, Truth},
    rules::{Cause, CauseTest, JobCondition, JobWord, Pattern, Signature, SignatureTest},
};

/// The built-in signatures, in the language of the configuration.
const BUILT_IN: &str = include_str!("signatures.yaml");

/// Words that stand in logs of all kinds.
const GENERIC: [&str; 26] = [
    "abort",
    "aborted",
    "broken",
    "cancel",
    "cancelled",
    "canceled",
    "connection",
    "crash",
    "denied",
    "err",
    "error",
    "errors",
    "exception",
    "exit code",
    "exit code 1",
    "fail",
    "failed",
    "failure",
    "fatal",
    "killed",
    "network",
    "panic",
    "process completed with exit code 1",
    "timed out",
    "timeout",
    "warning",
];

static KNOWN: LazyLock<Vec<Arc<Signature>>> = LazyLock::new(|| {
    let mut report = Report::new("signatures.yaml", BUILT_IN);
    let found = match tree::parse(BUILT_IN) {
        Ok(Some(root)) => read(&mut report, &At::root(&root), false),
        Ok(None) | Err(_) => Vec::new(),
    };
    debug_assert!(!report.has_errors(), "{}", report.finish());
    found
});

/// The built-in signatures, in their order.
#[must_use]
pub fn built_in_signatures() -> &'static [Arc<Signature>] {
    &KNOWN
}

/// The signatures of the file, with which the report then knows them.
pub(super) fn signatures(report: &mut Report<'_>, at: Option<&At<'_>>) {
    let Some(at) = at else { return };
    let own = read(report, at, true);
    report.signatures = own;
}

fn read(report: &mut Report<'_>, at: &At<'_>, is_own: bool) -> Vec<Arc<Signature>> {
    let mut found: Vec<Arc<Signature>> = Vec::new();
    report.names_built_in = is_own;
    for item in values::list(report, at, "signatures").unwrap_or_default() {
        let Some(signature) = signature(report, &item) else { continue };
        found.push(Arc::new(signature));
        report.signatures.clone_from(&found);
    }
    found
}

/// All signatures that may be named: the file's own first.
fn known(report: &Report<'_>) -> Vec<Arc<Signature>> {
    let built_in = if report.names_built_in { built_in_signatures() } else { &[] };
    report.signatures.iter().chain(built_in).cloned().collect()
}

fn failures(known: &[Arc<Signature>]) -> Vec<Arc<Signature>> {
    known.iter().filter(|signature| signature.cause.is_real_failure()).cloned().collect()
}

/// `signature`: patterns for names. A name alone also means those that begin with it and a hyphen.
pub(super) fn named(report: &mut Report<'_>, at: &At<'_>) -> Option<SignatureTest> {
    let known = known(report);
    let by = |text: &str, pattern: &Pattern| -> Vec<Arc<Signature>> {
        let exact: Vec<_> = known.iter().filter(|it| pattern.matches(&it.name)).cloned().collect();
        let group = format!("{text}-");
        let is_name = pattern.one_value().is_some() && exact.is_empty();
        if is_name { known.iter().filter(|it| it.name.starts_with(&group)).cloned().collect() } else { exact }
    };
    let refuse = |text: &str, pattern: &Pattern| {
        by(text, pattern).is_empty().then(|| {
            let names: Vec<&str> = known.iter().map(|it| it.name.as_str()).collect();
            let remedy = match suggest::closest(text, names.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "write one under `signatures`, or name a built-in one, like `network`".to_owned(),
            };
            (format!("there is no signature `{}`", clip(text)), remedy)
        })
    };
    let patterns = patterns_of(report, "signature", &|text| Pattern::compile(text, false), at, &refuse)?;
    let asked = patterns.into_iter().map(|pattern| {
        let signatures = by(pattern.body(), &pattern);
        (pattern, signatures)
    });
    Some(SignatureTest { asked: asked.collect(), failures: failures(&known) })
}

/// `cause`: patterns for its word.
pub(super) fn cause(report: &mut Report<'_>, at: &At<'_>) -> Option<CauseTest> {
    let words = Cause::WORDS.map(|(word, _)| word);
    let refuse = |_: &str, pattern: &Pattern| unknown_value("cause", &words, pattern);
    let causes = patterns_of(report, "cause", &|text| Pattern::compile(text, false), at, &refuse)?;
    let signatures = known(report);
    Some(CauseTest { causes, failures: failures(&signatures), signatures })
}

/// What a signature is made of, as far as it is read.
#[derive(Default)]
struct Draft {
    name: Option<String>,
    cause: Option<Cause>,
    ticket: Option<String>,
    parts: Vec<JobCondition>,
    none: Option<JobCondition>,
    matches: Vec<String>,
    not: Vec<String>,
    whole: bool,
}

fn signature(report: &mut Report<'_>, at: &At<'_>) -> Option<Signature> {
    const HELP: &str = "write a map, like `{ name: flaky-db, log: \"deadlock detected\", cause: network }`";
    if !matches!(&at.node.kind, Kind::Map(entries) if !entries.is_empty()) {
        report.error(at, format!("expected a signature, found {}", at.node.kind.describe()), HELP);
        return None;
    }
    let mut draft = Draft { whole: true, ..Draft::default() };
    for (key, node, value) in text_keys(report, at) {
        let (place, value) = (at.key(key, node), at.key(key, value));
        let read = entry(report, &mut draft, (key, &place, &value));
        draft.whole &= read.is_some();
    }
    if draft.name.is_none() && draft.whole {
        report.error(
            at,
            "`name` is missing",
            "name the signature in kebab-case, like `name: flaky-database`",
        );
    }
    if draft.parts.is_empty() && draft.whole {
        let remedy = "write `log`, `annotation` or `failed_step`, or another word of one job";
        report.error(at, "the signature says of no job which", remedy);
        return None;
    }
    let signature = Signature {
        name: draft.name?,
        cause: draft.cause.unwrap_or(Cause::Unknown),
        ticket: draft.ticket,
        matches: draft.matches,
        not: draft.not,
        recognises: JobCondition::All(draft.parts),
        none: draft.none,
    };
    (draft.whole && check(report, at, &signature)).then_some(signature)
}

fn entry(
    report: &mut Report<'_>,
    draft: &mut Draft,
    (key, place, at): (&str, &At<'_>, &At<'_>),
) -> Option<()> {
    match key {
        "name" => draft.name = Some(name(report, at)?),
        "cause" => draft.cause = Some(values::word(report, at, &Cause::WORDS)?),
        "ticket" => draft.ticket = Some(values::text(report, at)?.to_owned()),
        "match" => draft.matches = examples(report, at)?,
        "not" => {
            if matches!(at.node.kind, Kind::Map(_)) {
                let remedy = "what keeps it from recognising a job goes under `none`";
                report.error(at, "`not` takes lines that the signature must not match, found a map", remedy);
                return None;
            }
            draft.not = examples(report, at)?;
        }
        "none" => draft.none = Some(vetoes(report, at)?),
        "any" => draft.parts.push(JobCondition::Any(alternatives(report, at, &mut jobs::part)?)),
        "all" => draft.parts.push(JobCondition::All(alternatives(report, at, &mut jobs::part)?)),
        _ => match jobs::part(report, key, at) {
            Some(part) => draft.parts.push(part?),
            None => {
                unknown_key(report, place, key, &words());
                return None;
            }
        },
    }
    Some(())
}

fn words() -> Vec<&'static str> {
    let own = vocabulary::SIGNATURE.iter().map(|key| key.name);
    own.chain(JobWord::ALL.iter().map(|word| word.as_str())).chain(["step", "log", "signature"]).collect()
}

/// None of these may hold; a map without anything in it does without any veto.
fn vetoes(report: &mut Report<'_>, at: &At<'_>) -> Option<JobCondition> {
    let mut parts = Vec::new();
    if !matches!(at.node.kind, Kind::Map(_)) {
        let message = format!("expected a map of conditions, found {}", at.node.kind.describe());
        report.error(at, message, "write `none: { log: \"error[E\" }`, or `none: {}` for no veto at all");
        return None;
    }
    for (key, node, value) in text_keys(report, at) {
        let (place, value) = (at.key(key, node), at.key(key, value));
        parts.push(match key {
            "any" => alternatives(report, &value, &mut jobs::part).map(JobCondition::Any),
            "all" => alternatives(report, &value, &mut jobs::part).map(JobCondition::All),
            _ => jobs::part(report, key, &value).unwrap_or_else(|| {
                unknown_key(report, &place, key, &words());
                None
            }),
        });
    }
    parts.into_iter().collect::<Option<Vec<_>>>().map(JobCondition::Any)
}

fn name(report: &mut Report<'_>, at: &At<'_>) -> Option<String> {
    let text = values::text(report, at)?;
    if RuleName::parse(text).is_err() {
        let message = format!("`{}` is not kebab-case", clip(text));
        report.error(
            at,
            message,
            "write it like `flaky-database`: lower-case letters, digits, single hyphens",
        );
        return None;
    }
    if known(report).iter().any(|signature| signature.name == text) {
        report.error(at, format!("there is a signature `{text}` already"), "choose another name");
        return None;
    }
    Some(text.to_owned())
}

fn examples(report: &mut Report<'_>, at: &At<'_>) -> Option<Vec<String>> {
    let items = values::one_or_more(report, at, "lines")?;
    let read: Vec<_> = items.iter().map(|item| values::text(report, item).map(ToOwned::to_owned)).collect();
    read.into_iter().collect()
}

/// Whether the signature is one: it recognises no job by nothing, and its examples hold.
fn check(report: &mut Report<'_>, at: &At<'_>, signature: &Signature) -> bool {
    if let Some(pattern) = signature.too_wide() {
        let message = format!("`{pattern}` matches an empty line, and so every job");
        report.error(at, message, "write what stands in the line that is meant");
        return false;
    }
    for pattern in signature.line_patterns() {
        if is_generic(pattern) {
            let message = format!("`{pattern}` stands in logs of all kinds, real failures among them");
            let remedy = "write more of the line, like `Connection timed out after`, and lines under `match` and `not`";
            report.warn(at, message, remedy);
        }
    }
    let failures = failures(&known(report));
    let mut holds = true;
    for (examples, wanted) in [(&signature.matches, true), (&signature.not, false)] {
        for example in examples {
            let taken = signature.takes(&failures, example) != Truth::No;
            if taken != wanted {
                let (verb, remedy) = match wanted {
                    true => (
                        "does not match",
                        "mend the pattern or the example; an example may have several lines",
                    ),
                    false => ("matches", "narrow the pattern, or add a veto under `none`"),
                };
                let word = if wanted { "must" } else { "must not" };
                let message = format!("`{}` {verb} what it {word} match: {}", signature.name, clip(example));
                report.error(at, message, remedy);
                holds = false;
            }
        }
    }
    holds
}

fn is_generic(pattern: &Pattern) -> bool {
    if pattern.excludes() {
        return false;
    }
    let body = pattern.body().to_lowercase();
    let bare = body.trim_start_matches("/(?i)").trim_matches(['/', '*', '^', '$']).replace("\\b", "");
    GENERIC.contains(&bare.trim().trim_end_matches(['.', ':', '!']).trim_start_matches('#'))
}
