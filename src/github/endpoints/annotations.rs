//! What is noted on a job.

use serde::Deserialize;

use super::{MOST_PAGES, list};
use crate::{
    github::{Access, GitHub, GitHubError, payload::Raw, transport::Call},
    model::{Annotation, JobId},
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct AnnotationWire<'a> {
    #[serde(borrow)]
    annotation_level: Raw<'a>,
    #[serde(borrow)]
    title: Raw<'a>,
    #[serde(borrow)]
    message: Raw<'a>,
}

impl GitHub {
    /// The annotations of a job, over all pages; a job's id is its check run's. Needs *checks: read*. None where
    /// GitHub has no such check run (404).
    ///
    /// <https://docs.github.com/en/rest/checks/runs#list-check-run-annotations>
    ///
    /// # Errors
    /// When GitHub refuses otherwise or a page cannot be read.
    pub async fn annotations(&self, access: &Access, job: JobId) -> Result<Vec<Annotation>, GitHubError> {
        let mut all = Vec::new();
        let first = format!("/repos/{}/check-runs/{job}/annotations?per_page=100", access.repository);
        let mut next = Some(first);
        for _ in 0..MOST_PAGES {
            let Some(target) = next else { return Ok(all) };
            let answer = match self.call(access, Call::get(target)).await {
                Err(GitHubError::NotFound { .. }) if all.is_empty() => return Ok(all),
                answer => answer?,
            };
            for raw in list(&answer, "the list of annotations")? {
                let wire: AnnotationWire<'_> = raw.object().unwrap_or_default();
                all.push(Annotation {
                    level: wire.annotation_level.string(),
                    title: wire.title.string(),
                    message: wire.message.string(),
                });
            }
            next = self.next_page(&answer);
        }
        Err(GitHubError::Unreadable {
            why: format!("the list of annotations does not end after {MOST_PAGES} pages"),
        })
    }
}
