//! What stands on a pull request: comments and labels. To GitHub's API every pull request is an issue too.

use serde::Deserialize;
use serde_json::json;

use super::{MOST_PAGES, list, object};
use crate::{
    github::{Access, GitHub, GitHubError, asking::Asker, payload::Raw, target::segment, transport::Call},
    model::Lane,
};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueComment {
    /// Its id.
    pub id: i64,
    /// Markdown.
    pub body: String,
    /// The login of whoever wrote it.
    pub author: Option<String>,
    /// The App that it was written through.
    pub app: Option<i64>,
    /// Whether its author is a bot.
    pub by_bot: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    id: Raw<'a>,
    #[serde(borrow)]
    body: Raw<'a>,
    #[serde(borrow)]
    user: Raw<'a>,
    #[serde(borrow)]
    performed_via_github_app: Raw<'a>,
    #[serde(borrow, rename = "type")]
    kind: Raw<'a>,
    #[serde(borrow)]
    login: Raw<'a>,
    #[serde(borrow)]
    slug: Raw<'a>,
}

impl GitHub {
    /// The comments of a pull request, the oldest first, over all pages.
    ///
    /// <https://docs.github.com/en/rest/issues/comments#list-issue-comments>
    ///
    /// # Errors
    /// When GitHub refuses or a page cannot be read.
    pub async fn comments(&self, access: &Access, number: u64) -> Result<Vec<IssueComment>, GitHubError> {
        let first = format!("/repos/{}/issues/{number}/comments?per_page=100", access.repository);
        let mut all = Vec::new();
        for answer in self.pages(access, first, "comments", MOST_PAGES).await? {
            for wire in
                list(&answer, "the list of comments")?.into_iter().filter_map(|raw| raw.object::<Wire<'_>>())
            {
                let user = wire.user.object::<Wire<'_>>().unwrap_or_default();
                let app = wire.performed_via_github_app.object::<Wire<'_>>();
                let Some(id) = wire.id.id() else { continue };
                all.push(IssueComment {
                    id,
                    body: wire.body.string().unwrap_or_default(),
                    author: user.login.string(),
                    app: app.and_then(|app| app.id.id()),
                    by_bot: user.kind.text().as_deref() == Some("Bot"),
                });
            }
        }
        Ok(all)
    }

    /// Whether we wrote the comment. What a person wrote through the App is the person's.
    ///
    /// # Errors
    /// When GitHub does not say who we are.
    pub async fn is_ours(&self, access: &Access, comment: &IssueComment) -> Result<bool, GitHubError> {
        if let Some(own) = self.inner.app_id {
            if !comment.by_bot {
                return Ok(false);
            }
            if let Some(app) = comment.app {
                return Ok(u64::try_from(app) == Ok(own));
            }
        }
        let Some(author) = &comment.author else {
            return Ok(false);
        };
        let login = self.inner.login.get(&(), |_| true, self.own_login(access)).await?;
        Ok(author.eq_ignore_ascii_case(&login))
    }

    /// The login under which we write.
    async fn own_login(&self, access: &Access) -> Result<String, GitHubError> {
        let unknown = || GitHubError::Unreadable { why: "GitHub does not say who we are".to_owned() };
        if self.inner.is_app() {
            let answer = self.call_as(Asker::app(Lane::Event), Call::get("/app".to_owned())).await?;
            let app: Wire<'_> = object(&answer, "the App")?;
            return app.slug.string().map(|slug| format!("{slug}[bot]")).ok_or_else(unknown);
        }
        let answer = self.call(access, Call::get("/user".to_owned())).await?;
        let user: Wire<'_> = object(&answer, "the token's user")?;
        user.login.string().ok_or_else(unknown)
    }

    /// Writes a comment.
    ///
    /// <https://docs.github.com/en/rest/issues/comments#create-an-issue-comment>
    ///
    /// # Errors
    /// When GitHub refuses.
    pub async fn create_comment(&self, access: &Access, number: u64, body: &str) -> Result<(), GitHubError> {
        let call = Call::post(format!("/repos/{}/issues/{number}/comments", access.repository));
        self.call(access, call.with_json(json!({ "body": body }).to_string())).await.map(drop)
    }

    /// Changes a comment.
    ///
    /// <https://docs.github.com/en/rest/issues/comments#update-an-issue-comment>
    ///
    /// # Errors
    /// When GitHub refuses.
    pub async fn update_comment(&self, access: &Access, id: i64, body: &str) -> Result<(), GitHubError> {
        let call = Call::patch(format!("/repos/{}/issues/comments/{id}", access.repository));
        self.call(access, call.with_json(json!({ "body": body }).to_string())).await.map(drop)
    }

    /// Adds labels to a pull request; those that the repository does not have yet are made.
    ///
    /// <https://docs.github.com/en/rest/issues/labels#add-labels-to-an-issue>
    ///
    /// # Errors
    /// When GitHub refuses.
    pub async fn add_labels(
        &self,
        access: &Access,
        number: u64,
        names: &[String],
    ) -> Result<(), GitHubError> {
        let call = Call::post(format!("/repos/{}/issues/{number}/labels", access.repository));
        self.call(access, call.with_json(json!({ "labels": names }).to_string())).await.map(drop)
    }

    /// Takes a label off a pull request.
    ///
    /// <https://docs.github.com/en/rest/issues/labels#remove-a-label-from-an-issue>
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when it does not have it; when GitHub refuses.
    pub async fn remove_label(&self, access: &Access, number: u64, name: &str) -> Result<(), GitHubError> {
        let name =
            segment(name).ok_or_else(|| GitHubError::NotSent { why: format!("{name:?} is not a label") })?;
        let call = Call::delete(format!("/repos/{}/issues/{number}/labels/{name}", access.repository));
        self.call(access, call).await.map(drop)
    }
}
