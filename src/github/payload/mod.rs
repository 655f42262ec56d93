//! Webhook payloads: a cheap look while GitHub waits, and a full reading later. GitHub's bodies are data from
//! outside: whatever they hold, nothing here panics or overflows the stack.
//!
//! GitHub's description: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.

mod glance;
mod pull;
mod pull_event;
mod read;
mod repository;
mod run;
#[cfg(test)]
mod tests;
mod wire;

pub use glance::{Glance, NotJson, glance};
pub(super) use pull::pull_request;
pub(crate) use pull_event::OWN_COMMENT;
pub use pull_event::read_pull;
pub use read::{Unreadable, read};
pub(super) use repository::RepositoryWire;
pub(super) use run::run_snapshot;
pub(super) use wire::{Object, Raw};
