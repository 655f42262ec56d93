//! What time it is: the system's answer, or one set by hand. The only place that asks the system.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::model::Timestamp;

/// A clock; clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Milliseconds since 1970; `None` asks the system.
    by_hand: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self { by_hand: None }
    }

    /// A clock that stands still until it is set.
    #[must_use]
    pub fn by_hand(now: Timestamp) -> Self {
        Self { by_hand: Some(Arc::new(AtomicI64::new(now.0))) }
    }

    /// The time, to the millisecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.by_hand {
            Some(millis) => Timestamp(millis.load(Ordering::SeqCst)),
            None => system_now(),
        }
    }

    /// Sets a clock by hand. The system's clock stays as it is.
    pub fn set(&self, now: Timestamp) {
        if let Some(millis) = &self.by_hand {
            millis.store(now.0, Ordering::SeqCst);
        }
    }

    /// Moves a clock by hand forward. The system's clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Some(millis) = &self.by_hand {
            let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            millis.fetch_add(by, Ordering::SeqCst);
        }
    }
}

fn system_now() -> Timestamp {
    // A clock before 1970 is a machine without a set clock: 1970 will do.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_by_hand_moves_only_when_told_and_clones_agree() {
        let clock = Clock::by_hand(Timestamp(1_000));
        let other = clock.clone();
        assert_eq!(clock.now(), Timestamp(1_000));
        other.advance(Duration::from_secs(2));
        assert_eq!(clock.now(), Timestamp(3_000));
        clock.set(Timestamp(5));
        assert_eq!(other.now(), Timestamp(5));
    }

    #[test]
    fn the_systems_clock_cannot_be_set() {
        let clock = Clock::system();
        clock.set(Timestamp(5));
        clock.advance(Duration::from_secs(1 << 40));
        assert!(clock.now() > Timestamp(1_600_000_000_000) && clock.now() < Timestamp(1 << 50));
    }
}
