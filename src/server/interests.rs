//! Which signals some rule listens to: what decides whether a webhook is kept.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::model::Signal;

/// A set of signals that can be changed while the server runs. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Interests(Arc<AtomicU64>);

impl Interests {
    /// Replaces the set.
    pub fn set(&self, listens: impl Fn(Signal) -> bool) {
        let bits = Signal::WEBHOOK.into_iter().filter(|signal| listens(*signal)).map(bit).sum();
        self.0.store(bits, Ordering::Relaxed);
    }

    /// Whether the signal is in the set.
    #[must_use]
    pub fn include(&self, signal: Signal) -> bool {
        self.0.load(Ordering::Relaxed) & bit(signal) != 0
    }

    /// Whether any of the signals is in the set.
    #[must_use]
    pub fn include_any(&self, signals: &[Signal]) -> bool {
        signals.iter().any(|signal| self.include(*signal))
    }
}

/// A bit of its own for each signal that a webhook may bring.
fn bit(signal: Signal) -> u64 {
    let place = Signal::WEBHOOK.into_iter().position(|known| known == signal);
    place.map_or(0, |place| 1 << place)
}
