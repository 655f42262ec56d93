//! The routes of a repository beside its runs.

use serde_json::{Value, json};

use super::exchange::Reply;
use super::list::{page, paged};
use super::routes::Asked;
use super::world::{Pull, Repo, World};

impl World {
    pub(super) fn get_repo(&self, asked: &Asked<'_>) -> Reply {
        match self.asked_repo(asked) {
            Some(repo) => Reply::json(200, &self.full_repository(repo)),
            None => Reply::not_found(),
        }
    }

    pub(super) fn get_branch(&self, asked: &Asked<'_>, branch: &str) -> Reply {
        let Some(repo) = self.asked_repo(asked) else { return Reply::not_found() };
        let Some(head) = repo.branches.get(branch) else { return Reply::message(404, "Branch not found") };
        let url = self.api(&format!("/repos/{}/commits/{head}", repo.full_name()));
        Reply::json(
            200,
            &json!({
                "name": branch,
                "commit": { "sha": head, "node_id": format!("C_kwDO{head}"), "url": url },
                "protected": branch == repo.default_branch,
            }),
        )
    }

    /// `state`, `head` (`owner:branch`) and `base`; or the open ones whose head is this commit.
    pub(super) fn get_pulls(&self, asked: &Asked<'_>, sha: Option<&str>) -> Reply {
        let Some(repo) = self.asked_repo(asked) else { return Reply::not_found() };
        let call = asked.call;
        let state = call.param("state").unwrap_or("open");
        let head = call.param("head").map(|head| head.split_once(':').map_or(head, |(_, branch)| branch));
        let fits = |pull: &&Pull| {
            pull.repo == repo.id
                && (state == "all" || pull.open == (state == "open"))
                && head.is_none_or(|head| head == pull.branch)
                && call.param("base").is_none_or(|base| base == pull.base)
                && sha.is_none_or(|sha| repo.branches.get(&pull.branch).is_some_and(|head| head == sha))
        };
        let mut pulls: Vec<&Pull> = self.pulls.iter().filter(fits).collect();
        pulls.reverse();
        let window = page(call, pulls.len());
        let all: Value = window.of(&pulls).iter().map(|pull| self.pull_json(repo, pull)).collect();
        paged(Reply::json(200, &all), self, call, &window)
    }

    fn pull_json(&self, repo: &Repo, pull: &Pull) -> Value {
        let full_name = repo.full_name();
        let side = |branch: &str| {
            json!({
                "label": format!("{}:{branch}", repo.owner),
                "ref": branch,
                "sha": repo.branches.get(branch),
                "user": self.account(&repo.owner, "Organization"),
                "repo": self.repository(repo, None),
            })
        };
        json!({
            "id": pull.id,
            "number": pull.number,
            "url": self.api(&format!("/repos/{full_name}/pulls/{}", pull.number)),
            "html_url": format!("{}/{full_name}/pull/{}", self.base, pull.number),
            "state": if pull.open { "open" } else { "closed" },
            "title": format!("Work on {}", pull.branch),
            "user": self.user("octocat"),
            "draft": false,
            "labels": [],
            "head": side(&pull.branch),
            "base": side(&pull.base),
        })
    }

    pub(super) fn get_environments(&self, asked: &Asked<'_>) -> Reply {
        let mine = self.environments.iter().filter(|environment| environment.repo == asked.repo);
        let all: Vec<Value> = mine.map(|environment| self.environment(environment)).collect();
        Reply::json(200, &json!({ "total_count": all.len(), "environments": all }))
    }

    pub(super) fn get_workflows(&self, asked: &Asked<'_>) -> Reply {
        let mine: Vec<_> = self.workflows.iter().filter(|workflow| workflow.repo == asked.repo).collect();
        let window = page(asked.call, mine.len());
        let json = |workflow: &&super::world::Workflow| {
            json!({
                "id": workflow.id,
                "node_id": format!("W_kwDO{}", workflow.id),
                "name": workflow.name,
                "path": format!(".github/workflows/{}", workflow.file),
                "state": "active",
            })
        };
        let shown: Value = window.of(&mine).iter().map(json).collect();
        let body = json!({ "total_count": mine.len(), "workflows": shown });
        paged(Reply::json(200, &body), self, asked.call, &window)
    }
}
