//! The nouns: plain data that every other module speaks in. No I/O, no clock, no randomness.

mod action;
mod activity;
mod breaker;
mod event;
mod facts;
mod ids;
mod job;
mod ledger;
mod limits;
mod log;
mod pull_request;
mod team;
mod time;
mod verdict;
mod workflow_run;

pub use action::{
    Action, ActionKey, ActionKind, ApproveRun, ArchiveLogs, ChannelFormat, Check, Comment, ForceCancel,
    Guard, Label, Notify, Rerun, RerunScope, Review, ReviewState, Via,
};
pub use activity::PullActivity;
pub use breaker::{Breaker, BreakerScope, Ending, Failing};
pub use event::{Apply, Command, Event, Gate, GitHubEvent, PullEvent, Said, ScheduledPass, Signal};
pub use facts::{Act, Details, Fact, Facts, Head, RepositoryFacts, Underway};
pub use ids::{
    DeliveryGuid, EnvironmentId, IdError, InstallationId, JobId, RepositoryName, RuleName, RunAttempt, RunId,
    WorkflowId,
};
pub use job::{Annotation, Job, Step};
pub use ledger::{
    ActionRow, ActionState, DecisionRow, DeliveryRow, DeliveryState, ExecutionRow, Lane, NewDecision,
    NewDelivery, Outcome, PlannedAction, Requests, Source,
};
pub use limits::{Bounds, Ceiling, Rate};
pub use log::{JobLog, LogHit};
pub use pull_request::{ChangedFiles, PullRequest, of_run};
pub use team::{Membership, Team};
pub use time::{LocalTime, Timestamp};
pub use verdict::{ConditionResult, RuleVerdict, Truth, Verdict};
pub use workflow_run::{Conclusion, RunSnapshot, Status};
