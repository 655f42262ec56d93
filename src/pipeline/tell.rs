//! What is told on GitHub: a check at the run's commit, a comment and labels on its pull request. Each looks at what is
//! there already and changes only that.

use crate::{
    github::{Access, CheckRun, GitHubError, IssueComment, OWN_COMMENT},
    model::{Action, ActionRow, Check, Comment, Fact, Label, Outcome, PullRequest, RunSnapshot},
    rules::Look,
};

use super::{Pipeline, look::looked_at, perform::outcome_of, surroundings::Shared};

/// What ends the telling early.
type Told = Result<Outcome, Outcome>;

impl Pipeline {
    /// Tells what the action tells, unless it is told already.
    pub(super) async fn tell(&self, access: &Access, action: &ActionRow, look: &Look, tries: u32) -> Outcome {
        let _one_at_a_time = self.telling.lock().await;
        let run = match looked_at(look) {
            Ok(run) => run,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        let sent = |error: GitHubError| outcome_of(&action.plan.action, &error, tries);
        let told = match &action.plan.action {
            Action::Check(check) => self.check(access, action, check, run, &sent).await,
            Action::Comment(comment) => self.comment(access, action, comment, run, &sent).await,
            Action::Label(label) => self.label(access, label, run, &sent).await,
            Action::Rerun(_)
            | Action::Cancel
            | Action::ForceCancel(_)
            | Action::ApproveRun(_)
            | Action::ReviewDeployments(_)
            | Action::ArchiveLogs(_)
            | Action::Notify(_)
            | Action::DeleteRun
            | Action::DeleteLogs => Err(Outcome::Failed("this is nothing to tell".to_owned())),
        };
        told.unwrap_or_else(|outcome| outcome)
    }

    async fn check(
        &self,
        access: &Access,
        action: &ActionRow,
        check: &Check,
        run: &RunSnapshot,
        sent: &impl Fn(GitHubError) -> Outcome,
    ) -> Told {
        let plan = &action.plan;
        let Some(sha) = run.head_sha.as_deref() else {
            return Err(Outcome::Refused("GitHub does not say which commit the run is of".to_owned()));
        };
        let ours = format!("runwarden:{}:{}", plan.rule, plan.run);
        let shown = self.github.check_runs(access, sha, &check.name).await;
        let shown = shown.map_err(|error| cannot_look("the commit's checks", &error))?;
        let found = shown.iter().find_map(|it| Some((it, attempt_in(it.external_id.as_deref()?, &ours)?)));
        let wanted = CheckRun {
            id: found.map_or(0, |(it, _)| it.id),
            external_id: Some(format!("{ours}:{}", plan.attempt)),
            conclusion: Some(check.conclusion.to_string()),
            summary: Some(check.summary.clone()),
        };
        match found {
            Some((_, attempt)) if attempt > plan.attempt.0 => {
                Err(Outcome::Refused(format!("the check already tells of attempt {attempt}, which is later")))
            }
            Some((it, _)) if it.conclusion == wanted.conclusion && it.summary == wanted.summary => {
                Ok(Outcome::Done("the check shows it already".to_owned()))
            }
            Some(_) => {
                self.github.update_check_run(access, &check.name, &wanted).await.map_err(sent)?;
                Ok(Outcome::Done(format!("changed check {} to {}", check.name, check.conclusion)))
            }
            None => {
                self.github
                    .create_check_run(access, (sha, &check.name), &wanted, run.html_url.as_deref())
                    .await
                    .map_err(sent)?;
                Ok(Outcome::Done(format!("showed check {} as {}", check.name, check.conclusion)))
            }
        }
    }

    async fn comment(
        &self,
        access: &Access,
        action: &ActionRow,
        comment: &Comment,
        run: &RunSnapshot,
        sent: &impl Fn(GitHubError) -> Outcome,
    ) -> Told {
        let number = self.pull_of(access, run).await?.number;
        let look = |error: GitHubError| cannot_look("the pull request's comments", &error);
        let comments = self.github.comments(access, number).await.map_err(look)?;
        let marker = format!("{OWN_COMMENT}{} -->", action.plan.rule);
        let mut found = None;
        for it in comments.iter().filter(|it| it.body.trim_start().starts_with(&marker)) {
            // Anybody may write the marker: only what we wrote is ours to change.
            if self.github.is_ours(access, it).await.map_err(look)? {
                found = Some(it);
                break;
            }
        }
        let body = format!("{marker}\n{}\n<!-- judged {} -->", comment.body, action.planned_at.0);
        let Some(before) = found else {
            self.github.create_comment(access, number, &body).await.map_err(sent)?;
            return Ok(Outcome::Done(format!("commented on pull request #{number}")));
        };
        let told = told_in(before, &marker);
        if told.0 == comment.body.trim() {
            return Ok(Outcome::Done(format!("the comment on pull request #{number} says so already")));
        }
        if told.1.is_some_and(|judged| judged > action.planned_at.0) {
            let why = format!("the comment on pull request #{number} tells of what was judged later");
            return Err(Outcome::Refused(why));
        }
        match self.github.update_comment(access, before.id, &body).await {
            Ok(()) => Ok(Outcome::Done(format!("changed the comment on pull request #{number}"))),
            // It was deleted since it was found: the next try writes another.
            Err(error @ (GitHubError::NotFound { .. } | GitHubError::Gone { .. })) => {
                Err(Outcome::Retry(error.to_string()))
            }
            Err(error) => Err(sent(error)),
        }
    }

    async fn label(
        &self,
        access: &Access,
        label: &Label,
        run: &RunSnapshot,
        sent: &impl Fn(GitHubError) -> Outcome,
    ) -> Told {
        let pull = self.pull_of(access, run).await?;
        let number = pull.number;
        let has = |name: &str| pull.labels.iter().any(|it| it.to_lowercase() == name.to_lowercase());
        let add: Vec<String> = label.add.iter().filter(|name| !has(name)).cloned().collect();
        let remove: Vec<&String> = label.remove.iter().filter(|name| has(name)).collect();
        if !add.is_empty() {
            self.github.add_labels(access, number, &add).await.map_err(sent)?;
        }
        for name in &remove {
            match self.github.remove_label(access, number, name).await {
                Ok(()) | Err(GitHubError::NotFound { .. } | GitHubError::Gone { .. }) => {}
                Err(error) => return Err(sent(error)),
            }
        }
        let changes = add.iter().map(|name| format!("+{name}"));
        let changes: Vec<String> = changes.chain(remove.iter().map(|name| format!("-{name}"))).collect();
        Ok(Outcome::Done(match changes.is_empty() {
            true => format!("pull request #{number} is labelled so already"),
            false => format!("labelled pull request #{number}: {}", changes.join(", ")),
        }))
    }

    /// The pull request whose head is the run's commit. Of none or of several nothing is told.
    async fn pull_of(&self, access: &Access, run: &RunSnapshot) -> Result<PullRequest, Outcome> {
        let pulls = match self.gatherer.pulls_of(access, run, &Shared::default()).await {
            Ok(Fact::Known(pulls)) => pulls,
            Ok(Fact::Missing(why)) => return Err(Outcome::Refused(why)),
            Ok(Fact::NotAsked) => Vec::new(),
            Err(error) => return Err(cannot_look("the run's pull requests", &error)),
        };
        let at_it: Vec<&PullRequest> = pulls.iter().filter(|pull| pull.is_at(run)).collect();
        match (at_it.as_slice(), pulls.first()) {
            ([pull], _) => Ok((*pull).clone()),
            ([], None) => Err(Outcome::Refused("the run has no pull request".to_owned())),
            ([], Some(pull)) => Err(Outcome::Refused(format!(
                "the run's commit is no longer the head of pull request #{}",
                pull.number
            ))),
            (several, _) => {
                let numbers: Vec<String> = several.iter().map(|pull| format!("#{}", pull.number)).collect();
                Err(Outcome::Refused(format!("the run has several pull requests: {}", numbers.join(", "))))
            }
        }
    }
}

/// The attempt that a check of ours tells of.
fn attempt_in(external_id: &str, ours: &str) -> Option<u32> {
    external_id.strip_prefix(ours)?.strip_prefix(':')?.parse().ok()
}

/// What a comment of ours says, and when that was judged.
fn told_in(comment: &IssueComment, marker: &str) -> (String, Option<i64>) {
    let body = comment.body.replace("\r\n", "\n");
    let body = body.trim().strip_prefix(marker).unwrap_or_default();
    let (text, judged) = body.rsplit_once("<!-- judged ").unwrap_or((body, ""));
    (text.trim().to_owned(), judged.split(' ').next().and_then(|judged| judged.parse().ok()))
}

/// What a failed look means: nothing was sent that changes anything.
fn cannot_look(at: &str, error: &GitHubError) -> Outcome {
    let words = format!("cannot look at {at}: {error}");
    match error {
        GitHubError::Blocked { until, .. } | GitHubError::RateLimited { until, .. } => {
            Outcome::Blocked(*until, words)
        }
        GitHubError::Refused { .. } | GitHubError::Gone { .. } | GitHubError::NotFound { .. } => {
            Outcome::Failed(words)
        }
        GitHubError::Unauthorized { .. }
        | GitHubError::NotSent { .. }
        | GitHubError::Unavailable { .. }
        | GitHubError::Unreadable { .. } => Outcome::Retry(words),
    }
}
