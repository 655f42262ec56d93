//! What a rule said of a run, and why, condition by condition.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::RuleName;

/// Yes, no, or not known. `Unknown` never leads to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// Holds.
    Yes,
    /// Does not hold.
    No,
    /// A fact that it needs could not be had.
    Unknown,
}

impl Truth {
    /// Of a plain yes or no.
    #[must_use]
    pub fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    /// `not` of unknown is unknown.
    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// One condition of a rule: what it expected, what it saw, whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionResult {
    /// The word (`branch`), or `all`, `any`, `not`.
    pub word: Cow<'static, str>,
    /// What the rule asks for; empty for `all`, `any`, `not`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// What the facts say, or why they say nothing; empty for `all`, `any`, `not`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub observed: String,
    /// Whether it holds.
    pub satisfied: Truth,
    /// What it is made of, for `all`, `any`, `not`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ConditionResult>,
}

impl ConditionResult {
    /// Whether it says that the rule is for other repositories than the run's.
    #[must_use]
    pub fn is_of_another_repository(&self) -> bool {
        self.satisfied == Truth::No && self.word == "repository"
    }
}

/// What came of a rule for one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All conditions hold.
    Matched,
    /// A condition does not hold.
    NotMatched,
    /// A fact was missing, so that it cannot be said; nothing is done.
    Unknown,
    /// The rule is switched off.
    Off,
    /// It matched, and `keep` spares the run.
    Kept,
    /// It matched, and a limit holds it back.
    Limited,
}

impl Verdict {
    /// The word in history and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::NotMatched => "not_matched",
            Self::Unknown => "unknown",
            Self::Off => "off",
            Self::Kept => "kept",
            Self::Limited => "limited",
        }
    }
}

/// What one rule said of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleVerdict {
    /// The rule.
    pub rule: RuleName,
    /// What came of it.
    pub verdict: Verdict,
    /// Why, in one line for people.
    pub reason: String,
    /// The tree of its conditions; absent when the rule is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<ConditionResult>,
}
