//! What configurations become, and what is said about bad ones.

use std::path::PathBuf;

use super::{Loaded, Problems, compile};

mod accepted;
mod channels;
mod command;
mod dangerous;
mod examples;
mod refused;
mod said;
mod schema;
mod signatures;
mod telling;

/// A folder with what `config` may name: a key, a certificate, a secret.
fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/config"))
}

fn env(name: &str) -> Option<String> {
    match name {
        "RUNWARDEN_WEBHOOK_SECRET" => Some("a webhook's secret\n".to_owned()),
        "GITHUB_TOKEN" | "RUNWARDEN_REVIEWER_TOKEN" => Some("ghs_0123456789".to_owned()),
        "RUNWARDEN_CHANNEL_SECRET" => Some("a channel's secret".to_owned()),
        "CHANNEL" | "RUNWARDEN_SLACK_URL" => Some("https://hooks.example.com/hush".to_owned()),
        "PLAIN_CHANNEL" => Some("http://hooks.example.com/hush".to_owned()),
        "EMPTY" => Some("\n".to_owned()),
        _ => None,
    }
}

fn load(source: &str) -> Result<Loaded, Problems> {
    compile(source, "config.yaml", &folder(), &env)
}

/// A file with one rule, called `x`, of which all but the name is given; its second line is the file's line 5.
fn with_rule(rest: &str) -> String {
    format!(
        "webhook: {{ secrets: [ {{ env: RUNWARDEN_WEBHOOK_SECRET }} ] }}\n\
         github: {{ token: {{ env: GITHUB_TOKEN }} }}\nrules:\n  - name: x\n    {rest}\n"
    )
}
