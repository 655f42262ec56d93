//! GitHub's bad days: wrong answers, slow ones, none, and acts that happen although the answer says otherwise.

use super::exchange::{Call, Reply};
use super::glob::fits;
use super::world::World;

/// Names a fault, to release or count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultId(u64);

/// What goes wrong with which requests. Without more it does nothing; it strikes once unless told otherwise.
#[derive(Debug, Clone)]
pub struct Fault {
    method: String,
    path: String,
    skip: u32,
    times: Option<u32>,
    after_effect: bool,
    hold: Hold,
    effect: Effect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    No,
    UntilReleased,
    Forever,
}

#[derive(Debug, Clone)]
enum Effect {
    Pass,
    Answer(Answer),
    Drop,
}

/// An answer in place of GitHub's own.
#[derive(Debug, Clone)]
pub struct Answer(Reply);

impl Answer {
    /// Any status with an empty body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self(Reply::empty(status))
    }

    /// A refusal in GitHub's JSON.
    #[must_use]
    pub fn message(status: u16, message: &str) -> Self {
        Self(Reply::message(status, message))
    }

    /// The proxy's 502: an HTML page.
    #[must_use]
    pub fn bad_gateway() -> Self {
        Self::status(502).header("content-type", "text/html").body("<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n")
    }

    /// GitHub's 500 in JSON.
    #[must_use]
    pub fn server_error() -> Self {
        Self::message(500, "Server Error")
    }

    /// A secondary rate limit: 403 (or 429), with or without `Retry-After`.
    #[must_use]
    pub fn secondary_rate_limit(status: u16, retry_after_s: Option<u64>) -> Self {
        let words =
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
        let answer = Self::message(status, words);
        match retry_after_s {
            Some(seconds) => answer.header("retry-after", &seconds.to_string()),
            None => answer,
        }
    }

    /// The App lacks a permission.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::message(403, "Resource not accessible by integration")
    }

    /// Adds a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into();
        self
    }
}

impl Fault {
    /// Requests with this method (`*`: any) whose path and query fit: a part of it, or a pattern with `*`. Paths begin
    /// after `/api/v3`, those of log archives with `/blobs/`.
    pub fn on(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            skip: 0,
            times: Some(1),
            after_effect: false,
            hold: Hold::No,
            effect: Effect::Pass,
        }
    }

    /// Strikes this many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes every time.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Lets the first `count` requests through.
    #[must_use]
    pub fn skip(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// GitHub does the work first: the bad answer makes it ambiguous.
    #[must_use]
    pub fn after_effect(mut self) -> Self {
        self.after_effect = true;
        self
    }

    /// Answers this.
    #[must_use]
    pub fn answer(mut self, answer: Answer) -> Self {
        self.effect = Effect::Answer(answer);
        self
    }

    /// Closes the connection without an answer.
    #[must_use]
    pub fn drop_connection(mut self) -> Self {
        self.effect = Effect::Drop;
        self
    }

    /// Holds the request until [`super::Simulator::release`].
    #[must_use]
    pub fn hold(mut self) -> Self {
        self.hold = Hold::UntilReleased;
        self
    }

    /// Never answers.
    #[must_use]
    pub fn hang(mut self) -> Self {
        self.hold = Hold::Forever;
        self
    }
}

struct Active {
    id: u64,
    fault: Fault,
    seen: u32,
    hits: u32,
    released: bool,
}

/// All faults that were set.
#[derive(Default)]
pub(super) struct Faults {
    active: Vec<Active>,
    last: u64,
}

/// A fault that strikes one request.
pub(super) struct Strike {
    pub(super) id: FaultId,
    pub(super) after_effect: bool,
    pub(super) forever: bool,
    /// `None`: GitHub's own answer; `Some(None)`: a closed connection.
    pub(super) instead: Option<Option<Reply>>,
}

impl World {
    pub(super) fn add_fault(&mut self, fault: Fault) -> FaultId {
        self.faults.last += 1;
        let id = self.faults.last;
        let released = fault.hold == Hold::No;
        self.faults.active.push(Active { id, fault, seen: 0, hits: 0, released });
        FaultId(id)
    }

    /// The first fault that fits the request and is not used up.
    pub(super) fn strike(&mut self, call: &Call) -> Option<Strike> {
        let target = call.target();
        let fits_call = |active: &&mut Active| {
            let fault = &active.fault;
            let live = fault.times.is_none_or(|times| active.hits < times);
            let method = fault.method == "*" || fault.method.eq_ignore_ascii_case(&call.method);
            live && method && fits(&fault.path, &target)
        };
        for active in self.faults.active.iter_mut().filter_map(|a| Some(a).filter(|a| fits_call(a))) {
            active.seen += 1;
            if active.seen <= active.fault.skip {
                continue;
            }
            active.hits += 1;
            return Some(Strike {
                id: FaultId(active.id),
                after_effect: active.fault.after_effect,
                forever: active.fault.hold == Hold::Forever,
                instead: match &active.fault.effect {
                    Effect::Pass => None,
                    Effect::Answer(answer) => Some(Some(answer.0.clone())),
                    Effect::Drop => Some(None),
                },
            });
        }
        None
    }

    /// A fault that is gone holds nobody.
    pub(super) fn is_released(&self, id: FaultId) -> bool {
        self.faults.active.iter().find(|active| active.id == id.0).is_none_or(|active| active.released)
    }

    /// Lets go what it holds, and does not hold again.
    pub(super) fn release(&mut self, id: FaultId) {
        if let Some(active) = self.faults.active.iter_mut().find(|active| active.id == id.0) {
            active.released = true;
        }
    }

    pub(super) fn fault_hits(&self, id: FaultId) -> u32 {
        self.faults.active.iter().find(|active| active.id == id.0).map_or(0, |active| active.hits)
    }

    pub(super) fn clear_faults(&mut self) {
        self.faults.active.clear();
    }
}
