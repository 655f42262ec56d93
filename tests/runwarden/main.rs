//! Everything that is tested from outside: stories against the simulated GitHub, the webhook, crashes, the
//! command line, the architecture and the documents.

#![cfg(test)]
#![allow(missing_docs, unreachable_pub, reason = "nothing outside of a test binary can reach into it")]

mod actions;
mod apply;
mod architecture;
mod breaker;
mod cli;
mod context;
mod crash;
mod docs;
mod endpoints;
mod follow;
mod heard;
mod http;
mod jobs;
mod limits;
mod logs;
mod notify;
mod policies;
mod process;
mod properties;
mod pulls;
mod replay;
mod stories;
mod story;
mod teams;
mod telling;
mod try_out;
mod webhook;
