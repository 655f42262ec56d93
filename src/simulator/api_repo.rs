//! The routes of a repository beside its runs.

use serde_json::{Value, json};

use super::exchange::Reply;
use super::list::{page, paged};
use super::routes::Asked;
use super::world::World;

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
