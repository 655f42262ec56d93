//! The rows of the ledger: deliveries, decisions, actions, executions. The history is these rows.

use serde::{Deserialize, Serialize};

use super::{
    Action, ActionKey, Bounds, Conclusion, DeliveryGuid, Facts, InstallationId, RepositoryName, RuleName,
    RuleVerdict, RunAttempt, RunId, Status, Timestamp,
};

macro_rules! state_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the database, in history and in metrics.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The state of that word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

state_words! {
    /// Where a delivery came from.
    Source {
        /// GitHub sent it.
        Webhook = "webhook",
        /// A rule's schedule was due.
        Schedule = "schedule",
        /// Runwarden itself: what it found missing, or that a breaker opened or closed.
        Recovery = "recovery",
        /// A person asked.
        Command = "command",
    }
}

state_words! {
    /// How far a delivery has come.
    DeliveryState {
        /// In the inbox.
        Pending = "pending",
        /// Judged; its decisions, if any, stand beside it.
        Decided = "decided",
        /// Cannot be judged; the reason says why in words.
        Parked = "parked",
    }
}

state_words! {
    /// How far an action has come.
    ActionState {
        /// Waits for its time.
        Planned = "planned",
        /// An execution has begun and not ended.
        Executing = "executing",
        /// GitHub did it, or it was found done.
        Done = "done",
        /// A guard said no at the last look; nothing was sent.
        Refused = "refused",
        /// GitHub said no for good, or the tries are used up.
        Failed = "failed",
        /// Sent, and what became of it cannot be told; a person has to look.
        Uncertain = "uncertain",
        /// Another rule's action of the same kind came first.
        Shadowed = "shadowed",
        /// The mode is `observe`: it would have been done.
        Observed = "observed",
        /// A limit held it back.
        Limited = "limited",
        /// A ceiling holds it until time frees room; its due time is the next chance.
        Held = "held",
    }
}

impl ActionState {
    /// Whether the action may still lead to a request.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Planned | Self::Executing | Self::Held)
    }
}

state_words! {
    /// Which queue an action leaves by.
    Lane {
        /// Caused by an event or a person: leaves at once, before bulk work.
        Event = "event",
        /// Schedules and purges: one write at a time, an interval apart.
        Bulk = "bulk",
    }
}

/// A delivery to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDelivery {
    /// What tells it from others.
    pub guid: DeliveryGuid,
    /// Where it came from.
    pub source: Source,
    /// GitHub's event name (`workflow_run`), or `schedule`, `command`.
    pub event: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// The body as received: a webhook's JSON, or runwarden's own.
    pub body: Vec<u8>,
}

/// A stored delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryRow {
    /// The row.
    pub id: i64,
    /// What tells it from others.
    pub guid: DeliveryGuid,
    /// Where it came from.
    pub source: Source,
    /// GitHub's event name, or `schedule`, `command`.
    pub event: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// How far it has come.
    pub state: DeliveryState,
    /// Why it is parked, why it waits, or what came of it in a few words.
    pub reason: Option<String>,
    /// How often its facts were asked for in vain.
    pub tries: u32,
    /// When it is to be judged, while pending.
    pub due_at: Timestamp,
}

/// The requests that were sent to GitHub on someone's behalf.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    /// How many.
    pub count: u32,
    /// The first [`Self::MOST_ASKED`] of them, in their order: `GET /repos/…`.
    pub asked: Vec<String>,
}

impl Requests {
    /// So many are remembered by name.
    pub const MOST_ASKED: usize = 50;

    /// Adds others that were sent after these.
    pub fn add(&mut self, more: Self) {
        self.count += more.count;
        self.asked.extend(more.asked);
        self.asked.truncate(Self::MOST_ASKED);
    }
}

/// A decision to be stored, with what it plans.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDecision {
    /// What it was decided on.
    pub facts: Facts,
    /// What each rule said.
    pub verdicts: Vec<RuleVerdict>,
    /// The requests to GitHub that its facts cost.
    pub requests: Requests,
    /// What is to be done, or would be.
    pub actions: Vec<PlannedAction>,
}

/// An action bound to its run.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedAction {
    /// What makes it happen once.
    pub key: ActionKey,
    /// Who wants it.
    pub rule: RuleName,
    /// What to do.
    pub action: Action,
    /// In which repository.
    pub repository: RepositoryName,
    /// Through which installation of the App.
    pub installation: Option<InstallationId>,
    /// To which run.
    pub run: RunId,
    /// Which attempt was judged.
    pub attempt: RunAttempt,
    /// The status that was judged, to be found again at the last look.
    pub judged_status: Option<Status>,
    /// The conclusion that was judged, to be found again at the last look.
    pub judged_conclusion: Option<Conclusion>,
    /// Which queue it leaves by.
    pub lane: Lane,
    /// `Planned`, or why it is not: `Shadowed`, `Observed`, `Limited`, `Held`.
    pub state: ActionState,
    /// Why, when it is not `Planned`.
    pub reason: Option<String>,
    /// When it may leave.
    pub due_at: Timestamp,
    /// What bounds it. Counted in the plan's transaction; of a stored action only `per_run` is known.
    pub bounds: Bounds,
    /// How many runner minutes a re-run is thought to take, where a ceiling asks for that.
    pub runner_minutes: Option<u32>,
}

/// A stored decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionRow {
    /// The row.
    pub id: i64,
    /// The delivery that it judged.
    pub delivery_id: i64,
    /// When it was taken.
    pub decided_at: Timestamp,
    /// What it was decided on.
    pub facts: Facts,
    /// What each rule said.
    pub verdicts: Vec<RuleVerdict>,
    /// How many requests to GitHub its facts cost.
    pub requests: u32,
    /// The first of them: `GET /repos/…`.
    pub asked: Vec<String>,
}

/// A stored action.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionRow {
    /// The row.
    pub id: i64,
    /// The decision that planned it.
    pub decision_id: i64,
    /// The plan itself, with its present state, reason and time.
    pub plan: PlannedAction,
    /// How many executions have begun.
    pub tries: u32,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When it reached a state that is not open.
    pub finished_at: Option<Timestamp>,
    /// An execution of it was cut off: what it sent, if anything, is not known.
    pub interrupted: bool,
    /// Since when it counts towards ceilings: since it was planned, or since a ceiling let go of it.
    pub spent_at: Option<Timestamp>,
}

/// A stored execution: one try to carry out an action.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExecutionRow {
    /// The row.
    pub id: i64,
    /// The action.
    pub action_id: i64,
    /// When it began; committed before anything was sent.
    pub begun_at: Timestamp,
    /// When it ended; `None` while it runs or when it was cut off.
    pub finished_at: Option<Timestamp>,
    /// The word of its outcome (`done`, `refused`, …, `interrupted`).
    pub outcome: Option<String>,
    /// What happened, in words.
    pub detail: Option<String>,
    /// How many requests it sent.
    pub requests: u32,
}

/// How one execution ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// GitHub did it, or it was found done.
    Done(String),
    /// A guard said no at the last look.
    Refused(String),
    /// GitHub said no for good.
    Failed(String),
    /// Nothing happened, and it may work later.
    Retry(String),
    /// Nothing was sent because a limit blocks until then; does not count as a try.
    Blocked(Timestamp, String),
    /// Nothing was sent because a limit of ours leaves no room; to be looked at again then, does not count as a try.
    Held(Timestamp, String),
    /// Sent, and the answer did not come: it may or may not have happened.
    Ambiguous(String),
}

impl Outcome {
    /// The word in the executions table.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
            Self::Retry(_) => "retry",
            Self::Blocked(..) => "blocked",
            Self::Held(..) => "held",
            Self::Ambiguous(_) => "ambiguous",
        }
    }

    /// What happened, in words.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::Done(text)
            | Self::Refused(text)
            | Self::Failed(text)
            | Self::Retry(text)
            | Self::Blocked(_, text)
            | Self::Held(_, text)
            | Self::Ambiguous(text) => text,
        }
    }
}
