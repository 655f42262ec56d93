//! The routes of pull requests.

use serde_json::{Value, json};

use super::exchange::Reply;
use super::list::{page, paged};
use super::pulls::Pull;
use super::routes::Asked;
use super::world::World;

impl World {
    /// `state`, `base` and `head` (`owner:branch`; what has no colon is disregarded).
    pub(super) fn get_pulls(&self, asked: &Asked<'_>) -> Reply {
        let call = asked.call;
        let state = call.param("state").unwrap_or("open");
        let head = call.param("head").and_then(|head| head.split_once(':'));
        let owner = self.asked_repo(asked).map(|repo| repo.owner.as_str()).unwrap_or_default();
        let of_head = |pull: &Pull| {
            let fork = pull.spec.fork.as_deref().and_then(|fork| fork.split_once('/'));
            let from = fork.map_or(owner, |(owner, _)| owner);
            head.is_none_or(|(user, branch)| user.eq_ignore_ascii_case(from) && branch == pull.spec.branch)
        };
        self.listed_pulls(asked, |pull| {
            (state == "all" || pull.open == (state == "open"))
                && of_head(pull)
                && call.param("base").is_none_or(|base| base == pull.spec.base)
        })
    }

    /// The merged one that brought the commit to the default branch, or the open ones that have it.
    pub(super) fn get_pulls_of_commit(&self, asked: &Asked<'_>, sha: &str) -> Reply {
        self.listed_pulls(asked, |pull| pull.head_sha == sha && (pull.open || pull.merged_at.is_some()))
    }

    /// The newest first.
    fn listed_pulls(&self, asked: &Asked<'_>, fits: impl Fn(&Pull) -> bool) -> Reply {
        if let Some(refusal) = self.refuse_without(asked.who, "pull_requests") {
            return refusal;
        }
        let Some(repo) = self.asked_repo(asked) else { return Reply::not_found() };
        let mut pulls: Vec<&Pull> =
            self.pulls.iter().filter(|pull| pull.repo == repo.id && fits(pull)).collect();
        pulls.reverse();
        let window = page(asked.call, pulls.len());
        let all: Value = window.of(&pulls).iter().map(|pull| self.pull_json(repo, pull)).collect();
        paged(Reply::json(200, &all), self, asked.call, &window)
    }

    /// Everybody who ever contributed, the busiest first.
    pub(super) fn get_contributors(&self, asked: &Asked<'_>) -> Reply {
        if self.contributors.is_empty() {
            return Reply::empty(204);
        }
        let all: Vec<&(String, u32)> = self.contributors.iter().collect();
        let window = page(asked.call, all.len());
        let shown = window
            .of(&all)
            .iter()
            .map(|(login, commits)| json!({ "login": login, "type": "User", "contributions": commits }));
        let shown: Value = shown.collect();
        paged(Reply::json(200, &shown), self, asked.call, &window)
    }

    pub(super) fn get_pull_files(&self, asked: &Asked<'_>, number: &str) -> Reply {
        if let Some(refusal) = self.refuse_without(asked.who, "pull_requests") {
            return refusal;
        }
        let pull = number.parse().ok().and_then(|number| self.pull(asked.repo, number));
        let Some(pull) = pull else { return Reply::not_found() };
        let window = page(asked.call, pull.spec.files.len());
        let files: Vec<&(String, Option<String>)> = pull.spec.files.iter().collect();
        let shown = window.of(&files).iter().map(|(path, before)| {
            let status = if before.is_some() { "renamed" } else { "modified" };
            json!({ "filename": path, "status": status, "previous_filename": before })
        });
        let shown: Value = shown.collect();
        paged(Reply::json(200, &shown), self, asked.call, &window)
    }

    pub(super) fn get_pull(&self, asked: &Asked<'_>, number: &str) -> Reply {
        if let Some(refusal) = self.refuse_without(asked.who, "pull_requests") {
            return refusal;
        }
        let pull = number.parse().ok().and_then(|number| self.pull(asked.repo, number));
        match (self.asked_repo(asked), pull) {
            (Some(repo), Some(pull)) => Reply::json(200, &self.full_pull_json(repo, pull)),
            _ => Reply::not_found(),
        }
    }
}
