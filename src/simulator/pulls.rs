//! Pull requests: what a story opens, and what happens to them; each change tells of itself by a webhook.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::world::{World, sha};

/// A pull request to open.
#[derive(Debug, Clone)]
pub struct PullSpec {
    pub(super) repo: String,
    pub(super) number: u64,
    pub(super) branch: String,
    pub(super) fork: Option<String>,
    pub(super) author: String,
    pub(super) base: String,
    pub(super) title: Option<String>,
    pub(super) draft: bool,
    pub(super) labels: BTreeSet<String>,
    pub(super) files: Vec<(String, Option<String>)>,
}

impl PullSpec {
    /// By `octocat`, from `branch` of the same repository to `main`.
    pub fn new(repo: impl Into<String>, number: u64, branch: impl Into<String>) -> Self {
        Self {
            repo: repo.into(),
            number,
            branch: branch.into(),
            fork: None,
            author: "octocat".to_owned(),
            base: "main".to_owned(),
            title: None,
            draft: false,
            labels: BTreeSet::new(),
            files: Vec::new(),
        }
    }

    /// The branch lies in this fork (`owner/name`).
    #[must_use]
    pub fn fork(mut self, full_name: impl Into<String>) -> Self {
        self.fork = Some(full_name.into());
        self
    }

    /// Login of whoever opens it.
    #[must_use]
    pub fn author(mut self, login: impl Into<String>) -> Self {
        self.author = login.into();
        self
    }

    /// The branch that it is to be merged into.
    #[must_use]
    pub fn base(mut self, branch: impl Into<String>) -> Self {
        self.base = branch.into();
        self
    }

    /// Its title.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// It is a draft.
    #[must_use]
    pub fn draft(mut self) -> Self {
        self.draft = true;
        self
    }

    /// It has this label from the beginning.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>) -> Self {
        self.labels.insert(name.into());
        self
    }

    /// It changes this file.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>) -> Self {
        self.files.push((path.into(), None));
        self
    }

    /// It moves a file.
    #[must_use]
    pub fn renamed(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.files.push((to.into(), Some(from.into())));
        self
    }
}

/// A pull request as it is now.
pub(super) struct Pull {
    pub(super) id: u64,
    pub(super) repo: u64,
    pub(super) spec: PullSpec,
    pub(super) head_sha: String,
    pub(super) open: bool,
    pub(super) merged_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// The fork was deleted: the head's repository is null.
    pub(super) fork_deleted: bool,
}

impl Pull {
    pub(super) fn number(&self) -> u64 {
        self.spec.number
    }

    /// Is it this branch of the repository itself, or of that fork?
    pub(super) fn is_from(&self, repo: u64, fork: Option<&str>, branch: &str) -> bool {
        self.repo == repo && self.spec.fork.as_deref() == fork && self.spec.branch == branch
    }
}

impl World {
    pub(super) fn open_pull(&mut self, spec: PullSpec) -> u64 {
        let repo = self.ensure_repo(&spec.repo);
        self.head(repo, &spec.base);
        let head_sha = match &spec.fork {
            Some(fork) => sha(&format!("{fork} {} 0", spec.branch)),
            None => self.head(repo, &spec.branch),
        };
        let (id, now, number) = (2_900_000_000 + self.next(), self.now(), spec.number);
        let author = spec.author.clone();
        self.pulls.push(Pull {
            id,
            repo,
            spec,
            head_sha,
            open: true,
            merged_at: None,
            closed_at: None,
            created_at: now,
            updated_at: now,
            fork_deleted: false,
        });
        self.emit_pull(repo, number, "opened", &author, json!({}));
        number
    }

    pub(super) fn pull(&self, repo: u64, number: u64) -> Option<&Pull> {
        self.pulls.iter().find(|pull| pull.repo == repo && pull.number() == number)
    }

    /// Login of whoever opened it.
    pub(super) fn author_of(&self, full_name: &str, number: u64) -> String {
        let repo = self.repo_by_name(full_name).map(|repo| repo.id).unwrap_or_default();
        self.pull(repo, number).map(|pull| pull.spec.author.clone()).unwrap_or_default()
    }

    /// The commit of a run that a pull request's branch of this name has started.
    pub(super) fn head_of_pull(&self, repo: u64, fork: Option<&str>, branch: &str) -> Option<String> {
        let mine = self.pulls.iter().rev().filter(|pull| pull.is_from(repo, fork, branch));
        mine.max_by_key(|pull| pull.open).map(|pull| pull.head_sha.clone())
    }

    /// Changes a pull request and tells of it.
    pub(super) fn change_pull(
        &mut self,
        full_name: &str,
        number: u64,
        (action, by): (&str, &str),
        more: Value,
        change: impl FnOnce(&mut Pull),
    ) {
        let (repo, now) = (self.ensure_repo(full_name), self.now());
        let Some(pull) = self.pulls.iter_mut().find(|pull| pull.repo == repo && pull.number() == number)
        else {
            return;
        };
        change(pull);
        pull.updated_at = now;
        self.emit_pull(repo, number, action, by, more);
    }

    /// A new commit on a branch moves the open pull requests from there.
    pub(super) fn move_pulls(&mut self, repo: u64, fork: Option<&str>, branch: &str, commit: &str) {
        let now = self.now();
        let mut moved = Vec::new();
        for pull in self.pulls.iter_mut().filter(|pull| pull.open && pull.is_from(repo, fork, branch)) {
            let before = std::mem::replace(&mut pull.head_sha, commit.to_owned());
            pull.updated_at = now;
            moved.push((pull.number(), pull.spec.author.clone(), before));
        }
        for (number, author, before) in moved {
            let more = json!({ "before": before, "after": commit });
            self.emit_pull(repo, number, "synchronize", &author, more);
        }
    }

    fn emit_pull(&mut self, repo: u64, number: u64, action: &str, by: &str, more: Value) {
        if let Some(body) = self.pull_payload(repo, number, action, by, more) {
            self.emit("pull_request", action, &body);
        }
    }
}
