//! Secrets: never written into the file, never shown; read from the environment or from a file of their own.

use std::{fmt, fs, io::Read as _, path::Path};

use super::{
    fields::Fields,
    report::{At, Report, has_secret_sign},
    tree::Kind,
    vocabulary,
};
use crate::model::ChannelFormat;

/// No secret is larger; a device file as a secret must not fill the memory.
const LARGEST_BYTES: u64 = 64 * 1024;

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for signing and for sending, not for logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Which secrets and certificates are read; of the others only how they are named is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    All,
    /// What it takes to read from GitHub.
    OfReading,
    None,
}

/// Where secrets and files come from.
#[derive(Clone, Copy)]
pub(super) struct World<'w> {
    /// The folder that relative paths start from.
    pub(super) folder: &'w Path,
    /// The environment's variables.
    pub(super) env: &'w dyn Fn(&str) -> Option<String>,
    /// Which secrets are read.
    pub(super) secrets: Secrets,
    /// The channels that may be told, by name.
    pub(super) channels: &'w [(String, ChannelFormat)],
}

impl World<'_> {
    /// Whether secrets and certificates are read.
    pub(super) fn reads_secrets(self) -> bool {
        self.secrets != Secrets::None
    }

    /// The same for what only acting takes.
    pub(super) fn of_acting(self) -> Self {
        let secrets = if self.secrets == Secrets::All { Secrets::All } else { Secrets::None };
        Self { secrets, ..self }
    }
}

/// Stands for a secret that was not read.
const UNREAD: &str = "unread";

/// Reads `{ env: NAME }` or `{ file: PATH }`; the text is not empty and has no line break at its end.
pub(super) fn secret(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<Secret> {
    let help = "write `{ env: NAME }` or `{ file: PATH }`";
    if !matches!(at.node.kind, Kind::Map(_)) {
        report.conceal(at);
        let remedy = match at.node.kind {
            Kind::Text(_) => {
                format!("put the secret into a variable or a file and {help}; this one counts as leaked")
            }
            _ => help.to_owned(),
        };
        report.error(at, "a secret is not written into the configuration", remedy);
        return None;
    }
    let fields = Fields::open(report, at, vocabulary::SECRET)?;
    match (fields.get("env"), fields.get("file")) {
        (Some(env), None) => from_env(report, &env, world),
        (None, Some(file)) => from_file(report, &file, world),
        (Some(_), Some(file)) => {
            report.error(&file, "both `env` and `file`", "keep one of them");
            None
        }
        (None, None) => {
            report.error(at, "neither `env` nor `file`", help);
            None
        }
    }
}

fn from_env(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<Secret> {
    let name = super::values::text(report, at)?;
    if has_secret_sign(name) || !is_variable_name(name) {
        report.conceal(at);
        let remedy = "write the name of an environment variable, like `RUNWARDEN_TOKEN`; if this is a secret, it counts as leaked";
        report.error(at, "this is not the name of an environment variable", remedy);
        return None;
    }
    if !world.reads_secrets() {
        return Some(Secret::new(UNREAD));
    }
    let Some(text) = (world.env)(name) else {
        let remedy = format!("set `{name}` where runwarden is started, or use `file`");
        report.error(at, format!("the environment variable `{name}` is not set"), remedy);
        return None;
    };
    finish(report, at, &text, "the environment variable")
}

fn from_file(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<Secret> {
    if !world.reads_secrets() {
        return super::values::text(report, at).map(|_| Secret::new(UNREAD));
    }
    let text = file_text(report, at, world)?;
    finish(report, at, &text, "the file")
}

fn finish(report: &mut Report<'_>, at: &At<'_>, text: &str, what: &str) -> Option<Secret> {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() {
        report.error(at, format!("{what} is empty"), "give it the secret");
        return None;
    }
    Some(Secret::new(text))
}

fn is_variable_name(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The text of the file that the node names, relative to the configuration's folder.
pub(super) fn file_text(report: &mut Report<'_>, at: &At<'_>, world: World<'_>) -> Option<String> {
    let path = world.folder.join(super::values::text(report, at)?);
    let shown = path.display();
    match read_text(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            let remedy = "the path starts from the configuration's folder; check that it exists and that runwarden's user may read it";
            report.error(at, format!("cannot read {shown}: {error}"), remedy);
            None
        }
    }
}

fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(LARGEST_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST_BYTES {
        return Err(std::io::Error::other(format!("it is larger than {LARGEST_BYTES} bytes")));
    }
    Ok(text)
}
