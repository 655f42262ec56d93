//! What may be sent when: one pacer a credential keeps GitHub's limits so that GitHub need not enforce them.
//!
//! It never sleeps and reads no clock: it says yes, or until when not. Limits and advice:
//! <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>.

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderMap, StatusCode};

use super::limits::{self, Limit, Quota};
use crate::model::{Lane, Timestamp};

const WINDOW: Duration = Duration::from_secs(60);
/// GitHub's secondary limit, in points a minute.
const POINTS: u32 = 900;
/// What bulk work may use of them, so that events always have room.
const BULK_POINTS: u32 = 750;
/// GitHub's limit of requests at once.
const AT_ONCE: u32 = 100;
const BULK_AT_ONCE: u32 = 10;
/// When to look again for a place that some answer has to free.
const SHORTLY: Duration = Duration::from_millis(200);
/// How long to pause when GitHub did not say; doubled each time up to the longest.
const PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// What a request counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// GET: 1 point.
    Read,
    /// POST, DELETE: 5 points.
    Write,
}

impl Cost {
    fn points(self) -> u32 {
        match self {
            Self::Read => 1,
            Self::Write => 5,
        }
    }
}

/// Until when nothing may be sent, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// When to try again.
    pub until: Timestamp,
    /// Which limit, in words.
    pub why: String,
}

/// Paces the requests of one credential; clones share the count.
#[derive(Debug, Clone)]
pub struct Pacer {
    state: Arc<Mutex<State>>,
    write_interval: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// What was sent in the last 60 seconds, oldest first.
    window: VecDeque<Spent>,
    event: InFlight,
    bulk: InFlight,
    last_bulk_write: Option<Timestamp>,
    blocked: Option<Wait>,
    /// How many pauses of unsaid length came one after another.
    strikes: u32,
    quota: Option<Quota>,
}

#[derive(Debug, Clone, Copy)]
struct Spent {
    at: Timestamp,
    points: u32,
    lane: Lane,
}

#[derive(Debug, Default, Clone, Copy)]
struct InFlight {
    reads: u32,
    writes: u32,
}

/// The right to send one request; hold it until the answer is there.
#[derive(Debug)]
pub struct Permit {
    state: Arc<Mutex<State>>,
    lane: Lane,
    cost: Cost,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        let count = state.in_flight(self.lane).of(self.cost);
        *count = count.saturating_sub(1);
    }
}

impl Pacer {
    /// A pacer that has sent nothing yet. Bulk writes leave at least `write_interval` apart.
    #[must_use]
    pub fn new(write_interval: Duration) -> Self {
        Self { state: Arc::default(), write_interval }
    }

    /// Asks to send one request now.
    ///
    /// # Errors
    /// When it may not be sent yet.
    pub fn admit(&self, lane: Lane, cost: Cost, now: Timestamp) -> Result<Permit, Wait> {
        let mut state = lock(&self.state);
        self.check(&mut state, lane, cost, now)?;
        if lane == Lane::Bulk && cost == Cost::Write {
            state.last_bulk_write = Some(now);
        }
        state.window.push_back(Spent { at: now, points: cost.points(), lane });
        *state.in_flight(lane).of(cost) += 1;
        if let Some(quota) = &mut state.quota {
            quota.remaining = quota.remaining.saturating_sub(1);
        }
        Ok(Permit { state: Arc::clone(&self.state), lane, cost })
    }

    /// When a request like that may be sent, should it not be now. Asking spends nothing.
    #[must_use]
    pub fn ready_at(&self, lane: Lane, cost: Cost, now: Timestamp) -> Option<Timestamp> {
        self.check(&mut lock(&self.state), lane, cost, now).err().map(|wait| wait.until)
    }

    fn check(&self, state: &mut State, lane: Lane, cost: Cost, now: Timestamp) -> Result<(), Wait> {
        state.forget_the_past(now);
        state.check_blocks(lane, now)?;
        state.check_places(lane, cost, now)?;
        state.check_points(lane, cost)?;
        if lane == Lane::Bulk && cost == Cost::Write {
            state.check_interval(self.write_interval, now)?;
        }
        Ok(())
    }

    /// Learns from an answer. Returns how long to wait when the answer is a refusal because of a limit. `message`
    /// is GitHub's message, empty when there was none.
    pub fn observe(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        message: &str,
        now: Timestamp,
    ) -> Option<Wait> {
        let seen = limits::observed(status, headers, message, now);
        let mut state = lock(&self.state);
        if let Some(quota) = seen.quota {
            state.learn(quota);
        }
        let paused = state.blocked.as_ref().is_some_and(|wait| wait.until > now);
        let until = match seen.limit {
            Some(Limit::Until(until)) => Some(until),
            // Answers to what was under way when the pause began do not lengthen it.
            Some(Limit::Unsaid) if paused => None,
            Some(Limit::Unsaid) => Some(now + state.next_pause()),
            None => {
                if !paused && status.as_u16() < 400 {
                    state.strikes = 0;
                }
                None
            }
        };
        if let Some(until) = until {
            state.block(until, if seen.refused { message } else { "" });
        }
        if seen.refused { state.blocked.clone() } else { None }
    }

    /// What is known of the primary limit: `None` while GitHub has told nothing.
    #[must_use]
    pub fn quota(&self) -> Option<Quota> {
        lock(&self.state).quota
    }

    /// Whether it may be forgotten: nothing under way, nothing to remember.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        let mut state = lock(&self.state);
        state.forget_the_past(now);
        let under_way = state.event.total() + state.bulk.total();
        under_way == 0 && state.window.is_empty() && state.blocked.is_none() && state.quota.is_none()
    }
}

impl InFlight {
    fn of(&mut self, cost: Cost) -> &mut u32 {
        match cost {
            Cost::Read => &mut self.reads,
            Cost::Write => &mut self.writes,
        }
    }

    fn total(self) -> u32 {
        self.reads + self.writes
    }
}

impl State {
    fn in_flight(&mut self, lane: Lane) -> &mut InFlight {
        match lane {
            Lane::Event => &mut self.event,
            Lane::Bulk => &mut self.bulk,
        }
    }

    fn forget_the_past(&mut self, now: Timestamp) {
        // A clock that was set back must not hold everything up.
        for spent in &mut self.window {
            spent.at = spent.at.min(now);
        }
        self.last_bulk_write = self.last_bulk_write.map(|at| at.min(now));
        while self.window.front().is_some_and(|spent| spent.at + WINDOW <= now) {
            self.window.pop_front();
        }
        self.blocked.take_if(|wait| wait.until <= now);
        self.quota.take_if(|quota| quota.resets_at.is_some_and(|at| at + Duration::from_secs(1) <= now));
    }

    fn check_blocks(&self, lane: Lane, now: Timestamp) -> Result<(), Wait> {
        if let Some(wait) = &self.blocked {
            return Err(wait.clone());
        }
        let Some(quota) = self.quota else { return Ok(()) };
        let until = quota.resets_at.and_then(|at| limits::end_of_window(at, now));
        if quota.remaining == 0
            && let Some(until) = until
        {
            return Err(Wait { until, why: "the hourly limit is used up".to_owned() });
        }
        let low = quota.limit.is_some_and(|limit| u64::from(quota.remaining) * 10 < u64::from(limit));
        if lane == Lane::Bulk
            && low
            && let Some(until) = until
        {
            let why = format!("bulk work leaves the last {} requests of the hour to events", quota.remaining);
            return Err(Wait { until, why });
        }
        Ok(())
    }

    fn check_places(&self, lane: Lane, cost: Cost, now: Timestamp) -> Result<(), Wait> {
        let wait = |why: &str| Err(Wait { until: now + SHORTLY, why: why.to_owned() });
        if self.event.total() + self.bulk.total() >= AT_ONCE {
            return wait("100 requests are under way");
        }
        if lane == Lane::Bulk && self.bulk.total() >= BULK_AT_ONCE {
            return wait("10 bulk requests are under way");
        }
        if lane == Lane::Bulk && cost == Cost::Write && self.bulk.writes > 0 {
            return wait("a bulk write is under way");
        }
        Ok(())
    }

    fn check_points(&self, lane: Lane, cost: Cost) -> Result<(), Wait> {
        let room = |lanes: &[Lane], allowed: u32| {
            let counted = || self.window.iter().filter(|spent| lanes.contains(&spent.lane));
            let used: u32 = counted().map(|spent| spent.points).sum();
            let mut over = (used + cost.points()).saturating_sub(allowed);
            if over == 0 {
                return Ok(());
            }
            for spent in counted() {
                over = over.saturating_sub(spent.points);
                if over == 0 {
                    return Err(Wait {
                        until: spent.at + WINDOW,
                        why: format!("{used} points were used within a minute"),
                    });
                }
            }
            Ok(())
        };
        room(&[Lane::Event, Lane::Bulk], POINTS)?;
        match lane {
            Lane::Event => Ok(()),
            Lane::Bulk => room(&[Lane::Bulk], BULK_POINTS),
        }
    }

    fn check_interval(&self, interval: Duration, now: Timestamp) -> Result<(), Wait> {
        match self.last_bulk_write.map(|at| at + interval) {
            Some(until) if until > now => Err(Wait { until, why: "bulk writes keep an interval".to_owned() }),
            _ => Ok(()),
        }
    }

    /// Answers come out of order: within one window the lowest count is the latest.
    fn learn(&mut self, told: Quota) {
        let same_window = |known: &Quota| match (known.resets_at, told.resets_at) {
            (Some(known), Some(told)) => told < known + WINDOW,
            _ => false,
        };
        self.quota = Some(match self.quota.filter(same_window) {
            Some(known) => Quota {
                remaining: known.remaining.min(told.remaining),
                limit: told.limit.or(known.limit),
                ..known
            },
            None => told,
        });
    }

    fn next_pause(&mut self) -> Duration {
        let pause = PAUSE.saturating_mul(2_u32.saturating_pow(self.strikes)).min(LONGEST_PAUSE);
        self.strikes = self.strikes.saturating_add(1);
        pause
    }

    fn block(&mut self, until: Timestamp, message: &str) {
        let longer = self.blocked.as_ref().is_none_or(|wait| wait.until < until);
        if longer {
            let why = if message.is_empty() { "GitHub's limit is used up" } else { message };
            self.blocked = Some(Wait { until, why: why.to_owned() });
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
