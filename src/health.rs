//! What is wrong at the moment, by part, for `/readyz` and the watchdog.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The parts that are not well, each with its reason. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Health {
    /// Says that a part is not well.
    pub fn ail(&self, part: &'static str, why: impl Into<String>) {
        self.lock().insert(part, why.into());
    }

    /// Says that a part is well.
    pub fn well(&self, part: &'static str) {
        self.lock().remove(part);
    }

    /// What is wrong, as `part: reason`; empty when all is well.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.lock().iter().map(|(part, why)| format!("{part}: {why}")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
