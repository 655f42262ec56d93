//! JSON of people, repositories, installations and environments, with the fields that GitHub sends.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::clock::text;
use super::world::{Environment, Repo, World};

/// Slug of the App that the simulator plays host to.
pub(super) const APP_SLUG: &str = "runwarden";
/// Its id.
pub(super) const APP_ID: u64 = 12_345;

/// Field and path of a repository's `*_url`s.
const REPO_URLS: [(&str, &str); 37] = [
    ("forks_url", "/forks"),
    ("keys_url", "/keys{/key_id}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("teams_url", "/teams"),
    ("hooks_url", "/hooks"),
    ("issue_events_url", "/issues/events{/number}"),
    ("events_url", "/events"),
    ("assignees_url", "/assignees{/user}"),
    ("branches_url", "/branches{/branch}"),
    ("tags_url", "/tags"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("trees_url", "/git/trees{/sha}"),
    ("statuses_url", "/statuses/{sha}"),
    ("languages_url", "/languages"),
    ("stargazers_url", "/stargazers"),
    ("contributors_url", "/contributors"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("commits_url", "/commits{/sha}"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("comments_url", "/comments{/number}"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("contents_url", "/contents/{+path}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("merges_url", "/merges"),
    ("archive_url", "/{archive_format}{/ref}"),
    ("downloads_url", "/downloads"),
    ("issues_url", "/issues{/number}"),
    ("pulls_url", "/pulls{/number}"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("labels_url", "/labels{/name}"),
    ("releases_url", "/releases{/id}"),
    ("deployments_url", "/deployments"),
    ("url", ""),
];

/// Field and path of a user's `*_url`s.
const USER_URLS: [(&str, &str); 10] = [
    ("url", ""),
    ("followers_url", "/followers"),
    ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"),
    ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"),
    ("organizations_url", "/orgs"),
    ("repos_url", "/repos"),
    ("events_url", "/events{/privacy}"),
    ("received_events_url", "/received_events"),
];

/// A number that belongs to a name, the same in every simulator.
pub(super) fn number_of(name: &str) -> u64 {
    let digest = Sha256::digest(name);
    digest.iter().take(3).fold(1_000_000, |sum, byte| sum * 3 + u64::from(*byte))
}

impl World {
    pub(super) fn api(&self, path: &str) -> String {
        format!("{}/api/v3{path}", self.base)
    }

    pub(super) fn user(&self, login: &str) -> Value {
        self.account(login, if login.ends_with("[bot]") { "Bot" } else { "User" })
    }

    pub(super) fn account(&self, login: &str, kind: &str) -> Value {
        let id = number_of(login);
        let mut user = Map::new();
        for (field, path) in USER_URLS {
            user.insert(field.to_owned(), json!(self.api(&format!("/users/{login}{path}"))));
        }
        user.insert("login".to_owned(), json!(login));
        user.insert("id".to_owned(), json!(id));
        user.insert("node_id".to_owned(), json!(format!("MDQ6VXNlcj{id}")));
        user.insert("avatar_url".to_owned(), json!(format!("{}/avatars/u/{id}?v=4", self.base)));
        user.insert("gravatar_id".to_owned(), json!(""));
        user.insert("html_url".to_owned(), json!(format!("{}/{login}", self.base)));
        user.insert("type".to_owned(), json!(kind));
        user.insert("user_view_type".to_owned(), json!("public"));
        user.insert("site_admin".to_owned(), json!(false));
        Value::Object(user)
    }

    /// The short form, as it stands inside a run.
    pub(super) fn repository(&self, repo: &Repo, fork: Option<&str>) -> Value {
        let full_name = fork.map_or_else(|| repo.full_name(), str::to_owned);
        let (owner, name) = full_name.split_once('/').unwrap_or(("", full_name.as_str()));
        let id = if fork.is_some() { 810_000_000 + number_of(&full_name) } else { repo.id };
        let mut short = Map::new();
        for (field, path) in REPO_URLS {
            short.insert(field.to_owned(), json!(self.api(&format!("/repos/{full_name}{path}"))));
        }
        short.insert("id".to_owned(), json!(id));
        short.insert("node_id".to_owned(), json!(format!("R_kgDO{id}")));
        short.insert("name".to_owned(), json!(name));
        short.insert("full_name".to_owned(), json!(full_name));
        short.insert("private".to_owned(), json!(repo.private && fork.is_none()));
        let kind = if fork.is_some() { "User" } else { "Organization" };
        short.insert("owner".to_owned(), self.account(owner, kind));
        short.insert("html_url".to_owned(), json!(format!("{}/{full_name}", self.base)));
        short.insert("description".to_owned(), Value::Null);
        short.insert("fork".to_owned(), json!(fork.is_some()));
        Value::Object(short)
    }

    /// The long form: of a webhook's `repository` and of `GET /repos/{owner}/{repo}`.
    pub(super) fn full_repository(&self, repo: &Repo) -> Value {
        let full_name = repo.full_name();
        let mut long = self.repository(repo, None);
        let more = json!({
            "created_at": "2021-03-01T08:00:00Z",
            "updated_at": "2026-01-01T08:00:00Z",
            "pushed_at": "2026-01-01T08:00:00Z",
            "git_url": format!("git://127.0.0.1/{full_name}.git"),
            "ssh_url": format!("git@127.0.0.1:{full_name}.git"),
            "clone_url": format!("{}/{full_name}.git", self.base),
            "svn_url": format!("{}/{full_name}", self.base),
            "homepage": null,
            "size": 4184,
            "stargazers_count": 12,
            "watchers_count": 12,
            "language": "Rust",
            "has_issues": true,
            "has_projects": true,
            "has_downloads": true,
            "has_wiki": false,
            "has_pages": false,
            "has_discussions": false,
            "forks_count": 3,
            "mirror_url": null,
            "archived": false,
            "disabled": false,
            "open_issues_count": 4,
            "license": null,
            "allow_forking": true,
            "is_template": false,
            "web_commit_signoff_required": false,
            "topics": [],
            "visibility": if repo.private { "private" } else { "public" },
            "forks": 3,
            "open_issues": 4,
            "watchers": 12,
            "default_branch": repo.default_branch,
            "custom_properties": {}
        });
        if let (Value::Object(long), Value::Object(more)) = (&mut long, more) {
            long.extend(more);
        }
        long
    }

    pub(super) fn organization(&self, login: &str) -> Value {
        let id = number_of(login);
        let url = |path: &str| self.api(&format!("/orgs/{login}{path}"));
        json!({
            "login": login,
            "id": id,
            "node_id": format!("O_kgDO{id}"),
            "url": url(""),
            "repos_url": url("/repos"),
            "events_url": url("/events"),
            "hooks_url": url("/hooks"),
            "issues_url": url("/issues"),
            "members_url": url("/members{/member}"),
            "public_members_url": url("/public_members{/member}"),
            "avatar_url": format!("{}/avatars/u/{id}?v=4", self.base),
            "description": ""
        })
    }

    pub(super) fn installation(&self, owner: &str) -> Option<Value> {
        let found = self.installation_of(owner)?;
        let id = found.id;
        Some(json!({
            "id": id,
            "account": self.account(owner, "Organization"),
            "repository_selection": "selected",
            "access_tokens_url": self.api(&format!("/app/installations/{id}/access_tokens")),
            "repositories_url": self.api("/installation/repositories"),
            "html_url": format!("{}/organizations/{owner}/settings/installations/{id}", self.base),
            "app_id": APP_ID,
            "app_slug": APP_SLUG,
            "target_id": number_of(owner),
            "target_type": "Organization",
            "permissions": permissions(),
            "events": ["workflow_run", "workflow_job", "deployment_review", "deployment_protection_rule"],
            "created_at": "2026-01-01T08:00:00Z",
            "updated_at": "2026-01-01T08:00:00Z",
            "single_file_name": null,
            "has_multiple_single_files": false,
            "single_file_paths": [],
            "suspended_by": null,
            "suspended_at": if found.suspended { json!(text(self.now())) } else { Value::Null }
        }))
    }

    pub(super) fn environment(&self, environment: &Environment) -> Value {
        let repo = self.repo_by_id(environment.repo).map(Repo::full_name).unwrap_or_default();
        let (id, name) = (environment.id, &environment.name);
        json!({
            "id": id,
            "node_id": format!("EN_kwDO{id}"),
            "name": name,
            "url": self.api(&format!("/repos/{repo}/environments/{name}")),
            "html_url": format!("{}/{repo}/deployments/activity_log?environments_filter={name}", self.base),
            "created_at": "2025-11-23T22:00:40Z",
            "updated_at": "2025-11-23T22:00:40Z"
        })
    }
}

pub(super) fn permissions() -> Value {
    json!({
        "metadata": "read", "actions": "write", "deployments": "write", "pull_requests": "read", "members": "read"
    })
}
