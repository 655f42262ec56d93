//! The primary rate limit, with github.com's headers; a GitHub Enterprise Server usually has none.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::shift;
use super::exchange::Reply;
use super::world::World;

const HOUR_S: i64 = 60 * 60;

/// One bucket for all bearers: a story has one installation that matters.
pub(super) struct Limits {
    limit: u64,
    remaining: u64,
    reset: Timestamp,
}

impl Limits {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { limit: 5_000, remaining: 5_000, reset: shift(now, HOUR_S) }
    }

    pub(super) fn set(&mut self, remaining: u64, reset: Timestamp) {
        self.remaining = remaining;
        self.reset = reset;
        self.limit = self.limit.max(remaining);
    }
}

impl World {
    /// Takes one request from the bucket; the refusal if it is empty.
    pub(super) fn spend(&mut self) -> Option<Reply> {
        let now = self.now();
        let limits = self.limits.as_mut()?;
        if limits.reset <= now {
            *limits = Limits { limit: limits.limit, ..Limits::new(now) };
            limits.remaining = limits.limit;
        }
        if limits.remaining == 0 {
            let id = self.installations.first().map_or(0, |installation| installation.id);
            return Some(Reply::message(403, &format!("API rate limit exceeded for installation ID {id}.")));
        }
        limits.remaining -= 1;
        None
    }

    pub(super) fn limit_headers(&self, mut reply: Reply) -> Reply {
        if let Some(limits) = &self.limits {
            let used = limits.limit.saturating_sub(limits.remaining);
            for (name, value) in [
                ("x-ratelimit-limit", limits.limit.to_string()),
                ("x-ratelimit-remaining", limits.remaining.to_string()),
                ("x-ratelimit-used", used.to_string()),
                ("x-ratelimit-reset", limits.reset.as_second().to_string()),
                ("x-ratelimit-resource", "core".to_owned()),
            ] {
                reply = reply.header(name, &value);
            }
        }
        reply
    }

    /// `GET /rate_limit`, which costs nothing.
    pub(super) fn rate_limit(&self) -> Reply {
        let Some(limits) = &self.limits else { return Reply::message(404, "Rate limiting is not enabled.") };
        let core: Value = json!({
            "limit": limits.limit,
            "remaining": limits.remaining,
            "used": limits.limit.saturating_sub(limits.remaining),
            "reset": limits.reset.as_second(),
        });
        Reply::json(200, &json!({ "resources": { "core": core }, "rate": core }))
    }
}
