//! `time`: days of the week and hours of the day in a zone.

use std::fmt;

use super::leaf;
use crate::model::{ConditionResult, LocalTime, Timestamp, Truth};

/// Names of days, as rules write them.
pub(crate) const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Days of the week and hours of the day in a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The days, Monday first. Hours that pass midnight belong to the day on which they begin.
    pub days: [bool; 7],
    /// From the first minute of the day on, up to but without the second; before the first when they pass midnight.
    pub hours: Option<(u16, u16)>,
    /// An IANA zone, checked when the file was loaded.
    pub zone: String,
    /// Dates that do not count, as `2026-12-24`.
    pub except: Vec<String>,
}

impl Window {
    /// Whether the moment lies within.
    #[must_use]
    pub fn evaluate(&self, now: Timestamp) -> ConditionResult {
        let Some(local) = now.local(&self.zone) else {
            let why = format!("not known: there is no zone {}", self.zone);
            return leaf("time", self, why, Truth::Unknown);
        };
        let LocalTime { weekday, minute, date } = &local;
        let day = DAYS.get(*weekday).copied().unwrap_or_default();
        let observed = format!("{day} {date} {} {}", clock(*minute), self.zone);
        leaf("time", self, observed, Truth::of(self.contains(now, &local)))
    }

    fn contains(&self, now: Timestamp, local: &LocalTime) -> bool {
        let minute = local.minute;
        match self.hours {
            None => self.is_day(local),
            Some((from, to)) if from < to => (from..to).contains(&minute) && self.is_day(local),
            Some((from, _)) if minute >= from => self.is_day(local),
            Some((_, to)) => minute < to && self.was_day_before(now, local),
        }
    }

    fn is_day(&self, local: &LocalTime) -> bool {
        self.days.get(local.weekday).copied().unwrap_or(false) && !self.except.contains(&local.date)
    }

    /// Whether the night began on a day that counts.
    fn was_day_before(&self, now: Timestamp, local: &LocalTime) -> bool {
        // An hour before midnight, whatever the clocks were set to at night.
        let into = std::time::Duration::from_secs(u64::from(local.minute) * 60 + 3_600);
        (now - into).local(&self.zone).is_some_and(|before| self.is_day(&before))
    }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.days.contains(&false) {
            let days = DAYS.iter().zip(self.days).filter_map(|(name, on)| on.then_some(*name));
            parts.push(days.collect::<Vec<_>>().join(", "));
        }
        if let Some((from, to)) = self.hours {
            parts.push(format!("{}-{}", clock(from), clock(to)));
        }
        if !self.except.is_empty() {
            parts.push(format!("except {}", self.except.join(", ")));
        }
        parts.push(self.zone.clone());
        f.write_str(&parts.join(" "))
    }
}
