//! Check runs: those of a commit, one more, one that has changed.

use form_urlencoded::Serializer;
use serde::Deserialize;
use serde_json::json;

use super::{MOST_PAGES, object};
use crate::github::{Access, GitHub, GitHubError, payload::Raw, transport::Call};

/// A check run that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRun {
    /// Its id.
    pub id: i64,
    /// What its App calls it.
    pub external_id: Option<String>,
    /// How it ended.
    pub conclusion: Option<String>,
    /// Markdown.
    pub summary: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    check_runs: Raw<'a>,
    #[serde(borrow)]
    id: Raw<'a>,
    #[serde(borrow)]
    external_id: Raw<'a>,
    #[serde(borrow)]
    conclusion: Raw<'a>,
    #[serde(borrow)]
    app: Raw<'a>,
    #[serde(borrow)]
    output: Raw<'a>,
    #[serde(borrow)]
    summary: Raw<'a>,
}

impl GitHub {
    /// The App's own check runs of a name at a commit, over all pages.
    ///
    /// <https://docs.github.com/en/rest/checks/runs#list-check-runs-for-a-git-reference>
    ///
    /// # Errors
    /// When GitHub refuses or a page cannot be read.
    pub async fn check_runs(
        &self,
        access: &Access,
        sha: &str,
        name: &str,
    ) -> Result<Vec<CheckRun>, GitHubError> {
        if sha.is_empty() || !sha.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(GitHubError::NotSent { why: format!("{sha:?} is not a commit") });
        }
        let query = Serializer::new(String::new())
            .append_pair("check_name", name)
            .append_pair("filter", "all")
            .append_pair("per_page", "100")
            .finish();
        let first = format!("/repos/{}/commits/{sha}/check-runs?{query}", access.repository);
        let own = self.inner.app_id.and_then(|id| i64::try_from(id).ok());
        let mut all = Vec::new();
        for answer in self.pages(access, first, "check runs", MOST_PAGES).await? {
            let page: Wire<'_> = object(&answer, "the list of check runs")?;
            let elements = page.check_runs.list();
            let elements = elements
                .ok_or_else(|| GitHubError::Unreadable { why: "the list has no check runs".to_owned() })?;
            for wire in elements.into_iter().filter_map(|raw| raw.object::<Wire<'_>>()) {
                let by = wire.app.object::<Wire<'_>>().and_then(|app| app.id.id());
                let Some(id) = wire.id.id().filter(|_| by.is_none() || by == own) else { continue };
                let output = wire.output.object::<Wire<'_>>().unwrap_or_default();
                all.push(CheckRun {
                    id,
                    external_id: wire.external_id.string(),
                    conclusion: wire.conclusion.string(),
                    summary: output.summary.string(),
                });
            }
        }
        Ok(all)
    }

    /// Shows a check run that has ended, at a commit, by its name. Needs *checks: write*, which only an App can have.
    ///
    /// <https://docs.github.com/en/rest/checks/runs#create-a-check-run>
    ///
    /// # Errors
    /// When GitHub refuses.
    pub async fn create_check_run(
        &self,
        access: &Access,
        (sha, name): (&str, &str),
        check: &CheckRun,
        details: Option<&str>,
    ) -> Result<(), GitHubError> {
        let mut body = body(name, check);
        if let Some(map) = body.as_object_mut() {
            map.insert("head_sha".to_owned(), json!(sha));
            if let Some(url) = details {
                map.insert("details_url".to_owned(), json!(url));
            }
        }
        let call = Call::post(format!("/repos/{}/check-runs", access.repository));
        self.call(access, call.with_json(body.to_string())).await.map(drop)
    }

    /// Changes a check run.
    ///
    /// <https://docs.github.com/en/rest/checks/runs#update-a-check-run>
    ///
    /// # Errors
    /// When GitHub refuses.
    pub async fn update_check_run(
        &self,
        access: &Access,
        name: &str,
        check: &CheckRun,
    ) -> Result<(), GitHubError> {
        let call = Call::patch(format!("/repos/{}/check-runs/{}", access.repository, check.id));
        self.call(access, call.with_json(body(name, check).to_string())).await.map(drop)
    }
}

fn body(name: &str, check: &CheckRun) -> serde_json::Value {
    json!({
        "name": name,
        "status": "completed",
        "conclusion": check.conclusion,
        "external_id": check.external_id,
        "output": { "title": name, "summary": check.summary },
    })
}
