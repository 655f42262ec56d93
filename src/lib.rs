//! runwarden receives GitHub's webhooks, judges every workflow run by rules, acts through GitHub's REST API, and
//! keeps in SQLite a history that explains every act and every refusal.
//!
//! # In one breath
//!
//! **Four tables, four pure functions, three loops.** Whatever can cause a decision (a webhook, a tick of a
//! schedule, a command) becomes a row: a *delivery*. A delivery plus facts becomes *decisions* with planned
//! *actions*. An action is carried out by one or more *executions*. Each arrow is one short transaction. The
//! history is written nowhere: it *is* these rows.
//!
//! ```text
//!  GitHub ──POST──▶ server::webhook ──tx1──▶ deliveries              "the inbox"       (202 only after commit)
//!  schedule tick, command ─────────────▶     │ wake
//!                   pipeline::decide  ◀──────┘
//!                     gather  ── GET ──▶ github     (only the facts that some rule needs)
//!                     rules::decide(rules, facts, now)                ← pure
//!                     └────────────tx2──▶ decisions + actions        "the plan"
//!                                            │ wake / due_at
//!                   pipeline::execute ◀──────┘
//!                     ├────────────tx3──▶ executions (begun)         "I am about to"
//!                     │  look (GET) → rules::recheck(plan, look)      ← pure: still wanted? already done?
//!                     │  perform (POST/DELETE) ──▶ github
//!                     │  rules::settle(outcome, tries, now)           ← pure: done / try again at / give up
//!                     └────────────tx4──▶ executions (finished) + actions.state
//!                                            │
//!                   server, cli ◀── SELECT over the same four tables "the history"
//! ```
//!
//! # Layers
//!
//! | module | may use | alone owns |
//! |---|---|---|
//! | `model` | – | |
//! | `clock` | model | the system's time |
//! | `sightings` | model | |
//! | `health` | – | |
//! | `metrics` | – | prometheus_client |
//! | `rules` | model | regex |
//! | `scan` | model | flate2, memchr, regex_automata, regex_syntax |
//! | `config` | rules, model | serde_yaml |
//! | `store` | model | sqlx |
//! | `github` | model, clock | octocrab, hmac |
//! | `pipeline` | rules, scan, store, github, model, clock, sightings, metrics | |
//! | `server` | store, github, model, clock, sightings, metrics, health | axum |
//! | `daemon` | config, pipeline, server, store, github, model, clock, metrics, health | |
//! | `simulator` | – (a second, independent reading of GitHub's contract) | |
//! | `cli` | all | clap |
//!
//! A test compares this table with the code.
//!
//! # Where to begin reading
//!
//! [`model`] for the nouns, [`rules`] for what is decided, [`pipeline`] for how it is carried, [`store`] for what
//! survives. The simulator and the stories in `tests/` show all of it at work.

pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod github;
pub mod health;
pub mod metrics;
pub mod model;
pub mod pipeline;
pub mod rules;
pub mod scan;
pub mod server;
pub mod sightings;
pub mod simulator;
pub mod store;
