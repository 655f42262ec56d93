//! A small, living GitHub, served over real HTTP on 127.0.0.1.
//!
//! `demo` and the tests talk to it as they would talk to github.com or to a GitHub Enterprise Server. It is a second,
//! independent reading of GitHub's contract and therefore uses nothing else of this crate.
//!
//! A story starts with [`Simulator::start`], tells what happens on GitHub ([`Simulator::run`],
//! [`Simulator::finish`], [`Simulator::person_reruns`]) and then asks what was done to it
//! ([`Simulator::writes`], [`Simulator::run_state`]). Webhooks of every change of state go to the address given to
//! [`Simulator::deliver_to`], in order, by one background task; [`Simulator::settle`] waits until all are answered.
//! Time is the system's, or stands still where [`Simulator::set_now`] puts it. Nothing here sleeps.
//!
//! Reading order: `script` (what a run will do), `world` (what there is), `life` and `gates` (what happens to it),
//! `server` and `routes` (how it is asked for), `delivery` (how it tells of itself), `faults` (how it fails).

mod api_app;
mod api_pulls;
mod api_repo;
mod api_runs;
mod api_telling;
mod auth;
mod clock;
mod connection;
mod delivery;
mod exchange;
mod faults;
mod gates;
mod glob;
mod handle;
mod life;
mod limits;
mod list;
mod logs;
mod payloads;
mod pull_shapes;
mod pulls;
mod record;
mod rerun;
mod routes;
mod run_shapes;
mod script;
mod server;
mod shapes;
mod story;
mod story_pulls;
mod teams;
mod world;
mod zip;

#[cfg(test)]
mod tests;

pub use auth::{PLAIN_TOKEN, REVIEWER, REVIEWER_TOKEN};
pub use delivery::{Answered, Delivery, sign};
pub use faults::{Answer, Fault, FaultId};
pub use handle::Simulator;
pub use pulls::PullSpec;
pub use record::{Authorization, Origin, Request};
pub use script::{AttemptSpec, GateSpec, JobSpec, RunSpec};
pub use story::{JobState, RunState};
pub use world::Refusal;
