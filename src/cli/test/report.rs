//! What came of tests, for people and for machines.

use serde::Serialize;

use crate::{
    cli::{
        explain::render,
        show::{Paint, Tone, clean},
    },
    config::Problems,
    model::{RuleVerdict, Verdict},
    rules::{Example, Trial},
};

/// So many runs of one rule are explained.
const MOST_EXPLAINED: usize = 3;

/// A configuration and its tests.
#[derive(Debug, Serialize)]
pub(super) struct FileReport {
    pub(super) file: String,
    /// Why it has no tests that could be run; null if it could be read.
    pub(super) problems: Option<Problems>,
    pub(super) tests: Vec<TestReport>,
}

/// One test.
#[derive(Debug, Serialize)]
pub(super) struct TestReport {
    name: String,
    line: u32,
    passed: bool,
    /// What is not as expected, in words.
    misses: Vec<String>,
    /// The actions that are expected, in words.
    expected: Vec<String>,
    /// The actions that the rules want done, in words.
    got: Vec<String>,
    /// What the rules said that decided otherwise, as in `history --json`.
    verdicts: Vec<RuleVerdict>,
}

impl TestReport {
    pub(super) fn of(example: &Example, trial: Trial) -> Self {
        let times = |times: u32| if times == 1 { String::new() } else { format!(" ({times} times)") };
        let expected =
            example.expected.actions.iter().map(|wanted| format!("{wanted}{}", times(wanted.times)));
        let mut verdicts = Vec::new();
        for rule in &trial.rules {
            let mut said: Vec<&RuleVerdict> =
                trial.verdicts.iter().filter(|verdict| verdict.rule == *rule).collect();
            said.sort_by_key(|verdict| {
                (verdict.verdict != Verdict::Unknown, verdict.verdict != Verdict::Matched)
            });
            said.dedup_by(|one, other| one.verdict == other.verdict && one.reason == other.reason);
            verdicts.extend(said.into_iter().take(MOST_EXPLAINED).cloned());
        }
        Self {
            name: example.name.clone(),
            line: example.line,
            passed: trial.holds(),
            misses: counted(&trial.misses),
            expected: expected.collect(),
            got: trial.got.iter().map(ToString::to_string).collect(),
            verdicts,
        }
    }

    /// It could not be run.
    pub(super) fn cannot(example: &Example, why: String) -> Self {
        Self {
            name: example.name.clone(),
            line: example.line,
            passed: false,
            misses: vec![why],
            expected: Vec::new(),
            got: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    fn text(&self, paint: Paint) -> String {
        let (mark, tone) = if self.passed { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
        let mut text = format!("  {} {}", paint.text(tone, mark), clean(&self.name));
        if self.passed {
            return text + "\n";
        }
        text.push_str(&format!(" (line {})\n", self.line));
        for miss in &self.misses {
            text.push_str(&format!("      {}\n", paint.text(Tone::Bad, &clean(miss))));
        }
        for verdict in &self.verdicts {
            for line in render::verdict(verdict, paint).lines() {
                text.push_str(&format!("      {line}\n"));
            }
        }
        text
    }
}

/// Each text once, with how often it stands there.
fn counted(texts: &[String]) -> Vec<String> {
    let mut found: Vec<(&String, usize)> = Vec::new();
    for text in texts {
        match found.iter_mut().find(|(known, _)| *known == text) {
            Some((_, times)) => *times += 1,
            None => found.push((text, 1)),
        }
    }
    let told = |(text, times): (&String, usize)| match times {
        1 => text.clone(),
        times => format!("{text} ({times} times)"),
    };
    found.into_iter().map(told).collect()
}

impl FileReport {
    pub(super) fn has_failed(&self) -> bool {
        self.tests.iter().any(|test| !test.passed)
    }

    pub(super) fn text(&self, paint: Paint) -> String {
        let mut text = format!("{}\n", paint.text(Tone::Strong, &clean(&self.file)));
        match &self.problems {
            Some(problems) => {
                problems.to_string().lines().for_each(|line| text.push_str(&format!("  {line}\n")))
            }
            None if self.tests.is_empty() => text.push_str("  has no tests\n"),
            None => text.extend(self.tests.iter().map(|test| test.text(paint))),
        }
        text
    }
}

/// `12 tests passed, 1 failed`.
pub(super) fn summary(files: &[FileReport], paint: Paint) -> String {
    let tests = || files.iter().flat_map(|file| &file.tests);
    let passed = tests().filter(|test| test.passed).count();
    let failed = tests().count() - passed;
    let broken = files.iter().filter(|file| file.problems.is_some()).count();
    let noun = if passed == 1 { "test" } else { "tests" };
    let mut text = paint.text(Tone::Good, &format!("{passed} {noun} passed"));
    if failed > 0 {
        text.push_str(&format!(", {}", paint.text(Tone::Bad, &format!("{failed} failed"))));
    }
    if broken > 0 {
        let nouns = if broken == 1 { "file is" } else { "files are" };
        text.push_str(&format!(", {}", paint.text(Tone::Bad, &format!("{broken} {nouns} broken"))));
    }
    text + "\n"
}
