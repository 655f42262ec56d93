//! A value a key, made once however many ask at the same time.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::GitHubError;

/// Values by key. While one caller makes a value the others wait for it, and share its failure too: a GitHub that
/// is down is not asked once by everyone in the queue.
#[derive(Debug)]
pub(super) struct Once<K, V> {
    slots: Mutex<HashMap<K, Arc<Slot<V>>>>,
    bound: usize,
}

#[derive(Debug)]
struct Slot<V> {
    /// How often making ended, well or badly.
    ended: AtomicU64,
    state: tokio::sync::Mutex<State<V>>,
}

#[derive(Debug)]
struct State<V> {
    value: Option<V>,
    failure: Option<GitHubError>,
}

impl<K: Eq + Hash + Clone, V: Clone> Once<K, V> {
    /// Holds about `bound` values; when there are more, those that nobody is asking for are forgotten.
    pub(super) fn new(bound: usize) -> Self {
        Self { slots: Mutex::default(), bound }
    }

    /// The value of a key, made by `make` unless there is one that is `usable`.
    pub(super) async fn get(
        &self,
        key: &K,
        usable: impl Fn(&V) -> bool,
        make: impl Future<Output = Result<V, GitHubError>>,
    ) -> Result<V, GitHubError> {
        let slot = self.slot(key);
        let ended_before = slot.ended.load(Ordering::SeqCst);
        let mut state = slot.state.lock().await;
        if let Some(value) = state.value.as_ref().filter(|value| usable(value)) {
            return Ok(value.clone());
        }
        let failed_meanwhile = slot.ended.load(Ordering::SeqCst) > ended_before;
        if failed_meanwhile && let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        let made = make.await;
        state.value = made.as_ref().ok().cloned();
        state.failure = made.as_ref().err().cloned();
        slot.ended.fetch_add(1, Ordering::SeqCst);
        made
    }

    /// Forgets a key's value when it is `stale`.
    pub(super) async fn forget(&self, key: &K, stale: impl Fn(&V) -> bool) {
        let slot = self.slot(key);
        slot.state.lock().await.value.take_if(|value| stale(value));
    }

    fn slot(&self, key: &K) -> Arc<Slot<V>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= self.bound && !slots.contains_key(key) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(key.clone()).or_default())
    }
}

impl<V> Default for Slot<V> {
    fn default() -> Self {
        let state = State { value: None, failure: None };
        Self { ended: AtomicU64::new(0), state: tokio::sync::Mutex::new(state) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn values_beyond_the_bound_are_forgotten() {
        let once = Once::new(2);
        for key in 0..5 {
            assert_eq!(once.get(&key, |_| true, async { Ok(key) }).await, Ok(key));
        }
        assert!(once.slots.lock().unwrap().len() <= 2);
    }

    #[tokio::test]
    async fn those_who_waited_share_a_failure_and_the_next_one_tries_again() {
        let once = Once::<u8, u8>::new(10);
        let failure = || GitHubError::NotSent { why: "x".to_owned() };
        let (gate, opened) = tokio::sync::oneshot::channel::<()>();
        let first = once.get(&1, |_| true, async {
            opened.await.unwrap();
            Err(failure())
        });
        let second = once.get(&1, |_| true, async { panic!("the second caller must not make") });
        let open = async { gate.send(()).unwrap() };
        let (first, second, ()) = tokio::join!(first, second, open);
        assert_eq!((first, second), (Err(failure()), Err(failure())));
        assert_eq!(once.get(&1, |_| true, async { Ok(7) }).await, Ok(7));
    }
}
