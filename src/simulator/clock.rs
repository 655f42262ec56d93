//! The simulator's time: the system's, shifted, or standing still.

use jiff::{SignedDuration, Timestamp};

/// A clock that a story can stop and push forward.
#[derive(Debug, Default)]
pub(super) struct Clock {
    frozen: Option<Timestamp>,
    offset: SignedDuration,
}

impl Clock {
    pub(super) fn now(&self) -> Timestamp {
        let base = self.frozen.unwrap_or_else(Timestamp::now);
        base.checked_add(self.offset).unwrap_or(base)
    }

    pub(super) fn freeze(&mut self, at: Timestamp) {
        self.frozen = Some(at);
        self.offset = SignedDuration::ZERO;
    }

    pub(super) fn advance(&mut self, by: std::time::Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::ZERO);
        self.offset = self.offset.checked_add(by).unwrap_or(self.offset);
    }
}

/// Full seconds in UTC, as GitHub writes them.
pub(super) fn text(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// `at` plus `seconds`, which may be negative.
pub(super) fn shift(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}
