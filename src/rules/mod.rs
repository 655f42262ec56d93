//! The core: pure functions of values. What a decision needs, what it is, whether it still holds at the last
//! look, and what follows from how an execution ended. No I/O, no clock, no randomness.

mod ceilings;
mod condition;
mod decide;
mod example;
mod keep;
mod message;
mod needs;
mod pass;
mod pattern;
mod recheck;
mod rule;
mod settle;
mod template;
#[cfg(test)]
mod tests;

pub use ceilings::{failed_jobs, runner_minutes};
pub(crate) use condition::DAYS;
pub use condition::{
    ActedTest, Cause, CauseTest, Condition, Expectation, FilesTest, JobCondition, JobTest, JobWord, JobsTest,
    JobsWord, Kind, LabelBound, LogTest, OwnTest, PullTest, Range, RunningTest, SaidTest, SaidWord, SameAs,
    Signature, SignatureTest, StepTest, Test, Window, Word, show_duration,
};
pub use decide::{Judgement, decide, first_due, judge, plan};
pub use example::{
    Example, Expected, Given, GivenRun, Got, Param, ParamShape, Trial, Wanted, params_of, try_out,
};
pub use keep::spared;
pub use needs::{Need, needs, needs_of};
pub use pass::{bound_pass, judge_each, pass, spare};
pub use pattern::{Pattern, PatternError};
pub use recheck::{
    Circumstances, CurrentRun, Look, PendingGate, Presence, Recheck, ReviewedGate, WantedLook, recheck,
};
pub use rule::{Ceilings, Keep, KeepBy, KeepCounting, KeepPer, Limits, Mode, Rule, Ruleset, Trigger};
pub use settle::{Next, settle};
pub use template::{Template, TemplateError, VARIABLES};
