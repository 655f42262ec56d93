//! `--since`: a while ago, a day, or a moment.

use std::time::Duration;

use crate::model::Timestamp;

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Since {
    /// So long ago.
    Ago(Duration),
    /// That moment.
    At(Timestamp),
}

impl Since {
    /// Parses `24h`, `2026-01-31` (midnight, UTC) or `2026-01-31T08:00:00Z`.
    ///
    /// # Errors
    /// In words, when it is none of these.
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, String> {
        if let Some(at) = Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z"))) {
            return Ok(Self::At(at));
        }
        humantime::parse_duration(text)
            .map(Self::Ago)
            .map_err(|_| "write `24h`, `7d`, `2026-01-31` or `2026-01-31T08:00:00Z`".to_owned())
    }

    /// The moment, as seen from now.
    pub(in crate::cli) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(duration) => now - duration,
            Self::At(at) => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_while_a_day_and_a_moment_are_understood() {
        let now = Timestamp::parse("2026-11-22T15:00:00Z").unwrap();
        for (text, moment) in [
            ("24h", "2026-11-21T15:00:00Z"),
            ("1d 30m", "2026-11-21T14:30:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
            ("2026-01-31T08:00:00+02:00", "2026-01-31T06:00:00Z"),
        ] {
            assert_eq!(Since::parse(text).unwrap().before(now).to_string(), moment, "{text}");
        }
        for text in ["", "24", "yesterday", "2026-13-01", "-1h"] {
            assert!(Since::parse(text).is_err(), "{text}");
        }
    }
}
