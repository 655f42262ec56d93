//! GitHub: webhook signatures and payloads, and the REST client. The only module that imports octocrab and HMAC.
//!
//! Reading order: [`read`] for what comes in, [`GitHub`] for what goes out, [`GitHubError`] for what fails,
//! [`Pacer`] for what may be sent when.

mod asking;
mod channel;
mod client;
mod download;
mod endpoints;
mod errors;
mod limits;
mod message;
mod once;
mod options;
mod pacing;
mod payload;
mod readiness;
mod secret;
mod signature;
mod target;
#[cfg(test)]
mod tests;
mod tokens;
mod transport;

pub use channel::{Channel, ChannelError, ChannelPost};
pub use client::GitHub;
pub use endpoints::{
    Approval, CheckRun, DeploymentReview, Installation, InstalledRepository, IssueComment, Jobs, LogSink,
    LogsError, Meta, PendingDeployment, ProtectionRuleReview, RunPage, RunQuery, WorkflowRef,
};
pub use errors::{GitHubError, SetupError};
pub use limits::Quota;
pub use options::{Access, Credential, Meter, Options};
pub use pacing::{Cost, Pacer, Permit, Wait};
pub(crate) use payload::OWN_COMMENT;
pub use payload::{Glance, NotJson, Unreadable, glance, read, read_pull};
pub use secret::SecretText;
pub use signature::{SignatureError, WebhookSecrets, verify};
