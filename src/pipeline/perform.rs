//! Carrying out one action by one request, and reading GitHub's answer as an outcome.

use crate::{
    github::{Access, DeploymentReview, GitHubError, ProtectionRuleReview},
    model::{Action, ActionRow, EnvironmentId, Outcome, PlannedAction, Rerun, RerunScope, Review, Via},
    rules::Look,
};

use super::Pipeline;

/// After this many refusals of a review that the look says is possible, GitHub means it.
const MOST_REFUSED_REVIEWS: u32 = 3;

impl Pipeline {
    /// Sends the one request that the action is, to which the look has said yes.
    pub(super) async fn perform(
        &self,
        access: &Access,
        action: &ActionRow,
        look: &Look,
        environments: &[EnvironmentId],
        tries: u32,
    ) -> Outcome {
        let plan = &action.plan;
        let (sent, words) = match &plan.action {
            Action::Rerun(rerun) => (self.rerun(access, plan, rerun).await, rerun_words(rerun)),
            Action::Cancel => {
                (self.github.cancel(access, plan.run).await, "asked GitHub to cancel the run".to_owned())
            }
            Action::ForceCancel(_) => (
                self.github.force_cancel(access, plan.run).await,
                "asked GitHub to cancel the run by force".to_owned(),
            ),
            Action::ApproveRun(_) => {
                (self.github.approve_fork_run(access, plan.run).await, "approved the run".to_owned())
            }
            Action::ReviewDeployments(review) => {
                let words = format!("{} {}", review.state.as_str(), review.environments.join(", "));
                (self.review(access, plan, review, environments).await, words)
            }
            Action::ArchiveLogs(archive) => return self.archive(access, plan, archive, tries).await,
            Action::Check(_) | Action::Comment(_) | Action::Label(_) => {
                return self.tell(access, action, look, tries).await;
            }
            Action::Notify(notify) => return self.notify(action, notify).await,
            Action::DeleteRun => {
                (self.github.delete_run(access, plan.run).await, "deleted the run".to_owned())
            }
            Action::DeleteLogs => {
                (self.github.delete_logs(access, plan.run).await, "deleted the run's logs".to_owned())
            }
        };
        match sent {
            Ok(()) => Outcome::Done(words),
            Err(error) => outcome_of(&plan.action, &error, tries),
        }
    }

    async fn rerun(&self, access: &Access, plan: &PlannedAction, rerun: &Rerun) -> Result<(), GitHubError> {
        match rerun.scope {
            RerunScope::FailedJobs | RerunScope::MatchingJob => {
                self.github.rerun_failed_jobs(access, plan.run, rerun.debug_logging).await
            }
            RerunScope::Run => self.github.rerun(access, plan.run, rerun.debug_logging).await,
            RerunScope::Job(job) => self.github.rerun_job(access, job, rerun.debug_logging).await,
        }
    }

    async fn review(
        &self,
        access: &Access,
        plan: &PlannedAction,
        review: &Review,
        environments: &[EnvironmentId],
    ) -> Result<(), GitHubError> {
        match review.via {
            Some(Via::ProtectionRule) => {
                for environment in &review.environments {
                    let review = ProtectionRuleReview {
                        environment: environment.clone(),
                        state: Some(review.state),
                        comment: review.comment.clone(),
                    };
                    self.github.review_protection_rule(access, plan.run, &review).await?;
                }
                Ok(())
            }
            Some(Via::Reviewer) | None => {
                let review = DeploymentReview {
                    environments: environments.to_vec(),
                    state: review.state,
                    comment: review.comment.clone(),
                };
                self.github.review_pending_deployments(access, plan.run, &review).await
            }
        }
    }
}

fn rerun_words(rerun: &Rerun) -> String {
    match rerun.scope {
        RerunScope::FailedJobs | RerunScope::MatchingJob => {
            "asked GitHub to re-run the failed jobs".to_owned()
        }
        RerunScope::Run => "asked GitHub to re-run the run".to_owned(),
        RerunScope::Job(job) => format!("asked GitHub to re-run job {job}"),
    }
}

/// What a failed look means: nothing was sent that changes anything.
pub(super) fn outcome_of_look(error: &GitHubError) -> Outcome {
    match error {
        GitHubError::Blocked { until, .. } | GitHubError::RateLimited { until, .. } => {
            Outcome::Blocked(*until, error.to_string())
        }
        GitHubError::Refused { .. } | GitHubError::Gone { .. } | GitHubError::NotFound { .. } => {
            Outcome::Failed(format!("cannot look at the run: {error}"))
        }
        GitHubError::Unauthorized { .. }
        | GitHubError::NotSent { .. }
        | GitHubError::Unavailable { .. }
        | GitHubError::Unreadable { .. } => Outcome::Retry(format!("cannot look at the run: {error}")),
    }
}

/// What a failed act means. Several of GitHub's refusals share a status and differ in their message only.
pub(super) fn outcome_of(action: &Action, error: &GitHubError, tries: u32) -> Outcome {
    let words = error.to_string();
    match error {
        GitHubError::Blocked { until, .. } | GitHubError::RateLimited { until, .. } => {
            Outcome::Blocked(*until, words)
        }
        GitHubError::NotSent { .. } | GitHubError::Unauthorized { .. } => Outcome::Retry(words),
        // The answer's body is of no use to us, and its status said yes.
        GitHubError::Unreadable { .. } => Outcome::Done(words),
        GitHubError::Unavailable { .. } => match action {
            Action::Rerun(_) | Action::ReviewDeployments(_) => Outcome::Ambiguous(words),
            // Harmless to repeat: the next look says whether it is still wanted.
            Action::Cancel
            | Action::ForceCancel(_)
            | Action::ApproveRun(_)
            | Action::ArchiveLogs(_)
            | Action::Notify(_)
            | Action::Check(_)
            | Action::Comment(_)
            | Action::Label(_)
            | Action::DeleteRun
            | Action::DeleteLogs => Outcome::Retry(words),
        },
        GitHubError::NotFound { .. } | GitHubError::Gone { .. } => match action {
            Action::DeleteRun | Action::DeleteLogs => Outcome::Done(format!("already gone: {words}")),
            Action::ForceCancel(_) => Outcome::Failed(format!(
                "this GitHub cannot cancel by force (Enterprise Server can from 3.12 on): {words}"
            )),
            Action::ApproveRun(_) => {
                Outcome::Failed(format!("this GitHub cannot approve runs, or not this one: {words}"))
            }
            Action::Rerun(_)
            | Action::Cancel
            | Action::ReviewDeployments(_)
            | Action::ArchiveLogs(_)
            | Action::Notify(_)
            | Action::Check(_)
            | Action::Comment(_)
            | Action::Label(_) => Outcome::Failed(words),
        },
        GitHubError::Refused { status, message } => {
            outcome_of_refusal(action, *status, message, words, tries)
        }
    }
}

fn outcome_of_refusal(action: &Action, status: u16, message: &str, words: String, tries: u32) -> Outcome {
    let says = |text: &str| message.to_ascii_lowercase().contains(text);
    match action {
        Action::Rerun(_) if says("already running") => Outcome::Retry(words),
        Action::Cancel | Action::ForceCancel(_) if says("completed") => Outcome::Done(words),
        Action::Cancel | Action::ForceCancel(_) if status == 409 && says("queued") => Outcome::Retry(words),
        Action::ReviewDeployments(_) if says("already been reviewed") => Outcome::Done(words),
        // The words that GitHub uses for a lost race too: the next look tells which it was.
        Action::ReviewDeployments(_) if status == 422 && tries < MOST_REFUSED_REVIEWS => {
            Outcome::Retry(words)
        }
        _ => Outcome::Failed(words),
    }
}
