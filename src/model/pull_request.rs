//! A pull request as GitHub describes it at one moment, and which of several a run belongs to.

use serde::{Deserialize, Serialize};

use super::{Fact, RepositoryName, RunSnapshot, Timestamp};

/// A pull request. `None` means that it is not known: a null, or a field that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// `open` or `closed`.
    pub state: Option<String>,
    /// Whether it is a draft.
    pub draft: Option<bool>,
    /// Whether it was merged.
    pub merged: Option<bool>,
    /// The login of whoever opened it.
    pub author: Option<String>,
    /// The branch that it is to be merged into.
    pub base: Option<String>,
    /// The commit at its head.
    pub head_sha: Option<String>,
    /// The branch at its head.
    pub head_branch: Option<String>,
    /// The account that the head's repository belongs to; known even when that repository is gone.
    pub head_owner: Option<String>,
    /// The head's repository; none when it was deleted.
    pub head_repository: Option<RepositoryName>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its title.
    pub title: Option<String>,
    /// When it last changed: a push, a comment, a label, an edit.
    pub updated_at: Option<Timestamp>,
    /// The page for people.
    pub html_url: Option<String>,
    /// The files that it changes, as far as some rule asked for them.
    #[serde(default, skip_serializing_if = "Fact::is_not_asked")]
    pub files: Fact<ChangedFiles>,
}

/// The files that a pull request changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFiles {
    /// Each with its path, and the one that it had before where it was renamed.
    pub files: Vec<Vec<String>>,
    /// Whether these are all: GitHub lists three thousand.
    pub complete: bool,
    /// The commit at the pull request's head once they had been read.
    pub head_sha: Option<String>,
}

impl ChangedFiles {
    /// So many GitHub lists: <https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files>. There may be
    /// more from here on.
    pub const MOST: usize = 3_000;
}

impl PullRequest {
    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state.as_deref() == Some("open")
    }

    /// Whether its head is a branch of that repository. A repository that was deleted has no name any more; its
    /// owner still tells.
    #[must_use]
    pub fn comes_from(&self, repository: &RepositoryName, branch: &str) -> bool {
        let owner =
            || self.head_owner.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(repository.owner()));
        self.head_branch.as_deref() == Some(branch)
            && self.head_repository.as_ref().map_or_else(owner, |head| head == repository)
    }

    /// Whether its head is the commit of the run.
    #[must_use]
    pub fn is_at(&self, run: &RunSnapshot) -> bool {
        run.head_sha.is_some() && self.head_sha == run.head_sha
    }
}

/// Those of the pull requests of a run's head that the run belongs to: the ones whose head is its commit, and of
/// these the open ones if there are any; else the open ones, whose head has moved on. Several are an ambiguity: what
/// is asked must hold of each.
///
/// `None` where there are only closed ones with another head: a branch's name is used again and again, so that they
/// may be of another life of it.
#[must_use]
pub fn of_run<'a>(run: &RunSnapshot, pulls: &'a [PullRequest]) -> Option<Vec<&'a PullRequest>> {
    let (open, closed): (Vec<_>, Vec<_>) = pulls.iter().partition(|pull| pull.is_open());
    let at_the_commit = |pulls: &[&'a PullRequest]| -> Vec<&'a PullRequest> {
        pulls.iter().copied().filter(|pull| pull.is_at(run)).collect()
    };
    let nothing_else = closed.is_empty();
    [at_the_commit(&open), at_the_commit(&closed), open]
        .into_iter()
        .find(|found| !found.is_empty())
        .or(nothing_else.then(Vec::new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunId;

    fn pull(number: u64, state: &str, head_sha: &str) -> PullRequest {
        PullRequest {
            number,
            state: Some(state.to_owned()),
            draft: Some(false),
            merged: Some(false),
            author: Some("octocat".to_owned()),
            base: Some("main".to_owned()),
            head_sha: Some(head_sha.to_owned()),
            head_branch: Some("fix".to_owned()),
            head_owner: Some("Eve".to_owned()),
            head_repository: RepositoryName::parse("eve/api").ok(),
            labels: Vec::new(),
            title: None,
            updated_at: None,
            html_url: None,
            files: Fact::NotAsked,
        }
    }

    fn run() -> RunSnapshot {
        let repository = RepositoryName::parse("acme/api").unwrap();
        RunSnapshot { head_sha: Some("a".to_owned()), ..RunSnapshot::unknown(repository, RunId(1)) }
    }

    #[test]
    fn a_run_belongs_to_the_pull_requests_at_its_commit_before_others() {
        type Numbered<'a> = &'a [(u64, &'a str, &'a str)];
        let cases: [(Numbered<'_>, Option<&[u64]>); 7] = [
            (&[], Some(&[])),
            (&[(1, "open", "a")], Some(&[1])),
            (&[(1, "open", "b")], Some(&[1])),
            (&[(1, "open", "b"), (2, "closed", "a")], Some(&[2])),
            (&[(1, "open", "a"), (2, "closed", "a"), (3, "open", "b")], Some(&[1])),
            (&[(1, "open", "a"), (2, "open", "a")], Some(&[1, 2])),
            (&[(1, "closed", "b"), (2, "closed", "c")], None),
        ];
        for (pulls, expected) in cases {
            let pulls: Vec<_> = pulls.iter().map(|(number, state, sha)| pull(*number, state, sha)).collect();
            let found = of_run(&run(), &pulls);
            let numbers = found.map(|found| found.iter().map(|pull| pull.number).collect::<Vec<_>>());
            assert_eq!(numbers.as_deref(), expected, "{pulls:?}");
        }
        let nameless = RunSnapshot { head_sha: None, ..run() };
        let unknown = PullRequest { head_sha: None, ..pull(1, "closed", "a") };
        assert_eq!(of_run(&nameless, &[unknown]), None, "two unknown commits are not the same");
    }

    #[test]
    fn a_pull_request_comes_from_one_repository_and_branch() {
        let from = |name: &str, branch: &str, pull: &PullRequest| {
            pull.comes_from(&RepositoryName::parse(name).unwrap(), branch)
        };
        let known = pull(1, "open", "a");
        let gone = PullRequest { head_repository: None, ..known.clone() };
        assert!(from("Eve/API", "fix", &known));
        assert!(!from("eve/other", "fix", &known), "an account may have two forks");
        assert!(!from("eve/api", "Fix", &known));
        assert!(from("eve/other", "fix", &gone));
        assert!(!from("acme/api", "fix", &gone));
    }
}
