//! What is asked of a word: patterns, bounds, yes or no.

use std::{fmt, time::Duration};

use crate::{model::Truth, rules::Pattern};

/// What is asked of a word.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// The patterns accept it.
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

impl Range<u64> {
    /// Whether a number of which only the least is known lies within all bounds.
    #[must_use]
    pub fn contains_from(&self, least: u64) -> Truth {
        let exceeded = |bound: Option<u64>| bound.is_some_and(|bound| least > bound);
        if exceeded(self.is) || exceeded(self.at_most) || self.below.is_some_and(|bound| least >= bound) {
            return Truth::No;
        }
        if self.is_bounded_above() || !self.contains(least) { Truth::Unknown } else { Truth::Yes }
    }
}

impl Range<f64> {
    /// The bounds in percent.
    #[must_use]
    pub fn shown_as_share(&self) -> String {
        self.describe(|share| format!("{}%", (share * 1_000.0).round() / 10.0))
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matches(patterns) => {
                for (place, pattern) in patterns.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { " or " })?;
                    f.write_str(pattern.source())?;
                }
                Ok(())
            }
            Self::Number(range) => f.write_str(&range.describe(|bound| bound.to_string())),
            Self::Duration(range) => f.write_str(&range.describe(show_duration)),
            Self::Is(flag) => flag.fmt(f),
        }
    }
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
