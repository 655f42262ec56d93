//! The endpoints of GitHub's REST API that runwarden uses, one method each, by subject.
//!
//! GitHub's description: <https://docs.github.com/en/rest/actions/workflow-runs>. What they return is read
//! leniently: a field that is absent, null or of another type is `None`, an unknown word is kept as it came.

mod annotations;
mod app;
mod checks;
mod contributors;
mod conversation;
mod deployments;
mod jobs;
mod logs;
mod pulls;
mod query;
mod repository;
mod runs;
mod surroundings;
mod teams;

pub use app::{Installation, InstalledRepository, Meta};
pub use checks::CheckRun;
pub(super) use contributors::Contributors;
pub use conversation::IssueComment;
pub use deployments::{Approval, DeploymentReview, PendingDeployment, ProtectionRuleReview};
pub use jobs::Jobs;
pub(super) use jobs::job;
pub use logs::{LogSink, LogsError};
pub use query::{RunQuery, WorkflowRef};
pub use runs::RunPage;
pub(super) use teams::Answered;

use http::header::LINK;
use serde::Deserialize;

use super::{
    GitHubError,
    payload::{Object, Raw},
    transport::Answer,
};

/// No list is longer than this many pages of 100; what goes on for longer is a loop.
const MOST_PAGES: usize = 200;

/// The answer's JSON object.
fn object<'a, T: Deserialize<'a>>(answer: &'a Answer, what: &str) -> Result<T, GitHubError> {
    match serde_json::from_slice::<Object<T>>(&answer.body) {
        Ok(Object(Some(object))) => Ok(object),
        Ok(Object(None)) => Err(GitHubError::Unreadable { why: format!("{what} is not a JSON object") }),
        Err(error) => Err(GitHubError::Unreadable { why: format!("{what} is not JSON: {error}") }),
    }
}

/// The answer's JSON list.
fn list<'a>(answer: &'a Answer, what: &str) -> Result<Vec<Raw<'a>>, GitHubError> {
    serde_json::from_slice::<Vec<Raw<'_>>>(&answer.body)
        .map_err(|error| GitHubError::Unreadable { why: format!("{what} is not a JSON list: {error}") })
}

impl super::GitHub {
    /// Path and query of the next page, if there is one.
    fn next_page(&self, answer: &Answer) -> Option<String> {
        answer.header(LINK).and_then(|link| self.inner.base.next_page(link))
    }
}
