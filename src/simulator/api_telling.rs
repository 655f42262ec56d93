//! The routes of comments, labels and checks, and what a story sees of them.

use serde_json::{Value, json};

use super::auth::Who;
use super::exchange::Reply;
use super::handle::Simulator;
use super::list::{page, paged};
use super::routes::Asked;
use super::shapes::APP_ID;
use super::world::World;

/// A comment on a pull request.
pub(super) struct Comment {
    id: u64,
    repo: u64,
    number: u64,
    author: String,
    by_app: bool,
    body: String,
}

/// A check run of the App.
pub(super) struct Check {
    id: u64,
    repo: u64,
    sha: String,
    fields: Value,
}

impl Comment {
    fn json(&self) -> Value {
        let kind = if self.by_app { "Bot" } else { "User" };
        let app = if self.by_app { json!({ "id": APP_ID }) } else { Value::Null };
        json!({
            "id": self.id,
            "body": self.body,
            "user": { "login": self.author, "type": kind },
            "performed_via_github_app": app,
        })
    }
}

impl Check {
    fn json(&self) -> Value {
        let mut json = self.fields.clone();
        if let Value::Object(map) = &mut json {
            map.insert("id".to_owned(), json!(self.id));
            map.insert("head_sha".to_owned(), json!(self.sha));
            map.insert("app".to_owned(), json!({ "id": APP_ID }));
        }
        json
    }
}

impl World {
    pub(super) fn get_comments(&self, asked: &Asked<'_>, number: &str) -> Reply {
        let of_it = |it: &&Comment| it.repo == asked.repo && it.number.to_string() == number;
        let all: Vec<&Comment> = self.comments.iter().filter(of_it).collect();
        let window = page(asked.call, all.len());
        let shown: Value = window.of(&all).iter().map(|comment| comment.json()).collect();
        paged(Reply::json(200, &shown), self, asked.call, &window)
    }

    pub(super) fn post_comment(&mut self, asked: &Asked<'_>, number: &str) -> Reply {
        if let Some(refusal) = self.refuse_without(asked.who, "pull_requests") {
            return refusal;
        }
        let found = number.parse().ok().filter(|number| self.pull(asked.repo, *number).is_some());
        let (Some(number), Some(body)) = (found, asked.call.json.get("body").and_then(Value::as_str)) else {
            return Reply::not_found();
        };
        if body.is_empty() || body.chars().count() > 65_536 {
            return Reply::message(422, "Validation Failed");
        }
        let by_app = asked.who.is_app();
        let comment = Comment {
            id: 9_000 + self.next(),
            repo: asked.repo,
            number,
            author: asked.who.login().to_owned(),
            by_app,
            body: body.to_owned(),
        };
        let reply = Reply::json(201, &comment.json());
        self.emit_comment(&comment, "NONE");
        self.comments.push(comment);
        reply
    }

    pub(super) fn patch_comment(&mut self, asked: &Asked<'_>, id: &str) -> Reply {
        let body = asked.call.json.get("body").and_then(Value::as_str).map(str::to_owned);
        let found = self.comments.iter_mut().find(|it| it.repo == asked.repo && it.id.to_string() == id);
        match (found, body) {
            (Some(comment), _) if comment.author != asked.who.login() => {
                Reply::message(403, "Resource not accessible by integration")
            }
            (Some(comment), Some(body)) => {
                comment.body = body;
                Reply::json(200, &comment.json())
            }
            _ => Reply::not_found(),
        }
    }

    pub(super) fn post_labels(&mut self, asked: &Asked<'_>, number: &str) -> Reply {
        let names = asked.call.json.get("labels").and_then(Value::as_array).cloned().unwrap_or_default();
        let pull =
            self.pulls.iter_mut().find(|it| it.repo == asked.repo && it.number().to_string() == number);
        let Some(pull) = pull else { return Reply::not_found() };
        pull.spec.labels.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
        Reply::json(200, &pull.spec.labels.iter().map(|name| json!({ "name": name })).collect())
    }

    pub(super) fn delete_label(&mut self, asked: &Asked<'_>, number: &str, name: &str) -> Reply {
        let pull =
            self.pulls.iter_mut().find(|it| it.repo == asked.repo && it.number().to_string() == number);
        match pull.map(|pull| pull.spec.labels.remove(name)) {
            Some(true) => Reply::json(200, &json!([])),
            Some(false) => Reply::message(404, "Label does not exist"),
            None => Reply::not_found(),
        }
    }

    pub(super) fn get_checks(&self, asked: &Asked<'_>, sha: &str) -> Reply {
        let name = asked.call.param("check_name");
        let fits = |it: &&Check| {
            let named = it.fields.get("name").and_then(Value::as_str);
            it.repo == asked.repo && it.sha == sha && name.is_none_or(|name| named == Some(name))
        };
        let all: Vec<&Check> = self.checks.iter().filter(fits).collect();
        let window = page(asked.call, all.len());
        let shown: Value = window.of(&all).iter().map(|check| check.json()).collect();
        let body = json!({ "total_count": all.len(), "check_runs": shown });
        paged(Reply::json(200, &body), self, asked.call, &window)
    }

    pub(super) fn post_check(&mut self, asked: &Asked<'_>) -> Reply {
        if let Some(refusal) = self.refuse_without(asked.who, "checks") {
            return refusal;
        }
        if !matches!(asked.who, Who::Installation { .. }) {
            return Reply::message(403, "You must authenticate via a GitHub App.");
        }
        let text = |name: &str| asked.call.json.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(sha), Some(_)) = (text("head_sha"), text("name")) else {
            return Reply::message(422, "Invalid request.");
        };
        let check = Check { id: 8_000 + self.next(), repo: asked.repo, sha, fields: asked.call.json.clone() };
        let reply = Reply::json(201, &check.json());
        self.checks.push(check);
        reply
    }

    pub(super) fn patch_check(&mut self, asked: &Asked<'_>, id: &str) -> Reply {
        let found = self.checks.iter_mut().find(|it| it.repo == asked.repo && it.id.to_string() == id);
        let Some(check) = found else { return Reply::not_found() };
        check.fields = asked.call.json.clone();
        Reply::json(200, &check.json())
    }
}

impl World {
    /// Tells of a comment; GitHub's payload describes the pull request as an issue.
    fn emit_comment(&mut self, comment: &Comment, association: &str) {
        let Some(repo) = self.repo_by_id(comment.repo) else { return };
        let mut body = self.envelope(repo, "created", &comment.author);
        let mut told = comment.json();
        if let Some(told) = told.as_object_mut() {
            told.insert("author_association".to_owned(), json!(association));
        }
        let url = self.api(&format!("/repos/{}/pulls/{}", repo.full_name(), comment.number));
        body.insert("comment".to_owned(), told);
        body.insert(
            "issue".to_owned(),
            json!({ "number": comment.number, "state": "open", "pull_request": { "url": url } }),
        );
        self.emit("issue_comment", "created", &serde_json::Value::Object(body));
    }
}

impl Simulator {
    /// Somebody who is nothing to the repository comments on a pull request.
    pub fn person_comments(&self, repo: &str, number: u64, login: &str, body: &str) {
        self.person_comments_as("NONE", repo, number, login, body);
    }

    /// Somebody comments on a pull request, who is that to the repository: `MEMBER`, `NONE`…
    pub fn person_comments_as(&self, association: &str, repo: &str, number: u64, login: &str, body: &str) {
        self.change(|world| {
            let comment = Comment {
                id: 9_000 + world.next(),
                repo: world.ensure_repo(repo),
                number,
                author: login.to_owned(),
                by_app: false,
                body: body.to_owned(),
            };
            world.emit_comment(&comment, association);
            world.comments.push(comment);
        });
    }

    /// Somebody reviews a pull request, who is that to the repository; `state` is GitHub's word, such as `approved`.
    pub fn review_pull_request(
        &self,
        repo: &str,
        number: u64,
        (login, association): (&str, &str),
        state: &str,
        body: Option<&str>,
    ) {
        self.change(|world| {
            let id = world.ensure_repo(repo);
            let review = json!({
                "id": 80 + number,
                "user": { "login": login, "type": "User" },
                "body": body,
                "state": state,
                "author_association": association,
                "commit_id": world.pull(id, number).map(|pull| pull.head_sha.clone()),
            });
            let payload = world.pull_payload(id, number, "submitted", login, json!({ "review": review }));
            if let Some(payload) = payload {
                world.emit("pull_request_review", "submitted", &payload);
            }
        });
    }

    /// The comments on a pull request, the oldest first, each with its author.
    #[must_use]
    pub fn comments(&self, repo: &str, number: u64) -> Vec<(String, String)> {
        self.read(|world| {
            let id = world.repo_by_name(repo).map(|repo| repo.id);
            let of_it = world.comments.iter().filter(|it| Some(it.repo) == id && it.number == number);
            of_it.map(|it| (it.author.clone(), it.body.clone())).collect()
        })
    }

    /// The labels of a pull request.
    #[must_use]
    pub fn labels_of(&self, repo: &str, number: u64) -> Vec<String> {
        self.read(|world| {
            let id = world.repo_by_name(repo).map(|repo| repo.id);
            let pull = id.and_then(|id| world.pull(id, number));
            pull.map(|pull| pull.spec.labels.iter().cloned().collect()).unwrap_or_default()
        })
    }

    /// The App's checks at a commit, as they were sent.
    #[must_use]
    pub fn checks_at(&self, sha: &str) -> Vec<Value> {
        self.read(|world| {
            world.checks.iter().filter(|it| it.sha == sha).map(|it| it.fields.clone()).collect()
        })
    }
}
