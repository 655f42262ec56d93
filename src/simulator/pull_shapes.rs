//! JSON of pull requests, and the bodies of the webhooks about them.

use serde_json::{Map, Value, json};

use super::clock::text;
use super::pulls::Pull;
use super::shapes::number_of;
use super::world::{Repo, World, sha};

impl World {
    /// As it stands in lists and in reviews; alone, and in its own webhooks, it says more.
    pub(super) fn pull_json(&self, repo: &Repo, pull: &Pull) -> Value {
        let full_name = repo.full_name();
        let url = self.api(&format!("/repos/{full_name}/pulls/{}", pull.number()));
        let page = format!("{}/{full_name}/pull/{}", self.base, pull.number());
        let base = repo.branches.get(&pull.spec.base).map(String::as_str);
        let labels: Vec<Value> = pull.spec.labels.iter().map(|name| self.label(&full_name, name)).collect();
        json!({
            "url": url,
            "id": pull.id,
            "node_id": format!("PR_kwDO{}", pull.id),
            "html_url": page,
            "diff_url": format!("{page}.diff"),
            "issue_url": self.api(&format!("/repos/{full_name}/issues/{}", pull.number())),
            "number": pull.number(),
            "state": if pull.open { "open" } else { "closed" },
            "locked": false,
            "title": title(pull),
            "user": self.user(&pull.spec.author),
            "body": null,
            "labels": labels,
            "milestone": null,
            "created_at": text(pull.created_at),
            "updated_at": text(pull.updated_at),
            "closed_at": pull.closed_at.map(text),
            "merged_at": pull.merged_at.map(text),
            "merge_commit_sha": sha(&format!("merge of {}", pull.head_sha)),
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "head": self.head_side(repo, pull),
            "base": self.side(repo, None, &pull.spec.base, base),
            "author_association": if pull.spec.fork.is_some() { "CONTRIBUTOR" } else { "MEMBER" },
            "auto_merge": null,
            "draft": pull.spec.draft,
        })
    }

    /// The long form.
    pub(super) fn full_pull_json(&self, repo: &Repo, pull: &Pull) -> Value {
        let mut long = self.pull_json(repo, pull);
        let more = json!({
            "merged": pull.merged_at.is_some(),
            "mergeable": null,
            "mergeable_state": "unknown",
            "merged_by": null,
            "comments": 0,
            "review_comments": 0,
            "maintainer_can_modify": pull.spec.fork.is_some(),
            "commits": 1,
            "additions": pull.spec.files.len(),
            "deletions": 0,
            "changed_files": pull.spec.files.len(),
        });
        if let (Value::Object(long), Value::Object(more)) = (&mut long, more) {
            long.extend(more);
        }
        long
    }

    fn head_side(&self, repo: &Repo, pull: &Pull) -> Value {
        let mut head = self.side(repo, pull.spec.fork.as_deref(), &pull.spec.branch, Some(&pull.head_sha));
        if pull.fork_deleted
            && let Some(repository) = head.get_mut("repo")
        {
            *repository = Value::Null;
        }
        head
    }

    fn side(&self, repo: &Repo, fork: Option<&str>, branch: &str, commit: Option<&str>) -> Value {
        let owner =
            fork.and_then(|fork| fork.split_once('/')).map_or(repo.owner.as_str(), |(owner, _)| owner);
        let kind = if fork.is_some() { "User" } else { "Organization" };
        json!({
            "label": format!("{owner}:{branch}"),
            "ref": branch,
            "sha": commit,
            "user": self.account(owner, kind),
            "repo": self.repository(repo, fork),
        })
    }

    pub(super) fn label(&self, full_name: &str, name: &str) -> Value {
        let id = 208_000_000 + number_of(name);
        json!({
            "id": id,
            "node_id": format!("LA_kwDO{id}"),
            "url": self.api(&format!("/repos/{full_name}/labels/{name}")),
            "name": name,
            "color": "ededed",
            "default": false,
            "description": null,
        })
    }

    pub(super) fn pull_payload(
        &self,
        repo: u64,
        number: u64,
        action: &str,
        by: &str,
        more: Value,
    ) -> Option<Value> {
        let (repo, pull) = (self.repo_by_id(repo)?, self.pull(repo, number)?);
        let mut body = self.envelope(repo, action, by);
        body.insert("number".to_owned(), json!(number));
        body.insert("pull_request".to_owned(), self.full_pull_json(repo, pull));
        extend(&mut body, more);
        Some(Value::Object(body))
    }
}

pub(super) fn title(pull: &Pull) -> String {
    pull.spec.title.clone().unwrap_or_else(|| format!("Work on {}", pull.spec.branch))
}

fn extend(body: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        body.extend(more);
    }
}
