//! The compiled configuration: plain values, checked, with secrets read.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::Secret;
use crate::{
    model::ChannelFormat,
    rules::{Example, Ruleset},
};

/// Everything that a configuration says.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where runwarden listens.
    pub server: ServerSettings,
    /// What webhooks are received with.
    pub webhook: WebhookSettings,
    /// Which GitHub is spoken to, and as whom.
    pub github: GitHubSettings,
    /// Where messages may be posted to.
    pub channels: Vec<ChannelSettings>,
    /// Where the history is kept.
    pub database: DatabaseSettings,
    /// How runwarden logs.
    pub log: LogSettings,
    /// The file's mode and its rules.
    pub ruleset: Ruleset,
    /// The tests of the rules.
    pub examples: Vec<Example>,
}

/// Where runwarden listens.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Address and port.
    pub listen: SocketAddr,
}

/// What webhooks are received with.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// The path, beginning with a slash, in characters that need no escaping.
    pub path: String,
    /// The secrets that a webhook may be signed with; at least one, none empty.
    pub secrets: Vec<Secret>,
}

/// Which GitHub is spoken to, and as whom.
#[derive(Debug, Clone)]
pub struct GitHubSettings {
    /// The REST API's root without a slash at its end: `https://api.github.com`, `https://ghe.example.com/api/v3`.
    pub api_url: String,
    /// As whom.
    pub credentials: Credentials,
    /// An authority to trust beside the system's.
    pub ca: Option<CaFile>,
    /// The least time between two requests that change something; may be zero.
    pub write_interval: Duration,
    /// How long one request may take; not zero.
    pub timeout: Duration,
    /// The token that reviews deployments as a person or machine user.
    pub reviewer: Option<Secret>,
}

/// As whom GitHub is spoken to.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// As a GitHub App.
    App {
        /// The App's id.
        id: u64,
        /// Its private key, in PEM.
        private_key: Secret,
    },
    /// With a token.
    Token(Secret),
}

/// Certificates to trust beside the system's.
#[derive(Debug, Clone)]
pub struct CaFile {
    /// The file, as it was found.
    pub path: PathBuf,
    /// Its content: PEM with at least one certificate.
    pub pem: String,
}

/// Where messages may be posted to.
#[derive(Debug, Clone)]
pub struct ChannelSettings {
    /// What rules call it.
    pub name: String,
    /// Its URL.
    pub url: Secret,
    /// What it takes.
    pub format: ChannelFormat,
    /// What messages are signed with.
    pub secret: Option<Secret>,
}

/// Where the history is kept.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// The SQLite file.
    pub path: PathBuf,
}

/// How runwarden logs.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogSettings {
    /// For whom.
    pub format: LogFormat,
    /// The least severe line.
    pub level: LogLevel,
}

/// For whom log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The words of the YAML.
    pub const WORDS: [(&'static str, Self); 2] = [("human", Self::Human), ("json", Self::Json)];
}

/// The least severe line that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// Someone must act.
    Error,
    /// We coped.
    Warn,
    /// A line a delivery and a line an execution.
    #[default]
    Info,
    /// What is needed to follow one delivery.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The words of the YAML.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}
