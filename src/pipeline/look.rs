//! Looking at GitHub's present state, as far as the next act asks for it.

use crate::{
    github::{Access, Approval, GitHubError},
    model::{Action, ActionRow, PlannedAction, RunAttempt, RunSnapshot},
    rules::{CurrentRun, Look, PendingGate, Presence, ReviewedGate, WantedLook, failed_jobs},
};

use super::Pipeline;

impl Pipeline {
    /// What is already known without asking: the listing that a purge acts on, and what webhooks have told.
    pub(super) fn look_without_asking(&self, plan: &PlannedAction) -> Look {
        let mut look = Look::default();
        let now = self.clock.now();
        // A deletion of the same run may come after it.
        let keep = matches!(plan.action, Action::ArchiveLogs(_));
        // Only what GitHub itself refuses of a run that goes on may be done by a listing that is minutes old.
        let by_listing =
            matches!(plan.action, Action::ArchiveLogs(_) | Action::DeleteRun | Action::DeleteLogs);
        if by_listing
            && let Some((listed_at, run)) = self.listed.take(plan.run, now, keep)
            && !self.sightings.changed_since(plan.run, listed_at)
        {
            look.run = Some(CurrentRun::There(Box::new(run)));
        }
        if self.sightings.never_waited(plan.run) {
            look.reviews = Some(Vec::new());
        }
        look
    }

    /// Looks at one thing more and enters it into the look.
    ///
    /// # Errors
    /// Whatever GitHub answered, but for a run that is gone, which is a result.
    pub(super) async fn look_at(
        &self,
        access: &Access,
        action: &ActionRow,
        wanted: WantedLook,
        look: &mut Look,
    ) -> Result<(), GitHubError> {
        let plan = &action.plan;
        match wanted {
            WantedLook::Run => {
                look.run = Some(match self.github.run(access, plan.run).await {
                    Ok(run) => CurrentRun::There(Box::new(run)),
                    Err(GitHubError::NotFound { .. }) => CurrentRun::Gone,
                    Err(error) => return Err(error),
                });
            }
            WantedLook::NextAttempt => {
                look.next_attempt = Some(self.look_at_next_attempt(access, plan).await?)
            }
            WantedLook::NewerRun => {
                let run = looked_at(look)?;
                look.newer_run = Some(self.gatherer.newer_run(access, run).await?);
            }
            WantedLook::NewerCommit => {
                let run = looked_at(look)?;
                look.newer_commit = Some(self.gatherer.newer_commit(access, run).await?);
            }
            WantedLook::Reviews => look.reviews = Some(self.look_at_reviews(access, plan).await?),
            WantedLook::Running => look.running = Some(self.running_of_rule(access, action).await?),
            WantedLook::FailedJobs => {
                let found = self.github.attempt_jobs(access, plan.run, plan.attempt).await?;
                look.failed_jobs = Some(match found.unreadable {
                    0 => Ok(failed_jobs(&found.jobs)),
                    some => Err(format!("not known: {some} of them cannot be read")),
                });
            }
            WantedLook::Pending => look.pending = Some(self.look_at_pending(access, plan).await?),
        }
        Ok(())
    }

    async fn look_at_next_attempt(
        &self,
        access: &Access,
        plan: &PlannedAction,
    ) -> Result<Presence, GitHubError> {
        let next = RunAttempt(plan.attempt.0.saturating_add(1));
        match self.github.attempt(access, plan.run, next).await {
            Ok(run) => Ok(Presence::Present(run.triggering_actor.unwrap_or_else(|| "someone".to_owned()))),
            Err(GitHubError::NotFound { .. }) => Ok(Presence::Absent),
            Err(error) => Err(error),
        }
    }

    async fn look_at_reviews(
        &self,
        access: &Access,
        plan: &PlannedAction,
    ) -> Result<Vec<ReviewedGate>, GitHubError> {
        let approvals = self.github.approvals(access, plan.run).await?;
        Ok(approvals.into_iter().map(reviewed).collect())
    }

    async fn look_at_pending(
        &self,
        access: &Access,
        plan: &PlannedAction,
    ) -> Result<Vec<PendingGate>, GitHubError> {
        let pending = self.github.pending_deployments(access, plan.run, true).await?;
        Ok(pending
            .into_iter()
            .map(|gate| PendingGate {
                id: gate.environment,
                name: gate.name,
                can_review: gate.current_user_can_approve,
            })
            .collect())
    }
}

/// A review as rules see it.
pub(super) fn reviewed(given: Approval) -> ReviewedGate {
    ReviewedGate { environments: given.environments, state: given.state.unwrap_or_default(), by: given.user }
}

/// The run, which is looked at before all else.
pub(super) fn looked_at(look: &Look) -> Result<&RunSnapshot, GitHubError> {
    match &look.run {
        Some(CurrentRun::There(run)) => Ok(run),
        Some(CurrentRun::Gone) | None => {
            Err(GitHubError::Unreadable { why: "the run has not been looked at".to_owned() })
        }
    }
}
