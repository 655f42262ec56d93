//! What people do with pull requests.

use serde_json::json;

use super::handle::Simulator;
use super::pull_shapes::title;
use super::pulls::PullSpec;
use super::world::sha;

impl Simulator {
    /// Somebody opens a pull request; returns its number. Runs of its branch get its head commit.
    pub fn open_pull_request(&self, spec: PullSpec) -> u64 {
        self.change(|world| world.open_pull(spec))
    }

    /// The author pushes a new commit to the pull request's branch; returns it.
    pub fn push_to_pull_request(&self, repo: &str, number: u64) -> String {
        self.change(|world| {
            let id = world.ensure_repo(repo);
            let commit = sha(&format!("{repo} #{number} {}", world.next()));
            let Some(pull) = world.pull(id, number) else { return commit };
            let (fork, branch) = (pull.spec.fork.clone(), pull.spec.branch.clone());
            if fork.is_none() {
                world.set_head(id, &branch, &commit);
            }
            world.move_pulls(id, fork.as_deref(), &branch, &commit);
            commit
        })
    }

    /// The head commit of a pull request.
    #[must_use]
    pub fn head_of_pull_request(&self, repo: &str, number: u64) -> Option<String> {
        self.read(|world| {
            let repo = world.repo_by_name(repo)?.id;
            world.pull(repo, number).map(|pull| pull.head_sha.clone())
        })
    }

    /// Somebody closes a pull request.
    pub fn close_pull_request(&self, repo: &str, number: u64, login: &str) {
        self.change(|world| {
            let now = world.now();
            world.change_pull(repo, number, ("closed", login), json!({}), |pull| {
                pull.open = false;
                pull.closed_at = Some(now);
            });
        });
    }

    /// Somebody merges a pull request.
    pub fn merge_pull_request(&self, repo: &str, number: u64, login: &str) {
        self.change(|world| {
            let now = world.now();
            world.change_pull(repo, number, ("closed", login), json!({}), |pull| {
                pull.open = false;
                (pull.closed_at, pull.merged_at) = (Some(now), Some(now));
            });
        });
    }

    /// Somebody reopens a pull request that was not merged.
    pub fn reopen_pull_request(&self, repo: &str, number: u64, login: &str) {
        self.change(|world| {
            world.change_pull(repo, number, ("reopened", login), json!({}), |pull| {
                (pull.open, pull.closed_at) = (true, None);
            });
        });
    }

    /// The author says that it is a draft, or that it is none any more.
    pub fn draft_pull_request(&self, repo: &str, number: u64, draft: bool) {
        let action = if draft { "converted_to_draft" } else { "ready_for_review" };
        self.change(|world| {
            let by = world.author_of(repo, number);
            world.change_pull(repo, number, (action, &by), json!({}), |pull| pull.spec.draft = draft);
        });
    }

    /// The author gives it another title.
    pub fn retitle_pull_request(&self, repo: &str, number: u64, to: &str) {
        self.change(|world| {
            let id = world.ensure_repo(repo);
            let by = world.author_of(repo, number);
            let from = world.pull(id, number).map(title);
            let more = json!({ "changes": { "title": { "from": from } } });
            world.change_pull(repo, number, ("edited", &by), more, |pull| {
                pull.spec.title = Some(to.to_owned());
            });
        });
    }

    /// The author wants it merged into another branch.
    pub fn retarget_pull_request(&self, repo: &str, number: u64, base: &str) {
        self.change(|world| {
            let id = world.ensure_repo(repo);
            let by = world.author_of(repo, number);
            let from = world.pull(id, number).map(|pull| pull.spec.base.clone());
            let commit = world.head(id, base);
            let more =
                json!({ "changes": { "base": { "ref": { "from": from }, "sha": { "from": commit } } } });
            world.change_pull(repo, number, ("edited", &by), more, |pull| {
                base.clone_into(&mut pull.spec.base);
            });
        });
    }

    /// Somebody puts a label on a pull request.
    pub fn label_pull_request(&self, repo: &str, number: u64, label: &str, login: &str) {
        self.change(|world| {
            let more = json!({ "label": world.label(repo, label) });
            world.change_pull(repo, number, ("labeled", login), more, |pull| {
                pull.spec.labels.insert(label.to_owned());
            });
        });
    }

    /// Somebody takes a label off a pull request.
    pub fn unlabel_pull_request(&self, repo: &str, number: u64, label: &str, login: &str) {
        self.change(|world| {
            let more = json!({ "label": world.label(repo, label) });
            world.change_pull(repo, number, ("unlabeled", login), more, |pull| {
                pull.spec.labels.remove(label);
            });
        });
    }

    /// Who has contributed to every repository, the busiest first, with how many commits.
    pub fn contributors<'a>(&self, all: impl IntoIterator<Item = (&'a str, u32)>) {
        let all = all.into_iter().map(|(login, commits)| (login.to_owned(), commits)).collect();
        self.change(|world| world.contributors = all);
    }

    /// The fork is deleted: the pull request stays, its head has no repository any more.
    pub fn delete_fork(&self, full_name: &str) {
        self.change(|world| {
            let mine = world.pulls.iter_mut().filter(|pull| pull.spec.fork.as_deref() == Some(full_name));
            mine.for_each(|pull| pull.fork_deleted = true);
        });
    }

    /// The App was not given these permissions: GitHub refuses what needs them with 403.
    pub fn lacks<'a>(&self, permissions: impl IntoIterator<Item = &'a str>) {
        let lacking = permissions.into_iter().map(str::to_owned).collect();
        self.change(|world| world.lacking = lacking);
    }
}
