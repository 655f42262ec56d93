//! The routes of a repository beside its runs.

use serde_json::{Value, json};

use super::exchange::Reply;
use super::list::{page, paged};
use super::routes::Asked;
use super::world::{Workflow, World};

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

    pub(super) fn get_tag(&self, asked: &Asked<'_>, tag: &str) -> Reply {
        let found = self.asked_repo(asked).and_then(|repo| Some((repo, repo.tags.get(tag)?)));
        let Some((repo, commit)) = found else { return Reply::not_found() };
        let url = |rest: String| self.api(&format!("/repos/{}/git/{rest}", repo.full_name()));
        Reply::json(
            200,
            &json!({
                "ref": format!("refs/tags/{tag}"),
                "node_id": format!("REF_kwDO{commit}"),
                "url": url(format!("refs/tags/{tag}")),
                "object": { "type": "commit", "sha": commit, "url": url(format!("commits/{commit}")) },
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
        let shown: Value = window.of(&mine).iter().map(|workflow| workflow_json(workflow)).collect();
        let body = json!({ "total_count": mine.len(), "workflows": shown });
        paged(Reply::json(200, &body), self, asked.call, &window)
    }

    /// By id or file; one that was deleted from GitHub's records is not there.
    pub(super) fn get_workflow(&self, asked: &Asked<'_>, workflow: &str) -> Reply {
        let is_it = |known: &&Workflow| known.file == workflow || known.id.to_string().as_str() == workflow;
        let found = self.workflows.iter().filter(|known| known.repo == asked.repo).find(is_it);
        match found.filter(|known| known.state != "gone") {
            Some(found) => Reply::json(200, &workflow_json(found)),
            None => Reply::not_found(),
        }
    }
}

fn workflow_json(workflow: &Workflow) -> Value {
    json!({
        "id": workflow.id,
        "node_id": format!("W_kwDO{}", workflow.id),
        "name": workflow.name,
        "path": format!(".github/workflows/{}", workflow.file),
        "state": workflow.state,
    })
}
