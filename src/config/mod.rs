//! The configuration: what the YAML says, compiled into values that the other modules work with. Whatever is
//! wrong with it is collected and said at once, each with its place and its remedy; nothing is half accepted.
//!
//! A text becomes a tree that knows its places; decoders walk the tree against the tables of the vocabulary;
//! checks look at whole rules. Only this module knows YAML.

mod action;
mod approval;
mod breaker;
mod channels;
mod checks;
mod compile;
mod condition;
mod examples;
mod fields;
mod github;
mod jobs;
mod limits;
mod own;
mod pattern;
mod problem;
mod pull;
mod range;
mod reach;
mod reference;
mod report;
mod rule;
mod said;
mod schema;
mod secret;
mod sections;
mod settings;
mod signatures;
mod suggest;
mod telling;
#[cfg(test)]
mod tests;
mod tree;
mod trigger;
mod values;
mod vocabulary;
mod window;

pub use compile::{Loaded, compile, load, load_to_read, load_without_secrets};
pub use problem::{Problem, Problems, Severity};
pub use reference::{Entry, Shape, vocabulary};
pub use schema::schema;
pub use secret::Secret;
pub use settings::{
    CaFile, ChannelSettings, Config, Credentials, DatabaseSettings, GitHubSettings, LogFormat, LogLevel,
    LogSettings, ServerSettings, WebhookSettings,
};
pub use signatures::built_in_signatures;
pub use suggest::instead;
