//! Identifiers as types of their own, so that a run's id never stands where a job's should.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value:?} {why}")]
pub struct IdError {
    what: &'static str,
    value: String,
    why: &'static str,
}

impl IdError {
    fn new(what: &'static str, value: &str, why: &'static str) -> Self {
        Self { what, value: value.chars().take(120).collect(), why }
    }
}

/// A workflow run's id; stays the same over all its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

/// A run's attempt, from 1; GitHub raises it with every re-run, a person's too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunAttempt(pub u32);

/// A job's id; a re-run gives every job that runs again a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub i64);

/// A workflow's id within GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkflowId(pub i64);

/// An environment's id, needed to review its pending deployments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnvironmentId(pub i64);

/// The id of a GitHub App's installation on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstallationId(pub i64);

macro_rules! display_number {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}
display_number!(RunId, RunAttempt, JobId, WorkflowId, EnvironmentId, InstallationId);

/// `OWNER/NAME`, in the characters that GitHub allows, so that it can stand in a URL's path as it is.
///
/// GitHub compares it without regard to case; so does equality here. The spelling is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName(String);

impl RepositoryName {
    /// Parses `OWNER/NAME`.
    ///
    /// # Errors
    /// When there is not exactly one slash, a part is empty, `.` or `..`, longer than 100 characters, or has a
    /// character besides ASCII letters, digits, `-`, `_` and `.`.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let fail = |why| Err(IdError::new("repository", text, why));
        let Some((owner, name)) = text.split_once('/') else {
            return fail("is not of the form OWNER/NAME");
        };
        for part in [owner, name] {
            if part.is_empty() || part.len() > 100 || part == "." || part == ".." {
                return fail("is not of the form OWNER/NAME");
            }
            if !part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
                return fail("has a character that GitHub does not allow in OWNER/NAME");
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// `OWNER/NAME` as it was spelled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account's login.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// The lower-case form, for keys.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialEq for RepositoryName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}
impl Eq for RepositoryName {}

impl std::hash::Hash for RepositoryName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RepositoryName {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> Self {
        name.0
    }
}

/// What tells one delivery from another: GitHub's `X-GitHub-Delivery`, or a name that runwarden gives to a
/// schedule's tick, a recovery or a command.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeliveryGuid(String);

impl DeliveryGuid {
    /// Takes 1 to 200 printable ASCII characters.
    ///
    /// # Errors
    /// When the text is empty, longer, or has other characters.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > 200 {
            return Err(IdError::new("delivery guid", text, "is not 1 to 200 characters long"));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(IdError::new("delivery guid", text, "has a character that is not printable ASCII"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeliveryGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for DeliveryGuid {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<DeliveryGuid> for String {
    fn from(guid: DeliveryGuid) -> Self {
        guid.0
    }
}

/// A rule's name: kebab-case, unique in its file; it appears in history, comments and metrics.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RuleName(String);

impl RuleName {
    /// The name under which commands given by hand stand in the history.
    pub const COMMAND: &'static str = "command";

    /// The name under which what breakers tell stands in the history.
    pub const BREAKER: &'static str = "breaker";

    /// Takes 1 to 64 lower-case letters, digits and single hyphens, beginning with a letter or digit.
    ///
    /// # Errors
    /// When the text is not kebab-case or too long.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let shaped = !text.is_empty()
            && text.len() <= 64
            && text.split('-').all(|part| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
        if shaped {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::new(
                "rule name",
                text,
                "is not kebab-case (lower-case letters, digits, single hyphens; at most 64)",
            ))
        }
    }

    /// The name of the pseudo rule behind commands.
    #[must_use]
    pub fn command() -> Self {
        Self(Self::COMMAND.to_owned())
    }

    /// The name of the pseudo rule behind what breakers tell.
    #[must_use]
    pub fn breaker() -> Self {
        Self(Self::BREAKER.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RuleName {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<RuleName> for String {
    fn from(name: RuleName) -> Self {
        name.0
    }
}
