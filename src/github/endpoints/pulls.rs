//! Pull requests: of a head, of a commit, by number.

use form_urlencoded::Serializer;
use serde::Deserialize;

use super::{MOST_PAGES, list, object};
use crate::{
    github::{
        Access, GitHub, GitHubError,
        payload::{Raw, pull_request},
        transport::{Answer, Call},
    },
    model::{ChangedFiles, PullRequest, RepositoryName},
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct FileWire<'a> {
    #[serde(borrow)]
    filename: Raw<'a>,
    #[serde(borrow)]
    previous_filename: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NowWire<'a> {
    #[serde(borrow)]
    changed_files: Raw<'a>,
    #[serde(borrow)]
    head: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HeadWire<'a> {
    #[serde(borrow)]
    sha: Raw<'a>,
}

impl GitHub {
    /// The pull requests whose head is a branch of that repository, the newest first, open or closed.
    ///
    /// GitHub filters by the head's account; an account may have several repositories of one name's network, and
    /// a filter that GitHub does not understand it disregards, so that what it answers is looked through again.
    ///
    /// <https://docs.github.com/en/rest/pulls/pulls#list-pull-requests>
    ///
    /// # Errors
    /// When GitHub refuses or a pull request cannot be read: to leave one out would say that there is none.
    pub async fn pulls_of_head(
        &self,
        access: &Access,
        head: &RepositoryName,
        branch: &str,
    ) -> Result<Vec<PullRequest>, GitHubError> {
        let query = Serializer::new(String::new())
            .append_pair("head", &format!("{}:{branch}", head.owner()))
            .append_pair("state", "all")
            .append_pair("per_page", "100")
            .finish();
        let first = format!("/repos/{}/pulls?{query}", access.repository);
        let mut pulls = self.pulls(access, first).await?;
        pulls.retain(|pull| pull.comes_from(head, branch));
        Ok(pulls)
    }

    /// The pull requests that a commit belongs to: of a commit of the default branch the merged one that brought it
    /// there, else the open ones.
    ///
    /// <https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit>
    ///
    /// # Errors
    /// When GitHub refuses or a pull request cannot be read.
    pub async fn pulls_of_commit(&self, access: &Access, sha: &str) -> Result<Vec<PullRequest>, GitHubError> {
        if sha.is_empty() || !sha.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(GitHubError::NotSent { why: format!("{sha:?} is not a commit") });
        }
        let first = format!("/repos/{}/commits/{sha}/pulls?per_page=100", access.repository);
        self.pulls(access, first).await
    }

    /// One pull request, as it is now.
    ///
    /// <https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request>
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when there is none of that number; when GitHub refuses or the answer cannot be read.
    pub async fn pull_request(&self, access: &Access, number: u64) -> Result<PullRequest, GitHubError> {
        let target = format!("/repos/{}/pulls/{number}", access.repository);
        let answer = self.call(access, Call::get(target)).await?;
        let raw = serde_json::from_slice(&answer.body).unwrap_or_default();
        read(raw)
    }

    /// The files that a pull request changes. GitHub lists three thousand at most.
    ///
    /// <https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files>
    ///
    /// # Errors
    /// When GitHub refuses or a file cannot be read: to leave one out would say that it is not changed.
    pub async fn pull_files(&self, access: &Access, number: u64) -> Result<ChangedFiles, GitHubError> {
        let first = format!("/repos/{}/pulls/{number}/files?per_page=100", access.repository);
        let mut files = Vec::new();
        for answer in self.pages(access, first, "changed files", MOST_PAGES).await? {
            let unreadable = || GitHubError::Unreadable { why: "a changed file has no name".to_owned() };
            for raw in list(&answer, "the list of changed files")? {
                let file = raw.object::<FileWire<'_>>().unwrap_or_default();
                let name = file.filename.string().ok_or_else(unreadable)?;
                files.push(std::iter::once(name).chain(file.previous_filename.string()).collect());
            }
        }
        // Only now: had the head moved meanwhile, they would be another commit's.
        let answer =
            self.call(access, Call::get(format!("/repos/{}/pulls/{number}", access.repository))).await?;
        let now: NowWire<'_> = object(&answer, "the pull request")?;
        let head = now.head.object::<HeadWire<'_>>().unwrap_or_default();
        let all = now.changed_files.int().and_then(|count| usize::try_from(count).ok());
        let complete = files.len() < ChangedFiles::MOST && all.is_none_or(|all| all <= files.len());
        Ok(ChangedFiles { files, complete, head_sha: head.sha.string() })
    }

    async fn pulls(&self, access: &Access, first: String) -> Result<Vec<PullRequest>, GitHubError> {
        let mut all = Vec::new();
        for answer in self.pages(access, first, "pull requests", MOST_PAGES).await? {
            let page: Result<Vec<_>, _> =
                list(&answer, "the list of pull requests")?.into_iter().map(read).collect();
            all.extend(page?);
        }
        Ok(all)
    }

    /// A list, page by page, over so many pages at most.
    pub(super) async fn pages(
        &self,
        access: &Access,
        first: String,
        what: &str,
        most: usize,
    ) -> Result<Vec<Answer>, GitHubError> {
        let mut pages = Vec::new();
        let mut next = Some(first);
        while let Some(target) = next {
            if pages.len() >= most {
                let why = format!("the list of {what} does not end after {most} pages");
                return Err(GitHubError::Unreadable { why });
            }
            let answer = self.call(access, Call::get(target)).await?;
            next = self.next_page(&answer);
            pages.push(answer);
        }
        Ok(pages)
    }
}

fn read(raw: Raw<'_>) -> Result<PullRequest, GitHubError> {
    let unreadable = || GitHubError::Unreadable { why: "a pull request has no number or labels".to_owned() };
    pull_request(raw).ok_or_else(unreadable)
}
