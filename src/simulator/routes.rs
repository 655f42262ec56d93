//! Which call is answered by what.

use super::auth::Who;
use super::exchange::{Call, Reply};
use super::record::Origin;
use super::world::{Repo, World};

/// A call inside a repository that its bearer may see.
pub(super) struct Asked<'a> {
    pub(super) call: &'a Call,
    pub(super) who: &'a Who,
    /// The repository's id.
    pub(super) repo: u64,
}

impl World {
    /// GitHub's answer; acts happen here.
    pub(super) fn answer(&mut self, origin: Origin, call: &Call) -> Reply {
        match origin {
            Origin::Api => {
                let reply = self.answer_api(call);
                let id = self.asked;
                let reply = reply.header("x-github-request-id", &format!("51A0:{id:04X}"));
                let reply = reply.header("x-github-media-type", "github.v3; format=json");
                self.limit_headers(reply)
            }
            Origin::Blobs => self.answer_blob(call),
        }
    }

    fn answer_api(&mut self, call: &Call) -> Reply {
        if call.header("user-agent").is_none() {
            let words = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).\n";
            return Reply { status: 403, ..Reply::bytes("text/plain", words.as_bytes().to_vec()) };
        }
        let who = match self.who(call) {
            Ok(who) => who,
            Err(refusal) => return refusal,
        };
        let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
        if call.method == "GET" && parts == ["rate_limit"] {
            return self.rate_limit();
        }
        if let Some(refusal) = self.spend() {
            return refusal;
        }
        match parts.as_slice() {
            ["meta"] => self.meta(),
            ["app", rest @ ..] => self.app_route(call, &who, rest),
            ["user"] if matches!(who, Who::Person { .. }) => {
                Reply::json(200, &serde_json::json!({ "login": who.login(), "type": "User" }))
            }
            ["installation", "repositories"] => self.installation_repositories(call, &who),
            ["orgs", org, "teams", slug, rest @ ..] if call.method == "GET" => {
                self.team_route(&who, org, slug, rest)
            }
            ["repos", owner, name, "installation"] => {
                self.repo_installation(&who, &format!("{owner}/{name}"))
            }
            ["repos", owner, name, rest @ ..] => {
                let full_name = format!("{owner}/{name}");
                let Some(repo) = self.repo_by_name(&full_name) else { return refuse_stranger(&who) };
                // A token of an installation may read what everyone may.
                let public = call.method == "GET" && !repo.private;
                if !self.sees(&who, repo) && !public {
                    return refuse_stranger(&who);
                }
                let asked = Asked { call, who: &who, repo: repo.id };
                self.repo_route(&asked, rest)
            }
            _ => Reply::unknown(),
        }
    }

    fn repo_route(&mut self, asked: &Asked<'_>, parts: &[&str]) -> Reply {
        // The App's own token is no bearer for repositories.
        if matches!(asked.who, Who::App) {
            return Reply::message(403, "Resource not accessible by integration");
        }
        if asked.call.method != "GET" && matches!(asked.who, Who::Anonymous) {
            return Reply::message(401, "Requires authentication");
        }
        match (asked.call.method.as_str(), parts) {
            ("GET", []) => self.get_repo(asked),
            ("GET", ["branches", branch @ ..]) if !branch.is_empty() => {
                self.get_branch(asked, &branch.join("/"))
            }
            ("GET", ["git", "ref", "tags", tag @ ..]) if !tag.is_empty() => {
                self.get_tag(asked, &tag.join("/"))
            }
            ("GET", ["pulls"]) => self.get_pulls(asked),
            ("GET", ["contributors"]) => self.get_contributors(asked),
            ("GET", ["pulls", number, "files"]) => self.get_pull_files(asked, number),
            ("GET", ["pulls", number]) => self.get_pull(asked, number),
            ("GET", ["commits", sha, "check-runs"]) => self.get_checks(asked, sha),
            ("POST", ["check-runs"]) => self.post_check(asked),
            ("PATCH", ["check-runs", id]) => self.patch_check(asked, id),
            ("GET", ["issues", number, "comments"]) => self.get_comments(asked, number),
            ("POST", ["issues", number, "comments"]) => self.post_comment(asked, number),
            ("PATCH", ["issues", "comments", id]) => self.patch_comment(asked, id),
            ("POST", ["issues", number, "labels"]) => self.post_labels(asked, number),
            ("DELETE", ["issues", number, "labels", name]) => self.delete_label(asked, number, name),
            ("GET", ["commits", sha, "pulls"]) => self.get_pulls_of_commit(asked, sha),
            ("GET", ["check-runs", job, "annotations"]) => self.get_annotations(asked, job),
            ("GET", ["environments"]) => self.get_environments(asked),
            ("GET", ["actions", "workflows"]) => self.get_workflows(asked),
            ("GET", ["actions", "workflows", workflow]) => self.get_workflow(asked, workflow),
            ("GET", ["actions", "runs"]) => self.list_runs(asked, None),
            ("GET", ["actions", "workflows", workflow, "runs"]) => self.list_workflow_runs(asked, workflow),
            (method, ["actions", "jobs", job, rest @ ..]) => self.job_route(asked, method, job, rest),
            (method, ["actions", "runs", run, rest @ ..]) => {
                self.run_route(asked, method, run, rest).unwrap_or_else(Reply::from)
            }
            _ => Reply::unknown(),
        }
    }

    pub(super) fn asked_repo(&self, asked: &Asked<'_>) -> Option<&Repo> {
        self.repo_by_id(asked.repo)
    }
}

/// GitHub does not tell strangers what exists.
fn refuse_stranger(who: &Who) -> Reply {
    if matches!(who, Who::Anonymous) {
        Reply::message(401, "Requires authentication")
    } else {
        Reply::not_found()
    }
}
