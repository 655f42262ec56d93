//! Conditions: the words of `when`, what each observes, and three-valued evaluation with an explanation.

use std::{fmt, time::Duration};

use super::Pattern;
use crate::model::{ConditionResult, Facts, Timestamp, Truth};

/// A condition on one run.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of them; an empty list holds.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
    /// Not it.
    Not(Box<Condition>),
    /// One word.
    Test(Test),
}

/// One word with what is asked of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What is observed.
    pub word: Word,
    /// What is asked.
    pub expectation: Expectation,
}

/// The words of `when`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// `OWNER/NAME`, without regard to case.
    Repository,
    /// The workflow's name, or its file's name or path.
    Workflow,
    /// The head branch, or the tag's name.
    Branch,
    /// What triggered the run.
    Event,
    /// Where the run stands.
    Status,
    /// How the run ended.
    Conclusion,
    /// The attempt's number.
    RunAttempt,
    /// The login that started the first attempt.
    Actor,
    /// The login that started this attempt.
    TriggeringActor,
    /// The environment that the run waits at.
    Environment,
    /// How long ago the run was created.
    Age,
    /// Whether the head lies in another repository.
    Fork,
}

/// What kind of value a word takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text { ignore_case: bool },
    Number,
    Duration,
    Flag,
}

impl Word {
    /// All words, in the order of the reference.
    pub const ALL: [Self; 12] = [
        Self::Repository,
        Self::Workflow,
        Self::Branch,
        Self::Event,
        Self::Status,
        Self::Conclusion,
        Self::RunAttempt,
        Self::Actor,
        Self::TriggeringActor,
        Self::Environment,
        Self::Age,
        Self::Fork,
    ];

    /// The word in YAML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Workflow => "workflow",
            Self::Branch => "branch",
            Self::Event => "event",
            Self::Status => "status",
            Self::Conclusion => "conclusion",
            Self::RunAttempt => "run_attempt",
            Self::Actor => "actor",
            Self::TriggeringActor => "triggering_actor",
            Self::Environment => "environment",
            Self::Age => "age",
            Self::Fork => "fork",
        }
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Repository | Self::Actor | Self::TriggeringActor => Kind::Text { ignore_case: true },
            Self::Workflow
            | Self::Branch
            | Self::Event
            | Self::Status
            | Self::Conclusion
            | Self::Environment => Kind::Text { ignore_case: false },
            Self::RunAttempt => Kind::Number,
            Self::Age => Kind::Duration,
            Self::Fork => Kind::Flag,
        }
    }

    /// Whether the word takes patterns, and then whether they disregard case; `None` when it takes no text.
    #[must_use]
    pub fn text_ignores_case(self) -> Option<bool> {
        match self.kind() {
            Kind::Text { ignore_case } => Some(ignore_case),
            Kind::Number | Kind::Duration | Kind::Flag => None,
        }
    }

    /// Whether the word takes a number range.
    #[must_use]
    pub fn takes_number(self) -> bool {
        self.kind() == Kind::Number
    }

    /// Whether the word takes a range of durations.
    #[must_use]
    pub fn takes_duration(self) -> bool {
        self.kind() == Kind::Duration
    }

    /// Whether GitHub's whole run object answers the word, should the payload not.
    #[must_use]
    pub fn is_of_run(self) -> bool {
        !matches!(self, Self::Repository | Self::Environment)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is asked of a word.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// One of the patterns matches.
    Matches(Vec<Pattern>),
    /// The number lies in the range.
    Number(Range<u64>),
    /// The duration lies in the range.
    Duration(Range<Duration>),
    /// It is so, or it is not.
    Is(bool),
}

/// Bounds, all of which must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range<T> {
    /// Exactly this.
    pub is: Option<T>,
    /// Less than this.
    pub below: Option<T>,
    /// This or less.
    pub at_most: Option<T>,
    /// More than this.
    pub above: Option<T>,
    /// This or more.
    pub at_least: Option<T>,
}

impl<T: PartialOrd + Copy> Range<T> {
    /// Whether the value lies within all bounds.
    #[must_use]
    pub fn contains(&self, value: T) -> bool {
        self.is.is_none_or(|bound| value == bound)
            && self.below.is_none_or(|bound| value < bound)
            && self.at_most.is_none_or(|bound| value <= bound)
            && self.above.is_none_or(|bound| value > bound)
            && self.at_least.is_none_or(|bound| value >= bound)
    }

    /// Whether there is an upper bound.
    #[must_use]
    pub fn is_bounded_above(&self) -> bool {
        self.is.is_some() || self.below.is_some() || self.at_most.is_some()
    }

    fn describe(&self, show: impl Fn(T) -> String) -> String {
        [
            ("is", self.is),
            ("below", self.below),
            ("at most", self.at_most),
            ("above", self.above),
            ("at least", self.at_least),
        ]
        .into_iter()
        .filter_map(|(name, bound)| bound.map(|bound| format!("{name} {}", show(bound))))
        .collect::<Vec<_>>()
        .join(" and ")
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matches(patterns) => {
                let texts: Vec<String> = patterns.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join(" or "))
            }
            Self::Number(range) => f.write_str(&range.describe(|bound| bound.to_string())),
            Self::Duration(range) => f.write_str(&range.describe(show_duration)),
            Self::Is(flag) => flag.fmt(f),
        }
    }
}

/// What the facts say about a word.
enum Observation {
    /// Any of these texts may match.
    Texts(Vec<String>),
    /// GitHub says that there is none.
    Nothing,
    Number(u64),
    Duration(Duration),
    Flag(bool),
    Unknown(String),
}

impl Condition {
    /// Evaluates the condition and explains each part. Every part is evaluated, so that the explanation is whole.
    #[must_use]
    pub fn evaluate(&self, facts: &Facts, now: Timestamp) -> ConditionResult {
        match self {
            Self::All(parts) => combine("all", parts, facts, now, |truths| {
                first_of(truths, [Truth::No, Truth::Unknown]).unwrap_or(Truth::Yes)
            }),
            Self::Any(parts) => combine("any", parts, facts, now, |truths| {
                first_of(truths, [Truth::Yes, Truth::Unknown]).unwrap_or(Truth::No)
            }),
            Self::Not(part) => combine("not", std::slice::from_ref(part.as_ref()), facts, now, |truths| {
                !truths.first().copied().unwrap_or(Truth::Unknown)
            }),
            Self::Test(test) => test.evaluate(facts, now),
        }
    }

    /// Visits every test, with whether it must hold for the whole to hold.
    pub fn visit<'a>(&'a self, required: bool, visitor: &mut dyn FnMut(&'a Test, bool)) {
        match self {
            Self::All(parts) => parts.iter().for_each(|part| part.visit(required, visitor)),
            Self::Any(parts) => {
                let only = required && parts.len() == 1;
                parts.iter().for_each(|part| part.visit(only, visitor));
            }
            Self::Not(part) => part.visit(false, visitor),
            Self::Test(test) => visitor(test, required),
        }
    }

    /// The expectations that must hold for that word, whatever else holds.
    #[must_use]
    pub fn required(&self, word: Word) -> Vec<&Expectation> {
        let mut found = Vec::new();
        self.visit(true, &mut |test, required| {
            if required && test.word == word {
                found.push(&test.expectation);
            }
        });
        found
    }
}

fn combine(
    word: &str,
    parts: &[Condition],
    facts: &Facts,
    now: Timestamp,
    truth: impl Fn(&[Truth]) -> Truth,
) -> ConditionResult {
    let parts: Vec<ConditionResult> = parts.iter().map(|part| part.evaluate(facts, now)).collect();
    let truths: Vec<Truth> = parts.iter().map(|part| part.satisfied).collect();
    ConditionResult {
        word: word.to_owned(),
        expected: String::new(),
        observed: String::new(),
        satisfied: truth(&truths),
        parts,
    }
}

fn first_of<const N: usize>(truths: &[Truth], wanted: [Truth; N]) -> Option<Truth> {
    wanted.into_iter().find(|truth| truths.contains(truth))
}

impl Test {
    fn evaluate(&self, facts: &Facts, now: Timestamp) -> ConditionResult {
        let observation = observe(self.word, facts, now);
        let (satisfied, observed) = match (&self.expectation, observation) {
            (_, Observation::Unknown(why)) => (Truth::Unknown, why),
            (_, Observation::Nothing) => (Truth::No, "none".to_owned()),
            (Expectation::Matches(patterns), Observation::Texts(texts)) => {
                let hit = texts.iter().any(|text| patterns.iter().any(|pattern| pattern.matches(text)));
                if !hit && self.word == Word::Workflow && may_match_what_is_missing(facts, patterns) {
                    (
                        Truth::Unknown,
                        format!("{} (not all of the workflow's names are known)", texts.join(", ")),
                    )
                } else {
                    (Truth::of(hit), texts.join(", "))
                }
            }
            (Expectation::Number(range), Observation::Number(number)) => {
                (Truth::of(range.contains(number)), number.to_string())
            }
            (Expectation::Duration(range), Observation::Duration(duration)) => {
                (Truth::of(range.contains(duration)), show_duration(duration))
            }
            (Expectation::Is(flag), Observation::Flag(observed)) => {
                (Truth::of(*flag == observed), observed.to_string())
            }
            (
                Expectation::Matches(_)
                | Expectation::Number(_)
                | Expectation::Duration(_)
                | Expectation::Is(_),
                Observation::Texts(_)
                | Observation::Number(_)
                | Observation::Duration(_)
                | Observation::Flag(_),
            ) => (Truth::Unknown, "the condition asks for another kind of value".to_owned()),
        };
        ConditionResult {
            word: self.word.to_string(),
            expected: self.expectation.to_string(),
            observed,
            satisfied,
            parts: Vec::new(),
        }
    }
}

fn observe(word: Word, facts: &Facts, now: Timestamp) -> Observation {
    let run = &facts.run;
    match word {
        Word::Repository => Observation::Texts(vec![run.repository.to_string()]),
        Word::Workflow => workflow_texts(facts),
        Word::Branch => text(facts, run.branch.as_deref()),
        Word::Event => text(facts, run.event.as_deref()),
        Word::Status => text(facts, run.status.as_ref().map(|status| status.as_str())),
        Word::Conclusion => match (&run.conclusion, run.is_completed()) {
            (None, Some(false)) => Observation::Nothing,
            (conclusion, _) => text(facts, conclusion.as_ref().map(|conclusion| conclusion.as_str())),
        },
        Word::RunAttempt => {
            known(facts, run.attempt.map(|attempt| Observation::Number(u64::from(attempt.0))))
        }
        Word::Actor => text(facts, run.actor.as_deref()),
        Word::TriggeringActor => text(facts, run.triggering_actor.as_deref()),
        Word::Environment => match &facts.gate {
            None => Observation::Nothing,
            Some(gate) => match &gate.environment {
                Some(environment) => Observation::Texts(vec![environment.clone()]),
                None => {
                    Observation::Unknown("not known: the payload does not name the environment".to_owned())
                }
            },
        },
        Word::Age => known(facts, run.created_at.map(|at| Observation::Duration(now.since(at)))),
        Word::Fork => known(facts, run.is_from_fork().map(Observation::Flag)),
    }
}

fn known(facts: &Facts, observation: Option<Observation>) -> Observation {
    observation.unwrap_or_else(|| {
        Observation::Unknown(if facts.run.partial {
            "not known: the payload does not carry it".to_owned()
        } else {
            "not known: GitHub gave none".to_owned()
        })
    })
}

fn text(facts: &Facts, value: Option<&str>) -> Observation {
    known(facts, value.map(|value| Observation::Texts(vec![value.to_owned()])))
}

/// A workflow answers to its name, its file's path and its file's name.
fn workflow_texts(facts: &Facts) -> Observation {
    let mut texts: Vec<String> = facts.run.workflow.iter().cloned().collect();
    if let Some(path) = &facts.run.workflow_path {
        if let Some((_, file)) = path.rsplit_once('/') {
            texts.push(file.to_owned());
        }
        texts.push(path.clone());
    }
    known(facts, (!texts.is_empty()).then_some(Observation::Texts(texts)))
}

/// Whether a pattern that no known name of the workflow matches could match one that is not known. Only a
/// pattern that can end in a YAML file's name cares for the file.
fn may_match_what_is_missing(facts: &Facts, patterns: &[Pattern]) -> bool {
    let may_name_a_file = |pattern: &Pattern| {
        pattern.literal().is_none_or(|text| text.ends_with(".yml") || text.ends_with(".yaml"))
    };
    facts.run.workflow.is_none()
        || (facts.run.workflow_path.is_none() && patterns.iter().any(may_name_a_file))
}

/// `3d 4h`, the way that durations are written in rules; the two largest units are enough for people.
#[must_use]
pub fn show_duration(duration: Duration) -> String {
    let mut seconds = duration.as_secs();
    let mut parts = Vec::new();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if seconds >= length {
            parts.push(format!("{}{unit}", seconds / length));
            seconds %= length;
        }
    }
    if parts.is_empty() {
        return format!("{}ms", duration.subsec_millis());
    }
    parts.truncate(2);
    parts.join(" ")
}
