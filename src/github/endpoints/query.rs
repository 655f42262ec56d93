//! Which runs to list.

use form_urlencoded::Serializer;

use crate::{
    github::{GitHubError, target::segment},
    model::WorkflowId,
};

/// Filters of a list of runs. GitHub returns the newest first, and at most 1,000 in all when it filters.
///
/// <https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunQuery {
    /// A status or a conclusion, one of them.
    pub status: Option<String>,
    /// The head branch.
    pub branch: Option<String>,
    /// What triggered the run.
    pub event: Option<String>,
    /// The login that started the first attempt.
    pub actor: Option<String>,
    /// When the first attempt was created, in GitHub's search syntax: `<2026-01-01T00:00:00Z`, `A..B`.
    pub created: Option<String>,
    /// The head commit (Enterprise Server 3.7 and later; older ones ignore it).
    pub head_sha: Option<String>,
    /// Runs a page, 1 to 100; `None` for 100.
    pub per_page: Option<u8>,
}

impl RunQuery {
    /// The query string, without a question mark.
    pub(super) fn encoded(&self) -> String {
        let fields = [
            ("status", &self.status),
            ("branch", &self.branch),
            ("event", &self.event),
            ("actor", &self.actor),
            ("created", &self.created),
            ("head_sha", &self.head_sha),
        ];
        let mut query = Serializer::new(String::new());
        for (name, value) in fields {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.append_pair("per_page", &self.per_page.unwrap_or(100).clamp(1, 100).to_string());
        query.finish()
    }
}

/// A workflow, by id or by file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkflowRef {
    /// By its id.
    Id(WorkflowId),
    /// By its file: `ci.yml` or `.github/workflows/ci.yml`.
    File(String),
}

impl WorkflowRef {
    pub(super) fn segment(&self) -> Result<String, GitHubError> {
        match self {
            Self::Id(id) => Ok(id.to_string()),
            Self::File(path) => {
                let file = path.rsplit('/').next().unwrap_or(path);
                segment(file)
                    .ok_or_else(|| GitHubError::NotSent { why: format!("{path:?} is not a workflow's file") })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_percent_encoded() {
        let query = RunQuery {
            status: Some("completed".to_owned()),
            branch: Some("a b&c=d/é".to_owned()),
            created: Some(">=2026-01-01T01:00:00+07:00".to_owned()),
            per_page: Some(200),
            ..RunQuery::default()
        };
        let encoded = "status=completed&branch=a+b%26c%3Dd%2F%C3%A9&created=%3E%3D2026-01-01T01%3A00%3A00%2B07%3A00&per_page=100";
        assert_eq!(query.encoded(), encoded);
        assert_eq!(RunQuery::default().encoded(), "per_page=100");
    }

    #[test]
    fn a_workflow_is_named_by_id_or_file() {
        assert_eq!(WorkflowRef::Id(WorkflowId(7)).segment().unwrap(), "7");
        assert_eq!(WorkflowRef::File(".github/workflows/a b.yml".to_owned()).segment().unwrap(), "a%20b.yml");
        assert!(WorkflowRef::File("x/..".to_owned()).segment().is_err());
    }
}
