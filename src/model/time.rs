//! Points in time as whole milliseconds since 1970, the way the ledger stores them.

use std::{fmt, ops, time::Duration};

use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Parses an RFC 3339 time as GitHub writes it (`2026-01-22T19:33:08Z`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Self(at.as_millisecond()))
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// How long from here until `later`; zero when it has passed.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        later.since(self)
    }

    /// What clocks and calendars of an IANA zone show; `None` when there is no such zone.
    #[must_use]
    pub fn local(self, zone: &str) -> Option<LocalTime> {
        let local = self.to_jiff().in_tz(zone).ok()?;
        let minute = u16::try_from(local.hour()).ok()? * 60 + u16::try_from(local.minute()).ok()?;
        let weekday = usize::try_from(local.weekday().to_monday_zero_offset()).ok()?;
        Some(LocalTime { weekday, minute, date: local.date().to_string() })
    }

    /// The same point as jiff has it; times beyond jiff's range are clamped to 1970.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or_default()
    }
}

/// A moment as a clock on the wall and a calendar show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalTime {
    /// The day of the week, Monday being 0.
    pub weekday: usize,
    /// Minutes since midnight.
    pub minute: u16,
    /// `2026-12-24`
    pub date: String,
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

impl ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

impl fmt::Display for Timestamp {
    /// Seconds precision, UTC: `2026-01-22T19:33:08Z`, which GitHub's search syntax takes too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_jiff().strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}
